package application

import (
	"slices"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// OutcomeTransferred is that of an application that went on as another one, for
// another job. Candidates do not see it: for them there is the one it went on as.
const OutcomeTransferred Outcome = "transferred"

// ErrTransferred means that the application went on as another one.
var ErrTransferred = &domain.Refusal{Kind: domain.Illegal, Code: "application_transferred", Message: "The application goes on as another one, for another job; that is the one to change."}

// ErrSameJob means that an application is for a job already.
var ErrSameJob = &domain.Refusal{Kind: domain.Illegal, Code: "same_job", Message: "The application is for that job already."}

// Transferred records that the application goes on as another one, for another
// job. What was still to come is from now on that of the other one.
type Transferred struct {
	domain.Stamp
	To         string        `json:"to"`  // application
	Job        string        `json:"job"` // of that
	Reason     personal.Text `json:"reason"`
	Documents  []string      `json:"documents,omitempty"`  // asked for there, and no longer here
	Interviews []string      `json:"interviews,omitempty"` // planned there, and no longer here
	Reviews    []string      `json:"reviews,omitempty"`    // asked for there, and no longer here
}

// EventName implements domain.Fact.
func (Transferred) EventName() string { return "application.transferred.v1" }

func (e Transferred) evolve(a Application) Application {
	a.Outcome, a.To = OutcomeTransferred, e.To
	a.Reason, a.DiscloseAt, a.Disclosed = "", time.Time{}, false
	for _, id := range e.Documents {
		d := a.Documents[id]
		d.Status = DocumentIsCancelled
		a = a.withDocument(id, d)
	}
	for _, id := range e.Interviews {
		i, _ := a.Interviews.Get(id)
		i.State = InterviewIsOff
		a = a.withInterview(id, i)
	}
	for _, id := range e.Reviews {
		r, _ := a.Reviews.Get(id)
		r.State = ReviewCancelled
		a.Reviews = a.Reviews.With(id, r)
	}
	return a
}

// Pending is what is still to come of an application: documents that are wanted
// of the candidate, interviews that are not over, reviews that are asked for.
type Pending struct {
	Documents, Interviews, Reviews []string // ids, sorted
}

// Pending returns what is still to come at an instant.
func (a Application) Pending(at time.Time) Pending {
	var p Pending
	for id, d := range a.Documents {
		if d.Status == DocumentIsRequested || d.Status == DocumentIsRejected && d.MaxFiles > 0 {
			p.Documents = append(p.Documents, id)
		}
	}
	for id, i := range a.Interviews.All() {
		if _, ends, err := i.Span(); err == nil && i.State == InterviewPlanned && ends.After(at) {
			p.Interviews = append(p.Interviews, id)
		}
	}
	for id, r := range a.Reviews.All() {
		if r.State == ReviewOpen {
			p.Reviews = append(p.Reviews, id)
		}
	}
	slices.Sort(p.Documents)
	slices.Sort(p.Interviews)
	slices.Sort(p.Reviews)
	return p
}

// Transfer decides that the application goes on as application to, for another
// job. It must be live; or, if the other one was received for it already, closed
// without hire in between.
// Errors: ErrUnknown, ErrAnonymised, ErrTransferred, ErrSameJob, ErrClosed.
func (a Application) Transfer(to, jobID string, begun bool, reason personal.Text, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	switch {
	case a.To == to && to != "":
		return nil, nil
	case a.Outcome == OutcomeTransferred:
		return nil, ErrTransferred
	case a.Job == jobID:
		return nil, ErrSameJob
	case !a.Live() && !(begun && (a.Outcome == Rejected || a.Outcome == Withdrawn)):
		return nil, ErrClosed
	}
	p := a.Pending(s.At)
	return []Event{Transferred{Stamp: s, To: to, Job: jobID, Reason: reason, Documents: p.Documents, Interviews: p.Interviews, Reviews: p.Reviews}}, nil
}

// Carried is what an application takes along from the one it goes on from: what
// was still to come there, under new ids, and its marks.
type Carried struct {
	Documents  []DocumentRequested
	Interviews []InterviewScheduled // as they are by now
	Answers    []InterviewAnswered  // to those interviews
	Reviews    []ReviewRequested
	Over       Pending // what is not to come any more
	Tags       []string
	Priority   bool
	Change     string // id of what changes of interviews that are here
}

// GoOn takes an application in that goes on from another one, with what it takes
// along. Errors: those of Receive.
func (a Application) GoOn(in Arrival, c Carried, s domain.Stamp) ([]Event, error) {
	events, err := a.Receive(in, s)
	if err != nil || len(events) == 0 {
		return events, err
	}
	for _, tag := range c.Tags {
		events = append(events, TagAdded{Stamp: s, Tag: tag})
	}
	if c.Priority {
		events = append(events, PrioritySet{Stamp: s, Priority: true})
	}
	return append(events, a.Fold(events...).TakeAlong(c, s)...), nil
}

// TakeAlong takes what was still to come of the application that it goes on from, as
// far as it is not here yet, and what became of it there since it is here: that it was
// taken back; of interviews that nobody changed here, that they were changed, and what
// was answered to them. Once it is closed, nothing is to come.
func (a Application) TakeAlong(c Carried, s domain.Stamp) (events []Event) {
	if !a.Live() {
		return nil
	}
	for _, e := range c.Documents {
		if _, ok := a.Documents[e.Document]; !ok {
			e.Stamp = s
			events = append(events, e)
		}
	}
	for _, e := range c.Interviews {
		events = append(events, a.takeInterview(e, c.Change, s)...)
	}
	now := a.Fold(events...)
	for _, e := range c.Answers {
		before, there := a.Interviews.Get(e.Interview)
		i, _ := now.Interviews.Get(e.Interview)
		if i.State == InterviewPlanned && i.Answers[e.Member] == "" && (!there || before.Change == "") {
			e.Stamp = s
			events = append(events, e)
		}
	}
	for _, e := range c.Reviews {
		if _, ok := a.Reviews.Get(e.Review); !ok {
			e.Stamp = s
			events = append(events, e)
		}
	}
	return append(events, a.takeBack(c.Over, s)...)
}

// takeInterview takes an interview along, or what was changed of it since it is here.
func (a Application) takeInterview(e InterviewScheduled, change string, s domain.Stamp) (events []Event) {
	i, there := a.Interviews.Get(e.Interview)
	if !there {
		e.Stamp, e.Job = s, "" // nobody is told anew
		return []Event{e}
	}
	if i.State != InterviewPlanned {
		return nil
	}
	if e.Invited && !i.Invited {
		events = append(events, InterviewInvited{Stamp: s, Interview: e.Interview})
	}
	if i.Change != "" {
		return events
	}
	moved := i.InterviewTime != e.InterviewTime
	if moved {
		events = append(events, InterviewRescheduled{
			Stamp: s, Interview: e.Interview, InterviewTime: e.InterviewTime, Change: change, Place: e.Place, Link: e.Link, Participants: i.Participants, Job: a.Job,
		})
	}
	if !slices.Equal(i.Participants, e.Participants) || i.Form != e.Form || i.Hidden != e.Hidden || !moved && i.Sequence < e.Sequence {
		events = append(events, InterviewChanged{
			Stamp: s, Interview: e.Interview, Change: change, Title: e.Title, Description: e.Description, Participants: e.Participants, Form: e.Form, Hidden: e.Hidden,
			Was: i.Participants, Job: a.Job,
		})
	}
	return events
}

// takeBack takes back here what was taken back, or happened, there.
func (a Application) takeBack(over Pending, s domain.Stamp) (events []Event) {
	here := a.Pending(time.Time{})
	for _, id := range over.Documents {
		if slices.Contains(here.Documents, id) {
			events = append(events, DocumentCancelled{Stamp: s, Document: id})
		}
	}
	for _, id := range over.Interviews {
		if slices.Contains(here.Interviews, id) {
			events = append(events, InterviewCancelled{Stamp: s, Interview: id}) // they were told there
		}
	}
	for _, id := range over.Reviews {
		if slices.Contains(here.Reviews, id) {
			events = append(events, ReviewWithdrawn{Stamp: s, Review: id})
		}
	}
	return events
}

// Over returns what was to come of an application and is not any more, since it
// was taken back or happened; not what merely lies in the past.
func (a Application) Over() (p Pending) {
	left := a.Pending(time.Time{})
	for id := range a.Documents {
		if !slices.Contains(left.Documents, id) {
			p.Documents = append(p.Documents, id)
		}
	}
	for id := range a.Interviews.All() {
		if !slices.Contains(left.Interviews, id) {
			p.Interviews = append(p.Interviews, id)
		}
	}
	for id := range a.Reviews.All() {
		if !slices.Contains(left.Reviews, id) {
			p.Reviews = append(p.Reviews, id)
		}
	}
	slices.Sort(p.Documents)
	slices.Sort(p.Interviews)
	slices.Sort(p.Reviews)
	return p
}

// Erasable refuses to erase an application that went on as another one: what is
// in it is shown with that, and goes with it. Errors: ErrTransferred.
func (a Application) Erasable() error {
	if a.To != "" && !a.Anonymised {
		return ErrTransferred.Because("The application goes on as another one; it is erased with that.")
	}
	return nil
}
