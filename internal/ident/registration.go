package ident

import (
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// registrationNamespace is the UUIDv5 namespace of registration ids. It must never
// change: the same registration would get a second id, and be made twice.
func registrationNamespace() uuid.UUID {
	return uuid.UUID{0x6d, 0x1c, 0x2f, 0x0e, 0x9b, 0x47, 0x4a, 0x53, 0x8e, 0x21, 0x5f, 0xa8, 0x70, 0xc4, 0x3d, 0x96}
}

// RegistrationID is the id that we choose for one registration in MLP: a UUIDv5 of
// the OCMW, the kind of registration and its own key, so that a registration that is
// sent again has the same id. It is computed once and stored.
//
// Parts are joined with their length before them, so that ("ab", "c") and
// ("a", "bc") differ. Part order counts. A part may be personal (an internal person
// id is, an INSZ must not be: it can be replaced): the id is a SHA-1, which hides a
// guessable part from nobody who knows the other parts.
func RegistrationID(ocmw KBO, kind string, keyParts ...string) string {
	var b strings.Builder
	for _, part := range append([]string{string(ocmw), kind}, keyParts...) {
		b.WriteString(strconv.Itoa(len(part)))
		b.WriteByte(':')
		b.WriteString(part)
	}
	return uuid.NewSHA1(registrationNamespace(), []byte(b.String())).String()
}
