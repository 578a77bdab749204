package readmodels

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
)

// fillPictures says which listed applications are of somebody with a picture, where
// the member may view the profile and nothing is masked.
func (l list) fillPictures(ctx context.Context, items []ListedApplication) error {
	at, ids := map[string]*ListedApplication{}, []uuid.UUID(nil)
	for i := range items {
		a := &items[i]
		if job, id := uuid.MustParse(a.Job.ID), uuid.MustParse(a.ID); a.CandidateID != nil && !a.Masked && l.reach.views(access.Profile, job, id) {
			at[a.ID], ids = a, append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	q, s := new(statement), l.reach.schema
	rows, err := l.tx.Query(ctx, fmt.Sprintf(`
		SELECT a.application_id::text, p.picture::text
		FROM %s a JOIN %s p ON p.candidate_id = a.candidate_id AND p.picture IS NOT NULL
		WHERE a.application_id = ANY (%s)`,
		s.Table("applications"), s.Table("people"), q.arg(uuids(ids))), q.args...)
	if err != nil {
		return err
	}
	var id, picture string
	_, err = pgx.ForEachRow(rows, []any{&id, &picture}, func() error {
		at[id].PictureID = new(picture)
		return nil
	})
	return err
}
