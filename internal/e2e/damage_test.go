package e2e_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // to damage a ledger behind its back

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// spoil changes one row of the ledger behind the program's back.
func (w *world) spoil(statement string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.path("state/ledger.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := db.Exec(statement)
	if err := errors.Join(err, db.Close()); err != nil {
		w.t.Fatal(err)
	}
	if n, err := r.RowsAffected(); n != 1 {
		w.t.Fatalf("%d rows were spoiled: %v", n, err)
	}
}

// The disk loses an entry of one client, a record of another, and an order. All the rest is sent, the entry too, and everything can be
// looked at meanwhile.
func TestDamageHoldsUpItsOwnOnly(t *testing.T) {
	whole := newWorld(t)
	whole.drop(only(t, few()...))
	if r := whole.run("once"); r.code != 0 {
		t.Fatal(r)
	}
	w := newWorld(t)
	w.configure("release: true", "release: false")
	w.drop(only(t, few()...))
	w.run("once") // waits for its release
	for _, order := range []string{"pause", "resume"} {
		if r := w.run(order, "--reason", "even wachten"); r.code != 0 {
			t.Fatal(r)
		}
	}
	before := decode[app.PlanFile](t, w.run("plan", "--json"))
	const first, last = `(SELECT MIN(person) FROM entry)`, `(SELECT MAX(person) FROM entry)`
	w.spoil(`UPDATE entry SET payload = zeroblob(90) WHERE person = ` + first + ` AND head = 1`)
	w.spoil(`UPDATE row_record SET payload = zeroblob(90) WHERE id = (SELECT MIN(source) FROM record WHERE person = ` + last + `)`)
	w.spoil(`UPDATE person SET dirty = 1 WHERE id = ` + last)
	w.spoil(`UPDATE request SET reason = zeroblob(90) WHERE kind = 'resume'`)

	for _, look := range []string{"status", "queue list", "worklist", "guard show", "plan"} {
		if r := w.run(look); r.code > 1 {
			t.Errorf("%s beside the damage: %s", look, clipped(r.String()))
		}
	}
	if p := decode[app.PlanFile](t, w.run("plan", "--json")); p.Clients.Held != 1 || len(p.People) != len(before.People)-1 {
		t.Errorf("the plan has %d people of %d, and %d held", len(p.People), len(before.People), p.Clients.Held)
	}
	if r := w.run("queue list"); !strings.Contains(r.stdout, "sealed data was changed") {
		t.Errorf("the queue does not say so: %s", clipped(r.String()))
	}
	if r := w.run("guard release", "--reason", "nagekeken"); r.code != 0 {
		t.Fatal(r)
	}
	r := w.run("once")
	if r.code == 3 || !strings.Contains(r.stderr, "can't be read back") {
		t.Fatalf("with the damage: %s", clipped(r.String()))
	}
	if n := len(w.mock.Effects()); n != 0 {
		t.Errorf("%d changes were sent although the order to go on was lost", n)
	}
	if r := w.run("resume", "--reason", "opnieuw"); r.code != 0 {
		t.Fatal(r)
	}
	w.run("once")
	status := decode[app.Status](t, w.run("status", "--json"))
	held := status.Entries[outbox.Suspended]
	if o := status.OCMWs[0]; o.Clients.Held != 1 || held == 0 || status.Entries[outbox.Waiting]+status.Entries[outbox.Parked] > 0 {
		t.Errorf("left: %v, clients %+v", status.Entries, o.Clients)
	}
	if n, want := len(w.mock.Effects()), len(whole.mock.Effects())-held; n != want {
		t.Errorf("%d changes were sent, of one entry again that was lost; want %d", n, want)
	}
	said := w.run("status").stdout
	for _, what := range []string{"is held: something kept of it can't be read back", "was not carried out: it can't be read back", "its client is decided again"} {
		if !strings.Contains(said, what) {
			t.Errorf("status does not say %q:\n%s", what, said)
		}
	}
	if r := w.run("worklist"); !strings.Contains(r.stdout, "schade aan de") {
		t.Errorf("the worklist does not say so: %s", clipped(r.stdout))
	}
}

// A lost entry is sent in the run that finds it, though nothing else of that run moves.
func TestALostEntryIsSentInTheSameRun(t *testing.T) {
	whole := newWorld(t)
	whole.drop(only(t, newcomer))
	if r := whole.run("once"); r.code != 0 {
		t.Fatal(r)
	}
	w := newWorld(t)
	w.configure("release: true", "release: false")
	w.drop(only(t, newcomer))
	w.run("once") // waits for its release
	w.spoil(`UPDATE entry SET payload = zeroblob(90) WHERE head = 1`)
	if r := w.run("guard release", "--reason", "nagekeken"); r.code != 0 {
		t.Fatal(r)
	}
	if r := w.run("once"); r.code != 0 || len(w.mock.Effects()) == 0 || len(w.mock.Effects()) != len(whole.mock.Effects()) {
		t.Errorf("%d changes were sent, want %d: %s", len(w.mock.Effects()), len(whole.mock.Effects()), clipped(r.String()))
	}
}
