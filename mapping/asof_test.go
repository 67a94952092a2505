package mapping

import (
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

func TestLimitIsThatOfTheFactUnlessAsOf(t *testing.T) {
	r := New()
	r.parameters = []Parameter{
		{ID: "x", Value: 2, ValidFrom: "2017-01-01", ValidUntil: "2024-12-31"},
		{ID: "x", Value: 3, ValidFrom: "2025-01-01"},
	}
	cases := []struct {
		asOf, fact casefile.Date
		want       int
	}{
		{"", "2016-12-31", 2}, {"", "2024-12-31", 2}, {"", "2025-01-01", 3},
		{"2024-12-31", "2026-03-16", 2}, {"2025-01-01", "2020-01-01", 3}, {"2016-01-01", "2026-03-16", 2},
	}
	for _, c := range cases {
		if got := r.AsOf(c.asOf).limit("x", c.fact); got != c.want {
			t.Errorf("as of %q, for a fact of %s: %d, want %d", c.asOf, c.fact, got, c.want)
		}
	}
}

func TestPlaybookIsThatOfTheChoiceUnlessAsOf(t *testing.T) {
	cases := []struct {
		asOf, choice casefile.Date
		want         string // empty: none
	}{
		{"", "2024-10-31", "GLOW23"}, {"", "2024-11-01", "GLOW24"}, {"", "2023-02-16", ""},
		{"2024-10-31", "2026-03-16", "GLOW23"}, {"2024-11-01", "2023-03-01", "GLOW24"}, {"2023-02-16", "2026-03-16", ""},
	}
	for _, c := range cases {
		book, ok := New().AsOf(c.asOf).playbookOn(c.choice)
		if book.ID != c.want || ok != (c.want != "") {
			t.Errorf("as of %q, for a choice of %s: %q, want %q", c.asOf, c.choice, book.ID, c.want)
		}
	}
}

func TestAsOfNamesTheSourceInForce(t *testing.T) {
	cases := []struct {
		asOf casefile.Date
		want string
	}{
		{"", "GLOW23 1.3; GLOW24 1.3"}, {"2024-01-15", "GLOW23 1.3"}, {"2026-01-15", "GLOW24 1.3"}, {"2020-01-01", "GLOW23 1.3; GLOW24 1.3"},
	}
	for _, c := range cases {
		if got := New().AsOf(c.asOf).SourceOf("GLOW-02"); got != c.want {
			t.Errorf("as of %q: %q, want %q", c.asOf, got, c.want)
		}
	}
	if got := New().AsOf("2026-01-15").SourceOf("TWE-02"); got != New().SourceOf("TWE-02") {
		t.Errorf("a source without playbook became %q", got)
	}
}

// AsOf makes other rules and leaves those that it came from as they were.
func TestAsOfIsACopy(t *testing.T) {
	r := New()
	before := r.Version()
	dated := r.AsOf("2024-01-15")
	if dated.Version() == before || r.Version() != before || r.asOf != "" || r.AsOf("") != r {
		t.Errorf("versions %q and %q", dated.Version(), r.Version())
	}
	if !strings.HasPrefix(dated.Version(), before) {
		t.Errorf("%q does not say which rules it is of", dated.Version())
	}
}

// The same request under the two playbooks: ground 1 that nothing bridges counted under GLOW23 only.
func TestAsOfDecidesByThatDay(t *testing.T) {
	no := casefile.No
	request := &casefile.HandoverRecord{Header: casefile.Header{Client: "K1", RecordKey: "H1"}, RequestNumber: "H1", Handover: casefile.HandoverGLOW,
		ChoiceDate: "2026-03-10", Motivation: "begeleiding", Grounds: []string{"1"}, GroundOneBridgeable: no, RealisticOrientation: casefile.Yes,
		SelfInsight: casefile.Yes, NeedsWorkExperience: casefile.Yes, ReadyForAction: casefile.Yes, ContactLanguage: "nl", JobTarget: "kok", InformedOn: "2026-03-10",
		Exclusions: map[casefile.Exclusion]casefile.Tri{casefile.ExclNonLabourProblems: no, casefile.ExclSocialEconomyHighest: no, casefile.ExclNeedsTraining: no,
			casefile.ExclNeedsLanguageTraining: no, casefile.ExclOtherTrack: no, casefile.ExclHealthInsuranceAppeal: no}}
	kase := casefile.Assemble(testOCMW(true), []casefile.Record{readyClient(t), request})
	known := casefile.Known{LookedUp: true, Dossier: &casefile.Dossier{ID: "d1", Version: 1, Owner: casefile.Owner{Kind: casefile.PartyOCMW},
		Registrations: []casefile.Registration{{ID: "m1", Body: casefile.Category{Code: "05", From: "2026-01-05", SetBy: casefile.PartyOCMW}}}}}
	then := New().AsOf("2024-01-15").Decide(kase, known, "2026-03-16")
	now := New().AsOf("2026-01-15").Decide(kase, known, "2026-03-16")
	if len(then.Manual) != 0 || !wants(then, casefile.RegHandover) {
		t.Errorf("under GLOW23: asked %v", then.Manual)
	}
	if !asks(now, "GLOW-02", "Grond 1") || wants(now, casefile.RegHandover) {
		t.Errorf("under GLOW24: asked %v", now.Manual)
	}
}

func TestDatedNamesEveryLimitAndThePlaybook(t *testing.T) {
	r := New()
	then, now := r.Dated("2024-01-15"), r.Dated("2026-01-15")
	for _, p := range r.Parameters() {
		if then[p.ID] == "" || now[p.ID] == "" {
			t.Errorf("limit %s has no value", p.ID)
		}
	}
	if then["GLOW"] != "GLOW23 (GLOW23 1.3)" || now["GLOW"] != "GLOW24 (GLOW24 1.3)" || r.Dated("2022-01-15")["GLOW"] != "" {
		t.Errorf("playbooks %q and %q", then["GLOW"], now["GLOW"])
	}
}

func TestInstrumentIsThatOfTheDayUnlessAsOf(t *testing.T) {
	cases := []struct {
		asOf, start casefile.Date
		want        bool
	}{
		{"", "2022-12-31", true}, {"", "2023-01-01", false}, {"2022-12-31", "2026-03-16", true}, {"2023-01-01", "2020-01-01", false},
	}
	for _, c := range cases {
		if got := New().AsOf(c.asOf).hasInstrument(casefile.PlacementBVS, c.start); got != c.want {
			t.Errorf("as of %q, a BVS from %s: %v, want %v", c.asOf, c.start, got, c.want)
		}
	}
}
