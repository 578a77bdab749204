package member_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/personal"
)

type (
	events = []member.Event
	row    = domaintest.Case[member.Member, member.Event]
	when   = func(member.Member) ([]member.Event, error)
)

var (
	s   = domaintest.By(domain.Member("admin"))
	key = personal.Key{ID: "m1", Owner: "m1"}
	end = domaintest.At.AddDate(1, 0, 0)

	invited     member.Event = member.Invited{Stamp: s, Role: access.Recruiting}
	deactivated member.Event = member.Deactivated{Stamp: s}
	reactivated member.Event = member.Reactivated{Stamp: s}
	issued      member.Event = member.TokenIssued{Stamp: s, Token: "t1", ExpiresAt: end}
	revoked     member.Event = member.TokenRevoked{Stamp: s, Token: "t1"}
)

// TestInvite holds S2-104.
func TestInvite(t *testing.T) {
	invite := func(role access.OrganizationRole, name, email personal.Plain) when {
		return func(m member.Member) ([]member.Event, error) { return m.Invite(role, name, email, key, s) }
	}
	domaintest.Run(t, member.Member.Fold, []row{
		{
			Name: "somebody becomes a member, under their key", When: invite(access.Auditor, " Bo Li ", "bo@example.org"),
			Want: events{member.Invited{Stamp: s, Role: access.Auditor, Name: personal.New(key, "Bo Li"), Email: personal.New(key, "bo@example.org")}},
		},
		{
			Name: "an address is not needed", When: invite(access.Admin, "Bo Li", ""),
			Want: events{member.Invited{Stamp: s, Role: access.Admin, Name: personal.New(key, "Bo Li")}},
		},
		{Name: "a member is not invited again", Given: events{invited}, When: invite(access.Admin, "Bo Li", "")},
		{Name: "nor when deactivated", Given: events{invited, deactivated}, When: invite(access.Admin, "Bo Li", "")},
		{Name: "no such role", When: invite("owner", "Bo Li", ""), Err: domain.ErrInvalid, Says: `no organisation role "owner"`},
		{Name: "no name", When: invite(access.Admin, " ", ""), Err: domain.ErrInvalid, Says: "The name is required"},
		{Name: "long address", When: invite(access.Admin, "Bo", personal.Plain(strings.Repeat("a", 255))), Err: domain.ErrInvalid, Says: "The e-mail address has 255"},
		{Name: "two lines", When: invite(access.Admin, "Bo\nLi", ""), Err: domain.ErrInvalid, Says: "must be one line"},
	}...)
}

func TestSetRole(t *testing.T) {
	setRole := func(by domain.Actor, role access.OrganizationRole) when {
		return func(m member.Member) ([]member.Event, error) { return m.SetRole("m1", role, domaintest.By(by)) }
	}
	admin := domain.Member("admin")
	domaintest.Run(t, member.Member.Fold, []row{
		{Name: "another role", Given: events{invited}, When: setRole(admin, access.Auditor), Want: events{member.RoleSet{Stamp: s, Role: access.Auditor}}},
		{Name: "the same role", Given: events{invited}, When: setRole(admin, access.Recruiting)},
		{Name: "nobody", When: setRole(admin, access.Auditor), Err: member.ErrUnknown},
		{Name: "deactivated", Given: events{invited, deactivated}, When: setRole(admin, access.Auditor), Err: member.ErrInactive},
		{Name: "no such role", Given: events{invited}, When: setRole(admin, "owner"), Err: domain.ErrInvalid, Says: `no organisation role "owner"`},
		{Name: "one's own", Given: events{invited}, When: setRole(domain.Member("m1"), access.Admin), Err: member.ErrYourself},
	}...)
}

func TestDeactivateAndReactivate(t *testing.T) {
	deactivate := func(by domain.Actor) when {
		return func(m member.Member) ([]member.Event, error) { return m.Deactivate("m1", "", domaintest.By(by)) }
	}
	reactivate := func(m member.Member) ([]member.Event, error) { return m.Reactivate(s) }
	admin := domain.Member("admin")
	domaintest.Run(t, member.Member.Fold, []row{
		{Name: "access ends", Given: events{invited, issued}, When: deactivate(admin), Want: events{deactivated}},
		{Name: "access has ended", Given: events{invited, deactivated}, When: deactivate(admin)},
		{Name: "nobody's access ends", When: deactivate(admin), Err: member.ErrUnknown},
		{Name: "one's own access does not end", Given: events{invited}, When: deactivate(domain.Member("m1")), Err: member.ErrYourself},
		{Name: "access begins again", Given: events{invited, deactivated}, When: reactivate, Want: events{reactivated}},
		{Name: "access had not ended", Given: events{invited}, When: reactivate},
		{Name: "nobody's access begins again", When: reactivate, Err: member.ErrUnknown},
	}...)
}

