package application

import (
	"slices"

	"github.com/hirelog/hirelog/domain"
)

// WorkHandedOver records that a member took over what another, who left, had to
// do for the application: reviews that were asked of them, interviews they organised.
type WorkHandedOver struct {
	domain.Stamp
	From       string   `json:"from"` // member
	To         string   `json:"to"`   // member
	Reviews    []string `json:"reviews,omitempty"`
	Interviews []string `json:"interviews,omitempty"`
}

// EventName implements domain.Fact.
func (WorkHandedOver) EventName() string { return "application.work_handed_over.v1" }

func (e WorkHandedOver) evolve(a Application) Application {
	for _, id := range e.Reviews {
		r, _ := a.Reviews.Get(id)
		r.Reviewer = e.To
		a.Reviews = a.Reviews.With(id, r)
	}
	for _, id := range e.Interviews {
		i, _ := a.Interviews.Get(id)
		i.Organiser = e.To
		a = a.withInterview(id, i)
	}
	return a
}

// Able says what somebody who takes over may do on the application.
type Able struct {
	Comment  bool
	Evaluate bool
	Organise bool // interviews
}

// HandOverWork gives the open reviews of a member, and the interviews they
// organise that are still planned, to another, as far as they are able to; the rest
// stays. Errors: ErrUnknown, ErrAnonymised.
func (a Application) HandOverWork(from, to string, able Able, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if from == "" || from == to {
		return nil, nil
	}
	e := WorkHandedOver{Stamp: s, From: from, To: to}
	for _, id := range a.openReviews(from) {
		if r, _ := a.Reviews.Get(id); r.Form == "" && able.Comment || r.Form != "" && able.Evaluate {
			e.Reviews = append(e.Reviews, id)
		}
	}
	for id, i := range a.Interviews.All() {
		if able.Organise && i.Organiser == from && i.State == InterviewPlanned {
			e.Interviews = append(e.Interviews, id)
		}
	}
	slices.Sort(e.Interviews)
	if len(e.Reviews)+len(e.Interviews) == 0 {
		return nil, nil
	}
	return []Event{e}, nil
}
