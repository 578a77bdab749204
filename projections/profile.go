package projections

import (
	"context"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/readmodels"
)

// profile keeps notes, comments and documents of applications. The candidate's
// page reads the same rows.
type profile struct {
	notes     *Rows[readmodels.NoteRow]
	comments  *Rows[readmodels.CommentRow]
	earlier   *Rows[readmodels.EarlierRow]
	reads     *Rows[readmodels.CommentReadRow]
	documents *Rows[readmodels.DocumentRow]
	versions  *Rows[readmodels.VersionRow]
	files     *Rows[readmodels.FileRow]
	reviews   *Rows[readmodels.ReviewRow]
	forms     *Rows[readmodels.SubmissionRow]
	kept      *Rows[readmodels.KeptRow]
}

func newProfile() *profile {
	return &profile{
		notes:     NewRows(readmodels.Notes()),
		comments:  NewRows(readmodels.Comments()),
		earlier:   NewRows(readmodels.EarlierTexts()),
		reads:     NewRows(readmodels.CommentReads()),
		documents: NewRows(readmodels.Documents()),
		versions:  NewRows(readmodels.DocumentVersions()),
		files:     NewRows(readmodels.DocumentFiles()),
		reviews:   NewRows(readmodels.DocumentReviews()),
		forms:     NewRows(readmodels.Submissions()),
		kept:      NewRows(readmodels.KeptValues()),
	}
}

// Name implements Model.
func (*profile) Name() string { return "profile" }

// Tables implements Model.
func (m *profile) Tables() []AnyTable {
	return []AnyTable{m.notes, m.comments, m.earlier, m.reads, m.documents, m.versions, m.files, m.reviews, m.forms, m.kept}
}

// Need implements Model.
func (m *profile) Need(f Fact) {
	e, ok := f.Body.(application.Event)
	if !ok {
		return
	}
	switch e := e.(type) {
	case application.OutcomeDisclosed, application.DisclosureMoved, application.DocumentReminderDue, application.StageOverdue, application.ReviewReminderDue, application.WorkHandedOver:
		// The timeline shows them.
	case application.NoteVisibilitySet:
		m.notes.Need(e.Note)
	case application.NoteEdited:
		m.notes.Need(e.Note)
	case application.NoteDeleted:
		m.notes.Need(e.Note)
		m.earlier.NeedBy("subject_id", e.Note)
	case application.CommentEdited:
		m.comments.Need(e.Comment)
	case application.CommentDeleted:
		m.comments.Need(e.Comment)
		m.earlier.NeedBy("subject_id", e.Comment)
	case application.CommentsRead:
		m.comments.Need(e.Through)
	case application.DocumentUploaded:
		m.documents.Need(e.Document)
	case application.DocumentApproved:
		m.documents.Need(e.Document)
	case application.DocumentRejected:
		m.documents.Need(e.Document)
	case application.DocumentCancelled:
		m.documents.Need(e.Document)
	case application.DocumentReopened:
		m.documents.Need(e.Document)
	case application.FileScanned:
		m.documents.Need(e.Document)
	case application.Transferred:
		for _, id := range e.Documents {
			m.documents.Need(id)
		}
	case application.DocumentRecategorised:
		m.documents.Need(e.Document)
	case application.DocumentLeft:
		m.documents.Need(e.Document)
		m.files.NeedBy("application_id", f.Aggregate)
		m.reviews.NeedBy("application_id", f.Aggregate)
	case application.VersionDeleted:
		m.documents.Need(e.Document)
		m.versions.Need(readmodels.VersionKey(e.Document, e.Version))
		m.files.NeedBy("application_id", f.Aggregate)
	case application.Anonymised, application.Deleted:
		m.reads.NeedBy("application_id", f.Aggregate)
		m.versions.NeedBy("application_id", f.Aggregate)
		m.notes.NeedBy("application_id", f.Aggregate)
		m.comments.NeedBy("application_id", f.Aggregate)
		m.earlier.NeedBy("application_id", f.Aggregate)
		m.documents.NeedBy("application_id", f.Aggregate)
		m.files.NeedBy("application_id", f.Aggregate)
		m.reviews.NeedBy("application_id", f.Aggregate)
		m.forms.NeedBy("application_id", f.Aggregate)
		m.kept.NeedBy("application_id", f.Aggregate)
	case application.NoteAdded, application.CommentAdded, application.DocumentRequested, application.Submitted:
		// New rows.
	case application.Received, application.ClaimLost, application.StageMoved, application.MoveUndone, application.Disqualified, application.Requalified,
		application.ReasonChanged, application.TagAdded, application.TagRemoved, application.PrioritySet, application.OwnerSet:
		// The header of a profile is the list's row.
	case application.AccessGranted, application.AccessEnds, application.AuditOpened, application.AuditClosed:
		// Model access keeps them.
	case application.Hired, application.HireUndone, application.EmployeeLinked:
		// Model hires keeps them.
	case application.OfferAccepted:
		if e.Document != "" {
			m.documents.Need(e.Document)
		}
	case application.OfferDrafted, application.OfferChanged, application.OfferApproved, application.OfferReturned,
		application.OfferSent, application.OfferDeclined, application.OfferWithdrawn, application.OfferExpired:
		// Model offers keeps them.
	case application.ReviewRequested, application.ReviewSubmitted, application.ReviewWithdrawn,
		application.EvaluationDrafted, application.EvaluationSubmitted, application.EvaluationDeleted,
		application.Rated, application.InterviewScheduled, application.InterviewRescheduled, application.InterviewChanged, application.InterviewCancelled,
		application.InterviewHeld, application.InterviewMissed, application.InterviewAnswered, application.InterviewInvited:
		// Model assessment keeps them.
	}
}

