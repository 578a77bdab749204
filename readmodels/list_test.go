package readmodels_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/readmodels/historytest"
)

// addTag puts a tag on an application.
func (f *fixture) addTag(id, tag string) {
	f.t.Helper()
	f.On(id, domain.Member(f.Admin), func(a application.Application, s domain.Stamp) ([]application.Event, error) { return a.AddTag(tag, s) })
}

// TestAListedApplicationSaysWhereItStands holds S2-11..12, 84, 85.
func TestAListedApplicationSaysWhereItStands(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	jobID := f.openJob("Go engineer")
	person1, id := f.Apply(jobID, person("Ana", "Øst", "ana@example.org"))
	received := f.Now
	f.addTag(id, f.TagIDs[2])
	f.addTag(id, f.TagIDs[0])
	f.Move(id, domain.Member(f.Admin), 1, "")
	moved := f.Now
	f.Disqualify(id, domain.Member(f.Admin), application.Rejected, f.Reject, "")
	f.project()

	page := f.list(f.Admin, readmodels.ListQuery{})
	if len(page.Items) != 1 || page.Total != 1 || page.TotalCapped || page.HasMore || page.NextCursor != nil {
		t.Fatalf("page = %s", body(t, page))
	}
	got := page.Items[0]
	if plain(got.FirstName) != "Ana" || plain(got.LastName) != "Øst" || plain(got.Email) != "ana@example.org" || *got.CandidateID != person1 {
		t.Errorf("person = %s", body(t, got))
	}
	if got.Job != (readmodels.JobRef{ID: jobID, Title: "Go engineer"}) || got.Stage != (readmodels.StageRef{ID: historytest.StageID(jobID, 1), Name: "Interview"}) {
		t.Errorf("job and stage = %s", body(t, got))
	}
	if got.Outcome != application.Rejected || *got.Reason != (readmodels.Label{ID: f.Reject, Label: "Not enough experience"}) {
		t.Errorf("outcome = %s", body(t, got))
	}
	if want := []readmodels.Label{{ID: f.TagIDs[2], Label: "Senior"}, {ID: f.TagIDs[0], Label: "Go"}}; !slices.Equal(got.Tags, want) {
		t.Errorf("tags = %v, want %v", got.Tags, want)
	}
	if !got.ReceivedAt.Equal(received) || !got.StageSince.Equal(moved) || !got.ChangedAt.Equal(f.Now) || got.Revision != 4 {
		t.Errorf("times and revision = %s", body(t, got))
	}
	if got.Owner == nil || got.Owner.ID != f.Admin || plain(got.Owner.Name) != "Ada" {
		t.Errorf("owner = %v", got.Owner)
	}
}

func TestARenameShowsInEveryRow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	jobID := f.openJob("Old title")
	_, id := f.Apply(jobID, person("Ana", "Øst", ""))
	f.Disqualify(id, domain.Member(f.Admin), application.Rejected, f.Reject, "")
	f.project()
	title := "New title"
	f.ChangeJob(jobID, func(j job.Job, s domain.Stamp) ([]job.Event, error) {
		return j.Edit(job.DetailsChange{Title: &title}, s)
	})
	f.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.DefineReason(f.Reject, "Too little experience", organization.We, s)
	})
	f.project()
	got := f.list(f.Admin, readmodels.ListQuery{}).Items[0]
	if got.Job.Title != "New title" || got.Reason.Label != "Too little experience" {
		t.Errorf("got %s", body(t, got))
	}
}

// The person and the application are in two streams; the row is right whichever
// comes first.
func TestNamesAndSearchWhicheverStreamComesFirst(t *testing.T) {
	t.Parallel()
	for _, applicationFirst := range []bool{false, true} {
		t.Run(fmt.Sprint(applicationFirst), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			jobID := f.openJob("Job")
			candidateID, id := f.ID(), f.ID()
			if applicationFirst {
				f.Receive(candidateID, id, jobID)
				f.project()
				if got := f.list(f.Admin, readmodels.ListQuery{}).Items[0]; got.FirstName != nil {
					t.Errorf("first name = %s before the person is known", plain(got.FirstName))
				}
				f.Register(candidateID, id, person("Ana", "Øst", "ana@example.org"))
			} else {
				f.Register(candidateID, id, person("Ana", "Øst", "ana@example.org"))
				f.project()
				f.Receive(candidateID, id, jobID)
			}
			f.project()
			page := f.list(f.Admin, readmodels.ListQuery{Text: "ost"})
			if len(page.Items) != 1 || plain(page.Items[0].FirstName) != "Ana" {
				t.Errorf("search finds %s", body(t, page))
			}
		})
	}
}

