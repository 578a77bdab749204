package commands_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/erasure"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// directory is one that follows a log in memory, within a bubble of time.
type directory struct {
	*commands.Directory
	log     *commandstest.Tapped
	stalled atomic.Bool // the log does not answer, or deliver
	forgot  []string
	ended   chan error
	end     context.CancelFunc
}

// following returns a directory that is level with its log. stall sets what the
// log does while it is stalled.
func following(t *testing.T, stall func(d *directory, wait func(context.Context) error)) *directory {
	t.Helper()
	d := &directory{log: &commandstest.Tapped{Log: new(eventlog.Memory)}, ended: make(chan error, 1)}
	if stall != nil {
		stall(d, func(ctx context.Context) error {
			for d.stalled.Load() {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(100 * time.Millisecond):
				}
			}
			return nil
		})
	}
	d.Directory = commands.NewDirectory(d.log, func(keys ...string) { d.forgot = append(d.forgot, keys...) }, nil)
	ctx, end := context.WithCancel(t.Context())
	d.end = end
	go func() { d.ended <- d.Run(ctx) }()
	if err := d.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// stop ends the directory and everything it started.
func (d *directory) stop(t *testing.T) {
	t.Helper()
	d.end()
	if err := <-d.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v, want the context's error", err)
	}
}

// happened appends facts as another process would.
func happened[E domain.Fact](t *testing.T, d *directory, codec domain.Codec[E], stream string, at eventlog.Revision, facts ...E) {
	t.Helper()
	for i, fact := range facts {
		data, err := codec.Encode(fact)
		if err != nil {
			t.Fatal(err)
		}
		meta, err := json.Marshal(eventlog.Metadata{Actor: domain.System, CommandID: uuid.New(), Origin: eventlog.Live})
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.log.Append(t.Context(), stream, at+eventlog.Revision(i)-1, []eventlog.NewEvent{{ID: uuid.New(), Type: fact.EventName(), Data: data, Metadata: meta}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func stampNow() domain.Stamp { return domain.Stamp{At: time.Now(), By: domain.System} }

const memberID = "11111111-1111-4111-8111-111111111111"

func invited() member.Event {
	return member.Invited{Stamp: stampNow(), Role: access.Admin}
}

func TestDirectoryFollowsOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := following(t, nil)
		defer d.stop(t)
		happened[job.Event](t, d, job.Codec, "job-j", 0, job.Opened{Stamp: stampNow(), Details: job.Details{Title: "Engineer"}}, job.Held{Stamp: stampNow()})
		happened(t, d, member.Codec, "member-"+memberID, 0, invited())
		began := time.Now()
		synctest.Wait()
		if j := d.Job("j"); j.Status != job.OnHold || j.Details.Title != "Engineer" {
			t.Errorf("job = %+v", j)
		}
		if rights := d.Rights(memberID, "j"); rights.Area(access.Decision) != access.Edit {
			t.Errorf("rights = %+v, want an admin's", rights)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %v, want less than a second", took)
		}
		happened[member.Event](t, d, member.Codec, "member-"+memberID, 1, member.Deactivated{Stamp: stampNow()})
		synctest.Wait()
		if rights := d.Rights(memberID, "j"); rights.Area(access.Application) != access.None {
			t.Errorf("rights of a deactivated member = %+v", rights)
		}
	})
}

func TestDirectoryForwardsErasures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := following(t, nil)
		defer d.stop(t)
		keys := []string{newID(), newID()}
		happened[erasure.Event](t, d, erasure.Codec, "erasure-"+newID(), 0, erasure.Recorded{Stamp: stampNow(), Kind: "note", Keys: keys})
		synctest.Wait()
		if !slices.Equal(d.forgot, keys) {
			t.Errorf("forgot %v, want %v", d.forgot, keys)
		}
	})
}

