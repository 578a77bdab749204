package history

import (
	"strconv"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// ErrMoment means that a text names no moment.
var ErrMoment = &domain.Refusal{Kind: domain.Invalid, Code: "as_of_format", Message: "A moment is a time (2026-03-01T09:00:00Z), a position (a token of Hirelog-Position, or commit/prepare), or a revision (12)."}

// ParseAsOf reads a moment: an RFC 3339 time, a position as "commit/prepare" or
// as a token, or a revision. The empty text is now. A token's log is returned
// for the caller to compare. Errors: ErrMoment.
func ParseAsOf(s string) (AsOf, *eventlog.Token, error) {
	if s == "" {
		return AsOf{}, nil, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		if t.IsZero() {
			t = t.Add(1) // the zero time would be now
		}
		return AsOf{Time: t}, nil, nil
	}
	if token, err := eventlog.ParseToken(s); err == nil {
		return AsOf{Position: &token.Position}, &token, nil
	}
	if p, err := eventlog.ParsePosition(s); err == nil {
		return AsOf{Position: &p}, nil, nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= 0 {
		rev := eventlog.Revision(n)
		return AsOf{Revision: &rev}, nil, nil
	}
	return AsOf{}, nil, ErrMoment
}
