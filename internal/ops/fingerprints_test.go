package ops_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
)

// prints returns fingerprints that end with the test.
func prints(t *testing.T, pool *pgxpool.Pool, now func() time.Time) *ops.Fingerprints {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	f := ops.NewFingerprints(ctx, pool, now, nil)
	t.Cleanup(func() { end(); f.Wait() })
	return f
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	pool := postgrestest.New(t)
	f, elsewhere := prints(t, pool, nil), prints(t, pool, nil)
	command := uuid.New()
	for i, step := range []struct {
		in   *ops.Fingerprints
		body byte
		seen bool
		err  error
	}{
		{f, 1, false, nil},
		{f, 1, true, nil},
		{elsewhere, 1, true, nil},
		{elsewhere, 2, false, ops.ErrKeyReused},
		{f, 2, false, ops.ErrKeyReused},
		{f, 1, true, nil},
	} {
		seen, err := step.in.Remember(t.Context(), command, [32]byte{step.body})
		if seen != step.seen || !errors.Is(err, step.err) {
			t.Errorf("step %d: %v, %v; want %v, %v", i, seen, err, step.seen, step.err)
		}
	}
	if seen, err := f.Remember(t.Context(), uuid.New(), [32]byte{2}); seen || err != nil {
		t.Errorf("the same body under another key: %v, %v; want new", seen, err)
	}
}

// Of what is asked at once under one key, the first counts, and is what is
// stored.
func TestFingerprintsOfOneBatch(t *testing.T) {
	t.Parallel()
	f := prints(t, postgrestest.New(t), nil)
	for range 20 { // whatever order the database would prefer
		command, other := uuid.New(), uuid.New()
		first, second := [32]byte(append(command[:], other[:]...)), [32]byte(append(other[:], command[:]...))
		got := f.Together(t.Context(),
			ops.Asked{Command: command, Fingerprint: first},
			ops.Asked{Command: command, Fingerprint: second},
			ops.Asked{Command: other, Fingerprint: second},
			ops.Asked{Command: command, Fingerprint: first},
		)
		want := []struct {
			seen bool
			err  error
		}{{false, nil}, {false, ops.ErrKeyReused}, {false, nil}, {true, nil}}
		for i, w := range want {
			if got[i].Seen != w.seen || !errors.Is(got[i].Err, w.err) {
				t.Errorf("ask %d: %v, %v; want %v, %v", i, got[i].Seen, got[i].Err, w.seen, w.err)
			}
		}
		if seen, err := f.Remember(t.Context(), command, first); !seen || err != nil {
			t.Fatalf("the first one again: %v, %v; want seen", seen, err)
		}
	}
}

// Many processes, one key, several bodies: one body wins, everywhere.
func TestOneFingerprintWins(t *testing.T) {
	t.Parallel()
	pool := postgrestest.New(t)
	processes := []*ops.Fingerprints{prints(t, pool, nil), prints(t, pool, nil), prints(t, pool, nil)}
	for range 10 {
		command := uuid.New()
		var firsts atomic.Int32
		var winners [4]atomic.Int32 // asks of each body that were taken
		var wg sync.WaitGroup
		start := make(chan struct{})
		for i := range 48 {
			wg.Go(func() {
				<-start
				body := i / len(processes) % len(winners)
				seen, err := processes[i%len(processes)].Remember(t.Context(), command, [32]byte{byte(body)})
				switch {
				case err == nil:
					winners[body].Add(1)
					if !seen {
						firsts.Add(1)
					}
				case !errors.Is(err, ops.ErrKeyReused):
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
		bodies := 0
		for i := range winners {
			switch winners[i].Load() {
			case 0:
			case 12:
				bodies++
			default:
				t.Errorf("body %d was taken %d times of 12", i, winners[i].Load())
			}
		}
		if bodies != 1 || firsts.Load() != 1 {
			t.Errorf("%d bodies were taken, %d as the first; want one", bodies, firsts.Load())
		}
	}
}

func TestFingerprintsAreForgottenAfterSevenDays(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := prints(t, postgrestest.New(t), c.now)
	old, kept := uuid.New(), uuid.New()
	remember := func(command uuid.UUID, body byte) (bool, error) {
		return f.Remember(t.Context(), command, [32]byte{body})
	}
	if _, err := remember(old, 1); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Second)
	if _, err := remember(kept, 1); err != nil {
		t.Fatal(err)
	}
	c.advance(ops.FingerprintsKept)
	f.Tidy(t.Context())
	if seen, err := remember(old, 2); seen || err != nil {
		t.Errorf("after more than seven days: %v, %v; want new", seen, err)
	}
	if _, err := remember(kept, 2); !errors.Is(err, ops.ErrKeyReused) {
		t.Errorf("after seven days: %v, want ErrKeyReused", err)
	}
}

func TestFingerprintsWithoutPostgres(t *testing.T) {
	t.Parallel()
	l := linked(t)
	f := prints(t, l.Pool, nil)
	command := uuid.New()
	for name, state := range map[string]int32{"refused": refused, "silent": silent} {
		l.set(state)
		began := time.Now()
		if _, err := f.Remember(t.Context(), command, [32]byte{1}); !errors.Is(err, ops.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%s: took %v, want about 2 s", name, took)
		}
	}
	impatient, end := context.WithCancel(t.Context())
	end()
	if _, err := f.Remember(impatient, uuid.New(), [32]byte{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("impatient: %v, want context.Canceled", err)
	}
	l.set(up)
	if seen, err := f.Remember(t.Context(), command, [32]byte{2}); seen || err != nil {
		t.Errorf("when it is back: %v, %v; want new", seen, err)
	}
}

// Whoever asks after the end is told so, and does not wait.
func TestFingerprintsAfterTheEnd(t *testing.T) {
	t.Parallel()
	ctx, end := context.WithCancel(t.Context())
	f := ops.NewFingerprints(ctx, postgrestest.New(t), nil, nil)
	end()
	f.Wait()
	if _, err := f.Remember(t.Context(), uuid.New(), [32]byte{}); !errors.Is(err, ops.ErrUnavailable) {
		t.Errorf("err = %v, want ErrUnavailable", err)
	}
}