// When the log does not answer, or its subscription does not deliver, rights are
// believed for ten seconds and not longer, and again as soon as it is back.
func TestDirectoryThatLags(t *testing.T) {
	t.Parallel()
	for name, stall := range map[string]func(*directory, func(context.Context) error){
		"the head cannot be read": func(d *directory, wait func(context.Context) error) { d.log.OnReadAll = wait },
		"nothing is delivered":    func(d *directory, wait func(context.Context) error) { d.log.OnSubscribe = wait },
		"both": func(d *directory, wait func(context.Context) error) {
			d.log.OnReadAll, d.log.OnSubscribe = wait, wait
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := following(t, stall)
				defer d.stop(t)
				happened(t, d, member.Codec, "member-"+memberID, 0, invited())
				time.Sleep(5 * time.Second)
				if err := d.Check(); err != nil {
					t.Fatalf("before: %v", err)
				}
				d.stalled.Store(true)
				happened[member.Event](t, d, member.Codec, "member-"+memberID, 1, member.Deactivated{Stamp: stampNow()})
				time.Sleep(commands.MaxLag - 3*time.Second) // it was level at most 2 s ago
				if err := d.Check(); err != nil {
					t.Errorf("within ten seconds: %v", err)
				}
				time.Sleep(3*time.Second + time.Millisecond)
				if err := d.Check(); !errors.Is(err, commands.ErrRightsUnknown) {
					t.Errorf("after ten seconds: %v, want ErrRightsUnknown (lag %v)", err, d.Lag())
				}
				d.stalled.Store(false)
				time.Sleep(5 * time.Second)
				if err := d.Check(); err != nil {
					t.Errorf("when it is back: %v", err)
				}
				if d.Member(memberID).Active {
					t.Error("the member is still active")
				}
			})
		})
	}
}

// What says that rights are not known says also that the log is away, if it is.
func TestDirectoryOfALogThatIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var away atomic.Bool
		d := following(t, func(d *directory, _ func(context.Context) error) {
			d.log.OnReadAll = func(context.Context) error {
				if away.Load() {
					return eventlog.ErrUnavailable
				}
				return nil
			}
		})
		defer d.stop(t)
		away.Store(true)
		time.Sleep(commands.MaxLag + 5*time.Second)
		if err := d.Check(); !errors.Is(err, commands.ErrRightsUnknown) || !errors.Is(err, eventlog.ErrUnavailable) {
			t.Errorf("check: %v, want ErrRightsUnknown and ErrUnavailable", err)
		}
		away.Store(false)
		time.Sleep(5 * time.Second)
		if err := d.Check(); err != nil {
			t.Errorf("when it is back: %v", err)
		}
	})
}

// A log in which nothing of the directory's happens does not make it lag,
// however few events tell it how far the log is.
func TestDirectoryOnAQuietLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := following(t, nil)
		defer d.stop(t)
		for i := range 100 {
			_, err := d.log.Append(t.Context(), "application-"+newID(), eventlog.NoStream, []eventlog.NewEvent{{ID: uuid.New(), Type: "application.received.v1", Data: []byte(`{}`), Metadata: []byte(`{}`)}})
			if err != nil {
				t.Fatal(err)
			}
			if i%30 == 0 {
				time.Sleep(7 * time.Second)
				if err := d.Check(); err != nil {
					t.Fatalf("after %d events: %v", i+1, err)
				}
			}
		}
		time.Sleep(time.Hour)
		if err := d.Check(); err != nil {
			t.Errorf("after an hour: %v, lag %v", err, d.Lag())
		}
	})
}

// One that never was level knows nothing.
func TestDirectoryBeforeItIsReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := commands.NewDirectory(new(eventlog.Memory), nil, nil)
		if err := d.Check(); !errors.Is(err, commands.ErrRightsUnknown) {
			t.Errorf("check: %v, want ErrRightsUnknown", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := d.Ready(ctx); !errors.Is(err, commands.ErrRightsUnknown) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ready: %v, want ErrRightsUnknown and why", err)
		}
	})
}

