package candidate_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/personal"
)

// someDataRequest draws a request about a person's data, or an answer to one.
func someDataRequest(t *rapid.T, s domain.Stamp) func(candidate.Candidate) ([]candidate.Event, error) {
	id := domaintest.Fair(t, "request", []string{"r1", "r2", "r3"})
	kind := domaintest.Fair(t, "kind", []candidate.DataKind{candidate.DataExport, candidate.DataErasure, ""})
	outcome := domaintest.Fair(t, "outcome", []candidate.DataOutcome{candidate.DataDone, candidate.DataRefused, ""})
	reason := text(domaintest.Fair(t, "reason", []personal.Plain{"", "kept by law"}))
	return domaintest.Fair(t, "request or answer", []func(candidate.Candidate) ([]candidate.Event, error){
		func(c candidate.Candidate) ([]candidate.Event, error) { return c.RequestData(id, kind, s) },
		func(c candidate.Candidate) ([]candidate.Event, error) {
			return c.AnswerDataRequest(id, outcome, reason, s)
		},
	})
}

func openRequests(c candidate.Candidate, kind candidate.DataKind) (n int) {
	for _, r := range c.DataRequests {
		if r.Kind == kind && r.Outcome == "" {
			n++
		}
	}
	return n
}

// S1-64: a person asks for a copy of their data or for erasure, once at a time,
// and is answered once.
func TestDataRequests(t *testing.T) {
	type events = []candidate.Event
	type row = domaintest.Case[candidate.Candidate, candidate.Event]
	gil := candidate.Registered{Stamp: s, LastName: text("Gil")}
	asked := candidate.DataRequested{Stamp: s, Request: "r1", Kind: candidate.DataErasure}
	done := candidate.DataRequestAnswered{Stamp: s, Request: "r1", Outcome: candidate.DataDone}
	refused := candidate.DataRequestAnswered{Stamp: s, Request: "r1", Outcome: candidate.DataRefused, Reason: text("kept by law")}
	ask := func(id string, kind candidate.DataKind) func(candidate.Candidate) ([]candidate.Event, error) {
		return func(c candidate.Candidate) ([]candidate.Event, error) { return c.RequestData(id, kind, s) }
	}
	answer := func(outcome candidate.DataOutcome, reason personal.Plain) func(candidate.Candidate) ([]candidate.Event, error) {
		return func(c candidate.Candidate) ([]candidate.Event, error) {
			return c.AnswerDataRequest("r1", outcome, text(reason), s)
		}
	}
	domaintest.Run(t, candidate.Candidate.Fold, []row{
		{Name: "ask", Given: events{gil}, When: ask("r1", candidate.DataErasure), Want: events{asked}},
		{Name: "ask twice", Given: events{gil, asked}, When: ask("r2", candidate.DataErasure)},
		{
			Name: "ask for the other", Given: events{gil, asked}, When: ask("r2", candidate.DataExport),
			Want: events{candidate.DataRequested{Stamp: s, Request: "r2", Kind: candidate.DataExport}},
		},
		{
			Name: "ask again, refused", Given: events{gil, asked, refused}, When: ask("r2", candidate.DataErasure),
			Want: events{candidate.DataRequested{Stamp: s, Request: "r2", Kind: candidate.DataErasure}},
		},
		{Name: "ask for something else", Given: events{gil}, When: ask("r1", "money"), Err: domain.ErrInvalid},
		{Name: "nobody asks", When: ask("r1", candidate.DataExport), Err: candidate.ErrUnknown},
		{Name: "ask, erased", Given: events{gil, anonymised}, When: ask("r1", candidate.DataExport), Err: candidate.ErrAnonymised},
		{Name: "done", Given: events{gil, asked}, When: answer(candidate.DataDone, ""), Want: events{done}},
		{Name: "done again", Given: events{gil, asked, done}, When: answer(candidate.DataDone, "")},
		{Name: "refused", Given: events{gil, asked}, When: answer(candidate.DataRefused, "kept by law"), Want: events{refused}},
		{Name: "refused after it was done", Given: events{gil, asked, done}, When: answer(candidate.DataRefused, "no"), Err: candidate.ErrDataRequestAnswered},
		{Name: "refused without a reason", Given: events{gil, asked}, When: answer(candidate.DataRefused, ""), Err: domain.ErrInvalid},
		{Name: "done with one", Given: events{gil, asked}, When: answer(candidate.DataDone, "why"), Err: domain.ErrInvalid},
		{Name: "another answer", Given: events{gil, asked}, When: answer("perhaps", ""), Err: domain.ErrInvalid},
		{Name: "nothing was asked", Given: events{gil}, When: answer(candidate.DataDone, ""), Err: candidate.ErrUnknownDataRequest},
		{Name: "answer, erased", Given: events{gil, asked, anonymised}, When: answer(candidate.DataDone, ""), Err: candidate.ErrAnonymised},
	}...)
}
