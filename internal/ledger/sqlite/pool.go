package sqlite

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
	engine "zombiezen.com/go/sqlite"
)

// errNoRows is what a query for one row ends in that has none.
var errNoRows = errors.New("there is no such row")

var errClosed = errors.New("the ledger was closed")

// pool is the connections to one database. They are opened when they are needed, and kept.
type pool struct {
	uri      string
	settings []string
	begin    string        // how its transactions begin
	turns    chan struct{} // as many as there may be connections; who takes one has a connection to himself
	closed   chan struct{} // once Close has begun
	close    sync.Once
	mu       sync.Mutex
	free     []*conn // that were opened: the last one used first
}

// connections opens one, so that what can't be opened is told at once.
func connections(uri, begin string, most int, settings []string) (*pool, error) {
	first, err := connect(uri, settings)
	if err != nil {
		return nil, err
	}
	p := &pool{uri: uri, settings: settings, begin: begin, turns: make(chan struct{}, most), closed: make(chan struct{}), free: []*conn{first}}
	for range most {
		p.turns <- struct{}{}
	}
	return p, nil
}

// take waits for a connection, which is given back by give.
func (p *pool) take(ctx context.Context) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, errClosed
	case <-p.turns:
	}
	if c := p.opened(); c != nil {
		return c, nil
	}
	c, err := connect(p.uri, p.settings)
	if err != nil {
		p.turns <- struct{}{}
	}
	return c, err
}

// opened takes a connection that is open; nil where there is none.
func (p *pool) opened() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free)
	if n == 0 {
		return nil
	}
	c := p.free[n-1]
	p.free = p.free[:n-1]
	return c
}

func (p *pool) give(c *conn) {
	p.mu.Lock()
	p.free = append(p.free, c)
	p.mu.Unlock()
	p.turns <- struct{}{}
}

// with runs do with a connection. No transaction is open on it.
func (p *pool) with(ctx context.Context, do func(*conn) error) error {
	c, err := p.take(ctx)
	if err != nil {
		return err
	}
	defer p.give(c)
	return do(c)
}

// Close waits until every connection was given back.
func (p *pool) Close() error {
	var errs []error
	p.close.Do(func() {
		close(p.closed)
		for range cap(p.turns) {
			<-p.turns
		}
		for _, c := range p.free {
			errs = append(errs, c.Close())
		}
	})
	return errors.Join(errs...)
}

// conn is a connection, for one goroutine at a time. It compiles each text once, as that takes several times what running a short statement
// does. The texts are all in this package, so there are no more of them than it holds.
type conn struct {
	*engine.Conn
	compiled map[string]*statement
	patience time.Duration // how long the beginning of a transaction waits for other processes
}

// A statement waits for another process as long as busyFor. The beginning of a transaction, which is where writers wait for one another, looks
// each busyLook whether its context has ended.
const (
	busyFor  = 30 * time.Second
	busyLook = 100 * time.Millisecond
)

// init does what the driver for database/sql does when it is loaded, as the ledger does not load it: on arm64 with pages of 64 KiB the index
// of the write-ahead log would not lie where the system wants it.
func init() { sqlite3.PatchIssue199() }

func connect(uri string, settings []string) (*conn, error) {
	opened, err := engine.OpenConn(uri, engine.OpenReadWrite, engine.OpenCreate, engine.OpenURI)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: opened, compiled: map[string]*statement{}, patience: busyFor}
	c.SetBusyTimeout(busyFor)
	for _, setting := range settings {
		if err := c.script("PRAGMA " + setting); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

// statement is one that is compiled.
type statement struct {
	*engine.Stmt
	running bool
	once    bool // nobody else uses it
	large   bool // SQLite holds on to much of what it was given
}

// start compiles a text, unless it was, and binds its values. One that is being walked meanwhile is compiled once more.
func (c *conn) start(query string, args []any) (*statement, error) {
	st := c.compiled[query]
	if st == nil || st.running {
		var err error
		if st, err = c.compile(query, st != nil); err != nil {
			return nil, err
		}
	}
	st.running, st.large = true, slices.ContainsFunc(args, large)
	if err := bind(st.Stmt, args); err != nil {
		return nil, errors.Join(err, st.end())
	}
	return st, nil
}

func (c *conn) compile(query string, once bool) (*statement, error) {
	if once {
		st, _, err := c.PrepareTransient(query)
		return &statement{Stmt: st, once: true}, err
	}
	st, err := c.Prepare(query)
	if err != nil {
		return nil, err
	}
	c.compiled[query] = &statement{Stmt: st}
	return c.compiled[query], nil
}

// end lets go of what the statement holds of the database.
func (st *statement) end() error {
	st.running = false
	if st.once {
		return st.Finalize()
	}
	err := st.Reset()
	if st.large {
		_ = st.ClearBindings() // of a connection that is interrupted they go with the next ones
	}
	return err
}

// begin begins a transaction.
func (c *conn) begin(ctx context.Context, how string) error {
	if how != toWrite {
		return c.exec(how)
	}
	c.SetBusyTimeout(busyLook)
	defer c.SetBusyTimeout(busyFor)
	var err error
	for range c.patience / busyLook {
		if err = c.exec(how); codeOf(err) != engine.ResultBusy || ctx.Err() != nil {
			break
		}
	}
	return err
}

// exec runs a statement to its end.
func (c *conn) exec(query string, args ...any) error {
	st, err := c.start(query, args)
	if err != nil {
		return err
	}
	return errors.Join(finish(st.Stmt), st.end())
}

// row scans the first row of a query; errNoRows when there is none.
func (c *conn) row(query string, args []any, into ...any) error {
	st, err := c.start(query, args)
	if err != nil {
		return err
	}
	there, err := st.Step()
	switch {
	case err != nil:
	case there:
		err = (*rows)(st.Stmt).Scan(into...)
	default:
		err = errNoRows
	}
	return errors.Join(err, st.end())
}

// script runs statements one after the other, and keeps none of them. Behind the last one nothing may stand, not even a comment.
func (c *conn) script(text string) error {
	for text = strings.TrimSpace(text); text != ""; {
		st, left, err := c.PrepareTransient(text)
		if err != nil {
			return err
		}
		text = strings.TrimSpace(text[len(text)-left:])
		if err := errors.Join(finish(st), st.Finalize()); err != nil {
			return err
		}
	}
	return nil
}

// finish runs a statement to its end.
func finish(st *engine.Stmt) (err error) {
	for more := true; more && err == nil; {
		more, err = st.Step()
	}
	return err
}

// rollBack undoes the transaction that is open, unless SQLite has done so itself, as it does where its disk fails.
func (c *conn) rollBack() {
	c.SetInterrupt(nil)
	if !c.AutocommitEnabled() {
		_ = c.exec("ROLLBACK")
	}
}
