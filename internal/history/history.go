// Package history replays an application from the event log: every event with
// who, when and why, and the profile as it was at any moment. It reads no read
// model, so an auditor can hold the two against each other.
//
// The same question about the same moment has the same answer for ever, except
// for what was erased since, which reads as null at every moment. A moment that
// has not come yet is now. The rights are always today's.
package history

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/vault"
)

// Rights says what a member may do with an application. It is
// commands.Directory.
type Rights interface {
	Check() error
	RightsOn(memberID string, a application.Application, at time.Time) access.Rights
	Member(id string) member.Member
}

// Opener opens sealed values. It is vault.Vault.
type Opener interface {
	Open(ctx context.Context, sealed ...[]byte) ([]vault.Opened, error)
}

// Replayer replays applications. It is safe for concurrent use.
type Replayer struct {
	Log    eventlog.Log
	Opener Opener
	Rights Rights
	Now    func() time.Time // nil = time.Now
}

// AsOf chooses a moment: at most one field is set, none means now.
type AsOf struct {
	Time     time.Time          // everything the log had recorded by then
	Position *eventlog.Position // everything up to there
	Revision *eventlog.Revision // of the application's stream
}

// ErrAsOf means that an AsOf names several moments.
var ErrAsOf = &domain.Refusal{Kind: domain.Invalid, Code: "as_of", Message: "Name one moment: a time, a position or a revision."}

// ErrDenied means that the viewer sees the application but not its history.
var ErrDenied = &domain.Refusal{Kind: domain.Denied, Code: "denied", Message: "You may not see the history of this application."}

// IsZero reports whether a means now.
func (a AsOf) IsZero() bool { return a.Time.IsZero() && a.Position == nil && a.Revision == nil }

func (a AsOf) valid() bool {
	n := 0
	for _, set := range []bool{!a.Time.IsZero(), a.Position != nil, a.Revision != nil} {
		if set {
			n++
		}
	}
	return n <= 1
}

// History is an application's history.
type History struct {
	Application string            `json:"application_id"`
	Masked      bool              `json:"masked" doc:"Personal fields are hidden from you; which of them were erased is told all the same"`
	Revision    eventlog.Revision `json:"revision" doc:"Revision of the last event shown"`
	Position    string            `json:"position" doc:"Position of the last event shown, as commit/prepare"`
	Events      []Entry           `json:"events" doc:"Every event up to the moment asked for, oldest first"`
	Notices     []Notice          `json:"notices" doc:"The mails that told somebody of these events, by whom they are to, as they stood at the moment asked for; what messages said is in their own histories"`
	Profile     *PastProfile      `json:"profile" doc:"The profile folded from these events; null unless a moment was asked for"`
}

// HiddenType is the type of an entry of which the viewer may not know what it was.
const HiddenType = "hidden"

// Entry is one event as it was recorded.
type Entry struct {
	EventID       uuid.UUID         `json:"event_id"`
	Revision      eventlog.Revision `json:"revision"`
	Position      string            `json:"position" doc:"commit/prepare"`
	Type          string            `json:"type" doc:"What happened; hidden if you may not know: an evaluation that is hidden until yours is in, or somebody else's draft. Then nothing tells who did it, nor by what"`
	At            time.Time         `json:"at" doc:"When it happened"`
	RecordedAt    time.Time         `json:"recorded_at" doc:"When the event store wrote it"`
	By            *domain.Actor     `json:"by" doc:"Null of a hidden event"`
	OnBehalfOf    *domain.Actor     `json:"on_behalf_of" doc:"For whom, if not for themselves"`
	CommandID     *string           `json:"command_id" format:"uuid" doc:"Null of a hidden event"`
	CorrelationID string            `json:"correlation_id" doc:"The request it came by"`
	CausationID   string            `json:"causation_id" doc:"The event it follows from; empty for what the command did itself"`
	Origin        eventlog.Origin   `json:"origin"`
	Data          map[string]any    `json:"data" doc:"What was recorded, nothing if it is not for the viewer; personal fields are null when erased, or when the viewer may not see them"`
	Erased        []string          `json:"erased" doc:"Paths of the personal fields that were erased since"`
}

