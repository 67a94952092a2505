package sqlite_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"flag"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // to look, and to write, past the ledger

	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/ledger/ledgertest"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
	"github.com/mlpsync/mlpsync/internal/seal"
)

// TestMain keeps the model of the outbox short: each of its steps is a transaction on
// disk. -rapid.checks asks for more.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		_ = flag.Set("rapid.checks", "6")
	}
	os.Exit(m.Run())
}

func newKeys(t testing.TB) *seal.Keys {
	t.Helper()
	file, err := seal.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.ParseKeyFile(bytes.TrimSpace(file))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func open(t testing.TB, path string, keys *seal.Keys) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(context.Background(), sqlite.Options{Path: path, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestLedger(t *testing.T) {
	keys := newKeys(t)
	restore := func(t testing.TB, backup string) ledger.Store {
		path := filepath.Join(t.TempDir(), "ledger.db")
		_, err := sqlite.Restore(t.Context(), sqlite.Options{Path: path, Keys: keys}, backup, ledger.Actor{Name: "els", Reason: "new disk"})
		check(t, err)
		return open(t, path, keys)
	}
	t.Run("file", func(t *testing.T) {
		ledgertest.Run(t, ledgertest.Engine{Restore: restore, Open: func(t testing.TB) ledger.Store {
			return open(t, filepath.Join(t.TempDir(), "state", "ledger.db"), keys)
		}})
	})
	t.Run("memory", func(t *testing.T) {
		ledgertest.Run(t, ledgertest.Engine{Restore: restore, Open: func(t testing.TB) ledger.Store { return open(t, sqlite.Memory, keys) }})
	})
}
