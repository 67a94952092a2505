package version

import (
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

func TestWhatTheBuildKnows(t *testing.T) {
	revision := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123abc"}}
	tests := map[string]struct {
		stamp string
		info  *debug.BuildInfo
		want  string
	}{
		"stamped":               {"v1.2.3-4-gabc", &debug.BuildInfo{Main: debug.Module{Version: "v1.0.0"}}, "v1.2.3-4-gabc"},
		"a module":              {"", &debug.BuildInfo{Main: debug.Module{Version: "v1.0.0"}, Settings: revision}, "v1.0.0"},
		"a revision":            {"", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: revision}, "0123abc"},
		"nothing":               {"", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "(devel)"},
		"nothing at all":        {"", nil, "(devel)"},
		"an image from scratch": {"abc-dirty", nil, "abc-dirty"},
	}
	for name, tc := range tests {
		if got := of(tc.stamp, tc.info); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// The name that Makefile, Dockerfile and .ci/run give to the linker is the variable's: a linker says nothing of a name that is not
// there. It is tried on mockmlp, the smaller program.
func TestTheLinkerStampsIt(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	program := filepath.Join(t.TempDir(), "mockmlp.exe")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "-ldflags=-X github.com/mlpsync/mlpsync/internal/version.stamped=v0-test", "../../cmd/mockmlp")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), program, "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "mockmlp v0-test") {
		t.Errorf("version: %q, %v", out, err)
	}
}
