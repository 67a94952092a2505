package casefile

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSatisfies(t *testing.T) {
	full := RegimePeriod{From: "2026-01-01", Regime: FullTime, HoursPerWeek: "38"}
	part := RegimePeriod{From: "2026-06-01", Regime: PartTime, HoursPerWeek: "19"}
	answer := func(q Exclusion) ExclusionAnswer { return ExclusionAnswer{Question: q, Answer: No} }
	tests := map[string]struct {
		held, desired Body
		want          bool
	}{
		"nothing desired":                       {nil, nil, true},
		"nothing held":                          {nil, WEO{Start: "2026-01-01"}, false},
		"another kind":                          {Profile{}, WEO{}, false},
		"empty fields ask for nothing":          {WEO{Start: "2026-01-01", End: "2026-12-31", Counsellor: "tb-1"}, WEO{Start: "2026-01-01"}, true},
		"a field that is lacking":               {WEO{Start: "2026-01-01"}, WEO{Start: "2026-01-01", End: "2026-12-31"}, false},
		"a field that differs":                  {WEO{Counsellor: "tb-1"}, WEO{Counsellor: "tb-2"}, false},
		"who set it is not asked":               {Category{Code: Code05, SetBy: PartyClient}, Category{Code: Code05, SetBy: PartyOCMW}, true},
		"the contract of a category is asked":   {Category{Code: Code90}, Category{Code: Code90, EmploymentID: "e"}, false},
		"a newer number of the person":          {Person{INSZ: testINSZ(t, testNumbers[0])}, Person{INSZ: testINSZ(t, testNumbers[1])}, true},
		"another address":                       {Person{Street: "Kerkstraat 1"}, Person{Street: "Kerkstraat 2"}, false},
		"a POP":                                 {Profile{JobTarget: "kok"}, Profile{DevelopmentPlanOn: "2026-01-01"}, false},
		"a POP of somebody else":                {Profile{PlanOfOthers: true}, Profile{DevelopmentPlanOn: "2026-01-01"}, true},
		"an entry reason of somebody else":      {Profile{EntryNeed: "Mist werkervaring."}, Profile{EntryNeed: EntryGeneric}, true},
		"another entry need":                    {Profile{EntryNeed: EntryTechnical}, Profile{EntryNeed: EntryGeneric}, false},
		"MLP holds a further regime":            {Art60{Regimes: []RegimePeriod{full, part}}, Art60{Regimes: []RegimePeriod{part}}, true},
		"a further regime is desired":           {Art60{Regimes: []RegimePeriod{full}}, Art60{Regimes: []RegimePeriod{full, part}}, false},
		"regimes in another order":              {Art60{Regimes: []RegimePeriod{part, full}}, Art60{Regimes: []RegimePeriod{full, part}}, true},
		"hours not given":                       {Art60{Regimes: []RegimePeriod{full}}, Art60{Regimes: []RegimePeriod{{From: full.From, Regime: FullTime}}}, true},
		"other hours":                           {Art60{Regimes: []RegimePeriod{full}}, Art60{Regimes: []RegimePeriod{{From: full.From, Regime: FullTime, HoursPerWeek: "36"}}}, false},
		"a yes that is a no":                    {EvaluationDone{PlanUpdated: No}, EvaluationDone{PlanUpdated: Yes}, false},
		"an unknown that is a no":               {EvaluationDone{PlanUpdated: No}, EvaluationDone{}, true},
		"grounds in another order":              {Handover{Grounds: []string{"3", "2"}}, Handover{Grounds: []string{"2", "3"}}, true},
		"a ground fewer":                        {Handover{Grounds: []string{"2", "3"}}, Handover{Grounds: []string{"2"}}, false},
		"answers in another order":              {Handover{Exclusions: []ExclusionAnswer{answer("b"), answer("a")}}, Handover{Exclusions: []ExclusionAnswer{answer("a"), answer("b")}}, true},
		"an answer more":                        {Handover{Exclusions: []ExclusionAnswer{answer("a")}}, Handover{Exclusions: []ExclusionAnswer{answer("a"), answer("b")}}, false},
		"how far a request is":                  {Handover{Status: "accepted"}, Handover{Status: "sent"}, true},
		"facts of the moment a request is made": {Handover{CurrentCategory: Code90, WEOStart: "2025-01-01"}, Handover{CurrentCategory: Code05, WEOStart: "2025-01-02", WEOEnd: "2026-01-01", Art60Start: "2025-02-01", Art60End: "2026-01-01"}, true},
	}
	for name, tc := range tests {
		if got := Satisfies(tc.held, tc.desired); got != tc.want {
			t.Errorf("%s: satisfied = %v, want %v", name, got, tc.want)
		}
	}
}

