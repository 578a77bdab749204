package organization_test

import (
	"errors"
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/organization"
)

// content is a form that asks these elements.
func content(elements ...organization.Element) organization.FormContent {
	return organization.FormContent{Name: "Interview", Elements: elements}
}

// The form builder (S2-57): every kind of element, ids that stay, and versions
// that stay readable.
func TestDefineForm(t *testing.T) {
	define := func(c organization.FormContent) when {
		return func(o organization.Organization) ([]organization.Event, error) {
			return o.DefineForm("f1", c, func(part string) string { return "new/" + part }, s)
		}
	}
	heading := organization.Element{Kind: organization.HeadingElement, Label: "Skills"}
	scale := organization.Element{Kind: organization.ScaleElement, Label: "Go", Weight: 0.5}
	choice := organization.Element{Kind: organization.ChoiceElement, Label: "Level", Choices: []organization.Choice{{Label: "Junior"}, {Label: "Senior"}}}
	with := func(e organization.Element, id string) organization.Element { e.ID = id; return e }
	chosen := with(choice, "e3")
	chosen.Choices = []organization.Choice{{ID: "c1", Label: "Junior"}, {ID: "c2", Label: "Senior"}}
	first := organization.FormDefined{Stamp: s, Form: "f1", Version: 1, FormContent: content(with(heading, "e1"), with(scale, "e2"), chosen)}
	given := events{first}
	reworded := with(scale, "e2")
	reworded.Label = "Go, and its tools"
	domaintest.Run(t, organization.Organization.Fold, []row{
		{
			Name: "the first version, ids are given", When: define(content(heading, scale)),
			Want: events{organization.FormDefined{Stamp: s, Form: "f1", Version: 1, FormContent: content(with(heading, "new/element/0"), with(scale, "new/element/1"))}},
		},
		{Name: "the same, with ids", Given: given, When: define(first.FormContent)},
		{Name: "the same, as it was typed", Given: given, When: define(content(heading, scale, choice))},
		{
			Name: "another wording and order is another version, with the ids", Given: given, When: define(content(reworded, heading)),
			Want: events{organization.FormDefined{Stamp: s, Form: "f1", Version: 2, FormContent: content(reworded, with(heading, "e1"))}},
		},
		{Name: "an element of nobody", Given: given, When: define(content(with(scale, "e9"))), Err: domain.ErrInvalid, Says: "no such element"},
		{Name: "an element twice", Given: given, When: define(content(with(scale, "e2"), with(scale, "e2"))), Err: domain.ErrInvalid, Says: "there twice"},
		{Name: "another kind", Given: given, When: define(content(with(heading, "e2"))), Err: domain.ErrInvalid, Says: "another kind"},
		{Name: "nothing to answer", When: define(content()), Err: domain.ErrInvalid, Says: "1 to 100"},
		{Name: "no such kind", When: define(content(organization.Element{Kind: "riddle", Label: "?"})), Err: domain.ErrInvalid, Says: "heading, text, scale or choice"},
		{Name: "one choice", When: define(content(organization.Element{Kind: organization.ChoiceElement, Label: "?", Choices: choice.Choices[:1]})), Err: domain.ErrInvalid, Says: "2 to 50"},
		{Name: "a text with choices", When: define(content(organization.Element{Kind: organization.TextElement, Label: "?", Choices: choice.Choices})), Err: domain.ErrInvalid, Says: "Only a choice"},
		{Name: "a heavy text", When: define(content(organization.Element{Kind: organization.TextElement, Label: "?", Weight: 1})), Err: domain.ErrInvalid, Says: "Only a scale"},
		{Name: "more than all", When: define(content(organization.Element{Kind: organization.ScaleElement, Label: "?", Weight: 1.01})), Err: domain.ErrInvalid, Says: "0 to 1"},
		{Name: "a heading that must be answered", When: define(content(organization.Element{Kind: organization.HeadingElement, Label: "?", Required: true})), Err: domain.ErrInvalid, Says: "not answered"},
		{
			Name: "a choice twice", When: define(content(organization.Element{Kind: organization.ChoiceElement, Label: "?", Choices: []organization.Choice{{Label: "a"}, {Label: "A"}}})),
			Err: domain.ErrInvalid, Says: "there twice",
		},
		{
			Name: "a name that is taken", Given: events{organization.FormDefined{Stamp: s, Form: "f2", Version: 1, FormContent: organization.FormContent{Name: "INTERVIEW"}}},
			When: define(content(heading)), Err: domain.ErrInvalid, Says: "called INTERVIEW",
		},
	}...)

	o := organization.Organization{}.Fold(first, organization.FormDefined{Stamp: s, Form: "f1", Version: 2, FormContent: content(reworded)})
	f, ok := o.Form("f1")
	if old, had := f.At(1); !ok || f.Version != 2 || !had || len(old.Elements) != 3 || f.Elements[0].Label != reworded.Label {
		t.Errorf("form %+v, version 1 %+v", f, old)
	}
	for _, v := range []int{0, 3} {
		if c, ok := f.At(v); ok {
			t.Errorf("there is a version %d: %+v", v, c)
		}
	}
}

