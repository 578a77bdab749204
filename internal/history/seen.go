package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/vault"
)

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
