package history

import (
	"context"
	"fmt"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// StreamHistory is everything that was recorded of one thing.
type StreamHistory struct {
	Masked   bool              `json:"masked" doc:"Personal fields are hidden from you; which of them were erased is told all the same"`
	Revision eventlog.Revision `json:"revision" doc:"Revision of the last event"`
	Position string            `json:"position" doc:"Position of the last event, as commit/prepare"`
	Events   []Entry           `json:"events" doc:"Every event, oldest first"`
}

// Organization returns everything the organisation ever decided for itself.
// Admins and auditors may see it. Errors: ErrOwnHistory; those of the log.
func (r *Replayer) Organization(ctx context.Context, viewer string) (StreamHistory, error) {
	return stream(ctx, r, viewer, "organization-"+organization.ID, organization.Codec)
}

// Member returns everything that was recorded of a member. Admins and auditors
// may see it, auditors without the name. Errors: ErrOwnHistory,
// member.ErrUnknown; those of the log and the vault.
func (r *Replayer) Member(ctx context.Context, viewer, id string) (StreamHistory, error) {
	h, err := stream(ctx, r, viewer, "member-"+id, member.Codec)
	if err == nil && len(h.Events) == 0 {
		return h, member.ErrUnknown
	}
	return h, err
}

// ErrOwnHistory means that the viewer may not see the histories of the
// organisation and its members.
var ErrOwnHistory = &domain.Refusal{Kind: domain.Denied, Code: "denied", Message: "Only admins and auditors may see this history."}

func stream[E domain.Fact](ctx context.Context, r *Replayer, viewer, name string, codec domain.Codec[E]) (StreamHistory, error) {
	if err := r.Rights.Check(); err != nil {
		return StreamHistory{}, err
	}
	// On no application at all: what the organisation role gives by itself.
	held := r.Rights.RightsOn(viewer, application.Application{}, time.Now())
	if held.Area(access.History) < access.View {
		return StreamHistory{}, ErrOwnHistory
	}
	return recordedOf(ctx, r, name, codec, held, true, true)
}

// recordedOf returns everything in a stream to who holds some rights: whether they
// see what its events say, and its personal fields. Of all it is told that and when.
func recordedOf[E domain.Fact](ctx context.Context, r *Replayer, name string, codec domain.Codec[E], held access.Rights, data, texts bool) (StreamHistory, error) {
	h := StreamHistory{Masked: held.Masked, Revision: eventlog.NoStream, Position: eventlog.Start.String()}
	var read []eventlog.Event
	for e, err := range r.Log.ReadStream(ctx, name, 0, eventlog.Forwards) {
		if err != nil {
			return h, fmt.Errorf("replay %s: %w", name, err)
		}
		read = append(read, e)
	}
	h.Events = make([]Entry, len(read))
	o := opening{opener: r.Opener}
	for i, e := range read {
		fact, err := codec.Decode(e.Type, e.Data)
		if err == nil {
			if err = h.Events[i].fill(e, fact); err == nil && data {
				err = o.reveal(&h.Events[i], e, fact, texts && !held.Masked, held)
			}
		}
		if err != nil {
			return h, fmt.Errorf("replay %s at %d: %w", name, e.Revision, err)
		}
		if !data {
			h.Events[i].Data = map[string]any{}
		}
		h.Revision, h.Position = e.Revision, e.Position.String()
	}
	return h, o.open(ctx)
}
