package application_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

func TestStored(t *testing.T) {
	const (
		id    = "9a1c5f7e-2b3d-4e6f-8a90-b1c2d3e4f506"
		other = "1e2d3c4b-5a69-4788-9a0b-c1d2e3f40516"
	)
	stamp, result := by, 4.5
	stamp.By = domain.Member(other)
	everything, yes := offered, true
	everything.Template = id
	domaintest.Stored[application.Event](t, "application", application.Codec,
		application.Received{Stamp: stamp, Job: id, Stage: other, Candidate: text("candidate"), Claim: text("claim"), Source: "referral", Owner: other, From: id, Reason: text("reason")},
		application.Transferred{Stamp: stamp, To: id, Job: other, Reason: text("reason"), Documents: []string{id}, Interviews: []string{id}, Reviews: []string{other}},
		application.ClaimLost{Stamp: stamp},
		application.StageMoved{Stamp: stamp, From: id, To: other, Comment: text("comment")},
		application.MoveUndone{Stamp: stamp, From: id, To: other, Since: by.At.Add(-time.Hour), Reason: text("reason")},
		application.Submitted{Stamp: stamp, Submission: application.Submission{
			ID: id, FirstName: text("first name"), LastName: text("last name"), Email: text("email"), Phone: text("phone"),
			Answers:        []application.GivenAnswer{{Question: other, Label: "Do you like to travel?", Value: text("value"), KnockOut: true}},
			ConsentVersion: "2026-01", ConsentAt: &due,
		}},
		application.Disqualified{Stamp: stamp, Kind: application.Rejected, Reason: id, Note: text("note"), DiscloseAt: by.At.Add(24 * time.Hour), Message: other},
		application.Requalified{Stamp: stamp, Reason: text("reason"), Stage: id},
		application.Hired{Stamp: stamp, Hire: id, Reason: text("reason"), Job: other, Offer: id},
		application.HireUndone{Stamp: stamp, Hire: id, Reason: text("reason"), Job: other, Stage: id},
		application.StageOverdue{Stamp: stamp, Stage: id, Since: due, DueAt: due, Job: other},
		application.EmployeeLinked{Stamp: stamp, Hire: id, Employee: other},
		application.OfferDrafted{Stamp: stamp, Offer: id, OfferTerms: everything},
		application.OfferChanged{Stamp: stamp, Offer: id, Change: other, OfferTerms: everything},
		application.OfferApproved{Stamp: stamp, Offer: id, Version: 2},
		application.OfferReturned{Stamp: stamp, Offer: id, Version: 2, Reason: text("reason"), Author: other},
		application.OfferSent{Stamp: stamp, Offer: id, Outside: true, ExpiresAt: &due, Contract: &application.Contract{Document: id, File: other, Hash: text("hash")}},
		application.OfferAccepted{
			Stamp: stamp, Offer: id, Job: other, Author: other, Signature: &application.Signature{Name: text("name"), Hash: text("hash")}, Document: id,
		},
		application.OfferDeclined{Stamp: stamp, Offer: id, Reason: text("reason"), Job: other, Author: other},
		application.OfferWithdrawn{Stamp: stamp, Offer: id, Reason: text("reason"), Closed: true},
		application.OfferExpired{Stamp: stamp, Offer: id, Job: other, Author: other},
		application.ReasonChanged{Stamp: stamp, Reason: id, Note: text("note")},
		application.Anonymised{Stamp: stamp, Kept: []application.KeptValue{{Attribute: id, Choices: []string{other}, Yes: &yes}}},
		application.Deleted{Stamp: stamp},
		application.TagAdded{Stamp: stamp, Tag: id},
		application.TagRemoved{Stamp: stamp, Tag: id},
		application.PrioritySet{Stamp: stamp, Priority: true},
		application.OwnerSet{Stamp: stamp, Owner: other},
		application.CommentAdded{Stamp: stamp, Comment: id, Text: text("text"), Mentions: []string{other}, Job: id},
		application.CommentEdited{Stamp: stamp, Comment: id, Edit: other, Text: text("text"), Mentions: []string{other}},
		application.CommentDeleted{Stamp: stamp, Comment: id},
		application.CommentsRead{Stamp: stamp, Through: id},
		application.Rated{Stamp: stamp, Rating: 4},
		application.InterviewScheduled{
			Stamp: stamp, Interview: id, InterviewTime: berlin, Title: text("title"), Description: text("description"), Place: text("place"), Link: text("link"),
			Participants: []string{other}, Organiser: other, Slots: []string{"2026-03-03T10:00"}, Role: id, Form: id, Hidden: true, Recorded: true, Job: other,
			First: other, Sequence: 3, Since: 2, Invited: true,
		},
		application.InterviewRescheduled{Stamp: stamp, Interview: id, Change: other, InterviewTime: berlin, Place: text("place"), Link: text("link"), SameTime: true, Participants: []string{id}, Job: other},
		application.InterviewChanged{
			Stamp: stamp, Interview: id, Change: other, Title: text("title"), Description: text("description"), Participants: []string{other}, Form: id, Hidden: true,
			Was: []string{id}, SameTexts: true, Job: other,
		},
		application.ReviewRequested{Stamp: stamp, Review: id, Reviewer: other, Message: text("message"), DueAt: &due, RemindAt: &due, Role: id, Form: other},
		application.ReviewSubmitted{Stamp: stamp, Review: id, Comment: other, Evaluation: id},
		application.ReviewWithdrawn{Stamp: stamp, Review: id},
		application.ReviewReminderDue{Stamp: stamp, Review: id, Reviewer: other},
		application.WorkHandedOver{Stamp: stamp, From: id, To: other, Reviews: []string{id}, Interviews: []string{other}},
		application.EvaluationDrafted{Stamp: stamp, Evaluation: id, Draft: other, Form: id, Interview: other, EvaluationContent: application.EvaluationContent{
			Version: 2, Answers: []application.EvaluationAnswer{{Element: id, Scale: 4, Choice: other, Text: text("text")}}, Takeaways: text("takeaways"), Recommendation: application.NoDecision,
		}},
		application.EvaluationSubmitted{
			Stamp: stamp, Evaluation: id, Submission: other, Number: 2, Form: id, Interview: other, Result: &result, Hidden: true, Job: id, Stage: other,
			EvaluationContent: application.EvaluationContent{
				Version: 2, Takeaways: text("takeaways"), Recommendation: application.StrongYes,
				Answers: []application.EvaluationAnswer{{Element: id, Scale: 4, Choice: other, Text: text("text")}},
			},
		},
		application.EvaluationDeleted{Stamp: stamp, Evaluation: id, Author: other, Form: id, Number: 1, Hidden: true},
		application.InterviewCancelled{Stamp: stamp, Interview: id, Reason: text("reason"), Participants: []string{id}, Job: other},
		application.InterviewHeld{Stamp: stamp, Interview: id},
		application.InterviewMissed{Stamp: stamp, Interview: id},
		application.InterviewInvited{Stamp: stamp, Interview: id},
		application.InterviewAnswered{Stamp: stamp, Interview: id, Member: other, Answer: application.AnswerAccepted, Slot: "2026-03-03T10:00", Given: &due},
		application.NoteAdded{Stamp: stamp, Note: id, Text: text("text"), Visible: true, Stage: other, Job: id},
		application.NoteEdited{Stamp: stamp, Note: id, Edit: other, Text: text("text")},
		application.NoteVisibilitySet{Stamp: stamp, Note: id, Visible: true},
		application.NoteDeleted{Stamp: stamp, Note: id},
		application.DocumentRequested{
			Stamp: stamp, Document: id, Title: text("title"), Description: text("description"), Category: access.Certificate,
			Formats: []application.Format{application.PDF, application.DOCX}, MaxBytes: 5 << 20, MaxFiles: 2, DueAt: &due,
		},
		application.DocumentUploaded{
			Stamp: stamp, Job: other, Document: id, Version: 1, Category: access.Certificate, Late: true,
			Files:  []application.File{{ID: other, Name: text("name"), Size: 1024, Type: "application/pdf"}},
			Offer:  other,
			Held:   []string{other},
			Remark: application.Remark{Note: id, Comment: other},
		},
		application.DocumentApproved{Stamp: stamp, Document: id, Version: 1, Reason: text("reason")},
		application.DocumentRejected{Stamp: stamp, Document: id, Version: 1, Reason: text("reason")},
		application.OutcomeDisclosed{Stamp: stamp, Outcome: application.Rejected},
		application.DisclosureMoved{Stamp: stamp, DiscloseAt: by.At.Add(24 * time.Hour), Message: other},
		application.DocumentReminderDue{Stamp: stamp, Document: id, DueAt: due},
		application.AccessGranted{Stamp: stamp, Grant: id, Member: other, Role: id, Until: &due, Cause: application.ByInterview, Of: other},
		application.AccessEnds{Stamp: stamp, Grant: id, Until: &due, Closed: true},
		application.DocumentCancelled{Stamp: stamp, Document: id},
		application.DocumentLeft{Stamp: stamp, Document: id},
		application.FileScanned{Stamp: stamp, Document: id, Version: 1, File: other, Infection: "Test.Malware", Rejects: true, Uploader: domain.Candidate, Job: other, Remark: application.Remark{Note: id, Comment: other}},
		application.DocumentReopened{Stamp: stamp, Document: id, Version: 1, Reason: text("reason")},
		application.DocumentRecategorised{Stamp: stamp, Document: id, From: access.CV, To: access.Certificate},
		application.VersionDeleted{Stamp: stamp, Document: id, Version: 1},
		application.AuditOpened{Stamp: stamp, Opening: id, Auditor: other, Reason: text("reason"), Until: due},
		application.AuditClosed{Stamp: stamp, Opening: id},
	)
}

