package commandapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/transport/edge"
)

// maxUpload is the most bytes of an upload: its files, and what is between them.
const maxUpload = commands.MaxUploadFiles*application.MaxFileBytes + 1<<20

func (a *API) documents(s *edge.Surface) {
	c := a.commands
	edit := edge.Documents(access.Edit)
	create(a, s, onApplication(http.MethodPost, "/document-requests", "Ask the candidate for a document", edit),
		part("documents"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.RequestDocument) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.RequestDocument(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPost, "/documents/{document}/approve", "Approve the newest version", edit),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ReviewDocument) (commands.Answer, error) {
			cmd.Application, cmd.Document = r.Param("id"), r.Param("document")
			return c.ApproveDocument(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPost, "/documents/{document}/reject", "Reject the newest version", edit),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ReviewDocument) (commands.Answer, error) {
			cmd.Application, cmd.Document = r.Param("id"), r.Param("document")
			return c.RejectDocument(ctx, caller, cmd)
		})
	a.filing(s, edit)
	a.requestSeveral(s, edit)
	a.uploadSeveral(s, edit)
	a.upload(s, onApplication(http.MethodPost, "/documents", "File a document", edit), true)
	a.upload(s, onApplication(http.MethodPost, "/documents/{document}/versions", "File a new version of a document", edit), false)
}

func (a *API) filing(s *edge.Surface, edit edge.Who) {
	c := a.commands
	cancel := onApplication(http.MethodPost, "/documents/{document}/cancel", "Take a document request back", edit)
	cancel.Doc = "Before the document is approved. What was uploaded stays."
	act(a, s, cancel,
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.CancelDocument(ctx, caller, commands.CancelDocument{Application: r.Param("id"), Document: r.Param("document")})
		})
	change(a, s, onApplication(http.MethodPost, "/documents/{document}/reopen", "Let an approved document take versions again", edit),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ReopenDocument) (commands.Answer, error) {
			cmd.Application, cmd.Document = r.Param("id"), r.Param("document")
			return c.ReopenDocument(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPut, "/documents/{document}/category", "Give a document another category", edit.And("and on the new category")),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.RecategoriseDocument) (commands.Answer, error) {
			cmd.Application, cmd.Document = r.Param("id"), r.Param("document")
			return c.RecategoriseDocument(ctx, caller, cmd)
		})
	remove := onApplication(http.MethodDelete, "/documents/{document}/versions/{version}", "Erase the files of a version", edit)
	remove.Number = "version"
	remove.Doc = "The keys of its files are destroyed, but for an employee profile that took them along; what came with a mail goes there too. " +
		"That there was a version, and what was said of it, stays. " +
		"Without its newest version a request is open again, and a document nobody asked for is deleted."
	act(a, s, remove,
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.DeleteVersion(ctx, caller, commands.DeleteVersion{Application: r.Param("id"), Document: r.Param("document"), Version: r.Number("version")})
		})
}

// upload declares a route that takes files.
func (a *API) upload(s *edge.Surface, r edge.Route, categorised bool) {
	r.Body, r.Form, r.Created = edge.FormBody, formSchema(categorised), true
	r.Doc = "What a file is, its content decides and not its name. The whole upload has at most 10 files of 20 MiB."
	edge.Handle(s, r, func(ctx context.Context, in *bodiless) (*createdAnswer, error) {
		r := edge.RequestOf(ctx)
		answer, err := a.receiveFiles(ctx, r, in.Conditions, categorised, func(caller commands.Caller, up *arriving) (commands.Answer, error) {
			return a.commands.UploadDocument(ctx, caller, commands.UploadDocument{
				Application: r.Param("id"), Document: r.Param("document"), Category: access.Category(up.given["category"]), Files: up.files(),
			})
		})
		return a.created(answer, err, part("documents")(r, answer.ID))
	})
}

// receiveFiles takes files in and gives a command with them.
func (a *API) receiveFiles(ctx context.Context, r *edge.Request, c Conditions, categorised bool, run func(commands.Caller, *arriving) (commands.Answer, error)) (commands.Answer, error) {
	up := &arriving{spool: spool{dir: a.spoolDir}, file: "files", required: []string{"files"}, fields: map[string]int{}}
	if categorised {
		up.fields["category"], up.required = 100, append(up.required, "category")
	}
	return a.receive(ctx, r, c, up, run)
}

// receive takes an upload in and gives a command with it.
func (a *API) receive(ctx context.Context, r *edge.Request, c Conditions, up *arriving, run func(commands.Caller, *arriving) (commands.Answer, error)) (commands.Answer, error) {
	defer up.spool.Close() //nolint:errcheck // the file has no name and is only read
	done, err := a.uploading()
	if err != nil {
		return commands.Answer{}, err
	}
	defer done()
	if err := up.read(r); err != nil {
		return commands.Answer{}, err
	}
	// The fingerprint is of what arrived, not of how: clients draw another
	// boundary each time.
	caller, err := a.caller(ctx, c, func() [32]byte { return up.fingerprint(a, r) })
	if err != nil {
		return commands.Answer{}, err
	}
	return a.once(ctx, c, caller, func() (commands.Answer, error) { return run(caller, up) })
}

