package conformance_test

import (
	"flag"
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/mockmlp"
	"github.com/mlpsync/mlpsync/mockmlp/conformance"
)

// Flags name the server to judge; without -base-url it is a mock in this process. Secrets come from the environment.
func init() {
	for name, usage := range map[string]string{
		"base-url": "the server to judge, up to /mlp/v1", "token-url": "its token endpoint", "client-id": "the machine client",
		"secret-env": "environment variable with the client's secret", "api-key-env": "environment variable with X-IBM-Client-Id",
		"ssin": "a test person with a dossier in the area", "new-ssin": "a test person without a dossier", "nis": "a municipality of the area",
		"foreign-dossier": "id of a dossier outside the area", "caseworker": "whom writes name", "rate": "calls a minute that the server allows; tries one more",
	} {
		flag.String(name, "", usage)
	}
	flag.Bool("write", false, "try what changes the dossier too")
}

func given(name string) string { return flag.Lookup(name).Value.String() }

func TestConformance(t *testing.T) {
	if given("base-url") == "" {
		conformance.Run(t, inProcess(t))
		return
	}
	target := conformance.Target{
		Client:  &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		BaseURL: given("base-url"), TokenURL: given("token-url"), ClientID: given("client-id"),
		Secret: os.Getenv(given("secret-env")), APIKey: os.Getenv(given("api-key-env")),
		SSIN: given("ssin"), NewSSIN: given("new-ssin"), NISCode: given("nis"), ForeignDossierID: given("foreign-dossier"),
		Caseworker: given("caseworker"), Write: given("write") == "true",
	}
	if target.ClientID == "" || target.Secret == "" || target.APIKey == "" || target.SSIN == "" {
		t.Fatal("give -client-id, -secret-env, -api-key-env (names of variables that are set) and -ssin")
	}
	if target.Write && target.Caseworker == "" {
		t.Fatal("-write needs -caseworker")
	}
	if given("rate") != "" {
		n, err := strconv.Atoi(given("rate"))
		if err != nil || n < 1 {
			t.Fatal("-rate: a number of calls")
		}
		target.RatePerMinute = n
	}
	conformance.Run(t, target)
}

const scenario = `
clock: 2026-01-15T08:00:00+01:00
ratePerMinute: 100
clients: [{clientId: gent, clientSecret: s3cret, apiKey: key-gent, kboNumber: "0212214917", nisCodes: ["44021"]}]
dossiers:
  - {ssin: "67722499797", nisCode: "44021", categories: [{code: "03", validFrom: "2025-01-01", setBy: other}]}
  - {ssin: "83660634135", nisCode: "11002"}
`

// inProcess is a mock with all that the suite can use, so that nothing is skipped.
func inProcess(t *testing.T) conformance.Target {
	t.Helper()
	s, err := mockmlp.ParseScenario([]byte(scenario))
	if err != nil {
		t.Fatal(err)
	}
	m, err := mockmlp.New(mockmlp.Options{Scenario: s, Frozen: true, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, bad := range m.InvalidAnswers() {
			t.Errorf("the mock's own answer is invalid: %+v", bad)
		}
	})
	foreign := ""
	for _, d := range m.State().Dossiers {
		if d["nisCode"] == "11002" {
			foreign, _ = d["dossierId"].(string)
		}
	}
	return conformance.Target{
		Client: &http.Client{Transport: mockmlp.Transport(m.API())}, BaseURL: "http://mlp", ClientID: "gent", Secret: "s3cret", APIKey: "key-gent",
		SSIN: "67722499797", NewSSIN: "91610100176", NISCode: "44021", ForeignDossierID: foreign, Caseworker: "MW-1", RatePerMinute: 100, Write: true,
	}
}
