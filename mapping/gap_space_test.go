package mapping_test

import (
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
)

// The factors of the gap-and-overlap proof (gap_test.go) and which of them are multiplied;
// gap_scene_test.go is the client that a combination stands for.

// gapDay is the day of every decision here; the dates of the levels lie around it.
const gapDay casefile.Date = "2026-06-15"

// combo holds the level of each factor, by its place in factors.
type combo [fSince + 1]int

// The factors.
const (
	fStanding = iota
	fBy
	fBenefit
	fHeld
	fContract
	fRegime
	fRVA
	fLeefloon
	fTrack
	fSocial // social economy as the highest reachable
	fJob
	fHandover
	fAnswer
	fOwner
	fEvaluation
	fPapers // documents, competences, final advice
	fGone
	fPerson
	fPlacement
	fTraining
	fSince // what somebody did in MLP after our first write
)

// factor is an input and its levels; the first is the quiet one.
type factor struct {
	name   string
	levels []string
}

// space is what the combinations are taken from. Nobody writes in it once it is made.
type space struct {
	factors [len(combo{})]factor
	own     ident.INSZ // the client's number
	other   ident.INSZ
}

func newSpace(t *testing.T) *space {
	read := func(digits string) ident.INSZ {
		reading, err := ident.ParseINSZ(digits)
		if err != nil {
			t.Fatal(err)
		}
		return reading.INSZ
	}
	return &space{factors: factors(), own: read("67722499797"), other: read("83660634135")} // test persons
}

func factors() [len(combo{})]factor {
	return [len(combo{})]factor{
		fStanding:   {"standing", []string{"ready", "notReady", "unknown", "withdrawn", "ended", "noDate", "again", "later"}},
		fBy:         {"by", []string{"ocmw", "client", "unknown"}},
		fBenefit:    {"benefit", []string{"none", "full", "partTime", "unknown"}},
		fHeld:       {"held", heldLevels()},
		fContract:   {"contract", []string{"none", "planned", "running", "ended", "noWEO", "overlapping", "two", "regimeChange", "regimeToCome", "contradiction", "gone"}},
		fRegime:     {"regime", []string{"full", "part", "unknown"}},
		fRVA:        {"rva", []string{"none", "pending", "applied", "appliedBefore", "entitled", "entitledNoDate", "entitledTooEarly", "entitledLater", "notEntitled"}},
		fLeefloon:   {"leefloon", []string{"none", "full", "supplementary", "unknown"}},
		fTrack:      {"track", []string{"none", "TWE", "TWEended", "TWEtechnical", "TWElater", "GLOW", "GLOWtrack", "GLOWthenTWE", "TWEthenGLOW"}},
		fSocial:     {"social", []string{"none", "before", "during", "requested"}},
		fJob:        {"job", []string{"none", "full", "part", "during", "ended", "later", "gone"}},
		fHandover:   {"handover", []string{"none", "training", "trainingUnknown", "other", "GLOWunanswered", "GLOWexcluded", "GLOWsent"}},
		fAnswer:     {"answer", []string{"none", "05", "90", "00", "incomplete", "accept", "adopt", "proposed"}},
		fOwner:      {"owner", []string{"ocmw", "partner", "glow"}},
		fEvaluation: {"evaluation", []string{"none", "interim", "final", "nobody's"}},
		fPapers:     {"papers", []string{"none", "interim", "final", "missing"}},
		fGone:       {"gone", []string{"none", "client", "track", "shared"}},
		fPerson:     {"person", []string{"same", "replaced", "otherNumber", "otherNames", "canceled", "moved", "edited"}},
		fPlacement: {"placement", []string{"none", "BVS", "BVSnoPlan", "BVSplanUnknown", "BVSlate", "WES", "WESearly", "nobody's",
			"community", "communityCompany", "communityUnknown"}},
		fTraining: {"training", []string{"none", "short", "twice", "long", "longKnown", "situation1", "guided", "unguided", "guidedUnknown",
			"unrecognised", "unknown", "otherTarget", "GLOW2", "GLOW5", "GLOW9"}},
		fSince: {"since", []string{"none", "78", "03", "02", "00", "jobTarget"}},
	}
}

