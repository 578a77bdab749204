package ops_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/ops"
)

func TestMerges(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := linked(t)
	merges := ops.NewArrivals(l.Pool, c.now).Merges()
	first := ops.Merge{Command: uuid.New(), Into: uuid.NewString(), Other: uuid.NewString()}
	second := ops.Merge{Command: uuid.New(), Into: first.Into, Other: first.Other}
	interrupted := func(age time.Duration, want ...ops.Merge) {
		t.Helper()
		got, err := merges.Interrupted(t.Context(), age)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("interrupted for %v = %v, %v; want %v", age, got, err, want)
		}
	}
	for _, in := range []ops.Merge{first, second} {
		if err := merges.Begin(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		c.advance(time.Minute)
	}
	interrupted(0, first, second)
	interrupted(time.Minute+time.Second, first)
	if got, ok, err := merges.Begun(t.Context(), second.Command); got != second || !ok || err != nil {
		t.Errorf("begun = %v, %v, %v; want %v", got, ok, err, second)
	}
	for range 2 { // ending twice is nothing
		if err := merges.End(t.Context(), second.Command); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok, err := merges.Begun(t.Context(), second.Command); ok || err != nil {
		t.Errorf("one that ended is begun: %v, %v", ok, err)
	}
	interrupted(0, first)

	l.set(refused)
	_, _, begun := merges.Begun(t.Context(), first.Command)
	_, left := merges.Interrupted(t.Context(), 0)
	for what, err := range map[string]error{
		"begin": merges.Begin(t.Context(), first), "end": merges.End(t.Context(), first.Command), "begun": begun, "interrupted": left,
	} {
		if !errors.Is(err, ops.ErrUnavailable) {
			t.Errorf("%s without Postgres: %v, want ErrUnavailable", what, err)
		}
	}
}
