package mapping

import (
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// facts is what the records say, put together.
type facts struct {
	contracts []*contract            // art. 60§7, in order of start
	jobs      []*casefile.Employment // regular jobs, in order of start
	weos      []*casefile.Track      // TWE tracks with a WEO, in order of its start
	twe       []*casefile.Track      // all TWE tracks
	glow      casefile.Record        // the record of the first choice of GLOW, nil when none
	glowOn    casefile.Date
	awaits05  bool // the client registers himself and has not yet done so
	// glowLapsed: a person decided that the choice of TWE took the place of that of GLOW.
	glowLapsed bool
}

// contract is one art. 60§7 contract: its rows share number and start and differ
// in the regime's first day.
type contract struct {
	number  string
	start   casefile.Date
	end     casefile.Date // last day; zero while open
	rows    []*casefile.Employment
	regimes []regimePeriod // at least one; each differs in code from the one before
	id      string         // of its registration
	weo     *casefile.Track
	// problem says why it can't be followed; empty when it can.
	problem *contractProblem
	// history: it ended before the client was ready again, and MLP knows nothing
	// of it. It is not written after the fact.
	history bool
}

// followed tells whether the contract counts for categories and registrations.
func (c *contract) followed() bool { return c.problem == nil && !c.history }

type regimePeriod struct {
	from casefile.Date
	code casefile.Code
	row  *casefile.Employment
}

type contractProblem struct {
	rule, reason, next string
	cells              []casefile.Cell
	accept             string // what a person may decide, in Dutch; empty when the data must be mended
	asks               asking // which question that answers
}

func (w *work) read() facts {
	f := facts{contracts: w.contracts(), jobs: w.jobs()}
	for _, t := range w.c.Tracks {
		switch {
		case t.Track == casefile.TrackTWE && !t.WEOStart.IsZero():
			f.weos, f.twe = append(f.weos, t), append(f.twe, t)
		case t.Track == casefile.TrackTWE:
			f.twe = append(f.twe, t)
		case t.Track == casefile.TrackGLOW:
			f.chooseGLOW(t, t.ChoiceDate)
		}
	}
	for _, h := range w.c.Handovers {
		if h.Handover == casefile.HandoverGLOW {
			f.chooseGLOW(h, h.ChoiceDate)
		}
	}
	for _, c := range f.contracts {
		c.weo = f.weoOn(c.start)
	}
	return f
}

// jobKey is what the rows of one job or contract share.
type jobKey struct {
	number string
	start  casefile.Date
}

func keyOf(e *casefile.Employment) jobKey { return jobKey{e.ContractNumber, e.Start} }

// jobs keeps one row a job: that of the regime which holds.
func (w *work) jobs() []*casefile.Employment {
	var jobs []*casefile.Employment
	places := map[jobKey]int{}
	for _, e := range w.c.Employments {
		if e.Employment != casefile.RegularJob || gone(e.Header) {
			continue
		}
		i, again := places[keyOf(e)]
		switch {
		case !again:
			places[keyOf(e)], jobs = len(jobs), append(jobs, e)
		case w.clk.reached(e.RegimeFrom):
			jobs[i] = e
		}
	}
	return jobs
}

// chooseGLOW keeps the first choice of GLOW; one whose record is gone still was a
// choice.
func (f *facts) chooseGLOW(r casefile.Record, on casefile.Date) {
	if f.glow == nil || on < f.glowOn {
		f.glow, f.glowOn = r, on
	}
}

// weoOn is the TWE track whose WEO covers the day; nil when none does.
func (f facts) weoOn(day casefile.Date) *casefile.Track {
	var found *casefile.Track
	for _, t := range f.weos {
		if t.WEOStart <= day && (t.WEOEnd.IsZero() || day <= t.WEOEnd) {
			found = t
		}
	}
	return found
}

func (w *work) contracts() []*contract {
	var all []*contract
	known := map[jobKey]*contract{}
	for _, e := range w.c.Employments {
		if e.Employment != casefile.Art60Job {
			continue
		}
		c := known[keyOf(e)]
		if c == nil {
			c = &contract{number: e.ContractNumber, start: e.Start}
			known[keyOf(e)], all = c, append(all, c)
		}
		c.rows = append(c.rows, e)
	}
	for _, c := range all {
		c.dropGoneRows()
		c.build()
		// Key of an art. 60§7 registration: contract number (may be empty) and start.
		c.id = w.id(casefile.RegEmployment, c.number, string(c.start))
	}
	return slices.DeleteFunc(all, func(c *contract) bool { return c.gone() && w.ghost(c, all) })
}

// dropGoneRows leaves a row out that is gone while others of its contract are there: it
// was corrected. What MLP holds of it and nothing asks for any more is drift (CAT-10).
func (c *contract) dropGoneRows() {
	isGone := func(e *casefile.Employment) bool { return gone(e.Header) }
	if slices.ContainsFunc(c.rows, func(e *casefile.Employment) bool { return !isGone(e) }) {
		c.rows = slices.DeleteFunc(c.rows, isGone)
	}
}

// ghost: a contract that left the export and that another row took over: one of the
// same start (its number was corrected, or put back), or, where MLP knows nothing of it,
// any other. Without another, one that lies ahead is no contract any more either.
func (w *work) ghost(c *contract, all []*contract) bool {
	others, sameStart := false, false
	for _, o := range all {
		if o != c && !o.gone() {
			others, sameStart = true, sameStart || o.start == c.start
		}
	}
	switch {
	case sameStart:
		return true
	case w.known(c), !others && w.clk.reached(c.start):
		return false
	}
	w.finding("DATA-01", "Een contract art. 60§7 vanaf "+c.start.Dutch()+" staat niet meer in de export; MLP kende het nog niet.",
		"Kijk na of het vervallen of verplaatst is; er wordt niets van doorgestuurd.", c.cells("start"))
	return true
}

// build derives end and regimes from the rows, which stand in order of regime.
func (c *contract) build() {
	last := c.rows[len(c.rows)-1]
	c.end = last.End
	for i, row := range c.rows {
		c.checkRow(i, row)
		code := regimeCode(row.Regime)
		if len(c.regimes) == 0 || c.regimes[len(c.regimes)-1].code != code {
			c.regimes = append(c.regimes, regimePeriod{from: row.RegimeFrom, code: code, row: row})
		}
	}
}

// checkRow finds contradictions. A row's end may be the contract's, or the day
// before the next row's regime; an earlier row may leave it out.
func (c *contract) checkRow(i int, row *casefile.Employment) {
	later := i+1 < len(c.rows)
	switch {
	case regimeCode(row.Regime) == "":
		c.contradiction(row, "regime", "Het arbeidsregime van het contract art. 60§7 is niet ingevuld.")
	case i == 0 && row.RegimeFrom != c.start:
		c.contradiction(row, "regimeFrom", "Het eerste arbeidsregime van het contract begint niet op de startdatum.")
	case later && c.rows[i+1].RegimeFrom == row.RegimeFrom:
		c.contradiction(row, "regimeFrom", "Het contract heeft twee rijen voor hetzelfde arbeidsregime.")
	case later && !row.End.IsZero() && row.End != c.end && row.End.AddDays(1) != c.rows[i+1].RegimeFrom:
		c.contradiction(row, "end", "De rijen van één contract hebben verschillende einddatums.")
	case !c.end.IsZero() && (c.end < c.start || row.RegimeFrom > c.end):
		c.contradiction(row, "end", "Het contract eindigt voor de start ervan of voor een wijziging van het arbeidsregime.")
	}
}

func (c *contract) contradiction(row *casefile.Employment, field, reason string) {
	if c.problem == nil {
		c.problem = &contractProblem{rule: "DATA-03", reason: reason, next: "Verbeter de gegevens van het contract.", cells: cells(row, field)}
	}
}

func regimeCode(r casefile.Regime) casefile.Code {
	switch r {
	case casefile.FullTime:
		return casefile.Code90
	case casefile.PartTime:
		return casefile.Code93
	}
	return ""
}

// covers tells whether the day lies inside the contract.
func (c *contract) covers(day casefile.Date) bool {
	return c.start <= day && (c.end.IsZero() || day <= c.end)
}

func (c *contract) overlaps(o *contract) bool {
	return c.covers(o.start) || o.covers(c.start)
}

func (c *contract) cells(fields ...string) []casefile.Cell { return cells(c.rows[0], fields...) }

func (c *contract) gone() bool {
	return slices.ContainsFunc(c.rows, func(e *casefile.Employment) bool { return gone(e.Header) })
}

// body is the registration as of a day: regimes and an end only once they have
// come.
func (c *contract) body(clk *clock, weoID string) casefile.Art60 {
	b := casefile.Art60{Start: c.start, WEOID: weoID}
	for _, row := range c.rows {
		if clk.reached(row.RegimeFrom) {
			b.Regimes = append(b.Regimes, casefile.RegimePeriod{From: row.RegimeFrom, Regime: row.Regime, HoursPerWeek: row.HoursPerWeek})
		}
		if row.EmployerKBO != "" {
			b.EmployerKBO = row.EmployerKBO
		}
		if row.SocialEconomy != casefile.Unknown {
			b.SocialEconomy = row.SocialEconomy
		}
	}
	if clk.reached(c.end) {
		b.End = c.end
	}
	return b
}
