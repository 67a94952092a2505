package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/dropfolder"
	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/internal/seal"
)

// StateReport is what state check looked at, and found.
type StateReport struct {
	Checks []ledger.Inspected `json:"checks"`
}

// Findings counts what is wrong.
func (r StateReport) Findings() int {
	n := 0
	for _, c := range r.Checks {
		n += len(c.Findings)
	}
	return n
}

// AuditHead is the end of a chain of audit: noted elsewhere, it shows later whether the
// chain was cut.
type AuditHead struct {
	Records int64  `json:"records"`
	Hash    string `json:"hash"`
}

// CheckState looks at the state beside a running daemon and changes nothing. deep also
// reads MLP and compares what is known of each dossier. A state that can't be opened is a
// finding, not an error.
func CheckState(ctx context.Context, o Options, deep bool) (StateReport, error) {
	var report StateReport
	missing := noState(o.Config)
	keys, err := loadKeys(o.Config)
	if err != nil {
		return report, err
	}
	store, err := sqlite.Open(ctx, sqlite.Options{Path: ledgerPath(o.Config), Keys: keys, ReadOnly: true, Zone: Zone()})
	if err != nil {
		return unopened(err)
	}
	if missing != nil {
		if err := store.Close(); err != nil {
			return report, err
		}
		return unopened(missing)
	}
	looked, err := store.Inspect(ctx)
	report.Checks = append(report.Checks, looked...)
	reliable := report.Findings() == 0
	var last map[string][]ledger.File
	if err == nil && reliable {
		last, err = lastFiles(ctx, store, o.Config.OCMWs)
	}
	if err := errors.Join(err, store.Close()); err != nil {
		return report, err
	}
	for _, oc := range o.Config.OCMWs {
		kept, err := inspectKept(ctx, o.Config, oc, keys, last[string(oc.KBONumber())])
		if err != nil {
			return report, err
		}
		report.Checks = append(report.Checks, kept)
	}
	if !deep || !reliable {
		return report, nil
	}
	compared, err := compareState(ctx, o)
	report.Checks = append(report.Checks, compared...)
	return report, err
}

// lastFiles are the files that the ledger took last of each feed, by OCMW. Ask it before the archive, which has them first. What is wrong
// with a profile is said elsewhere.
func lastFiles(ctx context.Context, store ledger.Ingest, ocmws []config.OCMW) (map[string][]ledger.File, error) {
	last := map[string][]ledger.File{}
	for _, o := range ocmws {
		kbo := string(o.KBONumber())
		profile, err := loadProfile(o.Profile)
		if err != nil {
			continue
		}
		for _, feed := range profile.Feeds {
			switch file, err := store.LastIngested(ctx, kbo, feed.Name); {
			case err == nil:
				last[kbo] = append(last[kbo], file)
			case !errors.Is(err, ledger.ErrNotFound):
				return nil, err
			}
		}
	}
	return last, nil
}

// inspectKept reads what is kept of the files that an OCMW's next delivery needs beside its own. last are those that the ledger knows.
func inspectKept(ctx context.Context, c *config.Config, o config.OCMW, keys *seal.Keys, last []ledger.File) (ledger.Inspected, error) {
	looked := ledger.Inspected{Check: "archive"}
	folder, err := dropfolder.New(dropfolder.Options{
		OCMW: string(o.KBONumber()), Folder: o.Inbox, State: keptDir(c, o), Profile: &adapters.Profile{}, Keys: keys, History: history{},
	})
	if err != nil {
		return looked, err
	}
	kept, notes, err := folder.Kept()
	if err != nil {
		return looked, &Hinted{Err: err, Next: "look at the rights of the state directory"}
	}
	find := func(what, next string) {
		looked.Findings = append(looked.Findings, ledger.Finding{Where: keptDir(c, o), What: what, Next: next, Err: errors.New(what)})
	}
	for _, n := range notes {
		find(n.Text, n.Hint)
	}
	for _, f := range last {
		if !slices.ContainsFunc(kept, func(k dropfolder.Kept) bool { return standsFor(k, f) }) {
			find(fmt.Sprintf("%s, the last file of feed %s, is not kept any more", f.Name, f.Feed), "put the folder back, or drop the last export once more, all its files")
		}
	}
	kept = slices.DeleteFunc(kept, func(k dropfolder.Kept) bool { return !k.Until.IsZero() })
	for _, k := range kept {
		err := readThrough(ctx, k.File.Input)
		if ctx.Err() != nil {
			return looked, ctx.Err()
		}
		if err != nil && isKept(folder, k.Number) { // else the daemon let it go meanwhile
			find(fmt.Sprintf("what is kept of file %d, %s, can't be read: %v", k.Number, k.File.Input.Name, Plain(err)),
				"drop the same file again, or a newer export of feed "+k.File.Feed)
		}
	}
	looked.Looked = fmt.Sprintf("OCMW %s: what is kept of %d files that later deliveries need", o.KBONumber(), len(kept))
	return looked, nil
}

