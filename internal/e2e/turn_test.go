package e2e_test

import (
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// The first run of a municipality can take hours to be sent. Who is held back meanwhile has nothing more sent, however far behind.
func TestAHoldDuringALongDelivery(t *testing.T) {
	t.Parallel() // it mostly waits
	w := newWorld(t)
	w.configure("ratePerMinute: 2000", "ratePerMinute: 300")
	files, err := sample()
	if err != nil {
		t.Fatal(err)
	}
	w.drop(files)
	d := &daemon{world: w}
	stop := d.start()
	d.told(`"event":"deliver.settled"`, 100)
	waiting := decode[[]app.QueueEntry](t, w.run("queue list", "--state", "waiting", "--json"))
	last := waiting[len(waiting)-1]
	if r := w.run("status"); !strings.Contains(r.stdout, "sending all that waits takes 0:0") {
		t.Errorf("status: %s", clipped(r.stdout))
	}
	before := 0
	for _, e := range waiting {
		if e.Pseudonym == last.Pseudonym {
			before++
		}
	}
	if r := w.run("hold", last.Pseudonym, "--reason", "even wachten"); r.code != 0 {
		t.Fatal(r)
	}
	d.told(`"event":"request.applied","kind":"hold"`, 1)
	stop()
	left, theirs := 0, map[outbox.State]int{}
	for _, e := range decode[[]app.QueueEntry](t, w.run("queue list", "--json")) {
		if e.Pseudonym == last.Pseudonym {
			theirs[e.State]++
		}
		if e.State == outbox.Waiting {
			left++
		}
	}
	if theirs[outbox.Waiting]+theirs[outbox.Suspended] < before {
		t.Errorf("of %d entries of the held client are left: %v", before, theirs)
	}
	if left < 100 {
		t.Errorf("%d entries wait: the order was carried out when nearly all was sent", left)
	}
}
