package mockmlp_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEqualDossiersStayApart: seeded dossiers hold equal parts once, which nobody may see: neither when one of them changes, nor after a reset.
func TestEqualDossiersStayApart(t *testing.T) {
	mock := pageMock(t, `
clock: 2026-03-16T08:00:00+01:00
dossiers:
  - {ssin: "67722499797", nisCode: "44021", owner: {kind: vdab}, jobTarget: {description: Kok}, categories: [{code: "05", validFrom: "2026-01-05"}]}
  - {ssin: "01690129514", nisCode: "44021", owner: {kind: vdab}, jobTarget: {description: Kok}, categories: [{code: "05", validFrom: "2026-01-05"}]}
`)
	of := func(ssin string) map[string]any {
		for _, d := range mock.State().Dossiers {
			if d["ssin"] == ssin {
				return d
			}
		}
		t.Fatal("no such dossier")
		return nil
	}
	first, second := of("67722499797"), of("01690129514")
	if _, err := mock.DossierEdited("67722499797", "", "", map[string]any{"jobTarget": map[string]any{"description": "Bakker"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := mock.OwnerChanged("67722499797", map[string]any{"kind": "partner", "name": "WIJ Gent", "program": "WIJ"}); err != nil {
		t.Fatal(err)
	}
	if _, err := mock.CategorySet("67722499797", "78", "2026-03-02", "vdab"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(second, of("01690129514")); diff != "" {
		t.Errorf("the other dossier changed too:\n%s", diff)
	}
	if err := mock.Reset(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, of("67722499797")); diff != "" {
		t.Errorf("the reset doesn't give back what was seeded:\n%s", diff)
	}
}