// standsFor: what is kept is the file that was ingested last, or a later one, which is read again when an older ledger was restored.
func standsFor(k dropfolder.Kept, last ledger.File) bool {
	return k.File.Feed == last.Feed && k.Problem == nil && (k.File.Hash == last.Hash || k.File.Snapshot.After(last.SnapshotOn))
}

func isKept(folder *dropfolder.Folder, number int) bool {
	kept, _, err := folder.Kept()
	return err != nil || slices.ContainsFunc(kept, func(k dropfolder.Kept) bool { return k.Number == number })
}

func readThrough(ctx context.Context, in adapters.Input) error {
	content, err := in.Open()
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, &watchedReader{ctx: ctx, r: content})
	return errors.Join(err, content.Close())
}

// keptDir is where what is kept of an OCMW's files lies.
func keptDir(c *config.Config, o config.OCMW) string {
	return filepath.Join(c.StateDir, "files", string(o.KBONumber()))
}

func ledgerPath(c *config.Config) string { return filepath.Join(c.StateDir, "ledger.db") }

// noState is what is found where there is no ledger, and nothing says that there was one: a disk that is not mounted looks so too, and an
// empty ledger looks well. Nil where there is one. Ask it before the ledger is opened: a daemon may make it meanwhile.
func noState(c *config.Config) error {
	path := ledgerPath(c)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return &Hinted{Err: fmt.Errorf("no state is here: %s", path), Finding: true,
		Next: "if mlpsync ran here before, look at stateDir in the configuration, and whether its disk is mounted; else there is nothing to see before its first start"}
}

// NeedState is nil where there is a state to read, else what was found.
func (a *App) NeedState() error { return a.noState }

// unopened is the report on a state that says itself what is wrong with it.
func unopened(err error) (StateReport, error) {
	var hinted interface{ Hint() string }
	if !errors.As(err, &hinted) {
		return StateReport{}, err
	}
	return StateReport{Checks: []ledger.Inspected{{
		Check: "open", Looked: "the state", Findings: []ledger.Finding{{What: err.Error(), Next: hinted.Hint(), Err: err}},
	}}}, nil
}

func compareState(ctx context.Context, o Options) (all []ledger.Inspected, err error) {
	o.Mode = Beside
	a, err := Open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	for _, oc := range o.Config.OCMWs {
		c := comparison{app: a, ocmw: string(oc.KBONumber()), ahead: map[string]bool{}}
		if err := c.run(ctx); err != nil {
			return all, err
		}
		all = append(all, c.told())
	}
	return all, nil
}

// comparison holds what is known of an OCMW's dossiers against MLP, while a daemon may go
// on beside it.
type comparison struct {
	app   *App
	ocmw  string
	ahead map[string]bool // dossiers that the change feed brings after the position that is known
	lost  bool            // the feed lost that position: everybody will be looked up
	mute  bool            // MLP can't be read

	known, equal, coming, busy int
	findings                   []ledger.Finding
}

// differing is a client of whom MLP holds something else than is known.
type differing struct {
	view ledger.ClientView
	held *casefile.Dossier
}

