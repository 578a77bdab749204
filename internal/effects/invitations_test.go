package effects_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/effects"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/mail"
)

// post carries mail, or takes none.
type post struct {
	told   []string // method and sequence of each mail that was taken, in order
	away   bool
	during func() // happens once, while the next one is handed over
}

// Send implements mail.Transport.
func (p *post) Send(_ context.Context, m mail.Mail) error {
	if p.away {
		return mail.ErrNotTaken
	}
	if during := p.during; during != nil {
		p.during = nil
		during()
	}
	for line := range strings.SplitSeq(string(m.Calendar.Object), "\r\n") {
		if sequence, ok := strings.CutPrefix(line, "SEQUENCE:"); ok {
			p.told = append(p.told, m.Calendar.Method+" "+sequence)
		}
	}
	return nil
}

// meetings is a company whose candidate is invited to interviews, with clocks that
// go as far ahead as the test says.
type meetings struct {
	*world
	post  post
	ahead time.Duration
	of    string // application
}

func newMeetings(t *testing.T) *meetings {
	w := newWorld(t)
	return &meetings{world: w, of: w.ReceiveOne(t, "cleo@example.org")}
}

func (m *meetings) now() time.Time { return time.Now().Add(m.ahead) }

func (m *meetings) process(log eventlog.Log) *commands.Commands {
	return commands.New(commands.Options{Log: log, Vault: m.Vault, Directory: m.Directory, Mail: &m.post, Now: m.now})
}

// invite plans an interview to which the candidate is invited.
func (m *meetings) invite() string {
	return commandstest.Must(m.ScheduleInterview(m.t.Context(), m.As(m.Recruiter), commands.ScheduleInterview{
		Application: m.of, Title: "Talk", Participants: []string{m.Recruiter}, Invite: true,
		InterviewWhen: commands.InterviewWhen{Start: time.Now().UTC().AddDate(0, 0, 9).Format(domain.WallLayout), Zone: "UTC", Minutes: 30},
	})).ID
}

func (m *meetings) rename(interview, title string) {
	commandstest.Must(m.ChangeInterview(m.t.Context(), m.As(m.Recruiter), commands.ChangeInterview{
		Application: m.of, Interview: interview, Title: personal.Plain("Talk " + title), Participants: []string{m.Recruiter}, Visible: true,
	}))
}

func (m *meetings) cancel(interview string) {
	commandstest.Must(m.CancelInterview(m.t.Context(), m.As(m.Recruiter), commands.CancelInterview{Application: m.of, Interview: interview}))
}

// plan looks at the whole log.
func (m *meetings) plan() {
	m.t.Helper()
	var last eventlog.Event
	for e, err := range m.Memory.ReadAll(m.t.Context(), eventlog.Start, eventlog.Backwards) {
		if err != nil {
			m.t.Fatal(err)
		}
		last = e
		break
	}
	m.follow(func() bool {
		at, _, err := effects.At(m.t.Context(), m.Pool, effects.Recruiting())
		return err == nil && !last.Position.After(at.Event)
	})
}

// planned are the effects of some kinds that wait.
func (m *meetings) planned(kinds ...effects.Kind) []effects.Entry {
	m.t.Helper()
	all, err := effects.NewLedger(m.Pool).Of(m.t.Context(), m.of)
	if err != nil {
		m.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(e effects.Entry) bool { return e.State != effects.Planned || !slices.Contains(kinds, e.Kind) })
}

