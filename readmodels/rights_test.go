package readmodels_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/readmodels"
)

// wanted is what the rules of commands say about rights, from the state that
// commands decide on.
func (f *fixture) wanted(memberID, id string) access.Rights {
	var held []access.Membership
	for _, place := range f.Jobs[f.Applications[id].Job].Team {
		if place.Member == memberID {
			held = append(held, access.Membership{Role: f.Organization.Roles[place.Role].Access, Manager: place.Manager})
		}
	}
	for _, role := range f.Applications[id].Granted(memberID, f.Now) {
		held = append(held, access.Membership{Role: f.Organization.Roles[role].Access})
	}
	if f.Applications[id].OpenTo(memberID, f.Now) {
		held = append(held, access.Membership{Opening: true})
	}
	return access.Of(f.Members[memberID].OrganizationRole(), held...)
}

func sameRights(a, b access.Rights) string {
	if a.Manager != b.Manager || a.Masked != b.Masked {
		return fmt.Sprintf("manager %v and %v, masked %v and %v", a.Manager, b.Manager, a.Masked, b.Masked)
	}
	for _, area := range access.Areas() {
		if a.Area(area) != b.Area(area) {
			return fmt.Sprintf("%s: %v and %v", area, a.Area(area), b.Area(area))
		}
	}
	for _, c := range access.Categories() {
		if a.Document(c) != b.Document(c) {
			return fmt.Sprintf("%s: %v and %v", c, a.Document(c), b.Document(c))
		}
	}
	return ""
}

// In random histories, queries and commands agree on rights, and every list
// holds exactly what its viewer may open.
// It holds S2-79..80.
func TestQueriesAndCommandsAgreeOnRights(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			for range 8 {
				f.Member(access.Recruiting, "Somebody")
			}
			f.Member(access.Auditor, "Otto")
			f.Random(seed, 150)
			f.project()
			for _, m := range f.MemberIDs {
				f.checkRights(m)
			}
		})
	}
}

func (f *fixture) checkRights(m string) {
	f.t.Helper()
	want, masked := []string{}, []string{}
	for i, id := range f.ApplicationIDs {
		if f.Applications[id].Deleted {
			continue // nobody knows of it
		}
		rights, err := f.core.Rights(f.t.Context(), m, id, f.Now)
		if err != nil {
			f.t.Fatal(err)
		}
		if i%4 == 0 {
			f.checkExplained(m, id, rights)
		}
		if diff := sameRights(rights, f.wanted(m, id)); diff != "" {
			f.t.Errorf("member %s, application %s: query and command differ: %s", m, id, diff)
		}
		_, err = f.core.Profile(f.t.Context(), m, id, f.Now)
		if rights.Area(access.Application) < access.View {
			wantRefusal(f.t, err, readmodels.ErrNotFound)
			continue
		}
		if err != nil {
			f.t.Fatal(err)
		}
		want = append(want, id)
		if rights.Masked {
			masked = append(masked, id)
		}
	}
	page := f.list(m, readmodels.ListQuery{Limit: readmodels.MaxLimit, Ascending: true})
	if got := ids(page); !slices.Equal(got, want) {
		f.t.Errorf("member %s lists %d applications, may open %d", m, len(got), len(want))
	}
	var gotMasked []string
	for _, a := range page.Items {
		if a.Masked {
			gotMasked = append(gotMasked, a.ID)
		}
	}
	if !slices.Equal(gotMasked, masked) && len(gotMasked)+len(masked) > 0 {
		f.t.Errorf("member %s: %d rows are masked, want %d", m, len(gotMasked), len(masked))
	}
	for _, j := range f.JobIDs {
		rights, err := f.core.RightsOnJob(f.t.Context(), m, j, f.Now)
		if err != nil {
			f.t.Fatal(err)
		}
		for _, id := range f.ApplicationIDs {
			if f.Applications[id].Job != j {
				continue
			}
			if a := f.Applications[id]; len(a.Granted(m, f.Now)) > 0 || a.OpenTo(m, f.Now) {
				continue // has more than the job gives
			}
			if diff := sameRights(rights, f.wanted(m, id)); diff != "" {
				f.t.Errorf("member %s, job %s: %s", m, j, diff)
			}
		}
	}
}

