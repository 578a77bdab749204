package commands

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
)

// ErrMergeLive means that two candidates cannot be one person as it stands.
var ErrMergeLive = &domain.Refusal{Kind: domain.Illegal, Code: "merge_live_twice", Message: "Both have a live application for the same job; close one of them first."}

// MergeCandidates says that the candidates of two applications are one person.
type MergeCandidates struct {
	Application string `json:"-"`
	Other       string `json:"application_id" format:"uuid" doc:"An application of the other candidate"`
}

// MergeCandidates gives cmd: the other candidate is merged into this one, or into
// whom this one is merged into. Both keep what is known of them, their address
// and their applications; only who they count as is another from then on, so that
// it can be taken back. Whoever has edit on the profile of both applications may.
// What a crash leaves half done is completed by giving it again.
// Errors: those of candidate.Absorb and candidate.MergeInto; ErrMergeLive;
// application.ErrUnknown, application.ErrAnonymised; ErrDenied.
func (c *Commands) MergeCandidates(ctx context.Context, caller Caller, cmd MergeCandidates) (Answer, error) {
	main, other, err := c.twoCandidates(ctx, caller, cmd)
	if err != nil {
		return Answer{}, err
	}
	kept, merged, err := c.twoFolds(ctx, main, other)
	if err != nil {
		return Answer{}, err
	}
	into := kept.Person(main)
	if into == merged.Person(other) {
		return c.unchanged(ctx, caller, other)
	}
	// Everything the domain could refuse is refused before anything is written.
	if _, err := merged.MergeInto(into, c.stamp(caller, time.Time{})); err != nil {
		return Answer{}, err
	}
	if err := c.claimFor(ctx, caller, into, other); err != nil {
		return Answer{}, err
	}
	_, err = transact(ctx, c, c.candidates, into, caller.withoutMatch(), decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) { return p.Absorb(other, s) },
	})
	if err != nil {
		return Answer{}, err
	}
	answer, err := transact(ctx, c, c.candidates, other, caller, decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) { return p.MergeInto(into, s) },
	})
	if refused(err) {
		if undo := c.letGo(ctx, caller, into, other); undo != nil {
			c.logger.Warn("a merge that was refused is half undone", "error", undo)
		}
	}
	return answer, err
}

// UnmergeCandidates takes a merge back.
type UnmergeCandidates struct {
	Application string `json:"-"`
	Other       string `json:"application_id" format:"uuid" doc:"An application of the candidate that is somebody else"`
}

// UnmergeCandidates gives cmd: whichever of the two candidates is merged into the
// other is a person of their own again; of two that are merged into a third, the
// other one. Each has what they had, and what came since by their address. Whoever has edit on the
// profile of both applications may. Errors: those of candidate.Unmerge;
// application.ErrUnknown, application.ErrAnonymised; ErrDenied.
func (c *Commands) UnmergeCandidates(ctx context.Context, caller Caller, cmd UnmergeCandidates) (Answer, error) {
	main, other, err := c.twoCandidates(ctx, caller, MergeCandidates(cmd))
	if err != nil {
		return Answer{}, err
	}
	first, second, err := c.twoFolds(ctx, main, other)
	into := first.Person(main)
	switch {
	case err != nil:
		return Answer{}, err
	case into != second.Person(other), main == other:
		return c.unchanged(ctx, caller, other)
	case second.Into == "":
		other = main
	}
	answer, err := transact(ctx, c, c.candidates, other, caller, decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) { return p.Unmerge(s) },
	})
	if err != nil {
		return Answer{}, err
	}
	return answer, c.letGo(ctx, caller, into, other)
}

