package organization

import (
	"slices"
	"strings"

	"github.com/hirelog/hirelog/domain"
)

// TemplateKind says what is written from a template.
type TemplateKind string

// The kinds of template.
const (
	MessageTemplate  TemplateKind = "message"
	ContractTemplate TemplateKind = "offer_contract"
)

// TemplateContent is a text that messages or contracts are written from. Placeholders
// stand in it as {{job.title}}.
type TemplateContent struct {
	Name    string       `json:"name" minLength:"1" maxLength:"100" doc:"Name, unique among the templates"`
	Kind    TemplateKind `json:"kind" enum:"message,offer_contract" doc:"What is written from it"`
	Subject string       `json:"subject,omitempty" maxLength:"200" doc:"Subject of a message, title of a contract"`
	Body    string       `json:"body" minLength:"1" maxLength:"20000" doc:"The text, with placeholders such as {{candidate.first_name}}; kept for ever in the clear, so name nobody"`
}

// Placeholders returns what templates of a kind may leave open, in the order
// they are shown.
func Placeholders(kind TemplateKind) []string {
	all := []string{
		"candidate.first_name", "candidate.last_name", "candidate.full_name",
		"job.title", "job.position", "job.location", "organization.name", "sender.name", "today",
	}
	if kind == ContractTemplate {
		return append(all, "offer.start_date", "offer.salary", "offer.terms")
	}
	return append(all, "stage.name", "page.url")
}

// Fill returns text with every placeholder replaced by what value returns for
// its name. What opens and never closes is text.
func Fill(text string, value func(placeholder string) string) string {
	var filled strings.Builder
	for {
		before, rest, opens := strings.Cut(text, "{{")
		name, after, closes := strings.Cut(rest, "}}")
		if !opens || !closes {
			filled.WriteString(text)
			return filled.String()
		}
		filled.WriteString(before)
		filled.WriteString(value(strings.TrimSpace(name)))
		text = after
	}
}

// TemplateDefined records what a template says from now on.
type TemplateDefined struct {
	domain.Stamp
	Template string `json:"template"`
	TemplateContent
}

// EventName implements domain.Fact.
func (TemplateDefined) EventName() string { return "organization.template_defined.v1" }

func (e TemplateDefined) evolve(o Organization) Organization {
	o.Templates = with(o.Templates, e.Template, e.TemplateContent)
	return o
}

// DefineTemplate creates or changes a template; its kind does not change. Names
// are unique, case-folded. Errors: domain.ErrInvalid, ErrListFull.
func (o Organization) DefineTemplate(id string, t TemplateContent, s domain.Stamp) ([]Event, error) {
	have, exists := o.Templates[id]
	var err error
	if t.Name, err = domain.LineOf("The name", t.Name, 1, 100); err != nil {
		return nil, err
	}
	for other, k := range o.Templates {
		if other != id && strings.EqualFold(k.Name, t.Name) {
			return nil, domain.ErrInvalid.Because("Another template is called %s.", k.Name)
		}
	}
	switch {
	case t.Kind != MessageTemplate && t.Kind != ContractTemplate:
		return nil, domain.ErrInvalid.Because("A template is for a message or an offer_contract.")
	case exists && t.Kind != have.Kind:
		return nil, domain.ErrInvalid.Because("A template stays of its kind; retire it and define another.")
	case !exists && len(o.Templates) >= MaxEntries:
		return nil, ErrListFull
	}
	if t.Subject, err = domain.LineOf("The subject", t.Subject, 0, 200); err != nil {
		return nil, err
	}
	if t.Body, err = domain.TextOf("The body", t.Body, 1, 20_000); err != nil {
		return nil, err
	}
	for _, text := range []string{t.Subject, t.Body} {
		Fill(text, func(name string) string {
			if err == nil && !slices.Contains(Placeholders(t.Kind), name) {
				err = domain.ErrInvalid.Because("There is no placeholder {{%s}} in such a template.", name)
			}
			return ""
		})
	}
	if err != nil || t == have {
		return nil, err
	}
	return []Event{TemplateDefined{Stamp: s, Template: id, TemplateContent: t}}, nil
}
