package organization_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/organization"
)

func TestStored(t *testing.T) {
	const id = "5d0c2a7e-9b1f-4c3d-8e6a-7f8091a2b3c4"
	on, hours, days, raters := true, 48, 30, 3
	domaintest.Stored[organization.Event](t, "organization", organization.Codec,
		founded,
		organization.SettingsChanged{
			Stamp: s, SelfTracking: &on, RatingVisibility: &on, RatingMinRaters: &raters, DiscloseAfterHours: &hours, ReadOnlyDays: &days,
			InterviewExpiresAtEnd: &on, InterviewMailParticipants: &on, AccessAfterDays: &days, UnassignAfterDays: &days,
			SignHires: &on, ReadLogDays: &days, MemberMetrics: &on, UploadMailMembers: &on, SecondFactorRequired: &on,
		},
		organization.RecruitingRoleDefined{Stamp: s, Role: id, Name: "Hiring manager", Access: access.Role{
			Areas:     areas{access.Application: access.View, access.Notes: access.Edit},
			Documents: kinds{access.CV: access.View},
		}, Notify: []organization.Notification{organization.Mentioned, organization.NewComment}},
		organization.ReasonDefined{Stamp: s, Reason: id, Label: "Not a fit", Kind: organization.We},
		organization.TagDefined{Stamp: s, Tag: id, Label: "Remote"},
		organization.FormDefined{Stamp: s, Form: id, Version: 2, FormContent: organization.FormContent{
			Name: "Interview", HiddenUntilOwn: true, Elements: []organization.Element{
				{ID: "e1", Kind: organization.ChoiceElement, Label: "Level", Required: true, Weight: 0.5, Choices: []organization.Choice{{ID: "c1", Label: "Junior"}, {ID: "c2", Label: "Senior"}}},
				{ID: "e2", Kind: organization.HeadingElement, Label: "Skills"},
			},
		}},
		organization.CategoryDefined{Stamp: s, Category: id, Label: "Driving licence"},
		organization.AttributeDefined{Stamp: s, Attribute: id, AttributeContent: organization.AttributeContent{
			Label: "Shift", Type: organization.ChoiceAttribute, KeepForReports: true, Area: access.Sensitive, Choices: []organization.Choice{{ID: "c1", Label: "Day"}},
		}, Former: []organization.Choice{{ID: "c2", Label: "Night"}}},
		organization.AttributesOrdered{Stamp: s, Order: []string{id}},
		organization.TemplateDefined{Stamp: s, Template: id, TemplateContent: organization.TemplateContent{
			Name: "Welcome", Kind: organization.MessageTemplate, Subject: "{{job.title}}", Body: "Dear {{candidate.first_name}}",
		}},
		organization.EntryRetired{Stamp: s, List: organization.Tags, Entry: id},
		organization.EntryRestored{Stamp: s, List: organization.Forms, Entry: id},
	)
}