// TestFilters holds S2-09.
func TestFilters(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	recruiter := f.Member(access.Recruiting, "Rita")
	jobA, jobB := f.openJob("A"), f.Job("B", false, []string{"Received", "Interview"}, job.TeamMember{Member: recruiter, Role: f.Full, Manager: true})
	by := domain.Member(f.Admin)
	_, ana := f.Apply(jobA, person("Ana María", "Øst", "ana@example.org"))
	_, bo := f.Apply(jobA, person("Bo", "Perez", "bo@example.org"))
	boAt := f.Now
	_, cy := f.Apply(jobB, person("Cy", "Östlund", ""))
	cyAt := f.Now
	f.addTag(ana, f.TagIDs[0])
	f.addTag(ana, f.TagIDs[1])
	f.addTag(bo, f.TagIDs[1])
	f.Move(bo, by, 1, "")
	f.Disqualify(cy, by, application.Withdrawn, f.Decline, "")
	f.On(cy, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.SetPriority(true, s)
	})
	cyChanged := f.Now
	f.project()

	yes, no := true, false
	for _, c := range []struct {
		name string
		q    readmodels.ListQuery
		want []string // newest first
	}{
		{"everything", readmodels.ListQuery{}, []string{cy, bo, ana}},
		{"a job", readmodels.ListQuery{Jobs: []string{jobA}}, []string{bo, ana}},
		{"two jobs", readmodels.ListQuery{Jobs: []string{jobA, jobB}}, []string{cy, bo, ana}},
		{"a job twice", readmodels.ListQuery{Jobs: []string{jobA, jobA}}, []string{bo, ana}},
		{"a stage", readmodels.ListQuery{Stages: []string{historytest.StageID(jobA, 1)}}, []string{bo}},
		{"two stages", readmodels.ListQuery{Stages: []string{historytest.StageID(jobA, 1), historytest.StageID(jobA, 0)}}, []string{bo, ana}},
		{"an outcome", readmodels.ListQuery{Outcomes: []application.Outcome{application.Withdrawn}}, []string{cy}},
		{"any tag", readmodels.ListQuery{AnyTags: []string{f.TagIDs[0], f.TagIDs[1]}}, []string{bo, ana}},
		{"all tags", readmodels.ListQuery{AllTags: []string{f.TagIDs[0], f.TagIDs[1]}}, []string{ana}},
		{"priority", readmodels.ListQuery{Priority: &yes}, []string{cy}},
		{"no priority", readmodels.ListQuery{Priority: &no}, []string{bo, ana}},
		{"a source", readmodels.ListQuery{Sources: []string{"web"}}, []string{cy, bo, ana}},
		{"another source", readmodels.ListQuery{Sources: []string{"fair"}}, []string{}},
		{"an owner", readmodels.ListQuery{Owner: recruiter}, []string{cy}},
		{"received from", readmodels.ListQuery{ReceivedFrom: &boAt}, []string{cy, bo}},
		{"received before", readmodels.ListQuery{ReceivedTo: &boAt}, []string{ana}},
		{"received between", readmodels.ListQuery{ReceivedFrom: &boAt, ReceivedTo: &cyAt}, []string{bo}},
		{"changed from", readmodels.ListQuery{ChangedFrom: &cyChanged}, []string{cy}},
		{"changed before", readmodels.ListQuery{ChangedTo: &cyChanged}, []string{bo, ana}},
		{"the beginning of a word", readmodels.ListQuery{Text: "öst"}, []string{cy, ana}},
		{"all words", readmodels.ListQuery{Text: "ost an"}, []string{ana}},
		{"words of several", readmodels.ListQuery{Text: "bo ost"}, []string{}},
		{"an address", readmodels.ListQuery{Text: "ANA@example.org"}, []string{ana}},
		{"no word", readmodels.ListQuery{Text: "!?"}, []string{}},
		{"job and words", readmodels.ListQuery{Jobs: []string{jobB}, Text: "ost"}, []string{cy}},
		{"everything at once", readmodels.ListQuery{
			Jobs: []string{jobA}, Stages: []string{historytest.StageID(jobA, 0)}, Outcomes: []application.Outcome{application.InProgress},
			AnyTags: []string{f.TagIDs[0]}, AllTags: []string{f.TagIDs[1]}, Priority: &no, Sources: []string{"web"}, Owner: f.Admin,
			ReceivedTo: &boAt, ChangedTo: &cyChanged, Text: "maria",
		}, []string{ana}},
	} {
		page := f.list(f.Admin, c.q)
		if got := ids(page); !slices.Equal(got, c.want) || page.Total != len(c.want) {
			t.Errorf("%s: got %v, total %d, want %v", c.name, got, page.Total, c.want)
		}
		// The same through the eyes of somebody who sees all by roles on jobs.
		slices.Reverse(c.want)
		c.q.Ascending = true
		if got := ids(f.list(f.Admin, c.q)); !slices.Equal(got, c.want) {
			t.Errorf("%s, oldest first: got %v, want %v", c.name, got, c.want)
		}
	}
}

