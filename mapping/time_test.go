package mapping_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/mapping"
)

// Deadlines count civil days in Brussels: a day is a day, whether it has 23, 24 or 25
// hours, and 29 February is one too.

// course is a client's course by its dates; what is zero has not happened.
type course struct {
	weo, weoEnd, contract, contractEnd, entitled, evaluated casefile.Date
	regime                                                  casefile.Regime
}

func (co course) build() (casefile.Case, casefile.Known) {
	ready := co.weo.AddDays(-30)
	records := []casefile.Record{&casefile.Client{Header: header("K1", false), LastName: "Testpersoon", FirstName: "An", Caseworker: "mw-001", ContactLanguage: "nl",
		Readiness: casefile.Ready, ReadySince: ready, RegisteredBy: casefile.PartyOCMW, UnemploymentBenefit: casefile.BenefitNone, Leefloon: casefile.LeefloonNone}}
	client := records[0].(*casefile.Client)
	if co.entitled != "" {
		client.BenefitDecision, client.BenefitEntitledFrom, client.BenefitDecisionOn = casefile.DecisionEntitled, co.entitled, co.entitled
	}
	records = append(records, &casefile.Track{Header: header("T1", false), TrackNumber: "T1", Track: casefile.TrackTWE, ChoiceDate: ready, EntryNeed: "generic",
		RegularEconomyWithinTwoYears: casefile.Yes, JobTarget: "kok", DevelopmentPlanOn: co.weo, WEOStart: co.weo, WEOEnd: co.weoEnd, WEOEndReason: endReason(co.weoEnd), Counsellor: "tb-1"})
	if co.contract != "" {
		records = append(records, &casefile.Employment{Header: header("C1", false), ContractNumber: "C1", Employment: casefile.Art60Job, Start: co.contract, End: co.contractEnd,
			Regime: co.regime, RegimeFrom: co.contract, NovaPrimaReference: "NP", SocialEconomy: casefile.No})
	}
	if co.evaluated != "" {
		records = append(records, &casefile.Evaluation{Header: header("V1", false), TrackNumber: "T1", Date: co.evaluated, Evaluation: "interim",
			CompetencesScored: casefile.Yes, PlanUpdated: casefile.Yes, ReportUploaded: casefile.Yes})
	}
	k := casefile.Known{LookedUp: true, Aliases: map[string]string{}, Dossier: &casefile.Dossier{ID: "d1", Owner: casefile.Owner{Kind: casefile.PartyOCMW}}}
	hold(k.Dossier, "mlp-1", casefile.Code05, ready, casefile.PartyOCMW, ready.Time())
	return casefile.Assemble(casefile.OCMW{KBO: "0999999922", NIS: "99991", DefaultCaseworker: "mw-000"}, records), k
}

func endReason(end casefile.Date) casefile.EndReason {
	if end == "" {
		return ""
	}
	return casefile.EndNoJob
}

