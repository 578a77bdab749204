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
			written, err := l.to.WriteMessage(ctx, l.caller("mail/later", who, at), commands.WriteMessage{
				Application: l.live[n], Letter: commands.Letter{Subject: "Our next step", Text: "Dear {{candidate.first_name}}, we decide this week.", SendAt: &later},
			})
			if err != nil {
				return err
			}
			_, err = l.to.ChangeMessage(ctx, l.caller("mail/later/changed", who, at.Add(time.Hour)), commands.ChangeMessage{
				Application: l.live[n], Message: written.ID, Letter: commands.Letter{Subject: "Our next step", Text: "Dear {{candidate.first_name}}, we decide next week."},
			})
			if err != nil {
				return err
			}
		case 2:
			if err := l.cancelled(ctx, n, at); err != nil {
				return err
			}
		}
	}
	if err := l.assigned(ctx, come); err != nil {
		return err
	}
	return l.ownData(ctx, at.Add(2*time.Hour))
}

// cancelled writes a message that is not to leave after all.
func (l *loader) cancelled(ctx context.Context, n int, at time.Time) error {
	who, later := l.jobs[n%len(l.jobs)].recruiter, l.Anchor.AddDate(0, 0, 2)
	written, err := l.to.WriteMessage(ctx, l.caller("mail/cancelled", who, at), commands.WriteMessage{
		Application: l.live[n], Letter: commands.Letter{Subject: "Our next step", Text: "We call you on Thursday.", SendAt: &later},
	})
	if err != nil {
		return err
	}
	_, err = l.to.CancelMessage(ctx, l.caller("mail/cancelled/off", who, at.Add(time.Hour)), commands.OnMessage{Application: l.live[n], Message: written.ID})
	return err
}

// assigned gives a mail from an unknown address to a candidate, and then to the
// right one.
func (l *loader) assigned(ctx context.Context, come func(string, mail.Incoming) (string, error)) error {
	middle, admin, at := l.middle(), domain.Member(commands.FirstAdmin()), l.Anchor.Add(-18*time.Hour)
	if len(middle) < 2 {
		return nil
	}
	id, err := come("elsewhere", mail.Incoming{
		From: "second.address@elsewhere.example", FromName: "A. Candidate", Subject: "From my other address", Text: "Good morning,\n\nplease write to me here.\n",
	})
	if err != nil {
		return err
	}
	wrong, right := l.live[middle[0]], l.live[middle[1]]
	return inOrder(
		func() (commands.Answer, error) {
			return l.to.AssignMessage(ctx, l.caller("mail/assigned", admin, at), commands.AssignMessage{Message: id, Application: wrong})
		},
		func() (commands.Answer, error) {
			return l.to.ReassignMessage(ctx, l.caller("mail/moved", admin, at.Add(time.Hour)), commands.ReassignMessage{Message: id, Application: wrong, To: right})
		},
	)
}

// ownData lets one candidate ask for a copy of their data, and another one have it.
func (l *loader) ownData(ctx context.Context, at time.Time) error {
	step := "data request"
	for _, n := range l.middle() {
		person := l.persons[n]
		if person == "" {
			continue
		}
		by := l.caller(step, domain.Candidate, at)
		by.Candidate = person
		asked, err := l.to.RequestOwnData(ctx, by, commands.RequestOwnData{Kind: candidate.DataExport})
		if err != nil {
			return err
		}
		if step != "data request" {
			_, err := l.to.AnswerDataRequest(ctx, l.caller(step+"/answer", domain.Member(commands.FirstAdmin()), at.Add(time.Hour)), commands.AnswerDataRequest{
				Application: l.live[n], Request: asked.ID, Outcome: candidate.DataDone,
			})
			return err
		}
		step = "another data request"
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
	old, err := l.to.SaveView(ctx, l.caller("view/old", recruiter, at), commands.SaveView{Content: view.Content{Name: "Everybody"}})
	if err != nil {
		return err
	}
	if _, err := l.to.DeleteView(ctx, l.caller("view/old/deleted", recruiter, at.Add(time.Hour)), old.ID); err != nil {
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
