package history

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/vault"
)

// PastProfile is an application as it was at a moment, with the job as it was then.
// Personal fields are null when absent, erased since, or not for the viewer.
type PastProfile struct {
	Job        string              `json:"job_id"`
	JobTitle   string              `json:"job_title"`
	Stage      string              `json:"stage_id"`
	StageName  string              `json:"stage_name"`
	Outcome    application.Outcome `json:"outcome"`
	Reason     string              `json:"reason_id"`
	Source     string              `json:"source"`
	Owner      string              `json:"owner_id"`
	ReceivedAt time.Time           `json:"received_at"`
	Priority   bool                `json:"priority"`
	Anonymised bool                `json:"anonymised"`
	FirstName  *personal.Plain     `json:"first_name"`
	LastName   *personal.Plain     `json:"last_name"`
	Email      *personal.Plain     `json:"email"`
	Phone      *personal.Plain     `json:"phone"`

	Gender            *personal.Plain `json:"gender"`
	Birthday          *personal.Plain `json:"birthday"`
	Location          *personal.Plain `json:"location"`
	SalaryExpectation *personal.Plain `json:"salary_expectation"`
	AvailableFrom     *personal.Plain `json:"available_from"`
	Links             *personal.Plain `json:"links"`

	More []PastAttribute `json:"more_information" doc:"What was known then of the organisation's own attributes, in its order, of those whose area you may view"`

	Tags      []string       `json:"tag_ids"`
	Documents []PastDocument `json:"documents"`
	Notes     []PastText     `json:"notes"`
	Comments  []PastText     `json:"comments"`

	Ratings    map[domain.Actor]int `json:"ratings" doc:"By the member who rated"`
	Interviews []PastInterview      `json:"interviews"`

	Evaluations []PastEvaluation `json:"evaluations" doc:"Submitted by then, and not deleted since"`
}

// PastAttribute is what one of the organisation's own attributes was.
type PastAttribute struct {
	ID    string          `json:"id"`
	Label string          `json:"label" doc:"What it was called then"`
	Value json.RawMessage `json:"value" doc:"As its type has it; null if erased"`
}

// PastDocument is a document as it was.
type PastDocument struct {
	ID       string                     `json:"id"`
	Title    *personal.Plain            `json:"title"`
	Category access.Category            `json:"category"`
	Status   application.DocumentStatus `json:"status"`
	Version  int                        `json:"version" doc:"Number of versions uploaded by then"`

	requested bool
}

// PastInterview is an interview as it was.
type PastInterview struct {
	ID string `json:"id"`
	application.InterviewTime
	Title *personal.Plain            `json:"title"`
	State application.InterviewState `json:"state"`
}

// PastEvaluation is an evaluation as it was submitted last.
type PastEvaluation struct {
	ID             string                     `json:"id"`
	By             domain.Actor               `json:"by"`
	Form           string                     `json:"form_id"`
	Version        int                        `json:"form_version"`
	Recommendation application.Recommendation `json:"recommendation"`
	Result         *float64                   `json:"result"`
}

// PastText is a note or a comment as it was.
type PastText struct {
	ID      string          `json:"id"`
	By      domain.Actor    `json:"by"`
	At      time.Time       `json:"at"`
	Text    *personal.Plain `json:"text"`
	Visible bool            `json:"candidate_can_view"`
	Deleted bool            `json:"deleted"`
}

// profile folds events, all up to the moment, and what the job and the person
// were then. What is not for the viewer is left out.
func (r *Replayer) profile(ctx context.Context, events []recorded, asOf AsOf, held access.Rights, o *opening) (*PastProfile, error) {
	p := &PastProfile{More: []PastAttribute{}, Tags: []string{}, Documents: []PastDocument{}, Notes: []PastText{}, Comments: []PastText{}, Ratings: map[domain.Actor]int{}, Interviews: []PastInterview{}, Evaluations: []PastEvaluation{}}
	var person personal.Text
	// Texts are opened into their places, so slices must not grow any more then.
	p.Notes, p.Comments = slices.Grow(p.Notes, len(events)), slices.Grow(p.Comments, len(events))
	p.Documents, p.Interviews = slices.Grow(p.Documents, len(events)), slices.Grow(p.Interviews, len(events))
	for _, rec := range events {
		p.apply(rec.fact, held, o)
		switch e := rec.fact.(type) { //nolint:gochecksumtype // only who the person was
		case application.Received:
			person = e.Candidate
		}
	}
	if asOf.Revision != nil { // of the application; for the others it is a place in the log
		asOf = AsOf{Position: &events[len(events)-1].Position}
	}
	if err := r.jobThen(ctx, p, asOf); err != nil {
		return nil, err
	}
	if p.Anonymised || held.Masked || held.Area(access.Application) < access.View {
		return p, nil
	}
	return p, r.personThen(ctx, p, person, asOf, held, o)
}

