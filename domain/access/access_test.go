package access_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain/access"
)

func role(areas map[access.Area]access.Level, documents map[access.Category]access.Level) access.Role {
	return access.Role{Areas: areas, Documents: documents}
}

// TestRights holds S2-79..82, 101.
func TestRights(t *testing.T) {
	interviewer := access.Membership{Role: role(
		map[access.Area]access.Level{access.Application: access.View, access.Notes: access.Edit, access.Salary: access.None},
		map[access.Category]access.Level{access.CV: access.View},
	)}
	manager := access.Membership{Manager: true, Role: role(
		map[access.Area]access.Level{access.Application: access.Edit, access.Notes: access.View},
		map[access.Category]access.Level{access.CV: access.Edit, access.Certificate: access.View},
	)}
	commenter := access.Membership{Role: role(map[access.Area]access.Level{access.Comments: access.Edit}, nil)}

	type levels map[access.Area]access.Level
	everyArea, everyCategory := levels{}, map[access.Category]access.Level{}
	for _, a := range access.Areas() {
		everyArea[a] = access.View
	}
	for _, c := range access.Categories() {
		everyCategory[c] = access.View
	}
	for _, tt := range []struct {
		name      string
		role      access.OrganizationRole
		held      []access.Membership
		areas     levels // the others are None
		documents map[access.Category]access.Level
		any       access.Level
		manager   bool
		masked    bool
	}{
		{name: "no role, no rights", held: []access.Membership{manager}},
		{name: "an unknown role gives none", role: "owner", held: []access.Membership{manager}},
		{name: "recruiting alone sees no application", role: access.Recruiting},
		{name: "reporting alone sees no application", role: access.Reporting},
		{
			name: "a place in a team gives its role", role: access.Recruiting, held: []access.Membership{interviewer},
			areas:     levels{access.Application: access.View, access.Notes: access.Edit},
			documents: map[access.Category]access.Level{access.CV: access.View}, any: access.View,
		},
		{
			name: "rights add up", role: access.Reporting, held: []access.Membership{interviewer, manager},
			areas:     levels{access.Application: access.Edit, access.Notes: access.Edit},
			documents: map[access.Category]access.Level{access.CV: access.Edit, access.Certificate: access.View}, any: access.Edit, manager: true,
		},
		{
			name: "an auditor sees header and history, masked", role: access.Auditor,
			areas: levels{access.Application: access.View, access.History: access.View}, masked: true,
		},
		{
			name: "an auditor in the team keeps the history", role: access.Auditor, held: []access.Membership{interviewer},
			areas:     levels{access.Application: access.View, access.History: access.View, access.Notes: access.Edit},
			documents: map[access.Category]access.Level{access.CV: access.View}, any: access.View,
		},
		{
			name: "an opening shows an auditor everything", role: access.Auditor, held: []access.Membership{{Opening: true}},
			areas: everyArea, documents: everyCategory, any: access.View,
		},
		{name: "an opening shows nobody else anything", role: access.Recruiting, held: []access.Membership{{Opening: true}}},
		{
			name: "an auditor stays masked where the team does not show the person", role: access.Auditor, held: []access.Membership{commenter},
			areas: levels{access.Application: access.View, access.History: access.View, access.Comments: access.Edit}, masked: true,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := access.Of(tt.role, tt.held...)
			for _, a := range access.Areas() {
				if got.Area(a) != tt.areas[a] {
					t.Errorf("%s: %v, want %v", a, got.Area(a), tt.areas[a])
				}
			}
			for _, c := range access.Categories() {
				if got.Document(c) != tt.documents[c] {
					t.Errorf("%s: %v, want %v", c, got.Document(c), tt.documents[c])
				}
			}
			if got.AnyDocument() != tt.any || got.Manager != tt.manager || got.Masked != tt.masked {
				t.Errorf("any document %v, manager %v, masked %v; want %v, %v, %v", got.AnyDocument(), got.Manager, got.Masked, tt.any, tt.manager, tt.masked)
			}
		})
	}
}

func TestAdminsHaveEveryArea(t *testing.T) {
	got := access.Of(access.Admin)
	for _, a := range access.Areas() {
		if got.Area(a) != access.Edit {
			t.Errorf("%s: %v", a, got.Area(a))
		}
	}
	for _, c := range access.Categories() {
		if got.Document(c) != access.Edit {
			t.Errorf("%s: %v", c, got.Document(c))
		}
	}
	if !got.Manager || got.Masked || got.AnyDocument() != access.Edit {
		t.Errorf("manager %v, masked %v, any document %v", got.Manager, got.Masked, got.AnyDocument())
	}
}

// Deciding rights leaves the roles alone: they are shared by all who hold them.
func TestOfDoesNotWriteIntoRoles(t *testing.T) {
	small := map[access.Area]access.Level{access.Notes: access.View}
	large := map[access.Area]access.Level{access.Notes: access.Edit}
	access.Of(access.Auditor, access.Membership{Role: role(small, nil)}, access.Membership{Role: role(large, nil)})
	if len(small) != 1 || small[access.Notes] != access.View {
		t.Errorf("the role is now %v", small)
	}
}