// checkExplained compares what is said of a member's rights with what they are:
// every level comes from something that counts, and nothing gives more. E10
func (f *fixture) checkExplained(m, id string, rights access.Rights) {
	f.t.Helper()
	e, err := f.core.Explain(f.t.Context(), f.Admin, m, id, f.Now)
	if err != nil {
		f.t.Fatal(err)
	}
	if e.Manager != rights.Manager || e.Masked != rights.Masked || e.Sees != (rights.Area(access.Application) >= access.View) {
		f.t.Errorf("member %s, application %s: explained as %s", m, id, body(f.t, e))
	}
	for i, area := range access.Areas() {
		most := access.None
		for _, h := range e.Held {
			if h.Counts {
				most = max(most, h.Areas[area])
			}
		}
		got := e.Areas[i]
		if got.Of != string(area) || got.Level != rights.Area(area) || most != got.Level || (len(got.From) > 0) != (got.Level > access.None) ||
			slices.Contains(e.Missing.Areas, area) != (got.Level == access.None) {
			f.t.Errorf("member %s, application %s, %s: %v, explained by %s", m, id, area, rights.Area(area), body(f.t, e))
		}
	}
	for i, category := range access.Categories() {
		if e.Documents[i].Level != rights.Document(category) {
			f.t.Errorf("member %s, application %s, %s: %v, explained as %v", m, id, category, rights.Document(category), e.Documents[i].Level)
		}
	}
}

func TestADeactivatedMemberSeesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	m := f.Member(access.Recruiting, "Rita")
	_, id := f.Apply(f.openJob("A", job.TeamMember{Member: m, Role: f.Full, Manager: true}), person("Ana", "Øst", ""))
	f.project()
	if got := len(f.list(m, readmodels.ListQuery{}).Items); got != 1 {
		t.Fatalf("lists %d applications while active", got)
	}
	f.ChangeMember(m, func(s member.Member, st domain.Stamp) ([]member.Event, error) { return s.Deactivate(m, "", st) })
	f.project()
	if got := len(f.list(m, readmodels.ListQuery{}).Items); got != 0 {
		t.Errorf("lists %d applications", got)
	}
	rights, err := f.core.Rights(t.Context(), m, id, f.Now)
	if err != nil || rights.Area(access.Application) != access.None || rights.Manager {
		t.Errorf("rights = %+v, %v", rights, err)
	}
	_, err = f.core.Members(t.Context(), m, f.Now)
	wantRefusal(t, err, readmodels.ErrNotFound)
	_, err = f.core.Timeline(t.Context(), m, id, readmodels.TimelineQuery{}, f.Now)
	wantRefusal(t, err, readmodels.ErrNotFound)
}

// A grant counts for its application only, and until its end.
func TestGrants(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	m := f.Member(access.Recruiting, "Rita")
	jobID := f.openJob("A")
	_, granted := f.Apply(jobID, person("Ana", "Øst", ""))
	_, other := f.Apply(jobID, person("Bo", "Perez", ""))
	f.addTag(granted, f.TagIDs[0])
	end := f.Now.Add(time.Hour)
	f.Grant(granted, domain.Member(f.Admin), m, f.Full, &end)
	f.project()

	if got := ids(f.list(m, readmodels.ListQuery{})); !slices.Equal(got, []string{granted}) {
		t.Errorf("lists %v, want %s", got, granted)
	}
	for name, q := range map[string]readmodels.ListQuery{
		"by job": {Jobs: []string{jobID}}, "by name": {Sort: readmodels.ByName}, "by tag": {AnyTags: f.TagIDs}, "by word": {Text: "ana"},
	} {
		if page := f.list(m, q); len(page.Items) != 1 || page.Total != 1 {
			t.Errorf("%s: %s", name, body(t, page))
		}
	}
	if got := f.list(m, readmodels.ListQuery{Jobs: []string{f.ID()}}); len(got.Items) != 0 {
		t.Errorf("of another job: %s", body(t, got))
	}
	f.profile(m, granted)
	_, err := f.core.Profile(t.Context(), m, other, f.Now)
	wantRefusal(t, err, readmodels.ErrNotFound)

	for _, after := range []time.Time{end, end.Add(time.Hour)} {
		page, err := f.core.Applications(t.Context(), m, readmodels.ListQuery{}, after)
		if err != nil || len(page.Items) != 0 || page.Total != 0 {
			t.Errorf("after its end: %v, %v", page.Items, err)
		}
		_, err = f.core.Profile(t.Context(), m, granted, after)
		wantRefusal(t, err, readmodels.ErrNotFound)
	}
}

