package readmodels

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// MaxCards is the most cards of a column on one page.
const MaxCards = 50

// PipelineQuery chooses what of a job's pipeline is shown. Of its list query the
// filters count, the sort by time, and the cursor of one column.
type PipelineQuery struct {
	Job   string
	Stage string // one column alone; a cursor needs it
	ListQuery
}

// Pipeline is the live applications of a job, by stage.
type Pipeline struct {
	Job     JobRef           `json:"job"`
	Columns []PipelineColumn `json:"columns" doc:"The stages of the plan, in order; then removed ones that still hold something"`
}

// PipelineColumn is a stage with its live applications.
type PipelineColumn struct {
	Stage      JobStage       `json:"stage"`
	Removed    bool           `json:"removed" doc:"The stage is not in the plan any more; what is in it is on its way to another"`
	Total      int            `json:"total" doc:"How many live applications in the stage answer the filters"`
	Items      []PipelineCard `json:"items"`
	NextCursor *string        `json:"next_cursor" doc:"Where the next page of the column begins, with its stage_id; null on the last one"`
	HasMore    bool           `json:"has_more"`
}

// PipelineCard is a live application in its column.
type PipelineCard struct {
	ID          string          `json:"id" format:"uuid"`
	Revision    int64           `json:"revision" doc:"Of the application; for If-Match"`
	CandidateID *string         `json:"candidate_id" format:"uuid" doc:"The person; null when masked"`
	FirstName   *personal.Plain `json:"first_name" doc:"Null if absent, erased or masked"`
	LastName    *personal.Plain `json:"last_name" doc:"Null if absent, erased or masked"`
	PictureID   *string         `json:"picture_id" format:"uuid" doc:"There is a picture, at …/picture of the application; another id is another one. Null if there is none, or not for you"`
	Priority    bool            `json:"priority"`
	KnockedOut  bool            `json:"knocked_out" doc:"An answer to the application form flags it; a person decides"`
	Owner       *MemberRef      `json:"owner" doc:"The member responsible"`
	Tags        []Label         `json:"tags" nullable:"true" doc:"Null without the right to see them"`
	ReceivedAt  time.Time       `json:"received_at"`
	ChangedAt   time.Time       `json:"changed_at"`
	StageSince  time.Time       `json:"stage_since" doc:"When it entered the stage"`
	DueAt       *time.Time      `json:"due_at" doc:"When its time in the stage is over; null if that has no limit"`
	Overdue     bool            `json:"overdue" doc:"It is longer in the stage than it should be"`
	Unread      *int            `json:"unread_comments" doc:"How many comments you have not read; null without the right to view comments"`
	Rating      *Rating         `json:"rating" doc:"Null without the right to view evaluations"`
	Notes       []CardNote      `json:"notes" nullable:"true" doc:"The newest two that were not deleted; null without the right to view notes"`
	Another     bool            `json:"another_application" doc:"The person has another application"`
	Masked      bool            `json:"masked" doc:"Personal fields are hidden from you"`
	URL         string          `json:"url" doc:"Stable address of the application; opening it takes the right to view it"`
}

// CardNote is a note on a card.
type CardNote struct {
	ID      string          `json:"id" format:"uuid"`
	By      By              `json:"by"`
	At      time.Time       `json:"at"`
	Text    *personal.Plain `json:"text" doc:"Null if erased"`
	Visible bool            `json:"visible" doc:"Whether the candidate sees it"`
}

// Pipeline returns the live applications of a job that member sees at now, by
// stage. Errors: ErrNotFound for a job they may not know of; ErrQuery, ErrCursor.
func (c *Core) Pipeline(ctx context.Context, member string, p PipelineQuery, now time.Time) (Pipeline, error) {
	q := p.ListQuery
	q.Jobs, q.Outcomes, q.Stages = []string{p.Job}, []application.Outcome{application.InProgress}, nil
	if p.Stage != "" {
		q.Stages = []string{p.Stage}
	}
	switch {
	case !isID(p.Job):
		return Pipeline{}, ErrNotFound
	case q.Sort == ByName, q.Limit < 1, q.Limit > MaxCards:
		return Pipeline{}, ErrQuery.Because("A column has 1 to %d cards, sorted by time.", MaxCards)
	case q.Cursor != "" && p.Stage == "":
		return Pipeline{}, ErrQuery.Because("A cursor belongs to one column; name its stage.")
	}
	q, after, err := q.checked(c.vault)
	if err != nil {
		return Pipeline{}, err
	}
	var shown Pipeline
	err = c.snapshot(ctx, "pipeline", func(tx pgx.Tx, s Schema) error {
		v, err := sightOf(ctx, tx, s, member, now)
		if err != nil {
			return err
		}
		known, b := new(statement), new(pgx.Batch)
		var jobs []JobRow
		queueRows(b, s, Jobs(), &jobs, "job_id = "+known.arg(p.Job)+" AND "+v.knows(known, "jobs"), known.args...)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		if len(jobs) == 0 {
			return ErrNotFound
		}
		r, err := reachOf(ctx, tx, s, member, now, q.Jobs)
		if err != nil {
			return err
		}
		l := list{tx: tx, reach: r, query: q, after: after}
		if q.Text != "" {
			l.terms = c.vault.TermsOfQuery(q.Text)
		}
		shown, err = c.pipeline(ctx, l, v, jobs[0])
		return err
	})
	return shown, err
}