// heldLevels are what MLP holds: no dossier, a dossier elsewhere, none, or
// code@from/by. The days lie before the client's readiness, at and inside the
// contract, and after it.
func heldLevels() []string {
	levels := []string{
		"noDossier", "elsewhere", "nothing", "05@2025-01-06/ocmw", "05@2026-06-05/client", "00@2024-06-01/client", "00@2026-06-05/client",
		"78@2024-06-01/vdab", "78@2025-03-03/vdab", "78@2025-03-20/vdab", "78@2026-06-05/other", "90@2025-03-03/ocmw", "93@2025-03-03/ocmw",
		"90@2024-06-01/ocmw", "93@2026-06-05/other", "02@2025-06-02/other", "03@2025-06-02/other",
	}
	for _, code := range []string{"02", "03", "06", "10", "11", "14", "80", "82", "92", "55"} {
		levels = append(levels, code+"@2024-06-01/other")
	}
	return levels
}

// product is a set of factors that is multiplied in full; the other factors stand on
// quiet, unless set says otherwise.
type product struct {
	name    string
	factors []int
	only    map[int][]string // levels of a factor, where not all of them
	set     map[int]string
}

// products names what interacts.
//
// Entry (CAT-01, 02, 03, 13): the wanted category is asked of standing, registrant and
// benefit together, and written over what is held; a contract matters only by being
// there, to come or over.
//
// Contract (CAT-03 to 06, 12, TWE-06): 90 or 93 is asked of contract, regime and track
// together and written over what is held; standing decides whether the client is
// followed at all. The registrant plays no part: no branch of the contract reads it.
//
// After (CAT-07, 08, 09): RVA, leefloon and job each ask for a category once a contract
// has ended, and are weighed against each other, against a new readiness and what is held.
//
// Drift (CAT-06, 10): what somebody put over our entry is weighed against the step
// that wrote it and a person's answer.
//
// Choice (GLOW-05, HND-01): tracks and handovers are weighed against each other,
// against standing, owner, what is gone, and a person's word that the last choice counts.
//
// Instruments (TWE-04, 09 to 12, GLOW-07, GLOW-09): a placement or training is weighed
// against the contract and the track around it; a placement that is called community
// service against the benefit too, a long training against the handover asked for.
// Neither reads the other but for TWE-12, which the pairs bring about.
//
// Lines (TWE-08, 16, 17): what stops the lines of TWE and nothing else.
//
// Person (DATA-03 to 06): whose dossier it is comes before all else, so that the course
// matters only by being there.
func products() []product {
	contracts, tracks := []string{"none", "running", "ended"}, []string{"none", "TWE", "TWEended", "GLOW", "TWEthenGLOW"}
	answers := []string{"none", "accept"}
	held := map[int]string{fHeld: "05@2025-01-06/ocmw"}
	return []product{
		{name: "entry", factors: []int{fStanding, fBy, fBenefit, fHeld, fContract}, only: map[int][]string{fContract: {"none", "planned", "ended"}}},
		{name: "contract", factors: []int{fStanding, fHeld, fContract, fRegime, fTrack},
			only: map[int][]string{fStanding: {"ready", "notReady", "unknown", "withdrawn", "ended"}, fRegime: {"full", "part"},
				fTrack: {"none", "TWE", "TWEended", "GLOW", "GLOWthenTWE", "TWEthenGLOW"}}},
		{name: "after", factors: []int{fStanding, fHeld, fRVA, fLeefloon, fJob}, set: map[int]string{fContract: "ended", fTrack: "TWEended"},
			only: map[int][]string{fStanding: {"ready", "again", "withdrawn", "ended", "unknown"}, fJob: {"none", "full", "part"}}},
		{name: "drift", factors: []int{fStanding, fContract, fRVA, fAnswer, fSince}, set: map[int]string{fTrack: "TWE", fHeld: "nothing"},
			only: map[int][]string{fContract: {"none", "running", "ended", "regimeChange"}, fAnswer: {"none", "05", "90", "00", "incomplete", "proposed"}}},
		{name: "choice", factors: []int{fStanding, fContract, fTrack, fHandover, fOwner, fGone, fAnswer}, set: held,
			only: map[int][]string{fStanding: {"ready", "ended"}, fContract: contracts, fAnswer: answers}},
		{name: "placement", factors: []int{fContract, fTrack, fPlacement, fBenefit, fAnswer}, set: held,
			only: map[int][]string{fContract: contracts, fTrack: tracks, fAnswer: answers}},
		{name: "training", factors: []int{fContract, fTrack, fTraining, fHandover, fAnswer}, set: held,
			only: map[int][]string{fContract: contracts, fTrack: tracks, fHandover: {"none", "training"}, fAnswer: answers}},
		{name: "lines", factors: []int{fStanding, fContract, fTrack, fSocial, fOwner, fPapers, fAnswer}, set: held,
			only: map[int][]string{fStanding: {"ready", "notReady"}, fContract: contracts, fTrack: {"TWE", "TWEended", "TWEtechnical", "TWEthenGLOW"}, fAnswer: answers}},
		{name: "person", factors: []int{fStanding, fBy, fHeld, fTrack, fGone, fPerson, fAnswer},
			only: map[int][]string{fStanding: {"ready", "notReady", "ended"}, fBy: {"ocmw", "client"}, fHeld: {"noDossier", "elsewhere", "05@2025-01-06/ocmw"},
				fTrack: {"none", "TWE", "GLOW"}, fGone: {"none", "shared"}, fAnswer: {"none", "accept", "adopt"}}},
	}
}

