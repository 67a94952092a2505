package dropfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/mlpsync/mlpsync/adapters"
)

// plain takes the path out of an error: a file's name may hold anything.
func plain(err error) error {
	var state stateError
	if errors.As(err, &state) {
		err = state.error
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link interface{ Unwrap() error }
	if errors.As(err, &link) && strings.ContainsAny(err.Error(), `/\`) {
		return plain(link.Unwrap())
	}
	return err
}

// diskFull knows the error of both systems.
func diskFull(err error) bool {
	const windowsDiskFull = syscall.Errno(112)
	return errors.Is(err, syscall.ENOSPC) || runtime.GOOS == "windows" && errors.Is(err, windowsDiskFull)
}

func folderFailure(err error) adapters.Note {
	return adapters.Note{
		Key: adapters.FolderKey, Failure: true, Unread: true,
		Text: fmt.Sprintf("the drop folder can't be read: %v", plain(err)),
		Hint: "Check that the share is mounted and that the service's account may read it; what was taken before is still worked on.",
	}
}

func fileFailure(c candidate, what string, err error) adapters.Note {
	n := adapters.Note{
		Key: "dropfolder." + what + "." + adapters.SafeName(c.name), Failure: true, Unread: what == "read",
		Text: fmt.Sprintf("file %q of feed %s: can't %s it: %v", adapters.SafeName(c.name), c.feed.Name, what, plain(err)),
		Hint: "It is tried again at each poll; the other files go on.",
	}
	switch {
	case errors.Is(err, fs.ErrPermission) && what == "remove":
		n.Hint = "Give the service's account the right to delete in the drop folder. The file was taken and is worked on."
	case errors.Is(err, fs.ErrPermission):
		n.Hint = "Give the service's account the right to read the file. The other files go on."
	}
	return n
}

func stateFailure(feed string, err error) adapters.Note {
	n := adapters.Note{
		Key: "dropfolder.state." + feed, Failure: true, Unread: true,
		Text: fmt.Sprintf("a file of feed %s can't be taken: the state directory can't be written: %v", feed, plain(err)),
		Hint: "Check the state directory. The file stays in the drop folder and is tried again at each poll.",
	}
	if diskFull(err) {
		n.Hint = "The disk of the state directory is full: make room. The file stays in the drop folder and is tried again at each poll."
	}
	return n
}

func damagedClaim(number string, err error) adapters.Note {
	return adapters.Note{
		Key: "dropfolder.claim." + number, Failure: true, Unread: true,
		Text: fmt.Sprintf("claim %s of the drop folder can't be read: %v", number, plain(err)),
		Hint: "Check that the key file is the one that it was written with; else restore the state directory from a backup and export the file again.",
	}
}

func lostNumber(err error) adapters.Note {
	return adapters.Note{
		Key: "dropfolder." + highestName, Failure: true,
		Text: fmt.Sprintf("the file claims/%s of the drop folder's state can't be read: %v", highestName, plain(err)),
		Hint: "Delete it. A file may then get the number of one that is kept no longer.",
	}
}

func leftBehind(err error) adapters.Note {
	return adapters.Note{
		Key: "dropfolder.taken", Failure: true,
		Text: fmt.Sprintf("a file %s... lies in the drop folder and can't be removed: %v", takenPrefix, plain(err)),
		Hint: "Look at it, and delete it or give it its own name back.",
	}
}

func companionStays(name string, err error) adapters.Note {
	safe := adapters.SafeName(name)
	return adapters.Note{
		Key: "dropfolder.remove." + safe, Failure: true,
		Text: fmt.Sprintf("%q lies in the drop folder and can't be removed: %v", safe, plain(err)),
		Hint: "Delete it, and give the service's account the right to delete in the drop folder. The file that it belongs to was taken and is worked on.",
	}
}

func ambiguous(name, one, other string) adapters.Note {
	safe := adapters.SafeName(name)
	return adapters.Note{
		Key: "dropfolder.ambiguous." + safe, Failure: true, Unread: true,
		Text: fmt.Sprintf("file %q matches the feeds %s and %s: left alone", safe, one, other),
		Hint: "Make the file patterns of the profile exclude each other.",
	}
}

func notAFile(name string, mode fs.FileMode) adapters.Note {
	safe, kind := adapters.SafeName(name), "no regular file"
	switch {
	case mode.IsDir():
		kind = "a directory"
	case mode&fs.ModeSymlink != 0:
		kind = "a symbolic link"
	}
	return adapters.Note{
		Key: "dropfolder.notAFile." + safe, Failure: true, Unread: true,
		Text: fmt.Sprintf("%q has the name of an export file and is %s: left alone", safe, kind),
		Hint: "Put the file itself into the drop folder.",
	}
}

func passedOver(c *claim) adapters.Note {
	return adapters.Note{
		Key:  "dropfolder.passed." + c.id(),
		Text: fmt.Sprintf("file %q of feed %s was passed over: a newer one is there", adapters.SafeName(c.Name), c.Feed),
	}
}

func older(than time.Time, byName bool) *adapters.FileProblem {
	day := than.UTC().Format("02/01/2006")
	by := "its last change"
	if byName {
		by = "the date in its name"
	}
	return &adapters.FileProblem{Rule: adapters.RuleFileOlder, Message: adapters.Message{
		ReasonNL: "Het bestand is ouder dan wat al verwerkt is (" + day + ").",
		ReasonEN: fmt.Sprintf("the file is older than the one ingested last (%s), by %s", than.UTC().Format(time.DateOnly), by),
		HintNL:   "Zet de recentste export klaar. Moet dit bestand toch verwerkt worden, exporteer het dan opnieuw.",
		HintEN:   "Drop the latest export; nothing of this file was used.",
	}}
}

// olderDelta: no later file brings what this one holds, and read after them it would undo what they changed.
func olderDelta(than time.Time, byName bool) *adapters.FileProblem {
	p, later, laterEN := older(than, byName), "met een recentere wijzigingsdatum", "with a later time of change"
	if byName {
		later, laterEN = "met een latere datum in de naam", "with a later date in its name"
	}
	p.HintNL = "Exporteer wat erin staat opnieuw. Zet dit bestand enkel opnieuw klaar, " + later + ", als geen recenter bestand over dezelfde gegevens gaat."
	p.HintEN = "Export anew what it holds; nothing of it was used, and no other delta brings it. Only if no newer one is about the same records, drop it again " + laterEN + "."
	return p
}

func ahead(of time.Time) *adapters.FileProblem {
	day := of.UTC().Format(time.DateOnly)
	return &adapters.FileProblem{Rule: adapters.RuleFileFuture, Message: adapters.Message{
		ReasonNL: "De datum in de bestandsnaam (" + day + ") ligt in de toekomst.",
		ReasonEN: "the date in the file's name (" + day + ") lies in the future",
		HintNL:   "Verbeter de datum in de naam en zet het bestand opnieuw klaar.",
		HintEN:   "correct the date in the name and drop the file again; nothing of it was used",
	}}
}

func tooLarge(limit int64) adapters.FileProblem {
	return adapters.FileProblem{Rule: adapters.RuleFileSize, Message: adapters.Message{
		ReasonNL: fmt.Sprintf("Het bestand is groter dan %d MB en blijft liggen.", limit>>20),
		ReasonEN: fmt.Sprintf("the file is larger than %d MiB: left alone", limit>>20),
		HintNL:   "Controleer of dit het juiste bestand is.",
		HintEN:   "Check that this is the right file.",
	}}
}

func stillYoung() adapters.FileProblem {
	return adapters.FileProblem{Rule: adapters.RuleFileYoung, Passing: true, Message: adapters.Message{
		ReasonNL: "Het bestand wordt misschien nog geschreven.",
		ReasonEN: "the file may still be written to",
		HintNL:   "Niets te doen.", HintEN: "Nothing to do: it is taken once it stays the same.",
	}}
}

func keepsChanging(first time.Time) adapters.FileProblem {
	at := first.UTC()
	return adapters.FileProblem{Rule: adapters.RuleFileYoung, Passing: true, Message: adapters.Message{
		ReasonNL: "Het bestand verandert voortdurend sinds " + at.Format("02/01/2006 15:04") + " UTC en is nog niet genomen.",
		ReasonEN: "the file has kept changing since " + at.Format("2006-01-02 15:04") + " UTC and isn't taken yet",
		HintNL:   "Kijk na wat erin blijft schrijven, als de export al klaar hoort te zijn.",
		HintEN:   "It is taken once it stays the same; see what keeps writing to it, if the export should be done.",
	}}
}

// unannounced says why the companion of a file doesn't do.
func unannounced(c candidate) adapters.FileProblem {
	if c.companion == "" {
		return noCompanion(c)
	}
	return earlyCompanion(c)
}

func earlyCompanion(c candidate) adapters.FileProblem {
	safe := adapters.SafeName(filepath.Base(c.companion))
	return adapters.FileProblem{Rule: adapters.RuleFileYoung, Passing: true, Message: adapters.Message{
		ReasonNL: "Het bestand " + safe + " ligt ernaast, maar is ouder en telt dus niet.",
		ReasonEN: "waits for a new " + safe + ": the one beside it is older than the file",
		HintNL:   "De export hoort het na het andere te schrijven. Bleef het liggen, verwijder het dan; is het andere volledig, schrijf het dan opnieuw.",
		HintEN:   "The export has to write it last. Delete one that was left over; where the file is whole, write it anew.",
	}}
}

func noCompanion(c candidate) adapters.FileProblem {
	safe := adapters.SafeName(c.name)
	return adapters.FileProblem{Rule: adapters.RuleFileYoung, Passing: true, Message: adapters.Message{
		ReasonNL: "Het bestand " + safe + doneSuffix + " ontbreekt.",
		ReasonEN: "waits for " + safe + doneSuffix,
		HintNL:   "De export hoort dit bestand als laatste te schrijven.",
		HintEN:   "The export has to write it last; if it doesn't, take done out of the profile.",
	}}
}
