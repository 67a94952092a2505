// Package deliver works on the queue: it claims entries, sends each, and records what MLP
// made of it.
//
// It guarantees: one entry of a person at a time, in order; an entry that was sent is
// settled, or its doubt recorded, before anything else of that person is claimed; what is in
// doubt is read before it is sent again (design decision 14); a dossier that moved
// otherwise than by the lane itself is never written on: the client is decided again; a
// channel that is shut (breaker, authentication, throttled) costs no entry an attempt, and an outage
// parks nothing. Answers share commits, and workers go on to other people meanwhile: what a kill leaves in
// doubt is Workers + Unsettled at most (Options). When it is told to stop, requests that are out are waited for and recorded.
//
// It does not decide what an answer means (mlp does), nor what a state may become (outbox),
// nor when to run: internal/cycle calls Run, and again when the report says.
package deliver