// One thing more to hold never takes a right away, except that a member who is
// shown the person is no longer masked.
func TestRightsOnlyGrow(t *testing.T) {
	level := rapid.SampledFrom([]access.Level{access.None, access.View, access.Edit})
	membership := rapid.Custom(func(t *rapid.T) access.Membership {
		return access.Membership{Manager: rapid.Bool().Draw(t, "manager"), Opening: rapid.Bool().Draw(t, "opening"), Role: role(
			rapid.MapOf(rapid.SampledFrom(access.Areas()), level).Draw(t, "areas"),
			rapid.MapOf(rapid.SampledFrom(access.Categories()), level).Draw(t, "documents"),
		)}
	})
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SampledFrom([]access.OrganizationRole{"", access.Admin, access.Recruiting, access.Auditor, access.Reporting}).Draw(t, "role")
		held := rapid.SliceOfN(membership, 1, 4).Draw(t, "held")
		less, more := access.Of(r, held[:len(held)-1]...), access.Of(r, held...)
		for _, a := range access.Areas() {
			if more.Area(a) < less.Area(a) {
				t.Errorf("%s fell from %v to %v", a, less.Area(a), more.Area(a))
			}
		}
		for _, c := range access.Categories() {
			if more.Document(c) < less.Document(c) || more.Document(c) > more.AnyDocument() {
				t.Errorf("%s went from %v to %v, any is %v", c, less.Document(c), more.Document(c), more.AnyDocument())
			}
		}
		if less.Manager && !more.Manager || more.Masked && !less.Masked {
			t.Errorf("manager %v to %v, masked %v to %v", less.Manager, more.Manager, less.Masked, more.Masked)
		}
	})
}

func TestOrganizationRoleValid(t *testing.T) {
	for _, r := range []access.OrganizationRole{access.Admin, access.Recruiting, access.Auditor, access.Reporting} {
		if !r.Valid() {
			t.Errorf("%s is not valid", r)
		}
	}
	for _, r := range []access.OrganizationRole{"", "Admin", "owner"} {
		if r.Valid() {
			t.Errorf("%q is valid", string(r))
		}
	}
}

// The names of areas, categories and levels are stored in events.
func TestStoredNames(t *testing.T) {
	got, err := json.Marshal(struct {
		Areas      []access.Area
		Categories []access.Category
		Levels     []access.Level
		Roles      []access.OrganizationRole
	}{
		access.Areas(), access.Categories(),
		[]access.Level{access.None, access.View, access.Edit},
		[]access.OrganizationRole{access.Admin, access.Recruiting, access.Auditor, access.Reporting},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Areas":["application","decision","profile","sensitive","salary","interviews","messages","evaluations","comments","notes","offers","tags","access","erasure","history"],` +
		`"Categories":["cv","cover_letter","employment_reference","certificate","work_sample","offer","outbound_attachment","other","uncategorised"],` +
		`"Levels":["none","view","edit"],"Roles":["admin","recruiting","auditor","reporting"]}`
	if string(got) != want {
		t.Errorf("stored as\n%s, want\n%s", got, want)
	}
}

func TestLevelText(t *testing.T) {
	for _, l := range []access.Level{access.None, access.View, access.Edit} {
		var back access.Level = 99
		if err := back.UnmarshalText([]byte(l.String())); err != nil || back != l {
			t.Errorf("%v was read back as %v, %v", l, back, err)
		}
	}
	if _, err := access.Level(3).MarshalText(); err == nil {
		t.Error("a level without a name was stored")
	}
	if got := access.Level(3).String(); got != "Level(3)" {
		t.Errorf("String() = %q", got)
	}
	l := access.View
	if err := l.UnmarshalText([]byte("View")); err == nil || l != access.View {
		t.Errorf("read %v, %v", l, err)
	}
}

// Whoever has rights covers what they have, and nothing above it.
func TestCovers(t *testing.T) {
	have := access.Of(access.Recruiting, access.Membership{Role: role(
		map[access.Area]access.Level{access.Notes: access.View}, map[access.Category]access.Level{access.CV: access.Edit},
	)})
	for name, tt := range map[string]struct {
		of   access.Rights
		role access.Role
		want bool
	}{
		"nothing":             {have, access.Role{}, true},
		"the same":            {have, role(map[access.Area]access.Level{access.Notes: access.View}, map[access.Category]access.Level{access.CV: access.Edit}), true},
		"less":                {have, role(map[access.Area]access.Level{access.Notes: access.None, access.Tags: access.None}, map[access.Category]access.Level{access.CV: access.View}), true},
		"a higher level":      {have, role(map[access.Area]access.Level{access.Notes: access.Edit}, nil), false},
		"another area":        {have, role(map[access.Area]access.Level{access.Tags: access.View}, nil), false},
		"another category":    {have, role(nil, map[access.Category]access.Level{access.Other: access.View}), false},
		"anything, of admins": {access.Of(access.Admin), role(map[access.Area]access.Level{access.Erasure: access.Edit}, nil), true},
	} {
		if got := tt.of.Covers(tt.role); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
