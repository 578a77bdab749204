package job_test

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/job"
)

type (
	events = []job.Event
	row    = domaintest.Case[job.Job, job.Event]
	when   = func(job.Job) ([]job.Event, error)
)

var (
	s = domaintest.By(domain.Member("m1"))

	details = job.Details{Title: "Engineer", Position: "Go engineer", Location: "Lisbon", Description: "First line.\nSecond.", Openings: 2, Confidential: true}
	plan    = []job.Stage{{ID: "s1", Name: "Inbox", PublicName: "Received"}, {ID: "s2", Name: "Interview"}}
	team    = []job.TeamMember{{Member: "m1", Role: "r1", Manager: true}, {Member: "m2", Role: "r2", Stages: []string{"s2"}}}

	leave = job.Ending{Applications: job.LeaveApplications}
	sack  = job.Ending{Applications: job.DisqualifyApplications, DisqualifyReason: "r1"}

	opened    job.Event = job.Opened{Stamp: s, Details: details, Stages: plan, Team: team}
	held      job.Event = job.Held{Stamp: s, Reason: "Budget"}
	resumed   job.Event = job.Resumed{Stamp: s}
	closed    job.Event = job.WasClosed{Stamp: s, Reason: "Found somebody", Ending: leave}
	drafted   job.Event = job.Drafted{Stamp: s, Details: details, Stages: plan, Team: team}
	published job.Event = job.Published{Stamp: s}
	ending    job.Event = job.WasClosed{Stamp: s, Ending: sack}
	reopened  job.Event = job.Reopened{Stamp: s}
)

// TestOpen holds S2-99.
func TestOpen(t *testing.T) {
	open := func(d job.Details, stages []job.Stage, team []job.TeamMember) when {
		return func(j job.Job) ([]job.Event, error) { return j.Opens(d, stages, team, s) }
	}
	invalid := func(name string, d job.Details, stages []job.Stage, team []job.TeamMember, says string) row {
		return row{Name: name, When: open(d, stages, team), Err: domain.ErrInvalid, Says: says}
	}
	titled := func(title string) job.Details { return job.Details{Title: title} }
	many := make([]job.Stage, 31)
	for i := range many {
		many[i] = job.Stage{ID: strconv.Itoa(i), Name: "stage " + strconv.Itoa(i)}
	}
	crowd := make([]job.TeamMember, 201)
	for i := range crowd {
		crowd[i] = job.TeamMember{Member: strconv.Itoa(i), Manager: true}
	}
	domaintest.Run(t, job.Job.Fold, []row{
		{Name: "people are sought", When: open(details, plan, team), Want: events{opened}},
		{
			Name: "texts are trimmed, one opening by default", When: open(titled(" Cook "), []job.Stage{{ID: "s1", Name: " In "}}, team[:1]),
			Want: events{job.Opened{Stamp: s, Details: job.Details{Title: "Cook", Openings: 1}, Stages: []job.Stage{{ID: "s1", Name: "In"}}, Team: team[:1]}},
		},
		{Name: "a job is opened once", Given: events{opened}, When: open(titled("Cook"), plan, team)},
		{Name: "and not by opening it when closed", Given: events{opened, closed}, When: open(titled("Cook"), plan, team)},
		invalid("no title", titled(" "), plan, team, "The title is required"),
		invalid("two lines", titled("A\nB"), plan, team, "one line"),
		invalid("long position", job.Details{Title: "Cook", Position: strings.Repeat("a", 201)}, plan, team, "The position has 201"),
		invalid("long location", job.Details{Title: "Cook", Location: strings.Repeat("a", 201)}, plan, team, "The location has 201"),
		invalid("long description", job.Details{Title: "Cook", Description: strings.Repeat("a", 20001)}, plan, team, "The description has 20001"),
		invalid("too few openings", job.Details{Title: "Cook", Openings: -1}, plan, team, "1 to 1000 openings"),
		invalid("too many openings", job.Details{Title: "Cook", Openings: 1001}, plan, team, "1 to 1000 openings"),
		invalid("no stages", details, nil, team, "1 to 30 stages"),
		invalid("too many stages", details, many, team[:1], "1 to 30 stages"),
		invalid("a stage without name", details, []job.Stage{{ID: "s1"}}, team[:1], "The name of a stage is required"),
		invalid("a long public name", details, []job.Stage{{ID: "s1", Name: "In", PublicName: strings.Repeat("a", 101)}}, team[:1], "The public name of a stage has 101"),
		invalid("two stages of one name", details, []job.Stage{{ID: "s1", Name: "In"}, {ID: "s2", Name: "IN"}}, team[:1], "Two stages are called IN"),
		invalid("two stages of one id", details, []job.Stage{{ID: "s1", Name: "In"}, {ID: "s1", Name: "Out"}}, team[:1], "Two stages have the same id"),
		invalid("a member twice", details, plan, []job.TeamMember{team[0], team[0]}, "in the hiring team twice"),
		invalid("a crowd", details, plan, crowd, "at most 200 members"),
		invalid("a manager of a stage that is not there", details, plan, []job.TeamMember{{Member: "m1", Manager: true, Stages: []string{"s3"}}}, "does not have"),
		{Name: "a draft", When: func(j job.Job) ([]job.Event, error) { return j.Drafts(details, plan, team, s) }, Want: events{drafted}},
		{Name: "a draft of a job", Given: events{opened}, When: func(j job.Job) ([]job.Event, error) { return j.Drafts(details, plan, team, s) }},
		{Name: "a draft without title", When: func(j job.Job) ([]job.Event, error) { return j.Drafts(titled(""), plan, team, s) }, Err: domain.ErrInvalid, Says: "The title is required"},
		invalid("a long time limit", details, []job.Stage{{ID: "s1", Name: "In", LimitDays: 366}}, team[:1], "1 to 365 days"),
		{Name: "nobody manages it", When: open(details, plan, team[1:]), Err: job.ErrNoManager},
		{Name: "nobody at all", When: open(details, plan, nil), Err: job.ErrNoManager},
	}...)
}

