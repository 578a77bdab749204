package application_test

import (
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

type (
	events = []application.Event
	row    = domaintest.Case[application.Application, application.Event]
	when   = func(application.Application) ([]application.Event, error)
)

var (
	by   = domaintest.By(domain.Member("m1"))
	none personal.Text

	received    application.Event = application.Received{Stamp: by, Job: "j1", Stage: "s1", Candidate: text("c1"), Claim: text("k1"), Source: "referral", Owner: "m1"}
	rejected    application.Event = disqualified(application.Rejected, 24*time.Hour)
	withdrawn   application.Event = disqualified(application.Withdrawn, 0)
	requalified application.Event = application.Requalified{Stamp: by, Reason: text("second look"), Stage: "s1"}
	claimLost   application.Event = application.ClaimLost{Stamp: by}
	anonymised  application.Event = application.Anonymised{Stamp: by}
	inInterview application.Event = application.StageMoved{Stamp: by, From: "s1", To: "s2", Comment: text("strong CV")}
)

func text(s string) personal.Text { return personal.Sealed([]byte("sealed " + s)) }

func disqualified(kind application.Outcome, delay time.Duration) application.Event {
	return application.Disqualified{Stamp: by, Kind: kind, Reason: "r1", Note: text("note"), DiscloseAt: by.At.Add(delay)}
}

// guarded returns rows for what every change meets: no application, and one
// that was anonymised.
func guarded(name string, w when) []row {
	return []row{
		{Name: name + ": no such application", When: w, Err: application.ErrUnknown},
		{Name: name + ": never received", Given: events{claimLost}, When: w, Err: application.ErrUnknown},
		{Name: name + ": anonymised", Given: events{received, rejected, anonymised}, When: w, Err: application.ErrAnonymised},
	}
}

func TestReceive(t *testing.T) {
	receive := func(source string) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.Receive(application.Arrival{Job: "j1", Stage: "s1", Candidate: text("c1"), Claim: text("k1"), Source: source, Owner: "m1"}, by)
		}
	}
	domaintest.Run(t, application.Application.Fold, []row{
		{Name: "somebody applied", When: receive(" referral "), Want: events{received}},
		{Name: "again", Given: events{received}, When: receive("form")},
		{Name: "again, after it was closed", Given: events{received, rejected}, When: receive("form")},
		{Name: "again, after it was closed and lost the claim", Given: events{received, rejected, claimLost}, When: receive("form")},
		{Name: "another application took the claim first", Given: events{claimLost}, When: receive("form"), Err: application.ErrDuplicate},
		{Name: "from nowhere", When: receive(" "), Err: domain.ErrInvalid, Says: "The source is required"},
		{Name: "from a long way", When: receive(strings.Repeat("a", 51)), Err: domain.ErrInvalid, Says: "The source has 51"},
	}...)
}

func TestLoseClaim(t *testing.T) {
	lose := func(a application.Application) ([]application.Event, error) { return a.LoseClaim(by) }
	domaintest.Run(t, application.Application.Fold, []row{
		{Name: "one that never came", When: lose, Want: events{claimLost}},
		{Name: "one that is closed", Given: events{received, withdrawn}, When: lose, Want: events{claimLost}},
		{Name: "one that is live keeps it", Given: events{received}, When: lose, Err: application.ErrDuplicate},
		{Name: "one that is live again keeps it", Given: events{received, rejected, requalified}, When: lose, Err: application.ErrDuplicate},
		{Name: "one that lost it", Given: events{claimLost}, When: lose},
		{Name: "one that can never be live again", Given: events{received, rejected, anonymised}, When: lose},
	}...)
}

