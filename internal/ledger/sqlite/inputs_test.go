package sqlite

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/seal"
)

// takeTracks makes an export of one client with these tracks the one in force; of a track whose key begins with x the export
// says that it is deleted.
func takeTracks(t *testing.T, s *Store, file string, keys ...string) {
	t.Helper()
	g, err := s.StageSet(t.Context(), "run", "0999999922", []ledger.File{{Feed: "tracks", Name: file, Hash: file, Interpretation: "1"}})
	if err != nil {
		t.Fatal(err)
	}
	rows := []ledger.Row{{Number: 2, Client: "c1", Records: []ledger.StoredRecord{storedRecord(t, &casefile.Client{Header: casefile.Header{Client: "c1", RecordKey: "c1"}})}}}
	for i, key := range keys {
		track := &casefile.Track{Header: casefile.Header{Client: "c1", RecordKey: key, Deleted: key[0] == 'x'}}
		rows = append(rows, ledger.Row{Number: 3 + i, Client: "c1", Records: []ledger.StoredRecord{storedRecord(t, track)}})
	}
	if err := g.Add(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	if r, err := g.Activate(t.Context(), []ledger.FileCount{{Rows: len(rows)}}, time.Unix(1e9, 0)); err != nil || !r.Activated {
		t.Fatalf("%+v, %v", r, err)
	}
}

func storedRecord(t *testing.T, r casefile.Record) ledger.StoredRecord {
	t.Helper()
	payload, err := casefile.MarshalRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	return ledger.StoredRecord{Kind: r.Kind(), Client: r.ClientNumber(), Key: r.Key(), Hash: string(payload), Deleted: r.IsDeleted(), Payload: payload}
}

// A plan is compared with the inputs that it was made of, maybe by a newer program: what they are made of stays.
func TestInputsStayWhatTheyAre(t *testing.T) {
	s := memory(t)
	takeTracks(t, s, "a.csv", "t1", "t2", "x3")
	takeTracks(t, s, "b.csv", "t1", "x3", "x4")
	view, err := s.Find(t.Context(), "0999999922", "c1")
	if err != nil {
		t.Fatal(err)
	}
	want := sha256.New()
	states := map[string]int{}
	err = s.read(t.Context(), "look", func(x *tx) error {
		want.Write(seal.AAD("known", "0 0 0 0 0", ""))
		for rs, err := range x.rows(`SELECT kind || ' ' || deleted || ' ' || (missing_since IS NOT NULL), hex(key_ix), hex(digest) FROM record
				ORDER BY kind, key_ix`) {
			if err != nil {
				return err
			}
			var state, key, digest string
			if err := rs.Scan(&state, &key, &digest); err != nil {
				return err
			}
			states[state]++
			want.Write(seal.AAD(state, key, digest))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(states) != "map[client 0 0:1 track 0 0:1 track 0 1:1 track 1 0:2]" {
		t.Fatalf("records in force: %v", states)
	}
	if have := hex.EncodeToString(want.Sum(nil)); view.Inputs != have {
		t.Errorf("inputs %s, want %s", view.Inputs, have)
	}
	err = s.read(t.Context(), "look", func(x *tx) error {
		records, err := readRecordInputs(x, []int64{view.Person})
		if err != nil {
			return err
		}
		again, err := inputs(x, []int64{view.Person}, records)
		if again[view.Person] != view.Inputs {
			t.Errorf("inputs %s when a decision is committed, %s when it was made", again[view.Person], view.Inputs)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
