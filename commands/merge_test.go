package commands_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// mergeOne merges the candidate of one application into that of another.
func mergeOne(t *testing.T, c *commandstest.Company, into, other string) {
	t.Helper()
	commandstest.Must(c.MergeCandidates(t.Context(), c.As(c.Recruiter), commands.MergeCandidates{Application: into, Other: other}))
}

// midway runs once what is set, before the first append of an event.
type midway struct {
	event string
	run   atomic.Pointer[func()]
}

func (m *midway) tap(log eventlog.Log) eventlog.Log {
	return &commandstest.Tapped{Log: log, OnAppend: func(_ context.Context, _ string, events []eventlog.NewEvent, call func() (eventlog.Appended, error)) (eventlog.Appended, error) {
		if events[0].Type == m.event {
			if run := m.run.Swap(nil); run != nil {
				(*run)()
			}
		}
		return call()
	}}
}

// An application that is on its way while its candidate is merged into somebody
// else counts as that person's: there is one live application for the job
// (S2-08).
func TestMergeOvertakesAnArrival(t *testing.T) {
	t.Parallel()
	m := &midway{event: application.Received{}.EventName()}
	c := commandstest.Found(t, m.tap)
	for name, s := range map[string]struct {
		live bool // the other one has an application for the job
		want error
	}{
		"who has a live application": {live: true, want: application.ErrDuplicate},
		"who has none":               {},
	} {
		t.Run(name, func(t *testing.T) {
			mail, main := someone(), someone()
			other, into := onClosed(t, c, mail), c.ReceiveOne(t, main)
			if !s.live {
				commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), disqualify(into)))
			}
			before := len(c.State(t).Live())
			merge := func() { mergeOne(t, c, into, other) }
			m.run.Store(&merge)
			if _, err := c.Receive(t.Context(), c.As(c.Recruiter), receive(c.Job, mail)); !errors.Is(err, s.want) {
				t.Errorf("the application on its way: %v, want %v", err, s.want)
			}
			finish(t, c.Commands)
			c.CheckFinished(t)
			if _, err := c.Receive(t.Context(), c.As(c.Recruiter), receive(c.Job, main)); !errors.Is(err, application.ErrDuplicate) {
				t.Errorf("an application of whom they are merged into: %v, want ErrDuplicate", err)
			}
			if live := len(c.State(t).Live()); !s.live && live != before+1 || s.live && live != before {
				t.Errorf("%d live applications, %d before", live, before)
			}
		})
	}
}

// Two who turn out to have live applications for one job only after one was
// merged into the other are two again.
func TestMergeOvertakenByAnArrival(t *testing.T) {
	t.Parallel()
	m := &midway{event: candidate.Merged{}.EventName()}
	c := commandstest.Found(t, m.tap)
	mail := someone()
	other, into := onClosed(t, c, mail), c.ReceiveOne(t, someone())
	receives := func() { c.ReceiveOne(t, mail) }
	m.run.Store(&receives)
	by := c.As(c.Recruiter)
	cmd := commands.MergeCandidates{Application: into, Other: other}
	if _, err := c.MergeCandidates(t.Context(), by, cmd); !errors.Is(err, commands.ErrMergeLive) {
		t.Errorf("the merge: %v, want ErrMergeLive", err)
	}
	c.CheckFinished(t)
	for _, p := range c.State(t).Candidates {
		if p.Into != "" || len(p.Absorbed) > 0 {
			t.Errorf("candidate %+v is still merged", p)
		}
	}
}

// Until the taking back of a merge that was cut off is finished, nobody's form
// goes to somebody else's application, and nobody's application is refused for
// it.
func TestUnmergeCutOff(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	for name, next := range map[string]func(*commandstest.Company, commands.Receive) (commands.Answer, error){
		"a form": func(c *commandstest.Company, cmd commands.Receive) (commands.Answer, error) {
			return c.SendForm(t.Context(), anybody(c), sendForm(c, cmd.Candidate.Email))
		},
		"an application": func(c *commandstest.Company, cmd commands.Receive) (commands.Answer, error) {
			return c.Receive(t.Context(), c.As(c.Recruiter), cmd)
		},
	} {
		t.Run(name, func(t *testing.T) {
			mail := someone()
			into, other := onClosed(t, c, mail), c.ReceiveOne(t, someone())
			mergeOne(t, c, into, other)
			p := c.Start(t)
			p.CrashAt(t, "after append of candidate.unmerged.v1", func(ctx context.Context) error {
				_, err := p.UnmergeCandidates(ctx, c.As(c.Recruiter), commands.UnmergeCandidates{Application: into, Other: other})
				return err
			})
			before := len(c.State(t).Live())
			if _, err := next(c, receive(c.Job, mail)); err != nil {
				t.Error(err)
			}
			if live := len(c.State(t).Live()); live != before+1 {
				t.Errorf("%d live applications, %d before; want one more", live, before)
			}
			finish(t, c.Commands)
			c.CheckFinished(t)
		})
	}
}

// A row of an import for somebody who is merged into another person counts as
// that person's: it is refused while they have a live application for the job,
// and holds the job for them if they have none (S2-08).
func TestImportOfSomebodyMerged(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	mail, main := someone(), someone()
	other, into := onClosed(t, c, mail), c.ReceiveOne(t, main)
	mergeOne(t, c, into, other)
	importer, err := c.Importer(c.As(c.Admin), false)
	if err != nil {
		t.Fatal(err)
	}
	row := func(job string, steps ...commands.PastStep) commands.ImportResult {
		t.Helper()
		got, err := importer.Applications(t.Context(), []commands.ImportedApplication{{
			Command: c.As(c.Admin).CommandID, At: time.Now(), Job: job, Source: "elsewhere", Candidate: candidate.Details{FirstName: "Cleo", Email: mail}, Steps: steps,
		}})
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	if got := row(c.Job); !errors.Is(got.Refused, application.ErrDuplicate) {
		t.Errorf("a second live application: %v, want ErrDuplicate", got.Refused)
	}
	second := c.OpenOne(t, "Another")
	closed := commands.PastStep{Command: c.As(c.Admin).CommandID, At: time.Now(), Past: commands.PastOutcome{Kind: application.Rejected, Reason: "Position filled"}}
	if got := row(second, closed); got.Refused != nil || got.Steps[0] != nil || got.Live {
		t.Errorf("a closed application: %+v", got)
	}
	c.CheckFinished(t)
	if got := row(second); got.Refused != nil {
		t.Errorf("an application for a job they have none for: %v", got.Refused)
	}
	c.CheckFinished(t)
	if _, err := c.Receive(t.Context(), c.As(c.Recruiter), receive(second, main)); !errors.Is(err, application.ErrDuplicate) {
		t.Errorf("an application of whom they are merged into: %v, want ErrDuplicate", err)
	}
}
