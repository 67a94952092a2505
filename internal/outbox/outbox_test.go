package outbox_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/outbox"
)

// legal is drawn by hand from design decisions 5, 13, 14, 15 and 17: row is from,
// column is to, in the order of letters below.
func TestEveryPairOfStates(t *testing.T) {
	order := []outbox.State{
		outbox.Waiting, outbox.Suspended, outbox.Claimed, outbox.InDoubt,
		outbox.Parked, outbox.Discarded, outbox.Superseded, outbox.Settled,
	}
	legal := []string{
		//W S C I P D X T
		". s c . . d x .", // waiting
		"w . . . . d x .", // suspended
		"w . . i p . x t", // claimed
		"w . . . p . x t", // inDoubt
		"w . . . . d x .", // parked
		"w . . . . . x .", // discarded
		". . . . . . . .", // superseded
		". . . . . . . .", // settled
	}
	if diff := cmp.Diff(order, outbox.States()); diff != "" {
		t.Fatalf("states (-want +got):\n%s", diff)
	}
	for i, from := range order {
		for j, to := range order {
			err := outbox.Transition(from, to)
			if want := legal[i][2*j] != '.'; want != (err == nil) {
				t.Errorf("%s -> %s: %v, want legal %v", from, to, err, want)
			}
			var te *outbox.TransitionError
			if err != nil && (!errors.As(err, &te) || te.From != from || te.To != to) {
				t.Errorf("%s -> %s: error is %v", from, to, err)
			}
		}
		if from.Final() != (legal[i] == legal[7]) {
			t.Errorf("%s: final %v", from, from.Final())
		}
		if !from.Valid() || outbox.Transition(from, "sent") == nil || outbox.Transition("", from) == nil {
			t.Errorf("%s: unknown states are not told apart", from)
		}
	}
	if outbox.State("sent").Valid() || outbox.State("").Valid() {
		t.Error("an unknown state is valid")
	}
}

func TestTransitionsHaveAReasonAndAreUnique(t *testing.T) {
	seen := map[[2]outbox.State]bool{}
	for _, row := range outbox.Transitions() {
		pair := [2]outbox.State{row.From, row.To}
		if seen[pair] || row.Why == "" || !row.From.Valid() || !row.To.Valid() {
			t.Errorf("row %+v is doubled, has no reason, or an unknown state", row)
		}
		seen[pair] = true
	}
}

// A registration is lost when an entry can end nowhere; doubled when one that may be
// at MLP goes out again without being read.
func TestNothingIsLostAndDoubtIsRead(t *testing.T) {
	for _, s := range outbox.States() {
		if s.Final() {
			continue
		}
		if !reaches(s, outbox.Settled, map[outbox.State]bool{}) {
			t.Errorf("%s never leads to settled", s)
		}
	}
	for _, s := range outbox.States() {
		if s.InFlight() && (outbox.Transition(s, outbox.Discarded) == nil || outbox.Transition(s, outbox.Suspended) == nil) {
			t.Errorf("%s can be put away without knowing what MLP has", s)
		}
	}
	if outbox.Transition(outbox.InDoubt, outbox.Claimed) == nil {
		t.Error("an entry in doubt can be claimed for sending without being read")
	}
}

func reaches(from, to outbox.State, seen map[outbox.State]bool) bool {
	if from == to {
		return true
	}
	seen[from] = true
	for _, row := range outbox.Transitions() {
		if row.From == from && !seen[row.To] && reaches(row.To, to, seen) {
			return true
		}
	}
	return false
}

