package readmodels

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// TimelineQuery chooses a page of a timeline.
type TimelineQuery struct {
	Limit  int // 1 to MaxLimit; 0 = DefaultLimit
	Cursor string
	// Person adds the person's other applications, as far as the member may see
	// each.
	Person bool
	// Jobs are the only jobs whose applications are added; none = all.
	Jobs []string
}

// TimelinePage is a page of what happened to an application, newest first.
type TimelinePage struct {
	Items      []TimelineEntry `json:"items" doc:"What happened, newest first"`
	NextCursor *string         `json:"next_cursor" doc:"Where the next page begins; null on the last one"`
	HasMore    bool            `json:"has_more"`
	Anonymised bool            `json:"anonymised"`
	Masked     bool            `json:"masked" doc:"Personal fields are hidden from you"`
}

// TimelineEntry is one thing that happened. Which fields it has depends on its
// kind; the others are null.
type TimelineEntry struct {
	ID         string               `json:"id" format:"uuid" doc:"Of the event"`
	Revision   int64                `json:"revision" doc:"With this event: of the application, or of the message or the candidate the entry is about"`
	Position   string               `json:"position" doc:"Of the event in the log"`
	Kind       EntryKind            `json:"kind" enum:"received,stage_moved,stage_overdue,disqualified,requalified,reason_changed,anonymised,tag_added,tag_removed,priority_set,owner_set,comment_added,note_added,note_visibility_set,note_deleted,document_requested,document_uploaded,document_approved,document_rejected,outcome_disclosed,disclosure_moved,document_reminder_due,access_granted,access_ends,comment_edited,comment_deleted,rated,note_edited,document_cancelled,document_reopened,document_recategorised,document_version_deleted,file_quarantined,audit_opened,audit_closed,interview_scheduled,interview_rescheduled,interview_changed,interview_cancelled,interview_completed,interview_missed,interview_answered,interview_invited,invitation_bounced,move_undone,submitted,transferred,review_requested,review_submitted,review_cancelled,review_reminder_due,work_handed_over,message_written,message_received,message_assigned,message_moved_away,message_moved_here,message_cancelled,message_sent,message_failed,message_unknown,message_bounced,message_retried,message_closed,notice_bounced,evaluation_submitted,evaluation_deleted,hired,hire_undone,employee_created,offer_drafted,offer_changed,offer_approved,offer_returned,offer_sent,offer_accepted,offer_declined,offer_withdrawn,offer_expired,candidates_merged,candidates_unmerged"`
	At         time.Time            `json:"at"`
	By         By                   `json:"by"`
	Imported   bool                 `json:"imported" doc:"It happened elsewhere, when it says, and was brought here by an import"`
	FromStage  *StageRef            `json:"from_stage"`
	ToStage    *StageRef            `json:"to_stage"`
	Undone     bool                 `json:"undone" doc:"A move that was taken back as a mistake, and does not count"`
	Submission *string              `json:"submission_id" format:"uuid" doc:"The form that was sent"`
	Outcome    *application.Outcome `json:"outcome" enum:"rejected,withdrawn,hired"`
	Reason     *Label               `json:"reason" doc:"Entry of the list of reasons"`
	DiscloseAt *time.Time           `json:"disclose_at" doc:"From when the candidate may see the decision"`
	Source     *string              `json:"source"`
	Owner      *MemberRef           `json:"owner"`
	Tag        *Label               `json:"tag" doc:"Null once the application is anonymised"`
	Priority   *bool                `json:"priority"`
	NoteID     *string              `json:"note_id" format:"uuid"`
	CommentID  *string              `json:"comment_id" format:"uuid"`
	Mentions   []MemberRef          `json:"mentions" nullable:"true"`
	Rating     *int                 `json:"rating" doc:"0 to 5"`
	Interview  *EntryInterview      `json:"interview"`
	Review     *EntryReview         `json:"review"`
	Evaluation *EntryEvaluation     `json:"evaluation"`
	Visible    *bool                `json:"visible" doc:"Whether the candidate sees the note from then on"`
	Document   *EntryDocument       `json:"document"`
	Grant      *EntryGrant          `json:"grant"`
	Offer      *EntryOffer          `json:"offer"`
	Message    *EntryMessage        `json:"message"`
	Told       *string              `json:"told" doc:"Whom a mail of notices that came back was to: candidate, or a member's id"`
	HandedOver *EntryHandedOver     `json:"handed_over"`

	ApplicationID string  `json:"application_id" format:"uuid" doc:"To which it happened: this one, one it goes on from, or another of the person"`
	GoesOnFrom    *string `json:"goes_on_from_id" format:"uuid" doc:"Of what was received: the application that was assigned to this job"`
	WentOnAs      *string `json:"went_on_as_id" format:"uuid" doc:"The application for another job that it went on as"`

	// Text is the note, comment, reason or remark.
	Text *personal.Plain `json:"text" doc:"The note, comment, reason or remark; null if absent, erased or masked"`
}

