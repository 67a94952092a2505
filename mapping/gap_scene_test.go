package mapping_test

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/plan"
	"github.com/mlpsync/mlpsync/mapping"
)

// The factors of the gap-and-overlap proof (gap_test.go), which of them are multiplied,
// and the client that a combination stands for.

// gapDay is the day of every decision here; the dates of the levels lie around it.
const gapDay casefile.Date = "2026-06-15"

// combo holds the level of each factor, by its place in factors.
type combo [18]int

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
	fJob
	fHandover
	fAnswer
	fOwner
	fEvaluation
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
		fTrack:      {"track", []string{"none", "TWE", "TWEended", "TWEtechnical", "TWEsocialBefore", "TWEsocial", "TWElater", "GLOW", "GLOWtrack", "GLOWthenTWE", "TWEthenGLOW"}},
		fJob:        {"job", []string{"none", "full", "part", "during", "ended", "later", "gone"}},
		fHandover:   {"handover", []string{"none", "training", "trainingUnknown", "other", "GLOWunanswered", "GLOWexcluded", "GLOWsent"}},
		fAnswer:     {"answer", []string{"none", "05", "90", "00", "incomplete"}},
		fOwner:      {"owner", []string{"ocmw", "partner"}},
		fEvaluation: {"evaluation", []string{"none", "interim", "final", "nobody's"}},
		fPerson:     {"person", []string{"none", "gone", "trackGone", "shared", "canceled", "moved"}},
		fPlacement:  {"placement", []string{"none", "BVS", "WES", "WESearly", "community"}},
		fTraining:   {"training", []string{"none", "short", "long", "partTime", "unrecognised", "inGLOW"}},
		fSince:      {"since", []string{"none", "78", "03", "02", "00", "jobTarget"}},
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
// against standing, owner and what is gone.
func products() []product {
	return []product{
		{name: "entry", factors: []int{fStanding, fBy, fBenefit, fHeld, fContract}, only: map[int][]string{fContract: {"none", "planned", "ended"}}},
		{name: "contract", factors: []int{fStanding, fHeld, fContract, fRegime, fTrack},
			only: map[int][]string{fStanding: {"ready", "notReady", "ended"}, fRegime: {"full", "part"}, fTrack: {"none", "TWE", "TWEended", "GLOW", "GLOWthenTWE", "TWEthenGLOW"}}},
		{name: "after", factors: []int{fStanding, fHeld, fRVA, fLeefloon, fJob}, set: map[int]string{fContract: "ended", fTrack: "TWEended"},
			only: map[int][]string{fStanding: {"ready", "again", "withdrawn", "ended"}, fJob: {"none", "full", "part"}}},
		{name: "drift", factors: []int{fStanding, fContract, fRVA, fAnswer, fSince}, set: map[int]string{fTrack: "TWE", fHeld: "nothing"},
			only: map[int][]string{fContract: {"none", "running", "ended", "regimeChange"}}},
		{name: "choice", factors: []int{fStanding, fContract, fTrack, fHandover, fOwner, fPerson}, set: map[int]string{fHeld: "05@2025-01-06/ocmw"},
			only: map[int][]string{fStanding: {"ready", "ended"}, fContract: {"none", "running", "ended"}}},
	}
}

