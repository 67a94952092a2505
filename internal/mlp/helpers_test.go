package mlp

import (
	"io"
	"log"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// pdf is a file that passes for a PDF.
const pdf = "%PDF-1.7\n%%EOF\n"

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

func casefileCategoryWithoutCode() casefile.Body { return casefile.Category{From: "2026-03-16"} }

func createOf(t testing.TB) casefile.Change {
	return casefile.Change{Op: casefile.OpCreate, Kind: casefile.RegPerson, New: person(t), Caseworker: "mw-014"}
}

func epoch() time.Time { return time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC) }

// pass lets a bubble's clock run.
func pass(d time.Duration) { <-time.After(d) }