// EntryDocument is the document an entry is about.
type EntryDocument struct {
	ID       string          `json:"id" format:"uuid"`
	Title    *personal.Plain `json:"title" doc:"Of the request; null if absent, erased or masked"`
	Category access.Category `json:"category" doc:"As it is now"`
	Version  *int            `json:"version"`
	Files    *int            `json:"files" doc:"How many files the version has"`
	Late     bool            `json:"late" doc:"Uploaded after the due date"`
	DueAt    *time.Time      `json:"due_at"`
}

// EntryMessage is the message an entry is about.
type EntryMessage struct {
	ID    string     `json:"id" format:"uuid"`
	Files *int       `json:"files" doc:"How many files went or came along"`
	DueAt *time.Time `json:"due_at" doc:"When it is to leave, or to be tried again"`
}

// EntryHandedOver says who took over the reviews and interviews of whom.
type EntryHandedOver struct {
	From MemberRef `json:"from"`
	To   MemberRef `json:"to"`
}

// EntryReview is the review request an entry is about.
type EntryReview struct {
	ID       string     `json:"id" format:"uuid"`
	Reviewer *MemberRef `json:"reviewer" doc:"Who was asked, when it was requested"`
	DueAt    *time.Time `json:"due_at"`
}

// EntryEvaluation is the evaluation an entry is about. What it says, the
// evaluation itself does.
type EntryEvaluation struct {
	ID     string    `json:"id" format:"uuid"`
	Form   Label     `json:"form"`
	Author MemberRef `json:"author"`
	Number int       `json:"number" doc:"How often it had been submitted"`
}

// EntryInterview is the interview an entry is about.
type EntryInterview struct {
	ID      string      `json:"id" format:"uuid"`
	Start   *string     `json:"start" doc:"Wall time decided then"`
	Zone    *string     `json:"zone"`
	Answer  *string     `json:"answer" enum:"accepted,tentative,declined"`
	Members []MemberRef `json:"members" doc:"Who takes part, or who answered; of an answer, none is the candidate"`
}

// EntryOffer is the offer an entry is about. What it says, the offer itself does.
type EntryOffer struct {
	ID        string     `json:"id" format:"uuid"`
	Version   *int       `json:"version" doc:"Of the terms that were approved or returned"`
	Outside   bool       `json:"outside" doc:"Sent outside, not through the candidate's page"`
	ExpiresAt *time.Time `json:"expires_at" doc:"Of what was sent"`
	Closed    bool       `json:"closed" doc:"Withdrawn because the application was closed"`
}

// EntryGrant is the grant an entry is about.
type EntryGrant struct {
	ID     string                 `json:"id" format:"uuid"`
	Member MemberRef              `json:"member"`
	Role   *Label                 `json:"recruiting_role" doc:"Null of an opening for an auditor"`
	Cause  application.GrantCause `json:"cause" enum:"by_hand,interview,review,opening" doc:"What gave it"`
	Of     *string                `json:"of_id" format:"uuid" doc:"The interview or review"`
	Until  *time.Time             `json:"until" doc:"When it ends, as decided then; null without end"`
}