func TestEdit(t *testing.T) {
	edit := func(c job.DetailsChange) when {
		return func(j job.Job) ([]job.Event, error) { return j.Edit(c, s) }
	}
	title, long, none, no := "Cook", strings.Repeat("a", 201), 0, false
	same, empty, three := details.Title, "", 3
	renamed := details
	renamed.Title = title
	changed := job.DetailsChanged{Stamp: s, Details: job.Details{Title: title, Description: details.Description, Openings: 3}}
	domaintest.Run(t, job.Job.Fold, []row{
		{Name: "only what is named changes", Given: events{opened}, When: edit(job.DetailsChange{Title: &title}), Want: events{job.DetailsChanged{Stamp: s, Details: renamed}}},
		{
			Name: "everything changes", Given: events{opened},
			When: edit(job.DetailsChange{Title: &title, Position: &empty, Location: &empty, Openings: &three, Confidential: &no}), Want: events{changed},
		},
		{Name: "also when closed", Given: events{opened, closed}, When: edit(job.DetailsChange{Title: &title}), Want: events{job.DetailsChanged{Stamp: s, Details: renamed}}},
		{Name: "what it is already", Given: events{opened}, When: edit(job.DetailsChange{Title: &same})},
		{Name: "nothing", Given: events{opened}, When: edit(job.DetailsChange{})},
		{Name: "no job", When: edit(job.DetailsChange{Title: &title}), Err: job.ErrUnknown},
		{Name: "a long title", Given: events{opened}, When: edit(job.DetailsChange{Title: &long}), Err: domain.ErrInvalid, Says: "The title has 201"},
		{Name: "no openings", Given: events{opened}, When: edit(job.DetailsChange{Openings: &none}), Err: domain.ErrInvalid, Says: "1 to 1000"},
	}...)
}

func TestChangeTeam(t *testing.T) {
	change := func(team ...job.TeamMember) when {
		return func(j job.Job) ([]job.Event, error) { return j.ChangeTeam(team, s) }
	}
	domaintest.Run(t, job.Job.Fold, []row{
		{Name: "another team", Given: events{opened}, When: change(team[0]), Want: events{job.TeamChanged{Stamp: s, Team: team[:1]}}},
		{Name: "the same team", Given: events{opened}, When: change(slices.Clone(team)...)},
		{
			Name: "another stage to manage", Given: events{opened}, When: change(team[0], job.TeamMember{Member: "m2", Role: "r2", Stages: []string{"s1"}}),
			Want: events{job.TeamChanged{Stamp: s, Team: []job.TeamMember{team[0], {Member: "m2", Role: "r2", Stages: []string{"s1"}}}}},
		},
		{Name: "no job", When: change(team...), Err: job.ErrUnknown},
		{Name: "nobody manages it", Given: events{opened}, When: change(team[1]), Err: job.ErrNoManager},
		{Name: "a member twice", Given: events{opened}, When: change(team[0], team[0]), Err: domain.ErrInvalid, Says: "twice"},
	}...)
}

