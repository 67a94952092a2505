package mapping

import (
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// What a person is asked of a record that is gone stays the same question, whatever stands in its row now.
func TestAQuestionIsOfItsRecord(t *testing.T) {
	ask := func(start casefile.Date, row int) string {
		contract := func(key string, start casefile.Date, row int) *casefile.Employment {
			return &casefile.Employment{Header: casefile.Header{
				Client: "K1", RecordKey: key, Missing: key == "gone", Prov: casefile.Provenance{File: "contracts.csv", Row: row},
			}, Start: start}
		}
		old := contract("gone", start, 2)
		w := &work{c: casefile.Assemble(testOCMW(false), []casefile.Record{old, contract("other", "2026-02-01", row)}), contents: map[casefile.Record]content{}}
		return w.question("DATA-01", "it is gone", cells(old, "start"))
	}
	if ask("2026-01-01", 2) != ask("2026-01-01", 3) {
		t.Error("another record made it another question")
	}
	if ask("2026-01-01", 2) == ask("2026-01-02", 2) {
		t.Error("another value left it the same question")
	}
}
