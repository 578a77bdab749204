package job_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/job"
)

var (
	three     = 3.0
	questions = []job.Question{
		{ID: "q1", Label: "Why us?", Kind: job.TextQuestion},
		{ID: "q2", Label: "Years of experience", Kind: job.NumberQuestion, Required: true, KnockOut: &job.KnockOut{Below: &three}},
		{ID: "q3", Label: "May you work here?", Kind: job.BooleanQuestion, KnockOut: &job.KnockOut{Answers: []string{"false"}}},
		{ID: "q4", Label: "Where?", Kind: job.ChoiceQuestion, Options: []string{"Lisbon", "Remote"}, KnockOut: &job.KnockOut{Answers: []string{"Remote"}}},
		{ID: "q5", Label: "Which languages?", Kind: job.ChoicesQuestion, Options: []string{"Go", "C"}, KnockOut: &job.KnockOut{Answers: []string{"C"}}},
		{ID: "q6", Label: "From when?", Kind: job.DateQuestion},
		{ID: "q7", Label: "Your page", Kind: job.LinkQuestion},
	}
)

// S2-103: questions are typed.
func TestSetForm(t *testing.T) {
	set := func(q ...job.Question) when {
		return func(j job.Job) ([]job.Event, error) { return j.SetForm(q, s) }
	}
	formSet := job.FormSet{Stamp: s, Questions: questions}
	invalid := func(name string, q job.Question, says string) row {
		return row{Name: name, Given: events{opened}, When: set(q), Err: domain.ErrInvalid, Says: says}
	}
	domaintest.Run(t, job.Job.Fold, []row{
		{Name: "questions", Given: events{opened}, When: set(questions...), Want: events{formSet}},
		{Name: "the same", Given: events{opened, formSet}, When: set(questions...)},
		{Name: "none", Given: events{opened, formSet}, When: set(), Want: events{job.FormSet{Stamp: s, Questions: []job.Question{}}}},
		{Name: "none of none", Given: events{opened}, When: set()},
		{Name: "trimmed, without an empty knock-out", Given: events{opened}, When: set(job.Question{ID: "q1", Label: " Why? ", Kind: job.TextQuestion, KnockOut: &job.KnockOut{}}), Want: events{job.FormSet{Stamp: s, Questions: []job.Question{{ID: "q1", Label: "Why?", Kind: job.TextQuestion}}}}},
		{Name: "of no job", When: set(questions...), Err: job.ErrUnknown},
		{Name: "too many", Given: events{opened}, When: set(make([]job.Question, 51)...), Err: domain.ErrInvalid, Says: "at most 50 questions"},
		{Name: "two of one id", Given: events{opened}, When: set(questions[0], questions[0]), Err: domain.ErrInvalid, Says: "same id"},
		invalid("nothing asked", job.Question{Kind: job.TextQuestion}, "A question is required"),
		invalid("another kind", job.Question{Label: "x", Kind: "essay"}, "no question of kind"),
		invalid("a choice of nothing", job.Question{Label: "x", Kind: job.ChoiceQuestion}, "1 to 50 options"),
		invalid("options of a text", job.Question{Label: "x", Kind: job.TextQuestion, Options: []string{"a"}}, "no other question"),
		invalid("an option twice", job.Question{Label: "x", Kind: job.ChoiceQuestion, Options: []string{"a", " a"}}, "Two options"),
		invalid("an empty option", job.Question{Label: "x", Kind: job.ChoiceQuestion, Options: []string{""}}, "An option is required"),
		invalid("a knock-out that is no option", job.Question{Label: "x", Kind: job.ChoiceQuestion, Options: []string{"a"}, KnockOut: &job.KnockOut{Answers: []string{"b"}}}, "none that the question takes"),
		invalid("limits of a text", job.Question{Label: "x", Kind: job.TextQuestion, KnockOut: &job.KnockOut{Above: &three}}, "Only numbers"),
	}...)
}

func TestAnswers(t *testing.T) {
	j := job.Job{}.Fold(opened, job.FormSet{Stamp: s, Questions: questions})
	for _, c := range []struct {
		name  string
		given map[string]any
		want  map[string]string // values by question
		flags []string
	}{
		{
			"everything",
			map[string]any{"q1": " Because ", "q2": 5.5, "q3": true, "q4": "Lisbon", "q5": []any{"Go"}, "q6": "2026-05-01", "q7": "https://me.example/x"},
			map[string]string{"q1": `"Because"`, "q2": "5.5", "q3": "true", "q4": `"Lisbon"`, "q5": `["Go"]`, "q6": `"2026-05-01"`, "q7": `"https://me.example/x"`},
			nil,
		},
		{
			"what flags",
			map[string]any{"q2": 2.0, "q3": false, "q4": "Remote", "q5": []any{"Go", "C"}},
			map[string]string{"q2": "2", "q3": "false", "q4": `"Remote"`, "q5": `["Go","C"]`},
			[]string{"q2", "q3", "q4", "q5"},
		},
		{"what is left out", map[string]any{"q1": " ", "q2": 3.0, "q3": nil, "q5": []any{}}, map[string]string{"q2": "3"}, nil},
	} {
		got, err := j.Answers(c.given)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		values, flags := map[string]string{}, []string(nil)
		for _, a := range got {
			if values[a.Question.ID] = a.Value; a.KnockOut {
				flags = append(flags, a.Question.ID)
			}
		}
		if !reflect.DeepEqual(values, c.want) || !reflect.DeepEqual(flags, c.flags) {
			t.Errorf("%s: %v, flagged %v", c.name, values, flags)
		}
	}
	for name, given := range map[string]map[string]any{
		"the required one is missing": {"q1": "x"},
		"another question":            {"q2": 1.0, "q9": "x"},
		"a number for a text":         {"q2": 1.0, "q1": 1.0},
		"a text for a number":         {"q2": "1"},
		"a text for a boolean":        {"q2": 1.0, "q3": "true"},
		"no option":                   {"q2": 1.0, "q4": "Porto"},
		"no options":                  {"q2": 1.0, "q5": []any{"Rust"}},
		"one option too many":         {"q2": 1.0, "q5": []any{"Go", "C", "Go"}},
		"no day":                      {"q2": 1.0, "q6": "2026-02-30"},
		"no address":                  {"q2": 1.0, "q7": "javascript:alert(1)"},
		"a long text":                 {"q2": 1.0, "q1": strings.Repeat("a", 4001)},
		"a control character":         {"q2": 1.0, "q1": "a\x00"},
	} {
		if _, err := j.Answers(given); err == nil || domaintest.Refused[job.Event](nil, err) != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