// S2-104: who takes over manages what nobody else would.
func TestHandOverMarks(t *testing.T) {
	over := func(from, to string, active ...string) when {
		return func(j job.Job) ([]job.Event, error) {
			return j.HandOverMarks(from, to, func(id string) bool { return slices.Contains(active, id) }, s)
		}
	}
	changed := func(team ...job.TeamMember) events { return events{job.TeamChanged{Stamp: s, Team: team}} }
	left, second := job.TeamMember{Member: "m1", Role: "r1"}, job.TeamMember{Member: "m1", Role: "r1", Manager: true}
	domaintest.Run(t, job.Job.Fold, []row{
		{Name: "the only manager, to another", Given: events{opened}, When: over("m1", "m3", "m2", "m3"), Want: changed(left, team[1], job.TeamMember{Member: "m3", Role: "r1", Manager: true})},
		{Name: "to one of the team", Given: events{opened}, When: over("m1", "m2", "m2"), Want: changed(left, job.TeamMember{Member: "m2", Role: "r2", Manager: true, Stages: []string{"s2"}})},
		{Name: "the only manager of a stage", Given: events{opened}, When: over("m2", "m1", "m1"), Want: changed(job.TeamMember{Member: "m1", Role: "r1", Manager: true, Stages: []string{"s2"}}, job.TeamMember{Member: "m2", Role: "r2"})},
		{Name: "there is another", Given: append(events{opened}, changed(second, job.TeamMember{Member: "m4", Role: "r1", Manager: true})...), When: over("m1", "m3", "m3", "m4")},
		{Name: "who is on no team", Given: events{opened}, When: over("m5", "m3", "m3")},
		{Name: "of a closed job", Given: events{opened, closed}, When: over("m1", "m3", "m3")},
		{Name: "no job", When: over("m1", "m3"), Err: job.ErrUnknown},
	}...)
}

