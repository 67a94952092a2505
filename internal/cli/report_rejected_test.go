package cli

import (
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/app"
)

// A few rejected rows are listed, many are counted by what is wrong with them.
func TestManyRejectedRowsAreCounted(t *testing.T) {
	row := func(n int, column string) app.RejectedRow {
		return app.RejectedRow{File: "c.csv", Row: n, Column: column, Rule: "cell.code", Reason: "Niet gekend.", Client: "Z1"}
	}
	few := app.Summary{Rejected: []app.RejectedRow{row(2, "Regime"), row(3, "Regime")}}
	many := app.Summary{Rejected: []app.RejectedRow{row(2, "Regime"), row(2, "Soort")}}
	for n := range 40 {
		many.Rejected = append(many.Rejected, row(n+3, "Regime"))
	}
	for _, tt := range []struct {
		name string
		of   app.Summary
		want []string
	}{
		{"few", few, []string{"2 reasons", "file row column reason", "c.csv 2 Regime Niet gekend.", "c.csv 3 Regime Niet gekend."}},
		{"many", many, []string{"42 reasons", "file column rows first reason", "c.csv Regime 41 2 Niet gekend.", "c.csv Soort 1 2 Niet gekend.", "each row: the file afgekeurd"}},
	} {
		var out strings.Builder
		printRejected(&out, tt.of)
		text := strings.Join(strings.Fields(out.String()), " ")
		for _, want := range tt.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in\n%s", tt.name, want, out.String())
			}
		}
		if tt.name == "many" && strings.Contains(text, " 17 ") {
			t.Errorf("a row of many is listed:\n%s", out.String())
		}
	}
}
