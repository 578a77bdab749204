package history_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/history"
)

func TestParseAsOf(t *testing.T) {
	t.Parallel()
	log := uuid.MustParse("00000000-0000-4000-8000-000000000007")
	position, revision := eventlog.Position{Commit: 7, Prepare: 5}, eventlog.Revision(12)
	token := eventlog.Token{Log: log, Position: position}
	for s, want := range map[string]history.AsOf{
		"":                            {},
		"2026-03-01T09:00:00Z":        {Time: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)},
		"2026-03-01T10:00:00.5+01:00": {Time: time.Date(2026, 3, 1, 9, 0, 0, 500_000_000, time.UTC)},
		"7/5":                         {Position: &position},
		token.String():                {Position: &position},
		"12":                          {Revision: &revision},
	} {
		got, of, err := history.ParseAsOf(s)
		if err != nil || !got.Time.Equal(want.Time) || !reflect.DeepEqual(got.Position, want.Position) || !reflect.DeepEqual(got.Revision, want.Revision) {
			t.Errorf("%q = %+v, %v; want %+v", s, got, err, want)
		}
		if (of != nil) != (s == token.String()) || of != nil && of.Log != log {
			t.Errorf("%q is of log %v", s, of)
		}
	}
	for _, s := range []string{"yesterday", "-1", "1.5", "7/", "2026-03-01", "99999999999999999999", " 12"} {
		if _, _, err := history.ParseAsOf(s); !errors.Is(err, history.ErrMoment) {
			t.Errorf("%q: %v, want ErrMoment", s, err)
		}
	}
	if got, _, err := history.ParseAsOf("0001-01-01T00:00:00Z"); err != nil || got.IsZero() {
		t.Errorf("the first instant of all = %+v, %v; want not now", got, err)
	}
}
