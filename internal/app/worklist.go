package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/report"
)

// WorkItem and WorkSort are a thing of a worklist and its sort; Cell texts and sorts in Dutch are
// the report's, so that the screen and the files say the same.
type (
	WorkItem = report.Item
	WorkSort = report.Sort
)

// WorkSorts lists the sorts in the order in which a caseworker wants them.
func WorkSorts() []WorkSort { return report.Sorts() }

// CellsNL lists cells as a caseworker finds them.
func CellsNL(cells []casefile.Cell) string { return report.CellsNL(cells) }

// Worklist is what people have to do or to know, by caseworker.
type Worklist struct {
	Day         casefile.Date    `json:"day"`
	Caseworkers []CaseworkerList `json:"caseworkers"`
	// Totals counts the items of all caseworkers together, by kind; Items is their sum.
	Totals map[report.Sort]int `json:"totals"`
	Items  int                 `json:"items"`
	// Paused are the OCMWs for which nothing is sent until a person resumes them.
	Paused []Pause `json:"paused,omitempty"`
	// NobodysRows are rejected rows in which no client number could be read: no client's
	// list has them, the file afgekeurd has.
	NobodysRows int `json:"rejectedRowsWithoutClient"`
}

// CaseworkerList is the work of one caseworker of one OCMW, most urgent first.
type CaseworkerList struct {
	OCMW string `json:"ocmw"`
	Name string `json:"ocmwName"`
	report.Worker
	Items  []report.Item       `json:"items"`
	Totals map[report.Sort]int `json:"totals"`
}

// Worklist lists what people have to do; of one caseworker when a personnel code is given.
func (a *App) Worklist(ctx context.Context, caseworker string) (Worklist, error) {
	if err := a.knows(ctx, caseworker); err != nil {
		return Worklist{}, err
	}
	list := Worklist{Day: a.today(), Caseworkers: []CaseworkerList{}, Totals: map[report.Sort]int{}}
	for _, o := range a.config.OCMWs {
		pause, err := a.paused(ctx, string(o.KBONumber()))
		if err != nil {
			return list, err
		}
		if pause != nil {
			list.Paused = append(list.Paused, *pause)
		}
		items, err := report.Items(ctx, a.store, a.reportOptions(o))
		if err != nil {
			return list, err
		}
		list.add(o, items, caseworker)
		if caseworker != "" {
			continue
		}
		err = a.store.Rejected(ctx, string(o.KBONumber()), func(r ledger.RejectedRow) error {
			if r.Client == "" {
				list.NobodysRows++
			}
			return nil
		})
		if err != nil {
			return list, fmt.Errorf("list rejected rows: %w", err)
		}
	}
	return list, nil
}

func (a *App) reportOptions(o config.OCMW) report.Options {
	return report.Options{OCMW: string(o.KBONumber()), DefaultCaseworker: o.DefaultCaseworker, Day: a.today(), Zone: Zone()}
}

// add takes items that are in order of caseworker.
func (l *Worklist) add(o config.OCMW, items []report.Item, only string) {
	slices.SortStableFunc(items, func(a, b report.Item) int { return cmp.Compare(workerKey(a.Worker), workerKey(b.Worker)) })
	for _, i := range items {
		if only != "" && i.Caseworker != only {
			continue
		}
		last := len(l.Caseworkers) - 1
		if last < 0 || l.Caseworkers[last].OCMW != i.OCMW || l.Caseworkers[last].Worker != i.Worker {
			l.Caseworkers = append(l.Caseworkers, CaseworkerList{OCMW: i.OCMW, Name: o.Name, Worker: i.Worker, Totals: map[report.Sort]int{}})
			last++
		}
		list := &l.Caseworkers[last]
		list.Items = append(list.Items, i)
		list.Totals[i.Sort]++
		l.Totals[i.Sort]++
		l.Items++
	}
}

// workerKey puts what the default caseworker has by default behind their own work.
func workerKey(w report.Worker) string {
	if w.Default {
		return w.Caseworker + " *"
	}
	return w.Caseworker
}
