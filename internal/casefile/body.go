package casefile

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"time"
)

// A desired body asks for what it names: a field that is empty asks for nothing,
// and nothing is ever taken away from what MLP holds. Some fields are never
// asked for. A Person's INSZ finds the dossier, and MLP may hold a newer number
// of the same person. Category.SetBy and a Handover's status are MLP's to say. A
// Handover's CurrentCategory and TWE dates are facts of the moment it was made. A
// Document's File is a place in the house.
//
// Lists. A contract's regimes are periods by their From: each desired one must be
// held with the same regime (and hours, where given); others that MLP holds stay.
// Of two desired ones of one day the last counts. A handover's grounds and
// answers are each one answer as a whole: equal in any order, or replaced.

// Satisfies tells whether everything that desired asks for is in held. No
// desired body asks for nothing; bodies of two kinds never satisfy each other.
func Satisfies(held, desired Body) bool {
	if desired == nil {
		return true
	}
	if held == nil || held.Kind() != desired.Kind() {
		return false
	}
	switch d := desired.(type) {
	case Person:
		return Delta(held, d) == Person{}
	case Profile:
		return Delta(held, d) == Profile{}
	case Category:
		return satisfiesCategory(held.(Category), d)
	case WEO:
		return satisfiesWEO(held.(WEO), d)
	case Art60:
		return satisfiesArt60(held.(Art60), d)
	case EvaluationDone:
		return satisfiesEvaluation(held.(EvaluationDone), d)
	case Handover:
		return satisfiesHandover(held.(Handover), d)
	case WorkPlacement:
		return Merge(held, d) == held
	case Document:
		return withoutFile(Merge(held, d)) == withoutFile(held)
	case Competence:
		return Merge(held, d) == held
	case Note:
		return Merge(held, d) == held
	}
	return false
}

func withoutFile(b Body) Document {
	d := b.(Document)
	d.File = ""
	return d
}

// Merge is held with what desired asks for put over it: what a PUT sends, so
// that it changes nothing else of a registration. Without a held body of the
// same kind it is desired as it stands.
func Merge(held, desired Body) Body {
	if desired == nil {
		return held
	}
	if held == nil || held.Kind() != desired.Kind() {
		return desired
	}
	switch d := desired.(type) {
	case Person:
		return mergePerson(held.(Person), d)
	case Profile:
		return mergeProfile(held.(Profile), d)
	case Category:
		return mergeCategory(held.(Category), d)
	case WEO:
		return mergeWEO(held.(WEO), d)
	case Art60:
		return mergeArt60(held.(Art60), d)
	case EvaluationDone:
		return mergeEvaluation(held.(EvaluationDone), d)
	case Handover:
		return mergeHandover(held.(Handover), d)
	case WorkPlacement:
		return mergePlacement(held.(WorkPlacement), d)
	case Document:
		return mergeDocument(held.(Document), d)
	case Competence:
		h := held.(Competence)
		return Competence{over(h.Competence, d.Competence), over(h.Level, d.Level), over(h.AssessedOn, d.AssessedOn)}
	case Note:
		h := held.(Note)
		return Note{over(h.Note, d.Note), over(h.Date, d.Date), over(h.Text, d.Text), over(h.WEOID, d.WEOID)}
	}
	return desired
}

func mergePlacement(h, d WorkPlacement) WorkPlacement {
	return WorkPlacement{
		Placement:        over(h.Placement, d.Placement),
		Start:            over(h.Start, d.Start),
		End:              over(h.End, d.End),
		EmployerKBO:      over(h.EmployerKBO, d.EmployerKBO),
		InternshipPlan:   over(h.InternshipPlan, d.InternshipPlan),
		HoursPerMonth:    over(h.HoursPerMonth, d.HoursPerMonth),
		CommunityService: over(h.CommunityService, d.CommunityService),
		WEOID:            over(h.WEOID, d.WEOID),
	}
}

func mergeDocument(h, d Document) Document {
	return Document{
		Document: over(h.Document, d.Document),
		Date:     over(h.Date, d.Date),
		SHA256:   over(h.SHA256, d.SHA256),
		Size:     over(h.Size, d.Size),
		WEOID:    over(h.WEOID, d.WEOID),
		File:     over(h.File, d.File),
	}
}

