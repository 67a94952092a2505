package mapping_test

import (
	"maps"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/plan"
	"github.com/mlpsync/mlpsync/mapping"
)

// scene builds the client of a combination (gap_space_test.go): its records, what MLP holds, and
// what caseworkers answered.
type scene struct {
	*space
	c       combo
	records []casefile.Record
}

func (s *scene) at(f int) string { return s.factors[f].levels[s.c[f]] }

func header(key string, missing bool) casefile.Header {
	return casefile.Header{Client: "K1", RecordKey: key, Missing: missing, Prov: casefile.Provenance{File: key + ".csv", Row: 2}}
}

// build is the client of the combination and what MLP holds of it.
func (sp *space) build(rules *mapping.Rules, c combo) (casefile.Case, casefile.Known) {
	s := &scene{space: sp, c: c}
	s.records = append(s.records, s.client())
	s.tracks()
	s.contracts()
	s.job()
	s.handover()
	s.evaluation()
	s.papers()
	s.placement()
	s.training()
	on := casefile.OCMW{KBO: "0999999922", NIS: "99991", DefaultCaseworker: "mw-000"}
	if s.at(fPerson) == "moved" {
		on.Area = []ident.NIS{"99992"}
	}
	kase := casefile.Assemble(on, s.records)
	kase.SharedINSZ = s.at(fGone) == "shared"
	kase.Files = map[string]casefile.FileState{"verslag.pdf": {SHA256: strings.Repeat("ab", 32), Size: 1024}, "weg.pdf": {Problem: casefile.FileMissing}}
	k := s.since(rules, kase, s.known(kase))
	return s.answered(rules, kase, k), k
}

// answered lets a caseworker answer with "mlpsync decide" what is asked, and what is asked then.
func (s *scene) answered(rules *mapping.Rules, c casefile.Case, k casefile.Known) casefile.Case {
	level := s.at(fAnswer)
	if level != "accept" && level != "adopt" && level != "proposed" {
		return c
	}
	for range 5 {
		before := len(c.Answers)
		d := rules.Decide(c, k, gapDay)
		for _, m := range d.Manual {
			switch {
			case level == "proposed" && m.Proposal != "" && before == 0:
				c.Answers = append(c.Answers, casefile.Answer{Rule: m.Rule, Category: m.Proposal, Facts: d.Facts, On: gapDay, Reason: "omdat"})
			case level != "proposed" && m.Accept != "":
				c.Answers = append(c.Answers, casefile.Answer{Rule: m.Rule, Question: m.Question, On: gapDay, Reason: "omdat"})
			}
		}
		for _, f := range d.Findings {
			if level != "proposed" && f.Accept != "" {
				c.Answers = append(c.Answers, casefile.Answer{Rule: f.Rule, Question: f.Question, Adopt: level == "adopt", On: gapDay, Reason: "omdat"})
			}
		}
		if len(c.Answers) == before {
			break
		}
	}
	return c
}

