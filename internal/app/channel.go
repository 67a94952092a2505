package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/internal/deliver"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/observe"
	"github.com/mlpsync/mlpsync/internal/outbox"
	schema "github.com/mlpsync/mlpsync/schemas/mlp"
)

// apiPath is where the API's version stands below the configured base URL.
const apiPath = "/mlp/v1"

// channel is the way to MLP: one breaker and rate an endpoint, one client with
// its own credentials an OCMW.
type channel struct {
	app     *App
	gate    *mlp.Gate
	clients map[string]*mlp.Client // by KBO number
}

func (a *App) openChannel(ctx context.Context) (*channel, error) {
	api, err := schema.Load()
	if err != nil {
		return nil, fmt.Errorf("compile the API's document: %w", err)
	}
	burst, sustained := pace(a.config.MLP.RatePerMinute)
	perSecond := float64(sustained) / 60
	before, _ := a.way(ctx) // of a damaged state nothing is known; what needs it says so
	gate := mlp.NewGate(mlp.GateOptions{
		PerSecond: perSecond, Burst: burst, Spent: before.spentBy(time.Now(), perSecond),
		OnChange: func(change mlp.BreakerChange) {
			a.Log.Warn().Str("event", "breaker."+change.To).Str("from", change.From).Str("lasted", change.Lasted.Round(time.Second).String()).
				Msg("the circuit breaker to MLP changed")
		},
	})
	if err := authority(a.config.MLP.CAFile); err != nil {
		return nil, err
	}
	ch := &channel{app: a, gate: gate, clients: map[string]*mlp.Client{}}
	for _, o := range a.config.OCMWs {
		client, err := mlp.New(a.clientOptions(o, gate, api))
		if err != nil {
			return nil, fmt.Errorf("make the API client of %s: %w", o.Name, err)
		}
		ch.clients[string(o.KBONumber())] = client
		a.cleanups = append(a.cleanups, func() error { client.Close(); return nil })
	}
	return ch, nil
}

// pace is how many requests may go at once, and how many a minute for as long as there are some: together never more than the limit. A
// morning's changes may go at once, a first run has to last.
func pace(limit int) (burst, sustained int) {
	burst = limit * 2 / 5
	return max(burst, 1), limit - burst
}

func (a *App) clientOptions(o config.OCMW, gate *mlp.Gate, api *schema.API) mlp.Options {
	credentials := o.Credentials
	return mlp.Options{
		BaseURL: a.config.MLP.BaseURL + apiPath, TokenURL: a.config.MLP.TokenURL,
		PlainHTTP: a.config.Environment == config.Test, ClientID: credentials.ClientID,
		ClientSecret: func() (string, error) { return credentials.ClientSecret.Read(a.Getenv) },
		APIKey:       func() (string, error) { return credentials.APIKey.Read(a.Getenv) },
		CAFile:       a.config.MLP.CAFile, Proxy: a.config.MLP.Proxy, Timeout: a.config.MLP.Timeout.Std(),
		Gate: gate, API: api, Reached: a.Reached,
		OnRequest: func(e mlp.RequestEvent) {
			a.pulse.mark() // answered or not, it ended
			a.Log.Debug().Str("event", "mlp.request").Str("operation", e.Operation).Int("status", e.Status).
				Str("failure", e.Failure).Str("traceId", e.TraceID).Dur("took", e.Duration).Msg("request to MLP")
		},
	}
}

func (ch *channel) observer(store ledger.Store) cycle.Observer {
	clients := map[string]observe.Client{}
	for kbo, client := range ch.clients {
		clients[kbo] = client
	}
	return observe.New(observe.Options{Store: observing{store}, Clients: clients, Now: ch.app.now})
}

// deliverer sends what a ledger's outbox holds. What it learns of the channel lasts as long as it
// does, so the cycle keeps it.
func (ch *channel) deliverer(store ledger.Store) cycle.Deliverer {
	clients := map[string]deliver.Client{}
	for kbo, client := range ch.clients {
		clients[kbo] = client
	}
	return &delivering{app: ch.app, gate: ch.gate, store: store, shut: unknownStop, Deliverer: deliver.New(deliver.Options{
		Queue: store, Clients: clients, Document: ch.app.document, Workers: ch.app.config.MLP.Workers, Unsettled: ch.app.config.MLP.Unsettled, Now: ch.app.now, Log: ch.app.Log,
		Turn: ch.app.turn(), Quiet: ch.app.quietHours(), Cell: cellForLog(store), Grace: ch.app.config.Shutdown.Std() * 6 / 10,
	})}
}

// shortestTurn: looking at files and orders costs a request, and some milliseconds.
const shortestTurn = 5 * time.Second

// turn is how long is sent before files and orders are looked at again: what is under way then takes some time too, and both are to be
// seen within a poll (design decision 20).
func (a *App) turn() time.Duration { return max(a.config.Poll.Std()/2, shortestTurn) }

// quietHours are those of the configuration.
func (a *App) quietHours() outbox.QuietHours {
	from, until := a.config.MLP.QuietHours.Minutes()
	return outbox.QuietHours{From: from, Until: until, Zone: Zone()}
}

// unknownStop: the last process may have left a note.
const unknownStop deliver.Stop = "unknown"

