package cli

import (
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/app"
)

// Of rows with the same problem some are shown and the others counted; what stands between them is not lost.
func TestRowsWithTheSameProblemAreCounted(t *testing.T) {
	problem := func(row int, rule string) app.CheckProblem {
		return app.CheckProblem{Row: row, Column: "Regime", Rule: rule, ReasonEN: "not known", ReasonNL: "Niet gekend."}
	}
	var problems []app.CheckProblem
	for row := range 100 {
		problems = append(problems, problem(row+2, "cell.code"))
	}
	problems = append(problems, problem(50, "cell.date"))
	var out strings.Builder
	s := session{stdout: &out}
	s.printProblems("", problems)
	for _, want := range []string{`row 6, column "Regime": not known [cell.code]`, `row 50, column "Regime": not known [cell.date]`, "... and 95 more rows, from row 7 on: not known [cell.code]; --json has each"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "row 8,") {
		t.Errorf("a row that is counted is shown:\n%s", out.String())
	}
}
