package readmodels

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// Profile is everything a member may see of one application, apart from its
// timeline. A part is null without the right to view it.
type Profile struct {
	ID         string              `json:"id" format:"uuid"`
	Revision   int64               `json:"revision" doc:"For If-Match"`
	FirstName  *personal.Plain     `json:"first_name" doc:"Null if absent, erased or masked"`
	LastName   *personal.Plain     `json:"last_name" doc:"Null if absent, erased or masked"`
	Email      *personal.Plain     `json:"email" doc:"Null if absent, erased or masked"`
	Job        ProfileJob          `json:"job"`
	Stage      StageRef            `json:"stage"`
	StageSince time.Time           `json:"stage_since" doc:"When it entered the stage"`
	Outcome    application.Outcome `json:"outcome" enum:"in_progress,hired,rejected,withdrawn,transferred"`
	Reason     *ReasonRef          `json:"reason" doc:"Of the disqualification in force"`
	DiscloseAt *time.Time          `json:"disclose_at" doc:"From when the candidate may see the decision"`
	Priority   bool                `json:"priority"`
	KnockedOut bool                `json:"knocked_out" doc:"An answer to the application form flags it; a person decides"`
	Tags       []Label             `json:"tags" nullable:"true" doc:"Null without the right to view tags"`
	Source     string              `json:"source" doc:"Channel it came by"`
	Owner      *MemberRef          `json:"owner" doc:"The member responsible"`
	ReceivedAt time.Time           `json:"received_at"`
	ChangedAt  time.Time           `json:"changed_at"`
	Anonymised bool                `json:"anonymised"`
	Masked     bool                `json:"masked" doc:"Personal fields are hidden from you"`

	Candidate *CandidateInfo `json:"candidate" doc:"Null without the right to view the profile, and when masked or anonymised"`
	// Others are the person's other applications that the member may open.
	Others       []OtherApplication `json:"other_applications"`
	OthersHidden bool               `json:"other_applications_hidden" doc:"The person has another application, of which you may know no more"`
	Kept         []CustomAttribute  `json:"kept_for_reports" doc:"What an anonymised application keeps of attributes that are marked for reports; without those whose area you may not view"`
	Submissions  []Submission       `json:"submissions" nullable:"true" doc:"Forms that were sent, newest first; null without the right to view the profile"`
	Documents    []Document         `json:"documents" doc:"Those of categories you may view, newest first"`
	Notes        []Note             `json:"notes" nullable:"true" doc:"The newest 20, newest first; null without the right to view notes"`
	NotesTotal   *int               `json:"notes_total" doc:"How many notes there are; null without the right to view notes"`
	NotesNext    *string            `json:"notes_next_cursor" doc:"With it GET /v1/applications/{id}/notes goes on behind those that are here; null if there are no others"`
	Comments     []Comment          `json:"comments" nullable:"true" doc:"The newest 20, newest first; null without the right to view comments"`
	CommentTotal *int               `json:"comments_total" doc:"How many comments there are; null without the right to view comments"`
	CommentsNext *string            `json:"comments_next_cursor" doc:"With it GET /v1/applications/{id}/comments goes on behind those that are here; null if there are no others"`
	Unread       *int               `json:"unread_comments" doc:"How many comments you have not read; null without the right to view comments"`
	Messages     *int               `json:"open_messages" doc:"How many messages came in that nobody took care of; null without the right to view messages"`
	Rating       *Rating            `json:"rating" doc:"Null without the right to view evaluations"`
	Rights       ShownRights        `json:"rights" doc:"What you may do"`

	URL        string             `json:"url" doc:"Stable address of the application; opening it takes the right to view it"`
	GoesOnFrom *LinkedApplication `json:"goes_on_from" doc:"The application that was assigned to this job; what is in it is shown here"`
	WentOnAs   *LinkedApplication `json:"went_on_as" doc:"The application for another job that this one went on as"`
}

