package commands

import (
	"context"
	"slices"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
)

// ErrDenied means that the caller may see the thing but not do this with it.
var ErrDenied = &domain.Refusal{Kind: domain.Denied, Code: "denied", Message: "You may not do this."}

// everything is what the system itself may do.
func everything() access.Rights { return access.Of(access.Admin) }

// rights returns what the caller may do with the applications of a job.
// Errors: ErrRightsUnknown.
func (c *Commands) rights(caller Caller, jobID string) (access.Rights, error) {
	if caller.Actor == domain.System {
		return everything(), nil
	}
	if err := c.directory.Check(); err != nil || !caller.within(jobID) {
		return access.Rights{}, err
	}
	return c.directory.Rights(caller.Actor.MemberID(), jobID), nil
}

// rightsOn returns what the caller may do with an application, now or when an
// imported or demo command says it was.
// Errors: ErrRightsUnknown.
func (c *Commands) rightsOn(caller Caller, a application.Application) (access.Rights, error) {
	if caller.Actor == domain.System {
		return everything(), nil
	}
	if err := c.directory.Check(); err != nil || !caller.within(a.Job) {
		return access.Rights{}, err
	}
	at := caller.At
	if at.IsZero() {
		at = c.now()
	}
	return c.directory.RightsOn(caller.Actor.MemberID(), a, at), nil
}

// within reports whether the caller does not keep to other jobs.
func (c Caller) within(jobID string) bool {
	return len(c.Within) == 0 || slices.Contains(c.Within, jobID)
}

// JobOf returns the job of an application, "" if there is no such application.
func (c *Commands) JobOf(ctx context.Context, id string) (string, error) {
	f, err := c.applications.read(ctx, c.log, id)
	return f.state.Job, err
}

// role returns the organisation role of the caller, none if inactive or keeping
// to some jobs.
// Errors: ErrRightsUnknown.
func (c *Commands) role(caller Caller) (access.OrganizationRole, error) {
	if caller.Actor == domain.System {
		return access.Admin, nil
	}
	if err := c.directory.Check(); err != nil || len(caller.Within) > 0 {
		return "", err
	}
	return c.directory.Member(caller.Actor.MemberID()).OrganizationRole(), nil
}

// allow refuses callers whose organisation role is none of roles.
// Errors: ErrDenied, ErrRightsUnknown.
func (c *Commands) allow(caller Caller, roles ...access.OrganizationRole) error {
	role, err := c.role(caller)
	if err != nil {
		return err
	}
	for _, r := range roles {
		if r == role {
			return nil
		}
	}
	return ErrDenied
}

// need is what a command on an application takes. The zero need is of commands
// on documents, which look at the category themselves: any category is enough to
// know of the application.
type need struct {
	area  access.Area
	level access.Level
	also  access.Area // one more area that takes the level, once the first is there
	// own, if set, decides alone: of a candidate's own applications there are no
	// rights.
	own func(application.Application) error
}

func (n need) met(held access.Rights) bool {
	if n.area == "" {
		return held.AnyDocument() >= access.View
	}
	return held.Area(n.area) >= n.level
}

// onApplication gives one command on application id: it refuses callers without
// the needed right (as unknown when they may not even see it), then decides
// with the rights they have.
func (c *Commands) onApplication(ctx context.Context, id string, caller Caller, n need, decide func(application.Application, access.Rights, domain.Stamp) ([]application.Event, error)) (Answer, error) {
	var held access.Rights
	return transact(ctx, c, c.applications, id, caller, decision[application.Application, application.Event]{
		may: func(a application.Application) (err error) {
			held, err = c.mayOn(caller, a, n)
			return err
		},
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			events, err := decide(a, held, s)
			return c.withEnds(a, events, s), err
		},
	})
}

// withEnds adds to a decision that closes an application, or opens it again,
// what follows for the access that interviews and reviews gave. Every command
// that may do so must use it.
func (c *Commands) withEnds(a application.Application, events []application.Event, s domain.Stamp) []application.Event {
	return a.WithEnds(events, c.accessAfter(), s)
}

// accessAfter is how long what interviews and reviews gave access to stays
// visible after they are done with.
func (c *Commands) accessAfter() time.Duration {
	return time.Duration(c.directory.Organization().Settings.AccessAfterDays) * 24 * time.Hour
}

// mayOn returns the caller's rights on a, or refuses.
// Errors: application.ErrUnknown, ErrDenied, ErrRightsUnknown.
func (c *Commands) mayOn(caller Caller, a application.Application, n need) (access.Rights, error) {
	if a.Outcome == "" || a.Deleted && n.area != access.Erasure {
		return access.Rights{}, application.ErrUnknown
	}
	if n.own != nil {
		return access.Rights{}, n.own(a)
	}
	held, err := c.rightsOn(caller, a)
	switch {
	case err != nil:
		return held, err
	case held.Area(access.Application) < access.View && !n.met(held), a.Deleted && !n.met(held):
		return held, application.ErrUnknown
	case n.area != "" && held.Area(n.area) < n.level, n.also != "" && held.Area(n.also) < n.level, held.Masked:
		return held, ErrDenied
	}
	return held, nil
}

// onJob gives one command on job id: admins and the job's recruitment managers
// may.
func (c *Commands) onJob(ctx context.Context, id string, caller Caller, decide func(job.Job, domain.Stamp) ([]job.Event, error)) (Answer, error) {
	return transact(ctx, c, c.jobs, id, caller, decision[job.Job, job.Event]{
		may: func(j job.Job) error {
			if j.Status == "" {
				return job.ErrUnknown
			}
			held, err := c.rights(caller, id)
			switch {
			case err != nil:
				return err
			case held.Manager:
				return nil
			case held.Area(access.Application) < access.View && j.Details.Confidential:
				return job.ErrUnknown
			}
			return ErrDenied
		},
		decide: decide,
	})
}
