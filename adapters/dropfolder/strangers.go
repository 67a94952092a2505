package dropfolder

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/mlpsync/mlpsync/adapters"
)

// strangers are the entries of one kind that match no feed. A name is kept only where it is made of the profile's own words and
// of digits, as that of an export with another date is: any other may hold a person's name.
type strangers struct {
	count int
	named []string
}

// kindOf tells of an entry what its name ends on, where that is the ending of a kind of file: any other may be part of a name.
func kindOf(name string) string {
	known := []string{
		".csv", ".txt", ".tsv", ".xlsx", ".xls", ".xlsm", ".ods", ".xml", ".json", ".pdf", ".doc", ".docx", ".odt", ".rtf",
		".zip", ".gz", ".7z", ".log", ".bak", ".eml", ".msg", ".html", ".jpg", ".jpeg", ".png", ".md", ".yaml", ".yml", ".lnk",
	}
	ending := strings.ToLower(filepath.Ext(name))
	if slices.Contains(known, ending) {
		return "*" + ending
	}
	return ""
}

func (s *strangers) add(name string, words map[string]bool) {
	s.count++
	if ownName(name, words) {
		s.named = append(s.named, adapters.SafeName(name))
	}
}

// ownName tells whether a name is made of those words, and of digits.
func ownName(name string, words map[string]bool) bool {
	found := wordsOf(strings.TrimSuffix(name, filepath.Ext(name)))
	return len(found) > 0 && !slices.ContainsFunc(found, func(word string) bool { return !words[word] })
}

func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) })
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// patternWords are the words of the profile's file names.
func patternWords(profile *adapters.Profile) map[string]bool {
	words := map[string]bool{}
	for _, pattern := range patternsOf(profile) {
		for _, word := range wordsOf(placeholder.ReplaceAllString(pattern, " ")) {
			words[word] = true
		}
	}
	return words
}

func patternsOf(profile *adapters.Profile) (patterns []string) {
	for _, f := range profile.Feeds {
		patterns = append(patterns, f.Patterns()...)
	}
	return patterns
}

// unmatched says of the entries of one kind that they are left alone, and which they are as far as that may be said.
func unmatched(kind string, s strangers, profile *adapters.Profile) adapters.Note {
	what, say := "entries", "match"
	if s.count == 1 {
		what, say = "entry", "matches"
	}
	text := fmt.Sprintf("%d %s in the drop folder %s no feed: left alone", s.count, strings.TrimSpace(what+" "+kind), say)
	hint := "The profile expects " + strings.Join(patternsOf(profile), ", ") + "."
	if len(s.named) > 0 {
		text += ": " + listed(s.named)
	}
	if len(s.named) < s.count {
		hint += " Other names are not shown, as they may hold a person's: look in the folder."
	}
	return adapters.Note{Key: "dropfolder.unmatched." + kind, Text: text, Hint: hint}
}

// listed names a few.
func listed(names []string) string {
	const few = 5
	var quoted []string
	for _, name := range names[:min(few, len(names))] {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	if more := len(names) - few; more > 0 {
		quoted = append(quoted, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(quoted, ", ")
}
