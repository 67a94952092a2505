package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// filledBodies has one body of each kind whose properties come from an export, with nothing left out.
func filledBodies(t *testing.T) []casefile.Body {
	reading, err := ident.ParseINSZ("67722499797")
	if err != nil {
		t.Fatal(err)
	}
	const day, text, yes = casefile.Date("2026-03-16"), "x", casefile.Yes
	kbo := ident.KBO("0999999922")
	return []casefile.Body{
		casefile.Person{
			INSZ: reading.INSZ, LastName: text, FirstName: text, BirthDate: day, Street: text, PostalCode: text, City: text,
			NIS: "99991", ContactLanguage: "nl",
		},
		casefile.Profile{JobTarget: text, EntryNeed: casefile.EntryGeneric, DevelopmentPlanOn: day},
		casefile.WEO{Start: day, End: day, EndReason: casefile.EndJob, Counsellor: text},
		casefile.Art60{
			Start: day, End: day, EmployerKBO: kbo, SocialEconomy: yes,
			Regimes: []casefile.RegimePeriod{{From: day, Regime: casefile.FullTime, HoursPerWeek: "38"}},
		},
		casefile.WorkPlacement{
			Placement: casefile.PlacementBVS, Start: day, End: day, EmployerKBO: kbo, InternshipPlan: yes, HoursPerMonth: "20", CommunityService: yes,
		},
		casefile.EvaluationDone{Date: day, Evaluation: "phase", CompetencesScored: yes, PlanUpdated: yes, ReportUploaded: yes},
		casefile.Competence{Competence: text, Level: casefile.LevelAcquired, AssessedOn: day},
		casefile.Document{Document: casefile.DocFinalReport, Date: day, SHA256: text, Size: 1},
		casefile.Handover{
			Handover: casefile.HandoverGLOW, ChoiceDate: day, Motivation: text, Grounds: []string{"2"}, JobTarget: text, ContactLanguage: "nl",
			InformedOn: day, Note: text, TrainingStart: day,
		},
	}
}

// Each pointer is one that a request of ours has, and each field one that a profile can name.
func TestSourcesLeadSomewhere(t *testing.T) {
	bodies := filledBodies(t)
	if len(bodies) != len(sources()) {
		t.Fatalf("%d bodies for %d kinds", len(bodies), len(sources()))
	}
	for _, body := range bodies {
		change := casefile.Change{Op: casefile.OpPut, Kind: body.Kind(), New: body}
		switch body.(type) {
		case casefile.Person:
			change.Op = casefile.OpCreate
		case casefile.Profile:
			change.Op = casefile.OpPatch
		}
		text, err := mlp.Body(change)
		if err != nil {
			t.Fatal(err)
		}
		var sent any
		if err := json.Unmarshal(text, &sent); err != nil {
			t.Fatal(err)
		}
		for pointer, from := range sources()[body.Kind()] {
			if !has(sent, pointer) && pointer != "/content" { // the bytes come in when it is sent
				t.Errorf("%s: no request has %s", body.Kind(), pointer)
			}
			if _, known := adapters.Fields(string(from.record))[from.field]; !known {
				t.Errorf("%s %s: no profile names %s of a %s", body.Kind(), pointer, from.field, from.record)
			}
		}
	}
}

// has follows a pointer without indices into the first of each list.
func has(in any, pointer string) bool {
	for _, name := range strings.Split(pointer, "/")[1:] {
		if list, is := in.([]any); is && len(list) > 0 {
			in = list[0]
		}
		object, is := in.(map[string]any)
		if !is || object[name] == nil {
			return false
		}
		in = object[name]
	}
	return true
}

