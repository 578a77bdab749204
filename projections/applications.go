package projections

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/erasure"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/readmodels"
)

// applicationList keeps the list of applications and the people they are of.
//
// Facts of a person and of their applications are in different streams, and
// either may come first: whichever comes second copies the search terms.
type applicationList struct {
	opener       Opener
	people       *Rows[readmodels.PersonRow]
	applications *Rows[readmodels.ApplicationRow]
	opened       map[uuid.UUID]knownPerson // by event, of the last facts prepared
}

// knownPerson is what the texts of one event open to.
type knownPerson struct {
	candidate string  // of Received
	terms     []int64 // of Registered
}

func newApplicationList(o Opener) *applicationList {
	return &applicationList{
		opener:       o,
		people:       NewRows(readmodels.People()),
		applications: NewRows(readmodels.Applications()),
	}
}

// Name implements Model.
func (*applicationList) Name() string { return "application_list" }

// Tables implements Model.
func (m *applicationList) Tables() []AnyTable { return []AnyTable{m.people, m.applications} }

// Prepare implements Preparer: it opens all that the facts hold at once.
func (m *applicationList) Prepare(ctx context.Context, facts []Fact) error {
	m.opened = make(map[uuid.UUID]knownPerson)
	var sealed [][]byte
	for _, f := range facts {
		sealed = append(sealed, textsOf(f)...)
	}
	if len(sealed) == 0 {
		return nil
	}
	texts, err := open(ctx, m.opener, sealed)
	if err != nil {
		return fmt.Errorf("open the persons of %d events: %w", len(facts), err)
	}
	for _, f := range facts {
		n := len(textsOf(f))
		if n > 0 {
			m.opened[f.ID] = m.known(f, texts[:n])
		}
		texts = texts[n:]
	}
	return nil
}

// textsOf returns the texts of a fact that the model needs to know.
func textsOf(f Fact) [][]byte {
	switch e := f.Body.(type) {
	case application.Received:
		return [][]byte{e.Candidate.Bytes()}
	case candidate.Registered:
		return [][]byte{e.FirstName.Bytes(), e.LastName.Bytes(), e.Email.Bytes()}
	}
	return nil
}

// known says what the texts of f mean. An erased person is nobody, without
// terms.
func (m *applicationList) known(f Fact, texts []vault.Opened) knownPerson {
	if _, ok := f.Body.(application.Received); ok {
		id := string(texts[0].Text)
		if texts[0].Erased || id == "" {
			id = readmodels.Nobody()
		}
		return knownPerson{candidate: id}
	}
	return knownPerson{terms: m.terms(texts)}
}

// terms returns the search terms of names and e-mail.
func (m *applicationList) terms(texts []vault.Opened) []int64 {
	var all personal.Plain
	for _, t := range texts {
		all += " " + t.Text
	}
	return m.opener.Terms(all)
}

// learn puts into p what is known from now on, and reports whether its search
// terms are others then.
func learn(p *readmodels.PersonRow, e candidate.AttributesChanged) (searched bool) {
	more := maps.Clone(p.More.V)
	for _, v := range e.Attributes {
		switch v.Attribute {
		case candidate.FirstName:
			p.FirstName, searched = v.Value.Bytes(), true
		case candidate.LastName:
			p.LastName, searched = v.Value.Bytes(), true
		case candidate.Email:
			p.Email, p.AddressShared, searched = v.Value.Bytes(), false, true
		case candidate.Phone:
			p.Phone = v.Value.Bytes()
		default:
			if more == nil {
				more = map[candidate.Attribute][]byte{}
			}
			more[v.Attribute] = v.Value.Bytes()
			if v.Value.IsZero() {
				delete(more, v.Attribute)
			}
		}
	}
	if len(more) == 0 {
		more = nil
	}
	p.More.V = more
	if len(e.Custom) > 0 {
		custom := maps.Clone(p.Custom.V)
		if custom == nil {
			custom = map[string][]byte{}
		}
		for _, v := range e.Custom {
			custom[v.Attribute] = v.Value.Bytes()
			if v.Value.IsZero() {
				delete(custom, v.Attribute)
			}
		}
		if len(custom) == 0 {
			custom = nil
		}
		p.Custom.V = custom
	}
	return searched
}

// person returns what the texts of f mean, opening them if nobody prepared f.
func (m *applicationList) person(ctx context.Context, f Fact) (knownPerson, error) {
	if k, ok := m.opened[f.ID]; ok {
		return k, nil
	}
	texts, err := open(ctx, m.opener, textsOf(f))
	if err != nil {
		return knownPerson{}, fmt.Errorf("open the person of event %s: %w", f.ID, err)
	}
	return m.known(f, texts), nil
}

