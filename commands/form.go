package commands

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/vault"
)

// SetForm sets the questions of a job's application form.
type SetForm struct {
	Job       string            `json:"-"`
	Questions []QuestionOfAForm `json:"questions" maxItems:"50" doc:"All questions from now on, in order; none = the form asks for the person and the CV alone"`
}

// QuestionOfAForm is a question of a form: a new one, or one it has.
type QuestionOfAForm struct {
	ID       string           `json:"id,omitempty" format:"uuid" doc:"Of a question the form has; a new one gets its own"`
	Label    string           `json:"label" minLength:"1" maxLength:"300" doc:"What is asked"`
	Kind     job.QuestionKind `json:"kind" enum:"text,number,boolean,choice,multi_choice,date,link" doc:"What answers it takes"`
	Required bool             `json:"required,omitempty"`
	Options  []string         `json:"options,omitempty" maxItems:"50" doc:"Of a choice"`
	KnockOut *job.KnockOut    `json:"knock_out,omitempty" doc:"Answers that flag an application; a person decides"`
}

// SetForm gives cmd. Admins and the job's recruitment managers may.
// Errors: those of job.SetForm; ErrDenied.
func (c *Commands) SetForm(ctx context.Context, caller Caller, cmd SetForm) (Answer, error) {
	return c.onJob(ctx, cmd.Job, caller, func(j job.Job, s domain.Stamp) ([]job.Event, error) {
		questions := make([]job.Question, len(cmd.Questions))
		for i, q := range cmd.Questions {
			switch {
			case q.ID == "":
				q.ID = caller.newID("question/" + strconv.Itoa(i))
			case !has(j.Questions, q.ID):
				return nil, domain.ErrInvalid.Because("The form has no question with that id; leave the id of a new one out.")
			}
			questions[i] = job.Question{ID: q.ID, Label: q.Label, Kind: q.Kind, Required: q.Required, Options: q.Options, KnockOut: q.KnockOut}
		}
		return j.SetForm(questions, s)
	})
}

func has(questions []job.Question, id string) bool {
	for _, q := range questions {
		if q.ID == id {
			return true
		}
	}
	return false
}

// FormSource is the source of applications that came by a job's form.
const FormSource = "form"

// SendForm is what somebody sends with the application form of a job. They need
// no right to it and are told nothing of what is known of them.
type SendForm struct {
	Job            string
	Candidate      candidate.Details // the e-mail address is required
	Answers        map[string]any    // by question, as JSON decodes it
	ConsentVersion string            // of the notice that was accepted
	ConsentAt      *time.Time
	Files          func() []Upload // from the beginning each time it is called; nil = none
}

// SendForm takes in cmd: as a new application, or, while the person has a live
// one for the job, as another submission to it, which changes nothing that is
// known of them. Its id is the submission's and says nothing of which it was.
// Only open jobs that are not confidential have a form. It is in the log when it
// returns.
// Errors: job.ErrUnknown, job.ErrAnswer, application.ErrTooManySubmissions,
// application.ErrTooManyDocuments, application.ErrFileTooLarge,
// domain.ErrInvalid, ErrRightsUnknown; files.ErrNoSpace.
func (c *Commands) SendForm(ctx context.Context, caller Caller, cmd SendForm) (Answer, error) {
	if err := c.directory.Check(); err != nil {
		return Answer{}, err
	}
	sub, err := c.submissionOf(caller, cmd)
	if err != nil {
		return Answer{}, err
	}
	receive := Receive{Job: cmd.Job, Candidate: cmd.Candidate, Source: FormSource, form: sub}
	if err := c.wouldReceive(caller, receive); err != nil {
		return Answer{}, err
	}
	var answer Answer
	for attempt := 1; ; attempt++ {
		var again bool
		answer, again, err = c.sendForm(ctx, caller, receive)
		if !again || attempt == maxArrivals {
			break
		}
	}
	answer.ID = sub.id
	return answer, err
}

// sendForm tries once; again is true when the person's applications changed
// meanwhile.
func (c *Commands) sendForm(ctx context.Context, caller Caller, cmd Receive) (answer Answer, again bool, err error) {
	id, answer, err := c.arrivalID(ctx, caller)
	if err != nil || answer.Repeated {
		return answer, false, err
	}
	live, err := c.liveOf(ctx, cmd.Job, cmd.Candidate.Email)
	if err != nil {
		return Answer{}, false, err
	}
	if live != "" {
		answer, err = c.join(ctx, caller, cmd, live)
		gone := errors.Is(err, application.ErrClosed) || errors.Is(err, application.ErrAnonymised) || errors.Is(err, vault.ErrErased)
		return answer, gone, err
	}
	j := c.directory.Job(cmd.Job)
	answer, undone, err := c.arriving(ctx, ops.Arrival{Application: id, Job: cmd.Job}, func() (Answer, error) { return c.arrive(ctx, caller, cmd, id, j) })
	return answer, undone || errors.Is(err, application.ErrDuplicate), err
}