func ask(t *rapid.T, s domain.Stamp) func(organization.Organization) ([]organization.Event, error) {
	id := rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(t, "id")
	label := rapid.SampledFrom([]string{"Red", "RED", "green", " Blue ", "", "a\tb", "ﬂow", "İ", "Straße"}).Draw(t, "label")
	kind := rapid.SampledFrom([]organization.ReasonKind{organization.We, organization.They, organization.OtherReason, "fate"}).Draw(t, "kind")
	level := rapid.SampledFrom([]access.Level{access.None, access.View, access.Edit, 3})
	role := access.Role{
		Areas:     rapid.MapOfN(rapid.SampledFrom([]access.Area{access.Notes, access.Salary, access.Offers}), level, 0, 2).Draw(t, "areas"),
		Documents: rapid.MapOfN(rapid.SampledFrom(access.Categories()), level, 0, 2).Draw(t, "documents"),
	}
	maybe := rapid.Ptr(rapid.Bool(), true)
	change := organization.SettingsChange{
		SelfTracking: maybe.Draw(t, "self-tracking"), RatingVisibility: maybe.Draw(t, "ratings"),
		DiscloseAfterHours: rapid.Ptr(rapid.IntRange(-1, 721), true).Draw(t, "hours"),
		RatingMinRaters:    rapid.Ptr(rapid.IntRange(0, 51), true).Draw(t, "raters"),
		ReadLogDays:        rapid.Ptr(rapid.IntRange(29, 3651), true).Draw(t, "days"),
		SignHires:          maybe.Draw(t, "signing"), SecondFactorRequired: maybe.Draw(t, "second factor"),
	}
	notify := rapid.SliceOfN(rapid.SampledFrom([]organization.Notification{organization.NewMessage, organization.NewComment, "gossip"}), 0, 2).Draw(t, "notify")
	attribute := organization.AttributeContent{
		Label: label, Type: rapid.SampledFrom(append(organization.AttributeTypes(), organization.ChoiceAttribute, "riddle")).Draw(t, "type"), KeepForReports: rapid.Bool().Draw(t, "keep"),
		Choices: rapid.SliceOfN(rapid.SampledFrom([]organization.Choice{{Label: "Yes"}, {Label: "No"}, {Label: "yes"}, {ID: "x", Label: "Maybe"}}), 0, 3).Draw(t, "values"),
	}
	order := rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2", "2", "3"}), 0, 2).Draw(t, "order")
	template := organization.TemplateContent{
		Name: label, Kind: rapid.SampledFrom([]organization.TemplateKind{organization.MessageTemplate, organization.ContractTemplate, "poem"}).Draw(t, "template kind"),
		Subject: label, Body: rapid.SampledFrom([]string{"Dear {{candidate.first_name}}", "{{offer.salary}}", "{{ stage.name }}", "{{", ""}).Draw(t, "body"),
	}
	fresh := func(part string) string { return label + part }
	list := rapid.SampledFrom(organization.Lists()).Draw(t, "list")
	form := organization.FormContent{Name: label, HiddenUntilOwn: rapid.Bool().Draw(t, "hidden"), Elements: rapid.SliceOfN(element(), 0, 3).Draw(t, "elements")}
	return rapid.SampledFrom([]when{
		func(o organization.Organization) ([]organization.Event, error) { return o.Found(label, s) },
		func(o organization.Organization) ([]organization.Event, error) { return o.ChangeSettings(change, s) },
		func(o organization.Organization) ([]organization.Event, error) {
			return o.DefineRole(id, label, role, notify, s)
		},
		func(o organization.Organization) ([]organization.Event, error) {
			return o.DefineReason(id, label, kind, s)
		},
		func(o organization.Organization) ([]organization.Event, error) { return o.DefineTag(id, label, s) },
		func(o organization.Organization) ([]organization.Event, error) { return o.RenameTag(id, label, s) },
		func(o organization.Organization) ([]organization.Event, error) { return o.Retire(list, id, s) },
		func(o organization.Organization) ([]organization.Event, error) { return o.Restore(list, id, s) },
		func(o organization.Organization) ([]organization.Event, error) {
			return o.DefineForm(id, form, fresh, s)
		},
		func(o organization.Organization) ([]organization.Event, error) {
			return o.DefineCategory(access.Category(id), label, s)
		},
		func(o organization.Organization) ([]organization.Event, error) {
			return o.DefineAttribute(id, attribute, fresh, s)
		},
		func(o organization.Organization) ([]organization.Event, error) { return o.OrderAttributes(order, s) },
		func(o organization.Organization) ([]organization.Event, error) {
			return o.DefineTemplate(id, template, s)
		},
	}).Draw(t, "command")
}

// ordered returns what is wrong with the attributes of a state.
func ordered(before, after organization.Organization) string {
	order := slices.Sorted(slices.Values(after.AttributeOrder))
	if !slices.Equal(order, slices.Sorted(maps.Keys(after.Attributes))) {
		return fmt.Sprintf("attributes %v in the order %v", after.Attributes, after.AttributeOrder)
	}
	for id, had := range before.Attributes {
		has := after.Attributes[id]
		if has.Type != had.Type {
			return "attribute " + id + " became another type"
		}
		now := slices.Concat(has.Choices, has.Former)
		for _, c := range slices.Concat(had.Choices, had.Former) {
			if !slices.ContainsFunc(now, func(k organization.Choice) bool { return k.ID == c.ID }) {
				return "attribute " + id + " forgot the choice " + c.Label
			}
		}
	}
	return ""
}

