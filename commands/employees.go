package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/vault"
)

// EmployeeOf returns the id of the profile that a hire leads to: there is never
// more than one.
func EmployeeOf(hire string) string {
	return uuid.NewSHA1(uuid.MustParse(hire), []byte("employee")).String()
}

// CreateEmployee makes the employee profile of a hire: who the person is, sealed
// under a key of the profile's own, and the documents of the application, whose
// files it owns from then on beside the application. Each step is made once
// however often the command is given. Only the system may. Its id is the
// profile's. If the hire is not in force any more, nothing happens.
// Errors: ErrDenied; those of the log and of the vault.
func (c *Commands) CreateEmployee(ctx context.Context, caller Caller, applicationID, hire string) (Answer, error) {
	if caller.Actor != domain.System {
		return Answer{}, ErrDenied
	}
	f, err := c.applications.read(ctx, c.log, applicationID)
	if err != nil {
		return Answer{}, err
	}
	if !f.state.InForce(hire) {
		return Answer{Stream: "application-" + applicationID, Revision: f.revision, Position: f.position, Unchanged: true}, nil
	}
	id := EmployeeOf(hire)
	made, err := c.employees.read(ctx, c.log, id)
	if err != nil {
		return Answer{}, err
	}
	if !made.state.Ended { // else it was erased since, and has nothing more
		if err := c.makeEmployee(ctx, caller, f.state, applicationID, id); err != nil {
			return Answer{}, err
		}
	}
	answer, err := transact(ctx, c, c.applications, applicationID, caller, decision[application.Application, application.Event]{
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.LinkEmployee(hire, id, s), nil
		},
	})
	answer.ID = id
	return answer, err
}

