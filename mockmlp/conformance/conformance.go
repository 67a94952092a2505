// Package conformance holds a server against the statements of the MLP-compatible API's document (schemas/mlp/openapi.yaml): its mock, or any base URL.
//
// There is no public MLP API: the document is this project's own. The suite is for the day on which VDAB offers an acceptance environment, and shows
// where the contract differs there. It guarantees that each statement is a subtest of its own, that it changes nothing unless [Target.Write] is set,
// that every answer is judged by the document as a client should (properties it doesn't know are fine), and that a failure names no personal data. It can't tell what a
// server does with data that it isn't given: a statement without what it needs is skipped, and says what that is.
//
// Callers: its own test, with flags, and tests of who implements the API.
package conformance

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/schemas/mlp"
)

// Target is the server to judge, and what the suite may use there. Persons are test persons.
type Target struct {
	// Client sends the requests; http.DefaultClient when nil. It must not follow redirects into another host.
	Client *http.Client
	// BaseURL ends before /mlp/v1.
	BaseURL string
	// TokenURL is BaseURL with /oauth2/token when empty.
	TokenURL string
	// ClientID, Secret and APIKey are the machine client's.
	ClientID, Secret, APIKey string
	// SSIN is a person with a dossier in the client's area.
	SSIN string
	// ForeignDossierID is a dossier outside the client's area, for the statement about the area; may be empty.
	ForeignDossierID string
	// NewSSIN is a person without a dossier, and NISCode a municipality of the client's area, for the statements about creating; may be empty.
	NewSSIN, NISCode string
	// Caseworker is the id that writes name.
	Caseworker string
	// RatePerMinute is the limit that the server has; 0 leaves it untried.
	RatePerMinute int
	// Write allows the statements that change the person's dossier: they leave a competence and an entry reason behind, and with NewSSIN a dossier.
	Write bool
}

// statement is one sentence of the contract.
type statement struct {
	name string
	// says is the sentence, shown when it doesn't hold.
	says  string
	check func(*testing.T, *session)
}

// Run judges the target, a subtest for each statement.
func Run(t *testing.T, target Target) {
	s := newSession(t, target)
	for _, st := range reading() {
		t.Run(st.name, func(t *testing.T) { hold(t, s, st) })
	}
	for _, st := range writing() {
		t.Run(st.name, func(t *testing.T) {
			if !target.Write {
				t.Skip("changes the dossier: allow it with Write")
			}
			hold(t, s, st)
		})
	}
	for _, st := range last() {
		t.Run(st.name, func(t *testing.T) { hold(t, s, st) })
	}
}

func hold(t *testing.T, s *session, st statement) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log("the contract says: " + st.says)
		}
	}()
	st.check(t, s)
}

func newSession(t *testing.T, target Target) *session {
	t.Helper()
	api, err := mlp.Load()
	if err != nil {
		t.Fatal(err)
	}
	if target.Client == nil {
		target.Client = http.DefaultClient
	}
	target.BaseURL = strings.TrimSuffix(target.BaseURL, "/")
	if target.TokenURL == "" {
		target.TokenURL = target.BaseURL + "/oauth2/token"
	}
	s := &session{Target: target, api: api}
	got := s.login(t, target.Secret, "")
	if s.token = got.text("access_token"); got.status != http.StatusOK || s.token == "" {
		t.Fatalf("no access token: status %d, error %q; are client id, secret and token URL right?", got.status, got.text("error"))
	}
	return s
}
