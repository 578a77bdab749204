package organization_test

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/organization"
)

type (
	events = []organization.Event
	row    = domaintest.Case[organization.Organization, organization.Event]
	when   = func(organization.Organization) ([]organization.Event, error)
	areas  = map[access.Area]access.Level
	kinds  = map[access.Category]access.Level
)

var (
	s = domaintest.By(domain.Member("admin"))

	founded organization.Event = organization.Founded{Stamp: s, Name: "Acme"}
	manager organization.Event = organization.RecruitingRoleDefined{
		Stamp: s, Role: "r1", Name: "Manager",
		Access: access.Role{Areas: areas{access.Notes: access.Edit}, Documents: kinds{access.CV: access.View}},
	}
	weak   organization.Event = organization.ReasonDefined{Stamp: s, Reason: "w", Label: "Not a fit", Kind: organization.We}
	remote organization.Event = organization.TagDefined{Stamp: s, Tag: "t1", Label: "Remote"}
)

func TestFound(t *testing.T) {
	found := func(name string) when {
		return func(o organization.Organization) ([]organization.Event, error) { return o.Found(name, s) }
	}
	domaintest.Run(t, organization.Organization.Fold, []row{
		{Name: "an installation begins", When: found(" Acme "), Want: events{founded}},
		{Name: "once", Given: events{founded}, When: found("Other")},
		{Name: "without a name", When: found(""), Err: domain.ErrInvalid, Says: "The name is required"},
		{Name: "with two lines", When: found("A\nB"), Err: domain.ErrInvalid, Says: "one line"},
	}...)
}

// Self-tracking and ratings are off, and rejections wait a day, until somebody
// decides otherwise.
func TestDefaults(t *testing.T) {
	got := organization.Organization{}.Fold(founded).Settings
	want := organization.Settings{DiscloseAfter: 24 * time.Hour, RatingMinRaters: 1, ReadOnlyDays: 90, AccessAfterDays: 14, ReadLogDays: 365}
	if got != want {
		t.Errorf("settings = %+v, want %+v", got, want)
	}
}

func TestChangeSettings(t *testing.T) {
	change := func(c organization.SettingsChange) when {
		return func(o organization.Organization) ([]organization.Event, error) { return o.ChangeSettings(c, s) }
	}
	on, off, days, day := true, false, 720, 24
	changed := organization.SettingsChanged{Stamp: s, SelfTracking: &on}
	domaintest.Run(t, organization.Organization.Fold, []row{
		{Name: "a switch gets a value", Given: events{founded}, When: change(organization.SettingsChange{SelfTracking: &on}), Want: events{changed}},
		{Name: "the value it has", Given: events{founded, changed}, When: change(organization.SettingsChange{SelfTracking: &on})},
		{Name: "nothing named", Given: events{founded}, When: change(organization.SettingsChange{})},
		{
			Name: "only what changes is recorded", Given: events{founded, changed},
			When: change(organization.SettingsChange{SelfTracking: &on, RatingVisibility: &on, DiscloseAfterHours: &day}),
			Want: events{organization.SettingsChanged{Stamp: s, RatingVisibility: &on}},
		},
		{
			Name: "back off, and the longest delay", Given: events{founded, changed},
			When: change(organization.SettingsChange{SelfTracking: &off, DiscloseAfterHours: &days}),
			Want: events{organization.SettingsChanged{Stamp: s, SelfTracking: &off, DiscloseAfterHours: &days}},
		},
		{Name: "too long a delay", Given: events{founded}, When: change(hours(721)), Err: domain.ErrInvalid, Says: "0 to 720 hours"},
		{Name: "a delay before the decision", Given: events{founded}, When: change(hours(-1)), Err: domain.ErrInvalid, Says: "0 to 720 hours"},
	}...)

	got := organization.Organization{}.Fold(founded, changed, organization.SettingsChanged{Stamp: s, RatingVisibility: &on, DiscloseAfterHours: &days}).Settings
	want := organization.Organization{}.Fold(founded).Settings
	want.SelfTracking, want.RatingVisibility, want.DiscloseAfter = true, true, 30*24*time.Hour
	if got != want {
		t.Errorf("settings = %+v, want %+v", got, want)
	}
}

