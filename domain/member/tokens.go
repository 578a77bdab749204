package member

import (
	"maps"
	"time"

	"github.com/hirelog/hirelog/domain"
)

// TokenAccess says what a token is good for.
type TokenAccess string

// What tokens are good for: a read token gives no command, whatever its member
// may; a calendar token gives the feed of their interviews and nothing else.
const (
	ReadToken     TokenAccess = "read"
	WriteToken    TokenAccess = "write"
	CalendarToken TokenAccess = "calendar"
)

// TokenIssued records that a token exists. The secret is nowhere in the log.
type TokenIssued struct {
	domain.Stamp
	Token     string      `json:"token"`
	ExpiresAt time.Time   `json:"expires_at"`
	Access    TokenAccess `json:"access,omitempty"` // absent = write
	Jobs      []string    `json:"jobs,omitempty"`   // it is held to; none = all the member may
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

// MaxTokenJobs is the most jobs a token may be held to.
const MaxTokenJobs = 50

// IssueToken decides that a token is given out, held to jobs if there are any. It must expire after now and
// within two years. A token that ended is not brought back: no event.
// Errors: ErrUnknown, ErrInactive, domain.ErrInvalid.
func (m Member) IssueToken(token string, expires time.Time, access TokenAccess, jobs []string, s domain.Stamp) ([]Event, error) {
	switch access {
	case ReadToken, CalendarToken:
	case WriteToken, "":
		access = ""
	default:
		return nil, domain.ErrInvalid.Because("A token is for read or write, or for the calendar.")
	}
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case !m.Active:
		return nil, ErrInactive
	case !expires.After(s.At), expires.After(s.At.AddDate(2, 0, 1)):
		return nil, domain.ErrInvalid.Because("A token must expire within two years from now.")
	case access == CalendarToken && len(jobs) > 0:
		return nil, domain.ErrInvalid.Because("A token for the calendar is held to no jobs.")
	case len(jobs) > MaxTokenJobs:
		return nil, domain.ErrInvalid.Because("A token is held to at most %d jobs.", MaxTokenJobs)
	}
	if _, ok := m.Tokens[token]; ok || m.Ended[token] {
		return nil, nil
	}
	return []Event{TokenIssued{Stamp: s, Token: token, ExpiresAt: expires, Access: access, Jobs: jobs}}, nil
}

// Rotation is the last time a token got another secret.
type Rotation struct {
	ID            string
	PreviousUntil time.Time // until when the secret before counts
}

// ErrRotatedSince means that the token has got yet another secret.
var ErrRotatedSince = &domain.Refusal{Kind: domain.Illegal, Code: "token_rotated_since", Message: "The token got another secret since."}

// TokenRotated records that a token got another secret, and until when the one
// before counts.
type TokenRotated struct {
	domain.Stamp
	Token         string    `json:"token"`
	Rotation      string    `json:"rotation"` // id
	PreviousUntil time.Time `json:"previous_until"`
}

// EventName implements domain.Fact.
func (TokenRotated) EventName() string { return "member.token_rotated.v1" }

func (e TokenRotated) evolve(m Member) Member {
	m.Rotated = maps.Clone(m.Rotated)
	if m.Rotated == nil {
		m.Rotated = map[string]Rotation{}
	}
	m.Rotated[e.Token] = Rotation{ID: e.Rotation, PreviousUntil: e.PreviousUntil}
	return m
}

// MaxOverlap is how long the secret before may count after a rotation.
const MaxOverlap = 7 * 24 * time.Hour

// RotateToken gives a token another secret; the one before counts for overlap,
// at most MaxOverlap. Errors: ErrUnknownToken, domain.ErrInvalid.
func (m Member) RotateToken(token, rotation string, overlap time.Duration, s domain.Stamp) ([]Event, error) {
	expires, ok := m.Tokens[token]
	switch {
	case ok && m.Rotated[token].ID == rotation:
		return nil, nil
	case !ok, !expires.After(s.At):
		return nil, ErrUnknownToken
	case overlap < 0 || overlap > MaxOverlap:
		return nil, domain.ErrInvalid.Because("The secret before counts for 0 to 10080 minutes.")
	}
	return []Event{TokenRotated{Stamp: s, Token: token, Rotation: rotation, PreviousUntil: s.At.Add(overlap)}}, nil
}

// TokenRevoked records that a token no longer counts.
type TokenRevoked struct {
	domain.Stamp
	Token string `json:"token"`
}

// EventName implements domain.Fact.
func (TokenRevoked) EventName() string { return "member.token_revoked.v1" }

func (e TokenRevoked) evolve(m Member) Member {
	m.Tokens, m.Rotated, m.Ended = maps.Clone(m.Tokens), maps.Clone(m.Rotated), maps.Clone(m.Ended)
	delete(m.Tokens, e.Token)
	delete(m.Rotated, e.Token)
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
