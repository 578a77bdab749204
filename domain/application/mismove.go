package application

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// Move is the last move of an application, as far as it can be taken back. The
// zero value is none.
type Move struct {
	From   string
	Since  time.Time // when the application had entered From
	Undone bool
}

// ErrNoMove means that there is no move to take back.
var ErrNoMove = &domain.Refusal{Kind: domain.Illegal, Code: "no_move", Message: "The application was not moved, so there is nothing to take back."}

// MoveUndone records that the last move was a mistake: the application is where
// it was before, as if it had never left, and the move does not count.
type MoveUndone struct {
	domain.Stamp
	From   string        `json:"from"`  // where the move had led
	To     string        `json:"to"`    // where it began
	Since  time.Time     `json:"since"` // when the application had entered To
	Reason personal.Text `json:"reason"`
}

// EventName implements domain.Fact.
func (MoveUndone) EventName() string { return "application.move_undone.v1" }

func (e MoveUndone) evolve(a Application) Application {
	a.Stage, a.StageSince, a.LastMove = e.To, e.Since, Move{Undone: true}
	return a
}

// UndoMove takes the last move back; the one before it stays. If from is not
// empty the application must still be there. Taking it back again is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrClosed, ErrNoMove, ErrStageChanged.
func (a Application) UndoMove(from string, reason personal.Text, s domain.Stamp) ([]Event, error) {
	if err := a.live(); err != nil {
		return nil, err
	}
	switch {
	case a.LastMove.Undone:
		return nil, nil
	case a.LastMove.From == "":
		return nil, ErrNoMove
	case from != "" && from != a.Stage:
		return nil, ErrStageChanged
	}
	return []Event{MoveUndone{Stamp: s, From: a.Stage, To: a.LastMove.From, Since: a.LastMove.Since, Reason: reason}}, nil
}
