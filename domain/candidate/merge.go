package candidate

import (
	"slices"

	"github.com/hirelog/hirelog/domain"
)

// The rules that refuse merging.
var (
	ErrMerged    = &domain.Refusal{Kind: domain.Illegal, Code: "candidate_merged", Message: "The candidate is merged with another one; take that back first."}
	ErrHasMerged = &domain.Refusal{Kind: domain.Illegal, Code: "candidate_has_merged", Message: "Other candidates are merged into this one; merge the other way round, or take those back first."}
)

// Absorbed records that another candidate is to be merged into this one. The
// other one's Merged says that it is.
type Absorbed struct {
	domain.Stamp
	Candidate string `json:"candidate"`
}

// EventName implements domain.Fact.
func (Absorbed) EventName() string { return "candidate.absorbed.v1" }

func (e Absorbed) evolve(c Candidate) Candidate {
	c.Absorbed = append(slices.Clip(c.Absorbed), e.Candidate)
	return c
}

// Released records that another candidate is not merged into this one any more.
type Released struct {
	domain.Stamp
	Candidate string `json:"candidate"`
}

// EventName implements domain.Fact.
func (Released) EventName() string { return "candidate.released.v1" }

func (e Released) evolve(c Candidate) Candidate {
	c.Absorbed = slices.DeleteFunc(slices.Clone(c.Absorbed), func(id string) bool { return id == e.Candidate })
	if len(c.Absorbed) == 0 {
		c.Absorbed = nil
	}
	return c
}

// Merged records that this candidate is the same person as another one. Each
// keeps what is known of them, their address and their applications.
type Merged struct {
	domain.Stamp
	Into string `json:"into"`
}

// EventName implements domain.Fact.
func (Merged) EventName() string { return "candidate.merged.v1" }

func (e Merged) evolve(c Candidate) Candidate { c.Into = e.Into; return c }

// Unmerged records that they are two persons after all.
type Unmerged struct {
	domain.Stamp
	From string `json:"from"`
}

// EventName implements domain.Fact.
func (Unmerged) EventName() string { return "candidate.unmerged.v1" }

func (Unmerged) evolve(c Candidate) Candidate { c.Into = ""; return c }

// exists refuses what needs a person who is known.
func (c Candidate) exists() error {
	switch {
	case !c.Registered:
		return ErrUnknown
	case c.Anonymised:
		return ErrAnonymised
	}
	return nil
}

// Absorb decides that another candidate is to be merged into this one: the first
// of two steps. Doing it again is no event.
// Errors: ErrUnknown, ErrAnonymised; ErrMerged when this one is merged into
// another itself.
func (c Candidate) Absorb(other string, s domain.Stamp) ([]Event, error) {
	switch err := c.exists(); {
	case err != nil:
		return nil, err
	case slices.Contains(c.Absorbed, other):
		return nil, nil
	case c.Into != "":
		return nil, ErrMerged
	}
	return []Event{Absorbed{Stamp: s, Candidate: other}}, nil
}

// MergeInto decides that this candidate is the same person as another one, who
// absorbed them. Doing it again is no event.
// Errors: ErrUnknown, ErrAnonymised; ErrMerged when it is merged into somebody
// else; ErrHasMerged when others are merged into it.
func (c Candidate) MergeInto(other string, s domain.Stamp) ([]Event, error) {
	switch err := c.exists(); {
	case err != nil:
		return nil, err
	case c.Into == other:
		return nil, nil
	case c.Into != "":
		return nil, ErrMerged
	case len(c.Absorbed) > 0:
		return nil, ErrHasMerged
	}
	return []Event{Merged{Stamp: s, Into: other}}, nil
}

// Unmerge takes a merge of this candidate into another one back. One that is not
// merged is no event. Errors: ErrUnknown, ErrAnonymised.
func (c Candidate) Unmerge(s domain.Stamp) ([]Event, error) {
	if err := c.exists(); err != nil || c.Into == "" {
		return nil, err
	}
	return []Event{Unmerged{Stamp: s, From: c.Into}}, nil
}

// Release takes back that another candidate is to be merged into this one.
func (c Candidate) Release(other string, s domain.Stamp) []Event {
	if c.exists() != nil || !slices.Contains(c.Absorbed, other) {
		return nil
	}
	return []Event{Released{Stamp: s, Candidate: other}}
}

// Person is who the candidate with an id counts as: the one they are merged into,
// or themselves.
func (c Candidate) Person(id string) string {
	if c.Into != "" {
		return c.Into
	}
	return id
}
