package policy

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
)

// dossier puts in MLP what the case says that it holds at the start.
func (s *story) dossier(p *dossierScript) {
	d := &casefile.Dossier{ID: "d1", Version: 1, Owner: casefile.Owner{Kind: casefile.PartyOCMW}}
	s.k.Dossier = d
	s.setOwner(ownerScript{Kind: p.Owner, Name: p.OwnerName, Program: p.OwnerProgram, Since: p.OwnerSince}, "dossier")
	d.INSZCanceled = s.c.script.INSZCanceled
	s.fill.fill(reflect.ValueOf(&d.Person).Elem(), p.Person, "dossier.person")
	s.fill.fill(reflect.ValueOf(&d.Profile).Elem(), p.Profile, "dossier.profile")
	if p.INSZHistory && s.kase.Client != nil {
		d.INSZHistory = []ident.INSZ{s.kase.Client.INSZ}
		d.Person.INSZ = number(newerINSZ)
	}
	for i, h := range p.Categories {
		s.hold(h, fmt.Sprintf("dossier.categories[%d]", i))
	}
	s.holdAll(casefile.RegWEO, "weos", p.WEOs)
	s.holdAll(casefile.RegEmployment, "employments", p.Employments)
	s.holdAll(casefile.RegPlacement, "placements", p.Placements)
	s.holdAll(casefile.RegEvaluation, "evaluations", p.Evaluations)
	s.holdAll(casefile.RegCompetence, "competences", p.Competences)
	s.holdAll(casefile.RegDocument, "documents", p.Documents)
	s.holdAll(casefile.RegNote, "notes", p.Notes)
	s.holdAll(casefile.RegHandover, "handovers", p.Handovers)
}

func (s *story) setOwner(o ownerScript, path string) {
	s.fill.oneOf(reflect.TypeFor[casefile.Party](), o.Kind, path+".owner")
	s.k.Dossier.Owner = casefile.Owner{Kind: casefile.Party(o.Kind), Name: o.Name, Program: o.Program, Since: s.fill.date(o.Since, path+".since")}
	if o.Kind == "" {
		s.k.Dossier.Owner.Kind = casefile.PartyOCMW
	}
}

func (s *story) holdAll(kind casefile.RegistrationKind, name string, list []map[string]any) {
	for i, fields := range list {
		path := fmt.Sprintf("dossier.%s[%d]", name, i)
		s.fill.item(fields, path)
		v := reflect.New(reflect.TypeOf(emptyBody(kind))).Elem()
		s.fillBody(v, fields, path)
		s.add(fmt.Sprintf("%s-%d", kind, i), v.Interface().(casefile.Body))
	}
}

func emptyBody(kind casefile.RegistrationKind) casefile.Body {
	switch kind {
	case casefile.RegCategory:
		return casefile.Category{}
	case casefile.RegWEO:
		return casefile.WEO{}
	case casefile.RegEmployment:
		return casefile.Art60{}
	case casefile.RegPlacement:
		return casefile.WorkPlacement{}
	case casefile.RegEvaluation:
		return casefile.EvaluationDone{}
	case casefile.RegCompetence:
		return casefile.Competence{}
	case casefile.RegDocument:
		return casefile.Document{}
	case casefile.RegNote:
		return casefile.Note{}
	}
	return casefile.Handover{}
}

// fillBody fills a registration as MLP holds it. "weo: true" binds it to the first WEO
// in MLP, "choice" is short for a handover's date of choice, and a document's "file"
// stands for its bytes, of which MLP keeps no path.
func (s *story) fillBody(v reflect.Value, fields map[string]any, path string, but ...string) {
	s.fill.fill(v, fields, path, append(but, "weo", "choice", "file")...)
	weos := s.k.Dossier.OfKind(casefile.RegWEO)
	if link := v.FieldByName("WEOID"); fields["weo"] == true && link.IsValid() && len(weos) > 0 {
		link.SetString(weos[0].ID)
	}
	switch b := v.Addr().Interface().(type) {
	case *casefile.Handover:
		if choice, ok := fields["choice"]; ok {
			b.ChoiceDate = s.fill.date(fmt.Sprint(choice), path+".choice")
		}
	case *casefile.Document:
		if file, ok := fields["file"]; ok {
			state := goodFile(fmt.Sprint(file))
			b.SHA256, b.Size = state.SHA256, state.Size
		}
	}
}

