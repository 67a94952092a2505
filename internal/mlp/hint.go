package mlp

// Hint is what a person can do: what every error of ours that a user sees has.
func (e *Error) Hint() string { return e.Next }

// Trace is the trace id of the request; empty where none was sent.
func (e *Error) Trace() string { return e.TraceID }

// Remote tells callers that don't know this package that the API, or the way
// to it, is at fault, not this process: it stops no other work.
func (e *Error) Remote() bool { return true }

// Timeout tells that nothing came within a request's time, and that who asks again may wait
// as long again.
func (e *Error) Timeout() bool { return e.Type == TypeTimeout }
