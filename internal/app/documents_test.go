package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/config"
)

const documentsOf = "0999999031"

// library is an application of which only the documents folder counts.
func library(folder string) *App {
	return &App{config: &config.Config{
		Files: config.Files{MaxDocumentMiB: 1},
		OCMWs: []config.OCMW{{KBO: "0999999922", Documents: "elsewhere"}, {KBO: documentsOf, Documents: folder}},
	}}
}

// put makes a file below folder.
func put(t *testing.T, folder, name, content string) {
	t.Helper()
	path := filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// pdfOf is a PDF to the eye of this package, of exactly that size.
func pdfOf(size int) string {
	const head, end = "%PDF-1.4\n", "\n%%EOF\n"
	return head + strings.Repeat("x", size-len(head)-len(end)) + end
}

func TestDocumentsAreInspected(t *testing.T) {
	base := t.TempDir()
	folder := filepath.Join(base, "documents")
	put(t, base, "outside.pdf", pdfOf(100))
	put(t, folder, "2026/a b é.PDF", pdfOf(5000))
	put(t, folder, "limit.pdf", pdfOf(1<<20))
	put(t, folder, "large.pdf", pdfOf(1<<20+1))
	put(t, folder, "empty.pdf", "")
	put(t, folder, "short.pdf", "%PD")
	put(t, folder, "word.pdf", "PK\x03\x04 %PDF- %%EOF")
	put(t, folder, "half.pdf", "%PDF-1.4\nstill being copied")
	put(t, folder, "buried.pdf", "%PDF-1.4\n%%EOF"+strings.Repeat(" ", pdfTail))
	put(t, folder, "map.pdf/x.pdf", pdfOf(100))
	for name, want := range map[string]casefile.FileProblem{
		"2026/a b é.PDF": "", "limit.pdf": "", "large.pdf": casefile.FileTooLarge, "empty.pdf": casefile.FileNotPDF,
		"short.pdf": casefile.FileNotPDF, "word.pdf": casefile.FileNotPDF, "half.pdf": casefile.FileNotPDF, "buried.pdf": casefile.FileNotPDF,
		"gone.pdf": casefile.FileMissing, "nowhere/gone.pdf": casefile.FileMissing, "map.pdf": casefile.FileUnread,
		"../outside.pdf": casefile.FileOutside, "2026/../../outside.pdf": casefile.FileOutside, "/etc/hosts": casefile.FileOutside, "": casefile.FileOutside,
	} {
		a := library(folder)
		state := a.inspect(t.Context(), documentsOf, name)
		content, err := a.document(t.Context(), documentsOf, name)
		if state.Problem != want || (err == nil) != (want == "") {
			t.Errorf("%q: problem %q, want %q; reading it: %v", name, state.Problem, want, err)
		}
		if err != nil {
			if name != "" && strings.Contains(err.Error(), name) || strings.Contains(err.Error(), base) || err.Error() == "" {
				t.Errorf("%q: the error says where, or nothing: %q", name, err)
			}
			continue
		}
		sum := sha256.Sum256(content)
		if diff := cmp.Diff(casefile.FileState{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content))}, state); diff != "" {
			t.Errorf("%q (-read +inspected):\n%s", name, diff)
		}
	}
}

// A link may lead to another place in the folder, and nowhere else.
func TestDocumentsStayInTheirFolder(t *testing.T) {
	base := t.TempDir()
	folder := filepath.Join(base, "documents")
	put(t, base, "outside/secret.pdf", pdfOf(100))
	put(t, folder, "2026/a.pdf", pdfOf(100))
	for link, target := range map[string]string{
		"absolute.pdf": filepath.Join(base, "outside", "secret.pdf"), "up.pdf": filepath.Join("..", "outside", "secret.pdf"),
		"folder": filepath.Join("..", "outside"), "inside.pdf": filepath.Join("2026", "a.pdf"), "dangling.pdf": "gone.pdf",
	} {
		if err := os.Symlink(target, filepath.Join(folder, link)); err != nil {
			if runtime.GOOS == "windows" {
				t.Skip("Windows lets only administrators make links")
			}
			t.Fatal(err)
		}
	}
	for name, want := range map[string]casefile.FileProblem{
		"absolute.pdf": casefile.FileOutside, "up.pdf": casefile.FileOutside, "folder/secret.pdf": casefile.FileOutside,
		"inside.pdf": "", "dangling.pdf": casefile.FileMissing,
	} {
		if got := library(folder).inspect(t.Context(), documentsOf, name).Problem; got != want {
			t.Errorf("%s: problem %q, want %q", name, got, want)
		}
	}
}

// A folder that is away, as a share can be, says nothing of the files in it.
func TestDocumentsWithoutTheirFolder(t *testing.T) {
	for folder, want := range map[string]casefile.FileProblem{
		"": casefile.FilesNowhere, filepath.Join(t.TempDir(), "away"): casefile.FileUnread,
	} {
		if got := library(folder).inspect(t.Context(), documentsOf, "a.pdf").Problem; got != want {
			t.Errorf("folder %q: problem %q, want %q", folder, got, want)
		}
	}
	if got := library("x").inspect(t.Context(), "0999999130", "a.pdf").Problem; got != casefile.FilesNowhere {
		t.Errorf("an OCMW that isn't configured: problem %q", got)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := library(t.TempDir()).document(ended, documentsOf, "a.pdf"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

func TestADocumentThatBreaksOffIsUnread(t *testing.T) {
	broken := iotest.ErrReader(errors.New("the share went away"))
	for _, r := range []io.Reader{broken, io.MultiReader(strings.NewReader("%PDF-1.4\n"), broken)} {
		var problem documentError
		if _, err := copyPDF(io.Discard, r, 1<<20); !errors.As(err, &problem) || casefile.FileProblem(problem) != casefile.FileUnread {
			t.Errorf("problem %v, want %s", err, casefile.FileUnread)
		}
	}
}

// A folder that the configuration names and that isn't there is said before the first run.
func TestCheckLooksForTheDocumentsFolder(t *testing.T) {
	there := t.TempDir()
	for folder, want := range map[string][]bool{"": nil, there: {true}, filepath.Join(there, "away"): {false}} {
		var got []bool
		for _, item := range Check(library(folder).config, func(string) string { return "" }) {
			if item.What == "ocmws[1].documents" {
				got = append(got, item.OK)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("folder %q (-want +got):\n%s", folder, diff)
		}
	}
}
