package demo

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
)

// reminders are what is due at the end: a document, a review, and a decision about
// whoever is in a stage for longer than its limit.
func (l *loader) reminders(ctx context.Context) error {
	quiet := slices.DeleteFunc(l.middle(), func(n int) bool { return !l.quiet[n] })
	if len(quiet) > 0 {
		if err := l.due(ctx, quiet[0]); err != nil {
			return err
		}
	}
	return l.overdue(ctx)
}

// due has the candidate and a manager reminded of what is due of a candidacy.
func (l *loader) due(ctx context.Context, n int) error {
	j, app, asked, due := l.jobs[n%len(l.jobs)], l.live[n], l.Anchor.Add(-36*time.Hour), l.Anchor.Add(10*time.Hour)
	document, err := l.to.RequestDocument(ctx, l.caller("due/document", j.recruiter, asked), commands.RequestDocument{
		Application: app, Title: "Work permit", Category: access.Other, DueAt: &due,
	})
	if err != nil {
		return err
	}
	remind := l.Anchor.Add(-24 * time.Hour)
	review, err := l.to.RequestReview(ctx, l.caller("due/review", j.recruiter, asked), commands.RequestReview{
		Application: app, Reviewer: j.manager.MemberID(), Message: "Shall we go on?", DueAt: &due, RemindAt: &remind,
	})
	if err != nil {
		return err
	}
	return inOrder(
		func() (commands.Answer, error) {
			return l.to.RemindOfDocument(ctx, l.caller("due/document/reminder", domain.System, asked.Add(time.Hour)), app, document.ID)
		},
		func() (commands.Answer, error) {
			return l.to.RemindOfReview(ctx, l.caller("due/review/reminder", domain.System, remind), app, review.ID)
		},
	)
}

// overdue tells of those who are in a stage for too long.
func (l *loader) overdue(ctx context.Context) error {
	for _, n := range l.alone(l.live) {
		answer, err := l.to.WatchStage(ctx, l.caller("overdue/"+strconv.Itoa(n), domain.System, l.Anchor.Add(-5*time.Hour)), l.live[n], l.stood[n])
		var later *commands.LaterError
		switch {
		case errors.As(err, &later) || err == nil && answer.Unchanged:
			l.given.Add(-1) // they are not
		case err != nil:
			return err
		}
	}
	return nil
}
