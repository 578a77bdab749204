package member_test

import (
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
)

// S2-45..46: members override what their roles say they are told of, for
// themselves alone.
func TestSetNotifications(t *testing.T) {
	type row = domaintest.Case[member.Member, member.Event]
	own := domaintest.By(domain.Member("m1"))
	set := func(by domain.Stamp, on, off []organization.Notification) when {
		return func(m member.Member) ([]member.Event, error) {
			return m.SetNotifications("m1", member.Notifications{On: on, Off: off}, by)
		}
	}
	kinds := func(k ...organization.Notification) []organization.Notification { return k }
	both := member.NotificationsSet{Stamp: own, Notifications: member.Notifications{
		On: kinds(organization.EvaluationSubmitted, organization.NewComment), Off: kinds(organization.Mentioned),
	}}
	domaintest.Run(t, member.Member.Fold, []row{
		{Name: "nobody", When: set(own, nil, nil), Err: member.ErrUnknown},
		{Name: "who left", Given: []member.Event{invited, member.Deactivated{Stamp: s}}, When: set(own, nil, nil), Err: member.ErrInactive},
		{Name: "somebody else's", Given: []member.Event{invited}, When: set(s, nil, nil), Err: member.ErrNotYourNotifications},
		{Name: "some", Given: []member.Event{invited}, When: set(own, kinds(organization.NewComment, organization.EvaluationSubmitted, organization.NewComment), kinds(organization.Mentioned)), Want: []member.Event{both}},
		{Name: "the same", Given: []member.Event{invited, both}, When: set(own, kinds(organization.EvaluationSubmitted, organization.NewComment), kinds(organization.Mentioned))},
		{Name: "as the roles say again", Given: []member.Event{invited, both}, When: set(own, nil, nil), Want: []member.Event{member.NotificationsSet{Stamp: own}}},
		{Name: "as they said before", Given: []member.Event{invited}, When: set(own, nil, nil)},
		{Name: "on and off", Given: []member.Event{invited}, When: set(own, kinds(organization.NewComment), kinds(organization.NewComment)), Err: domain.ErrInvalid},
		{Name: "one that is none", Given: []member.Event{invited}, When: set(own, kinds("gossip"), nil), Err: domain.ErrInvalid},
	}...)
}
