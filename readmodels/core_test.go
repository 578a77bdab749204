package readmodels_test

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/readmodels/historytest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// fixture is a company whose read models follow its history.
type fixture struct {
	*historytest.Company
	t     *testing.T
	group projections.Group
	core  *readmodels.Core
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	c := historytest.New(t).Found()
	return &fixture{
		Company: c, t: t,
		group: projections.Group{Name: projections.CoreGroup, Models: projections.Core(c.Vault)},
		core:  readmodels.NewCore(c.Pool, c.Vault, readmodels.NewGenerations(c.Pool)),
	}
}

// project brings the read models to the end of the log.
func (f *fixture) project() {
	f.t.Helper()
	projectionstest.Project(f.t, f.Pool, f.Log, f.group, projectionstest.How{})
}

// openJob opens a job whose manager is the admin.
func (f *fixture) openJob(title string, team ...job.TeamMember) string {
	f.t.Helper()
	return f.Job(title, false, []string{"Received", "Interview", "Offer"}, f.withManager(team)...)
}

func (f *fixture) withManager(team []job.TeamMember) []job.TeamMember {
	return append([]job.TeamMember{{Member: f.Admin, Role: f.Full, Manager: true}}, team...)
}

func person(first, last, email personal.Plain) candidate.Details {
	return candidate.Details{FirstName: first, LastName: last, Email: email}
}

// roleOf is a recruiting role with these areas to view.
func (f *fixture) roleOf(name string, areas ...access.Area) string {
	f.t.Helper()
	role := access.Role{Areas: map[access.Area]access.Level{}}
	for _, a := range areas {
		role.Areas[a] = access.View
	}
	return f.Role(name, role)
}

func (f *fixture) list(member string, q readmodels.ListQuery) readmodels.ApplicationPage {
	f.t.Helper()
	page, err := f.core.Applications(f.t.Context(), member, q, f.Now)
	if err != nil {
		f.t.Fatalf("list %+v: %v", q, err)
	}
	return page
}

func (f *fixture) profile(member, id string) readmodels.Profile {
	f.t.Helper()
	p, err := f.core.Profile(f.t.Context(), member, id, f.Now)
	if err != nil {
		f.t.Fatalf("profile: %v", err)
	}
	return p
}

func (f *fixture) timeline(member, id string) []readmodels.TimelineEntry {
	f.t.Helper()
	page, err := f.core.Timeline(f.t.Context(), member, id, readmodels.TimelineQuery{Limit: readmodels.MaxLimit}, f.Now)
	if err != nil {
		f.t.Fatalf("timeline: %v", err)
	}
	return page.Items
}

func (f *fixture) tracking(candidateID, id string, now time.Time) readmodels.Tracking {
	f.t.Helper()
	page, err := f.core.Tracking(f.t.Context(), candidateID, id, now)
	if err != nil {
		f.t.Fatalf("tracking: %v", err)
	}
	return page
}

func ids(page readmodels.ApplicationPage) []string {
	list := []string{}
	for _, a := range page.Items {
		list = append(list, a.ID)
	}
	return list
}

func plain(p *personal.Plain) string {
	if p == nil {
		return "<nil>"
	}
	return string(*p)
}

func wantRefusal(t *testing.T, err error, want *domain.Refusal) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// body is v as the HTTP answer says it.
func body(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
