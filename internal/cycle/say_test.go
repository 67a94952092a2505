package cycle_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/adapters"
)

// shown is a drop folder in which the polls find these things, one after the other, and then nothing.
type shown struct {
	quiet
	polls []adapters.PollResult
}

func (s *shown) Poll(context.Context) (found adapters.PollResult, err error) {
	if len(s.polls) > 0 {
		found, s.polls = s.polls[0], s.polls[1:]
	}
	return found, nil
}

// TestAFolderThatCantBeReadEndsNothing: what was found in it is not over, nobody knows. It is once the folder can be read.
func TestAFolderThatCantBeReadEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, log := desked(t, &desk{})
		found := adapters.PollResult{
			Notes:   []adapters.Note{{Key: "dropfolder.remove.a.csv", Failure: true, Text: "a.csv can't be removed"}, {Key: "dropfolder.temporary", Text: "1 hidden file"}},
			Waiting: []adapters.Waiting{{Name: "b.csv", Problem: adapters.FileProblem{Rule: "x", Message: adapters.Message{ReasonEN: "is too large"}}}},
			Late:    []adapters.Late{{Feed: "c"}},
		}
		away := adapters.PollResult{Notes: []adapters.Note{{Key: adapters.FolderKey, Failure: true, Text: "the drop folder can't be read"}}}
		c.OCMWs[0].Source = &shown{polls: []adapters.PollResult{found, away, away}}
		for poll, want := range []string{
			"warn: b.csv: is too large; |warn: no new file came in time for feed c; check the vendor's scheduled report|warn: a.csv can't be removed|info: 1 hidden file",
			"warn: the drop folder can't be read|warn: b.csv: is too large; |warn: a.csv can't be removed",
			"warn: the drop folder can't be read|warn: b.csv: is too large; |warn: a.csv can't be removed",
			"",
		} {
			log.Reset()
			pass(t, c)
			var all []string
			for _, n := range c.Standing() {
				all = append(all, n.Level+": "+n.EN)
			}
			if diff := cmp.Diff(want, strings.Join(all, "|")); diff != "" {
				t.Errorf("standing after poll %d (-want +got):\n%s", poll, diff)
			}
			for text, at := range map[string]int{"over: a.csv can't be removed": 3, "over: b.csv: is too large": 3, "over: no new file came": 1, "over: the drop folder": 3} {
				if got := strings.Contains(log.String(), text); got != (poll == at) {
					t.Errorf("poll %d: %q is said: %t, in:\n%s", poll, text, got, log)
				}
			}
		}
	})
}
