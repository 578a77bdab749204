package readmodels

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
)

// LinkedApplication is the one an application goes on from, or went on as, when
// it was assigned to another job.
type LinkedApplication struct {
	ID  string  `json:"id" format:"uuid"`
	Job *JobRef `json:"job" doc:"Null of a confidential job that you may not see"`
	URL string  `json:"url" doc:"Opening it takes rights on its own job"`
}

// maxLine bounds how far back what is shown with an application goes.
const maxLine = 50

// before reads the applications that one goes on from, newest first. What is in
// them is shown with it, by the rights on it.
func before(ctx context.Context, tx pgx.Tx, s Schema, a ApplicationRow) ([]ApplicationRow, error) {
	var line []ApplicationRow
	for from := a.From; from != nil && len(line) < maxLine; {
		row, err := applicationRow(ctx, tx, s, *from)
		if errors.Is(err, ErrNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		line = append(line, row)
		from = row.From
	}
	return line, nil
}

// lineOf names an application and those it goes on from.
func lineOf(a ApplicationRow, before []ApplicationRow) []string {
	ids := []string{a.ID}
	for _, b := range before {
		ids = append(ids, b.ID)
	}
	return ids
}

// ids are the applications whose content v shows.
func (v view) ids() []string { return lineOf(v.application, v.before) }

// goesOnFrom reads what v's application goes on from, and lets v.job name the
// stages there, unless the job is confidential and the member does not see it.
func (v *view) goesOnFrom(ctx context.Context, tx pgx.Tx) error {
	var err error
	if v.before, err = before(ctx, tx, v.schema, v.application); err != nil {
		return err
	}
	for _, b := range v.before {
		job, err := one(ctx, tx, v.schema, Jobs(), "job_id", b.Job)
		if err != nil {
			return err
		}
		if job.Confidential {
			held, _, err := rightsOn(ctx, tx, v.schema, v.member, b.Job, &b.ID, v.now)
			if err != nil {
				return err
			}
			if held.Area(access.Application) < access.View {
				continue
			}
		}
		v.job.Removed.V = slices.Concat(v.job.Removed.V, job.Stages.V, job.Removed.V)
	}
	return nil
}

// queueLinks queues the reading of the applications before and behind v's.
func (v view) queueLinks(b *pgx.Batch, p *Profile) {
	for id, to := range map[*string]**LinkedApplication{v.application.From: &p.GoesOnFrom, v.application.To: &p.WentOnAs} {
		if id == nil {
			continue
		}
		q := new(statement)
		sql := fmt.Sprintf(`
			SELECT o.application_id, o.job_id, job.title, NOT job.confidential OR %s
			FROM %s o JOIN %s job ON job.job_id = o.job_id WHERE o.application_id = %s`,
			v.holds(q, "o", access.Application), v.schema.Table("applications"), v.schema.Table("jobs"), q.arg(*id))
		b.Queue(sql, q.args...).Query(func(rows pgx.Rows) error {
			var l LinkedApplication
			var job JobRef
			var known bool
			_, err := pgx.ForEachRow(rows, []any{&l.ID, &job.ID, &job.Title, &known}, func() error {
				if known {
					l.Job = &job
				}
				l.URL = urlOf(l.ID)
				*to = &l
				return nil
			})
			return err
		})
	}
}

// urlOf is the address of an application, below that of the installation. It
// never changes; opening it asks for rights.
func urlOf(applicationID string) string { return "/v1/applications/" + applicationID }

// lastOf returns the application that one goes on as now, or itself.
func lastOf(ctx context.Context, tx pgx.Tx, s Schema, id string) (ApplicationRow, error) {
	a, err := applicationRow(ctx, tx, s, id)
	if err != nil {
		return a, err
	}
	return wentOn(ctx, tx, s, a)
}

// wentOn follows an application to the one that goes on from it now.
func wentOn(ctx context.Context, tx pgx.Tx, s Schema, a ApplicationRow) (ApplicationRow, error) {
	for n := 0; a.Outcome == application.OutcomeTransferred && a.To != nil && n < maxLine; n++ {
		next, err := applicationRow(ctx, tx, s, *a.To)
		if err != nil {
			return a, err
		}
		a = next
	}
	return a, nil
}
