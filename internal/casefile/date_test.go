package casefile

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDate(t *testing.T) {
	for text, ok := range map[string]bool{
		"": true, "2024-02-29": true, "2000-02-29": true, "0001-01-01": true,
		"2023-02-29": false, "1900-02-29": false, "2024-04-31": false, "2024-13-01": false,
		"2024-1-01": false, "24-01-01": false, "2024-01-01 ": false, "01/02/2024": false, "2024-01-01T00:00:00Z": false,
	} {
		d, err := ParseDate(text)
		if (err == nil) != ok {
			t.Errorf("ParseDate(%q): error %v", text, err)
		}
		if err == nil && string(d) != text || err != nil && d != "" {
			t.Errorf("ParseDate(%q) = %q", text, d)
		}
	}
}

// domain.md section 1, "Counting time".
func TestAddMonths(t *testing.T) {
	tests := []struct {
		from Date
		n    int
		want Date
	}{
		{"2026-01-31", 1, "2026-02-28"},
		{"2024-01-31", 1, "2024-02-29"},
		{"2024-02-29", 12, "2025-02-28"},
		{"2024-02-29", 48, "2028-02-29"},
		{"2024-02-29", 1, "2024-03-29"}, // the day number, not the end of the month
		{"2026-03-31", 6, "2026-09-30"},
		{"2026-12-15", 1, "2027-01-15"},
		{"2026-03-31", -1, "2026-02-28"},
		{"2026-01-15", -13, "2024-12-15"},
		{"2026-01-15", 0, "2026-01-15"},
		{"2026-08-31", 6, "2027-02-28"},
		{"2027-08-31", 6, "2028-02-29"},
		{"2028-02-29", 12, "2029-02-28"},
		{"2026-01-29", 2, "2026-03-29"}, // the day on which summer time begins
		{"2026-04-25", 6, "2026-10-25"}, // and on which it ends
		{"", 3, ""},
	}
	for _, tc := range tests {
		if got := tc.from.AddMonths(tc.n); got != tc.want {
			t.Errorf("%s + %d months = %s, want %s", tc.from, tc.n, got, tc.want)
		}
	}
}

func TestLastOfDuration(t *testing.T) {
	tests := []struct {
		from   Date
		months int
		want   Date
	}{
		{"2024-01-15", 24, "2026-01-14"}, // domain.md section 1
		{"2026-03-01", 12, "2027-02-28"},
		{"2023-03-01", 12, "2024-02-29"},
		{"2026-01-31", 1, "2026-02-28"},
		{"", 24, ""},
	}
	for _, tc := range tests {
		if got := tc.from.LastOfDuration(tc.months); got != tc.want {
			t.Errorf("%d months from %s end on %s, want %s", tc.months, tc.from, got, tc.want)
		}
	}
}

func TestLastOfMonth(t *testing.T) {
	for from, want := range map[Date]Date{
		"2026-02-01": "2026-02-28", "2024-02-29": "2024-02-29", "2026-12-31": "2026-12-31", "2026-04-30": "2026-04-30",
	} {
		if got := from.LastOfMonth(); got != want {
			t.Errorf("last day of the month of %s = %s, want %s", from, got, want)
		}
	}
}

// The day is Brussels', whatever the clock of the machine says.
func TestDateOf(t *testing.T) {
	brussels, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time]Date{
		time.Date(2026, 3, 15, 22, 59, 0, 0, time.UTC): "2026-03-15",
		time.Date(2026, 3, 15, 23, 0, 0, 0, time.UTC):  "2026-03-16",
		time.Date(2026, 7, 15, 22, 0, 0, 0, time.UTC):  "2026-07-16", // summer time
		time.Date(2026, 7, 15, 21, 59, 0, 0, time.UTC): "2026-07-15",
	} {
		if got := DateOf(at, brussels); got != want {
			t.Errorf("day of %v = %s, want %s", at, got, want)
		}
	}
}

// A day is a day, whether Brussels gives it 23, 24 or 25 hours.
func TestDaysOverTheChangesOfTheHour(t *testing.T) {
	for _, tc := range []struct {
		from Date
		n    int
		want Date
	}{
		{"2026-03-21", 8, "2026-03-29"}, {"2026-03-23", 8, "2026-03-31"}, {"2026-03-29", 1, "2026-03-30"}, {"2026-03-30", -1, "2026-03-29"},
		{"2026-10-17", 8, "2026-10-25"}, {"2026-10-20", 8, "2026-10-28"}, {"2026-10-25", 1, "2026-10-26"}, {"2026-10-26", -1, "2026-10-25"},
		{"2024-02-21", 8, "2024-02-29"}, {"2028-02-25", 8, "2028-03-04"}, {"2026-02-21", 8, "2026-03-01"},
	} {
		if got := tc.from.AddDays(tc.n); got != tc.want {
			t.Errorf("%s + %d days = %s, want %s", tc.from, tc.n, got, tc.want)
		}
		if got := tc.from.DaysUntil(tc.want); got != tc.n {
			t.Errorf("from %s to %s are %d days, want %d", tc.from, tc.want, got, tc.n)
		}
	}
}