// ProfileJob is the job of an application.
type ProfileJob struct {
	ID       string     `json:"id" format:"uuid"`
	Title    string     `json:"title"`
	Position string     `json:"position"`
	Stages   []StageRef `json:"stages" doc:"The plan, in order"`
}

// ReasonRef names a reason for disqualifying.
type ReasonRef struct {
	ID    string                  `json:"id" format:"uuid"`
	Label string                  `json:"label"`
	Kind  organization.ReasonKind `json:"kind" enum:"we,they,other" doc:"Whose decision it was"`
}

// CandidateInfo is what is known of the person.
type CandidateInfo struct {
	ID        string          `json:"id" format:"uuid"`
	FirstName *personal.Plain `json:"first_name" doc:"Null if absent or erased"`
	LastName  *personal.Plain `json:"last_name" doc:"Null if absent or erased"`
	Email     *personal.Plain `json:"email" doc:"Null if absent or erased"`
	Phone     *personal.Plain `json:"phone" doc:"Null if absent or erased"`

	Gender            *personal.Plain `json:"gender" doc:"Null if absent or erased, and without the right to view what is sensitive"`
	Birthday          *personal.Plain `json:"birthday" doc:"A day; null as gender"`
	Location          *personal.Plain `json:"location" doc:"Null if absent or erased"`
	SalaryExpectation *personal.Plain `json:"salary_expectation" doc:"Null if absent or erased, and without the right to view salaries"`
	AvailableFrom     *personal.Plain `json:"available_from" doc:"A day; null if absent or erased"`
	Links             *personal.Plain `json:"links" doc:"One on each line; null if absent or erased"`
	PictureID         *string         `json:"picture_id" format:"uuid" doc:"Another one is another picture; null if there is none"`
	Revision          int64           `json:"revision" doc:"Of the candidate; for If-Match"`
	Anonymised        bool            `json:"anonymised"`

	More          []CustomAttribute `json:"more_information" doc:"The organisation's own attributes, in its order; without those whose area you may not view"`
	AddressShared bool              `json:"address_shared" doc:"Several people use the e-mail address, and nobody is recognised by it"`
	MergedInto    *string           `json:"merged_into_id" format:"uuid" doc:"The candidate that they are the same person as"`
	MergedAt      *time.Time        `json:"merged_at"`
	MergedBy      *By               `json:"merged_by"`
	MergedWith    []string          `json:"merged_with" doc:"Candidates who are the same person"`
}

// CustomAttribute is what one of the organisation's own attributes is.
type CustomAttribute struct {
	ID    string                     `json:"attribute_id" format:"uuid"`
	Label string                     `json:"label"`
	Type  organization.AttributeType `json:"type" enum:"text,number,date,choice,multi_choice,boolean,link"`
	Value json.RawMessage            `json:"value" doc:"By type: a text, a number, a day, the id of a choice, a list of those, true or false, an address; null if absent or erased"`
}

// OtherApplication is another application of the same person.
type OtherApplication struct {
	ID         string              `json:"id" format:"uuid"`
	Job        JobRef              `json:"job"`
	Stage      StageRef            `json:"stage"`
	Outcome    application.Outcome `json:"outcome" enum:"in_progress,hired,rejected,withdrawn,transferred"`
	Reason     *Label              `json:"reason"`
	ReceivedAt time.Time           `json:"received_at"`
}

// ShownRights are what a member may do with an application.
type ShownRights struct {
	Areas     map[access.Area]access.Level     `json:"areas"`
	Documents map[access.Category]access.Level `json:"documents"`
	Manager   bool                             `json:"recruitment_manager"`
}

// view is an application as one member may see it.
type view struct {
	sight
	rights      access.Rights
	application ApplicationRow
	before      []ApplicationRow // those it goes on from, newest first
	job         stagePlan
	known       []access.Category // all there are
}

// stagePlan is a job that names stages.
type stagePlan struct{ JobRow }

