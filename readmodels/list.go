package readmodels

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

// Limits of lists.
const (
	DefaultLimit = 50
	MaxLimit     = 200
	// MaxSorted is the most applications that are sorted by name.
	MaxSorted = 1000
	// MaxCounted is where the count of a list across jobs stops.
	MaxCounted = 1000
)

// Sort is what a list is ordered by. Every order ends with the id.
type Sort string

// The orders of the application list.
const (
	ByReceived Sort = "received"
	ByChanged  Sort = "changed"
	ByName     Sort = "name"
)

// ListQuery chooses applications: those that answer to every filter that is
// set.
type ListQuery struct {
	Jobs         []string              // any of them
	Stages       []string              // any of them
	Outcomes     []application.Outcome // any of them
	AnyTags      []string              // at least one of them
	AllTags      []string              // each of them
	Priority     *bool
	KnockedOut   *bool    // an answer to the form flags it
	Unread       *bool    // there are comments they have not read, or messages nobody took care of
	Sources      []string // any of them
	Owner        string   // member responsible
	ReceivedFrom *time.Time
	ReceivedTo   *time.Time // exclusive
	ChangedFrom  *time.Time
	ChangedTo    *time.Time // exclusive
	// Text is words, each of which begins a word of the name or is the e-mail
	// address.
	Text      personal.Plain
	Sort      Sort // default ByReceived
	Ascending bool // default newest first; by name, Z first
	Limit     int  // 1 to MaxLimit; 0 = DefaultLimit
	Cursor    string
}

// ApplicationPage is a page of the application list.
type ApplicationPage struct {
	Items       []ListedApplication `json:"items" doc:"The applications, in order"`
	NextCursor  *string             `json:"next_cursor" doc:"Where the next page begins; null on the last one"`
	HasMore     bool                `json:"has_more" doc:"Whether there is a next page"`
	Total       int                 `json:"total" doc:"How many applications answer the filters"`
	TotalCapped bool                `json:"total_capped" doc:"There are more than total says; only the count for a single job is always exact"`
}

// ListedApplication is one row of the application list.
type ListedApplication struct {
	ID          string              `json:"id" format:"uuid"`
	Revision    int64               `json:"revision" doc:"Of the application; for If-Match"`
	CandidateID *string             `json:"candidate_id" format:"uuid" doc:"The person; null once the application is anonymised, or masked"`
	FirstName   *personal.Plain     `json:"first_name" doc:"Null if absent, erased or masked"`
	LastName    *personal.Plain     `json:"last_name" doc:"Null if absent, erased or masked"`
	Email       *personal.Plain     `json:"email" doc:"Null if absent, erased or masked"`
	PictureID   *string             `json:"picture_id" format:"uuid" doc:"There is a picture, at …/picture of the application; another id is another one. Null if there is none, or not for you"`
	Job         JobRef              `json:"job"`
	Stage       StageRef            `json:"stage"`
	StageSince  time.Time           `json:"stage_since" doc:"When it entered the stage"`
	Outcome     application.Outcome `json:"outcome" enum:"in_progress,hired,rejected,withdrawn,transferred"`
	Reason      *Label              `json:"reason" doc:"Of the disqualification in force"`
	Priority    bool                `json:"priority"`
	KnockedOut  bool                `json:"knocked_out" doc:"An answer to the application form flags it; a person decides"`
	Source      string              `json:"source" doc:"Channel it came by"`
	Owner       *MemberRef          `json:"owner" doc:"The member responsible"`
	Unread      *int                `json:"unread_comments" doc:"How many comments you have not read; null without the right to view comments"`
	Messages    *int                `json:"open_messages" doc:"How many messages came in that nobody took care of; null without the right to view messages"`
	Tags        []Label             `json:"tags" nullable:"true" doc:"Null without the right to see them"`
	ReceivedAt  time.Time           `json:"received_at"`
	ChangedAt   time.Time           `json:"changed_at"`
	// Another is the warning; what the others are, the profile says.
	Another    bool   `json:"another_application" doc:"The person has another application"`
	Anonymised bool   `json:"anonymised"`
	Masked     bool   `json:"masked" doc:"Personal fields are hidden from you"`
	URL        string `json:"url" doc:"Stable address of the application; opening it takes the right to view it"`
}

// JobRef names a job.
type JobRef struct {
	ID    string `json:"id" format:"uuid"`
	Title string `json:"title"`
}

