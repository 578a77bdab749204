package readmodels

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// InterviewWhen is when an interview is.
type InterviewWhen struct {
	Start    string    `json:"start" doc:"Date and time of day by the clocks of the zone"`
	Zone     string    `json:"zone" doc:"IANA time zone"`
	Minutes  int       `json:"minutes"`
	StartsAt time.Time `json:"starts_at" doc:"The instant of the start, as clocks are known to be now"`
	EndsAt   time.Time `json:"ends_at"`
}

// Interview is an interview as members see it.
type Interview struct {
	ID            string                      `json:"id" format:"uuid"`
	ApplicationID string                      `json:"application_id" format:"uuid"`
	Status        application.InterviewStatus `json:"status" enum:"today,upcoming,expired,completed,no_show,cancelled"`
	InterviewWhen
	Title       *personal.Plain  `json:"title" doc:"Null if erased or masked"`
	Description *personal.Plain  `json:"description" doc:"Null if absent, erased or masked"`
	Place       *personal.Plain  `json:"place" doc:"Null if absent, erased or masked"`
	Link        *personal.Plain  `json:"link" doc:"Null if absent, erased or masked"`
	Organiser   MemberRef        `json:"organiser"`
	Members     []Participant    `json:"participants"`
	Candidate   *InterviewAnswer `json:"candidate_answer" doc:"Null while there is none"`
	Slots       []string         `json:"slots" doc:"Other starts that are offered to the candidate"`
	RoleID      *string          `json:"recruiting_role_id" format:"uuid" doc:"That participants hold on the application"`
	FormID      *string          `json:"form_id" format:"uuid" doc:"Evaluation form by which participants evaluate it"`
	Visible     bool             `json:"candidate_visible" doc:"Whether the candidate's page shows it"`
	Recorded    bool             `json:"recorded_afterwards"`
	Reason      *personal.Plain  `json:"reason" doc:"Of the cancellation; null if absent, erased or masked"`
	ScheduledAt time.Time        `json:"scheduled_at"`
	ScheduledBy By               `json:"scheduled_by"`
	SettledAt   *time.Time       `json:"settled_at" doc:"When it was completed, missed or cancelled"`
	Invitation  *Invitation      `json:"invitation" doc:"Of the candidate; null while they are not invited"`
	CalendarID  string           `json:"calendar_id" format:"uuid" doc:"By which calendars know it: its UID without what follows the @"`
	Sequence    int              `json:"sequence" doc:"Of its changes, for calendars"`
	WentOn      bool             `json:"went_on" doc:"Whether it went on with the application, to another job, where it is another one with this calendar_id: here it is cancelled, and in no calendar"`
}

// Invitation says when and by whom somebody was invited.
type Invitation struct {
	At time.Time `json:"at"`
	By By        `json:"by"`
}

// Participant is a member who takes part in an interview.
type Participant struct {
	Member MemberRef        `json:"member"`
	Answer *InterviewAnswer `json:"answer" doc:"Null while there is none"`
}

// InterviewAnswer is what somebody answered to an interview.
type InterviewAnswer struct {
	Answer application.AnswerKind `json:"answer" enum:"accepted,tentative,declined"`
	At     time.Time              `json:"at"`
	By     By                     `json:"by" doc:"Who noted it"`
}

// when is when the interview is. Its zone was checked when it was scheduled.
func (r InterviewRow) when() InterviewWhen {
	starts, ends, _ := r.Time().Span()
	return InterviewWhen{Start: r.Start, Zone: r.Zone, Minutes: r.Minutes, StartsAt: starts.UTC(), EndsAt: ends.UTC()}
}

func (r InterviewRow) want(t *texts) {
	t.want(r.Title, r.Description, r.Place, r.Link, r.Reason)
	t.wantMembers(append(slices.Clip(r.Participants), r.Organiser)...)
	t.wantBy(r.ScheduledBy)
	t.wantBy(r.InvitedBy)
	for _, a := range r.Answers.V {
		t.wantBy(a.By)
	}
}

// status is how the interview stands: it took place when a participant has
// evaluated it, unless somebody says otherwise.
func (r InterviewRow) status(evaluated []string, atEnd bool, now time.Time) application.InterviewStatus {
	state := r.State
	if state == application.InterviewPlanned && slices.Contains(evaluated, r.ID) {
		state = application.InterviewIsOver
	}
	return r.Time().Status(state, atEnd, now)
}

