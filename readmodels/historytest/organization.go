package historytest

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/organization"
)

// randomOrganization changes something the organisation has decided for itself.
func (c *Company) randomOrganization() {
	switch c.r.IntN(3) {
	case 0:
		days, on := 30+c.r.IntN(3), c.r.IntN(2) == 0
		c.Settings(organization.SettingsChange{ReadLogDays: &days, SignHires: &on})
	case 1:
		c.Form(fmt.Sprintf("Form %d", c.r.IntN(2)), fmt.Sprintf("Question %d", c.r.IntN(5)))
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

// named returns the id that belongs to a name.
func named(parts ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.Join(parts, "/"))).String()
}
