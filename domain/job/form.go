package job

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hirelog/hirelog/domain"
)

// QuestionKind says what answers a question takes.
type QuestionKind string

// The kinds of questions, and what in JSON answers them.
const (
	TextQuestion    QuestionKind = "text"         // a string
	NumberQuestion  QuestionKind = "number"       // a number
	BooleanQuestion QuestionKind = "boolean"      // true or false
	ChoiceQuestion  QuestionKind = "choice"       // one of the options
	ChoicesQuestion QuestionKind = "multi_choice" // an array of options
	DateQuestion    QuestionKind = "date"         // "2026-05-01"
	LinkQuestion    QuestionKind = "link"         // an http or https address
)

// The most a form has.
const (
	MaxQuestions = 50
	MaxOptions   = 50
	MaxAnswer    = 4000 // characters of a text
)

// Question is a question of a job's application form.
type Question struct {
	ID       string       `json:"id"`
	Label    string       `json:"label"`
	Kind     QuestionKind `json:"kind"`
	Required bool         `json:"required,omitempty"`
	Options  []string     `json:"options,omitempty"` // of a choice
	KnockOut *KnockOut    `json:"knock_out,omitempty"`
}

// KnockOut says which answers flag an application. They do no more: people
// decide.
type KnockOut struct {
	Answers []string `json:"answers,omitempty" maxItems:"50" doc:"Of a choice: any of these options; of a boolean: true or false"`
	Below   *float64 `json:"below,omitempty" doc:"Of a number: less than this"`
	Above   *float64 `json:"above,omitempty" doc:"Of a number: more than this"`
}

// ErrAnswer means that an answer is missing, or none to its question.
var ErrAnswer = &domain.Refusal{Kind: domain.Invalid, Code: "answer", Message: "An answer is missing, or does not answer its question."}

// FormSet records the questions of the job's application form from now on.
type FormSet struct {
	domain.Stamp
	Questions []Question `json:"questions"`
}

// EventName implements domain.Fact.
func (FormSet) EventName() string { return "job.form_set.v1" }

func (e FormSet) evolve(j Job) Job { j.Questions = e.Questions; return j }

// SetForm sets the questions of the form, in order. Errors: ErrUnknown,
// domain.ErrInvalid.
func (j Job) SetForm(questions []Question, s domain.Stamp) ([]Event, error) {
	if j.Status == "" {
		return nil, ErrUnknown
	}
	if len(questions) > MaxQuestions {
		return nil, domain.ErrInvalid.Because("A form has at most %d questions.", MaxQuestions)
	}
	checked := make([]Question, len(questions))
	for i, q := range questions {
		var err error
		if checked[i], err = q.checked(); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(checked[:i], func(o Question) bool { return o.ID == q.ID }) {
			return nil, domain.ErrInvalid.Because("Two questions have the same id.")
		}
	}
	if len(checked) == len(j.Questions) && (len(checked) == 0 || reflect.DeepEqual(checked, j.Questions)) {
		return nil, nil
	}
	return []Event{FormSet{Stamp: s, Questions: checked}}, nil
}

func (q Question) checked() (Question, error) {
	label, err := domain.LineOf("A question", q.Label, 1, 300)
	if err != nil {
		return q, err
	}
	choice := q.Kind == ChoiceQuestion || q.Kind == ChoicesQuestion
	switch q.Kind {
	case TextQuestion, NumberQuestion, BooleanQuestion, ChoiceQuestion, ChoicesQuestion, DateQuestion, LinkQuestion:
	default:
		return q, domain.ErrInvalid.Because("There is no question of kind %q.", string(q.Kind))
	}
	if choice != (len(q.Options) > 0) || len(q.Options) > MaxOptions {
		return q, domain.ErrInvalid.Because("A choice has 1 to %d options, and no other question has any.", MaxOptions)
	}
	checked := Question{ID: q.ID, Label: label, Kind: q.Kind, Required: q.Required}
	for _, o := range q.Options {
		option, err := domain.LineOf("An option", o, 1, 200)
		if err != nil {
			return q, err
		}
		if slices.Contains(checked.Options, option) {
			return q, domain.ErrInvalid.Because("Two options are called %s.", option)
		}
		checked.Options = append(checked.Options, option)
	}
	checked.KnockOut, err = q.KnockOut.checked(checked)
	return checked, err
}

