package commands

import (
	"context"
	"errors"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/internal/ops"
)

// IssueToken gives out a token a member acts by.
type IssueToken struct {
	Member  string     `json:"-"`
	Name    string     `json:"name" minLength:"1" maxLength:"100" doc:"What it is for"`
	Expires *time.Time `json:"expires_at,omitempty" doc:"Until when it counts, at most two years; default 90 days"`
}

// IssueToken gives cmd and returns the secret, which is shown this once. Its id
// is the token's. Admins may, and members for themselves. Given again with the
// same key it answers with a new secret: the first was not received.
// Errors: those of member.IssueToken; member.ErrUnknownToken when the token has
// ended by now; ErrDenied.
func (c *Commands) IssueToken(ctx context.Context, caller Caller, cmd IssueToken) (Answer, string, error) {
	name, err := domain.TextOf("The name", cmd.Name, 1, 100)
	if err != nil {
		return Answer{}, "", err
	}
	id := caller.newID("token")
	expires := c.stamp(caller, time.Time{}).At.AddDate(0, 0, 90)
	if cmd.Expires != nil {
		expires = cmd.Expires.UTC()
	}
	answer, err := transact(ctx, c, c.members, cmd.Member, caller, decision[member.Member, member.Event]{
		may: func(member.Member) error { return c.selfOrAdmin(caller, cmd.Member) },
		decide: func(m member.Member, s domain.Stamp) ([]member.Event, error) {
			return m.IssueToken(id, expires, s)
		},
	})
	answer.ID = id
	if err != nil {
		return answer, "", err
	}
	if expires, err = c.tokenInForce(ctx, cmd.Member, id); err != nil {
		return answer, "", err
	}
	secret, err := c.tokens.Issue(ctx, ops.Token{ID: id, Member: cmd.Member, Name: name, ExpiresAt: expires})
	if err != nil {
		return answer, "", err
	}
	// Whoever ends it from here on finds it stored; whoever did before may not have.
	if _, err := c.tokenInForce(ctx, cmd.Member, id); err != nil {
		return answer, "", errors.Join(err, c.tokens.Revoke(ctx, id))
	}
	return answer, secret, nil
}

// tokenInForce returns until when a token counts.
// Errors: member.ErrUnknownToken when it has ended.
func (c *Commands) tokenInForce(ctx context.Context, memberID, token string) (time.Time, error) {
	f, err := c.members.read(ctx, c.log, memberID)
	if err != nil {
		return time.Time{}, err
	}
	expires, ok := f.state.Tokens[token]
	if !ok {
		return time.Time{}, member.ErrUnknownToken
	}
	return expires, nil
}

// RevokeToken ends a token. Admins may, and members for themselves. It stops
// counting before that is recorded.
// Errors: member.ErrUnknownToken; ErrDenied.
func (c *Commands) RevokeToken(ctx context.Context, caller Caller, memberID, token string) (Answer, error) {
	return transact(ctx, c, c.members, memberID, caller, decision[member.Member, member.Event]{
		may:     func(member.Member) error { return c.selfOrAdmin(caller, memberID) },
		decide:  func(m member.Member, s domain.Stamp) ([]member.Event, error) { return m.RevokeToken(token, s) },
		prepare: func(ctx context.Context, _ member.Member) error { return c.tokens.Revoke(ctx, token) },
	})
}

func (c *Commands) selfOrAdmin(caller Caller, memberID string) error {
	role, err := c.role(caller)
	if err != nil {
		return err
	}
	if role == access.Admin || role != "" && caller.Actor == domain.Member(memberID) {
		return nil
	}
	return ErrDenied
}
