//go:build !linux

package e2e_test

import "testing"

func testUnreadable(t *testing.T, _ string) {
	t.Skip("running as another user is tried on Linux; elsewhere TestBadFiles has an unreadable file")
}