func TestAnonymise(t *testing.T) {
	anonymise := func(a application.Application) ([]application.Event, error) { return a.Anonymise(by) }
	domaintest.Run(t, application.Application.Fold, []row{
		{Name: "a closed application", Given: events{received, rejected}, When: anonymise, Want: events{anonymised}},
		{Name: "one that lost its claim", Given: events{received, rejected, claimLost}, When: anonymise, Want: events{anonymised}},
		{Name: "again", Given: events{received, rejected, anonymised}, When: anonymise},
		{Name: "none", When: anonymise, Err: application.ErrUnknown},
		{Name: "a live one", Given: events{received}, When: anonymise, Err: application.ErrNotClosed, Says: "disqualify it before"},
	}...)
}

// Nothing personal is left in the fold of an anonymised application; what
// reports need is.
func TestAnonymisedForgetsThePerson(t *testing.T) {
	got := application.Application{}.Fold(
		received, inInterview, application.TagAdded{Stamp: by, Tag: "t1"}, noteOf(domain.Candidate, true), requested, uploaded(1),
		application.CommentAdded{Stamp: by, Comment: "c1", Text: text("well")}, application.PrioritySet{Stamp: by, Priority: true}, rejected, anonymised,
	)
	want := application.Application{Outcome: application.Rejected, Job: "j1", Stage: "s2", StageSince: by.At, LastMove: application.Move{From: "s1", Since: by.At}, Reason: "r1", ClosedAt: by.At, Priority: true, Owner: "m1", Anonymised: true}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("state = %+v, want %+v", got, want)
	}
}

// TestMove holds S2-87..88.
func TestMove(t *testing.T) {
	move := func(from, to string) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.Move(from, to, text("strong CV"), by)
		}
	}
	domaintest.Run(t, application.Application.Fold, append(guarded("move", move("", "s2")), []row{
		{Name: "from where it was seen", Given: events{received}, When: move("s1", "s2"), Want: events{inInterview}},
		{Name: "from wherever it is", Given: events{received}, When: move("", "s2"), Want: events{inInterview}},
		{Name: "and back", Given: events{received, inInterview}, When: move("s2", "s1"), Want: events{application.StageMoved{Stamp: by, From: "s2", To: "s1", Comment: text("strong CV")}}},
		{Name: "to where it is", Given: events{received}, When: move("", "s1")},
		{Name: "somebody else moved it there", Given: events{received, inInterview}, When: move("s1", "s2")},
		{Name: "somebody else moved it elsewhere", Given: events{received, inInterview}, When: move("s1", "s3"), Err: application.ErrStageChanged},
		{Name: "nowhere", Given: events{received}, When: move("", ""), Err: application.ErrUnknownStage},
		{Name: "closed", Given: events{received, rejected}, When: move("", "s2"), Err: application.ErrClosed},
	}...)...)
}

// E3: the last move is taken back as if it had never been made.
func TestUndoMove(t *testing.T) {
	undo := func(from string) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.UndoMove(from, text("slip"), by)
		}
	}
	undone := application.MoveUndone{Stamp: by, From: "s2", To: "s1", Since: by.At, Reason: text("slip")}
	again := application.StageMoved{Stamp: by, From: "s1", To: "s3"}
	domaintest.Run(t, application.Application.Fold, []row{
		{Name: "from where it was seen", Given: events{received, inInterview}, When: undo("s2"), Want: events{undone}},
		{Name: "from wherever it is", Given: events{received, inInterview}, When: undo(""), Want: events{undone}},
		{Name: "once", Given: events{received, inInterview, undone}, When: undo("s2")},
		{Name: "the next move", Given: events{received, inInterview, undone, again}, When: undo(""), Want: events{application.MoveUndone{Stamp: by, From: "s3", To: "s1", Since: by.At, Reason: text("slip")}}},
		{Name: "somebody moved it on", Given: events{received, inInterview}, When: undo("s1"), Err: application.ErrStageChanged},
		{Name: "never moved", Given: events{received}, When: undo(""), Err: application.ErrNoMove},
		{Name: "closed", Given: events{received, inInterview, rejected}, When: undo(""), Err: application.ErrClosed},
		{Name: "no application", When: undo(""), Err: application.ErrUnknown},
	}...)
}

