package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/files"
)

// RequestDocument asks the candidate for a document.
type RequestDocument struct {
	Application string               `json:"-"`
	Title       personal.Plain       `json:"title" minLength:"1" maxLength:"100" doc:"What is asked for"`
	Description personal.Plain       `json:"description,omitempty" maxLength:"4000" doc:"Details for the candidate"`
	Category    access.Category      `json:"category" doc:"Category the document will have"`
	Formats     []application.Format `json:"formats,omitempty" maxItems:"6" enum:"pdf,txt,docx,xlsx,jpg,png" doc:"Formats that are accepted, by content; none means any"`
	MaxMiB      int                  `json:"max_mib,omitempty" minimum:"1" maximum:"20" default:"20" doc:"Largest size of one file"`
	MaxFiles    int                  `json:"max_files,omitempty" minimum:"1" maximum:"10" default:"1" doc:"Most files of one version"`
	DueAt       *time.Time           `json:"due_at,omitempty" doc:"Until when; later uploads are taken and marked"`
}

// RequestDocument gives cmd. Whoever has edit on the category may. Its id is
// the document's. Errors: those of application.RequestDocument; ErrDenied.
func (c *Commands) RequestDocument(ctx context.Context, caller Caller, cmd RequestDocument) (Answer, error) {
	id := caller.newID("document")
	title, err := textOf("The title", cmd.Title, 1, 100, keyOf(cmd.Application))
	if err != nil {
		return Answer{}, err
	}
	description, err := textOf("The description", cmd.Description, 0, application.MaxText, keyOf(cmd.Application))
	if err != nil {
		return Answer{}, err
	}
	answer, err := c.onApplication(ctx, cmd.Application, caller, need{},
		func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
			if held.Document(cmd.Category) < access.Edit {
				return nil, ErrDenied
			}
			if err := c.mayFile(cmd.Category); err != nil {
				return nil, err
			}
			return a.RequestDocument(id, application.Request{
				Title: title, Description: description, Category: cmd.Category,
				Formats: cmd.Formats, MaxMiB: cmd.MaxMiB, MaxFiles: cmd.MaxFiles, DueAt: cmd.DueAt,
			}, c.directory.Organization().Settings.SelfTracking, s)
		})
	answer.ID = id
	return answer, err
}

// mayFile refuses a category of the organisation's own that new documents cannot
// have. Errors: application.ErrCategory, organization.ErrRetired.
func (c *Commands) mayFile(category access.Category) error {
	return mayFileIn(c.directory.Organization(), category)
}

func mayFileIn(o organization.Organization, category access.Category) error {
	if !category.Custom() {
		return nil
	}
	err := o.Choose(organization.DocumentCategories, string(category))
	if errors.Is(err, organization.ErrUnknownEntry) {
		return application.ErrCategory
	}
	return err
}

// ReviewDocument approves or rejects the newest version of a document.
type ReviewDocument struct {
	Application string         `json:"-"`
	Document    string         `json:"-"`
	Version     int            `json:"version" minimum:"1" doc:"The version that was looked at; it must be the newest"`
	Reason      personal.Plain `json:"reason,omitempty" maxLength:"255" doc:"Why; required for a rejection, where the candidate sees it, and for a correction"`
}

// ApproveDocument gives cmd. Whoever has edit on the category may.
// Errors: those of application.ApproveDocument; ErrDenied.
func (c *Commands) ApproveDocument(ctx context.Context, caller Caller, cmd ReviewDocument) (Answer, error) {
	return c.review(ctx, caller, cmd, application.Application.ApproveDocument)
}

// RejectDocument gives cmd. Whoever has edit on the category may.
// Errors: those of application.RejectDocument; ErrDenied.
func (c *Commands) RejectDocument(ctx context.Context, caller Caller, cmd ReviewDocument) (Answer, error) {
	return c.review(ctx, caller, cmd, application.Application.RejectDocument)
}

func (c *Commands) review(ctx context.Context, caller Caller, cmd ReviewDocument, decide func(application.Application, string, int, personal.Text, domain.Stamp) ([]application.Event, error)) (Answer, error) {
	reason, err := textOf("The reason", cmd.Reason, 0, 255, keyOf(cmd.Application))
	if err != nil {
		return Answer{}, err
	}
	return c.onApplication(ctx, cmd.Application, caller, need{},
		func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
			if err := mayEdit(a, held, cmd.Document); err != nil {
				return nil, err
			}
			return decide(a, cmd.Document, cmd.Version, reason, s)
		})
}

// views reports whether a document is there for whoever has some rights: that
// takes view on its category and, if it has the files of a note or a comment, on
// that; on offers and salaries, if it is a contract.
func views(held access.Rights, d application.Document) bool {
	area := d.Of.Area()
	return held.Document(d.Category) >= access.View && (area == "" || held.Area(area) >= access.View) &&
		(!d.Contract() || held.Contracts())
}

// mayEdit refuses who may not edit a document; one that they may not even view is
// unknown to them.
func mayEdit(a application.Application, held access.Rights, document string) error {
	d, ok := a.Documents[document]
	if !ok || !views(held, d) {
		return application.ErrUnknownDocument
	}
	if held.Document(d.Category) < access.Edit {
		return ErrDenied
	}
	return nil
}

// UploadDocument files a new version of a document.
type UploadDocument struct {
	Application string
	Document    string          // empty = a new document
	Category    access.Category // of a new document
	Files       []Upload

	to         application.Remark // whose files they are
	quarantine bool               // files that are infected are kept all the same
}

// Upload is one file on its way in. Its name is only shown; its type is told by
// its content.
type Upload struct {
	Name    personal.Plain
	Content io.Reader
}