// Every setting takes the ends of its range and nothing beyond, and each is
// recorded alone (S1-64, S2-55, S2-74, S2-81, S2-102, E11).
func TestEverySettingHasARange(t *testing.T) {
	o := organization.Organization{}.Fold(founded)
	for _, tt := range []struct {
		name        string
		least, most int
		set         func(int) organization.SettingsChange
		have        func(organization.Settings) int
	}{
		{"raters", 1, 50, func(n int) (c organization.SettingsChange) { c.RatingMinRaters = &n; return c }, func(s organization.Settings) int { return s.RatingMinRaters }},
		{"read-only", 0, 3650, func(n int) (c organization.SettingsChange) { c.ReadOnlyDays = &n; return c }, func(s organization.Settings) int { return s.ReadOnlyDays }},
		{"access", 0, 365, func(n int) (c organization.SettingsChange) { c.AccessAfterDays = &n; return c }, func(s organization.Settings) int { return s.AccessAfterDays }},
		{"unassigned", 0, 3650, func(n int) (c organization.SettingsChange) { c.UnassignAfterDays = &n; return c }, func(s organization.Settings) int { return s.UnassignAfterDays }},
		{"read log", 30, 3650, func(n int) (c organization.SettingsChange) { c.ReadLogDays = &n; return c }, func(s organization.Settings) int { return s.ReadLogDays }},
	} {
		for n, allowed := range map[int]bool{tt.least - 1: false, tt.least: true, tt.most: true, tt.most + 1: false} {
			got, err := o.ChangeSettings(tt.set(n), s)
			if errors.Is(err, domain.ErrInvalid) == allowed {
				t.Errorf("%s = %d: %v", tt.name, n, err)
			}
			if after := o.Fold(got...).Settings; allowed && tt.have(after) != n {
				t.Errorf("%s = %d leads to %+v", tt.name, n, after)
			}
		}
	}
}

// The switches go on and off, each alone.
func TestEverySwitchIsItsOwn(t *testing.T) {
	o := organization.Organization{}.Fold(founded)
	on := true
	for name, tt := range map[string]struct {
		set  organization.SettingsChange
		have func(organization.Settings) bool
	}{
		"expires at the end": {organization.SettingsChange{InterviewExpiresAtEnd: &on}, func(s organization.Settings) bool { return s.InterviewExpiresAtEnd }},
		"mail":               {organization.SettingsChange{InterviewMailParticipants: &on}, func(s organization.Settings) bool { return s.InterviewMailParticipants }},
		"signing hires":      {organization.SettingsChange{SignHires: &on}, func(s organization.Settings) bool { return s.SignHires }},
		"mails of uploads":   {organization.SettingsChange{UploadMailMembers: &on}, func(s organization.Settings) bool { return s.UploadMailMembers }},
		"metrics":            {organization.SettingsChange{MemberMetrics: &on}, func(s organization.Settings) bool { return s.MemberMetrics }},
		"second factor":      {organization.SettingsChange{SecondFactorRequired: &on}, func(s organization.Settings) bool { return s.SecondFactorRequired }},
	} {
		got, err := o.ChangeSettings(tt.set, s)
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %v, %v", name, got, err)
		}
		after := o.Fold(got...)
		if tt.have(o.Settings) || !tt.have(after.Settings) {
			t.Errorf("%s: from %+v to %+v", name, o.Settings, after.Settings)
		}
		if again, err := after.ChangeSettings(tt.set, s); err != nil || len(again) > 0 {
			t.Errorf("%s again: %v, %v", name, again, err)
		}
	}
}

func hours(h int) organization.SettingsChange {
	return organization.SettingsChange{DiscloseAfterHours: &h}
}

func TestDefineRole(t *testing.T) {
	define := func(id, name string, a areas, d kinds) when {
		return func(o organization.Organization) ([]organization.Event, error) {
			return o.DefineRole(id, name, access.Role{Areas: a, Documents: d}, nil, s)
		}
	}
	same := areas{access.Notes: access.Edit}
	cv := kinds{access.CV: access.View}
	domaintest.Run(t, organization.Organization.Fold, []row{
		{Name: "a role", When: define("r1", " Manager ", same, cv), Want: events{manager}},
		{Name: "the same role", Given: events{manager}, When: define("r1", "Manager", same, cv)},
		{
			Name: "none is the same as left out", Given: events{manager},
			When: define("r1", "Manager", areas{access.Notes: access.Edit, access.Salary: access.None}, kinds{access.CV: access.View, access.Other: access.None}),
		},
		{
			Name: "a role that gives nothing", When: define("r2", "Guest", nil, nil),
			Want: events{organization.RecruitingRoleDefined{Stamp: s, Role: "r2", Name: "Guest", Access: access.Role{Areas: areas{}, Documents: kinds{}}}},
		},
		{
			Name: "another name, in another case", Given: events{manager}, When: define("r1", "MANAGER", same, cv),
			Want: events{organization.RecruitingRoleDefined{Stamp: s, Role: "r1", Name: "MANAGER", Access: access.Role{Areas: same, Documents: cv}}},
		},
		{Name: "a name that is taken", Given: events{manager}, When: define("r2", "manager", nil, nil), Err: domain.ErrInvalid, Says: "Another recruiting role is called Manager"},
		{Name: "no name", When: define("r1", "", nil, nil), Err: domain.ErrInvalid, Says: "The name is required"},
		{Name: "an unknown area", When: define("r1", "Manager", areas{"gossip": access.View}, nil), Err: domain.ErrInvalid, Says: `no area "gossip"`},
		{Name: "an unknown category", When: define("r1", "Manager", nil, kinds{"selfie": access.View}), Err: domain.ErrInvalid, Says: `no document category "selfie"`},
		{Name: "an unknown level", When: define("r1", "Manager", areas{access.Notes: 3}, nil), Err: domain.ErrInvalid, Says: "none, view or edit"},
	}...)
}