func TestAProblemLeadsBackToTheExport(t *testing.T) {
	at := func(row int) casefile.Header {
		return casefile.Header{Client: "c1", Prov: casefile.Provenance{File: "contracten.csv", Row: row, Columns: map[string]string{
			"employerKbo": "Ondernemingsnr", "hoursPerWeek": "Uren",
		}}}
	}
	first := &casefile.Employment{Header: at(2), Start: "2026-01-05"}
	second := &casefile.Employment{Header: at(3), Start: "2026-02-02"}
	change := casefile.Change{Kind: casefile.RegEmployment, From: "2026-02-02"}
	cell := func(row int, column, field string) casefile.Cell {
		return casefile.Cell{File: "contracten.csv", Row: row, Column: column, Field: field}
	}
	for _, tt := range []struct {
		name    string
		records []casefile.Record
		change  casefile.Change
		pointer string
		want    []casefile.Cell
	}{
		{"the only record", []casefile.Record{first}, change, "/employer/kboNumber", []casefile.Cell{cell(2, "Ondernemingsnr", "employerKbo")}},
		{"the one that begins so", []casefile.Record{first, second}, change, "/workRegimes/0/hoursPerWeek", []casefile.Cell{cell(3, "Uren", "hoursPerWeek")}},
		{"a constant of the profile", []casefile.Record{first}, change, "/socialEconomy", []casefile.Cell{cell(2, "socialEconomy", "socialEconomy")}},
		{"nobody begins so", []casefile.Record{first, second}, casefile.Change{Kind: casefile.RegEmployment, From: "2026-05-01"}, "/endDate", nil},
		{"what rules make", []casefile.Record{first}, casefile.Change{Kind: casefile.RegCategory}, "/code", nil},
		{"a pointer of another request", []casefile.Record{first}, change, "/weoId", nil},
		{"none of the kind", []casefile.Record{&casefile.Client{Header: at(1)}}, change, "/endDate", nil},
	} {
		if diff := cmp.Diff(tt.want, cellsOf(tt.records, tt.change, tt.pointer)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// oneClient is a ledger that knows one client, or fails.
type oneClient struct {
	ledger.Store
	view ledger.ClientView
	err  error
}

func (o oneClient) Find(context.Context, string, string) (ledger.ClientView, error) {
	return o.view, o.err
}

func TestTheLogHasTheCellWhereItCanBeTold(t *testing.T) {
	prov := casefile.Provenance{File: "trajecten.csv", Row: 4, Columns: map[string]string{"weoEnd": "Einde WEO"}}
	view := ledger.ClientView{Subject: ledger.Subject{Records: []casefile.Record{&casefile.Track{Header: casefile.Header{Client: "c1", Prov: prov}}}}}
	payload, err := casefile.MarshalChange(casefile.Change{Op: casefile.OpPut, Kind: casefile.RegWEO, ID: "w1", New: casefile.WEO{Start: "2026-01-05"}})
	if err != nil {
		t.Fatal(err)
	}
	want := casefile.Cell{File: "trajecten.csv", Row: 4, Column: "Einde WEO", Field: "weoEnd"}
	for _, tt := range []struct {
		name    string
		store   oneClient
		payload []byte
		pointer string
		ok      bool
	}{
		{"told", oneClient{view: view}, payload, "/endDate", true},
		{"no pointer", oneClient{view: view}, payload, "", false},
		{"the client is gone", oneClient{err: ledger.ErrNotFound}, payload, "/endDate", false},
		{"the ledger fails", oneClient{err: errors.New("disk")}, payload, "/endDate", false},
		{"unreadable", oneClient{view: view}, []byte("{"), "/endDate", false},
	} {
		got, ok := cellForLog(tt.store)(t.Context(), outbox.Entry{Payload: tt.payload, Problem: outbox.Problem{Pointer: tt.pointer}})
		if ok != tt.ok || ok && got != want {
			t.Errorf("%s: %+v, %t", tt.name, got, ok)
		}
	}
}

func TestWhatAnEntryWaitsFor(t *testing.T) {
	now := time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC)
	soon, late := now.Add(time.Minute), now.Add(time.Hour)
	const mine, others = "0999999031", "0999999922"
	plain := holdings{now: now}
	with := func(change func(*holdings)) holdings {
		h := holdings{now: now, paused: map[string]*Pause{}, stopped: map[string]bool{}, unread: map[string]bool{}}
		change(&h)
		return h
	}
	in := func(state outbox.State, notBefore time.Time) outbox.Entry {
		return outbox.Entry{ID: "e1", OCMW: mine, Op: string(casefile.OpPut), State: state, Version: 1, Approved: true, NotBefore: notBefore}
	}
	parked := outbox.Entry{ID: "e0", State: outbox.Parked}
	open := with(func(h *holdings) { h.way = Way{Breaker: "open", Stopped: "breaker", Until: late} })
	for _, tt := range []struct {
		name   string
		h      holdings
		e      outbox.Entry
		first  outbox.Entry
		says   string // a regular expression; "" for nothing
		until  time.Time
		behind string
	}{
		{"settled", plain, in(outbox.Settled, now), parked, "", time.Time{}, ""},
		{"discarded", plain, in(outbox.Discarded, now), parked, "", time.Time{}, ""},
		{"its turn", plain, in(outbox.Waiting, now), in(outbox.Waiting, now), "^its turn$", time.Time{}, ""},
		{"to be looked up", plain, outbox.Entry{ID: "e1", State: outbox.Waiting, Version: 4, Approved: true, LookUpFirst: true, DecideFirst: true, NotBefore: soon}, outbox.Entry{ID: "e1"}, "^its client to be looked up in MLP$", time.Time{}, ""},
		{"to be decided again", plain, outbox.Entry{ID: "e1", State: outbox.Waiting, Version: 4, Approved: true, DecideFirst: true}, outbox.Entry{ID: "e1"}, "^its client to be decided again$", time.Time{}, ""},
		{"in doubt, and to be looked up", plain, outbox.Entry{ID: "e1", State: outbox.InDoubt, LookUpFirst: true}, outbox.Entry{ID: "e1"}, "^MLP to be read$", time.Time{}, ""},
		{"no dossier", plain, outbox.Entry{ID: "e1", Op: "put", State: outbox.Waiting, Approved: true}, outbox.Entry{ID: "e1"}, "a dossier of its client", time.Time{}, ""},
		{"a dossier to be made", plain, outbox.Entry{ID: "e1", Op: "create", State: outbox.Waiting, Approved: true}, outbox.Entry{ID: "e1"}, "^its turn$", time.Time{}, ""},
		{"backing off", plain, in(outbox.Waiting, soon), in(outbox.Waiting, soon), "next attempt", soon, ""},
		{"in doubt", plain, in(outbox.InDoubt, soon), in(outbox.InDoubt, soon), "MLP to be read", soon, ""},
		{"parked", plain, in(outbox.Parked, now), in(outbox.Parked, now), "a person", time.Time{}, ""},
		{"held", plain, in(outbox.Suspended, now), parked, "held", time.Time{}, ""},
		{"sent", plain, in(outbox.Claimed, now), in(outbox.Claimed, now), "answer", time.Time{}, ""},
		{"behind a parked one", plain, in(outbox.Waiting, now), parked, "ahead of it in its lane, which is parked", time.Time{}, "e0"},
		{"in doubt behind another", plain, outbox.Entry{ID: "e1", Seq: 1, State: outbox.InDoubt}, outbox.Entry{ID: "e0", State: outbox.InDoubt}, "ahead of it in its lane, which is inDoubt", time.Time{}, "e0"},
		{"ahead of one in doubt", plain, in(outbox.Waiting, now), outbox.Entry{ID: "e2", Seq: 1, State: outbox.InDoubt}, "read for an entry behind it in its lane, which is inDoubt", time.Time{}, "e2"},
		{"not approved", plain, outbox.Entry{ID: "e1", State: outbox.Waiting}, outbox.Entry{ID: "e1"}, "guard release", time.Time{}, ""},
		{"stopped", with(func(h *holdings) { h.stopped[mine] = true }), in(outbox.Waiting, now), in(outbox.Waiting, now), "guard release", time.Time{}, ""},
		{"paused", with(func(h *holdings) { h.paused[mine] = &Pause{} }), in(outbox.Waiting, now), in(outbox.Waiting, now), "mlpsync resume", time.Time{}, ""},
		{"paused, and in doubt", with(func(h *holdings) { h.paused[mine], h.stopped[mine] = &Pause{}, true }), in(outbox.InDoubt, now), in(outbox.InDoubt, now), "MLP to be read", time.Time{}, ""},
		{"MLP's answer can't be used", with(func(h *holdings) { h.unread[""] = true }), in(outbox.Waiting, now), in(outbox.Waiting, now), "^what MLP answers about its client, which can't be used", time.Time{}, ""},
		{"read while MLP's answer can't be used", with(func(h *holdings) { h.unread[""] = true }), in(outbox.InDoubt, now), in(outbox.InDoubt, now), "^MLP to be read$", time.Time{}, ""},
		{"another is paused", with(func(h *holdings) { h.paused[others] = &Pause{} }), in(outbox.Waiting, now), in(outbox.Waiting, now), "^its turn$", time.Time{}, ""},
		{"quiet hours", with(func(h *holdings) { h.quiet = late }), in(outbox.Waiting, soon), in(outbox.Waiting, soon), "quiet hours", late, ""},
		{"breaker", open, in(outbox.InDoubt, now), in(outbox.InDoubt, now), "breaker", late, ""},
		{"breaker, and its attempt is later", open, in(outbox.Waiting, late.Add(time.Minute)), in(outbox.Waiting, late), "breaker", late.Add(time.Minute), ""},
		{"breaker that was open", with(func(h *holdings) { h.way = Way{Stopped: "breaker", Until: now} }), in(outbox.Waiting, now), in(outbox.Waiting, now), "^its turn$", time.Time{}, ""},
		{"not admitted", with(func(h *holdings) { h.way = Way{Stopped: "paused", Until: soon, NotAdmitted: []string{mine}} }), in(outbox.Waiting, now), in(outbox.Waiting, now), "to admit", soon, ""},
		{"another is not admitted", with(func(h *holdings) { h.way = Way{Stopped: "paused", Until: soon, NotAdmitted: []string{others}} }), in(outbox.Waiting, now), in(outbox.Waiting, now), "^its turn$", time.Time{}, ""},
		{"throttled", with(func(h *holdings) { h.way = Way{Stopped: "throttled", Until: soon} }), in(outbox.Waiting, now), in(outbox.Waiting, now), "asked to wait", soon, ""},
	} {
		w := tt.h.wait(tt.e, tt.first)
		if w == nil {
			w = &Wait{}
		}
		if (w.For == "") != (tt.says == "") || !regexp.MustCompile(tt.says).MatchString(w.For) || !w.Until.Equal(tt.until) || w.Behind != tt.behind {
			t.Errorf("%s: %+v", tt.name, w)
		}
	}
}

func TestWhyAPlannedChangeIsNotSent(t *testing.T) {
	put := func(id string, state outbox.State) outbox.Entry {
		return outbox.Entry{ID: id, Op: string(casefile.OpPut), State: state, Version: 1}
	}
	first := outbox.Entry{ID: "e0", Op: string(casefile.OpCreate), State: outbox.Waiting}
	for _, tt := range []struct {
		name    string
		e, turn outbox.Entry
		want    PlanWait
		behind  string
	}{
		{"its turn", put("e1", outbox.Waiting), put("e1", outbox.Waiting), "", ""},
		{"behind one that is sent", put("e1", outbox.Waiting), put("e0", outbox.Waiting), "", ""},
		{"being sent", put("e1", outbox.Claimed), put("e1", outbox.Claimed), WaitsForAnswer, ""},
		{"in doubt", put("e1", outbox.InDoubt), put("e0", outbox.InDoubt), WaitsForAnswer, ""},
		{"behind one in doubt", put("e1", outbox.Waiting), put("e0", outbox.InDoubt), WaitsForDoubt, "e0"},
		{"behind a parked one", put("e1", outbox.Waiting), put("e0", outbox.Parked), WaitsForParked, "e0"},
		{"behind the one that makes the dossier", outbox.Entry{ID: "e1", Op: "put", State: outbox.Waiting}, first, "", ""},
		{"that one was discarded", outbox.Entry{ID: "e1", Op: "put", State: outbox.Waiting}, outbox.Entry{ID: "e1", Op: "put", State: outbox.Waiting}, WaitsForDossier, ""},
	} {
		if why, behind := planWait(tt.e, tt.turn); why != tt.want || behind != tt.behind {
			t.Errorf("%s: %q behind %q", tt.name, why, behind)
		}
	}
}

func TestWhoseTurnItIsInALane(t *testing.T) {
	for _, tt := range []struct {
		states []outbox.State
		want   int
	}{
		{[]outbox.State{outbox.Waiting, outbox.Waiting}, 0},
		{[]outbox.State{outbox.Settled, outbox.Discarded, outbox.Parked, outbox.Waiting}, 2},
		{[]outbox.State{outbox.Claimed, outbox.Claimed, outbox.Waiting}, 0},
		{[]outbox.State{outbox.Waiting, outbox.InDoubt, outbox.InDoubt}, 1},
		{[]outbox.State{outbox.Settled}, -1},
	} {
		entries := []outbox.Entry{{ID: "another lane", Person: 2, State: outbox.InDoubt}}
		for i, s := range tt.states {
			entries = append(entries, outbox.Entry{ID: fmt.Sprint(i), Person: 1, Seq: int64(i), State: s})
		}
		if turn, there := turns(entries)[1]; there != (tt.want >= 0) || there && turn.ID != fmt.Sprint(tt.want) {
			t.Errorf("%v: the turn of %q", tt.states, turn.ID)
		}
	}
}

func TestWaitsAreCounted(t *testing.T) {
	at := time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC)
	var got []WaitCount
	for _, w := range []Wait{{For: "a", Until: at.Add(time.Hour)}, {For: "b"}, {For: "a", Until: at}, {For: "a", Until: at.Add(time.Minute)}, {For: "b"}} {
		got = countWait(got, w)
	}
	if diff := cmp.Diff([]WaitCount{{"a", 3, at}, {"b", 2, time.Time{}}}, got); diff != "" {
		t.Error(diff)
	}
}

// A full disk keeps from being written that it is full: status and queue look for themselves, and say nothing of a disk that doesn't tell.
func TestAFullDiskIsTold(t *testing.T) {
	a := asking(t, casefile.Decision{})
	for _, c := range []struct {
		free  uint64
		known bool
		want  *DiskFull
	}{{12 << 10, true, &DiskFull{FreeKiB: 12}}, {leastRoom, true, nil}, {0, false, nil}} {
		a.room = func(folder string) (uint64, bool) { return c.free, c.known && folder == a.config.StateDir }
		s, err := a.Status(t.Context())
		ok(t, err)
		if diff := cmp.Diff(c.want, s.DiskFull); diff != "" {
			t.Error(diff)
		}
		h, err := a.holdings(t.Context())
		ok(t, err)
		e := outbox.Entry{ID: "e", State: outbox.Waiting, Approved: true, Version: 1}
		if w := h.wait(e, e); strings.HasPrefix(w.For, "room on the disk") != (c.want != nil) {
			t.Errorf("%d bytes free: it waits for %s", c.free, w.For)
		}
	}
}