// What is retired stays and is no longer chosen (S2-83, S2-90).
func TestRetire(t *testing.T) {
	retire := func(list organization.List, id string) when {
		return func(o organization.Organization) ([]organization.Event, error) { return o.Retire(list, id, s) }
	}
	restore := func(list organization.List, id string) when {
		return func(o organization.Organization) ([]organization.Event, error) { return o.Restore(list, id, s) }
	}
	retired := organization.EntryRetired{Stamp: s, List: organization.Tags, Entry: "t1"}
	restored := organization.EntryRestored{Stamp: s, List: organization.Tags, Entry: "t1"}
	domaintest.Run(t, organization.Organization.Fold, []row{
		{Name: "a tag", Given: events{remote}, When: retire(organization.Tags, "t1"), Want: events{retired}},
		{Name: "once", Given: events{remote, retired}, When: retire(organization.Tags, "t1")},
		{Name: "one of another list", Given: events{remote}, When: retire(organization.Reasons, "t1"), Err: organization.ErrUnknownEntry},
		{Name: "of no list", Given: events{remote}, When: retire("wishes", "t1"), Err: organization.ErrUnknownEntry},
		{Name: "back", Given: events{remote, retired}, When: restore(organization.Tags, "t1"), Want: events{restored}},
		{Name: "back once", Given: events{remote, retired, restored}, When: restore(organization.Tags, "t1")},
		{Name: "back from nowhere", When: restore(organization.Tags, "t1"), Err: organization.ErrUnknownEntry},
		{
			Name: "a retired label is not defined again", Given: events{remote, retired},
			When: func(o organization.Organization) ([]organization.Event, error) { return o.DefineTag("t2", "REMOTE", s) },
			Err:  organization.ErrRetired, Says: "Remote was retired",
		},
	}...)
	o := organization.Organization{}.Fold(remote, weak)
	if err := o.Choose(organization.Tags, "t1"); err != nil {
		t.Errorf("a tag in use: %v", err)
	}
	if err := o.Fold(retired).Choose(organization.Tags, "t1"); !errors.Is(err, organization.ErrRetired) {
		t.Errorf("a retired tag: %v", err)
	}
	if err := o.Choose(organization.Reasons, "t1"); !errors.Is(err, organization.ErrUnknownEntry) {
		t.Errorf("no reason: %v", err)
	}
}

func TestRenameTag(t *testing.T) {
	rename := func(id, label string) when {
		return func(o organization.Organization) ([]organization.Event, error) { return o.RenameTag(id, label, s) }
	}
	office := organization.TagDefined{Stamp: s, Tag: "t2", Label: "Office"}
	domaintest.Run(t, organization.Organization.Fold, []row{
		{Name: "another label", Given: events{remote}, When: rename("t1", " Home "), Want: events{organization.TagDefined{Stamp: s, Tag: "t1", Label: "Home"}}},
		{Name: "another case", Given: events{remote}, When: rename("t1", "REMOTE"), Want: events{organization.TagDefined{Stamp: s, Tag: "t1", Label: "REMOTE"}}},
		{Name: "its own", Given: events{remote}, When: rename("t1", "Remote")},
		{Name: "that of another, in another case", Given: events{remote, office}, When: rename("t1", "office"), Err: domain.ErrInvalid, Says: "Another tag is called Office"},
		{Name: "none", Given: events{remote}, When: rename("t1", ""), Err: domain.ErrInvalid, Says: "required"},
		{Name: "of nobody", Given: events{remote}, When: rename("t9", "Home"), Err: organization.ErrUnknownEntry},
	}...)
}