func (s *story) add(id string, body casefile.Body) {
	s.k.Dossier.Registrations = append(s.k.Dossier.Registrations,
		casefile.Registration{ID: id, Body: body, From: casefile.StartOf(body), RegisteredAt: s.tick()})
}

// hold puts a category of somebody else in MLP.
func (s *story) hold(h held, path string) {
	s.fill.oneOf(reflect.TypeFor[casefile.Party](), h.SetBy, path+".setBy")
	c := casefile.Category{Code: s.fill.code(h.Code, path+".code"), From: s.fill.date(h.From, path+".from"), SetBy: casefile.Party(h.SetBy)}
	if h.Contract {
		if len(s.kase.Employments) == 0 {
			s.fill.wrong(path+".contract", "the case has no contract", "")
			return
		}
		e := s.kase.Employments[0]
		c.EmploymentID = casefile.RegistrationID(s.kase.OCMW, casefile.RegEmployment, clientNumber, e.ContractNumber, string(e.Start))
	}
	s.add(fmt.Sprintf("mlp-%d", len(s.k.Dossier.Registrations)), c)
}

// edit is a change that somebody else makes in MLP.
func (s *story) edit(fields map[string]any, path string) {
	kind := casefile.RegistrationKind(fmt.Sprint(fields["kind"]))
	d := s.k.Dossier.Clone()
	s.k.Dossier = d
	d.Version++
	switch kind {
	case casefile.RegPerson:
		s.fill.fill(reflect.ValueOf(&d.Person).Elem(), fields, path, "kind")
		return
	case casefile.RegProfile:
		s.fill.fill(reflect.ValueOf(&d.Profile).Elem(), fields, path, "kind")
		return
	}
	if !slices.Contains(casefile.RegistrationKinds(), kind) {
		s.fill.oneOfList(listed(casefile.RegistrationKinds()...), string(kind), path+".kind")
		return
	}
	start := s.fill.date(fmt.Sprint(fields["start"]), path+".start")
	for i, r := range d.Registrations {
		if r.Body.Kind() != kind || casefile.StartOf(r.Body) != start {
			continue
		}
		v := reflect.New(reflect.TypeOf(r.Body)).Elem()
		v.Set(reflect.ValueOf(r.Body))
		s.fillBody(v, fields, path, "kind", "start")
		d.Registrations[i].Body = v.Interface().(casefile.Body)
		return
	}
	s.fill.wrong(path, fmt.Sprintf("MLP holds no %s from %s at that moment", kind, start), "")
}

// vdab is VDAB's answer to a handover request.
func (s *story) vdab(a vdabAnswer, path string) {
	d := s.k.Dossier.Clone()
	s.k.Dossier = d
	d.Version++
	s.fill.oneOf(reflect.TypeFor[casefile.HandoverStatus](), a.Status, path+".status")
	s.fill.oneOf(reflect.TypeFor[casefile.HandoverReason](), a.Reason, path+".reason")
	for i, r := range slices.Backward(d.Registrations) {
		h, ok := r.Body.(casefile.Handover)
		if !ok || a.Kind != "" && a.Kind != string(h.Handover) || a.Choice != "" && a.Choice != string(h.ChoiceDate) {
			continue
		}
		h.Status, h.StatusReason, h.AssignedTo = casefile.HandoverStatus(a.Status), casefile.HandoverReason(a.Reason), a.AssignedTo
		h.StatusSince = s.fill.date(a.Since, path+".since")
		d.Registrations[i].Body = h
		return
	}
	s.fill.wrong(path, "MLP holds no such handover request at that moment", "")
}
