package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// pick draws one of them.
func pick[T any](s *storm, of ...T) T { return of[s.draw.IntN(len(of))] }

// blow has a storm come and go, and judges what is left.
func (s *storm) blow() {
	events := []func() string{
		s.passes, s.passes, s.passes, s.export, s.export, s.order, s.order, s.fault, s.happening, s.time,
		func() string { s.fuse, s.after = 1+s.draw.IntN(25), pick(s, true, false); return "a kill is near" },
		func() string {
			return fmt.Sprint("everybody is looked up again ", s.store.ForgetCursor(s.t.Context(), pick(s, stormOCMWs()...)))
		},
	}
	for range stormSteps {
		s.story = append(s.story, pick(s, events...)())
	}
	s.rest()
	s.judge()
	if err := errors.Join(s.store.Check(s.t.Context()), s.store.Close(), s.mock.Close()); err != nil {
		s.t.Error(err)
	}
	if s.t.Failed() {
		s.t.Log(strings.Join(s.story, "\n"))
	}
}

func (s *storm) passes() string {
	for range 1 + s.draw.IntN(3) {
		s.pass()
	}
	<-time.After(pick(s, time.Second, 6*time.Minute, 20*time.Minute))
	return "passes"
}

func (s *storm) time() string {
	switch by := pick(s, -24*time.Hour, -time.Hour, time.Hour, 24*time.Hour, 0); by {
	case 0:
		days := 1 + s.draw.IntN(9)
		<-time.After(time.Duration(days) * 24 * time.Hour)
		return fmt.Sprint(days, " days go by")
	default:
		s.skew += by // beside a restart: what a process remembers of times goes by its own clock, which does not jump
		s.restart(s.path)
		return fmt.Sprint("our clock jumps by ", by)
	}
}

// export changes a row, lets one go or come back, and drops what there is by then, or leaves it for the next.
func (s *storm) export() string {
	kbo := pick(s, stormOCMWs()[0], stormOCMWs()[0], stormOCMWs()[1])
	b, at := s.boxes[kbo], pick(s, []string{"clients", "Straat en nummer", "Veldstraat 1", "Beekkant 2"}, []string{"clients", "INSZ", "12345678901"},
		[]string{"tracks", "Jobdoelwit", "Tuinman", "Keukenhulp"}, []string{"tracks", "Einde WEO", "", "15/03/2026"}, []string{"contracts", "Uren per week", "38,00", "19,50"},
		[]string{"contracts", "Einddatum", "09/03/2026", "31/03/2027"}, []string{"evaluations", "POP aangevuld", "J", "N"}, []string{"competences", "Score", "verworven"},
		[]string{"handovers", "Motivatie", "Nood aan begeleiding."}, []string{"clients", ""}, []string{"contracts", ""}, []string{"evaluations", ""})
	feed, column, values := at[0], at[1], at[2:]
	if pick(s, true, false, false) {
		defer s.drop(kbo)
	}
	rows := slices.Clone(b.rows[feed])
	whole := s.of(feed, stormClients()[slices.Index(stormOCMWs(), kbo)*7:])
	if pick(s, column == "", column == "", true) || len(rows) < 2 { // as it was at first
		b.rows[feed] = whole
		return kbo + ": " + feed + " are whole"
	}
	i := 1 + s.draw.IntN(len(rows)-1)
	said := kbo + ": " + feed + " " + rows[i][0]
	if column == "" {
		b.rows[feed] = slices.Delete(rows, i, i+1)
		return said + " goes"
	}
	rows[i] = slices.Clone(rows[i])
	rows[i][s.column(feed, column)] = pick(s, values...)
	b.rows[feed] = rows
	return said + " " + column
}

// order has a person order something, or try to.
func (s *storm) order() string {
	r := ledger.Request{Kind: pick(s, "retry", "discard", "release", "release", "pause", "resume", "hold", "unhold", "unhold"), OCMW: pick(s, stormOCMWs()...)}
	switch r.Kind {
	case "retry", "discard":
		var open []string
		for _, e := range s.entries() {
			if !e.State.Final() {
				open = append(open, e.ID)
			}
		}
		if len(open) == 0 {
			return "nothing to " + r.Kind
		}
		r.OCMW, r.Entry = "", pick(s, open...)
	case "hold", "unhold":
		r.Client = pick(s, stormClients()...)
	}
	return s.ask(r)
}