func (c *Core) pipeline(ctx context.Context, l list, v sight, j JobRow) (Pipeline, error) {
	p := Pipeline{Job: JobRef{ID: j.ID, Title: j.Title}, Columns: []PipelineColumn{}}
	totals, err := l.byStage(ctx)
	if err != nil {
		return p, err
	}
	asked := func(id string) bool { return len(l.query.Stages) == 0 || l.query.Stages[0] == id }
	for i, s := range append(stagesOf(j.Stages.V), stagesOf(j.Removed.V)...) {
		removed := i >= len(j.Stages.V)
		if asked(s.ID) && (!removed || totals[s.ID] > 0) {
			p.Columns = append(p.Columns, PipelineColumn{Stage: s, Removed: removed, Total: totals[s.ID], Items: []PipelineCard{}})
		}
	}
	if len(p.Columns) == 0 {
		return p, nil
	}
	cards, err := c.cards(ctx, l, p.Columns, v.now)
	if err != nil {
		return p, err
	}
	for i := range p.Columns {
		if err := c.fillColumn(l, &p.Columns[i], cards[p.Columns[i].Stage.ID], v.now); err != nil {
			return p, err
		}
	}
	if err := l.rate(ctx, v, p.Columns); err != nil {
		return p, err
	}
	return p, c.notesOf(ctx, l, v, p.Columns)
}

// byStage counts what answers the filters, by stage.
func (l list) byStage(ctx context.Context) (map[string]int, error) {
	q := new(statement)
	rows, err := l.tx.Query(ctx, "SELECT a.stage, count(*) FROM "+l.reach.schema.Table("applications")+" a WHERE "+l.scoped(q)+l.filters(q)+" GROUP BY a.stage", q.args...)
	if err != nil {
		return nil, err
	}
	totals := map[string]int{}
	var stage string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&stage, &n}, func() error { totals[stage] = n; return nil })
	return totals, err
}

// cards reads the first applications of each column, and one more, in one
// statement.
func (c *Core) cards(ctx context.Context, l list, columns []PipelineColumn, now time.Time) (map[string][]ListedApplication, error) {
	q := new(statement)
	var finds []string
	for _, column := range columns {
		if column.Total == 0 {
			continue
		}
		of := l
		of.query.Stages = []string{column.Stage.ID}
		finds = append(finds, "("+of.page(q)+")")
	}
	if len(finds) == 0 {
		return nil, nil
	}
	var page ApplicationPage
	if err := c.read(ctx, l, &page, l.rows(q, strings.Join(finds, "\n\t\tUNION ALL\n\t\t"), l.order("a")), q.args); err != nil {
		return nil, err
	}
	if err := l.fillCounts(ctx, page.Items); err != nil {
		return nil, err
	}
	if err := l.fillPictures(ctx, page.Items); err != nil {
		return nil, err
	}
	cards := map[string][]ListedApplication{}
	for _, a := range page.Items {
		cards[a.Stage.ID] = append(cards[a.Stage.ID], a)
	}
	return cards, nil
}

