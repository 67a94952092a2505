package deliver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// folder is a documents folder with the same file under every name.
type folder string

const pdf folder = "%PDF-1.7\n%%EOF\n"

func (f folder) read(context.Context, string, string) ([]byte, error) { return []byte(f), nil }

// document is a change that asks for the folder's file.
func (f folder) document() casefile.Document {
	return casefile.Document{
		Document: casefile.DocInterimReport, Date: "2026-03-16", SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(f))), Size: int64(len(f)), File: "Peeters/verslag.pdf",
	}
}

// What the documents folder gives when a document is sent, and what becomes of the entry.
func TestDocuments(t *testing.T) {
	failing := func(err error) func(context.Context, string, string) ([]byte, error) {
		return func(context.Context, string, string) ([]byte, error) { return nil, err }
	}
	for _, tt := range []struct {
		name    string
		read    func(context.Context, string, string) ([]byte, error)
		state   outbox.State
		problem string
		sent    int
		// after is how long it takes.
		after time.Duration
	}{
		{"the file that was decided on", pdf.read, outbox.Settled, "", 1, 0},
		{"another file", folder("%PDF-1.7\nanother").read, outbox.Superseded, "documentChanged", 0, 0},
		{"no folder at all", nil, outbox.Parked, "documentsNotConfigured", 0, 0},
		{"no folder of this OCMW", failing(fmt.Errorf("read: %w", ErrNoDocuments)), outbox.Parked, "documentsNotConfigured", 0, 0},
		{"never to be read", failing(errors.New("open /srv/Peeters/verslag.pdf")), outbox.Parked, "documentUnreadable", 0, 45 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue()
				known := dossierAt(4)
				q.known[1] = casefile.Known{LookedUp: true, Dossier: &known}
				q.add(t, 1, casefile.Change{Op: casefile.OpPut, Kind: casefile.RegDocument, ID: "d1", New: pdf.document()})
				s := &script{send: accept}
				var log bytes.Buffer
				d := New(Options{Queue: q, Clients: map[string]Client{ocmw: s}, Rand: func() float64 { return 0 }, Document: tt.read, Log: zerolog.New(&log)})
				start := time.Now()
				for due, waiting := q.nextDue(); waiting; due, waiting = q.nextDue() {
					<-time.After(time.Until(due))
					mustRun(t, d)
				}
				holdQueue(t, q)
				e := q.entry("e1")
				if e.State != tt.state || e.Problem.Type != tt.problem || len(s.sent) != tt.sent || time.Since(start) < tt.after {
					t.Errorf("%s %+v after %d sent, %s", e.State, e.Problem, len(s.sent), time.Since(start))
				}
				if tt.sent == 1 && string(s.sent[0].Content) != string(pdf) {
					t.Errorf("sent %q", s.sent[0].Content)
				}
				// Decided again on what is known, which did not move.
				if tt.state == outbox.Superseded && (!q.dirty[1] || !q.known[1].LookedUp || q.known[1].Dossier.Version != 4) {
					t.Errorf("dirty %v, known %+v", q.dirty, q.known[1])
				}
				if strings.Contains(log.String()+e.Problem.Title+e.Problem.Next, "Peeters") {
					t.Errorf("a file's name is told: %s", &log)
				}
			})
		})
	}
}

// A folder that is away for a while costs attempts and nothing else.
func TestAFolderThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		known := dossierAt(4)
		q.known[1] = casefile.Known{LookedUp: true, Dossier: &known}
		q.add(t, 1, casefile.Change{Op: casefile.OpPut, Kind: casefile.RegDocument, ID: "d1", New: pdf.document()})
		s := &script{send: accept}
		away := true
		read := func(ctx context.Context, ocmw, file string) ([]byte, error) {
			if away {
				return nil, errors.New("the share is away")
			}
			return pdf.read(ctx, ocmw, file)
		}
		d := New(Options{Queue: q, Clients: map[string]Client{ocmw: s}, Rand: func() float64 { return 0 }, Document: read})
		mustRun(t, d)
		e := q.entry("e1")
		if e.State != outbox.Waiting || e.Attempts != 1 || len(s.sent) != 0 || time.Until(e.NotBefore).Round(time.Second) != 5*time.Second {
			t.Errorf("%s, %d attempts, due in %s", e.State, e.Attempts, time.Until(e.NotBefore))
		}
		away = false
		<-time.After(5 * time.Second)
		mustRun(t, d)
		holdQueue(t, q)
		if got := q.entry("e1").State; got != outbox.Settled {
			t.Errorf("%s", got)
		}
	})
}
