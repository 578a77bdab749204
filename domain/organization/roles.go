package organization

import (
	"maps"
	"slices"
	"strings"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
)

// RecruitingRole is a named set of rights, held on a job or an application.
type RecruitingRole struct {
	Name   string
	Access access.Role
	Notify []Notification // sorted
}

// Notification is something that happens and a recruiting role is told of.
type Notification string

// The notifications. Their names are stored in events.
const (
	NewApplication      Notification = "new_application"
	CandidateNote       Notification = "candidate_note"
	DocumentUploaded    Notification = "document_uploaded"
	NewMessage          Notification = "new_message"
	NewComment          Notification = "new_comment"
	Mentioned           Notification = "mentioned"
	EvaluationSubmitted Notification = "evaluation_submitted"
	InterviewChanged    Notification = "interview_changed"
	OfferChanged        Notification = "offer_changed"
	StageOverdue        Notification = "stage_overdue"
)

// Notifications returns every notification, in the order they are shown.
func Notifications() []Notification {
	return []Notification{
		NewApplication, CandidateNote, DocumentUploaded, NewMessage, NewComment, Mentioned,
		EvaluationSubmitted, InterviewChanged, OfferChanged, StageOverdue,
	}
}

// ErrUnknownRole means that no recruiting role has that id.
var ErrUnknownRole = &domain.Refusal{Kind: domain.Invalid, Code: "unknown_recruiting_role", Message: "There is no such recruiting role."}

// RecruitingRoleDefined records what a recruiting role is from now on.
type RecruitingRoleDefined struct {
	domain.Stamp
	Role   string         `json:"role"`
	Name   string         `json:"name"`
	Access access.Role    `json:"access"`
	Notify []Notification `json:"notify,omitempty"`
}

// EventName implements domain.Fact.
func (RecruitingRoleDefined) EventName() string { return "organization.recruiting_role_defined.v1" }

func (e RecruitingRoleDefined) evolve(o Organization) Organization {
	o.Roles = with(o.Roles, e.Role, RecruitingRole{Name: e.Name, Access: e.Access, Notify: e.Notify})
	return o
}

// DefineRole creates or changes a recruiting role. Names are 1–100 characters
// and unique, case-folded. Areas and categories given as None are the same as
// left out. Who holds the role is told of what notify names.
// Errors: domain.ErrInvalid.
func (o Organization) DefineRole(id, name string, role access.Role, notify []Notification, s domain.Stamp) ([]Event, error) {
	name, err := domain.LineOf("The name", name, 1, 100)
	if err != nil {
		return nil, err
	}
	for other, r := range o.Roles {
		if other != id && strings.EqualFold(r.Name, name) {
			return nil, domain.ErrInvalid.Because("Another recruiting role is called %s.", r.Name)
		}
	}
	areas, err := checkedLevels("area", role.Areas, access.Areas())
	if err != nil {
		return nil, err
	}
	documents, err := checkedLevels("document category", role.Documents, slices.AppendSeq(access.Categories(), maps.Keys(o.Categories)))
	if err != nil {
		return nil, err
	}
	for _, n := range notify {
		if !slices.Contains(Notifications(), n) {
			return nil, domain.ErrInvalid.Because("There is no notification %q.", string(n))
		}
	}
	notify = slices.Compact(slices.Sorted(slices.Values(notify)))
	role = access.Role{Areas: areas, Documents: documents}
	if have, ok := o.Roles[id]; ok && have.Name == name && maps.Equal(have.Access.Areas, role.Areas) && maps.Equal(have.Access.Documents, role.Documents) &&
		slices.Equal(have.Notify, notify) {
		return nil, nil
	}
	return []Event{RecruitingRoleDefined{Stamp: s, Role: id, Name: name, Access: role, Notify: notify}}, nil
}

// checkedLevels returns a map of its own with the levels above None.
func checkedLevels[K ~string](what string, levels map[K]access.Level, known []K) (map[K]access.Level, error) {
	checked := make(map[K]access.Level, len(levels))
	for k, level := range levels {
		switch {
		case !slices.Contains(known, k):
			return nil, domain.ErrInvalid.Because("There is no %s %q.", what, string(k))
		case level > access.Edit:
			return nil, domain.ErrInvalid.Because("A level is none, view or edit.")
		case level > access.None:
			checked[k] = level
		}
	}
	return checked, nil
}