// Applications returns a page of the applications that member sees at now.
// Errors: ErrQuery, ErrCursor, ErrTooManyToSort.
func (c *Core) Applications(ctx context.Context, member string, q ListQuery, now time.Time) (ApplicationPage, error) {
	q, after, err := q.checked(c.vault)
	if err != nil {
		return ApplicationPage{}, err
	}
	page := ApplicationPage{Items: []ListedApplication{}}
	err = c.snapshot(ctx, "list applications", func(tx pgx.Tx, s Schema) error {
		r, err := reachOf(ctx, tx, s, member, now, q.Jobs)
		if err != nil || r.role == "" {
			return err
		}
		l := list{tx: tx, reach: r, query: q, after: after}
		if q.Text != "" {
			l.terms = c.vault.TermsOfQuery(q.Text)
		}
		if err := c.applications(ctx, l, &page); err != nil {
			return err
		}
		if err := l.fillPictures(ctx, page.Items); err != nil {
			return err
		}
		return l.fillCounts(ctx, page.Items)
	})
	return page, err
}

func (c *Core) applications(ctx context.Context, l list, page *ApplicationPage) error {
	if l.query.Sort == ByName {
		return c.byName(ctx, l, page)
	}
	if !l.gathers() {
		return c.walked(ctx, l, page, false)
	}
	found, all, err := l.gather(ctx)
	switch {
	case err != nil:
		return err
	case all:
		return c.gathered(ctx, l, page, found)
	}
	return c.walked(ctx, l, page, true)
}

// walked finds a page by an index in the list's order. many says that there are
// known to be more than are counted across jobs.
func (c *Core) walked(ctx context.Context, l list, page *ApplicationPage, many bool) error {
	q := new(statement)
	if err := c.read(ctx, l, page, l.rows(q, l.page(q), l.order("a")), q.args); err != nil {
		return err
	}
	if len(page.Items) > l.query.Limit {
		page.Items = page.Items[:l.query.Limit]
		last := page.Items[l.query.Limit-1]
		at := last.ReceivedAt
		if l.query.Sort == ByChanged {
			at = last.ChangedAt
		}
		if err := c.more(page, l, cursor{at: at, id: uuid.MustParse(last.ID)}); err != nil {
			return err
		}
	}
	limit := l.counted()
	switch {
	case l.after == nil && !page.HasMore:
		page.Total = len(page.Items)
		return nil
	case many && limit > 0:
		page.Total, page.TotalCapped = MaxCounted, true
		return nil
	}
	q = new(statement)
	if err := l.tx.QueryRow(ctx, l.count(q, limit), q.args...).Scan(&page.Total); err != nil {
		return fmt.Errorf("count: %w", err)
	}
	if limit > 0 && page.Total == limit {
		page.Total, page.TotalCapped = MaxCounted, true
	}
	return nil
}

// more says that there is a next page, behind the cursor.
func (c *Core) more(page *ApplicationPage, l list, behind cursor) error {
	next, err := behind.encode(c.vault, l.query.filters())
	page.HasMore, page.NextCursor = true, &next
	return err
}

// read reads what list.rows selects into page.
func (c *Core) read(ctx context.Context, l list, page *ApplicationPage, sql string, args []any) error {
	rows, err := l.tx.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var secret []uuid.UUID
	for rows.Next() {
		item, err := c.listed(l.reach, rows)
		if err != nil {
			return err
		}
		if !item.seen {
			continue
		}
		page.Items = append(page.Items, item.ListedApplication)
		if item.secret {
			secret = append(secret, uuid.MustParse(item.ID))
		}
	}
	if err := rows.Err(); err != nil || len(secret) == 0 {
		return err
	}
	return l.fillAnother(ctx, page.Items, secret)
}

// fillAnother says of listed applications whose persons' other ones are all of
// confidential jobs whether the member sees one of these: they may know of no
// other.
func (l list) fillAnother(ctx context.Context, items []ListedApplication, secret []uuid.UUID) error {
	q, r := new(statement), l.reach
	rows, err := l.tx.Query(ctx, fmt.Sprintf(`
		SELECT DISTINCT a.application_id::text
		FROM %[1]s a JOIN %[1]s o ON o.person_id = a.person_id AND o.application_id <> a.application_id AND o.outcome <> 'transferred'
		WHERE %[2]s AND %[3]s`,
		r.schema.Table("applications"), oneOf(q, "a.application_id", secret), r.sight().holds(q, "o", access.Application)), q.args...)
	if err != nil {
		return err
	}
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for i := range items {
		items[i].Another = items[i].Another || slices.Contains(known, items[i].ID)
	}
	return err
}

// readItem is an application as it was read.
type readItem struct {
	ListedApplication
	seen   bool // the member sees it
	secret bool // the person's other applications are all of confidential jobs
}