// Delta is what a merge-patch sends: of desired only the fields that held lacks
// or has otherwise. It is for the dossier's own data, Person and Profile; a body
// of another kind is returned as it stands, as a registration travels whole.
func Delta(held, desired Body) Body {
	switch d := desired.(type) {
	case Person:
		h, _ := held.(Person)
		return personDelta(h, d)
	case Profile:
		h, _ := held.(Profile)
		d = besideOthers(h, d)
		return Profile{
			JobTarget:         lacking(h.JobTarget, d.JobTarget),
			EntryNeed:         lacking(h.EntryNeed, d.EntryNeed),
			DevelopmentPlanOn: lacking(h.DevelopmentPlanOn, d.DevelopmentPlanOn),
		}
	}
	return desired
}

func personDelta(h, d Person) Person {
	return Person{
		LastName:        lacking(h.LastName, d.LastName),
		FirstName:       lacking(h.FirstName, d.FirstName),
		BirthDate:       lacking(h.BirthDate, d.BirthDate),
		Street:          lacking(h.Street, d.Street),
		PostalCode:      lacking(h.PostalCode, d.PostalCode),
		City:            lacking(h.City, d.City),
		NIS:             lacking(h.NIS, d.NIS),
		ContactLanguage: lacking(h.ContactLanguage, d.ContactLanguage),
	}
}

// asks tells whether desired asks for something that held is not.
func asks[T comparable](held, desired T) bool {
	var nothing T
	return desired != nothing && desired != held
}

// lacking is desired where it asks for something that held is not, else nothing.
func lacking[T comparable](held, desired T) T {
	if asks(held, desired) {
		return desired
	}
	var nothing T
	return nothing
}

// over is desired, or held where desired asks for nothing.
func over[T comparable](held, desired T) T { return cmp.Or(desired, held) }

func satisfiesCategory(h, d Category) bool {
	return !asks(h.Code, d.Code) && !asks(h.From, d.From) && !asks(h.EmploymentID, d.EmploymentID)
}

func satisfiesWEO(h, d WEO) bool {
	return !asks(h.Start, d.Start) && !asks(h.End, d.End) && !asks(h.EndReason, d.EndReason) &&
		!asks(h.Counsellor, d.Counsellor)
}

func satisfiesArt60(h, d Art60) bool {
	return !asks(h.Start, d.Start) && !asks(h.End, d.End) && !asks(h.EmployerKBO, d.EmployerKBO) &&
		!asks(h.SocialEconomy, d.SocialEconomy) && !asks(h.WEOID, d.WEOID) &&
		satisfiesRegimes(h.Regimes, d.Regimes)
}

func satisfiesRegimes(held, desired []RegimePeriod) bool {
	h := Periods(held)
	for _, d := range Periods(desired) {
		i, found := slices.BinarySearchFunc(h, d.From, periodFrom)
		if !found || asks(h[i].Regime, d.Regime) || asks(h[i].HoursPerWeek, d.HoursPerWeek) {
			return false
		}
	}
	return true
}

func satisfiesEvaluation(h, d EvaluationDone) bool {
	return !asks(h.Date, d.Date) && !asks(h.Evaluation, d.Evaluation) &&
		!asks(h.CompetencesScored, d.CompetencesScored) && !asks(h.PlanUpdated, d.PlanUpdated) &&
		!asks(h.ReportUploaded, d.ReportUploaded) && !asks(h.WEOID, d.WEOID)
}

func satisfiesHandover(h, d Handover) bool {
	return !asks(h.Handover, d.Handover) && !asks(h.ChoiceDate, d.ChoiceDate) &&
		!asks(h.Motivation, d.Motivation) && !asks(h.JobTarget, d.JobTarget) &&
		!asks(h.ContactLanguage, d.ContactLanguage) && !asks(h.InformedOn, d.InformedOn) &&
		!asks(h.Note, d.Note) && !asks(h.TrainingStart, d.TrainingStart) &&
		!asks(h.OCMWKBO, d.OCMWKBO) && !asks(h.OCMWNIS, d.OCMWNIS) &&
		(len(d.Grounds) == 0 || slices.Equal(sorted(h.Grounds, cmp.Compare), sorted(d.Grounds, cmp.Compare))) &&
		(len(d.Exclusions) == 0 || slices.Equal(sorted(h.Exclusions, byQuestion), sorted(d.Exclusions, byQuestion)))
}

