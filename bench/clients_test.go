package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"testing"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/delimited"
	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/internal/plan"
	"github.com/mlpsync/mlpsync/mapping"
	"github.com/mlpsync/mlpsync/schemas/ocmw"
)

// person is a client as decided and as validated: the same records.
type person struct {
	inputs []ocmw.Input
	c      casefile.Case
	k      casefile.Known
	day    casefile.Date
}

func newDecoder(tb testing.TB) *ocmw.Decoder {
	tb.Helper()
	d, err := ocmw.New()
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// newPerson decodes the inputs; false when a record is refused.
func newPerson(d *ocmw.Decoder, inputs []ocmw.Input, day casefile.Date) (person, bool) {
	var records []casefile.Record
	for _, in := range inputs {
		record, _, violations := d.Decode(in)
		if len(violations) > 0 {
			return person{}, false
		}
		records = append(records, record)
	}
	on := casefile.OCMW{KBO: examples.KBO, NIS: examples.NIS, DefaultCaseworker: "mw-000"}
	return person{inputs: inputs, c: casefile.Assemble(on, records), day: day, k: casefile.Known{LookedUp: true, Dossier: &casefile.Dossier{ID: "d1", Version: 1,
		Owner: casefile.Owner{Kind: casefile.PartyOCMW}}}}, true
}

// live lets MLP take what was asked on each of the days, as a daemon would have done.
func (p *person) live(rules *mapping.Rules, from casefile.Date, step int) {
	for day := from; day < p.day; day = day.AddDays(step) {
		p.k = plan.Diff(p.k, rules.Decide(p.c, p.k, day)).After(p.k)
	}
}

// input is a record of the bench's own client.
func input(kind, key string, fields map[string]any) ocmw.Input {
	fields["clientNumber"] = "B1"
	return ocmw.Input{Kind: kind, Key: key, Fields: fields, Prov: casefile.Provenance{File: "x.csv", Row: 2}, AllowTestNumbers: true, OnlyTestNumbers: true}
}

func clientInput(readySince string) ocmw.Input {
	return input("client", "B1", map[string]any{"insz": "67722499797", "lastName": "Testpersoon", "firstName": "An", "birthDate": "1967-12-24",
		"street": "Kerkstraat 1", "postalCode": "9000", "city": "Zonnedorp", "nisCode": examples.NIS, "contactLanguage": "nl", "caseworker": "mw-001",
		"readiness": "ready", "readySince": readySince, "registeredBy": "ocmw", "unemploymentBenefit": "none", "leefloon": "full"})
}

func trackInput(key string, start, end casefile.Date) ocmw.Input {
	fields := map[string]any{"trackNumber": key, "kind": "TWE", "choiceDate": string(start), "entryNeed": "generic", "regularEconomyWithinTwoYears": true,
		"jobTarget": "kok", "developmentPlanOn": string(start), "weoStart": string(start), "counsellor": "tb-01"}
	if end != "" {
		fields["weoEnd"], fields["weoEndReason"] = string(end), "noJob"
	}
	return input("track", key, fields)
}

func contractInput(key, kind, regime string, start, end, regimeFrom casefile.Date) ocmw.Input {
	fields := map[string]any{"contractNumber": key, "kind": kind, "start": string(start), "regime": regime, "regimeFrom": string(regimeFrom)}
	if kind == "art60" {
		fields["novaPrimaReference"], fields["socialEconomy"] = "NP-1", false
	}
	if end != "" {
		fields["end"] = string(end)
	}
	return input("employment", key+"/"+string(regimeFrom), fields)
}

func evaluationInput(track string, on casefile.Date, kind string) ocmw.Input {
	return input("evaluation", track+"/"+string(on), map[string]any{"trackNumber": track, "date": string(on), "kind": kind,
		"competencesScored": true, "planUpdated": true, "reportUploaded": true})
}

// typical is a client in the second year of a TWE, with a contract and its evaluations.
func typical(tb testing.TB) person {
	tb.Helper()
	inputs := []ocmw.Input{clientInput("2024-12-02"), trackInput("T1", "2025-01-06", ""),
		contractInput("C1", "art60", "fullTime", "2025-02-03", "", "2025-02-03"),
		evaluationInput("T1", "2025-06-02", "interim"), evaluationInput("T1", "2025-11-03", "interim")}
	return lived(tb, inputs, "2026-03-16", "2024-12-02")
}

func lived(tb testing.TB, inputs []ocmw.Input, day, from casefile.Date) person {
	tb.Helper()
	p, ok := newPerson(newDecoder(tb), inputs, day)
	if !ok {
		tb.Fatal("the client's records are refused")
	}
	p.live(mapping.New(), from, 14)
	return p
}

// tenYears is a course of ten years: five WEOs, each with two contracts of two regimes and
// an evaluation every five months, regular jobs between them, and a handover at the end.
func tenYears(tb testing.TB) person {
	tb.Helper()
	inputs := []ocmw.Input{clientInput("2015-12-01")}
	start := casefile.NewDate(2016, 1, 4)
	for i := range 5 {
		track, end := fmt.Sprintf("T%d", i), start.AddMonths(20)
		inputs = append(inputs, trackInput(track, start, end))
		for j := range 2 {
			number := fmt.Sprintf("C%d%d", i, j)
			from, until := start.AddMonths(1+9*j), start.AddMonths(9+9*j)
			inputs = append(inputs, contractInput(number, "art60", "fullTime", from, until, from),
				contractInput(number, "art60", "partTime", from, until, from.AddMonths(4)))
		}
		for j := 1; j < 4; j++ {
			inputs = append(inputs, evaluationInput(track, start.AddMonths(5*j), "interim"))
		}
		inputs = append(inputs, evaluationInput(track, end, "final"),
			contractInput(fmt.Sprintf("J%d", i), "regular", "fullTime", end.AddDays(7), end.AddMonths(3), end.AddDays(7)))
		start = start.AddMonths(24)
	}
	inputs = append(inputs, input("handover", "H1", map[string]any{"requestNumber": "H1", "kind": "WARM_OTHER", "choiceDate": "2025-09-08", "motivation": "m",
		"contactLanguage": "nl", "jobTarget": "kok", "informedOn": "2025-09-09"}))
	return lived(tb, inputs, "2025-12-15", "2015-12-01")
}

// sample are the clients of the sample export, each met a month before its day. Rows that
// the profile or the schemas refuse are left out, and so are clients without a client row.
func sample(tb testing.TB) []person {
	tb.Helper()
	profile, err := adapters.LoadProfile(examples.Profile())
	if err != nil {
		tb.Fatal(err)
	}
	inputs := map[string][]ocmw.Input{}
	names, err := fs.Glob(examples.Export(), "*")
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range names {
		for _, feed := range profile.Feeds {
			if _, _, ok := feed.Match(name); ok {
				read(tb, name, feed, inputs)
			}
		}
	}
	day := casefile.Date(examples.Today())
	decoder, rules := newDecoder(tb), mapping.New()
	var out []person
	for _, number := range slices.Sorted(maps.Keys(inputs)) {
		if p, ok := newPerson(decoder, inputs[number], day); ok && p.c.Client != nil {
			p.live(rules, day.AddDays(-30), 30)
			out = append(out, p)
		}
	}
	return out
}

func read(tb testing.TB, name string, feed *adapters.Feed, inputs map[string][]ocmw.Input) {
	tb.Helper()
	in := adapters.Input{Name: name, Size: -1, Open: func() (io.ReadCloser, error) { return examples.Export().Open(name) }}
	_, err := delimited.New(adapters.Limits{}).Read(context.Background(), in, feed, func(row adapters.Row) error {
		for _, raw := range row.Records {
			if len(row.Problems) == 0 && !row.Skipped {
				inputs[row.Client] = append(inputs[row.Client], cycle.DecoderInput(raw, true, ""))
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatalf("read %s: %v", name, err)
	}
}