// Apply implements Model.
func (m *profile) Apply(_ context.Context, f Fact) error {
	e, ok := f.Body.(application.Event)
	if !ok {
		return nil
	}
	switch e := e.(type) {
	case application.NoteAdded:
		m.notes.Put(readmodels.NoteRow{ID: e.Note, Application: f.Aggregate, Author: e.By, Text: e.Text.Bytes(), Visible: e.Visible, Stage: e.Stage, At: e.At})
	case application.OutcomeDisclosed, application.DisclosureMoved, application.DocumentReminderDue, application.StageOverdue, application.ReviewReminderDue, application.WorkHandedOver:
		// The timeline shows them.
	case application.NoteVisibilitySet:
		m.note(f, e.Note, func(r *readmodels.NoteRow) { r.Visible = e.Visible })
	case application.NoteDeleted:
		m.note(f, e.Note, func(r *readmodels.NoteRow) {
			r.Text, r.Deleted, r.DeletedAt, r.DeletedBy = nil, true, when(f), &e.By
		})
		m.forget("subject_id", e.Note)
	case application.NoteEdited:
		m.note(f, e.Note, func(r *readmodels.NoteRow) {
			r.Edits++
			m.said(f, r.ID, r.Edits, r.At, r.EditedAt, r.Text)
			r.Text, r.EditedAt = e.Text.Bytes(), when(f)
		})
	case application.Submitted:
		m.submitted(f, e)
	case application.CommentAdded:
		m.comments.Put(readmodels.CommentRow{
			ID: e.Comment, Application: f.Aggregate, Author: e.By, Text: e.Text.Bytes(), Mentions: e.Mentions, At: e.At, Revision: int64(f.Revision),
		})
	case application.CommentEdited:
		m.comment(f, e.Comment, func(r *readmodels.CommentRow) {
			r.Edits++
			m.said(f, r.ID, r.Edits, r.At, r.EditedAt, r.Text)
			r.Text, r.Mentions, r.EditedAt = e.Text.Bytes(), e.Mentions, when(f)
		})
	case application.CommentDeleted:
		m.comment(f, e.Comment, func(r *readmodels.CommentRow) {
			r.Text, r.Mentions, r.Deleted, r.DeletedAt, r.DeletedBy = nil, nil, true, when(f), &e.By
		})
		m.forget("subject_id", e.Comment)
	case application.CommentsRead:
		if c, ok := m.comments.Get(e.Through); ok && c.Application == f.Aggregate {
			m.reads.Put(readmodels.CommentReadRow{
				Key: f.Aggregate + "/" + e.By.MemberID(), Application: f.Aggregate, Member: e.By.MemberID(), Revision: c.Revision,
			})
		}
	case application.DocumentRequested:
		m.documents.Put(readmodels.DocumentRow{
			ID: e.Document, Application: f.Aggregate, Category: e.Category, Status: application.DocumentIsRequested,
			Title: e.Title.Bytes(), Description: e.Description.Bytes(), Formats: e.Formats, MaxBytes: e.MaxBytes, MaxFiles: e.MaxFiles,
			DueAt: e.DueAt, RequestedAt: when(f), RequestedBy: &e.By, At: e.At,
		})
	case application.DocumentUploaded:
		m.uploaded(f, e)
	case application.DocumentApproved:
		m.reviewed(f, e.Document, e.Version, application.DocumentIsApproved, e.Reason, e.Stamp)
	case application.DocumentRejected:
		m.reviewed(f, e.Document, e.Version, application.DocumentIsRejected, e.Reason, e.Stamp)
	case application.DocumentCancelled:
		m.document(e.Document, func(d *readmodels.DocumentRow) { d.Status = application.DocumentIsCancelled })
	case application.Transferred:
		for _, id := range e.Documents {
			m.document(id, func(d *readmodels.DocumentRow) { d.Status = application.DocumentIsCancelled })
		}
	case application.FileScanned:
		if e.Rejects {
			m.reviewed(f, e.Document, e.Version, application.DocumentIsRejected, personal.Text{}, e.Stamp)
		}
	case application.DocumentReopened:
		m.document(e.Document, func(d *readmodels.DocumentRow) { d.Status = application.DocumentIsUploaded })
	case application.DocumentRecategorised:
		m.document(e.Document, func(d *readmodels.DocumentRow) { d.Category = e.To })
	case application.DocumentLeft:
		m.left(f, e.Document)
	case application.VersionDeleted:
		m.deleted(f, e)
	case application.Deleted:
		m.delete(f.Aggregate)
	case application.Anonymised:
		m.anonymise(f.Aggregate)
		for _, k := range e.Kept {
			m.kept.Put(readmodels.KeptRow{Key: f.Aggregate + "/" + k.Attribute, Application: f.Aggregate, Attribute: k.Attribute, Choices: k.Choices, Yes: k.Yes})
		}
	case application.Received, application.ClaimLost, application.StageMoved, application.MoveUndone, application.Disqualified, application.Requalified,
		application.ReasonChanged, application.TagAdded, application.TagRemoved, application.PrioritySet, application.OwnerSet:
		// The header of a profile is the list's row.
	case application.AccessGranted, application.AccessEnds, application.AuditOpened, application.AuditClosed:
		// Model access keeps them.
	case application.Hired, application.HireUndone, application.EmployeeLinked:
		// Model hires keeps them.
	case application.OfferAccepted:
		if e.Document != "" {
			m.document(e.Document, func(d *readmodels.DocumentRow) { d.Offer = &e.Offer })
		}
	case application.OfferDrafted, application.OfferChanged, application.OfferApproved, application.OfferReturned,
		application.OfferSent, application.OfferDeclined, application.OfferWithdrawn, application.OfferExpired:
		// Model offers keeps them.
	case application.ReviewRequested, application.ReviewSubmitted, application.ReviewWithdrawn,
		application.EvaluationDrafted, application.EvaluationSubmitted, application.EvaluationDeleted,
		application.Rated, application.InterviewScheduled, application.InterviewRescheduled, application.InterviewChanged, application.InterviewCancelled,
		application.InterviewHeld, application.InterviewMissed, application.InterviewAnswered, application.InterviewInvited:
		// Model assessment keeps them.
	}
	return nil
}

