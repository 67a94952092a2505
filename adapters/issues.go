package adapters

import (
	"strings"

	"github.com/mlpsync/mlpsync/internal/strictyaml"
)

// ProfileError lists everything that is wrong with a profile.
type ProfileError struct{ Issues []ProfileIssue }

func (e *ProfileError) Error() string {
	texts := make([]string, len(e.Issues))
	for i, issue := range e.Issues {
		texts[i] = issue.String()
	}
	return "profile refused: " + strings.Join(texts, "; ")
}

// ProfileIssue is one thing that is wrong with a profile.
type ProfileIssue = strictyaml.Issue