// draws are the arguments of one random command.
type draws struct {
	answerer, slot    string
	answer            application.AnswerKind
	hours, minutes    int
	id, stage, reason string
	text              personal.Text
	yes, manager      bool
	outcome           application.Outcome
	kind              organization.ReasonKind
	category          access.Category
	version           int
	request           application.Request
	files             []application.File
	file, infection   string
	until             *time.Time
	cause             application.GrantCause
}

func draw(t *rapid.T, at time.Time) draws {
	words := rapid.Map(rapid.SampledFrom([]string{"a", "b", "c", ""}), func(s string) personal.Text {
		if s == "" {
			return personal.Text{}
		}
		return personal.New(personal.Key{ID: "k", Owner: "k"}, personal.Plain(s))
	})
	ids := rapid.SampledFrom([]string{"d1", "n1", "d1", "n1", "x", "y"})
	files := rapid.Custom(func(t *rapid.T) application.File {
		return application.File{
			ID: rapid.StringMatching(`f[0-9]`).Draw(t, "file"), Name: words.Draw(t, "file name"),
			Size: rapid.SampledFrom([]int64{1, 1 << 10, 1 << 20, 20 << 20, 21 << 20, 0}).Draw(t, "size"),
			Type: rapid.SampledFrom([]string{"application/pdf", "text/plain; charset=utf-8", "image/png"}).Draw(t, "type"),
		}
	})
	categories := rapid.SampledFrom([]access.Category{access.CV, access.Certificate, access.Other, access.Uncategorised, "selfie"})
	d := draws{
		id: ids.Draw(t, "id"), stage: rapid.SampledFrom([]string{"", "s1", "s2", "s3"}).Draw(t, "stage"), text: words.Draw(t, "text"),
		reason: rapid.SampledFrom([]string{"r1", "r2", ""}).Draw(t, "reason"),
		yes:    rapid.Bool().Draw(t, "yes"), manager: rapid.Bool().Draw(t, "manager"),
		outcome: rapid.SampledFrom([]application.Outcome{application.Rejected, application.Withdrawn, application.InProgress, "hired"}).Draw(t, "outcome"),
		kind:    rapid.SampledFrom([]organization.ReasonKind{organization.We, organization.They, organization.OtherReason}).Draw(t, "kind"),
		file:    rapid.SampledFrom([]string{"f1", "f2", "f3"}).Draw(t, "file"), infection: rapid.SampledFrom([]string{"", "", "Eicar"}).Draw(t, "infection"),
		version: rapid.SampledFrom([]int{1, 1, 1, 1, 2, 3, 0}).Draw(t, "version"), files: rapid.SliceOfN(files, 0, 3).Draw(t, "files"),
		category: categories.Draw(t, "category"),
		answerer: rapid.SampledFrom([]string{"", "m1", "m2", "m9"}).Draw(t, "answerer"), slot: rapid.SampledFrom([]string{"", "", "2030-01-07T10:00", "2030-01-08T10:00"}).Draw(t, "slot"),
		answer: rapid.SampledFrom([]application.AnswerKind{application.AnswerAccepted, application.AnswerDeclined, "maybe"}).Draw(t, "answer"),
		hours:  rapid.SampledFrom([]int{1, 48, -1, 0}).Draw(t, "in hours"), minutes: rapid.SampledFrom([]int{30, 60, 0}).Draw(t, "minutes"),
		request: application.Request{
			Title: words.Draw(t, "title"), Category: categories.Draw(t, "requested category"),
			MaxMiB: rapid.SampledFrom([]int{0, 1, 20, 5, 21, -1}).Draw(t, "MiB"), MaxFiles: rapid.SampledFrom([]int{0, 1, 10, 2, 11, -1}).Draw(t, "most files"),
		},
	}
	if rapid.Bool().Draw(t, "has formats") {
		d.request.Formats = []application.Format{rapid.SampledFrom([]application.Format{application.PDF, application.TXT, application.PNG, "exe"}).Draw(t, "format")}
	}
	if rapid.Bool().Draw(t, "has a due date") {
		due := at.Add(time.Duration(rapid.IntRange(0, 48).Draw(t, "due in hours")) * time.Hour)
		d.request.DueAt = &due
	}
	d.cause = rapid.SampledFrom([]application.GrantCause{application.ByHand, application.ByInterview, application.ByReview}).Draw(t, "cause")
	if rapid.Bool().Draw(t, "has an end") {
		until := at.Add(time.Duration(rapid.IntRange(-1, 48).Draw(t, "ends in hours")) * time.Hour)
		d.until = &until
	}
	return d
}

