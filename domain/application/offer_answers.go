package application

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// OfferSent records that the candidate was made an offer: through their page, or
// outside.
type OfferSent struct {
	domain.Stamp
	Offer     string     `json:"offer"`
	Outside   bool       `json:"outside,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	Contract  *Contract  `json:"contract,omitempty"`
}

// EventName implements domain.Fact.
func (OfferSent) EventName() string { return "application.offer_sent.v1" }

func (e OfferSent) evolve(a Application) Application {
	return a.withOffer(e.Offer, func(o *Offer) {
		o.State, o.Page = OfferIsSent, !e.Outside
		if e.ExpiresAt != nil {
			o.ExpiresAt = *e.ExpiresAt
		}
		if e.Contract != nil {
			o.Contract = e.Contract.Hash
		}
	})
}

// SendOffer makes the candidate an offer that everybody approved who had to, until
// an instant or without end, with its contract if it has one. It moves no stage.
// Errors: ErrUnknown, ErrAnonymised, ErrClosed, ErrUnknownOffer, ErrOfferNotDraft,
// ErrOfferReturned, ErrOfferNotApproved, ErrContractMissing, domain.ErrInvalid.
func (a Application) SendOffer(id string, outside bool, until *time.Time, contract *Contract, s domain.Stamp) ([]Event, error) {
	o, err := a.offer(id)
	until = cut(until)
	switch {
	case err != nil:
		return nil, err
	case o.State == OfferIsSent && o.Page == !outside && sameEnd(until, o.end()):
		return nil, nil
	case !a.Live():
		return nil, ErrClosed
	case o.State != OfferIsDraft:
		return nil, ErrOfferNotDraft
	case o.Returned:
		return nil, ErrOfferReturned
	case o.next() != "":
		return nil, ErrOfferNotApproved
	case until != nil && !until.After(s.At):
		return nil, domain.ErrInvalid.Because("An offer expires in the future.")
	case (contract == nil) != (o.Template == ""):
		return nil, ErrContractMissing
	}
	return []Event{OfferSent{Stamp: s, Offer: id, Outside: outside, ExpiresAt: until, Contract: contract}}, nil
}

// end is when the offer expires, nil if it does not.
func (o Offer) end() *time.Time {
	if o.ExpiresAt.IsZero() {
		return nil
	}
	return &o.ExpiresAt
}

// expired reports whether an offer that is sent has expired by an instant.
func (o Offer) expired(at time.Time) bool { return !o.ExpiresAt.IsZero() && !at.Before(o.ExpiresAt) }

// OfferAccepted records that the candidate accepted an offer.
type OfferAccepted struct {
	domain.Stamp
	Offer  string `json:"offer"`
	Job    string `json:"job"`
	Author string `json:"author"` // member who said the terms

	Signature *Signature `json:"signature,omitempty"` // of the candidate, under the contract
	Document  string     `json:"document,omitempty"`  // signed contract, that a member filed
}

// Signature is a simple electronic signature: a typed name under a document that
// its hash names, both sealed under the offer's key. When, the event says.
type Signature struct {
	Name personal.Text `json:"name"`
	Hash personal.Text `json:"hash"` // as that of Contract
}

// EventName implements domain.Fact.
func (OfferAccepted) EventName() string { return "application.offer_accepted.v1" }

func (e OfferAccepted) evolve(a Application) Application {
	if d, ok := a.Documents[e.Document]; ok {
		d.Offer = e.Offer
		a = a.withDocument(e.Document, d)
	}
	return a.withOffer(e.Offer, func(o *Offer) { o.State, o.Signed = OfferIsAccepted, e.Signature != nil })
}

// SignOffer takes the yes of a candidate to what was sent to their page: if it has
// a contract, by their signature under it. Whoever asks has compared the hash that
// is signed with that of the contract, both of which are sealed: same says whether
// it is that.
// Errors: those of AcceptOffer; ErrUnsigned, ErrNotTheContract.
func (a Application) SignOffer(id string, signature Signature, same bool, s domain.Stamp) ([]Event, error) {
	o, err := a.answerable(id, OfferIsAccepted, s)
	switch {
	case err != nil || o.State == OfferIsAccepted:
		return nil, err
	case o.Contract.IsZero():
		return a.AcceptOffer(id, "", s)
	case signature.Name.IsZero(), signature.Hash.IsZero():
		return nil, ErrUnsigned
	case !same:
		return nil, ErrNotTheContract
	}
	return []Event{OfferAccepted{Stamp: s, Offer: id, Job: a.Job, Author: o.Author, Signature: &signature}}, nil
}

// AcceptOffer takes the candidate's yes: theirs, to what was sent to their page,
// or what a member says they said, perhaps with the signed contract that was filed
// as a document. It hires nobody.
// Errors: ErrUnknown, ErrAnonymised, ErrClosed, ErrUnknownOffer, ErrOfferNotSent,
// ErrOfferExpired; ErrUnknownDocument.
func (a Application) AcceptOffer(id, document string, s domain.Stamp) ([]Event, error) {
	o, err := a.answerable(id, OfferIsAccepted, s)
	if err != nil || o.State == OfferIsAccepted {
		return nil, err
	}
	if d, ok := a.Documents[document]; document != "" && (!ok || len(d.Files) == 0) {
		return nil, ErrUnknownDocument
	}
	return []Event{OfferAccepted{Stamp: s, Offer: id, Job: a.Job, Author: o.Author, Document: document}}, nil
}

// OfferDeclined records that the candidate declined an offer.
type OfferDeclined struct {
	domain.Stamp
	Offer  string        `json:"offer"`
	Reason personal.Text `json:"reason"`
	Job    string        `json:"job"`
	Author string        `json:"author"` // member who said the terms
}

// EventName implements domain.Fact.
func (OfferDeclined) EventName() string { return "application.offer_declined.v1" }

func (e OfferDeclined) evolve(a Application) Application {
	return a.withOffer(e.Offer, func(o *Offer) { o.State = OfferIsDeclined })
}

// DeclineOffer takes the candidate's no, as AcceptOffer does their yes; a reason
// may be given. The application goes on. Errors: those of AcceptOffer.
func (a Application) DeclineOffer(id string, reason personal.Text, s domain.Stamp) ([]Event, error) {
	o, err := a.answerable(id, OfferIsDeclined, s)
	if err != nil || o.State == OfferIsDeclined {
		return nil, err
	}
	return []Event{OfferDeclined{Stamp: s, Offer: id, Reason: reason, Job: a.Job, Author: o.Author}}, nil
}

// answerable returns the offer that is answered so, if it may be, or was already.
// A candidate knows only of what was sent to their page. That the application is
// closed is said last: they need not know it yet.
func (a Application) answerable(id string, answer OfferState, s domain.Stamp) (Offer, error) {
	o, err := a.offer(id)
	switch {
	case err != nil:
		return o, err
	case s.By == domain.Candidate && !o.Page:
		return o, ErrUnknownOffer
	case o.State == answer:
		return o, nil
	case o.State == OfferIsExpired, o.State == OfferIsSent && o.expired(s.At),
		s.By == domain.Candidate && o.State == OfferIsWithdrawn && o.expired(s.At): // it may be that they are not told of it
		return o, ErrOfferExpired
	case o.State != OfferIsSent:
		return o, ErrOfferNotSent
	case !a.Live():
		return o, ErrClosed
	}
	return o, nil
}

// OfferWithdrawn records that an offer counts no more: a member took it back, or
// the application was closed.
type OfferWithdrawn struct {
	domain.Stamp
	Offer  string        `json:"offer"`
	Reason personal.Text `json:"reason"`
	Closed bool          `json:"closed,omitempty"` // because the application was
}

// EventName implements domain.Fact.
func (OfferWithdrawn) EventName() string { return "application.offer_withdrawn.v1" }

func (e OfferWithdrawn) evolve(a Application) Application {
	return a.withOffer(e.Offer, func(o *Offer) { o.State = OfferIsWithdrawn })
}

// WithdrawOffer takes an offer back: a draft, one that is sent, or one that was
// accepted while nobody was hired by it. A reason may be given.
// Errors: ErrUnknown, ErrAnonymised, ErrClosed, ErrUnknownOffer, ErrOfferOver.
func (a Application) WithdrawOffer(id string, reason personal.Text, s domain.Stamp) ([]Event, error) {
	o, err := a.offer(id)
	switch {
	case err != nil:
		return nil, err
	case o.State == OfferIsWithdrawn:
		return nil, nil
	case !o.standing():
		return nil, ErrOfferOver
	case !a.Live():
		return nil, ErrClosed
	}
	return []Event{OfferWithdrawn{Stamp: s, Offer: id, Reason: reason}}, nil
}

// withdrawOpen returns what closing the application does to an offer that nobody
// answered.
func (a Application) withdrawOpen(s domain.Stamp) []Event {
	for id, o := range a.Offers.All() { // there is one at most
		if o.State == OfferIsDraft || o.State == OfferIsSent {
			return []Event{OfferWithdrawn{Stamp: s, Offer: id, Closed: true}}
		}
	}
	return nil
}

// OfferExpired records that nobody answered an offer in time.
type OfferExpired struct {
	domain.Stamp
	Offer  string `json:"offer"`
	Job    string `json:"job"`
	Author string `json:"author"` // member who said the terms
}

// EventName implements domain.Fact.
func (OfferExpired) EventName() string { return "application.offer_expired.v1" }

func (e OfferExpired) evolve(a Application) Application {
	return a.withOffer(e.Offer, func(o *Offer) { o.State = OfferIsExpired })
}

// ExpireOffer says that time has passed: an offer that is still open when it
// expires is over. Errors: ErrUnknown, ErrAnonymised, ErrUnknownOffer.
func (a Application) ExpireOffer(id string, s domain.Stamp) ([]Event, error) {
	o, err := a.offer(id)
	if err != nil || o.State != OfferIsSent || !o.expired(s.At) {
		return nil, err
	}
	return []Event{OfferExpired{Stamp: s, Offer: id, Job: a.Job, Author: o.Author}}, nil
}

// AcceptedOffer returns the offer that the candidate accepted, "" if there is none.
func (a Application) AcceptedOffer() string {
	for id, o := range a.Offers.All() { // there is one at most
		if o.State == OfferIsAccepted {
			return id
		}
	}
	return ""
}