// run takes the feed's position first: what differs afterwards and stands behind it, the
// daemon will read by itself.
func (c *comparison) run(ctx context.Context) error {
	cursor, err := c.app.store.Cursor(ctx, c.ocmw)
	if err != nil {
		return err
	}
	differ, err := c.differences(ctx)
	if err == nil && cursor != "" && len(differ) > 0 {
		err = c.readFeed(ctx, cursor)
	}
	var remote interface{ Remote() bool }
	if errors.As(err, &remote) && ctx.Err() == nil {
		c.mute = true
		c.find("", "MLP can't be read: "+err.Error(), hintIn(err, "check the connection and try again"))
		return nil
	}
	if err != nil {
		return err
	}
	for _, d := range differ {
		if err := c.judge(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

func hintIn(err error, otherwise string) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) && hinted.Hint() != "" {
		return hinted.Hint()
	}
	return otherwise
}

func (c *comparison) find(where, what, next string) {
	c.findings = append(c.findings, ledger.Finding{Where: where, What: what, Next: next, Err: errors.New(what)})
}

// differences asks MLP for every known dossier, in calls of as many as it takes.
func (c *comparison) differences(ctx context.Context) ([]differing, error) {
	var differ []differing
	var batch []ledger.ClientView
	ask := func() error {
		found, err := c.query(ctx, batch)
		differ, batch = append(differ, found...), batch[:0]
		return err
	}
	err := c.app.store.Decisions(ctx, c.ocmw, func(v ledger.ClientView) error {
		if v.Known.Dossier == nil || !v.Known.LookedUp {
			return nil
		}
		c.known++
		if batch = append(batch, v); len(batch) < mlp.MaxQuery {
			return nil
		}
		return ask()
	})
	if err == nil && len(batch) > 0 {
		err = ask()
	}
	return differ, err
}

func (c *comparison) query(ctx context.Context, batch []ledger.ClientView) ([]differing, error) {
	var ask []mlp.Lookup
	for _, v := range batch {
		ask = append(ask, mlp.Lookup{Person: v.Person, INSZ: v.Known.Dossier.Person.INSZ})
	}
	found, err := c.app.channel.clients[c.ocmw].Query(ctx, ask)
	if err != nil {
		return nil, err
	}
	var differ []differing
	for _, v := range batch {
		d := differing{view: v}
		if held, there := found.Dossiers[v.Person]; there {
			d.held = &held
		}
		same, err := sameDossier(v.Known.Dossier, d.held)
		if err != nil {
			return nil, err
		}
		if same {
			c.equal++
			continue
		}
		differ = append(differ, d)
	}
	return differ, nil
}

func sameDossier(known, held *casefile.Dossier) (bool, error) {
	if known == nil || held == nil {
		return known == held, nil
	}
	a, err := unordered(known)
	if err != nil {
		return false, err
	}
	b, err := unordered(held)
	return bytes.Equal(a, b), err
}

// unordered writes a dossier with its registrations by id: the order in which they became
// known is not MLP's.
func unordered(d *casefile.Dossier) ([]byte, error) {
	d = d.Clone()
	slices.SortFunc(d.Registrations, func(a, b casefile.Registration) int { return strings.Compare(a.ID, b.ID) })
	return casefile.MarshalKnown(casefile.Known{Dossier: d})
}

func (c *comparison) readFeed(ctx context.Context, cursor string) error {
	const pageSize = 500
	for {
		page, err := c.app.channel.clients[c.ocmw].Changes(ctx, cursor, pageSize)
		if errors.Is(err, mlp.ErrCursorLost) {
			c.lost = true
			return nil
		}
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			c.ahead[item.Dossier.ID] = true
		}
		if !page.More || page.Next == cursor {
			return nil
		}
		cursor = page.Next
	}
}

// judge tells a difference that goes away by itself from one that stays.
func (c *comparison) judge(ctx context.Context, d differing) error {
	known, err := c.app.store.Known(ctx, d.view.Person)
	if err != nil {
		return err
	}
	same, err := sameDossier(known.Dossier, d.held)
	if err != nil {
		return err
	}
	going, err := c.app.store.Entries(ctx, ledger.EntryFilter{
		Person: d.view.Person, States: []outbox.State{outbox.Claimed, outbox.InDoubt}, Limit: 1,
	})
	switch {
	case err != nil:
		return err
	case same:
		c.equal++
	case len(going) > 0 || !known.LookedUp:
		c.busy++
	case c.lost || c.ahead[known.Dossier.ID] || d.held != nil && c.ahead[d.held.ID]:
		c.coming++
	default:
		what, next := different(known.Dossier, d.held)
		c.find("client "+d.view.Pseudonym, what, next)
	}
	return nil
}

