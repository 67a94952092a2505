package app

import (
	"fmt"

	"github.com/mlpsync/mlpsync/internal/ledger"
)

// rejections are remarks on files of which many rows were rejected: such a file is taken, and its clients are held one by one, until a better one of
// the feed comes. Of a feed of changes an earlier file is not told, though its rows are still rejected.
func rejections(ocmw string, files []ledger.FileBalance) []ledger.Note {
	var notes []ledger.Note
	for _, f := range files {
		if !f.ManyRejected() {
			continue
		}
		notes = append(notes, ledger.Note{
			OCMW: ocmw, Key: "rejected." + f.Feed, Level: "warn",
			NL: fmt.Sprintf("%s: %d van de %d rijen zijn afgekeurd, en hun cliënten worden tegengehouden. Vergelijk de export met het kolomprofiel; "+
				"wat er mis is, staat in het bestand afgekeurd.", f.Name, f.Rejected, f.Rows),
			EN: fmt.Sprintf("%s: %d of %d rows were rejected, and their clients are held; compare the export with the column profile (mlpsync validate FILE), "+
				"and see the file afgekeurd in the reports folder", f.Name, f.Rejected, f.Rows),
		})
	}
	return notes
}
