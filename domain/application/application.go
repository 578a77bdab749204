// Package application holds one candidacy for one job: where it stands, what
// was asked of and said about the candidate, and how it ended.
//
// The person is known here only as a sealed reference. Texts that can be
// deleted alone (notes, comments, files) have keys of their own, owned by the
// application; every other personal text is under the application's key.
package application

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// Outcome is how far a candidacy got. There is one, so nobody can be hired and
// rejected at once. The zero value is an application that does not exist.
type Outcome string

// The outcomes.
const (
	InProgress Outcome = "in_progress"
	Rejected   Outcome = "rejected"
	Withdrawn  Outcome = "withdrawn"

	// OutcomeHired is of whom the company took on; Hired is the event.
	OutcomeHired Outcome = "hired"
)

// Application is what decisions about a candidacy need: nothing that only pages
// show, and no personal text.
type Application struct {
	Outcome      Outcome
	Job          string
	Stage        string
	StageSince   time.Time
	OverdueSince time.Time // the StageSince of the last stay that was too long
	LastMove     Move
	Claim        personal.Text // sealed id of the claim "one live application of this person for this job"
	Candidate    personal.Text // sealed reference to the person
	Reason       string        // of the disqualification in force
	DiscloseAt   time.Time     // from when the candidate sees it
	Disclosed    bool          // that time was recorded to have come
	ClosedAt     time.Time     // when it last stopped being live
	Message      string        // that tells of the disqualification in force; empty = none does
	Priority     bool
	Owner        string // member responsible
	Anonymised   bool
	Deleted      bool   // gone from everything that is read
	From         string // application it goes on from
	To           string // application it went on as
	ClaimLost    bool   // fenced off: it is not live and never will be
	Tags         []string
	Comments     domain.Index[Comment]
	Documents    map[string]Document
	Notes        domain.Index[Note]
	Grants       domain.Index[Grant]
	Openings     domain.Index[Opening]
	Ratings      domain.Index[int] // by member
	Interviews   domain.Index[Interview]
	Reviews      domain.Index[Review]
	Hire         Hire
	Offers       domain.Index[Offer]

	Evaluations domain.Index[Evaluation]

	Submissions domain.Index[struct{}]

	CommentsRead domain.Index[int] // how many of the comments each member has read
}

// Live reports whether the candidacy is going on.
func (a Application) Live() bool { return a.Outcome == InProgress }

// Event is a fact about an application. Names and JSON fields are stored for
// ever; testdata/events pins them.
//
//sumtype:decl
type Event interface {
	domain.Fact
	evolve(Application) Application
}

// Codec reads and writes the events of an application.
var Codec = domain.NewCodec[Event](
	Received{}, ClaimLost{}, StageMoved{}, Disqualified{}, Requalified{}, Anonymised{},
	ReasonChanged{}, TagAdded{}, TagRemoved{}, PrioritySet{}, OwnerSet{},
	CommentAdded{}, CommentEdited{}, CommentDeleted{}, CommentsRead{},
	NoteAdded{}, NoteEdited{}, NoteVisibilitySet{}, NoteDeleted{},
	Rated{},
	InterviewScheduled{}, InterviewRescheduled{}, InterviewChanged{}, InterviewCancelled{},
	InterviewHeld{}, InterviewMissed{}, InterviewAnswered{}, InterviewInvited{},
	ReviewRequested{}, ReviewSubmitted{}, ReviewWithdrawn{},
	ReviewReminderDue{}, WorkHandedOver{}, EvaluationDrafted{}, EvaluationSubmitted{}, EvaluationDeleted{},
	DocumentRequested{}, DocumentUploaded{}, DocumentApproved{}, DocumentRejected{},
	OutcomeDisclosed{}, DisclosureMoved{}, DocumentReminderDue{},
	AccessGranted{}, AccessEnds{}, AuditOpened{}, AuditClosed{},
	DocumentCancelled{}, DocumentReopened{}, DocumentRecategorised{}, VersionDeleted{},
	MoveUndone{}, Submitted{}, Transferred{}, StageOverdue{},
	Hired{}, HireUndone{}, EmployeeLinked{},
	OfferDrafted{}, OfferChanged{}, OfferApproved{}, OfferReturned{},
	OfferSent{}, OfferAccepted{}, OfferDeclined{}, OfferWithdrawn{}, OfferExpired{},
	DocumentLeft{}, FileScanned{},
	Deleted{},
)

// Fold returns a with events applied in order.
func (a Application) Fold(events ...Event) Application {
	for _, e := range events {
		live := a.Live()
		a = e.evolve(a)
		if live && !a.Live() {
			a.ClosedAt = e.When()
		}
	}
	return a
}

// The rules that refuse.
var (
	ErrUnknown    = &domain.Refusal{Kind: domain.Absent, Code: "unknown_application", Message: "There is no such application."}
	ErrClosed     = &domain.Refusal{Kind: domain.Illegal, Code: "application_closed", Message: "The application is closed and takes no such change."}
	ErrAnonymised = &domain.Refusal{Kind: domain.Illegal, Code: "application_anonymised", Message: "The application was anonymised; nothing about it can change."}
	ErrNotClosed  = &domain.Refusal{Kind: domain.Illegal, Code: "application_not_closed", Message: "The application is in progress."}
	ErrDuplicate  = &domain.Refusal{Kind: domain.Illegal, Code: "duplicate_application", Message: "The person already has a live application for this job."}
	ErrSuperseded = &domain.Refusal{Kind: domain.Illegal, Code: "application_superseded", Message: "The person has applied for this job again; this application cannot be taken up any more."}
)

