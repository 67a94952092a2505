package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/schemas/ocmw"
)

// FileCheck is what validate found in one file.
type FileCheck struct {
	File      string         `json:"file"`
	OCMW      string         `json:"ocmw,omitempty"`
	Feed      string         `json:"feed,omitempty"`
	Rows      int            `json:"rows"`
	Accepted  int            `json:"accepted"`
	Rejected  int            `json:"rejected"`
	Skipped   int            `json:"skipped"`
	Duplicate int            `json:"duplicate"`
	Totals    int            `json:"totalsLines"`
	Encoding  string         `json:"encoding,omitempty"`
	Separator string         `json:"separator,omitempty"`
	Unknown   []string       `json:"unknownColumns,omitempty"`
	Problems  []CheckProblem `json:"problems"`
	Warnings  []CheckProblem `json:"warnings"`
}

// CheckProblem is one thing that is wrong, and what to do. No values.
type CheckProblem struct {
	Row    int    `json:"row,omitempty"`
	Column string `json:"column,omitempty"`
	Rule   string `json:"rule"`
	// Expected is what would have been accepted, in Dutch where it is words.
	Expected   string `json:"expected,omitempty"`
	ExpectedEN string `json:"expectedEn,omitempty"`
	ReasonNL   string `json:"reasonNl"`
	ReasonEN   string `json:"reasonEn"`
	HintNL     string `json:"hintNl"`
	HintEN     string `json:"hintEn"`
}

// Kind is what is the same of all rows with the same problem.
func (p CheckProblem) Kind() CheckProblem {
	p.Row = 0
	return p
}

// Validate checks files without touching anything, as run would read them.
func Validate(ctx context.Context, c *config.Config, files []string, today casefile.Date) ([]FileCheck, error) {
	decoder, err := ocmw.New()
	if err != nil {
		return nil, fmt.Errorf("compile schemas: %w", err)
	}
	profiles := make([]*adapters.Profile, len(c.OCMWs))
	for i, o := range c.OCMWs {
		if profiles[i], err = loadProfile(o.Profile); err != nil {
			return nil, err
		}
	}
	var checks []FileCheck
	for _, path := range files {
		v := validator{config: c, decoder: decoder, today: today, check: FileCheck{File: adapters.SafeName(filepath.Base(path))}, first: map[string]firstSeen{}, refused: map[int]bool{}, nowhere: map[string]bool{}}
		if err := v.file(ctx, path, profiles); err != nil {
			return nil, err
		}
		v.check.Rejected = len(v.refused)
		checks = append(checks, v.check)
	}
	return checks, nil
}

// validator checks one file.
type validator struct {
	config  *config.Config
	decoder *ocmw.Decoder
	today   casefile.Date
	check   FileCheck
	first   map[string]firstSeen // record kind and key -> where it stood first
	refused map[int]bool         // rows with a problem
	nowhere map[string]bool      // record kind and field that the profile does not map: said of the file already
}

type firstSeen struct {
	row     int
	content string
	clashes bool // with a later row: both are rejected
}

func (v *validator) file(ctx context.Context, path string, profiles []*adapters.Profile) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		v.problem(adapters.RuleFileUnreadable, adapters.Message{
			ReasonNL: "Dit bestand is er niet.", ReasonEN: "this file is not there",
			HintNL: "Controleer het pad en de naam.", HintEN: "check the path and the name",
		})
		return nil
	}
	profile, feed := v.feedOf(filepath.Base(path), profiles)
	if feed == nil {
		v.problem(adapters.RuleFileUnreadable, adapters.Message{
			ReasonNL: "Geen enkel profiel kent een bestand met deze naam.", ReasonEN: "no profile knows a file of this name",
			HintNL: "Hernoem het bestand of vul de bestandsnaam aan in het profiel.", HintEN: "rename the file, or add its name to the profile",
		})
		return nil
	}
	if err != nil || !info.Mode().IsRegular() {
		v.problem(adapters.RuleFileUnreadable, adapters.Message{
			ReasonNL: "Dit bestand kan niet gelezen worden.", ReasonEN: "this file can't be read, or is no file",
			HintNL: "Controleer het pad en de rechten.", HintEN: "check the path and the rights",
		})
		return nil
	}
	v.unmapped(profile, feed)
	in := adapters.Input{Name: filepath.Base(path), Size: info.Size(), Open: opener(path)}
	report, err := formats()[feed.Format].Read(ctx, in, feed, v.row)
	var problem *adapters.FileProblem
	if errors.As(err, &problem) {
		v.problem(problem.Rule, problem.Message)
	} else if err != nil {
		return fmt.Errorf("read %s: %w", v.check.File, err)
	}
	v.check.Feed, v.check.Rows, v.check.Skipped, v.check.Totals = feed.Name, report.Rows, report.Skipped, report.TotalsLines
	v.check.Encoding, v.check.Separator, v.check.Unknown = report.Encoding, report.Separator, report.UnknownColumns
	return nil
}

func (v *validator) feedOf(name string, profiles []*adapters.Profile) (*adapters.Profile, *adapters.Feed) {
	for i, p := range profiles {
		if feed, ok := p.FeedOf(name); ok {
			v.check.OCMW = string(v.config.OCMWs[i].KBONumber())
			return p, feed
		}
	}
	return nil, nil
}

// ruleUnmapped is the rule of a required field that the profile gives from nowhere.
const ruleUnmapped = "profile.unmapped"

