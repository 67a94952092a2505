// Package app wires the parts together and offers what the command line asks
// for: the composition root.
//
// It guarantees that only one process writes a state directory (the daemon, or
// once and apply in its place); that other commands read beside it and leave
// orders; and that whatever it opens is closed in the reverse order. Nothing is
// decided, sent or stored here by its own hand. internal/cli calls it.
package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/dropfolder"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/internal/plan"
	"github.com/mlpsync/mlpsync/internal/report"
	"github.com/mlpsync/mlpsync/internal/seal"
	"github.com/mlpsync/mlpsync/mapping"
	"github.com/mlpsync/mlpsync/schemas/ocmw"
)

// Mode is what the state is opened for.
type Mode int

// The modes. Daemon and Once hold the lock and write; Beside reads, and leaves
// orders for the daemon.
const (
	Daemon Mode = iota
	Once
	Beside
)

// Actor is who gives an order, and why.
type Actor = ledger.Actor

// Note is a standing remark.
type Note = ledger.Note

// EntryState is where an entry of the outbox stands.
type EntryState = outbox.State

// Options are what an application is opened with.
type Options struct {
	Config *config.Config
	Mode   Mode
	Getenv func(string) string
	Log    zerolog.Logger
	// Locked: the caller holds the lock already.
	Locked bool
	// Settled is called with the summary of each run of the daemon that did
	// something; nil for nothing.
	Settled func(Summary)
	// Reached is told of each named point that the work passes. It is nil except in the child
	// process of the self-test, which dies there (internal/failpoint).
	Reached func(point string)
}

// App is an opened application. Close it.
type App struct {
	Options
	config   *config.Config
	keys     *seal.Keys
	store    ledger.Store
	noState  error // what was found where a command beside the daemon finds none; else nil
	clock    clock
	rules    *mapping.Rules
	decoder  *ocmw.Decoder
	profiles map[string]*adapters.Profile // by KBO number
	channel  *channel
	pulse    pulse
	again    atomic.Int64                                                        // clients who are decided again as an entry of theirs was damaged, since the last delivery ended
	foresee  func(context.Context, ledger.ClientView) (casefile.Decision, error) // decideNow; its own in a test
	room     func(folder string) (free uint64, known bool)                       // freeRoom; its own in a test
	cleanups []func() error
}