func mergePerson(h, d Person) Person {
	insz := h.INSZ
	if insz.IsZero() {
		insz = d.INSZ
	}
	return Person{
		INSZ:            insz,
		LastName:        over(h.LastName, d.LastName),
		FirstName:       over(h.FirstName, d.FirstName),
		BirthDate:       over(h.BirthDate, d.BirthDate),
		Street:          over(h.Street, d.Street),
		PostalCode:      over(h.PostalCode, d.PostalCode),
		City:            over(h.City, d.City),
		NIS:             over(h.NIS, d.NIS),
		ContactLanguage: over(h.ContactLanguage, d.ContactLanguage),
	}
}

// besideOthers is desired without what others wrote of it already: a reason or a plan of
// theirs fulfils TWE-08 and is not written over.
func besideOthers(held, desired Profile) Profile {
	if held.entryOfOthers() {
		desired.EntryNeed = ""
	}
	if held.PlanOfOthers {
		desired.DevelopmentPlanOn = ""
	}
	return desired
}

func mergeProfile(h, d Profile) Profile {
	d = besideOthers(h, d)
	return Profile{
		PlanOfOthers:      h.PlanOfOthers,
		JobTarget:         over(h.JobTarget, d.JobTarget),
		EntryNeed:         over(h.EntryNeed, d.EntryNeed),
		DevelopmentPlanOn: over(h.DevelopmentPlanOn, d.DevelopmentPlanOn),
	}
}

func mergeCategory(h, d Category) Category {
	return Category{
		Code:         over(h.Code, d.Code),
		From:         over(h.From, d.From),
		SetBy:        h.SetBy,
		EmploymentID: over(h.EmploymentID, d.EmploymentID),
	}
}

func mergeWEO(h, d WEO) WEO {
	return WEO{
		Start:      over(h.Start, d.Start),
		End:        over(h.End, d.End),
		EndReason:  over(h.EndReason, d.EndReason),
		Counsellor: over(h.Counsellor, d.Counsellor),
	}
}

func mergeArt60(h, d Art60) Art60 {
	return Art60{
		Start:         over(h.Start, d.Start),
		End:           over(h.End, d.End),
		Regimes:       mergeRegimes(h.Regimes, d.Regimes),
		EmployerKBO:   over(h.EmployerKBO, d.EmployerKBO),
		SocialEconomy: over(h.SocialEconomy, d.SocialEconomy),
		WEOID:         over(h.WEOID, d.WEOID),
	}
}

func mergeRegimes(held, desired []RegimePeriod) []RegimePeriod {
	merged := Periods(held)
	for _, d := range Periods(desired) {
		i, found := slices.BinarySearchFunc(merged, d.From, periodFrom)
		switch {
		case !found:
			merged = slices.Insert(merged, i, d)
		case asks(merged[i].Regime, d.Regime):
			// The hours belonged to the other regime.
			merged[i] = d
		default:
			merged[i].HoursPerWeek = over(merged[i].HoursPerWeek, d.HoursPerWeek)
		}
	}
	return merged
}

// Periods are the regimes in order of date, one a day: the last given.
func Periods(regimes []RegimePeriod) []RegimePeriod {
	var out []RegimePeriod
	for _, p := range regimes {
		i, found := slices.BinarySearchFunc(out, p.From, periodFrom)
		if found {
			out[i] = p
		} else {
			out = slices.Insert(out, i, p)
		}
	}
	return out
}

func periodFrom(p RegimePeriod, from Date) int { return cmp.Compare(p.From, from) }

func mergeEvaluation(h, d EvaluationDone) EvaluationDone {
	return EvaluationDone{
		Date:              over(h.Date, d.Date),
		Evaluation:        over(h.Evaluation, d.Evaluation),
		CompetencesScored: over(h.CompetencesScored, d.CompetencesScored),
		PlanUpdated:       over(h.PlanUpdated, d.PlanUpdated),
		ReportUploaded:    over(h.ReportUploaded, d.ReportUploaded),
		WEOID:             over(h.WEOID, d.WEOID),
	}
}

