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
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/vault"
)

// Rights says what a member may do with an application. It is
// commands.Directory.
type Rights interface {
	Check() error
	RightsOn(memberID string, a application.Application, at time.Time) access.Rights
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
	h := History{Application: id, Masked: held.Masked, Revision: eventlog.NoStream, Position: eventlog.Start.String(), Events: make([]Entry, len(events))}
	o := opening{opener: r.Opener, categories: categoriesOf(all), remarks: remarksOf(all), contracts: contractsOf(all), untagged: state.Anonymised, deleted: deletedIn(all), evaluations: evaluationsOf(all, viewer)}
	for i, rec := range events {
		if err := o.entry(&h.Events[i], rec, held); err != nil {
			return History{}, err
		}
		h.Revision, h.Position = rec.Revision, rec.Position.String()
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

// opening collects sealed values, to be opened in one visit to the vault.
type opening struct {
	opener      Opener
	categories  map[string]access.Category // of the documents, as they are now
	remarks     map[string]access.Area     // whose files documents have
	contracts   map[string]bool            // which documents are contracts of offers
	untagged    bool                       // the application was anonymised since: a tag may say who it was
	deleted     map[version]bool           // versions of documents; an employee profile may have their keys still
	evaluations evaluations
	sealed      [][]byte
	put         []func(vault.Opened)
}

func (o *opening) later(sealed []byte, put func(vault.Opened)) {
	if len(sealed) > 0 {
		o.sealed, o.put = append(o.sealed, sealed), append(o.put, put)
	}
}

func (o *opening) open(ctx context.Context) error {
	if len(o.sealed) == 0 {
		return nil
	}
	opened, err := o.opener.Open(ctx, o.sealed...)
	if err != nil {
		return fmt.Errorf("open history: %w", err)
	}
	for i, put := range o.put {
		put(opened[i])
	}
	return nil
}

// text puts the opened text into *into once open was called.
func (o *opening) text(t personal.Text, visible bool, into **personal.Plain) {
	if !visible {
		return
	}
	o.later(t.Bytes(), func(got vault.Opened) {
		if !got.Erased {
			text := got.Text
			*into = &text
		}
	})
}

// entry fills in the record of an event; its personal fields when o is opened.
func (o *opening) entry(e *Entry, rec recorded, held access.Rights) error {
	if err := e.fill(rec.Event, rec.fact); err != nil {
		return err
	}
	if o.hides(rec.fact, held) {
		*e = Entry{
			EventID: rec.ID, Revision: rec.Revision, Position: rec.Position.String(), Type: HiddenType,
			At: e.At, RecordedAt: rec.RecordedAt, Origin: e.Origin, Data: map[string]any{}, Erased: []string{},
		}
		return nil
	}
	data, texts := o.visible(rec.fact, held)
	if !data {
		e.Data = map[string]any{}
		return nil
	}
	if _, tagged := e.Data["tag"]; tagged && o.untagged {
		e.Data["tag"], e.Erased = nil, append(e.Erased, "tag")
	}
	if !seesKept(held) {
		delete(e.Data, "kept") // of an application that was anonymised
	}
	return o.reveal(e, rec.Event, rec.fact, texts, held)
}

// seesKept reports whether who has some rights sees what an anonymised application
// keeps of attributes, whose areas its history does not know.
func seesKept(held access.Rights) bool {
	for _, area := range []access.Area{access.Profile, access.Sensitive, access.Salary} {
		if held.Area(area) < access.View {
			return false
		}
	}
	return true
}

// hides reports whether a viewer with these rights may not even know what an
// event is: others' evaluations that are hidden until their own is in, and
// others' drafts, also deleted ones.
func (o *opening) hides(e application.Event, held access.Rights) bool {
	v := o.evaluations
	if v.viewer == "" || held.Masked || held.Impartial() {
		return false
	}
	switch e := e.(type) { //nolint:gochecksumtype // only what is anybody's own
	case application.EvaluationDrafted:
		return e.By.MemberID() != v.viewer
	case application.EvaluationSubmitted:
		return !v.see(e.By.MemberID(), e.Form, e.Hidden, held)
	case application.EvaluationDeleted:
		return e.Number == 0 && e.Author != v.viewer || !v.see(e.Author, e.Form, e.Hidden, held)
	}
	return false
}

// fill says in e what an event is and what it says, apart from personal fields.
func (e *Entry) fill(rec eventlog.Event, fact domain.Fact) error {
	meta, err := rec.Meta()
	if err != nil {
		return err
	}
	by, command := fact.Who(), meta.CommandID.String()
	*e = Entry{
		EventID: rec.ID, Revision: rec.Revision, Position: rec.Position.String(), Type: rec.Type,
		At: fact.When(), RecordedAt: rec.RecordedAt, By: &by,
		CommandID: &command, CorrelationID: meta.CorrelationID, CausationID: meta.CausationID, Origin: meta.Origin,
		Data: map[string]any{}, Erased: []string{},
	}
	if meta.OnBehalfOf != "" {
		e.OnBehalfOf = &meta.OnBehalfOf
	}
	if err := json.Unmarshal(rec.Data, &e.Data); err != nil {
		return fmt.Errorf("event %s: %w", rec.ID, err)
	}
	delete(e.Data, "at")
	delete(e.Data, "by")
	return nil
}

// reveal puts the personal fields of an event into e once o is opened. To whom
// they are masked, it is told which of them were erased.
func (o *opening) reveal(e *Entry, rec eventlog.Event, fact domain.Fact, texts bool, held access.Rights) (err error) {
	gone := o.gone(fact)
	eachText(fact, func(path string, t personal.Text) {
		set(e.Data, path, nil)
		texts := texts && (!hashed(path) || held.Area(access.Salary) >= access.View)
		if t.IsZero() || !texts && !held.Masked {
			return
		}
		if misplaced := placed(t.Bytes(), rec, path); misplaced != nil {
			err = errors.Join(err, misplaced)
			return
		}
		o.later(t.Bytes(), func(got vault.Opened) {
			if got.Erased || gone {
				e.Erased = append(e.Erased, path)
			} else if texts {
				set(e.Data, path, got.Text)
			}
		})
	})
	return err
}

// hashed reports whether a personal field is the hash of a contract: to whoever
// knows its template it tells the salary.
func hashed(path string) bool { return path == "contract.hash" || path == "signature.hash" }

// version is one of a document.
type version struct {
	document string
	number   int
}

// deletedIn returns the versions that were deleted.
func deletedIn(events []recorded) map[version]bool {
	deleted := map[version]bool{}
	for _, e := range events {
		if e, ok := e.fact.(application.VersionDeleted); ok {
			deleted[version{e.Document, e.Version}] = true
		}
	}
	return deleted
}

// gone reports whether an event uploaded files that the application does not have
// any more.
func (o *opening) gone(fact domain.Fact) bool {
	e, ok := fact.(application.DocumentUploaded)
	return ok && (o.untagged || o.deleted[version{e.Document, e.Version}])
}

// placed refuses a sealed value that was sealed for another event or field: one
// that somebody moved.
func placed(sealed []byte, e eventlog.Event, path string) error {
	h, err := vault.ParseHeader(sealed)
	if err == nil {
		err = h.Place(e.ID, e.Type, path)
	}
	if err != nil {
		return fmt.Errorf("event %s: %s: %w", e.ID, path, err)
	}
	return nil
}

// eachText calls visit for the personal texts of an event.
func eachText(e domain.Fact, visit func(path string, t personal.Text)) {
	own := reflect.New(reflect.TypeOf(e))
	own.Elem().Set(reflect.ValueOf(e))
	personal.Walk(own.Interface(), func(path string, t *personal.Text) { visit(path, *t) })
}

// visible reports whether a viewer with these rights may see what an event says,
// and its personal fields. Events must come in order: what category a document
// has is learned from those before.
func (o *opening) visible(e application.Event, held access.Rights) (data, texts bool) {
	area, textArea := access.Application, access.Application
	var document string
	switch e := e.(type) {
	case application.Received:
		textArea = access.Profile
	case application.Submitted:
		area, textArea = access.Profile, access.Profile
	case application.Disqualified, application.Requalified, application.ReasonChanged, application.Hired, application.HireUndone:
		textArea = access.Decision
	case application.TagAdded, application.TagRemoved:
		area, textArea = access.Tags, access.Tags
	case application.CommentAdded, application.CommentEdited, application.CommentDeleted, application.CommentsRead,
		application.ReviewRequested, application.ReviewWithdrawn, application.ReviewReminderDue:
		area, textArea = access.Comments, access.Comments
	case application.ReviewSubmitted:
		if o.evaluations.hidden(e.Evaluation, held) {
			return false, false
		}
		area, textArea = access.Comments, access.Comments
	case application.Rated:
		area, textArea = access.Evaluations, access.Evaluations
	case application.EvaluationDrafted:
		// A draft is its author's alone.
		own := o.evaluations.viewer == e.By.MemberID() && held.Area(access.Evaluations) >= access.View
		return own, own && !held.Masked
	case application.EvaluationSubmitted:
		if !o.evaluations.see(e.By.MemberID(), e.Form, e.Hidden, held) {
			return false, false
		}
		area, textArea = access.Evaluations, access.Evaluations
	case application.EvaluationDeleted:
		if !o.evaluations.see(e.Author, e.Form, e.Hidden, held) {
			return false, false
		}
		area, textArea = access.Evaluations, access.Evaluations
	case application.InterviewScheduled, application.InterviewRescheduled, application.InterviewChanged, application.InterviewCancelled,
		application.InterviewHeld, application.InterviewMissed, application.InterviewAnswered, application.InterviewInvited:
		area, textArea = access.Interviews, access.Interviews
	case application.NoteAdded, application.NoteEdited, application.NoteVisibilitySet, application.NoteDeleted:
		area, textArea = access.Notes, access.Notes
	case application.OutcomeDisclosed, application.DisclosureMoved, application.WorkHandedOver:
	case application.DocumentReminderDue:
		document = e.Document
	case application.DocumentRequested:
		document = e.Document
	case application.DocumentUploaded:
		document = e.Document
	case application.DocumentCancelled:
		document = e.Document
	case application.DocumentReopened:
		document = e.Document
	case application.FileScanned:
		document = e.Document
	case application.DocumentRecategorised:
		document = e.Document
	case application.DocumentLeft:
		document = e.Document
	case application.VersionDeleted:
		document = e.Document
	case application.DocumentApproved:
		document = e.Document
	case application.DocumentRejected:
		document = e.Document
	case application.AccessGranted, application.AccessEnds, application.AuditOpened, application.AuditClosed:
		area, textArea = access.Grants, access.Grants
	case application.EmployeeLinked:
		area = access.Decision
	case application.OfferDrafted, application.OfferChanged:
		// What they say is a salary, with what belongs to it.
		area, textArea = access.Offers, access.Salary
	case application.OfferApproved, application.OfferReturned, application.OfferSent, application.OfferAccepted, application.OfferDeclined,
		application.OfferWithdrawn, application.OfferExpired:
		area, textArea = access.Offers, access.Offers
	case application.MoveUndone, application.Transferred, application.StageOverdue:
	case application.ClaimLost, application.StageMoved, application.Anonymised, application.Deleted, application.PrioritySet, application.OwnerSet:
	}
	data, texts = held.Area(area) >= access.View, held.Area(textArea) >= access.View
	if document != "" {
		data = o.views(held, document)
		texts = data
	}
	// An auditor sees that and when, of everything, and of nobody who it was.
	return data || held.Masked, texts && !held.Masked
}

// views reports whether who has some rights sees a document: its category and, if
// it has the files of a note or a comment, that; offers and salaries, if it is a
// contract.
func (o *opening) views(held access.Rights, document string) bool {
	area, of := o.remarks[document]
	return held.Document(o.categories[document]) >= access.View && (!of || held.Area(area) >= access.View) &&
		(!o.contracts[document] || held.Contracts())
}

// contractsOf returns which documents are contracts of offers: those that were
// sent, and those that were signed on paper.
func contractsOf(events []recorded) map[string]bool {
	contracts := map[string]bool{}
	for _, rec := range events {
		switch e := rec.fact.(type) { //nolint:gochecksumtype // only what says of a contract
		case application.DocumentUploaded:
			if e.Offer != "" {
				contracts[e.Document] = true
			}
		case application.OfferAccepted:
			contracts[e.Document] = true
		}
	}
	return contracts
}

// remarksOf returns the areas of the notes and comments whose files documents
// have.
func remarksOf(events []recorded) map[string]access.Area {
	areas := map[string]access.Area{}
	for _, rec := range events {
		if e, ok := rec.fact.(application.DocumentUploaded); ok && e.Area() != "" {
			areas[e.Document] = e.Area()
		}
	}
	return areas
}

// categoriesOf returns the category each document has after events: rights on
// what it was before are those of today.
func categoriesOf(events []recorded) map[string]access.Category {
	categories := map[string]access.Category{}
	for _, rec := range events {
		switch e := rec.fact.(type) { //nolint:gochecksumtype // only what says a category
		case application.DocumentRequested:
			categories[e.Document] = e.Category
		case application.DocumentUploaded:
			categories[e.Document] = e.Category
		case application.DocumentRecategorised:
			categories[e.Document] = e.To
		}
	}
	return categories
}

// evaluations says which evaluations a viewer sees.
type evaluations struct {
	viewer string          // "" = who sees everything
	in     map[string]bool // forms by which the viewer's own is in, as it is now
	all    map[string]application.EvaluationSubmitted
}

// hidden reports whether an evaluation is one that the viewer does not see.
func (v evaluations) hidden(id string, held access.Rights) bool {
	e, submitted := v.all[id]
	return submitted && !v.see(e.By.MemberID(), e.Form, e.Hidden, held)
}

func evaluationsOf(all []recorded, viewer string) evaluations {
	v := evaluations{viewer: viewer, in: map[string]bool{}, all: map[string]application.EvaluationSubmitted{}}
	own := map[string]string{} // form by evaluation
	for _, rec := range all {
		switch e := rec.fact.(type) { //nolint:gochecksumtype // only what is in
		case application.EvaluationSubmitted:
			v.all[e.Evaluation] = e
			if e.By.MemberID() == viewer {
				own[e.Evaluation] = e.Form
			}
		case application.EvaluationDeleted:
			delete(own, e.Evaluation)
		}
	}
	for _, form := range own {
		v.in[form] = true
	}
	return v
}

// see reports whether the viewer sees the evaluation of an author by a form,
// which may be hidden until their own is in.
func (v evaluations) see(author, form string, hidden bool, held access.Rights) bool {
	return v.viewer == "" || !hidden || author == v.viewer || v.in[form] || held.Masked || held.Impartial()
}

// set puts value at a path such as "files.0.name" into decoded JSON.
func set(at any, path string, value any) {
	for {
		head, rest, nested := strings.Cut(path, ".")
		switch in := at.(type) {
		case map[string]any:
			if !nested {
				in[head] = value
				return
			}
			at = in[head]
		case []any:
			i, err := strconv.Atoi(head)
			if err != nil || i >= len(in) {
				return
			}
			if !nested {
				in[i] = value
				return
			}
			at = in[i]
		default:
			return
		}
		path = rest
	}
}