// apply folds one event.
func (p *PastProfile) apply(e application.Event, held access.Rights, o *opening) {
	shows := func(a access.Area) bool { return !held.Masked && held.Area(a) >= access.View }
	switch e := e.(type) {
	case application.Received:
		p.Job, p.Stage, p.Source, p.Owner, p.ReceivedAt, p.Outcome = e.Job, e.Stage, e.Source, e.Owner, e.At, application.InProgress
	case application.StageMoved:
		p.Stage = e.To
	case application.MoveUndone:
		p.Stage = e.To
	case application.Disqualified:
		p.Outcome, p.Reason = e.Kind, e.Reason
	case application.Transferred:
		p.Outcome, p.Reason = application.OutcomeTransferred, ""
		for _, id := range e.Documents {
			p.document(id, func(d *PastDocument) { d.Status = application.DocumentIsCancelled })
		}
		for _, id := range e.Interviews {
			p.interview(id, func(i *PastInterview) { i.State = application.InterviewIsOff })
		}
	case application.Requalified:
		p.Outcome, p.Reason = application.InProgress, ""
	case application.Hired:
		p.Outcome = application.OutcomeHired
	case application.HireUndone:
		p.Outcome = application.InProgress
	case application.ReasonChanged:
		p.Reason = e.Reason
	case application.Anonymised:
		p.Anonymised = true
		p.Tags = []string{}
	case application.TagAdded:
		if held.Area(access.Tags) >= access.View && !o.untagged {
			p.Tags = append(p.Tags, e.Tag)
		}
	case application.TagRemoved:
		p.Tags = slices.DeleteFunc(p.Tags, func(t string) bool { return t == e.Tag })
	case application.PrioritySet:
		p.Priority = e.Priority
	case application.OwnerSet:
		p.Owner = e.Owner
	case application.CommentAdded:
		if held.Area(access.Comments) >= access.View {
			p.Comments = append(p.Comments, PastText{ID: e.Comment, By: e.By, At: e.At})
			o.text(e.Text, shows(access.Comments), &p.Comments[len(p.Comments)-1].Text)
		}
	case application.NoteAdded:
		if held.Area(access.Notes) >= access.View {
			p.Notes = append(p.Notes, PastText{ID: e.Note, By: e.By, At: e.At, Visible: e.Visible})
			o.text(e.Text, shows(access.Notes), &p.Notes[len(p.Notes)-1].Text)
		}
	case application.CommentEdited:
		p.comment(e.Comment, func(c *PastText) { o.text(e.Text, shows(access.Comments), &c.Text) })
	case application.CommentDeleted:
		p.comment(e.Comment, func(c *PastText) { c.Deleted = true })
	case application.Rated:
		if held.Area(access.Evaluations) >= access.View {
			p.Ratings[e.By] = e.Rating
		}
	case application.EvaluationSubmitted:
		if held.Area(access.Evaluations) >= access.View && o.evaluations.see(e.By.MemberID(), e.Form, e.Hidden, held) {
			p.without(e.Evaluation)
			p.Evaluations = append(p.Evaluations, PastEvaluation{ID: e.Evaluation, By: e.By, Form: e.Form, Version: e.Version, Recommendation: e.Recommendation, Result: e.Result})
		}
	case application.EvaluationDeleted:
		p.without(e.Evaluation)
	case application.EvaluationDrafted:
		// Nobody else's to see.
	case application.InterviewScheduled:
		if held.Area(access.Interviews) >= access.View {
			p.Interviews = append(p.Interviews, PastInterview{ID: e.Interview, InterviewTime: e.InterviewTime, State: application.InterviewPlanned})
			o.text(e.Title, !held.Masked, &p.Interviews[len(p.Interviews)-1].Title)
		}
	case application.InterviewRescheduled:
		p.interview(e.Interview, func(i *PastInterview) { i.InterviewTime = e.InterviewTime })
	case application.InterviewChanged:
		p.interview(e.Interview, func(i *PastInterview) { o.text(e.Title, !held.Masked, &i.Title) })
	case application.InterviewCancelled:
		p.interview(e.Interview, func(i *PastInterview) { i.State = application.InterviewIsOff })
	case application.InterviewHeld:
		p.interview(e.Interview, func(i *PastInterview) { i.State = application.InterviewIsOver })
	case application.InterviewMissed:
		p.interview(e.Interview, func(i *PastInterview) { i.State = application.InterviewWasMissed })
	case application.InterviewInvited:
		// Nothing of the interview is another for it.
	case application.InterviewAnswered:
		if e.Slot != "" {
			p.interview(e.Interview, func(i *PastInterview) { i.Start = e.Slot })
		}
	case application.NoteEdited:
		p.note(e.Note, func(n *PastText) { o.text(e.Text, shows(access.Notes), &n.Text) })
	case application.NoteVisibilitySet:
		p.note(e.Note, func(n *PastText) { n.Visible = e.Visible })
	case application.NoteDeleted:
		p.note(e.Note, func(n *PastText) { n.Deleted = true })
	case application.DocumentRequested:
		if o.views(held, e.Document) {
			p.Documents = append(p.Documents, PastDocument{ID: e.Document, Category: e.Category, Status: application.DocumentIsRequested, requested: true})
			o.text(e.Title, !held.Masked, &p.Documents[len(p.Documents)-1].Title)
		}
	case application.DocumentUploaded:
		if o.views(held, e.Document) {
			p.uploaded(e)
		}
	case application.DocumentApproved:
		p.document(e.Document, func(d *PastDocument) { d.Status = application.DocumentIsApproved })
	case application.DocumentRejected:
		p.document(e.Document, func(d *PastDocument) { d.Status = application.DocumentIsRejected })
	case application.DocumentCancelled:
		p.document(e.Document, func(d *PastDocument) { d.Status = application.DocumentIsCancelled })
	case application.FileScanned:
		if e.Rejects {
			p.document(e.Document, func(d *PastDocument) { d.Status = application.DocumentIsRejected })
		}
	case application.DocumentReopened:
		p.document(e.Document, func(d *PastDocument) { d.Status = application.DocumentIsUploaded })
	case application.DocumentRecategorised:
		p.document(e.Document, func(d *PastDocument) { d.Category = e.To })
	case application.DocumentLeft:
		p.Documents = slices.DeleteFunc(p.Documents, func(d PastDocument) bool { return d.ID == e.Document })
	case application.VersionDeleted:
		p.document(e.Document, func(d *PastDocument) { d.without(e.Version) })
	case application.ReviewRequested, application.ReviewSubmitted, application.ReviewWithdrawn, application.ReviewReminderDue, application.WorkHandedOver:
		// What was asked of colleagues, the events say.
	case application.OfferDrafted, application.OfferChanged, application.OfferApproved, application.OfferReturned,
		application.OfferSent, application.OfferAccepted, application.OfferDeclined, application.OfferWithdrawn, application.OfferExpired:
		// And what was offered.
	case application.EmployeeLinked, application.Deleted, application.ClaimLost, application.CommentsRead, application.OutcomeDisclosed, application.DisclosureMoved, application.StageOverdue, application.DocumentReminderDue, application.AccessGranted, application.AccessEnds,
		application.AuditOpened, application.AuditClosed:
		// Nothing that the profile shows.
	case application.Submitted:
		// What came by the form stays as it was; the history has it.
	}
}

