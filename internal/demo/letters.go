package demo

import (
	"context"
	"slices"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/domain/view"
	"github.com/hirelog/hirelog/internal/mail"
)

// middle returns live candidacies that nothing happens to at the end but what is
// said here: the first are merged, the last is assigned to another job.
func (l *loader) middle() []int {
	alone := l.alone(l.live)
	if len(alone) < 8 {
		return nil
	}
	return alone[len(alone)/2 : len(alone)-1]
}

// correspondence lets a candidate write, who is answered by a template; another one
// waits for a message that leaves later, and asks for a copy of their data. A
// stranger's mail belongs to nobody yet.
func (l *loader) correspondence(ctx context.Context) error {
	admin := domain.Member(commands.FirstAdmin())
	at := l.Anchor.Add(-20 * time.Hour)
	come := func(step string, in mail.Incoming) (string, error) {
		in.MessageID = step + "@mail.example"
		answer, err := l.to.ReceiveMail(ctx, l.caller("mail/"+step, admin, at), in)
		return answer.ID, err
	}
	_, err := come("stranger", mail.Incoming{
		From: "someone@elsewhere.example", FromName: "Someone Else", Subject: "Do you need a gardener?", Text: "Good morning,\n\nI look after gardens, and saw yours.\n",
	})
	if err != nil {
		return err
	}
	for i, n := range l.middle() {
		who := l.jobs[n%len(l.jobs)].recruiter
		first, last, address := personNumbered(n)
		switch i {
		case 0:
			id, err := come("question", mail.Incoming{
				From: personal.Plain(address), FromName: personal.Plain(first + " " + last), Subject: "My application", Text: "Hello,\n\nwhen do I hear from you?\n",
			})
			if err != nil {
				return err
			}
			l.given.Add(1) // the question is taken care of by a command of its own
			_, err = l.to.WriteMessage(ctx, l.caller("mail/answer", who, at.Add(time.Hour)), commands.WriteMessage{
				Application: l.live[n], Letter: commands.Letter{Template: l.received}, Answers: id,
			})
			if err != nil {
				return err
			}
		case 1:
			later := l.Anchor.AddDate(0, 0, 3)
			_, err := l.to.WriteMessage(ctx, l.caller("mail/later", who, at), commands.WriteMessage{
				Application: l.live[n], Letter: commands.Letter{Subject: "Our next step", Text: "Dear {{candidate.first_name}}, we decide this week.", SendAt: &later},
			})
			if err != nil {
				return err
			}
		}
		if person := l.persons[n]; person != "" {
			by := l.caller("data request", domain.Candidate, at.Add(2*time.Hour))
			by.Candidate = person
			_, err := l.to.RequestOwnData(ctx, by, commands.RequestOwnData{Kind: candidate.DataExport})
			return err
		}
	}
	return nil
}

// many tags candidacies together and takes that back, and saves a view of the list.
func (l *loader) many(ctx context.Context) error {
	recruiter, at := domain.Member(l.members[0]), l.Anchor.Add(-12*time.Hour)
	_, err := l.to.SaveView(ctx, l.caller("view", recruiter, at), commands.SaveView{Content: view.Content{
		Name: "In progress, by date", Shared: true, Filter: view.Filter{Outcomes: []application.Outcome{application.InProgress}}, Sort: "changed",
	}})
	if err != nil {
		return err
	}
	var theirs []string
	for _, n := range l.middle() {
		if l.jobs[n%len(l.jobs)].recruiter == recruiter {
			theirs = append(theirs, l.live[n])
		}
	}
	if len(theirs) == 0 {
		return nil
	}
	slices.Sort(theirs)
	// What is done to each is a command of its own, and so is taking it back.
	l.given.Add(int64(2 * len(theirs)))
	started, err := l.to.StartBulk(ctx, l.caller("bulk", recruiter, at), commands.StartBulk{
		Action: commands.BulkAction{Tag: &commands.BulkTag{Tag: l.openDay}}, Applications: theirs,
	})
	if err != nil {
		return err
	}
	if _, err := l.to.RunBulk(ctx, l.caller("bulk/run", domain.System, at), started.ID); err != nil {
		return err
	}
	at = at.Add(time.Hour)
	if _, err := l.to.UndoBulk(ctx, l.caller("bulk/undo", recruiter, at), commands.UndoBulk{Bulk: started.ID, Reason: "The open day is called off."}); err != nil {
		return err
	}
	_, err = l.to.RunBulk(ctx, l.caller("bulk/undo/run", domain.System, at), started.ID)
	return err
}
