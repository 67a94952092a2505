package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
)

// What a case needn't say: who the client is, and of which OCMW.
const (
	clientNumber = "K1"
	ownINSZ      = "67722499797" // TST numbers
	newerINSZ    = "83660634135"
	ocmwKBO      = "0999999922"
	ocmwNIS      = "99991"
)

func (s *story) ocmw() casefile.OCMW {
	o := casefile.OCMW{KBO: ocmwKBO, NIS: ocmwNIS, DefaultCaseworker: "mw-000", HealthDataAgreed: s.c.script.HealthData}
	for _, nis := range s.c.script.Area {
		o.Area = append(o.Area, ident.NIS(nis))
	}
	return o
}

// records are the export's records of the client.
func (s *story) records() []casefile.Record {
	p := s.c.script
	out := s.listed(added{Tracks: p.Tracks, Contracts: p.Contracts, Placements: p.Placements, Trainings: p.Trainings,
		Evaluations: p.Evaluations, Handovers: p.Handovers, Competences: p.Competences, Documents: p.Documents}, "")
	if p.Client != nil {
		c := &casefile.Client{INSZ: number(ownINSZ), LastName: "Testpersoon", FirstName: "An", Caseworker: "mw-001", NIS: ocmwNIS}
		s.record(c, p.Client, "client")
		out = append(out, c)
	}
	return out
}

// number is a TST number of this package's own.
func number(digits string) ident.INSZ {
	reading, err := ident.ParseINSZ(digits)
	if err != nil {
		return ident.INSZ{}
	}
	return reading.INSZ
}

func (s *story) listed(a added, below string) []casefile.Record {
	var out []casefile.Record
	each := func(name string, list []map[string]any, one func() casefile.Record) {
		for i, fields := range list {
			r, path := one(), fmt.Sprintf("%s%s[%d]", below, name, i)
			s.fill.item(fields, path)
			s.record(r, fields, path)
			out = append(out, r)
		}
	}
	each("tracks", a.Tracks, func() casefile.Record { return &casefile.Track{Counsellor: "tb-01"} })
	each("contracts", a.Contracts, func() casefile.Record { return &casefile.Employment{} })
	each("placements", a.Placements, func() casefile.Record { return &casefile.Placement{} })
	each("trainings", a.Trainings, func() casefile.Record { return &casefile.Training{} })
	each("evaluations", a.Evaluations, func() casefile.Record { return &casefile.Evaluation{} })
	each("handovers", a.Handovers, func() casefile.Record {
		return &casefile.HandoverRecord{Exclusions: map[casefile.Exclusion]casefile.Tri{}}
	})
	each("competences", a.Competences, func() casefile.Record { return &casefile.CompetenceRecord{} })
	each("documents", a.Documents, func() casefile.Record { return &casefile.DocumentRecord{} })
	return out
}

// record fills a record from the export's field names, and gives it key and place.
func (s *story) record(r casefile.Record, fields map[string]any, path string) {
	v := reflect.ValueOf(r).Elem()
	s.fill.fill(v, fields, path)
	if e, ok := r.(*casefile.Employment); ok && e.RegimeFrom == "" {
		e.RegimeFrom = e.Start
	}
	h := v.FieldByName("Header").Addr().Interface().(*casefile.Header)
	h.Client, h.RecordKey = clientNumber, keyOf(r)
	h.Prov = casefile.Provenance{File: string(r.Kind()) + ".csv", Row: 2}
}

func keyOf(r casefile.Record) string {
	switch r := r.(type) {
	case *casefile.Track:
		return r.TrackNumber + "|" + string(r.Track)
	case *casefile.Employment:
		return r.ContractNumber + "|" + string(r.Start) + "|" + string(r.RegimeFrom)
	case *casefile.Placement:
		return string(r.Start) + "|" + r.Placement
	case *casefile.Training:
		return string(r.Start) + "|" + r.Title
	case *casefile.Evaluation:
		return string(r.Date) + "|" + r.Evaluation
	case *casefile.HandoverRecord:
		return string(r.Handover) + "|" + string(r.ChoiceDate)
	case *casefile.CompetenceRecord:
		return r.Competence + "|" + string(r.AssessedOn)
	case *casefile.DocumentRecord:
		return string(r.Document) + "|" + string(r.Date)
	}
	return ""
}

// files says of each document's path what was found there.
func (s *story) files() map[string]casefile.FileState {
	out := map[string]casefile.FileState{}
	for _, d := range s.kase.Documents {
		out[d.File] = goodFile(d.File)
	}
	for _, path := range sortedKeys(s.c.script.Files) {
		f := s.c.script.Files[path]
		s.fill.oneOf(reflect.TypeFor[casefile.FileProblem](), f.Problem, "files."+path+".problem")
		state := casefile.FileState{Problem: casefile.FileProblem(f.Problem)}
		if f.Problem == "" {
			state = goodFile(path)
			state.SHA256, state.Size = cmp.Or(f.SHA256, state.SHA256), cmp.Or(f.Size, state.Size)
		}
		out[path] = state
	}
	return out
}

// goodFile is a PDF of its own, told by its path.
func goodFile(path string) casefile.FileState {
	sum := sha256.Sum256([]byte(path))
	return casefile.FileState{SHA256: hex.EncodeToString(sum[:]), Size: 1000}
}
