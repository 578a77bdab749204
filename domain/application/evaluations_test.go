package application_test

import (
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/organization"
)

var (
	asksFor = organization.FormContent{Name: "Interview", HiddenUntilOwn: true, Elements: []organization.Element{
		{ID: "h", Kind: organization.HeadingElement, Label: "Craft"},
		{ID: "s", Kind: organization.ScaleElement, Label: "Knows the trade", Required: true, Weight: 1},
		{ID: "w", Kind: organization.ScaleElement, Label: "Explains well", Weight: 0.5},
		{ID: "c", Kind: organization.ChoiceElement, Label: "Team", Choices: []organization.Choice{{ID: "small", Label: "Small"}, {ID: "large", Label: "Large"}}},
		{ID: "t", Kind: organization.TextElement, Label: "Why?"},
	}}
	inGeneral = application.Occasion{Form: "f1"}
)

func says(change ...func(*application.EvaluationContent)) application.EvaluationContent {
	c := application.EvaluationContent{
		Version: 1, Takeaways: text("good"), Recommendation: application.Yes,
		Answers: []application.EvaluationAnswer{{Element: "s", Scale: 5}, {Element: "w", Scale: 2}, {Element: "c", Choice: "small"}, {Element: "t", Text: text("because")}},
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

func answers(a ...application.EvaluationAnswer) func(*application.EvaluationContent) {
	return func(c *application.EvaluationContent) { c.Answers = a }
}

func evaluationBy(s domain.Stamp, id, submission string, number int) application.EvaluationSubmitted {
	result := 4.0 // (5 × 1 + 2 × 0.5) / 1.5
	return application.EvaluationSubmitted{
		Stamp: s, Evaluation: id, Submission: submission, Number: number, Form: "f1", EvaluationContent: says(), Result: &result, Hidden: true, Job: "j1", Stage: "s1",
	}
}

// TestEvaluations holds S2-57..59 and H18: there is one for each member and
// occasion, and submitting it again changes it.
func TestEvaluations(t *testing.T) {
	submit := func(s domain.Stamp, submission string, o application.Occasion, c application.EvaluationContent) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.SubmitEvaluation("e1", submission, o, c, asksFor, s)
		}
	}
	draft := func(c application.EvaluationContent) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.DraftEvaluation("e1", "d1", inGeneral, c, asksFor, by)
		}
	}
	whole := submit(by, "x1", inGeneral, says())
	empty := application.EvaluationContent{Version: 1}
	drafted := application.EvaluationDrafted{Stamp: by, Evaluation: "e1", Draft: "d1", Form: "f1", EvaluationContent: empty}
	first := evaluationBy(by, "e1", "x1", 1)
	domaintest.Run(t, application.Application.Fold, append(append(guarded("submit", whole), guarded("draft", draft(empty))...), []row{
		{Name: "submitted", Given: events{received}, When: whole, Want: events{first}},
		{Name: "submitted again", Given: events{received, first}, When: whole},
		{Name: "changed", Given: events{received, first}, When: submit(by, "x2", inGeneral, says()), Want: events{evaluationBy(by, "e1", "x2", 2)}},
		{Name: "by the candidate", Given: events{received}, When: submit(domaintest.By(domain.Candidate), "x1", inGeneral, says()), Err: application.ErrMembersOnly},
		{Name: "with nothing so far", Given: events{received}, When: draft(empty), Want: events{drafted}},
		{Name: "the same draft", Given: events{received, drafted}, When: draft(empty)},
		{Name: "a draft of nonsense", Given: events{received}, When: draft(says(answers(application.EvaluationAnswer{Element: "s", Scale: 6}))), Err: application.ErrEvaluationAnswer},
		{Name: "out of range", Given: events{received}, When: submit(by, "x1", inGeneral, says(answers(application.EvaluationAnswer{Element: "s", Scale: -1}))), Err: application.ErrEvaluationAnswer, Says: "Knows the trade"},
		{Name: "a text for a scale", Given: events{received}, When: submit(by, "x1", inGeneral, says(answers(application.EvaluationAnswer{Element: "s", Text: text("5")}))), Err: application.ErrEvaluationAnswer},
		{Name: "a choice that is none", Given: events{received}, When: submit(by, "x1", inGeneral, says(answers(application.EvaluationAnswer{Element: "c", Choice: "huge"}))), Err: application.ErrEvaluationAnswer},
		{Name: "an answer to a heading", Given: events{received}, When: submit(by, "x1", inGeneral, says(answers(application.EvaluationAnswer{Element: "h", Text: text("x")}))), Err: application.ErrEvaluationAnswer},
		{Name: "answered twice", Given: events{received}, When: submit(by, "x1", inGeneral, says(answers(application.EvaluationAnswer{Element: "s", Scale: 1}, application.EvaluationAnswer{Element: "s", Scale: 5}))), Err: application.ErrEvaluationAnswer},
		{Name: "with a gap", Given: events{received}, When: submit(by, "x1", inGeneral, says(answers())), Err: application.ErrEvaluationGap, Says: "Knows the trade"},
		{Name: "without a recommendation", Given: events{received}, When: submit(by, "x1", inGeneral, says(func(c *application.EvaluationContent) { c.Recommendation = "" })), Err: application.ErrEvaluationGap},
		{Name: "with one that is none", Given: events{received}, When: submit(by, "x1", inGeneral, says(func(c *application.EvaluationContent) { c.Recommendation = "maybe" })), Err: application.ErrEvaluationAnswer},
		{Name: "of an interview that is not there", Given: events{received}, When: submit(by, "x1", application.Occasion{Form: "f1", Interview: "i9"}, says()), Err: application.ErrUnknownInterview},
		{Name: "of one that has not begun", Given: events{received, interviewed}, When: submit(by, "x1", application.Occasion{Form: "f1", Interview: "i1"}, says()), Err: application.ErrInterviewNotStarted},
		{Name: "of somebody else's", Given: events{received, metBefore}, When: submit(domaintest.By(domain.Member("m2")), "x1", application.Occasion{Form: "f1", Interview: "i2"}, says()), Err: application.ErrNotAParticipant},
	}...)...)
}

