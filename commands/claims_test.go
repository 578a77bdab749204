package commands_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/vault"
)

// TestSamePersonReceivedAtOnce holds S2-07.
func TestSamePersonReceivedAtOnce(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	processes := []*commands.Commands{c.Commands, c.Start(t).Commands}
	for round := range 5 {
		email := someone()
		var received atomic.Int32
		var wg sync.WaitGroup
		start := make(chan struct{})
		for i := range 10 {
			wg.Go(func() {
				<-start
				_, err := processes[i%2].Receive(t.Context(), c.As(c.Recruiter), receive(c.Job, email))
				switch {
				case err == nil:
					received.Add(1)
				case !errors.Is(err, application.ErrDuplicate):
					t.Errorf("err = %v, want ErrDuplicate", err)
				}
			})
		}
		close(start)
		wg.Wait()
		if live := len(c.State(t).Live()); received.Load() != 1 || live != round+1 {
			t.Errorf("%d were received, %d live; want one more, %d", received.Load(), live, round+1)
		}
	}
	c.CheckFinished(t) // without any finishing: refused ones leave nothing
	people := 0
	for _, p := range c.State(t).Candidates {
		if p.Registered && !p.Anonymised {
			people++
		}
	}
	if people != 5 {
		t.Errorf("%d people, want 5", people)
	}
}

// A form submitted twice under one key is one application, and every answer
// says so.
func TestDoubleSubmit(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	processes := []*commands.Commands{c.Commands, c.Start(t).Commands}
	for _, email := range []personal.Plain{someone(), ""} {
		for _, duplicate := range []bool{false, email != ""} {
			if duplicate {
				email = someone()
				c.ReceiveOne(t, email)
			}
			before := len(c.State(t).Live())
			by := c.As(c.Recruiter)
			answers := make([]commands.Answer, 8)
			var wg sync.WaitGroup
			start := make(chan struct{})
			for i := range answers {
				wg.Go(func() {
					<-start
					by := by
					by.MayBeRepeated = i > 0
					var err error
					answers[i], err = processes[i%2].Receive(t.Context(), by, receive(c.Job, email))
					if duplicate != errors.Is(err, application.ErrDuplicate) || !duplicate && err != nil {
						t.Errorf("err = %v, want a duplicate: %v", err, duplicate)
					}
				})
			}
			close(start)
			wg.Wait()
			for i := range answers {
				answers[i].Repeated = false
			}
			if distinct := slices.Compact(answers); len(distinct) != 1 {
				t.Errorf("answers differ: %+v", distinct)
			}
			want := before + 1
			if duplicate {
				want = before
			}
			if live := len(c.State(t).Live()); live != want {
				t.Errorf("%d live applications, want %d", live, want)
			}
			c.CheckFinished(t)
		}
	}
}

// A refusal is not remembered: the same command succeeds when its reason is
// gone.
func TestRefusedReceiveGivenAgain(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	email := someone()
	first := c.ReceiveOne(t, email)
	by := c.As(c.Recruiter)
	for range 2 {
		if _, err := c.Receive(t.Context(), by, receive(c.Job, email)); !errors.Is(err, application.ErrDuplicate) {
			t.Fatalf("err = %v, want ErrDuplicate", err)
		}
	}
	commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), disqualify(first)))
	got, err := c.Receive(t.Context(), by, receive(c.Job, email))
	if err != nil || got.Repeated {
		t.Fatalf("when the other one is closed: %+v, %v", got, err)
	}
	again, err := c.Receive(t.Context(), by, receive(c.Job, email))
	if got.Repeated = true; err != nil || again != got {
		t.Errorf("again: %+v, %v; want %+v", again, err, got)
	}
	c.CheckFinished(t)
}

// An application that was closed and still has the claim loses it to the next
// one, and cannot be taken up again, even when the next one is closed.
func TestSuperseded(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	email := someone()
	first := c.ReceiveOne(t, email)
	neverReleases(t, c, first)
	second := c.ReceiveOne(t, email)
	requalify := commands.Requalify{Application: first, Reason: "again"}
	if _, err := c.Requalify(t.Context(), c.As(c.Recruiter), requalify); !errors.Is(err, application.ErrSuperseded) {
		t.Errorf("err = %v, want ErrSuperseded", err)
	}
	commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), disqualify(second)))
	if _, err := c.Requalify(t.Context(), c.As(c.Recruiter), requalify); !errors.Is(err, application.ErrSuperseded) {
		t.Errorf("when the next one is closed: %v, want ErrSuperseded", err)
	}
	commandstest.Must(c.Requalify(t.Context(), c.As(c.Recruiter), commands.Requalify{Application: second, Reason: "again"}))
	c.CheckFinished(t)
}

