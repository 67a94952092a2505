package mlp

// Hint is what a person can do: what every error of ours that a user sees has.
func (e *Error) Hint() string { return e.Next }

// Remote tells callers that don't know this package that the API, or the way
// to it, is at fault, not this process: it stops no other work.
func (e *Error) Remote() bool { return true }
