package plan

import (
	"cmp"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// step is one thing to have in MLP at one place of a person's course. A WEO or a
// contract takes several: its begin, each later regime, its end.
type step struct {
	reg  casefile.Registration
	want casefile.Body // what is to be held after this step, at least
	// on is the day of the course to which the step belongs.
	on casefile.Date
	// due is the first day on which it may be sent.
	due   casefile.Date
	place place
}

// place is a step's rank within a course (design decision 9).
type place int

const (
	placeDossier place = iota
	place05
	placeProfile
	placeWEO
	placePlacement
	placeWork // a contract's begin and regimes, and 90 or 93, together in order of date
	placeTraining
	placeEvaluation
	placeDocument
	placeCompetence
	placeContractEnd
	placeExit // 00, 78 and any other category
	placeWEOEnd
	placeHandover
)

// steps takes the registrations apart. What each step wants is part of what is
// desired, and the last one wants all of it, in whatever order they come.
func steps(desired []casefile.Registration) []step {
	var all []step
	for _, r := range desired {
		begin := step{reg: r, want: r.Body, due: r.From, on: cmp.Or(casefile.StartOf(r.Body), r.From)}
		switch b := r.Body.(type) {
		case casefile.WEO:
			begin.place = placeWEO
			all = append(all, weoSteps(begin, b)...)
			continue
		case casefile.Art60:
			begin.place = placeWork
			all = append(all, contractSteps(begin, b)...)
			continue
		case casefile.Profile:
			begin.place = placeProfile
		case casefile.Category:
			begin.place = categoryPlace(b.Code)
		case casefile.WorkPlacement:
			begin.place = placePlacement
		case casefile.Note:
			begin.place = placeTraining
			if b.Note == casefile.NoteFinalAdvice {
				begin.place = placeDocument
			}
		case casefile.EvaluationDone:
			begin.place = placeEvaluation
		case casefile.Document:
			begin.place = placeDocument
		case casefile.Competence:
			begin.place = placeCompetence
		case casefile.Handover:
			begin.place = placeHandover
		}
		all = append(all, begin)
	}
	return all
}

func categoryPlace(code casefile.Code) place {
	switch code {
	case casefile.Code05:
		return place05
	case casefile.Code90, casefile.Code93:
		return placeWork
	}
	return placeExit
}

func weoSteps(begin step, whole casefile.WEO) []step {
	if whole.End.IsZero() {
		return []step{begin}
	}
	open := whole
	open.End, open.EndReason = "", ""
	end := begin
	end.on, end.due, end.place = whole.End, whole.End, placeWEOEnd
	begin.want = open
	return []step{begin, end}
}

func contractSteps(begin step, whole casefile.Art60) []step {
	regimes := casefile.Periods(whole.Regimes)
	var all []step
	add := func(regimes []casefile.RegimePeriod, on, due casefile.Date) {
		s, open := begin, whole
		open.End, open.Regimes = "", regimes
		s.want, s.on, s.due = open, on, due
		all = append(all, s)
	}
	n := 0
	for n < len(regimes) && (n == 0 || regimes[n].From <= max(whole.Start, regimes[0].From)) {
		n++
	}
	add(regimes[:n:n], begin.on, begin.due)
	for ; n < len(regimes); n++ {
		add(regimes[:n+1:n+1], regimes[n].From, regimes[n].From)
	}
	if !whole.End.IsZero() {
		end := begin
		end.want, end.on, end.due, end.place = whole, whole.End, whole.End, placeContractEnd
		all = append(all, end)
	}
	return all
}

// order puts the steps in the order of delivery.
//
// A person's life with the OCMW is cut into courses, and the courses follow each
// other. Within a course the ranks of design decision 9 hold: dossier, 05, job
// target and POP, WEO, contract with its 90 or 93, evaluations, end of contract,
// 00 or 78, end of WEO, handover; and in a rank the date, then the id. A new
// course begins where something begins (05, WEO, contract, 90 or 93) after
// something has ended (contract, WEO) or the client has left (00, 78), and at a
// 05 after work. So a course reads true, and categories always follow each other
// by their valid-from. The dossier's own data come first of all.
func order(all []step) []step {
	cuts := cuts(all)
	course := func(s step) int {
		if s.place == placeDossier || s.place == placeProfile {
			return 0
		}
		n, found := slices.BinarySearch(cuts, s.on)
		if found {
			n++
		}
		return n
	}
	slices.SortStableFunc(all, func(a, b step) int {
		return cmp.Or(cmp.Compare(course(a), course(b)), cmp.Compare(a.place, b.place), byDate(a, b))
	})
	return all
}

// byDate puts a contract before the category that needs it. Steps of one
// registration keep the order in which they were made: the sort is stable, and
// they stand together in a list sorted by kind and id.
func byDate(a, b step) int {
	return cmp.Or(cmp.Compare(a.on, b.on), cmp.Compare(isCategory(a), isCategory(b)),
		cmp.Compare(a.reg.Body.Kind(), b.reg.Body.Kind()), cmp.Compare(a.reg.ID, b.reg.ID))
}

func isCategory(s step) int {
	if s.reg.Body.Kind() == casefile.RegCategory {
		return 1
	}
	return 0
}

// cuts are the days on which a new course begins, in order.
func cuts(all []step) []casefile.Date {
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b step) int {
		return cmp.Or(cmp.Compare(a.on, b.on), cmp.Compare(a.place, b.place))
	})
	var days []casefile.Date
	worked, ended := false, false
	for _, s := range sorted {
		switch s.place {
		case place05, placeWEO, placeWork:
			if ended || s.place == place05 && worked {
				days = append(days, s.on)
				worked, ended = false, false
			}
			worked = worked || s.place == placeWork
		case placeContractEnd, placeExit, placeWEOEnd:
			ended = true
		}
	}
	return days
}
