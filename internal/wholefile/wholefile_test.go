package wholefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// names are those of all files of the folder.
func names(t *testing.T, folder string) string {
	t.Helper()
	files, err := os.ReadDir(folder)
	check(t, err)
	var all []string
	for _, f := range files {
		all = append(all, f.Name())
	}
	return strings.Join(all, " ")
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// finished is a file with this content, aside.
func finished(t *testing.T, folder, content string) string {
	t.Helper()
	f, err := Aside(folder, "test")
	check(t, err)
	_, err = f.WriteString(content)
	check(t, errors.Join(err, Finish(f)))
	return f.Name()
}

// What killed processes left goes a day later: that of this word, and files alone.
func TestAside(t *testing.T) {
	folder := t.TempDir()
	for name, age := range map[string]time.Duration{
		".mlpsync-test-old": 25 * time.Hour, ".mlpsync-test-new": 23 * time.Hour, ".mlpsync-other-old": 48 * time.Hour, "mlpsync-test-old": 48 * time.Hour,
	} {
		path := filepath.Join(folder, name)
		check(t, errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, time.Time{}, time.Now().Add(-age))))
	}
	check(t, os.Mkdir(filepath.Join(folder, ".mlpsync-test-folder"), 0o700))
	check(t, os.Chtimes(filepath.Join(folder, ".mlpsync-test-folder"), time.Time{}, time.Now().Add(-48*time.Hour)))
	check(t, os.Remove(finished(t, folder, "x")))
	if got, want := names(t, folder), ".mlpsync-other-old .mlpsync-test-folder .mlpsync-test-new mlpsync-test-old"; got != want {
		t.Errorf("left: %s", got)
	}
}

// A name is given with links and without, and nobody loses his.
func TestName(t *testing.T) {
	for way, name := range map[string]func(aside, path string) error{"with links": Name, "without": reserved} {
		t.Run(way, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "name")
			first := finished(t, folder, "first")
			check(t, name(first, path))
			_ = os.Remove(first)
			second := finished(t, folder, "second")
			if err := name(second, path); !errors.Is(err, fs.ErrExist) {
				t.Errorf("the second: %v", err)
			}
			check(t, os.Remove(second))
			if content, err := os.ReadFile(path); string(content) != "first" || err != nil {
				t.Errorf("%q, %v", content, err)
			}
			if got := names(t, folder); got != "name" {
				t.Errorf("left: %s", got)
			}
		})
	}
}

// Nothing has the name when it can't be given.
func TestNameFails(t *testing.T) {
	folder := t.TempDir()
	if err := Name(filepath.Join(folder, "gone"), filepath.Join(folder, "name")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
	if got := names(t, folder); got != "" {
		t.Errorf("left: %s", got)
	}
}

func TestReplace(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "name")
	for _, content := range []string{"first", "second"} {
		check(t, Replace(finished(t, folder, content), path))
	}
	if content, err := os.ReadFile(path); string(content) != "second" || err != nil {
		t.Errorf("%q, %v", content, err)
	}
	if got := names(t, folder); got != "name" {
		t.Errorf("left: %s", got)
	}
}