// letGo takes back what a merge of other into a candidate did besides the link.
func (c *Commands) letGo(ctx context.Context, caller Caller, into, other string) error {
	step := caller.withoutMatch()
	step.CommandID = uuid.NewSHA1(caller.CommandID, []byte("release/"+other))
	_, err := transact(ctx, c, c.candidates, into, step, decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) {
			return p.Release(other, s), nil
		},
	})
	if err != nil {
		return err
	}
	theirs, err := c.applicationsOf(ctx, other)
	if err != nil {
		return err
	}
	for id, a := range theirs {
		if err := c.releaseClaim(ctx, step, c.liveClaim(a.Job, into), id, nil); err != nil {
			return err
		}
	}
	return nil
}

// claimFor takes, for each live application of a candidate, the claim of whom
// they are to be merged into: together they have one live application for a job.
// Errors: ErrMergeLive.
func (c *Commands) claimFor(ctx context.Context, caller Caller, into, other string) error {
	theirs, err := c.applicationsOf(ctx, other)
	if err != nil {
		return err
	}
	for id, a := range theirs {
		if !a.Live() {
			continue
		}
		err := c.takeClaim(ctx, caller, c.liveClaim(a.Job, into), id, false)
		if errors.Is(err, application.ErrDuplicate) {
			if undo := c.letGo(ctx, caller, into, other); undo != nil {
				return undo
			}
			return ErrMergeLive
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// claimAs takes, for an application of a candidate, also the claim of whom they
// are merged into. Errors: application.ErrDuplicate.
func (c *Commands) claimAs(ctx context.Context, caller Caller, jobID, person, holder string, anew bool) error {
	f, err := c.candidates.read(ctx, c.log, person)
	if err != nil || f.state.Into == "" {
		return err
	}
	return c.takeClaim(ctx, caller, c.liveClaim(jobID, f.state.Into), holder, anew)
}

// retakeClaim takes the claims of an application that is to be live again: its
// own, and that of whom the candidate is merged into.
// Errors: application.ErrDuplicate.
func (c *Commands) retakeClaim(ctx context.Context, caller Caller, id string, a application.Application) error {
	claimID, err := c.reveal(ctx, a.Claim)
	if err != nil {
		return err
	}
	if err := c.takeClaim(ctx, caller, claimID, id, true); err != nil {
		return err
	}
	person, err := c.reveal(ctx, a.Candidate)
	if err != nil || person == "" {
		return err
	}
	return c.claimAs(ctx, caller, a.Job, person, id, true)
}

// applicationsOf returns the applications of a candidate that were received.
func (c *Commands) applicationsOf(ctx context.Context, person string) (map[string]application.Application, error) {
	owners, err := c.vault.Owners(ctx, person)
	if err != nil {
		return nil, err
	}
	found := map[string]application.Application{}
	for _, id := range owners {
		f, err := c.applications.read(ctx, c.log, id)
		if err != nil {
			return nil, err
		}
		if f.state.Outcome != "" && !f.state.Anonymised {
			found[id] = f.state
		}
	}
	return found, nil
}

// twoCandidates returns the candidates of the two applications that a command
// names, or refuses who may not edit both.
func (c *Commands) twoCandidates(ctx context.Context, caller Caller, cmd MergeCandidates) (main, other string, err error) {
	if main, err = c.personToEdit(ctx, caller, cmd.Application, nil); err != nil {
		return "", "", err
	}
	other, err = c.personToEdit(ctx, caller, cmd.Other, nil)
	return main, other, err
}

func (c *Commands) twoFolds(ctx context.Context, main, other string) (first, second candidate.Candidate, err error) {
	f, err := c.candidates.read(ctx, c.log, main)
	if err != nil {
		return first, second, err
	}
	g, err := c.candidates.read(ctx, c.log, other)
	return f.state, g.state, err
}

// unchanged answers a command on a candidate that changes nothing.
func (c *Commands) unchanged(ctx context.Context, caller Caller, person string) (Answer, error) {
	return transact(ctx, c, c.candidates, person, caller, decision[candidate.Candidate, candidate.Event]{
		decide: func(candidate.Candidate, domain.Stamp) ([]candidate.Event, error) { return nil, nil },
	})
}

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
