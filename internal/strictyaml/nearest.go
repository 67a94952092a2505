package strictyaml

import "strings"

// Nearest is the candidate that word was probably meant to be; empty when none
// is close.
func Nearest(word string, candidates []string) string {
	best, bestDistance := "", 1+len(word)/3
	folded := strings.ToLower(word)
	for _, c := range candidates {
		if d := Distance(folded, strings.ToLower(c)); d < bestDistance || d == bestDistance && best == "" {
			best, bestDistance = c, d
		}
	}
	return best
}

// Distance is Levenshtein's.
func Distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range to {
			cost := diagonal
			if r != s {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}
