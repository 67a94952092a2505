package cli

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/mlpsync/mlpsync/internal/app"
)

type filesCmd struct {
	List filesListCmd `cmd:"" default:"withargs" help:"List the files that are kept, newest first; \"list\" may be left out, its flags are in \"files list --help\"."`
	Save filesSaveCmd `cmd:"" help:"Decrypt a kept file into a new one, which holds personal data in clear."`
}

type filesListCmd struct {
	configFlag
	OCMW        string `placeholder:"KBO" help:"Only this OCMW."`
	Quarantined bool   `help:"Only those that were refused."`
	JSON        bool   `name:"json" help:"Print as JSON."`
}

func (c filesListCmd) Run(s *session) error {
	ask := func(a *app.App) (app.KeptFiles, error) {
		list, err := a.Files(c.OCMW)
		if c.Quarantined {
			list.Files = slices.DeleteFunc(list.Files, func(f app.KeptFile) bool { return f.State != "quarantined" })
		}
		return list, err
	}
	_, err := look(s, c.configFlag, c.JSON, ask, func(w io.Writer, list app.KeptFiles) { printKeptFiles(w, list, c.none()) })
	return err
}

// none says that there is no such file, and which were asked for: an installation that took nothing yet is not one that refused nothing.
func (c filesListCmd) none() string {
	text := "no file was taken yet in this state directory"
	if c.Quarantined {
		text = "no file that was refused is kept"
	}
	if c.OCMW != "" {
		text += " of OCMW " + c.OCMW
	}
	return text
}

func printKeptFiles(w io.Writer, list app.KeptFiles, none string) {
	rest := list.Files
	for len(rest) > 0 {
		n := slices.IndexFunc(rest, func(f app.KeptFile) bool { return f.OCMW != rest[0].OCMW })
		if n < 0 {
			n = len(rest)
		}
		printKept(w, rest[:n])
		rest = rest[n:]
	}
	if len(list.Files) == 0 {
		fmt.Fprintln(w, none)
	}
	for _, n := range list.Notes {
		fmt.Fprintf(w, "  note: %s\n", n)
	}
}

// printKept prints the files of one OCMW, and below why some were refused.
func printKept(w io.Writer, files []app.KeptFile) {
	fmt.Fprintf(w, "OCMW %s: %s\n", files[0].OCMW, counted(len(files), "file", "files"))
	var rows [][]string
	for _, f := range files {
		until := "as long as it is needed"
		if f.KeptUntil != nil {
			until = clock(*f.KeptUntil)
		}
		rows = append(rows, []string{strconv.Itoa(f.Number), f.Feed, f.Name, fmt.Sprint((f.Bytes + 1023) / 1024), f.State, clock(f.Since), until})
	}
	table(w, []string{"number", "feed", "name", "KiB", "state", "since", "kept until"}, rows)
	for _, f := range files {
		if f.Reason != "" {
			fmt.Fprintf(w, "  %d was refused: %s\n    now: %s\n", f.Number, f.Reason, f.Next)
		}
	}
}

type filesSaveCmd struct {
	configFlag
	Number int    `arg:"" help:"Of the file, as \"mlpsync files\" lists it."`
	File   string `arg:"" help:"File to make; an existing one is never overwritten."`
	OCMW   string `placeholder:"KBO" help:"Whose file, where several OCMWs have one of that number."`
	JSON   bool   `name:"json" help:"Print as JSON."`
}

func (c filesSaveCmd) Run(s *session) error {
	ask := func(a *app.App) (app.SavedFile, error) { return a.SaveFile(s.ctx, c.OCMW, c.Number, c.File) }
	_, err := look(s, c.configFlag, c.JSON, ask, printSaved)
	return err
}

func printSaved(w io.Writer, f app.SavedFile) {
	fmt.Fprintf(w, "wrote %s: %s of feed %s, %d bytes\n", f.File, f.Kept.Name, f.Kept.Feed, f.Kept.Bytes)
	fmt.Fprintln(w, "  it holds personal data in clear: remove it when you are done with it")
	switch {
	case f.NotAgain != "":
		fmt.Fprintf(w, "  do not drop it again: %s\n", f.NotAgain)
	case f.Kept.State == "quarantined":
		fmt.Fprintf(w, "  to have it taken again, put right why it was refused, and move it (a copy has another time) into %s under its own name\n", f.Folder)
	}
}
