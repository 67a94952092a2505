package casefile

import (
	"fmt"
	"time"
)

// Date is a civil date in Europe/Brussels, written as yyyy-MM-dd. The zero
// value is "no date". Dates compare with < and > as they read: the form is
// fixed width. Only ParseDate, NewDate and DateOf make one, so a non-zero Date
// is always a day that exists.
type Date string

const isoDay = "2006-01-02"

// ParseDate reads yyyy-MM-dd; the empty string is the zero Date.
func ParseDate(s string) (Date, error) {
	if _, _, _, ok := dayOf(s); !ok && s != "" {
		return "", fmt.Errorf("date is not a day of the form yyyy-MM-dd")
	}
	return Date(s), nil
}

// dayOf reads what time.Parse takes: it is asked some twenty times for each row of an export.
func dayOf(s string) (year, month, day int, ok bool) {
	if len(s) != len(isoDay) || s[4] != '-' || s[7] != '-' {
		return 0, 0, 0, false
	}
	year, month, day = number(s[:4]), number(s[5:7]), number(s[8:])
	return year, month, day, year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
}

// number reads digits; -1 for others.
func number(digits string) (n int) {
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return -1
		}
		n = 10*n + int(digits[i]-'0')
	}
	return n
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// NewDate is the given day; months and days out of range roll over as in
// time.Date.
func NewDate(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Format(isoDay))
}

// DateOf is the civil date of an instant in the given zone (Europe/Brussels
// for everything that is decided).
func DateOf(t time.Time, zone *time.Location) Date {
	return Date(t.In(zone).Format(isoDay))
}

// IsZero tells whether there is no date.
func (d Date) IsZero() bool { return d == "" }

// Time is midnight UTC of the day; the zero Date gives the zero Time.
func (d Date) Time() time.Time {
	year, month, day, ok := dayOf(string(d))
	if !ok {
		return time.Time{}
	}
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}

// AddDays is the day n days later (earlier when negative).
func (d Date) AddDays(n int) Date {
	if d.IsZero() {
		return d
	}
	return Date(d.Time().AddDate(0, 0, n).Format(isoDay))
}

// AddMonths counts time as the domain does: the same day number n months
// later, or that month's last day where there is none (31/01 + 1 month is
// 28/02 or 29/02). domain.md section 1, "Counting time".
func (d Date) AddMonths(n int) Date {
	if d.IsZero() {
		return d
	}
	t := d.Time()
	first := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, n, 0)
	last := first.AddDate(0, 1, -1).Day()
	return NewDate(first.Year(), first.Month(), min(t.Day(), last))
}

// LastOfDuration is the last day of a period of n months that begins on d: a
// duration of 24 months from 15/01/2024 ends on 14/01/2026. Where the last month has
// no such day the period ends with that month: 3 months from 30/11 end on 28/02 or
// 29/02 (as in article 3.2 of Regulation 1182/71; the domain page is silent).
func (d Date) LastOfDuration(months int) Date {
	last := d.AddMonths(months)
	if !d.IsZero() && last.Time().Day() < d.Time().Day() {
		return last
	}
	return last.AddDays(-1)
}

// LastOfMonth is the last calendar day of d's month.
func (d Date) LastOfMonth() Date {
	t := d.Time()
	return NewDate(t.Year(), t.Month()+1, 0)
}

// DaysUntil is the number of days from d to other, negative when other lies
// before d.
func (d Date) DaysUntil(other Date) int {
	return int(other.Time().Sub(d.Time()).Hours() / 24)
}

// Dutch writes the day as caseworkers do: dd/mm/yyyy.
func (d Date) Dutch() string {
	if d.IsZero() {
		return ""
	}
	return d.Time().Format("02/01/2006")
}

// Earliest is the first of the given days, zero days left out.
func Earliest(days ...Date) Date {
	var first Date
	for _, d := range days {
		if !d.IsZero() && (first.IsZero() || d < first) {
			first = d
		}
	}
	return first
}

// Latest is the last of the given days, zero days left out.
func Latest(days ...Date) Date {
	var last Date
	for _, d := range days {
		last = max(last, d)
	}
	return last
}
