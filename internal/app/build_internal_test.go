package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Two programs of one size and time are told apart.
func TestProgramsAreToldApart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mlpsync")
	seen := map[string]bool{}
	for _, content := range []string{"Go build ID: a", "Go build ID: b", "Go build ID: a"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		id, err := buildOf(path)
		if err != nil {
			t.Fatal(err)
		}
		seen[id] = true
	}
	if len(seen) != 2 {
		t.Errorf("two programs are %d", len(seen))
	}
	if _, err := buildOf(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a program that is not there has an id")
	}
}
