package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/candidate"
)

// ShareAddress says whether the address of a candidate is one that several people
// use.
type ShareAddress struct {
	Application string `json:"-"`
	Shared      bool   `json:"shared" doc:"Whether several people use the e-mail address, such as an agency's or a family's: then nobody is recognised by it"`
}

// ShareAddress gives cmd. Whoever has edit on the profile area may, on any
// application of the person. The address is looked up as it is said from before
// the fact is recorded. One that is no longer shared is this person's again,
// unless somebody else has it.
// Errors: those of candidate.ShareAddress; application.ErrUnknown,
// application.ErrAnonymised; ErrDenied.
func (c *Commands) ShareAddress(ctx context.Context, caller Caller, cmd ShareAddress) (Answer, error) {
	person, err := c.personToEdit(ctx, caller, cmd.Application, nil)
	if err != nil {
		return Answer{}, err
	}
	return transact(ctx, c, c.candidates, person, caller, decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) {
			return p.ShareAddress(cmd.Shared, s)
		},
		prepare: func(ctx context.Context, p candidate.Candidate) error {
			known, err := c.opened(ctx, p, candidate.Edits{candidate.Email: ""})
			if err != nil {
				return err
			}
			email := known[candidate.Email]
			if err := c.vault.SetShared(ctx, email, cmd.Shared); err != nil || cmd.Shared {
				return err
			}
			_, err = c.vault.ChangeEmail(ctx, person, "", email)
			return err
		},
	})
}
