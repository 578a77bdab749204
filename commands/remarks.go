package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/vault"
)

// AttachFiles puts files to a note or a comment.
type AttachFiles struct {
	Application string
	To          application.Remark
	Category    access.Category // of the document the files become
	Files       []Upload
}

// AttachFiles gives cmd: the files become a document of their own, which who may
// view the note or the comment and the category sees, and which goes with it. The
// author may, with edit on its area and on the category. Its id is the document's.
// Errors: those of application.Attach; ErrDenied; files.ErrNoSpace.
func (c *Commands) AttachFiles(ctx context.Context, caller Caller, cmd AttachFiles) (Answer, error) {
	up := UploadDocument{Application: cmd.Application, Category: cmd.Category, Files: cmd.Files, to: cmd.To}
	n := need{area: cmd.To.Area(), level: access.Edit}
	return c.upload(ctx, caller, up, caller.newID("document"), n, func(a application.Application, held access.Rights, s domain.Stamp) error {
		if err := a.MayAttach(cmd.To, s.By); err != nil {
			return err
		}
		if held.Document(cmd.Category) < access.Edit {
			return ErrDenied
		}
		return c.mayFile(cmd.Category)
	})
}

// eraseRemark erases a note or a comment with its files: their keys are destroyed
// before the deletion is recorded. A file that was put to it in the meantime
// follows at once, also after a crash.
func (c *Commands) eraseRemark(ctx context.Context, caller Caller, kind, subject, id string, n need, decide func(application.Application, access.Rights, domain.Stamp) ([]application.Event, error)) (Answer, error) {
	e := c.erasureOf(caller, kind, subject, id)
	attached, err := c.attachedTo(ctx, id, subject)
	if err != nil {
		return Answer{}, err
	}
	e.Keys = append([]string{subject}, attached...)
	return c.eraseOn(ctx, caller, id, n, e, decide, nil)
}

// eraseLate erases the files that were put to a note or a comment after it was
// asked which there are, and before its deletion: behind that none can be.
func (c *Commands) eraseLate(ctx context.Context, caller Caller, of vault.Erasure) error {
	_, id := eventlog.SplitStream(of.Stream)
	attached, err := c.attachedTo(ctx, id, of.Subject)
	if err != nil {
		return err
	}
	var late []string
	for _, file := range attached {
		owners, err := c.vault.Owners(ctx, file)
		if err != nil {
			return err
		}
		if len(owners) > 0 {
			late = append(late, file)
		}
	}
	if len(late) == 0 {
		return nil
	}
	behind := caller.withoutMatch()
	behind.CommandID = uuid.NewSHA1(caller.CommandID, []byte("files that came late"))
	rest := c.erasureOf(behind, of.Kind, of.Subject, id)
	rest.Keys = late
	return c.erase(ctx, behind, rest, func(ctx context.Context, _ vault.Erasure) error {
		_, err := c.recordErased(ctx, behind, rest)
		return err
	})
}

// attachedTo returns the ids of the files of a note or a comment.
func (c *Commands) attachedTo(ctx context.Context, applicationID, remark string) ([]string, error) {
	var ids []string
	stream := "application-" + applicationID
	for rec, err := range c.log.ReadStream(ctx, stream, 0, eventlog.Forwards) {
		if errors.Is(err, eventlog.ErrStreamDeleted) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", stream, err)
		}
		if rec.Type != (application.DocumentUploaded{}).EventName() {
			continue
		}
		e, err := application.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return nil, fmt.Errorf("%s at %d: %w", stream, rec.Revision, err)
		}
		if up, ok := e.(application.DocumentUploaded); ok && (up.Note == remark || up.Comment == remark) {
			for _, f := range up.Files {
				ids = append(ids, f.ID)
			}
		}
	}
	return ids, nil
}
