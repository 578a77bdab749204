package readmodels

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/internal/vault"
)

// TrackedNotePage is a page of the notes that a candidate sees.
type TrackedNotePage struct {
	Items      []TrackedNote `json:"items" doc:"Newest first"`
	NextCursor *string       `json:"next_cursor" doc:"Where the next page begins; null on the last one"`
	HasMore    bool          `json:"has_more"`
	Total      int           `json:"total" doc:"How many there are on all pages"`
}

// TrackedNotes returns a page of the notes of one of a candidate's own
// applications as they see them at now.
// Errors: ErrNotFound, also while self-tracking is off; ErrQuery, ErrCursor.
func (c *Core) TrackedNotes(ctx context.Context, candidateID, applicationID string, in RemarkQuery, now time.Time) (TrackedNotePage, error) {
	if !isID(candidateID, applicationID) {
		return TrackedNotePage{}, ErrNotFound
	}
	return c.trackedNotes(ctx, in, func(tx pgx.Tx, s Schema) (tracked, error) {
		return openOwn(ctx, tx, s, candidateID, applicationID, now)
	})
}

// TrackedNotesPreview returns a page of the notes on the candidate's page of an
// application, as far as member may see it at now.
// Errors: ErrNotFound, also while self-tracking is off; ErrMayNotView, ErrQuery,
// ErrCursor.
func (c *Core) TrackedNotesPreview(ctx context.Context, member, applicationID string, in RemarkQuery, now time.Time) (TrackedNotePage, error) {
	return c.trackedNotes(ctx, in, func(tx pgx.Tx, s Schema) (tracked, error) {
		v, err := c.openPreview(ctx, tx, s, member, applicationID, now)
		if err == nil && !v.notes {
			err = ErrMayNotView
		}
		return v, err
	})
}

func (c *Core) trackedNotes(ctx context.Context, in RemarkQuery, open func(pgx.Tx, Schema) (tracked, error)) (page TrackedNotePage, err error) {
	err = c.snapshot(ctx, "notes of the candidate", func(tx pgx.Tx, s Schema) error {
		v, err := open(tx, s)
		if err != nil {
			return err
		}
		after, err := in.after(c.vault, trackedList(v.application.ID))
		if err != nil {
			return err
		}
		line := lineOf(v.application, v.before)
		notes := remarkRows{limit: in.Limit, after: after}
		b := new(pgx.Batch)
		notes.queueTracked(b, s, line)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		notes.cut()
		var documents documentRows
		b = new(pgx.Batch)
		documents.queue(b, s, line, v.documents(s)+" AND note_id = ANY ($6::uuid[])", append(v.documentArgs(), notes.ids())...)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		t := textsOf(c.vault, line, v.masked)
		notes.wantTexts(t)
		documents.want(t)
		if err := t.loadNow(ctx, tx, s); err != nil {
			return err
		}
		page.Items = notes.tracked(documents.shown(t), t)
		page.Total, page.HasMore = notes.noteTotal, notes.moreNotes
		if page.NextCursor, err = notes.nextTracked(c.vault, v.application.ID); err != nil {
			return err
		}
		return t.err
	})
	return page, err
}

// trackedList is what the cursors of a candidate's notes belong to.
func trackedList(applicationID string) remarkList {
	return remarkList{"notes of the candidate", applicationID}
}

// queueTracked queues the reading of the notes of some applications that their
// candidate sees.
func (r *remarkRows) queueTracked(b *pgx.Batch, s Schema, applications []string) {
	seen := func(q *statement) string {
		return ofLine(q, applications) + " AND (visible OR author = " + q.arg(domain.Candidate) + ")"
	}
	q := new(statement)
	queueRows(b, s, Notes(), &r.notes, seen(q)+r.page(q, "note_id"), q.args...)
	q = new(statement)
	b.Queue("SELECT count(*) FROM "+s.Table("notes")+" WHERE "+seen(q), q.args...).QueryRow(func(row pgx.Row) error {
		return row.Scan(&r.noteTotal)
	})
}

// wantTexts names what the notes say; who wrote them the candidate is not told.
func (r *remarkRows) wantTexts(t *texts) {
	for _, n := range r.notes {
		t.want(n.Text)
	}
}

// tracked are the notes as the candidate sees them, with those of the documents
// that are their files.
func (r *remarkRows) tracked(documents []Document, t *texts) []TrackedNote {
	attached := map[string][]TrackedNoteFiles{}
	for _, d := range documents {
		if d.NoteID == nil {
			continue
		}
		for _, version := range d.Versions {
			attached[*d.NoteID] = append(attached[*d.NoteID], TrackedNoteFiles{ID: d.ID, Files: version.Files})
		}
	}
	shown := make([]TrackedNote, len(r.notes))
	for i, n := range r.notes {
		shown[i] = TrackedNote{
			ID: n.ID, Own: n.Author == domain.Candidate, Text: t.text(n.Text), At: n.At, Deleted: n.Deleted, Documents: orEmpty(attached[n.ID]),
		}
	}
	return shown
}

// nextTracked returns where the candidate's notes go on, nil if they do not.
func (r *remarkRows) nextTracked(v *vault.Vault, applicationID string) (*string, error) {
	if !r.moreNotes {
		return nil, nil
	}
	last := r.notes[len(r.notes)-1]
	return trackedList(applicationID).next(v, last.At, last.ID)
}
