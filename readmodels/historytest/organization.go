package historytest

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// Organize decides something for the organisation.
func (h *History) Organize(decide func(organization.Organization, domain.Stamp) ([]organization.Event, error)) {
	h.t.Helper()
	events, err := decide(h.Organization, h.Stamp(domain.System))
	h.Organization = h.Organization.Fold(record(h, organization.Codec, "organization-"+organization.ID, events, err)...)
}

// Settings changes settings.
func (h *History) Settings(c organization.SettingsChange) {
	h.t.Helper()
	h.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.ChangeSettings(c, s)
	})
}

// Role defines a recruiting role and returns its id.
func (h *History) Role(name string, role access.Role) string {
	h.t.Helper()
	id := h.ID()
	h.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.DefineRole(id, name, role, nil, s)
	})
	return id
}

// Tag defines a tag and returns its id.
func (h *History) Tag(label string) string {
	h.t.Helper()
	id := h.ID()
	h.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.DefineTag(id, label, s)
	})
	return id
}

// Reason defines a reason for disqualifying and returns its id.
func (h *History) Reason(label string, kind organization.ReasonKind) string {
	h.t.Helper()
	id := h.ID()
	h.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.DefineReason(id, label, kind, s)
	})
	return id
}

// Member invites a member and returns their id.
func (h *History) Member(role access.OrganizationRole, name personal.Plain) string {
	h.t.Helper()
	id := h.ID()
	h.MemberIDs = append(h.MemberIDs, id)
	h.ChangeMember(id, func(m member.Member, s domain.Stamp) ([]member.Event, error) {
		return m.Invite(role, name, personal.Plain(strings.ReplaceAll(string(name), " ", "."))+"@acme.example", personal.Key{ID: id, Owner: id}, s)
	})
	return id
}

// ChangeMember decides something about a member.
func (h *History) ChangeMember(id string, decide func(member.Member, domain.Stamp) ([]member.Event, error)) {
	h.t.Helper()
	events, err := decide(h.Members[id], h.Stamp(domain.System))
	h.Members[id] = h.Members[id].Fold(record(h, member.Codec, "member-"+id, events, err)...)
}

// ReadInbox notes that a member has read their inbox up to the last event of an
// application, of which they were told.
func (h *History) ReadInbox(id, applicationID string) {
	h.t.Helper()
	through := ""
	for e, err := range h.Log.ReadStream(h.t.Context(), "application-"+applicationID, -1, eventlog.Backwards) {
		if err != nil {
			h.t.Fatal(err)
		}
		through = e.ID.String()
		break
	}
	events, err := h.Members[id].ReadInbox(id, through, h.Stamp(domain.Member(id)))
	h.Members[id] = h.Members[id].Fold(record(h, member.Codec, "member-"+id, events, err)...)
}

// Job opens a job with stages of these names and returns its id. The ids of its
// stages are StageID(job, i).
func (h *History) Job(title string, confidential bool, stages []string, team ...job.TeamMember) string {
	h.t.Helper()
	id := h.ID()
	h.JobIDs = append(h.JobIDs, id)
	plan := make([]job.Stage, len(stages))
	for i, name := range stages {
		plan[i] = job.Stage{ID: StageID(id, i), Name: name}
		if i%2 == 1 {
			plan[i].PublicName = name + " (public)"
		}
	}
	h.ChangeJob(id, func(j job.Job, s domain.Stamp) ([]job.Event, error) {
		if h.ids%5 == 0 { // some begin as a draft
			return j.Drafts(job.Details{Title: title, Position: title + " position", Confidential: confidential}, plan, team, s)
		}
		return j.Opens(job.Details{Title: title, Position: title + " position", Confidential: confidential}, plan, team, s)
	})
	return id
}

// StageID returns the id of the i-th stage of a job.
func StageID(jobID string, i int) string {
	return uuid.NewSHA1(uuid.MustParse(jobID), []byte{byte(i)}).String()
}

// ChangeJob decides something about a job.
func (h *History) ChangeJob(id string, decide func(job.Job, domain.Stamp) ([]job.Event, error)) {
	h.t.Helper()
	events, err := decide(h.Jobs[id], h.Stamp(domain.System))
	h.Jobs[id] = h.Jobs[id].Fold(record(h, job.Codec, "job-"+id, events, err)...)
}

// randomOrganization changes something the organisation has decided for itself.
func (c *Company) randomOrganization() {
	switch c.r.IntN(7) {
	case 0:
		days, on := 30+c.r.IntN(3), c.r.IntN(2) == 0
		c.Settings(organization.SettingsChange{ReadLogDays: &days, SignHires: &on})
	case 1:
		c.Form(fmt.Sprintf("Form %d", c.r.IntN(2)), fmt.Sprintf("Question %d", c.r.IntN(5)))
	case 3:
		c.Category(fmt.Sprintf("Category %d", c.r.IntN(3)))
	case 4:
		id := c.Attribute(fmt.Sprintf("Attribute %d", c.r.IntN(3)), "Yes", "No")
		c.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
			return o.OrderAttributes([]string{id}, s)
		})
	case 5:
		t := organization.TemplateContent{Name: fmt.Sprintf("Template %d", c.r.IntN(2)), Kind: organization.MessageTemplate, Body: fmt.Sprintf("Text %d", c.r.IntN(3))}
		c.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
			return o.DefineTemplate(named("template", t.Name), t, s)
		})
	case 6:
		for _, entry := range []organization.Entry{{List: organization.Forms, ID: named("form", "Form 0")}, {List: organization.Attributes, ID: named("attribute", "Attribute 0")}} {
			if c.Organization.Choose(entry.List, entry.ID) == nil {
				c.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
					return o.Retire(entry.List, entry.ID, s)
				})
			}
		}
	case 2:
		entry := organization.Entry{List: organization.Tags, ID: c.TagIDs[c.r.IntN(len(c.TagIDs))]}
		c.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
			if o.Retired[entry] {
				return o.Restore(entry.List, entry.ID, s)
			}
			return o.Retire(entry.List, entry.ID, s)
		})
	}
}

// Form defines an evaluation form of that name, or its next version, that asks
// for a text and for a scale. It returns the form's id.
func (h *History) Form(name, question string) string {
	h.t.Helper()
	id := named("form", name)
	h.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.DefineForm(id, organization.FormContent{Name: name, HiddenUntilOwn: true, Elements: []organization.Element{
			{Kind: organization.ScaleElement, Label: "How well", Weight: 1}, {Kind: organization.TextElement, Label: question},
		}}, func(part string) string { return named(id, fmt.Sprint(o.Forms[id].Version), part) }, s)
	})
	return id
}

// Category defines a category of documents and returns it.
func (h *History) Category(label string) access.Category {
	h.t.Helper()
	id := access.Category(named("category", label))
	h.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.DefineCategory(id, label, s)
	})
	return id
}

// Attribute defines an attribute of that name and with these choices, or changes
// it. It returns the attribute's id.
func (h *History) Attribute(label string, choices ...string) string {
	h.t.Helper()
	id := named("attribute", label)
	content := organization.AttributeContent{Label: label, Type: organization.ChoiceAttribute}
	for _, choice := range choices {
		content.Choices = append(content.Choices, organization.Choice{Label: choice})
	}
	h.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.DefineAttribute(id, content, func(part string) string { return named(append([]string{id, part}, choices...)...) }, s)
	})
	return id
}

// named returns the id that belongs to a name.
func named(parts ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.Join(parts, "/"))).String()
}
