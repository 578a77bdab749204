package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/readmodels"
)

// question asks one query with its parameters for a member, and says what it
// found: what is not the same for two members who see the same is no part of it.
type question func(ctx context.Context, member string) (found []string, err error)

// usualQuery is one of those that are asked most.
type usualQuery struct {
	name string
	// pick returns the query with parameters of its own.
	pick func(ctx context.Context, p *picker) (question, error)
}

// picker picks what is asked about: applications at random, so popular jobs,
// stages and tags more often.
type picker struct {
	core  *readmodels.Core
	r     *rand.Rand
	now   time.Time
	admin string

	applications []pickedApplication
	tagged       []pickedApplication // of these those with a tag
	sortable     []pickedApplication // of these those of jobs that can be sorted by name
	files        []string
}

// pickedApplication is what is known of an application that is asked about.
type pickedApplication struct {
	id, job, stage, owner string
	tags                  []string
	inJob                 int // applications of the job
}

func pick[E any](p *picker, from []E) E { return from[p.r.IntN(len(from))] }

// some picks an application.
func (p *picker) some() pickedApplication { return pick(p, p.applications) }

// usualQueries are the twenty queries that members ask most: what the pages of
// applications, of the pipeline and of one application are made of.
func usualQueries() []usualQuery {
	list := func(name string, choose func(p *picker) readmodels.ListQuery) usualQuery {
		return usualQuery{name, func(_ context.Context, p *picker) (question, error) { return p.list(choose(p)), nil }}
	}
	one := func(name string, ask func(ctx context.Context, p *picker, member, id string) ([]string, error)) usualQuery {
		return usualQuery{name, func(_ context.Context, p *picker) (question, error) {
			id := p.some().id
			return func(ctx context.Context, member string) ([]string, error) { return ask(ctx, p, member, id) }, nil
		}}
	}
	inProgress := []application.Outcome{application.InProgress}
	return []usualQuery{
		list("list", func(*picker) readmodels.ListQuery { return readmodels.ListQuery{} }),
		list("list, in progress, last changed", func(*picker) readmodels.ListQuery {
			return readmodels.ListQuery{Outcomes: inProgress, Sort: readmodels.ByChanged}
		}),
		list("list, own", func(p *picker) readmodels.ListQuery {
			return readmodels.ListQuery{Owner: p.some().owner, Outcomes: inProgress}
		}),
		list("list, by name", func(p *picker) readmodels.ListQuery {
			first, _ := nameOf(p.r)
			return readmodels.ListQuery{Text: personal.Plain(first)}
		}),
		list("list, by tag", func(p *picker) readmodels.ListQuery {
			return readmodels.ListQuery{AllTags: []string{pick(p, pick(p, p.tagged).tags)}}
		}),
		list("list, of a job", func(p *picker) readmodels.ListQuery {
			return readmodels.ListQuery{Jobs: []string{p.some().job}}
		}),
		{"list, of a job, second page", func(ctx context.Context, p *picker) (question, error) { return p.secondPage(ctx) }},
		list("list, of a stage", func(p *picker) readmodels.ListQuery {
			a := p.some()
			return readmodels.ListQuery{Jobs: []string{a.job}, Stages: []string{a.stage}}
		}),
		list("list, of a job, unread", func(p *picker) readmodels.ListQuery {
			unread := true
			return readmodels.ListQuery{Jobs: []string{p.some().job}, Unread: &unread}
		}),
		list("list, of a job, sorted by name", func(p *picker) readmodels.ListQuery {
			return readmodels.ListQuery{Jobs: []string{pick(p, p.sortable).job}, Sort: readmodels.ByName, Ascending: true}
		}),
		{"pipeline", func(_ context.Context, p *picker) (question, error) {
			return p.columns(readmodels.PipelineQuery{Job: p.some().job, ListQuery: readmodels.ListQuery{Limit: cardsShown}}), nil
		}},
		{"pipeline, a column's next page", func(ctx context.Context, p *picker) (question, error) { return p.column(ctx) }},
		one("profile", profileFound),
		one("timeline", func(ctx context.Context, p *picker, member, id string) ([]string, error) {
			return p.timeline(ctx, member, id, readmodels.TimelineQuery{})
		}),
		one("timeline, of the person", func(ctx context.Context, p *picker, member, id string) ([]string, error) {
			return p.timeline(ctx, member, id, readmodels.TimelineQuery{Person: true})
		}),
		one("tasks", func(ctx context.Context, p *picker, member, id string) ([]string, error) {
			tasks, err := p.core.Tasks(ctx, member, id, p.now)
			return idsOf(tasks, func(t readmodels.Task) string { return string(t.Kind) + t.Application + t.Since.String() }), err
		}),
		one("interviews", func(ctx context.Context, p *picker, member, id string) ([]string, error) {
			interviews, err := p.core.Interviews(ctx, member, id, p.now)
			return idsOf(interviews, func(i readmodels.Interview) string { return i.ID }), err
		}),
		{"file", func(_ context.Context, p *picker) (question, error) {
			id := pick(p, p.files)
			return func(ctx context.Context, member string) ([]string, error) {
				f, err := p.core.File(ctx, member, id, p.now)
				return []string{f.ID, f.DocumentID}, err
			}, nil
		}},
		{"jobs", func(_ context.Context, p *picker) (question, error) {
			return func(ctx context.Context, member string) ([]string, error) {
				jobs, err := p.core.Jobs(ctx, member, p.now)
				return idsOf(jobs, func(j readmodels.Job) string { return j.ID }), err
			}, nil
		}},
		{"job", func(_ context.Context, p *picker) (question, error) {
			id := p.some().job
			return func(ctx context.Context, member string) ([]string, error) {
				j, err := p.core.Job(ctx, member, id, p.now)
				return append([]string{j.ID}, idsOf(j.Team, func(t readmodels.TeamMemberOf) string { return t.Member.ID })...), err
			}, nil
		}},
	}
}

