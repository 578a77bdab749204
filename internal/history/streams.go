package history

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/message"
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

// Message returns everything that was recorded of a message of an application, to
// who may view the application's history: what its events say with the right to
// view messages, auditors without what was written and the addresses.
// Errors: application.ErrUnknown, message.ErrUnknown for what is not of the
// application, ErrDenied; those of the log and the vault.
func (r *Replayer) Message(ctx context.Context, viewer, applicationID, id string) (StreamHistory, error) {
	if err := r.Rights.Check(); err != nil {
		return StreamHistory{}, err
	}
	events, err := r.read(ctx, "application-"+applicationID)
	if err != nil {
		return StreamHistory{}, err
	}
	var of application.Application
	for _, e := range events {
		of = of.Fold(e.fact)
	}
	if of.Outcome == "" || of.Deleted {
		return StreamHistory{}, application.ErrUnknown
	}
	held, err := r.mayRead(viewer, of)
	if err != nil {
		return StreamHistory{}, err
	}
	var m message.Message
	for e, err := range r.Log.ReadStream(ctx, "message-"+id, 0, eventlog.Forwards) {
		if err != nil {
			return StreamHistory{}, fmt.Errorf("replay message %s: %w", id, err)
		}
		fact, err := message.Codec.Decode(e.Type, e.Data)
		if err != nil {
			return StreamHistory{}, fmt.Errorf("replay message %s at %d: %w", id, e.Revision, err)
		}
		m = m.Fold(fact)
	}
	if m.Application != applicationID {
		return StreamHistory{}, message.ErrUnknown
	}
	views := held.Area(access.Messages) >= access.View
	h, err := recordedOf(ctx, r, "message-"+id, message.Codec, held, views || held.Masked, views)
	if err != nil || held.Masked {
		return h, err
	}
	files := filesOf(events)
	o := opening{categories: categoriesOf(events), remarks: remarksOf(events), contracts: contractsOf(events)}
	seen := map[string]bool{applicationID: true}
	for _, e := range h.Events {
		e.withoutFiles(func(file string) bool { d, ok := files[file]; return ok && o.views(held, d) })
		if err := e.withoutPlaces(ctx, r, viewer, seen); err != nil {
			return StreamHistory{}, err
		}
	}
	return h, nil
}

// filesOf returns the documents that files were uploaded as.
func filesOf(events []recorded) map[string]string {
	files := map[string]string{}
	for _, rec := range events {
		if e, ok := rec.fact.(application.DocumentUploaded); ok {
			for _, f := range e.Files {
				files[f.ID] = e.Document
			}
		}
	}
	return files
}

// withoutFiles takes the attachments out of what an event of a message says that
// the viewer may not see.
func (e Entry) withoutFiles(seen func(file string) bool) {
	if file, ok := e.Data["file"].(string); ok && !seen(file) {
		delete(e.Data, "file")
	}
	for _, list := range []string{"attachments", "held"} {
		all, ok := e.Data[list].([]any)
		if !ok {
			continue
		}
		e.Data[list] = slices.DeleteFunc(all, func(item any) bool {
			file, ok := item.(string)
			if at, is := item.(map[string]any); is {
				file, ok = at["file"].(string)
			}
			return !ok || !seen(file)
		})
	}
}

// withoutPlaces takes the applications out of what an event of a message says, with
// their jobs, whose history the viewer may not view: where it was before, and which
// was suggested. seen remembers who may be named.
func (e Entry) withoutPlaces(ctx context.Context, r *Replayer, viewer string, seen map[string]bool) error {
	for _, place := range [][2]string{{"application", "job"}, {"suggested", "suggested_job"}, {"from", "from_job"}, {"to", "to_job"}} {
		id, ok := e.Data[place[0]].(string)
		if _, is := e.Data[place[1]]; !ok || !is && place[0] != "suggested" {
			continue // the sender, or nothing
		}
		may, known := seen[id]
		if !known {
			events, err := r.read(ctx, "application-"+id)
			if err != nil {
				return err
			}
			var of application.Application
			for _, e := range events {
				of = of.Fold(e.fact)
			}
			_, err = r.mayRead(viewer, of)
			may = err == nil
			seen[id] = may
		}
		if !may {
			delete(e.Data, place[0])
			delete(e.Data, place[1])
		}
	}
	return nil
}
