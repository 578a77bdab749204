package readmodels

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// Tracking is what a candidate sees of one application. It holds nothing that
// tells of a decision before it is disclosed: no revision, no date of the last
// change. It is read from the same rows as the profile.
type Tracking struct {
	ID          string              `json:"id" format:"uuid"`
	FirstName   *personal.Plain     `json:"first_name"`
	LastName    *personal.Plain     `json:"last_name"`
	PictureID   *string             `json:"picture_id" format:"uuid" doc:"Another one is another picture; null if there is none"`
	Job         string              `json:"job" doc:"Title of the job"`
	Position    string              `json:"position"`
	Stage       string              `json:"stage" doc:"The stage's public name, else its own"`
	Status      application.Outcome `json:"status" enum:"in_progress,hired,rejected,withdrawn" doc:"A rejection shows from when it is disclosed"`
	ReceivedAt  time.Time           `json:"received_at"`
	Documents   []TrackedDocument   `json:"documents" doc:"What was asked for and what the candidate uploaded, newest first"`
	Notes       []TrackedNote       `json:"notes" doc:"The newest 20, newest first"`
	NotesTotal  int                 `json:"notes_total" doc:"How many notes there are"`
	NotesNext   *string             `json:"notes_next_cursor" doc:"With it GET /v1/candidate/applications/{id}/notes goes on behind those that are here, of a preview GET /v1/applications/{id}/candidate-view/notes; null if there are no others"`
	Interviews  []TrackedInterview  `json:"interviews" doc:"Today's first, then upcoming ones, then past ones, newest first"`
	RatingShown bool                `json:"rating_shown" doc:"Whether candidates see ratings"`
	Rating      *int                `json:"rating" doc:"Mean of all ratings, rounded half up; null while there is none to show"`
	ReadOnly    bool                `json:"read_only" doc:"It is over: nothing can be added, but for documents of who was hired"`
	ReadUntil   *time.Time          `json:"readable_until" doc:"The page is there until then; null while that is not known"`
	Preview     bool                `json:"preview" doc:"A member looks at the candidate's page"`
}

// TrackedDocument is a document as the candidate sees it.
type TrackedDocument struct {
	ID              string                     `json:"id" format:"uuid"`
	Category        access.Category            `json:"category"`
	Status          application.DocumentStatus `json:"status" enum:"requested,uploaded,approved,rejected,cancelled,deleted"`
	Title           *personal.Plain            `json:"title" doc:"Null without request"`
	Description     *personal.Plain            `json:"description"`
	Formats         []application.Format       `json:"formats" doc:"What was asked for; empty means any"`
	MaxBytes        *int64                     `json:"max_bytes" doc:"Of one file; null without request"`
	MaxFiles        *int                       `json:"max_files" doc:"Of one upload; null without request"`
	DueAt           *time.Time                 `json:"due_at"`
	RequestedAt     *time.Time                 `json:"requested_at" doc:"Null without request"`
	RejectionReason *personal.Plain            `json:"rejection_reason" doc:"While the newest version is rejected"`
	AcceptsUpload   bool                       `json:"accepts_upload"`
	Uploads         []TrackedUpload            `json:"uploads" doc:"The candidate's own, newest first"`
}

// TrackedUpload is a version that the candidate uploaded.
type TrackedUpload struct {
	Version    int       `json:"version"`
	UploadedAt time.Time `json:"uploaded_at"`
	Late       bool      `json:"late" doc:"After the due date"`
	Files      []File    `json:"files" doc:"None once the upload was deleted"`
}

// TrackedNote is a note as the candidate sees it.
type TrackedNote struct {
	ID      string          `json:"id" format:"uuid"`
	Own     bool            `json:"own" doc:"Whether the candidate wrote it"`
	Text    *personal.Plain `json:"text" doc:"Null if deleted"`
	At      time.Time       `json:"at"`
	Deleted bool            `json:"deleted"`

	Documents []TrackedNoteFiles `json:"documents" doc:"Its files"`
}

// TrackedNoteFiles are files that came with a note.
type TrackedNoteFiles struct {
	ID    string `json:"id" format:"uuid" doc:"Of the document"`
	Files []File `json:"files"`
}

// TrackedInterview is an interview as the candidate sees it.
type TrackedInterview struct {
	ID     string                      `json:"id" format:"uuid"`
	Status application.InterviewStatus `json:"status" enum:"today,upcoming,expired,completed,no_show,cancelled"`
	InterviewWhen
	Title        *personal.Plain         `json:"title"`
	Description  *personal.Plain         `json:"description"`
	Place        *personal.Plain         `json:"place"`
	Link         *personal.Plain         `json:"link"`
	Interviewers []*personal.Plain       `json:"interviewers" doc:"Their names"`
	Answer       *application.AnswerKind `json:"answer" enum:"accepted,tentative,declined" doc:"The candidate's own; null while there is none"`
	Slots        []string                `json:"slots" doc:"Other starts that may be picked"`
}

