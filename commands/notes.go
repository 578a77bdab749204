package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// AddNote adds a note, which the candidate sees only if it says so.
type AddNote struct {
	Application string         `json:"-"`
	Text        personal.Plain `json:"text" minLength:"1" maxLength:"4000" doc:"The note"`
	Visible     bool           `json:"candidate_can_view,omitempty" doc:"Whether the candidate sees it"`
}

// AddNote gives cmd. Whoever has edit on the notes area may. Its id is the
// note's; the text goes under a key of its own.
// Errors: those of application.AddNote; ErrDenied.
func (c *Commands) AddNote(ctx context.Context, caller Caller, cmd AddNote) (Answer, error) {
	id := caller.newID("note")
	text, err := textOf("The note", cmd.Text, 1, application.MaxText, personal.Key{ID: id, Owner: cmd.Application})
	if err != nil {
		return Answer{}, err
	}
	answer, err := c.onApplication(ctx, cmd.Application, caller, need{area: access.Notes, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return a.AddNote(id, text, cmd.Visible, s)
		})
	answer.ID = id
	return answer, err
}

// EditNote changes a member's note; what it said before stays in the history.
type EditNote struct {
	Application string         `json:"-"`
	Note        string         `json:"-"`
	Text        personal.Plain `json:"text" minLength:"1" maxLength:"4000" doc:"What it says from now on"`
}

// EditNote gives cmd. The note's author may, with edit on the notes area. The
// text goes under the note's key. Errors: those of application.EditNote; ErrDenied.
func (c *Commands) EditNote(ctx context.Context, caller Caller, cmd EditNote) (Answer, error) {
	text, err := textOf("The note", cmd.Text, 1, application.MaxText, personal.Key{ID: cmd.Note, Owner: cmd.Application})
	if err != nil {
		return Answer{}, err
	}
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Notes, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return a.EditNote(cmd.Note, caller.newID("edit"), text, s)
		})
}

// SetNoteVisibility sets whether the candidate sees a member's note.
type SetNoteVisibility struct {
	Application string `json:"-"`
	Note        string `json:"-"`
	Visible     bool   `json:"candidate_can_view" doc:"Whether the candidate sees it from now on"`
}

// SetNoteVisibility gives cmd. The note's author and the job's recruitment
// managers may, with edit on the notes area.
// Errors: those of application.SetNoteVisibility; ErrDenied.
func (c *Commands) SetNoteVisibility(ctx context.Context, caller Caller, cmd SetNoteVisibility) (Answer, error) {
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Notes, level: access.Edit},
		func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
			return a.SetNoteVisibility(cmd.Note, cmd.Visible, held.Manager, s)
		})
}

// DeleteNote erases the text of a note. That there was one stays.
type DeleteNote struct {
	Application string `json:"-"`
	Note        string `json:"-"`
}

// DeleteNote gives cmd: the note's key and those of its files are destroyed before
// the deletion is recorded. Its author and the job's recruitment managers may, with edit on the
// notes area. Errors: those of application.DeleteNote; ErrDenied.
func (c *Commands) DeleteNote(ctx context.Context, caller Caller, cmd DeleteNote) (Answer, error) {
	return c.eraseRemark(ctx, caller, kindNote, cmd.Note, cmd.Application, need{area: access.Notes, level: access.Edit},
		func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
			return a.DeleteNote(cmd.Note, held.Manager, s)
		})
}
