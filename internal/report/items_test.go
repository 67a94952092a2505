package report_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/report"
)

const today = casefile.Date("2026-03-16")

func itemsOf(v ledger.ClientView, parked int) []report.Item {
	v.OCMW = "k"
	return report.ItemsOf(v, report.Standing{Parked: parked}, report.Options{OCMW: "k", DefaultCaseworker: "mw-000", Day: today, Zone: time.UTC})
}

func sorts(items []report.Item) string {
	var out []string
	for _, i := range items {
		out = append(out, string(i.Sort)+" "+i.Rule)
	}
	return strings.Join(out, "|")
}

func TestEverySortOfItem(t *testing.T) {
	since := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	handover := func(status casefile.HandoverStatus, on casefile.Date) casefile.Known {
		return casefile.Known{Dossier: &casefile.Dossier{Registrations: []casefile.Registration{{ID: "h", Body: casefile.Handover{
			Handover: casefile.HandoverGLOW, ChoiceDate: "2026-03-01", Status: status, StatusSince: on}}}}}
	}
	cases := []struct {
		name   string
		view   ledger.ClientView
		parked int
		want   string
	}{
		{"nothing to do", client("1", "mw-1", ledger.OutcomeNoChange, casefile.Decision{}), 0, ""},
		{"refused by MLP", client("1", "mw-1", ledger.OutcomePlanned, casefile.Decision{}), 2, "parked "},
		{"held for data", ledger.ClientView{Subject: ledger.Subject{Held: []ledger.HeldRow{
			{File: "c.csv", Rejection: ledger.Rejection{Row: 3, Rule: "insz.check"}}, {File: "c.csv", Rejection: ledger.Rejection{Row: 4, Rule: "date.format"}},
		}}, Kind: ledger.OutcomeHeld}, 0, "heldForData insz.check|heldForData date.format"},
		{"held for rows in which the same is wrong", ledger.ClientView{Subject: ledger.Subject{Held: []ledger.HeldRow{
			{File: "c.csv", Rejection: ledger.Rejection{Row: 3, Rule: "cell.code"}}, {File: "c.csv", Rejection: ledger.Rejection{Row: 4, Rule: "cell.date"}},
			{File: "c.csv", Rejection: ledger.Rejection{Row: 5, Rule: "cell.code"}},
		}}, Kind: ledger.OutcomeHeld}, 0, "heldForData cell.code|heldForData cell.date"},
		{"held by a person", ledger.ClientView{Subject: ledger.Subject{Hold: &ledger.Hold{Since: since, By: "els", Reason: "gesprek loopt"}},
			Kind: ledger.OutcomeHeld}, 0, "heldByPerson "},
		{"limits near, far, passed and met", client("1", "mw-1", ledger.OutcomeNoChange, casefile.Decision{Day: today, Deadlines: []casefile.Deadline{
			{Rule: "A", Due: "2026-05-17", State: casefile.DeadlineDue}, {Rule: "B", Due: "2026-05-18", State: casefile.DeadlineDue},
			{Rule: "C", Due: "2026-03-15", State: casefile.DeadlineOverdue}, {Rule: "D", Due: "2026-03-17", State: casefile.DeadlineMet},
		}}), 0, "due A|overdue C"},
		{"a limit that passed while nobody decided", client("1", "mw-1", ledger.OutcomeNoChange, casefile.Decision{Day: "2026-03-10",
			Deadlines: []casefile.Deadline{{Rule: "A", Due: "2026-03-15", State: casefile.DeadlineDue}}}), 0, "overdue A"},
		{"the last day of a limit", client("1", "mw-1", ledger.OutcomeNoChange, casefile.Decision{Day: today,
			Deadlines: []casefile.Deadline{{Rule: "A", Due: today, State: casefile.DeadlineDue}}}), 0, "due A"},
		{"VDAB's answer as a finding", client("1", "mw-1", ledger.OutcomeNoChange, casefile.Decision{Findings: []casefile.Finding{{Rule: "HND-03"}, {Rule: "TWE-05"}}}),
			0, "handover HND-03|finding TWE-05"},
		{"VDAB's answer from MLP", ledger.ClientView{Subject: ledger.Subject{Known: handover(casefile.HandoverAccepted, "2026-03-12")}, Kind: ledger.OutcomeNoChange},
			0, "handover HND-03"},
		{"VDAB has it", ledger.ClientView{Subject: ledger.Subject{Known: handover(casefile.HandoverReceived, "2026-03-12")}, Kind: ledger.OutcomeNoChange}, 0, ""},
		{"VDAB's answer of long ago", ledger.ClientView{Subject: ledger.Subject{Known: handover(casefile.HandoverAccepted, "2026-01-12")}, Kind: ledger.OutcomeNoChange}, 0, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := sorts(itemsOf(c.view, c.parked)); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestHowAnItemIsAnswered(t *testing.T) {
	cells := []casefile.Cell{{File: "c.csv", Row: 7, Column: "Klaar"}, {File: "t.xlsx", Sheet: "Blad1", Row: 2, Column: "Keuze"}}
	items := itemsOf(client("Z1", "", ledger.OutcomeManual, casefile.Decision{
		Manual: []casefile.Manual{
			{Rule: "CAT-03", Question: "q", Category: true, Proposal: "05", Cells: cells},
			{Rule: "CAT-10", Question: "q", Category: true, Proposal: "90"},
			{Rule: "CAT-09", Question: "", Category: true},
			{Rule: "TWE-09", Question: "q", Accept: "de opleiding telt toch"},
			{Rule: "plan.outsideArea", Cells: []casefile.Cell{{File: "c.csv", Row: 7, Column: "Nr", Field: "clientNumber"}}},
		},
		Findings: []casefile.Finding{{Rule: "TWE-05", Question: "q", Accept: "het is zo goed"}, {Rule: "TWE-07", Accept: "niet te beantwoorden"},
			{Rule: "DATA-04", Question: "q", Accept: "stuur opnieuw"}},
	}), 0)
	want := [][]string{
		{"in de export, via het cliëntsysteem", `mlpsync decide -c BESTAND Z1 --rule CAT-03 --category 05 --reason "..."`},
		{`mlpsync decide -c BESTAND Z1 --rule CAT-10 --category 90 --reason "..."`, `mlpsync decide -c BESTAND Z1 --rule CAT-10 --adopt --reason "..." betekent: wat in MLP staat, blijft`,
			`mlpsync decide -c BESTAND Z1 --rule CAT-10 --overrule --reason "..." betekent: de categorie wordt 90`},
		nil,
		{`mlpsync decide -c BESTAND Z1 --rule TWE-09 --accept --reason "..." betekent: de opleiding telt toch`},
		nil,
		{`mlpsync decide -c BESTAND Z1 --rule TWE-05 --accept --reason "..." betekent: het is zo goed`},
		nil,
		{`mlpsync decide -c BESTAND Z1 --rule DATA-04 --adopt --reason "..." betekent: wat in MLP staat, blijft`, `mlpsync decide -c BESTAND Z1 --rule DATA-04 --overrule --reason "..." betekent: stuur opnieuw`},
	}
	var got [][]string
	for _, i := range items {
		got = append(got, i.Answers)
		if i.Caseworker != "mw-000" || i.Worker.Dutch() != "mw-000 (standaard)" {
			t.Errorf("the work of a client without a caseworker is that of %q", i.Worker.Dutch())
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	same := append([]casefile.Cell{{Column: "constant"}, {File: "c.csv", Row: 7, Column: "Datum"}}, items[0].Cells...)
	if got := report.CellsNL(same); got != `c.csv rij 7 kolom "Datum", "Klaar"; t.xlsx blad "Blad1" rij 2 kolom "Keuze"` {
		t.Error(got)
	}
}

// An item names the places in which the same is wrong, and says how many more there are.
func TestWhatIsWrongInManyRowsIsOneItem(t *testing.T) {
	view := ledger.ClientView{Kind: ledger.OutcomeHeld}
	for row := range 102 {
		view.Held = append(view.Held, ledger.HeldRow{File: "c.csv", Rejection: ledger.Rejection{Row: row + 2, Column: "Regime", Rule: "cell.code", ReasonNL: "Onbekend."}})
	}
	items := report.ItemsOf(view, report.Standing{}, report.Options{})
	if len(items) != 1 || len(items[0].Cells) != 100 || items[0].Reason != "Onbekend. Zo ook op 2 andere plaatsen: zie het bestand afgekeurd." {
		t.Errorf("%+v", items)
	}
	cells := append(items[0].Cells[:2:2], casefile.Cell{File: "c.csv", Row: 9, Column: "Eind"}, casefile.Cell{File: "d.csv", Row: 9, Column: "Eind"}, casefile.Cell{File: "d.csv", Row: 10}, casefile.Cell{File: "d.csv", Row: 10, Column: "x"})
	if got := report.CellsNL(cells); got != `c.csv rijen 2, 3 kolom "Regime"; c.csv rij 9 kolom "Eind"; d.csv rij 9 kolom "Eind"; d.csv rij 10 kolom "x"` {
		t.Error(got)
	}
}

// What only VDAB, MLP or IT can settle is not sent to the export.
func TestExportIsOfferedWhereItAnswers(t *testing.T) {
	cases := []struct {
		name, rule string
		fields     []string
		want       bool
	}{
		{"a date", "CAT-03", []string{"clientNumber", "readySince"}, true},
		{"no field at all", "CAT-03", nil, false},
		{"a partner has the dossier", "TWE-17", []string{"clientNumber"}, false},
		{"VDAB has no dossier yet", "HND-02", []string{"kind"}, false},
		{"ground 1", "HND-02", []string{"grounds"}, false},
		{"no ground", "GLOW-02", []string{"grounds", "groundOneBridgeable"}, true},
		{"a dossier elsewhere", "CAT-02", []string{"nisCode"}, false},
		{"lives elsewhere", "DATA-06", []string{"nisCode", "city"}, true},
		{"two choices", "GLOW-05", []string{"kind", "choiceDate", "choiceDate"}, true},
	}
	for _, c := range cases {
		m := casefile.Manual{Rule: c.rule}
		for _, field := range c.fields {
			m.Cells = append(m.Cells, casefile.Cell{Field: field})
		}
		if got := len(report.HowToDecide("Z1", casefile.Decision{Manual: []casefile.Manual{m}}, m)) == 1; got != c.want {
			t.Errorf("%s: offered %t", c.name, got)
		}
	}
}

// VDAB measures by itself: nobody is late for it, and nobody has done it.
func TestMeasurementIsPastNotInOrder(t *testing.T) {
	d := casefile.Deadline{Rule: "TWE-14", Due: "2026-03-15", State: casefile.DeadlineDue}
	if got := report.StateOn(d, today); got != casefile.DeadlineMet {
		t.Errorf("a measurement is %s", got)
	}
	for rule, want := range map[string]string{"TWE-14": "voorbij", "TWE-07": "in orde"} {
		if got := report.StateNL(rule, casefile.DeadlineMet); got != want {
			t.Errorf("%s: %q", rule, got)
		}
	}
	if got := report.StateNL("TWE-14", casefile.DeadlineDue); got != "loopt" {
		t.Error(got)
	}
}

func TestWorklistFileListsEveryCell(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "reports")
	cells := []casefile.Cell{{File: "c.csv", Row: 7, Column: "Klaar"}, {File: "c.csv", Row: 7, Column: "Datum"}, {Column: "none"}}
	other := []casefile.Cell{{File: "c.csv", Row: 7, Column: "Klaar"}, {File: "t.xlsx", Sheet: "Blad1", Row: 2, Column: "Keuze"}}
	store := shelf{clients: []ledger.ClientView{
		client("1", "", ledger.OutcomeManual, casefile.Decision{Manual: []casefile.Manual{{Rule: "A", Cells: cells, Category: true, Question: "q"}, {Rule: "B", Cells: other}}}),
	}}
	if err := writer(store, folder).Report(t.Context(), "k", today); err != nil {
		t.Fatal(err)
	}
	lines := read(t, filepath.Join(folder, "werklijst-2026-03-16.csv"))
	export := "in de export, via het cliëntsysteem"
	want := [][]string{
		{"Cliëntnummer", "Dossierbeheerder", "Soort", "Regel", "Uiterlijk", "Reden", "Wat nu", "Bestand", "Rij", "Kolom", "Antwoorden"},
		{"1", "mw-000 (standaard)", "te beslissen", "A", "", "", "", "c.csv", "7", "Klaar, Datum", export + ` | mlpsync decide -c BESTAND 1 --rule A --category CODE --reason "..."`},
		{"1", "mw-000 (standaard)", "te beslissen", "B", "", "", "", "c.csv, t.xlsx blad Blad1", "7, 2", "Klaar, Keuze", export},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestHandoverInWords(t *testing.T) {
	cases := map[string]casefile.Handover{
		"verstuurd":                         {},
		"ontvangen door VDAB op 02/03/2026": {Status: casefile.HandoverReceived, StatusSince: "2026-03-02"},
		"VDAB vraagt informatie op 02/03/2026, reden: de aanvraag is onvolledig": {Status: casefile.HandoverNeedsInformation, StatusSince: "2026-03-02", StatusReason: casefile.ReasonIncomplete},
		"aanvaard door VDAB":                     {Status: casefile.HandoverAccepted},
		"toegewezen aan Partner A op 02/03/2026": {Status: casefile.HandoverAssigned, AssignedTo: "Partner A", StatusSince: "2026-03-02"},
		"geweigerd door VDAB op 02/03/2026, reden: de cliënt hoort niet tot de doelgroep": {Status: casefile.HandoverRejected, StatusSince: "2026-03-02", StatusReason: casefile.ReasonNotTargetGroup},
		"geweigerd door VDAB, reden: een andere reden, zie MLP":                           {Status: casefile.HandoverRejected, StatusReason: "nieuw"},
		"afgesloten, reden: het traject is beëindigd":                                     {Status: casefile.HandoverClosed, StatusReason: casefile.ReasonTrackEnded},
	}
	for want, h := range cases {
		if got := report.HandoverStanding(h); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// One refused registration is not "1 registratie(s)".
func TestRefusedRegistrationsAreCounted(t *testing.T) {
	for n, want := range map[int]string{1: "aanvaardde 1 registratie van", 3: "aanvaardde 3 registraties van"} {
		items := itemsOf(ledger.ClientView{}, n)
		if len(items) == 0 || !strings.Contains(items[0].Reason, want) {
			t.Errorf("%d: %+v", n, items)
		}
	}
}
