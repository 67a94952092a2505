package mapping

import (
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// evaluations is TWE-07: those that took place, and the next one.
func (w *work) evaluations() {
	last, before := map[*casefile.Track]casefile.Date{}, map[*casefile.Track]casefile.Date{}
	for _, e := range w.c.Evaluations {
		if gone(e.Header) {
			w.finding("DATA-01", "Een evaluatie staat niet meer in de export of is er als verwijderd in aangeduid.",
				"Kijk na of dat klopt; wat in MLP staat, blijft staan.", cells(e, "date"))
			continue
		}
		if !w.clk.reached(e.Date) {
			continue
		}
		t := w.trackOf(e)
		if t == nil {
			w.finding("TWE-07", "Een evaluatie hoort bij geen enkele of bij meer dan één WEO.", "Vul het trajectnummer in of verbeter de datum.", cells(e, "trackNumber", "date"))
			continue
		}
		before[t], last[t] = casefile.Latest(t.WEOStart, last[t]), casefile.Latest(last[t], e.Date)
		w.evaluation(t, e)
	}
	for _, t := range w.facts.weos {
		if due := before[t].AddMonths(w.rules.limit(paramEvaluation, before[t])); !last[t].IsZero() && last[t] <= due {
			w.deadline("TWE-07", due, true, "De laatste evaluatie was op tijd.", cells(t, "weoStart"))
		}
		w.nextEvaluation(t, casefile.Latest(t.WEOStart, last[t]))
	}
}

// trackOf is the WEO that an evaluation belongs to: the one that it names, else the
// only one that was begun by then and not yet ended.
func (w *work) trackOf(e *casefile.Evaluation) *casefile.Track {
	var found *casefile.Track
	for _, t := range w.facts.weos {
		if t.WEOStart > e.Date {
			continue
		}
		switch {
		case e.TrackNumber != "" && e.TrackNumber == t.TrackNumber:
			return t
		case e.TrackNumber == "" && (t.WEOEnd.IsZero() || e.Date <= t.WEOEnd):
			if found != nil {
				return nil
			}
			found = t
		}
	}
	return found
}

// evaluation is sent when each answer is known; an answer is never assumed.
func (w *work) evaluation(t *casefile.Track, e *casefile.Evaluation) {
	cs := cells(e, "competencesScored", "planUpdated", "reportUploaded")
	missing := listOf(
		missingItem{e.CompetencesScored == casefile.Unknown, "of de competenties gescoord zijn"},
		missingItem{e.PlanUpdated == casefile.Unknown, "of het POP aangevuld is"},
		missingItem{e.ReportUploaded == casefile.Unknown, "of een verslag opgeladen is"})
	if missing != "" {
		w.finding("TWE-07", "De evaluatie van "+e.Date.Dutch()+" is onvolledig en wordt niet doorgestuurd. Niet ingevuld: "+missing+".",
			"Vul dit aan in de export.", cs)
		return
	}
	if e.CompetencesScored == casefile.No || (e.PlanUpdated == casefile.No && e.ReportUploaded == casefile.No) {
		w.finding("TWE-07", "Bij de evaluatie van "+e.Date.Dutch()+" zijn de competenties niet gescoord, of is het POP niet aangevuld en geen verslag opgeladen.",
			"Doe dit alsnog in MLP en pas de export aan.", cs)
	}
	// Key of an evaluation: the record's own key, as the profile names it.
	w.desire(blockTWE, "TWE-07", "Er was een evaluatie op "+e.Date.Dutch()+".", e.Date, w.id(casefile.RegEvaluation, e.Key()),
		casefile.EvaluationDone{Date: e.Date, Evaluation: e.Evaluation, CompetencesScored: e.CompetencesScored,
			PlanUpdated: e.PlanUpdated, ReportUploaded: e.ReportUploaded, WEOID: w.weoRef(t)})
}

// nextEvaluation: so many months from the WEO's start and then from the last evaluation,
// while the TWE lasts that long.
func (w *work) nextEvaluation(t *casefile.Track, last casefile.Date) {
	every := w.rules.limit(paramEvaluation, last)
	due := last.AddMonths(every)
	if !w.clk.reached(t.WEOStart) || w.clk.passed(t.WEOEnd) || (!t.WEOEnd.IsZero() && t.WEOEnd < due) {
		return
	}
	w.deadline("TWE-07", due, false, "Er moet een evaluatie zijn: plan ze en vul ze in.", cells(t, "weoStart"))
	if w.clk.passed(due) {
		w.finding("TWE-07", "Er was geen evaluatie binnen "+months(every)+" ("+due.Dutch()+").", "Plan de evaluatie.", cells(t, "weoStart"))
	}
}

// endOfTWE is TWE-13 and TWE-14.
func (w *work) endOfTWE(t *casefile.Track) {
	if !w.clk.reached(t.WEOEnd) {
		return
	}
	w.finalReport(t)
	// VDAB measures by itself: after the day the measurement counts as done.
	first := t.WEOEnd.AddDays(1)
	second := first.AddMonths(w.rules.limit(paramOutflow, t.WEOEnd))
	cs := cells(t, "weoEnd")
	w.deadline("TWE-14", first, w.clk.passed(first), "VDAB meet een eerste keer de uitstroom: kijk na of een job van de cliënt in MLP staat.", cs)
	w.deadline("TWE-14", second, w.clk.passed(second), "VDAB meet een tweede keer de uitstroom: kijk na of een job van de cliënt in MLP staat.", cs)
}

// hasFinalReport: the export names the document, and its file is there.
func (w *work) hasFinalReport(t *casefile.Track) bool {
	return slices.ContainsFunc(w.c.Documents, func(d *casefile.DocumentRecord) bool {
		file, looked := w.c.Files[d.File]
		return d.Document == casefile.DocFinalReport && !gone(d.Header) && w.clk.reached(d.Date) && w.documentTrack(d) == t && looked && file.Problem == ""
	})
}

func (w *work) finalReport(t *casefile.Track) {
	report, scored := w.hasFinalReport(t), false
	for _, e := range w.c.Evaluations {
		if e.Evaluation == "final" && !gone(e.Header) && w.clk.reached(e.Date) && w.trackOf(e) == t {
			report = report || e.ReportUploaded == casefile.Yes
			scored = scored || e.CompetencesScored == casefile.Yes
		}
	}
	scored = scored || slices.ContainsFunc(w.c.Competences, func(r *casefile.CompetenceRecord) bool {
		return !gone(r.Header) && r.AssessedOn >= t.WEOEnd.AddMonths(-1) // the last month counts as the end (assumption)
	})
	// TWE 10 has two branches: a regular job was found, or none was.
	withoutJob := t.WEOEndReason != "" && t.WEOEndReason != casefile.EndJob
	missing := listOf(
		missingItem{t.WEOEndReason == "", "de reden van het einde"},
		missingItem{!report, "het eindverslag"},
		missingItem{withoutJob && !scored, "de laatste score van de competenties"},
		missingItem{withoutJob && t.FinalAdvice == "", "het eindadvies"})
	if missing != "" {
		w.finding("TWE-13", "Bij het einde van het TWE ontbreekt: "+missing+".", "Vul dit aan in de export; wat alleen in MLP staat, vul het ook daar in.",
			cells(t, "weoEnd", "weoEndReason", "finalAdvice"))
	}
	w.finalAdvice(t)
	w.fired("TWE-13", "Het TWE is beëindigd.", cells(t, "weoEnd"))
}