func mergeHandover(h, d Handover) Handover {
	m := h // the facts of the moment it was made, and its status, stay
	m.Handover = over(h.Handover, d.Handover)
	m.ChoiceDate = over(h.ChoiceDate, d.ChoiceDate)
	m.Motivation = over(h.Motivation, d.Motivation)
	m.JobTarget = over(h.JobTarget, d.JobTarget)
	m.ContactLanguage = over(h.ContactLanguage, d.ContactLanguage)
	m.InformedOn = over(h.InformedOn, d.InformedOn)
	m.Note = over(h.Note, d.Note)
	m.TrainingStart = over(h.TrainingStart, d.TrainingStart)
	m.OCMWKBO = over(h.OCMWKBO, d.OCMWKBO)
	m.OCMWNIS = over(h.OCMWNIS, d.OCMWNIS)
	m.Grounds, m.Exclusions = slices.Clone(h.Grounds), slices.Clone(h.Exclusions)
	if len(d.Grounds) > 0 {
		m.Grounds = slices.Clone(d.Grounds)
	}
	if len(d.Exclusions) > 0 {
		m.Exclusions = slices.Clone(d.Exclusions)
	}
	return m
}

func sorted[T any](list []T, compare func(a, b T) int) []T {
	return slices.SortedFunc(slices.Values(list), compare)
}

func byQuestion(a, b ExclusionAnswer) int {
	return cmp.Or(cmp.Compare(a.Question, b.Question), cmp.Compare(a.Answer, b.Answer))
}

// Apply is what MLP is expected to hold after the changes, sent in their order.
// k is left as it was. The version grows by one a change. A registration that is
// new counts as registered a second after the last one held, so that of two
// categories of one day it is the one that holds; one that is changed keeps its
// moment. A dossier that Apply creates has no id yet, as MLP gives it. Changes to
// a dossier that isn't there do nothing.
func Apply(k Known, changes []Change) Known {
	k.Dossier, k.Written = k.Dossier.Clone(), maps.Clone(k.Written)
	for _, c := range changes {
		k.Dossier = applied(k.Dossier, c)
		if k.Dossier != nil {
			k.Written = Wrote(k.Written, c)
		}
	}
	return k
}

// Wrote is written with a change that MLP took: what MLP then holds of it through us. It may write in the map
// that it is given.
func Wrote(written map[string]Body, c Change) map[string]Body {
	id := c.ID
	switch {
	case c.New == nil:
		return written
	case c.Kind == RegPerson || c.Kind == RegProfile:
		id = string(c.Kind)
	}
	if written == nil {
		written = map[string]Body{}
	}
	written[id] = Merge(written[id], ours(written[id], c))
	return written
}

// ours is what a change itself says. A PUT carries the whole registration, and with it what gave way to a person: that stood so before, and
// is not what was written. Taken for ours, the next decision would put the export's over it.
func ours(written Body, c Change) Body {
	if c.Op != OpPut || !ofHeld(c) || written == nil || written.Kind() != c.New.Kind() {
		return c.New
	}
	w, n := reflect.ValueOf(written), reflect.ValueOf(c.New)
	return byField(c.New, func(i int) reflect.Value {
		if !w.Field(i).IsZero() && !equalField(w.Field(i), n.Field(i)) && Satisfies(c.Old, only(c.New, i)) {
			return w.Field(i)
		}
		return n.Field(i)
	})
}

// Presumed is what counts as written of a registration under our own id where that is not known any more: what is asked for now, as far as MLP
// holds anything there. What it holds nothing of is new.
func Presumed(held, desired Body) Body {
	if held == nil || desired == nil || held.Kind() != desired.Kind() {
		return nil
	}
	h, d := reflect.ValueOf(held), reflect.ValueOf(desired)
	return byField(desired, func(i int) reflect.Value {
		if h.Field(i).IsZero() {
			return h.Field(i)
		}
		return d.Field(i)
	})
}

