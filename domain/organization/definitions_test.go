package organization_test

import (
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/organization"
)

// What recruiting roles are told of (S2-79..82) is a set: order and repetition
// mean nothing.
func TestRolesAreToldOfWhatHappens(t *testing.T) {
	define := func(notify ...organization.Notification) when {
		return func(o organization.Organization) ([]organization.Event, error) {
			return o.DefineRole("r1", "Manager", access.Role{}, notify, s)
		}
	}
	told := organization.RecruitingRoleDefined{
		Stamp: s, Role: "r1", Name: "Manager", Access: access.Role{Areas: areas{}, Documents: kinds{}},
		Notify: []organization.Notification{organization.Mentioned, organization.NewMessage},
	}
	domaintest.Run(t, organization.Organization.Fold, []row{
		{Name: "two", When: define(organization.NewMessage, organization.Mentioned, organization.NewMessage), Want: events{told}},
		{Name: "the same", Given: events{told}, When: define(organization.Mentioned, organization.NewMessage)},
		{
			Name: "none any more", Given: events{told}, When: define(),
			Want: events{organization.RecruitingRoleDefined{Stamp: s, Role: "r1", Name: "Manager", Access: access.Role{Areas: areas{}, Documents: kinds{}}}},
		},
		{Name: "what never happens", When: define("gossip"), Err: domain.ErrInvalid, Says: "no notification"},
	}...)
}

func TestDefineCategory(t *testing.T) {
	const licence access.Category = "5d0c2a7e-9b1f-4c3d-8e6a-7f8091a2b3c4"
	define := func(id access.Category, label string) when {
		return func(o organization.Organization) ([]organization.Event, error) { return o.DefineCategory(id, label, s) }
	}
	defined := organization.CategoryDefined{Stamp: s, Category: licence, Label: "Licence"}
	domaintest.Run(t, organization.Organization.Fold, []row{
		{Name: "a category", When: define(licence, " Licence "), Want: events{defined}},
		{Name: "the same", Given: events{defined}, When: define(licence, "Licence")},
		{Name: "another label", Given: events{defined}, When: define(licence, "Permit"), Want: events{organization.CategoryDefined{Stamp: s, Category: licence, Label: "Permit"}}},
		{Name: "a label that is taken", Given: events{defined}, When: define("c2", "LICENCE"), Err: domain.ErrInvalid, Says: "called Licence"},
		{Name: "none", When: define(licence, ""), Err: domain.ErrInvalid, Says: "required"},
		{
			Name: "a role may have a right on it", Given: events{defined},
			When: func(o organization.Organization) ([]organization.Event, error) {
				return o.DefineRole("r1", "Driver", access.Role{Documents: kinds{licence: access.View}}, nil, s)
			},
			Want: events{organization.RecruitingRoleDefined{Stamp: s, Role: "r1", Name: "Driver", Access: access.Role{Areas: areas{}, Documents: kinds{licence: access.View}}}},
		},
		{
			Name: "on no other", When: func(o organization.Organization) ([]organization.Event, error) {
				return o.DefineRole("r1", "Driver", access.Role{Documents: kinds{licence: access.View}}, nil, s)
			}, Err: domain.ErrInvalid, Says: "no document category",
		},
	}...)
}