// Each field of each body is either asked for, or one of those documented as not.
func TestEveryFieldIsAskedFor(t *testing.T) {
	never := map[string]bool{
		"dossier.INSZ": true, "profile.PlanOfOthers": true, "category.SetBy": true, "handover.Status": true, "handover.StatusSince": true, "handover.StatusReason": true,
		"handover.AssignedTo": true, "document.File": true, "handover.CurrentCategory": true,
		"handover.WEOStart": true, "handover.WEOEnd": true, "handover.Art60Start": true, "handover.Art60End": true,
	}
	for _, empty := range bodies() {
		full := naming(t).someBody(empty, "x")
		for i := range reflect.TypeOf(full).NumField() {
			one := reflect.New(reflect.TypeOf(full)).Elem()
			one.Field(i).Set(reflect.ValueOf(full).Field(i))
			name := string(empty.Kind()) + "." + reflect.TypeOf(full).Field(i).Name
			if asked := !Satisfies(empty, one.Interface().(Body)); asked == never[name] {
				t.Errorf("%s: asked for = %v", name, asked)
			}
		}
	}
}

func drawPair(rt *rapid.T, t *testing.T) (held, desired Body) {
	f := drawing(rt, t)
	// Few values, so that the two often agree.
	f.text = func(p string) string { return rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, p) }
	f.day = func(p string) Date { return rapid.SampledFrom([]Date{"", "2026-01-01", "2026-06-01"}).Draw(rt, p) }
	kind := rapid.SampledFrom(bodies()).Draw(rt, "kind")
	return f.someBody(kind, "held"), f.someBody(kind, "desired")
}

func TestMergeGivesWhatWasAsked(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		held, desired := drawPair(rt, t)
		merged := Merge(held, desired)
		if !Satisfies(merged, desired) {
			rt.Fatalf("merged does not satisfy desired:\nheld    %+v\ndesired %+v\nmerged  %+v", held, desired, merged)
		}
		if diff := cmp.Diff(merged, Merge(merged, desired)); diff != "" {
			rt.Fatalf("a second merge changes something:\n%s", diff)
		}
		if Satisfies(held, desired) && !Satisfies(held, merged) {
			rt.Fatalf("held had all that was asked, and merging added something:\nheld   %+v\nmerged %+v", held, merged)
		}
	})
}

// A field for which desired asks nothing stays as it was held.
func TestMergeLeavesTheRest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		held, desired := drawPair(rt, t)
		merged := reflect.ValueOf(Merge(held, desired))
		for i := range merged.NumField() {
			if !reflect.ValueOf(desired).Field(i).IsZero() || merged.Type().Field(i).Name == "Regimes" {
				continue
			}
			if diff := cmp.Diff(reflect.ValueOf(held).Field(i).Interface(), merged.Field(i).Interface()); diff != "" {
				rt.Fatalf("%s changed:\n%s", merged.Type().Field(i).Name, diff)
			}
		}
	})
}

