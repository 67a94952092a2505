package casefile

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecordsOfTheSameColumnsShareThem(t *testing.T) {
	var r RecordReader
	columns := func(stored string) (read map[string]string, place uintptr) {
		t.Helper()
		record, err := r.Read(KindTrack, []byte(stored))
		if err != nil {
			t.Fatal(err)
		}
		read = record.Origin().Columns
		return read, reflect.ValueOf(read).Pointer()
	}
	first, at := columns(`{"prov":{"file":"a","row":1,"columns":{"end":"Einde","start":"Begin"}}}`)
	if want := map[string]string{"end": "Einde", "start": "Begin"}; !reflect.DeepEqual(first, want) {
		t.Errorf("read %v, want %v", first, want)
	}
	if other, _ := columns(`{"prov":{"file":"a","row":2,"columns":{"start":"Begin"}}}`); len(other) != 1 {
		t.Errorf("read %v", other)
	}
	for _, none := range []string{`{"prov":{"file":"a","row":3}}`, `{"prov":{"columns":null}}`, `{}`} {
		if read, _ := columns(none); read != nil {
			t.Errorf("of %s: read %v, want none", none, read)
		}
	}
	if _, again := columns(`{"prov":{"file":"b","row":4,"columns":{"end":"Einde","start":"Begin"}}}`); again != at {
		t.Error("the same columns were read anew")
	}
}

func TestFewColumnsAreShared(t *testing.T) {
	var r RecordReader
	for n := range 3 * sharedMost {
		record, err := r.Read(KindTrack, fmt.Appendf(nil, `{"prov":{"columns":{"end":"%d"}}}`, n))
		if err != nil {
			t.Fatal(err)
		}
		if got := record.Origin().Columns["end"]; got != fmt.Sprint(n) {
			t.Fatalf("read column %s, want %d", got, n)
		}
		if len(r.columns) > sharedMost {
			t.Fatalf("%d are shared", len(r.columns))
		}
	}
}

// What a record was read from can be used for the next one: nothing of it is in the record.
func TestARecordHoldsNothingOfItsText(t *testing.T) {
	var reader RecordReader
	for _, empty := range records() {
		want := naming(t).record(empty)
		stored, err := MarshalRecord(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := reader.Read(want.Kind(), stored)
		if err != nil {
			t.Fatal(err)
		}
		for i := range stored {
			stored[i] = '#'
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-written +read):\n%s", want.Kind(), diff)
		}
	}
}
