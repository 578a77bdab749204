package edge

import (
	"context"
	"slices"
	"strings"

	"github.com/hirelog/hirelog/domain/member"
)

// JobOf returns the job of an application, "" if there is no such application.
type JobOf func(ctx context.Context, application string) (string, error)

// Keep has tokens that are held to some jobs keep to them: who asks for an
// application by such a token is asked which job it is of. Without it they may
// not ask for any.
func (s *Surface) Keep(jobOf JobOf) { s.jobOf = jobOf }

// The roots of what belongs to a job.
const (
	ofApplication = "/v1/applications/{id}"
	ofJob         = "/v1/jobs/{id}"
)

// keeps refuses a request by a token held to some jobs that is about anything
// else. What is below an application or a job is of that job, or does not exist
// for the token; of the other routes only those that keep to the jobs themselves
// may be used.
func (s *Surface) keeps(ctx context.Context, route Route, x *Request) error {
	jobs, job := x.Principal.Jobs, ""
	var err error
	switch {
	case len(jobs) == 0, route.Keeps:
		return nil
	case below(route.Path, ofJob):
		job = x.Param("id")
	case below(route.Path, ofApplication) && s.jobOf != nil:
		if job, err = s.jobOf(ctx, x.Param("id")); err != nil {
			return err
		}
	default:
		return member.ErrTokenOfJobs
	}
	if !slices.Contains(jobs, job) {
		return ErrNotFound
	}
	return nil
}

func below(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }
