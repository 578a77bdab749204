package application

import (
	"slices"
	"time"

	"github.com/hirelog/hirelog/domain"
)

// GrantCause says what a member was given access by.
type GrantCause string

// The causes.
const (
	ByHand      GrantCause = "by_hand"
	ByInterview GrantCause = "interview"
	ByReview    GrantCause = "review"
	ByOpening   GrantCause = "opening" // for an auditor: AuditOpened, without a role
)

// MaxGrants is the most grants of an application that have not ended.
const MaxGrants = 200

// Grant is a recruiting role that a member holds on this application alone.
type Grant struct {
	Member string
	Role   string
	Until  *time.Time // the role no longer counts from then on; nil = no end
	Cause  GrantCause
	Of     string // id of the interview or review
	closed bool   // its end was set by the closing of the application
}

// Ended reports whether the grant no longer counts at an instant.
func (g Grant) Ended(at time.Time) bool { return g.Until != nil && !g.Until.After(at) }

// The rules that refuse.
var (
	ErrUnknownGrant  = &domain.Refusal{Kind: domain.Absent, Code: "unknown_grant", Message: "The application has no such grant."}
	ErrTooManyGrants = &domain.Refusal{Kind: domain.Illegal, Code: "too_many_grants", Message: "The application has as many grants as it may have."}
	// ErrMoreThanYours is for whoever gives access: a role that gives something
	// they do not have themselves.
	ErrMoreThanYours = &domain.Refusal{Kind: domain.Denied, Code: "role_exceeds_own", Message: "The recruiting role gives more than you have yourself."}
)

// Granted returns the recruiting roles that member holds on the application
// itself at an instant.
func (a Application) Granted(member string, at time.Time) []string {
	var roles []string
	for _, g := range a.Grants.All() {
		if g.Member == member && !g.Ended(at) {
			roles = append(roles, g.Role)
		}
	}
	return roles
}

// AccessGranted records that a member holds a recruiting role on the
// application.
type AccessGranted struct {
	domain.Stamp
	Grant  string     `json:"grant"`
	Member string     `json:"member"`
	Role   string     `json:"role"` // recruiting role
	Until  *time.Time `json:"until,omitempty"`
	Cause  GrantCause `json:"cause"`
	Of     string     `json:"of,omitempty"` // interview or review
}

// EventName implements domain.Fact.
func (AccessGranted) EventName() string { return "application.access_granted.v1" }

func (e AccessGranted) evolve(a Application) Application {
	a.Grants = a.Grants.With(e.Grant, Grant{Member: e.Member, Role: e.Role, Until: e.Until, Cause: e.Cause, Of: e.Of})
	return a
}

// AccessEnds records when a grant ends: later, at once, or not any more.
type AccessEnds struct {
	domain.Stamp
	Grant  string     `json:"grant"`
	Until  *time.Time `json:"until,omitempty"`  // nil = no end any more
	Closed bool       `json:"closed,omitempty"` // because the application was closed; taken back with it
}

// EventName implements domain.Fact.
func (AccessEnds) EventName() string { return "application.access_ends.v1" }

func (e AccessEnds) evolve(a Application) Application {
	g, _ := a.Grants.Get(e.Grant)
	g.Until, g.closed = e.Until, e.Closed
	a.Grants = a.Grants.With(e.Grant, g)
	return a
}

// GrantAccess gives a member a role on the application by hand, until an instant
// or for good. Whoever holds that role by hand already holds it under the same
// grant, and gets another one only for another end.
// Errors: ErrUnknown, ErrAnonymised, ErrTooManyGrants, domain.ErrInvalid.
func (a Application) GrantAccess(grant, member, role string, until *time.Time, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if until != nil {
		end := until.UTC().Truncate(time.Microsecond)
		until = &end
	}
	if _, given := a.Grants.Get(grant); given {
		return nil, nil
	}
	var events []Event
	held := a.HeldByHand(member, role, s.At)
	switch have, _ := a.Grants.Get(held); {
	case held == "":
	case sameEnd(have.Until, until):
		return nil, nil
	default:
		events = []Event{AccessEnds{Stamp: s, Grant: held, Until: &s.At}}
	}
	switch {
	case until != nil && !until.After(s.At):
		return nil, domain.ErrInvalid.Because("A grant must end in the future.")
	case held == "" && a.inForce(s.At) >= MaxGrants:
		return nil, ErrTooManyGrants
	}
	return append(events, AccessGranted{Stamp: s, Grant: grant, Member: member, Role: role, Until: until, Cause: ByHand}), nil
}

