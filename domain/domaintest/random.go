package domaintest

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// Aggregate is what random tests need to know of one.
type Aggregate[S any, E domain.Fact] struct {
	Codec domain.Codec[E]
	Fold  func(S, ...E) S
	// Given is what most histories begin with; the others begin with nothing.
	Given []E
	// Steps is how many decisions a history asks for, at least and by default 60:
	// more where there are so many that some would hardly come up.
	Steps int
	// Ask draws a decision. What it drew is fixed: asked twice, it is the same
	// question.
	Ask func(*rapid.T, domain.Stamp) func(S) ([]E, error)
	// Holds returns what is wrong with the step e made from before to after, or
	// nothing. It may be nil.
	Holds func(before S, e E, after S) string
}

// Random gives random commands to the aggregate. Whatever comes: decisions
// answer with facts or a complete refusal and never panic; asked again they
// give nothing; facts survive being stored; folding is deterministic and leaves
// older states alone. Every event must come up; while one has not, more histories
// are drawn, up to as many again four times.
func (a Aggregate[S, E]) Random(t *testing.T) {
	t.Helper()
	var mu sync.Mutex
	seen := map[string]int{}
	random := func(rt *rapid.T) {
		var none S
		states, history := []S{none}, []E(nil)
		if Fair(rt, "begin with", []bool{true, true, true, false}) {
			for i, e := range a.Given {
				states, history = append(states, a.Fold(states[i], e)), append(history, e)
			}
		}
		at := At
		for range max(a.Steps, 60) {
			at = at.Add(time.Duration(rapid.IntRange(0, 3600).Draw(rt, "seconds later")) * time.Second)
			actor := rapid.SampledFrom([]domain.Actor{domain.Candidate, domain.System, domain.Member("m1"), domain.Member("m2")}).Draw(rt, "by")
			for _, e := range a.step(rt, states[len(states)-1], domain.Stamp{At: at, By: actor}) {
				after := a.Fold(states[len(states)-1], e)
				if a.Holds != nil {
					if problem := a.Holds(states[len(states)-1], e, after); problem != "" {
						rt.Fatalf("%s: %s", e.EventName(), problem)
					}
				}
				states, history = append(states, after), append(history, e)
				mu.Lock()
				seen[e.EventName()]++
				mu.Unlock()
			}
		}
		for i, state := range states {
			if again := a.Fold(none, history[:i]...); !reflect.DeepEqual(again, state) {
				rt.Fatalf("folding %d events again gives\n%#v, want\n%#v", i, again, state)
			}
		}
	}
	var missing []string
	for range 20 {
		rapid.Check(t, random)
		missing = missing[:0]
		for name := range a.Codec.Names() {
			if seen[name] == 0 {
				missing = append(missing, name)
			}
		}
		if len(missing) == 0 {
			return
		}
	}
	t.Errorf("no history held %v", missing)
}

// step asks one random question and returns the facts as they would be read
// back from the log.
func (a Aggregate[S, E]) step(rt *rapid.T, state S, s domain.Stamp) []E {
	ask := a.Ask(rt, s)
	events, err := ask(state)
	if err != nil {
		if problem := Refused(events, err); problem != "" {
			rt.Fatal(problem)
		}
		return nil
	}
	read := make([]E, len(events))
	for i, e := range events {
		e = Sealed(e)
		data, err := a.Codec.Encode(e)
		if err != nil {
			rt.Fatal(err)
		}
		if read[i], err = a.Codec.Decode(e.EventName(), data); err != nil {
			rt.Fatal(err)
		}
		if direct, stored := a.Fold(state, e), a.Fold(state, read[i]); !reflect.DeepEqual(direct, stored) {
			rt.Fatalf("%s folds to\n%#v, read back to\n%#v", e.EventName(), direct, stored)
		}
		if e.When() != s.At || e.Who() != s.By {
			rt.Fatalf("%s is stamped %v by %q, want %v", e.EventName(), e.When(), e.Who(), s)
		}
	}
	if again, err := ask(a.Fold(state, read...)); err != nil || len(again) > 0 {
		rt.Fatalf("asked again: %v, %v; want nothing", again, err)
	}
	return read
}

// Fair draws one of a list, each as likely as the others: rapid's own
// generators prefer what stands first.
func Fair[V any](rt *rapid.T, label string, of []V) V {
	n := 0
	for _, bit := range rapid.SliceOfN(rapid.Bool(), 10, 10).Draw(rt, label) {
		n *= 2
		if bit {
			n++
		}
	}
	return of[n%len(of)]
}

// Sealed returns e with every personal text sealed, as if by a vault: the bytes
// tell the field and the plain text apart from others. e itself is not changed.
func Sealed[E domain.Fact](e E) E {
	own := reflect.New(reflect.TypeOf(e))
	own.Elem().Set(reflect.ValueOf(e))
	personal.Walk(own.Interface(), func(path string, t *personal.Text) {
		if key, plain, ok := t.Unsealed(); ok {
			*t = personal.Sealed([]byte(key.ID + "/" + path + "/" + string(plain)))
		}
	})
	return own.Elem().Interface().(E) //nolint:errcheck,forcetypeassert // it was made from an E
}

// Fuzz decodes whatever it is given, starting from the pinned forms. What was
// accepted keeps its stored form, and folds and decides without panicking, on
// nothing and behind what is given.
func Fuzz[S any, E domain.Fact](f *testing.F, codec domain.Codec[E], fold func(S, ...E) S, given []E, decide func(S)) {
	paths, err := filepath.Glob("testdata/events/*.json")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no pinned events: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(strings.TrimSuffix(filepath.Base(path), ".json"), data)
		f.Add(strings.TrimSuffix(filepath.Base(path), ".json"), []byte("{}"))
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		e, err := codec.Decode(name, data)
		if err != nil {
			return
		}
		if first, err := codec.Encode(e); err == nil {
			back, err := codec.Decode(name, first)
			if err != nil {
				t.Fatalf("what was encoded cannot be read: %v\n%s", err, first)
			}
			if second, err := codec.Encode(back); err != nil || string(second) != string(first) {
				t.Errorf("stored as\n%s, read and stored again as\n%s (%v)", first, second, err)
			}
		}
		var none S
		decide(fold(none, e))
		decide(fold(fold(none, given...), e))
	})
}
