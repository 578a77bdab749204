package history

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// Message returns everything that was recorded of a message of an application, to
// who may view the application's history: what its events say with the right to
// view messages, auditors without what was written and the addresses. Of files it
// says only those whose documents the viewer may view, and of other applications
// those.
// Errors: application.ErrUnknown, message.ErrUnknown for what is not of the
// application, ErrDenied; those of the log and the vault.
func (r *Replayer) Message(ctx context.Context, viewer, applicationID, id string) (StreamHistory, error) {
	of, events, held, err := r.readable(ctx, viewer, applicationID)
	if err != nil {
		return StreamHistory{}, err
	}
	m, _, err := r.message(ctx, id)
	if err != nil {
		return StreamHistory{}, err
	}
	if m.Application != applicationID {
		return StreamHistory{}, message.ErrUnknown
	}
	views := held.Area(access.Messages) >= access.View
	h, err := recordedOf(ctx, r, "message-"+id, message.Codec, held, views || held.Masked, views)
	if err != nil || !views || held.Masked {
		return h, err
	}
	files, err := r.filesIn(ctx, of, events, held)
	if err != nil {
		return StreamHistory{}, err
	}
	places := map[string]bool{"": true, applicationID: true}
	for i := range h.Events {
		files.keep(&h.Events[i])
		if err := r.keepPlaces(ctx, viewer, places, &h.Events[i]); err != nil {
			return StreamHistory{}, err
		}
	}
	return h, nil
}

// UnassignedMessage returns everything that was recorded of a message that came in
// and belonged to no application: admins and recruiting may see it while it does not,
// auditors, without what it says, and admins also afterwards, so that it tells who
// gave it to which application: the one it belongs to now is returned, too, "" if there
// is none.
// Errors: ErrUnassigned; message.ErrUnknown; those of the log and the vault.
func (r *Replayer) UnassignedMessage(ctx context.Context, viewer, id string) (h StreamHistory, applicationID string, err error) {
	if err := r.Rights.Check(); err != nil {
		return StreamHistory{}, "", err
	}
	role := r.Rights.Member(viewer).OrganizationRole()
	if role != access.Admin && role != access.Recruiting && role != access.Auditor {
		return StreamHistory{}, "", ErrUnassigned
	}
	m, unassigned, err := r.message(ctx, id)
	if err != nil {
		return StreamHistory{}, "", err
	}
	if !unassigned || m.Application != "" && role == access.Recruiting {
		return StreamHistory{}, "", message.ErrUnknown
	}
	if m.Application != "" {
		if a, _, err := r.folded(ctx, m.Application); err != nil || a.Deleted {
			return StreamHistory{}, "", cmp.Or(err, error(message.ErrUnknown))
		}
	}
	held := r.Rights.RightsOn(viewer, application.Application{}, r.now())
	h, err = recordedOf(ctx, r, "message-"+id, message.Codec, held, true, true)
	if err != nil || held.Masked {
		return h, m.Application, err
	}
	places := map[string]bool{"": true}
	for i := range h.Events {
		if err := r.keepPlaces(ctx, viewer, places, &h.Events[i]); err != nil {
			return StreamHistory{}, "", err
		}
	}
	return h, m.Application, nil
}

// ErrUnassigned means that the viewer may not see messages that belong to no
// application.
var ErrUnassigned = &domain.Refusal{Kind: domain.Denied, Code: "denied", Message: "Only admins, recruiting and auditors may see the history of messages that belong to no application."}

// message folds a message, and reports whether it belonged to no application when
// it came in.
func (r *Replayer) message(ctx context.Context, id string) (m message.Message, unassigned bool, err error) {
	for e, err := range r.Log.ReadStream(ctx, "message-"+id, 0, eventlog.Forwards) {
		if err != nil {
			return m, false, fmt.Errorf("replay message %s: %w", id, err)
		}
		fact, err := message.Codec.Decode(e.Type, e.Data)
		if err != nil {
			return m, false, fmt.Errorf("replay message %s at %d: %w", id, e.Revision, err)
		}
		if in, ok := fact.(message.Received); ok {
			unassigned = in.Application == ""
		}
		m = m.Fold(fact)
	}
	return m, unassigned, nil
}

