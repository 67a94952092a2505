package mlp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	schema "github.com/mlpsync/mlpsync/schemas/mlp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testINSZ     = "67722499797"
	otherINSZ    = "83660634135"
	dossierID    = "0d5b6a3e-6f0c-4c39-9f0b-0f6f5f5d2a11"
	categoryID   = "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b01"
	weoID        = "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b02"
	employmentID = "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b03"
)

// compiled is shared by the tests: compiling the document takes a while.
func compiled(t testing.TB) *schema.API {
	t.Helper()
	api, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// fixed is an authenticator with tokens t1, t2, ...; a renewal gives the next.
type fixed struct{ n atomic.Int64 }

func (f *fixed) Token(context.Context) (string, error) { return fmt.Sprintf("t%d", f.n.Load()+1), nil }
func (f *fixed) Renew(string)                          { f.n.Add(1) }

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// handlerTripper reaches a handler without a socket: for synctest's bubbles.
func handlerTripper(h http.Handler) tripper {
	return func(r *http.Request) (*http.Response, error) {
		body := []byte{}
		if r.Body != nil {
			body, _ = io.ReadAll(r.Body)
			_ = r.Body.Close()
		}
		in := r.Clone(r.Context())
		in.Body, in.RequestURI = io.NopCloser(strings.NewReader(string(body))), r.URL.RequestURI()
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, in)
		res := rec.Result()
		res.Request = r
		return res, nil
	}
}

func newClient(t testing.TB, o Options) *Client {
	t.Helper()
	if o.BaseURL == "" {
		o.BaseURL = "https://mlp.invalid/mlp/v1"
	}
	if o.Authenticator == nil && o.ClientID == "" {
		o.Authenticator = &fixed{}
	}
	if o.API == nil {
		o.API = compiled(t)
	}
	if o.Gate == nil {
		o.Gate = NewGate(GateOptions{PerSecond: 1e6, Burst: 1000, Failures: 1000})
	}
	o.Rand = func() float64 { return 0 }
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.retry.RetryWaitMin = time.Millisecond
	t.Cleanup(c.Close)
	return c
}

func putCategory() Write {
	return Write{
		DossierID: dossierID, Version: 4,
		Change: casefile.Change{
			Op: casefile.OpPut, Kind: casefile.RegCategory, ID: categoryID, Caseworker: "mw-014",
			New: casefile.Category{Code: casefile.Code05, From: "2026-03-16"},
		},
	}
}

func insz(t testing.TB, s string) ident.INSZ {
	t.Helper()
	r, err := ident.ParseINSZ(s)
	if err != nil {
		t.Fatal(err)
	}
	return r.INSZ
}

func person(t testing.TB) casefile.Person {
	return casefile.Person{
		INSZ: insz(t, testINSZ), LastName: "Peeters", FirstName: "Zoë", BirthDate: "1967-12-24",
		Street: "Teststraat 1", PostalCode: "9000", City: "Gent", NIS: "44021", ContactLanguage: "nl",
	}
}

func writeJSON(w http.ResponseWriter, status int, header map[string]string, body any) {
	w.Header().Set("Content-Type", "application/json")
	if status >= 400 {
		w.Header().Set("Content-Type", "application/problem+json")
	}
	for k, v := range header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func problemOf(status int, kind string, extra map[string]any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		body := map[string]any{"type": kind, "status": status, "title": "Peeters Zoë " + testINSZ, "detail": testINSZ}
		for k, v := range extra {
			body[k] = v
		}
		writeJSON(w, status, nil, body)
	}
}

// working answers reads and writes as MLP does.
func working(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		writeJSON(w, 200, map[string]string{"ETag": `"4"`}, dossierJSON(4))
		return
	}
	writeJSON(w, 201, map[string]string{"ETag": `"5"`}, map[string]any{
		"categoryId": categoryID, "code": "05", "validFrom": "2026-03-16", "setBy": "ocmw", "dossierVersion": 5,
		"registeredAt": "2026-03-16T09:00:00Z", "caseworker": map[string]any{"id": "mw-014"}, "notYetKnown": 1,
	})
}

func dossierJSON(version int) map[string]any {
	return map[string]any{
		"dossierId": dossierID, "version": version, "ssin": testINSZ, "owner": map[string]any{"kind": "ocmw"}, "nisCode": "44021",
		"person": map[string]any{"lastName": "Peeters", "firstName": "Zoë"}, "address": map[string]any{"postalCode": "9000", "nisCode": "44021"},
		"categories": []any{}, "weos": []any{}, "employments": []any{}, "evaluations": []any{}, "handovers": []any{}, "trainings": []any{},
		"notYetKnown": map[string]any{"x": 1},
	}
}
