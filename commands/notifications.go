package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
)

// SetNotifications says what the member who asks wants to be told of.
type SetNotifications struct {
	On  []organization.Notification `json:"on" maxItems:"20" enum:"new_application,candidate_note,document_uploaded,new_message,new_comment,mentioned,evaluation_submitted,interview_changed,offer_changed,stage_overdue" doc:"Told of, whatever your recruiting roles say, in jobs whose hiring team you belong to"`
	Off []organization.Notification `json:"off" maxItems:"20" enum:"new_application,candidate_note,document_uploaded,new_message,new_comment,mentioned,evaluation_submitted,interview_changed,offer_changed,stage_overdue" doc:"Never told of; candidates' notes tell their managers all the same"`
}

// SetNotifications gives cmd. Members may, for themselves.
// Errors: those of member.SetNotifications; ErrDenied.
func (c *Commands) SetNotifications(ctx context.Context, caller Caller, cmd SetNotifications) (Answer, error) {
	id := caller.Actor.MemberID()
	if id == "" {
		return Answer{}, ErrDenied
	}
	return transact(ctx, c, c.members, id, caller, decision[member.Member, member.Event]{
		decide: func(m member.Member, s domain.Stamp) ([]member.Event, error) {
			return m.SetNotifications(id, member.Notifications{On: cmd.On, Off: cmd.Off}, s)
		},
	})
}