// meeting is an interview in some hours, or one that was as long ago.
func meeting(d draws, now time.Time) application.Meeting {
	m := application.Meeting{
		InterviewTime: application.InterviewTime{Start: now.Add(time.Duration(d.hours) * time.Hour).Format(domain.WallLayout), Zone: "UTC", Minutes: d.minutes},
		Title:         d.text, Participants: []string{"m1", "m2"}, Organiser: "m1", Recorded: d.hours < 0, Hidden: d.yes,
	}
	if d.manager {
		m.Participants, m.Slots = m.Participants[:1], nil
	} else if !m.Recorded {
		m.Slots = []string{"2030-01-07T10:00"}
	}
	return m
}

// evaluation is one that says enough, mostly.
func (d draws) evaluation() application.EvaluationContent {
	return says(answers(application.EvaluationAnswer{Element: "s", Scale: 2*d.version - 1}, application.EvaluationAnswer{Element: "w", Scale: 1}))
}

func (d draws) occasion() application.Occasion {
	if d.yes {
		return application.Occasion{Form: "f1", Interview: "i2"}
	}
	return inGeneral
}

// interview is the one that is given, or one of that id.
func (d draws) interview() string {
	switch {
	case d.manager:
		return "i2"
	case d.yes:
		return d.id
	}
	return "i1"
}