// makeEmployee makes the profile with an id of who was hired by an application, with
// the documents of that.
func (c *Commands) makeEmployee(ctx context.Context, caller Caller, a application.Application, applicationID, id string) error {
	from, err := c.leaver(ctx, applicationID, id)
	if err != nil {
		return err
	}
	profile, err := c.profileOf(ctx, a, from, id)
	if err != nil {
		return err
	}
	if err := c.hand(ctx, from.files(), id); err != nil {
		return err
	}
	// What is sealed for a profile that was reversed meanwhile finds its keys gone,
	// and the next attempt finds the hire undone.
	_, err = transact(ctx, c, c.employees, id, step(caller, "create"), decision[employee.Employee, employee.Event]{
		decide: func(e employee.Employee, s domain.Stamp) ([]employee.Event, error) { return e.Create(profile, s), nil },
	})
	if err != nil {
		return err
	}
	n := 0
	for part := range slices.Chunk(from.documents, takenAtOnce) {
		n++
		_, err := transact(ctx, c, c.employees, id, step(caller, "documents/"+strconv.Itoa(n)), decision[employee.Employee, employee.Event]{
			decide: func(e employee.Employee, s domain.Stamp) ([]employee.Event, error) { return e.Take(part, s) },
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const (
	takenAtOnce  = 50  // documents in one append
	handedAtOnce = 200 // keys in one transaction
)

// step returns the caller for one of several steps of a command.
func step(caller Caller, name string) Caller {
	caller = caller.withoutMatch()
	caller.CommandID = uuid.NewSHA1(caller.CommandID, []byte(name))
	return caller
}

// hand wraps the keys of files for one more owner.
func (c *Commands) hand(ctx context.Context, files []string, owner string) error {
	for part := range slices.Chunk(files, handedAtOnce) {
		keys := make([]personal.Key, len(part))
		for i, f := range part {
			keys[i] = personal.Key{ID: f, Owner: owner}
		}
		if err := c.vault.AddOwners(ctx, keys...); err != nil {
			return err
		}
	}
	return nil
}

// leaving is what goes along with a person who was hired, sealed anew for the
// profile.
type leaving struct {
	application string
	hiredAt     time.Time
	documents   []employee.Document
}

func (l leaving) files() []string {
	var ids []string
	for _, d := range l.documents {
		for _, v := range d.Versions {
			for _, f := range v.Files {
				ids = append(ids, f.ID)
			}
		}
	}
	return ids
}

// profileOf is what is known of the person of an application. What was erased
// meanwhile is absent.
func (c *Commands) profileOf(ctx context.Context, a application.Application, from leaving, id string) (employee.Profile, error) {
	key := personal.Key{ID: id, Owner: id}
	p := employee.Profile{Application: from.application, Hire: a.Hire.ID, Job: a.Job, HiredAt: from.hiredAt}
	person, err := c.reveal(ctx, a.Candidate)
	if err != nil || person == "" {
		return p, err
	}
	f, err := c.candidates.read(ctx, c.log, person)
	if err != nil {
		return p, err
	}
	for attribute, into := range map[candidate.Attribute]*personal.Text{
		candidate.FirstName: &p.FirstName, candidate.LastName: &p.LastName, candidate.Email: &p.Email, candidate.Phone: &p.Phone,
	} {
		text, err := c.reveal(ctx, f.state.Known[attribute])
		if err != nil {
			return p, err
		}
		*into = personal.New(key, personal.Plain(text))
	}
	return p, nil
}

// leaver reads from the events of an application, and before them those of what
// it goes on from, what goes along to the profile: each document with the
// versions whose files are there, and what was said of them last.
func (c *Commands) leaver(ctx context.Context, applicationID, id string) (leaving, error) {
	g := gathering{leaving: leaving{application: applicationID}, c: c, ctx: ctx, key: personal.Key{ID: id, Owner: id}, owner: id, places: map[string]int{}}
	if err := g.read(applicationID); err != nil {
		return leaving{}, err
	}
	g.documents = slices.DeleteFunc(g.documents, func(d employee.Document) bool { return len(d.Versions) == 0 })
	for i := range g.documents {
		g.documents[i].Held = heldIn(g.documents[i])
	}
	return g.leaving, nil
}

// heldIn returns which of the files that are held a document still has.
func heldIn(d employee.Document) []string {
	return slices.DeleteFunc(d.Held, func(file string) bool {
		return !slices.ContainsFunc(d.Versions, func(v employee.Version) bool {
			return slices.ContainsFunc(v.Files, func(f application.File) bool { return f.ID == file })
		})
	})
}

// gathering collects what goes along.
type gathering struct {
	leaving
	c      *Commands
	ctx    context.Context //nolint:containedctx // it lives for one call
	key    personal.Key
	owner  string
	places map[string]int // of documents
}

// read takes an application, after what it goes on from.
func (g *gathering) read(applicationID string) error {
	f, err := g.c.applications.read(g.ctx, g.c.log, applicationID)
	if err != nil {
		return err
	}
	if f.state.From != "" {
		if err := g.read(f.state.From); err != nil {
			return err
		}
	}
	stream := "application-" + applicationID
	for rec, err := range g.c.log.ReadStream(g.ctx, stream, 0, eventlog.Forwards) {
		if err != nil {
			return fmt.Errorf("read %s: %w", stream, err)
		}
		e, err := application.Codec.Decode(rec.Type, rec.Data)
		if err == nil {
			err = g.take(e)
		}
		if err != nil {
			return fmt.Errorf("%s at %d: %w", stream, rec.Revision, err)
		}
	}
	return nil
}

func (g *gathering) document(id string) *employee.Document {
	i, ok := g.places[id]
	if !ok {
		i = len(g.documents)
		g.places[id] = i
		g.documents = append(g.documents, employee.Document{ID: id})
	}
	return &g.documents[i]
}

// again seals a text anew under another key.
func (g *gathering) again(t personal.Text, key personal.Key) (personal.Text, error) {
	plain, err := g.c.reveal(g.ctx, t)
	return personal.New(key, personal.Plain(plain)), err
}

func (g *gathering) take(e application.Event) (err error) {
	switch e := e.(type) { //nolint:gochecksumtype // only what goes along
	case application.Hired:
		g.hiredAt = e.At
	case application.DocumentRequested:
		d := g.document(e.Document)
		d.Category, d.Status = e.Category, application.DocumentIsRequested
		d.Title, err = g.again(e.Title, g.key)
	case application.DocumentUploaded:
		if e.Area() != "" {
			return nil // the files of a note or a comment stay with it
		}
		return g.uploaded(e)
	case application.OfferAccepted:
		if e.Document != "" {
			g.document(e.Document).Contract = true
		}
	case application.DocumentRecategorised:
		g.document(e.Document).Category = e.To
	case application.DocumentApproved:
		return g.reviewed(e.Document, e.Version, application.DocumentIsApproved, e.Reason, e.Stamp)
	case application.DocumentRejected:
		return g.reviewed(e.Document, e.Version, application.DocumentIsRejected, e.Reason, e.Stamp)
	case application.FileScanned:
		d := g.document(e.Document)
		if e.Rejects {
			d.Status = application.DocumentIsRejected
		}
		d.Held = slices.DeleteFunc(d.Held, func(file string) bool { return file == e.File })
	case application.DocumentReopened:
		g.document(e.Document).Status = application.DocumentIsUploaded
	case application.DocumentCancelled:
		g.document(e.Document).Status = application.DocumentIsCancelled
	case application.DocumentLeft:
		g.document(e.Document).Versions = nil
	case application.Transferred:
		for _, id := range e.Documents {
			g.document(id).Versions = nil
		}
	case application.VersionDeleted:
		d := g.document(e.Document)
		if n := len(d.Versions); n > 0 && d.Versions[n-1].Number == e.Version && d.Status != application.DocumentIsCancelled {
			d.Status = application.DocumentIsRequested
		}
		d.Versions = slices.DeleteFunc(d.Versions, func(v employee.Version) bool { return v.Number == e.Version })
	}
	return err
}

func (g *gathering) uploaded(e application.DocumentUploaded) error {
	d := g.document(e.Document)
	d.Category, d.Status, d.Contract = e.Category, application.DocumentIsUploaded, d.Contract || e.Offer != ""
	v := employee.Version{Number: e.Version, UploadedAt: e.At, UploadedBy: e.By, Files: make([]application.File, len(e.Files))}
	for i, f := range e.Files {
		var err error
		if f.Name, err = g.again(f.Name, personal.Key{ID: f.ID, Owner: g.owner}); err != nil {
			return err
		}
		v.Files[i] = f
	}
	d.Versions, d.Held = append(d.Versions, v), append(d.Held, e.Held...)
	return nil
}

func (g *gathering) reviewed(document string, version int, status application.DocumentStatus, reason personal.Text, s domain.Stamp) error {
	d := g.document(document)
	d.Status = status
	for i := range d.Versions {
		if d.Versions[i].Number != version {
			continue
		}
		said, err := g.again(reason, g.key)
		if err != nil {
			return err
		}
		d.Versions[i].Review = &employee.Review{Status: status, By: s.By, At: s.At, Reason: said}
	}
	return nil
}

// ReverseEmployee ends the profile of a hire that was undone: what it owns is
// destroyed, and what the application owns too stays with that. It also keeps a
// profile from being made that was not yet. Only the system may. If the hire is
// in force, nothing happens.
// Errors: ErrDenied; those of the log and of the vault.
func (c *Commands) ReverseEmployee(ctx context.Context, caller Caller, applicationID, hire string) (Answer, error) {
	if caller.Actor != domain.System {
		return Answer{}, ErrDenied
	}
	f, err := c.applications.read(ctx, c.log, applicationID)
	if err != nil {
		return Answer{}, err
	}
	if f.state.InForce(hire) {
		return Answer{Stream: "application-" + applicationID, Revision: f.revision, Position: f.position, Unchanged: true}, nil
	}
	return c.eraseEmployee(ctx, caller, EmployeeOf(hire), kindReversal)
}

// EraseEmployee erases everything personal of an employee profile.
type EraseEmployee struct {
	Employee string
}

// EraseEmployee gives cmd. Admins may. It cannot be undone; files that an
// application owns too stay there. Errors: employee.ErrUnknown; ErrDenied.
func (c *Commands) EraseEmployee(ctx context.Context, caller Caller, cmd EraseEmployee) (Answer, error) {
	if err := c.allow(caller, access.Admin); err != nil {
		return Answer{}, err
	}
	answer, err := transact(ctx, c, c.employees, cmd.Employee, caller, decision[employee.Employee, employee.Event]{
		decide:  func(e employee.Employee, s domain.Stamp) ([]employee.Event, error) { return e.Erase(s) },
		prepare: func(context.Context, employee.Employee) error { return errAsked },
	})
	if !errors.Is(err, errAsked) {
		return answer, err
	}
	return c.eraseEmployee(ctx, caller, cmd.Employee, kindEmployee)
}

// eraseEmployee destroys what an employee profile owns and records why.
func (c *Commands) eraseEmployee(ctx context.Context, caller Caller, id, kind string) (answer Answer, err error) {
	e := vault.Erasure{
		ID: uuid.NewSHA1(caller.CommandID, []byte("erasure")), Kind: kind, Subject: id, Owner: id,
		Stream: "employee-" + id, Actor: string(caller.Actor), CommandID: caller.CommandID, At: c.atOf(caller),
	}
	err = c.erase(ctx, caller, e, func(ctx context.Context, _ vault.Erasure) error {
		answer, err = c.recordErased(ctx, caller, e)
		return err
	})
	return answer, err
}