// combos multiplies the product out.
func (p product) combos() []combo {
	all := factors()
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
func pairs() []combo {
	all := factors()
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

func (c combo) String() string {
	var out []string
	for f, factor := range factors() {
		if c[f] != 0 {
			out = append(out, factor.name+"="+factor.levels[c[f]])
		}
	}
	return strings.Join(out, " ")
}

// scene builds the client of a combination.
type scene struct {
	c       combo
	factors [len(combo{})]factor
	records []casefile.Record
}

func (s *scene) at(f int) string { return s.factors[f].levels[s.c[f]] }

func header(key string, missing bool) casefile.Header {
	return casefile.Header{Client: "K1", RecordKey: key, Missing: missing, Prov: casefile.Provenance{File: key + ".csv", Row: 2}}
}

// build is the client of the combination and what MLP holds of it.
func build(rules *mapping.Rules, c combo) (casefile.Case, casefile.Known) {
	s := &scene{c: c, factors: factors()}
	s.records = append(s.records, s.client())
	s.tracks()
	s.contracts()
	s.job()
	s.handover()
	s.rest()
	on := casefile.OCMW{KBO: "0999999922", NIS: "99991", DefaultCaseworker: "mw-000"}
	if s.at(fPerson) == "moved" {
		on.Area = []ident.NIS{"99992"}
	}
	kase := casefile.Assemble(on, s.records)
	kase.SharedINSZ = s.at(fPerson) == "shared"
	return kase, s.since(rules, kase, s.known(kase))
}

func (s *scene) client() *casefile.Client {
	cl := &casefile.Client{Header: header("K1", s.at(fPerson) == "gone"), LastName: "Testpersoon", FirstName: "An", Caseworker: "mw-001", ContactLanguage: "nl", NIS: "99991",
		Readiness: casefile.Ready, ReadySince: "2025-01-06"}
	switch s.at(fStanding) {
	case "notReady":
		cl.Readiness, cl.ReadySince = casefile.NotReady, ""
	case "unknown":
		cl.Readiness, cl.ReadySince = "", ""
	case "withdrawn":
		cl.ReadinessWithdrawnOn = "2026-06-01"
	case "ended":
		cl.SupportEndedOn = "2026-06-01"
	case "noDate":
		cl.ReadySince = ""
	case "again":
		cl.ReadySince = "2026-06-10"
	case "later":
		cl.ReadySince = "2026-07-01"
	}
	cl.RegisteredBy = map[string]casefile.Party{"ocmw": casefile.PartyOCMW, "client": casefile.PartyClient}[s.at(fBy)]
	cl.UnemploymentBenefit = map[string]casefile.Benefit{"none": casefile.BenefitNone, "full": casefile.BenefitFull, "partTime": casefile.BenefitPartTime}[s.at(fBenefit)]
	cl.Leefloon = map[string]casefile.Leefloon{"none": casefile.LeefloonNone, "full": casefile.LeefloonFull, "supplementary": casefile.LeefloonSupplementary}[s.at(fLeefloon)]
	s.rva(cl)
	switch answer := s.at(fAnswer); answer {
	case "05", "90", "00":
		cl.DecidedCategory, cl.DecidedOn, cl.DecisionReason = casefile.Code(answer), "2026-06-10", "omdat"
	case "incomplete":
		cl.DecidedCategory = "05"
	}
	return cl
}

func (s *scene) rva(cl *casefile.Client) {
	level := s.at(fRVA)
	switch {
	case level == "none":
	case level == "notEntitled":
		cl.BenefitDecision, cl.BenefitDecisionOn = casefile.DecisionNotEntitled, "2026-06-10"
	case strings.HasPrefix(level, "entitled"):
		cl.BenefitDecision, cl.BenefitDecisionOn = casefile.DecisionEntitled, "2026-06-10"
		cl.BenefitEntitledFrom = map[string]casefile.Date{"entitled": "2026-06-01", "entitledTooEarly": "2026-05-01", "entitledLater": "2026-06-20"}[level]
	default:
		cl.BenefitDecision = casefile.DecisionPending
		cl.BenefitAppliedOn = map[string]casefile.Date{"applied": "2026-06-02", "appliedBefore": "2024-01-08"}[level]
	}
}

func (s *scene) tracks() {
	twe := &casefile.Track{Header: header("T1", s.at(fPerson) == "trackGone"), TrackNumber: "T1", Track: casefile.TrackTWE, ChoiceDate: "2025-01-20",
		EntryNeed: "generic", RegularEconomyWithinTwoYears: casefile.Yes, JobTarget: "kok", DevelopmentPlanOn: "2025-02-03", WEOStart: "2025-02-03", Counsellor: "tb-1"}
	glow := &casefile.Track{Header: header("G1", s.at(fPerson) == "trackGone"), TrackNumber: "G1", Track: casefile.TrackGLOW, ChoiceDate: "2026-06-01"}
	switch s.at(fTrack) {
	case "none":
	case "GLOWtrack":
		s.records = append(s.records, glow)
	case "GLOW":
		s.records = append(s.records, glow, s.glowRequest("2026-06-01"))
	case "GLOWthenTWE":
		glow.ChoiceDate = "2025-01-13"
		s.records = append(s.records, glow, s.glowRequest("2025-01-13"), twe)
	case "TWEthenGLOW":
		s.records = append(s.records, twe, s.glowRequest("2026-06-01"))
	case "TWEended":
		twe.WEOEnd, twe.WEOEndReason = "2026-06-05", casefile.EndNoJob
		s.records = append(s.records, twe)
	case "TWEtechnical":
		twe.EntryNeed = "technical"
		s.records = append(s.records, twe)
	case "TWEsocialBefore":
		twe.SocialEconomyHighestOn = "2025-01-27"
		s.records = append(s.records, twe)
	case "TWEsocial":
		twe.SocialEconomyHighestOn = "2026-01-05"
		s.records = append(s.records, twe)
	case "TWElater":
		twe.WEOStart = "2026-07-01"
		s.records = append(s.records, twe)
	default:
		s.records = append(s.records, twe)
	}
}

func (s *scene) glowRequest(on casefile.Date) *casefile.HandoverRecord {
	h := &casefile.HandoverRecord{Header: header("H0", false), Handover: casefile.HandoverGLOW, ChoiceDate: on, Motivation: "m", Grounds: []string{"2"},
		RealisticOrientation: casefile.Yes, SelfInsight: casefile.Yes, NeedsWorkExperience: casefile.Yes, ReadyForAction: casefile.Yes,
		ContactLanguage: "nl", JobTarget: "kok", InformedOn: on, Exclusions: map[casefile.Exclusion]casefile.Tri{}}
	for _, x := range exclusions() {
		h.Exclusions[x] = casefile.No
	}
	return h
}

func exclusions() []casefile.Exclusion {
	return []casefile.Exclusion{casefile.ExclNonLabourProblems, casefile.ExclSocialEconomyHighest, casefile.ExclNeedsLanguageTraining,
		casefile.ExclOtherTrack, casefile.ExclNeedsTraining, casefile.ExclHealthInsuranceAppeal}
}

// contract is a row; nothing is known of its regime where the combination says so.
func (s *scene) contract(key string, start, end casefile.Date) *casefile.Employment {
	regime := map[string]casefile.Regime{"full": casefile.FullTime, "part": casefile.PartTime}[s.at(fRegime)]
	return &casefile.Employment{Header: header(key, s.at(fContract) == "gone"), ContractNumber: key, Employment: casefile.Art60Job,
		Start: start, End: end, Regime: regime, RegimeFrom: start}
}

// otherRegime is a second row of the same contract.
func (s *scene) otherRegime(of *casefile.Employment, from casefile.Date) *casefile.Employment {
	row := *of
	row.RecordKey, row.RegimeFrom, row.Regime = of.RecordKey+"b", from, casefile.PartTime
	if of.Regime == casefile.PartTime {
		row.Regime = casefile.FullTime
	}
	return &row
}

func (s *scene) contracts() {
	const start casefile.Date = "2025-03-03"
	running := s.contract("C1", start, "")
	switch s.at(fContract) {
	case "none":
	case "planned":
		s.records = append(s.records, s.contract("C1", "2026-07-01", ""))
	case "ended":
		s.records = append(s.records, s.contract("C1", start, "2026-05-31"))
	case "noWEO":
		s.records = append(s.records, s.contract("C1", "2025-01-20", ""))
	case "overlapping":
		s.records = append(s.records, running, s.contract("C2", "2025-06-02", ""))
	case "two":
		s.records = append(s.records, s.contract("C1", start, "2025-12-31"), s.contract("C2", "2026-01-05", ""))
	case "regimeChange":
		s.records = append(s.records, running, s.otherRegime(running, "2026-01-05"))
	case "regimeToCome":
		s.records = append(s.records, running, s.otherRegime(running, "2026-09-01"))
	case "contradiction":
		running.End = "2025-03-01"
		s.records = append(s.records, running)
	default:
		s.records = append(s.records, running)
	}
}

func (s *scene) job() {
	job := &casefile.Employment{Header: header("J1", s.at(fJob) == "gone"), ContractNumber: "J1", Employment: casefile.RegularJob,
		Start: "2026-06-08", Regime: casefile.FullTime, RegimeFrom: "2026-06-08"}
	switch s.at(fJob) {
	case "none":
		return
	case "part":
		job.Regime = casefile.PartTime
	case "during":
		job.Start, job.RegimeFrom = "2025-09-01", "2025-09-01"
	case "ended":
		job.End = "2026-06-12"
	case "later":
		job.Start, job.RegimeFrom = "2026-07-01", "2026-07-01"
	}
	s.records = append(s.records, job)
}

func (s *scene) handover() {
	h := s.glowRequest("2026-06-01")
	h.RecordKey = "H1"
	switch s.at(fHandover) {
	case "none":
		return
	case "training":
		h.Handover, h.TrainingStart = casefile.HandoverWarmTraining, "2026-09-01"
	case "trainingUnknown":
		h.Handover = casefile.HandoverWarmTraining
	case "other":
		h.Handover = casefile.HandoverWarmOther
	case "GLOWunanswered":
		delete(h.Exclusions, casefile.ExclOtherTrack)
	case "GLOWexcluded":
		h.Exclusions[casefile.ExclOtherTrack] = casefile.Yes
	}
	s.records = append(s.records, h)
}

func (s *scene) rest() {
	e := &casefile.Evaluation{Header: header("V1", false), TrackNumber: "T1", Date: "2026-06-05", Evaluation: s.at(fEvaluation),
		CompetencesScored: casefile.Yes, PlanUpdated: casefile.Yes, ReportUploaded: casefile.Yes}
	switch s.at(fEvaluation) {
	case "none":
	case "nobody's":
		e.TrackNumber, e.Evaluation = "T9", "interim"
		s.records = append(s.records, e)
	default:
		s.records = append(s.records, e)
	}
	s.placement()
	s.training()
}

func (s *scene) placement() {
	p := &casefile.Placement{Header: header("P1", false), TrackNumber: "T1", Placement: casefile.PlacementWES, Start: "2026-06-02", End: "2026-06-12", InternshipPlan: casefile.Yes}
	switch s.at(fPlacement) {
	case "none":
		return
	case "BVS":
		p.Placement, p.Start, p.End = casefile.PlacementBVS, "2025-02-10", "2025-02-21"
	case "WESearly":
		p.Start, p.End = "2025-02-10", "2025-02-21"
	case "community":
		p.CommunityService, p.Host, p.HoursPerMonth = casefile.Yes, casefile.HostSchool, "40"
	}
	s.records = append(s.records, p)
}

func (s *scene) training() {
	tr := &casefile.Training{Header: header("O1", false), Title: "opleiding", Start: "2025-05-05", End: "2025-06-30",
		Recognised: casefile.Yes, Regime: casefile.FullTime, ServesJobTarget: casefile.Yes}
	switch s.at(fTraining) {
	case "none":
		return
	case "long":
		tr.End = "2026-05-29"
	case "partTime":
		tr.Regime, tr.End = casefile.PartTime, "2026-12-18"
	case "unrecognised":
		tr.Recognised = casefile.No
	case "inGLOW":
		tr.Start, tr.End = "2026-06-08", "2026-12-18"
	}
	s.records = append(s.records, tr)
}

// known is what MLP holds before we wrote anything.
func (s *scene) known(c casefile.Case) casefile.Known {
	k := casefile.Known{LookedUp: true, Aliases: map[string]string{}, Written: map[string]casefile.Body{}, INSZCanceled: s.at(fPerson) == "canceled"}
	level := s.at(fHeld)
	switch level {
	case "noDossier":
		return k
	case "elsewhere":
		k.OutsideArea = true
		return k
	}
	k.Dossier = &casefile.Dossier{ID: "d1", Version: 1, Owner: casefile.Owner{Kind: casefile.PartyOCMW}, INSZCanceled: k.INSZCanceled}
	if s.at(fOwner) == "partner" {
		k.Dossier.Owner = casefile.Owner{Kind: casefile.PartyPartner, Name: "Partner X", Program: "TIBB", Since: "2025-01-01"}
	}
	code, rest, ok := strings.Cut(level, "@")
	from, by, _ := strings.Cut(rest, "/")
	if ok {
		hold(k.Dossier, "mlp-1", casefile.Code(code), casefile.Date(from), casefile.Party(by), casefile.Date(from).Time().Add(9*time.Hour))
	}
	if s.at(fHandover) == "GLOWsent" {
		h := c.Handovers[len(c.Handovers)-1]
		k.Dossier.Registrations = append(k.Dossier.Registrations, casefile.Registration{ID: "mlp-h", From: h.ChoiceDate,
			Body: casefile.Handover{Handover: h.Handover, ChoiceDate: h.ChoiceDate, Status: "received"}})
	}
	return k
}

func hold(d *casefile.Dossier, id string, code casefile.Code, from casefile.Date, by casefile.Party, at time.Time) {
	d.Registrations = append(d.Registrations, casefile.Registration{ID: id, From: from, RegisteredAt: at,
		Body: casefile.Category{Code: code, From: from, SetBy: by}})
}

// since is what MLP holds on a second look: what the first decision, three weeks ago,
// asked for, and what somebody did after that.
func (s *scene) since(rules *mapping.Rules, c casefile.Case, k casefile.Known) casefile.Known {
	level := s.at(fSince)
	if level == "none" {
		return k
	}
	k = written(k, rules.Decide(c, k, gapDay.AddDays(-21)))
	if k.Dossier == nil {
		return k
	}
	if level == "jobTarget" {
		k.Dossier.Profile.JobTarget = "bakker"
		return k
	}
	by := casefile.PartyOther
	if level == "78" {
		by = casefile.PartyVDAB
	}
	hold(k.Dossier, "mlp-since", casefile.Code(level), gapDay.AddDays(-20), by, gapDay.AddDays(-20).Time().Add(20*time.Hour))
	return k
}

// written is what is known after MLP took all that the decision asks for.
func written(k casefile.Known, d casefile.Decision) casefile.Known {
	diff := plan.Diff(k, d)
	out := casefile.Apply(k, diff.Changes)
	out.Aliases = maps.Clone(k.Aliases)
	maps.Copy(out.Aliases, diff.Adopted)
	if out.Written == nil {
		out.Written = map[string]casefile.Body{}
	}
	maps.Copy(out.Written, diff.Agreed)
	return out
}
