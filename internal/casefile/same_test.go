package casefile

import "testing"

func TestSameThing(t *testing.T) {
	weo := WEO{Start: "2026-01-05"}
	cases := []struct {
		name string
		a, b Body
		want bool
	}{
		{"another end", weo, WEO{Start: "2026-01-05", End: "2026-06-30"}, true},
		{"another start", weo, WEO{Start: "2026-01-06"}, false},
		{"another kind of that day", weo, Art60{Start: "2026-01-05"}, false},
		{"another sort of that day", EvaluationDone{Date: "2026-01-05", Evaluation: "interim"}, EvaluationDone{Date: "2026-01-05", Evaluation: "final"}, false},
		{"another code of that day", Category{Code: "05", From: "2026-01-05"}, Category{Code: "78", From: "2026-01-05"}, false},
		{"another text", Note{Note: NoteTraining, Date: "2026-01-05", Text: "a"}, Note{Note: NoteTraining, Date: "2026-01-05", Text: "b"}, true},
		{"the dossier's own data", Person{LastName: "Peeters"}, Person{LastName: "Maes"}, true},
		{"nothing", nil, weo, false},
	}
	for _, c := range cases {
		if got := SameThing(c.a, c.b); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
