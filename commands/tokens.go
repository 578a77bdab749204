package commands

import (
	"context"
	"errors"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/internal/ops"
)

// IssueToken gives out a token a member acts by.
type IssueToken struct {
	Member  string     `json:"-"`
	Name    string     `json:"name" minLength:"1" maxLength:"100" doc:"What it is for"`
	Expires *time.Time `json:"expires_at,omitempty" doc:"Until when it counts, at most two years; default 90 days"`

	Jobs   []string           `json:"job_ids,omitempty" maxItems:"50" doc:"The jobs it is held to: with it there are no others, and nothing that is not about one job; none means all that its member may"`
	Access member.TokenAccess `json:"access,omitempty" enum:"read,write,calendar" default:"write" doc:"A read token gives no command, whatever its member may; a calendar token gives the feed of their interviews at /v1/calendar/{secret} and nothing else"`
}

// IssueToken gives cmd and returns the secret, which is shown this once. Its id
// is the token's. Admins may, and members for themselves. Given again with the
// same key it answers with a new secret: the first was not received.
// Errors: those of member.IssueToken; job.ErrUnknown; member.ErrUnknownToken when the token has
// ended by now; ErrDenied.
func (c *Commands) IssueToken(ctx context.Context, caller Caller, cmd IssueToken) (Answer, string, error) {
	name, err := domain.TextOf("The name", cmd.Name, 1, 100)
	if err != nil {
		return Answer{}, "", err
	}
	for _, id := range cmd.Jobs {
		if c.directory.Job(id).Status == "" {
			return Answer{}, "", job.ErrUnknown
		}
	}
	id := caller.newID("token")
	expires := c.stamp(caller, time.Time{}).At.AddDate(0, 0, 90)
	if cmd.Expires != nil {
		expires = cmd.Expires.UTC()
	}
	answer, err := transact(ctx, c, c.members, cmd.Member, caller, decision[member.Member, member.Event]{
		may: func(member.Member) error { return c.selfOrAdmin(caller, cmd.Member) },
		decide: func(m member.Member, s domain.Stamp) ([]member.Event, error) {
			return m.IssueToken(id, expires, cmd.Access, cmd.Jobs, s)
		},
	})
	answer.ID = id
	if err != nil {
		return answer, "", err
	}
	if expires, err = c.tokenInForce(ctx, cmd.Member, id); err != nil {
		return answer, "", err
	}
	proved, err := c.proves(ctx, caller, cmd.Member)
	if err != nil {
		return answer, "", err
	}
	secret, err := c.tokens.Issue(ctx, ops.Token{Proved: proved, ID: id, Member: cmd.Member, Name: name, ExpiresAt: expires, ReadOnly: cmd.Access == member.ReadToken, Jobs: cmd.Jobs, Calendar: cmd.Access == member.CalendarToken})
	if err != nil {
		return answer, "", err
	}
	// Whoever ends it from here on finds it stored; whoever did before may not have.
	if _, err := c.tokenInForce(ctx, cmd.Member, id); err != nil {
		return answer, "", errors.Join(err, c.tokens.Revoke(ctx, id))
	}
	return answer, secret, nil
}

// RotateToken gives a token another secret.
type RotateToken struct {
	Member  string `json:"-"`
	Token   string `json:"-"`
	Overlap *int   `json:"overlap_minutes,omitempty" minimum:"0" maximum:"10080" doc:"How long the secret before still counts; default 60"`
}

// RotateToken gives cmd and returns the new secret, which is shown this once.
// Admins may, and members for themselves. Given again with the same key it
// answers with a newer secret: the first was not received.
// Errors: those of member.RotateToken; member.ErrRotatedSince; ErrDenied.
func (c *Commands) RotateToken(ctx context.Context, caller Caller, cmd RotateToken) (Answer, string, error) {
	rotation, overlap := caller.newID("rotation"), time.Hour
	if cmd.Overlap != nil {
		overlap = time.Duration(*cmd.Overlap) * time.Minute
	}
	answer, err := transact(ctx, c, c.members, cmd.Member, caller, decision[member.Member, member.Event]{
		may: func(member.Member) error { return c.selfOrAdmin(caller, cmd.Member) },
		decide: func(m member.Member, s domain.Stamp) ([]member.Event, error) {
			return m.RotateToken(cmd.Token, rotation, overlap, s)
		},
	})
	answer.ID = cmd.Token
	if err != nil {
		return answer, "", err
	}
	f, err := c.members.read(ctx, c.log, cmd.Member)
	if err != nil {
		return answer, "", err
	}
	last, ok := f.state.Rotated[cmd.Token]
	switch {
	case !ok:
		return answer, "", member.ErrUnknownToken
	case last.ID != rotation:
		return answer, "", member.ErrRotatedSince
	}
	proved, err := c.proves(ctx, caller, cmd.Member)
	if err != nil {
		return answer, "", err
	}
	// Whoever ended it meanwhile ended it there too, or does so right away.
	secret, err := c.tokens.Rotate(ctx, cmd.Token, rotation, last.PreviousUntil, proved)
	if errors.Is(err, ops.ErrToken) {
		err = member.ErrUnknownToken
	}
	return answer, secret, err
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
