package deliver

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/mockmlp"
	schema "github.com/mlpsync/mlpsync/schemas/mlp"
)

// world is people with a course that is to be registered, an MLP that misbehaves, and a
// daemon that dies.
type world struct {
	t     *testing.T
	mock  *mockmlp.Mock
	queue *memQueue
	api   *schema.API
	want  map[int64][]casefile.Change
	trip  *client
	runs  int
}

type client struct {
	*mlp.Client
}

// storm is what goes wrong, drawn before the world begins.
type storm struct {
	faults []mockmlp.Fault
	deaths []death
}

type death struct {
	record int  // the record at which the process dies
	after  bool // with the record made
}

func numbers() []string { return []string{"67722499797", "83660634135", "91610100176"} }

func drawStorm(t *rapid.T) storm {
	var s storm
	toxicity := rapid.SampledFrom([]float64{0.1, 0.3, 0.6})
	for range rapid.IntRange(0, 5).Draw(t, "faults") {
		x := toxicity.Draw(t, "toxicity")
		f := mockmlp.Fault{Toxicity: &x, Times: rapid.IntRange(1, 12).Draw(t, "times")}
		f.When = rapid.SampledFrom([]string{mockmlp.BeforeCommit, mockmlp.AfterCommit}).Draw(t, "when")
		f.Match.Method = rapid.SampledFrom([]string{"", http.MethodPut, http.MethodPost, http.MethodGet}).Draw(t, "method")
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			f.Fault = rapid.SampledFrom([]string{mockmlp.FaultReset, mockmlp.FaultEmpty}).Draw(t, "fault")
		case 1:
			f.Fault, f.When = mockmlp.FaultLimitData, mockmlp.AfterCommit
		case 2:
			f.FixedDelayMilliseconds = 45_000
		case 3:
			f.Response.Status = rapid.SampledFrom([]int{401, 429, 500, 502, 503, 504}).Draw(t, "status")
			f.Response.Body = rapid.SampledFrom([]string{"problem", "html", "gateway", "empty"}).Draw(t, "body")
			// A problem document that says "not taken" of what was taken is a lie that nobody can
			// see through; MLP is trusted in these.
			if f.Response.Body == "problem" || f.Response.Status == 401 {
				f.When = mockmlp.BeforeCommit
			}
		}
		s.faults = append(s.faults, f)
	}
	for range rapid.IntRange(0, 4).Draw(t, "deaths") {
		s.deaths = append(s.deaths, death{rapid.IntRange(1, 12).Draw(t, "record"), rapid.Bool().Draw(t, "after")})
	}
	return s
}

// Whatever breaks, and however often the daemon dies: in the end MLP has each registration,
// and each was committed once, in the order of the lane.
func TestEachEffectOnce(t *testing.T) {
	api, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		s := drawStorm(rt)
		var failures []string
		synctest.Test(t, func(t *testing.T) { failures = weather(t, api, s) })
		if len(failures) > 0 {
			rt.Fatalf("%s", strings.Join(failures, "\n"))
		}
	})
}

func weather(t *testing.T, api *schema.API, s storm) []string {
	w := newWorld(t, api)
	for _, f := range s.faults {
		if _, err := w.mock.AddFault(f); err != nil {
			return []string{err.Error()}
		}
	}
	for _, d := range s.deaths {
		w.queue.die, w.queue.dieAfter = d.record, d.after
		w.live(3)
		w.queue.recover()
	}
	// A breaker that opens at each of up to 60 faults keeps everybody out for half an hour.
	if !w.live(2500) {
		return []string{fmt.Sprintf("not done after 2500 runs: %v", w.queue.states())}
	}
	return append(w.judge(), w.queue.faults...)
}

