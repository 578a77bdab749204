package commands_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/internal/vault"
)

// requested returns a company with an application and what the candidate was
// asked for in it.
func requested(t *testing.T, cmd commands.RequestDocument) (c *commandstest.Company, app, document string) {
	t.Helper()
	c = commandstest.Found(t, nil)
	on := true
	commandstest.Must(c.ChangeSettings(t.Context(), c.As(c.Admin), settings(&on)))
	app = c.ReceiveOne(t, someone())
	cmd.Application, cmd.Title, cmd.Category = app, "Papers", access.Certificate
	return c, app, commandstest.Must(c.RequestDocument(t.Context(), c.As(c.Recruiter), cmd)).ID
}

// stored returns the names of the files in the store, sorted.
func stored(t *testing.T, c *commandstest.Company) []string {
	t.Helper()
	names := []string{}
	err := filepath.WalkDir(c.FilesDir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, entry.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// unread is a reader that must not be read.
type unread struct{ t *testing.T }

func (r unread) Read([]byte) (int, error) {
	r.t.Error("the content was read")
	return 0, io.EOF
}

// failing gives some bytes and then an error.
func failing(err error) io.Reader {
	return io.MultiReader(strings.NewReader("some bytes"), readerFunc(func() error { return err }))
}

type readerFunc func() error

func (f readerFunc) Read([]byte) (int, error) { return 0, f() }

const pdf = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"

func one(name personal.Plain, content string) []commands.Upload {
	return []commands.Upload{{Name: name, Content: strings.NewReader(content)}}
}

// A refused upload leaves no event and no bytes.
func TestRefusedUploads(t *testing.T) {
	t.Parallel()
	c, app, doc := requested(t, commands.RequestDocument{Formats: []application.Format{application.PDF, application.PNG}, MaxMiB: 1, MaxFiles: 2})
	approved := commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{Application: app, Category: access.CV, Files: upload("cv")})).ID
	commandstest.Must(c.ApproveDocument(t.Context(), c.As(c.Recruiter), commands.ReviewDocument{Application: app, Document: approved, Version: 1}))
	written, bytesThere := c.All(t), stored(t, c)
	broken := errors.New("connection reset")
	for _, tt := range []struct {
		name string
		cmd  commands.UploadDocument
		want error
	}{
		{"larger than asked for", commands.UploadDocument{Document: doc, Files: one("a.pdf", pdf+strings.Repeat("x", 1<<20))}, application.ErrFileTooLarge},
		{"larger than any file may be", commands.UploadDocument{Category: access.CV, Files: one("a.pdf", pdf+strings.Repeat("x", application.MaxFileBytes))}, application.ErrFileTooLarge},
		{"a text that is called PDF", commands.UploadDocument{Document: doc, Files: one("a.pdf", "just words")}, application.ErrFormat},
		{"the second is no PDF", commands.UploadDocument{Document: doc, Files: slices.Concat(one("a.pdf", pdf), one("b.pdf", "just words"))}, application.ErrFormat},
		{"empty", commands.UploadDocument{Document: doc, Files: one("a.pdf", "")}, domain.ErrInvalid},
		{"no files", commands.UploadDocument{Document: doc}, domain.ErrInvalid},
		{"no name", commands.UploadDocument{Document: doc, Files: one(" ", pdf)}, domain.ErrInvalid},
		{"a name that is only slashes", commands.UploadDocument{Document: doc, Files: one(`\/`, pdf)}, domain.ErrInvalid},
		{"a long name", commands.UploadDocument{Document: doc, Files: one(personal.Plain(strings.Repeat("n", 256)), pdf)}, domain.ErrInvalid},
		{"too many", commands.UploadDocument{Document: doc, Files: []commands.Upload{{Name: "a", Content: unread{t}}, {Name: "b", Content: unread{t}}, {Name: "c", Content: unread{t}}}}, application.ErrTooManyFiles},
		{"approved already", commands.UploadDocument{Document: approved, Files: []commands.Upload{{Name: "a", Content: unread{t}}}}, application.ErrDocumentApproved},
		{"unknown document", commands.UploadDocument{Document: newID(), Files: []commands.Upload{{Name: "a", Content: unread{t}}}}, application.ErrUnknownDocument},
		{"the system's category", commands.UploadDocument{Category: access.Uncategorised, Files: []commands.Upload{{Name: "a", Content: unread{t}}}}, application.ErrCategory},
		{"no category", commands.UploadDocument{Files: []commands.Upload{{Name: "a", Content: unread{t}}}}, application.ErrCategory},
		{"the second breaks off", commands.UploadDocument{Document: doc, Files: append(one("a.pdf", pdf), commands.Upload{Name: "b.pdf", Content: failing(broken)})}, broken},
		// What the disk says when it is full reaches the store through the same
		// call as what the reader says.
		{"the disk is full", commands.UploadDocument{Document: doc, Files: append(one("a.pdf", pdf), commands.Upload{Name: "b.pdf", Content: failing(syscall.ENOSPC)})}, files.ErrNoSpace},
	} {
		tt.cmd.Application = app
		if _, err := c.UploadDocument(t.Context(), c.As(c.Admin), tt.cmd); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if got := stored(t, c); !slices.Equal(got, bytesThere) {
			t.Errorf("%s: files %v, want %v", tt.name, got, bytesThere)
		}
	}
	if n := c.All(t); n != written {
		t.Errorf("%d events were written", n-written)
	}
}

