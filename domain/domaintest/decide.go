// Package domaintest is what the tests of every aggregate share: tables of
// decisions, the stored form of events, random histories, and hostile input.
package domaintest

import (
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
)

// At is the instant tests happen at.
var At = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// By returns the stamp of actor at At.
func By(actor domain.Actor) domain.Stamp { return domain.Stamp{At: At, By: actor} }

// Case is one row of a table: given these facts, the decision answers with
// these facts, with nothing, or with a refusal.
type Case[S any, E domain.Fact] struct {
	Name  string
	Given []E
	When  func(S) ([]E, error)
	Want  []E
	Err   error  // the refusal, by its code
	Says  string // what its message must contain
}

// Run runs the cases on the zero state folded with what is given. A decision
// that gave facts is asked again behind them and must then give none.
func Run[S any, E domain.Fact](t *testing.T, fold func(S, ...E) S, cases ...Case[S, E]) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			var none S
			state := fold(none, c.Given...)
			got, err := c.When(state)
			if !errors.Is(err, c.Err) {
				t.Fatalf("err = %v, want %v", err, c.Err)
			}
			if err != nil {
				if problem := Refused(got, err); problem != "" {
					t.Error(problem)
				}
				if !strings.Contains(err.Error(), c.Says) {
					t.Errorf("it says %q, want %q in it", err, c.Says)
				}
				return
			}
			if len(got)+len(c.Want) > 0 && !reflect.DeepEqual(got, c.Want) {
				t.Fatalf("events =\n%#v, want\n%#v", got, c.Want)
			}
			if again, err := c.When(fold(state, got...)); err != nil || len(again) > 0 {
				t.Errorf("asked again: %v, %v; want nothing", again, err)
			}
		})
	}
}

var (
	code    = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	message = regexp.MustCompile(`^[A-Z].*\.$`)
)

// Refused says what is wrong with the answer of a decision that gave an error,
// or nothing: an error of a decision is always a refusal, complete, and comes
// without events.
func Refused[E any](events []E, err error) string {
	var r *domain.Refusal
	switch {
	case !errors.As(err, &r):
		return "not a refusal: " + err.Error()
	case len(events) > 0:
		return "a refusal came with events: " + r.Code
	case r.Kind > domain.Denied:
		return "a refusal of no kind: " + r.Code
	case !code.MatchString(r.Code):
		return "a refusal with a bad code: " + r.Code
	case !message.MatchString(r.Message):
		return "a refusal that is not a sentence: " + r.Message
	}
	return ""
}
