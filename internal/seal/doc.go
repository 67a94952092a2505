// Package seal encrypts what lies at rest and makes the keyed stand-ins under which
// personal data is looked up and shown: index values and pseudonyms.
//
// Guaranteed: a sealed value or stream opens only with a key of the key file and
// with the same associated data; any changed, missing, moved or added byte is an
// error, a stream cut at a chunk border included; equal texts seal to different
// bytes. Keys never show through fmt. A *Keys may be used by many goroutines.
//
// Not guaranteed: that lengths are hidden (a sealed value is 30 bytes and its key id
// longer than its text), or that an old value put back in its own place is noticed
// (the audit chain is there for that). Losing the key file loses the data.
//
// Callers: the ledger (payload columns, index columns), the drop folder (claimed and
// quarantined files), the composition root (key file, pseudonyms for logs). It
// imports nothing of this project.
//
// Primitives are the standard library's: AES-256-GCM with random nonces (good for
// 2^32 values a key; rotate before), HKDF-SHA256 to give each use its own key,
// HMAC-SHA256 for stand-ins. Streams follow the STREAM construction: chunks of 64 KiB
// under a key of their own, numbered, the last one marked.
package seal
