package commands_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// meanwhile is a log before which, once, as an event of a type is about to be
// written, somebody else does something.
type meanwhile struct {
	eventlog.Log
	event string
	do    func()
}

func (m *meanwhile) Append(ctx context.Context, stream string, expected eventlog.Revision, events []eventlog.NewEvent) (eventlog.Appended, error) {
	if do := m.do; do != nil && slices.ContainsFunc(events, func(e eventlog.NewEvent) bool { return e.Type == m.event }) {
		m.do = nil
		do()
	}
	return m.Log.Append(ctx, stream, expected, events)
}

// S2-93: a message that is written while an application goes on as another one leaves
// for that, whichever of the two is recorded first; it is given to that one alone, and
// written once.
func TestAMessageWrittenDuringATransferGoesAlong(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]string{"before it is closed": (application.Transferred{}).EventName(), "after it is closed": (message.Written{}).EventName()} {
		c := commandstest.Found(t, nil)
		old, other := c.ReceiveOne(t, someone()), c.OpenOne(t, "Another")
		later := time.Now().AddDate(0, 0, 1)
		by := c.As(c.Recruiter)
		write := func(p *commands.Commands) commands.Answer {
			return commandstest.Must(p.WriteMessage(t.Context(), by, commands.WriteMessage{Application: old, Letter: commands.Letter{Subject: "Later", Text: "Soon", SendAt: &later}}))
		}
		var next, written commands.Answer
		transfer := func(p *commands.Commands) {
			next = commandstest.Must(p.Transfer(t.Context(), c.As(c.Recruiter), commands.Transfer{Application: old, Job: other}))
		}
		log := &meanwhile{Log: c.Memory, event: first}
		if first == (message.Written{}).EventName() {
			log.do = func() { transfer(c.Commands) }
			written = write(c.Process(log))
		} else {
			log.do = func() { written = write(c.Commands) }
			transfer(c.Process(log))
		}
		if log.do != nil {
			t.Fatalf("%s: nothing happened meanwhile", name)
		}
		if m := c.State(t).Messages[written.ID]; m.Application != next.ID || m.Job != other || m.Status != message.IsScheduled {
			t.Errorf("written %s it is %+v, want it for %s", name, m, next.ID)
		}
		owned(t, c, written.ID, next.ID)
		all := c.All(t)
		if again := write(c.Process(c.Memory)); !again.Repeated || again.ID != written.ID || c.All(t) != all {
			t.Errorf("given again: %+v", again)
		}
	}
}

