package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/ops"
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
// What a crash leaves half done is completed by FinishMerges, or undone if the
// other one was not merged yet.
// Errors: those of candidate.Absorb and candidate.MergeInto; ErrMergeLive;
// application.ErrUnknown, application.ErrAnonymised; ErrDenied.
func (c *Commands) MergeCandidates(ctx context.Context, caller Caller, cmd MergeCandidates) (Answer, error) {
	main, other, err := c.twoCandidates(ctx, caller, cmd)
	if err != nil {
		return Answer{}, err
	}
	if answer, given, err := c.mergedBefore(ctx, caller, other); err != nil || given {
		return answer, err
	}
	kept, merged, err := c.twoFolds(ctx, main, other)
	if err != nil {
		return Answer{}, err
	}
	into := kept.Person(main)
	if into == merged.Person(other) {
		return c.unchanged(ctx, caller, other)
	}
	// Everything that can be refused is refused before anything is written.
	if _, err := merged.MergeInto(into, c.stamp(caller, time.Time{})); err != nil {
		return Answer{}, err
	}
	if err := c.bothLive(ctx, into, other); err != nil {
		return Answer{}, err
	}
	return c.linking(ctx, caller, into, other, func() (Answer, error) { return c.merge(ctx, caller, into, other) })
}

// merge merges other into a candidate: the facts, and then the claims that follow
// from them, so that whoever comes in between finds the fact or is found.
func (c *Commands) merge(ctx context.Context, caller Caller, into, other string) (Answer, error) {
	if err := c.absorb(ctx, caller, into, other); err != nil {
		return Answer{}, err
	}
	answer, err := transact(ctx, c, c.candidates, other, caller, decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) { return p.MergeInto(into, s) },
	})
	if err != nil {
		if refused(err) {
			err = errors.Join(err, c.letGo(ctx, caller, into, other))
		}
		return Answer{}, err
	}
	return answer, c.confirm(ctx, caller, into, other, true)
}

// absorb notes on who stays that other is merged into them. A command does so
// anew after it was let go of.
func (c *Commands) absorb(ctx context.Context, caller Caller, into, other string) error {
	f, err := c.candidates.read(ctx, c.log, into)
	if err != nil {
		return err
	}
	_, err = transact(ctx, c, c.candidates, into, linkStep(caller, "absorb/"+other, f.revision), decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) { return p.Absorb(other, s) },
	})
	return err
}

// linkStep returns the caller for a step on a candidate at revision rev.
func linkStep(caller Caller, what string, rev eventlog.Revision) Caller {
	return step(caller, fmt.Sprintf("%s/%d", what, rev))
}

// confirm makes good of a merge what follows from the facts. If the two turn out
// to have live applications for one job, it takes the merge back.
// Errors: ErrMergeLive.
func (c *Commands) confirm(ctx context.Context, caller Caller, into, other string, anew bool) error {
	if err := c.absorb(ctx, caller, into, other); err != nil && !refused(err) {
		return err
	}
	err := c.claimFor(ctx, caller, into, other, anew)
	if !errors.Is(err, ErrMergeLive) {
		return err
	}
	f, readErr := c.candidates.read(ctx, c.log, other)
	if readErr != nil {
		return readErr
	}
	_, undo := transact(ctx, c, c.candidates, other, linkStep(caller.as(domain.System), "unmerge", f.revision), decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) {
			if p.Into != into {
				return nil, nil
			}
			return p.Unmerge(s)
		},
	})
	if undo == nil {
		undo = c.letGo(ctx, caller, into, other)
	}
	if undo != nil {
		return undo
	}
	return err
}

// UnmergeCandidates takes a merge back.
type UnmergeCandidates struct {
	Application string `json:"-"`
	Other       string `json:"application_id" format:"uuid" doc:"An application of the candidate that is somebody else"`
}

// UnmergeCandidates gives cmd: whichever of the two candidates is merged into the
// other is a person of their own again; of two that are merged into a third, the
// other one. Each has what they had, and what came since by their address. Whoever has edit on the
// profile of both applications may. What a crash leaves half done is completed by
// FinishMerges. Errors: those of candidate.Unmerge;
// application.ErrUnknown, application.ErrAnonymised; ErrDenied.
func (c *Commands) UnmergeCandidates(ctx context.Context, caller Caller, cmd UnmergeCandidates) (Answer, error) {
	main, other, err := c.twoCandidates(ctx, caller, MergeCandidates(cmd))
	if err != nil {
		return Answer{}, err
	}
	for _, person := range []string{other, main} {
		if answer, given, err := c.mergedBefore(ctx, caller, person); err != nil || given {
			return answer, err
		}
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
	return c.linking(ctx, caller, into, other, func() (Answer, error) {
		answer, err := transact(ctx, c, c.candidates, other, caller, decision[candidate.Candidate, candidate.Event]{
			decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) { return p.Unmerge(s) },
		})
		if err != nil {
			return Answer{}, err
		}
		return answer, c.letGo(ctx, caller, into, other)
	})
}

