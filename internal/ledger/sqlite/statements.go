package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// statements are those of one database that are compiled once and used by all its transactions: compiling costs several
// times what running a short one does. The texts are all in this package, so there are no more of them than it holds.
type statements struct {
	mu   sync.Mutex
	kept map[string]*sql.Stmt // nil: what can't be kept, as its tables are gone with its transaction
}

// find gives the statement for a text; nil when there is none. A nil k keeps nothing.
func (k *statements) find(query string) *sql.Stmt {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kept[query]
}

// learn keeps the texts that a transaction prepared. It runs after the transaction: the one connection that
// writes is free again. A text that can't be compiled now is compiled in each transaction, as before.
func (k *statements) learn(ctx context.Context, db *sql.DB, prepared map[string]*sql.Stmt) {
	if k == nil {
		return
	}
	for query := range prepared {
		if k.known(query) {
			continue
		}
		st, err := db.PrepareContext(ctx, query)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			st = nil
		}
		k.keep(query, st)
	}
}

func (k *statements) known(query string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, known := k.kept[query]
	return known
}

func (k *statements) keep(query string, st *sql.Stmt) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == nil {
		k.kept = map[string]*sql.Stmt{}
	}
	if before := k.kept[query]; before != nil && st != nil {
		_ = st.Close() // another transaction was first
		return
	}
	k.kept[query] = st
}
