// Package mlp is the client of the MLP-compatible API that schemas/mlp/openapi.yaml
// describes. There is no public MLP API: the document is this project's own, and this
// package is the one place that knows how it looks on the wire.
//
// It guarantees: a write goes out again by itself only when it certainly was not taken
// (design decision 14); every request is judged by the document before it leaves, names a
// caseworker where it writes, and carries a trace id; what an answer means is decided
// once, here, as a Verdict (design decision 17), and Classification is the table of it; no
// error, log line or URL holds an INSZ, a name, a body or an address of a host.
//
// It does not guarantee that a write that ends in doubt was or was not taken: the caller
// reads to find out (Holds). It keeps nothing but the token, the breaker and the rate;
// it never logs: OnRequest and OnBreaker tell.
//
// Callers: deliver (writes, and reads that resolve them), observe (look-ups and the change
// feed), the wiring. A Client serves one OCMW, and is safe for concurrent use.
package mlp