func formSchema(categorised bool) *huma.Schema {
	file := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	most := commands.MaxUploadFiles
	form := &huma.Schema{Type: huma.TypeObject, Required: []string{"files"}, Properties: map[string]*huma.Schema{
		"files": {Type: huma.TypeArray, Items: file, MaxItems: &most, Description: "The files of the version"},
	}}
	if categorised {
		form.Required = append(form.Required, "category")
		form.Properties["category"] = &huma.Schema{Type: huma.TypeString, Description: "Category of the document"}
	}
	return form
}

// arriving is an upload on its way in.
type arriving struct {
	spool    spool
	file     string         // name of the field of files
	fields   map[string]int // the most bytes of the other fields
	required []string
	within   time.Duration     // in which it is to arrive; 0 = in the time of the request
	given    map[string]string // what the other fields say
	parts    []arrived
}

// arrived is one file of it.
type arrived struct {
	name        personal.Plain
	start, size int64 // in the spool
	sum         [sha256.Size]byte
}

// read takes the form in.
func (u *arriving) read(r *edge.Request) error {
	control := http.NewResponseController(r.Writer())
	deadline, _ := r.HTTP.Context().Deadline()
	if soon := time.Now().Add(u.within); u.within > 0 && soon.Before(deadline) {
		deadline = soon
	}
	_ = control.SetReadDeadline(deadline) // not every writer has deadlines
	defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	r.HTTP.Body = http.MaxBytesReader(nil, r.HTTP.Body, maxUpload)
	form, err := r.HTTP.MultipartReader()
	if err != nil {
		return edge.Malformed("body", "is not multipart/form-data")
	}
	for {
		p, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = u.take(p)
		}
		if err != nil {
			return broken(err)
		}
	}
	for _, name := range u.required {
		if u.given[name] == "" && (name != u.file || len(u.parts) == 0) {
			return edge.Invalid("body."+name, "is required")
		}
	}
	return nil
}

// broken says what is wrong with a form that could not be read to its end.
func broken(err error) error {
	var problem *edge.Problem
	var refusal *domain.Refusal
	var slow net.Error
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &problem), errors.As(err, &refusal), errors.As(err, &tooLarge):
		return err
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w: %w", files.ErrNoSpace, err)
	case errors.As(err, &slow) && slow.Timeout():
		return edge.Slow()
	case errors.Is(err, errSpool):
		return err
	}
	return edge.Malformed("body", "is not whole or not multipart/form-data")
}

var errSpool = errors.New("upload could not be kept")

// take takes one part of the form.
func (u *arriving) take(p *multipart.Part) error {
	name := p.FormName()
	most, field := u.fields[name]
	_, again := u.given[name]
	switch {
	case field && !again:
		return u.takeField(p, name, most)
	case name != u.file:
		return edge.Invalid("body", "has a field that is not known, or one twice")
	case p.FileName() == "":
		return edge.Invalid("body."+u.file, "needs a file name")
	case len(u.parts) == commands.MaxUploadFiles:
		return application.ErrTooManyFiles
	}
	start, sum := u.spool.size, sha256.New()
	if _, err := io.Copy(io.MultiWriter(spoolWriter{&u.spool}, sum), io.LimitReader(p, application.MaxFileBytes+1)); err != nil {
		return err
	}
	if u.spool.size-start > application.MaxFileBytes {
		return application.ErrFileTooLarge.Because("A file has more than %d MiB.", application.MaxFileBytes>>20)
	}
	u.parts = append(u.parts, arrived{name: personal.Plain(p.FileName()), start: start, size: u.spool.size - start, sum: [sha256.Size]byte(sum.Sum(nil))})
	return nil
}

// takeField takes a field of text.
func (u *arriving) takeField(p *multipart.Part, name string, most int) error {
	text, err := io.ReadAll(io.LimitReader(p, int64(most)+1))
	switch {
	case err != nil:
		return err
	case len(text) > most:
		return edge.Invalid("body."+name, "is too long")
	case !utf8.Valid(text) || bytes.ContainsRune(text, 0):
		return edge.Invalid("body."+name, "must be UTF-8 without NUL")
	}
	if u.given == nil {
		u.given = map[string]string{}
	}
	u.given[name] = string(text)
	return nil
}

// spoolWriter marks the errors of a spool, to tell them from those of the body.
type spoolWriter struct{ s *spool }

func (w spoolWriter) Write(p []byte) (int, error) {
	n, err := w.s.Write(p)
	if err != nil {
		err = fmt.Errorf("%w: %w", errSpool, err)
	}
	return n, err
}

// files returns the files to be read from the spool.
func (u *arriving) files() []commands.Upload {
	uploads := make([]commands.Upload, len(u.parts))
	for i, p := range u.parts {
		uploads[i] = commands.Upload{Name: p.name, Content: io.NewSectionReader(&u.spool, p.start, p.size)}
	}
	return uploads
}

// fingerprint is of the fields, and of the names and bytes of the files in their
// order.
func (u *arriving) fingerprint(a *API, r *edge.Request) [32]byte {
	parts := [][]byte{[]byte(r.HTTP.Method), []byte(r.HTTP.URL.Path)}
	for _, name := range slices.Sorted(maps.Keys(u.given)) {
		parts = append(parts, []byte(name), []byte(strings.TrimSpace(u.given[name])))
	}
	for _, p := range u.parts {
		parts = append(parts, []byte(p.name), p.sum[:])
	}
	return a.vault.Fingerprint(parts...)
}
