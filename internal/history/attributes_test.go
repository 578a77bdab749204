package history_test

import (
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/history"
)

// A profile of a moment has the organisation's own attributes as they were known
// and called then, by the rights to their areas now; erased, they say nothing
// (E2).
func TestAttributesOfEveryMoment(t *testing.T) {
	t.Parallel()
	s := found(t)
	ctx := t.Context()
	define := func(id, label string, area access.Area) string {
		return commandstest.Must(s.DefineAttribute(ctx, s.As(s.Admin), commands.DefineAttribute{
			Attribute: id, AttributeContent: organization.AttributeContent{Label: label, Type: organization.TextAttribute, Area: area},
		})).ID
	}
	shift, wish := define("", "Shift", ""), define("", "Wish", access.Salary)
	s.app = s.ReceiveOne(t, "cleo@example.test")
	edit := func(values map[string]any) history.AsOf {
		a := commandstest.Must(s.EditCandidate(ctx, s.As(s.Recruiter), commands.EditCandidate{Application: s.app, More: values}))
		return history.AsOf{Position: &a.Position}
	}
	first := edit(map[string]any{shift: "nights", wish: "60"})
	define(shift, "Hours", "")
	second := edit(map[string]any{shift: "days", wish: nil})
	reader := s.member(t, access.Recruiting, &access.Role{Areas: areas{access.Application: access.View, access.History: access.View, access.Profile: access.View}})
	wants := func(what, viewer string, asOf history.AsOf, want string) {
		t.Helper()
		if got := asJSON(t, s.replay(t, viewer, asOf).Profile.More); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	is := func(id, label, value string) history.PastAttribute {
		return history.PastAttribute{ID: id, Label: label, Value: []byte(value)}
	}
	wants("first", s.Admin, first, asJSON(t, []history.PastAttribute{is(shift, "Shift", `"nights"`), is(wish, "Wish", `"60"`)}))
	wants("first, without the salary", reader, first, asJSON(t, []history.PastAttribute{is(shift, "Shift", `"nights"`)}))
	wants("then", s.Admin, second, asJSON(t, []history.PastAttribute{is(shift, "Hours", `"days"`)}))
	wants("before", s.Admin, history.AsOf{Revision: new(eventlog.Revision(0))}, "[]")
	define(shift, "Hours", access.Sensitive)
	wants("by the rights of today", reader, second, "[]")
	commandstest.Must(s.Disqualify(ctx, s.As(s.Admin), commands.Disqualify{Application: s.app, Kind: application.Rejected, Reason: commands.FirstReason("Position filled")}))
	commandstest.Must(s.Anonymise(ctx, s.As(s.Admin), commands.Anonymise{Application: s.app}))
	wants("erased since", s.Admin, first, "[]")
}
