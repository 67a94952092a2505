package cycle

import (
	"context"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// inspect looks at the files that the client's document records name: deciding is pure,
// and reads no disk.
func (c *Cycle) inspect(ctx context.Context, ocmw string, client *casefile.Case) {
	if len(client.Documents) == 0 {
		return
	}
	client.Files = make(map[string]casefile.FileState, len(client.Documents))
	for _, d := range client.Documents {
		if _, looked := client.Files[d.File]; !looked {
			client.Files[d.File] = c.Inspect(ctx, ocmw, d.File)
		}
	}
}

// nowhere is where documents are when no configuration names a folder.
func nowhere(context.Context, string, string) casefile.FileState {
	return casefile.FileState{Problem: casefile.FilesNowhere}
}
