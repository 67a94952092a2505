package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

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
	if r == "" {
		return ""
	}
	return cmp.Or(r.Dutch(), "een andere reden, zie MLP")
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