// linking lets do merge two candidates or take that back, and forgets it when all
// of it is done or refused.
func (c *Commands) linking(ctx context.Context, caller Caller, into, other string, do func() (Answer, error)) (Answer, error) {
	if err := c.merges.Begin(ctx, ops.Merge{Command: caller.CommandID, Into: into, Other: other}); err != nil {
		return Answer{}, err
	}
	answer, err := do()
	if err != nil && !refused(err) {
		return Answer{}, err // perhaps it happened
	}
	if end := c.merges.End(ctx, caller.CommandID); end != nil {
		c.logger.Warn("a merge is still noted as on its way", "error", end)
	}
	if err != nil {
		return Answer{}, err
	}
	return answer, nil
}

// mergedBefore reports whether a command that merges a person or takes that back
// was given before, and completes it.
func (c *Commands) mergedBefore(ctx context.Context, caller Caller, person string) (answer Answer, given bool, err error) {
	answer, err = c.unchanged(ctx, caller.withoutMatch(), person)
	if err != nil || !answer.Repeated {
		return answer, false, err
	}
	in, begun, err := c.merges.Begun(ctx, caller.CommandID)
	if err == nil && begun {
		err = c.finishMerge(ctx, caller, in)
	}
	return answer, true, err
}

// FinishMerges completes what crashes left of merges and of taking them back that
// began longer ago than age, or undoes it where nobody was merged yet. It returns
// how many it dealt with; one that it cannot deal with does not keep it from the
// others.
func (c *Commands) FinishMerges(ctx context.Context, age time.Duration) (int, error) {
	left, err := c.merges.Interrupted(ctx, age)
	if err != nil {
		return 0, err
	}
	done := 0
	var failed []error
	for _, in := range left {
		caller := Caller{Actor: domain.System, CommandID: uuid.NewSHA1(in.Command, []byte("finish")), MayBeRepeated: true, Origin: eventlog.Live}
		if err := c.finishMerge(ctx, caller, in); err != nil && !errors.Is(err, ErrMergeLive) {
			failed = append(failed, fmt.Errorf("merge %s: %w", in.Command, err))
			continue
		}
		done++
	}
	return done, errors.Join(failed...)
}

// finishMerge does for two candidates what follows from whether one is merged
// into the other. Errors: ErrMergeLive when it took the merge back.
func (c *Commands) finishMerge(ctx context.Context, caller Caller, in ops.Merge) error {
	f, err := c.candidates.read(ctx, c.log, in.Other)
	if err != nil {
		return err
	}
	if f.state.Into == in.Into {
		err = c.confirm(ctx, caller, in.Into, in.Other, false)
	} else {
		err = c.letGo(ctx, caller, in.Into, in.Other)
	}
	if err != nil && !errors.Is(err, ErrMergeLive) {
		return err
	}
	return errors.Join(err, c.merges.End(ctx, in.Command))
}

// letGo takes back what a merge of other into a candidate did besides the link,
// unless they are merged again.
func (c *Commands) letGo(ctx context.Context, caller Caller, into, other string) error {
	f, err := c.candidates.read(ctx, c.log, into)
	if err != nil {
		return err
	}
	_, err = transact(ctx, c, c.candidates, into, linkStep(caller, "release/"+other, f.revision), decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) {
			return p.Release(other, s), nil
		},
		prepare: func(ctx context.Context, _ candidate.Candidate) error {
			f, err := c.candidates.read(ctx, c.log, other)
			if err == nil && f.state.Into == into {
				err = errMergedAgain
			}
			return err
		},
	})
	if errors.Is(err, errMergedAgain) {
		return nil
	}
	if err != nil {
		return err
	}
	theirs, err := c.applicationsOf(ctx, other)
	if err != nil {
		return err
	}
	for id, a := range theirs {
		if a.Outcome == "" { // it has perhaps found the merge
			if err := c.fence(ctx, caller, id); err != nil && !errors.Is(err, application.ErrDuplicate) {
				return err
			}
			continue
		}
		if _, err := c.dropStale(ctx, caller, a.Job, into); err != nil {
			return err
		}
	}
	return nil
}

// errMergedAgain ends the taking back of what followed from a merge.
var errMergedAgain = errors.New("they are merged again")

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