// TrackedApplication is one of a candidate's applications.
type TrackedApplication struct {
	ID         string              `json:"id" format:"uuid"`
	Job        string              `json:"job" doc:"Title of the job"`
	Position   string              `json:"position"`
	Stage      string              `json:"stage"`
	Status     application.Outcome `json:"status" enum:"in_progress,hired,rejected,withdrawn"`
	ReceivedAt time.Time           `json:"received_at"`
}

// status is what the candidate is told at now.
func (r ApplicationRow) status(now time.Time) application.Outcome {
	if r.DiscloseAt != nil && now.Before(*r.DiscloseAt) {
		return application.InProgress
	}
	return r.Outcome
}

// publicStage is what the candidate sees of a stage.
func (p stagePlan) publicStage(id string) string {
	s, _ := p.of(id)
	if s.PublicName != "" {
		return s.PublicName
	}
	return s.Name
}

// readableUntil is until when the candidate may look at it, as far as they are
// told at now that it is over; nil is for ever.
func (r ApplicationRow) readableUntil(o SettingsRow, now time.Time) *time.Time {
	if told := r.status(now); told != application.Rejected && told != application.Withdrawn || r.DiscloseAt == nil {
		return nil
	}
	until := r.DiscloseAt.AddDate(0, 0, o.ReadOnlyDays).UTC()
	return &until
}

// selfTracking returns the settings, or refuses everything of the candidate's
// page while it is off.
func selfTracking(ctx context.Context, tx pgx.Tx, s Schema) (SettingsRow, error) {
	o, err := settings(ctx, tx, s)
	if err == nil && !o.SelfTracking {
		err = ErrNotFound
	}
	return o, err
}

// settings returns the settings. Errors: ErrNotFound before there are any.
func settings(ctx context.Context, tx pgx.Tx, s Schema) (SettingsRow, error) {
	var all []SettingsRow
	b := new(pgx.Batch)
	queueRows(b, s, SettingsTable(), &all, "true")
	if err := send(ctx, tx, b); err != nil {
		return SettingsRow{}, err
	}
	if len(all) == 0 {
		return SettingsRow{}, ErrNotFound
	}
	return all[0], nil
}

// ownApplication refuses a candidate at now what is not theirs or no longer to be
// seen, and everything while self-tracking is off.
func ownApplication(ctx context.Context, tx pgx.Tx, s Schema, a ApplicationRow, candidateID string, now time.Time) error {
	o, err := selfTracking(ctx, tx, s)
	if err != nil {
		return err
	}
	return a.ownedBy(candidateID, o, now)
}

// ownedBy refuses a candidate at now what is not theirs or no longer to be seen.
func (r ApplicationRow) ownedBy(candidateID string, o SettingsRow, now time.Time) error {
	if candidateID == nobody || r.Candidate != candidateID || r.Anonymised {
		return ErrNotFound
	}
	if until := r.readableUntil(o, now); until != nil && !now.Before(*until) {
		return ErrNotFound
	}
	return nil
}

// Tracking returns one of a candidate's own applications as they see it at now.
// Errors: ErrNotFound, also while self-tracking is off.
func (c *Core) Tracking(ctx context.Context, candidateID, applicationID string, now time.Time) (Tracking, error) {
	var page Tracking
	if !isID(candidateID, applicationID) {
		return page, ErrNotFound
	}
	err := c.snapshot(ctx, "tracking", func(tx pgx.Tx, s Schema) error {
		v, err := openOwn(ctx, tx, s, candidateID, applicationID, now)
		if err != nil {
			return err
		}
		page, err = c.tracking(ctx, tx, s, v)
		return err
	})
	return page, err
}

// openOwn finds an application, or what it went on as, that is a candidate's own.
// Errors: ErrNotFound, also while self-tracking is off.
func openOwn(ctx context.Context, tx pgx.Tx, s Schema, candidateID, applicationID string, now time.Time) (tracked, error) {
	v := tracked{now: now, notes: true, ratings: true, interviews: true, contracts: true}
	a, err := applicationRow(ctx, tx, s, applicationID)
	if err == nil {
		a, err = wentOn(ctx, tx, s, a)
	}
	if err == nil {
		err = ownApplication(ctx, tx, s, a, candidateID, now)
	}
	if err != nil {
		return v, err
	}
	v.application = a
	if v.before, err = before(ctx, tx, s, a); err != nil {
		return v, err
	}
	if v.job.JobRow, err = one(ctx, tx, s, Jobs(), "job_id", a.Job); err != nil {
		return v, err
	}
	v.categories, err = allCategories(ctx, tx, s)
	return v, err
}

