package app

import (
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/ledger"
)

// A file of which many rows were rejected is told; one of a few rows, or with a few wrong ones, is the caseworkers' alone.
func TestManyRejectedRowsAreToldToIT(t *testing.T) {
	for _, tt := range []struct {
		rows, rejected int
		want           bool
	}{{1000, 100, true}, {1000, 99, false}, {11, 11, true}, {10, 10, false}, {200000, 187500, true}, {0, 0, false}} {
		notes := rejections("0999999031", []ledger.FileBalance{{Name: "c.csv", Feed: "contracts", Rows: tt.rows, Rejected: tt.rejected}})
		if got := len(notes) == 1 && notes[0].Level == "warn" && strings.Contains(notes[0].EN, "compare the export"); got != tt.want {
			t.Errorf("%d of %d: %+v", tt.rejected, tt.rows, notes)
		}
	}
}
