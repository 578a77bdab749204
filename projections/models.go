package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

// Opener opens personal texts for the two models that need to know one: the
// list opens the reference to the person, and makes search terms of names.
// vault.Vault is one. A value whose key is gone is erased, not an error.
type Opener interface {
	Open(ctx context.Context, sealed ...[]byte) ([]vault.Opened, error)
	Terms(text personal.Plain) []int64
}

// CoreGroup is the name of the group of the models of Core.
const CoreGroup = "core"

// Core returns new models of everything members and candidates look at, to
// share one checkpoint: who may see what is never older than what they see. The
// candidate's page has no model of its own, it is read from the same rows.
func Core(opener Opener) []Model {
	return []Model{newJobs(), newDefinitions(), newAccess(), newApplicationList(opener), newTimeline(), newProfile(), newAssessment(), newMessages(), newInbox(), newLists(), newHires(), newOffers(), newDataRequests(), newUndelivered(), newWithheld()}
}

// open opens sealed values; an absent one opens as no text.
func open(ctx context.Context, opener Opener, sealed [][]byte) ([]vault.Opened, error) {
	present := make([][]byte, 0, len(sealed))
	for _, s := range sealed {
		if len(s) > 0 {
			present = append(present, s)
		}
	}
	got, err := opener.Open(ctx, present...)
	switch {
	case errors.Is(err, vault.ErrUnavailable):
		return nil, fmt.Errorf("%w: %w", ErrTransient, err)
	case err != nil:
		return nil, err
	}
	all := make([]vault.Opened, len(sealed))
	for i, s := range sealed {
		if len(s) > 0 {
			all[i], got = got[0], got[1:]
		}
	}
	return all, nil
}

// optional is nil for an empty value.
func optional[V ~string](v V) *V {
	if v == "" {
		return nil
	}
	return &v
}

// when is the instant of f, as a value of its own.
func when(f Fact) *time.Time {
	at := f.Body.When()
	return &at
}