// TrackingPreview returns the candidate's page of an application as far as
// member may see it at now: documents of the categories they may view, notes
// with the right to view notes.
// Errors: ErrNotFound, also while self-tracking is off.
func (c *Core) TrackingPreview(ctx context.Context, member, applicationID string, now time.Time) (Tracking, error) {
	var page Tracking
	err := c.snapshot(ctx, "preview of tracking", func(tx pgx.Tx, s Schema) error {
		v, err := c.openPreview(ctx, tx, s, member, applicationID, now)
		if err != nil {
			return err
		}
		page, err = c.tracking(ctx, tx, s, v)
		page.Preview = true
		return err
	})
	return page, err
}

// openPreview finds an application whose candidate's page member may look at.
// Errors: ErrNotFound, also while self-tracking is off.
func (c *Core) openPreview(ctx context.Context, tx pgx.Tx, s Schema, member, applicationID string, now time.Time) (tracked, error) {
	v, err := c.open(ctx, tx, s, member, applicationID, now)
	if err == nil {
		_, err = selfTracking(ctx, tx, s)
	}
	if err != nil {
		return tracked{}, err
	}
	return tracked{
		application: v.application, before: v.before, job: v.job, now: now, masked: v.rights.Masked,
		categories: v.categories(), notes: v.rights.Area(access.Notes) >= access.View, ratings: v.rights.Area(access.Evaluations) >= access.View,
		interviews: v.rights.Area(access.Interviews) >= access.View, contracts: v.rights.Contracts(),
	}, nil
}

// TrackedApplications returns a candidate's own applications as they see them at
// now, newest first. Errors: ErrNotFound while self-tracking is off.
func (c *Core) TrackedApplications(ctx context.Context, candidateID string, now time.Time) ([]TrackedApplication, error) {
	list := []TrackedApplication{}
	if !isID(candidateID) || candidateID == nobody {
		return nil, ErrNotFound
	}
	err := c.snapshot(ctx, "tracked applications", func(tx pgx.Tx, s Schema) error {
		o, err := selfTracking(ctx, tx, s)
		if err != nil {
			return err
		}
		var applications []ApplicationRow
		var jobs []JobRow
		b := new(pgx.Batch)
		queueRows(b, s, Applications(), &applications, "candidate_id = $1 AND NOT anonymised AND outcome <> 'transferred' ORDER BY received_at DESC, application_id", candidateID)
		queueRows(b, s, Jobs(), &jobs, "job_id IN (SELECT job_id FROM "+s.Table("applications")+" WHERE candidate_id = $1)", candidateID)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		for _, a := range applications {
			i := slices.IndexFunc(jobs, func(j JobRow) bool { return j.ID == a.Job })
			until := a.readableUntil(o, now)
			if i < 0 || until != nil && !now.Before(*until) {
				continue
			}
			list = append(list, TrackedApplication{
				ID: a.ID, Job: jobs[i].Title, Position: jobs[i].Position, Stage: stagePlan{jobs[i]}.publicStage(a.Stage),
				Status: a.status(now), ReceivedAt: a.ReceivedAt,
			})
		}
		return nil
	})
	return list, err
}

// tracked is an application on its way to the candidate's page.
type tracked struct {
	application ApplicationRow
	before      []ApplicationRow // those it goes on from
	job         stagePlan
	now         time.Time
	categories  []access.Category
	notes       bool
	ratings     bool
	interviews  bool
	contracts   bool
	masked      bool
}