// HeldByHand returns the grant under which member holds a role by hand at an
// instant, "" if none.
func (a Application) HeldByHand(member, role string, at time.Time) string {
	for id, g := range a.Grants.All() {
		if g.Cause == ByHand && g.Member == member && g.Role == role && !g.Ended(at) {
			return id
		}
	}
	return ""
}

func sameEnd(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }

func (a Application) inForce(at time.Time) int {
	n := 0
	for _, g := range a.Grants.All() {
		if !g.Ended(at) {
			n++
		}
	}
	return n
}

// EndAccess ends a grant at once, whatever it came by. One that ended is no
// event. Errors: ErrUnknown, ErrAnonymised, ErrUnknownGrant.
func (a Application) EndAccess(grant string, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	switch g, ok := a.Grants.Get(grant); {
	case !ok:
		return nil, ErrUnknownGrant
	case g.Ended(s.At):
		return nil, nil
	}
	return []Event{AccessEnds{Stamp: s, Grant: grant, Until: &s.At}}, nil
}

// GrantBy returns what gives a member access by an interview or a review, under
// a new id: nothing if they have it by the same one already. It is part of the
// decision that causes it and refuses nothing; whether the role may be given,
// the caller has asked.
func (a Application) GrantBy(id string, g Grant, s domain.Stamp) []Event {
	if _, given := a.Grants.Get(id); given || a.exists() != nil {
		return nil
	}
	for _, have := range a.Grants.All() {
		if have.Member == g.Member && have.Role == g.Role && have.Cause == g.Cause && have.Of == g.Of && have.Until == nil {
			return nil
		}
	}
	return []Event{AccessGranted{Stamp: s, Grant: id, Member: g.Member, Role: g.Role, Until: g.Until, Cause: g.Cause, Of: g.Of}}
}

// EndGrants returns what ends the grants of an interview or a review at an
// instant, those of one member, or of all if member is "". A grant that ends
// by then anyway is left alone.
func (a Application) EndGrants(cause GrantCause, of, member string, until time.Time, s domain.Stamp) []Event {
	if a.exists() != nil {
		return nil
	}
	return a.endAll(until, false, s, func(g Grant) bool {
		return g.Cause == cause && g.Of == of && (member == "" || g.Member == member)
	})
}

// WithEnds returns the events of a decision, and with those that close the
// application also what ends the access that interviews and reviews gave, after
// keep, and what takes back an offer that nobody answered; with those that open it
// again, what takes such ends back.
func (a Application) WithEnds(events []Event, keep time.Duration, s domain.Stamp) []Event {
	if len(events) == 0 {
		return events
	}
	after := a.Fold(events...)
	switch {
	case after.Anonymised:
		return events
	case a.Live() && !after.Live():
		events = append(slices.Clip(events), after.endAll(s.At.Add(keep), true, s, func(g Grant) bool { return g.Cause != ByHand && g.Until == nil })...)
		return append(events, after.withdrawOpen(s)...)
	case !a.Live() && after.Live():
		for _, id := range after.sortedGrants() {
			if g, _ := after.Grants.Get(id); g.closed && !g.Ended(s.At) {
				events = append(slices.Clip(events), AccessEnds{Stamp: s, Grant: id})
			}
		}
	}
	return events
}

// endAll ends the grants that which chooses, unless they end by then anyway.
func (a Application) endAll(until time.Time, closed bool, s domain.Stamp, which func(Grant) bool) []Event {
	var events []Event
	for _, id := range a.sortedGrants() {
		if g, _ := a.Grants.Get(id); which(g) && (g.Until == nil || g.Until.After(until)) {
			events = append(events, AccessEnds{Stamp: s, Grant: id, Until: &until, Closed: closed})
		}
	}
	return events
}

func (a Application) sortedGrants() []string {
	ids := make([]string, 0, a.Grants.Len())
	for id := range a.Grants.All() {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
