package application

import (
	"strings"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// MaxSubmissions is how often the form may be sent for one application.
const MaxSubmissions = 50

// ErrTooManySubmissions means that MaxSubmissions is reached.
var ErrTooManySubmissions = &domain.Refusal{Kind: domain.Illegal, Code: "too_many_submissions", Message: "The form was sent for this application as often as it may be."}

// GivenAnswer is what somebody answered to a question of the form, which is kept
// as it was asked.
type GivenAnswer struct {
	Question string        `json:"question"`
	Label    string        `json:"label"`
	Value    personal.Text `json:"value"`               // in JSON
	KnockOut bool          `json:"knock_out,omitempty"` // it flags the application
}

// Submission is what came by the form of a job. Everything personal in it is
// under the application's key: what is known of the person is never changed by
// it.
type Submission struct {
	ID             string        `json:"submission"`
	FirstName      personal.Text `json:"first_name"`
	LastName       personal.Text `json:"last_name"`
	Email          personal.Text `json:"email"`
	Phone          personal.Text `json:"phone"`
	Answers        []GivenAnswer `json:"answers,omitempty"`
	ConsentVersion string        `json:"consent_version,omitempty"` // of the notice that was accepted
	ConsentAt      *time.Time    `json:"consent_at,omitempty"`
}

// versionCharacters are those of the version of a notice, which is kept in the
// clear: it must not hold a name.
const versionCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// Submitted records that somebody sent the form: with their application, or once
// more while it is live.
type Submitted struct {
	domain.Stamp
	Submission
}

// EventName implements domain.Fact.
func (Submitted) EventName() string { return "application.submitted.v1" }

func (e Submitted) evolve(a Application) Application {
	a.Submissions = a.Submissions.With(e.ID, struct{}{})
	return a
}

// Submit adds what came by the form. The same submission again is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrClosed, ErrTooManySubmissions,
// domain.ErrInvalid.
func (a Application) Submit(sub Submission, s domain.Stamp) ([]Event, error) {
	if err := a.live(); err != nil {
		return nil, err
	}
	if _, known := a.Submissions.Get(sub.ID); known {
		return nil, nil
	}
	if a.Submissions.Len() >= MaxSubmissions {
		return nil, ErrTooManySubmissions
	}
	version, err := domain.LineOf("The version of the notice", sub.ConsentVersion, 0, 50)
	switch {
	case err != nil:
		return nil, err
	case strings.ContainsFunc(version, func(r rune) bool { return !strings.ContainsRune(versionCharacters, r) }):
		return nil, domain.ErrInvalid.Because("The version of the notice has letters, digits, and . _ - alone.")
	case version == "" && sub.ConsentAt != nil:
		return nil, domain.ErrInvalid.Because("Which version of the notice was accepted is not said.")
	}
	sub.ConsentVersion = version
	return []Event{Submitted{Stamp: s, Submission: sub}}, nil
}