func TestTokens(t *testing.T) {
	issue := func(token string, expires time.Time) when {
		return func(m member.Member) ([]member.Event, error) { return m.IssueToken(token, expires, "", nil, s) }
	}
	revoke := func(m member.Member) ([]member.Event, error) { return m.RevokeToken("t1", s) }
	tooLate := domaintest.At.AddDate(2, 0, 1).Add(time.Second)
	domaintest.Run(t, member.Member.Fold, []row{
		{Name: "a token", Given: events{invited}, When: issue("t1", end), Want: events{issued}},
		{Name: "the same token", Given: events{invited, issued}, When: issue("t1", end)},
		{Name: "a revoked token does not come back", Given: events{invited, issued, revoked}, When: issue("t1", end)},
		{Name: "for nobody", When: issue("t1", end), Err: member.ErrUnknown},
		{Name: "for a member who was deactivated", Given: events{invited, deactivated}, When: issue("t1", end), Err: member.ErrInactive},
		{Name: "that has expired", Given: events{invited}, When: issue("t1", domaintest.At), Err: domain.ErrInvalid, Says: "within two years"},
		{Name: "that lives too long", Given: events{invited}, When: issue("t1", tooLate), Err: domain.ErrInvalid, Says: "within two years"},
		{Name: "is revoked", Given: events{invited, issued}, When: revoke, Want: events{revoked}},
		{Name: "is revoked once", Given: events{invited, issued, revoked}, When: revoke},
		{Name: "ended with the access, even if that is back", Given: events{invited, issued, deactivated, reactivated}, When: revoke},
		{Name: "nobody has", When: revoke, Err: member.ErrUnknownToken},
		{Name: "the member has not", Given: events{invited}, When: revoke, Err: member.ErrUnknownToken},
	}...)
}

func TestRoleCountsWhileActive(t *testing.T) {
	for _, tt := range []struct {
		name  string
		given events
		want  access.OrganizationRole
		live  int
	}{
		{name: "nobody"},
		{name: "invited", given: events{invited, issued}, want: access.Recruiting, live: 1},
		{name: "deactivated", given: events{invited, issued, deactivated}},
		{name: "reactivated, without the tokens", given: events{invited, issued, deactivated, reactivated}, want: access.Recruiting},
	} {
		m := member.Member{}.Fold(tt.given...)
		if m.OrganizationRole() != tt.want || len(m.Tokens) != tt.live {
			t.Errorf("%s: role %q with %d tokens, want %q with %d", tt.name, m.OrganizationRole(), len(m.Tokens), tt.want, tt.live)
		}
	}
}

// Two branches of one history stay apart.
func TestFoldDoesNotAlias(t *testing.T) {
	base := member.Member{}.Fold(invited, issued, member.TokenIssued{Stamp: s, Token: "t2", ExpiresAt: end}, member.TokenRevoked{Stamp: s, Token: "t2"})
	want := member.Member{}.Fold(invited, issued, member.TokenIssued{Stamp: s, Token: "t2", ExpiresAt: end}, member.TokenRevoked{Stamp: s, Token: "t2"})
	for _, e := range (events{revoked, deactivated, member.TokenIssued{Stamp: s, Token: "t3", ExpiresAt: end}}) {
		base.Fold(e)
		if !reflect.DeepEqual(base, want) {
			t.Fatalf("%s wrote into %+v", e.EventName(), base)
		}
	}
}

// Who leaves hands over to somebody else (S2-104).
func TestHandOver(t *testing.T) {
	to := func(successor string) when {
		return func(m member.Member) ([]member.Event, error) { return m.Deactivate("m1", successor, s) }
	}
	domaintest.Run(t, member.Member.Fold, []row{
		{Name: "to another", Given: events{invited}, When: to("m2"), Want: events{member.Deactivated{Stamp: s, HandedTo: "m2"}}},
		{Name: "to nobody", Given: events{invited}, When: to(""), Want: events{deactivated}},
		{Name: "to themselves", Given: events{invited}, When: to("m1"), Err: domain.ErrInvalid, Says: "Somebody else"},
		{Name: "once", Given: events{invited, deactivated}, When: to("m2")},
	}...)
}

func TestCorrect(t *testing.T) {
	correct := func(name, email personal.Plain) when {
		return func(m member.Member) ([]member.Event, error) { return m.Correct("c1", name, email, key, s) }
	}
	corrected := member.DetailsCorrected{Stamp: s, Correction: "c1", Name: personal.New(key, "Bo Li")}
	domaintest.Run(t, member.Member.Fold, []row{
		{Name: "the name", Given: events{invited}, When: correct(" Bo Li ", ""), Want: events{corrected}},
		{Name: "the address", Given: events{invited}, When: correct("", "bo@example.org"), Want: events{member.DetailsCorrected{Stamp: s, Correction: "c1", Email: personal.New(key, "bo@example.org")}}},
		{Name: "once", Given: events{invited, corrected}, When: correct("Bo Li", "")},
		{Name: "nothing", Given: events{invited}, When: correct(" ", ""), Err: domain.ErrInvalid, Says: "a name or an e-mail address"},
		{Name: "no address", Given: events{invited}, When: correct("", "bo"), Err: domain.ErrInvalid, Says: "e-mail address is none"},
		{Name: "of nobody", When: correct("Bo", ""), Err: member.ErrUnknown},
		{Name: "of who was erased", Given: events{invited, deactivated, member.NameErased{Stamp: s}}, When: correct("Bo", ""), Err: member.ErrErased},
	}...)
}