// multiply is the whole product.
func (sp *space) multiply(p product) []combo {
	all := sp.factors
	var quiet combo
	for f, level := range p.set {
		quiet[f] = slices.Index(all[f].levels, level)
	}
	out := []combo{quiet}
	for _, f := range p.factors {
		levels := p.only[f]
		if levels == nil {
			levels = all[f].levels
		}
		var next []combo
		for _, c := range out {
			for _, level := range levels {
				c[f] = slices.Index(all[f].levels, level)
				next = append(next, c)
			}
		}
		out = next
	}
	return out
}

// pairs is a set of combinations in which each two levels of different factors meet:
// greedily, the level of each factor that makes most new pairs with those before it.
func (sp *space) pairs() []combo {
	all := sp.factors
	met := map[[4]int]bool{}
	var out []combo
	for f := range all {
		for g := f + 1; g < len(all); g++ {
			for a := range all[f].levels {
				for b := range all[g].levels {
					if !met[[4]int{f, a, g, b}] {
						c := extend(all, met, f, a, g, b, len(out))
						meet(met, c)
						out = append(out, c)
					}
				}
			}
		}
	}
	return out
}

func extend(all [len(combo{})]factor, met map[[4]int]bool, f, a, g, b, turn int) combo {
	var c combo
	done := []int{f, g}
	c[f], c[g] = a, b
	for h := range all {
		if h == f || h == g {
			continue
		}
		best, most := 0, -1
		for i := range all[h].levels {
			level := (i + turn) % len(all[h].levels) // ties go round
			c[h] = level
			fresh := 0
			for _, o := range done {
				if !met[pairOf(o, c[o], h, level)] {
					fresh++
				}
			}
			if fresh > most {
				best, most = level, fresh
			}
		}
		c[h] = best
		done = append(done, h)
	}
	return c
}

func pairOf(f, a, g, b int) [4]int {
	if f > g {
		f, a, g, b = g, b, f, a
	}
	return [4]int{f, a, g, b}
}

func meet(met map[[4]int]bool, c combo) {
	for f := range c {
		for g := f + 1; g < len(c); g++ {
			met[[4]int{f, c[f], g, c[g]}] = true
		}
	}
}

// describe names the levels that are not quiet.
func (sp *space) describe(c combo) string {
	var out []string
	for f, factor := range sp.factors {
		if c[f] != 0 {
			out = append(out, factor.name+"="+factor.levels[c[f]])
		}
	}
	return strings.Join(out, " ")
}

// part is a share of the combinations that is judged by itself.
type part struct {
	name   string
	combos iter.Seq[combo]
}

// parts are the pairs, and each product with the other factors on quiet and then on the
// levels of a pair. Of a product one combination in each is taken.
func (sp *space) parts(each int) []part {
	others := sp.pairs()
	out := []part{{"pairs", slices.Values(others)}}
	for _, p := range products() {
		out = append(out, part{p.name, func(yield func(combo) bool) {
			for i, c := range sp.multiply(p) {
				if i%each == 0 && (!yield(c) || !yield(p.among(c, others[i%len(others)]))) {
					return
				}
			}
		}})
	}
	return out
}

// among gives the factors that the product leaves on quiet the levels of other.
func (p product) among(c, other combo) combo {
	for f := range c {
		if !slices.Contains(p.factors, f) {
			c[f] = other[f]
		}
	}
	return c
}