// Yield gives way to people: where somebody changed in MLP what we wrote, and the facts ask
// for nothing else than we wrote then, the field stays as it is held. It names those fields
// as Go does; none means that nothing gives way.
func Yield(held, written, desired Body) (Body, []string) {
	if held == nil || written == nil || desired == nil || held.Kind() != desired.Kind() || written.Kind() != desired.Kind() {
		return desired, nil
	}
	h, w := reflect.ValueOf(held), reflect.ValueOf(written)
	d := reflect.New(reflect.TypeOf(desired)).Elem()
	d.Set(reflect.ValueOf(desired))
	var fields []string
	for i := range d.NumField() {
		if !equalField(w.Field(i), d.Field(i)) || equalField(h.Field(i), w.Field(i)) || Satisfies(held, only(desired, i)) {
			continue
		}
		d.Field(i).Set(h.Field(i))
		fields = append(fields, d.Type().Field(i).Name)
	}
	if len(fields) == 0 {
		return desired, nil
	}
	return d.Interface().(Body), fields
}

// Alike tells whether two changes of what MLP holds alter the same of it in the same way, whatever a PUT carries along beside that.
func Alike(a, b Change) bool {
	if a.Op != b.Op || a.Kind != b.Kind || a.ID != b.ID || !ofHeld(a) || !ofHeld(b) {
		return false
	}
	return reflect.DeepEqual(altered(a), altered(b))
}

// ofHeld tells of a change that it is one of what MLP holds.
func ofHeld(c Change) bool { return c.Old != nil && c.New != nil && c.Old.Kind() == c.New.Kind() }

// altered is the new body without the fields that were so before.
func altered(c Change) Body {
	o, n := reflect.ValueOf(c.Old), reflect.ValueOf(c.New)
	return byField(c.New, func(i int) reflect.Value {
		if equalField(o.Field(i), n.Field(i)) {
			return reflect.Zero(n.Field(i).Type())
		}
		return n.Field(i)
	})
}

// Agreed is the part of desired that held has as it is asked for: what two parties agree on. What others wrote of a profile stands in the
// place of ours, and says nothing of it. Nil where nothing is agreed on.
func Agreed(held, desired Body) Body {
	if held == nil || desired == nil || held.Kind() != desired.Kind() {
		return nil
	}
	if profile, is := desired.(Profile); is {
		desired = besideOthers(held.(Profile), profile)
	}
	d := reflect.ValueOf(desired)
	agreed := byField(desired, func(i int) reflect.Value {
		if Satisfies(held, only(desired, i)) {
			return d.Field(i)
		}
		return reflect.Zero(d.Field(i).Type())
	})
	if reflect.ValueOf(agreed).IsZero() {
		return nil
	}
	return agreed
}

// byField is a body of b's kind with the fields that value gives.
func byField(b Body, value func(field int) reflect.Value) Body {
	out := reflect.New(reflect.TypeOf(b)).Elem()
	for i := range out.NumField() {
		out.Field(i).Set(value(i))
	}
	return out.Interface().(Body)
}

// only is a body that asks for one field of b.
func only(b Body, field int) Body {
	one := reflect.New(reflect.TypeOf(b)).Elem()
	one.Field(field).Set(reflect.ValueOf(b).Field(field))
	return one.Interface().(Body)
}

func equalField(a, b reflect.Value) bool { return reflect.DeepEqual(a.Interface(), b.Interface()) }

// applied may write in d, which Apply cloned.
func applied(d *Dossier, c Change) *Dossier {
	if c.Op == OpCreate {
		person, _ := c.New.(Person)
		d = &Dossier{Owner: Owner{Kind: PartyOCMW}, Person: person}
	}
	if d == nil {
		return nil
	}
	d.Version++
	switch {
	case c.Op == OpPut:
		d.put(c)
	case c.Op == OpPatch && c.Kind == RegPerson:
		d.Person, _ = Merge(d.Person, c.New).(Person)
	case c.Op == OpPatch && c.Kind == RegProfile:
		d.Profile, _ = Merge(d.Profile, c.New).(Profile)
	}
	return d
}

func (d *Dossier) put(c Change) {
	var last time.Time
	for i, r := range d.Registrations {
		if r.ID == c.ID {
			d.Registrations[i].Body = c.New
			return
		}
		if r.RegisteredAt.After(last) {
			last = r.RegisteredAt
		}
	}
	d.Registrations = append(d.Registrations, Registration{
		ID: c.ID, Body: c.New, From: cmp.Or(StartOf(c.New), c.From), RegisteredAt: last.Add(time.Second),
	})
}
