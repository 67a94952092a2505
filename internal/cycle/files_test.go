package cycle

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

func TestInspect(t *testing.T) {
	found := map[string]casefile.FileState{"a.pdf": {SHA256: "ab", Size: 2}, "b.pdf": {Problem: casefile.FileMissing}}
	looked := map[string]int{}
	c := New(Options{Inspect: func(_ context.Context, ocmw, path string) casefile.FileState {
		looked[ocmw+" "+path]++
		return found[path]
	}})
	client := casefile.Case{Documents: []*casefile.DocumentRecord{{File: "a.pdf"}, {File: "b.pdf"}, {File: "a.pdf"}}}
	c.inspect(t.Context(), "0999999031", &client)
	if diff := cmp.Diff(found, client.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"0999999031 a.pdf": 1, "0999999031 b.pdf": 1}, looked); diff != "" {
		t.Errorf("each file is looked at once (-want +got):\n%s", diff)
	}

	nobody := New(Options{})
	nobody.inspect(t.Context(), "0999999031", &client)
	if got := client.Files["a.pdf"].Problem; got != casefile.FilesNowhere {
		t.Errorf("without a documents folder the problem is %q", got)
	}
}