// What the application is asked again about after the bytes are stored can
// still say no.
func TestUploadRefusedAtTheEnd(t *testing.T) {
	t.Parallel()
	c, app, doc := requested(t, commands.RequestDocument{MaxFiles: 1})
	commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{Application: app, Document: doc, Files: upload("v1")}))
	before := stored(t, c)
	approving := readerFunc(func() error {
		commandstest.Must(c.ApproveDocument(t.Context(), c.As(c.Admin), commands.ReviewDocument{Application: app, Document: doc, Version: 1}))
		return io.EOF
	})
	_, err := c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{
		Application: app, Document: doc, Files: []commands.Upload{{Name: "v2.txt", Content: io.MultiReader(strings.NewReader("v2"), approving)}},
	})
	if !errors.Is(err, application.ErrDocumentApproved) {
		t.Errorf("err = %v, want ErrDocumentApproved", err)
	}
	if got := stored(t, c); !slices.Equal(got, before) {
		t.Errorf("files %v, want %v", got, before)
	}
}

func TestUpload(t *testing.T) {
	t.Parallel()
	due := time.Now().Add(time.Hour)
	c, app, doc := requested(t, commands.RequestDocument{Formats: []application.Format{application.PDF}, MaxFiles: 2, DueAt: &due})
	by := c.As(c.Recruiter)
	cmd := commands.UploadDocument{Application: app, Document: doc, Files: slices.Concat(one(`C:\Users\cleo\my diploma.txt`, pdf), one("/home/cleo/second.pdf", pdf+"2"))}
	first := commandstest.Must(c.UploadDocument(t.Context(), by, cmd))
	if first.ID != doc {
		t.Errorf("id = %s, want the document's", first.ID)
	}
	names := stored(t, c)
	if len(names) != 2 {
		t.Fatalf("%d files are stored, want 2", len(names))
	}
	// The same again under the same key: nothing is read, nothing stored.
	by.MayBeRepeated = true
	again, err := c.UploadDocument(t.Context(), by, commands.UploadDocument{Application: app, Document: doc, Files: []commands.Upload{{Name: "a", Content: unread{t}}}})
	if first.Repeated = true; err != nil || again != first {
		t.Errorf("again: %+v, %v; want %+v", again, err, first)
	}
	if got := stored(t, c); !slices.Equal(got, names) {
		t.Errorf("files %v, want %v", got, names)
	}
	// A late one is taken and marked; versions add up, and the first stays.
	late := c.As(c.Recruiter)
	late.At = due.Add(time.Minute)
	commandstest.Must(c.UploadDocument(t.Context(), late, commands.UploadDocument{Application: app, Document: doc, Files: one("third.pdf", pdf+"3")}))
	uploads := uploaded(t, c, app)
	if len(uploads) != 2 || uploads[0].Late || !uploads[1].Late || uploads[0].Version != 1 || uploads[1].Version != 2 {
		t.Fatalf("uploads = %+v, want two versions, the second late", uploads)
	}
	var shown []string
	for _, f := range uploads[0].Files {
		opened, err := c.Vault.Open(t.Context(), f.Name.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, string(opened[0].Text))
		if f.Type != "application/pdf" {
			t.Errorf("type = %s, want what the content says", f.Type)
		}
	}
	if !slices.Equal(shown, []string{"my diploma.txt", "second.pdf"}) {
		t.Errorf("names = %q, want no folders", shown)
	}
	r, err := c.Files.Open(t.Context(), uploads[0].Files[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil || string(content) != pdf+"2" {
		t.Errorf("content %q, %v", content, err)
	}
	if n, err := c.SweepFiles(t.Context(), -time.Minute); n != 0 || err != nil {
		t.Errorf("swept %d, %v; want old versions kept", n, err)
	}
}

func uploaded(t *testing.T, c *commandstest.Company, app string) []application.DocumentUploaded {
	t.Helper()
	var found []application.DocumentUploaded
	for rec, err := range c.Memory.ReadStream(t.Context(), "application-"+app, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := application.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			t.Fatal(err)
		}
		if u, ok := e.(application.DocumentUploaded); ok {
			found = append(found, u)
		}
	}
	return found
}

// holds gives a member of the cast a place in the team, with rights on these
// categories of documents, and returns their id.
func (c *cast) holds(t *testing.T, documents map[access.Category]access.Level) string {
	t.Helper()
	return c.holdsRole(t, commands.DefineRecruitingRole{Areas: map[access.Area]access.Level{access.Application: access.View}, Documents: documents})
}

// holdsAreas is holds with rights on areas.
func (c *cast) holdsAreas(t *testing.T, areas map[access.Area]access.Level) string {
	t.Helper()
	return c.holdsRole(t, commands.DefineRecruitingRole{Areas: areas})
}

func (c *cast) holdsRole(t *testing.T, define commands.DefineRecruitingRole) string {
	t.Helper()
	define.Name = "Sourcer"
	role := commandstest.Must(c.DefineRecruitingRole(t.Context(), c.As(c.Admin), define)).ID
	member := c.members[4]
	team := append(slices.DeleteFunc(slices.Clone(c.Directory.Job(c.Job).Team), func(m job.TeamMember) bool { return !c.Directory.Member(m.Member).Active }),
		job.TeamMember{Member: member, Role: role})
	commandstest.Must(c.ChangeTeam(t.Context(), c.As(c.Admin), commands.ChangeTeam{Job: c.Job, Team: team}))
	return member
}

// Nobody who looks at a document category may file into one they may not edit.
// It holds S2-33.
func TestUploadRightsByCategory(t *testing.T) {
	t.Parallel()
	c := newCast(t, false)
	sourcer := c.holds(t, map[access.Category]access.Level{access.CV: access.Edit, access.Certificate: access.View})
	app := c.ReceiveOne(t, someone())
	for category, want := range map[access.Category]error{
		access.CV: nil, access.Certificate: commands.ErrDenied, access.OfferDocument: commands.ErrDenied,
	} {
		cmd := commands.UploadDocument{Application: app, Category: category, Files: upload("x")}
		if _, err := c.UploadDocument(t.Context(), c.As(sourcer), cmd); !errors.Is(err, want) {
			t.Errorf("new in %s: %v, want %v", category, err, want)
		}
	}
	for category, want := range map[access.Category]error{
		access.CV: nil, access.Certificate: commands.ErrDenied, access.OfferDocument: application.ErrUnknownDocument,
	} {
		doc := commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{Application: app, Category: category, Files: upload("x")})).ID
		// The category of a document that exists is its own, whatever is named.
		cmd := commands.UploadDocument{Application: app, Document: doc, Category: access.CV, Files: upload("y")}
		if _, err := c.UploadDocument(t.Context(), c.As(sourcer), cmd); !errors.Is(err, want) {
			t.Errorf("again in %s: %v, want %v", category, err, want)
		}
	}
}

