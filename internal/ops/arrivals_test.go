package ops_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/ops"
)

func TestArrivals(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := linked(t)
	arrivals := ops.NewArrivals(l.Pool, c.now)
	first := ops.Arrival{Application: uuid.NewString(), Job: uuid.NewString()}
	second := ops.Arrival{Application: uuid.NewString(), Job: first.Job, From: first.Application}
	begin := func(in ops.Arrival) {
		t.Helper()
		if err := arrivals.Begin(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	interrupted := func(age time.Duration, want ...ops.Arrival) {
		t.Helper()
		got, err := arrivals.Interrupted(t.Context(), age)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("interrupted for %v = %v, %v; want %v", age, got, err, want)
		}
	}
	begin(first)
	c.advance(time.Minute)
	begin(second)
	c.advance(time.Second)
	interrupted(0, first, second)
	interrupted(time.Minute, first)
	interrupted(time.Hour)
	begin(first) // tried again: it is young again
	c.advance(time.Second)
	interrupted(0, second, first)
	interrupted(time.Second+time.Millisecond, second)
	for range 2 { // ending twice is nothing
		if err := arrivals.End(t.Context(), second.Application); err != nil {
			t.Fatal(err)
		}
	}
	interrupted(0, first)

	l.set(refused)
	if err := arrivals.Begin(t.Context(), second); !errors.Is(err, ops.ErrUnavailable) {
		t.Errorf("begin without Postgres: %v, want ErrUnavailable", err)
	}
	if err := arrivals.End(t.Context(), first.Application); !errors.Is(err, ops.ErrUnavailable) {
		t.Errorf("end without Postgres: %v, want ErrUnavailable", err)
	}
	if _, err := arrivals.Interrupted(t.Context(), 0); !errors.Is(err, ops.ErrUnavailable) {
		t.Errorf("interrupted without Postgres: %v, want ErrUnavailable", err)
	}
}