func (c *Core) tracking(ctx context.Context, tx pgx.Tx, s Schema, v tracked) (Tracking, error) {
	a, line := v.application, lineOf(v.application, v.before)
	page := Tracking{
		ID: a.ID, Job: v.job.Title, Position: v.job.Position, Stage: v.job.publicStage(a.Stage),
		Status: a.status(v.now), ReceivedAt: a.ReceivedAt, Documents: []TrackedDocument{}, Notes: []TrackedNote{}, Interviews: []TrackedInterview{},
	}
	var people []PersonRow
	notes := remarkRows{limit: RemarksShown}
	var documents documentRows
	var settings []SettingsRow
	var ratings []RatingRow
	var interviews []InterviewRow
	var evaluated []string
	b := new(pgx.Batch)
	queueRows(b, s, SettingsTable(), &settings, "true")
	if v.interviews {
		queueRows(b, s, Interviews(), &interviews, "(application_id = $1 OR application_id = ANY ($2::uuid[]) AND NOT went_on) AND NOT hidden", a.ID, line)
		queueEvaluated(b, s, append(slices.Clone(line), a.ID), &evaluated)
	}
	if v.ratings {
		queueRows(b, s, Ratings(), &ratings, "application_id = $1", a.ID)
	}
	queueRows(b, s, People(), &people, "candidate_id = $1", a.Candidate)
	if v.notes {
		notes.queueTracked(b, s, line)
	}
	documents.queue(b, s, line, v.documents(s), v.documentArgs()...)
	if err := send(ctx, tx, b); err != nil {
		return page, err
	}
	notes.cut()
	t := textsOf(c.vault, line, v.masked)
	for _, p := range people {
		t.want(p.FirstName, p.LastName)
	}
	notes.wantTexts(t)
	documents.want(t)
	for _, i := range interviews {
		i.want(t)
	}
	if err := t.loadNow(ctx, tx, s); err != nil {
		return page, err
	}
	for _, i := range interviews {
		page.Interviews = append(page.Interviews, i.tracked(evaluated, expiresAtEnd(settings), v.now, t))
	}
	inOrder(page.Interviews, func(i TrackedInterview) (application.InterviewStatus, time.Time, string) {
		return i.Status, i.StartsAt, i.ID
	})
	for _, p := range people {
		page.FirstName, page.LastName = t.text(p.FirstName), t.text(p.LastName)
		if !v.masked {
			page.PictureID = p.Picture
		}
	}
	page.ReadOnly = page.Status != application.InProgress
	for _, o := range settings {
		page.rate(o, ratings)
		page.ReadUntil = a.readableUntil(o, v.now)
	}
	shown := documents.shown(t)
	for _, d := range shown {
		if d.NoteID != nil {
			continue
		}
		if d.ApplicationID != a.ID && d.Status == application.DocumentIsCancelled && len(d.Versions) == 0 {
			continue // it is asked for in the application that goes on
		}
		page.Documents = append(page.Documents, d.tracked(page.Status))
	}
	var err error
	page.Notes, page.NotesTotal = notes.tracked(shown, t), notes.noteTotal
	if page.NotesNext, err = notes.nextTracked(c.vault, a.ID); err != nil {
		return page, err
	}
	return page, t.err
}

// documents is a condition: the candidate sees the document. Its parameters begin
// with $2.
func (v tracked) documents(s Schema) string {
	return `category = ANY ($2) AND (offer_id IS NULL OR $5) AND (requested_at IS NOT NULL OR EXISTS (
		SELECT FROM ` + s.Table("document_versions") + ` own WHERE own.document_id = documents.document_id AND own.uploaded_by = $3)
		OR $4 AND EXISTS (SELECT FROM ` + s.Table("notes") + ` note WHERE note.note_id = documents.note_id AND note.visible AND NOT note.deleted))`
}

func (v tracked) documentArgs() []any {
	return []any{texted(v.categories), domain.Candidate, v.notes, v.contracts}
}

// rate shows the mean rating if candidates see it and enough members have rated,
// and never how many did.
func (page *Tracking) rate(o SettingsRow, ratings []RatingRow) {
	page.RatingShown = o.RatingVisibility
	sum := 0
	for _, r := range ratings {
		sum += r.Rating
	}
	if mean, told := application.RoundedMean(sum, len(ratings), o.RatingMinRaters); told && o.RatingVisibility {
		page.Rating = &mean
	}
}

// tracked is the interview as the candidate sees it.
func (r InterviewRow) tracked(evaluated []string, atEnd bool, now time.Time, t *texts) TrackedInterview {
	i := TrackedInterview{
		ID: r.ID, Status: r.status(evaluated, atEnd, now), InterviewWhen: r.when(),
		Title: t.text(r.Title), Description: t.text(r.Description), Place: t.text(r.Place), Link: t.text(r.Link),
		Interviewers: []*personal.Plain{}, Slots: orEmpty(r.Slots),
	}
	for _, m := range r.Participants {
		i.Interviewers = append(i.Interviewers, t.member(m).Name)
	}
	for _, a := range r.Answers.V {
		if a.Member == "" {
			i.Answer = &a.Answer
		}
	}
	return i
}

// tracked is the document as the candidate sees it on a page with that status.
func (d Document) tracked(status application.Outcome) TrackedDocument {
	shown := TrackedDocument{
		ID: d.ID, Category: d.Category, Status: d.Status, Title: d.Title, Description: d.Description,
		Formats: d.Formats, MaxBytes: d.MaxBytes, MaxFiles: d.MaxFiles, DueAt: d.DueAt, RequestedAt: d.RequestedAt,
		AcceptsUpload: status != application.Rejected && status != application.Withdrawn && d.RequestedAt != nil && d.Status != application.DocumentIsApproved && d.Status != application.DocumentIsCancelled,
		Uploads:       []TrackedUpload{},
	}
	if d.Status == application.DocumentIsRejected {
		shown.RejectionReason = d.Reason
	}
	for _, v := range d.Versions {
		if v.UploadedBy.Kind == string(domain.Candidate) {
			shown.Uploads = append(shown.Uploads, TrackedUpload{Version: v.Version, UploadedAt: v.UploadedAt, Late: v.Late, Files: v.Files})
		}
	}
	return shown
}
