// Package deliver works on the queue: it claims entries, sends each, and records what MLP
// made of it.
//
// It guarantees: one entry of a person at a time, in order; the next goes out when MLP has taken the one before, on the
// version that MLP's answer told, or else when it is recorded what became of that one; what is in
// doubt is read before it is sent again, and before anything else of its person is sent (design decision 14); a dossier that moved
// otherwise than by the lane itself is never written on: the client is decided again; a
// channel that is shut (breaker, authentication, throttled) costs no entry an attempt, and an outage
// parks nothing. Answers share commits, and workers go on to other people meanwhile: what a kill leaves in
// doubt is Workers + Unsettled at most (Options). When it is told to stop, requests that are out are waited for and recorded.
//
// It does not decide what an answer means (mlp does), nor what a state may become (outbox),
// nor when to run: internal/cycle calls Run, and again when the report says.
package deliver
