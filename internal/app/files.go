package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/adapters/dropfolder"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/wholefile"
)

// KeptFile is an export file that was taken from a drop folder, and whose content is kept, encrypted, in the state directory.
type KeptFile struct {
	OCMW string `json:"ocmw"`
	// Number names it within its OCMW.
	Number int    `json:"number"`
	Feed   string `json:"feed"`
	Name   string `json:"name"` // an INSZ in it is masked
	Bytes  int64  `json:"bytes"`
	// State is "waiting", "taken in", "seen before", "passed over" (a newer one came first) or "quarantined"; Since when.
	State string    `json:"state"`
	Since time.Time `json:"since"`
	// KeptUntil is when it may be removed; nil as long as it is needed.
	KeptUntil *time.Time `json:"keptUntil,omitempty"`
	// Reason and Next say why it is quarantined, and what now.
	Reason string `json:"reason,omitempty"`
	Next   string `json:"next,omitempty"`

	kept   dropfolder.Kept
	folder string // the OCMW's drop folder
}

// KeptFiles are the files of one OCMW or all, the newest of each first, and what could not be read of them.
type KeptFiles struct {
	Files []KeptFile `json:"files"`
	Notes []string   `json:"notes"`
}

// Files lists the files that are kept, beside the daemon. kbo is an OCMW's number; empty for all.
func (a *App) Files(kbo string) (KeptFiles, error) {
	list := KeptFiles{Files: []KeptFile{}, Notes: []string{}}
	known := false
	for _, o := range a.config.OCMWs {
		if kbo != "" && kbo != string(o.KBONumber()) {
			continue
		}
		known = true
		if err := a.addKept(&list, o); err != nil {
			return KeptFiles{}, err
		}
	}
	if !known {
		return KeptFiles{}, misuse(fmt.Errorf("the configuration has no OCMW %s", kbo), "give the KBO number of one that it has")
	}
	return list, nil
}

func (a *App) addKept(list *KeptFiles, o config.OCMW) error {
	folder, err := a.dropFolder(o, a.store)
	if err != nil {
		return err
	}
	kept, notes, err := folder.Kept()
	if err != nil {
		return &Hinted{Err: err, Next: "look at the rights of the state directory"}
	}
	for _, n := range notes {
		list.Notes = append(list.Notes, strings.TrimSuffix(n.Text+"; "+n.Hint, "; "))
	}
	for _, k := range kept {
		list.Files = append(list.Files, keptFile(o, k))
	}
	return nil
}

func keptFile(o config.OCMW, k dropfolder.Kept) KeptFile {
	words := map[string]string{"pending": "waiting", "done": "taken in", "seen": "seen before", "passed": "passed over"}
	f := KeptFile{
		OCMW: string(o.KBONumber()), Number: k.Number, Feed: k.File.Feed, Name: k.File.Input.Name, Bytes: k.File.Input.Size,
		State: cmp.Or(words[k.State], k.State), Since: k.Since, kept: k, folder: o.Inbox,
	}
	if !k.Until.IsZero() {
		f.KeptUntil = &k.Until
	}
	if k.Problem != nil {
		f.Reason, f.Next = k.Problem.ReasonEN, k.Problem.HintEN
	}
	return f
}

// SavedFile is a file that was written from what is kept.
type SavedFile struct {
	File string   `json:"file"` // that was written
	Kept KeptFile `json:"kept"`
	// Folder is the drop folder in which it is taken again; NotAgain why it should not be put there, as far as can be told.
	Folder   string `json:"folder"`
	NotAgain string `json:"notAgain,omitempty"`
}

// SaveFile decrypts a kept file into a new one, which nobody else can read. Nothing is written where its content is damaged or gone.
func (a *App) SaveFile(ctx context.Context, kbo string, number int, file string) (SavedFile, error) {
	kept, err := a.keptNumber(kbo, number)
	if err != nil {
		return SavedFile{}, err
	}
	against, err := a.notAgain(ctx, kept)
	if err != nil {
		return SavedFile{}, err
	}
	if err := writeKept(ctx, kept, file); err != nil {
		return SavedFile{}, err
	}
	return SavedFile{File: file, Kept: kept, Folder: kept.folder, NotAgain: against}, nil
}

