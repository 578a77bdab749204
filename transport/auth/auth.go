// Package auth says who makes a request. A member acts by a bearer token; the
// secret is looked at here and goes no further: not into logs, errors or
// events.
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

// Principal is who makes a request.
type Principal struct {
	Member string // id
	Token  string // id of the token presented

	ReadOnly bool // the token changes nothing
}

// Actor returns the principal as events name it.
func (p Principal) Actor() domain.Actor { return domain.Member(p.Member) }

// ErrMissing means that a request carries no bearer token, or more than one.
var ErrMissing = errors.New("bearer token is missing")

// Members says whether a member may act at all. Its errors mean that nobody
// knows.
type Members func(ctx context.Context, member string) (active bool, err error)

// Authenticator finds out who makes a request. It is safe for concurrent use.
type Authenticator struct {
	tokens  *ops.Tokens
	members Members
}

// New returns an authenticator over tokens. Who members does not call active is
// nobody, whatever token they have.
func New(tokens *ops.Tokens, members Members) *Authenticator {
	return &Authenticator{tokens: tokens, members: members}
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
	active, err := a.members(ctx, token.Member)
	if err != nil {
		return Principal{}, fmt.Errorf("is member %s active: %w", token.Member, err)
	}
	if !active {
		return Principal{}, ops.ErrToken
	}
	return Principal{Member: token.Member, Token: token.ID, ReadOnly: token.ReadOnly}, nil
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