func (s *storm) ask(r ledger.Request) string {
	if r.Kind == "release" {
		u, err := s.store.Unreleased(s.t.Context(), r.OCMW)
		if err != nil {
			s.t.Error(err)
		}
		r.Shown = u.Fingerprint
	}
	r.By, r.At = ledger.Actor{Name: "els", Reason: "so it has to be"}, s.now()
	if err := s.store.Request(s.t.Context(), r); err != nil {
		s.t.Error(err)
	}
	return strings.Join([]string{r.Kind, r.OCMW, r.Client, r.Entry}, " ")
}

// fault has MLP misbehave for a few requests. A refusal that is worded as MLP's own is never a lie.
func (s *storm) fault() string {
	share := pick(s, 0.2, 0.5, 0.8)
	f := mockmlp.Fault{Toxicity: &share, Times: 1 + s.draw.IntN(6), When: pick(s, mockmlp.BeforeCommit, mockmlp.AfterCommit)}
	f.Match.Method = pick(s, "", http.MethodPut, http.MethodPost, http.MethodGet, http.MethodPatch)
	switch s.draw.IntN(4) {
	case 0:
		f.Fault = pick(s, mockmlp.FaultReset, mockmlp.FaultEmpty)
	case 1:
		f.FixedDelayMilliseconds = 45_000
	case 2:
		f.Match.Method, f.Match.OperationID, f.StaleRead = "", pick(s, "getDossier", "listChanges"), true
	case 3:
		f.Response.Status, f.Response.Body = pick(s, 400, 401, 403, 404, 409, 412, 429, 500, 502, 503, 504), pick(s, "problem", "html", "gateway", "empty")
		if f.Response.Body == "problem" || f.Response.Status == http.StatusUnauthorized {
			f.When = mockmlp.BeforeCommit
		}
	}
	if _, err := s.mock.AddFault(f); err != nil {
		s.t.Error(err)
	}
	return fmt.Sprintf("fault %+v", f)
}

// happening has somebody else change a dossier, where there is one.
func (s *storm) happening() string {
	who := s.number(s.draw.IntN(len(stormClients())))
	var e mockmlp.Effect
	var err error
	switch s.draw.IntN(4) {
	case 0:
		e, err = s.mock.DossierEdited(who, "dossier", "", map[string]any{"address": map[string]any{"street": "Dorp 1"}})
	case 1:
		e, err = s.mock.CategorySet(who, pick(s, "78", "03", "02"), "2026-03-16", pick(s, "vdab", "ocmw"))
	case 2:
		e, err = s.mock.OwnerChanged(who, map[string]any{"kind": pick(s, "partner", "ocmw"), "name": "P"})
	case 3:
		e, err = s.mock.HandoverAnswered(who, "", pick(s, "received", "needsInformation", "rejected"), "niet nu", "")
	}
	return fmt.Sprintf("%s %v", e.Happening, err)
}

func (s *storm) entries() []outbox.Entry {
	all, err := s.store.Entries(s.t.Context(), ledger.EntryFilter{})
	if err != nil {
		s.t.Error(err)
	}
	return all
}

// rest lets all come to rest, with an MLP that works and people who stop nothing.
func (s *storm) rest() {
	s.fuse = 0
	s.mock.RemoveFault("")
	for _, kbo := range stormOCMWs() {
		s.ask(ledger.Request{Kind: "resume", OCMW: kbo})
		for _, c := range stormClients() {
			s.ask(ledger.Request{Kind: "unhold", OCMW: kbo, Client: c})
		}
		s.drop(kbo)
	}
	for pass, quiet := 0, 0; quiet < 3; pass++ {
		for _, kbo := range stormOCMWs() {
			s.ask(ledger.Request{Kind: "release", OCMW: kbo})
		}
		for _, e := range s.entries() {
			if pass == 5 && e.State == outbox.Parked {
				s.ask(ledger.Request{Kind: "retry", Entry: e.ID})
			}
		}
		if quiet++; s.pass() || pass < 10 {
			quiet = 0
		}
		if pass > 100 {
			s.t.Error("it never comes to rest")
			return
		}
		<-time.After(outbox.MaxDelay + time.Minute)
	}
}