// Replay returns the history of application id as viewer, a member, may see it.
// Every event is there, though of some not what it was; what it says only with the right to its area, or to the
// category of the document it is about. Of an application that was deleted only that
// stays, at every moment. Before the first event there are no
// events and no profile.
// Errors: application.ErrUnknown (also when the viewer may not see it),
// ErrDenied, ErrAsOf; those of the log and the vault.
func (r *Replayer) Replay(ctx context.Context, viewer, id string, asOf AsOf) (History, error) {
	if err := r.Rights.Check(); err != nil {
		return History{}, err
	}
	return r.replay(ctx, id, viewer, asOf, func(a application.Application) (access.Rights, error) { return r.mayRead(viewer, a) })
}

// mayRead returns the viewer's rights on a, or refuses who may not view its
// history. Errors: application.ErrUnknown, ErrDenied.
func (r *Replayer) mayRead(viewer string, a application.Application) (access.Rights, error) {
	held := r.Rights.RightsOn(viewer, a, r.now())
	switch {
	case (a.Deleted || held.Area(access.Application) < access.View) && held.Area(access.History) < access.View:
		return held, application.ErrUnknown
	case held.Area(access.History) < access.View:
		return held, ErrDenied
	}
	return held, nil
}

func (r *Replayer) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}

// ReplayAll returns the history of application id with everything that is not
// erased, for the operator of the installation.
func (r *Replayer) ReplayAll(ctx context.Context, id string, asOf AsOf) (History, error) {
	return r.replay(ctx, id, "", asOf, func(application.Application) (access.Rights, error) { return access.Of(access.Admin), nil })
}

func (r *Replayer) replay(ctx context.Context, id, viewer string, asOf AsOf, may func(application.Application) (access.Rights, error)) (History, error) {
	if !asOf.valid() {
		return History{}, ErrAsOf
	}
	events, err := r.read(ctx, "application-"+id)
	if err != nil {
		return History{}, err
	}
	var state application.Application
	for _, e := range events {
		state = state.Fold(e.fact)
	}
	if state.Outcome == "" {
		return History{}, application.ErrUnknown
	}
	held, err := may(state)
	if err != nil {
		return History{}, err
	}
	if state.Deleted {
		events = onlyDeletion(events)
	}
	all := events
	for i, rec := range events {
		if asOf.after(rec.Event) {
			events = events[:i]
			break
		}
	}
	h := History{Application: id, Masked: held.Masked, Revision: eventlog.NoStream, Position: eventlog.Start.String(), Events: make([]Entry, len(events)), Notices: []Notice{}}
	o := opening{opener: r.Opener, categories: categoriesOf(all), remarks: remarksOf(all), contracts: contractsOf(all), untagged: state.Anonymised, deleted: deletedIn(all), evaluations: evaluationsOf(all, viewer)}
	for i, rec := range events {
		if err := o.entry(&h.Events[i], rec, held); err != nil {
			return History{}, err
		}
		h.Revision, h.Position = rec.Revision, rec.Position.String()
	}
	if !state.Deleted {
		if h.Notices, err = r.notices(ctx, id, all, &o, held, asOf.until(all)); err != nil {
			return History{}, err
		}
	}
	if !asOf.IsZero() && len(events) > 0 && !state.Deleted {
		if h.Profile, err = r.profile(ctx, events, asOf, held, &o); err != nil {
			return History{}, err
		}
	}
	return h, o.open(ctx)
}

// onlyDeletion returns what stays of the history of a deleted application.
func onlyDeletion(events []recorded) []recorded {
	return slices.DeleteFunc(events, func(rec recorded) bool {
		_, deletion := rec.fact.(application.Deleted)
		return !deletion
	})
}

// after reports whether an event came later than the moment.
func (a AsOf) after(e eventlog.Event) bool {
	switch {
	case a.Revision != nil:
		return e.Revision > *a.Revision
	case a.Position != nil:
		return e.Position.After(*a.Position)
	case !a.Time.IsZero():
		return e.RecordedAt.After(a.Time)
	}
	return false
}

// recorded is a stored event of an application, decoded.
type recorded struct {
	eventlog.Event
	fact application.Event
}

func (r *Replayer) read(ctx context.Context, stream string) ([]recorded, error) {
	var events []recorded
	for e, err := range r.Log.ReadStream(ctx, stream, 0, eventlog.Forwards) {
		if err != nil {
			return nil, fmt.Errorf("replay %s: %w", stream, err)
		}
		fact, err := application.Codec.Decode(e.Type, e.Data)
		if err != nil {
			return nil, fmt.Errorf("replay %s at %d: %w", stream, e.Revision, err)
		}
		events = append(events, recorded{Event: e, fact: fact})
	}
	return events, nil
}
