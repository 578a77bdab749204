package commands

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// HandOver makes who was named responsible for the applications that a former
// member is responsible for, wherever they may view them, gives them the reviews and
// interviews of the member that are not over, as far as they may do them, and makes
// them manager of the jobs and stages that would have none. Then it records it of
// the member. Each application and job is a command of its own, whose id follows from
// the caller's and its own: it is done once, however often it is begun anew.
// Only the system may. Errors: those of member.HandOver; ErrDenied, ErrRightsUnknown.
func (c *Commands) HandOver(ctx context.Context, caller Caller, memberID string) (Answer, error) {
	if caller.Actor != domain.System {
		return Answer{}, ErrDenied
	}
	if err := c.directory.Check(); err != nil {
		return Answer{}, err
	}
	successor := ""
	answer, err := transact(ctx, c, c.members, memberID, caller, decision[member.Member, member.Event]{
		decide: func(m member.Member, s domain.Stamp) ([]member.Event, error) {
			successor = m.HandingTo
			return m.HandOver(member.Handed{}, s)
		},
		prepare: func(context.Context, member.Member) error { return errAsked },
	})
	if !errors.Is(err, errAsked) {
		return answer, err
	}
	var handed member.Handed
	for _, id := range c.directory.jobsWith(memberID) {
		went, err := c.handJob(ctx, caller, id, memberID, successor)
		if err != nil && !refused(err) {
			return Answer{}, fmt.Errorf("hand over job %s: %w", id, err)
		}
		if went {
			handed.Jobs++
		}
	}
	theirs, err := c.workOf(ctx, memberID)
	if err != nil {
		return Answer{}, err
	}
	for _, id := range slices.Sorted(maps.Keys(theirs.owned)) {
		switch went, err := c.handOne(ctx, caller, id, memberID, successor); {
		case err != nil && !refused(err):
			return Answer{}, fmt.Errorf("hand over application %s: %w", id, err)
		case err == nil && went:
			handed.Applications++
		default:
			handed.Kept++
		}
	}
	for _, id := range slices.Sorted(maps.Keys(theirs.asked)) {
		went, err := c.handWork(ctx, caller, id, memberID, successor)
		if err != nil && !refused(err) {
			return Answer{}, fmt.Errorf("hand over what is to be done on application %s: %w", id, err)
		}
		if went {
			handed.Work++
		}
	}
	return transact(ctx, c, c.members, memberID, caller, decision[member.Member, member.Event]{
		decide: func(m member.Member, s domain.Stamp) ([]member.Event, error) { return m.HandOver(handed, s) },
	})
}

// handJob makes a successor manager where a job or its stages would have none.
func (c *Commands) handJob(ctx context.Context, caller Caller, id, from, to string) (went bool, err error) {
	caller = caller.withoutMatch()
	caller.CommandID = uuid.NewSHA1(caller.CommandID, []byte("hand over/"+id))
	answer, err := c.onJob(ctx, id, caller, func(j job.Job, s domain.Stamp) ([]job.Event, error) {
		return j.HandOverMarks(from, to, func(id string) bool { return c.directory.Member(id).Active }, s)
	})
	return err == nil && !answer.Unchanged, err
}

// handWork gives a successor the reviews and interviews of an application that
// they may do.
func (c *Commands) handWork(ctx context.Context, caller Caller, id, from, to string) (went bool, err error) {
	caller = caller.withoutMatch()
	caller.CommandID = uuid.NewSHA1(caller.CommandID, []byte("hand over work/"+id))
	answer, err := c.onApplication(ctx, id, caller, need{area: access.Application, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			held := c.directory.RightsOn(to, a, s.At)
			if held.Area(access.Application) < access.View {
				return nil, nil
			}
			return a.HandOverWork(from, to, application.Able{
				Comment:  held.Area(access.Comments) >= access.Edit,
				Evaluate: held.Area(access.Evaluations) >= access.Edit,
				Organise: held.Area(access.Interviews) >= access.Edit,
			}, s)
		})
	return err == nil && !answer.Unchanged, err
}

// handOne makes a successor responsible for an application, if they may view it
// and nobody else is by now. It reports whether they are.
func (c *Commands) handOne(ctx context.Context, caller Caller, id, from, to string) (went bool, err error) {
	caller = caller.withoutMatch()
	caller.CommandID = uuid.NewSHA1(caller.CommandID, []byte("hand over/"+id))
	answer, err := c.onApplication(ctx, id, caller, need{area: access.Application, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			if a.Owner != from || c.directory.Rights(to, a.Job).Area(access.Application) < access.View {
				return nil, nil
			}
			return a.SetOwner(to, s)
		})
	return err == nil && !answer.Unchanged, err
}

// work is what a member has to do, as the log has it.
type work struct {
	owned map[string]bool // applications they are responsible for
	asked map[string]bool // applications they were asked for a review of, or organised an interview of
}

// workOf returns what a member has to do, and perhaps has done.
func (c *Commands) workOf(ctx context.Context, memberID string) (work, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w := work{owned: map[string]bool{}, asked: map[string]bool{}}
	filter := eventlog.Filter{StreamPrefixes: []string{"application-"}}
	for got, err := range c.log.Subscribe(ctx, eventlog.SubscribeOptions{After: eventlog.Start, Filter: filter}) {
		if err != nil {
			return w, fmt.Errorf("look for the applications of member %s: %w", memberID, err)
		}
		if got.Event != nil {
			if err := w.see(memberID, *got.Event); err != nil {
				return w, err
			}
		}
		if got.CaughtUp {
			return w, nil
		}
	}
	return w, ctx.Err()
}

// see notes what an event makes a member responsible for, or no more.
func (w work) see(memberID string, rec eventlog.Event) error {
	switch rec.Type {
	case application.Received{}.EventName(), application.OwnerSet{}.EventName(), application.Anonymised{}.EventName(),
		application.ReviewRequested{}.EventName(), application.InterviewScheduled{}.EventName(), application.WorkHandedOver{}.EventName():
	default:
		return nil
	}
	e, err := application.Codec.Decode(rec.Type, rec.Data)
	if err != nil {
		return fmt.Errorf("%s at %d: %w", rec.Stream, rec.Revision, err)
	}
	_, id := eventlog.SplitStream(rec.Stream)
	switch e := e.(type) { //nolint:gochecksumtype // the others were not decoded
	case application.Received:
		w.responsible(id, e.Owner == memberID)
	case application.OwnerSet:
		w.responsible(id, e.Owner == memberID)
	case application.ReviewRequested:
		w.has(id, e.Reviewer == memberID)
	case application.InterviewScheduled:
		w.has(id, e.Organiser == memberID)
	case application.WorkHandedOver:
		w.has(id, e.To == memberID)
	case application.Anonymised:
		delete(w.owned, id)
		delete(w.asked, id)
	}
	return nil
}

func (w work) responsible(id string, is bool) {
	delete(w.owned, id)
	if is {
		w.owned[id] = true
	}
}

func (w work) has(id string, is bool) {
	if is {
		w.asked[id] = true
	}
}