// S2-93: what is asked for, planned, moved, answered and taken back while an application
// goes on as another one is so there, once.
func TestWhatIsPlannedDuringATransferGoesAlong(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	on := true
	commandstest.Must(c.ChangeSettings(t.Context(), c.As(c.Admin), commands.ChangeSettings{SettingsChange: organization.SettingsChange{SelfTracking: &on}}))
	old, other := c.ReceiveOne(t, someone()), c.OpenOne(t, "Another")
	at := func(day int) commands.InterviewWhen {
		return commands.InterviewWhen{Start: time.Now().AddDate(0, 0, day).Format("2006-01-02") + "T10:00", Zone: "Europe/Berlin", Minutes: 30}
	}
	plan := func(title string) string {
		return commandstest.Must(c.ScheduleInterview(t.Context(), c.As(c.Recruiter), commands.ScheduleInterview{
			Application: old, Title: personal.Plain(title), Participants: []string{c.Recruiter}, InterviewWhen: at(3),
		})).ID
	}
	moved, off, changed := plan("Moved"), plan("Off"), plan("Changed")
	unwanted := commandstest.Must(c.RequestDocument(t.Context(), c.As(c.Recruiter), commands.RequestDocument{Application: old, Title: "CV", Category: access.CV})).ID
	log := &meanwhile{Log: c.Memory, event: (application.Transferred{}).EventName(), do: func() {
		plan("New")
		commandstest.Must(c.RescheduleInterview(t.Context(), c.As(c.Recruiter), commands.RescheduleInterview{Application: old, Interview: moved, InterviewWhen: at(5)}))
		commandstest.Must(c.AnswerInterview(t.Context(), c.As(c.Recruiter), commands.AnswerInterview{Application: old, Interview: moved, Member: c.Recruiter, Answer: application.AnswerAccepted}))
		commandstest.Must(c.CancelInterview(t.Context(), c.As(c.Recruiter), commands.CancelInterview{Application: old, Interview: off}))
		commandstest.Must(c.InviteToInterview(t.Context(), c.As(c.Recruiter), commands.InviteToInterview{Application: old, Interview: changed}))
		commandstest.Must(c.CancelDocument(t.Context(), c.As(c.Recruiter), commands.CancelDocument{Application: old, Document: unwanted}))
		commandstest.Must(c.RequestDocument(t.Context(), c.As(c.Recruiter), commands.RequestDocument{Application: old, Title: "Diploma", Category: access.Certificate}))
	}}
	by := c.As(c.Recruiter)
	next := commandstest.Must(c.Process(log).Transfer(t.Context(), by, commands.Transfer{Application: old, Job: other}))
	if log.do != nil {
		t.Fatal("nothing happened meanwhile")
	}
	a := c.State(t).Applications[next.ID]
	pending := a.Pending(time.Now())
	if len(pending.Interviews) != 3 || len(pending.Documents) != 1 {
		t.Fatalf("there is to come %+v", pending)
	}
	days, invited := map[string]int{}, 0
	for _, id := range pending.Interviews {
		i, _ := a.Interviews.Get(id)
		days[i.Start] += 1 + len(i.Answers)
		if i.Invited {
			invited++
		}
	}
	if days[at(3).Start] != 2 || days[at(5).Start] != 2 || invited != 1 {
		t.Errorf("interviews and answers at %v, %d invited", days, invited)
	}
	if was := c.State(t).Applications[old]; was.To != next.ID || len(was.Pending(time.Now()).Interviews) != 0 {
		t.Errorf("the old one is %+v", was)
	}
	all := c.All(t)
	if again := commandstest.Must(c.Process(c.Memory).Transfer(t.Context(), by, commands.Transfer{Application: old, Job: other})); again.ID != next.ID || c.All(t) != all {
		t.Errorf("given again: %+v", again)
	}
}

// S2-93: what nobody changed meanwhile is taken along as it is, and not changed there.
func TestWhatGoesAlongIsNotChanged(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	old, other := c.ReceiveOne(t, someone()), c.OpenOne(t, "Another")
	day := time.Now().AddDate(0, 0, 3).Format("2006-01-02")
	plan := commands.ScheduleInterview{
		Application: old, Title: "Talk", Participants: []string{c.Recruiter}, InterviewWhen: commands.InterviewWhen{Start: day + "T10:00", Zone: "Europe/Berlin", Minutes: 30},
	}
	first := commandstest.Must(c.ScheduleInterview(t.Context(), c.As(c.Recruiter), plan)).ID
	commandstest.Must(c.AnswerInterview(t.Context(), c.As(c.Recruiter), commands.AnswerInterview{Application: old, Interview: first, Member: c.Recruiter, Answer: application.AnswerAccepted}))
	moved := plan.InterviewWhen
	moved.Start = day + "T12:00"
	commandstest.Must(c.RescheduleInterview(t.Context(), c.As(c.Recruiter), commands.RescheduleInterview{Application: old, Interview: first, InterviewWhen: moved}))
	commandstest.Must(c.ScheduleInterview(t.Context(), c.As(c.Recruiter), plan))
	next := commandstest.Must(c.Transfer(t.Context(), c.As(c.Recruiter), commands.Transfer{Application: old, Job: other})).ID
	for _, name := range c.Events(t, "application-"+next) {
		switch name {
		case (application.InterviewChanged{}).EventName(), (application.InterviewRescheduled{}).EventName(), (application.InterviewCancelled{}).EventName():
			t.Errorf("there is %s", name)
		}
	}
}
