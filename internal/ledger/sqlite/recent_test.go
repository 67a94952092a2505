package sqlite

import (
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

func TestRecentGivesCopies(t *testing.T) {
	var r recent
	key := recentKey{1, "a"}
	if _, ok := r.get(key); ok {
		t.Error("something is there before it was put")
	}
	k := casefile.Known{Dossier: &casefile.Dossier{ID: "d", Version: 1, Registrations: make([]casefile.Registration, 1)}, Aliases: map[string]string{"x": "y"}}
	r.put(key, k)
	k.Dossier.Version, k.Aliases["x"] = 2, "z"
	got, ok := r.get(key)
	if !ok || got.Dossier.Version != 1 || got.Aliases["x"] != "y" {
		t.Errorf("what was put is shared with who put it: %+v", got)
	}
	got.Dossier.Registrations[0].ID, got.Aliases["x"] = "other", "z"
	if again, _ := r.get(key); again.Dossier.Registrations[0].ID != "" || again.Aliases["x"] != "y" {
		t.Errorf("what was got is shared with who got it: %+v", again)
	}
	if _, ok := r.get(recentKey{1, "b"}); ok {
		t.Error("another content is found")
	}
	if _, ok := r.get(recentKey{2, "a"}); ok {
		t.Error("another person's is found")
	}
}

func TestRecentForgetsTheOldest(t *testing.T) {
	var r recent
	for i := range int64(recentSize + 1) {
		r.put(recentKey{i, "a"}, casefile.Known{})
	}
	if _, ok := r.get(recentKey{0, "a"}); ok || len(r.known) != recentSize {
		t.Errorf("%d are kept, the oldest: %t", len(r.known), ok)
	}
}
