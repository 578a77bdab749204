// Package member holds the people who work with the system: their organisation
// role and the tokens they act by. Names are personal and sealed under the
// member's own key.
package member

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/personal"
)

// Member is what decisions need of a member.
type Member struct {
	Name    personal.Text // sealed; absent once erased
	Exists  bool
	Active  bool
	Role    access.OrganizationRole
	Tokens  map[string]time.Time // tokens in force: expiry by id
	Rotated map[string]Rotation  // the last ones of tokens in force, by token
	Ended   map[string]bool      // tokens that no longer count, by id

	Corrected string // the last correction of name or address, by id
	Erased    bool   // name and address are gone for good
	Read      string // notice the member has read their inbox up to
	Notify    Notifications
	Busy      string // where the busy times are, by id
	HandingTo string // member who takes over what is not handed over yet

	SecondFactor string // id of the one that counts; empty = none
	Renewed      string // the last renewal of recovery codes, by id
	Recovered    string // the last use of one, by id
}

// OrganizationRole is the role that counts for rights: none unless active.
func (m Member) OrganizationRole() access.OrganizationRole {
	if !m.Active {
		return ""
	}
	return m.Role
}

// Event is a fact about a member. Names and JSON fields are stored for ever;
// testdata/events pins them.
//
//sumtype:decl
type Event interface {
	domain.Fact
	evolve(Member) Member
}

// Codec reads and writes the events of a member.
var Codec = domain.NewCodec[Event](Invited{}, DetailsCorrected{}, RoleSet{}, Deactivated{}, Reactivated{}, NameErased{}, TokenIssued{}, TokenRotated{}, TokenRevoked{}, InboxRead{}, NotificationsSet{}, HandedOver{}, BusyAddressSet{}, BusyAddressRemoved{},
	SecondFactorConfirmed{}, SecondFactorRemoved{}, RecoveryCodesRenewed{}, RecoveryCodeUsed{})

// Fold returns m with events applied in order.
func (m Member) Fold(events ...Event) Member {
	for _, e := range events {
		m = e.evolve(m)
	}
	return m
}

// The rules that refuse.
var (
	ErrUnknown       = &domain.Refusal{Kind: domain.Absent, Code: "unknown_member", Message: "There is no such member."}
	ErrInactive      = &domain.Refusal{Kind: domain.Illegal, Code: "member_inactive", Message: "The member was deactivated."}
	ErrUnknownToken  = &domain.Refusal{Kind: domain.Absent, Code: "unknown_token", Message: "The member has no such token."}
	ErrYourself      = &domain.Refusal{Kind: domain.Illegal, Code: "own_membership", Message: "Members cannot deactivate themselves or change their own role."}
	ErrReadOnlyToken = &domain.Refusal{Kind: domain.Denied, Code: "read_only_token", Message: "This token may read and change nothing."}
	ErrTokenOfJobs   = &domain.Refusal{Kind: domain.Denied, Code: "token_of_some_jobs", Message: "This token is held to some jobs, and this is not about one of them alone."}
	ErrErased        = &domain.Refusal{Kind: domain.Illegal, Code: "member_erased", Message: "The member's name was erased; invite them anew."}
	ErrStillActive   = &domain.Refusal{Kind: domain.Illegal, Code: "member_active", Message: "The member must be deactivated first."}
)

// Invited records that somebody became a member.
type Invited struct {
	domain.Stamp
	Role  access.OrganizationRole `json:"role"`
	Name  personal.Text           `json:"name"`
	Email personal.Text           `json:"email"`
}

// EventName implements domain.Fact.
func (Invited) EventName() string { return "member.invited.v1" }

func (e Invited) evolve(m Member) Member {
	m.Exists, m.Active, m.Role, m.Name = true, true, e.Role, e.Name
	return m
}

// Invite makes somebody a member, under key. Name is 1–200 characters, e-mail
// up to 254, empty for none. Errors: domain.ErrInvalid.
func (m Member) Invite(role access.OrganizationRole, name, email personal.Plain, key personal.Key, s domain.Stamp) ([]Event, error) {
	if m.Exists {
		return nil, nil
	}
	if !role.Valid() {
		return nil, domain.ErrInvalid.Because("There is no organisation role %q.", string(role))
	}
	n, err := domain.LineOf("The name", string(name), 1, 200)
	if err != nil {
		return nil, err
	}
	mail, err := domain.EmailOf(string(email))
	if err != nil {
		return nil, err
	}
	return []Event{Invited{Stamp: s, Role: role, Name: personal.New(key, personal.Plain(n)), Email: personal.New(key, personal.Plain(mail))}}, nil
}

// RoleSet records another organisation role.
type RoleSet struct {
	domain.Stamp
	Role access.OrganizationRole `json:"role"`
}

// EventName implements domain.Fact.
func (RoleSet) EventName() string { return "member.role_set.v1" }

func (e RoleSet) evolve(m Member) Member { m.Role = e.Role; return m }

// SetRole gives the member another organisation role. id is the member's own.
// Errors: ErrUnknown, ErrInactive, ErrYourself, domain.ErrInvalid.
func (m Member) SetRole(id string, role access.OrganizationRole, s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case !m.Active:
		return nil, ErrInactive
	case !role.Valid():
		return nil, domain.ErrInvalid.Because("There is no organisation role %q.", string(role))
	case role == m.Role:
		return nil, nil
	case s.By == domain.Member(id):
		return nil, ErrYourself
	}
	return []Event{RoleSet{Stamp: s, Role: role}}, nil
}

// DetailsCorrected records another name or address; an absent one stayed.
type DetailsCorrected struct {
	domain.Stamp
	Correction string        `json:"correction"` // id
	Name       personal.Text `json:"name"`
	Email      personal.Text `json:"email"`
}

// EventName implements domain.Fact.
func (DetailsCorrected) EventName() string { return "member.details_corrected.v1" }

func (e DetailsCorrected) evolve(m Member) Member {
	m.Corrected = e.Correction
	if !e.Name.IsZero() {
		m.Name = e.Name
	}
	return m
}

// Correct gives the member another name or address, under key; an empty one
// stays as it is. Errors: ErrUnknown, ErrErased, domain.ErrInvalid.
func (m Member) Correct(correction string, name, email personal.Plain, key personal.Key, s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case m.Corrected == correction:
		return nil, nil
	case m.Erased:
		return nil, ErrErased
	}
	n, err := domain.LineOf("The name", string(name), 0, 200)
	if err != nil {
		return nil, err
	}
	mail, err := domain.EmailOf(string(email))
	if err != nil {
		return nil, err
	}
	if n == "" && mail == "" {
		return nil, domain.ErrInvalid.Because("A correction names a name or an e-mail address.")
	}
	return []Event{DetailsCorrected{Stamp: s, Correction: correction, Name: personal.New(key, personal.Plain(n)), Email: personal.New(key, personal.Plain(mail))}}, nil
}