// final is how many commands end a history: they come first.
const final = 4

// commands are all decisions an application takes.
func commands(d draws, s domain.Stamp) []when {
	return []when{
		func(a application.Application) ([]application.Event, error) { return a.LoseClaim(s) },
		func(a application.Application) ([]application.Event, error) { return a.Anonymise(s) },
		func(a application.Application) ([]application.Event, error) { return a.Delete(s) },
		func(a application.Application) ([]application.Event, error) {
			events, err := a.Transfer("a2", "j2", d.yes, d.text, s)
			return a.WithEnds(events, time.Hour, s), err
		},
		func(a application.Application) ([]application.Event, error) {
			return a.Receive(application.Arrival{Job: "j1", Stage: "s1", Candidate: text("c1"), Claim: text("k1"), Source: "form", Owner: "m1"}, s)
		},
		func(a application.Application) ([]application.Event, error) { return a.Move("", d.stage, d.text, s) },
		func(a application.Application) ([]application.Event, error) { return a.Move("s1", d.stage, d.text, s) },
		func(a application.Application) ([]application.Event, error) { return a.UndoMove(d.stage, d.text, s) },
		func(a application.Application) ([]application.Event, error) {
			return a.OutstayStage(d.stage, time.Duration(d.minutes)*time.Minute, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.Submit(application.Submission{ID: d.id, FirstName: d.text, ConsentVersion: d.reason, ConsentAt: d.request.DueAt}, s)
		},
		func(a application.Application) ([]application.Event, error) {
			events, err := a.Disqualify(d.outcome, d.reason, d.kind, d.text, time.Hour, s)
			if d.manager {
				events = application.TellBy(events, "m1", s.At.Add(time.Duration(d.hours)*time.Hour), time.Hour)
			}
			return a.WithEnds(events, 24*time.Hour, s), err
		},
		func(a application.Application) ([]application.Event, error) {
			events, err := a.Requalify(d.text, s)
			return a.WithEnds(events, 24*time.Hour, s), err
		},
		func(a application.Application) ([]application.Event, error) {
			events, err := a.TakeOn(d.id, d.text, s)
			return a.WithEnds(events, 24*time.Hour, s), err
		},
		func(a application.Application) ([]application.Event, error) {
			events, err := a.UndoHire(d.text, s)
			return a.WithEnds(events, 24*time.Hour, s), err
		},
		func(a application.Application) ([]application.Event, error) {
			return a.LinkEmployee(a.Hire.ID, d.id, s), nil
		},
		func(a application.Application) ([]application.Event, error) { return a.AddTag(d.id, s) },
		func(a application.Application) ([]application.Event, error) { return a.RemoveTag(d.id, s) },
		func(a application.Application) ([]application.Event, error) { return a.SetPriority(d.yes, s) },
		func(a application.Application) ([]application.Event, error) { return a.SetOwner(d.stage, s) },
		func(a application.Application) ([]application.Event, error) {
			return a.ChangeReason(d.reason, d.kind, d.text, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.AddComment(d.id, d.text, nil, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.EditComment("c1", d.stage, d.text, nil, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.DeleteComment(d.id, d.manager, s)
		},
		func(a application.Application) ([]application.Event, error) { return a.ReadComments(d.id, s) },
		func(a application.Application) ([]application.Event, error) { return a.Rate(2*d.version, s) },
		func(a application.Application) ([]application.Event, error) {
			return a.RequestReview(d.id, application.Asked{Reviewer: d.answerer, Message: d.text, DueAt: d.until, RemindAt: d.until}, s)
		},
		func(a application.Application) ([]application.Event, error) { return a.RemindOfReview(d.id, s) },
		func(a application.Application) ([]application.Event, error) { return a.SubmitReviews(d.id, s), nil },
		func(a application.Application) ([]application.Event, error) {
			return a.RequestReview(d.id, application.Asked{Reviewer: d.answerer, Form: "f1"}, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.SubmitEvaluated(d.id, "f1", s), nil
		},
		func(a application.Application) ([]application.Event, error) {
			return a.DraftEvaluation(d.id, d.stage+"d", application.Occasion{Form: "f1"}, d.evaluation(), asksFor, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.SubmitEvaluation(d.id, d.stage+"x", d.occasion(), d.evaluation(), asksFor, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.DeleteEvaluation(d.id, d.manager, s)
		},
		func(a application.Application) ([]application.Event, error) { return a.CancelReview(d.id, s) },
		func(a application.Application) ([]application.Event, error) {
			return a.HandOverWork(d.answerer, "m3", application.Able{Comment: d.yes, Evaluate: d.manager, Organise: d.yes}, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.ScheduleInterview(d.id, meeting(d, s.At), s)
		},
		func(a application.Application) ([]application.Event, error) {
			m := meeting(d, s.At)
			m.SameTexts = m.Recorded // as often as not
			if d.yes {
				i, _ := a.Interviews.Get(d.interview())
				m.InterviewTime = i.InterviewTime
			}
			return a.RescheduleInterview(d.interview(), d.stage, m, s)
		},
		func(a application.Application) ([]application.Event, error) {
			m := meeting(d, s.At)
			m.SameTexts = m.Recorded // as often as not
			return a.ChangeInterview(d.id, d.stage, m, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.CancelInterview(d.interview(), d.text, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.CompleteInterview(d.interview(), s)
		},
		func(a application.Application) ([]application.Event, error) { return a.MissInterview(d.interview(), s) },
		func(a application.Application) ([]application.Event, error) {
			return a.InviteToInterview(d.interview(), s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.AnswerInterview(d.interview(), d.answerer, d.answer, d.slot, s)
		},
		func(a application.Application) ([]application.Event, error) {
			i, _ := a.Interviews.Get(d.interview())
			return a.AnswerByMail(d.interview(), d.answerer, d.answer, application.Mailed{Sequence: i.Sequence, At: s.At.Add(time.Duration(d.hours) * time.Minute)}, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.EditNote(d.id, d.stage, d.text, s)
		},
		func(a application.Application) ([]application.Event, error) { return a.AddNote(d.id, d.text, d.yes, s) },
		func(a application.Application) ([]application.Event, error) {
			return a.SetNoteVisibility(d.id, d.yes, d.manager, s)
		},
		func(a application.Application) ([]application.Event, error) { return a.DeleteNote(d.id, d.manager, s) },
		func(a application.Application) ([]application.Event, error) {
			return a.RequestDocument(d.id, d.request, d.yes, s)
		},
		func(a application.Application) ([]application.Event, error) {
			events, err := a.Upload(d.id, d.category, d.files, s)
			return application.Holding(events, d.file), err
		},
		func(a application.Application) ([]application.Event, error) {
			return a.Attach(application.Remark{Note: d.id}, d.stage, d.category, d.files, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.Attach(application.Remark{Comment: d.id}, d.reason, d.category, d.files, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.ApproveDocument(d.id, d.version, d.text, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.ScanFile(d.file, d.infection, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.RejectDocument(d.id, d.version, d.text, s)
		},
		func(a application.Application) ([]application.Event, error) { return a.DiscloseOutcome(s) },
		func(a application.Application) ([]application.Event, error) { return a.DiscloseBy("m1", s) },
		func(a application.Application) ([]application.Event, error) {
			leaves := s.At.Add(24 * time.Hour)
			return a.MoveDisclosure("m1", &leaves, time.Hour, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.FileAttachment(d.id, application.File{ID: "f9", Name: d.text, Size: int64(d.minutes), Type: "application/pdf"}, s)
		},
		func(a application.Application) ([]application.Event, error) { return a.LetGo(d.id, s) },
		func(a application.Application) ([]application.Event, error) { return a.RemindOfDocument(d.id, s) },
		func(a application.Application) ([]application.Event, error) { return a.CancelDocument(d.id, s) },
		func(a application.Application) ([]application.Event, error) {
			return a.ReopenDocument(d.id, d.version, d.text, s)
		},
		// Few documents are there to reopen.
		func(a application.Application) ([]application.Event, error) {
			return a.ReopenDocument("n1", 1, d.text, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return a.RecategoriseDocument(d.id, d.category, s)
		},
		func(a application.Application) ([]application.Event, error) {
			return deleted(a, d.id, d.version, s)
		},
	}
}

// accessCommands are the decisions about who may see an application.
func accessCommands(d draws, s domain.Stamp) []when {
	return []when{
		func(a application.Application) ([]application.Event, error) {
			return a.GrantAccess(d.id, d.stage, d.reason, d.until, s)
		},
		func(a application.Application) ([]application.Event, error) { return a.EndAccess(d.id, s) },
		func(a application.Application) ([]application.Event, error) {
			return a.OpenForAudit(d.id, d.stage, d.text, s.At.Add(time.Hour), s)
		},
		func(a application.Application) ([]application.Event, error) { return a.CloseForAudit(d.id, s) },
		func(a application.Application) ([]application.Event, error) {
			return a.GrantBy(d.id, application.Grant{Member: d.stage, Role: d.reason, Cause: d.cause, Of: "i1"}, s), nil
		},
		func(a application.Application) ([]application.Event, error) {
			return a.EndGrants(d.cause, "i1", d.stage, s.At.Add(time.Hour), s), nil
		},
	}
}

func TestRandom(t *testing.T) {
	domaintest.Aggregate[application.Application, application.Event]{
		Codec: application.Codec, Fold: application.Application.Fold, Holds: holds, Steps: 280,
		Given: events{received, noteOf(by.By, false), requested, uploaded(1), interviewed, metBefore, commentOf, remindable, dueSoon, toApprove},
		Ask: func(t *rapid.T, s domain.Stamp) func(application.Application) ([]application.Event, error) {
			d := draw(t, s.At)
			if domaintest.Fair(t, "of access", []bool{true, false, false, false, false}) {
				return domaintest.Fair(t, "command", accessCommands(d, s))
			}
			if domaintest.Fair(t, "of offers", []bool{true, false, false, false, false}) {
				return domaintest.Fair(t, "command", offerCommands(d, s))
			}
			all := commands(d, s)
			if domaintest.Fair(t, "spared", []bool{true, true, false}) {
				all = all[final:]
			}
			return domaintest.Fair(t, "command", all)
		},
	}.Random(t)
}

// holds returns which rule a step breaks.
func holds(before application.Application, e application.Event, after application.Application) string {
	_, moved := e.(application.StageMoved)
	_, undone := e.(application.MoveUndone)
	_, lost := e.(application.ClaimLost)
	_, disclosed := e.(application.OutcomeDisclosed)
	_, movedDisclosure := e.(application.DisclosureMoved)
	switch {
	case before.Deleted:
		return "a deleted application changed"
	case before.Anonymised && !after.Deleted:
		return "an anonymised application changed"
	case after.Deleted && !before.Anonymised:
		return "an application was deleted before it was anonymised"
	case !slices.Contains([]application.Outcome{"", application.InProgress, application.Rejected, application.Withdrawn, application.OutcomeTransferred, application.OutcomeHired}, after.Outcome):
		return "its outcome is " + string(after.Outcome)
	case after.Outcome == "" && !lost:
		return "something happened to no application"
	case (after.Reason != "") != (after.Outcome == application.Rejected || after.Outcome == application.Withdrawn):
		return "it is " + string(after.Outcome) + " for reason " + after.Reason
	case before.Outcome == application.Rejected && after.Outcome == application.Withdrawn, before.Outcome == application.Withdrawn && after.Outcome == application.Rejected:
		return "it has two outcomes"
	case before.Outcome != after.Outcome && (before.Outcome == application.OutcomeHired && !after.Live() || after.Outcome == application.OutcomeHired && !before.Live()):
		return "it has two outcomes"
	case before.Outcome == application.OutcomeTransferred && after.Outcome != before.Outcome:
		return "an application that went on as another one came back"
	case (after.Outcome == application.OutcomeHired) != (after.Hire.ID != "" && !after.Hire.Undone):
		return "it is " + string(after.Outcome) + " and has a hire in force, or the other way round"
	case before.Hire.Employee != "" && after.Hire.ID == before.Hire.ID && after.Hire.Employee != before.Hire.Employee && !after.Anonymised:
		return "a hire led to two employees"
	case after.Stage != before.Stage && before.Outcome != "" && !moved && !undone:
		return "its stage changed outside the history"
	case after.Live() && after.ClaimLost, before.ClaimLost && !after.ClaimLost:
		return "it became live without its claim"
	case undone && (after.Stage != before.LastMove.From || !after.StageSince.Equal(before.LastMove.Since)):
		return "a move was taken back to where it did not begin"
	case after.Submissions.Len() > application.MaxSubmissions:
		return "the form was sent too often"
	case after.Live() && after.Anonymised:
		return "a live application was anonymised"
	case after.Disclosed && after.Outcome != application.Rejected, disclosed && (before.Disclosed || e.When().Before(before.DiscloseAt) && before.Message == ""):
		return "an outcome was disclosed that is not there, not yet, or twice"
	case movedDisclosure && (before.Outcome != application.Rejected || !e.When().Before(before.DiscloseAt) || after.DiscloseAt.Before(e.When())):
		return "the disclosure of what is not there, or is seen already, was moved"
	case len(after.Tags) > application.MaxTags, len(after.Documents) > application.MaxDocuments:
		return "it carries too much"
	}
	for id, n := range after.Notes.All() {
		was, _ := before.Notes.Get(id)
		if n.Author == domain.Candidate && !n.Visible {
			return "the candidate cannot see their own note"
		}
		if was.Deleted && !n.Deleted {
			return "a deleted note came back"
		}
		if n.Deleted != was.Deleted && n.Author == domain.Candidate && e.Who() != domain.Candidate {
			return "somebody deleted a candidate's note"
		}
	}
	for id, was := range before.Openings.All() {
		if o, ok := after.Openings.Get(id); !ok || o.Auditor != was.Auditor || o.Until.After(was.Until) {
			return "an opening became longer, or another's"
		}
	}
	for id, was := range before.Grants.All() {
		switch g, ok := after.Grants.Get(id); {
		case !ok || g.Member != was.Member || g.Role != was.Role || g.Cause != was.Cause || g.Of != was.Of:
			return "a grant is not what it was"
		case was.Ended(e.When()) && !g.Ended(e.When()):
			return "a grant that ended counts again"
		}
	}
	for id, c := range after.Comments.All() {
		was, _ := before.Comments.Get(id)
		if was.Deleted && !c.Deleted || was.Edit != c.Edit && (was.Deleted || e.Who() != c.Author) {
			return "a deleted comment came back, or somebody else edited one"
		}
		if was.Number > 0 && was.Number != c.Number || c.Number > after.Comments.Len() {
			return "a comment has another number"
		}
	}
	for id, r := range after.Reviews.All() {
		if was, known := before.Reviews.Get(id); known && was.State != application.ReviewOpen && r.State != was.State {
			return "a review that was over is " + string(r.State)
		}
	}
	for id, v := range after.Evaluations.All() {
		was, known := before.Evaluations.Get(id)
		switch {
		case was.Deleted && (!v.Deleted || v.Submitted != was.Submitted || v.Draft != ""):
			return "a deleted evaluation came back"
		case known && (v.Author != was.Author || v.Occasion != was.Occasion), v.Author == "":
			return "an evaluation is somebody else's, or of something else"
		case v.Submitted != was.Submitted && (v.Submitted != was.Submitted+1 || e.Who().MemberID() != v.Author):
			return "an evaluation was submitted by somebody else, or lost what it said"
		case after.EvaluationOf(v.Author, v.Occasion) != id && !v.Deleted:
			return "a member has two evaluations on one occasion"
		}
	}
	if e, ok := e.(application.StageOverdue); ok && (before.OverdueSince.Equal(e.Since) || e.At.Before(e.DueAt) || !before.Live()) {
		return "an application is overdue twice, too early, or after its end"
	}
	for id, i := range after.Interviews.All() {
		was, known := before.Interviews.Get(id)
		if len(i.Participants) == 0 || i.Minutes < 1 || known && was.State == application.InterviewIsOff && i.State != was.State {
			return "an interview makes no sense, or a cancelled one came back"
		}
		if i.Sequence < was.Sequence || i.Since > i.Sequence || was.Invited && !i.Invited || i.Invited && i.Hidden {
			return "an interview goes back in calendars, or one to which the candidate was invited is hidden"
		}
		if e, ok := e.(application.InterviewRescheduled); ok && e.Interview == id && (i.InterviewTime != was.InterviewTime) == e.SameTime {
			return "an interview is moved to the time it has, or says so and is not"
		}
		for who := range i.Answers {
			if i.Given[who].IsZero() || len(i.Given) != len(i.Answers) {
				return "nobody knows when an answer was given"
			}
			if who != "" && !slices.Contains(i.Participants, who) {
				return "somebody answered who does not take part"
			}
		}
	}
	if problem := offersHold(before, e, after); problem != "" {
		return problem
	}
	for member, rating := range after.Ratings.All() {
		if was, rated := before.Ratings.Get(member); rating < 0 || rating > application.MaxRating || (!rated || was != rating) && e.Who().MemberID() != member {
			return "a rating is out of range or somebody else's"
		}
	}
	for id, d := range after.Documents {
		if was := before.Documents[id]; !d.Reminded.Equal(was.Reminded) && (!d.Reminded.Equal(d.DueAt) || !e.When().Before(d.DueAt) || was.Status == application.DocumentIsApproved) {
			return "somebody was reminded of document " + id + " too late or for nothing"
		}
		if o, _ := after.Offers.Get(d.Offer); d.Contract() && len(d.Files) == 0 && (o.State == application.OfferIsSent || o.State == application.OfferIsAccepted) {
			return "the contract of an offer that was sent or accepted is gone"
		}
		if was := before.Documents[id]; was.Contract() && (!d.Contract() || d.Category != was.Category || d.Versions != was.Versions) {
			return "a contract is something else"
		}
		if d.Of != (application.Remark{}) && d.Versions > 1 {
			return "the files of a note or a comment have another version"
		}
		if d.Versions < before.Documents[id].Versions {
			return "a version was lost"
		}
		gone := d.Versions == 0 || slices.Contains(d.Deleted, d.Versions)
		if (len(d.Files) == 0) != gone || d.Status != application.DocumentIsCancelled &&
			gone != (d.Status == application.DocumentIsRequested || d.Status == application.DocumentIsDeleted) {
			return "document " + id + " is " + string(d.Status) + " without a file, or the other way round"
		}
		was := before.Documents[id]
		for _, f := range was.Infected {
			if !slices.Contains(d.Infected, f) {
				return "an infected file was taken for a clean one"
			}
		}
		for _, f := range d.Held {
			if f.Version > d.Versions || f.By == "" || slices.Contains(d.Deleted, f.Version) {
				return "a file is held that is not there"
			}
		}
		if d.Status == application.DocumentIsApproved && was.Status != d.Status && d.Gives(d.Files...) != nil {
			return "a file was approved that nobody got"
		}
		if len(d.Deleted) < len(before.Documents[id].Deleted) {
			return "a deleted version came back"
		}
	}
	return ""
}

func FuzzDecode(f *testing.F) {
	d := draws{
		id: "n1", stage: "s2", reason: "r1", text: text("x"), yes: true, manager: true, outcome: application.Rejected, kind: organization.We,
		category: access.CV, version: 1, request: application.Request{Title: text("x"), Category: access.CV}, files: []application.File{file("f1")}, file: "f1", infection: "Eicar",
	}
	given := events{received, noteOf(by.By, false), requested, uploaded(1)}
	domaintest.Fuzz(f, application.Codec, application.Application.Fold, given, func(a application.Application) {
		for _, who := range []domain.Actor{domain.Candidate, by.By} {
			for _, decide := range slices.Concat(commands(d, domaintest.By(who)), accessCommands(d, domaintest.By(who)), offerCommands(d, domaintest.By(who))) {
				if got, err := decide(a); err != nil {
					if problem := domaintest.Refused(got, err); problem != "" {
						f.Error(problem)
					}
				}
			}
		}
	})
}