// carry carries out what waits of some kinds and is due. It returns what went wrong.
func (m *meetings) carry(kinds ...effects.Kind) (failed error) {
	m.t.Helper()
	p := m.world.process(func(o *effects.Options) { o.Now, o.Perform = m.now, effects.ByCommands(m.process(m.Log)) })
	for _, e := range m.planned(kinds...) {
		var early *river.JobSnoozeError
		if err := p.CarryOutFor(m.t.Context(), e.ID, e.PlannedFor); err != nil && !errors.As(err, &early) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// settle carries out all that is due, and what follows from it.
func (m *meetings) settle() {
	m.t.Helper()
	for {
		m.plan()
		before := fmt.Sprint(m.planned(effects.NoticeInterview, effects.SendNotice))
		if err := m.carry(effects.NoticeInterview, effects.SendNotice); err != nil {
			m.t.Fatal(err)
		}
		m.plan()
		if fmt.Sprint(m.planned(effects.NoticeInterview, effects.SendNotice)) == before {
			return
		}
	}
}

// told refuses anything else than what was told.
func (m *meetings) told(when string, want ...string) {
	m.t.Helper()
	if !slices.Equal(m.post.told, want) {
		m.t.Errorf("%s they were told %q, want %q", when, m.post.told, want)
	}
}

// S1-35, S2-37: that an interview is cancelled, or moved, does not wait for a mail
// about it that waits, be it open or to be tried again hours later: that leaves at
// once, and says how it stands.
func TestACancellationDoesNotWait(t *testing.T) {
	t.Parallel()
	m := newMeetings(t)
	i := m.invite()
	m.settle()
	m.told("within ten minutes")
	m.ahead += 10 * time.Minute
	m.settle()
	m.told("then", "REQUEST 0")
	m.rename(i, "one")
	m.settle()
	m.told("within ten minutes of a change", "REQUEST 0")
	if waits := m.planned(effects.SendNotice); len(waits) != 1 || waits[0].PlannedFor.Before(m.now()) {
		t.Errorf("what waits is %+v", waits)
	}
	commandstest.Must(m.RescheduleInterview(t.Context(), m.As(m.Recruiter), commands.RescheduleInterview{
		Application: m.of, Interview: i, InterviewWhen: commands.InterviewWhen{Start: time.Now().UTC().AddDate(0, 0, 8).Format(domain.WallLayout), Zone: "UTC", Minutes: 45},
	}))
	m.settle()
	m.told("when it is moved", "REQUEST 0", "REQUEST 2")

	m.post.away = true
	m.rename(i, "two")
	for range 5 { // the last time it is tried again after eight hours
		m.settle()
		m.ahead = time.Until(m.planned(effects.SendNotice)[0].PlannedFor) + time.Second
	}
	m.settle()
	again := m.planned(effects.SendNotice)
	if len(again) != 1 || again[0].PlannedFor.Before(m.now().Add(7*time.Hour)) {
		t.Fatalf("it is tried again: %+v", again)
	}
	m.post.away = false
	m.rename(i, "three")
	m.settle()
	if again := m.planned(effects.SendNotice); len(again) != 1 || again[0].PlannedFor.After(m.now().Add(11*time.Minute)) {
		t.Errorf("with something new it is tried again: %+v", again)
	}
	m.cancel(i)
	m.settle()
	m.told("when it is cancelled", "REQUEST 0", "REQUEST 2", "CANCEL 5")
	m.ahead += 24 * time.Hour
	m.settle()
	m.told("at last", "REQUEST 0", "REQUEST 2", "CANCEL 5")
	if left := m.planned(effects.NoticeInterview, effects.SendNotice); len(left) != 0 {
		t.Errorf("left is %+v", left)
	}

	never := m.invite()
	m.settle()
	m.cancel(never)
	m.settle()
	m.told("of one they never heard of", "REQUEST 0", "REQUEST 2", "CANCEL 5")
	if left := m.planned(effects.SendNotice); len(left) != 0 {
		t.Errorf("left is %+v", left)
	}
}

// S1-35, E4: what a mail told already, also one that is being handed over, is not
// mailed again; what came after it is, in its order.
func TestAChangeThatWasToldIsNotMailedAgain(t *testing.T) {
	t.Parallel()
	m := newMeetings(t)
	i := m.invite()
	m.settle()
	m.rename(i, "one")
	m.ahead += 10 * time.Minute
	m.plan()
	if err := m.carry(effects.SendNotice); err != nil { // before the change is noted
		t.Fatal(err)
	}
	m.told("by a mail that left as it stood", "REQUEST 1")
	m.settle()
	m.ahead += 20 * time.Minute
	m.settle()
	m.told("in the end", "REQUEST 1")
	all, err := effects.NewLedger(m.Pool).Of(t.Context(), m.of)
	if err != nil {
		t.Fatal(err)
	}
	if n := slices.IndexFunc(all, func(e effects.Entry) bool {
		return e.Kind == effects.NoticeInterview && e.State == effects.Cancelled && e.Reason == "nothing_to_tell"
	}); n < 0 {
		t.Errorf("the change was noted: %+v", all)
	}

	m.rename(i, "two")
	m.settle()
	m.rename(i, "three")
	m.ahead += 10 * time.Minute
	m.post.during = func() { // it may still not be taken
		m.plan()
		if err := m.carry(effects.NoticeInterview); err != nil {
			t.Error(err)
		}
	}
	if err := m.carry(effects.SendNotice); err != nil {
		t.Fatal(err)
	}
	m.ahead += 10 * time.Minute
	m.settle()
	m.told("by a mail that was being handed over", "REQUEST 1", "REQUEST 3")

	second := m.invite()
	m.settle()
	m.ahead += 10 * time.Minute
	m.post.during = func() {
		m.cancel(second)
		m.plan()
		if err := m.carry(effects.NoticeInterview); err != nil {
			t.Error(err)
		}
		m.plan()
		if err := m.carry(effects.SendNotice); !errors.Is(err, commands.ErrNotYet) {
			t.Errorf("the cancellation overtakes the invitation: %v", err)
		}
	}
	if err := m.carry(effects.SendNotice); err != nil {
		t.Fatal(err)
	}
	m.settle()
	m.told("of one that was cancelled meanwhile", "REQUEST 1", "REQUEST 3", "REQUEST 0", "CANCEL 1")
}

// counted is a log that counts what is read of a stream.
type counted struct {
	eventlog.Log
	stream string
	events int
}

func (l *counted) ReadStream(ctx context.Context, stream string, from eventlog.Revision, d eventlog.Direction) iter.Seq2[eventlog.Event, error] {
	return func(yield func(eventlog.Event, error) bool) {
		for e, err := range l.Log.ReadStream(ctx, stream, from, d) {
			if stream == l.stream {
				l.events++
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// What is told of an event of an interview is known after one look at the
// application.
func TestAnInterviewIsNotedAfterOneLook(t *testing.T) {
	t.Parallel()
	m := newMeetings(t)
	i := m.invite()
	for n := range 20 {
		m.rename(i, fmt.Sprint(n))
	}
	stream := "application-" + m.of
	whole := len(m.Events(t, stream))
	log := &counted{Log: m.Log, stream: stream}
	caller := commands.Caller{Actor: domain.System, CommandID: uuid.New(), MayBeRepeated: true, Origin: eventlog.Live}
	at := eventlog.Revision(slices.Index(m.Events(t, stream), (application.InterviewInvited{}).EventName()))
	for e, err := range m.Memory.ReadStream(t.Context(), stream, at, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		caller.CausationID = e.ID.String()
		break
	}
	if answer, err := m.process(log).NoticeInterview(t.Context(), caller, m.of, i, at); err != nil || answer.Unchanged || log.events != whole+1 {
		t.Errorf("%+v, %v; %d events were read of %d", answer, err, log.events, whole)
	}
	other := caller
	other.CausationID = uuid.NewString()
	if _, err := m.process(log).NoticeInterview(t.Context(), other, m.of, i, at); !errors.Is(err, application.ErrUnknown) {
		t.Errorf("another event is there: %v", err)
	}
}
