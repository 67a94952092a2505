package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// The command line, as a person types it: testdata/*.txtar. Each script has an installation
// with a few clients of the sample in its drop folder, and a mock of its own. Beside
// testscript's commands:
//
//	run STATUS ARGS...         runs mlpsync, which must end with that status
//	change FILE OLD NEW        replaces OLD, which must be there
//	effects N                  the mock must have committed so many changes of the client's
//	fault OPERATION STATUS CLIENT   the mock answers so to that operation for that client; "any" and "all" are each
//	mend                       takes all faults away
//	happens handover CLIENT STATUS [REASON [ORGANISATION]]   VDAB answers the client's request
//	happens edit CLIENT PATCH  a colleague changes the dossier's own data by hand
//	happens replaced CLIENT NUMBER   the person gets another number
//	again                      drops the same files once more
//	newcomer [LANGUAGE]        drops tomorrow's intakes, with one more client
//	whole [DATE [FEED N]...]   drops the whole sample, as of a date, without the last N rows of a feed's file
//	spoil                      damages what is kept of all files that were taken
//	until [grep-stdout TEXT] mlpsync ARGS...   runs it until it ends with 0 and says TEXT
//	capture NAME REGEXP        sets a variable to the group that standard output matches

func TestScripts(t *testing.T) {
	numbers, bin := persons(t), thePrograms(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
			return setup(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"run": runMlpsync, "change": change, "effects": countEffects, "mend": mend,
			"again": again, "newcomer": dropNewcomer, "whole": dropWhole, "capture": capture, "until": until, "spoil": spoil,
			"fault":   func(ts *testscript.TestScript, _ bool, args []string) { addFault(ts, args, numbers) },
			"happens": func(ts *testscript.TestScript, _ bool, args []string) { happens(ts, args, numbers) },
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

func setup(env *testscript.Env) error {
	mock, err := newMock()
	if err != nil {
		return err
	}
	server := httptest.NewServer(mock.API())
	env.Defer(func() {
		server.Close()
		_ = mock.Close()
	})
	env.Values["mock"] = mock
	// Nothing of the machine's own: no proxy, no home.
	env.Setenv("NO_PROXY", "*")
	files, err := cutDown(few())
	if err != nil {
		return err
	}
	return errors.Join(examples.Install(env.WorkDir, server.URL), dropInto(filepath.Join(env.WorkDir, "in"), files))
}

func theMock(ts *testscript.TestScript) *mockmlp.Mock {
	mock, ok := ts.Value("mock").(*mockmlp.Mock)
	if !ok {
		ts.Fatalf("no mock")
	}
	return mock
}

func runMlpsync(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: run STATUS ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("mlpsync", args[1:]...)
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("run mlpsync: %v", err)
	}
	if got != want {
		ts.Fatalf("mlpsync %s: exit status %d, want %d", strings.Join(args[1:], " "), got, want)
	}
	said := ts.ReadFile("stdout") + ts.ReadFile("stderr")
	for _, sign := range []string{"goroutine ", "panic", "this should not happen"} {
		if strings.Contains(said, sign) {
			ts.Fatalf("a stack trace, or nearly: %q", sign)
		}
	}
}

func spoil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: spoil")
	}
	kept, err := filepath.Glob(ts.MkAbs("state/files/*/content/*.sealed"))
	ts.Check(err)
	for _, path := range kept {
		content, err := os.ReadFile(path)
		ts.Check(err)
		content[len(content)-1] ^= 1
		ts.Check(os.WriteFile(path, content, 0o600))
	}
	if len(kept) == 0 {
		ts.Fatalf("nothing is kept")
	}
}

// until waits for a daemon: it looks again until what is asked for is so.
func until(ts *testscript.TestScript, neg bool, args []string) {
	text := ""
	if len(args) > 2 && args[0] == "grep-stdout" {
		text, args = args[1], args[2:]
	}
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until [grep-stdout TEXT] mlpsync ARGS...")
	}
	if !soon(time.Minute, func() bool {
		return ts.Exec(args[0], args[1:]...) == nil && strings.Contains(ts.ReadFile("stdout"), text)
	}) {
		ts.Fatalf("it does not come to that within a minute")
	}
}