// entryAreas says which area an entry belongs to: without the right to view it
// the entry is not in the page. Entries about documents belong to the category
// instead.
var entryAreas = map[access.Area][]EntryKind{
	access.Application: {EntryHired, EntryHireUndone, EntryEmployeeLinked, EntryMoveUndone, EntrySubmitted, EntryTransferred, EntryOutcomeDisclosed, EntryDisclosureMoved, EntryReceived, EntryStageMoved, EntryStageOverdue, EntryDisqualified, EntryRequalified, EntryReasonChanged, EntryAnonymised, EntryPrioritySet, EntryOwnerSet, EntryWorkHandedOver},
	access.Tags:        {EntryTagAdded, EntryTagRemoved},
	access.Comments: {
		EntryCommentAdded, EntryCommentEdited, EntryCommentDeleted,
		EntryReviewRequested, EntryReviewSubmitted, EntryReviewCancelled, EntryReviewReminderDue,
	},
	access.Notes:       {EntryNoteAdded, EntryNoteEdited, EntryNoteVisibilitySet, EntryNoteDeleted},
	access.Evaluations: {EntryRated, EntryEvaluationSubmitted, EntryEvaluationDeleted},
	access.Interviews: {
		EntryInterviewScheduled, EntryInterviewRescheduled, EntryInterviewChanged, EntryInterviewCancelled,
		EntryInterviewCompleted, EntryInterviewMissed, EntryInterviewAnswered, EntryInterviewInvited, EntryInvitationBounced,
	},
	access.Offers: {
		EntryOfferDrafted, EntryOfferChanged, EntryOfferApproved, EntryOfferReturned, EntryOfferSent,
		EntryOfferAccepted, EntryOfferDeclined, EntryOfferWithdrawn, EntryOfferExpired,
	},
	access.Messages: {
		EntryMessageWritten, EntryMessageReceived, EntryMessageAssigned, EntryMessageMovedAway, EntryMessageMovedHere, EntryMessageCancelled,
		EntryMessageSent, EntryMessageFailed, EntryMessageUnknown, EntryMessageBounced, EntryMessageRetried, EntryMessageClosed,
		EntryNoticeBounced,
	},
	access.Profile: {EntryMerged, EntryUnmerged},
	access.Grants:  {EntryAccessGranted, EntryAccessEnds, EntryAuditOpened, EntryAuditClosed},
}

// reviewEntries are about review requests.
var reviewEntries = []EntryKind{EntryReviewRequested, EntryReviewSubmitted, EntryReviewCancelled, EntryReviewReminderDue}

// decisionText are the entries whose text needs the right to view decisions.
var decisionText = []EntryKind{EntryDisqualified, EntryRequalified, EntryReasonChanged, EntryHired, EntryHireUndone}

// entryRow is an EntryRow with what stands in other tables.
type entryRow struct {
	EntryRow
	noteText, commentText, title []byte
	category                     *access.Category
	reasonLabel, tagLabel        *string
	grantMember, grantRole       *string
	grantRoleName                *string
	form                         *string
	grantCause                   *application.GrantCause
	grantOf                      *string
	expires                      *time.Time // the offer it is about, for its candidate
}

// Timeline returns a page of what happened to an application, as far as member
// may see it at now. Errors: ErrNotFound, ErrQuery, ErrCursor.
func (c *Core) Timeline(ctx context.Context, member, applicationID string, q TimelineQuery, now time.Time) (TimelinePage, error) {
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	if q.Limit < 1 || q.Limit > MaxLimit {
		return TimelinePage{}, ErrQuery.Because("A page has 1 to %d entries.", MaxLimit)
	}
	at := latest
	if q.Cursor != "" {
		after, err := decodeCursor(c.vault, q.of(applicationID), q.Cursor)
		if err != nil {
			return TimelinePage{}, err
		}
		at = logPlace{commit: after.n, prepare: after.at.UnixMicro()}
	}
	var page TimelinePage
	err := c.snapshot(ctx, "timeline", func(tx pgx.Tx, s Schema) error {
		v, err := c.open(ctx, tx, s, member, applicationID, now)
		if err != nil {
			return err
		}
		views := []view{v}
		if q.Person {
			if views, err = c.ofPerson(ctx, tx, v, q.Jobs); err != nil {
				return err
			}
		}
		page, err = c.timeline(ctx, tx, views, q, at)
		return err
	})
	return page, err
}

// of is what the cursors of q belong to.
func (q TimelineQuery) of(applicationID string) []string {
	if q.Person {
		return []string{"timeline of a person", applicationID}
	}
	return []string{"timeline", applicationID}
}

// logPlace is a position in the log.
type logPlace struct{ commit, prepare int64 }

// latest is behind everything.
var latest = logPlace{commit: -1}