// of returns a stage, also one that was removed from the plan.
func (p stagePlan) of(id string) (job.Stage, bool) {
	for _, stages := range [][]job.Stage{p.Stages.V, p.Removed.V} {
		for _, s := range stages {
			if s.ID == id {
				return s, true
			}
		}
	}
	return job.Stage{}, false
}

// stage names a stage; nil for "".
func (p stagePlan) stage(id string) *StageRef {
	if id == "" {
		return nil
	}
	s, _ := p.of(id)
	return &StageRef{ID: id, Name: s.Name}
}

// categories are those whose documents v may see.
func (v view) categories() []access.Category {
	var seen []access.Category
	for _, c := range v.known {
		if v.rights.Document(c) >= access.View {
			seen = append(seen, c)
		}
	}
	return seen
}

// open finds an application and what member may do with it at now.
// Errors: ErrNotFound, also for what the member may not see.
func (c *Core) open(ctx context.Context, tx pgx.Tx, s Schema, member, applicationID string, now time.Time) (view, error) {
	v := view{sight: sight{schema: s, member: member, now: now}}
	if !isID(member, applicationID) {
		return v, ErrNotFound
	}
	var err error
	if v.application, err = applicationRow(ctx, tx, s, applicationID); err != nil {
		return v, err
	}
	if v.rights, v.role, err = rightsOn(ctx, tx, s, member, v.application.Job, &applicationID, now); err != nil {
		return v, err
	}
	if v.rights.Area(access.Application) < access.View {
		return v, ErrNotFound
	}
	if v.job.JobRow, err = one(ctx, tx, s, Jobs(), "job_id", v.application.Job); err != nil {
		return v, err
	}
	if v.application.From != nil {
		if err := v.goesOnFrom(ctx, tx); err != nil {
			return v, err
		}
	}
	v.known, err = allCategories(ctx, tx, s)
	return v, err
}

func applicationRow(ctx context.Context, tx pgx.Tx, s Schema, id string) (ApplicationRow, error) {
	return one(ctx, tx, s, Applications(), "application_id", id)
}

// one reads the row of a key. Errors: ErrNotFound.
func one[R any](ctx context.Context, tx pgx.Tx, s Schema, t Table[R], column, key string) (R, error) {
	r, err := t.Scan(tx.QueryRow(ctx, "SELECT "+t.ColumnList()+" FROM "+s.Table(t.Name)+" WHERE "+column+" = $1", key))
	if errors.Is(err, pgx.ErrNoRows) {
		return r, ErrNotFound
	}
	return r, err
}

// Profile returns an application as member may see it at now.
// Errors: ErrNotFound.
func (c *Core) Profile(ctx context.Context, member, applicationID string, now time.Time) (Profile, error) {
	var p Profile
	err := c.snapshot(ctx, "profile", func(tx pgx.Tx, s Schema) error {
		v, err := c.open(ctx, tx, s, member, applicationID, now)
		if err != nil {
			return err
		}
		p, err = c.profile(ctx, tx, v)
		return err
	})
	return p, err
}

// profileRows are the rows a profile is made of.
type profileRows struct {
	people  []PersonRow
	defined []AttributeRow
	keeps   []KeptRow
	retired []RetiredRow
	merged  []string // other candidates who are the person
	reasons []ReasonRow
	tags    []TagRow
	forms   []SubmissionRow
	ratings []RatingRow
	open    int // messages
	remarkRows
	documentRows
}

