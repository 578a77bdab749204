package member_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

func TestStored(t *testing.T) {
	const token = "3f0a9f1e-0c5b-4a66-8f0e-6f2f3b9d7a10"
	domaintest.Stored[member.Event](t, "member", member.Codec,
		member.Invited{Stamp: s, Role: access.Recruiting, Name: personal.Sealed([]byte("sealed name")), Email: personal.Sealed([]byte("sealed e-mail"))},
		member.RoleSet{Stamp: s, Role: access.Auditor},
		member.Deactivated{Stamp: s, HandedTo: token},
		reactivated,
		member.DetailsCorrected{Stamp: s, Correction: token, Name: personal.Sealed([]byte("sealed name")), Email: personal.Sealed([]byte("sealed e-mail"))},
		member.NameErased{Stamp: s},
		member.TokenIssued{Stamp: s, Token: token, ExpiresAt: end, Access: member.ReadToken, Jobs: []string{token}},
		member.TokenRotated{Stamp: s, Token: token, Rotation: token, PreviousUntil: end},
		member.TokenRevoked{Stamp: s, Token: token},
		member.InboxRead{Stamp: s, Through: token},
		member.HandedOver{Stamp: s, To: token, Handed: member.Handed{Applications: 3, Kept: 1, Work: 2, Jobs: 1}},
		member.SecondFactorConfirmed{Stamp: s, Factor: token, Codes: 10},
		member.SecondFactorRemoved{Stamp: s, Factor: token},
		member.RecoveryCodesRenewed{Stamp: s, Renewal: token, Codes: 10},
		member.RecoveryCodeUsed{Stamp: s, Use: token, Left: 9},
		member.BusyAddressSet{
			Stamp: s, Busy: token, Kind: member.BusyCalDAV,
			Address: personal.Sealed([]byte("sealed address")), User: personal.Sealed([]byte("sealed user")), Password: personal.Sealed([]byte("sealed password")),
		},
		member.BusyAddressRemoved{Stamp: s, Busy: token},
		member.NotificationsSet{Stamp: s, Notifications: member.Notifications{On: []organization.Notification{organization.NewComment}, Off: []organization.Notification{organization.Mentioned}}},
	)
}

var roles = []access.OrganizationRole{access.Admin, access.Recruiting, access.Auditor, access.Reporting, "owner"}

func ask(t *rapid.T, s domain.Stamp) func(member.Member) ([]member.Event, error) {
	role := rapid.SampledFrom(roles).Draw(t, "role")
	token := rapid.SampledFrom([]string{"t1", "t2", "t3"}).Draw(t, "token")
	name := personal.Plain(rapid.SampledFrom([]string{"Ana", "Bo Li", "", "a\nb"}).Draw(t, "name"))
	expires := s.At.Add(time.Duration(rapid.IntRange(-24, 24*800).Draw(t, "hours")) * time.Hour)
	use := rapid.SampledFrom([]member.TokenAccess{"", member.ReadToken, member.WriteToken, "all"}).Draw(t, "use")
	rotation := rapid.SampledFrom([]string{"r1", "r2"}).Draw(t, "rotation")
	overlap := time.Duration(rapid.IntRange(-1, 24*8).Draw(t, "overlap")) * time.Hour
	successor := rapid.SampledFrom([]string{"", "m1", "m2"}).Draw(t, "successor")
	kinds := rapid.SliceOfN(rapid.SampledFrom(append(organization.Notifications(), "gossip")), 0, 3)
	notify := member.Notifications{On: kinds.Draw(t, "on"), Off: kinds.Draw(t, "off")}
	gone := rapid.IntRange(0, 9).Draw(t, "gone") == 0
	return rapid.SampledFrom([]when{
		func(m member.Member) ([]member.Event, error) { return m.Invite(role, name, "ana@example.org", key, s) },
		func(m member.Member) ([]member.Event, error) { return m.SetRole("m1", role, s) },
		func(m member.Member) ([]member.Event, error) { return m.Deactivate("m1", successor, s) },
		func(m member.Member) ([]member.Event, error) { return m.Correct(token, name, "", key, s) },
		func(m member.Member) ([]member.Event, error) { return m.EraseName(gone, s) },
		func(m member.Member) ([]member.Event, error) { return m.Reactivate(s) },
		func(m member.Member) ([]member.Event, error) { return m.IssueToken(token, expires, use, nil, s) },
		func(m member.Member) ([]member.Event, error) { return m.RotateToken(token, rotation, overlap, s) },
		func(m member.Member) ([]member.Event, error) { return m.RevokeToken(token, s) },
		func(m member.Member) ([]member.Event, error) { return m.ReadInbox("m1", token, s) },
		func(m member.Member) ([]member.Event, error) { return m.SetNotifications("m1", notify, s) },
		func(m member.Member) ([]member.Event, error) {
			return m.HandOver(member.Handed{Applications: len(name), Kept: 1}, s)
		},
		func(m member.Member) ([]member.Event, error) { return m.ConfirmSecondFactor("m1", token, 10, s) },
		func(m member.Member) ([]member.Event, error) { return m.RemoveSecondFactor(s) },
		func(m member.Member) ([]member.Event, error) { return m.RenewRecoveryCodes(rotation, 10, s) },
		func(m member.Member) ([]member.Event, error) { return m.UseRecoveryCode(rotation, len(name), s) },
		func(m member.Member) ([]member.Event, error) {
			return m.SetBusyAddress("m1", rotation, member.Calendar{Kind: member.BusyFile, Address: personal.New(key, "https://cal.example")}, s)
		},
		func(m member.Member) ([]member.Event, error) { return m.RemoveBusyAddress("m1", s) },
	}).Draw(t, "command")
}

