package projections

import (
	"maps"
	"slices"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/readmodels"
)

// tellOfUnassigned tells who assigns messages, and the recruitment managers of the
// job it is perhaps about, of one that belongs to no application.
func (m *inbox) tellOfUnassigned(f Fact, jobID string) {
	told := map[string]bool{}
	for _, id := range m.audience(jobID, "") {
		told[id] = true
	}
	r, _ := m.staff.Get(readmodels.StaffKey)
	for id, s := range r.Members.V {
		if !s.Inactive && (s.Role == access.Admin || s.Role == access.Recruiting) {
			told[id] = true
		}
	}
	wanted := m.wanting(organization.NewMessage).but(slices.Sorted(maps.Keys(told)))
	m.tellAbout(f, readmodels.NoApplication(), readmodels.NoticeUnassigned, f.Aggregate, wanted)
}

// setStaff keeps who has which organisation role.
func (m *inbox) setStaff(id string, e domain.Fact) {
	r, _ := m.staff.Get(readmodels.StaffKey)
	s := r.Members.V[id]
	switch e := e.(type) {
	case member.Invited:
		s.Role = e.Role
	case member.RoleSet:
		s.Role = e.Role
	case member.Deactivated:
		s.Inactive = true
	case member.Reactivated:
		s.Inactive = false
	case member.BusyAddressRemoved, member.BusyAddressSet, member.DetailsCorrected, member.HandedOver, member.InboxRead, member.NameErased,
		member.NotificationsSet, member.RecoveryCodeUsed, member.RecoveryCodesRenewed, member.SecondFactorConfirmed, member.SecondFactorRemoved,
		member.TokenIssued, member.TokenRevoked, member.TokenRotated:
		return // they say nothing of roles
	}
	r.Key, r.Members.V = readmodels.StaffKey, maps.Clone(r.Members.V)
	if r.Members.V == nil {
		r.Members.V = map[string]readmodels.Staff{}
	}
	r.Members.V[id] = s
	m.staff.Put(r)
}
