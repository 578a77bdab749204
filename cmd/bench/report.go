package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"
)

// goal is what a ratio should be.
type goal struct {
	atMost bool // else at least
	limit  float64
}

func atLeast(limit float64) goal { return goal{limit: limit} }
func atMost(limit float64) goal  { return goal{atMost: true, limit: limit} }

func (g goal) met(value float64) bool {
	if g.atMost {
		return value <= g.limit
	}
	return value >= g.limit
}

func (g goal) String() string {
	if g.atMost {
		return fmt.Sprintf("<=%v", g.limit)
	}
	return fmt.Sprintf(">=%v", g.limit)
}

// figure is one round of a ratio: its value and what the two sides were.
type figure struct {
	value float64
	a, b  string
}

// median returns the round in the middle; there is at least one.
func median(rounds []figure) figure {
	rounds = slices.Clone(rounds)
	slices.SortFunc(rounds, func(a, b figure) int { return cmp.Compare(a.value, b.value) })
	return rounds[len(rounds)/2]
}

// printer prints figures, and calls gone when nobody reads them.
type printer struct {
	w    io.Writer
	gone func()
}

func (p printer) print(format string, args ...any) {
	if _, err := fmt.Fprintf(p.w, format+"\n", args...); err != nil {
		p.gone()
	}
}

// say prints a remark.
func (p printer) say(format string, args ...any) { p.print("# "+format, args...) }

// report prints the median of the rounds with its goal.
func (p printer) report(name string, rounds []figure, g goal) {
	if len(rounds) == 0 {
		p.print("ratio %s not measured goal %v", name, g)
		return
	}
	m := median(rounds)
	missed := ""
	if !g.met(m.value) {
		missed = " missed"
	}
	decimals := 2
	if m.value >= 100 {
		decimals = 0
	}
	p.print("ratio %s %.*f goal %v (a = %s, b = %s)%s", name, decimals, m.value, g, m.a, m.b, missed)
}

// quantile returns the q-quantile of sorted durations.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// inTurns runs the two sides of round n one after the other, each first every
// other time.
func inTurns(n int, a, b func() error) error {
	if n%2 == 1 {
		a, b = b, a
	}
	if err := a(); err != nil {
		return err
	}
	return b()
}

// pace is how fast something was done, and what it cost.
type pace struct {
	n    int
	took time.Duration
	cost time.Duration // processor time of all processes that had a part in it
}

func (p pace) perSecond() float64 { return float64(p.n) / p.took.Seconds() }

// String is "12345/s, 42µs processor time each".
func (p pace) String() string {
	return fmt.Sprintf("%.0f/s, %v processor time each", p.perSecond(), each(p.cost, float64(p.n)))
}

// measured runs do, which returns how often it did it.
func measured(m meter, do func() (int, error)) (pace, error) {
	before, began := m.read(), time.Now()
	n, err := do()
	return pace{n: n, took: time.Since(began), cost: m.read() - before}, err
}
