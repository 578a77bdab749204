package application

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// Hire is the last hire of an application. The zero value is none.
type Hire struct {
	ID       string
	Employee string // profile that was created; "" until then
	Undone   bool   // it was a mistake
}

// The rules that refuse.
var (
	ErrHired    = &domain.Refusal{Kind: domain.Illegal, Code: "application_hired", Message: "The candidate was hired; undo the hire first."}
	ErrNotHired = &domain.Refusal{Kind: domain.Illegal, Code: "application_not_hired", Message: "The candidate was not hired, so there is nothing to undo."}

	ErrOfferNotAccepted = &domain.Refusal{Kind: domain.Illegal, Code: "offer_not_accepted", Message: "The candidate has not accepted the offer."}
)

// Hired records that the company took the candidate on. It closes the
// application; what stage it was in stays.
type Hired struct {
	domain.Stamp
	Hire   string        `json:"hire"`
	Reason personal.Text `json:"reason"`
	Job    string        `json:"job"`
	Offer  string        `json:"offer,omitempty"` // that was accepted, if there was one
}

// EventName implements domain.Fact.
func (Hired) EventName() string { return "application.hired.v1" }

func (e Hired) evolve(a Application) Application {
	a.Outcome, a.Hire = OutcomeHired, Hire{ID: e.Hire}
	return a
}

// TakeOn hires the candidate, with a reason, by the offer that they accepted, if
// there is one. Who is hired already is not hired again, nor by a hire that was undone.
// Errors: ErrUnknown, ErrAnonymised, ErrClosed, ErrReasonRequired.
func (a Application) TakeOn(id string, reason personal.Text, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	switch {
	case a.Outcome == OutcomeHired, a.Hire.ID == id:
		return nil, nil
	case !a.Live():
		return nil, ErrClosed
	case reason.IsZero():
		return nil, ErrReasonRequired
	}
	return []Event{Hired{Stamp: s, Hire: id, Reason: reason, Job: a.Job, Offer: a.AcceptedOffer()}}, nil
}

// TakeOnBy is TakeOn for a hire that is by an accepted offer.
// Errors also: ErrUnknownOffer, ErrOfferNotAccepted.
func (a Application) TakeOnBy(offer, id string, reason personal.Text, s domain.Stamp) ([]Event, error) {
	if a.Live() && a.Hire.ID != id {
		switch o, err := a.offer(offer); {
		case err != nil:
			return nil, err
		case o.State != OfferIsAccepted:
			return nil, ErrOfferNotAccepted
		}
	}
	return a.TakeOn(id, reason, s)
}

// TakeOnSigned says that somebody who signed the contract of an offer is hired by
// it: the signature is the reason. If they are hired, or the application is over,
// nothing happens. Errors: ErrUnknown, ErrAnonymised.
func (a Application) TakeOnSigned(offer, id string, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if o, _ := a.Offers.Get(offer); !a.Live() || o.State != OfferIsAccepted || !o.Signed || a.Hire.ID == id {
		return nil, nil
	}
	return []Event{Hired{Stamp: s, Hire: id, Job: a.Job, Offer: offer}}, nil
}

// HireUndone records that a hire was a mistake: the application goes on where it
// was. The employee profile is reversed by what follows from it.
type HireUndone struct {
	domain.Stamp
	Hire   string        `json:"hire"`
	Reason personal.Text `json:"reason"`
	Job    string        `json:"job"`
	Stage  string        `json:"stage,omitempty"` // where it goes on
}

// EventName implements domain.Fact.
func (HireUndone) EventName() string { return "application.hire_undone.v1" }

func (e HireUndone) evolve(a Application) Application {
	a.Outcome, a.Hire.Undone = InProgress, true
	a.DiscloseAt, a.Disclosed = time.Time{}, false
	return a
}

// UndoHire takes a wrong hire back, with a reason. The caller takes the claim for
// the application first. Doing it again is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrNotHired, ErrSuperseded, ErrReasonRequired.
func (a Application) UndoHire(reason personal.Text, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	switch {
	case a.Live() && a.Hire.Undone:
		return nil, nil
	case a.Outcome != OutcomeHired:
		return nil, ErrNotHired
	case a.ClaimLost:
		return nil, ErrSuperseded
	case reason.IsZero():
		return nil, ErrReasonRequired
	}
	return []Event{HireUndone{Stamp: s, Hire: a.Hire.ID, Reason: reason, Job: a.Job, Stage: a.Stage}}, nil
}

// InForce reports whether the application's hire is that one and was not undone.
func (a Application) InForce(hire string) bool {
	return a.Outcome == OutcomeHired && a.Hire.ID == hire && !a.Anonymised
}

// EmployeeLinked records which employee profile a hire led to.
type EmployeeLinked struct {
	domain.Stamp
	Hire     string `json:"hire"`
	Employee string `json:"employee"`
}

// EventName implements domain.Fact.
func (EmployeeLinked) EventName() string { return "application.employee_linked.v1" }

func (e EmployeeLinked) evolve(a Application) Application {
	a.Hire.Employee = e.Employee
	return a
}

// LinkEmployee says which profile the hire led to. A hire that is not in force
// any more has none.
func (a Application) LinkEmployee(hire, employee string, s domain.Stamp) []Event {
	if !a.InForce(hire) || a.Hire.Employee != "" {
		return nil
	}
	return []Event{EmployeeLinked{Stamp: s, Hire: hire, Employee: employee}}
}
