package app

import (
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

func TestFirstDayOfAnAnswer(t *testing.T) {
	category := func(id string, from casefile.Date) casefile.Registration {
		return reg(id, casefile.Category{Code: "05", From: from})
	}
	ready := &casefile.Client{ReadySince: "2026-01-05"}
	gone := &casefile.Employment{Header: casefile.Header{Missing: true}, Start: "2026-03-09"}
	cases := []struct {
		name    string
		held    []casefile.Registration
		records []casefile.Record
		want    casefile.Date
	}{
		{"nothing is known", nil, nil, ""},
		{"ready", nil, []casefile.Record{ready}, "2026-01-05"},
		{"ready on a day that lies ahead", nil, []casefile.Record{&casefile.Client{ReadySince: "2026-03-17"}}, ""},
		{"the last contract that began", nil, []casefile.Record{ready, &casefile.Employment{Start: "2026-02-02"}, &casefile.Employment{Start: "2026-04-01"}, gone}, "2026-02-02"},
		{"the category that is answered", []casefile.Registration{category("a", "2026-03-02")}, []casefile.Record{ready}, "2026-01-05"},
		{"one before it", []casefile.Registration{category("a", "2026-02-16"), category("b", "2026-03-02"), category("c", "2026-05-01")}, []casefile.Record{ready}, "2026-02-16"},
	}
	for _, c := range cases {
		if got := firstDay(decided(casefile.Decision{}, &casefile.Dossier{Registrations: c.held}, c.records...), day); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := firstDay(decided(casefile.Decision{}, nil, ready), day); got != "2026-01-05" {
		t.Errorf("without a dossier: %q", got)
	}
}

func TestBeginThatDoesNotFitIsRefused(t *testing.T) {
	a := appOn(shelf{})
	view := decided(casefile.Decision{}, nil, &casefile.Client{ReadySince: "2026-01-05"})
	refused(t, a.fits(view, "2026-01-04"), "--from 2026-01-04 does not fit: the client's readiness", "days that fit: 2026-01-05 to 2026-03-16")
	refused(t, a.fits(view, "2026-03-17"), "--from 2026-03-17 does not fit: a category is registered on its day or later", "days that fit: 2026-01-05 to 2026-03-16")
	refused(t, a.fits(decided(casefile.Decision{}, nil), "2026-03-17"), "does not fit", "days that fit: any up to 2026-03-16")
	for _, from := range []casefile.Date{"", "2026-01-05", "2026-03-16"} {
		if err := a.fits(view, from); err != nil {
			t.Errorf("%q: %v", from, err)
		}
	}
}
