package adapters

import (
	"regexp"

	"github.com/mlpsync/mlpsync/internal/ident"
)

var inszLike = regexp.MustCompile(`\d{2}[.\- ]?\d{2}[.\- ]?\d{2}[.\- ]?\d{3}[.\- ]?\d{2}`)

// SafeName is a file name as it may stand in a log or report: an INSZ that someone
// put into it is masked.
func SafeName(name string) string {
	return inszLike.ReplaceAllStringFunc(name, func(digits string) string {
		if _, err := ident.ParseINSZ(digits); err == nil {
			return "[insz]"
		}
		return digits
	})
}