// Need implements Model.
func (m *applicationList) Need(f Fact) {
	switch e := f.Body.(type) {
	case application.Event:
		m.applications.Need(f.Aggregate)
		if _, ok := e.(application.Received); ok {
			if k, ok := m.opened[f.ID]; ok {
				m.people.Need(k.candidate)
			}
		}
	case candidate.Event:
		m.people.Need(f.Aggregate)
		m.applications.NeedBy("candidate_id", f.Aggregate)
	case erasure.Recorded:
		for _, key := range e.Keys {
			m.people.Need(key)
			m.applications.Need(key)
			m.applications.NeedBy("candidate_id", key)
		}
	}
}

// Apply implements Model.
func (m *applicationList) Apply(ctx context.Context, f Fact) error {
	switch e := f.Body.(type) {
	case application.Event:
		return m.application(ctx, f, e)
	case candidate.Event:
		return m.candidate(ctx, f, e)
	case erasure.Event:
		m.erasure(e)
	}
	return nil
}

func (m *applicationList) application(ctx context.Context, f Fact, e application.Event) error {
	r, received := m.applications.Get(f.Aggregate)
	r.Revision, r.ChangedAt = int64(f.Revision), e.When()
	switch e := e.(type) {
	case application.Received:
		var err error
		if r, err = m.received(ctx, f, e); err != nil {
			return err
		}
	case application.ClaimLost:
		// It fences the application off, and changes nothing anybody sees. One
		// that was never received is no application.
		if !received {
			return nil
		}
		was, _ := m.applications.Get(f.Aggregate)
		r.ChangedAt = was.ChangedAt
	case application.StageMoved:
		r.Stage, r.StageSince = e.To, e.At
	case application.MoveUndone:
		r.Stage, r.StageSince = e.To, e.Since
	case application.Submitted:
		// The form the application came by; what joins it later is anybody's who
		// knows the address.
		for _, a := range e.Answers {
			r.KnockedOut = r.KnockedOut || a.KnockOut && f.Revision == 1
		}
	case application.Disqualified:
		r.Outcome, r.Reason, r.DiscloseAt = e.Kind, optional(e.Reason), &e.DiscloseAt
	case application.Transferred:
		r.Outcome, r.Reason, r.DiscloseAt, r.To = application.OutcomeTransferred, nil, nil, optional(e.To)
	case application.Hired:
		r.Outcome, r.Reason, r.DiscloseAt = application.OutcomeHired, nil, nil
	case application.HireUndone:
		r.Outcome = application.InProgress
	case application.DisclosureMoved:
		r.DiscloseAt = &e.DiscloseAt
	case application.OutcomeDisclosed:
		if r.DiscloseAt != nil && e.At.Before(*r.DiscloseAt) { // by a message
			r.DiscloseAt = &e.At
		}
	case application.Requalified:
		r.Outcome, r.Reason, r.DiscloseAt = application.InProgress, nil, nil
	case application.ReasonChanged:
		r.Reason = optional(e.Reason)
	case application.Deleted:
		m.applications.Delete(f.Aggregate)
		return nil
	case application.Anonymised:
		r.Anonymised = true
		r.Candidate, r.Person, r.Terms, r.Tags = readmodels.Nobody(), readmodels.Nobody(), nil, nil
	case application.TagAdded:
		r.Tags = append(slices.Clip(r.Tags), e.Tag)
	case application.TagRemoved:
		r.Tags = slices.DeleteFunc(slices.Clone(r.Tags), func(t string) bool { return t == e.Tag })
	case application.PrioritySet:
		r.Priority = e.Priority
	case application.OwnerSet:
		r.Owner = optional(e.Owner)
	case application.CommentsRead, application.EvaluationDrafted:
		// Nobody else notices.
		was, _ := m.applications.Get(f.Aggregate)
		r.ChangedAt = was.ChangedAt
	case application.OfferDrafted, application.OfferChanged, application.OfferApproved, application.OfferReturned,
		application.OfferSent, application.OfferAccepted, application.OfferDeclined, application.OfferWithdrawn, application.OfferExpired,
		application.EmployeeLinked, application.CommentEdited, application.CommentDeleted, application.NoteEdited, application.Rated,
		application.ReviewRequested, application.ReviewSubmitted, application.ReviewWithdrawn,
		application.EvaluationSubmitted, application.EvaluationDeleted,
		application.InterviewScheduled, application.InterviewRescheduled, application.InterviewChanged, application.InterviewCancelled,
		application.InterviewHeld, application.InterviewMissed, application.InterviewAnswered, application.InterviewInvited:
		// As below.
	case application.CommentAdded, application.NoteAdded, application.NoteVisibilitySet, application.NoteDeleted,
		application.DocumentRequested, application.DocumentUploaded, application.DocumentApproved, application.DocumentRejected,
		application.DocumentReminderDue, application.StageOverdue, application.ReviewReminderDue, application.WorkHandedOver, application.AccessGranted, application.AccessEnds,
		application.DocumentCancelled, application.DocumentReopened, application.DocumentLeft, application.DocumentRecategorised, application.FileScanned, application.VersionDeleted, application.AuditOpened, application.AuditClosed:
		// The list shows that something changed, and not what.
	}
	m.applications.Put(r)
	return nil
}