// What is put into another category needs edit on both. It holds S2-33.
func TestRecategoriseRights(t *testing.T) {
	t.Parallel()
	c := newCast(t, false)
	sourcer := c.holds(t, map[access.Category]access.Level{access.CV: access.Edit, access.Other: access.Edit, access.Certificate: access.View})
	app := c.ReceiveOne(t, someone())
	filed := func(category access.Category) string {
		return commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{Application: app, Category: category, Files: upload("x")})).ID
	}
	for _, tt := range []struct {
		from, to access.Category
		want     error
	}{
		{access.CV, access.Other, nil},
		{access.CV, access.Category(newID()), commands.ErrDenied},
		{access.CV, access.Certificate, commands.ErrDenied},
		{access.CV, access.OfferDocument, commands.ErrDenied},
		{access.Certificate, access.CV, commands.ErrDenied},
		{access.OfferDocument, access.CV, application.ErrUnknownDocument},
	} {
		cmd := commands.RecategoriseDocument{Application: app, Document: filed(tt.from), Category: tt.to}
		if _, err := c.RecategoriseDocument(t.Context(), c.As(sourcer), cmd); !errors.Is(err, tt.want) {
			t.Errorf("from %s to %s: %v, want %v", tt.from, tt.to, err, tt.want)
		}
	}
	// Not even who may edit all files it where nobody would find it.
	none := commands.RecategoriseDocument{Application: app, Document: filed(access.CV), Category: access.Category(newID())}
	if _, err := c.RecategoriseDocument(t.Context(), c.As(c.Admin), none); !errors.Is(err, application.ErrCategory) {
		t.Errorf("to a category there is none of: %v", err)
	}
}

