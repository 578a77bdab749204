package commands

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// PastStep is one thing that happened to an application before it came here.
type PastStep struct {
	// Command is what it is known by: the same one is written once.
	Command uuid.UUID
	At      time.Time
	Past    Past
}

// Past is what a step says. PastMove, PastOutcome, PastTag, PastNote and
// PastFile are there.
type Past interface {
	decide(p *pastOf, a application.Application, s domain.Stamp) ([]application.Event, error)
}

// pastOf is what a step is decided with.
type pastOf struct {
	organization organization.Organization
	job          job.Job
	application  string
	caller       Caller            // of the step
	tags         map[string]string // ids by label in lower case
	stored       *application.File // of a PastFile; nil until its bytes are kept
}

// newID returns the id of what the step creates. It is another one for each
// application: one that was undone on its way has ended the ids it used.
func (p *pastOf) newID(purpose string) string { return p.caller.newID(purpose + "/" + p.application) }

// PastMove is a move to another stage.
type PastMove struct {
	Stage   string // name in the job's plan, in any case
	Comment personal.Plain
}

func (m PastMove) decide(p *pastOf, a application.Application, s domain.Stamp) ([]application.Event, error) {
	comment, err := textOf("The comment", m.Comment, 0, application.MaxText, keyOf(p.application))
	if err != nil {
		return nil, err
	}
	for _, st := range p.job.Stages {
		if strings.EqualFold(st.Name, strings.TrimSpace(m.Stage)) {
			return a.Move("", st.ID, comment, s)
		}
	}
	return nil, application.ErrUnknownStage.Because("The job has no stage %q.", m.Stage)
}

// PastOutcome is how the candidacy ended.
type PastOutcome struct {
	Kind   application.Outcome
	Reason string // label or id in the organisation's list, in any case
	Note   personal.Plain
}

func (o PastOutcome) decide(p *pastOf, a application.Application, s domain.Stamp) ([]application.Event, error) {
	note, err := textOf("The note", o.Note, 0, application.MaxText, keyOf(p.application))
	if err != nil {
		return nil, err
	}
	for id, reason := range p.organization.Reasons {
		if id != o.Reason && !strings.EqualFold(reason.Label, strings.TrimSpace(o.Reason)) {
			continue
		}
		return a.Disqualify(o.Kind, id, reason.Kind, note, p.organization.Settings.DiscloseAfter, s)
	}
	return nil, organization.ErrUnknownReason.Because("There is no reason %q.", o.Reason)
}

// PastTag is a tag that was put on it; a label nobody used yet joins the list.
type PastTag struct{ Label string }

func (t PastTag) decide(p *pastOf, a application.Application, s domain.Stamp) ([]application.Event, error) {
	id := p.tags[labelKey(t.Label)]
	if p.organization.Retired[organization.Entry{List: organization.Tags, ID: id}] {
		return nil, organization.ErrRetired
	}
	return a.AddTag(id, s)
}

func labelKey(label string) string { return strings.ToLower(strings.TrimSpace(label)) }

// PastNote is a note.
type PastNote struct {
	Text    personal.Plain
	Visible bool // to the candidate
}

func (n PastNote) decide(p *pastOf, a application.Application, s domain.Stamp) ([]application.Event, error) {
	id := p.newID("note")
	text, err := textOf("The note", n.Text, 1, application.MaxText, personal.Key{ID: id, Owner: p.application})
	if err != nil {
		return nil, err
	}
	return a.AddNote(id, text, n.Visible, s)
}

// PastFile is a document of one file.
type PastFile struct {
	Name     personal.Plain
	Category access.Category
	Size     int64
	Open     func() (io.ReadCloser, error)
}

func (f PastFile) decide(p *pastOf, a application.Application, s domain.Stamp) ([]application.Event, error) {
	if err := mayFileIn(p.organization, f.Category); err != nil {
		return nil, err
	}
	file := application.File{ID: p.newID("file"), Size: f.Size, Type: "application/octet-stream"} // until it is looked at
	if p.stored != nil {
		file = *p.stored
	}
	var err error
	if file.Name, err = textOf("The name of a file", fileName(f.Name), 1, 255, personal.Key{ID: file.ID, Owner: p.application}); err != nil {
		return nil, err
	}
	return a.Upload(p.newID("document"), f.Category, []application.File{file}, s)
}

// keep seals the bytes of a file, or finds those an earlier run kept.
func (f PastFile) keep(ctx context.Context, c *Commands, p *pastOf) (application.File, error) {
	content, err := f.Open()
	if err != nil {
		return application.File{}, err
	}
	defer content.Close() //nolint:errcheck // it is only read
	clean, err := c.clean(ctx, content, application.MaxFileBytes, p.application)
	if err != nil {
		return application.File{}, err
	}
	return c.storeOnce(ctx, personal.Key{ID: p.newID("file"), Owner: p.application}, clean, application.MaxFileBytes)
}