// TestPagesFollowOnEachOther holds S2-10.
func TestPagesFollowOnEachOther(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	member := f.Member(access.Recruiting, "Rita")
	place := job.TeamMember{Member: member, Role: f.Lists}
	jobs := []string{f.openJob("A", place), f.openJob("B", place), f.openJob("C")}
	names := []personal.Plain{"Ärlig", "abel", "Zoë", "Ñu", "Öst", "Perez", "abel"}
	var all []string
	for i, name := range names {
		_, id := f.Apply(jobs[i%2], person(personal.Plain(fmt.Sprintf("Nora%d", i)), name, ""))
		all = append(all, id)
	}
	f.Apply(jobs[2], person("Not", "Theirs", ""))
	f.Move(all[2], domain.Member(f.Admin), 1, "") // the last to change
	f.project()
	changed := append(slices.Delete(slices.Clone(all), 2, 3), all[2])
	byName := []string{all[1], all[6], all[0], all[3], all[4], all[5], all[2]}

	for _, c := range []struct {
		sort readmodels.Sort
		want []string
	}{{readmodels.ByReceived, all}, {readmodels.ByChanged, changed}, {readmodels.ByName, byName}} {
		for _, ascending := range []bool{true, false} {
			want := slices.Clone(c.want)
			if !ascending {
				slices.Reverse(want)
			}
			for _, q := range []readmodels.ListQuery{{}, {Jobs: jobs[:2]}, {Text: "nor"}, {Text: "nor", Jobs: jobs[:2]}} {
				q.Sort, q.Ascending, q.Limit = c.sort, ascending, 2
				var got []string
				for {
					page := f.list(member, q)
					got = append(got, ids(page)...)
					if page.Total != len(all) || page.HasMore != (page.NextCursor != nil) {
						t.Fatalf("page = %s", body(t, page))
					}
					if !page.HasMore {
						break
					}
					q.Cursor = *page.NextCursor
				}
				if !slices.Equal(got, want) {
					t.Errorf("by %s, ascending %v: got %v, want %v", c.sort, ascending, got, want)
				}
			}
		}
	}
}

func TestACursorBelongsToItsQuery(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	jobID := f.openJob("A")
	for range 3 {
		f.Apply(jobID, person("Ana", "Øst", ""))
	}
	f.project()
	q := readmodels.ListQuery{Limit: 1, Text: "ost"}
	q.Cursor = *f.list(f.Admin, q).NextCursor
	f.list(f.Admin, q)
	q.Limit = 2 // pages may have different sizes
	f.list(f.Admin, q)

	other := q
	other.Text = "ana"
	reversed := q
	reversed.Ascending = true
	sorted := q
	sorted.Sort = readmodels.ByName
	changed := q
	last := "A"
	if strings.HasSuffix(q.Cursor, "A") {
		last = "Q"
	}
	changed.Cursor = q.Cursor[:len(q.Cursor)-1] + last
	short := q
	short.Cursor = q.Cursor[:10]
	for name, q := range map[string]readmodels.ListQuery{"other filter": other, "other direction": reversed, "other order": sorted, "changed": changed, "cut": short} {
		_, err := f.core.Applications(t.Context(), f.Admin, q, f.Now)
		if err == nil {
			t.Errorf("%s: the cursor was taken", name)
			continue
		}
		wantRefusal(t, err, readmodels.ErrCursor)
	}
}

func TestQueriesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.project()
	for name, q := range map[string]readmodels.ListQuery{
		"limit too high": {Limit: readmodels.MaxLimit + 1}, "limit too low": {Limit: -1}, "order": {Sort: "shoe size"},
		"job": {Jobs: []string{"x"}}, "tag": {AnyTags: []string{"x"}}, "owner": {Owner: "x"},
	} {
		if _, err := f.core.Applications(t.Context(), f.Admin, q, f.Now); err == nil {
			t.Errorf("%s: was answered", name)
		} else {
			wantRefusal(t, err, readmodels.ErrQuery)
		}
	}
}

// Across jobs the count stops at 1,000, and names are not sorted beyond it; the
// count of a job is exact. So it is with words too, and however many have them.
func TestManyApplications(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	jobID := f.openJob("A")
	_, id := f.Apply(jobID, person("Ana", "Øst", ""))
	f.project()
	s, err := readmodels.NewGenerations(f.Pool).Schema(t.Context(), projections.CoreGroup)
	if err != nil {
		t.Fatal(err)
	}
	columns := strings.Replace(readmodels.Applications().ColumnList(), "application_id, ", "", 1)
	listed := 1
	for _, want := range []int{900, 1000, 1001, 5001} {
		_, err = f.Pool.Exec(t.Context(), fmt.Sprintf(`INSERT INTO %[1]s (application_id, %[2]s)
			SELECT gen_random_uuid(), %[2]s FROM %[1]s, generate_series(1, $2) WHERE application_id = $1`, s.Table("applications"), columns), id, want-listed)
		if err != nil {
			t.Fatal(err)
		}
		listed = want
		var first []string
		for _, text := range []personal.Plain{"", "ana"} {
			page := f.list(f.Admin, readmodels.ListQuery{Limit: 3, Text: text})
			if page.Total != min(want, readmodels.MaxCounted) || page.TotalCapped != (want > readmodels.MaxCounted) || !page.HasMore {
				t.Errorf("across jobs, text %q: total %d, capped %v, want %d", text, page.Total, page.TotalCapped, want)
			}
			second := f.list(f.Admin, readmodels.ListQuery{Limit: 3, Text: text, Cursor: *page.NextCursor})
			if second.Total != page.Total || second.TotalCapped != page.TotalCapped {
				t.Errorf("across jobs, text %q, second page: total %d, capped %v", text, second.Total, second.TotalCapped)
			}
			got := append(ids(page), ids(second)...)
			if text == "" {
				first = got
			}
			if !slices.Equal(got, first) {
				t.Errorf("of %d, text %q: pages %v, want %v", want, text, got, first)
			}
			page = f.list(f.Admin, readmodels.ListQuery{Limit: 3, Jobs: []string{jobID}, Text: text})
			if page.Total != want || page.TotalCapped || !slices.Equal(ids(page), first[:3]) {
				t.Errorf("a job, text %q: total %d, capped %v, want %d", text, page.Total, page.TotalCapped, want)
			}
		}
	}
	_, err = f.core.Applications(t.Context(), f.Admin, readmodels.ListQuery{Sort: readmodels.ByName}, f.Now)
	wantRefusal(t, err, readmodels.ErrTooManyToSort)
}

