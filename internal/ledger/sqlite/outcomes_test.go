package sqlite

import (
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// A row is written as new before it is compared. Should its record not stand in the ledger, the balance says so.
func TestANewRowHasARecord(t *testing.T) {
	s := memory(t)
	g, err := s.StageSet(t.Context(), "run", "0999999922", []ledger.File{{Feed: "clients", Name: "a", Hash: "1", Interpretation: "1"}})
	if err != nil {
		t.Fatal(err)
	}
	rows := []ledger.Row{{Number: 2}, {Number: 3}}
	for i, client := range []string{"c1", "c2"} {
		rows[i].Records = []ledger.StoredRecord{{Kind: casefile.KindClient, Client: client, Key: client, Hash: client, Payload: []byte("{}")}}
	}
	if err := g.Add(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	run(t, s.writer, `DELETE FROM row_record WHERE row = (SELECT MAX(id) FROM export_row)`)
	result, err := g.Activate(t.Context(), []ledger.FileCount{{Rows: 2}}, time.Now())
	if err != nil || result.Activated || len(result.Files) != 1 || result.Files[0].New != 1 || result.Files[0].Holds() {
		t.Errorf("%v, %+v", err, result)
	}
}
