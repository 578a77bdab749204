package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/member"
)

// ReadInbox says how far the member who asks has read their inbox.
type ReadInbox struct {
	Through string `json:"through" format:"uuid" doc:"The notice you saw last, by its id; those that came after it stay unread"`
}

// ReadInbox gives cmd. Members may, for themselves.
// Errors: those of member.ReadInbox; ErrDenied.
func (c *Commands) ReadInbox(ctx context.Context, caller Caller, cmd ReadInbox) (Answer, error) {
	id := caller.Actor.MemberID()
	if id == "" {
		return Answer{}, ErrDenied
	}
	return transact(ctx, c, c.members, id, caller, decision[member.Member, member.Event]{
		decide: func(m member.Member, s domain.Stamp) ([]member.Event, error) { return m.ReadInbox(id, cmd.Through, s) },
	})
}
