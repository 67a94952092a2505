package main

import "time"

// today is the sample's own day: the clocks of demo and mock start on it.
const today day = "2026-03-16"

// day is a civil date, yyyy-MM-dd; "" is none.
type day string

func (d day) time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		panic("the generator holds an impossible day: " + string(d))
	}
	return t
}

// plus is n days later.
func (d day) plus(n int) day { return day(d.time().AddDate(0, 0, n).Format(time.DateOnly)) }

// months is the same day number n months later; the generator only asks for days
// that exist in every month.
func (d day) months(n int) day {
	t := d.time()
	if t.Day() > 28 {
		panic("a day number that not every month has: " + string(d))
	}
	return day(t.AddDate(0, n, 0).Format(time.DateOnly))
}

// workday is the day itself, or the Monday after a weekend.
func (d day) workday() day {
	switch d.time().Weekday() {
	case time.Saturday:
		return d.plus(2)
	case time.Sunday:
		return d.plus(1)
	default:
		return d
	}
}

// dutch is dd/mm/yyyy, as the export writes it.
func (d day) dutch() string {
	if d == "" {
		return ""
	}
	return d.time().Format("02/01/2006")
}

// early is the day itself, or the 28th for the days that not every month has.
func (d day) early() day {
	if n := d.time().Day(); n > 28 {
		return d.plus(28 - n)
	}
	return d
}
