package e2e_test

import (
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/app"
)

// A contract that a person discards is not sent, nor by the entry that says how it goes on.
func TestADiscardedContractIsNotSentByItsNextStep(t *testing.T) {
	w := newWorld(t)
	w.run("once")
	w.run("pause", "0999999031", "--reason", "nakijken")
	w.drop(only(t, "Z10986"))
	w.run("once", "--wait", "2s")
	discarded := 0
	for _, e := range decode[[]app.QueueEntry](t, w.run("queue list", "--json")) {
		if strings.Contains(e.Sentence, "vanaf 28/10/2025") {
			if r := w.run("queue discard", e.ID, "--reason", "dit contract bestaat niet"); r.code != 0 {
				t.Fatal(r)
			}
			discarded++
		}
	}
	if discarded != 2 {
		t.Fatalf("%d discarded", discarded)
	}
	w.run("once", "--wait", "2s") // carries the orders out
	if audited := strings.Count(w.run("audit", "--people").stdout, " discarded "); audited != 3 {
		t.Errorf("%d discards in the audit, where the next step of the contract goes with the two", audited)
	}
	w.run("resume", "0999999031", "--reason", "nagekeken")
	w.run("once")
	for _, e := range w.mock.Effects() {
		if e.Kind == "employment" {
			t.Errorf("the contract was sent: %s", e.Action)
		}
	}
}
