package app

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/dropfolder"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
	"github.com/mlpsync/mlpsync/internal/mlp"
)

// Points are the failpoints that the work of a daemon passes, all of them: those of the ledger, those around requests
// to MLP, and those of the file side and of the end, which are here. The drop folder knows nothing of them: where the self-test runs, its
// file system and its answers go through here.
func Points() []string {
	points := append(sqlite.Points(), mlp.Points()...)
	for _, renamed := range []string{takeOriginal, keepContent, writeClaim} {
		points = append(points, renamed+beforeRename, renamed+afterRename)
	}
	return append(points, takeOriginal+beforeRemove, takeOriginal+afterRemove,
		acknowledge+beforeCall, acknowledge+afterCall, quarantine+beforeCall, quarantine+afterCall, shutdownBegun, shutdownClosed)
}

const (
	takeOriginal, keepContent, writeClaim = "take-original", "keep-content", "write-claim"
	acknowledge, quarantine               = "acknowledge", "quarantine"
	beforeRename, afterRename             = ".before-rename", ".after-rename"
	beforeRemove, afterRemove             = ".before-remove", ".after-remove"
	beforeCall, afterCall                 = ".before", ".after"
	shutdownBegun, shutdownClosed         = "shutdown.begun", "shutdown.closed"
)

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
	point := takeOriginal
	switch filepath.Ext(to) {
	case ".sealed":
		point = keepContent
	case ".claim":
		point = writeClaim
	}
	f.reached(point + beforeRename)
	err := f.FileSystem.Rename(from, to)
	f.reached(point + afterRename)
	return err
}

// Remove implements dropfolder.FileSystem.
func (f pointedFiles) Remove(path string) error {
	if !strings.HasPrefix(filepath.Base(path), ".") {
		return f.FileSystem.Remove(path) // tidying up in the state directory
	}
	f.reached(takeOriginal + beforeRemove)
	err := f.FileSystem.Remove(path)
	f.reached(takeOriginal + afterRemove)
	return err
}

// pointedSource passes a point before and after a set is acknowledged or a file set apart.
type pointedSource struct {
	adapters.Source
	reached func(string)
}

// Done implements adapters.Source.
func (s pointedSource) Done(ctx context.Context, set adapters.Set) error {
	s.reached(acknowledge + beforeCall)
	err := s.Source.Done(ctx, set)
	s.reached(acknowledge + afterCall)
	return err
}

// Quarantine implements adapters.Source.
func (s pointedSource) Quarantine(ctx context.Context, file adapters.File, why adapters.FileProblem) error {
	s.reached(quarantine + beforeCall)
	err := s.Source.Quarantine(ctx, file, why)
	s.reached(quarantine + afterCall)
	return err
}