// Of a version that is deleted no byte is left and no name opens, the other
// versions stay, and given again it is the same. It holds S1-45 and H5.
func TestDeleteVersion(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	app := c.ReceiveOne(t, someone())
	two := append(upload("one"), upload("too")...)
	first := commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{Application: app, Category: access.CV, Files: two}))
	commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{Application: app, Document: first.ID, Files: upload("two")}))
	versions := uploaded(t, c, app)
	gone, kept := versions[0].Files, versions[1].Files
	cmd := commands.DeleteVersion{Application: app, Document: first.ID, Version: 1}
	deleting := c.As(c.Recruiter)
	answer := commandstest.Must(c.DeleteVersion(t.Context(), deleting, cmd))
	for _, file := range gone {
		if _, err := c.Files.Open(t.Context(), file.ID); !errors.Is(err, vault.ErrErased) && !errors.Is(err, files.ErrNotFound) {
			t.Errorf("file %s of the deleted version: %v", file.ID, err)
		}
	}
	for _, file := range kept {
		f, err := c.Files.Open(t.Context(), file.ID)
		if err != nil {
			t.Fatalf("file of the other version: %v", err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	written := c.All(t)
	deleting.MayBeRepeated = true
	if again, err := c.DeleteVersion(t.Context(), deleting, cmd); err != nil || again.Revision != answer.Revision || c.All(t) != written {
		t.Errorf("given again: %+v, %v, %d events", again, err, c.All(t)-written)
	}
	if _, err := c.DeleteVersion(t.Context(), c.As(c.Recruiter), cmd); err != nil || c.All(t) != written {
		t.Errorf("as another command: %v, %d events", err, c.All(t)-written)
	}
	c.CheckFinished(t)
}

// Sweeping takes what no event names, and nothing else.
func TestSweepFiles(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	p := c.Start(t)
	app, other := c.ReceiveOne(t, someone()), c.ReceiveOne(t, someone())
	put := func(owner string) string {
		t.Helper()
		id := newID()
		if _, err := c.Files.Put(t.Context(), personal.Key{ID: id, Owner: owner}, id, bytes.NewBufferString("bytes"), 100); err != nil {
			t.Fatal(err)
		}
		return id
	}
	for range 2 {
		commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{Application: app, Category: access.CV, Files: upload("cv")}))
	}
	named := stored(t, c)
	p.CrashAt(t, "before append of application.document_uploaded.v1", func(ctx context.Context) error {
		_, err := p.UploadDocument(ctx, c.As(c.Recruiter), commands.UploadDocument{Application: app, Category: access.CV, Files: upload("lost")})
		return err
	})
	put(other)
	foreign := put(newID()) // of an owner that is no application
	erased := put(app)
	if _, err := c.Vault.Erase(t.Context(), vault.Erasure{ID: uuid.New(), CommandID: uuid.New(), Kind: "test", Keys: []string{erased}, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if n, err := c.SweepFiles(t.Context(), time.Hour); n != 0 || err != nil {
		t.Errorf("young files: swept %d, %v; want none", n, err)
	}
	all := stored(t, c)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if n, err := c.SweepFiles(gone, -time.Minute); n != 0 || err == nil {
		t.Errorf("nobody to ask: swept %d, %v; want an error", n, err)
	}
	if got := stored(t, c); !slices.Equal(got, all) {
		t.Errorf("files %v, want %v", got, all)
	}
	if n, err := c.SweepFiles(t.Context(), -time.Minute); n != 3 || err != nil {
		t.Errorf("swept %d, %v; want 3", n, err)
	}
	want := append(slices.Clone(named), foreign)
	slices.Sort(want)
	if got := stored(t, c); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
}

// A sweep that cannot read the log deletes nothing it has not asked about.
func TestSweepFilesWithoutTheLog(t *testing.T) {
	t.Parallel()
	c, log := tap(t)
	app := c.ReceiveOne(t, someone())
	commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{Application: app, Category: access.CV, Files: upload("cv")}))
	log.OnReadStream = func(context.Context, string) error { return fmt.Errorf("asked: %w", eventlog.ErrUnavailable) }
	if n, err := c.SweepFiles(t.Context(), -time.Minute); n != 0 || !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("swept %d, %v; want none, ErrUnavailable", n, err)
	}
	if len(stored(t, c)) != 1 {
		t.Error("the file is gone")
	}
}