// unmapped says of the whole file what would else be said of each of its rows.
func (v *validator) unmapped(profile *adapters.Profile, feed *adapters.Feed) {
	for _, u := range profile.Unmapped(feed, v.decoder.Required) {
		v.nowhere[u.Kind+"\x00"+u.Field] = true
		v.problem(ruleUnmapped, unmappedMessage(u, v.decoder.Title(u.Kind, u.Field)))
	}
}

func unmappedMessage(u adapters.Unmapped, title string) adapters.Message {
	return adapters.Message{
		ReasonNL: fmt.Sprintf("Het kolomprofiel zegt nergens waar het verplichte gegeven %s (“%s”) vandaan komt: elke rij ervan wordt afgekeurd.", u.Field, title),
		ReasonEN: fmt.Sprintf("no column gives the required field %s (“%s”) of %s: every such %s record is refused", u.Field, title, u.At, u.Kind),
		HintNL:   fmt.Sprintf("Laat de IT-dienst %s in het kolomprofiel zetten, bij %s.", u.Field, u.At),
		HintEN:   fmt.Sprintf("map %s below \"fields\" of %s: a column of the export, or const where all rows have one value (docs/profile.md)", u.Field, u.At),
	}
}

func (v *validator) problem(rule string, m adapters.Message) {
	v.check.Problems = append(v.check.Problems, CheckProblem{
		Rule: rule, ReasonNL: m.ReasonNL, ReasonEN: m.ReasonEN, HintNL: m.HintNL, HintEN: m.HintEN,
	})
}

// row judges one row as a cycle would.
func (v *validator) row(row adapters.Row) error {
	if row.Skipped {
		return nil
	}
	before := len(v.check.Problems)
	for _, p := range row.Problems {
		v.check.Problems = append(v.check.Problems, rowProblem(p))
	}
	for _, w := range row.Warnings {
		v.check.Warnings = append(v.check.Warnings, rowProblem(w))
	}
	duplicate := len(row.Records) > 0
	for _, raw := range row.Records {
		v.record(row.Number, raw, row.Problems, &duplicate)
	}
	switch {
	case len(v.check.Problems) > before || v.refused[row.Number]:
		v.refused[row.Number] = true
	case duplicate:
		v.check.Duplicate++
	default:
		v.check.Accepted++
	}
	return nil
}

func rowProblem(p adapters.RowProblem) CheckProblem {
	return CheckProblem{
		Row: p.Prov.Row, Column: p.Column, Rule: p.Rule, Expected: p.Expected, ExpectedEN: p.Expected, // formats, codes and numbers
		ReasonNL: p.ReasonNL, ReasonEN: p.ReasonEN, HintNL: p.HintNL, HintEN: p.HintEN,
	}
}

func (v *validator) record(row int, raw adapters.Record, unreadable []adapters.RowProblem, duplicate *bool) {
	testNumbers := v.config.Environment == config.Test
	_, warnings, violations := v.decoder.Decode(cycle.DecoderInput(raw, testNumbers, v.today))
	for _, w := range warnings {
		v.check.Warnings = append(v.check.Warnings, CheckProblem{Row: row, Column: w.Column, Rule: w.Rule, ReasonNL: w.ReasonNL, ReasonEN: w.ReasonEN})
	}
	for _, x := range violations {
		if slices.ContainsFunc(unreadable, func(p adapters.RowProblem) bool { return x.Field != "" && p.Field == x.Field }) {
			continue // what could not be read is said already: it is not also missing
		}
		if x.Rule == ocmw.RuleRequired && v.nowhere[raw.Kind+"\x00"+x.Field] {
			v.refused[row] = true
			continue
		}
		v.check.Problems = append(v.check.Problems, CheckProblem{
			Row: row, Column: x.Column, Rule: x.Rule, Expected: x.Expected, ExpectedEN: x.ExpectedEN,
			ReasonNL: x.ReasonNL, ReasonEN: x.ReasonEN, HintNL: x.HintNL, HintEN: x.HintEN,
		})
	}
	content := fmt.Sprint(raw.Fields) // fmt prints maps in order of key
	key := raw.Kind + "\x00" + fmt.Sprintf("%q", raw.Key)
	seen, again := v.first[key]
	if !again {
		v.first[key] = firstSeen{row: row, content: content}
		*duplicate = false
		return
	}
	if seen.content != content {
		*duplicate = false
		v.clash(row, seen.row)
		if !seen.clashes {
			v.clash(seen.row, row)
			if !v.refused[seen.row] {
				v.check.Accepted--
			}
			v.refused[seen.row], seen.clashes = true, true
			v.first[key] = seen
		}
	}
}

// clash says that two rows have one key and different contents.
func (v *validator) clash(row, other int) {
	v.check.Problems = append(v.check.Problems, CheckProblem{
		Row: row, Rule: "row.duplicateKey",
		ReasonNL: fmt.Sprintf("Dezelfde sleutel staat ook in rij %d van %s, met andere inhoud: het is niet duidelijk welke rij juist is.", other, v.check.File), // as the ledger says it
		ReasonEN: fmt.Sprintf("this row has the key of row %d and another content", other),
		HintNL:   "Laat in de export één van beide rijen staan, of verbeter de sleutelvelden.", HintEN: "keep the right one, or correct the key fields; now both are rejected",
	})
}
