package adapters

import (
	"regexp"
	"strings"

	"github.com/mlpsync/mlpsync/internal/ident"
)

var inszLike = regexp.MustCompile(`^\d{2}[.\- ]?\d{2}[.\- ]?\d{2}[.\- ]?\d{3}[.\- ]?\d{2}`)

// SafeName is a file name as it may stand in a log or report: each INSZ that someone
// put into it is masked, wherever in a run of digits it begins.
func SafeName(name string) string {
	var safe strings.Builder
	masked := 0 // up to where a number reaches
	for at := range len(name) {
		if like := inszLike.FindString(name[at:]); like != "" {
			if _, err := ident.ParseINSZ(like); err == nil {
				if at >= masked {
					safe.WriteString("[insz]")
				}
				masked = at + len(like)
			}
		}
		if at >= masked {
			safe.WriteByte(name[at])
		}
	}
	return safe.String()
}