// fillColumn puts the cards of a page into a column.
func (c *Core) fillColumn(l list, column *PipelineColumn, found []ListedApplication, now time.Time) error {
	if len(found) > l.query.Limit {
		found = found[:l.query.Limit]
		last := found[len(found)-1]
		at := last.ReceivedAt
		if l.query.Sort == ByChanged {
			at = last.ChangedAt
		}
		of := l.query
		of.Stages = []string{column.Stage.ID}
		next, err := cursor{at: at, id: uuid.MustParse(last.ID)}.encode(c.vault, of.filters())
		if err != nil {
			return err
		}
		column.HasMore, column.NextCursor = true, &next
	}
	for _, a := range found {
		card := PipelineCard{
			ID: a.ID, Revision: a.Revision, CandidateID: a.CandidateID, FirstName: a.FirstName, LastName: a.LastName, PictureID: a.PictureID, Priority: a.Priority,
			KnockedOut: a.KnockedOut, Owner: a.Owner, Tags: a.Tags, ReceivedAt: a.ReceivedAt, ChangedAt: a.ChangedAt, StageSince: a.StageSince,
			Another: a.Another, Masked: a.Masked, URL: a.URL, Unread: a.Unread,
		}
		if column.Stage.LimitDays != nil {
			due := a.StageSince.AddDate(0, 0, *column.Stage.LimitDays)
			card.DueAt, card.Overdue = &due, now.After(due)
		}
		column.Items = append(column.Items, card)
	}
	return nil
}

// cardsWith returns the cards of which the member may view an area.
func (l list) cardsWith(area access.Area, columns []PipelineColumn) (map[uuid.UUID]*PipelineCard, error) {
	job, err := uuid.Parse(l.query.Jobs[0])
	cards := map[uuid.UUID]*PipelineCard{}
	for i := range columns {
		for k := range columns[i].Items {
			card := &columns[i].Items[k]
			if id := uuid.MustParse(card.ID); l.reach.views(area, job, id) {
				cards[id] = card
			}
		}
	}
	return cards, err
}

// rate adds how members rate them to the cards of which the member may view
// evaluations.
func (l list) rate(ctx context.Context, v sight, columns []PipelineColumn) error {
	cards, err := l.cardsWith(access.Evaluations, columns)
	if err != nil || len(cards) == 0 {
		return err
	}
	rows, err := l.tx.Query(ctx, "SELECT application_id, member_id::text, rating FROM "+v.schema.Table("ratings")+" WHERE application_id = ANY ($1)", uuids(keysOf(cards)))
	if err != nil {
		return err
	}
	found := map[uuid.UUID][]RatingRow{}
	var id uuid.UUID
	var r RatingRow
	_, err = pgx.ForEachRow(rows, []any{&id, &r.Member, &r.Rating}, func() error {
		found[id] = append(found[id], r)
		return nil
	})
	for id, card := range cards {
		sum := rated(found[id], v.member)
		card.Rating = &sum
	}
	return err
}

// notesOf adds the newest notes to the cards of which the member may view notes.
func (c *Core) notesOf(ctx context.Context, l list, v sight, columns []PipelineColumn) error {
	cards, err := l.cardsWith(access.Notes, columns)
	if err != nil {
		return err
	}
	for id, card := range cards {
		if card.Masked {
			delete(cards, id)
			continue
		}
		card.Notes = []CardNote{}
	}
	if len(cards) == 0 {
		return nil
	}
	s := v.schema
	rows, err := l.tx.Query(ctx, `
		SELECT a.application_id, n.note_id, n.author, n.text, n.visible, n.at, k.wrapped
		FROM unnest($1::uuid[]) a (application_id)
		CROSS JOIN LATERAL (
			SELECT note_id, author, text, visible, at FROM `+s.Table("notes")+`
			WHERE application_id = a.application_id AND NOT deleted ORDER BY at DESC, note_id LIMIT 2) n
		LEFT JOIN vault.keys k ON k.key_id = n.note_id AND k.owner = a.application_id
		ORDER BY n.at DESC, n.note_id`, uuids(keysOf(cards)))
	if err != nil {
		return err
	}
	type found struct {
		note   CardNote
		card   *PipelineCard
		author domain.Actor
	}
	var notes []found
	names := newTexts(c.vault, "", false)
	var id uuid.UUID
	var n CardNote
	var author domain.Actor
	var text, wrapped []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &n.ID, &author, &text, &n.Visible, &n.At, &wrapped}, func() error {
		note := n
		note.At = n.At.UTC()
		if len(text) > 0 {
			note.Text = names.opened(text, wrapped, id.String())
		}
		names.wantBy(author)
		notes = append(notes, found{note: note, card: cards[id], author: author})
		return nil
	})
	if err != nil {
		return err
	}
	if err := names.loadNow(ctx, l.tx, s); err != nil {
		return err
	}
	for _, n := range notes {
		n.note.By = names.by(n.author)
		n.card.Notes = append(n.card.Notes, n.note)
	}
	return names.err
}