func (a *App) keptNumber(kbo string, number int) (KeptFile, error) {
	list, err := a.Files(kbo)
	if err != nil {
		return KeptFile{}, err
	}
	var found []KeptFile
	var whose []string
	for _, f := range list.Files {
		if f.Number == number {
			found, whose = append(found, f), append(whose, f.OCMW)
		}
	}
	switch len(found) {
	case 0:
		return KeptFile{}, misuse(fmt.Errorf("no file is kept under number %d", number), "list them with \"mlpsync files\"")
	case 1:
		return found[0], nil
	}
	return KeptFile{}, misuse(fmt.Errorf("OCMW %s have a file %d each", strings.Join(whose, " and "), number), "say whose with --ocmw")
}

// writeKept writes aside, and gives the whole file its name.
func writeKept(ctx context.Context, f KeptFile, file string) error {
	if _, err := os.Lstat(file); err == nil {
		return thereAlready(file)
	}
	content, err := f.kept.File.Input.Open()
	if err != nil {
		return unreadable(f, err)
	}
	defer func() { _ = content.Close() }()
	aside, err := wholefile.Aside(filepath.Dir(file), "saved")
	if err != nil {
		return cantWrite(file, err)
	}
	defer func() { _ = os.Remove(aside.Name()) }()
	from := &watchedReader{ctx: ctx, r: content}
	_, err = io.Copy(aside, from)
	err = errors.Join(err, wholefile.Finish(aside))
	if from.err != nil {
		return unreadable(f, from.err)
	}
	if err != nil {
		return cantWrite(file, err)
	}
	// A file is told from newer ones, and found to belong to others, by its time too. Some file systems keep the one that they gave.
	_ = os.Chtimes(aside.Name(), time.Time{}, f.kept.Changed)
	err = wholefile.Name(aside.Name(), file)
	switch {
	case errors.Is(err, fs.ErrExist):
		return thereAlready(file)
	case err != nil:
		return cantWrite(file, err)
	}
	return nil
}

// watchedReader stops with its context, and keeps the error of reading apart from those of writing.
type watchedReader struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (w *watchedReader) Read(p []byte) (int, error) {
	if w.err = w.ctx.Err(); w.err != nil {
		return 0, w.err
	}
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

func thereAlready(file string) error {
	return misuse(fmt.Errorf("%s is there already", file), "name another file")
}

func cantWrite(file string, err error) error {
	return &Hinted{Err: fmt.Errorf("the file %s can't be made: %w", file, Plain(err)), Next: "check that its folder is there, its rights and its space"}
}

func unreadable(f KeptFile, err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return &Hinted{Err: fmt.Errorf("the content of file %d is gone", f.Number), Next: "export it again; content is kept as long as files.keepDays says"}
	}
	return &Hinted{Err: fmt.Errorf("the content of file %d can't be read: %w", f.Number, Plain(err)), Next: "check the disk and the rights of the state directory, and that the key file is the one it was kept with; else export the file again"}
}

// notAgain tells why a file should not come again, where that can be told before it is looked at; else empty.
func (a *App) notAgain(ctx context.Context, f KeptFile) (string, error) {
	last, err := a.store.LastIngested(ctx, f.OCMW, f.Feed)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case last.Hash == f.kept.File.Hash:
		return "its content is what is in force of its feed", nil
	case f.kept.File.Snapshot.Before(last.SnapshotOn):
		return "it is older than the file in force of its feed, and would be refused", nil
	case f.kept.File.Snapshot.Equal(last.SnapshotOn):
		return "a file of the same day is in force, which it would replace", nil
	}
	return "", nil
}