func (c *Core) profile(ctx context.Context, tx pgx.Tx, v view) (Profile, error) {
	r := profileRows{remarkRows: remarkRows{limit: RemarksShown}}
	p := v.header()
	b := new(pgx.Batch)
	r.queue(b, v)
	queueOthers(b, v, &p)
	v.queueLinks(b, &p)
	if err := send(ctx, tx, b); err != nil {
		return p, err
	}
	if err := r.readEarlier(ctx, tx, v.schema); err != nil {
		return p, err
	}
	t := textsOf(c.vault, v.ids(), v.rights.Masked)
	r.want(t)
	if v.application.Owner != nil {
		t.wantMembers(*v.application.Owner)
	}
	if err := t.loadNow(ctx, tx, v.schema); err != nil {
		return p, err
	}
	r.fill(&p, v, t)
	var err error
	if p.NotesNext, err = r.nextNote(c.vault, v); err != nil {
		return p, err
	}
	if p.CommentsNext, err = r.nextComment(c.vault, v); err != nil {
		return p, err
	}
	return p, t.err
}

// header is what the application's and the job's rows say.
func (v view) header() Profile {
	a := v.application
	p := Profile{
		ID: a.ID, Revision: a.Revision, Stage: *v.job.stage(a.Stage), StageSince: a.StageSince,
		Job:     ProfileJob{ID: v.job.ID, Title: v.job.Title, Position: v.job.Position, Stages: []StageRef{}},
		Outcome: a.Outcome, DiscloseAt: a.DiscloseAt, Priority: a.Priority, KnockedOut: a.KnockedOut, Source: a.Source,
		ReceivedAt: a.ReceivedAt, ChangedAt: a.ChangedAt, Anonymised: a.Anonymised, Masked: v.rights.Masked, URL: urlOf(a.ID),
		Kept: []CustomAttribute{}, Others: []OtherApplication{}, Documents: []Document{},
		Rights: ShownRights{Areas: map[access.Area]access.Level{}, Documents: map[access.Category]access.Level{}, Manager: v.rights.Manager},
	}
	for _, s := range v.job.Stages.V {
		p.Job.Stages = append(p.Job.Stages, StageRef{ID: s.ID, Name: s.Name})
	}
	for _, area := range access.Areas() {
		p.Rights.Areas[area] = v.rights.Area(area)
	}
	for _, category := range v.known {
		p.Rights.Documents[category] = v.rights.Document(category)
	}
	return p
}

// queue queues the reading of what v may see, apart from personal fields.
func (r *profileRows) queue(b *pgx.Batch, v view) {
	a, s := v.application, v.schema
	if a.Candidate != nobody && !v.rights.Masked {
		queueRows(b, s, People(), &r.people, "candidate_id = $1", a.Candidate)
		if v.rights.Area(access.Profile) >= access.View {
			r.queueCustom(b, v)
		}
	}
	if a.Anonymised {
		queueAttributes(b, s, &r.defined)
		queueRows(b, s, KeptValues(), &r.keeps, "application_id = $1", a.ID)
	}
	if a.Reason != nil {
		queueRows(b, s, Reasons(), &r.reasons, "reason_id = $1", *a.Reason)
	}
	if len(a.Tags) > 0 && v.rights.Area(access.Tags) >= access.View {
		queueRows(b, s, Tags(), &r.tags, "tag_id = ANY ($1)", a.Tags)
	}
	if v.rights.Area(access.Profile) >= access.View {
		queueRows(b, s, Submissions(), &r.forms, "application_id = ANY ($1::uuid[]) ORDER BY at DESC, submission_id", v.ids())
	}
	r.remarkRows.queue(b, v, access.Notes, access.Comments)
	if v.rights.Area(access.Evaluations) >= access.View {
		queueRows(b, s, Ratings(), &r.ratings, "application_id = $1", a.ID)
	}
	if v.rights.Area(access.Messages) >= access.View && !v.rights.Masked {
		b.Queue("SELECT count(*) FROM "+s.Table("messages")+" WHERE application_id = ANY ($1::uuid[]) AND open", v.ids()).QueryRow(func(row pgx.Row) error { return row.Scan(&r.open) })
	}
	if seen := v.categories(); len(seen) > 0 {
		r.documentRows.queue(b, s, v.ids(), "category = ANY ($2) AND "+v.besideCategory(""), texted(seen))
	}
}