func change(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: change FILE OLD NEW")
	}
	path := ts.MkAbs(args[0])
	content, err := os.ReadFile(path)
	ts.Check(err)
	before, after := string(windows1252(args[1])), string(windows1252(args[2]))
	if !strings.Contains(string(content), before) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, []byte(strings.Replace(string(content), before, after, 1)), 0o600))
}

func countEffects(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: effects N")
	}
	n := 0
	for _, e := range theMock(ts).Effects() {
		if e.Actor == "client" {
			n++
		}
	}
	if (strconv.Itoa(n) == args[0]) == neg {
		ts.Fatalf("%d effects, want %s", n, args[0])
	}
}

func addFault(ts *testscript.TestScript, args []string, numbers map[string]string) {
	if len(args) != 3 || numbers[args[2]] == "" && args[2] != "all" {
		ts.Fatalf("usage: fault OPERATION STATUS CLIENT")
	}
	operation := args[0]
	if operation == "any" {
		operation = ""
	}
	status, err := strconv.Atoi(args[1])
	ts.Check(err)
	_, err = theMock(ts).AddFault(mockmlp.Fault{
		Match: mockmlp.FaultMatch{OperationID: operation, Person: numbers[args[2]]}, Response: mockmlp.FaultResponse{Status: status},
	})
	ts.Check(err)
}

func happens(ts *testscript.TestScript, args []string, numbers map[string]string) {
	if len(args) < 3 || numbers[args[1]] == "" {
		ts.Fatalf("usage: happens EVENT CLIENT ...")
	}
	mock, person, rest := theMock(ts), numbers[args[1]], append(args[2:], "", "")
	var err error
	switch args[0] {
	case "handover":
		_, err = mock.HandoverAnswered(person, "", rest[0], rest[1], rest[2])
	case "edit":
		var patch map[string]any
		ts.Check(json.Unmarshal([]byte(rest[0]), &patch))
		_, err = mock.DossierEdited(person, "", "", patch)
	case "replaced":
		_, err = mock.SSINReplaced(person, rest[0])
	default:
		ts.Fatalf("nothing of that name happens: %s", args[0])
	}
	ts.Check(err)
}

func mend(ts *testscript.TestScript, _ bool, _ []string) { theMock(ts).RemoveFault("") }

func again(ts *testscript.TestScript, _ bool, _ []string) {
	files, err := cutDown(few())
	ts.Check(err)
	ts.Check(dropInto(ts.MkAbs("in"), files))
}

func dropNewcomer(ts *testscript.TestScript, _ bool, args []string) {
	files, err := cutDown([]string{newcomer, lateComer})
	ts.Check(err)
	content := files["instroom"+tonight]
	for _, language := range args {
		content = bytes.ReplaceAll(content, []byte(";nl;"), []byte(";"+language+";"))
	}
	ts.Check(dropInto(ts.MkAbs("in"), map[string][]byte{"instroom" + tomorrow: content}))
}

func dropWhole(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 && len(args)%2 == 0 {
		ts.Fatalf("usage: whole [DATE [FEED N]...]")
	}
	files, err := sample()
	ts.Check(err)
	for i := 1; i < len(args); i += 2 {
		header, data := rows(files[args[i]+tonight])
		n, err := strconv.Atoi(args[i+1])
		ts.Check(err)
		if n >= len(data) {
			ts.Fatalf("%s has %d rows", args[i], len(data))
		}
		files[args[i]+tonight] = file(header, data[:len(data)-n])
	}
	if len(args) > 0 {
		files = dated(files, args[0])
	}
	ts.Check(dropInto(ts.MkAbs("in"), files))
}

// dated are the sample's files under the names of another day.
func dated(files map[string][]byte, date string) map[string][]byte {
	named := make(map[string][]byte, len(files))
	for name, content := range files {
		named[strings.TrimSuffix(name, tonight)+"_"+date+".csv"] = content
	}
	return named
}

func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture NAME REGEXP")
	}
	found, err := firstGroup(args[1], ts.ReadFile("stdout"))
	ts.Check(err)
	ts.Setenv(args[0], found)
}

func firstGroup(pattern, text string) (string, error) {
	compiled, err := regexp.Compile("(?m)" + pattern)
	if err != nil {
		return "", err
	}
	found := compiled.FindStringSubmatch(text)
	if len(found) < 2 {
		return "", fmt.Errorf("standard output does not match %s", pattern)
	}
	return found[1], nil
}
