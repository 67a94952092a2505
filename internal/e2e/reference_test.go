package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// The sample, taken through the whole program once, undisturbed: what several tests
// compare with.
type reference struct {
	before, after mockmlp.State
	effects       []mockmlp.Effect
	invalid       []mockmlp.InvalidAnswer
	summary       app.Summary
	told          map[string]app.Explanation // by client number
	// again is a second run on the same export, and how many effects there were after it.
	again        app.Summary
	effectsAgain int
	err          error
}

var runReference = sync.OnceValue(func() reference {
	var r reference
	r.err = r.run()
	return r
})

func theReference(t *testing.T) reference {
	t.Helper()
	r := runReference()
	if r.err != nil {
		t.Fatal(r.err)
	}
	return r
}

func (r *reference) run() error {
	dir, err := os.MkdirTemp("", "mlpsync-e2e-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	mock, err := newMock()
	if err != nil {
		return err
	}
	defer mock.Close()
	server := httptest.NewServer(mock.API())
	defer server.Close()
	files, err := sample()
	if err != nil {
		return err
	}
	if err := errors.Join(examples.Install(dir, server.URL), dropInto(filepath.Join(dir, "in"), files)); err != nil {
		return err
	}
	r.before = mock.State()
	if err := r.once(dir, mock, files); err != nil {
		return err
	}
	r.invalid = mock.InvalidAnswers()
	return nil
}

func (r *reference) once(dir string, mock *mockmlp.Mock, files map[string][]byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	numbers, err := clientNumbers()
	if err != nil {
		return err
	}
	if err := session(ctx, dir, func(a *app.App) error {
		if r.summary, err = a.Once(ctx, 20*time.Second, pendingOf(mock)); err != nil {
			return err
		}
		r.told = map[string]app.Explanation{}
		for _, n := range numbers {
			if r.told[n], err = a.Explain(ctx, n); err != nil {
				return fmt.Errorf("explain client %s: %w", n, err)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	r.after, r.effects = mock.State(), mock.Effects()
	if err := dropInto(filepath.Join(dir, "in"), files); err != nil {
		return err
	}
	err = session(ctx, dir, func(a *app.App) error {
		r.again, err = a.Once(ctx, 20*time.Second, pendingOf(mock))
		return err
	})
	r.effectsAgain = len(mock.Effects())
	return err
}

// session opens an installation, does something with it, and closes it.
func session(ctx context.Context, dir string, do func(*app.App) error) (err error) {
	c, err := config.Load(filepath.Join(dir, "mlpsync.yaml"))
	if err != nil {
		return err
	}
	a, err := app.Open(ctx, app.Options{Config: c, Mode: app.Once, Getenv: func(string) string { return "" }, Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return do(a)
}

// pendingOf is how long VDAB's late 78s still take, as in the demo.
func pendingOf(mock *mockmlp.Mock) func() time.Duration {
	return func() time.Duration {
		at, some := mock.NextPending()
		wait := at.Sub(mock.Now())
		if !some || wait > time.Hour {
			return 0
		}
		return max(wait, time.Millisecond)
	}
}

func canonical(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// deed is an effect without what differs between runs: sequence, instants, versions, trace,
// idempotency key.
type deed struct{ Actor, Action, Kind, ID, Code, ContentHash string }

// deeds counts effects.
func deeds(effects []mockmlp.Effect) map[deed]int {
	out := map[deed]int{}
	for _, e := range effects {
		out[deed{e.Actor, e.Action, e.Kind, e.ID, e.Code, e.ContentHash}]++
	}
	return out
}

// dig follows keys into decoded JSON.
func dig(v any, keys ...string) string {
	for _, k := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = m[k]
	}
	s, _ := v.(string)
	return s
}

// items is a list in decoded JSON.
func items(v any, key string) []any {
	m, _ := v.(map[string]any)
	list, _ := m[key].([]any)
	return list
}

// decode reads JSON that a command printed.
func decode[T any](t testing.TB, r result) (v T) {
	t.Helper()
	if err := json.NewDecoder(bytes.NewReader([]byte(r.stdout))).Decode(&v); err != nil {
		t.Fatalf("not the JSON that was asked for: %v\n%s", err, clipped(r.String()))
	}
	return v
}

// A run that only looks again changes nothing (design decision 12).
func TestAgainSendsNothing(t *testing.T) {
	r := theReference(t)
	if len(r.effects) < 100 {
		t.Fatalf("only %d effects: nothing to speak of was sent", len(r.effects))
	}
	if r.effectsAgain != len(r.effects) || r.again.Entries.Settled != 0 || r.again.Left() {
		t.Errorf("a second run on the same export: %d effects after %d, entries %+v", r.effectsAgain, len(r.effects), r.again.Entries)
	}
}

// Nothing went out twice even in an undisturbed run, and the mock stayed true to its
// document.
func TestEffectsOnce(t *testing.T) {
	r := theReference(t)
	for d, n := range deeds(r.effects) {
		if n > 1 {
			t.Errorf("%d times: %+v", n, d)
		}
	}
	if len(r.invalid) > 0 {
		t.Errorf("the mock gave answers that its own document forbids: %v", r.invalid)
	}
}