// A former member's name can be erased, and they do not come back (S2-104).
func TestEraseName(t *testing.T) {
	erase := func(gone bool) when {
		return func(m member.Member) ([]member.Event, error) { return m.EraseName(gone, s) }
	}
	erased := member.NameErased{Stamp: s}
	domaintest.Run(t, member.Member.Fold, []row{
		{Name: "of a former member", Given: events{invited, deactivated}, When: erase(false), Want: events{erased}},
		{Name: "once", Given: events{invited, deactivated, erased}, When: erase(false)},
		{Name: "of a member", Given: events{invited}, When: erase(false), Err: member.ErrStillActive},
		{Name: "too late to refuse", Given: events{invited}, When: erase(true), Want: events{erased}},
		{Name: "of nobody", When: erase(false), Err: member.ErrUnknown},
		{
			Name: "they do not come back", Given: events{invited, deactivated, erased},
			When: func(m member.Member) ([]member.Event, error) { return m.Reactivate(s) }, Err: member.ErrErased,
		},
	}...)
}

// A token may be for reading alone, and gets another secret while the one before
// counts for a while (S2-104).
func TestTokensRotate(t *testing.T) {
	rotate := func(token, rotation string, overlap time.Duration) when {
		return func(m member.Member) ([]member.Event, error) { return m.RotateToken(token, rotation, overlap, s) }
	}
	issue := func(access member.TokenAccess) when {
		return func(m member.Member) ([]member.Event, error) { return m.IssueToken("t1", end, access, nil, s) }
	}
	rotated := member.TokenRotated{Stamp: s, Token: "t1", Rotation: "r1", PreviousUntil: s.At.Add(time.Hour)}
	domaintest.Run(t, member.Member.Fold, []row{
		{Name: "a read token", Given: events{invited}, When: issue(member.ReadToken), Want: events{member.TokenIssued{Stamp: s, Token: "t1", ExpiresAt: end, Access: member.ReadToken}}},
		{Name: "a write token says nothing more", Given: events{invited}, When: issue(member.WriteToken), Want: events{issued}},
		{Name: "a token for everything", Given: events{invited}, When: issue("all"), Err: domain.ErrInvalid, Says: "read or write"},
		{Name: "a calendar token", Given: events{invited}, When: issue(member.CalendarToken), Want: events{member.TokenIssued{Stamp: s, Token: "t1", ExpiresAt: end, Access: member.CalendarToken}}},
		{
			Name: "a calendar token of a job", Given: events{invited},
			When: func(m member.Member) ([]member.Event, error) {
				return m.IssueToken("t1", end, member.CalendarToken, []string{"j1"}, s)
			},
			Err: domain.ErrInvalid, Says: "held to no jobs",
		},
		{
			Name: "of two jobs", Given: events{invited},
			When: func(m member.Member) ([]member.Event, error) {
				return m.IssueToken("t1", end, "", []string{"j1", "j2"}, s)
			},
			Want: events{member.TokenIssued{Stamp: s, Token: "t1", ExpiresAt: end, Jobs: []string{"j1", "j2"}}},
		},
		{
			Name: "of too many jobs", Given: events{invited},
			When: func(m member.Member) ([]member.Event, error) {
				return m.IssueToken("t1", end, "", make([]string, 51), s)
			},
			Err: domain.ErrInvalid, Says: "at most 50 jobs",
		},
		{Name: "another secret", Given: events{invited, issued}, When: rotate("t1", "r1", time.Hour), Want: events{rotated}},
		{Name: "once", Given: events{invited, issued, rotated}, When: rotate("t1", "r1", time.Hour)},
		{Name: "for too long", Given: events{invited, issued}, When: rotate("t1", "r1", member.MaxOverlap+1), Err: domain.ErrInvalid, Says: "10080 minutes"},
		{Name: "of one that ended", Given: events{invited, issued, revoked}, When: rotate("t1", "r1", 0), Err: member.ErrUnknownToken},
		{Name: "of nobody", Given: events{invited}, When: rotate("t1", "r1", 0), Err: member.ErrUnknownToken},
	}...)
	if m := (member.Member{}).Fold(invited, issued, rotated, revoked); len(m.Rotated) != 0 {
		t.Errorf("after the end of the token: %+v", m.Rotated)
	}
}