// note changes a note of the application.
func (m *profile) note(f Fact, id string, change func(*readmodels.NoteRow)) {
	if r, ok := m.notes.Get(id); ok && r.Application == f.Aggregate {
		change(&r)
		m.notes.Put(r)
	}
}

// comment changes a comment of the application.
func (m *profile) comment(f Fact, id string, change func(*readmodels.CommentRow)) {
	if r, ok := m.comments.Get(id); ok && r.Application == f.Aggregate {
		change(&r)
		m.comments.Put(r)
	}
}

// said keeps what a note or a comment said before its n-th edit.
func (m *profile) said(f Fact, subject string, n int, first time.Time, edited *time.Time, text []byte) {
	at := first
	if edited != nil {
		at = *edited
	}
	m.earlier.Put(readmodels.EarlierRow{
		Key: readmodels.EarlierKey(subject, n), Application: f.Aggregate, Subject: subject, Number: n, At: at, Text: text,
	})
}

// forget removes earlier texts.
func (m *profile) forget(column, id string) {
	m.earlier.Each(column, id, func(r readmodels.EarlierRow) (readmodels.EarlierRow, bool) { r.Text = nil; return r, true })
}

func (m *profile) submitted(f Fact, e application.Submitted) {
	r := readmodels.SubmissionRow{
		ID: e.ID, Application: f.Aggregate, At: e.At, ConsentVersion: e.ConsentVersion, ConsentAt: e.ConsentAt,
		FirstName: e.FirstName.Bytes(), LastName: e.LastName.Bytes(), Email: e.Email.Bytes(), Phone: e.Phone.Bytes(),
	}
	for _, a := range e.Answers {
		r.Answers.V = append(r.Answers.V, readmodels.AnswerValue{Question: a.Question, Label: a.Label, Value: a.Value.Bytes(), KnockOut: a.KnockOut})
	}
	m.forms.Put(r)
}

