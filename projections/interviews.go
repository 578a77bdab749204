package projections

import (
	"cmp"
	"slices"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/readmodels"
)

func scheduled(f Fact, e application.InterviewScheduled) readmodels.InterviewRow {
	r := readmodels.InterviewRow{
		ID: e.Interview, Application: f.Aggregate, State: application.InterviewPlanned,
		Title: e.Title.Bytes(), Description: e.Description.Bytes(), Place: e.Place.Bytes(), Link: e.Link.Bytes(),
		Participants: e.Participants, Organiser: e.Organiser, Slots: e.Slots, Role: optional(e.Role), Form: optional(e.Form), Hidden: e.Hidden, Recorded: e.Recorded,
		ScheduledAt: e.At, ScheduledBy: e.By, ChangedAt: e.At, First: cmp.Or(e.First, e.Interview), Sequence: e.Sequence, Answers: readmodels.JSON[[]readmodels.InterviewAnswerOf]{V: []readmodels.InterviewAnswerOf{}},
	}
	setTime(&r, e.InterviewTime)
	if e.Invited {
		r.InvitedAt, r.InvitedBy = when(f), e.By
	}
	return r
}

func setTime(r *readmodels.InterviewRow, t application.InterviewTime) {
	r.Start, r.Zone, r.Minutes = t.Start, t.Zone, t.Minutes
}

// interview changes an interview of the application.
func (m *assessment) interview(f Fact, id string, change func(*readmodels.InterviewRow)) {
	if r, ok := m.interviews.Get(id); ok && r.Application == f.Aggregate {
		change(&r)
		r.ChangedAt = f.Body.When()
		m.interviews.Put(r)
	}
}

// answered puts an answer in the place of the one that was given before. With
// another start, the others count no more.
func answered(r *readmodels.InterviewRow, e application.InterviewAnswered) {
	answers := []readmodels.InterviewAnswerOf{}
	if e.Slot != "" {
		r.Start, r.Slots = e.Slot, nil
		r.Sequence++
	} else {
		answers = slices.DeleteFunc(slices.Clone(r.Answers.V), func(a readmodels.InterviewAnswerOf) bool { return a.Member == e.Member })
	}
	r.Answers.V = append(answers, readmodels.InterviewAnswerOf{Member: e.Member, Answer: e.Answer, At: e.At, By: e.By})
}
