package cli

import (
	"reflect"
	"slices"

	"github.com/mlpsync/mlpsync/mockmlp"
)

// outcome is what stands in the mock at the end: each effect, once, and the dossiers.
type outcome struct {
	effects []mockmlp.Effect
	state   mockmlp.State
}

func outcomeOf(m *mockmlp.Mock) outcome { return outcome{m.Effects(), m.State()} }

// deed is an effect without what differs between runs: sequence, instants, versions, ids of the
// request.
type deed struct{ person, actor, action, kind, id, code, content string }

// verdict is how an outcome differs from that of a run that nobody disturbed. All zero: it doesn't.
type verdict struct {
	Lost       int `json:"lost"`
	Twice      int `json:"effectsTwice"`
	OutOfOrder int `json:"outOfOrder"`
	// Unexpected are effects that the undisturbed run doesn't have, Different the dossiers that
	// end otherwise.
	Unexpected int `json:"unexpected"`
	Different  int `json:"differentDossiers"`
	// Findings are those of "mlpsync state check --deep" at the end, the balances of all files among them.
	Findings int `json:"stateFindings"`
}

func (v verdict) clean() bool { return v == verdict{} }

func (v *verdict) add(o verdict) {
	v.Lost += o.Lost
	v.Twice += o.Twice
	v.OutOfOrder += o.OutOfOrder
	v.Unexpected += o.Unexpected
	v.Different += o.Different
	v.Findings += o.Findings
}

// compareOutcomes compares an outcome with the undisturbed one.
func compareOutcomes(want, got outcome) verdict {
	wanted, have := tally(want), tally(got)
	v := verdict{OutOfOrder: outOfOrder(want, got), Different: different(want.state, got.state)}
	for d, n := range wanted {
		v.Lost += max(n-have[d], 0)
	}
	for d, n := range have {
		switch {
		case wanted[d] == 0:
			v.Unexpected += n
		case n > wanted[d]:
			v.Twice += n - wanted[d]
		}
	}
	return v
}

func tally(o outcome) map[deed]int {
	out := map[deed]int{}
	for _, list := range byPerson(o) {
		for _, d := range list {
			out[d]++
		}
	}
	return out
}

// byPerson lists each person's deeds in order. A dossier's id may differ between runs; the person
// doesn't.
func byPerson(o outcome) map[string][]deed {
	people := map[string]string{}
	for _, d := range o.state.Dossiers {
		id, _ := d["dossierId"].(string)
		people[id], _ = d["ssin"].(string)
	}
	out := map[string][]deed{}
	for _, e := range o.effects {
		d := deed{people[e.DossierID], e.Actor, e.Action, e.Kind, e.ID, e.Code, e.ContentHash}
		if e.ID == e.DossierID {
			d.id = ""
		}
		out[d.person] = append(out[d.person], d)
	}
	return out
}

// outOfOrder counts the deeds of a person that come before one that they should follow. What
// follows a deed of VDAB's own is left out: when that comes is VDAB's to say, and what answers
// it comes among the others at any time.
func outOfOrder(want, got outcome) int {
	wanted, wrong := byPerson(want), 0
	for person, list := range byPerson(got) {
		place := map[deed]int{}
		for i, d := range own(wanted[person]) {
			place[d] = i
		}
		last := -1
		for _, d := range own(list) {
			i, known := place[d]
			if known && i < last {
				wrong++
			}
			last = max(last, i)
		}
	}
	return wrong
}

// own are the deeds up to the first of somebody else.
func own(list []deed) []deed {
	if i := slices.IndexFunc(list, func(d deed) bool { return d.actor != "client" }); i >= 0 {
		return list[:i]
	}
	return list
}

// different counts the dossiers that are not the same, or not there.
func different(want, got mockmlp.State) int {
	a, b, n := want.ByPerson(), got.ByPerson(), 0
	for person, dossier := range a {
		if !reflect.DeepEqual(b[person], dossier) {
			n++
		}
		delete(b, person)
	}
	return n + len(b)
}