// Open wires everything that the configuration names.
func Open(ctx context.Context, o Options) (_ *App, err error) {
	a := &App{Options: o, config: o.Config, profiles: map[string]*adapters.Profile{}}
	a.foresee, a.room = a.decideNow, freeRoom
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.keys, err = loadKeys(o.Config); err != nil {
		return nil, err
	}
	if err := a.openStore(ctx); err != nil {
		return nil, err
	}
	if a.clock, err = openClock(ctx, o.Config, a.store); err != nil {
		return nil, err
	}
	if o.Mode != Beside && !a.clock.base.IsZero() {
		a.cleanups = append(a.cleanups, a.keepClock())
	}
	if a.decoder, err = ocmw.New(); err != nil {
		return nil, fmt.Errorf("compile schemas: %w", err)
	}
	a.rules = mapping.New()
	for _, oc := range o.Config.OCMWs {
		if a.profiles[string(oc.KBONumber())], err = loadProfile(oc.Profile); err != nil {
			return nil, err
		}
	}
	if a.channel, err = a.openChannel(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// openStore opens the ledger, and takes the lock where it will be written.
func (a *App) openStore(ctx context.Context) error {
	if a.Mode != Beside && !a.Locked {
		unlock, err := Lock(a.config.StateDir)
		if err != nil {
			return err
		}
		a.cleanups = append(a.cleanups, unlock)
	}
	a.noState = noState(a.config)
	store, err := sqlite.Open(ctx, sqlite.Options{
		Path: ledgerPath(a.config), Keys: a.keys, ReadOnly: a.Mode == Beside, Now: a.now, Zone: Zone(), Reached: a.Reached,
		Damaged: a.sayDamaged,
	})
	if err != nil {
		return err // says itself that it is about opening the ledger
	}
	a.store = store
	a.cleanups = append(a.cleanups, store.Close)
	if a.noState != nil && a.Mode != Beside && !a.Locked {
		a.Log.Warn().Str("event", "state.new").Str("hint", "right at the first start; else stop it, and look at stateDir in the configuration and whether its disk is mounted: a new state knows no pause, hold, answer or discard").
			Msg("no state was here, and a new one was made: " + ledgerPath(a.config))
	}
	return nil
}

// sayDamaged logs what the ledger set aside.
func (a *App) sayDamaged(d ledger.Damage) {
	if d.Again {
		a.again.Add(1)
	}
	a.Log.Error().Str("event", "state.unreadable").Str("ocmw", d.OCMW).Str("client", d.Pseudonym).Str("entry", d.Entry).Str("what", d.What).
		Str("hint", "look at the disk, and run \"mlpsync state check\"").Msg("something that is kept can't be read back: " + d.Done)
}

// Lock makes this process the one that writes a state directory, until release is called.
func Lock(stateDir string) (release func() error, err error) {
	release, err = sqlite.Lock(stateDir)
	if errors.Is(err, ledger.ErrInUse) {
		return nil, &Hinted{Err: err, Next: "stop the other one first; status, plan, explain, queue, files and guard work beside it"}
	}
	if err != nil {
		return nil, &Hinted{Err: fmt.Errorf("lock the state directory: %w", err), Next: "look at the rights of the state directory and at its disk: the user that mlpsync runs as must be able to write there"}
	}
	return release, nil
}

// Close closes what Open opened, last first.
func (a *App) Close() error {
	var errs []error
	for _, cleanup := range slices.Backward(a.cleanups) {
		errs = append(errs, cleanup())
	}
	a.cleanups = nil
	a.pass(shutdownClosed)
	return errors.Join(errs...)
}

// cycleOptions are the parts of a cycle on a ledger: a.store, or a copy of it.
func (a *App) cycleOptions(store ledger.Store) (cycle.Options, error) {
	guard := a.config.Guard
	parts := cycle.Options{
		Store: store, Rules: a.rules, Decoder: a.decoder, Formats: formats(),
		Observer: a.channel.observer(store), Deliverer: a.channel.deliverer(store),
		Reporter: a.reporter(store),
		Guard: plan.Limits{
			ChangePercent: guard.SharePercent, ChangeClients: guard.Clients,
			ShrinkPercent: guard.ShrinkPercent, ShrinkRows: guard.ShrinkRows,
		},
		Inspect: a.inspect, Release: guard.Release, TestNumbers: a.config.Environment == config.Test,
		Build: build(), Zone: Zone(), Now: a.now, Log: a.Log,
	}
	if store == a.store {
		parts.Heartbeat, parts.Progress = a.heartbeat, a.pulse.mark
	}
	for _, o := range a.config.OCMWs {
		served, err := a.cycleOCMW(o, store)
		if err != nil {
			return parts, err
		}
		parts.OCMWs = append(parts.OCMWs, served)
	}
	return parts, nil
}

// build tells one program from another: by the file's time and size, and by its begin, where Go puts a digest of all that it was
// made of. Images can have one time for all files, and a number that changed changes no size. Where there is no file to be
// seen, each process is another program.
func build() string {
	file, err := os.Executable()
	if err == nil {
		var id string
		if id, err = buildOf(file); err == nil {
			return id
		}
	}
	return fmt.Sprint("process of ", time.Now().UnixNano())
}

func buildOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	const begin = 32 << 10 // where the go command looks for it too (cmd/internal/buildid)
	digest := sha256.New()
	if _, err := io.Copy(digest, io.LimitReader(f, begin)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %d %x", info.Size(), info.ModTime().UnixNano(), digest.Sum(nil)), nil
}

func (a *App) reporter(store ledger.Reading) *report.Writer {
	ocmws := map[string]report.OCMW{}
	for _, o := range a.config.OCMWs {
		ocmws[string(o.KBONumber())] = report.OCMW{Folder: o.Reports, DefaultCaseworker: o.DefaultCaseworker}
	}
	return report.New(store, Zone(), ocmws)
}

func (a *App) cycleOCMW(o config.OCMW, store ledger.Store) (cycle.OCMW, error) {
	kbo := string(o.KBONumber())
	source, err := a.source(o, store)
	return cycle.OCMW{
		KBO: kbo, Name: o.Name, Profile: a.profiles[kbo], Source: source,
		On: func(day casefile.Date) casefile.OCMW {
			return casefile.OCMW{
				KBO: o.KBONumber(), NIS: o.NISOn(string(day)), DefaultCaseworker: o.DefaultCaseworker,
				HealthDataAgreed: o.HealthDataAgreed, Area: o.Area(),
			}
		},
	}, err
}

// Run is the daemon: it recovers what a crash left, then cycles until the
// context ends, and stops within the configured time.
func (a *App) Run(ctx context.Context) error {
	if err := a.recover(ctx); err != nil {
		return err
	}
	a.Log.Info().Str("event", "daemon.started").Str("environment", string(a.config.Environment)).
		Str("day", string(a.today())).Int("ocmws", len(a.config.OCMWs)).Msg("mlpsync runs")
	parts, err := a.cycleOptions(a.store)
	if err != nil {
		return err
	}
	parts.Finished = a.finished
	defer a.keepBeating()()
	defer a.keepLooking(firstLook, lookEvery)()
	err = cycle.New(parts).Loop(ctx, a.config.Poll.Std())
	a.pass(shutdownBegun)
	a.Log.Info().Str("event", "daemon.stopped").Msg("mlpsync stopped")
	return err
}

// recover marks what the last process may have been sending as in doubt.
func (a *App) recover(ctx context.Context) error {
	doubtful, err := a.store.Recover(ctx, a.now())
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	if doubtful > 0 {
		a.Log.Warn().Str("event", "outbox.recovered").Int("entries", doubtful).
			Msg("entries were being sent when the last process ended; MLP is read before anything is sent again")
	}
	return nil
}

func (a *App) finished(ctx context.Context, run *cycle.Run) {
	a.keepLastRun(ctx, run)
	if a.Settled == nil {
		return
	}
	summary, err := a.summarize(ctx, run)
	if err == nil {
		a.Settled(summary)
	}
}

// Once runs until everything has settled, or nothing has moved for patience.
// more says how long something is still expected from outside, zero when
// nothing is; nil for never.
func (a *App) Once(ctx context.Context, patience time.Duration, more func() time.Duration) (Summary, error) {
	if err := a.recover(ctx); err != nil {
		return Summary{}, err
	}
	parts, err := a.cycleOptions(a.store)
	if err != nil {
		return Summary{}, err
	}
	parts.Finished = a.keepLastRun
	c := cycle.New(parts)
	run, err := c.Begin(ctx)
	if err != nil {
		return Summary{}, err
	}
	if err := c.Settle(ctx, run, min(a.config.Poll.Std(), time.Second), patience, more); err != nil {
		return Summary{}, err
	}
	return a.concluded(ctx, c, run)
}

// concluded is the summary of a run that is over.
func (a *App) concluded(ctx context.Context, c *cycle.Cycle, run *cycle.Run) (Summary, error) {
	summary, err := a.summarize(ctx, run)
	summary.Unsettled = unsettledFiles(c.Unsettled())
	return summary, err
}

// source watches an OCMW's drop folder; what the ledger took last tells old
// files from new.
func (a *App) source(o config.OCMW, store ledger.Store) (adapters.Source, error) {
	folder, err := a.dropFolder(o, store)
	if err != nil {
		return nil, err
	}
	return a.watched(folder), nil
}

func (a *App) dropFolder(o config.OCMW, store ledger.Store) (*dropfolder.Folder, error) {
	kbo := string(o.KBONumber())
	folder, err := dropfolder.New(dropfolder.Options{
		OCMW: kbo, Folder: o.Inbox, State: keptDir(a.config, o), Profile: a.profiles[kbo],
		Version: a.profiles[kbo].Version() + "/" + a.decoder.Version(), Keys: a.keys, History: history{store},
		Check: checkFile, MinAge: minAge(a.config.Files.MinimumAge.Std()),
		Retention: time.Duration(a.config.Files.KeepDays) * 24 * time.Hour, Files: a.files(),
	})
	if err != nil {
		return nil, fmt.Errorf("watch the drop folder of %s: %w", kbo, err)
	}
	return folder, nil
}

// minAge is as the drop folder takes it: there, zero stands for its own default.
func minAge(configured time.Duration) time.Duration {
	if configured == 0 {
		return -1
	}
	return configured
}

func checkFile(ctx context.Context, feed *adapters.Feed, in adapters.Input) error {
	return formats()[feed.Format].Check(ctx, in, feed)
}

// history answers the drop folder from the ledger.
type history struct{ store ledger.Ingest }

// LastIngested implements dropfolder.History.
func (h history) LastIngested(ctx context.Context, ocmw, feed string) (dropfolder.Ingested, bool, error) {
	file, err := h.store.LastIngested(ctx, ocmw, feed)
	if errors.Is(err, ledger.ErrNotFound) {
		return dropfolder.Ingested{}, false, nil
	}
	return dropfolder.Ingested{Hash: file.Hash, Snapshot: file.SnapshotOn, Version: file.Interpretation}, err == nil, err
}
