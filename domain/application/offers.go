package application

import (
	"slices"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// The most that an application and an offer of it may have.
const (
	MaxOffers     = 50
	MaxApprovers  = 10
	MaxOfferTerms = 10_000 // characters; decisions do not see the sealed text, so whoever makes one holds to it
)

// SalaryPeriod is what a salary is paid for.
type SalaryPeriod string

// The periods.
const (
	PerYear  SalaryPeriod = "year"
	PerMonth SalaryPeriod = "month"
	PerWeek  SalaryPeriod = "week"
	PerDay   SalaryPeriod = "day"
	PerHour  SalaryPeriod = "hour"
)

// OfferState is what became of an offer. What of a draft is approved is known
// beside it.
type OfferState string

// The states of an offer.
const (
	OfferIsDraft     OfferState = "draft"
	OfferIsSent      OfferState = "sent"
	OfferIsAccepted  OfferState = "accepted"
	OfferIsDeclined  OfferState = "declined"
	OfferIsWithdrawn OfferState = "withdrawn"
	OfferIsExpired   OfferState = "expired"
)

// Offer is what decisions about an offer need.
type Offer struct {
	State     OfferState
	Author    string // member who said its terms last
	Change    string // id of the last change; "" until then
	Version   int    // of its terms, from 1
	Approvers []string
	Approved  int           // how many of the approvers, in order, have approved the version
	Returned  bool          // by the next approver: other terms are wanted
	Template  string        // that its contract is written from; "" without one
	Contract  personal.Text // sealed SHA-256 of the contract that was sent
	Signed    bool          // by the candidate, on their page
	Page      bool          // sent through the candidate's page
	ExpiresAt time.Time
}

// standing reports whether there is no place for another offer beside it.
func (o Offer) standing() bool {
	return o.State == OfferIsDraft || o.State == OfferIsSent || o.State == OfferIsAccepted
}

// next is the approver whose turn it is, "" if there is none.
func (o Offer) next() string {
	if o.Approved < len(o.Approvers) {
		return o.Approvers[o.Approved]
	}
	return ""
}

// The rules that refuse.
var (
	ErrUnknownOffer     = &domain.Refusal{Kind: domain.Absent, Code: "unknown_offer", Message: "The application has no such offer."}
	ErrOfferOpen        = &domain.Refusal{Kind: domain.Illegal, Code: "offer_open", Message: "The application has an offer already; withdraw it before you make another."}
	ErrTooManyOffers    = &domain.Refusal{Kind: domain.Illegal, Code: "too_many_offers", Message: "The application has had as many offers as it may have."}
	ErrOfferNotDraft    = &domain.Refusal{Kind: domain.Illegal, Code: "offer_not_draft", Message: "The offer is no draft any more."}
	ErrOfferChanged     = &domain.Refusal{Kind: domain.Illegal, Code: "offer_changed", Message: "The terms of the offer have changed since; look at them again."}
	ErrOfferReturned    = &domain.Refusal{Kind: domain.Illegal, Code: "offer_returned", Message: "An approver has returned the offer; its terms must change first."}
	ErrOfferNotApproved = &domain.Refusal{Kind: domain.Illegal, Code: "offer_not_approved", Message: "The offer is not approved yet."}
	ErrNotTheApprover   = &domain.Refusal{Kind: domain.Denied, Code: "not_the_approver", Message: "It is not your turn to approve the offer."}
	ErrOfferNotSent     = &domain.Refusal{Kind: domain.Illegal, Code: "offer_not_sent", Message: "The offer is not open for an answer."}
	ErrOfferExpired     = &domain.Refusal{Kind: domain.Illegal, Code: "offer_expired", Message: "The offer has expired."}
	ErrContractMissing  = &domain.Refusal{Kind: domain.Illegal, Code: "contract_missing", Message: "The offer has a contract, which was not written."}
	ErrNotTheContract   = &domain.Refusal{Kind: domain.Illegal, Code: "contract_differs", Message: "What is signed is not the contract that was sent; look at it again."}
	ErrUnsigned         = &domain.Refusal{Kind: domain.Invalid, Code: "signature_required", Message: "The offer has a contract: accepting it takes your name and the hash of the contract."}
	ErrOfferOver        = &domain.Refusal{Kind: domain.Illegal, Code: "offer_over", Message: "The offer was declined or has expired."}
)

// OfferTerms are what is offered, and who must approve it. Amount, start and text
// are sealed under the offer's own key.
type OfferTerms struct {
	Amount    personal.Text `json:"amount"`   // decimal digits, in the smallest unit of the currency
	Currency  string        `json:"currency"` // ISO 4217
	Period    SalaryPeriod  `json:"period"`
	StartDate personal.Text `json:"start_date"` // YYYY-MM-DD
	Text      personal.Text `json:"text"`
	Approvers []string      `json:"approvers,omitempty"` // members, in the order in which they approve
	Template  string        `json:"template,omitempty"`  // that the contract is written from; empty = without one
}

// check refuses terms that make none. Errors: domain.ErrInvalid.
func (t OfferTerms) check() error {
	currency := len(t.Currency) == 3
	for _, r := range t.Currency {
		currency = currency && 'A' <= r && r <= 'Z'
	}
	switch {
	case t.Amount.IsZero(), t.StartDate.IsZero():
		return domain.ErrInvalid.Because("An offer names a salary and when the work begins.")
	case !currency:
		return domain.ErrInvalid.Because("The currency has three capital letters, such as EUR.")
	case !slices.Contains([]SalaryPeriod{PerYear, PerMonth, PerWeek, PerDay, PerHour}, t.Period):
		return domain.ErrInvalid.Because("A salary is for a year, month, week, day or hour.")
	case len(t.Approvers) > MaxApprovers:
		return domain.ErrInvalid.Because("An offer has at most %d approvers.", MaxApprovers)
	}
	for i, m := range t.Approvers {
		if m == "" || slices.Contains(t.Approvers[:i], m) {
			return domain.ErrInvalid.Because("Each approver is a member, and named once.")
		}
	}
	return nil
}

// OfferDrafted records that an offer was written.
type OfferDrafted struct {
	domain.Stamp
	Offer string `json:"offer"`
	OfferTerms
}

// EventName implements domain.Fact.
func (OfferDrafted) EventName() string { return "application.offer_drafted.v1" }

func (e OfferDrafted) evolve(a Application) Application {
	a.Offers = a.Offers.With(e.Offer, Offer{State: OfferIsDraft, Author: e.By.MemberID(), Version: 1, Approvers: e.Approvers, Template: e.Template})
	return a
}

// DraftOffer writes an offer, which its approvers are asked to approve at once.
// An application has one at a time: a draft, one that is sent, or the one that was
// accepted. Errors: ErrUnknown, ErrAnonymised, ErrClosed, ErrOfferOpen,
// ErrTooManyOffers, domain.ErrInvalid.
func (a Application) DraftOffer(id string, t OfferTerms, s domain.Stamp) ([]Event, error) {
	if err := a.live(); err != nil {
		return nil, err
	}
	if _, known := a.Offers.Get(id); known {
		return nil, nil
	}
	for _, o := range a.Offers.All() {
		if o.standing() {
			return nil, ErrOfferOpen
		}
	}
	if a.Offers.Len() >= MaxOffers {
		return nil, ErrTooManyOffers
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	return []Event{OfferDrafted{Stamp: s, Offer: id, OfferTerms: t}}, nil
}

// OfferChanged records other terms of a draft. What was approved of the earlier
// ones counts no more.
type OfferChanged struct {
	domain.Stamp
	Offer  string `json:"offer"`
	Change string `json:"change"`
	OfferTerms
}

// EventName implements domain.Fact.
func (OfferChanged) EventName() string { return "application.offer_changed.v1" }

func (e OfferChanged) evolve(a Application) Application {
	return a.withOffer(e.Offer, func(o *Offer) {
		o.Author, o.Change, o.Version, o.Approvers = e.By.MemberID(), e.Change, o.Version+1, e.Approvers
		o.Template = e.Template
		o.Approved, o.Returned = 0, false
	})
}

// ChangeOffer gives a draft other terms, which are approved from the beginning.
// Errors: ErrUnknown, ErrAnonymised, ErrClosed, ErrUnknownOffer, ErrOfferNotDraft,
// domain.ErrInvalid.
func (a Application) ChangeOffer(id, change string, t OfferTerms, s domain.Stamp) ([]Event, error) {
	o, err := a.offer(id)
	switch {
	case err != nil:
		return nil, err
	case o.Change == change:
		return nil, nil
	case !a.Live():
		return nil, ErrClosed
	case o.State != OfferIsDraft:
		return nil, ErrOfferNotDraft
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	return []Event{OfferChanged{Stamp: s, Offer: id, Change: change, OfferTerms: t}}, nil
}

// OfferApproved records that the approver whose turn it was approved a version of
// the terms.
type OfferApproved struct {
	domain.Stamp
	Offer   string `json:"offer"`
	Version int    `json:"version"`
}

// EventName implements domain.Fact.
func (OfferApproved) EventName() string { return "application.offer_approved.v1" }

func (e OfferApproved) evolve(a Application) Application {
	return a.withOffer(e.Offer, func(o *Offer) { o.Approved++ })
}

// ApproveOffer approves the version of the terms that was looked at, in one's turn.
// Errors: ErrUnknown, ErrAnonymised, ErrClosed, ErrUnknownOffer, ErrOfferNotDraft,
// ErrOfferChanged, ErrOfferReturned, ErrNotTheApprover.
func (a Application) ApproveOffer(id string, version int, s domain.Stamp) ([]Event, error) {
	o, err := a.offer(id)
	if err != nil {
		return nil, err
	}
	if version == o.Version && slices.Contains(o.Approvers[:min(o.Approved, len(o.Approvers))], s.By.MemberID()) {
		return nil, nil
	}
	switch err := a.judged(o, version, s); {
	case err != nil:
		return nil, err
	case o.Returned:
		return nil, ErrOfferReturned
	}
	return []Event{OfferApproved{Stamp: s, Offer: id, Version: version}}, nil
}

// OfferReturned records that the approver whose turn it was wants other terms.
type OfferReturned struct {
	domain.Stamp
	Offer   string        `json:"offer"`
	Version int           `json:"version"`
	Reason  personal.Text `json:"reason"`
	Author  string        `json:"author"` // member who said the terms
}

// EventName implements domain.Fact.
func (OfferReturned) EventName() string { return "application.offer_returned.v1" }

func (e OfferReturned) evolve(a Application) Application {
	return a.withOffer(e.Offer, func(o *Offer) { o.Returned = true })
}

// ReturnOffer does not approve the version that was looked at, in one's turn, with
// a reason: nothing goes on until the terms change.
// Errors: those of ApproveOffer but ErrOfferReturned; ErrReasonRequired.
func (a Application) ReturnOffer(id string, version int, reason personal.Text, s domain.Stamp) ([]Event, error) {
	o, err := a.offer(id)
	if err != nil {
		return nil, err
	}
	switch err := a.judged(o, version, s); {
	case err != nil:
		return nil, err
	case o.Returned:
		return nil, nil
	case reason.IsZero():
		return nil, ErrReasonRequired
	}
	return []Event{OfferReturned{Stamp: s, Offer: id, Version: version, Reason: reason, Author: o.Author}}, nil
}

// judged refuses whoever may not judge a version of an offer now.
func (a Application) judged(o Offer, version int, s domain.Stamp) error {
	switch {
	case !a.Live():
		return ErrClosed
	case o.State != OfferIsDraft:
		return ErrOfferNotDraft
	case o.next() == "" || o.next() != s.By.MemberID():
		return ErrNotTheApprover
	case version != o.Version:
		return ErrOfferChanged
	}
	return nil
}

// offer returns an offer of an application. Errors: ErrUnknown, ErrAnonymised,
// ErrUnknownOffer.
func (a Application) offer(id string) (Offer, error) {
	if err := a.exists(); err != nil {
		return Offer{}, err
	}
	o, ok := a.Offers.Get(id)
	if !ok {
		return o, ErrUnknownOffer
	}
	return o, nil
}

func (a Application) withOffer(id string, change func(*Offer)) Application {
	o, _ := a.Offers.Get(id)
	change(&o)
	a.Offers = a.Offers.With(id, o)
	return a
}
