package delimited

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/adaptertest"
)

// reread reads a file whose rows of these texts are known, and gives the rows that were read and the numbers of the others.
func reread(content string, feed *adapters.Feed, texts map[string]bool) (rows []adapters.Row, known []int, report adapters.FileReport, err error) {
	report, err = New(adapters.Limits{}).Reread(context.Background(), adaptertest.Input("clients.csv", []byte(content)), feed,
		func(number int, text []byte) (bool, error) {
			if !texts[string(text)] {
				return false, nil
			}
			known = append(known, number)
			return true, nil
		}, func(r adapters.Row) error {
			rows = append(rows, r)
			return nil
		})
	return rows, known, report, err
}

func textsOf(rows []adapters.Row) map[string]bool {
	texts := map[string]bool{}
	for _, r := range rows {
		if r.Text != nil {
			texts[string(r.Text)] = true
		}
	}
	return texts
}

const head = "Cliëntnr;INSZ;Naam;Geboren;Klaar;Dossier;Verwijderd;Start art60;Uren;SE;Opmerking"

func person(n int, name, remark string) string {
	return fmt.Sprintf("C%d;67722499797;%s;1/2/1967;J;actief;;;;;%s", n, name, remark)
}

func TestRowsAreKnownAgain(t *testing.T) {
	feed := adaptertest.Clients(t)
	again := func(content string, texts map[string]bool) ([]adapters.Row, []int, adapters.FileReport) {
		t.Helper()
		rows, known, report, err := reread(content, feed, texts)
		if err != nil {
			t.Fatal(err)
		}
		return rows, known, report
	}
	lines := []string{head, person(1, "Zoë", ""), person(2, "\"De\nSmet\"", ""), "", person(3, `"Van ""den"" Berg"`, "x"), person(4, "Maes", "x\xff"), person(5, "Maes", "\xff"),
		"C6;67722499797;Maes;32/2/1967;J;actief;;;;;", "C7;67722499797;Maes;1/2/1967;J;archief;;;;;", `C8;67722499797;"Maes;1/2/1967;J;actief;;;;;`,
		person(9, "Béatrice", "é"), "Totaal;9"}
	content := strings.Join(lines, "\n") + "\n"
	rows, known, want := again(content, nil)
	texts := textsOf(rows)
	if len(rows) != 9 || len(known) != 0 || len(texts) != 4 {
		t.Fatalf("%d rows, %d known, %d texts", len(rows), len(known), len(texts))
	}
	for name, c := range map[string]struct {
		content string
		known   []int
	}{
		"the same":            {content, []int{2, 3, 5, 11}},
		"other line breaks":   {strings.ReplaceAll(content, "\n", "\r\n"), []int{2, 3, 5, 11}},
		"a line less":         {strings.NewReplacer(person(1, "Zoë", "")+"\n", "", "Totaal;9", "Totaal;8").Replace(content), []int{2, 4, 10}},
		"another header":      {strings.Replace(content, "Opmerking", "Nota", 1), nil},
		"another separator":   {strings.ReplaceAll(content, ";", "\t"), nil},
		"nothing else at all": {strings.Join([]string{head, person(9, "Béatrice", "é"), "Totaal;1"}, "\n"), []int{2}},
	} {
		rest, known, report := again(c.content, texts)
		if diff := cmp.Diff(c.known, known); diff != "" {
			t.Errorf("%s: known rows (-want +have):\n%s", name, diff)
		}
		if report.Rows != len(rest)+len(known) {
			t.Errorf("%s: %d rows counted, %d read and %d known", name, report.Rows, len(rest), len(known))
		}
		if name == "the same" {
			if diff := cmp.Diff(want, report); diff != "" {
				t.Errorf("report (-want +have):\n%s", diff)
			}
		}
	}
	// The last line of a cut-off file is judged where it is not known, and one that is known is whole.
	if _, known, _ := again(head+"\n"+person(9, "Béatrice", "é")+"\n"+"Totaal;1", texts); len(known) != 1 {
		t.Errorf("known rows: %v", known)
	}
}

func TestTheErrorOfWhoKnowsEndsTheReading(t *testing.T) {
	failure := errors.New("disk gone")
	feed := adaptertest.Clients(t)
	_, err := New(adapters.Limits{}).Reread(t.Context(), adaptertest.Input("clients.csv", []byte(head+"\n"+person(1, "Claes", "")+"\nTotaal;1\n")), feed,
		func(int, []byte) (bool, error) { return false, failure }, func(adapters.Row) error { return nil })
	if !errors.Is(err, failure) {
		t.Errorf("the error is %v", err)
	}
}

// Rows that are known again are those that reading them would give, whatever lines stand around them.
func TestKnownRowsAreThoseThatWereRead(t *testing.T) {
	line := rapid.SampledFrom([]string{person(1, "Claes", ""), person(2, "\"De\nSmet\"", ""), person(2, "\"De\n\nSmet\"", "x"), "", `"`, "Smet\"", head,
		person(3, `"Van`, ""), person(4, "Zoë", "\xff"), person(5, "Zoë", "ok"), person(6, "é", "\"a\nb\""), "C7;x", `C8;"a;b"`, "De\nSmet", `Smet";1/2/1967;J;actief;;;;;`})
	feed, compared := adaptertest.Clients(t), 0
	rapid.Check(t, func(t *rapid.T) {
		file := func(name string) string {
			return strings.Join(append([]string{head}, rapid.SliceOfN(line, 0, 12).Draw(t, name)...), "\n") + "\n"
		}
		before, _, _, _ := reread(file("before"), feed, nil)
		now := file("now")
		full, _, want, err := reread(now, feed, nil)
		rest, known, have, sameErr := reread(now, feed, textsOf(before))
		if fmt.Sprint(err) != fmt.Sprint(sameErr) {
			t.Fatalf("%v, with known rows %v", err, sameErr)
		}
		compared += len(known)
		if want.Rows != have.Rows || want.TotalsLines != have.TotalsLines || want.BlankRows != have.BlankRows || want.HeaderRows != have.HeaderRows {
			t.Fatalf("counted %+v, with known rows %+v", want, have)
		}
		isKnown := map[int]bool{}
		for _, n := range known {
			isKnown[n] = true
		}
		said := map[string]adapters.Row{}
		for _, r := range before {
			said[string(r.Text)] = r
		}
		next := 0
		for _, r := range full {
			if isKnown[r.Number] {
				if r.Text == nil || !cmp.Equal(said[string(r.Text)].Records, r.Records, cmp.Comparer(func(a, b adapters.Provenance) bool { return true })) {
					t.Fatalf("row %d is known as another: %+v, %+v", r.Number, r, said[string(r.Text)])
				}
				continue
			}
			if diff := cmp.Diff(r, rest[next]); diff != "" {
				t.Fatalf("row %d (-in full +with known rows):\n%s", r.Number, diff)
			}
			next++
		}
	})
	if compared == 0 {
		t.Error("no row was ever known")
	}
}
