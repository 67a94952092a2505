package mapping

import "github.com/mlpsync/mlpsync/internal/casefile"

// documents are the PDFs that belong in the dossier: POP, internship plans, reports (TWE 4, 7, 10).
func (w *work) documents() {
	for _, d := range w.c.Documents {
		if gone(d.Header) {
			w.finding("DATA-01", "Een document staat niet meer in de export of is er als verwijderd in aangeduid.",
				"Kijk na of dat klopt; wat in MLP staat, blijft staan.", cells(d, "kind", "date"))
			continue
		}
		if w.clk.reached(d.Date) {
			w.document(d)
		}
	}
}

// documentRule is the rule that asks for a document.
func documentRule(kind casefile.DocumentKind) string {
	switch kind {
	case casefile.DocDevelopmentPlan:
		return "TWE-08"
	case casefile.DocInternshipPlan:
		return "TWE-04"
	case casefile.DocFinalReport:
		return "TWE-13"
	}
	return "TWE-07"
}

func (w *work) document(d *casefile.DocumentRecord) {
	rule, what := documentRule(d.Document), "Het "+d.Document.Dutch()+" van "+d.Date.Dutch()
	t := w.documentTrack(d)
	if t == nil {
		w.finding(rule, what+" hoort bij geen enkele WEO en wordt niet doorgestuurd.", "Vul het trajectnummer in of verbeter de datum.", cells(d, "trackNumber", "date"))
		return
	}
	file, looked := w.c.Files[d.File]
	if !looked {
		file.Problem = casefile.FilesUnlooked
	}
	if file.Problem != "" {
		reason, next := fileProblem(file.Problem)
		w.finding(rule, what+" kan niet doorgestuurd worden: "+reason+".", next, cells(d, "file"))
		w.clk.reached(w.clk.day.AddDays(1)) // the file may be there tomorrow, without a new export
		return
	}
	w.fired(rule, what+" is er.", cells(d, "kind", "file"))
	// Key of a document: the record's own key, as the profile names it.
	w.desire(blockTWE, rule, what+" hoort in het dossier.", d.Date, w.id(casefile.RegDocument, d.Key()),
		casefile.Document{Document: d.Document, Date: d.Date, SHA256: file.SHA256, Size: file.Size, File: d.File, WEOID: w.weoRef(t)})
}

// documentTrack: a final report is written after the WEO's end, so without a number it
// belongs to the last WEO that was begun by then.
func (w *work) documentTrack(d *casefile.DocumentRecord) *casefile.Track {
	t := w.weoFor(d.TrackNumber, d.Date)
	if t != nil || d.TrackNumber != "" {
		return t
	}
	for _, weo := range w.facts.weos {
		if weo.WEOStart <= d.Date {
			t = weo
		}
	}
	return t
}

// fileProblem says in Dutch why a document's file can't be sent, and what now.
func fileProblem(p casefile.FileProblem) (reason, next string) {
	switch p {
	case casefile.FileMissing:
		return "het bestand staat niet in de documentenmap", "Zet de PDF in de documentenmap, of verbeter het pad in het cliëntsysteem."
	case casefile.FileTooLarge:
		return "het bestand is te groot", "Maak de PDF kleiner (hoogstens 5 MiB, of wat IT instelde)."
	case casefile.FileNotPDF:
		return "het bestand is geen PDF", "Bewaar het document als PDF."
	case casefile.FileOutside:
		return "het pad wijst buiten de documentenmap", "Verbeter het pad in het cliëntsysteem."
	case casefile.FilesNowhere:
		return "voor dit OCMW is geen documentenmap ingesteld", "Vraag IT om de documentenmap in te stellen."
	}
	return "het bestand kon niet gelezen worden", "Vraag IT om de rechten van het bestand na te kijken."
}

// competences puts what was scored in the dossier. A partner's dossier takes competences too
// (TWE-17).
func (w *work) competences() {
	for _, r := range w.c.Competences {
		if gone(r.Header) {
			w.finding("DATA-01", "Een competentie staat niet meer in de export of is er als verwijderd in aangeduid.",
				"Kijk na of dat klopt; wat in MLP staat, blijft staan.", cells(r, "assessedOn"))
			continue
		}
		if st := w.standing(); st != standsReady && w.facts.weoOn(r.AssessedOn) == nil {
			w.notFired("TWE-12", "De cliënt is niet klaar voor een traject: er wordt niets geregistreerd (CAT-01).", cells(r, "assessedOn"))
			continue
		}
		// Key of a competence: the record's own key, as the profile names it.
		w.desire(blockPerson, "TWE-12", "De gescoorde competentie hoort in het dossier.", r.AssessedOn, w.id(casefile.RegCompetence, r.Key()),
			casefile.Competence{Competence: r.Competence, Level: r.Level, AssessedOn: r.AssessedOn})
	}
	for _, p := range w.c.Placements {
		if !gone(p.Header) && w.weoFor(p.TrackNumber, p.Start) != nil {
			w.updatedAfter(p.Placement, p.Start, p.End, cells(p, "end"))
		}
	}
	for _, tr := range w.c.Trainings {
		if !gone(tr.Header) && tr.Recognised == casefile.Yes && w.facts.weoOn(tr.Start) != nil {
			w.updatedAfter("opleiding", tr.Start, tr.End, cells(tr, "end"))
		}
	}
}

// updatedAfter is TWE-12: after a competence-building action the competences are scored again.
func (w *work) updatedAfter(what string, start, end casefile.Date, cs []casefile.Cell) {
	if !w.clk.passed(end) {
		return
	}
	for _, r := range w.c.Competences {
		if !gone(r.Header) && r.AssessedOn >= end {
			w.fired("TWE-12", "Na de "+what+" van "+start.Dutch()+" zijn de competenties bijgewerkt.", cs)
			return
		}
	}
	w.finding("TWE-12", "Na de "+what+" die eindigde op "+end.Dutch()+" zijn in de export geen competenties gescoord.",
		"Score de competenties en neem ze op in de export.", cs)
}

// finalAdvice is TWE 10: registered where the TWE ended without a job.
func (w *work) finalAdvice(t *casefile.Track) {
	if t.FinalAdvice == "" {
		return
	}
	on := casefile.Latest(t.FinalAdviceOn, t.WEOEnd)
	// Key of a final advice: the track's own key.
	w.desire(blockTWE, "TWE-13", "Het eindadvies hoort in het dossier.", on, w.id(casefile.RegNote, "finalAdvice", t.Key()),
		casefile.Note{Note: casefile.NoteFinalAdvice, Date: on, Text: t.FinalAdvice, WEOID: w.weoRef(t)})
}
