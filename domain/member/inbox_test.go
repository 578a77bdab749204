package member_test

import (
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/member"
)

func TestReadInbox(t *testing.T) {
	type row = domaintest.Case[member.Member, member.Event]
	own := domaintest.By(domain.Member("m1"))
	read := func(through string, s domain.Stamp) when {
		return func(m member.Member) ([]member.Event, error) { return m.ReadInbox("m1", through, s) }
	}
	e1, e2 := member.InboxRead{Stamp: own, Through: "e1"}, member.InboxRead{Stamp: own, Through: "e2"}
	domaintest.Run(t, member.Member.Fold, []row{
		{Name: "up to a notice", Given: []member.Event{invited}, When: read("e1", own), Want: []member.Event{e1}},
		{Name: "further", Given: []member.Event{invited, e1}, When: read("e2", own), Want: []member.Event{e2}},
		{Name: "again", Given: []member.Event{invited, e1}, When: read("e1", own)},
		{Name: "up to nothing", Given: []member.Event{invited}, When: read("", own), Err: domain.ErrInvalid},
		{Name: "for somebody else", Given: []member.Event{invited}, When: read("e1", domaintest.By(domain.Member("m2"))), Err: member.ErrNotYourInbox},
		{Name: "after access ended", Given: []member.Event{invited, deactivated}, When: read("e1", own), Err: member.ErrInactive},
		{Name: "by nobody", When: read("e1", own), Err: member.ErrUnknown},
	}...)
}