func (m *profile) uploaded(f Fact, e application.DocumentUploaded) {
	d, known := m.documents.Get(e.Document)
	if !known {
		d = readmodels.DocumentRow{ID: e.Document, Application: f.Aggregate, At: e.At, Note: optional(e.Note), Comment: optional(e.Comment)}
	}
	d.Status, d.Category, d.Version = application.DocumentIsUploaded, e.Category, e.Version
	if e.Offer != "" {
		d.Offer = &e.Offer
	}
	m.documents.Put(d)
	m.versions.Put(readmodels.VersionRow{
		Key: readmodels.VersionKey(e.Document, e.Version), Application: f.Aggregate, Document: e.Document,
		Version: e.Version, UploadedAt: e.At, UploadedBy: e.By, Late: e.Late,
	})
	for i, file := range e.Files {
		m.files.Put(readmodels.FileRow{
			ID: file.ID, Application: f.Aggregate, Document: e.Document, Version: e.Version, Place: i,
			Name: file.Name.Bytes(), Size: file.Size, Type: file.Type,
		})
	}
}

func (m *profile) reviewed(f Fact, document string, version int, status application.DocumentStatus, reason personal.Text, s domain.Stamp) {
	m.document(document, func(d *readmodels.DocumentRow) { d.Status = status })
	m.reviews.Put(readmodels.ReviewRow{
		Event: f.ID.String(), Application: f.Aggregate, Document: document, Version: version,
		Status: status, By: s.By, At: s.At, Revision: int64(f.Revision), Reason: reason.Bytes(),
	})
}

// document changes a document.
func (m *profile) document(id string, change func(*readmodels.DocumentRow)) {
	if d, ok := m.documents.Get(id); ok {
		change(&d)
		m.documents.Put(d)
	}
}

// deleted removes the files of a version. That there was one stays.
func (m *profile) deleted(f Fact, e application.VersionDeleted) {
	m.document(e.Document, func(d *readmodels.DocumentRow) {
		switch {
		case e.Version != d.Version, d.Status == application.DocumentIsCancelled:
		case d.RequestedAt != nil:
			d.Status = application.DocumentIsRequested
		default:
			d.Status = application.DocumentIsDeleted
		}
	})
	key := readmodels.VersionKey(e.Document, e.Version)
	if v, ok := m.versions.Get(key); ok {
		v.DeletedAt, v.DeletedBy = when(f), &e.By
		m.versions.Put(v)
	}
	m.files.Each("application_id", f.Aggregate, func(r readmodels.FileRow) (readmodels.FileRow, bool) {
		return r, r.Document != e.Document || r.Version != e.Version
	})
}

// left removes a document that went along to another application.
func (m *profile) left(f Fact, document string) {
	d, known := m.documents.Get(document)
	if !known {
		return
	}
	for version := 1; version <= d.Version; version++ {
		m.versions.Delete(readmodels.VersionKey(document, version))
	}
	m.documents.Delete(document)
	m.files.Each("application_id", f.Aggregate, func(r readmodels.FileRow) (readmodels.FileRow, bool) { return r, r.Document != document })
	m.reviews.Each("application_id", f.Aggregate, func(r readmodels.ReviewRow) (readmodels.ReviewRow, bool) {
		return r, r.Document != document
	})
}

// anonymise removes every sealed text. That there was something stays.
func (m *profile) anonymise(id string) {
	m.notes.Each("application_id", id, func(r readmodels.NoteRow) (readmodels.NoteRow, bool) { r.Text = nil; return r, true })
	m.comments.Each("application_id", id, func(r readmodels.CommentRow) (readmodels.CommentRow, bool) { r.Text = nil; return r, true })
	m.forget("application_id", id)
	m.files.Each("application_id", id, func(r readmodels.FileRow) (readmodels.FileRow, bool) { r.Name = nil; return r, true })
	m.forms.Each("application_id", id, func(r readmodels.SubmissionRow) (readmodels.SubmissionRow, bool) { return r.Scrubbed(), true })
	m.reviews.Each("application_id", id, func(r readmodels.ReviewRow) (readmodels.ReviewRow, bool) { r.Reason = nil; return r, true })
	m.documents.Each("application_id", id, func(r readmodels.DocumentRow) (readmodels.DocumentRow, bool) {
		r.Title, r.Description = nil, nil
		return r, true
	})
}

// delete removes all that was kept of an application.
func (m *profile) delete(id string) {
	dropAll(m.notes, id)
	dropAll(m.comments, id)
	dropAll(m.earlier, id)
	dropAll(m.reads, id)
	dropAll(m.documents, id)
	dropAll(m.versions, id)
	dropAll(m.files, id)
	dropAll(m.reviews, id)
	dropAll(m.forms, id)
	dropAll(m.kept, id)
}
