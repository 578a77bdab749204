package member

import (
	"maps"
	"time"

	"github.com/hirelog/hirelog/domain"
)

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
