package application

import "github.com/hirelog/hirelog/domain"

// MaxRating is the best rating; the worst is 0.
const MaxRating = 5

// ErrMembersOnly means that only members of the company do this.
var ErrMembersOnly = &domain.Refusal{Kind: domain.Denied, Code: "members_only", Message: "Only members do this."}

// Rated records how a member rates the application, instead of how they rated it
// before.
type Rated struct {
	domain.Stamp
	Rating int `json:"rating"` // 0–MaxRating
}

// EventName implements domain.Fact.
func (Rated) EventName() string { return "application.rated.v1" }

func (e Rated) evolve(a Application) Application {
	a.Ratings = a.Ratings.With(e.By.MemberID(), e.Rating)
	return a
}

// Rate sets the rating of the member who asks. There is one for each member;
// the same again is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrMembersOnly, domain.ErrInvalid.
func (a Application) Rate(rating int, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	member := s.By.MemberID()
	switch {
	case member == "":
		return nil, ErrMembersOnly
	case rating < 0 || rating > MaxRating:
		return nil, domain.ErrInvalid.Because("A rating is a whole number from 0 to %d.", MaxRating)
	}
	if has, rated := a.Ratings.Get(member); rated && has == rating {
		return nil, nil
	}
	return []Event{Rated{Stamp: s, Rating: rating}}, nil
}

// RoundedMean is the mean of count ratings with that sum as candidates see it:
// a whole number, half up. It is false if there is none, or if fewer than least
// have rated.
func RoundedMean(sum, count, least int) (int, bool) {
	if count == 0 || count < least {
		return 0, false
	}
	return (2*sum + count) / (2 * count), true
}