func TestAnotherApplicationIsShownUnlessConfidential(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	member := f.Member(access.Recruiting, "Rita")
	seen := f.openJob("Seen", job.TeamMember{Member: member, Role: f.Full})
	unseen := f.openJob("Unseen")
	secret := f.Job("Secret", true, []string{"Received"}, f.withManager(nil)...)
	one, a := f.Apply(seen, person("Ana", "Øst", ""))
	f.Receive(one, f.ID(), unseen)
	two, b := f.Apply(seen, person("Bo", "Perez", ""))
	f.Receive(two, f.ID(), secret)
	f.Apply(seen, person("Cy", "Alone", ""))
	f.project()
	for _, c := range []struct {
		member string
		want   []string
	}{{member, []string{a}}, {f.Admin, []string{a, b}}} {
		var got []string
		for _, item := range f.list(c.member, readmodels.ListQuery{Jobs: []string{seen}, Ascending: true}).Items {
			if item.Another {
				got = append(got, item.ID)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("warned of %v, want %v", got, c.want)
		}
	}
}

// A masked viewer sees rows without persons, and cannot find out by filters
// what is masked.
// It holds S2-101.
func TestAuditorsSeeNoPersons(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	auditor := f.Member(access.Auditor, "Otto")
	own := f.openJob("Own", job.TeamMember{Member: auditor, Role: f.Lists})
	other := f.openJob("Other")
	_, a := f.Apply(own, person("Ana", "Øst", "ana@example.org"))
	_, b := f.Apply(other, person("Anton", "Ost", "anton@example.org"))
	f.addTag(b, f.TagIDs[0])
	f.project()
	page := f.list(auditor, readmodels.ListQuery{})
	if got := ids(page); !slices.Equal(got, []string{b, a}) {
		t.Fatalf("sees %v", got)
	}
	if masked := page.Items[0]; !masked.Masked || masked.FirstName != nil || masked.LastName != nil || masked.Email != nil || masked.CandidateID != nil || masked.Tags != nil || masked.Owner.Name != nil {
		t.Errorf("masked row = %s", body(t, masked))
	}
	if open := page.Items[1]; open.Masked || plain(open.FirstName) != "Ana" {
		t.Errorf("row of their own job = %s", body(t, open))
	}
	if got := ids(f.list(auditor, readmodels.ListQuery{Text: "ost"})); !slices.Equal(got, []string{a}) {
		t.Errorf("by text: sees %v, want only %s", got, a)
	}
	if got := ids(f.list(auditor, readmodels.ListQuery{AnyTags: f.TagIDs})); len(got) != 0 {
		t.Errorf("by tag: sees %v", got)
	}
}

// What has a name is sorted by it; what has none that the viewer sees comes last,
// and where none has one there is no such order.
func TestHiddenNamesAreSortedLast(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	auditor, blind := f.Member(access.Auditor, "Otto"), f.Member(access.Auditor, "Ines")
	own := f.openJob("Own", job.TeamMember{Member: auditor, Role: f.Lists})
	other := f.openJob("Other")
	var hidden []string
	for _, name := range []personal.Plain{"Abel", "Zoë", "Mo"} {
		_, id := f.Apply(other, person("Ana", name, ""))
		hidden = append(hidden, id)
	}
	_, z := f.Apply(own, person("Ana", "Zimmer", ""))
	_, b := f.Apply(own, person("Ana", "Berg", ""))
	f.project()
	slices.Sort(hidden) // by nothing but the id
	want := append([]string{b, z}, hidden...)
	for _, ascending := range []bool{true, false} {
		q := readmodels.ListQuery{Sort: readmodels.ByName, Ascending: ascending, Limit: 2}
		var got []string
		for {
			page := f.list(auditor, q)
			got = append(got, ids(page)...)
			if page.Total != len(want) {
				t.Errorf("total %d, want %d", page.Total, len(want))
			}
			if !page.HasMore {
				break
			}
			q.Cursor = *page.NextCursor
		}
		if !slices.Equal(got, want) {
			t.Errorf("ascending %v: %v, want %v", ascending, got, want)
		}
		slices.Reverse(want[:2])
		slices.Reverse(want[2:])
	}
	_, err := f.core.Applications(t.Context(), blind, readmodels.ListQuery{Sort: readmodels.ByName}, f.Now)
	wantRefusal(t, err, readmodels.ErrQuery)
}

// Tags are an area of their own, in the column and in the filter.
func TestTagsNeedTheirRight(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	without, with := f.Member(access.Recruiting, "Rita"), f.Member(access.Recruiting, "Wim")
	role := f.roleOf("With tags", access.Application, access.Tags)
	jobID := f.openJob("A", job.TeamMember{Member: without, Role: f.Lists}, job.TeamMember{Member: with, Role: role})
	_, id := f.Apply(jobID, person("Ana", "Øst", ""))
	f.addTag(id, f.TagIDs[0])
	f.project()
	if got := f.list(without, readmodels.ListQuery{}).Items[0].Tags; got != nil {
		t.Errorf("tags = %v without the right", got)
	}
	if got := f.list(without, readmodels.ListQuery{AnyTags: f.TagIDs}); len(got.Items) != 0 || got.Total != 0 {
		t.Errorf("filtered by tag without the right: %s", body(t, got))
	}
	if got := f.list(with, readmodels.ListQuery{AllTags: f.TagIDs[:1]}).Items; len(got) != 1 || len(got[0].Tags) != 1 {
		t.Errorf("with the right: %v", got)
	}
}

// Whoever is nobody sees nothing, and is not told why.
func TestNoMemberNoList(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Apply(f.openJob("A"), person("Ana", "Øst", ""))
	f.project()
	for _, member := range []string{f.ID(), "", "not an id"} {
		if page := f.list(member, readmodels.ListQuery{}); len(page.Items) != 0 || page.Total != 0 {
			t.Errorf("%q sees %s", member, body(t, page))
		}
	}
}
