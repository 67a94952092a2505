package sqlite

import (
	"context"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/mlpsync/mlpsync/internal/seal"
)

//go:embed schema/*.sql
var schemas embed.FS

// schemaVersion is the number of the last migration, kept in user_version.
const schemaVersion = 9

// migrate brings an older schema forward, one file a version, each in a transaction
// of its own together with its number.
func (s *Store) migrate(ctx context.Context) error {
	have, err := s.userVersion(ctx)
	if err != nil {
		return err
	}
	if have > schemaVersion {
		return newerSchema(have)
	}
	for v := have + 1; v <= schemaVersion; v++ {
		if err := s.migrateTo(ctx, v); err != nil {
			return fmt.Errorf("bring schema to version %d: %w", v, err)
		}
	}
	return nil
}

func (s *Store) migrateTo(ctx context.Context, version int) error {
	script, err := schemas.ReadFile(fmt.Sprintf("schema/%03d.sql", version))
	if err != nil {
		return err
	}
	return s.transact(ctx, s.writer, "migrate", func(t *tx) error {
		t.interruptible()
		if err := t.once(string(script)); err != nil {
			return err
		}
		return t.once(fmt.Sprintf("PRAGMA user_version = %d", version))
	})
}

func (s *Store) refuseOtherSchema(ctx context.Context) error {
	have, err := s.userVersion(ctx)
	switch {
	case err != nil:
		return err
	case have > schemaVersion:
		return newerSchema(have)
	case have < schemaVersion:
		return &hinted{fmt.Errorf("the state has schema version %d and this program %d", have, schemaVersion),
			"start the daemon of this version once: it brings the state forward"}
	}
	return nil
}

func newerSchema(have int) error {
	return &hinted{fmt.Errorf("the state was written by a newer mlpsync (schema version %d, this program knows %d)", have, schemaVersion),
		"install that version again, or restore a backup that this one made"}
}

func (s *Store) userVersion(ctx context.Context) (int, error) {
	var v int
	if err := s.ask(ctx, `PRAGMA user_version`, &v); err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	return v, nil
}

// proveKeys opens a text that was sealed when the state was made, and compares a
// digest: with another encryption key nothing could be read, and with another index
// key every client would be new.
func (s *Store) proveKeys(ctx context.Context, write bool) error {
	const name = "keys"
	proof := base64.StdEncoding.EncodeToString(s.ix(name))
	var stored string
	err := s.writer.with(ctx, func(c *conn) error { return c.row(`SELECT value FROM meta WHERE key = ?`, []any{name}, &stored) })
	if errors.Is(err, errNoRows) && write {
		sealed := base64.StdEncoding.EncodeToString(s.keys.Seal([]byte(proof), seal.AAD("meta", name)))
		err = s.writer.with(ctx, func(c *conn) error { return c.exec(`INSERT INTO meta (key, value) VALUES (?, ?)`, name, sealed) })
		return wrap("prove keys", err)
	}
	if err != nil {
		return fmt.Errorf("prove keys: %w", err)
	}
	sealed, err := base64.StdEncoding.DecodeString(stored)
	if err != nil {
		return fmt.Errorf("prove keys: %w", err)
	}
	opened, err := s.keys.Open(sealed, seal.AAD("meta", name))
	if err != nil || string(opened) != proof {
		return ErrWrongKeys
	}
	return nil
}