// delivering is a Deliverer as the cycle wants it. What shuts the way to MLP
// stands in the ledger's notes, where status finds it.
type delivering struct {
	*deliver.Deliverer
	app   *App
	gate  *mlp.Gate
	store ledger.Operating
	shut  deliver.Stop // as noted last
	way   string       // as noted last
}

// Deliver implements cycle.Deliverer.
func (d *delivering) Deliver(ctx context.Context, run string) (cycle.Delivered, error) {
	r, err := d.Run(ctx, run)
	if err == nil {
		err = errors.Join(d.note(ctx, r), d.noteWay(ctx, r))
	}
	return cycle.Delivered{
		Settled: r.Settled, Found: r.Found, GivenBack: r.GivenBack, Parked: r.Parked, Conflicts: r.Conflicts + int(d.app.again.Swap(0)), Doubts: r.Doubts,
		Requests: int(r.Requests), Until: r.Until, Turn: r.Stopped == deliver.StopTurn,
	}, err
}

// note keeps why nothing is sent, from when it began until it ends.
func (d *delivering) note(ctx context.Context, r deliver.Report) error {
	words := map[deliver.Stop][2]string{
		deliver.StopBreaker:   {"MLP antwoordt niet zoals het hoort; er wordt even niets verstuurd.", "MLP keeps failing: the circuit breaker is open, nothing is sent for a while"},
		deliver.StopThrottled: {"MLP vraagt om te wachten.", "MLP asks to wait: too many requests"},
		deliver.StopPaused:    {"MLP aanvaardt de aanmelding van dit OCMW niet, of antwoordt er nu niet goed op; er wordt vanzelf opnieuw geprobeerd, ten laatste na 10 minuten.", "MLP does not admit an OCMW's client, or has no token for it now: check its credentials and the token endpoint; one token is tried every 5 minutes, or when MLP says"},
	}
	text, shut := words[r.Stopped]
	if !shut && d.shut == "" || shut && d.shut == r.Stopped {
		return nil
	}
	d.shut = ""
	var notes []ledger.Note
	if shut {
		d.shut = r.Stopped
		notes = []ledger.Note{{Key: string(r.Stopped), Level: "warn", NL: text[0], EN: text[1], Since: d.app.now()}}
	}
	if err := d.store.SaveNotes(ctx, "channel", notes); err != nil {
		return fmt.Errorf("keep the state of the channel: %w", err)
	}
	return nil
}

// noteWay keeps how the way to MLP stands, where other processes find it.
func (d *delivering) noteWay(ctx context.Context, r deliver.Report) error {
	way := Way{Until: r.Until.UTC(), NotAdmitted: r.Paused}
	if way.Spent = d.gate.Spent(); way.Spent > 0 {
		way.SpentAt = time.Now().UTC().Round(time.Second)
	}
	way.Breaker, way.Since = d.gate.State()
	way.Since = d.app.clock.at(way.Since).UTC() // the breaker runs on the machine's own clock
	if open := d.gate.OpenFor(); open > 0 && way.Until.IsZero() {
		// Opened by reads, or when nothing was due any more.
		r.Stopped, way.Until = deliver.StopBreaker, d.app.now().Add(open).UTC().Round(time.Second)
	}
	if !way.Until.IsZero() {
		way.Stopped = string(r.Stopped)
	}
	text, err := json.Marshal(way)
	if err != nil || string(text) == d.way {
		return err
	}
	if err := d.store.SetMeta(ctx, metaWay, string(text)); err != nil {
		return fmt.Errorf("keep the state of the channel: %w", err)
	}
	d.way = string(text)
	return nil
}

// observing is the ledger as observe wants it.
type observing struct{ ledger.Store }

// NeedLookup implements observe.Store.
func (o observing) NeedLookup(ctx context.Context, ocmw string, after int64, limit int) ([]mlp.Lookup, error) {
	people, err := o.Store.NeedLookup(ctx, ocmw, after, limit)
	if err != nil {
		return nil, err
	}
	lookups := make([]mlp.Lookup, 0, len(people))
	for _, p := range people {
		reading, err := ident.ParseINSZ(p.INSZ)
		if err != nil {
			return nil, fmt.Errorf("read a stored identity number: %w", err)
		}
		lookups = append(lookups, mlp.Lookup{Person: p.Person, INSZ: reading.INSZ})
	}
	return lookups, nil
}

// SaveLookups implements observe.Store.
func (o observing) SaveLookups(ctx context.Context, run, ocmw string, asked []mlp.Lookup, found mlp.Found, now time.Time) error {
	results := make([]ledger.LookupResult, 0, len(asked))
	for _, person := range asked {
		result := ledger.LookupResult{Person: person.Person, Canceled: found.Canceled[person.Person]}
		if dossier, there := found.Dossiers[person.Person]; there {
			result.Dossier = &dossier
		}
		results = append(results, result)
	}
	return o.Store.SaveLookups(ctx, run, ocmw, results, now)
}

// LookUpAgain implements observe.Store.
func (o observing) LookUpAgain(ctx context.Context, ocmw string, unread []mlp.Unread) (people, lost int, err error) {
	of := make([]ledger.Unread, 0, len(unread))
	for _, u := range unread {
		one := ledger.Unread{Dossier: u.DossierID, Version: u.Version}
		if !u.INSZ.IsZero() {
			one.INSZ = u.INSZ.Reveal()
		}
		of = append(of, one)
	}
	return o.Store.LookUpAgain(ctx, ocmw, of)
}