// files are the ids of files that a viewer sees.
type files map[string]bool

// filesIn returns the files of documents that who has some rights sees, in an
// application and those it goes on from.
func (r *Replayer) filesIn(ctx context.Context, a application.Application, events []recorded, held access.Rights) (files, error) {
	seen := files{}
	for {
		o := opening{categories: categoriesOf(events), remarks: remarksOf(events), contracts: contractsOf(events)}
		for _, rec := range events {
			if e, ok := rec.fact.(application.DocumentUploaded); ok && o.views(held, e.Document) {
				for _, f := range e.Files {
					seen[f.ID] = true
				}
			}
		}
		if a.From == "" {
			return seen, nil
		}
		var err error
		if a, events, err = r.folded(ctx, a.From); err != nil {
			return nil, err
		}
	}
}

// readable returns an application that was not deleted, its events, and the rights of
// the viewer, who may view its history.
// Errors: application.ErrUnknown, ErrDenied; those of the log.
func (r *Replayer) readable(ctx context.Context, viewer, id string) (a application.Application, events []recorded, held access.Rights, err error) {
	if err = r.Rights.Check(); err != nil {
		return a, nil, held, err
	}
	if a, events, err = r.folded(ctx, id); err != nil {
		return a, nil, held, err
	}
	if a.Outcome == "" || a.Deleted {
		return a, nil, held, application.ErrUnknown
	}
	held, err = r.mayRead(viewer, a)
	return a, events, held, err
}

func (r *Replayer) folded(ctx context.Context, id string) (application.Application, []recorded, error) {
	events, err := r.read(ctx, "application-"+id)
	var a application.Application
	for _, e := range events {
		a = a.Fold(e.fact)
	}
	return a, events, err
}

// keep leaves nothing in an event of a message that tells of another file: an
// attachment stays as one that says nothing, so that paths stay what they are.
func (seen files) keep(e *Entry) {
	sees := func(file any) bool {
		id, ok := file.(string)
		return ok && seen[id]
	}
	attachments, _ := e.Data["attachments"].([]any)
	for i, attached := range attachments {
		a, ok := attached.(map[string]any)
		if ok && sees(a["file"]) {
			continue
		}
		attachments[i] = map[string]any{}
		within := fmt.Sprintf("attachments.%d.", i)
		e.Erased = slices.DeleteFunc(e.Erased, func(path string) bool { return strings.HasPrefix(path, within) })
	}
	if held, ok := e.Data["held"].([]any); ok {
		e.Data["held"] = slices.DeleteFunc(held, func(file any) bool { return !sees(file) })
	}
	if e.Type == (message.FileScanned{}).EventName() && !sees(e.Data["file"]) {
		delete(e.Data, "file")
		delete(e.Data, "infection")
	}
}

// keepPlaces leaves no application in an event of a message that the viewer may
// not view, nor its job. What was found out is in seen, by application.
func (r *Replayer) keepPlaces(ctx context.Context, viewer string, seen map[string]bool, e *Entry) error {
	places := [][2]string{{"application", "job"}, {"suggested", "suggested_job"}}
	if e.Type == (message.Moved{}).EventName() {
		places = [][2]string{{"from", "from_job"}, {"to", "to_job"}}
	}
	for _, place := range places {
		id, ok := e.Data[place[0]].(string)
		if !ok {
			continue
		}
		if _, known := seen[id]; !known {
			a, _, err := r.folded(ctx, id)
			if err != nil {
				return err
			}
			seen[id] = a.Outcome != "" && !a.Deleted && r.Rights.RightsOn(viewer, a, r.now()).Area(access.Application) >= access.View
		}
		if !seen[id] {
			delete(e.Data, place[0])
			delete(e.Data, place[1])
		}
	}
	return nil
}
