// Package queryapi answers reads over HTTP: the rows of the read models, as the
// asker may see them now.
package queryapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/effects"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/internal/freebusy"
	"github.com/hirelog/hirelog/internal/history"
	"github.com/hirelog/hirelog/internal/mail"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// Waiter knows how far read models are.
type Waiter interface {
	// Wait returns nil when a group of read models shows everything up to
	// position, and an error when ctx ends first.
	Wait(ctx context.Context, group string, position eventlog.Position) error
	// Lag is how long the group has been behind the log; ok is false when that is
	// not known.
	Lag(group string) (lag time.Duration, ok bool)
}

// Options are what the API works with. All but Calendars, Mails, Tokens,
// History, Wait, Now are required.
type Options struct {
	Core   *readmodels.Core
	Waiter Waiter
	Files  *files.Store
	Vault  *vault.Vault // signs links
	Reads  *ops.Reads
	Mails  *mail.Captured // nil = there are no such routes
	Ledger *effects.Ledger
	// Calendars reads when members are busy elsewhere; nil = nothing is known.
	Calendars *freebusy.Reader
	Log       uuid.UUID // id of the log, for tokens of positions
	// Tokens are asked whose a calendar feed is; nil = there is no such route.
	Tokens *ops.Tokens
	// History replays applications; nil = there is no such route.
	History *history.Replayer
	// Wait is the longest a read waits for a position; 0 means 5 s.
	Wait time.Duration
	Now  func() time.Time // nil = time.Now
}

// API are the routes of queries.
type API struct {
	Options
	began time.Time
	texts chan struct{} // holds one for each document whose text is being read
}

// group is the group of read models that every read needs.
const group = "core"

// maxLag is how old rights may be.
const maxLag = 10 * time.Second

// Declare declares the routes of queries on s.
func Declare(s *edge.Surface, o Options) {
	a := newAPI(o)
	a.applications(s)
	a.documents(s)
	a.effects(s)
	a.inbox(s)
	a.interviews(s)
	a.busyTimes(s)
	a.lists(s)
	a.messages(s)
	a.export(s)
	a.hires(s)
	a.offers(s)
	a.reviews(s)
	a.evaluations(s)
	a.directory(s)
	a.public(s)
	a.pipeline(s)
	a.organization(s)
	a.readLog(s)
	a.own(s)
	if o.Mails != nil {
		a.mails(s)
	}
	if o.Tokens != nil {
		a.feed(s)
	}
	if o.History != nil {
		a.history(s)
	}
}
