package mlp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
)

// MaxQuery is how many people one query asks for, by the document.
const MaxQuery = 200

// Lookup is a person to look up, under an id of the caller's own.
type Lookup struct {
	Person int64
	INSZ   ident.INSZ
}

// Found is what a query says, under the caller's ids.
type Found struct {
	// Dossiers has the dossier of each person who has one in the OCMW's area.
	Dossiers map[int64]casefile.Dossier
	// Canceled are the people whose number, as it was asked, is cancelled. One of them can have a dossier all the same.
	Canceled map[int64]bool
	// Unread are the people whose dossier came and could not be read, and why (an *Error): of them nothing is known.
	Unread map[int64]error
}

// Query looks people up by INSZ, in calls of at most MaxQuery. A replaced number gives the dossier under the
// present one. ErrItem: nothing of the answer can be used, and one of them may be why.
func (c *Client) Query(ctx context.Context, people []Lookup) (Found, error) {
	found := Found{Dossiers: make(map[int64]casefile.Dossier, len(people)), Canceled: map[int64]bool{}, Unread: map[int64]error{}}
	for batch := range slices.Chunk(people, MaxQuery) {
		if err := c.query(ctx, batch, found); err != nil {
			return Found{}, err
		}
	}
	return found, nil
}

func (c *Client) query(ctx context.Context, batch []Lookup, found Found) error {
	asked := make(map[string][]int64, len(batch))
	var ask struct {
		SSINs []string `json:"ssins"`
	}
	for _, l := range batch {
		number := l.INSZ.Reveal()
		if asked[number] == nil {
			ask.SSINs = append(ask.SSINs, number)
		}
		asked[number] = append(asked[number], l.Person)
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return errors.New("query can't be written as JSON")
	}
	x, err := c.call(ctx, request{op: operation{id: opQuery}, method: http.MethodPost, path: "/dossiers/query", body: body})
	if err != nil {
		return err
	}
	answer, err := decodeList(x.last.body)
	// Without items it is not MLP's: to take it for one would say that nobody has a dossier.
	if err != nil || answer.Items == nil {
		return x.unreadable()
	}
	for _, item := range answer.Items {
		if asked[item.SSIN] == nil { // another question's answer; or of one of these, who then seems to have none
			return x.itemError(typeForeignItem)
		}
	}
	for _, number := range answer.Canceled {
		for _, person := range asked[number] {
			found.Canceled[person] = true
		}
	}
	for _, item := range answer.Items {
		d, err := item.dossier()
		for _, person := range asked[item.SSIN] {
			if err != nil {
				found.Unread[person] = x.unreadableDossier(err)
				continue
			}
			found.Dossiers[person] = d
		}
	}
	return nil
}

// Dossier reads a whole dossier. One that is not there is an *Error that is ErrNotFound.
func (c *Client) Dossier(ctx context.Context, id string) (casefile.Dossier, error) {
	x, err := c.call(ctx, request{
		op: operation{id: "getDossier", dossier: true}, method: http.MethodGet, path: "/dossiers/" + url.PathEscape(id),
	})
	if err != nil {
		return casefile.Dossier{}, err
	}
	d, err := decodeDossier(x.last.body)
	switch {
	case err == nil && d.ID == id:
		return d, nil
	case err != nil && idOf(x.last.body) == id:
		return casefile.Dossier{}, x.unreadableDossier(err)
	}
	return casefile.Dossier{}, x.unreadable()
}

// Change is one item of the change feed: the whole dossier as it was after a change.
type Change struct {
	Dossier   casefile.Dossier
	ChangedAt time.Time
	// ClientID and TraceID are those of the request that made the change; empty when it was
	// not made through the API.
	ClientID, TraceID string
}

// Page is a page of the change feed.
type Page struct {
	Items []Change
	// Unread are the items that could not be read.
	Unread []Unread
	Next   string // the cursor that continues after this page
	More   bool
}

// Changes reads the feed after a cursor, oldest first, at most limit items (1-500). An empty
// cursor gives no items and the feed's present end: taken before a look-up, it lets
// nothing slip between. ErrCursorLost: what follows the cursor is gone, look everything up.
func (c *Client) Changes(ctx context.Context, cursor string, limit int) (Page, error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	x, err := c.call(ctx, request{op: operation{id: "listChanges"}, method: http.MethodGet, path: "/changes", query: query})
	if err != nil {
		return Page{}, err
	}
	answer, err := decodeList(x.last.body)
	if err != nil || answer.NextCursor == "" {
		return Page{}, x.unreadable()
	}
	page := Page{Next: answer.NextCursor, More: answer.HasMore}
	for _, item := range answer.Items {
		d, err := item.dossier()
		if err != nil {
			page.Unread = append(page.Unread, item.unread(x.unreadableDossier(err)))
			continue
		}
		page.Items = append(page.Items, Change{Dossier: d, ChangedAt: item.ChangedAt, ClientID: item.ClientID, TraceID: item.TraceID})
	}
	return page, nil
}

// Health is what the API says of itself: UP, DEGRADED or DOWN.
func (c *Client) Health(ctx context.Context) (string, error) {
	x, err := c.call(ctx, request{op: operation{id: "getHealth"}, method: http.MethodGet, path: "/health"})
	if err != nil {
		return "", err
	}
	var answer struct {
		Status string `json:"status"`
	}
	if json.Unmarshal(x.last.body, &answer) != nil || answer.Status == "" {
		return "", x.unreadable()
	}
	return answer.Status, nil
}

// Authenticate tries to get a token, and nothing else: how a paused channel is tried.
func (c *Client) Authenticate(ctx context.Context) error {
	_, err := c.auth.Token(ctx)
	return err
}
