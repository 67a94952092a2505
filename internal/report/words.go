package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// inTheExport is the answer that every question about data takes.
const inTheExport = "in de export, via het cliëntsysteem"

// HowToDecide says in Dutch how a manual decision is answered.
func HowToDecide(client string, m casefile.Manual) []string {
	var ways []string
	// The client's number alone says who it is about, not what to fill in.
	if slices.ContainsFunc(m.Cells, func(c casefile.Cell) bool { return c.Field != "clientNumber" }) {
		ways = append(ways, inTheExport)
	}
	if m.Question == "" {
		return ways
	}
	if m.Category {
		ways = append(ways, decideCommand(client, m.Rule, "--category "+cmp.Or(string(m.Proposal), "CODE")))
	}
	if m.Category && m.Rule == ruleCategoryDrift {
		ways = append(ways, decideCommand(client, m.Rule, "--adopt")+" betekent: wat in MLP staat, blijft")
		if m.Proposal != "" {
			ways = append(ways, decideCommand(client, m.Rule, "--overrule")+" betekent: de categorie wordt "+string(m.Proposal))
		}
	}
	return append(ways, accepting(client, m.Rule, m.Accept)...)
}

// The rules that report what a person changed in MLP: a category, or another field. Such a change
// is adopted or overruled.
const (
	ruleCategoryDrift = "CAT-10"
	ruleFieldDrift    = "DATA-04"
)

// HowToAnswer says in Dutch how a finding is answered, where an answer is taken.
func HowToAnswer(client string, f casefile.Finding) []string {
	switch {
	case f.Question == "":
		return nil
	case f.Rule == ruleFieldDrift && f.Accept != "":
		return []string{decideCommand(client, f.Rule, "--adopt") + " betekent: wat in MLP staat, blijft",
			decideCommand(client, f.Rule, "--overrule") + " betekent: " + f.Accept}
	}
	return accepting(client, f.Rule, f.Accept)
}

func accepting(client, rule, means string) []string {
	if means == "" {
		return nil
	}
	return []string{decideCommand(client, rule, "--accept") + " betekent: " + means}
}

func decideCommand(client, rule, answer string) string {
	return fmt.Sprintf("mlpsync decide %s --rule %s %s --reason \"...\"", client, rule, answer)
}

// CellsNL lists cells as a caseworker finds them, those of one row together.
func CellsNL(cells []casefile.Cell) string {
	var rows []string
	place := ""
	for _, c := range cells {
		switch {
		case c.File == "":
		case rowNL(c) != place:
			place = rowNL(c)
			rows = append(rows, strings.TrimSuffix(fmt.Sprintf("%s kolom %q", place, c.Column), ` kolom ""`)) // a row as a whole has none
		default:
			rows[len(rows)-1] += fmt.Sprintf(", %q", c.Column)
		}
	}
	return strings.Join(rows, "; ")
}

func rowNL(c casefile.Cell) string {
	sheet := ""
	if c.Sheet != "" {
		sheet = fmt.Sprintf(" blad %q", c.Sheet)
	}
	return fmt.Sprintf("%s%s rij %d", c.File, sheet, c.Row)
}

// HandoverName is a kind of handover as a caseworker calls it.
func HandoverName(k casefile.HandoverKind) string { return cmp.Or(k.Dutch(), "soort onbekend") }

// HandoverStanding says how far VDAB is with a request, since when and why.
func HandoverStanding(h casefile.Handover) string {
	text := handoverStatus(h.Status)
	if h.Status == casefile.HandoverAssigned && h.AssignedTo != "" {
		text += " aan " + h.AssignedTo
	}
	if !h.StatusSince.IsZero() {
		text += " op " + h.StatusSince.Dutch()
	}
	if reason := handoverReason(h.StatusReason); reason != "" {
		text += ", reden: " + reason
	}
	return text
}

func handoverStatus(s casefile.HandoverStatus) string {
	switch s {
	case casefile.HandoverDraft:
		return "ontwerp"
	case casefile.HandoverReceived:
		return "ontvangen door VDAB"
	case casefile.HandoverNeedsInformation:
		return "VDAB vraagt informatie"
	case casefile.HandoverAccepted:
		return "aanvaard door VDAB"
	case casefile.HandoverAssigned:
		return "toegewezen"
	case casefile.HandoverRejected:
		return "geweigerd door VDAB"
	case casefile.HandoverClosed:
		return "afgesloten"
	}
	return "verstuurd" // MLP holds it, and says no more of it
}

// handoverReason is VDAB's reason in words; the full text stands in MLP.
func handoverReason(r casefile.HandoverReason) string {
	switch r {
	case "":
		return ""
	case casefile.ReasonNotTargetGroup:
		return "de cliënt hoort niet tot de doelgroep"
	case casefile.ReasonOtherTrack:
		return "een ander traject past beter"
	case casefile.ReasonClientDeclined:
		return "de cliënt wil niet"
	case casefile.ReasonClientUnreachable:
		return "de cliënt is niet te bereiken"
	case casefile.ReasonIncomplete:
		return "de aanvraag is onvolledig"
	case casefile.ReasonTrackEnded:
		return "het traject is beëindigd"
	}
	return "een andere reden, zie MLP"
}

func handoverNext(s casefile.HandoverStatus) string {
	switch s {
	case casefile.HandoverNeedsInformation:
		return "Kijk in MLP wat gevraagd wordt en vul het aan."
	case casefile.HandoverRejected:
		return "Kijk in MLP waarom en beslis hoe het verder gaat."
	case casefile.HandoverAssigned:
		return "Draag de begeleiding over aan wie de cliënt opvolgt."
	}
	return ""
}
