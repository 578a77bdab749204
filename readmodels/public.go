package readmodels

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/job"
)

// PublicJob is an open job as anybody may see it.
type PublicJob struct {
	ID       string    `json:"id" format:"uuid"`
	Title    string    `json:"title"`
	Position string    `json:"position"`
	Location string    `json:"location"`
	OpenedAt time.Time `json:"opened_at"`
}

// PublicJobDetails are all that anybody may see of an open job.
type PublicJobDetails struct {
	PublicJob
	Description string         `json:"description" doc:"Text of the advertisement"`
	Openings    int            `json:"openings" doc:"How many people are sought"`
	Questions   []FormQuestion `json:"questions" doc:"Of the application form, in order"`
}

// PublicPage is a page of open jobs.
type PublicPage struct {
	Items      []PublicJob `json:"items" doc:"The jobs, newest first"`
	NextCursor *string     `json:"next_cursor" doc:"Where the next page begins; null on the last one"`
	HasMore    bool        `json:"has_more" doc:"Whether there is a next page"`
}

// isPublic is a condition: anybody may see the job.
const isPublic = "status = 'open' AND NOT confidential"

func (r JobRow) public() PublicJob {
	return PublicJob{ID: r.ID, Title: r.Title, Position: r.Position, Location: r.Location, OpenedAt: r.OpenedAt}
}

// PublicJobs returns a page of the open jobs that are not confidential, newest
// first. Errors: ErrQuery, ErrCursor.
func (c *Core) PublicJobs(ctx context.Context, limit int, after string) (PublicPage, error) {
	page := PublicPage{Items: []PublicJob{}}
	if limit < 1 || limit > MaxLimit {
		return page, ErrQuery.Because("A page has 1 to %d jobs.", MaxLimit)
	}
	query, where, args := []string{"public jobs"}, isPublic, []any{limit + 1}
	if after != "" {
		behind, err := decodeCursor(c.vault, query, after)
		if err != nil {
			return page, err
		}
		where, args = where+" AND (opened_at, job_id) < ($2, $3)", append(args, behind.at, behind.id)
	}
	err := c.snapshot(ctx, "public jobs", func(tx pgx.Tx, s Schema) error {
		b := new(pgx.Batch)
		var rows []JobRow
		queueRows(b, s, Jobs(), &rows, where+" ORDER BY opened_at DESC, job_id DESC LIMIT $1", args...)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		if len(rows) > limit {
			rows = rows[:limit]
			last := rows[limit-1]
			next, err := cursor{at: last.OpenedAt, id: uuid.MustParse(last.ID)}.encode(c.vault, query)
			if err != nil {
				return err
			}
			page.HasMore, page.NextCursor = true, &next
		}
		for _, r := range rows {
			page.Items = append(page.Items, r.public())
		}
		return nil
	})
	return page, err
}

// PublicJob returns an open job that is not confidential. Errors: ErrNotFound.
func (c *Core) PublicJob(ctx context.Context, id string) (PublicJobDetails, error) {
	var shown PublicJobDetails
	if !isID(id) {
		return shown, ErrNotFound
	}
	err := c.snapshot(ctx, "public job", func(tx pgx.Tx, s Schema) error {
		r, err := one(ctx, tx, s, Jobs(), "job_id", id)
		switch {
		case err != nil:
			return err
		case r.Status != job.Open || r.Confidential:
			return ErrNotFound
		}
		shown = PublicJobDetails{PublicJob: r.public(), Description: r.Description, Openings: r.Openings, Questions: []FormQuestion{}}
		for _, q := range questionsOf(r.Questions.V) {
			shown.Questions = append(shown.Questions, q.FormQuestion)
		}
		return nil
	})
	return shown, err
}
