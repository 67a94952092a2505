package outbox

import "time"

// Limits of the schedule. The short retries of a request are not these: they are
// the HTTP client's (design decision 16).
const (
	MaxAttempts   = 10               // attempts that count, after which a transient failure is parked
	MinDelay      = 5 * time.Second  // shortest wait between attempts
	MaxDelay      = 15 * time.Minute // longest wait between attempts
	MaxRetryAfter = 10 * time.Minute // longest wait that an answer can ask for
)

// Backoff is how long to wait after the attempt-th failed one (1 is the first):
// anywhere between MinDelay and a ceiling that doubles from 10 s to MaxDelay, by rnd
// in [0, 1). The whole range is drawn from, so that lanes that failed together don't
// come back together. Arguments outside their range are taken for the nearest end.
func Backoff(attempt int, rnd float64) time.Duration {
	ceiling := MinDelay
	for range max(attempt, 1) {
		if ceiling *= 2; ceiling >= MaxDelay {
			ceiling = MaxDelay
			break
		}
	}
	return MinDelay + fraction(ceiling-MinDelay, rnd)
}

// ThrottleDelay is how long to wait when MLP asked for a wait: what it asked for, at
// most MaxRetryAfter, and up to MinDelay more. Where it asked for none (0 or less) it
// is Backoff. An answer can't stop the queue for a day.
func ThrottleDelay(asked time.Duration, attempt int, rnd float64) time.Duration {
	if asked <= 0 {
		return Backoff(attempt, rnd)
	}
	return min(asked, MaxRetryAfter) + fraction(MinDelay, rnd)
}

// fraction also takes what a broken source could return: NaN counts as 0.
func fraction(of time.Duration, rnd float64) time.Duration {
	if !(rnd > 0) {
		return 0
	}
	return time.Duration(float64(of) * min(rnd, 1))
}
