package commands

import (
	"context"
	"strings"
	"time"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// filled returns a letter with what its template says in the place of what it
// leaves out, and its placeholders filled.
// Errors: organization.ErrUnknownEntry, organization.ErrRetired, ErrPlaceholder.
func (c *Commands) filled(ctx context.Context, caller Caller, a application.Application, l Letter) (Letter, error) {
	l, err := c.ofTemplate(l)
	if err != nil {
		return l, err
	}
	if !strings.Contains(string(l.Subject), "{{") && !strings.Contains(string(l.Text), "{{") {
		return l, nil
	}
	values, err := c.placeholders(ctx, caller, a)
	if err != nil {
		return l, err
	}
	missing := ""
	fill := func(text personal.Plain) personal.Plain {
		return personal.Plain(organization.Fill(string(text), func(name string) string {
			value, ok := values[name]
			if !ok {
				missing = name
			}
			return string(value)
		}))
	}
	l.Subject, l.Text = fill(l.Subject), fill(l.Text)
	if missing != "" {
		if len(missing) > 50 { // whatever that was
			return l, ErrPlaceholder
		}
		return l, ErrPlaceholder.Because("There is nothing to put in the place of {{%s}}.", missing)
	}
	return l, nil
}

// placeholders returns what stands for the placeholders of messages.
func (c *Commands) placeholders(ctx context.Context, caller Caller, a application.Application) (map[string]personal.Plain, error) {
	known, err := c.personOf(ctx, a)
	if err != nil {
		return nil, err
	}
	o, j := c.directory.Organization(), c.directory.Job(a.Job)
	values := map[string]personal.Plain{
		"candidate.first_name": known[candidate.FirstName], "candidate.last_name": known[candidate.LastName],
		"candidate.full_name": personal.Plain(strings.TrimSpace(string(known[candidate.FirstName]) + " " + string(known[candidate.LastName]))),
		"job.title":           personal.Plain(j.Details.Title), "job.position": personal.Plain(j.Details.Position), "job.location": personal.Plain(j.Details.Location),
		"organization.name": personal.Plain(o.Name), "today": personal.Plain(c.stamp(caller, time.Time{}).At.Format(time.DateOnly)),
		"stage.name": personal.Plain(j.Shown(a.Stage)),
	}
	if o.Settings.SelfTracking && c.pageURL != "" {
		values["page.url"] = personal.Plain(c.pageURL)
	}
	if member := caller.Actor.MemberID(); member != "" {
		name, err := c.reveal(ctx, c.directory.Member(member).Name)
		if err != nil {
			return nil, err
		}
		values["sender.name"] = personal.Plain(name)
	}
	return values, nil
}
