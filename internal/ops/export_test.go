package ops

import (
	"context"

	"github.com/google/uuid"
)

// Tidy forgets old fingerprints now.
func (f *Fingerprints) Tidy(ctx context.Context) { f.tidy(ctx) }

// Together answers what several Remember calls ask as one batch, in order.
func (f *Fingerprints) Together(ctx context.Context, asked ...Asked) []Asked {
	batch := make([]*ask, len(asked))
	for i, a := range asked {
		batch[i] = &ask{command: a.Command, fingerprint: a.Fingerprint, answered: make(chan struct{})}
	}
	f.answer(ctx, batch)
	for i, a := range batch {
		<-a.answered
		asked[i].Seen, asked[i].Err = a.seen, a.err
	}
	return asked
}

// Asked is one call of Remember and its answer.
type Asked struct {
	Command     uuid.UUID
	Fingerprint [32]byte
	Seen        bool
	Err         error
}