// TestDeadlinesByTheCalendar: the day itself is in time, the day before and after differ.
func TestDeadlinesByTheCalendar(t *testing.T) {
	rules, full := mapping.New(), casefile.FullTime
	cases := []struct {
		name  string
		rule  string
		due   casefile.Date
		after casefile.DeadlineState // on the day after
		co    course
	}{
		{"8 days over the start of summer time", "CAT-07", "2026-03-31", casefile.DeadlineOverdue,
			course{weo: "2025-01-06", contract: "2025-02-03", contractEnd: "2026-03-22", regime: full, entitled: "2026-03-23"}},
		{"8 days to the start of summer time", "CAT-07", "2026-03-29", casefile.DeadlineOverdue,
			course{weo: "2025-01-06", contract: "2025-02-03", contractEnd: "2026-03-20", regime: full, entitled: "2026-03-21"}},
		{"8 days to the end of summer time", "CAT-07", "2026-10-25", casefile.DeadlineOverdue,
			course{weo: "2025-01-06", contract: "2025-02-03", contractEnd: "2026-10-16", regime: full, entitled: "2026-10-17"}},
		{"8 days over the end of summer time", "CAT-07", "2026-10-28", casefile.DeadlineOverdue,
			course{weo: "2025-01-06", contract: "2025-02-03", contractEnd: "2026-10-19", regime: full, entitled: "2026-10-20"}},
		{"8 days to 29 February", "CAT-07", "2028-02-29", casefile.DeadlineOverdue,
			course{weo: "2027-01-04", contract: "2027-02-01", contractEnd: "2028-02-20", regime: full, entitled: "2028-02-21"}},
		{"8 days over 28 February", "CAT-07", "2026-03-01", casefile.DeadlineOverdue,
			course{weo: "2025-01-06", contract: "2025-02-03", contractEnd: "2026-02-20", regime: full, entitled: "2026-02-21"}},
		{"2 months, on the day of summer time", "TWE-03", "2026-03-29", casefile.DeadlineOverdue, course{weo: "2026-01-29"}},
		{"2 months to February's last day", "TWE-03", "2026-02-28", casefile.DeadlineOverdue, course{weo: "2025-12-31"}},
		{"2 months to 29 February", "TWE-03", "2024-02-29", casefile.DeadlineOverdue, course{weo: "2023-12-31"}},
		{"2 months from 29 February", "TWE-03", "2024-04-29", casefile.DeadlineOverdue, course{weo: "2024-02-29"}},
		{"6 months from 31 August", "TWE-07", "2026-02-28", casefile.DeadlineOverdue,
			course{weo: "2025-08-31", contract: "2025-09-01", regime: full}},
		{"6 months from 31 August before a leap day", "TWE-07", "2028-02-29", casefile.DeadlineOverdue,
			course{weo: "2027-08-31", contract: "2027-09-01", regime: full}},
		{"6 months to the end of summer time", "TWE-07", "2026-10-25", casefile.DeadlineOverdue,
			course{weo: "2025-12-01", contract: "2026-01-05", regime: full, evaluated: "2026-04-25"}},
		{"6 months from the start of summer time", "TWE-07", "2026-09-29", casefile.DeadlineOverdue,
			course{weo: "2025-12-01", contract: "2026-01-05", regime: full, evaluated: "2026-03-29"}},
		{"a duration of 24 months", "TWE-02", "2026-01-14", casefile.DeadlineOverdue,
			course{weo: "2024-01-15", contract: "2024-02-01", regime: full}},
		{"a duration of 24 months to 29 February", "TWE-02", "2028-02-29", casefile.DeadlineOverdue,
			course{weo: "2026-03-01", contract: "2026-03-02", regime: full}},
		{"outflow the day after the end, on 29 February", "TWE-14", "2028-02-29", casefile.DeadlineMet,
			course{weo: "2026-03-02", contract: "2026-03-03", contractEnd: "2028-02-28", weoEnd: "2028-02-28", regime: full}},
		{"outflow 3 months after 30 November", "TWE-14", "2026-02-28", casefile.DeadlineMet,
			course{weo: "2024-03-01", contract: "2024-03-04", contractEnd: "2025-11-29", weoEnd: "2025-11-29", regime: full}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			kase, known := c.co.build()
			for day, want := range map[casefile.Date]casefile.DeadlineState{
				c.due.AddDays(-1): casefile.DeadlineDue, c.due: casefile.DeadlineDue, c.due.AddDays(1): c.after,
			} {
				d := rules.Decide(kase, known, day)
				got, ok := deadline(d, c.rule, c.due)
				if !ok || got.State != want {
					t.Errorf("on %s the deadline of %s on %s is %q, want %q; deadlines %+v", day, c.rule, c.due, got.State, want, d.Deadlines)
				}
				if day <= c.due && (d.NextReview == "" || d.NextReview > c.due.AddDays(1)) {
					t.Errorf("on %s the next review is %s: nobody looks when the deadline has passed", day, d.NextReview)
				}
			}
		})
	}
}

func deadline(d casefile.Decision, rule string, due casefile.Date) (casefile.Deadline, bool) {
	for _, one := range d.Deadlines {
		if one.Rule == rule && one.Due == due {
			return one, true
		}
	}
	return casefile.Deadline{}, false
}

// TestConfirmationOf93ByTheCalendar is CAT-11: its next day, whatever became of the last.
func TestConfirmationOf93ByTheCalendar(t *testing.T) {
	for contract, due := range map[casefile.Date]casefile.Date{
		"2025-10-31": "2026-02-28", "2027-10-31": "2028-02-29", "2025-11-29": "2026-03-29", "2026-06-25": "2026-10-25",
	} {
		kase, known := course{weo: contract.AddDays(-10), contract: contract, regime: casefile.PartTime}.build()
		known = written(known, mapping.New().Decide(kase, known, contract))
		for _, day := range []casefile.Date{due.AddDays(-1), due} {
			if got, ok := deadline(mapping.New().Decide(kase, known, day), "CAT-11", due); !ok || got.State != casefile.DeadlineDue {
				t.Errorf("93 from %s: no confirmation due on %s, seen on %s", contract, due, day)
			}
		}
	}
}

