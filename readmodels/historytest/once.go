package historytest

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
)

// Once lets what a random history may miss happen once, to an application of its
// own: no table is empty then.
func (c *Company) Once() {
	by := domain.Member(c.Admin)
	if len(c.JobIDs) == 0 {
		c.randomJob()
	}
	c.Form("Form once", "Question once")
	c.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		t := organization.TemplateContent{Name: "Template once", Kind: organization.MessageTemplate, Body: "Text"}
		return o.DefineTemplate(named("template", t.Name), t, s)
	})
	c.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.Retire(organization.Forms, named("form", "Form once"), s)
	})
	_, id := c.Apply(c.JobIDs[0], candidate.Details{FirstName: "Olga", LastName: "Once", Email: "once@example.org"})
	document, _ := c.Upload(id, by, "", access.CV, "cv.pdf")
	c.Review(id, by, document, false, "not readable")
	for _, infection := range []string{"", "Eicar"} {
		_, file := c.UploadHeld(id, by, "", access.CV, "scanned.pdf")
		c.Scan(id, file, infection)
	}
	c.UploadHeld(id, by, "", access.CV, "held.pdf")
	comment := c.Comment(id, by, "a comment", c.Admin)
	c.editComment(id, by, comment)
	c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.ReadComments(comment, s)
	})
	c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) { return a.Rate(4, s) })
	c.Note(id, domain.Candidate, "a question", true)
	c.ReadInbox(c.Admin, id)
	c.ChangeMember(c.Admin, func(m member.Member, s domain.Stamp) ([]member.Event, error) {
		s.By = domain.Member(c.Admin)
		return m.SetNotifications(c.Admin, member.Notifications{On: []organization.Notification{organization.NewComment}}, s)
	})
	interview := c.interviewOnce(id, by)
	c.On(id, domain.System, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.OutstayStage(a.Stage, time.Nanosecond, s)
	})
	_, other := c.Apply(c.JobIDs[0], candidate.Details{FirstName: "Otto", LastName: "Once", Email: "once.more@example.org"})
	c.messagesOnce(id, other, by)
	c.noticesOnce(id, other, interview)
	c.evaluatedOnce(id)
	c.listsOnce(id, by)
	review, withdrawn := c.ID(), c.ID()
	for _, ask := range []string{review, withdrawn} {
		c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.RequestReview(ask, application.Asked{Reviewer: c.Admin, Message: c.Text(id, id, "please look"), Role: c.Full}, s)
		})
	}
	c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.CancelReview(withdrawn, s)
	})
	for _, to := range []string{c.ID(), c.Admin} { // and back
		c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			r, _ := a.Reviews.Get(review)
			return a.HandOverWork(r.Reviewer, to, application.Able{Comment: true, Organise: true}, s)
		})
	}
	c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.SubmitReviews(comment, s), nil
	})
	_, hired := c.Apply(c.JobIDs[0], candidate.Details{FirstName: "Hanna", LastName: "Hired", Email: "hanna@example.org"})
	for _, on := range []string{hired, id, id, id} { // one stays open, one is refused, and asked again
		c.AskData(on, by, candidate.DataExport, "kept by law")
	}
	c.AskData(hired, by, candidate.DataErasure, "")
	c.offersOnce(hired, by)
	c.hireOnce(hired, by)
}

// interviewOnce lets everything happen to interviews, and returns the id of one.
func (c *Company) interviewOnce(id string, by domain.Actor) string {
	interview, past := c.ID(), c.ID()
	on := func(decide func(application.Application, domain.Stamp) ([]application.Event, error)) {
		c.On(id, by, decide)
	}
	m := c.meeting(interview, id, "an interview")
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.ScheduleInterview(interview, m, s)
	})
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.AnswerInterview(interview, "", application.AnswerAccepted, m.Slots[0], s)
	})
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.RescheduleInterview(interview, c.ID(), m, s)
	})
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.InviteToInterview(interview, s)
	})
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.CancelInterview(interview, c.Text(interview, id, "somebody is ill"), s)
	})
	before := c.meeting(past, id, "an interview that was")
	before.Start, before.Slots, before.Recorded = "2026-01-05T10:00", nil, true
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.ScheduleInterview(past, before, s)
	})
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.MissInterview(past, s)
	})
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.CompleteInterview(past, s)
	})
	return interview
}
