// Package candidate holds the person. What is known of them is personal and
// sealed under the candidate's own key, which is wrapped for each of their
// applications: with the last of them it goes.
package candidate

import (
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// Candidate is what decisions about a person need.
type Candidate struct {
	Registered bool
	Anonymised bool
	Known      map[Attribute]personal.Text // what is known, sealed
	Change     string                      // id of the last change of that

	Custom        map[string]personal.Text // values of the organisation's own attributes, sealed
	AddressShared bool                     // several people use the address
	Into          string                   // candidate that this one is merged into
	Absorbed      []string                 // candidates that are, or are about to be, merged into this one
	Picture       string                   // file; empty = none
	DataRequests  map[string]DataRequest   // what they asked about their data, by id
}

// Event is a fact about a candidate. Names and JSON fields are stored for ever;
// testdata/events pins them.
//
//sumtype:decl
type Event interface {
	domain.Fact
	evolve(Candidate) Candidate
}

// Codec reads and writes the events of a candidate.
var Codec = domain.NewCodec[Event](Registered{}, AttributesChanged{}, Anonymised{}, AddressShared{},
	Absorbed{}, Released{}, Merged{}, Unmerged{}, PictureSet{}, PictureRemoved{}, DataRequested{}, DataRequestAnswered{})

// Registered records that a person became known.
type Registered struct {
	domain.Stamp
	FirstName personal.Text `json:"first_name"`
	LastName  personal.Text `json:"last_name"`
	Email     personal.Text `json:"email"`
	Phone     personal.Text `json:"phone"`
}

// EventName implements domain.Fact.
func (Registered) EventName() string { return "candidate.registered.v1" }

func (e Registered) evolve(c Candidate) Candidate {
	c.Registered, c.Known = true, map[Attribute]personal.Text{}
	for a, text := range map[Attribute]personal.Text{FirstName: e.FirstName, LastName: e.LastName, Email: e.Email, Phone: e.Phone} {
		if !text.IsZero() {
			c.Known[a] = text
		}
	}
	return c
}

// Anonymised records that the person's identity was erased with the last of
// their applications.
type Anonymised struct {
	domain.Stamp
}

// EventName implements domain.Fact.
func (Anonymised) EventName() string { return "candidate.anonymised.v1" }

func (Anonymised) evolve(c Candidate) Candidate {
	c.Anonymised, c.Known, c.Custom, c.Picture, c.DataRequests = true, nil, nil, "", nil
	return c
}

// Fold returns c with events applied in order.
func (c Candidate) Fold(events ...Event) Candidate {
	for _, e := range events {
		c = e.evolve(c)
	}
	return c
}

// Details are what is known of a person on arrival, each on one line. Names are
// 1–100 characters, one of the two may be empty; e-mail and phone may be empty.
type Details struct {
	FirstName personal.Plain `json:"first_name" required:"false" maxLength:"100" doc:"First name; one of the two names is required"`
	LastName  personal.Plain `json:"last_name" required:"false" maxLength:"100" doc:"Last name"`
	Email     personal.Plain `json:"email,omitempty" maxLength:"254" doc:"E-mail address; the person is recognised by it"`
	Phone     personal.Plain `json:"phone,omitempty" maxLength:"50" doc:"Telephone number"`
}

// Register records a person under key. A person is registered once; doing it
// again is no event, and never changes what is known.
// Errors: domain.ErrInvalid.
func (c Candidate) Register(d Details, key personal.Key, s domain.Stamp) ([]Event, error) {
	if c.Registered {
		return nil, nil
	}
	first, err := domain.LineOf("The first name", string(d.FirstName), 0, 100)
	if err != nil {
		return nil, err
	}
	last, err := domain.LineOf("The last name", string(d.LastName), 0, 100)
	if err != nil {
		return nil, err
	}
	if first == "" && last == "" {
		return nil, domain.ErrInvalid.Because("A first or last name is required.")
	}
	email, err := domain.EmailOf(string(d.Email))
	if err != nil {
		return nil, err
	}
	phone, err := domain.LineOf("The telephone number", string(d.Phone), 0, 50)
	if err != nil {
		return nil, err
	}
	return []Event{Registered{
		Stamp:     s,
		FirstName: personal.New(key, personal.Plain(first)),
		LastName:  personal.New(key, personal.Plain(last)),
		Email:     personal.New(key, personal.Plain(email)),
		Phone:     personal.New(key, personal.Plain(phone)),
	}}, nil
}

// Anonymise records that the identity is gone.
func (c Candidate) Anonymise(s domain.Stamp) []Event {
	if !c.Registered || c.Anonymised {
		return nil
	}
	return []Event{Anonymised{Stamp: s}}
}
