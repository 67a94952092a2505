package app

import (
	"fmt"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// The words in which a course is told: Dutch, as caseworkers use them.

func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// orElse is the word of a code, else what an unknown one is called.
func orElse[K comparable](words map[K]string, code K, unknown string) string {
	if word, known := words[code]; known {
		return word
	}
	return unknown
}

func partyNL(p casefile.Party) string {
	return orElse(map[casefile.Party]string{
		casefile.PartyOCMW: "het OCMW", casefile.PartyVDAB: "VDAB", casefile.PartyClient: "de cliënt",
		casefile.PartyPartner: "een partner", casefile.PartyNone: "niemand",
	}, p, "een ander")
}

func regimeNL(r casefile.Regime) string {
	return orElse(map[casefile.Regime]string{casefile.FullTime: "voltijds", casefile.PartTime: "deeltijds"}, r, "regime onbekend")
}

func recognisedNL(t casefile.Tri) string {
	return orElse(map[casefile.Tri]string{casefile.Yes: "erkend", casefile.No: "niet erkend"}, t, "erkenning onbekend")
}

func endReasonNL(r casefile.EndReason) string {
	return orElse(map[casefile.EndReason]string{
		casefile.EndJob: ", reden: job", casefile.EndTraining: ", reden: opleiding", casefile.EndNoJob: ", reden: geen job",
		casefile.EndOther: ", andere reden",
	}, r, "")
}

func evaluationNL(kind string) string {
	return orElse(map[string]string{
		"interim": "tussentijdse evaluatie", "phase": "evaluatie na een fase", "final": "eindevaluatie",
	}, kind, "evaluatie")
}

func documentNL(k casefile.DocumentKind) string {
	return orElse(map[casefile.DocumentKind]string{
		casefile.DocDevelopmentPlan: "POP (document)", casefile.DocInternshipPlan: "stageplan (document)",
		casefile.DocInterimReport: "tussentijds verslag (document)", casefile.DocFinalReport: "eindverslag (document)",
	}, k, "document")
}

func noteNL(k casefile.NoteKind) string {
	return orElse(map[casefile.NoteKind]string{
		casefile.NoteTraining: "verwijzing naar een opleiding", casefile.NoteFinalAdvice: "eindadvies",
	}, k, "nota")
}

// bodyNL names a registration by its kind and sort.
func bodyNL(b casefile.Body) string {
	switch b := b.(type) {
	case casefile.WEO:
		return "WEO"
	case casefile.Art60:
		return "contract art. 60§7"
	case casefile.WorkPlacement:
		return b.Placement
	case casefile.EvaluationDone:
		return evaluationNL(b.Evaluation)
	case casefile.Document:
		return documentNL(b.Document)
	case casefile.Note:
		return noteNL(b.Note)
	case casefile.Competence:
		return "competentie"
	case casefile.Category:
		return "categorie " + string(b.Code)
	case casefile.Handover:
		return "overdracht aan VDAB"
	case casefile.Profile:
		return "jobdoelwit, instap en POP"
	}
	return "gegevens van de persoon"
}
