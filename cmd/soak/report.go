package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// report is what a run has seen. It is safe for concurrent use.
type report struct {
	mu     sync.Mutex
	counts map[string]int
	done   map[string]int           // faults by kind
	left   map[string]error         // kinds of faults that cannot be done here, and why
	worst  map[string]time.Duration // by kind of fault: the longest until a call was answered
	fault  string                   // under way

	baseline usage // before the faults of stores
}

func newReport() *report {
	return &report{counts: map[string]int{}, done: map[string]int{}, left: map[string]error{}, worst: map[string]time.Duration{}, fault: calm}
}

// calm is the kind of fault that is none.
const calm = "none"

func (r *report) count(what string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[what] += n
}

// begin notes that a fault is done now; end is called when what it does to
// calls is over.
func (r *report) begin(kind string) (end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done[kind]++
	r.fault = kind
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.fault = calm
	}
}

// leave notes that a kind of fault cannot be done, and why.
func (r *report) leave(kind string, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left[kind] = why
}

// under returns the kind of fault under way.
func (r *report) under() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fault
}

// answered notes how long a caller waited for an answer, tries included, and
// the fault under way when it ended or, if there was none, when it began: what
// one fault left in peace the next may still have met.
func (r *report) answered(began string, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fault := r.fault
	if fault == calm {
		fault = began
	}
	r.worst[fault] = max(r.worst[fault], took)
}

func (r *report) kills() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for kind, times := range r.done {
		if strings.HasPrefix(kind, "kill ") {
			n += times
		}
	}
	return n
}

// erased returns how much was erased.
func (r *report) erased() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts["applications erased"] + r.counts["notes erased"]
}

// print prints all counts.
func (r *report) print(w io.Writer, took time.Duration) {
	kills := r.kills()
	r.mu.Lock()
	defer r.mu.Unlock()
	line := func(name string, value any) { _, _ = fmt.Fprintf(w, "%-34s %v\n", name, value) }
	_, _ = fmt.Fprintln(w)
	line("took", took.Round(time.Second))
	line("processes killed", kills)
	for _, name := range []string{
		"commands acknowledged", "commands tried again", "commands repeated", "commands refused", "applications erased", "notes erased",
		"events", "reads", "reads refused (503)", "reads not answered", "rows compared",
		"duplicates", "lost", "refused but recorded", "answers that changed", "reads older than asked", "calls stuck",
		"goroutines at rest before", "goroutines at rest", "database connections at rest", "event store connections at rest",
	} {
		line(name, r.counts[name])
	}
	_, _ = fmt.Fprintf(w, "\n%-34s %8s   %s\n", "fault", "times", "longest until answered")
	for _, kind := range slices.Sorted(keys(r.done)) {
		_, _ = fmt.Fprintf(w, "%-34s %8d   %v\n", kind, r.done[kind], r.worst[kind].Round(time.Millisecond))
	}
	_, _ = fmt.Fprintf(w, "%-34s %8s   %v\n", calm, "", r.worst[calm].Round(time.Millisecond))
	for _, kind := range slices.Sorted(keys(r.left)) {
		_, _ = fmt.Fprintf(w, "%-34s %8s   %v\n", kind, "left out", r.left[kind])
	}
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}
