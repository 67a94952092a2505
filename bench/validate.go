package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/delimited"
	"github.com/mlpsync/mlpsync/schemas/ocmw"
)

// hashFile reads and hashes a file, and says how many seconds that took.
func hashFile(path string) (float64, error) {
	began := time.Now()
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	_, err = io.Copy(sha256.New(), f)
	return time.Since(began).Seconds(), err
}

// record is one as the column profile makes it of a row.
type record struct {
	kind   string
	fields map[string]any
}

// childValidate validates the records of an export with jsonschema/v5 and nothing else: it reads no file meanwhile, makes no
// typed record, checks no INSZ and words no reason.
func childValidate(ctx context.Context, t task, _ childIO) (outcome, error) {
	var o outcome
	records, err := recordsOf(ctx, t)
	if err != nil {
		return o, err
	}
	schemas := map[string]*jsonschema.Schema{}
	for _, r := range records {
		if schemas[r.kind] == nil {
			if schemas[r.kind], err = compile(r.kind); err != nil {
				return o, err
			}
		}
	}
	watch := startWatch()
	for _, r := range records {
		if err := schemas[r.kind].Validate(r.fields); err != nil {
			return o, err
		}
	}
	watch.read(&o)
	o.Count = len(records)
	return o, nil
}

func compile(kind string) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.Draft, c.AssertFormat = jsonschema.Draft2020, true
	const base = "https://github.com/mlpsync/mlpsync/schemas/ocmw/"
	for _, name := range []string{"common", kind} {
		text, err := ocmw.Document(name)
		if err != nil {
			return nil, err
		}
		if err := c.AddResource(base+name+".schema.json", bytes.NewReader(text)); err != nil {
			return nil, err
		}
	}
	return c.Compile(base + kind + ".schema.json")
}

// recordsOf reads the files that are to be dropped.
func recordsOf(ctx context.Context, t task) ([]record, error) {
	text, err := os.ReadFile(filepath.Join(filepath.Dir(t.Config), "profile.yaml"))
	if err != nil {
		return nil, err
	}
	p, err := adapters.LoadProfile(text)
	if err != nil {
		return nil, err
	}
	var all []record
	for _, d := range t.Drop {
		in := adapters.Input{Name: filepath.Base(d.To), Size: -1, Open: func() (io.ReadCloser, error) { return os.Open(d.From) }}
		for _, feed := range p.Feeds {
			if _, _, ok := feed.Match(in.Name); !ok {
				continue
			}
			_, err := delimited.New(adapters.DefaultLimits()).Read(ctx, in, feed, func(row adapters.Row) error {
				for _, raw := range row.Records {
					all = append(all, record{raw.Kind, present(raw.Fields)})
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// present leaves out empty cells, which no schema takes.
func present(fields map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range fields {
		if value != nil {
			out[name] = value
		}
	}
	return out
}
