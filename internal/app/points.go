package app

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/dropfolder"
)

// Points of the file side for the self-test. The drop folder knows nothing of them: where the
// self-test runs, its file system and its answers go through here.

func (a *App) pass(point string) {
	if a.Reached != nil {
		a.Reached(point)
	}
}

// files is the file system of a drop folder; nil for the folder's own.
func (a *App) files() dropfolder.FileSystem {
	if a.Reached == nil {
		return nil
	}
	return pointedFiles{dropfolder.OS(), a.Reached}
}

func (a *App) watched(source adapters.Source) adapters.Source {
	if a.Reached == nil {
		return source
	}
	return pointedSource{source, a.Reached}
}

// pointedFiles passes a point before and after what changes the name of a file.
type pointedFiles struct {
	dropfolder.FileSystem
	reached func(string)
}

// Rename implements dropfolder.FileSystem.
func (f pointedFiles) Rename(from, to string) error {
	point := "take-original"
	switch filepath.Ext(to) {
	case ".sealed":
		point = "keep-content"
	case ".claim":
		point = "write-claim"
	}
	f.reached(point + ".before-rename")
	err := f.FileSystem.Rename(from, to)
	f.reached(point + ".after-rename")
	return err
}

// Remove implements dropfolder.FileSystem.
func (f pointedFiles) Remove(path string) error {
	if !strings.HasPrefix(filepath.Base(path), ".") {
		return f.FileSystem.Remove(path) // tidying up in the state directory
	}
	f.reached("take-original.before-remove")
	err := f.FileSystem.Remove(path)
	f.reached("take-original.after-remove")
	return err
}

// pointedSource passes a point before and after a set is acknowledged or a file set apart.
type pointedSource struct {
	adapters.Source
	reached func(string)
}

// Done implements adapters.Source.
func (s pointedSource) Done(ctx context.Context, set adapters.Set) error {
	s.reached("acknowledge.before")
	err := s.Source.Done(ctx, set)
	s.reached("acknowledge.after")
	return err
}

// Quarantine implements adapters.Source.
func (s pointedSource) Quarantine(ctx context.Context, file adapters.File, why adapters.FileProblem) error {
	s.reached("quarantine.before")
	err := s.Source.Quarantine(ctx, file, why)
	s.reached("quarantine.after")
	return err
}
