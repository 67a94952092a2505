package mlp

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// Every kind of write, and every read, against the mock: the two sides share the document and
// nothing else.
func TestAgainstTheMock(t *testing.T) {
	mock, err := mockmlp.New(mockmlp.Options{Scenario: &mockmlp.Scenario{Exits: mockmlp.Exits{Default: mockmlp.ExitRule{Mode: "never"}}}})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, Options{
		Transport: mockmlp.Transport(mock.API()), TokenURL: "https://mlp.invalid/oauth2/token", ClientID: "mlpsync-demo",
		ClientSecret: func() (string, error) { return "demo-secret", nil }, APIKey: func() (string, error) { return "demo-key", nil },
	})
	all := bodies(t)
	// What is in the one dossier has to fit together: a part-time contract, and no GLOW beside the TWE.
	category, handover := all["category"], all["handover"]
	category.New = casefile.Category{Code: "93", From: "2026-02-02", SetBy: casefile.PartyOCMW, EmploymentID: employmentID}
	warm, _ := handover.New.(casefile.Handover)
	warm.Handover = casefile.HandoverWarmOther
	handover.New = warm
	all["category"], all["handover"] = category, handover
	a, err := c.Send(t.Context(), Write{Change: all["create"], IdempotencyKey: "k"})
	if err != nil || a.Dossier == nil || a.Version != 1 || !Holds(*a.Dossier, all["create"]) {
		t.Fatalf("%v: %+v", err, a)
	}
	version := a.Version
	send := func(name, id string) {
		t.Helper()
		change := all[name]
		if id != "" {
			change.ID = id
		}
		sent, err := c.Send(t.Context(), Write{Change: change, DossierID: a.DossierID, Version: version, Content: contentOf(change)})
		if err != nil || sent.Version != version+1 || sent.TraceID == "" {
			t.Fatalf("%s: %v: %+v", name, err, sent)
		}
		version = sent.Version
		d, err := c.Dossier(t.Context(), a.DossierID)
		if err != nil || d.Version != version || !Holds(d, change) {
			t.Fatalf("%s: %v: %+v", name, err, d)
		}
	}
	send("patchAddress", "")
	send("patchProfile", "")
	send("weo", weoID)
	send("employment", employmentID)
	send("category", categoryID)
	send("placement", "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b06")
	send("evaluation", "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b04")
	send("document", "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b07")
	send("competence", "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b08")
	send("note", "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b09")
	send("handover", "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b05")
	holdReads(t, c, a.DossierID, version)
	again, err := c.Send(t.Context(), Write{Change: withID(all["weo"], weoID), DossierID: a.DossierID, Version: 1})
	if err != nil || again.Version != version {
		t.Errorf("a put equal to what is there: %v, version %d, want %d", err, again.Version, version)
	}
	for _, bad := range mock.InvalidAnswers() {
		t.Errorf("%+v", bad)
	}
}

// What others do in MLP is read: VDAB's answer, a new owner, another number, a number that is cancelled.
func TestWhatOthersDoIsRead(t *testing.T) {
	mock, err := mockmlp.New(mockmlp.Options{Frozen: true, Clock: time.Date(2026, 3, 16, 7, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, Options{
		Transport: mockmlp.Transport(mock.API()), TokenURL: "https://mlp.invalid/oauth2/token", ClientID: "mlpsync-demo",
		ClientSecret: func() (string, error) { return "demo-secret", nil }, APIKey: func() (string, error) { return "demo-key", nil },
	})
	all := bodies(t)
	a, err := c.Send(t.Context(), Write{Change: all["create"], IdempotencyKey: "k"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(t.Context(), Write{Change: all["handover"], DossierID: a.DossierID, Version: 1}); err != nil {
		t.Fatal(err)
	}
	today := casefile.Date(mock.Now().Format(time.DateOnly))
	happen := func(_ mockmlp.Effect, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	happen(mock.HandoverAnswered(testINSZ, "", "assigned", "other", "Groep Zonnedorp"))
	happen(mock.OwnerChanged(testINSZ, map[string]any{"kind": "partner", "name": "Groep Zonnedorp", "program": "GLOW", "since": "2026-01-05"}))
	happen(mock.SSINReplaced(testINSZ, otherINSZ))
	happen(mock.SSINCanceled(a.DossierID))
	found, err := c.Query(t.Context(), []Lookup{{Person: 1, INSZ: insz(t, testINSZ)}, {Person: 2, INSZ: insz(t, otherINSZ)}})
	if err != nil || !found.Canceled[2] || found.Canceled[1] || found.Dossiers[1].Version != 6 || found.Dossiers[2].Version != 6 {
		t.Fatalf("%v: %+v", err, found)
	}
	d := found.Dossiers[1]
	h := d.OfKind(casefile.RegHandover)[0].Body.(casefile.Handover)
	if h.Status != casefile.HandoverAssigned || h.StatusReason != casefile.ReasonOther || h.AssignedTo != "Groep Zonnedorp" || h.StatusSince != today {
		t.Errorf("handover %+v", h)
	}
	if want := (casefile.Owner{Kind: casefile.PartyPartner, Name: "Groep Zonnedorp", Program: "GLOW", Since: "2026-01-05"}); d.Owner != want {
		t.Errorf("owner %+v", d.Owner)
	}
	if !d.INSZCanceled || len(d.INSZHistory) != 1 || d.INSZHistory[0].Reveal() != testINSZ || d.Person.INSZ.Reveal() != otherINSZ {
		t.Error("numbers are not as they were made")
	}
	if _, err := c.Send(t.Context(), Write{Change: all["create"], IdempotencyKey: "k2"}); !errors.Is(err, ErrNumberChanged) || VerdictOf(err) != VerdictConflict {
		t.Errorf("a create with a replaced number: %v", err)
	}
}

// contentOf is the file of a document that bodies has; nil for anything else.
func contentOf(c casefile.Change) []byte {
	if c.Kind == casefile.RegDocument {
		return []byte(pdf)
	}
	return nil
}

func withID(c casefile.Change, id string) casefile.Change {
	c.ID = id
	return c
}

func holdReads(t *testing.T, c *Client, id string, version int64) {
	t.Helper()
	found, err := c.Query(t.Context(), []Lookup{{Person: 7, INSZ: insz(t, testINSZ)}, {Person: 8, INSZ: insz(t, otherINSZ)}})
	if err != nil || len(found.Dossiers) != 1 || found.Dossiers[7].ID != id || found.Dossiers[7].Version != version || len(found.Canceled) != 0 {
		t.Errorf("query: %v: %+v", err, found)
	}
	end, err := c.Changes(t.Context(), "", 1)
	if err != nil || len(end.Items) != 0 || end.Next == "" {
		t.Errorf("feed's end: %v: %+v", err, end)
	}
	page, err := c.Changes(t.Context(), "e1-0", 500)
	if err != nil || len(page.Items) != int(version) || page.Items[0].TraceID == "" || page.Items[0].ClientID == "" {
		t.Errorf("feed: %v: %d items", err, len(page.Items))
	}
	if status, err := c.Health(t.Context()); err != nil || !strings.Contains("UP DEGRADED", status) {
		t.Errorf("health: %q, %v", status, err)
	}
	if _, err := c.Dossier(t.Context(), "00000000-0000-5000-8000-000000000000"); VerdictOf(err) != VerdictConflict {
		t.Errorf("a dossier that is not there: %v", err)
	}
	var none ident.INSZ
	if _, err := c.Query(t.Context(), []Lookup{{Person: 1, INSZ: none}}); VerdictOf(err) != VerdictPermanent {
		t.Errorf("a query without a number: %v", err)
	}
}