func TestVerdicts(t *testing.T) {
	type row struct {
		Sent, LastAttempt, Read outbox.State
		Counts                  bool
	}
	want := map[outbox.Verdict]row{
		outbox.VerdictSettled:        {outbox.Settled, outbox.Settled, outbox.InDoubt, true},
		outbox.VerdictPermanent:      {outbox.Parked, outbox.Parked, outbox.Parked, true},
		outbox.VerdictAuthentication: {outbox.Waiting, outbox.Waiting, outbox.InDoubt, false},
		outbox.VerdictThrottled:      {outbox.Waiting, outbox.Waiting, outbox.InDoubt, false},
		outbox.VerdictTransient:      {outbox.Waiting, outbox.Parked, outbox.InDoubt, true},
		outbox.VerdictConflict:       {outbox.Superseded, outbox.Superseded, outbox.Superseded, true},
		outbox.VerdictInDoubt:        {outbox.InDoubt, outbox.InDoubt, outbox.InDoubt, true},
		outbox.VerdictNotSent:        {outbox.Waiting, outbox.Waiting, outbox.InDoubt, false},
		"something new":              {outbox.InDoubt, outbox.InDoubt, outbox.InDoubt, true},
	}
	got := map[outbox.Verdict]row{}
	for v := range want {
		got[v] = row{outbox.AfterSending(v, outbox.MaxAttempts-1), outbox.AfterSending(v, outbox.MaxAttempts), outbox.AfterReading(v), v.Counts()}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if len(outbox.Verdicts()) != len(want)-1 {
		t.Errorf("%d verdicts in the table, %d tested", len(outbox.Verdicts()), len(want)-1)
	}
	for _, r := range outbox.Verdicts() {
		if r.Meaning == "" || r.Next == "" {
			t.Errorf("%s: no meaning or next step", r.Verdict)
		}
		if err := outbox.Transition(outbox.Claimed, r.To); err != nil {
			t.Errorf("%s after sending: %v", r.Verdict, err)
		}
		if err := outbox.Transition(outbox.InDoubt, r.ToInDoubt); err != nil && r.ToInDoubt != outbox.InDoubt {
			t.Errorf("%s after reading: %v", r.Verdict, err)
		}
	}
}

func TestResolve(t *testing.T) {
	for _, tt := range []struct {
		equal, sameVersion bool
		want               outbox.State
	}{
		{true, true, outbox.Settled},
		{true, false, outbox.Settled},
		{false, true, outbox.Waiting},
		{false, false, outbox.Superseded},
	} {
		got := outbox.Resolve(tt.equal, tt.sameVersion)
		if got != tt.want || outbox.Transition(outbox.InDoubt, got) != nil {
			t.Errorf("Resolve(%v, %v) = %s, want %s", tt.equal, tt.sameVersion, got, tt.want)
		}
	}
}

func TestBackoffEnds(t *testing.T) {
	ceilings := []time.Duration{10, 20, 40, 80, 160, 320, 640, 900, 900, 900}
	for i, c := range ceilings {
		if got := outbox.Backoff(i+1, 0); got != 5*time.Second {
			t.Errorf("Backoff(%d, 0) = %s, want 5s", i+1, got)
		}
		if got := outbox.Backoff(i+1, 1); got != c*time.Second {
			t.Errorf("Backoff(%d, 1) = %s, want %s", i+1, got, c*time.Second)
		}
	}
	if got := outbox.Backoff(1, math.NaN()); got != 5*time.Second {
		t.Errorf("Backoff(1, NaN) = %s", got)
	}
}

func TestBackoffBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attempt := rapid.Int().Draw(t, "attempt")
		rnd := rapid.Float64().Draw(t, "rnd")
		got := outbox.Backoff(attempt, rnd)
		if got < outbox.MinDelay || got > outbox.MaxDelay {
			t.Fatalf("Backoff = %s", got)
		}
		if attempt < math.MaxInt && outbox.Backoff(attempt+1, rnd) < got {
			t.Fatal("a later attempt waits shorter for the same draw")
		}
		if more := outbox.Backoff(attempt, min(rnd+0.25, 1)); more < got {
			t.Fatal("a higher draw waits shorter")
		}
	})
}

func TestThrottleDelayBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		asked := time.Duration(rapid.Int64().Draw(t, "asked"))
		attempt := rapid.IntRange(1, 20).Draw(t, "attempt")
		rnd := rapid.Float64Range(0, 1).Draw(t, "rnd")
		got := outbox.ThrottleDelay(asked, attempt, rnd)
		switch {
		case asked <= 0 && got != outbox.Backoff(attempt, rnd):
			t.Fatalf("nothing asked: %s", got)
		case asked > 0 && (got < min(asked, outbox.MaxRetryAfter) || got > outbox.MaxRetryAfter+outbox.MinDelay):
			t.Fatalf("asked %s: waits %s", asked, got)
		}
	})
}

func TestKeysArePinned(t *testing.T) {
	key := outbox.IdempotencyKey("entry-1", []byte(`{"a":1}`))
	if want := "3cce19d9-a2e3-8331-95a6-a218b341ea35"; key != want {
		t.Errorf("IdempotencyKey = %s, want %s", key, want)
	}
	if u, err := uuid.Parse(key); err != nil || u.Version() != 8 || u.Variant() != uuid.RFC4122 {
		t.Errorf("%s is no UUID of version 8: %v", key, err)
	}
	if got, want := outbox.ContentHash("PUT", "/a", "{}"), "285fc4a7ce6e32cc822f0fe2ae6acbf947e066199999711a55cdbdbabd091072"; got != want {
		t.Errorf("ContentHash = %s, want %s", got, want)
	}
}

func TestKeysDoNotCollide(t *testing.T) {
	part := rapid.StringMatching(`[a\x01\x02]{0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		a := [3]string{part.Draw(t, "a0"), part.Draw(t, "a1"), part.Draw(t, "a2")}
		b := [3]string{part.Draw(t, "b0"), part.Draw(t, "b1"), part.Draw(t, "b2")}
		if (a == b) != (outbox.ContentHash(a[0], a[1], a[2]) == outbox.ContentHash(b[0], b[1], b[2])) {
			t.Fatalf("content hash of %q and %q", a, b)
		}
		same := a[0] == b[0] && a[1] == b[1]
		if same != (outbox.IdempotencyKey(a[0], []byte(a[1])) == outbox.IdempotencyKey(b[0], []byte(b[1]))) {
			t.Fatalf("idempotency key of %q and %q", a, b)
		}
	})
}

func TestAnEntryMovesADossierByOne(t *testing.T) {
	for _, tt := range []struct {
		before, after int64
		want          bool
	}{{0, 1, true}, {0, 7, true}, {4, 3, false}, {4, 4, true}, {4, 5, true}, {4, 6, false}} {
		if got := (outbox.Entry{Version: tt.before}).Alone(tt.after); got != tt.want {
			t.Errorf("from %d to %d: alone %t", tt.before, tt.after, got)
		}
	}
}