// A place in the team and a grant add up, and the row is listed once.
func TestAGrantAddsToAPlaceInTheTeam(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	m := f.Member(access.Recruiting, "Rita")
	_, id := f.Apply(f.openJob("A", job.TeamMember{Member: m, Role: f.Lists}), person("Ana", "Øst", ""))
	f.addTag(id, f.TagIDs[0])
	f.Grant(id, domain.Member(f.Admin), m, f.roleOf("Tags and list", access.Application, access.Tags), nil)
	f.Grant(id, domain.Member(f.Admin), m, f.Full, nil)
	f.project()
	for name, q := range map[string]readmodels.ListQuery{"by tag": {AnyTags: f.TagIDs}, "all": {}, "by word": {Text: "ana"}, "by name": {Sort: readmodels.ByName}} {
		page := f.list(m, q)
		if len(page.Items) != 1 || page.Total != 1 || len(page.Items[0].Tags) != 1 {
			t.Errorf("%s: got %s", name, body(t, page))
		}
	}
}

func TestWhichJobsAMemberMayKnow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	recruiter, auditor, reporter := f.Member(access.Recruiting, "Rita"), f.Member(access.Auditor, "Otto"), f.Member(access.Reporting, "Rex")
	open := f.openJob("Open")
	secret := f.Job("Secret", true, []string{"Received", "Interview"}, f.withManager(nil)...)
	theirs := f.Job("Theirs", true, []string{"Received"}, f.withManager([]job.TeamMember{{Member: recruiter, Role: f.Lists}, {Member: reporter, Role: f.Lists}})...)
	f.project()
	for _, c := range []struct {
		who    string
		member string
		want   []string // newest first
	}{
		{"admin", f.Admin, []string{theirs, secret, open}},
		{"auditor", auditor, []string{theirs, secret, open}},
		{"recruiter", recruiter, []string{theirs, open}},
		{"reporter", reporter, []string{theirs}},
		{"nobody", f.ID(), nil},
	} {
		jobs, err := f.core.Jobs(t.Context(), c.member, f.Now)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, j := range jobs {
			got = append(got, j.ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s knows %v, want %v", c.who, got, c.want)
		}
		for _, id := range f.JobIDs {
			_, err := f.core.Job(t.Context(), c.member, id, f.Now)
			if slices.Contains(c.want, id) {
				if err != nil {
					t.Errorf("%s: job: %v", c.who, err)
				}
				continue
			}
			wantRefusal(t, err, readmodels.ErrNotFound)
		}
	}
	got, err := f.core.Job(t.Context(), f.Admin, secret, f.Now)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Stages) != 2 || got.Stages[0].PublicName != nil || *got.Stages[1].PublicName != "Interview (public)" || !got.Confidential {
		t.Errorf("job = %s", body(t, got))
	}
	if len(got.Team) != 1 || plain(got.Team[0].Member.Name) != "Ada" || got.Team[0].Role.Label != "Full" || !got.Team[0].Manager {
		t.Errorf("team = %s", body(t, got.Team))
	}
}

func TestTheDirectory(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	bert := f.Member(access.Reporting, "bert")
	f.Member(access.Recruiting, "Cleo")
	f.project()
	members, err := f.core.Members(t.Context(), bert, f.Now)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range members {
		names = append(names, plain(m.Name)+" "+plain(m.Email)+" "+string(m.Role))
	}
	if want := []string{"Ada Ada@acme.example admin", "bert bert@acme.example reporting", "Cleo Cleo@acme.example recruiting"}; !slices.Equal(names, want) {
		t.Errorf("members = %v, want %v", names, want)
	}
	got, err := f.core.Organization(t.Context(), bert, f.Now)
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "Acme" || !got.Settings.SelfTracking || got.Settings.RatingVisibility || got.Settings.DiscloseAfterHours != 24 || got.Settings.ReadLogDays != 365 {
		t.Errorf("organisation = %s", body(t, got))
	}
	ask := readmodels.Lists{Member: bert, Now: f.Now}
	roles, err := f.core.RecruitingRoles(t.Context(), ask)
	if err != nil || len(roles.Items) != 2 || roles.Items[0].Name != "Full" || roles.Items[0].Areas[access.Notes] != access.Edit || roles.Items[1].Areas[access.Application] != access.View {
		t.Errorf("roles = %s, %v", body(t, roles), err)
	}
	reasons, err := f.core.Reasons(t.Context(), ask)
	if err != nil || len(reasons.Items) != 3 || reasons.Items[0].Label != "Not enough experience" || reasons.Revision != got.Revision {
		t.Errorf("reasons = %s, %v", body(t, reasons), err)
	}
	tags, err := f.core.Tags(t.Context(), ask)
	if err != nil || len(tags.Items) != 3 || tags.Items[0].Label.Label != "Go" {
		t.Errorf("tags = %s, %v", body(t, tags), err)
	}
}