// Attributes (S2-17..20) keep their type and their choices, and have an order.
func TestDefineAttribute(t *testing.T) {
	define := func(id string, c organization.AttributeContent) when {
		return func(o organization.Organization) ([]organization.Event, error) {
			return o.DefineAttribute(id, c, func(part string) string { return "new/" + part }, s)
		}
	}
	order := func(ids ...string) when {
		return func(o organization.Organization) ([]organization.Event, error) { return o.OrderAttributes(ids, s) }
	}
	day, night := organization.Choice{ID: "c1", Label: "Day"}, organization.Choice{ID: "c2", Label: "Night"}
	of := func(choices ...organization.Choice) organization.AttributeContent {
		return organization.AttributeContent{Label: "Shift", Type: organization.ChoiceAttribute, Choices: choices}
	}
	shift := organization.AttributeDefined{Stamp: s, Attribute: "a1", AttributeContent: of(day, night)}
	height := organization.AttributeDefined{Stamp: s, Attribute: "a2", AttributeContent: organization.AttributeContent{Label: "Height", Type: organization.NumberAttribute}}
	without := organization.AttributeDefined{Stamp: s, Attribute: "a1", AttributeContent: of(day), Former: []organization.Choice{night}}
	domaintest.Run(t, organization.Organization.Fold, []row{
		{
			Name: "a choice", When: define("a1", of(organization.Choice{Label: "Day"})),
			Want: events{organization.AttributeDefined{Stamp: s, Attribute: "a1", AttributeContent: of(organization.Choice{ID: "new/choice/0", Label: "Day"})}},
		},
		{Name: "the same", Given: events{shift}, When: define("a1", of(organization.Choice{Label: "Day"}, night))},
		{Name: "one choice less", Given: events{shift}, When: define("a1", of(day)), Want: events{without}},
		{Name: "and back by its name", Given: events{shift, without}, When: define("a1", of(day, organization.Choice{Label: "Night"})), Want: events{shift}},
		{Name: "another type", Given: events{shift}, When: define("a1", organization.AttributeContent{Label: "Shift", Type: organization.TextAttribute}), Err: domain.ErrInvalid, Says: "does not change"},
		{Name: "a label that is taken", Given: events{shift}, When: define("a2", organization.AttributeContent{Label: "SHIFT", Type: organization.TextAttribute}), Err: domain.ErrInvalid, Says: "called Shift"},
		{Name: "no type", When: define("a1", organization.AttributeContent{Label: "Shift", Type: "riddle"}), Err: domain.ErrInvalid, Says: "no type"},
		{Name: "no choice", When: define("a1", of()), Err: domain.ErrInvalid, Says: "1 to 100"},
		{Name: "a number with choices", When: define("a1", organization.AttributeContent{Label: "Age", Type: organization.NumberAttribute, Choices: []organization.Choice{day}}), Err: domain.ErrInvalid, Says: "Only a choice"},
		{Name: "a choice of nobody", Given: events{shift}, When: define("a1", of(organization.Choice{ID: "c9", Label: "Dusk"})), Err: domain.ErrInvalid, Says: "no such choice"},
		{Name: "an order", Given: events{shift, height}, When: order("a2", "a1"), Want: events{organization.AttributesOrdered{Stamp: s, Order: []string{"a2", "a1"}}}},
		{Name: "a part of it", Given: events{shift, height}, When: order("a2"), Want: events{organization.AttributesOrdered{Stamp: s, Order: []string{"a2", "a1"}}}},
		{Name: "the order there is", Given: events{shift, height}, When: order("a1", "a2")},
		{Name: "one twice", Given: events{shift, height}, When: order("a1", "a1"), Err: domain.ErrInvalid, Says: "there twice"},
		{Name: "one of nobody", Given: events{shift}, When: order("a9"), Err: organization.ErrUnknownEntry},
	}...)
}

func TestDefineTemplate(t *testing.T) {
	define := func(c organization.TemplateContent) when {
		return func(o organization.Organization) ([]organization.Event, error) { return o.DefineTemplate("t1", c, s) }
	}
	welcome := organization.TemplateContent{Name: "Welcome", Kind: organization.MessageTemplate, Subject: "{{job.title}}", Body: "Dear {{ candidate.first_name }},\nwe {{ read."}
	defined := organization.TemplateDefined{Stamp: s, Template: "t1", TemplateContent: welcome}
	salary := welcome
	salary.Body = "{{offer.salary}}"
	contract := salary
	contract.Kind = organization.ContractTemplate
	domaintest.Run(t, organization.Organization.Fold, []row{
		{Name: "a template", When: define(welcome), Want: events{defined}},
		{Name: "the same", Given: events{defined}, When: define(welcome)},
		{Name: "a placeholder of contracts in a message", When: define(salary), Err: domain.ErrInvalid, Says: "{{offer.salary}}"},
		{Name: "in a contract", When: define(contract), Want: events{organization.TemplateDefined{Stamp: s, Template: "t1", TemplateContent: contract}}},
		{Name: "another kind", Given: events{defined}, When: define(contract), Err: domain.ErrInvalid, Says: "stays of its kind"},
		{Name: "no kind", When: define(organization.TemplateContent{Name: "x", Body: "y"}), Err: domain.ErrInvalid, Says: "message or an offer_contract"},
		{Name: "no text", When: define(organization.TemplateContent{Name: "x", Kind: organization.MessageTemplate}), Err: domain.ErrInvalid, Says: "The body is required"},
		{
			Name: "a name that is taken", Given: events{organization.TemplateDefined{Stamp: s, Template: "t2", TemplateContent: organization.TemplateContent{Name: "WELCOME"}}},
			When: define(welcome), Err: domain.ErrInvalid, Says: "called WELCOME",
		},
	}...)
	got := organization.Fill(welcome.Body, func(name string) string { return "<" + name + ">" })
	if want := "Dear <candidate.first_name>,\nwe {{ read."; got != want {
		t.Errorf("filled %q, want %q", got, want)
	}
}
