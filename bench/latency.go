package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// measureLatency measures a daemon: the memory of one that delivers beside many settled clients, how soon one is ready, and
// how soon ten changes are at MLP.
func (b *bench) measureLatency() error {
	active := b.sizes.DeliverClients
	var at installation
	_, err := b.with(active, "", func(mock string) (err error) {
		at, err = b.manyClients(mock, active)
		return err
	})
	if err != nil {
		return err
	}
	if err := b.startUp(at); err != nil {
		return err
	}
	if err := os.RemoveAll(at.dir); err != nil {
		return err
	}
	return b.tenChanges()
}

// manyClients fills a ledger, and then delivers what a part of its clients need.
func (b *bench) manyClients(mock string, active int) (installation, error) {
	at, err := b.install(mock, true, "clients", "tracks", "evaluations")
	if err != nil {
		return at, err
	}
	from := filepath.Join(at.dir, "export")
	if err := os.Mkdir(from, 0o700); err != nil {
		return at, err
	}
	if err := writeTracks(from, "20260315", b.sizes.LedgerClients, active, 0); err != nil {
		return at, err
	}
	drop, err := at.drop(from)
	if err != nil {
		return at, err
	}
	closed := filepath.Join(at.dir, "closed.yaml")
	if err := holdBack(closed, at.config()); err != nil {
		return at, err
	}
	o, err := b.child("once", task{Config: closed, Drop: drop})
	if err != nil {
		return at, err
	}
	b.say("%d clients in the ledger, %d changes to deliver", b.sizes.LedgerClients, o.Entries)
	d, err := b.child("once", task{Config: at.config(), Profile: "delivering-beside-many"})
	if err == nil && d.Entries > 0 {
		err = fmt.Errorf("%d changes were not delivered", d.Entries)
	}
	b.say("delivered beside them: %.2f s, %.0f MB", d.Seconds, d.PeakMB)
	if d.PeakMB > 0 {
		b.values["memory.deliveringMB"] = d.PeakMB
	}
	return at, err
}

// startUp starts daemons on that ledger.
func (b *bench) startUp(at installation) error {
	var starts []float64
	for range b.sizes.LatencyRounds {
		_, err := b.with(0, "", func(string) error {
			p, err := b.start("daemon", task{Config: at.config(), Profile: "start"})
			if err != nil {
				return err
			}
			o, err := p.line()
			starts = append(starts, o.Seconds*1000)
			_, ended := p.end()
			return errors.Join(err, ended)
		})
		if err != nil {
			return err
		}
	}
	b.say("start to ready: %.0f ms", middle(starts))
	b.values["latency.startMs"] = middle(starts)
	return nil
}

// latencyClients are as many as an OCMW like the sample's has; tenRows of them get one more row each time.
const (
	latencyClients = 320
	tenRows        = 10
)

// tenChanges drops exports in which ten rows are new, and subtracts the time in which the mock was answering.
func (b *bench) tenChanges() error {
	var took, own []float64
	mock, addr, err := b.mock(latencyClients, "")
	if err != nil {
		return err
	}
	daemon, rounds, err := b.settledDaemon(addr)
	if err != nil {
		return err
	}
	for range rounds {
		before, err := mock.ask()
		if err != nil {
			return err
		}
		o, err := daemon.ask()
		if err != nil {
			return err
		}
		after, err := mock.ask()
		if err != nil {
			return err
		}
		theirs := (after.Seconds - before.Seconds) * 1000
		took, own = append(took, o.Seconds*1000-theirs), append(own, theirs)
	}
	for _, p := range []*process{daemon, mock} {
		if _, err := p.end(); err != nil {
			return err
		}
	}
	b.say("ten changes: %.0f ms, and MLP's own %.0f ms", middle(took), middle(own))
	b.values["latency.tenChangesMs"], b.values["latency.endpointMs"] = middle(took), middle(own)
	return nil
}

// settledDaemon starts a daemon on a state in which all is settled, with files to drop.
func (b *bench) settledDaemon(mock string) (*process, int, error) {
	at, err := b.install(mock, true, "clients", "tracks", "evaluations")
	if err != nil {
		return nil, 0, err
	}
	if _, err := b.child("once", task{Config: at.config(), Drop: b.tracks(at, "20260101", 0, &err)}); err != nil {
		return nil, 0, err
	}
	var drop []dropped
	for round := range b.sizes.LatencyRounds {
		for _, d := range b.tracks(at, fmt.Sprintf("202602%02d", round+1), (round+1)*tenRows, &err) {
			if filepath.Base(d.To)[0] == 'e' { // evaluaties: the others are as they were
				drop = append(drop, d)
			}
		}
	}
	if err != nil {
		return nil, 0, err
	}
	daemon, err := b.start("daemon", task{Config: at.config(), Drop: drop, Clients: tenRows, Profile: "latency"})
	if err != nil {
		return nil, 0, err
	}
	_, err = daemon.line()
	return daemon, len(drop), err
}

func (b *bench) tracks(at installation, stamp string, more int, failed *error) []dropped {
	from := filepath.Join(at.dir, "export-"+stamp)
	err := os.Mkdir(from, 0o700)
	if err == nil {
		err = writeTracks(from, stamp, latencyClients, latencyClients, more)
	}
	drop, listed := at.drop(from)
	*failed = errors.Join(*failed, err, listed)
	return drop
}

// holdBack copies a configuration with the guard closed.
func holdBack(to, from string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, bytes.Replace(text, []byte("guard: {release: true}"), []byte("guard: {release: false}"), 1), 0o600)
}
