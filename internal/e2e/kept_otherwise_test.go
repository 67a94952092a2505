package e2e_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync/atomic"
	"testing"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/app"
)

// An MLP that takes a job target and keeps it in capitals: the first time a person is asked whether that stays (DATA-04). One who answers that
// the export holds has it sent once more, and not for ever: once ends, and the entry is parked.
func TestAnMLPThatKeepsSomethingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.drop(only(t, few()...))
	var written atomic.Int64
	target := regexp.MustCompile(`"jobTarget":\{"description":"[^"]*`)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			body = target.ReplaceAllFunc(body, func(text []byte) []byte {
				written.Add(1)
				from := bytes.LastIndexByte(text, '"')
				return append(bytes.Clone(text[:from]), bytes.ToUpper(text[from:])...)
			})
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		w.mock.API().ServeHTTP(out, r)
	}))
	defer server.Close()
	if err := examples.Install(w.dir, server.URL); err != nil {
		t.Fatal(err)
	}
	if r := w.run("once", "--json"); r.code != 0 || written.Load() == 0 {
		t.Fatalf("%d job targets were written: %s", written.Load(), clipped(r.String()))
	}
	if r := w.run("decide", victim, "--rule", "DATA-04", "--overrule", "--reason", "de export geldt"); r.code != 0 {
		t.Fatal(r)
	}
	before := written.Load()
	r := w.run("once", "--json", "--wait", "3s")
	parked := decode[[]app.QueueEntry](t, w.run("queue list", "--json", "--state", "parked"))
	if r.code != 1 || len(parked) != 1 || parked[0].Problem.Type != "keptOtherwise" || written.Load() != before+1 {
		t.Errorf("sent %d times, parked %+v: %s", written.Load()-before, parked, clipped(r.String()))
	}
}
