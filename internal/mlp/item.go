package mlp

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
)

// An answer about many people is read item by item where it can't be read at once: what is wrong with one says nothing of the others.

const (
	typeDossierUnreadable = "dossierUnreadable" // of a person who is known
	typeForeignItem       = "foreignItem"       // of whom it is, nobody can tell, or it is of somebody who was not asked for
)

const opQuery = "queryDossiers"

// wireItem is an item of a query's answer (SSIN is the number that was asked) or of the feed (the others are set).
type wireItem struct {
	SSIN      string      `json:"ssin"`
	ChangedAt time.Time   `json:"changedAt"`
	ClientID  string      `json:"clientId"`
	TraceID   string      `json:"traceId"`
	Dossier   wireDossier `json:"dossier"`
	// broken is why it could not be decoded; then only what tells whose it is was read.
	broken error
}

// dossier is the item's, or why it can't be read.
func (w wireItem) dossier() (casefile.Dossier, error) {
	if w.broken != nil {
		return casefile.Dossier{}, w.broken
	}
	return w.Dossier.dossier()
}

// wireList is an answer with items.
type wireList[I any] struct {
	Items      []I      `json:"items"`
	Canceled   []string `json:"canceledSsins"`
	NextCursor string   `json:"nextCursor"`
	HasMore    bool     `json:"hasMore"`
}

// decodeList reads a list. Where that fails each item is read by itself: an error is of the list as a whole.
func decodeList(body []byte) (wireList[wireItem], error) {
	var list wireList[wireItem]
	if json.Unmarshal(body, &list) == nil {
		return list, nil
	}
	var apart wireList[json.RawMessage]
	if err := json.Unmarshal(body, &apart); err != nil {
		return list, errors.New("list can't be read")
	}
	list = wireList[wireItem]{Canceled: apart.Canceled, NextCursor: apart.NextCursor, HasMore: apart.HasMore}
	if apart.Items != nil {
		list.Items = make([]wireItem, len(apart.Items))
	}
	for i, text := range apart.Items {
		list.Items[i] = decodeItem(text)
	}
	return list, nil
}

func decodeItem(text json.RawMessage) wireItem {
	var w wireItem
	err := json.Unmarshal(text, &w)
	if err == nil {
		return w
	}
	var outer struct{ SSIN, Dossier json.RawMessage }
	_ = json.Unmarshal(text, &outer) // of anything but an object nothing is read
	w = wireItem{SSIN: plain[string](outer.SSIN), broken: errors.New(placeOf(err))}
	inner := namesOf(outer.Dossier)
	w.Dossier.SSIN, w.Dossier.DossierID, w.Dossier.Version = plain[string](inner.SSIN), plain[string](inner.DossierID), plain[int64](inner.Version)
	return w
}

// names are what tells which dossier one is, each to be read by itself.
type names struct{ SSIN, DossierID, Version json.RawMessage }

func namesOf(dossier []byte) (n names) {
	_ = json.Unmarshal(dossier, &n) // anything but an object has none
	return n
}

// idOf is the id of a dossier that may not be read otherwise.
func idOf(dossier []byte) string { return plain[string](namesOf(dossier).DossierID) }

// plain is a value where it is one of its type, else nothing.
func plain[T any](text json.RawMessage) (value T) {
	if json.Unmarshal(text, &value) != nil {
		var nothing T
		return nothing
	}
	return value
}

var fieldPattern = regexp.MustCompile(`^[A-Za-z]+(\.[A-Za-z]+)*$`)

// placeOf says where decoding failed, and nothing of what stood there.
func placeOf(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && fieldPattern.MatchString(wrong.Field) {
		return wrong.Field + " is of another type"
	}
	return "a value is not what the API's document says"
}

// Unread is an item of the feed that could not be read, as far as it tells whose it is.
type Unread struct {
	DossierID string     // empty: can't be read
	INSZ      ident.INSZ // zero: can't be read
	Version   int64      // 0: can't be read
	Why       error      // an *Error
}

func (w wireItem) unread(why error) Unread {
	u := Unread{DossierID: w.Dossier.DossierID, Version: max(w.Dossier.Version, 0), Why: why}
	if reading, err := ident.ParseINSZ(w.Dossier.SSIN); err == nil {
		u.INSZ = reading.INSZ
	}
	return u
}

// unreadableDossier is the error of a dossier in a good answer that can't be read.
func (x *exchange) unreadableDossier(why error) *Error {
	e := x.itemError(typeDossierUnreadable)
	e.Title += ": " + why.Error() // of this package: names of properties at most
	return e
}

// itemError is the error of one item of a good answer.
func (x *exchange) itemError(kind string) *Error {
	e := &Error{Operation: x.op.id, Verdict: VerdictTransient, Status: x.last.status, Type: kind, TraceID: x.traceID}
	e.Title, e.Next = words(e)
	return e
}

// oneAtFault tells whether one of those asked for can be what is wrong.
func (e *Error) oneAtFault() bool {
	refused := e.Status == http.StatusBadRequest || e.Type == typeInvalidLocal
	return e.Type == typeDossierUnreadable || e.Type == typeForeignItem || e.Operation == opQuery && e.Verdict == VerdictPermanent && refused
}
