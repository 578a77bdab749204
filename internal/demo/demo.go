// Package demo fills an installation with a made-up company: members, jobs with
// stage plans and hiring teams, and applications with histories over six
// months. Everything is given through the real commands, with origin "demo", so
// nothing of it ever has an effect outside.
//
// A company is told by its seed and its anchor: the same two give the same
// people, ids and times, but for the ids of persons, which are derived by a key
// of the installation. Loading is repeatable: what was loaded already is
// recognised and left alone. It is recognised by what it wrote, so every command
// of the company changes something: one that did not would be decided anew, and
// refused for what came later.
package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// Company says what to load.
type Company struct {
	Seed uint64
	// Anchor is the end of the six months, to the second.
	Anchor time.Time
	// Applications is how many candidacies there are; 0 means 320.
	Applications int
	// Progress, if set, hears how many applications are loaded.
	Progress func(done, of int)
}

// perPerson is how many applications are loaded in a row; the last of them is by
// the person of the one before.
const perPerson = 12

// workers is how many applications are loaded at once.
const workers = 8

// Load loads the company. The organisation must be established, and the scanner of
// the commands is to be a Scanner. It returns the number of commands given.
func (c Company) Load(ctx context.Context, to *commands.Commands, directory *commands.Directory) (int, error) {
	if c.Applications == 0 {
		c.Applications = 320
	}
	l := &loader{Company: c, to: to, directory: directory}
	for _, part := range []struct {
		name string
		load func(context.Context) error
	}{
		{"members", l.people},
		{"jobs", l.openJobs},
		{"applications", l.applications},
		{"candidates", l.fates},
		{"reminders", l.reminders},
		{"messages", l.correspondence},
		{"interviews", l.declined},
		{"interviews", l.moved},
		{"lists", l.many},
		{"candidates", l.identities},
		{"members", l.colleagues},
		{"calendars", l.calendars},
		{"tokens", l.tokens},
		{"second factors", l.factors},
		{"jobs", l.drafted},
		{"jobs", l.closeJobs},
	} {
		if err := part.load(ctx); err != nil {
			return 0, fmt.Errorf("demo %s: %w", part.name, err)
		}
	}
	return int(l.given.Load()), nil
}

// caller is who gives the command named step at an instant.
func (l *loader) caller(step string, by domain.Actor, at time.Time) commands.Caller {
	l.given.Add(1)
	return commands.Caller{
		Actor:     by,
		CommandID: commands.CommandID("demo:"+strconv.FormatUint(l.Seed, 10), step),
		// What was loaded before is known by its id, wherever it stands.
		MayBeRepeated: true,
		CorrelationID: "demo", Origin: eventlog.Demo, At: at.UTC().Truncate(time.Second),
	}
}

// random returns the source of everything random about one subject, so that
// subjects can be loaded in any order.
func (l *loader) random(subject uint64) *rand.Rand { return rand.New(rand.NewPCG(l.Seed, subject)) }

// begin is the first day of the company's history.
func (l *loader) begin() time.Time { return l.Anchor.AddDate(0, -6, 0) }

func (l *loader) people(ctx context.Context) error {
	on := true
	_, err := l.to.ChangeSettings(ctx, l.caller("settings", domain.System, l.begin()), commands.ChangeSettings{
		SettingsChange: organization.SettingsChange{SelfTracking: &on, SignHires: &on},
	})
	if err != nil {
		return err
	}
	if err := l.lists(ctx); err != nil {
		return err
	}
	for i, p := range staff {
		answer, err := l.to.InviteMember(ctx, l.caller("member/"+strconv.Itoa(i), domain.System, l.begin()), commands.InviteMember{
			Name: personal.Plain(p.name), Email: personal.Plain(addressOf(p.name, "company.example")), Role: p.role,
		})
		if err != nil {
			return err
		}
		l.members = append(l.members, answer.ID)
	}
	return nil
}

func (l *loader) openJobs(ctx context.Context) error {
	for i, p := range openings {
		manager, interviewer := l.members[2+i%3], l.members[5+i%4]
		stages := make([]commands.StagePlan, len(p.stages))
		for k, s := range p.stages {
			stages[k] = commands.StagePlan{Name: s, PublicName: publicNames[s], LimitDays: 7 * (k % 3)}
		}
		at := l.begin().Add(time.Duration(i) * 36 * time.Hour)
		answer, err := l.to.OpenJob(ctx, l.caller("job/"+strconv.Itoa(i), domain.Member(l.members[0]), at), commands.OpenJob{
			Details: job.Details{
				Title: p.title, Position: p.position, Location: p.location, Openings: p.openings, Confidential: p.confidential,
				Description: p.title + " in " + p.location + ". Made up, like everything in the demo company.",
			},
			Stages: stages,
			Team: []job.TeamMember{
				{Member: l.members[i%2], Role: commands.FirstRole("Recruiter"), Manager: true},
				{Member: manager, Role: commands.FirstRole("Hiring manager")},
				{Member: interviewer, Role: commands.FirstRole("Interviewer")},
			},
		})
		if err != nil {
			return err
		}
		if err := l.form(ctx, i, answer.ID, at.Add(time.Hour)); err != nil {
			return err
		}
		l.jobs = append(l.jobs, posting{
			opening: p, id: answer.ID, at: at, stages: l.directory.Job(answer.ID).Stages,
			recruiter: domain.Member(l.members[i%2]), manager: domain.Member(manager), interviewer: domain.Member(interviewer),
		})
	}
	return nil
}

// form sets what the application form of a job asks.
func (l *loader) form(ctx context.Context, i int, id string, at time.Time) error {
	least := 2.0
	_, err := l.to.SetForm(ctx, l.caller("form/"+strconv.Itoa(i), domain.Member(l.members[i%2]), at), commands.SetForm{Job: id, Questions: []commands.QuestionOfAForm{
		{Label: "Years of experience", Kind: job.NumberQuestion, Required: true, KnockOut: &job.KnockOut{Below: &least}},
		{Label: "From when?", Kind: job.DateQuestion},
	}})
	return err
}

// closeJobs ends some searches, once their applications are in.
func (l *loader) closeJobs(ctx context.Context) error {
	for i, j := range l.jobs {
		var err error
		switch j.end {
		case job.Closed:
			_, err = l.to.CloseJob(ctx, l.caller("close/"+strconv.Itoa(i), j.recruiter, l.Anchor.AddDate(0, 0, -3)), commands.CloseJob{Job: j.id, Reason: "Filled", Applications: job.LeaveApplications})
		case job.OnHold:
			_, err = l.to.HoldJob(ctx, l.caller("hold/"+strconv.Itoa(i), j.recruiter, l.Anchor.AddDate(0, 0, -9)), commands.HoldJob{Job: j.id, Reason: "Budget under review"})
		case job.Open, job.Draft:
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) applications(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for first := 0; first < l.Applications; first += perPerson {
		g.Go(func() error { return l.group(ctx, first, min(first+perPerson, l.Applications)) })
	}
	return g.Wait()
}

// group loads applications one after the other: a person who applies twice is
// registered by the first.
func (l *loader) group(ctx context.Context, from, to int) error {
	for i := from; i < to; i++ {
		if err := l.application(ctx, i); err != nil {
			return fmt.Errorf("application %d: %w", i, err)
		}
		if done := int(l.done.Add(1)); l.Progress != nil {
			l.Progress(done, l.Applications)
		}
	}
	return nil
}
