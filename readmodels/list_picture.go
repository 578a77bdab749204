package readmodels

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
)

// fillPictures says which listed applications are of somebody with a picture, where
// the member may view the profile at now and nothing is masked.
func (l list) fillPictures(ctx context.Context, items []ListedApplication, now time.Time) error {
	at, ids := map[string]*ListedApplication{}, []string(nil)
	for i := range items {
		if a := &items[i]; a.CandidateID != nil && !a.Masked {
			at[a.ID], ids = a, append(ids, a.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	v, err := sightOf(ctx, l.tx, l.reach.schema, l.reach.member, now)
	if err != nil {
		return err
	}
	q := new(statement)
	rows, err := l.tx.Query(ctx, fmt.Sprintf(`
		SELECT a.application_id::text, p.picture::text
		FROM %s a JOIN %s p ON p.candidate_id = a.candidate_id AND p.picture IS NOT NULL
		WHERE a.application_id = ANY (%s::uuid[]) AND %s`,
		v.schema.Table("applications"), v.schema.Table("people"), q.arg(ids), v.holds(q, "a", access.Profile)), q.args...)
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
