package mlp

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPlain(t *testing.T) {
	for _, v := range []any{nil, true, "x", 1.5, 2, int64(3), []any{"a", map[string]any{"b": nil}}} {
		if !Plain(v) {
			t.Errorf("%#v is plain", v)
		}
	}
	for _, v := range []any{[]string{"a"}, map[string]any{"a": time.Time{}}, []any{uint8(1)}, []any(nil), map[string]any(nil), map[string]string{}} {
		if Plain(v) {
			t.Errorf("%#v isn't plain: JSON would change it", v)
		}
	}
}

// TestValueAsItsJSON: a value is judged as its JSON would be.
func TestValueAsItsJSON(t *testing.T) {
	op, _ := mustLoad(t).Operation("getHealth")
	header := http.Header{"Content-Type": {"application/json"}, "Belgov-Trace-Id": {"t"}}
	for _, v := range []map[string]any{
		{"status": "UP"}, {"status": "ILL"}, {}, {"status": 1}, {"status": "UP", "unknown": []any{map[string]any{}}},
	} {
		for _, status := range []int{200, 503, 404} {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(op.ValidateResponseStrict(status, header, text), op.ValidateValueStrict(status, header, v)); diff != "" {
				t.Errorf("%d %s: as JSON -, as a value +\n%s", status, text, diff)
			}
		}
	}
}

// What names one person, dossier, registration or request is told from codes, days and numbers: it is not remembered.
func TestWhatNamesOneIsKnown(t *testing.T) {
	api := mustLoad(t)
	op, _ := api.Operation("createDossier")
	properties := op.request.schema.Properties
	if !isOfOne(properties["ssin"]) || isOfOne(properties["contactLanguage"]) || isOfOne(properties["person"].Properties["birthDate"]) {
		t.Error("a person's number is not told from other codes")
	}
	for _, id := range []string{"createDossier", "putCategory", "putEvaluation", "patchDossier", "queryDossiers"} {
		op, _ := api.Operation(id)
		for _, p := range op.parameters {
			if isOfOne(p.schema.schema) != (p.name != "If-Match") {
				t.Errorf("%s: %s is taken for something else than it is", id, p.name)
			}
		}
	}
	op, _ = api.Operation("putEvaluation")
	if properties := op.request.schema.Properties; !isOfOne(properties["weoId"]) || isOfOne(properties["date"]) || isOfOne(properties["kind"]) {
		t.Error("a registration's id is not told from other codes")
	}
}
