package mockmlp_test

import (
	"reflect"
	"testing"

	"github.com/mlpsync/mlpsync/mockmlp"
)

func TestComparable(t *testing.T) {
	dossier := func(id string, version int, at string, first, second map[string]any) mockmlp.State {
		return mockmlp.State{Dossiers: []map[string]any{{
			"ssin": "67722499797", "dossierId": id, "version": version, "weos": []any{first, second},
			"owner": map[string]any{"kind": "ocmw", "registeredAt": at},
		}}}
	}
	a, b := map[string]any{"startDate": "2026-01-01", "hours": 19}, map[string]any{"startDate": "2026-02-01", "version": 3}
	one := dossier("d1", 4, "2026-03-16T08:00:00Z", a, b)
	if other := dossier("d2", 9, "2026-03-17T08:00:00Z", b, a); !reflect.DeepEqual(one.ByPerson(), other.ByPerson()) {
		t.Errorf("what differs between runs makes a difference: %v, %v", one.ByPerson(), other.ByPerson())
	}
	if other := dossier("d1", 4, "2026-03-16T08:00:00Z", a, a); reflect.DeepEqual(one.ByPerson(), other.ByPerson()) {
		t.Error("another registration makes none")
	}
	if one.Dossiers[0]["version"] != 4 {
		t.Error("the state itself has changed")
	}
}