func TestMerge(t *testing.T) {
	tests := map[string]struct{ held, desired, want Body }{
		"nothing held":    {nil, WEO{Start: "2026-01-01"}, WEO{Start: "2026-01-01"}},
		"nothing desired": {WEO{Start: "2026-01-01"}, nil, WEO{Start: "2026-01-01"}},
		"another kind":    {Profile{JobTarget: "kok"}, WEO{}, WEO{}},
		"an end is added": {
			WEO{Start: "2026-01-01", Counsellor: "tb-1"}, WEO{Start: "2026-01-01", End: "2026-12-31"},
			WEO{Start: "2026-01-01", End: "2026-12-31", Counsellor: "tb-1"},
		},
		"who set it stays": {
			Category{Code: Code90, From: "2026-01-01", SetBy: PartyOther}, Category{Code: Code90, SetBy: PartyOCMW, EmploymentID: "e"},
			Category{Code: Code90, From: "2026-01-01", SetBy: PartyOther, EmploymentID: "e"},
		},
		"a newer number stays": {
			Person{INSZ: testINSZ(t, testNumbers[0])}, Person{INSZ: testINSZ(t, testNumbers[1]), City: "Gent"},
			Person{INSZ: testINSZ(t, testNumbers[0]), City: "Gent"},
		},
		"hours go with their regime": {
			Art60{Regimes: []RegimePeriod{{From: "2026-01-01", Regime: FullTime, HoursPerWeek: "38"}}},
			Art60{Regimes: []RegimePeriod{{From: "2026-01-01", Regime: PartTime}}},
			Art60{Regimes: []RegimePeriod{{From: "2026-01-01", Regime: PartTime}}},
		},
		"regimes stand in order of date": {
			Art60{Regimes: []RegimePeriod{{From: "2026-06-01", Regime: PartTime}}},
			Art60{Regimes: []RegimePeriod{{From: "2026-09-01", Regime: FullTime}, {From: "2026-01-01", Regime: FullTime}}},
			Art60{Regimes: []RegimePeriod{{From: "2026-01-01", Regime: FullTime}, {From: "2026-06-01", Regime: PartTime}, {From: "2026-09-01", Regime: FullTime}}},
		},
		"facts and status of a request stay": {
			Handover{CurrentCategory: Code90, WEOStart: "2025-01-01", Status: "received", Grounds: []string{"2"}},
			Handover{CurrentCategory: Code05, WEOStart: "2025-02-01", Grounds: []string{"3"}, Note: "n"},
			Handover{CurrentCategory: Code90, WEOStart: "2025-01-01", Status: "received", Grounds: []string{"3"}, Note: "n"},
		},
	}
	for name, tc := range tests {
		if diff := cmp.Diff(tc.want, Merge(tc.held, tc.desired)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestMergeWritesInNeither(t *testing.T) {
	held := Art60{Regimes: []RegimePeriod{{From: "2026-01-01", Regime: FullTime, HoursPerWeek: "38"}}}
	desired := Art60{Regimes: []RegimePeriod{{From: "2026-01-01", Regime: PartTime}, {From: "2026-06-01", Regime: FullTime}}}
	Merge(held, desired)
	if held.Regimes[0].Regime != FullTime || desired.Regimes[0].Regime != PartTime || len(held.Regimes) != 1 {
		t.Error("Merge changed what it was given")
	}
}

func TestDelta(t *testing.T) {
	held := Person{INSZ: testINSZ(t, testNumbers[0]), LastName: "Test", Street: "Kerkstraat 1", City: "Gent"}
	desired := Person{INSZ: testINSZ(t, testNumbers[1]), LastName: "Test", Street: "Dorp 2", ContactLanguage: "nl"}
	if diff := cmp.Diff(Body(Person{Street: "Dorp 2", ContactLanguage: "nl"}), Delta(held, desired)); diff != "" {
		t.Errorf("person (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Body(Profile{JobTarget: "kok"}), Delta(nil, Profile{JobTarget: "kok"})); diff != "" {
		t.Errorf("profile of nothing (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Body(WEO{Start: "2026-01-01"}), Delta(WEO{Start: "2026-01-01"}, WEO{Start: "2026-01-01"})); diff != "" {
		t.Errorf("a registration travels whole (-want +got):\n%s", diff)
	}
}

func TestApply(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	before := Known{LookedUp: true, Dossier: &Dossier{
		ID: "d", Version: 4, Person: Person{City: "Gent", LastName: "Test"},
		Registrations: []Registration{
			{ID: "78", Body: Category{Code: Code78, From: "2026-03-01"}, From: "2026-03-01", RegisteredAt: at},
			{ID: "weo", Body: WEO{Start: "2026-02-01"}, From: "2026-02-01", RegisteredAt: at.Add(-time.Hour)},
		},
	}}
	changes := []Change{
		{Op: OpPatch, Kind: RegPerson, New: Person{City: "Aalst"}},
		{Op: OpPatch, Kind: RegProfile, New: Profile{JobTarget: "kok"}},
		{Op: OpPut, Kind: RegCategory, ID: "90", New: Category{Code: Code90, From: "2026-03-01"}, From: "2026-03-01"},
		{Op: OpPut, Kind: RegWEO, ID: "weo", New: WEO{Start: "2026-02-01", End: "2026-03-15"}, From: "2026-03-15"},
	}
	want := Known{LookedUp: true, Dossier: &Dossier{
		ID: "d", Version: 8, Person: Person{City: "Aalst", LastName: "Test"}, Profile: Profile{JobTarget: "kok"},
		Registrations: []Registration{
			before.Dossier.Registrations[0],
			{ID: "weo", Body: WEO{Start: "2026-02-01", End: "2026-03-15"}, From: "2026-02-01", RegisteredAt: at.Add(-time.Hour)},
			{ID: "90", Body: Category{Code: Code90, From: "2026-03-01"}, From: "2026-03-01", RegisteredAt: at.Add(time.Second)},
		},
	}, Written: map[string]Body{
		"90":      Category{Code: Code90, From: "2026-03-01"},
		"dossier": Person{City: "Aalst"}, "profile": Profile{JobTarget: "kok"}, "weo": WEO{Start: "2026-02-01", End: "2026-03-15"},
	}}
	after := Apply(before, changes)
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("after the changes (-want +got):\n%s", diff)
	}
	if held, _ := after.Dossier.CategoryOn("2026-03-01"); held.Code != Code90 {
		t.Errorf("category %s holds, want the 90 that came after VDAB's 78", held.Code)
	}
	if before.Dossier.Version != 4 || before.Dossier.Registrations[1].Body.(WEO).End != "" {
		t.Error("Apply changed what it was given")
	}
}

func TestApplyToNoDossier(t *testing.T) {
	put := Change{Op: OpPut, Kind: RegWEO, ID: "weo", New: WEO{Start: "2026-02-01"}}
	if got := Apply(Known{}, []Change{put}); got.Dossier != nil {
		t.Errorf("a PUT made a dossier: %+v", got.Dossier)
	}
	create := Change{Op: OpCreate, Kind: RegPerson, New: Person{LastName: "Test"}}
	got := Apply(Known{LookedUp: true}, []Change{create, put})
	want := &Dossier{
		Version: 2, Owner: Owner{Kind: PartyOCMW}, Person: Person{LastName: "Test"},
		Registrations: []Registration{{
			ID: "weo", Body: WEO{Start: "2026-02-01"}, From: "2026-02-01", RegisteredAt: time.Time{}.Add(time.Second),
		}},
	}
	if diff := cmp.Diff(want, got.Dossier); diff != "" {
		t.Errorf("dossier (-want +got):\n%s", diff)
	}
}

// What gave way to a person is not written by us, though a PUT carries it along; and what both say alike is.
func TestWroteLeavesWhatGaveWay(t *testing.T) {
	wrote := WEO{Start: "2026-01-05", Counsellor: "tb-1"}
	edited := WEO{Start: "2026-01-05", Counsellor: "tb-9"}
	tests := map[string]struct {
		written   Body
		old, sent Body
		want      Body
	}{
		"first":                           {nil, nil, wrote, wrote},
		"the end, beside what gave way":   {wrote, edited, WEO{Start: "2026-01-05", End: "2026-12-31", Counsellor: "tb-9"}, WEO{Start: "2026-01-05", End: "2026-12-31", Counsellor: "tb-1"}},
		"over a person's, as was decided": {wrote, edited, wrote, wrote},
		"the facts moved":                 {wrote, wrote, WEO{Start: "2026-01-05", Counsellor: "tb-2"}, WEO{Start: "2026-01-05", Counsellor: "tb-2"}},
		"what was there before us":        {WEO{Start: "2026-01-05"}, edited, WEO{Start: "2026-01-05", End: "2026-12-31", Counsellor: "tb-9"}, WEO{Start: "2026-01-05", End: "2026-12-31", Counsellor: "tb-9"}},
	}
	for name, tc := range tests {
		written := map[string]Body{}
		if tc.written != nil {
			written["id"] = tc.written
		}
		got := Wrote(written, Change{Op: OpPut, Kind: RegWEO, ID: "id", Old: tc.old, New: tc.sent})["id"]
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestPresumed(t *testing.T) {
	held, desired := WEO{Start: "2026-01-05", Counsellor: "tb-9"}, WEO{Start: "2026-01-05", End: "2026-12-31", Counsellor: "tb-1"}
	got := Presumed(held, desired)
	if diff := cmp.Diff(Body(WEO{Start: "2026-01-05", Counsellor: "tb-1"}), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if kept, yields := Yield(held, got, desired); !slices.Equal(yields, []string{"Counsellor"}) || kept.(WEO).End != "2026-12-31" {
		t.Errorf("%+v yields %v", kept, yields)
	}
	if got := Presumed(nil, desired); got != nil {
		t.Errorf("of what MLP does not hold: %+v", got)
	}
}

func TestAlike(t *testing.T) {
	put := func(old, sent Body) Change { return Change{Op: OpPut, Kind: RegWEO, ID: "id", Old: old, New: sent} }
	was := put(WEO{Start: "2026-01-05", Counsellor: "tb-9"}, WEO{Start: "2026-01-05", Counsellor: "tb-1"})
	of := func(id string, c Change) Change { c.ID = id; return c }
	tests := map[string]struct {
		now  Change
		want bool
	}{
		"the same":                         {was, true},
		"somebody ended the WEO meanwhile": {put(WEO{Start: "2026-01-05", End: "2026-06-30", Counsellor: "tb-9"}, WEO{Start: "2026-01-05", End: "2026-06-30", Counsellor: "tb-1"}), true},
		"somebody named another":           {put(WEO{Start: "2026-01-05", Counsellor: "tb-8"}, WEO{Start: "2026-01-05", Counsellor: "tb-1"}), true},
		"the facts name another":           {put(WEO{Start: "2026-01-05", Counsellor: "tb-9"}, WEO{Start: "2026-01-05", Counsellor: "tb-2"}), false},
		"the facts have an end as well":    {put(WEO{Start: "2026-01-05", Counsellor: "tb-9"}, WEO{Start: "2026-01-05", End: "2026-06-30", Counsellor: "tb-1"}), false},
		"MLP holds it no more":             {put(nil, WEO{Start: "2026-01-05", Counsellor: "tb-1"}), false},
		"of another":                       {of("other", was), false},
	}
	for name, tc := range tests {
		if Alike(was, tc.now) != tc.want || Alike(tc.now, was) != tc.want {
			t.Errorf("%s: want %t", name, tc.want)
		}
	}
}

func TestAgreed(t *testing.T) {
	held := Art60{Start: "2026-01-05", WEOID: "w", SocialEconomy: Yes, Regimes: []RegimePeriod{{From: "2026-01-05", Regime: FullTime}}}
	desired := Art60{Start: "2026-01-05", WEOID: "w", SocialEconomy: No, End: "2026-06-30", Regimes: []RegimePeriod{{From: "2026-01-05", Regime: FullTime}}}
	want := Art60{Start: "2026-01-05", WEOID: "w", Regimes: held.Regimes}
	if diff := cmp.Diff(Body(want), Agreed(held, desired)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	others := Profile{JobTarget: "kok", PlanOfOthers: true, DevelopmentPlanOn: "2025-01-01"}
	if diff := cmp.Diff(Body(Profile{JobTarget: "kok"}), Agreed(others, Profile{JobTarget: "kok", DevelopmentPlanOn: "2026-01-05"})); diff != "" {
		t.Errorf("beside a plan of others (-want +got):\n%s", diff)
	}
	for _, none := range []Body{nil, WEO{Start: "2026-01-05"}, Art60{Start: "2026-01-06"}} {
		if got := Agreed(none, desired); got != nil {
			t.Errorf("with %+v: %+v", none, got)
		}
	}
}

func TestYield(t *testing.T) {
	wrote := Person{LastName: "Peeters", Street: "Kerkstraat 1", City: "Zonnedorp"}
	tests := map[string]struct {
		held, written, desired, want Body
		yields                       []string
	}{
		"nothing was written":        {Person{Street: "Veldweg 2"}, nil, wrote, wrote, nil},
		"nobody changed anything":    {wrote, wrote, wrote, wrote, nil},
		"somebody moved the client":  {Person{LastName: "Peeters", Street: "Veldweg 2", City: "Zonnedorp"}, wrote, wrote, Person{LastName: "Peeters", Street: "Veldweg 2", City: "Zonnedorp"}, []string{"Street"}},
		"somebody emptied a field":   {Person{LastName: "Peeters", City: "Zonnedorp"}, wrote, wrote, Person{LastName: "Peeters", City: "Zonnedorp"}, []string{"Street"}},
		"the facts moved as well":    {Person{LastName: "Peeters", Street: "Veldweg 2"}, wrote, Person{LastName: "Peeters", Street: "Dreef 3"}, Person{LastName: "Peeters", Street: "Dreef 3"}, nil},
		"a new fact beside the edit": {WEO{Start: "2026-01-05", Counsellor: "tb-9"}, WEO{Start: "2026-01-05", Counsellor: "tb-1"}, WEO{Start: "2026-01-05", End: "2026-12-31", Counsellor: "tb-1"}, WEO{Start: "2026-01-05", End: "2026-12-31", Counsellor: "tb-9"}, []string{"Counsellor"}},
		"somebody did as we ask":     {WEO{Start: "2026-01-05", End: "2026-12-31"}, WEO{Start: "2026-01-05"}, WEO{Start: "2026-01-05", End: "2026-12-31"}, WEO{Start: "2026-01-05", End: "2026-12-31"}, nil},
	}
	for name, tc := range tests {
		got, yields := Yield(tc.held, tc.written, tc.desired)
		if diff := cmp.Diff(tc.want, got); diff != "" || !slices.Equal(yields, tc.yields) {
			t.Errorf("%s: yields %v, want %v (-want +got):\n%s", name, yields, tc.yields, diff)
		}
	}
}