func (r *profileRows) want(t *texts) {
	for _, p := range r.people {
		t.want(p.FirstName, p.LastName, p.Email, p.Phone)
		for _, sealed := range p.More.V {
			t.want(sealed)
		}
		for _, sealed := range p.Custom.V {
			t.want(sealed)
		}
		t.wantByOrNil(p.MergedBy)
	}
	for _, f := range r.forms {
		f.want(t)
	}
	r.remarkRows.want(t)
	r.documentRows.want(t)
}

// fill puts into p what the rows say.
func (r *profileRows) fill(p *Profile, v view, t *texts) {
	for _, person := range r.people {
		p.FirstName, p.LastName, p.Email = t.text(person.FirstName), t.text(person.LastName), t.text(person.Email)
		if v.rights.Area(access.Profile) >= access.View {
			p.Candidate = person.shown(v, t)
			p.Candidate.More, p.Candidate.MergedWith = r.custom(person, v, t), orEmpty(r.merged)
		}
	}
	p.Kept = r.kept(v)
	if v.rights.Area(access.Profile) >= access.View {
		p.Submissions = make([]Submission, len(r.forms))
		for i, f := range r.forms {
			p.Submissions[i] = f.shown(t)
		}
	}
	for _, reason := range r.reasons {
		p.Reason = &ReasonRef{ID: reason.ID, Label: reason.Label, Kind: reason.Kind}
	}
	if owner := v.application.Owner; owner != nil {
		ref := t.member(*owner)
		p.Owner = &ref
	}
	if v.rights.Area(access.Tags) >= access.View {
		p.Tags = tagged(v.application.Tags, r.tags)
	}
	r.fillTalk(p, v, t)
	p.Documents = r.documentRows.shown(t)
}

// shown is what v may see of a person.
func (r PersonRow) shown(v view, t *texts) *CandidateInfo {
	attribute := func(a candidate.Attribute) *personal.Plain {
		if v.rights.Area(a.Area()) < access.View {
			return nil
		}
		return t.text(r.More.V[a])
	}
	return &CandidateInfo{
		ID: r.ID, FirstName: t.text(r.FirstName), LastName: t.text(r.LastName), Email: t.text(r.Email), Phone: t.text(r.Phone),
		Gender: attribute(candidate.Gender), Birthday: attribute(candidate.Birthday), Location: attribute(candidate.Location),
		SalaryExpectation: attribute(candidate.SalaryExpectation), AvailableFrom: attribute(candidate.AvailableFrom), Links: attribute(candidate.Links),
		Revision: r.Revision, Anonymised: r.Anonymised, PictureID: r.Picture,
		AddressShared: r.AddressShared, MergedInto: r.Into, MergedAt: utc(r.MergedAt), MergedBy: t.byOrNil(r.MergedBy),
	}
}