// checked returns k as it is kept, nil if no answer flags.
func (k *KnockOut) checked(q Question) (*KnockOut, error) {
	if k == nil || len(k.Answers) == 0 && k.Below == nil && k.Above == nil {
		return nil, nil
	}
	allowed := q.Options
	if q.Kind == BooleanQuestion {
		allowed = []string{"true", "false"}
	}
	kept := KnockOut{Below: k.Below, Above: k.Above}
	for _, a := range k.Answers {
		a = strings.TrimSpace(a)
		if !slices.Contains(allowed, a) {
			return nil, domain.ErrInvalid.Because("A knock-out answer is none that the question takes.")
		}
		kept.Answers = append(kept.Answers, a)
	}
	if (k.Below != nil || k.Above != nil) && q.Kind != NumberQuestion {
		return nil, domain.ErrInvalid.Because("Only numbers are knocked out by limits.")
	}
	return &kept, nil
}

// Answered is an answer to a question of the form.
type Answered struct {
	Question Question
	Value    string // in JSON
	KnockOut bool
}

// Answers checks what was answered to the questions of the form, by their ids,
// as JSON decodes it. Null is no answer. Errors: ErrAnswer.
func (j Job) Answers(given map[string]any) ([]Answered, error) {
	var answered []Answered
	known := 0
	for _, q := range j.Questions {
		value, named := given[q.ID]
		if named {
			known++
		}
		if text, ok := value.(string); ok && strings.TrimSpace(text) == "" {
			value = nil
		}
		if list, ok := value.([]any); ok && len(list) == 0 {
			value = nil
		}
		if value == nil {
			if q.Required {
				return nil, ErrAnswer.Because("The question %q needs an answer.", q.Label)
			}
			continue
		}
		a, ok := q.answered(value)
		if !ok {
			return nil, ErrAnswer.Because("The answer to %q is none of kind %s.", q.Label, string(q.Kind))
		}
		answered = append(answered, a)
	}
	if known != len(given) {
		return nil, ErrAnswer.Because("An answer is to a question that the form does not have.")
	}
	return answered, nil
}

func (q Question) answered(value any) (Answered, bool) {
	a := Answered{Question: q}
	flags := func(answer string) bool { return q.KnockOut != nil && slices.Contains(q.KnockOut.Answers, answer) }
	var ok bool
	switch q.Kind {
	case TextQuestion, DateQuestion, LinkQuestion:
		value, ok = q.line(value)
	case NumberQuestion:
		var n float64
		n, ok = value.(float64)
		if k := q.KnockOut; k != nil {
			a.KnockOut = k.Below != nil && n < *k.Below || k.Above != nil && n > *k.Above
		}
	case BooleanQuestion:
		var yes bool
		yes, ok = value.(bool)
		a.KnockOut = yes && flags("true") || !yes && flags("false")
	case ChoiceQuestion:
		var option string
		option, ok = value.(string)
		ok = ok && slices.Contains(q.Options, option)
		a.KnockOut = flags(option)
	case ChoicesQuestion:
		var options []any
		options, ok = value.([]any)
		ok = ok && len(options) <= len(q.Options)
		for _, o := range options {
			option, is := o.(string)
			ok = ok && is && slices.Contains(q.Options, option)
			a.KnockOut = a.KnockOut || flags(option)
		}
	}
	if !ok {
		return a, false
	}
	written, err := json.Marshal(value)
	a.Value = string(written)
	return a, err == nil
}

// line checks an answer that is text, a date or an address.
func (q Question) line(value any) (string, bool) {
	text, ok := value.(string)
	if !ok || utf8.RuneCountInString(text) > MaxAnswer {
		return "", false
	}
	text, err := domain.TextOf("The answer", text, 1, MaxAnswer)
	if err != nil {
		return "", false
	}
	switch q.Kind { //nolint:exhaustive // the others are no text
	case DateQuestion:
		_, err = time.Parse(time.DateOnly, text)
	case LinkQuestion:
		return text, isLink(text)
	}
	return text, err == nil
}

// isLink reports whether text is an address that a browser opens as a page.
func isLink(text string) bool {
	scheme, rest, ok := strings.Cut(text, "://")
	host, _, _ := strings.Cut(rest, "/")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) &&
		host != "" && !strings.ContainsAny(host, "?#@\\") && !strings.ContainsAny(text, " \t\r\n<>\"")
}
