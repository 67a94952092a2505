// Package contract holds recorded exchanges of the mock against schemas/mlp/openapi.yaml with libopenapi-validator, in strict mode and with formats asserted: an
// opinion that shares no code with the mock's own validation.
//
// It has tests only. They read the recordings in the directory that MOCKMLP_RECORDINGS names; without it, they have the mock's own tests make some. They never
// pass without exchanges.
package contract