// The event keeps maps of its own: changing the command afterwards changes no
// history.
func TestDefineRoleKeepsItsOwn(t *testing.T) {
	mine := areas{access.Notes: access.Edit}
	got, err := organization.Organization{}.DefineRole("r1", "Manager", access.Role{Areas: mine}, nil, s)
	if err != nil {
		t.Fatal(err)
	}
	mine[access.Notes] = access.None
	e, ok := got[0].(organization.RecruitingRoleDefined)
	if level := e.Access.Areas[access.Notes]; !ok || level != access.Edit {
		t.Errorf("the event %v now says %v", e, level)
	}
}

func TestDefineReason(t *testing.T) {
	define := func(id, label string, kind organization.ReasonKind) when {
		return func(o organization.Organization) ([]organization.Event, error) {
			return o.DefineReason(id, label, kind, s)
		}
	}
	domaintest.Run(t, organization.Organization.Fold, []row{
		{Name: "a reason", When: define("w", " Not a fit ", organization.We), Want: events{weak}},
		{Name: "the same reason", Given: events{weak}, When: define("w", "Not a fit", organization.We)},
		{
			Name: "of another kind", Given: events{weak}, When: define("w", "Not a fit", organization.OtherReason),
			Want: events{organization.ReasonDefined{Stamp: s, Reason: "w", Label: "Not a fit", Kind: organization.OtherReason}},
		},
		{
			Name: "theirs", When: define("x", "Went elsewhere", organization.They),
			Want: events{organization.ReasonDefined{Stamp: s, Reason: "x", Label: "Went elsewhere", Kind: organization.They}},
		},
		{Name: "a label that is taken", Given: events{weak}, When: define("x", "NOT A FIT", organization.We), Err: domain.ErrInvalid, Says: "Another reason is called Not a fit"},
		{Name: "no label", When: define("w", " ", organization.We), Err: domain.ErrInvalid, Says: "The label is required"},
		{Name: "no such kind", When: define("w", "Not a fit", "fate"), Err: domain.ErrInvalid, Says: "we, they or other"},
	}...)
}

func TestDefineTag(t *testing.T) {
	define := func(id, label string) when {
		return func(o organization.Organization) ([]organization.Event, error) { return o.DefineTag(id, label, s) }
	}
	full := make(events, organization.MaxTags)
	for i := range full {
		full[i] = organization.TagDefined{Stamp: s, Tag: strconv.Itoa(i), Label: "tag " + strconv.Itoa(i)}
	}
	domaintest.Run(t, organization.Organization.Fold, []row{
		{Name: "a tag", When: define("t1", " Remote "), Want: events{remote}},
		{Name: "a label that is there, in another case", Given: events{remote}, When: define("t2", "REMOTE")},
		{Name: "too many", Given: full, When: define("t", "one more"), Err: organization.ErrTooManyTags},
		{Name: "too many, but it is there", Given: full, When: define("t", "Tag 7")},
		{Name: "no label", When: define("t1", ""), Err: domain.ErrInvalid, Says: "The tag is required"},
		{Name: "two lines", When: define("t1", "a\nb"), Err: domain.ErrInvalid, Says: "one line"},
		{Name: "too long", When: define("t1", strings.Repeat("a", 51)), Err: domain.ErrInvalid, Says: "at most 50"},
	}...)
}

func TestTagLabelled(t *testing.T) {
	o := organization.Organization{}.Fold(remote)
	if id, ok := o.TagLabelled(" remote "); id != "t1" || !ok {
		t.Errorf("got %q, %v", id, ok)
	}
	if id, ok := o.TagLabelled("office"); ok {
		t.Errorf("found %q", id)
	}
}

// Two branches of one history stay apart.
func TestFoldDoesNotAlias(t *testing.T) {
	given := events{
		founded, manager, weak, remote,
		organization.EntryRetired{Stamp: s, List: organization.Tags, Entry: "t1"},
		organization.FormDefined{Stamp: s, Form: "f1", Version: 1},
		organization.FormDefined{Stamp: s, Form: "f1", Version: 2},
	}
	base := organization.Organization{}.Fold(given...)
	for _, e := range (events{
		organization.RecruitingRoleDefined{Stamp: s, Role: "r1", Name: "Other"},
		organization.ReasonDefined{Stamp: s, Reason: "w", Label: "Other"},
		organization.TagDefined{Stamp: s, Tag: "t1", Label: "Other"},
		organization.FormDefined{Stamp: s, Form: "f1", Version: 3},
		organization.EntryRetired{Stamp: s, List: organization.Reasons, Entry: "w"},
		organization.EntryRestored{Stamp: s, List: organization.Tags, Entry: "t1"},
	}) {
		base.Fold(e)
		if want := (organization.Organization{}).Fold(given...); !reflect.DeepEqual(base, want) {
			t.Fatalf("%s wrote into %+v", e.EventName(), base)
		}
	}
}