// courses run over leap days and changes of the hour.
func courses() map[string]course {
	return map[string]course{
		"over 29 February 2024": {weo: "2023-08-31", weoEnd: "2024-12-31", contract: "2023-10-31", contractEnd: "2024-11-30", regime: casefile.FullTime, entitled: "2024-12-01"},
		"over 29 February 2028": {weo: "2026-03-01", contract: "2026-04-30", regime: casefile.PartTime, evaluated: "2027-08-29"},
		"from 29 February":      {weo: "2024-02-29", contract: "2024-03-29", contractEnd: "2026-02-28", regime: casefile.PartTime},
		"over the changes of the hour": {weo: "2025-10-26", weoEnd: "2026-10-25", contract: "2025-11-29", contractEnd: "2026-10-24", regime: casefile.FullTime,
			entitled: "2026-10-25", evaluated: "2026-03-29"},
	}
}

// TestDayByDay decides each course every day of three years. What is decided changes only
// on days that the decision before named as its next review, and it does change on the days
// on which something of the course begins, ends or is too late.
func TestDayByDay(t *testing.T) {
	rules := mapping.New()
	for name, co := range courses() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kase, known := co.build()
			last := rules.Decide(kase, known, co.weo.AddDays(-60))
			changed := map[casefile.Date]bool{}
			for day := last.Day.AddDays(1); day < co.weo.AddDays(3*366); day = day.AddDays(1) {
				d := rules.Decide(kase, known, day)
				if d.NextReview != "" && d.NextReview <= day {
					t.Fatalf("decided on %s, to be reviewed on %s", day, d.NextReview)
				}
				last.Day = day
				same := reflect.DeepEqual(last, d)
				if !same && day != last.NextReview {
					t.Fatalf("on %s the decision changes, but its review was set on %s:\n%s", day, last.NextReview, cmp.Diff(last, d, cmpopts.EquateComparable()))
				}
				if changed[day] = !same; !same {
					last = d
				}
			}
			for _, day := range []casefile.Date{co.weo, co.contract, co.contractEnd, co.contractEnd.AddDays(1), co.evaluated, co.weoEnd, co.entitled.AddDays(9)} {
				if day != "" && !changed[day] {
					t.Errorf("on %s nothing changes, though something begins or ends", day)
				}
			}
			if n := len(slices.DeleteFunc(slices.Collect(maps.Values(changed)), func(b bool) bool { return !b })); n < 10 {
				t.Errorf("the course changed on %d days only", n)
			}
		})
	}
}

// TestTheDayOfAnAnswerIsBrussels: an answer speaks of what was in MLP on its day, and
// whether an entry was is told by Brussels' clock, over both changes of the hour.
func TestTheDayOfAnAnswerIsBrussels(t *testing.T) {
	cases := []struct {
		decided casefile.Date
		at      string // when the entry was made in MLP
		covered bool
	}{
		{"2026-03-28", "2026-03-28T22:59:59Z", true},
		{"2026-03-28", "2026-03-28T23:00:00Z", false}, // 29/03 00:00
		{"2026-03-29", "2026-03-29T21:59:59Z", true},
		{"2026-03-29", "2026-03-29T22:00:00Z", false}, // summer time since 02:00
		{"2026-10-24", "2026-10-24T21:59:59Z", true},
		{"2026-10-24", "2026-10-24T22:00:00Z", false}, // 25/10 00:00
		{"2026-10-25", "2026-10-25T22:59:59Z", true},
		{"2026-10-25", "2026-10-25T23:00:00Z", false}, // winter time since 03:00
		{"2028-02-28", "2028-02-28T23:00:00Z", false}, // 29/02 00:00
		{"2028-02-29", "2028-02-29T22:59:59Z", true},
	}
	for _, c := range cases {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		kase, known := course{weo: "2026-02-02"}.build()
		kase.Tracks = nil
		kase.Client.DecidedCategory, kase.Client.DecidedOn, kase.Client.DecisionReason = casefile.Code05, c.decided, "omdat"
		known.Dossier.Registrations = nil
		hold(known.Dossier, "mlp-06", "06", "2026-01-15", casefile.PartyOther, at)
		d := mapping.New().Decide(kase, known, "2028-03-15")
		if asked := len(d.Manual) > 0; asked == c.covered {
			t.Errorf("answer of %s, entry of %s: covered %t, want %t (%+v)", c.decided, c.at, !asked, c.covered, d.Manual)
		}
	}
}