// idsOf returns what tells each of items.
func idsOf[E any](items []E, id func(E) string) []string {
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = id(item)
	}
	return ids
}

// list asks for a page of the list.
func (p *picker) list(q readmodels.ListQuery) question {
	return func(ctx context.Context, member string) ([]string, error) {
		page, err := p.core.Applications(ctx, member, q, p.now)
		found := idsOf(page.Items, func(a readmodels.ListedApplication) string { return a.ID })
		return append(found, strconv.Itoa(page.Total)), err
	}
}

// secondPage asks for the second page of a job's list, or the first one if that
// is all.
func (p *picker) secondPage(ctx context.Context) (question, error) {
	q := readmodels.ListQuery{Jobs: []string{p.some().job}}
	page, err := p.core.Applications(ctx, p.admin, q, p.now)
	if page.NextCursor != nil {
		q.Cursor = *page.NextCursor
	}
	return p.list(q), err
}

// cardsShown is how many cards a column has.
const cardsShown = 20

// column asks for the second page of a column, or the first one if that is all.
func (p *picker) column(ctx context.Context) (question, error) {
	a := p.some()
	q := readmodels.PipelineQuery{Job: a.job, Stage: a.stage, ListQuery: readmodels.ListQuery{Limit: cardsShown}}
	shown, err := p.core.Pipeline(ctx, p.admin, q, p.now)
	for _, c := range shown.Columns {
		if c.NextCursor != nil {
			q.Cursor = *c.NextCursor
		}
	}
	return p.columns(q), err
}

func (p *picker) columns(q readmodels.PipelineQuery) question {
	return func(ctx context.Context, member string) (found []string, err error) {
		shown, err := p.core.Pipeline(ctx, member, q, p.now)
		for _, c := range shown.Columns {
			found = append(found, c.Stage.ID, strconv.Itoa(c.Total))
			for _, card := range c.Items {
				found = append(found, card.ID)
				for _, n := range card.Notes {
					found = append(found, n.ID)
				}
			}
		}
		return found, err
	}
}

func (p *picker) timeline(ctx context.Context, member, id string, q readmodels.TimelineQuery) ([]string, error) {
	page, err := p.core.Timeline(ctx, member, id, q, p.now)
	return idsOf(page.Items, func(e readmodels.TimelineEntry) string { return e.ID }), err
}

// profileFound asks for a profile.
func profileFound(ctx context.Context, p *picker, member, id string) ([]string, error) {
	shown, err := p.core.Profile(ctx, member, id, p.now)
	found := []string{shown.ID, fmt.Sprint(len(shown.Submissions), shown.OthersHidden, shown.Candidate != nil)}
	for _, of := range [][]string{
		idsOf(shown.Tags, func(l readmodels.Label) string { return l.ID }),
		idsOf(shown.Others, func(o readmodels.OtherApplication) string { return o.ID }),
		idsOf(shown.Documents, func(d readmodels.Document) string { return d.ID }),
		idsOf(shown.Notes, func(n readmodels.Note) string { return n.ID }),
		idsOf(shown.Comments, func(c readmodels.Comment) string { return c.ID }),
	} {
		found = append(found, of...)
	}
	return found, err
}
