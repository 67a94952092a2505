package cli

import (
	"fmt"
	"io"
	"strconv"

	"github.com/mlpsync/mlpsync/internal/app"
)

type worklistCmd struct {
	configFlag
	Caseworker string `placeholder:"CODE" help:"Only the work of this caseworker (personnel code)."`
	JSON       bool   `name:"json" help:"Print as JSON."`
}

func (c worklistCmd) Run(s *session) error {
	_, err := look(s, c.configFlag, c.JSON, func(a *app.App) (app.Worklist, error) { return a.Worklist(s.ctx, c.Caseworker) }, printWorklist)
	return err
}

func printWorklist(w io.Writer, l app.Worklist) {
	fmt.Fprintf(w, "Werklijst op %s\n", l.Day.Dutch())
	for _, p := range l.Paused {
		fmt.Fprintf(w, "OP PAUZE: voor %s (%s) wordt niets naar MLP verstuurd sinds %s (%s: %s)\n",
			p.Name, p.OCMW, p.Since.In(app.Zone()).Format("02/01/2006 15:04"), p.By, p.Reason)
	}
	for _, list := range l.Caseworkers {
		section(w, "DOSSIERBEHEERDER %s · %s (%s) · %d", list.Worker.Dutch(), list.Name, list.OCMW, len(list.Items))
		for _, i := range list.Items {
			printWorkItem(w, i)
		}
	}
	section(w, "TOTALEN")
	printWorkTotals(w, l)
	if l.NobodysRows > 0 {
		rows, stand := "afgekeurde rij", "staat"
		if l.NobodysRows > 1 {
			rows, stand = "afgekeurde rijen", "staan"
		}
		fmt.Fprintf(w, "  %d %s zonder leesbaar cliëntnummer %s in geen lijst: zie het bestand afgekeurd\n", l.NobodysRows, rows, stand)
	}
}

func printWorkItem(w io.Writer, i app.WorkItem) {
	about := i.Sort.Dutch()
	if i.Rule != "" {
		about += " · " + i.Rule
	}
	if !i.Due.IsZero() {
		about += " · uiterlijk " + i.Due.Dutch()
	}
	columns(w, []int{8}, i.Client, about)
	const indent = 12
	paragraph(w, indent, "", i.Reason)
	if i.Proposal != "" {
		paragraph(w, indent, "voorstel: ", string(i.Proposal))
	}
	paragraph(w, indent, "wat nu: ", i.Next)
	for _, answer := range i.Answers {
		paragraph(w, indent, "antwoord: ", answer)
	}
	paragraph(w, indent, "cellen: ", app.CellsNL(i.Cells))
}

// printWorkTotals prints a row for each caseworker and one for all, with a column for each sort that
// occurs.
func printWorkTotals(w io.Writer, l app.Worklist) {
	header := []string{"dossierbeheerder"}
	var sorts []app.WorkSort
	for _, sort := range app.WorkSorts() {
		if l.Totals[sort] > 0 {
			sorts = append(sorts, sort)
			header = append(header, sort.Dutch())
		}
	}
	row := func(name string, totals map[app.WorkSort]int, all int) []string {
		cells := []string{name}
		for _, sort := range sorts {
			cells = append(cells, strconv.Itoa(totals[sort]))
		}
		return append(cells, strconv.Itoa(all))
	}
	var rows [][]string
	for _, list := range l.Caseworkers {
		rows = append(rows, row(list.Worker.Dutch(), list.Totals, len(list.Items)))
	}
	table(w, append(header, "samen"), append(rows, row("samen", l.Totals, l.Items)))
}
