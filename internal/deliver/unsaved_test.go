package deliver

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/internal/outbox"
)

// An answer that the store refuses for a while is recorded once it can be, without a restart: till then nothing else of its person goes, and
// everybody else's does.
func TestAnAnswerThatCannotBeRecordedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s, _ := crowd(t, 3, 2)
		q.unsettleable = "e1"
		d := newDeliverer(q, s)
		var log bytes.Buffer
		d.proven, d.o.Log = true, zerolog.New(&log).Level(zerolog.InfoLevel)
		for run := range 8 {
			r, err := d.Run(t.Context(), "r1")
			t.Logf("run %d: %s, %v: %v", run, r.Stopped, err, q.states())
		}
		q.unsettleable = "" // the store is whole again
		for range 3 {
			mustRun(t, d)
		}
		if count(q, outbox.Settled) != 6 {
			t.Errorf("%v", q.states())
		}
		for _, event := range []string{`"deliver.notRecorded"`, `"recovered"`} {
			if strings.Count(log.String(), event) != 1 {
				t.Errorf("not once %s:\n%s", event, log.String())
			}
		}
	})
}
