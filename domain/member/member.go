// Package member holds the people who work with the system: their organisation
// role and the tokens they act by. Names are personal and sealed under the
// member's own key.
package member

import (
	"maps"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/personal"
)

// Member is what decisions need of a member.
type Member struct {
	Exists bool
	Active bool
	Role   access.OrganizationRole
	Tokens map[string]time.Time // tokens in force: expiry by id
	Ended  map[string]bool      // tokens that no longer count, by id
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
var Codec = domain.NewCodec[Event](Invited{}, RoleSet{}, Deactivated{}, Reactivated{}, TokenIssued{}, TokenRevoked{})

// Fold returns m with events applied in order.
func (m Member) Fold(events ...Event) Member {
	for _, e := range events {
		m = e.evolve(m)
	}
	return m
}

// The rules that refuse.
var (
	ErrUnknown      = &domain.Refusal{Kind: domain.Absent, Code: "unknown_member", Message: "There is no such member."}
	ErrInactive     = &domain.Refusal{Kind: domain.Illegal, Code: "member_inactive", Message: "The member was deactivated."}
	ErrUnknownToken = &domain.Refusal{Kind: domain.Absent, Code: "unknown_token", Message: "The member has no such token."}
	ErrYourself     = &domain.Refusal{Kind: domain.Illegal, Code: "own_membership", Message: "Members cannot deactivate themselves or change their own role."}
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
	m.Exists, m.Active, m.Role = true, true, e.Role
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

// Deactivated records that a member's access ended at once.
type Deactivated struct {
	domain.Stamp
}

// EventName implements domain.Fact.
func (Deactivated) EventName() string { return "member.deactivated.v1" }

func (Deactivated) evolve(m Member) Member {
	ended := maps.Clone(m.Ended)
	if ended == nil {
		ended = make(map[string]bool, len(m.Tokens))
	}
	for token := range m.Tokens {
		ended[token] = true
	}
	m.Active, m.Tokens, m.Ended = false, nil, ended
	return m
}

// Deactivate ends the member's access. id is the member's own.
// Errors: ErrUnknown, ErrYourself.
func (m Member) Deactivate(id string, s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case !m.Active:
		return nil, nil
	case s.By == domain.Member(id):
		return nil, ErrYourself
	}
	return []Event{Deactivated{Stamp: s}}, nil
}

// Reactivated records that a member may act again. Tokens do not come back.
type Reactivated struct {
	domain.Stamp
}

// EventName implements domain.Fact.
func (Reactivated) EventName() string { return "member.reactivated.v1" }

func (Reactivated) evolve(m Member) Member { m.Active = true; return m }

// Reactivate lets a member act again. Errors: ErrUnknown.
func (m Member) Reactivate(s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case m.Active:
		return nil, nil
	}
	return []Event{Reactivated{Stamp: s}}, nil
}

// TokenIssued records that a token exists. The secret is nowhere in the log.
type TokenIssued struct {
	domain.Stamp
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
}

// EventName implements domain.Fact.
func (TokenIssued) EventName() string { return "member.token_issued.v1" }

func (e TokenIssued) evolve(m Member) Member {
	m.Tokens = maps.Clone(m.Tokens)
	if m.Tokens == nil {
		m.Tokens = map[string]time.Time{}
	}
	m.Tokens[e.Token] = e.ExpiresAt
	return m
}

// IssueToken decides that a token is given out. It must expire after now and
// within two years. A token that ended is not brought back: no event.
// Errors: ErrUnknown, ErrInactive, domain.ErrInvalid.
func (m Member) IssueToken(token string, expires time.Time, s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case !m.Active:
		return nil, ErrInactive
	case !expires.After(s.At), expires.After(s.At.AddDate(2, 0, 1)):
		return nil, domain.ErrInvalid.Because("A token must expire within two years from now.")
	}
	if _, ok := m.Tokens[token]; ok || m.Ended[token] {
		return nil, nil
	}
	return []Event{TokenIssued{Stamp: s, Token: token, ExpiresAt: expires}}, nil
}

// TokenRevoked records that a token no longer counts.
type TokenRevoked struct {
	domain.Stamp
	Token string `json:"token"`
}

// EventName implements domain.Fact.
func (TokenRevoked) EventName() string { return "member.token_revoked.v1" }

func (e TokenRevoked) evolve(m Member) Member {
	m.Tokens, m.Ended = maps.Clone(m.Tokens), maps.Clone(m.Ended)
	delete(m.Tokens, e.Token)
	if m.Ended == nil {
		m.Ended = map[string]bool{}
	}
	m.Ended[e.Token] = true
	return m
}

// RevokeToken ends a token. One that ended already is no event.
// Errors: ErrUnknownToken.
func (m Member) RevokeToken(token string, s domain.Stamp) ([]Event, error) {
	if m.Ended[token] {
		return nil, nil
	}
	if _, ok := m.Tokens[token]; !ok {
		return nil, ErrUnknownToken
	}
	return []Event{TokenRevoked{Stamp: s, Token: token}}, nil
}
