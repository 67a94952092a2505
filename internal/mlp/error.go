package mlp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Verdict is what a request that did not succeed came to. The words that outbox has too
// are the same there.
type Verdict string

// The verdicts.
const (
	// VerdictPermanent: MLP, or the document, will never take this content.
	VerdictPermanent Verdict = "permanent"
	// VerdictAuthentication: the client is not known or not admitted, after one renewal of
	// the token. It holds for every request of the OCMW.
	VerdictAuthentication Verdict = "authentication"
	// VerdictThrottled: too many requests; RetryAfter says how long to wait, if told.
	VerdictThrottled Verdict = "throttled"
	// VerdictTransient: not now. A write was certainly not taken.
	VerdictTransient Verdict = "transient"
	// VerdictConflict: the dossier is not as the decision saw it, or not there.
	VerdictConflict Verdict = "conflict"
	// VerdictInDoubt: a write went out, and no certain answer came.
	VerdictInDoubt Verdict = "inDoubt"
	// VerdictNotSent: nothing of the request reached MLP, for a reason that says nothing
	// about the request: no connection, no token, breaker open, cancelled.
	VerdictNotSent Verdict = "notSent"
	// VerdictOutsideArea: the person has a dossier in another municipality's area (design decision 19).
	VerdictOutsideArea Verdict = "outsideArea"
	// VerdictCursorLost: the change feed no longer has what follows the cursor.
	VerdictCursorLost Verdict = "cursorLost"
)

// What errors.Is can ask of an *Error.
var (
	// ErrAuthentication: the verdict is VerdictAuthentication.
	ErrAuthentication = errors.New("mlp: not authenticated")
	// ErrNoToken: the token endpoint answered as one that works, and gave no token; nor did it refuse the client. One that does not work
	// is the breaker's.
	ErrNoToken = errors.New("mlp: no token to be had now")
	// ErrBreakerOpen: the circuit breaker let nothing out. RetryAfter is the time until it tries again.
	ErrBreakerOpen = errors.New("mlp: circuit breaker is open")
	// ErrNotFound: MLP answered that there is no such dossier.
	ErrNotFound = errors.New("mlp: not found")
	// ErrNumberChanged: a create was refused because MLP knows the person's number as replaced or cancelled.
	ErrNumberChanged = errors.New("mlp: the identity number was replaced or cancelled")
	// ErrCursorLost: the verdict is VerdictCursorLost.
	ErrCursorLost = errors.New("mlp: the feed lost the cursor")
	// ErrItem: one of those whom the request is about, or one item of a good answer, can be all that is wrong. Who asks about fewer people
	// finds out.
	ErrItem = errors.New("mlp: one item is wrong")
)

// TypeTimeout is the type of an Error where nothing came within a request's time.
const TypeTimeout = string(failTimeout)

// Error is why a request did not succeed. Nothing in it holds personal data: Title and Next
// are texts of this package, Type and Pointers are taken from the answer only where they
// are plain identifiers.
type Error struct {
	Operation string // operationId of the document
	Verdict   Verdict
	Status    int    // HTTP status; 0 where no answer came
	Type      string // problem type URN, or a word of ours: network, timeout, breakerOpen, ...
	Title     string
	Pointers  []string // JSON pointers of offending input
	// RetryAfter is how long MLP, or the breaker, asks to wait; 0 where nothing was
	// asked. It is not capped here.
	RetryAfter time.Duration
	TraceID    string
	Next       string // what a person can do

	// cancelled tells that the caller's context ended it.
	cancelled bool
	// retry tells that the same request may go out again within this call.
	retry bool
}

// Error names operation, status, type and verdict.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "mlp %s: ", e.Operation)
	if e.Status != 0 {
		fmt.Fprintf(&b, "%d ", e.Status)
	}
	fmt.Fprintf(&b, "%s: %s (%s)", shortType(e.Type), e.Title, e.Verdict)
	return b.String()
}

// Is lets errors.Is tell the sentinels of this package, and context.Canceled for a request
// that its caller gave up.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrAuthentication:
		return e.Verdict == VerdictAuthentication
	case ErrNoToken:
		return e.Type == string(failToken) && e.Status < 500
	case ErrBreakerOpen:
		return e.Type == typeBreaker
	case ErrNotFound:
		return e.Verdict == VerdictConflict && e.Status == 404
	case ErrNumberChanged:
		return e.Type == issueReplaced || e.Type == issueCanceled
	case ErrCursorLost:
		return e.Verdict == VerdictCursorLost
	case ErrItem:
		return e.oneAtFault()
	case context.Canceled:
		return e.cancelled
	}
	return false
}

// VerdictOf is the verdict of an error of this package. Any other error is a defect or
// a cancelled context before anything was sent: not sent.
func VerdictOf(err error) Verdict {
	var e *Error
	if errors.As(err, &e) {
		return e.Verdict
	}
	return VerdictNotSent
}

// shortType is the last part of a URN.
func shortType(urn string) string { return urn[strings.LastIndexByte(urn, ':')+1:] }
