package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// CellsNL lists cells as a caseworker finds them: those of one row together, and rows one after the other with the same columns.
func CellsNL(cells []casefile.Cell) string {
	var rows []rowNL
	for _, c := range cells {
		if c.File == "" {
			continue
		}
		r := rowOf(c)
		if last := len(rows) - 1; last >= 0 && rows[last].file == r.file && rows[last].number == r.number {
			rows[last].columns = strings.Join(slices.DeleteFunc([]string{rows[last].columns, r.columns}, func(s string) bool { return s == "" }), ", ")
		} else {
			rows = append(rows, r)
		}
	}
	var texts []string
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].file == rows[0].file && rows[n].columns == rows[0].columns {
			n++
		}
		texts = append(texts, together(rows[:n]))
		rows = rows[n:]
	}
	return strings.Join(texts, "; ")
}

// rowNL is a row with the columns that are meant; a row as a whole has none.
type rowNL struct{ file, number, columns string }

func rowOf(c casefile.Cell) rowNL {
	r := rowNL{file: c.File, number: strconv.Itoa(c.Row)}
	if c.Sheet != "" {
		r.file += fmt.Sprintf(" blad %q", c.Sheet)
	}
	if c.Column != "" {
		r.columns = strconv.Quote(c.Column)
	}
	return r
}

// together names rows of one file and the columns that they share.
func together(rows []rowNL) string {
	text := rows[0].file + " rij " + rows[0].number
	if len(rows) > 1 {
		numbers := make([]string, len(rows))
		for i, r := range rows {
			numbers[i] = r.number
		}
		text = rows[0].file + " rijen " + strings.Join(numbers, ", ")
	}
	return strings.TrimSuffix(text+" kolom "+rows[0].columns, " kolom ")
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