// TestLife holds S2-99.
func TestLife(t *testing.T) {
	hold := func(reason string) when {
		return func(j job.Job) ([]job.Event, error) { return j.Hold(reason, s) }
	}
	ends := func(reason string, end job.Ending) when {
		return func(j job.Job) ([]job.Event, error) { return j.Close(reason, end, s) }
	}
	end := func(reason string) when { return ends(reason, leave) }
	publish := func(j job.Job) ([]job.Event, error) { return j.Publish(s) }
	settle := func(j job.Job) ([]job.Event, error) { return j.EndApplications(2, s) }
	resume := func(j job.Job) ([]job.Event, error) { return j.Resume(s) }
	reopen := func(j job.Job) ([]job.Event, error) { return j.Reopen(s) }
	long := strings.Repeat("a", 501)
	domaintest.Run(t, job.Job.Fold, []row{
		{Name: "hold an open job", Given: events{opened}, When: hold(" Budget "), Want: events{held}},
		{Name: "hold it again", Given: events{opened, held}, When: hold("Other")},
		{Name: "hold a closed job", Given: events{opened, closed}, When: hold(""), Err: job.ErrNotOpen},
		{Name: "hold no job", When: hold(""), Err: job.ErrUnknown},
		{Name: "hold for a long reason", Given: events{opened}, When: hold(long), Err: domain.ErrInvalid, Says: "The reason has 501"},
		{Name: "resume a held job", Given: events{opened, held}, When: resume, Want: events{resumed}},
		{Name: "resume an open job", Given: events{opened, held, resumed}, When: resume},
		{Name: "resume a closed job", Given: events{opened, closed}, When: resume, Err: job.ErrNotOnHold},
		{Name: "resume no job", When: resume, Err: job.ErrUnknown},
		{Name: "close an open job", Given: events{opened}, When: end(" Found somebody "), Want: events{closed}},
		{Name: "close a held job", Given: events{opened, held}, When: end("Found somebody"), Want: events{closed}},
		{Name: "close a closed job", Given: events{opened, closed}, When: end("Other")},
		{Name: "close no job", When: end(""), Err: job.ErrUnknown},
		{Name: "close for a long reason", Given: events{opened}, When: end(long), Err: domain.ErrInvalid, Says: "The reason has 501"},
		{Name: "close and disqualify whoever is left", Given: events{opened}, When: ends("", sack), Want: events{ending}},
		{Name: "close without saying what becomes of them", Given: events{opened}, When: ends("", job.Ending{}), Err: job.ErrChoice},
		{Name: "close and disqualify for no reason", Given: events{opened}, When: ends("", job.Ending{Applications: job.DisqualifyApplications}), Err: job.ErrChoice},
		{Name: "close and leave them for a reason", Given: events{opened}, When: ends("", job.Ending{Applications: job.LeaveApplications, DisqualifyReason: "r1"}), Err: domain.ErrInvalid, Says: "leave the reason out"},
		{Name: "close with another choice", Given: events{opened}, When: ends("", job.Ending{Applications: "sack"}), Err: job.ErrChoice},
		{Name: "close a draft, which has none", Given: events{drafted}, When: ends("", job.Ending{}), Want: events{job.WasClosed{Stamp: s}}},
		{Name: "all are disqualified", Given: events{opened, ending}, When: settle, Want: events{job.ApplicationsEnded{Stamp: s, Disqualified: 2}}},
		{Name: "once", Given: events{opened, ending, job.ApplicationsEnded{Stamp: s, Disqualified: 2}}, When: settle},
		{Name: "none are of a job that was opened again", Given: events{opened, ending, reopened}, When: settle},
		{Name: "nor of no job", When: settle, Err: job.ErrUnknown},
		{Name: "publish a draft", Given: events{drafted}, When: publish, Want: events{published}},
		{Name: "publish an open job", Given: events{drafted, published}, When: publish},
		{Name: "publish a closed job", Given: events{opened, closed}, When: publish, Err: job.ErrNotDraft},
		{Name: "publish no job", When: publish, Err: job.ErrUnknown},
		{Name: "hold a draft", Given: events{drafted}, When: hold(""), Err: job.ErrNotOpen},
		{Name: "resume a draft", Given: events{drafted}, When: resume, Err: job.ErrNotOnHold},
		{Name: "reopen a draft", Given: events{drafted}, When: reopen, Err: job.ErrNotClosed, Says: "publish it instead"},
		{Name: "reopen a closed job", Given: events{opened, held, closed}, When: reopen, Want: events{reopened}},
		{Name: "reopen an open job", Given: events{opened, closed, reopened}, When: reopen},
		{Name: "reopen a held job", Given: events{opened, held}, When: reopen, Err: job.ErrNotClosed, Says: "resume it instead"},
		{Name: "reopen no job", When: reopen, Err: job.ErrUnknown},
	}...)
}

func TestLookUps(t *testing.T) {
	j := job.Job{}.Fold(opened)
	if st, ok := j.Stage("s2"); !ok || st != plan[1] {
		t.Errorf("stage s2 is %+v, %v", st, ok)
	}
	if st, ok := j.Stage("s3"); ok || st != (job.Stage{}) {
		t.Errorf("stage s3 is %+v, %v", st, ok)
	}
	if got := j.FirstManager(); got != "m1" {
		t.Errorf("first manager is %q", got)
	}
	if got := (job.Job{}).FirstManager(); got != "" {
		t.Errorf("first manager of no job is %q", got)
	}
}

// Two branches of one history stay apart.
func TestFoldDoesNotAlias(t *testing.T) {
	base := job.Job{}.Fold(opened)
	base.Fold(
		job.TeamChanged{Stamp: s, Team: []job.TeamMember{{Member: "m9", Manager: true}}},
		job.DetailsChanged{Stamp: s, Details: job.Details{Title: "Cook"}}, held, resumed, closed, reopened,
	)
	if want := (job.Job{Status: job.Open, Details: details, Stages: plan, Team: team}); !reflect.DeepEqual(base, want) {
		t.Errorf("base = %+v, want %+v", base, want)
	}
}
