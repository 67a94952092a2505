package casefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestRecordsReadBackEqual(t *testing.T) {
	var reader RecordReader // of all of them: what one has the next may lack
	for _, empty := range records() {
		t.Run(string(empty.Kind()), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				want := drawing(rt, t).record(empty)
				stored, err := MarshalRecord(want)
				if err != nil {
					rt.Fatal(err)
				}
				got, err := reader.Read(want.Kind(), stored)
				if err != nil {
					rt.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					rt.Fatalf("read back (-written +read):\n%s", diff)
				}
			})
		})
	}
}

// checkRoundTrip draws values of T and wants each back as it was written.
func checkRoundTrip[T any](t *testing.T, marshal func(T) ([]byte, error), unmarshal func([]byte) (T, error)) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		var want T
		drawing(rt, t).fill(reflectOf(&want), "value")
		stored, err := marshal(want)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := unmarshal(stored)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Cell{}, "Of")); diff != "" { // kept while deciding only
			rt.Fatalf("read back (-written +read):\n%s", diff)
		}
	})
}

func TestChangesReadBackEqual(t *testing.T) { checkRoundTrip(t, MarshalChange, UnmarshalChange) }

func TestKnownReadsBackEqual(t *testing.T) { checkRoundTrip(t, MarshalKnown, UnmarshalKnown) }

func TestDecisionsReadBackEqual(t *testing.T) {
	checkRoundTrip(t, MarshalDecision, UnmarshalDecision)
}

func TestAnswersReadBackEqual(t *testing.T) { checkRoundTrip(t, MarshalAnswer, UnmarshalAnswer) }

// What MLP held after our write, and still holds, is stored once.
func TestWhatIsHeldAsItWasWrittenIsStoredOnce(t *testing.T) {
	weo, other := WEO{Start: "2026-03-02"}, WEO{Start: "2026-03-02", End: "2026-04-01"}
	k := Known{
		Dossier: &Dossier{ID: "d", Registrations: []Registration{{ID: "same", Body: weo}, {ID: "changed", Body: other}, {ID: "theirs", Body: weo}, {ID: "too", Body: other}}},
		Written: map[string]Body{"same": weo, "changed": weo, "gone": weo, "too": other, "dossier": Profile{JobTarget: "p"}},
	}
	stored, err := MarshalKnown(k)
	if err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "known-as-held", stored, nil)
	got, err := UnmarshalKnown(stored)
	if diff := cmp.Diff(k, got); diff != "" || err != nil {
		t.Errorf("%v (-written +read):\n%s", err, diff)
	}
	k.Written = map[string]Body{"same": weo}
	if stored, err = MarshalKnown(k); err == nil {
		got, err = UnmarshalKnown(stored)
	}
	if diff := cmp.Diff(k.Written, got.Written); diff != "" || err != nil {
		t.Errorf("%v (-written +read):\n%s", err, diff)
	}
}

func TestMomentsAreStoredAsTheSameInstant(t *testing.T) {
	brussels := time.FixedZone("CET", 3600)
	at := time.Date(2026, 3, 16, 9, 0, 0, 0, brussels)
	stored, err := MarshalKnown(Known{Dossier: &Dossier{Registrations: []Registration{{Body: WEO{}, RegisteredAt: at}}}})
	if err != nil {
		t.Fatal(err)
	}
	k, err := UnmarshalKnown(stored)
	if err != nil {
		t.Fatal(err)
	}
	if got := k.Dossier.Registrations[0].RegisteredAt; !got.Equal(at) || got.Location() != time.UTC {
		t.Errorf("read %v, want %v in UTC", got, at)
	}
}

// TestStoredForm pins what lies in ledgers: a difference here means that what is
// stored already can't be read, and asks for a migration.
func TestStoredForm(t *testing.T) {
	f := naming(t)
	for _, empty := range records() {
		stored, err := MarshalRecord(f.record(empty))
		checkGolden(t, string(empty.Kind()), stored, err)
	}
	for _, b := range bodies() {
		stored, err := MarshalChange(Change{Kind: b.Kind(), New: f.someBody(b, string(b.Kind()))})
		checkGolden(t, "change-"+string(b.Kind()), stored, err)
	}
	var k Known
	f.fill(reflectOf(&k), "known")
	stored, err := MarshalKnown(k)
	checkGolden(t, "known", stored, err)
	var d Decision
	f.fill(reflectOf(&d), "decision")
	stored, err = MarshalDecision(d)
	checkGolden(t, "decision", stored, err)
}

func checkGolden(t *testing.T, name string, got []byte, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	path := filepath.Join("testdata", "stored", name+".json")
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the test with -update)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: stored form differs (-golden +now):\n%s", name, diff)
	}
}

