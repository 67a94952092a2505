package casefile

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What a writer that wrote others before makes of a record reads as the record, and as what MarshalRecord makes of it.
func TestAWriterWritesWhatMarshalRecordDoes(t *testing.T) {
	var writer RecordWriter
	shared := map[string]string{"clientNumber": "Nr", "start": "Begin <&>"}
	for _, empty := range records() {
		t.Run(string(empty.Kind()), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				record := drawing(rt, t).record(empty)
				if rapid.Bool().Draw(rt, "shares columns") {
					record.(headed).header().Prov.Columns = shared
				}
				stored, columns, err := writer.Write(record)
				if err != nil {
					rt.Fatal(err)
				}
				slow, err := MarshalRecord(record)
				if err != nil {
					rt.Fatal(err)
				}
				read, err := UnmarshalRecord(record.Kind(), stored)
				if err != nil {
					rt.Fatal(err)
				}
				if columns != nil {
					if read.(headed).header().Prov.Columns, err = UnmarshalColumns(columns); err != nil {
						rt.Fatal(err)
					}
				}
				want, err := UnmarshalRecord(record.Kind(), slow)
				if err != nil {
					rt.Fatal(err)
				}
				if diff := cmp.Diff(want, read) + cmp.Diff(record, read); diff != "" {
					rt.Fatalf("read back (-want +read):\n%s", diff)
				}
			})
		})
	}
	for _, r := range []Record{nil, (*Client)(nil), (*Track)(nil)} {
		if _, _, err := writer.Write(r); !errors.Is(err, ErrUnknownKind) {
			t.Errorf("%T: error %v, want ErrUnknownKind", r, err)
		}
	}
}
