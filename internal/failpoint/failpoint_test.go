package failpoint

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiesTheNthTime(t *testing.T) {
	deaths := 0
	p, err := Parse("settle:2", func(string) { deaths++ })
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"claim", "settle", "claim", "settle", "settle"} {
		p.Reached(name)
		if want := map[bool]int{true: 1}[i >= 3]; deaths != want {
			t.Errorf("%d deaths after point %d, want %d", deaths, i, want)
		}
	}
	if diff := cmp.Diff([]Passed{{"claim", 2}, {"settle", 3}}, p.Passed()); diff != "" {
		t.Error(diff)
	}
}

// Of more than one point the first that comes by kills, and it is told which.
func TestDiesAtWhatComesFirst(t *testing.T) {
	var died []string
	p, err := Parse("park:1,settle:2,claim:3", func(point string) { died = append(died, point) })
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"claim", "settle", "claim", "settle", "park", "claim", "park"} {
		p.Reached(name)
	}
	if diff := cmp.Diff([]string{"settle", "park", "claim"}, died); diff != "" {
		t.Error(diff)
	}
}

func TestUnarmedOnlyCounts(t *testing.T) {
	p, err := Parse("", func(string) { t.Error("died") })
	if err != nil {
		t.Fatal(err)
	}
	p.Reached("")
	p.Reached("claim")
	if n := len(p.Passed()); n != 2 {
		t.Errorf("%d points passed", n)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, spec := range []string{"settle", "settle:", "settle:0", "settle:x", ":1", "settle:1,", ",settle:1", "settle:1,claim", "settle:1,settle:2"} {
		if _, err := Parse(spec, nil); err == nil {
			t.Errorf("%q is taken", spec)
		}
	}
}

// The real death, in a process of its own: nothing runs after it.
func TestDie(t *testing.T) {
	if os.Getenv("MLPSYNC_TEST_DIE") != "" {
		defer os.Exit(0)
		Die()
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestDie$")
	cmd.Env = append(os.Environ(), "MLPSYNC_TEST_DIE=1")
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Success() {
		t.Errorf("the process ended with %v", err)
	}
}