// S2-07, S2-103.
func TestSubmit(t *testing.T) {
	submit := func(sub application.Submission) when {
		return func(a application.Application) ([]application.Event, error) { return a.Submit(sub, by) }
	}
	sub := application.Submission{ID: "f1", FirstName: text("Cleo"), ConsentVersion: "2026-01", ConsentAt: &due}
	sent := application.Submitted{Stamp: by, Submission: sub}
	full := events{received}
	for i := range application.MaxSubmissions {
		full = append(full, application.Submitted{Stamp: by, Submission: application.Submission{ID: "f" + strconv.Itoa(i+2)}})
	}
	domaintest.Run(t, application.Application.Fold, []row{
		{Name: "the form", Given: events{received}, When: submit(sub), Want: events{sent}},
		{Name: "the same again", Given: events{received, sent}, When: submit(sub)},
		{Name: "another one", Given: events{received, sent}, When: submit(application.Submission{ID: "f2"}), Want: events{application.Submitted{Stamp: by, Submission: application.Submission{ID: "f2"}}}},
		{Name: "too many", Given: full, When: submit(sub), Err: application.ErrTooManySubmissions},
		{Name: "accepted, but not what", Given: events{received}, When: submit(application.Submission{ID: "f1", ConsentAt: &due}), Err: domain.ErrInvalid, Says: "Which version"},
		{Name: "a version that names somebody", Given: events{received}, When: submit(application.Submission{ID: "f1", ConsentVersion: "Ana Gil"}), Err: domain.ErrInvalid, Says: "letters, digits"},
		{Name: "a long version", Given: events{received}, When: submit(application.Submission{ID: "f1", ConsentVersion: strings.Repeat("a", 51)}), Err: domain.ErrInvalid, Says: "51 characters"},
		{Name: "closed", Given: events{received, rejected}, When: submit(sub), Err: application.ErrClosed},
		{Name: "no application", When: submit(sub), Err: application.ErrUnknown},
	}...)
}

// TestDisqualify holds S2-90.
func TestDisqualify(t *testing.T) {
	disqualify := func(kind application.Outcome, reason string, of organization.ReasonKind) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.Disqualify(kind, reason, of, text("note"), 24*time.Hour, by)
		}
	}
	reject, withdraw := disqualify(application.Rejected, "r1", organization.We), disqualify(application.Withdrawn, "r1", organization.They)
	domaintest.Run(t, application.Application.Fold, append(guarded("disqualify", reject), []row{
		{Name: "a rejection shows a day later", Given: events{received}, When: reject, Want: events{rejected}},
		{Name: "a withdrawal shows at once", Given: events{received}, When: withdraw, Want: events{withdrawn}},
		{Name: "a reason of nobody's fits a rejection", Given: events{received}, When: disqualify(application.Rejected, "r1", organization.OtherReason), Want: events{rejected}},
		{Name: "a reason of nobody's fits a withdrawal", Given: events{received}, When: disqualify(application.Withdrawn, "r1", organization.OtherReason), Want: events{withdrawn}},
		{Name: "the same again", Given: events{received, rejected}, When: reject},
		{Name: "again after it was taken back", Given: events{received, withdrawn, requalified}, When: reject, Want: events{rejected}},
		{Name: "for another reason", Given: events{received, rejected}, When: disqualify(application.Rejected, "r2", organization.We), Err: application.ErrClosed},
		{Name: "who withdrew is not rejected", Given: events{received, withdrawn}, When: reject, Err: application.ErrClosed},
		{Name: "who was rejected does not withdraw", Given: events{received, rejected}, When: withdraw, Err: application.ErrClosed},
		{Name: "our rejection for their reason", Given: events{received}, When: disqualify(application.Rejected, "r1", organization.They), Err: application.ErrReasonKind},
		{Name: "their withdrawal for our reason", Given: events{received}, When: disqualify(application.Withdrawn, "r1", organization.We), Err: application.ErrReasonKind},
		{Name: "for no reason", Given: events{received}, When: disqualify(application.Rejected, "", organization.We), Err: application.ErrReasonRequired},
		{Name: "into progress", Given: events{received}, When: disqualify(application.InProgress, "r1", organization.We), Err: domain.ErrInvalid, Says: "rejected or withdrawn"},
		{Name: "into a hire", Given: events{received}, When: disqualify("hired", "r1", organization.We), Err: domain.ErrInvalid, Says: "rejected or withdrawn"},
	}...)...)
}

