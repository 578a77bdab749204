package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/personal"
)

// ownSelf lets a candidate do something with what is known of them, while one of
// their applications goes on as far as they are told, or led to a hire, and returns
// that application, which their key is wrapped for.
// Errors: candidate.ErrUnknown; application.ErrClosed while they may only look;
// ErrRightsUnknown.
func (c *Commands) ownSelf(ctx context.Context, caller Caller) (owner string, err error) {
	if err := c.directory.Check(); err != nil {
		return "", err
	}
	settings := c.directory.Organization().Settings
	if caller.Candidate == "" || !settings.SelfTracking {
		return "", candidate.ErrUnknown
	}
	owners, err := c.vault.Owners(ctx, caller.Candidate)
	if err != nil {
		return "", err
	}
	now, refusal := c.atOf(caller), error(candidate.ErrUnknown) // their last application is gone
	for _, id := range owners {
		f, err := c.applications.read(ctx, c.log, id)
		switch a := f.state; {
		case err != nil:
			return "", err
		case a.Outcome == "" || a.Anonymised || a.Outcome == application.OutcomeTransferred:
			// An employee profile, or what goes on elsewhere.
		case a.TakesUploads(now):
			return id, nil
		case a.Followed(now, settings.ReadOnlyDays):
			refusal = application.ErrClosed
		}
	}
	return "", refusal
}

// CorrectOwn changes what a candidate says of themselves. What is nil stays; an
// empty text removes. The address is changed by proving the new one.
type CorrectOwn struct {
	FirstName     *personal.Plain `json:"first_name,omitempty" maxLength:"100" doc:"First name; one of the two names is required"`
	LastName      *personal.Plain `json:"last_name,omitempty" maxLength:"100" doc:"Last name"`
	Phone         *personal.Plain `json:"phone,omitempty" maxLength:"50" doc:"Telephone number"`
	Location      *personal.Plain `json:"location,omitempty" maxLength:"200" doc:"Where you live"`
	AvailableFrom *personal.Plain `json:"available_from,omitempty" maxLength:"10" doc:"A day, such as 2027-01-31"`
	Links         *personal.Plain `json:"links,omitempty" maxLength:"4000" doc:"At most 10 http or https addresses, one on each line"`
}

// CorrectOwn gives cmd: the candidate does. Errors: those of candidate.Edit;
// candidate.ErrUnknown.
func (c *Commands) CorrectOwn(ctx context.Context, caller Caller, cmd CorrectOwn) (Answer, error) {
	owner, err := c.ownSelf(ctx, caller)
	if err != nil {
		return Answer{}, err
	}
	edits := EditCandidate{
		FirstName: cmd.FirstName, LastName: cmd.LastName, Phone: cmd.Phone, Location: cmd.Location, AvailableFrom: cmd.AvailableFrom, Links: cmd.Links,
	}.edits()
	return c.editPerson(ctx, caller, caller.Candidate, owner, edits, nil, nil)
}

// ChangeOwnEmail makes a candidate known by another address, which prove proves
// is theirs; it is called when there is something to change.
// Errors: those of candidate.Edit and of prove; candidate.ErrUnknown,
// candidate.ErrAddressTaken.
func (c *Commands) ChangeOwnEmail(ctx context.Context, caller Caller, email personal.Plain, prove func(context.Context) error) (Answer, error) {
	owner, err := c.ownSelf(ctx, caller)
	if err != nil {
		return Answer{}, err
	}
	return c.editPerson(ctx, caller, caller.Candidate, owner, candidate.Edits{candidate.Email: email}, nil, prove)
}