// exists refuses what needs an application that was received and not
// anonymised.
func (a Application) exists() error {
	switch {
	case a.Outcome == "", a.Deleted:
		return ErrUnknown
	case a.Anonymised:
		return ErrAnonymised
	}
	return nil
}

// live refuses what needs a candidacy that is going on.
func (a Application) live() error {
	if err := a.exists(); err != nil {
		return err
	}
	if a.Outcome != InProgress {
		return ErrClosed
	}
	return nil
}

// Received records that somebody applied for a job.
type Received struct {
	domain.Stamp
	Job       string        `json:"job"`
	Stage     string        `json:"stage"`
	Candidate personal.Text `json:"candidate"`
	Claim     personal.Text `json:"claim"`
	Source    string        `json:"source"`
	Owner     string        `json:"owner"`           // member responsible
	From      string        `json:"from,omitempty"`  // application it goes on from
	Reason    personal.Text `json:"reason,omitzero"` // why it does, until that one records it
}

// EventName implements domain.Fact.
func (Received) EventName() string { return "application.received.v1" }

func (e Received) evolve(a Application) Application {
	a.Outcome, a.Job, a.Stage, a.StageSince, a.Owner = InProgress, e.Job, e.Stage, e.At, e.Owner
	a.Claim, a.Candidate, a.From = e.Claim, e.Candidate, e.From
	return a
}

// Arrival is what is known when an application arrives.
type Arrival struct {
	Job       string
	Stage     string // the first of the job's plan
	Candidate personal.Text
	Claim     personal.Text
	Source    string // channel it came by, 1–50 characters
	Owner     string
	From      string        // application it goes on from, if any
	Reason    personal.Text // why it does
}

// Receive takes an application in. Errors: ErrDuplicate when the claim was lost
// to another application in between; domain.ErrInvalid.
func (a Application) Receive(in Arrival, s domain.Stamp) ([]Event, error) {
	switch {
	case a.Outcome != "":
		return nil, nil
	case a.ClaimLost:
		return nil, ErrDuplicate
	}
	source, err := domain.LineOf("The source", in.Source, 1, 50)
	if err != nil {
		return nil, err
	}
	return []Event{Received{Stamp: s, Job: in.Job, Stage: in.Stage, Candidate: in.Candidate, Claim: in.Claim, Source: source, Owner: in.Owner, From: in.From, Reason: in.Reason}}, nil
}

// ClaimLost records that another application took over the claim of this one,
// which was never received or is closed. Appended at the revision that showed
// it so, it makes a late Receive or Requalify meet a conflict, and refuses them
// ever after: whoever saw it may count on this application staying as it is.
type ClaimLost struct {
	domain.Stamp
}

// EventName implements domain.Fact.
func (ClaimLost) EventName() string { return "application.claim_lost.v1" }

func (ClaimLost) evolve(a Application) Application { a.ClaimLost = true; return a }

// LoseClaim fences the application off from a claim, for good. One that cannot
// become live anyway is not fenced again.
// Errors: ErrDuplicate when it is live and keeps the claim.
func (a Application) LoseClaim(s domain.Stamp) ([]Event, error) {
	switch {
	case a.Live():
		return nil, ErrDuplicate
	case a.ClaimLost, a.Anonymised:
		return nil, nil
	}
	return []Event{ClaimLost{Stamp: s}}, nil
}

// Anonymised records that everything personal was erased. Dates, stages,
// reasons, source and numbers stay, and what is kept for reports.
type Anonymised struct {
	domain.Stamp
	Kept []KeptValue `json:"kept,omitempty"`
}

// EventName implements domain.Fact.
func (Anonymised) EventName() string { return "application.anonymised.v1" }

func (Anonymised) evolve(a Application) Application {
	a.Anonymised = true
	a.Candidate, a.Claim = personal.Text{}, personal.Text{}
	a.Tags, a.Documents = nil, nil
	a.DiscloseAt = time.Time{}
	a.Comments, a.Notes = domain.Index[Comment]{}, domain.Index[Note]{}
	a.Ratings, a.CommentsRead = domain.Index[int]{}, domain.Index[int]{}
	a.Submissions = domain.Index[struct{}]{}
	a.Interviews, a.Reviews = domain.Index[Interview]{}, domain.Index[Review]{}
	a.Evaluations = domain.Index[Evaluation]{}
	a.Offers = domain.Index[Offer]{}
	a.Hire.Employee = ""
	return a
}

// Anonymise decides that the application is erased. It is irreversible; doing
// it again is no event. A candidacy that is going on must be closed first.
// Errors: ErrUnknown; ErrNotClosed.
func (a Application) Anonymise(s domain.Stamp) ([]Event, error) {
	switch {
	case a.Outcome == "":
		return nil, ErrUnknown
	case a.Anonymised:
		return nil, nil
	case a.Live():
		return nil, ErrNotClosed.Because("The application is in progress; disqualify it before it is anonymised.")
	}
	return []Event{Anonymised{Stamp: s}}, nil
}