func (p *PastProfile) without(evaluation string) {
	p.Evaluations = slices.DeleteFunc(p.Evaluations, func(e PastEvaluation) bool { return e.ID == evaluation })
}

func (p *PastProfile) interview(id string, change func(*PastInterview)) {
	for i := range p.Interviews {
		if p.Interviews[i].ID == id {
			change(&p.Interviews[i])
		}
	}
}

func (p *PastProfile) comment(id string, change func(*PastText)) {
	for i := range p.Comments {
		if p.Comments[i].ID == id {
			change(&p.Comments[i])
		}
	}
}

// without is the document after one of its versions was deleted.
func (d *PastDocument) without(version int) {
	switch {
	case version != d.Version, d.Status == application.DocumentIsCancelled:
	case d.requested:
		d.Status = application.DocumentIsRequested
	default:
		d.Status = application.DocumentIsDeleted
	}
}

func (p *PastProfile) note(id string, change func(*PastText)) {
	for i := range p.Notes {
		if p.Notes[i].ID == id {
			change(&p.Notes[i])
		}
	}
}

func (p *PastProfile) document(id string, change func(*PastDocument)) {
	for i := range p.Documents {
		if p.Documents[i].ID == id {
			change(&p.Documents[i])
		}
	}
}

func (p *PastProfile) uploaded(e application.DocumentUploaded) {
	if !slices.ContainsFunc(p.Documents, func(d PastDocument) bool { return d.ID == e.Document }) {
		p.Documents = append(p.Documents, PastDocument{ID: e.Document, Category: e.Category})
	}
	p.document(e.Document, func(d *PastDocument) {
		d.Status, d.Version = application.DocumentIsUploaded, e.Version
	})
}

