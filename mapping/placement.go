package mapping

import (
	"slices"
	"strconv"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// placements is TWE-04: BVS, WES and IBO as instruments of a TWE.
func (w *work) placements() {
	for _, p := range w.c.Placements {
		switch {
		case gone(p.Header):
			w.finding("DATA-01", "Een stage of IBO staat niet meer in de export of is er als verwijderd in aangeduid.",
				"Kijk na of dat klopt; wat in MLP staat, blijft staan.", cells(p, "kind", "start"))
		case !w.clk.reached(p.Start):
			w.notFired("TWE-04", p.Placement+" begint pas op "+p.Start.Dutch()+".", cells(p, "start"))
		default:
			w.placement(p)
		}
	}
}

// weoFor is the WEO that a record belongs to: the one that it names, else the one of its day.
func (w *work) weoFor(trackNumber string, day casefile.Date) *casefile.Track {
	if trackNumber == "" {
		return w.facts.weoOn(day)
	}
	for _, t := range w.facts.weos {
		if t.TrackNumber == trackNumber {
			return t
		}
	}
	return nil
}

func (w *work) placement(p *casefile.Placement) {
	t := w.weoFor(p.TrackNumber, p.Start)
	if t != nil && (p.Start < t.WEOStart || (!t.WEOEnd.IsZero() && p.Start > t.WEOEnd)) {
		t = nil // the track that it names doesn't run on that day
	}
	switch {
	case t == nil && w.facts.glow != nil:
		w.notFired("TWE-04", "In GLOW registreert de partner de stages.", cells(p, "kind", "start"))
		return
	case t == nil:
		w.finding("TWE-04", "Een "+p.Placement+" valt in geen enkele WEO en wordt niet doorgestuurd.",
			"Vul de WEO of het trajectnummer in, of verbeter de startdatum.", cells(p, "trackNumber", "start"))
		return
	case !w.instrumentFits(p, t):
		return
	}
	called, known := w.communityService(p)
	if !known {
		return
	}
	w.fired("TWE-04", p.Placement+" past in het TWE.", cells(p, "kind", "start", "end"))
	// Key of a placement: the record's own key, as the profile names it.
	w.desire(blockTWE, "TWE-04", "De "+p.Placement+" is een instrument van het TWE.", p.Start, w.id(casefile.RegPlacement, p.Key()),
		casefile.WorkPlacement{Placement: p.Placement, Start: p.Start, End: p.End, EmployerKBO: p.EmployerKBO, InternshipPlan: p.InternshipPlan,
			HoursPerMonth: p.HoursPerMonth, CommunityService: called, WEOID: w.weoRef(t)})
}

// instrumentFits asks a person where the instrument was not to be had on that day, or stands at
// another place in the TWE than the sources give it.
func (w *work) instrumentFits(p *casefile.Placement, t *casefile.Track) bool {
	ask := func(word, reason, next, accept string) bool {
		return w.ask(0, casefile.Manual{Rule: "TWE-04", Reason: reason, Next: next, Cells: cells(p, "kind", "start")}, about(word, p.Placement, p.Start), accept)
	}
	mend := func(reason, next string, fields ...string) bool {
		w.manual(0, casefile.Manual{Rule: "TWE-04", Reason: reason, Next: next, Cells: cells(p, fields...)})
		return false
	}
	if !w.rules.hasInstrument(p.Placement, p.Start) && !ask("no instrument", "Een "+p.Placement+" die op "+p.Start.Dutch()+" begint: volgens één bron bestaat die dan niet meer (ze is opgegaan in de WES), een andere noemt ze nog.",
		"Kijk met VDAB na of het een WES moet zijn.", "registreer ze als "+p.Placement) {
		return false
	}
	first := w.firstContract(t)
	if p.Placement != casefile.PlacementBVS {
		running := w.contractOf(p.Start)
		if (first != nil && first.start < p.Start && running == nil) ||
			ask("before the end", "Een "+p.Placement+" is een instrument voor na art. 60§7, maar begint op "+p.Start.Dutch()+" ervoor of tijdens het contract.",
				"Kijk de datums van stage en contract na.", "registreer ze zo") {
			return true
		}
		return false
	}
	switch {
	case first != nil && (p.Start >= first.start || (!p.End.IsZero() && p.End >= first.start)):
		return mend("Een BVS kan alleen voor de start van art. 60§7 ("+first.start.Dutch()+").", "Kijk de datums van BVS en contract na.", "start", "end")
	case first != nil && p.End.IsZero() && w.clk.reached(first.start):
		return mend("Een BVS zonder einddatum, terwijl art. 60§7 begon op "+first.start.Dutch()+".", "Vul de einddatum van de BVS in.", "end")
	case p.InternshipPlan == casefile.Unknown:
		return mend("Bij een BVS is niet ingevuld of er een stageplan is.", "Vul dit in.", "internshipPlan")
	case p.InternshipPlan == casefile.No:
		return mend("Bij elke BVS hoort een stageplan, en dat is er niet.", "Maak het stageplan op en vul dit in.", "internshipPlan")
	}
	return true
}

// communityService is GLOW-07: what the registration calls the placement. Known is false where
// an answer is lacking.
func (w *work) communityService(p *casefile.Placement) (called casefile.Tri, known bool) {
	if p.CommunityService != casefile.Yes {
		return p.CommunityService, true
	}
	if held, ok := w.inMLP(w.id(casefile.RegPlacement, p.Key()), casefile.WorkPlacement{Placement: p.Placement, Start: p.Start}); ok && held.Body.(casefile.WorkPlacement).CommunityService == casefile.Yes {
		return casefile.Yes, true // judged by what held when it began
	}
	cl := w.c.Client
	low, high := w.rules.limit(paramCommunityLeast, p.Start), w.rules.limit(paramCommunityMost, p.Start)
	drawn := w.rules.limit(paramCommunityBenefit, p.Start)
	hours, err := strconv.ParseFloat(p.HoursPerMonth, 64)
	fields := append(cells(p, "communityService", "host", "hoursPerMonth"), cells(cl, "unemploymentBenefit", "benefitSince")...)
	missing := listOf(missingItem{p.Host == "", "waar de stage doorgaat"}, missingItem{err != nil, "de uren per maand"},
		missingItem{cl.UnemploymentBenefit == "", "of de cliënt een werkloosheidsuitkering krijgt"},
		missingItem{w.drawsBenefit() && cl.BenefitSince.IsZero(), "sinds wanneer de cliënt die uitkering krijgt"})
	if missing != "" {
		w.manual(0, casefile.Manual{Rule: "GLOW-07", Cells: fields, Next: "Vul dit in, of noem de stage geen gemeenschapsdienst.",
			Reason: "Een stage heet gemeenschapsdienst, maar niet ingevuld is: " + missing + "."})
		return "", false
	}
	hosts := []casefile.HostKind{casefile.HostLocalAuthority, casefile.HostNonProfit, casefile.HostSchool}
	failed := listOf(missingItem{p.Placement != casefile.PlacementWES, "het is geen WES"},
		missingItem{!slices.Contains(hosts, p.Host), "ze gaat niet door bij een lokaal bestuur, vzw of onderwijsinstelling"},
		missingItem{hours < float64(low) || hours > float64(high), "ze telt geen " + strconv.Itoa(low) + " tot " + strconv.Itoa(high) + " uur per maand"},
		missingItem{!w.drawsBenefit() || cl.BenefitSince.AddMonths(drawn) >= p.Start, "de cliënt is niet langer dan " + months(drawn) + " uitkeringsgerechtigd werkzoekend"})
	if failed != "" {
		w.finding("GLOW-07", "Een stage heet in de export gemeenschapsdienst, maar "+failed+". Ze wordt geregistreerd als gewone stage.",
			"Verbeter de gegevens van de stage.", fields)
		return casefile.No, true
	}
	w.fired("GLOW-07", "De WES mag gemeenschapsdienst heten.", fields)
	return casefile.Yes, true
}
