package app

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// source says where in an export a property of a request comes from.
type source struct {
	record casefile.RecordKind
	field  string
}

// sources are the properties that come from one field of one record: by the kind of registration, and the
// pointer of the request's body without its indices. What rules make (a category's code, ids) and what comes
// from several fields is not there.
func sources() map[casefile.RegistrationKind]map[string]source {
	client := func(field string) source { return source{casefile.KindClient, field} }
	track := func(field string) source { return source{casefile.KindTrack, field} }
	person := map[string]source{
		"/ssin": client("insz"), "/person/lastName": client("lastName"), "/person/firstName": client("firstName"),
		"/person/birthDate": client("birthDate"), "/address/street": client("street"), "/address/postalCode": client("postalCode"),
		"/address/city": client("city"), "/address/nisCode": client("nisCode"), "/contactLanguage": client("contactLanguage"),
	}
	profile := map[string]source{
		"/jobTarget": track("jobTarget"), "/jobTarget/description": track("jobTarget"), "/entryReason": track("entryNeed"),
		"/developmentPlan": track("developmentPlanOn"), "/developmentPlan/summary": track("developmentPlanOn"),
	}
	weo := map[string]source{
		"/startDate": track("weoStart"), "/endDate": track("weoEnd"), "/endReason": track("weoEndReason"),
		"/counsellor": track("counsellor"), "/counsellor/id": track("counsellor"),
	}
	return map[casefile.RegistrationKind]map[string]source{
		casefile.RegPerson: person, casefile.RegProfile: profile, casefile.RegWEO: weo,
		casefile.RegEmployment: of(casefile.KindEmployment, map[string]string{
			"/startDate": "start", "/endDate": "end", "/employer": "employerKbo", "/employer/kboNumber": "employerKbo",
			"/socialEconomy": "socialEconomy", "/workRegimes/regime": "regime", "/workRegimes/validFrom": "regimeFrom",
			"/workRegimes/hoursPerWeek": "hoursPerWeek",
		}),
		casefile.RegPlacement: of(casefile.KindPlacement, map[string]string{
			"/startDate": "start", "/endDate": "end", "/employer": "employerKbo", "/employer/kboNumber": "employerKbo", "/kind": "kind",
			"/internshipPlan": "internshipPlan", "/hoursPerMonth": "hoursPerMonth", "/communityService": "communityService",
		}),
		casefile.RegEvaluation: of(casefile.KindEvaluation, map[string]string{
			"/date": "date", "/kind": "kind", "/competencesScored": "competencesScored", "/planUpdated": "planUpdated",
			"/reportUploaded": "reportUploaded",
		}),
		casefile.RegCompetence: of(casefile.KindCompetence, map[string]string{
			"/description": "competence", "/level": "level", "/assessedOn": "assessedOn",
		}),
		casefile.RegDocument: of(casefile.KindDocument, map[string]string{
			"/kind": "kind", "/date": "date", "/sha256": "file", "/size": "file", "/content": "file", "/mediaType": "file",
		}),
		casefile.RegHandover: of(casefile.KindHandover, map[string]string{
			"/kind": "kind", "/choiceDate": "choiceDate", "/motivation": "motivation", "/grounds": "grounds", "/jobTarget": "jobTarget",
			"/jobTarget/description": "jobTarget", "/contactLanguage": "contactLanguage", "/informedOn": "informedOn", "/note": "note",
			"/trainingStart": "trainingStart",
		}),
	}
}

func of(record casefile.RecordKind, fields map[string]string) map[string]source {
	out := map[string]source{}
	for pointer, field := range fields {
		out[pointer] = source{record, field}
	}
	return out
}

// cellsAbout are the cells that an entry's problem is about; none where MLP did not say, or it can't be told.
func cellsAbout(ctx context.Context, store ledger.Reading, e outbox.Entry, change casefile.Change) ([]casefile.Cell, error) {
	if e.Problem.Pointer == "" {
		return nil, nil
	}
	view, err := store.Find(ctx, e.OCMW, e.Pseudonym)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up client: %w", err)
	}
	return cellsOf(view.Records, change, e.Problem.Pointer), nil
}

// cellForLog is the first of them. A log line that can't be completed is written as it is.
func cellForLog(store ledger.Reading) func(context.Context, outbox.Entry) (casefile.Cell, bool) {
	return func(ctx context.Context, e outbox.Entry) (casefile.Cell, bool) {
		change, err := casefile.UnmarshalChange(e.Payload)
		if err != nil {
			return casefile.Cell{}, false
		}
		cells, err := cellsAbout(ctx, store, e, change)
		if err != nil || len(cells) == 0 {
			return casefile.Cell{}, false
		}
		return cells[0], true
	}
}

// cellsOf leads from the pointer of a problem back to the cells of the client's export that it is about. Where
// several records of the kind could be meant, those that begin with the registration are; none where that is nobody's.
func cellsOf(records []casefile.Record, change casefile.Change, pointer string) []casefile.Cell {
	index := regexp.MustCompile(`/\d+(/|$)`)
	from, known := sources()[change.Kind][index.ReplaceAllString(pointer, "$1")]
	if !known {
		return nil
	}
	var all, same []casefile.Cell
	for _, r := range records {
		if r.Kind() != from.record || r.IsMissing() {
			continue
		}
		cell := r.Origin().Cell(from.field)
		all = append(all, cell)
		if !change.From.IsZero() && slices.Contains(begins(r), change.From) {
			same = append(same, cell)
		}
	}
	if len(all) == 1 {
		return all
	}
	return same
}

// begins are the days with which what a record says can begin.
func begins(r casefile.Record) []casefile.Date {
	switch r := r.(type) {
	case *casefile.Track:
		return []casefile.Date{r.WEOStart, r.WEOEnd}
	case *casefile.Employment:
		return []casefile.Date{r.Start, r.End, r.RegimeFrom}
	case *casefile.Placement:
		return []casefile.Date{r.Start, r.End}
	case *casefile.Evaluation:
		return []casefile.Date{r.Date}
	case *casefile.CompetenceRecord:
		return []casefile.Date{r.AssessedOn}
	case *casefile.DocumentRecord:
		return []casefile.Date{r.Date}
	case *casefile.HandoverRecord:
		return []casefile.Date{r.ChoiceDate}
	}
	return nil
}
