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
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// HandOver makes who was named responsible for the applications that a former
// member is responsible for, wherever they may view them, and then records it of
// the member. Each application is a command of its own, whose id follows from the
// caller's and the application: it is done once, however often it is begun anew.
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
			return m.HandOver(0, 0, s)
		},
		prepare: func(context.Context, member.Member) error { return errAsked },
	})
	if !errors.Is(err, errAsked) {
		return answer, err
	}
	owned, err := c.ownedBy(ctx, memberID)
	if err != nil {
		return Answer{}, err
	}
	handed, kept := 0, 0
	for _, id := range owned {
		switch went, err := c.handOne(ctx, caller, id, memberID, successor); {
		case err != nil && !refused(err):
			return Answer{}, fmt.Errorf("hand over application %s: %w", id, err)
		case err == nil && went:
			handed++
		default:
			kept++
		}
	}
	return transact(ctx, c, c.members, memberID, caller, decision[member.Member, member.Event]{
		decide: func(m member.Member, s domain.Stamp) ([]member.Event, error) { return m.HandOver(handed, kept, s) },
	})
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

// ownedBy returns the applications that a member is responsible for, sorted, as
// the log has them.
func (c *Commands) ownedBy(ctx context.Context, memberID string) ([]string, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	owned := map[string]bool{}
	filter := eventlog.Filter{StreamPrefixes: []string{"application-"}}
	for got, err := range c.log.Subscribe(ctx, eventlog.SubscribeOptions{After: eventlog.Start, Filter: filter}) {
		if err != nil {
			return nil, fmt.Errorf("look for the applications of member %s: %w", memberID, err)
		}
		if got.Event != nil {
			if err := seeOwner(owned, memberID, *got.Event); err != nil {
				return nil, err
			}
		}
		if got.CaughtUp {
			return slices.Sorted(maps.Keys(owned)), nil
		}
	}
	return nil, ctx.Err()
}

// seeOwner notes whether an event makes a member responsible, or no more.
func seeOwner(owned map[string]bool, memberID string, rec eventlog.Event) error {
	switch rec.Type {
	case application.Received{}.EventName(), application.OwnerSet{}.EventName(), application.Anonymised{}.EventName():
	default:
		return nil
	}
	e, err := application.Codec.Decode(rec.Type, rec.Data)
	if err != nil {
		return fmt.Errorf("%s at %d: %w", rec.Stream, rec.Revision, err)
	}
	owner := ""
	switch e := e.(type) { //nolint:gochecksumtype // the others were not decoded
	case application.Received:
		owner = e.Owner
	case application.OwnerSet:
		owner = e.Owner
	}
	_, id := eventlog.SplitStream(rec.Stream)
	if owner == memberID {
		owned[id] = true
	} else {
		delete(owned, id)
	}
	return nil
}