// chosen reads applications by their ids, in the order of these.
func (c *Core) chosen(ctx context.Context, l list, page *ApplicationPage, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return nil
	}
	q := new(statement)
	found := "SELECT n.application_id, n.place FROM unnest(" + q.arg(uuids(ids)) + "::uuid[]) WITH ORDINALITY AS n (application_id, place)"
	return c.read(ctx, l, page, l.rows(q, found, "ORDER BY p.place"), q.args)
}

// filters is q without what differs from page to page.
func (q ListQuery) filters() ListQuery {
	q.Cursor, q.Limit = "", 0
	return q
}

// checked returns q with its defaults and its cursor.
func (q ListQuery) checked(v *vault.Vault) (ListQuery, *cursor, error) {
	if q.Sort == "" {
		q.Sort = ByReceived
	}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	switch {
	case q.Sort != ByReceived && q.Sort != ByChanged && q.Sort != ByName:
		return q, nil, ErrQuery.Because("Applications cannot be sorted by %q.", string(q.Sort))
	case q.Limit < 1 || q.Limit > MaxLimit:
		return q, nil, ErrQuery.Because("A page has 1 to %d applications.", MaxLimit)
	case !isID(q.Jobs...), !isID(q.AnyTags...), !isID(q.AllTags...), q.Owner != "" && !isID(q.Owner):
		return q, nil, ErrQuery.Because("Jobs, tags and owners are named by their ids.")
	}
	if q.Cursor == "" {
		return q, nil, nil
	}
	c, err := decodeCursor(v, q.filters(), q.Cursor)
	if err != nil {
		return q, nil, err
	}
	return q, &c, nil
}

// listed reads a row as far as the member may see it, if they see it at all.
func (c *Core) listed(r reach, row pgx.Row) (readItem, error) {
	var a readItem
	var others *bool // there are some, and all are of confidential jobs
	var id, job uuid.UUID
	var candidate string
	var first, last, email, personKey, ownerName, ownerKey []byte
	var reason, reasonLabel, owner *string
	var tags, tagLabels []string
	err := row.Scan(&id, &a.Revision, &candidate, &first, &last, &email, &personKey,
		&job, &a.Job.Title, &a.Stage.ID, &a.Stage.Name, &a.StageSince, &a.Outcome, &reason, &reasonLabel,
		&a.Priority, &a.KnockedOut, &a.Source, &owner, &ownerName, &ownerKey, &tags, &tagLabels,
		&a.ReceivedAt, &a.ChangedAt, &others, &a.Anonymised)
	if err != nil {
		return a, fmt.Errorf("read application: %w", err)
	}
	if a.seen, a.Masked = r.shows(job, id); !a.seen {
		return a, nil
	}
	a.ID, a.Job.ID = id.String(), job.String()
	if others != nil && !a.Masked {
		a.Another = !*others || r.everywhere()
		a.secret = !a.Another
	}
	a.URL = urlOf(a.ID)
	t := newTexts(c.vault, a.ID, a.Masked)
	if !a.Masked && candidate != nobody {
		a.CandidateID = &candidate
		for sealed, to := range map[*[]byte]**personal.Plain{&first: &a.FirstName, &last: &a.LastName, &email: &a.Email} {
			if len(*sealed) > 0 {
				*to = t.opened(*sealed, personKey, a.ID)
			}
		}
	}
	if owner != nil {
		t.members[*owner] = sealedName{ownerName, ownerKey}
		ref := t.member(*owner)
		a.Owner = &ref
	}
	a.Reason = labelled(reason, reasonLabel)
	if r.views(access.Tags, job, id) {
		a.Tags = make([]Label, len(tags))
		for i, id := range tags {
			a.Tags[i] = Label{ID: id, Label: tagLabels[i]}
		}
	}
	a.StageSince, a.ReceivedAt, a.ChangedAt = a.StageSince.UTC(), a.ReceivedAt.UTC(), a.ChangedAt.UTC()
	return a, t.err
}

// labelled is nil without an id.
func labelled(id, label *string) *Label {
	if id == nil {
		return nil
	}
	l := Label{ID: *id}
	if label != nil {
		l.Label = *label
	}
	return &l
}

// list is one call of Applications.
type list struct {
	tx    pgx.Tx
	reach reach
	query ListQuery
	after *cursor
	terms []int64
}

// personal reports whether which applications are in the list depends on
// something that not all who see an application see of it.
func (l list) personal() bool { return l.query.Text != "" || l.tags() }

// tags reports whether the list is filtered by tags, an area of its own.
func (l list) tags() bool { return len(l.query.AnyTags)+len(l.query.AllTags) > 0 }

// everywhere reports whether the list is about all jobs there are. A masked
// viewer gets no answers that depend on what is masked.
func (l list) everywhere() bool {
	return l.reach.everywhere() && (l.reach.role == access.Admin || !l.personal())
}
