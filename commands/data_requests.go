package commands

import (
	"context"
	"errors"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/personal"
)

// RequestOwnData asks for a copy of a candidate's data, or for its erasure.
type RequestOwnData struct {
	Kind candidate.DataKind `json:"kind" enum:"export,erasure" doc:"export: a copy of what is known of you; erasure: that it is erased"`
}

// RequestOwnData gives cmd: the candidate does, as long as they may look at an
// application of theirs. Its id is the request's, or that of the open one.
// Errors: those of candidate.RequestData; candidate.ErrUnknown.
func (c *Commands) RequestOwnData(ctx context.Context, caller Caller, cmd RequestOwnData) (Answer, error) {
	if _, err := c.ownSelf(ctx, caller); err != nil && !errors.Is(err, application.ErrClosed) {
		return Answer{}, err
	}
	id, open := caller.newID("data request"), ""
	answer, err := transact(ctx, c, c.candidates, caller.Candidate, caller, decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) {
			open = p.OpenDataRequest(cmd.Kind)
			return p.RequestData(id, cmd.Kind, s)
		},
	})
	answer.ID = id
	if answer.Unchanged && open != "" {
		answer.ID = open
	}
	return answer, err
}

// AnswerDataRequest says what became of a candidate's request.
type AnswerDataRequest struct {
	Application string                `json:"-"`
	Request     string                `json:"-"`
	Outcome     candidate.DataOutcome `json:"outcome" enum:"done,refused" doc:"done: they have the copy, or all that is to be erased is"`
	Reason      personal.Plain        `json:"reason,omitempty" maxLength:"4000" doc:"Why it is refused, and only then; the candidate reads it"`
}

// AnswerDataRequest gives cmd on the person of an application. Whoever has edit on
// the erasure area may, on any application of the person.
// Errors: those of candidate.AnswerDataRequest; application.ErrUnknown,
// application.ErrAnonymised; ErrDenied.
func (c *Commands) AnswerDataRequest(ctx context.Context, caller Caller, cmd AnswerDataRequest) (Answer, error) {
	f, err := c.applications.read(ctx, c.log, cmd.Application)
	if err != nil {
		return Answer{}, err
	}
	if _, err := c.mayOn(caller, f.state, need{area: access.Erasure, level: access.Edit}); err != nil {
		return Answer{}, err
	}
	person, err := c.reveal(ctx, f.state.Candidate)
	switch {
	case err != nil:
		return Answer{}, err
	case person == "":
		return Answer{}, application.ErrAnonymised
	}
	reason, err := textOf("The reason", cmd.Reason, 0, application.MaxText, personal.Key{ID: person, Owner: cmd.Application})
	if err != nil {
		return Answer{}, err
	}
	return transact(ctx, c, c.candidates, person, caller, decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) {
			return p.AnswerDataRequest(cmd.Request, cmd.Outcome, reason, s)
		},
	})
}
