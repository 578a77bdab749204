package effects

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Steps calls before for each step, which stops there if it returns an error.
func (e *Effects) Steps(before func(name string) error) { e.step = before }

// CarryOut makes one attempt at an effect, as the job queue does.
func (e *Effects) CarryOut(ctx context.Context, id uuid.UUID) error {
	return e.carryOut(ctx, job{Effect: id})
}

// CarryOutFor makes the attempt of the job for when the effect was planned for.
func (e *Effects) CarryOutFor(ctx context.Context, id uuid.UUID, at time.Time) error {
	return e.carryOut(ctx, job{id, at})
}

// Follow has the reactor follow the log once, until something stops it.
func (e *Effects) Follow(ctx context.Context) error {
	return (&follower{Effects: e, reactor: e.o.Reactors[0]}).follow(ctx)
}

// MostAttempts is after how many failures an effect is given up.
const MostAttempts = mostAttempts

// ErrHalted is what Follow returns when the reactor is stopped.
var ErrHalted = errHalted

// ErrMoved is what Follow returns when another moved the checkpoint.
var ErrMoved = errMoved