// Each hour of the days around a change belongs to one civil day.
func TestHoursOfADay(t *testing.T) {
	brussels, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[Date]int{
		"2026-03-28": 24, "2026-03-29": 23, "2026-03-30": 24, "2026-10-24": 24, "2026-10-25": 25, "2026-10-26": 24, "2028-02-29": 24,
	} {
		hours := 0
		for at := day.Time().Add(-24 * time.Hour); at.Before(day.Time().Add(48 * time.Hour)); at = at.Add(time.Hour) {
			if DateOf(at, brussels) == day {
				hours++
			}
		}
		if hours != want {
			t.Errorf("%s has %d hours, want %d", day, hours, want)
		}
	}
}

func TestDutchDate(t *testing.T) {
	if got := Date("2026-03-06").Dutch(); got != "06/03/2026" {
		t.Errorf("got %q", got)
	}
	if got := Date("").Dutch(); got != "" {
		t.Errorf("no date reads %q", got)
	}
}

func TestEarliestAndLatestLeaveOutNoDate(t *testing.T) {
	if got := Earliest("", "2026-02-01", "2025-12-31", ""); got != "2025-12-31" {
		t.Errorf("earliest = %q", got)
	}
	if got := Latest("", "2026-02-01", "2025-12-31"); got != "2026-02-01" {
		t.Errorf("latest = %q", got)
	}
	if Earliest() != "" || Latest("", "") != "" {
		t.Error("no dates give a date")
	}
}

func TestDatesCountRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := NewDate(1990, time.January, 1).AddDays(rapid.IntRange(0, 30000).Draw(t, "day"))
		n := rapid.IntRange(-3000, 3000).Draw(t, "days")
		if got := d.DaysUntil(d.AddDays(n)); got != n {
			t.Fatalf("%s + %d days lies %d days on", d, n, got)
		}
		if (d < d.AddDays(n)) != (n > 0) {
			t.Fatalf("%s and %d days on compare wrong", d, n)
		}
		months := rapid.IntRange(0, 60).Draw(t, "months")
		later := d.AddMonths(months)
		if later > d.AddMonths(months).LastOfMonth() || later.Time().Day() > d.Time().Day() {
			t.Fatalf("%s + %d months = %s", d, months, later)
		}
		if y, m := later.Time().Year()*12+int(later.Time().Month()), d.Time().Year()*12+int(d.Time().Month()); y-m != months {
			t.Fatalf("%s + %d months lies in another month: %s", d, months, later)
		}
	})
}

// FuzzParseDate: it takes what time.Parse does.
func FuzzParseDate(f *testing.F) {
	for _, text := range []string{"2026-03-16", "2024-02-29", "2023-02-29", "1900-02-29", "2000-02-29", "0000-02-29", "2026-04-31", "2026-13-01", "2026-00-10",
		"2026-01-00", "2026-1-1", "2026-01-1 ", "2026/01/01", "2026-01-01T", "+026-01-01", "٢٠٢٦-01-01", " 2026-01-01"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		day, err := ParseDate(text)
		at, want := time.Parse("2006-01-02", text)
		if text != "" && (err == nil) != (want == nil) || err == nil && string(day) != text {
			t.Errorf("%q is read as %q, %v, where time.Parse says %v", text, day, err, want)
		}
		if have := Date(text).Time(); !have.Equal(at) || have.Location() != at.Location() {
			t.Errorf("%q is %v, where time.Parse says %v", text, have, at)
		}
	})
}

// Each day of four centuries is one, and the days behind each month are none.
func TestAllDays(t *testing.T) {
	for year := 1900; year < 2300; year++ {
		for month := 1; month <= 12; month++ {
			for day := 0; day <= 32; day++ {
				text := fmt.Sprintf("%04d-%02d-%02d", year, month, day)
				_, want := time.Parse("2006-01-02", text)
				if _, err := ParseDate(text); (err == nil) != (want == nil) {
					t.Fatalf("%s: %v, where time.Parse says %v", text, err, want)
				}
			}
		}
	}
}
