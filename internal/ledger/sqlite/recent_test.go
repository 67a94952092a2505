package sqlite

import (
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

func TestRecentIsFoundByPersonAndContent(t *testing.T) {
	var r recent
	key := recentKey{1, "a"}
	if _, ok := r.get(key); ok {
		t.Error("something is there before it was put")
	}
	r.put(key, casefile.Known{Dossier: &casefile.Dossier{ID: "d", Version: 1}})
	if got, ok := r.get(key); !ok || got.Dossier.Version != 1 {
		t.Errorf("got %+v, %t", got, ok)
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
