package candidate

import "github.com/hirelog/hirelog/domain"

// ErrNoAddress means that no e-mail address of the person is known.
var ErrNoAddress = &domain.Refusal{Kind: domain.Invalid, Code: "no_address", Message: "No e-mail address of the candidate is known."}

// AddressShared records whether the person's e-mail address is one that several
// people use, such as an agency's or a family's: then nobody is recognised by it.
type AddressShared struct {
	domain.Stamp
	Shared bool `json:"shared"`
}

// EventName implements domain.Fact.
func (AddressShared) EventName() string { return "candidate.address_shared.v1" }

func (e AddressShared) evolve(c Candidate) Candidate { c.AddressShared = e.Shared; return c }

// ShareAddress says whether the person's address is one that several people use.
// What is so already is no event. Another address is not shared until it is said
// of that. Errors: ErrUnknown, ErrAnonymised, ErrNoAddress.
func (c Candidate) ShareAddress(shared bool, s domain.Stamp) ([]Event, error) {
	if err := c.exists(); err != nil {
		return nil, err
	}
	if _, known := c.Known[Email]; !known {
		return nil, ErrNoAddress
	}
	if c.AddressShared == shared {
		return nil, nil
	}
	return []Event{AddressShared{Stamp: s, Shared: shared}}, nil
}