// jobThen fills in what the job was called then.
func (r *Replayer) jobThen(ctx context.Context, p *PastProfile, asOf AsOf) error {
	var j job.Job
	for rec, err := range r.Log.ReadStream(ctx, "job-"+p.Job, 0, eventlog.Forwards) {
		if err != nil {
			return fmt.Errorf("job %s: %w", p.Job, err)
		}
		if asOf.after(rec) {
			break
		}
		e, err := job.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return fmt.Errorf("job %s: %w", p.Job, err)
		}
		j = j.Fold(e)
	}
	p.JobTitle, p.StageName = j.Details.Title, j.Named(p.Stage)
	return nil
}

// personThen fills in what was known of the person then.
func (r *Replayer) personThen(ctx context.Context, p *PastProfile, ref personal.Text, asOf AsOf, held access.Rights, o *opening) error {
	if ref.IsZero() {
		return nil
	}
	opened, err := r.Opener.Open(ctx, ref.Bytes())
	if err != nil {
		return fmt.Errorf("open the reference to the person: %w", err)
	}
	if opened[0].Erased {
		return nil
	}
	var known candidate.Candidate
	for rec, err := range r.Log.ReadStream(ctx, "candidate-"+string(opened[0].Text), 0, eventlog.Forwards) {
		if err != nil {
			return fmt.Errorf("person: %w", err)
		}
		if asOf.after(rec) {
			break
		}
		e, err := candidate.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return fmt.Errorf("person: %w", err)
		}
		known = known.Fold(e)
	}
	o.text(known.Known[candidate.FirstName], true, &p.FirstName)
	o.text(known.Known[candidate.LastName], true, &p.LastName)
	o.text(known.Known[candidate.Email], true, &p.Email)
	for a, to := range map[candidate.Attribute]**personal.Plain{
		candidate.Phone: &p.Phone, candidate.Gender: &p.Gender, candidate.Birthday: &p.Birthday, candidate.Location: &p.Location,
		candidate.SalaryExpectation: &p.SalaryExpectation, candidate.AvailableFrom: &p.AvailableFrom, candidate.Links: &p.Links,
	} {
		o.text(known.Known[a], held.Area(access.Profile) >= access.View && held.Area(a.Area()) >= access.View, to)
	}
	return r.attributesThen(ctx, p, known.Custom, asOf, held, o)
}

// attributesThen fills in what was known of the organisation's own attributes
// then, called as they were. Whose area each is says the organisation today.
func (r *Replayer) attributesThen(ctx context.Context, p *PastProfile, known map[string]personal.Text, asOf AsOf, held access.Rights, o *opening) error {
	if len(known) == 0 || held.Area(access.Profile) < access.View {
		return nil
	}
	var then, today organization.Organization
	for rec, err := range r.Log.ReadStream(ctx, "organization-"+organization.ID, 0, eventlog.Forwards) {
		if err != nil {
			return fmt.Errorf("the organisation: %w", err)
		}
		e, err := organization.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return fmt.Errorf("the organisation: %w", err)
		}
		today = today.Fold(e)
		if !asOf.after(rec) {
			then = today
		}
	}
	p.More = make([]PastAttribute, 0, len(known)) // it must not grow any more
	for _, id := range then.AttributeOrder {
		value, ok := known[id]
		if !ok || held.Area(today.Attributes[id].In()) < access.View {
			continue
		}
		p.More = append(p.More, PastAttribute{ID: id, Label: then.Attributes[id].Label})
		into := &p.More[len(p.More)-1].Value
		o.later(value.Bytes(), func(got vault.Opened) {
			if !got.Erased {
				*into = json.RawMessage(got.Text)
			}
		})
	}
	return nil
}