// queueCustom queues the reading of the organisation's own attributes, and of who
// else the person is.
func (r *profileRows) queueCustom(b *pgx.Batch, v view) {
	s := v.schema
	queueAttributes(b, s, &r.defined)
	queueRows(b, s, RetiredTable(), &r.retired, "list = $1", organization.Attributes)
	b.Queue("SELECT candidate_id::text FROM "+s.Table("people")+" WHERE (candidate_id = $1 OR merged_into = $1) AND candidate_id <> $2 ORDER BY candidate_id",
		v.application.Person, v.application.Candidate).Query(func(rows pgx.Rows) (err error) {
		r.merged, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
}

// queueAttributes queues the reading of the organisation's own attributes, in their
// order.
func queueAttributes(b *pgx.Batch, s Schema, into *[]AttributeRow) {
	queueRows(b, s, Attributes(), into, "true ORDER BY array_position((SELECT attributes FROM "+s.Table("attribute_order")+"), attribute_id)")
}

// custom are the organisation's own attributes of a person, as far as v may see
// them: all that are asked for, and retired ones that have a value.
func (r *profileRows) custom(p PersonRow, v view, t *texts) []CustomAttribute {
	shown := []CustomAttribute{}
	for _, a := range r.defined {
		sealed, known := p.Custom.V[a.ID]
		retired := slices.ContainsFunc(r.retired, func(gone RetiredRow) bool { return gone.Entry == a.ID })
		if retired && !known || v.rights.Area(a.Content.V.In()) < access.View {
			continue
		}
		c := CustomAttribute{ID: a.ID, Label: a.Content.V.Label, Type: a.Content.V.Type}
		if text := t.text(sealed); text != nil {
			c.Value = json.RawMessage(*text)
		}
		shown = append(shown, c)
	}
	return shown
}

// fillTalk puts into p what was said and thought of the application.
func (r *profileRows) fillTalk(p *Profile, v view, t *texts) {
	files := ofRemarks(r.documents)
	if v.rights.Area(access.Notes) >= access.View {
		p.Notes, p.NotesTotal = r.shownNotes(v, files, t), &r.noteTotal
	}
	if v.rights.Area(access.Comments) >= access.View {
		p.Comments, p.CommentTotal, p.Unread = r.shownComments(v, files, t), &r.commentTotal, &r.unread
	}
	if v.rights.Area(access.Messages) >= access.View && !v.rights.Masked {
		p.Messages = &r.open
	}
	if v.rights.Area(access.Evaluations) >= access.View {
		rating := rated(r.ratings, v.member)
		p.Rating = &rating
	}
}

// tagged names tags in the order they were added.
func tagged(ids []string, known []TagRow) []Label {
	names := make(map[string]string, len(known))
	for _, t := range known {
		names[t.ID] = t.Label
	}
	labels := make([]Label, len(ids))
	for i, id := range ids {
		labels[i] = Label{ID: id, Label: names[id]}
	}
	return labels
}

// queueOthers queues the reading of the person's other applications: details of
// those the member sees, nothing of confidential jobs they do not see, and only
// that there is one of the rest. That they are one person's is personal too.
func queueOthers(b *pgx.Batch, v view, p *Profile) {
	if v.application.Candidate == nobody || v.rights.Masked {
		return
	}
	q := new(statement)
	candidate, id := q.arg(v.application.Person), q.arg(v.application.ID)
	s := v.schema
	sql := fmt.Sprintf(`
		SELECT o.application_id, o.job_id, job.title, job.stages, job.removed_stages, o.stage, o.outcome, o.reason_id, reason.label, o.received_at, o.seen
		FROM (
			SELECT x.application_id, x.job_id, x.stage, x.outcome, x.reason_id, x.received_at, %s AS seen
			FROM %s x WHERE x.person_id = %s AND x.application_id <> %s AND x.outcome <> 'transferred'
		) o
		JOIN %s job ON job.job_id = o.job_id
		LEFT JOIN %s reason ON reason.reason_id = o.reason_id
		WHERE o.seen OR NOT job.confidential
		ORDER BY o.received_at DESC, o.application_id`,
		v.holds(q, "x", access.Application),
		s.Table("applications"), candidate, id, s.Table("jobs"), s.Table("reasons"))
	b.Queue(sql, q.args...).Query(func(rows pgx.Rows) error {
		var o OtherApplication
		var plan stagePlan
		var stage string
		var reason, label *string
		var seen bool
		_, err := pgx.ForEachRow(rows, []any{&o.ID, &o.Job.ID, &o.Job.Title, &plan.Stages, &plan.Removed, &stage, &o.Outcome, &reason, &label, &o.ReceivedAt, &seen}, func() error {
			if !seen {
				p.OthersHidden = true
				return nil
			}
			o.Stage, o.Reason, o.ReceivedAt = *plan.stage(stage), labelled(reason, label), o.ReceivedAt.UTC()
			p.Others = append(p.Others, o)
			return nil
		})
		return err
	})
}