// At an event nobody can read it stays: it must not go on without, and soon
// answers no more. Whoever starts then is told which event it is.
func TestDirectoryMeetsAnUnknownEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := following(t, nil)
		defer d.stop(t)
		_, err := d.log.Append(t.Context(), "member-"+memberID, eventlog.NoStream, []eventlog.NewEvent{{ID: uuid.New(), Type: "member.beamed_up.v1", Data: []byte(`{}`), Metadata: []byte(`{}`)}})
		if err != nil {
			t.Fatal(err)
		}
		happened(t, d, member.Codec, "member-"+newID(), 0, invited())
		time.Sleep(commands.MaxLag + 5*time.Second)
		if err := d.Check(); !errors.Is(err, commands.ErrRightsUnknown) {
			t.Errorf("check: %v, want ErrRightsUnknown", err)
		}
		later := commands.NewDirectory(d.log, nil, nil)
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- later.Run(ctx) }()
		var unknown *domain.UnknownEventError
		if err := later.Ready(t.Context()); !errors.Is(err, commands.ErrRightsUnknown) || !errors.As(err, &unknown) {
			t.Errorf("ready: %v, want ErrRightsUnknown and the event", err)
		}
		end()
		<-ended
	})
}

// What this process writes it knows at once, even while the log has not told it
// of what another wrote before.
func TestDirectoryKnowsOwnWritesAtOnce(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	var stalled atomic.Bool
	slow := &commandstest.Tapped{Log: c.Memory, OnSubscribe: func(ctx context.Context) error {
		if stalled.Load() {
			<-ctx.Done()
		}
		return ctx.Err()
	}}
	d := commandstest.Follow(t, slow, nil)
	here := commands.New(commands.Options{Log: c.Memory, Vault: c.Vault, Directory: d})
	stalled.Store(true)
	title := "Gardener"
	commandstest.Must(c.EditJob(t.Context(), c.As(c.Admin), commands.EditJob{Job: c.Job, DetailsChange: job.DetailsChange{Title: &title}}))
	commandstest.Must(c.InviteMember(t.Context(), c.As(c.Admin), commands.InviteMember{Name: "New", Role: access.Recruiting}))
	commandstest.Must(here.HoldJob(t.Context(), c.As(c.Admin), commands.HoldJob{Job: c.Job}))
	if j := d.Job(c.Job); j.Status != job.OnHold || j.Details.Title != title {
		t.Errorf("job = %+v, want it on hold, and under its new title", j)
	}
	role := commandstest.Must(here.DefineRecruitingRole(t.Context(), c.As(c.Admin), commands.DefineRecruitingRole{Name: "Sourcer"})).ID
	if d.Organization().Roles[role].Name != "Sourcer" {
		t.Error("the role is not known")
	}
}

// A member who is deactivated in one process cannot go on in another.
// It holds S2-104.
func TestDeactivatedElsewhere(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	other := c.Start(t)
	app := c.ReceiveOne(t, someone())
	commandstest.Must(other.SetPriority(t.Context(), c.As(c.Recruiter), flag(app, true)))
	commandstest.Must(c.DeactivateMember(t.Context(), c.As(c.Admin), commands.DeactivateMember{Member: c.Recruiter}))
	deadline := time.Now().Add(time.Minute)
	for up := false; ; up = !up {
		_, err := other.SetPriority(t.Context(), c.As(c.Recruiter), flag(app, up))
		if err != nil {
			if outcome(err) != "u" {
				t.Errorf("err = %v, want unknown", err)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the member still acts")
		}
	}
}

// When nobody knows who may do what, nobody does anything, but for the system.
func TestCommandsWithoutRights(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	app := c.ReceiveOne(t, someone())
	blind := commands.New(commands.Options{Log: c.Memory, Vault: c.Vault, Directory: commands.NewDirectory(c.Memory, nil, nil)})
	if _, err := blind.SetPriority(t.Context(), c.As(c.Admin), flag(app, true)); !errors.Is(err, commands.ErrRightsUnknown) {
		t.Errorf("on an application: %v, want ErrRightsUnknown", err)
	}
	if _, err := blind.HoldJob(t.Context(), c.As(c.Admin), commands.HoldJob{Job: c.Job}); !errors.Is(err, commands.ErrRightsUnknown) {
		t.Errorf("on a job: %v, want ErrRightsUnknown", err)
	}
	if _, err := blind.DefineTag(t.Context(), c.As(c.Admin), commands.DefineTag{Label: "x"}); !errors.Is(err, commands.ErrRightsUnknown) {
		t.Errorf("on the organisation: %v, want ErrRightsUnknown", err)
	}
	by := c.As(c.Admin)
	by.Actor = domain.System
	if _, err := blind.SetPriority(t.Context(), by, flag(app, true)); err != nil {
		t.Errorf("the system: %v", err)
	}
}
