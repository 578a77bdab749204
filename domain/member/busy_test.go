package member_test

import (
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/personal"
)

// S2-40: members say where their own busy times are.
func TestBusyAddress(t *testing.T) {
	own := domain.Stamp{At: s.At, By: "member:m1"}
	calendar := member.Calendar{Kind: member.BusyCalDAV, Address: personal.New(key, "https://cal.example/ana"), User: personal.New(key, "ana"), Password: personal.New(key, "secret")}
	set := func(busy string, c member.Calendar, by domain.Stamp) when {
		return func(m member.Member) ([]member.Event, error) { return m.SetBusyAddress("m1", busy, c, by) }
	}
	remove := func(by domain.Stamp) when {
		return func(m member.Member) ([]member.Event, error) { return m.RemoveBusyAddress("m1", by) }
	}
	was := member.BusyAddressSet{Stamp: own, Busy: "b1", Kind: calendar.Kind, Address: calendar.Address, User: calendar.User, Password: calendar.Password}
	next := was
	next.Busy = "b2"
	gone := member.BusyAddressRemoved{Stamp: own, Busy: "b1"}
	domaintest.Run(t, member.Member.Fold, []row{
		{Name: "one", Given: []member.Event{invited}, When: set("b1", calendar, own), Want: []member.Event{was}},
		{Name: "the same again", Given: []member.Event{invited, was}, When: set("b1", calendar, own)},
		{Name: "another", Given: []member.Event{invited, was}, When: set("b2", calendar, own), Want: []member.Event{next}},
		{Name: "somebody else's", Given: []member.Event{invited}, When: set("b1", calendar, domaintest.By("member:m9")), Err: member.ErrNotYourCalendar},
		{Name: "of nobody", When: set("b1", calendar, own), Err: member.ErrUnknown},
		{Name: "nowhere", Given: []member.Event{invited}, When: set("b1", member.Calendar{Kind: member.BusyFile}, own), Err: domain.ErrInvalid},
		{Name: "of no kind", Given: []member.Event{invited}, When: set("b1", member.Calendar{Kind: "fax", Address: calendar.Address}, own), Err: domain.ErrInvalid},
		{Name: "removed", Given: []member.Event{invited, was}, When: remove(own), Want: []member.Event{gone}},
		{Name: "removed again", Given: []member.Event{invited, was, gone}, When: remove(own)},
		{Name: "removed by somebody else", Given: []member.Event{invited, was}, When: remove(domaintest.By("member:m9")), Err: member.ErrNotYourCalendar},
		{Name: "gone with the name", Given: []member.Event{invited, was, member.NameErased{Stamp: s}}, When: remove(own), Err: member.ErrInactive},
	}...)
}