func TestContentLeavesOutWhereItStood(t *testing.T) {
	record := func(row int, missing bool, city string) *Client {
		c := &Client{INSZ: testINSZ(t, testNumbers[0]), City: city}
		c.Header = Header{Client: "1", RecordKey: "1", Missing: missing, Prov: Provenance{File: "a.csv", Row: row}}
		return c
	}
	content := func(c *Client) string {
		b, err := MarshalContent(c)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	first := record(1, false, "Gent")
	if content(first) != content(record(7, true, "Gent")) {
		t.Error("another row makes another content")
	}
	if content(first) == content(record(1, false, "Aalst")) {
		t.Error("another city makes no other content")
	}
	deleted := record(1, false, "Gent")
	deleted.Deleted = true
	if content(first) == content(deleted) {
		t.Error("a deletion makes no other content")
	}
	if first.Prov.Row != 1 {
		t.Error("MarshalContent changed the record")
	}
}

func TestReadingRefuses(t *testing.T) {
	secret := "Verhaegen"
	tests := map[string]struct {
		read func() error
		want string
	}{
		"unknown record kind": {func() error { _, err := UnmarshalRecord("pet", []byte(`{}`)); return err }, "unknown kind"},
		"unknown body kind": {
			func() error {
				_, err := UnmarshalChange([]byte(`{"New":{"kind":"Verhaegen","body":{}}}`))
				return err
			}, "unknown kind",
		},
		"unknown field":            {readsClient(`{"Verhaegen":1}`), "not the form"},
		"wrong type":               {readsClient(`{"LastName":{"x":"Verhaegen"}}`), "wrong type"},
		"not JSON":                 {readsClient(`Verhaegen`), "not JSON"},
		"cut off":                  {readsClient(`{"LastName":"Verhaegen`), "not JSON"},
		"two values":               {readsClient(`{"LastName":"Verhaegen"}{}`), "follows"},
		"no such day":              {readsClient(`{"BirthDate":"2025-02-30","LastName":"Verhaegen"}`), "not the form"},
		"column of the wrong type": {readsClient(`{"prov":{"columns":{"Verhaegen":1}}}`), "wrong type"},
		"unknown field of a place": {readsClient(`{"prov":{"Verhaegen":1}}`), "not the form"},
		"no such number":           {readsClient(`{"INSZ":"67722499798"}`), "check digits"},
		"nothing":                  {readsClient(``), "not JSON"},
		"null":                     {readsClient(`null`), "nothing is stored"},
		"nothing known":            {func() error { _, err := UnmarshalKnown([]byte(`null`)); return err }, "nothing is stored"},
		"what is held of nothing": {func() error {
			_, err := UnmarshalKnown([]byte(`{"Dossier":{"Registrations":[]},"AsHeld":["Verhaegen"]}`))
			return err
		}, "holds nothing of what was written"},
		"person in change": {func() error {
			_, err := UnmarshalChange([]byte(`{"New":{"kind":"dossier","body":{"INSZ":"67722499798"}}}`))
			return err
		}, "check digits"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			err := tc.read()
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want one that says %q", err, tc.want)
			}
			if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "67722499798") {
				t.Errorf("error holds a value: %v", err)
			}
		})
	}
}

func readsClient(stored string) func() error {
	return func() error { _, err := UnmarshalRecord(KindClient, []byte(stored)); return err }
}

func TestWritingRefusesWhatIsNoRecord(t *testing.T) {
	for name, r := range map[string]Record{"nil": nil, "no client": (*Client)(nil), "no track": (*Track)(nil)} {
		if _, err := MarshalRecord(r); !errors.Is(err, ErrUnknownKind) {
			t.Errorf("%s: error %v, want ErrUnknownKind", name, err)
		}
	}
	if _, err := MarshalContent(nil); !errors.Is(err, ErrUnknownKind) {
		t.Errorf("content of nothing: error %v, want ErrUnknownKind", err)
	}
}

// FuzzStrictAsTheStandardLibrary: the decoder takes and refuses what encoding/json does, and reads the same.
func FuzzStrictAsTheStandardLibrary(f *testing.F) {
	for _, stored := range goldenTexts(f) {
		f.Add(stored)
	}
	f.Fuzz(func(t *testing.T, stored []byte) {
		for _, make := range []func() any{
			func() any { return new(clientWire) }, func() any { return new(Track) }, func() any { return new(Employment) }, func() any { return new(HandoverRecord) },
			func() any { return new(changeWire) }, func() any { return new(knownWire) }, func() any { return new(decisionWire) }, func() any { return new(Answer) },
		} {
			have, want := make(), make()
			err, standard := strict(stored, have), standardStrict(stored, want)
			if (err == nil) != (standard == nil) {
				t.Fatalf("%T: %v, where encoding/json says %v", have, err, standard)
			}
			if err == nil && !reflect.DeepEqual(have, want) {
				t.Fatalf("read %+v, where encoding/json reads %+v", have, want)
			}
		}
	})
}

func standardStrict(stored []byte, into any) error {
	if bytes.Equal(bytes.TrimSpace(stored), []byte("null")) {
		return errNothing
	}
	dec := json.NewDecoder(bytes.NewReader(stored))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errTrailing
	}
	return nil
}

func goldenTexts(t testing.TB) [][]byte {
	paths, err := filepath.Glob(filepath.Join("testdata", "stored", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var texts [][]byte
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	return texts
}

// FuzzUnmarshal: whatever lies in a ledger, reading gives a value or an error, and
// what was read can be written and read again.
func FuzzUnmarshal(f *testing.F) {
	for _, stored := range goldenTexts(f) {
		f.Add(stored)
	}
	f.Fuzz(func(t *testing.T, stored []byte) {
		for _, kind := range RecordKinds() {
			r, err := UnmarshalRecord(kind, stored)
			if err != nil {
				continue
			}
			if _, err := MarshalContent(r); err != nil {
				t.Errorf("%s: read, but not written again: %v", kind, err)
			}
		}
		if c, err := UnmarshalChange(stored); err == nil {
			if _, err := MarshalChange(c); err != nil {
				t.Errorf("change: read, but not written again: %v", err)
			}
		}
		if k, err := UnmarshalKnown(stored); err == nil {
			_ = Apply(k, nil)
		}
		_, _ = UnmarshalDecision(stored)
	})
}