// S2-57: an evaluation without an answer that counts has no result.
func TestResult(t *testing.T) {
	if got := says(answers(application.EvaluationAnswer{Element: "t", Text: text("x")})).Result(asksFor); got != nil {
		t.Errorf("result %v of no scales", *got)
	}
	if got := says(answers(application.EvaluationAnswer{Element: "w", Scale: 2})).Result(asksFor); got == nil || *got != 2 {
		t.Errorf("result %v of one scale, want 2", got)
	}
}

// S1-29..32: an interview that a participant evaluated took place, and is neither
// moved nor called off.
func TestAnEvaluatedInterviewTookPlace(t *testing.T) {
	later := by
	later.At = later.At.Add(7 * 24 * time.Hour)
	evaluated := evaluationBy(later, "e1", "x1", 1)
	evaluated.Interview = "i1"
	linked := interviewed.(application.InterviewScheduled)
	linked.Form = "f1"
	evaluate := func(form string) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.SubmitEvaluation("e1", "x1", application.Occasion{Form: form, Interview: "i1"}, says(), asksFor, later)
		}
	}
	deleted := application.EvaluationDeleted{Stamp: later, Evaluation: "e1", Author: "m1", Form: "f1", Number: 1, Hidden: true}
	cancel := func(a application.Application) ([]application.Event, error) {
		return a.CancelInterview("i1", text("ill"), later)
	}
	domaintest.Run(t, application.Application.Fold, []row{
		{Name: "evaluated", Given: events{received, linked}, When: evaluate("f1"), Want: events{evaluated}},
		{Name: "by another form than its own", Given: events{received, linked}, When: evaluate("f2"), Err: application.ErrOtherForm},
		{Name: "evaluated though it was called off", Given: events{received, linked, application.InterviewCancelled{Stamp: later, Interview: "i1"}}, When: evaluate("f1"), Err: application.ErrInterviewSettled},
		{Name: "called off", Given: events{received, linked, evaluated}, When: cancel, Err: application.ErrInterviewSettled},
		{Name: "called off when the evaluation is gone", Given: events{received, linked, evaluated, deleted}, When: cancel, Want: events{application.InterviewCancelled{Stamp: later, Interview: "i1", Reason: text("ill"), Participants: []string{"m1", "m2"}, Job: "j1"}}},
	}...)
}

// S2-57: others' evaluations are hidden until one's own is in.
func TestSeesEvaluation(t *testing.T) {
	m2, m3 := domaintest.By(domain.Member("m2")), domaintest.By(domain.Member("m3"))
	a := application.Application{}.Fold(received, evaluationBy(m2, "e2", "x2", 1))
	theirs, _ := a.Evaluations.Get("e2")
	if a.SeesEvaluation("m3", theirs) || !a.SeesEvaluation("m2", theirs) {
		t.Error("it is hidden from its author, or from nobody else")
	}
	if a = a.Fold(evaluationBy(m3, "e3", "x3", 1)); !a.SeesEvaluation("m3", theirs) {
		t.Error("it is hidden although their own is in")
	}
	a = a.Fold(application.EvaluationDeleted{Stamp: m3, Evaluation: "e3", Author: "m3", Form: "f1", Number: 1, Hidden: true})
	if a.SeesEvaluation("m3", theirs) {
		t.Error("it shows although their own is gone")
	}
}

func TestDeleteEvaluation(t *testing.T) {
	m2 := domaintest.By(domain.Member("m2"))
	remove := func(s domain.Stamp, manager bool) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.DeleteEvaluation("e1", manager, s)
		}
	}
	open := evaluationBy(by, "e1", "x1", 1)
	open.Hidden = false
	gone := application.EvaluationDeleted{Stamp: by, Evaluation: "e1", Author: "m1", Form: "f1", Number: 1}
	theirs := gone
	theirs.Stamp = m2
	domaintest.Run(t, application.Application.Fold, append(guarded("delete", remove(by, false)), []row{
		{Name: "one's own", Given: events{received, open}, When: remove(by, false), Want: events{gone}},
		{Name: "again", Given: events{received, open, gone}, When: remove(by, false)},
		{Name: "somebody else's", Given: events{received, open}, When: remove(m2, false), Err: application.ErrNotYourEvaluation},
		{Name: "by a recruitment manager", Given: events{received, open}, When: remove(m2, true), Want: events{theirs}},
		{Name: "by a recruitment manager from whom it is hidden", Given: events{received, evaluationBy(by, "e1", "x1", 1)}, When: remove(m2, true), Err: application.ErrUnknownEvaluation},
		{Name: "one that is not there", Given: events{received}, When: remove(by, true), Err: application.ErrUnknownEvaluation},
	}...)...)
}