// different says how MLP differs from what is known, where the change feed will not
// bring it.
func different(known, held *casefile.Dossier) (what, next string) {
	const anew = `have everything read anew: stop the daemon, "mlpsync state backup FILE", "mlpsync state restore FILE", start it`
	switch {
	case held == nil:
		return fmt.Sprintf("MLP holds no dossier of this client in the OCMW's area; version %d was known", known.Version), "ask VDAB; then " + anew
	case held.ID != known.ID:
		return "MLP holds another dossier of this client than the one that is known", "ask VDAB; then " + anew
	case held.Version < known.Version:
		return fmt.Sprintf("MLP holds version %d of the dossier, and version %d was known: was MLP put back?", held.Version, known.Version), "ask VDAB; then " + anew
	case held.Version > known.Version:
		return fmt.Sprintf("MLP holds version %d of the dossier, version %d is known, and the change feed does not tell", held.Version, known.Version), anew
	}
	return fmt.Sprintf("MLP holds other data under the same version %d of the dossier", held.Version), anew
}

func (c *comparison) told() ledger.Inspected {
	if c.mute {
		return ledger.Inspected{Check: "mlp", Looked: "OCMW " + c.ocmw + ": not compared", Findings: c.findings}
	}
	looked := fmt.Sprintf("OCMW %s: %d known dossiers, %d as MLP holds them", c.ocmw, c.known, c.equal)
	if c.coming > 0 {
		looked += fmt.Sprintf(", %d changed in MLP and not read yet", c.coming)
	}
	if c.lost {
		looked += "; MLP's change feed lost our position, so the daemon will look everybody up"
	}
	if c.busy > 0 {
		looked += fmt.Sprintf(", %d being written or looked up now", c.busy)
	}
	return ledger.Inspected{Check: "mlp", Looked: looked, Findings: c.findings}
}

// BackupReport is what a backup holds.
type BackupReport struct {
	File  string    `json:"file"`
	Bytes int64     `json:"bytes"`
	Audit AuditHead `json:"audit"`
}

// BackUp copies the ledger, as it is now, into a new file; a daemon goes on beside it.
func (a *App) BackUp(ctx context.Context, file string) (BackupReport, error) {
	if file == "" {
		return BackupReport{}, misuse(errors.New("no file is named for the backup"), "name the file to make: mlpsync state backup FILE")
	}
	head, err := a.store.Backup(ctx, file)
	var path *fs.PathError
	switch {
	case errors.Is(err, sqlite.ErrBackupExists):
		return BackupReport{}, misuse(fmt.Errorf("%s: %w", file, sqlite.ErrBackupExists), "name another file")
	case errors.As(err, &path):
		return BackupReport{}, &Hinted{Err: fmt.Errorf("the backup %s can't be made: %w", file, Plain(err)), Next: "check that its folder is there, its rights and its space"}
	case err != nil:
		return BackupReport{}, err
	}
	report := BackupReport{File: file, Audit: auditHead(head)}
	if info, err := os.Stat(file); err == nil {
		report.Bytes = info.Size()
	}
	return report, nil
}

func auditHead(h audit.Head) AuditHead { return AuditHead{Records: h.Seq, Hash: h.Hash.String()} }

// RestoreReport is what came of a restore.
type RestoreReport struct {
	Aside string    `json:"aside,omitempty"` // where the state of before is kept
	Audit AuditHead `json:"audit"`
}

// RestoreState puts a backup in the place of the state. No daemon may run.
func RestoreState(ctx context.Context, o Options, file string, by Actor) (report RestoreReport, err error) {
	if err := NeedReason(by); err != nil {
		return report, err
	}
	keys, err := readKeys(o.Config) // a backup can't be read with a new one
	if err != nil {
		return report, err
	}
	release, err := Lock(o.Config.StateDir)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, release()) }()
	done, err := sqlite.Restore(ctx, sqlite.Options{Path: ledgerPath(o.Config), Keys: keys, Zone: Zone()}, file, by)
	return RestoreReport{Aside: done.Aside, Audit: auditHead(done.Head)}, err
}