func newWorld(t *testing.T, api *schema.API) *world {
	mock, err := mockmlp.New(mockmlp.Options{RatePerMinute: -1, Scenario: &mockmlp.Scenario{
		Exits: mockmlp.Exits{
			Default: mockmlp.ExitRule{Mode: "never"},
			// The second person's 78 comes right behind the contract: the lane's next write is stale. The
			// third's comes just before the 90.
			Persons: []mockmlp.PersonExit{{SSIN: numbers()[1], Mode: "before"}, {SSIN: numbers()[2], Mode: "at"}},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, mock: mock, queue: newQueue(), api: api, want: map[int64][]casefile.Change{}}
	w.trip = &client{w.newClient()}
	for i, n := range numbers() {
		person := int64(i + 1)
		w.want[person] = course(t, person, n)
		w.queue.dirty[person] = true
	}
	return w
}

func (w *world) newClient() *mlp.Client {
	c, err := mlp.New(mlp.Options{
		BaseURL: "https://mlp.invalid/mlp/v1", TokenURL: "https://mlp.invalid/oauth2/token", ClientID: "mlpsync-demo",
		ClientSecret: func() (string, error) { return "demo-secret", nil }, APIKey: func() (string, error) { return "demo-key", nil },
		Transport: mockmlp.Transport(w.mock.API()), API: w.api,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// course is what is to be registered of a person, in order.
func course(t *testing.T, person int64, number string) []casefile.Change {
	reading, err := ident.ParseINSZ(number)
	if err != nil {
		t.Fatal(err)
	}
	id := func(n int) string { return fmt.Sprintf("7d0f7c0e-52f4-5a53-8a0e-%04d%08d", person, n) }
	put := func(n int, b casefile.Body) casefile.Change {
		return casefile.Change{Op: casefile.OpPut, Kind: b.Kind(), ID: id(n), New: b, From: casefile.StartOf(b), Caseworker: "mw-014"}
	}
	return []casefile.Change{
		{Op: casefile.OpCreate, Kind: casefile.RegPerson, Caseworker: "mw-014", New: casefile.Person{
			INSZ: reading.INSZ, LastName: "Peeters", FirstName: "Zoë", PostalCode: "9000", NIS: "44021",
		}},
		put(1, casefile.Category{Code: casefile.Code05, From: "1999-01-04"}),
		{Op: casefile.OpPatch, Kind: casefile.RegProfile, New: casefile.Profile{JobTarget: "Groenarbeider"}, Caseworker: "mw-014"},
		put(2, casefile.WEO{Start: "1999-01-12", Counsellor: "tb-03"}),
		put(5, casefile.WorkPlacement{Placement: "BVS", Start: "1999-01-13", InternshipPlan: casefile.Yes, WEOID: id(2)}),
		put(3, casefile.Art60{Start: "1999-02-02", WEOID: id(2), Regimes: []casefile.RegimePeriod{{From: "1999-02-02", Regime: casefile.FullTime}}}),
		put(4, casefile.Category{Code: casefile.Code90, From: "1999-02-02", EmploymentID: id(3)}),
		put(6, pdf.document()),
		put(7, casefile.Competence{Competence: "Op tijd komen", Level: casefile.LevelAcquired, AssessedOn: "1999-02-02"}),
		put(8, casefile.Note{Note: casefile.NoteTraining, Date: "1999-02-02", Text: "Opleiding groenarbeider", WEOID: id(2)}),
	}
}

// live runs the daemon: decide who is dirty, deliver, wait for what is due. True when all
// is done.
func (w *world) live(runs int) bool {
	d := newDeliverer(w.queue, w.trip)
	for range runs {
		if w.queue.dead {
			return false
		}
		w.decide()
		w.runs++
		r, err := d.Run(w.t.Context(), fmt.Sprint(w.runs))
		if err != nil {
			continue
		}
		due, waiting := w.queue.nextDue()
		if !waiting && len(w.queue.dirty) == 0 && r.Until.IsZero() {
			return true
		}
		if r.Until.After(due) {
			due = r.Until
		}
		<-time.After(max(time.Until(due), time.Second))
	}
	return false
}

// decide queues what MLP does not hold yet, of everybody who is dirty and has nothing in flight.
func (w *world) decide() {
	ctx := w.t.Context()
	for person := range w.want {
		if !w.queue.dirty[person] || w.inFlight(person) {
			continue
		}
		known := w.queue.known[person]
		if !known.LookedUp && !w.look(ctx, person) {
			continue
		}
		known = w.queue.known[person]
		delete(w.queue.dirty, person)
		for _, c := range w.want[person] {
			if known.Dossier == nil || !mlp.Holds(*known.Dossier, c) {
				w.queue.add(w.t, person, c)
			}
		}
	}
}

func (w *world) look(ctx context.Context, person int64) bool {
	p := w.want[person][0].New.(casefile.Person)
	found, err := w.trip.Query(ctx, []mlp.Lookup{{Person: person, INSZ: p.INSZ}})
	if err != nil {
		return false
	}
	known := casefile.Known{LookedUp: true}
	if d, ok := found.Dossiers[person]; ok {
		known.Dossier = &d
	}
	w.queue.known[person] = known
	return true
}

func (w *world) inFlight(person int64) bool {
	for _, e := range w.queue.entries {
		if e.Person == person && (e.State.InFlight() || e.State == outbox.Waiting) {
			return true
		}
	}
	return false
}

// judge compares what MLP committed with what was to be registered.
func (w *world) judge() []string {
	var wrong []string
	created := map[string]int{}
	order := map[string][]string{}
	exits := 0
	for _, e := range w.mock.Effects() {
		created[e.DossierID+" "+e.Kind+" "+e.ID]++
		if e.Actor == "vdab" {
			exits++
			continue
		}
		order[e.DossierID] = append(order[e.DossierID], e.Kind)
	}
	for what, n := range created {
		if n != 1 && !strings.Contains(what, " dossier ") {
			wrong = append(wrong, fmt.Sprintf("%s was committed %d times", what, n))
		}
	}
	if exits != 2 {
		wrong = append(wrong, fmt.Sprintf("VDAB set %d exits, want 2", exits))
	}
	if len(order) != len(w.want) {
		wrong = append(wrong, fmt.Sprintf("%d dossiers for %d people", len(order), len(w.want)))
	}
	const course = "dossier category dossier weo placement employment category document competence note"
	for dossier, kinds := range order {
		if got := strings.Join(kinds, " "); got != course {
			wrong = append(wrong, fmt.Sprintf("dossier %s: %s", dossier, got))
		}
	}
	for _, bad := range w.mock.InvalidAnswers() {
		wrong = append(wrong, fmt.Sprintf("the mock: %+v", bad))
	}
	for id, state := range w.queue.states() {
		if state != outbox.Settled && state != outbox.Superseded {
			wrong = append(wrong, fmt.Sprintf("%s ends %s", id, state))
		}
	}
	return wrong
}
