package projections

import (
	"maps"
	"slices"

	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/readmodels"
)

// wanting is who is told of something, as it was when it happened.
type wanting struct {
	kind   organization.Notification
	notify readmodels.NotifyRow
}

func (m *inbox) wanting(kind organization.Notification) wanting {
	r, _ := m.notify.Get(readmodels.NotifyKey)
	return wanting{kind: kind, notify: r}
}

// off reports whether a member does not want to be told.
func (w wanting) off(memberID string) bool {
	return slices.Contains(w.notify.Members.V[memberID].Off, w.kind)
}

// but leaves out who does not want to be told.
func (w wanting) but(members []string) []string {
	return slices.DeleteFunc(slices.Clone(members), w.off)
}

// team are those of a hiring team who are told because their recruiting role or
// they themselves say so.
func (m *inbox) team(jobID string, w wanting) []string {
	var told []string
	r, _ := m.audiences.Get(jobID)
	for _, t := range r.Team.V {
		own := w.notify.Members.V[t.Member]
		if !w.off(t.Member) && (slices.Contains(own.On, w.kind) || slices.Contains(w.notify.Roles.V[t.Role], w.kind)) {
			told = append(told, t.Member)
		}
	}
	return told
}

// roleTells keeps what those who hold a recruiting role are told of.
func (m *inbox) roleTells(e organization.RecruitingRoleDefined) {
	r, _ := m.notify.Get(readmodels.NotifyKey)
	r.Key, r.Roles.V = readmodels.NotifyKey, maps.Clone(r.Roles.V)
	if r.Roles.V == nil {
		r.Roles.V = map[string][]organization.Notification{}
	}
	r.Roles.V[e.Role] = e.Notify
	if len(e.Notify) == 0 {
		delete(r.Roles.V, e.Role)
	}
	m.notify.Put(r)
}

// memberWants keeps what a member wants to be told of.
func (m *inbox) memberWants(id string, e member.NotificationsSet) {
	r, _ := m.notify.Get(readmodels.NotifyKey)
	r.Key, r.Members.V = readmodels.NotifyKey, maps.Clone(r.Members.V)
	if r.Members.V == nil {
		r.Members.V = map[string]member.Notifications{}
	}
	r.Members.V[id] = e.Notifications
	if len(e.On)+len(e.Off) == 0 {
		delete(r.Members.V, id)
	}
	m.notify.Put(r)
}
