package demo

import (
	"context"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

var talks = []personal.Plain{"First talk", "Technical interview", "Meet the team", "Final talk"}

// interview has people meet some days later, move that, call it off, or not come.
// What lies behind the company's end is only planned.
func (c *candidacy) interview(ctx context.Context) error {
	by := c.by(c.recruiter)
	day := by.At.AddDate(0, 0, 2+c.r.IntN(9))
	at := time.Date(day.Year(), day.Month(), day.Day(), 9+c.r.IntN(8), 0, 0, 0, time.UTC)
	when := commands.InterviewWhen{Start: at.Format(domain.WallLayout), Zone: "Europe/Berlin", Minutes: 45 + 15*c.r.IntN(4)}
	answer, err := c.to.ScheduleInterview(ctx, by, commands.ScheduleInterview{
		Application: c.id, Title: pick(c.r, talks), Description: "Please bring an identity card.", InterviewWhen: when,
		InterviewWhere: commands.InterviewWhere{Place: "Room 2", Link: "https://meet.example/demo"},
		Participants:   []string{c.interviewer.MemberID(), c.manager.MemberID()}, Form: c.evaluation,
		Invite: c.chance(80) && at.After(by.At),
	})
	if err != nil {
		return err
	}
	reply := commands.AnswerInterview{Application: c.id, Interview: answer.ID, Answer: application.AnswerAccepted}
	if c.chance(60) {
		if err := c.before(ctx, at, reply); err != nil {
			return err
		}
	}
	if at.After(c.Anchor) {
		return nil
	}
	// Everybody has come, or waited.
	if c.at.Before(at) {
		c.at = at
	}
	over := commands.SettleInterview{Application: c.id, Interview: answer.ID}
	switch {
	case c.chance(10):
		_, err = c.to.MissInterview(ctx, c.by(c.recruiter), over)
		return err
	case c.chance(60):
		_, err = c.to.CompleteInterview(ctx, c.by(c.recruiter), over)
	}
	if err != nil || !c.chance(70) {
		return err
	}
	return c.evaluate(ctx, answer.ID)
}

// before has the candidate answer, if there is time for that.
func (c *candidacy) before(ctx context.Context, at time.Time, reply commands.AnswerInterview) error {
	by := c.by(c.recruiter)
	if !by.At.Before(at) {
		// Nobody asked.
		by.At = at.Add(-time.Hour)
	}
	_, err := c.to.AnswerInterview(ctx, by, reply)
	return err
}

// declined has an interviewer decline an interview that is to be, which is a task of
// the recruiter's.
func (l *loader) declined(ctx context.Context) error {
	middle := l.middle()
	if len(middle) == 0 {
		return nil
	}
	n := middle[len(middle)-1]
	j, at, day := l.jobs[n%len(l.jobs)], l.Anchor.Add(-16*time.Hour), l.Anchor.AddDate(0, 0, 6)
	when := time.Date(day.Year(), day.Month(), day.Day(), 10, 0, 0, 0, time.UTC)
	answer, err := l.to.ScheduleInterview(ctx, l.caller("declined/interview", j.recruiter, at), commands.ScheduleInterview{
		Application: l.live[n], Title: "Second talk", Participants: []string{j.interviewer.MemberID(), j.manager.MemberID()},
		InterviewWhen: commands.InterviewWhen{Start: when.Format(domain.WallLayout), Zone: "Europe/Berlin", Minutes: 60},
	})
	if err != nil {
		return err
	}
	_, err = l.to.AnswerInterview(ctx, l.caller("declined/answer", j.interviewer, at.Add(time.Hour)), commands.AnswerInterview{
		Application: l.live[n], Interview: answer.ID, Member: j.interviewer.MemberID(), Answer: application.AnswerDeclined,
	})
	return err
}

// moved schedules an interview that is moved, is about something else, and is called
// off in the end.
func (l *loader) moved(ctx context.Context) error {
	middle := l.middle()
	if len(middle) == 0 {
		return nil
	}
	n := middle[0]
	j, app, at, day := l.jobs[n%len(l.jobs)], l.live[n], l.Anchor.Add(-30*time.Hour), l.Anchor.AddDate(0, 0, 5)
	when := func(hour int) commands.InterviewWhen {
		start := time.Date(day.Year(), day.Month(), day.Day(), hour, 0, 0, 0, time.UTC)
		return commands.InterviewWhen{Start: start.Format(domain.WallLayout), Zone: "Europe/Berlin", Minutes: 45}
	}
	talk, err := l.to.ScheduleInterview(ctx, l.caller("moved", j.recruiter, at), commands.ScheduleInterview{
		Application: app, Title: "Lunch with the team", Participants: []string{j.interviewer.MemberID()}, InterviewWhen: when(12), Invite: true,
	})
	if err != nil {
		return err
	}
	return inOrder(
		func() (commands.Answer, error) {
			return l.to.RescheduleInterview(ctx, l.caller("moved/later", j.recruiter, at.Add(time.Hour)), commands.RescheduleInterview{Application: app, Interview: talk.ID, InterviewWhen: when(13)})
		},
		func() (commands.Answer, error) {
			return l.to.ChangeInterview(ctx, l.caller("moved/changed", j.recruiter, at.Add(2*time.Hour)), commands.ChangeInterview{
				Application: app, Interview: talk.ID, Title: "Coffee with the team", Participants: []string{j.interviewer.MemberID(), j.manager.MemberID()}, Visible: true,
			})
		},
		func() (commands.Answer, error) {
			return l.to.CancelInterview(ctx, l.caller("moved/off", j.recruiter, at.Add(3*time.Hour)), commands.CancelInterview{Application: app, Interview: talk.ID, Reason: "The team is at a fair."})
		},
	)
}
