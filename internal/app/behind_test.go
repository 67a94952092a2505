package app

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// lane is a WEO with its contract behind it, the WEO in some state.
func lane(state outbox.State) []openChange {
	weo := casefile.Change{Op: casefile.OpPut, Kind: casefile.RegWEO, ID: "w", Sentence: "WEO", New: casefile.WEO{Start: "2026-03-02"}}
	contract := casefile.Change{Op: casefile.OpPut, Kind: casefile.RegEmployment, ID: "c", Sentence: "Contract", New: casefile.Art60{Start: "2026-03-16", WEOID: "w"}}
	turn := state != outbox.Discarded
	return []openChange{{id: "1", state: state, turn: turn, Change: weo}, {id: "2", state: outbox.Waiting, turn: !turn, Change: contract}}
}

func TestWhatWaitsBehindAnotherIsNotToldAsBeingSent(t *testing.T) {
	contract := &casefile.Employment{Header: row(4), Employment: casefile.Art60Job, Start: "2026-03-16", Regime: casefile.FullTime, RegimeFrom: "2026-03-16"}
	refused := lane(outbox.Waiting)
	refused[0].state, refused[0].turn, refused[1].state = outbox.Discarded, false, outbox.Parked
	tests := map[string]struct {
		open       []openChange
		held       bool // MLP has the WEO
		want, next string
	}{
		"parked":                     {lane(outbox.Parked), false, "wacht op “WEO”, niet aanvaard", "Verbeter het in het cliëntsysteem"},
		"in doubt":                   {lane(outbox.InDoubt), false, "wacht op “WEO”, antwoord van MLP nog onzeker", "Niets: MLP wordt gelezen"},
		"discarded":                  {lane(outbox.Discarded), false, "kan niet zonder “WEO”, geschrapt uit de wachtrij", "Laat IT het alsnog versturen"},
		"discarded, and refused":     {refused, false, "kan niet zonder “WEO”, geschrapt uit de wachtrij", "Laat IT het alsnog versturen"},
		"a change of it, discarded":  {lane(outbox.Discarded), true, "wordt verstuurd", ""},
		"on its way":                 {lane(outbox.Claimed), false, "wordt verstuurd", ""},
		"nothing in the way of both": {lane(outbox.Waiting), false, "wordt verstuurd", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dossier := &casefile.Dossier{}
			if tt.held {
				dossier.Registrations = []casefile.Registration{reg("w", casefile.WEO{Start: "2026-03-02"})}
			}
			view := decided(casefile.Decision{Day: day}, dossier, contract)
			got := told(tellCourse(view, tt.open, day), PartTrack)
			if want := "now 16/03/2026 contract art. 60§7, voltijds: " + tt.want; !slices.Contains(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			blocks := tellBlocks(view, tt.open)
			if told := len(blocks) == 1 && blocks[0].Waiting == 1 && strings.HasPrefix(blocks[0].Next, tt.next); told != (tt.next != "") {
				t.Errorf("blocks %+v, want one that says %q", blocks, tt.next)
			}
		})
	}
}

// Without a dossier nothing of a client is sent: a create that was discarded stops all.
func TestADiscardedDossierStopsTheRest(t *testing.T) {
	create := openChange{id: "1", state: outbox.Discarded, Change: casefile.Change{Op: casefile.OpCreate, Kind: casefile.RegPerson, Sentence: "Nieuw dossier", New: casefile.Person{}}}
	category := openChange{id: "2", state: outbox.Waiting, turn: true, Change: casefile.Change{Op: casefile.OpPut, New: casefile.Category{Code: "05", From: "2026-03-16"}}}
	timeline := casefile.Decision{Day: day, Timeline: []casefile.TimelineEntry{{Code: "05", From: "2026-03-16", SetBy: casefile.PartyOCMW}}}
	open := []openChange{create, category}
	got := told(tellCourse(decided(timeline, nil), open, day), PartCategories)
	if diff := cmp.Diff([]string{"now 16/03/2026 05, door het OCMW: kan niet zonder “Nieuw dossier”, geschrapt uit de wachtrij"}, got); diff != "" {
		t.Error(diff)
	}
	blocks := tellBlocks(decided(timeline, nil), open)
	if len(blocks) != 1 || strings.Contains(blocks[0].Next, "hold") {
		t.Errorf("blocks %+v", blocks)
	}
}