func TestRandom(t *testing.T) {
	domaintest.Aggregate[member.Member, member.Event]{
		Codec: member.Codec, Fold: member.Member.Fold, Ask: ask,
		Holds: func(before member.Member, e member.Event, after member.Member) string {
			switch {
			case !after.Exists:
				return "something happened to nobody"
			case before.Erased && (!after.Erased || after.Active):
				return "who was erased is back"
			case len(after.Rotated) > len(after.Tokens):
				return "a rotation outlived its token"
			case !after.Active && len(after.Tokens) > 0:
				return "a token outlived the access"
			case before.Exists && e.EventName() != (member.NameErased{}).EventName() && e.Who() == domain.Member("m1") && (before.Role != after.Role || before.Active && !after.Active):
				return "somebody changed their own role or access"
			}
			if after.Read != before.Read && (e.Who() != domain.Member("m1") || !before.Active) {
				return "somebody else read the inbox"
			}
			if e.EventName() == (member.NotificationsSet{}).EventName() && e.Who() != domain.Member("m1") {
				return "somebody else said what they are told of"
			}
			if after.Busy != before.Busy && (e.Who() != domain.Member("m1") || !before.Active) && !after.Erased {
				return "somebody else said where the busy times are"
			}
			if after.Active && after.HandingTo != "" {
				return "who is there hands over"
			}
			if after.SecondFactor != "" && before.SecondFactor != after.SecondFactor && (e.Who() != domain.Member("m1") || before.SecondFactor != "" || !before.Active) {
				return "a second factor came from somebody else, or in the place of another"
			}
			for token := range before.Ended {
				if _, live := after.Tokens[token]; live || !after.Ended[token] {
					return "token " + token + " came back"
				}
			}
			return ""
		},
	}.Random(t)
}

func FuzzDecode(f *testing.F) {
	domaintest.Fuzz(f, member.Codec, member.Member.Fold, []member.Event{invited, issued}, func(m member.Member) {
		_, _ = m.Invite(access.Admin, "Ana", "", key, s)
		_, _ = m.SetRole("m1", access.Admin, s)
		_, _ = m.Deactivate("m1", "m2", s)
		_, _ = m.Correct("c1", "Ana", "", key, s)
		_, _ = m.EraseName(false, s)
		_, _ = m.Reactivate(s)
		_, _ = m.IssueToken("t2", end, member.ReadToken, []string{"j1"}, s)
		_, _ = m.RotateToken("t1", "r1", time.Hour, s)
		_, _ = m.RevokeToken("t1", s)
		_, _ = m.ReadInbox("m1", "e1", s)
		_, _ = m.HandOver(member.Handed{Applications: 1}, s)
		_, _ = m.ConfirmSecondFactor("m1", "f1", 10, s)
		_, _ = m.RemoveSecondFactor(s)
		_, _ = m.RenewRecoveryCodes("r1", 10, s)
		_, _ = m.UseRecoveryCode("u1", 9, s)
		_, _ = m.SetNotifications("m1", member.Notifications{On: []organization.Notification{organization.NewComment}}, s)
	})
}