// ofPerson returns the applications of the person of v's that the member may see
// unmasked, of some jobs if any are named, v first, apart from others that another
// of them goes on from.
func (c *Core) ofPerson(ctx context.Context, tx pgx.Tx, v view, jobs []string) ([]view, error) {
	views := []view{v}
	if v.application.Person == nobody || v.rights.Masked {
		return views, nil
	}
	q := new(statement)
	rows, err := tx.Query(ctx, "SELECT o.application_id::text FROM "+v.schema.Table("applications")+" o WHERE o.person_id = "+q.arg(v.application.Person)+
		" AND "+v.holds(q, "o", access.Application)+" ORDER BY o.received_at, o.application_id", q.args...)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if id == v.application.ID {
			continue
		}
		other, err := c.open(ctx, tx, v.schema, v.member, id, v.now)
		if err != nil {
			return nil, err
		}
		if len(jobs) == 0 || slices.Contains(jobs, other.application.Job) {
			views = append(views, other)
		}
	}
	shown := map[string]bool{} // with another
	for _, w := range views {
		for _, b := range w.before {
			shown[b.ID] = true
		}
	}
	return append(views[:1], slices.DeleteFunc(views[1:], func(w view) bool { return shown[w.application.ID] })...), nil
}

// timeline returns the page of what happened before a place, by the rights that
// each of views has.
func (c *Core) timeline(ctx context.Context, tx pgx.Tx, views []view, q TimelineQuery, at logPlace) (TimelinePage, error) {
	v := views[0]
	page := TimelinePage{Items: []TimelineEntry{}, Anonymised: v.application.Anonymised, Masked: v.rights.Masked}
	type seen struct {
		entryRow
		by int // view
	}
	var rows []seen
	var owners []string
	for i, v := range views {
		of, err := entries(ctx, tx, v, at, q.Limit+1)
		if err != nil {
			return page, err
		}
		merges, err := mergeEntries(ctx, tx, v, at, q.Limit+1)
		if err != nil {
			return page, err
		}
		for _, r := range append(of, merges...) {
			rows = append(rows, seen{r, i})
		}
		owners = append(owners, v.ids()...)
	}
	slices.SortFunc(rows, func(a, b seen) int {
		return cmp.Or(cmp.Compare(b.Commit, a.Commit), cmp.Compare(b.Prepare, a.Prepare), cmp.Compare(a.by, b.by))
	})
	// What is of the application that was asked for, and shown with the one it went
	// on as, is there once.
	rows = slices.CompactFunc(rows, func(a, b seen) bool { return a.Commit == b.Commit && a.Prepare == b.Prepare })
	if len(rows) > q.Limit {
		last := rows[q.Limit-1]
		rows, page.HasMore = rows[:q.Limit], true
		next, err := cursor{n: last.Commit, at: time.UnixMicro(last.Prepare)}.encode(c.vault, q.of(v.application.ID))
		if err != nil {
			return page, err
		}
		page.NextCursor = &next
	}
	t := textsOf(c.vault, owners, v.rights.Masked)
	for _, r := range rows {
		t.want(r.Text, r.noteText, r.commentText, r.title)
		t.wantBy(r.By)
		t.wantMembers(append(slices.Clip(r.Details.V.Mentions), r.Details.V.Owner, r.Details.V.Author)...)
		t.wantMembers(r.Details.V.Members...)
		if r.grantMember != nil {
			t.wantMembers(*r.grantMember)
		}
	}
	if err := t.loadNow(ctx, tx, v.schema); err != nil {
		return page, err
	}
	for _, r := range rows {
		page.Items = append(page.Items, r.shown(views[r.by], t))
	}
	return page, t.err
}