// TestChangeReason holds S2-91.
func TestChangeReason(t *testing.T) {
	change := func(reason string, of organization.ReasonKind) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.ChangeReason(reason, of, text("note"), by)
		}
	}
	other := application.ReasonChanged{Stamp: by, Reason: "r2", Note: text("note")}
	ours := change("r2", organization.We)
	domaintest.Run(t, application.Application.Fold, append(guarded("change", ours), []row{
		{Name: "of a rejection", Given: events{received, rejected}, When: ours, Want: events{other}},
		{Name: "of a withdrawal", Given: events{received, withdrawn}, When: change("r2", organization.They), Want: events{other}},
		{Name: "to the one it has", Given: events{received, rejected, other}, When: ours},
		{Name: "of a live one", Given: events{received}, When: ours, Err: application.ErrNotDisqualified},
		{Name: "of one that goes on again", Given: events{received, rejected, requalified}, When: ours, Err: application.ErrNotDisqualified},
		{Name: "to none", Given: events{received, rejected}, When: change("", organization.We), Err: application.ErrReasonRequired},
		{Name: "of our rejection to theirs", Given: events{received, rejected}, When: change("r2", organization.They), Err: application.ErrReasonKind},
		{Name: "of their withdrawal to ours", Given: events{received, withdrawn}, When: ours, Err: application.ErrReasonKind},
	}...)...)
}

// TestRequalify holds S2-92.
func TestRequalify(t *testing.T) {
	requalify := func(reason personal.Text) when {
		return func(a application.Application) ([]application.Event, error) { return a.Requalify(reason, by) }
	}
	again := requalify(text("second look"))
	domaintest.Run(t, application.Application.Fold, append(guarded("requalify", again), []row{
		{Name: "who was rejected", Given: events{received, rejected}, When: again, Want: events{requalified}},
		{Name: "who withdrew", Given: events{received, withdrawn}, When: again, Want: events{requalified}},
		{Name: "a live one", Given: events{received}, When: again},
		{Name: "for no reason", Given: events{received, rejected}, When: requalify(none), Err: application.ErrReasonRequired},
		{Name: "another application took the claim", Given: events{received, rejected, claimLost}, When: again, Err: application.ErrSuperseded},
	}...)...)
}

func TestRequalifiedGoesOnWhereItStood(t *testing.T) {
	got := application.Application{}.Fold(received, inInterview, rejected, requalified)
	if got.Outcome != application.InProgress || got.Stage != "s2" || got.Reason != "" || !got.Live() {
		t.Errorf("state = %+v", got)
	}
}

// Two applications compete for one claim. Whoever saw that one of them is fenced
// off may take its place: it is refused for ever, whatever else happens to it.
func TestAFencedApplicationNeverBecomesLive(t *testing.T) {
	for _, given := range []events{
		{claimLost},
		{received, rejected, claimLost},
		{received, withdrawn, claimLost, application.PrioritySet{Stamp: by, Priority: true}},
		{received, rejected, requalified, withdrawn, claimLost, anonymised},
	} {
		a := application.Application{}.Fold(given...)
		got, err := a.Receive(application.Arrival{Source: "form"}, by)
		if len(got) > 0 {
			t.Errorf("received after %v: %v", given, err)
		}
		if got, err := a.Requalify(text("again"), by); err == nil {
			t.Errorf("requalified after %v: %v", given, got)
		}
	}
}
