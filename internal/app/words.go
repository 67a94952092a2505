package app

import (
	"cmp"
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

func recognisedNL(t casefile.Tri) string {
	return orElse(map[casefile.Tri]string{casefile.Yes: "erkend", casefile.No: "niet erkend"}, t, "erkenning onbekend")
}

func regimeNL(r casefile.Regime) string { return cmp.Or(r.Dutch(), "regime onbekend") }

func endReasonNL(r casefile.EndReason) string {
	if word := r.Dutch(); word != "" {
		return ", reden: " + word
	}
	return ""
}

func evaluationNL(kind string) string { return cmp.Or(casefile.DutchEvaluation(kind), "evaluatie") }

// documentNL tells a document from what it is about: the POP is in the dossier's own data too.
func documentNL(k casefile.DocumentKind) string {
	if word := k.Dutch(); word != "" {
		return word + " (document)"
	}
	return "document"
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
		return cmp.Or(b.Note.Dutch(), "nota")
	case casefile.Competence:
		return "competentie"
	case casefile.Category:
		return "categorie " + string(b.Code)
	case casefile.Handover:
		return "overdracht aan VDAB"
	case casefile.Profile:
		return "jobdoelwit, reden van instroom en POP"
	}
	return "gegevens van de persoon"
}
