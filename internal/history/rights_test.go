package history_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/internal/history"
)

// member invites somebody and gives them a role in the job's team.
func (s *story) member(t *testing.T, role access.OrganizationRole, held *access.Role) string {
	t.Helper()
	id := commandstest.Must(s.InviteMember(t.Context(), s.As(s.Admin), commands.InviteMember{Name: "Somebody", Role: role})).ID
	if held != nil {
		r := commandstest.Must(s.DefineRecruitingRole(t.Context(), s.As(s.Admin), commands.DefineRecruitingRole{Name: uuid.NewString(), Areas: held.Areas, Documents: held.Documents})).ID
		team := append(slices.Clone(s.Directory.Job(s.Job).Team), job.TeamMember{Member: id, Role: r})
		commandstest.Must(s.ChangeTeam(t.Context(), s.As(s.Admin), commands.ChangeTeam{Job: s.Job, Team: team}))
	}
	return id
}

type areas = map[access.Area]access.Level

// The auditor sees that and when, of everything, and nobody's names.
func TestMaskedAuditor(t *testing.T) {
	t.Parallel()
	s := told(t)
	last := s.seen[len(s.seen)-1]
	h := s.replay(t, s.member(t, access.Auditor, nil), history.AsOf{Position: &last.position})
	if len(h.Events) != int(last.revision)+1 || !h.Masked {
		t.Errorf("%d events, masked %t; want all, masked", len(h.Events), h.Masked)
	}
	got := asJSON(t, h)
	for _, secret := range []string{"Cleo", "cleo@", "promising", "call her", "welcome", "Diploma", "diploma.txt", "unsigned", "too late"} {
		if strings.Contains(got, secret) {
			t.Errorf("it says %q", secret)
		}
	}
	for _, e := range h.Events {
		if len(e.Erased) > 0 {
			t.Errorf("event %d: erased %v; masked is not erased", e.Revision, e.Erased)
		}
	}
	if h.Events[1].Data["to"] != s.Stages[1].ID || h.Profile.Outcome != application.Rejected || h.Profile.JobTitle == "" {
		t.Errorf("it hides what is not personal: %s", got)
	}
}

func TestRightsOfToday(t *testing.T) {
	t.Parallel()
	s := told(t)
	last := s.seen[len(s.seen)-1]
	asOf := history.AsOf{Position: &last.position}
	for name, tt := range map[string]struct {
		viewer string
		want   error
	}{
		"another job's":      {s.member(t, access.Recruiting, nil), application.ErrUnknown},
		"reporting":          {s.member(t, access.Reporting, nil), application.ErrUnknown},
		"nobody":             {uuid.NewString(), application.ErrUnknown},
		"without the area":   {s.member(t, access.Recruiting, &access.Role{Areas: areas{access.Application: access.Edit}}), history.ErrDenied},
		"of another area":    {s.member(t, access.Recruiting, &access.Role{Areas: areas{access.Notes: access.Edit}}), application.ErrUnknown},
		"with the area only": {s.member(t, access.Recruiting, &access.Role{Areas: areas{access.History: access.View}}), nil},
	} {
		if _, err := s.Replay(t.Context(), tt.viewer, s.app, asOf); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if _, err := s.Replay(t.Context(), s.Admin, uuid.NewString(), asOf); !errors.Is(err, application.ErrUnknown) {
		t.Errorf("no such application: %v, want ErrUnknown", err)
	}
	if _, err := s.ReplayAll(t.Context(), uuid.NewString(), history.AsOf{}); !errors.Is(err, application.ErrUnknown) {
		t.Errorf("no such application, for the operator: %v, want ErrUnknown", err)
	}
	blind := *s.Replayer
	blind.Rights = commands.NewDirectory(s.Memory, nil, nil)
	if _, err := blind.Replay(t.Context(), s.Admin, s.app, asOf); !errors.Is(err, commands.ErrRightsUnknown) {
		t.Errorf("rights unknown: %v, want ErrRightsUnknown", err)
	}
	// What one may see now counts, not what one might have seen then.
	viewer := s.member(t, access.Recruiting, &access.Role{Areas: areas{access.Application: access.View, access.History: access.View}})
	if _, err := s.Replay(t.Context(), viewer, s.app, asOf); err != nil {
		t.Fatal(err)
	}
	commandstest.Must(s.DeactivateMember(t.Context(), s.As(s.Admin), commands.DeactivateMember{Member: viewer}))
	if _, err := s.Replay(t.Context(), viewer, s.app, asOf); !errors.Is(err, application.ErrUnknown) {
		t.Errorf("deactivated: %v, want ErrUnknown", err)
	}
}

// Each area shows its own events and no others, in the events and the profile.
func TestAreas(t *testing.T) {
	t.Parallel()
	s := told(t)
	last := s.seen[len(s.seen)-1]
	const view = access.View
	for _, tt := range []struct {
		area  access.Area
		cv    access.Category
		shows []string // texts
		types []string // of events whose data is there
	}{
		{area: access.Application, shows: []string{"Cleo", "promising"}, types: []string{"received", "stage_moved", "priority_set", "disqualified"}},
		{area: access.Notes, shows: []string{"welcome"}, types: []string{"note_added", "note_visibility_set"}},
		{area: access.Comments, shows: []string{"call her"}, types: []string{"comment_added"}},
		{area: access.Tags, shows: []string{s.tag}, types: []string{"tag_added"}},
		{cv: access.Certificate, shows: []string{"Diploma", "diploma.txt", "unsigned"}, types: []string{"document_requested", "document_uploaded", "document_rejected"}},
		{cv: access.CV},
		// Beside the application area:
		{area: access.Decision, shows: []string{"too late"}},
		{area: access.Profile, shows: []string{"+49 123"}},
	} {
		role := access.Role{Areas: areas{access.History: view}, Documents: map[access.Category]access.Level{}}
		if tt.area != "" {
			role.Areas[tt.area] = view
		}
		if tt.cv != "" {
			role.Documents[tt.cv] = view
		}
		if tt.area == access.Decision || tt.area == access.Profile {
			role.Areas[access.Application] = view
			tt.shows = append(tt.shows, "Cleo", "promising")
			tt.types = []string{"received", "stage_moved", "priority_set", "disqualified"}
		}
		h := s.replay(t, s.member(t, access.Recruiting, &role), history.AsOf{Position: &last.position})
		got := asJSON(t, h)
		for _, secret := range []string{"Cleo", "promising", "welcome", "call her", s.tag, "Diploma", "diploma.txt", "unsigned", "too late", "+49 123"} {
			if want := slices.Contains(tt.shows, strings.Trim(secret, `"`)); strings.Contains(got, secret) != want {
				t.Errorf("area %s%s: %q is shown: %v, want %v", tt.area, tt.cv, secret, !want, want)
			}
		}
		for _, e := range h.Events {
			short := strings.TrimSuffix(strings.TrimPrefix(e.Type, "application."), ".v1")
			if want := slices.Contains(tt.types, short); (len(e.Data) > 0) != want {
				t.Errorf("area %s%s: data of %s is there: %v, want %v", tt.area, tt.cv, short, !want, want)
			}
		}
		if notes := len(h.Profile.Notes) > 0; notes != (tt.area == access.Notes) {
			t.Errorf("area %s: notes in the profile: %v", tt.area, notes)
		}
		if documents := len(h.Profile.Documents) > 0; documents != (tt.cv == access.Certificate) {
			t.Errorf("category %s: documents in the profile: %v", tt.cv, documents)
		}
	}
}
