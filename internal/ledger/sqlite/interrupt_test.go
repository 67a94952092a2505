package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// ending is a context that ends when it was looked at so many times.
type ending struct {
	context.Context
	mu   sync.Mutex
	left int
	done chan struct{}
}

func (e *ending) Done() <-chan struct{} { return e.done }

func (e *ending) Err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.left--; e.left == 0 {
		close(e.done)
	}
	if e.left <= 0 {
		return context.Canceled
	}
	return nil
}

func trackRow(number int, client, target string) ledger.Row {
	payload, _ := casefile.MarshalRecord(&casefile.Track{Header: casefile.Header{Client: client, RecordKey: "t"}, JobTarget: target})
	return ledger.Row{
		Number: number, Client: client, Line: []byte(client + target),
		Records: []ledger.StoredRecord{{Kind: casefile.KindTrack, Client: client, Key: "t", Hash: target, Payload: payload}},
	}
}

// An activation that is interrupted at any of its statements leaves everything as it was, and the store usable.
func TestInterruptedActivations(t *testing.T) {
	for name, path := range map[string]string{"file": filepath.Join(t.TempDir(), "ledger.db"), "memory": Memory} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t, path)
			generation := 0
			stage := func() (ledger.Staging, []ledger.FileCount) {
				generation++
				file := ledger.File{Feed: "tracks", Name: fmt.Sprint("tracks_", generation), Hash: fmt.Sprint(generation), Interpretation: "p"}
				g, err := s.StageSet(t.Context(), "run", "0999999922", []ledger.File{file})
				if err != nil {
					t.Fatal(err)
				}
				const rows = 30
				for i := range rows {
					r := trackRow(2*i+2+generation, fmt.Sprint("c", i), "kok")
					if i%10 == generation%10 {
						r = trackRow(r.Number, fmt.Sprint("c", i), fmt.Sprint("kok ", generation))
					}
					kept, err := g.Keep(t.Context(), 0, r.Number, r.Line)
					if err != nil {
						t.Fatal(err)
					}
					if kept {
						continue
					}
					if err := g.Add(t.Context(), []ledger.Row{r}); err != nil {
						t.Fatal(err)
					}
				}
				return g, []ledger.FileCount{{Rows: rows}}
			}
			g, counted := stage()
			if r, err := g.Activate(t.Context(), counted, time.Now()); err != nil || !r.Activated {
				t.Fatal(r, err)
			}
			for after := 1; ; after++ {
				last, err := s.LastIngested(t.Context(), "0999999922", "tracks")
				if err != nil {
					t.Fatal(err)
				}
				g, counted := stage()
				ctx := &ending{Context: t.Context(), left: after, done: make(chan struct{})}
				r, err := g.Activate(ctx, counted, time.Now())
				if err == nil && r.Activated {
					break
				}
				if !errors.Is(err, context.Canceled) {
					t.Fatalf("%d: %v, %v", after, r, err)
				}
				if now, err := s.LastIngested(t.Context(), "0999999922", "tracks"); err != nil || now.Name != last.Name {
					t.Fatalf("%d: %v after %v, %v", after, now.Name, last.Name, err)
				}
				if err := s.Check(t.Context()); err != nil {
					t.Fatalf("%d: %v", after, err)
				}
				if after%3 == 0 { // tried again with the same generation
					if r, err := g.Activate(t.Context(), counted, time.Now()); err != nil || !r.Activated {
						t.Fatal(r, err)
					}
					if err := s.Check(t.Context()); err != nil {
						t.Fatalf("%d: %v", after, err)
					}
				}
			}
			view, err := s.Find(t.Context(), "0999999922", "c29")
			if err != nil || len(view.Records) != 1 || view.Records[0].Origin().File != fmt.Sprint("tracks_", generation) {
				t.Errorf("%+v %v", view.Records, err)
			}
		})
	}
}
