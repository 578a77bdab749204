package application_test

import (
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

// TestRate holds S1-22 and H18.
func TestRate(t *testing.T) {
	rate := func(who domain.Actor, rating int) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.Rate(rating, domaintest.By(who))
		}
	}
	rated := func(who domain.Actor, rating int) application.Event {
		return application.Rated{Stamp: domaintest.By(who), Rating: rating}
	}
	m1, m2 := domain.Member("m1"), domain.Member("m2")
	domaintest.Run(t, application.Application.Fold, append(guarded("rate", rate(m1, 3)), []row{
		{Name: "the worst", Given: events{received}, When: rate(m1, 0), Want: events{rated(m1, 0)}},
		{Name: "the best", Given: events{received}, When: rate(m1, 5), Want: events{rated(m1, 5)}},
		{Name: "a second one replaces the first", Given: events{received, rated(m1, 3)}, When: rate(m1, 4), Want: events{rated(m1, 4)}},
		{Name: "the same again", Given: events{received, rated(m1, 3)}, When: rate(m1, 3)},
		{Name: "that of a colleague is another", Given: events{received, rated(m1, 3)}, When: rate(m2, 3), Want: events{rated(m2, 3)}},
		{Name: "after closing", Given: events{received, rejected}, When: rate(m1, 1), Want: events{rated(m1, 1)}},
		{Name: "too good", Given: events{received}, When: rate(m1, 6), Err: domain.ErrInvalid, Says: "0 to 5"},
		{Name: "too bad", Given: events{received}, When: rate(m1, -1), Err: domain.ErrInvalid},
		{Name: "the candidate", Given: events{received}, When: rate(domain.Candidate, 5), Err: application.ErrMembersOnly},
	}...)...)
}

// TestRoundedMean holds S1-23.
func TestRoundedMean(t *testing.T) {
	for _, c := range []struct {
		sum, count, least, want int
		told                    bool
	}{
		{0, 0, 1, 0, false},
		{0, 0, 0, 0, false},
		{5, 1, 2, 0, false},
		{0, 1, 1, 0, true},
		{7, 2, 1, 4, true},  // 3.5
		{10, 3, 1, 3, true}, // 3.33
		{11, 3, 3, 4, true}, // 3.67
		{1, 2, 1, 1, true},  // 0.5
	} {
		if got, told := application.RoundedMean(c.sum, c.count, c.least); got != c.want || told != c.told {
			t.Errorf("mean of %d ratings, together %d, least %d: %d, %v; want %d, %v", c.count, c.sum, c.least, got, told, c.want, c.told)
		}
	}
}