// entries reads the newest entries before a place that v may see, of what it
// shows.
func entries(ctx context.Context, tx pgx.Tx, v view, before logPlace, limit int) ([]entryRow, error) {
	var kinds []EntryKind
	for area, of := range entryAreas {
		if v.rights.Area(area) >= access.View {
			kinds = append(kinds, of...)
		}
	}
	s := v.schema
	// One application has an index in its order.
	where, of := "e.application_id = $1::uuid", any(v.application.ID)
	distinct, order := "", ""
	if len(v.before) > 0 {
		where, of = "e.application_id = ANY ($1::uuid[])", v.ids()
		// What left one and came to another of them is there once, where it is now.
		distinct, order = "DISTINCT ON (e.commit_position, e.prepare_position) ", ", e.kind DESC"
	}
	where += " AND ($2::bigint < 0 OR (e.commit_position, e.prepare_position) < ($2, $8::bigint))"
	rows, err := tx.Query(ctx, fmt.Sprintf(`
		SELECT %se.event_id, e.application_id, e.revision, e.commit_position, e.prepare_position, e.kind, e.at, e.by, e.subject_id, e.details, e.text,
		       note.text, comment.text, document.title, document.category, reason.label, tag.label,
		       given.member_id, given.role_id, role.name, given.cause, given.of_id, form.content ->> 'name'
		FROM %s e
		LEFT JOIN %s note ON note.note_id = e.subject_id AND e.kind = $5
		LEFT JOIN %s comment ON comment.comment_id = e.subject_id AND e.kind = $7
		LEFT JOIN %s document ON document.document_id = e.subject_id
		LEFT JOIN %s reason ON reason.reason_id = (e.details ->> 'reason')::uuid
		LEFT JOIN %s tag ON tag.tag_id = (e.details ->> 'tag')::uuid
		LEFT JOIN %s given ON given.grant_id = e.subject_id
		LEFT JOIN %s role ON role.role_id = given.role_id
		LEFT JOIN %s form ON form.form_id = (e.details ->> 'form')::uuid
		WHERE %s
		AND (e.kind = ANY ($3) OR document.category = ANY ($4) AND %s) AND %s AND %s
		ORDER BY e.commit_position DESC, e.prepare_position DESC%s LIMIT $6`,
		distinct, s.Table("timeline"), s.Table("notes"), s.Table("comments"), s.Table("documents"), s.Table("reasons"), s.Table("tags"),
		s.Table("grants"), s.Table("recruiting_roles"), s.Table("evaluation_forms"), where, v.besideCategory("document."), v.unhidden("$9", "$10",
			"coalesce((e.details ->> 'hidden')::boolean, false)", "e.details ->> 'author'", "(e.details ->> 'form')::uuid", "e.application_id"), v.untoldReviews("$9", "$10"), order),
		of, before.commit, texted(kinds), texted(v.categories()), EntryNoteAdded, limit, EntryCommentAdded, before.prepare, v.member, v.rights.Impartial())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r entryRow, err error) {
		err = row.Scan(&r.Event, &r.Application, &r.Revision, &r.Commit, &r.Prepare, &r.Kind, &r.At, &r.By, &r.Subject, &r.Details, &r.Text,
			&r.noteText, &r.commentText, &r.title, &r.category, &r.reasonLabel, &r.tagLabel,
			&r.grantMember, &r.grantRole, &r.grantRoleName, &r.grantCause, &r.grantOf, &r.form)
		return r, err
	})
}

// untoldReviews is a condition: the entry e is not about a review by a form that v
// may not view evaluations for, and does not tell that one was submitted which is
// hidden from them. member and impartial are parameters.
func (v view) untoldReviews(member, impartial string) string {
	if v.rights.Area(access.Evaluations) < access.View {
		return fmt.Sprintf(`NOT (e.kind LIKE 'review\_%%' AND EXISTS (SELECT FROM %s asked WHERE asked.review_id = e.subject_id AND asked.form_id IS NOT NULL))`,
			v.schema.Table("review_requests"))
	}
	return fmt.Sprintf(`NOT (e.kind = '%s' AND EXISTS (
		SELECT FROM %s asked JOIN %s done ON done.evaluation_id = asked.evaluation_id WHERE asked.review_id = e.subject_id AND NOT %s))`,
		EntryReviewSubmitted, v.schema.Table("review_requests"), v.schema.Table("evaluations"),
		v.unhidden(member, impartial, "done.hidden", "done.author_id::text", "done.form_id", "done.application_id"))
}

// mergeEntries reads the newest entries before a place of the candidate of v's
// application: that they were merged with somebody, or are not any more. Who that
// is they do not say; masked viewers are told nothing of it.
func mergeEntries(ctx context.Context, tx pgx.Tx, v view, before logPlace, limit int) ([]entryRow, error) {
	if v.rights.Masked || v.rights.Area(access.Profile) < access.View || v.application.Candidate == nobody {
		return nil, nil
	}
	rows, err := tx.Query(ctx, `
		SELECT event_id, revision, commit_position, prepare_position, kind, at, by FROM `+v.schema.Table("timeline")+`
		WHERE application_id = $1 AND ($2::bigint < 0 OR (commit_position, prepare_position) < ($2, $3::bigint))
		ORDER BY commit_position DESC, prepare_position DESC LIMIT $4`, v.application.Candidate, before.commit, before.prepare, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r entryRow, err error) {
		r.Application = v.application.ID
		err = row.Scan(&r.Event, &r.Revision, &r.Commit, &r.Prepare, &r.Kind, &r.At, &r.By)
		return r, err
	})
}

