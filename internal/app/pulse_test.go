package app

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/mlp"
)

// TestHealthWhileACycleIsUnderWay: a cycle that waits for an MLP which answers nothing is no daemon that hangs, as each request
// ends in its time; one in which nothing ends any more is.
func TestHealthWhileACycleIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := asking(t, casefile.Decision{})
		ended := a.clientOptions(a.config.OCMWs[0], nil, nil).OnRequest
		healthy := func(want bool, when string) {
			t.Helper()
			h, err := a.Health(t.Context())
			if ok(t, err); h.Ready != want {
				t.Errorf("%s: %+v", when, h)
			}
		}
		healthy(false, "before the first cycle")
		ok(t, a.heartbeat(t.Context())) // a cycle begins
		stop := a.keepBeating()
		defer stop()
		for range 20 {
			<-time.After(a.config.MLP.Timeout.Std())
			ended(mlp.RequestEvent{Failure: mlp.TypeTimeout})
			healthy(true, "requests run out of their time")
		}
		<-time.After(a.beatLimit() - beatEvery)
		healthy(true, "for some time nothing ends")
		<-time.After(2 * beatEvery)
		healthy(false, "nothing ends any more")
	})
}

// A step that lies ahead of the clock proves nothing: the clock was set back, and the daemon may be gone.
func TestHealthWhereTheClockWasSetBack(t *testing.T) {
	a := asking(t, casefile.Decision{})
	for ahead, want := range map[time.Duration]bool{time.Second: true, time.Minute: true, time.Hour: false, -time.Hour: false} {
		if h := a.healthAt(time.Now().Add(ahead).Format(time.RFC3339)); h.Ready != want || !want && h.Next == "" {
			t.Errorf("%s ahead: %+v", ahead, h)
		}
	}
}

// A request may take as long as it is configured to.
func TestHealthAllowsForOneRequest(t *testing.T) {
	a := asking(t, casefile.Decision{})
	if got := a.beatLimit(); got != 2*time.Minute {
		t.Errorf("%s by default", got)
	}
	a.config.MLP.Timeout = 6 * a.config.MLP.Timeout // 3 minutes
	if got := a.beatLimit(); got != 4*time.Minute {
		t.Errorf("%s with requests of 3 minutes", got)
	}
}