// A disqualification that is slow to give the claim back does not give away the
// claim of the application that was taken up again meanwhile.
func TestLateRelease(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"before claim.released.v1", "after application.disqualified.v1"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			c, log := tap(t)
			other := c.Process(c.Memory)
			email := someone()
			app := c.ReceiveOne(t, email)
			requalify := func(ctx context.Context) {
				commandstest.Must(other.Requalify(ctx, c.As(c.Recruiter), commands.Requalify{Application: app, Reason: "at once"}))
			}
			log.OnAppend = func(ctx context.Context, _ string, events []eventlog.NewEvent, call func() (eventlog.Appended, error)) (eventlog.Appended, error) {
				if at == "before "+events[0].Type {
					requalify(ctx)
				}
				a, err := call()
				if err == nil && at == "after "+events[0].Type {
					requalify(ctx)
				}
				return a, err
			}
			commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), disqualify(app)))
			log.OnAppend = nil
			if live := c.State(t).Live(); !slices.Equal(live, []string{app}) {
				t.Fatalf("live = %v, want %s", live, app)
			}
			if _, err := c.Receive(t.Context(), c.As(c.Recruiter), receive(c.Job, email)); !errors.Is(err, application.ErrDuplicate) {
				t.Errorf("err = %v, want ErrDuplicate: the application is live again", err)
			}
			c.CheckFinished(t)
		})
	}
}

// One that arrives while its process was thought to be dead loses, whether the
// undoing comes before its last step or in the middle of it.
func TestArrivalUndoneOnItsWay(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"claim.taken.v1", "candidate.registered.v1", "application.received.v1"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			c, log := tap(t)
			other := c.Start(t)
			log.OnAppend = func(_ context.Context, _ string, events []eventlog.NewEvent, call func() (eventlog.Appended, error)) (eventlog.Appended, error) {
				if events[0].Type == at {
					log.OnAppend = nil
					finish(t, other.Commands)
				}
				return call()
			}
			answer, err := c.Receive(t.Context(), c.As(c.Recruiter), receive(c.Job, someone()))
			if err != nil {
				t.Fatalf("err = %v: it may begin anew", err)
			}
			if live := c.State(t).Live(); !slices.Equal(live, []string{answer.ID}) {
				t.Errorf("live = %v, want %s", live, answer.ID)
			}
			finish(t, c.Commands)
			c.CheckFinished(t)
		})
	}
}

// Whoever anonymises a closed application does not erase one that is taken up
// again at that moment.
func TestAnonymiseAgainstRequalify(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	other := c.Start(t)
	for range 15 {
		app := onClosed(t, c, someone())
		var anonymised, requalified error
		var wg sync.WaitGroup
		wg.Go(func() {
			_, anonymised = c.Anonymise(t.Context(), c.As(c.Recruiter), commands.Anonymise{Application: app})
		})
		wg.Go(func() {
			_, requalified = other.Requalify(t.Context(), c.As(c.Recruiter), commands.Requalify{Application: app, Reason: "again"})
		})
		wg.Wait()
		a := c.State(t).Applications[app]
		switch {
		case anonymised == nil && a.Anonymised && !a.Live() && requalified != nil:
		case errors.Is(anonymised, application.ErrNotClosed) && !a.Anonymised && a.Live() && requalified == nil:
		default:
			t.Errorf("anonymise: %v, requalify: %v; live %v, anonymised %v", anonymised, requalified, a.Live(), a.Anonymised)
		}
	}
	finish(t, c.Commands)
	c.CheckFinished(t)
}

// A storm of everything that has to do with claims, by two processes, over few
// people.
func TestClaimsInAStorm(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	processes := []*commands.Commands{c.Commands, c.Start(t).Commands}
	people := []personal.Plain{someone(), someone()}
	var mu sync.Mutex
	var apps []string
	pick := func(r *rand.Rand) (string, bool) {
		mu.Lock()
		defer mu.Unlock()
		if len(apps) == 0 {
			return "", false
		}
		return apps[max(0, len(apps)-1-r.IntN(4))], true
	}
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(w)))
			p := processes[w%2]
			for range 25 {
				app, any := pick(r)
				by := c.As(c.Recruiter)
				var err error
				switch n := r.IntN(10); {
				case n < 3 || !any:
					var a commands.Answer
					if a, err = p.Receive(t.Context(), by, receive(c.Job, people[r.IntN(len(people))])); err == nil {
						mu.Lock()
						apps = append(apps, a.ID)
						mu.Unlock()
					}
				case n < 6:
					_, err = p.Disqualify(t.Context(), by, disqualify(app))
				case n < 9:
					_, err = p.Requalify(t.Context(), by, commands.Requalify{Application: app, Reason: "again"})
				default:
					_, err = p.Anonymise(t.Context(), by, commands.Anonymise{Application: app})
				}
				if err != nil && !lawful(err) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	c.Check(t)
	finish(t, c.Commands)
	c.CheckFinished(t)
}

// lawful reports whether err is one that a storm explains.
func lawful(err error) bool {
	return slices.ContainsFunc([]error{
		application.ErrDuplicate, application.ErrSuperseded, application.ErrClosed, application.ErrNotClosed, application.ErrAnonymised,
		eventlog.ErrConflict, vault.ErrErased,
	}, func(want error) bool { return errors.Is(err, want) })
}
