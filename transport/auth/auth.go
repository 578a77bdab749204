// Package auth says who makes a request. A member acts by a bearer token, a
// candidate by the cookie of a session; the secret is looked at here and goes no
// further: not into logs, errors or events.
package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/internal/ops"
)

// Principal is who makes a request: a member or a candidate, never both.
type Principal struct {
	Member string // id
	Token  string // id of the token presented

	ReadOnly bool     // the token changes nothing
	Jobs     []string // the token is held to; none = all the member may

	// Factor is how the second factor stands with the token.
	Factor Factor
	// Fresh: it was shown just now, or there is none.
	Fresh bool

	Candidate string      // id
	Session   ops.Session // by which the candidate is signed in
}

// Factor says how the second factor of a member stands with the token they present.
type Factor uint8

// How it stands.
const (
	FactorNone    Factor = iota // they have none, and need none
	FactorMissing               // they have none, and everybody is to have one
	FactorUnshown               // it was not shown with the token, or too long ago
	FactorShown
)

// String returns how it stands.
func (f Factor) String() string {
	return [...]string{"none", "missing", "unshown", "shown"}[f]
}

// Standing is what counts of a member on the way in.
type Standing struct {
	Active       bool // they may act at all
	SecondFactor bool // they have one
	Required     bool // everybody is to have one
}

// Actor returns the principal as events name it.
func (p Principal) Actor() domain.Actor {
	if p.Candidate != "" {
		return domain.Candidate
	}
	return domain.Member(p.Member)
}

// Name tells principals apart.
func (p Principal) Name() string {
	if p.Candidate != "" {
		return "candidate " + p.Candidate
	}
	return p.Member
}

// Cookie is the name of the cookie that holds a candidate's session.
const Cookie = "hirelog_session"

// ErrMissing means that a request carries no bearer token, or more than one.
var ErrMissing = errors.New("bearer token is missing")

// ErrNotSignedIn means that a request carries no session of a candidate.
var ErrNotSignedIn = errors.New("no candidate is signed in")

// Members says how a member stands. Its errors mean that nobody knows.
type Members func(ctx context.Context, member string) (Standing, error)

// Authenticator finds out who makes a request. It is safe for concurrent use.
type Authenticator struct {
	tokens   *ops.Tokens
	sessions *ops.Sessions
	members  Members
}

// New returns an authenticator over tokens and sessions. Who members does not
// call active is nobody, whatever token they have. Without sessions (nil) no
// candidate is signed in.
func New(tokens *ops.Tokens, sessions *ops.Sessions, members Members) *Authenticator {
	return &Authenticator{tokens: tokens, sessions: sessions, members: members}
}

// Candidate returns the candidate who makes a request with these headers.
// Errors: ErrNotSignedIn, also for a session that is over; ops.ErrUnavailable.
func (a *Authenticator) Candidate(ctx context.Context, h http.Header) (Principal, error) {
	cookies := (&http.Request{Header: h}).CookiesNamed(Cookie)
	if len(cookies) != 1 || a.sessions == nil {
		return Principal{}, ErrNotSignedIn
	}
	session, err := a.sessions.Verify(ctx, cookies[0].Value)
	switch {
	case errors.Is(err, ops.ErrSession):
		return Principal{}, ErrNotSignedIn
	case err != nil:
		return Principal{}, err
	}
	return Principal{Candidate: session.Candidate, Session: session}, nil
}

// Authenticate returns who makes the request with these headers.
// Errors: ErrMissing; ops.ErrToken, also for a member who may not act;
// ops.ErrUnavailable; those of Members.
func (a *Authenticator) Authenticate(ctx context.Context, h http.Header) (Principal, error) {
	presented, err := bearer(h)
	if err != nil {
		return Principal{}, err
	}
	token, err := a.tokens.Verify(ctx, presented)
	if err != nil {
		return Principal{}, err
	}
	if token.Calendar {
		return Principal{}, ops.ErrToken
	}
	is, err := a.members(ctx, token.Member)
	if err != nil {
		return Principal{}, fmt.Errorf("is member %s active: %w", token.Member, err)
	}
	if !is.Active {
		return Principal{}, ops.ErrToken
	}
	return Principal{
		Member: token.Member, Token: token.ID, ReadOnly: token.ReadOnly, Jobs: token.Jobs,
		Factor: is.factor(token), Fresh: !is.SecondFactor || token.Fresh,
	}, nil
}

// factor says how the second factor stands with a token. One that was obtained by
// showing it is good by itself.
func (s Standing) factor(t ops.Token) Factor {
	switch {
	case s.SecondFactor && (t.Proved || t.Shown):
		return FactorShown
	case s.SecondFactor:
		return FactorUnshown
	case s.Required:
		return FactorMissing
	}
	return FactorNone
}

// bearer returns the one token of an Authorization header.
func bearer(h http.Header) (string, error) {
	values := h["Authorization"]
	if len(values) != 1 {
		return "", ErrMissing
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", ErrMissing
	}
	return strings.TrimSpace(token), nil
}
