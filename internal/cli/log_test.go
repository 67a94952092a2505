package cli

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestAJournalIsNoPerson(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a socket is no file there")
	}
	path := filepath.Join(t.TempDir(), "journal")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	journal, err := c.(*net.UnixConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	one, other := file(t), file(t)
	if readAlong(journal, journal) || readAlong(one, journal) || readAlong(one, other) || !readAlong(one, one) {
		t.Error("who reads the log is not who was taken for it")
	}
}

func file(t *testing.T) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}
