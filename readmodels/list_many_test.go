package readmodels_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/readmodels"
)

// With so many jobs that a statement does not weigh each of them, members find
// what they find with few: all of their jobs, single applications, nothing else,
// and of each what they may.
// It holds S2-79.
func TestAMemberOfManyJobs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	few, auditor := f.Member(access.Recruiting, "Rita"), f.Member(access.Auditor, "Otto")
	many := f.Member(access.Recruiting, "Mara")
	const jobs = 53
	var first, second, last string
	team := []job.TeamMember{{Member: many, Role: f.Full}, {Member: auditor, Role: f.Lists}}
	for i := range jobs {
		id := f.openJob(fmt.Sprintf("Job %d", i), team...)
		switch i {
		case 0:
			first = id
		case 1:
			second = id
		}
		last = id
	}
	other := f.openJob("Other", job.TeamMember{Member: few, Role: f.Full})
	secret := f.Job("Secret", true, []string{"Received"}, f.withManager(nil)...)
	apply := func(job string, name personal.Plain) (someone, id string) {
		return f.Apply(job, person("Ana", name, ""))
	}
	someone, a := apply(first, "Ast")
	_, b := apply(second, "Bond")
	_, c := apply(last, "Cook")
	_, d := apply(other, "Dorn")
	_, e := apply(other, "Ende")
	f.Receive(someone, f.ID(), secret)
	f.Grant(d, domain.Member(f.Admin), many, f.roleOf("Tags and list", access.Application, access.Tags), nil)
	f.Grant(a, domain.Member(f.Admin), many, f.Full, nil) // which they see anyway
	ended := f.Now.Add(time.Hour)
	f.Grant(e, domain.Member(f.Admin), many, f.Full, &ended)
	for _, id := range []string{a, d, e} {
		f.addTag(id, f.TagIDs[0])
	}
	f.Now = ended.Add(1)
	f.project()

	yes := true
	for _, c := range []struct {
		name, member string
		q            readmodels.ListQuery
		want         []string
	}{
		{"all", many, readmodels.ListQuery{}, []string{a, b, c, d}},
		{"last changed", many, readmodels.ListQuery{Sort: readmodels.ByChanged}, []string{b, c, a, d}},
		{"by name", many, readmodels.ListQuery{Sort: readmodels.ByName}, []string{a, b, c, d}},
		{"by tag", many, readmodels.ListQuery{AllTags: f.TagIDs[:1]}, []string{a, d}},
		{"by words", many, readmodels.ListQuery{Text: "ana"}, []string{a, b, c, d}},
		{"unread", many, readmodels.ListQuery{Unread: &yes}, []string{}},
		{"of a job", many, readmodels.ListQuery{Jobs: []string{second}}, []string{b}},
		{"of a job of which one is granted", many, readmodels.ListQuery{Jobs: []string{other}}, []string{d}},
		{"of both", many, readmodels.ListQuery{Jobs: []string{other, first}}, []string{a, d}},
		{"of a job they do not see", many, readmodels.ListQuery{Jobs: []string{secret}}, []string{}},
		{"an auditor, by tag", auditor, readmodels.ListQuery{AnyTags: f.TagIDs[:1]}, []string{}},
		{"an auditor, by words", auditor, readmodels.ListQuery{Text: "ana"}, []string{a, b, c}},
		{"one of few jobs", few, readmodels.ListQuery{}, []string{d, e}},
	} {
		c.q.Ascending = true
		page := f.list(c.member, c.q)
		if got := ids(page); !slices.Equal(got, c.want) || page.Total != len(c.want) {
			t.Errorf("%s: got %v, total %d, want %v", c.name, got, page.Total, c.want)
		}
		selected, err := f.core.Selection(t.Context(), c.member, c.q, 10, f.Now)
		if slices.Sort(selected); err != nil || !slices.Equal(selected, slices.Sorted(slices.Values(c.want))) {
			t.Errorf("%s: selected %v, %v, want %v", c.name, selected, err, c.want)
		}
	}
	for _, item := range f.list(many, readmodels.ListQuery{}).Items {
		if granted := item.ID == d; granted != (item.Unread == nil) || granted != (item.Messages == nil) || item.Tags == nil || item.Another {
			t.Errorf("shown of %s: %s", item.ID, body(t, item))
		}
	}
	masked := 0
	for _, item := range f.list(auditor, readmodels.ListQuery{}).Items {
		if item.Masked {
			masked++
		}
	}
	if masked != 3 {
		t.Errorf("%d are masked to the auditor, want d, e and the confidential one", masked)
	}
}