func (s *scene) client() *casefile.Client {
	cl := &casefile.Client{Header: header("K1", s.at(fGone) == "client"), INSZ: s.own, LastName: "Testpersoon", FirstName: "An", BirthDate: "1967-12-24",
		City: "Voorbeeldgem", NIS: "99991", Caseworker: "mw-001", ContactLanguage: "nl", Readiness: casefile.Ready, ReadySince: "2025-01-06"}
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
	if s.at(fBenefit) == "full" { // for how long a part-time one is drawn is not known
		cl.BenefitSince = "2023-01-02"
	}
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
	twe := &casefile.Track{Header: header("T1", s.at(fGone) == "track"), TrackNumber: "T1", Track: casefile.TrackTWE, ChoiceDate: "2025-01-20",
		EntryNeed: "generic", RegularEconomyWithinTwoYears: casefile.Yes, JobTarget: "kok", DevelopmentPlanOn: "2025-02-03", WEOStart: "2025-02-03", Counsellor: "tb-1"}
	glow := &casefile.Track{Header: header("G1", s.at(fGone) == "track"), TrackNumber: "G1", Track: casefile.TrackGLOW, ChoiceDate: "2026-06-01"}
	twe.SocialEconomyHighestOn = map[string]casefile.Date{"before": "2025-01-27", "during": "2026-01-05", "requested": "2026-01-05"}[s.at(fSocial)]
	if s.at(fSocial) == "requested" {
		twe.IndicationRequestedOn = "2026-01-19"
	}
	if s.at(fPapers) == "final" {
		twe.FinalAdvice, twe.FinalAdviceOn = "advies", "2026-06-08"
	}
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

func (s *scene) evaluation() {
	e := &casefile.Evaluation{Header: header("V1", false), TrackNumber: "T1", Date: "2026-06-05", Evaluation: s.at(fEvaluation),
		CompetencesScored: casefile.Yes, PlanUpdated: casefile.Yes, ReportUploaded: casefile.Yes}
	switch s.at(fEvaluation) {
	case "none":
		return
	case "nobody's":
		e.TrackNumber, e.Evaluation = "T9", "interim"
	}
	s.records = append(s.records, e)
}

func (s *scene) papers() {
	report := &casefile.DocumentRecord{Header: header("D1", false), TrackNumber: "T1", Document: casefile.DocInterimReport, Date: "2026-06-05", File: "verslag.pdf"}
	switch s.at(fPapers) {
	case "none":
		return
	case "final":
		report.Document = casefile.DocFinalReport
	case "missing":
		report.File = "weg.pdf"
	}
	s.records = append(s.records, report, &casefile.CompetenceRecord{Header: header("S1", false), Competence: "samenwerken", Level: casefile.LevelAcquired, AssessedOn: "2026-06-12"})
}

func (s *scene) placement() {
	p := &casefile.Placement{Header: header("P1", false), TrackNumber: "T1", Placement: casefile.PlacementWES, Start: "2026-06-02", End: "2026-06-12", InternshipPlan: casefile.Yes}
	level := s.at(fPlacement)
	switch {
	case level == "none":
		return
	case level == "BVSlate":
		p.Placement, p.Start, p.End = casefile.PlacementBVS, "2025-02-10", "2025-02-21"
	case strings.HasPrefix(level, "BVS"):
		s.earlierBVS(p, level)
	case level == "WESearly":
		p.Start, p.End = "2025-02-10", "2025-02-21"
	case level == "nobody's":
		p.TrackNumber = "T9"
	case strings.HasPrefix(level, "community"):
		p.CommunityService, p.HoursPerMonth = casefile.Yes, "40"
		p.Host = map[string]casefile.HostKind{"community": casefile.HostSchool, "communityCompany": casefile.HostCompany}[level]
	}
	s.records = append(s.records, p)
}

// earlierBVS puts the placement in a TWE of before 2023, while there were such placements.
func (s *scene) earlierBVS(p *casefile.Placement, level string) {
	s.records = append(s.records, &casefile.Track{Header: header("T0", false), TrackNumber: "T0", Track: casefile.TrackTWE, ChoiceDate: "2021-10-25", EntryNeed: "generic",
		RegularEconomyWithinTwoYears: casefile.Yes, JobTarget: "kok", DevelopmentPlanOn: "2021-11-08", WEOStart: "2021-11-08", WEOEnd: "2022-12-16", WEOEndReason: casefile.EndOther, Counsellor: "tb-1"})
	p.TrackNumber, p.Placement, p.Start, p.End = "T0", casefile.PlacementBVS, "2021-11-15", "2021-11-26"
	p.InternshipPlan = map[string]casefile.Tri{"BVS": casefile.Yes, "BVSnoPlan": casefile.No}[level]
}

func (s *scene) training() {
	tr := &casefile.Training{Header: header("O1", false), Title: "opleiding", Start: "2025-05-05", End: "2025-06-30",
		Recognised: casefile.Yes, Regime: casefile.FullTime, ServesJobTarget: casefile.Yes}
	level := s.at(fTraining)
	switch level {
	case "none":
		return
	case "twice":
		second := *tr
		second.Header, second.Start, second.End = header("O2", false), "2025-09-01", "2025-10-31"
		s.records = append(s.records, &second)
	case "long":
		tr.End = "2026-05-29"
	case "longKnown": // while the contract runs
		tr.NeedKnownOn, tr.Start, tr.End = "2026-03-02", "2026-06-08", "2027-03-31"
	case "situation1":
		tr.Regime, tr.Start, tr.FullTimeFrom, tr.End = casefile.PartTime, "2025-09-01", "2026-06-08", "2027-06-30"
	case "guided", "unguided", "guidedUnknown":
		tr.Regime, tr.Start, tr.End = casefile.PartTime, "2026-01-05", "2026-12-18"
		tr.GuidedHalfTime = map[string]casefile.Tri{"guided": casefile.Yes, "unguided": casefile.No}[level]
	case "unrecognised":
		tr.Recognised = casefile.No
	case "unknown":
		tr.Recognised = casefile.Unknown
	case "otherTarget":
		tr.ServesJobTarget = casefile.No
	default: // so many months, from inside GLOW
		tr.Start, tr.End = "2026-06-08", map[string]casefile.Date{"GLOW2": "2026-08-07", "GLOW5": "2026-11-06", "GLOW9": "2027-03-31"}[level]
	}
	s.records = append(s.records, tr)
}

// known is what MLP holds before we wrote anything.
func (s *scene) known(c casefile.Case) casefile.Known {
	k := casefile.Known{LookedUp: true, Aliases: map[string]string{}, Written: map[string]casefile.Body{}}
	k.INSZCanceled = s.at(fPerson) == "canceled"
	level := s.at(fHeld)
	switch level {
	case "noDossier":
		return k
	case "elsewhere":
		k.OutsideArea = true
		return k
	}
	k.Dossier = &casefile.Dossier{ID: "d1", Version: 1, Owner: casefile.Owner{Kind: casefile.PartyOCMW}, INSZCanceled: k.INSZCanceled}
	s.holder(&k)
	if s.at(fOwner) == "glow" {
		k.Dossier.Owner = casefile.Owner{Kind: casefile.PartyPartner, Name: "Partner Y", Program: "GLOW"}
	}
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

// holder is the person of the dossier, as MLP has it.
func (s *scene) holder(k *casefile.Known) {
	d := k.Dossier
	d.Person = casefile.Person{INSZ: s.own}
	switch s.at(fPerson) {
	case "replaced":
		d.Person.INSZ, d.INSZHistory = s.other, []ident.INSZ{s.own}
	case "otherNumber":
		d.Person.INSZ = s.other
	case "otherNames":
		d.Person.LastName, d.Person.FirstName, d.Person.BirthDate = "Anders", "Bert", "1983-06-06"
	case "edited": // by a colleague, after we wrote it
		written := d.Person
		written.City, d.Person.City = "Voorbeeldgem", "Elders"
		k.Written[string(casefile.RegPerson)] = written
	}
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
