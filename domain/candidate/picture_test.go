package candidate_test

import (
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/domaintest"
)

// S1-11, S1-12, S1-13, S1-14, S1-15
func TestPicture(t *testing.T) {
	set := func(picture string, size int64) func(candidate.Candidate) ([]candidate.Event, error) {
		return func(c candidate.Candidate) ([]candidate.Event, error) { return c.SetPicture(picture, size, s) }
	}
	remove := func(c candidate.Candidate) ([]candidate.Event, error) { return c.RemovePicture(s) }
	type events = []candidate.Event
	known, first := candidate.Registered{Stamp: s}, candidate.PictureSet{Stamp: s, Picture: "f1", Size: 9}
	domaintest.Run(t, candidate.Candidate.Fold, []domaintest.Case[candidate.Candidate, candidate.Event]{
		{Name: "a picture is set", Given: events{known}, When: set("f1", 9), Want: events{first}},
		{Name: "the same again", Given: events{known, first}, When: set("f1", 9)},
		{Name: "another one", Given: events{known, first}, When: set("f2", 8), Want: events{candidate.PictureSet{Stamp: s, Picture: "f2", Size: 8}}},
		{Name: "no file", Given: events{known}, When: set("", 9), Err: domain.ErrInvalid},
		{Name: "an empty file", Given: events{known}, When: set("f1", 0), Err: domain.ErrInvalid},
		{Name: "of nobody", When: set("f1", 9), Err: candidate.ErrUnknown},
		{Name: "of who is gone", Given: events{known, anonymised}, When: set("f1", 9), Err: candidate.ErrAnonymised},
		{Name: "it is removed", Given: events{known, first}, When: remove, Want: events{candidate.PictureRemoved{Stamp: s}}},
		{Name: "none is removed", Given: events{known}, When: remove},
		{Name: "it went with the person", Given: events{known, first, anonymised}, When: remove, Err: candidate.ErrAnonymised},
		{Name: "nobody's is removed", When: remove, Err: candidate.ErrUnknown},
	}...)
}