// judge holds what MLP has against what is known of it and what is asked for, and the effects against the entries.
func (s *storm) judge() {
	lanes := map[int64][]outbox.Entry{}
	settled, queued := 0, map[string]int{}
	for _, e := range s.entries() {
		lanes[e.Person] = append(lanes[e.Person], e)
		queued[e.Registration]++
		if e.State == outbox.Settled {
			settled++
		}
	}
	for i, kbo := range stormOCMWs() {
		err := s.store.Clients(s.t.Context(), kbo, func(v ledger.ClientView) error {
			return s.judgeClient(s.t.Context(), i, v, lanes[v.Person])
		})
		if err != nil {
			s.t.Error(err)
		}
	}
	s.judgeEffects(queued)
	told := 0
	_, err := s.store.Audited(s.t.Context(), ledger.AuditFilter{Actions: []string{"settled"}}, func(ledger.Audited) error { told++; return nil })
	if err != nil || told != settled {
		s.t.Errorf("%d entries settled, and the audit tells of %d: %v", settled, told, err)
	}
}

func (s *storm) judgeClient(ctx context.Context, of int, v ledger.ClientView, lane []outbox.Entry) error {
	held := len(v.Held) > 0
	stopped := slices.ContainsFunc(lane, func(e outbox.Entry) bool { return e.State == outbox.Parked || e.State == outbox.Discarded })
	for _, e := range lane {
		if e.State.InFlight() || e.State.Unsent() && !stopped && !held {
			s.t.Errorf("%s: %s %s ends %s: %s", v.Client, e.Op, e.Kind, e.State, e.Problem.Type)
		}
	}
	if v.Dirty {
		s.t.Errorf("%s is still to be decided", v.Client)
	}
	if d := v.Known.Dossier; d != nil {
		s.compare(v.Client, *d)
	}
	if held || stopped || len(v.Records) == 0 {
		return nil
	}
	again, err := s.cycle.Decide(ctx, s.cycle.OCMWs[of], v.Subject, casefile.DateOf(s.now(), s.zone), "x")
	for _, e := range again.Entries {
		s.t.Errorf("%s: still wants %s %s", v.Client, e.Op, e.Kind)
	}
	return err
}

// compare holds a known dossier against MLP's.
func (s *storm) compare(client string, known casefile.Dossier) {
	c, err := mlp.New(mlp.Options{
		BaseURL: "https://mlp.invalid/mlp/v1", TokenURL: "https://mlp.invalid/oauth2/token", ClientID: "mlpsync-demo", API: s.api,
		ClientSecret: func() (string, error) { return "demo-secret", nil }, APIKey: func() (string, error) { return "demo-key", nil },
		Transport: mockmlp.Transport(s.mock.API()),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	held, err := c.Dossier(s.t.Context(), known.ID)
	if err != nil {
		s.t.Errorf("%s: %v", client, err)
	}
	byID := func(d casefile.Dossier) casefile.Dossier {
		slices.SortFunc(d.Registrations, func(a, b casefile.Registration) int { return strings.Compare(a.ID, b.ID) })
		return d
	}
	same := cmp.Comparer(func(a, b ident.INSZ) bool { return a.Reveal() == b.Reveal() })
	if diff := cmp.Diff(byID(held), byID(*known.Clone()), same); diff != "" {
		s.t.Errorf("%s: MLP holds something else than is known (-MLP +known):\n%s", client, diff)
	}
}

// judgeEffects: nothing was made twice, and nothing that was not queued.
func (s *storm) judgeEffects(queued map[string]int) {
	made, created, last := map[string]int{}, map[string]bool{}, map[string]string{}
	for _, e := range s.mock.Effects() {
		what := e.DossierID + " " + e.Kind + " " + e.ID
		before := last[what]
		if last[what] = e.ContentHash; e.Actor != "client" {
			continue
		}
		if e.Action == "create" && created[what] || e.Kind != "dossier" && before == e.ContentHash {
			s.t.Errorf("%s was made twice", what)
		}
		created[what] = created[what] || e.Action == "create"
		if made[e.ID]++; e.Kind != "dossier" && made[e.ID] > queued[e.ID] {
			s.t.Errorf("%s: %d effects of %d entries", what, made[e.ID], queued[e.ID])
		}
	}
	for _, bad := range s.mock.InvalidAnswers() {
		s.t.Errorf("the mock: %+v", bad)
	}
}