// MaxUploadFiles is the most files one upload has.
const MaxUploadFiles = 10

// UploadDocument gives cmd. Whoever has edit on the category may. The bytes are
// sealed and on disk before the event is appended. Its id is the document's.
// Errors: those of application.Upload; ErrDenied; files.ErrNoSpace.
func (c *Commands) UploadDocument(ctx context.Context, caller Caller, cmd UploadDocument) (Answer, error) {
	id := cmd.Document
	if id == "" {
		id = caller.newID("document")
	}
	return c.upload(ctx, caller, cmd, id, need{}, func(a application.Application, held access.Rights, _ domain.Stamp) error {
		if cmd.Document != "" {
			return mayEdit(a, held, id)
		}
		if held.Document(cmd.Category) < access.Edit {
			return ErrDenied
		}
		return c.mayFile(cmd.Category)
	})
}

// upload files a new version of document id for whom may lets.
func (c *Commands) upload(ctx context.Context, caller Caller, cmd UploadDocument, id string, n need, may func(application.Application, access.Rights, domain.Stamp) error) (Answer, error) {
	// Who may not upload is told before anything is read.
	var asked application.Document
	happens, answer, err := c.ask(ctx, caller, cmd.Application, n, func(a application.Application, held access.Rights, s domain.Stamp) (bool, error) {
		if err := may(a, held, s); err != nil {
			return false, err
		}
		var err error
		asked, err = a.CanUpload(id, cmd.Category)
		switch {
		case err != nil:
			return false, err
		case len(cmd.Files) == 0:
			return false, domain.ErrInvalid.Because("An upload needs a file.")
		case len(cmd.Files) > asked.MaxFiles:
			return false, application.ErrTooManyFiles.Because("At most %d files are allowed.", asked.MaxFiles)
		}
		return true, nil
	})
	answer.ID = id
	if err != nil || !happens {
		return answer, err
	}
	stored, err := c.store(ctx, cmd, asked.MaxBytes)
	if err == nil {
		answer, err = c.onApplication(ctx, cmd.Application, caller, n, func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
			if err := may(a, held, s); err != nil {
				return nil, err
			}
			var events []application.Event
			var err error
			if cmd.to.Area() != "" {
				events, err = a.Attach(cmd.to, id, cmd.Category, stored.files, s)
			} else {
				events, err = a.Upload(id, cmd.Category, stored.files, s)
			}
			return application.Holding(events, stored.held...), err
		})
		answer.ID = id
		if err == nil && !answer.Repeated || err != nil && !refused(err) {
			return answer, err // in the log, or perhaps: the bytes stay, or are swept
		}
	}
	c.discard(stored.files)
	return answer, err
}

// refused reports whether err means that nothing was appended.
func refused(err error) bool {
	var refusal *domain.Refusal
	var stale *StaleError
	return errors.As(err, &refusal) || errors.As(err, &stale)
}

// store seals the files of an upload, each of at most limit bytes. What it
// stored before an error it returns too.
func (c *Commands) store(ctx context.Context, cmd UploadDocument, limit int64) (stored kept, err error) {
	t := taking{c: c, owner: cmd.Application}
	defer func() { stored.held, stored.found = t.held, t.found }()
	for _, u := range cmd.Files {
		file := uuid.NewString()
		key := personal.Key{ID: file, Owner: cmd.Application}
		name, err := textOf("The name of a file", fileName(u.Name), 1, 255, key)
		if err != nil {
			return stored, err
		}
		content, err := t.scan(ctx, file, u.Content, limit)
		switch {
		case err != nil:
			return stored, err
		case t.found[file] != "" && !cmd.quarantine:
			return stored, ErrInfected
		}
		info, err := c.files.Put(ctx, key, file, content, limit)
		switch {
		case errors.Is(err, files.ErrTooLarge):
			return stored, application.ErrFileTooLarge.Because("A file has more than %d MiB.", limit>>20)
		case err != nil:
			return stored, fmt.Errorf("store upload: %w", err)
		}
		mediaType, _, _ := strings.Cut(info.Type, ";")
		stored.files = append(stored.files, application.File{ID: file, Name: name, Size: info.Size, Type: mediaType})
	}
	return stored, nil
}

// storeOnce seals a file under a key that names it, or finds it sealed already.
func (c *Commands) storeOnce(ctx context.Context, key personal.Key, content io.Reader, limit int64) (application.File, error) {
	info, err := c.files.Put(ctx, key, key.ID, content, limit)
	switch {
	case errors.Is(err, files.ErrTooLarge):
		return application.File{}, application.ErrFileTooLarge.Because("A file has more than %d MiB.", limit>>20)
	case err != nil && !errors.Is(err, files.ErrExists):
		return application.File{}, fmt.Errorf("store file: %w", err)
	}
	mediaType, _, _ := strings.Cut(info.Type, ";")
	return application.File{ID: key.ID, Size: info.Size, Type: mediaType}, nil
}

// fileName returns the last part of a name that some clients send with a path.
func fileName(name personal.Plain) personal.Plain {
	base := path.Base(strings.ReplaceAll(string(name), `\`, "/"))
	if base == "." || base == "/" {
		return ""
	}
	return personal.Plain(base)
}

// discard removes the bytes of an upload that was not recorded. What cannot be
// removed now is swept later.
func (c *Commands) discard(stored []application.File) {
	for _, f := range stored {
		if err := c.files.Delete(f.ID); err != nil {
			c.logger.Warn("the bytes of an upload that was not recorded were not removed", "file", f.ID, "error", err)
		}
	}
}