// texted returns values as an array parameter; none is the empty array.
func texted[V ~string](values []V) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return texts
}

// shown is the entry as v may see it.
func (r entryRow) shown(v view, t *texts) TimelineEntry {
	d := r.Details.V
	e := TimelineEntry{
		ID: r.Event, ApplicationID: r.Application, Revision: r.Revision, Position: fmt.Sprintf("%d/%d", r.Commit, r.Prepare),
		Kind: r.Kind, At: r.At.UTC(), By: t.by(r.By),
		FromStage: v.job.stage(d.From), ToStage: v.job.stage(d.To), Undone: d.Undone, Imported: d.Imported, DiscloseAt: d.DiscloseAt,
		Source: orNil(d.Source), Outcome: orNil(d.Outcome), Priority: d.Priority, Visible: d.Visible, Rating: d.Rating,
		Reason: labelled(orNil(d.Reason), r.reasonLabel), Tag: labelled(orNil(d.Tag), r.tagLabel),
		GoesOnFrom: orNil(d.FromApplication), WentOnAs: orNil(d.ToApplication),
		Told: orNil(d.Told), Text: t.text(r.Text),
	}
	if slices.Contains(decisionText, r.Kind) && v.rights.Area(access.Decision) < access.View {
		e.Text = nil
	}
	if d.Owner != "" {
		owner := t.member(d.Owner)
		e.Owner = &owner
	}
	switch {
	case r.Kind == EntryWorkHandedOver && len(d.Members) == 2:
		e.HandedOver = &EntryHandedOver{From: t.member(d.Members[0]), To: t.member(d.Members[1])}
	case r.Kind == EntryNoticeBounced:
		// Nothing but whom it was to.
	case r.Kind == EntrySubmitted:
		e.Submission = r.Subject
	case r.Kind == EntryEvaluationSubmitted, r.Kind == EntryEvaluationDeleted:
		e.Evaluation = &EntryEvaluation{ID: *r.Subject, Form: Label{ID: d.Form, Label: orNone(r.form)}, Author: t.member(d.Author), Number: d.Number}
	case slices.Contains(reviewEntries, r.Kind):
		e.Review = &EntryReview{ID: *r.Subject, DueAt: d.DueAt}
		for _, m := range t.named(d.Members) {
			e.Review.Reviewer = &m
		}
	case slices.Contains(entryAreas[access.Comments], r.Kind):
		e.CommentID, e.Text = r.Subject, t.text(r.commentText)
		e.Mentions = t.named(d.Mentions)
	case slices.Contains(entryAreas[access.Notes], r.Kind):
		e.NoteID, e.Text = r.Subject, t.text(r.noteText)
	case r.grantMember != nil && r.Subject != nil:
		e.Grant = &EntryGrant{
			ID: *r.Subject, Member: t.member(*r.grantMember), Role: labelled(r.grantRole, r.grantRoleName),
			Cause: *r.grantCause, Of: r.grantOf, Until: d.Until,
		}
	case slices.Contains(entryAreas[access.Messages], r.Kind):
		e.Message = &EntryMessage{ID: *r.Subject, Files: orNil(d.Files), DueAt: d.DueAt}
	case slices.Contains(entryAreas[access.Interviews], r.Kind):
		e.Interview = &EntryInterview{ID: *r.Subject, Start: orNil(d.Start), Zone: orNil(d.Zone), Answer: orNil(d.Answer), Members: t.named(d.Members)}
	case slices.Contains(entryAreas[access.Offers], r.Kind):
		e.Offer = &EntryOffer{ID: *r.Subject, Version: orNil(d.Version), Outside: d.Outside, ExpiresAt: d.Until, Closed: d.Closed}
	case r.category != nil && r.Subject != nil:
		e.Document = &EntryDocument{
			ID: *r.Subject, Title: t.text(r.title), Category: *r.category,
			Version: orNil(d.Version), Files: orNil(d.Files), Late: d.Late, DueAt: d.DueAt,
		}
	}
	return e
}

// named names several members.
func (t *texts) named(ids []string) []MemberRef {
	refs := make([]MemberRef, len(ids))
	for i, id := range ids {
		refs[i] = t.member(id)
	}
	return refs
}

// orNone is "" for nil.
func orNone(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// orNil is nil for a zero value.
func orNil[V comparable](v V) *V {
	if v == *new(V) {
		return nil
	}
	return &v
}