// queueEvaluated queues the reading of which interviews of some applications were
// evaluated by who took part.
func queueEvaluated(b *pgx.Batch, s Schema, applications []string, into *[]string) {
	b.Queue("SELECT interview_id::text FROM "+s.Table("evaluations")+" WHERE application_id = ANY ($1::uuid[]) AND interview_id IS NOT NULL AND submitted > 0 AND NOT deleted", applications).
		Query(func(rows pgx.Rows) (err error) {
			*into, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
}

func (r InterviewRow) shown(evaluated []string, atEnd bool, now time.Time, t *texts) Interview {
	i := Interview{
		ID: r.ID, ApplicationID: r.Application, Status: r.status(evaluated, atEnd, now), InterviewWhen: r.when(),
		Title: t.text(r.Title), Description: t.text(r.Description), Place: t.text(r.Place), Link: t.text(r.Link),
		Organiser: t.member(r.Organiser), Members: []Participant{}, Slots: orEmpty(r.Slots), RoleID: r.Role, FormID: r.Form, Visible: !r.Hidden,
		Recorded: r.Recorded, Reason: t.text(r.Reason), ScheduledAt: r.ScheduledAt, ScheduledBy: t.by(r.ScheduledBy), SettledAt: r.SettledAt,
		CalendarID: r.First, Sequence: r.Sequence, WentOn: r.WentOn,
	}
	if r.InvitedAt != nil {
		i.Invitation = &Invitation{At: *r.InvitedAt, By: t.by(r.InvitedBy)}
	}
	answers := map[string]*InterviewAnswer{}
	for _, a := range r.Answers.V {
		answers[a.Member] = &InterviewAnswer{Answer: a.Answer, At: a.At, By: t.by(a.By)}
	}
	for _, m := range r.Participants {
		i.Members = append(i.Members, Participant{Member: t.member(m), Answer: answers[m]})
	}
	i.Candidate = answers[""]
	return i
}

// inOrder sorts interviews: those of today first, then upcoming ones, soonest
// first, then the others, newest first.
func inOrder[I any](list []I, of func(I) (application.InterviewStatus, time.Time, string)) {
	rank := func(s application.InterviewStatus) int {
		switch s {
		case application.StatusToday:
			return 0
		case application.StatusUpcoming:
			return 1
		case application.StatusExpired, application.StatusCompleted, application.StatusNoShow, application.StatusCancelled:
		}
		return 2
	}
	slices.SortFunc(list, func(a, b I) int {
		as, at, aid := of(a)
		bs, bt, bid := of(b)
		by := cmp.Or(at.Compare(bt), cmp.Compare(aid, bid))
		if rank(as) == 2 {
			by = -by
		}
		return cmp.Or(cmp.Compare(rank(as), rank(bs)), by)
	})
}

// Interviews returns the interviews of an application as member may see them at
// now, today's first. Errors: ErrNotFound, ErrMayNotView.
func (c *Core) Interviews(ctx context.Context, member, applicationID string, now time.Time) ([]Interview, error) {
	list := []Interview{}
	err := c.snapshot(ctx, "interviews", func(tx pgx.Tx, s Schema) error {
		v, err := c.open(ctx, tx, s, member, applicationID, now)
		switch {
		case err != nil:
			return err
		case v.rights.Area(access.Interviews) < access.View:
			return ErrMayNotView
		}
		list, err = c.interviews(ctx, tx, s, v.rights.Masked, now, v.ids(), "application_id = ANY ($1::uuid[])", v.ids())
		return err
	})
	return list, err
}

// interviews reads the interviews of applications for which a condition holds, in their order.
func (c *Core) interviews(ctx context.Context, tx pgx.Tx, s Schema, masked bool, now time.Time, applications []string, where string, args ...any) ([]Interview, error) {
	var rows []InterviewRow
	var settings []SettingsRow
	var evaluated []string
	b := new(pgx.Batch)
	queueRows(b, s, Interviews(), &rows, where, args...)
	queueEvaluated(b, s, applications, &evaluated)
	queueRows(b, s, SettingsTable(), &settings, "true")
	if err := send(ctx, tx, b); err != nil {
		return nil, err
	}
	t := textsOf(c.vault, applications, masked)
	for _, r := range rows {
		r.want(t)
	}
	if err := t.loadNow(ctx, tx, s); err != nil {
		return nil, err
	}
	list := make([]Interview, len(rows))
	for i, r := range rows {
		list[i] = r.shown(evaluated, expiresAtEnd(settings), now, t)
	}
	inOrder(list, func(i Interview) (application.InterviewStatus, time.Time, string) { return i.Status, i.StartsAt, i.ID })
	return list, t.err
}

func expiresAtEnd(settings []SettingsRow) bool {
	return slices.ContainsFunc(settings, func(r SettingsRow) bool { return r.InterviewExpiresAtEnd })
}

// Interview returns one interview as Interviews does.
// Errors: ErrNotFound, ErrMayNotView.
func (c *Core) Interview(ctx context.Context, member, applicationID, interviewID string, now time.Time) (Interview, error) {
	list, err := c.Interviews(ctx, member, applicationID, now)
	if err != nil {
		return Interview{}, err
	}
	i := slices.IndexFunc(list, func(i Interview) bool { return i.ID == interviewID })
	if i < 0 {
		return Interview{}, ErrNotFound
	}
	return list[i], nil
}

// MaxMyInterviews is the most interviews of one member that are listed.
const MaxMyInterviews = 500

// MyInterviews returns the interviews that member takes part in, of the
// applications whose interviews they may view at now, today's first. One that went
// on with its application is there once. Of more than MaxMyInterviews it returns
// those that start last.
func (c *Core) MyInterviews(ctx context.Context, member string, now time.Time) ([]Interview, error) {
	list := []Interview{}
	err := c.snapshot(ctx, "interviews of a member", func(tx pgx.Tx, s Schema) error {
		v, err := sightOf(ctx, tx, s, member, now)
		if err != nil || v.role == "" {
			return err
		}
		q := new(statement)
		rows, err := tx.Query(ctx, "SELECT i.interview_id::text, i.application_id::text FROM "+s.Table("interviews")+" i JOIN "+s.Table("applications")+
			" a ON a.application_id = i.application_id WHERE NOT i.went_on AND i.participants @> ARRAY["+q.arg(member)+"]::uuid[] AND "+
			v.holds(q, "a", access.Application)+" AND "+v.holds(q, "a", access.Interviews)+
			" ORDER BY i.start DESC, i.interview_id LIMIT "+q.arg(MaxMyInterviews), q.args...)
		if err != nil {
			return err
		}
		var id, of string
		var ids, applications []string
		if _, err := pgx.ForEachRow(rows, []any{&id, &of}, func() error {
			ids, applications = append(ids, id), append(applications, of)
			return nil
		}); err != nil || len(ids) == 0 {
			return err
		}
		slices.Sort(applications)
		list, err = c.interviews(ctx, tx, s, false, now, slices.Compact(applications), "interview_id = ANY ($1::uuid[])", ids)
		return err
	})
	return list, err
}

// Busy is a time at which a member takes part in an interview.
type Busy struct {
	MemberID    string          `json:"member_id" format:"uuid"`
	InterviewID *string         `json:"interview_id" format:"uuid" doc:"Null of what their own calendar says"`
	Title       *personal.Plain `json:"title" doc:"Of an interview that you may view, which it is not of the others"`
	StartsAt    time.Time       `json:"starts_at"`
	EndsAt      time.Time       `json:"ends_at"`
}

// Interviewing returns when members are in planned interviews that overlap a
// time, earliest first. What those interviews are, it says of those that the
// viewer may view. A member who is not active is told nothing. Errors: ErrQuery.
func (c *Core) Interviewing(ctx context.Context, viewer string, members []string, starts, ends, now time.Time) ([]Busy, error) {
	if !isID(members...) {
		return nil, ErrQuery.Because("Members are named by their ids.")
	}
	busy := []Busy{}
	err := c.snapshot(ctx, "clashes", func(tx pgx.Tx, s Schema) error {
		v, err := sightOf(ctx, tx, s, viewer, now)
		if err != nil || v.role == "" {
			return err
		}
		var rows []InterviewRow
		b := new(pgx.Batch)
		// Wall times are compared as texts, with room for all zones and a whole day.
		const room = 3 * 24 * time.Hour
		queueRows(b, s, Interviews(), &rows, "participants && $1::uuid[] AND state = $2 AND start BETWEEN $3 AND $4", members, application.InterviewPlanned,
			starts.Add(-room).UTC().Format(time.DateOnly), ends.Add(room).UTC().Format(time.DateOnly))
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		for _, r := range rows {
			w := r.when()
			if !w.StartsAt.Before(ends) || !starts.Before(w.EndsAt) {
				continue
			}
			title, err := c.titleFor(ctx, tx, s, viewer, r, now)
			if err != nil {
				return err
			}
			for _, m := range members {
				if slices.Contains(r.Participants, m) {
					busy = append(busy, Busy{MemberID: m, InterviewID: &r.ID, Title: title, StartsAt: w.StartsAt, EndsAt: w.EndsAt})
				}
			}
		}
		slices.SortFunc(busy, func(a, b Busy) int {
			return cmp.Or(a.StartsAt.Compare(b.StartsAt), cmp.Compare(*a.InterviewID, *b.InterviewID), cmp.Compare(a.MemberID, b.MemberID))
		})
		return nil
	})
	return busy, err
}

// titleFor is what an interview is called, for who may view it; else nil.
func (c *Core) titleFor(ctx context.Context, tx pgx.Tx, s Schema, viewer string, r InterviewRow, now time.Time) (*personal.Plain, error) {
	v, err := c.open(ctx, tx, s, viewer, r.Application, now)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case v.rights.Masked, v.rights.Area(access.Interviews) < access.View:
		return nil, nil
	}
	t := newTexts(c.vault, r.Application, false)
	t.want(r.Title)
	if err := t.loadNow(ctx, tx, s); err != nil {
		return nil, err
	}
	return t.text(r.Title), t.err
}
