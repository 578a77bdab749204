package application

import (
	"time"

	"github.com/hirelog/hirelog/domain"
)

// InterviewTime is when an interview is: by the clocks of a place, whatever is
// decided about them until then.
type InterviewTime struct {
	Start   string `json:"start"` // wall time, see domain.WallLayout
	Zone    string `json:"zone"`  // IANA name
	Minutes int    `json:"minutes"`
}

// at is the same at another start.
func (t InterviewTime) at(start string) InterviewTime {
	t.Start = start
	return t
}

// Span returns the instants of its start and end, in its zone. A start that the
// zone skips is moved on by as much, which comes with ErrNoSuchTime.
// Errors: ErrNoSuchTime, domain.ErrInvalid.
func (t InterviewTime) Span() (starts, ends time.Time, err error) {
	zone, err := domain.ZoneOf(t.Zone)
	if err != nil {
		return starts, ends, err
	}
	wall, err := domain.WallOf(t.Start)
	if err != nil {
		return starts, ends, err
	}
	starts, exists := domain.InZone(wall, zone)
	if !exists {
		err = ErrNoSuchTime
	}
	return starts, starts.Add(time.Duration(t.Minutes) * time.Minute), err
}

// InterviewStatus is how an interview stands at a moment.
type InterviewStatus string

// The statuses of an interview.
const (
	StatusToday     InterviewStatus = "today"
	StatusUpcoming  InterviewStatus = "upcoming"
	StatusExpired   InterviewStatus = "expired"
	StatusCompleted InterviewStatus = "completed"
	StatusNoShow    InterviewStatus = "no_show"
	StatusCancelled InterviewStatus = "cancelled"
)

// Status returns how an interview in a state stands at now: what became of it,
// else expired after the end of its day in its zone (at its end already, if
// atEnd says so, and never before it), else today, else upcoming.
func (t InterviewTime) Status(state InterviewState, atEnd bool, now time.Time) InterviewStatus {
	switch state {
	case InterviewIsOver:
		return StatusCompleted
	case InterviewWasMissed:
		return StatusNoShow
	case InterviewIsOff:
		return StatusCancelled
	case InterviewPlanned:
	}
	starts, ends, _ := t.Span()
	now = now.In(starts.Location())
	expires := ends
	if year, month, day := starts.Date(); !atEnd {
		midnight, _ := domain.InZone(time.Date(year, month, day+1, 0, 0, 0, 0, time.UTC), starts.Location())
		if midnight.After(expires) {
			expires = midnight
		}
	}
	switch {
	case !now.Before(expires):
		return StatusExpired
	case now.Format(time.DateOnly) == starts.Format(time.DateOnly), !now.Before(starts):
		return StatusToday
	}
	return StatusUpcoming
}