// join adds a form to a live application.
func (c *Commands) join(ctx context.Context, caller Caller, cmd Receive, id string) (Answer, error) {
	f, err := c.applications.read(ctx, c.log, id)
	if err != nil {
		return Answer{}, err
	}
	if _, given := f.answer(caller.CommandID); !given {
		// Whether it takes the form at all is known before the files are kept.
		if _, err := cmd.form.on(f.state, id, kept{}, c.stamp(caller, f.at)); err != nil {
			return Answer{}, err
		}
	}
	stored, err := c.storeForm(ctx, cmd, id)
	if err != nil {
		c.discard(stored.files)
		return Answer{}, err
	}
	answer, err := transact(ctx, c, c.applications, id, caller, decision[application.Application, application.Event]{
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return cmd.form.on(a, id, stored, s)
		},
	})
	if answer.Repeated || err != nil && refused(err) {
		c.discard(stored.files)
	}
	return answer, err
}

// storeForm seals the files of a form for an application, also those that are
// infected: no form is lost.
func (c *Commands) storeForm(ctx context.Context, cmd Receive, id string) (kept, error) {
	if cmd.form == nil || cmd.form.files == nil {
		return kept{}, nil
	}
	return c.store(ctx, UploadDocument{Application: id, Files: cmd.form.files(), quarantine: true}, application.MaxFileBytes)
}

// submission is a form that was checked.
type submission struct {
	id, document string
	details      candidate.Details // trimmed
	answers      []job.Answered
	version      string
	at           *time.Time
	files        func() []Upload
}

// submissionOf checks what can be checked before it is known whose it is.
func (c *Commands) submissionOf(caller Caller, cmd SendForm) (*submission, error) {
	j := c.directory.Job(cmd.Job)
	if j.Status != job.Open || j.Details.Confidential {
		return nil, job.ErrUnknown
	}
	if strings.TrimSpace(string(cmd.Candidate.Email)) == "" {
		return nil, domain.ErrInvalid.Because("The e-mail address is required.")
	}
	answers, err := j.Answers(cmd.Answers)
	if err != nil {
		return nil, err
	}
	trimmed := func(p personal.Plain) personal.Plain { return personal.Plain(strings.TrimSpace(string(p))) }
	d := cmd.Candidate
	return &submission{
		id: caller.newID("submission"), document: caller.newID("document"), answers: answers, version: cmd.ConsentVersion, at: cmd.ConsentAt, files: cmd.Files,
		details: candidate.Details{FirstName: trimmed(d.FirstName), LastName: trimmed(d.LastName), Email: trimmed(d.Email), Phone: trimmed(d.Phone)},
	}, nil
}

// on decides the form on application id, with its files.
func (f *submission) on(a application.Application, id string, stored kept, s domain.Stamp) ([]application.Event, error) {
	key := keyOf(id)
	sub := application.Submission{
		ID: f.id, FirstName: personal.New(key, f.details.FirstName), LastName: personal.New(key, f.details.LastName),
		Email: personal.New(key, f.details.Email), Phone: personal.New(key, f.details.Phone),
		ConsentVersion: f.version, ConsentAt: f.at,
	}
	for _, answer := range f.answers {
		sub.Answers = append(sub.Answers, application.GivenAnswer{
			Question: answer.Question.ID, Label: answer.Question.Label, KnockOut: answer.KnockOut, Value: personal.New(key, personal.Plain(answer.Value)),
		})
	}
	events, err := a.Submit(sub, s)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	a = a.Fold(events...)
	if len(stored.files) == 0 {
		if f.files == nil {
			return events, nil
		}
		_, err := a.CanUpload(f.document, access.CV)
		return events, err
	}
	uploaded, err := a.Upload(f.document, access.CV, stored.files, s)
	if err == nil {
		uploaded, err = stored.filed(a, uploaded, s)
	}
	if err != nil {
		return nil, fmt.Errorf("the files: %w", err)
	}
	return append(events, uploaded...), nil
}
