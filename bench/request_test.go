package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/mlp"
)

// canned is a network that answers each request at once, with the same.
type canned struct {
	header http.Header
	body   []byte
}

// RoundTrip implements http.RoundTripper.
func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	return &http.Response{StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Header: c.header.Clone(),
		ContentLength: int64(len(c.body)), Body: io.NopCloser(bytes.NewReader(c.body)), Request: r}, nil
}

// always is an Authenticator with a token that does not end.
type always struct{}

func (always) Token(context.Context) (string, error) { return "token", nil }
func (always) Renew(string)                          {}

const (
	employmentID = "0f8fad5b-d9cb-469f-a165-70867728950e"
	dossierID    = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
)

func employmentChange() casefile.Change {
	return casefile.Change{Op: casefile.OpPut, ID: employmentID, Caseworker: "mw-001", New: casefile.Art60{
		Start: "2025-02-03", EmployerKBO: "0400378485", SocialEconomy: casefile.No, WEOID: dossierID,
		Regimes: []casefile.RegimePeriod{{From: "2025-02-03", Regime: "fullTime", HoursPerWeek: "38"}},
	}}
}

func employmentAnswer() canned {
	return canned{header: http.Header{"Content-Type": {"application/json"}, "Etag": {`"8"`}}, body: []byte(`{"employmentId":"` + employmentID + `","weoId":"` + dossierID +
		`","startDate":"2025-02-03","workRegimes":[{"validFrom":"2025-02-03","regime":"fullTime","hoursPerWeek":38}],"employer":{"kboNumber":"0400378485"},` +
		`"socialEconomy":false,"registeredAt":"2026-03-16T09:00:00Z","dossierVersion":8,"caseworker":{"id":"mw-001"}}`)}
}

// BenchmarkRequest is what a write costs beside the network, and what the barest request costs over the same.
func BenchmarkRequest(b *testing.B) {
	answer := employmentAnswer()
	b.Run("mlpsync", func(b *testing.B) {
		client, err := mlp.New(mlp.Options{BaseURL: "http://127.0.0.1/mlp/v1", Authenticator: always{}, Transport: answer,
			Gate: mlp.NewGate(mlp.GateOptions{PerSecond: 1e9, Burst: 1e9})})
		if err != nil {
			b.Fatal(err)
		}
		w := mlp.Write{Change: employmentChange(), DossierID: dossierID, Version: 7}
		b.ReportAllocs()
		for b.Loop() {
			if a, err := client.Send(b.Context(), w); err != nil || a.Version != 8 {
				b.Fatal(a, err)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		body, err := mlp.Body(employmentChange())
		if err != nil {
			b.Fatal(err)
		}
		c := bareClient{base: "http://127.0.0.1", token: "token", http: &http.Client{Transport: answer}}
		p := premade{Method: http.MethodPut, Path: "/mlp/v1/dossiers/" + dossierID + "/employments/" + employmentID, Body: body,
			Header: map[string]string{"Content-Type": "application/json", "If-Match": `"7"`}}
		b.ReportAllocs()
		for b.Loop() {
			if err := c.send(b.Context(), p); err != nil {
				b.Fatal(err)
			}
		}
	})
}