func element() *rapid.Generator[organization.Element] {
	return rapid.Custom(func(t *rapid.T) organization.Element {
		return organization.Element{
			ID:      rapid.SampledFrom([]string{"", "", "", "Redelement/0", "x"}).Draw(t, "id"),
			Kind:    rapid.SampledFrom([]organization.ElementKind{organization.HeadingElement, organization.TextElement, organization.ScaleElement, organization.ChoiceElement, "riddle"}).Draw(t, "kind"),
			Label:   rapid.SampledFrom([]string{"Skills", "Go", ""}).Draw(t, "label"),
			Weight:  rapid.SampledFrom([]float64{0, 0, 0.5, 1.5}).Draw(t, "weight"),
			Choices: rapid.SliceOfN(rapid.SampledFrom([]organization.Choice{{Label: "Yes"}, {Label: "No"}, {Label: "yes"}}), 0, 2).Draw(t, "choices"),
		}
	})
}

// formed returns what is wrong with a form, or with what became of its history.
func formed(f, before organization.Form) string {
	if len(f.Earlier) != f.Version-1 {
		return fmt.Sprintf("version %d has %d earlier ones", f.Version, len(f.Earlier))
	}
	for v := 1; v <= before.Version; v++ {
		was, _ := before.At(v)
		if is, ok := f.At(v); !ok || !reflect.DeepEqual(was, is) {
			return fmt.Sprintf("version %d changed", v)
		}
	}
	ids := map[string]bool{}
	for _, e := range f.Elements {
		if e.ID == "" || ids[e.ID] || e.Weight < 0 || e.Weight > 1 {
			return fmt.Sprintf("element %+v", e)
		}
		ids[e.ID] = true
	}
	return ""
}

func TestRandom(t *testing.T) {
	domaintest.Aggregate[organization.Organization, organization.Event]{
		Codec: organization.Codec, Fold: organization.Organization.Fold, Ask: ask,
		Given: events{
			founded,
			organization.AttributeDefined{Stamp: s, Attribute: "1", AttributeContent: organization.AttributeContent{Label: "Height", Type: organization.NumberAttribute}},
			organization.AttributeDefined{Stamp: s, Attribute: "2", AttributeContent: organization.AttributeContent{Label: "Web page", Type: organization.LinkAttribute}},
		},
		Holds: func(before organization.Organization, _ organization.Event, after organization.Organization) string {
			if d := after.Settings.DiscloseAfter; d < 0 || d > 30*24*time.Hour {
				return "a rejection shows after " + d.String()
			}
			if s := after.Settings; after.Founded && (s.RatingMinRaters < 1 || s.RatingMinRaters > 50 || s.ReadLogDays < 30 || s.ReadLogDays > 3650) {
				return fmt.Sprintf("settings are %+v", s)
			}
			for entry := range after.Retired {
				if err := after.Choose(entry.List, entry.ID); !errors.Is(err, organization.ErrRetired) {
					return fmt.Sprintf("retired %v can be chosen: %v", entry, err)
				}
			}
			for id, f := range after.Forms {
				if problem := formed(f, before.Forms[id]); problem != "" {
					return "form " + id + ": " + problem
				}
			}
			if problem := ordered(before, after); problem != "" {
				return problem
			}
			for id, label := range after.Tags {
				if found, ok := after.TagLabelled(label); !ok || found != id {
					return "the label " + label + " is not one tag's"
				}
			}
			return ""
		},
	}.Random(t)
}

func FuzzDecode(f *testing.F) {
	on := true
	domaintest.Fuzz(f, organization.Codec, organization.Organization.Fold, []organization.Event{founded, manager, weak, remote}, func(o organization.Organization) {
		_, _ = o.Found("Acme", s)
		_, _ = o.ChangeSettings(organization.SettingsChange{SelfTracking: &on}, s)
		_, _ = o.DefineRole("r1", "Manager", access.Role{Areas: areas{access.Notes: access.View}}, nil, s)
		_, _ = o.DefineReason("w", "Not a fit", organization.They, s)
		_, _ = o.DefineTag("t2", "Office", s)
		_, _ = o.RenameTag("t1", "Office", s)
		_, _ = o.Retire(organization.Tags, "t1", s)
		_, _ = o.DefineForm("f1", organization.FormContent{Name: "Form", Elements: []organization.Element{{Kind: organization.TextElement, Label: "Why?"}}}, func(part string) string { return part }, s)
	})
}
