// Package domain holds what all rules share: refusals and who acts. The rules
// themselves are in the packages below it, one for each aggregate.
//
// Domain packages import the standard library and each other, do no I/O, and
// never read a clock: every instant and every id arrives as an argument, so a
// replay gives the state it gave the first time.
package domain

import "fmt"

// Refusal is a rule saying no. It is an answer, not a failure: it is shown to
// whoever asked, never logged as an error and never retried.
type Refusal struct {
	Kind    Kind
	Code    string // stable, for programs: "application_closed"
	Message string // for people, a whole sentence without personal data
}

func (r *Refusal) Error() string { return r.Message }

// Is reports whether target is a refusal with the same code, so that a refusal
// that says more (see Because) still matches the rule it comes from.
func (r *Refusal) Is(target error) bool {
	t, ok := target.(*Refusal)
	return ok && t.Code == r.Code
}

// Because returns r with a message of its own, for a rule that can say more
// than its name.
func (r *Refusal) Because(format string, args ...any) *Refusal {
	return &Refusal{Kind: r.Kind, Code: r.Code, Message: fmt.Sprintf(format, args...)}
}

// Kind says what sort of no a refusal is; it decides the HTTP status.
type Kind uint8

// The kinds of refusal.
const (
	// Illegal: the state does not allow it now (409).
	Illegal Kind = iota
	// Invalid: what was asked makes no sense in any state (422).
	Invalid
	// Absent: what it is about does not exist, or not for the asker (404).
	Absent
	// Denied: the asker may not do it (403).
	Denied
)