func (m *applicationList) received(ctx context.Context, f Fact, e application.Received) (readmodels.ApplicationRow, error) {
	k, err := m.person(ctx, f)
	if err != nil {
		return readmodels.ApplicationRow{}, err
	}
	r := readmodels.ApplicationRow{
		ID: f.Aggregate, Job: e.Job, Candidate: k.candidate, Person: k.candidate, Stage: e.Stage, Outcome: application.InProgress,
		Source: e.Source, Owner: optional(e.Owner), Revision: int64(f.Revision), From: optional(e.From),
		ReceivedAt: e.At, ChangedAt: e.At, StageSince: e.At,
	}
	if p, ok := m.people.Get(k.candidate); ok {
		r.Terms, r.Person = p.Terms, p.Person()
	}
	return r, nil
}

func (m *applicationList) candidate(ctx context.Context, f Fact, e candidate.Event) error {
	p, _ := m.people.Get(f.Aggregate)
	p.ID, p.Revision = f.Aggregate, int64(f.Revision)
	switch e := e.(type) {
	case candidate.Registered:
		k, err := m.person(ctx, f)
		if err != nil {
			return err
		}
		p.FirstName, p.LastName, p.Email, p.Phone = e.FirstName.Bytes(), e.LastName.Bytes(), e.Email.Bytes(), e.Phone.Bytes()
		p.Terms = k.terms
	case candidate.AttributesChanged:
		if !learn(&p, e) {
			break
		}
		texts, err := open(ctx, m.opener, [][]byte{p.FirstName, p.LastName, p.Email})
		if err != nil {
			return fmt.Errorf("open the names of event %s: %w", f.ID, err)
		}
		p.Terms = m.terms(texts)
	case candidate.AddressShared:
		p.AddressShared = e.Shared
	case candidate.Merged:
		p.Into, p.MergedAt, p.MergedBy = optional(e.Into), when(f), &e.By
	case candidate.Unmerged:
		p.Into, p.MergedAt, p.MergedBy = nil, nil, nil
	case candidate.DataRequested, candidate.DataRequestAnswered:
		// A table of its own has them.
	case candidate.Absorbed, candidate.Released:
		// The other one says whether it came to that.
	case candidate.PictureSet:
		p.Picture = &e.Picture
	case candidate.PictureRemoved:
		p.Picture = nil
	case candidate.Anonymised:
		p = readmodels.PersonRow{ID: f.Aggregate, Anonymised: true, Revision: int64(f.Revision)}
	}
	m.people.Put(p)
	m.applications.Each("candidate_id", f.Aggregate, func(r readmodels.ApplicationRow) (readmodels.ApplicationRow, bool) {
		r.Terms, r.Person = p.Terms, p.Person()
		return r, true
	})
	return nil
}

// erasure removes what was copied out of erased texts. The events that say why
// they were erased do that too, but may come later, or be of another build.
func (m *applicationList) erasure(e erasure.Event) {
	switch e := e.(type) {
	case erasure.Recorded:
		for _, key := range e.Keys {
			m.erased(key)
		}
	}
}

func (m *applicationList) erased(key string) {
	if p, ok := m.people.Get(key); ok {
		p.Terms, p.Picture = nil, nil
		m.people.Put(p)
	}
	if r, ok := m.applications.Get(key); ok {
		r.Candidate, r.Person, r.Terms = readmodels.Nobody(), readmodels.Nobody(), nil
		m.applications.Put(r)
	}
	m.applications.Each("candidate_id", key, func(r readmodels.ApplicationRow) (readmodels.ApplicationRow, bool) {
		r.Terms = nil
		return r, true
	})
}
