// Package historytest makes histories for tests of read models: on a log in
// memory, by the domain's own decisions, sealed by a real vault.
package historytest

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/domain/erasure"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/domain/view"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/internal/vault"
)

// History is a log that grows. Its methods append, and stop the test when a
// decision refuses. It is not safe for concurrent use.
type History struct {
	t     testing.TB
	Log   *eventlog.Memory
	Vault *vault.Vault
	Pool  *pgxpool.Pool // where the vault is
	Now   time.Time     // of the next event; a second later after each

	Organization organization.Organization
	Jobs         map[string]job.Job
	Members      map[string]member.Member
	Candidates   map[string]candidate.Candidate
	Applications map[string]application.Application
	Employees    map[string]employee.Employee
	Messages     map[string]message.Message
	Person       map[string]string // the candidate of each application, also after it was anonymised

	// In the order they came to be.
	JobIDs, MemberIDs, CandidateIDs, ApplicationIDs []string

	bulks     map[string]bulk.Bulk
	views     map[string]view.View
	ids       int
	revisions map[string]eventlog.Revision
}

// New returns the history of an organisation that has just been founded.
func New(t testing.TB) *History {
	t.Helper()
	pool := postgrestest.New(t)
	v, err := vault.Open(t.Context(), pool, filepath.Join(t.TempDir(), "keyset.json"), vault.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := &History{
		t: t, Log: new(eventlog.Memory), Vault: v, Pool: pool,
		Now:  time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
		Jobs: map[string]job.Job{}, Members: map[string]member.Member{},
		Candidates: map[string]candidate.Candidate{}, Applications: map[string]application.Application{}, Messages: map[string]message.Message{},
		Person: map[string]string{}, revisions: map[string]eventlog.Revision{},
		bulks: map[string]bulk.Bulk{}, views: map[string]view.View{},
		Employees: map[string]employee.Employee{},
	}
	h.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.Found("Acme", s)
	})
	return h
}

// ID returns the next id; ids only depend on how many there were before.
func (h *History) ID() string {
	h.ids++
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "id %d", h.ids)).String()
}

// Stamp returns who and when for the next event.
func (h *History) Stamp(by domain.Actor) domain.Stamp {
	h.Now = h.Now.Add(time.Second)
	return domain.Stamp{At: h.Now, By: by}
}

// EventID returns the id of the event at a revision of a stream.
func EventID(stream string, at eventlog.Revision) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "%s@%d", stream, at))
}

// record seals and appends events.
func record[E domain.Fact](h *History, codec domain.Codec[E], stream string, events []E, err error) []E {
	h.t.Helper()
	if err != nil {
		h.t.Fatalf("%s: %v", stream, err)
	}
	sealed := make([]E, len(events))
	for i, e := range events {
		at, ok := h.revisions[stream]
		if !ok {
			at = eventlog.NoStream
		}
		var in eventlog.NewEvent
		id := EventID(stream, at+1)
		in, sealed[i], err = eventlog.Encode(h.t.Context(), codec, h.Vault, id, e, eventlog.Metadata{Actor: e.Who(), Origin: eventlog.Live})
		if err != nil {
			h.t.Fatalf("%s: %v", stream, err)
		}
		if _, err := h.Log.Append(h.t.Context(), stream, at, []eventlog.NewEvent{in}); err != nil {
			h.t.Fatalf("%s: %v", stream, err)
		}
		h.revisions[stream] = at + 1
	}
	return sealed
}

// Organize decides something for the organisation.
func (h *History) Organize(decide func(organization.Organization, domain.Stamp) ([]organization.Event, error)) {
	h.t.Helper()
	events, err := decide(h.Organization, h.Stamp(domain.System))
	h.Organization = h.Organization.Fold(record(h, organization.Codec, "organization-"+organization.ID, events, err)...)
}

// Settings changes settings.
func (h *History) Settings(c organization.SettingsChange) {
	h.t.Helper()
	h.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.ChangeSettings(c, s)
	})
}

// Role defines a recruiting role and returns its id.
func (h *History) Role(name string, role access.Role) string {
	h.t.Helper()
	id := h.ID()
	h.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.DefineRole(id, name, role, nil, s)
	})
	return id
}

// Tag defines a tag and returns its id.
func (h *History) Tag(label string) string {
	h.t.Helper()
	id := h.ID()
	h.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.DefineTag(id, label, s)
	})
	return id
}

// Reason defines a reason for disqualifying and returns its id.
func (h *History) Reason(label string, kind organization.ReasonKind) string {
	h.t.Helper()
	id := h.ID()
	h.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.DefineReason(id, label, kind, s)
	})
	return id
}

// Member invites a member and returns their id.
func (h *History) Member(role access.OrganizationRole, name personal.Plain) string {
	h.t.Helper()
	id := h.ID()
	h.MemberIDs = append(h.MemberIDs, id)
	h.ChangeMember(id, func(m member.Member, s domain.Stamp) ([]member.Event, error) {
		return m.Invite(role, name, personal.Plain(strings.ReplaceAll(string(name), " ", "."))+"@acme.example", personal.Key{ID: id, Owner: id}, s)
	})
	return id
}

// ChangeMember decides something about a member.
func (h *History) ChangeMember(id string, decide func(member.Member, domain.Stamp) ([]member.Event, error)) {
	h.t.Helper()
	events, err := decide(h.Members[id], h.Stamp(domain.System))
	h.Members[id] = h.Members[id].Fold(record(h, member.Codec, "member-"+id, events, err)...)
}

// ReadInbox notes that a member has read their inbox up to the last event of an
// application, of which they were told.
func (h *History) ReadInbox(id, applicationID string) {
	h.t.Helper()
	through := ""
	for e, err := range h.Log.ReadStream(h.t.Context(), "application-"+applicationID, -1, eventlog.Backwards) {
		if err != nil {
			h.t.Fatal(err)
		}
		through = e.ID.String()
		break
	}
	events, err := h.Members[id].ReadInbox(id, through, h.Stamp(domain.Member(id)))
	h.Members[id] = h.Members[id].Fold(record(h, member.Codec, "member-"+id, events, err)...)
}

// Job opens a job with stages of these names and returns its id. The ids of its
// stages are StageID(job, i).
func (h *History) Job(title string, confidential bool, stages []string, team ...job.TeamMember) string {
	h.t.Helper()
	id := h.ID()
	h.JobIDs = append(h.JobIDs, id)
	plan := make([]job.Stage, len(stages))
	for i, name := range stages {
		plan[i] = job.Stage{ID: StageID(id, i), Name: name}
		if i%2 == 1 {
			plan[i].PublicName = name + " (public)"
		}
	}
	h.ChangeJob(id, func(j job.Job, s domain.Stamp) ([]job.Event, error) {
		if h.ids%5 == 0 { // some begin as a draft
			return j.Drafts(job.Details{Title: title, Position: title + " position", Confidential: confidential}, plan, team, s)
		}
		return j.Opens(job.Details{Title: title, Position: title + " position", Confidential: confidential}, plan, team, s)
	})
	return id
}

// StageID returns the id of the i-th stage of a job.
func StageID(jobID string, i int) string {
	return uuid.NewSHA1(uuid.MustParse(jobID), []byte{byte(i)}).String()
}

// ChangeJob decides something about a job.
func (h *History) ChangeJob(id string, decide func(job.Job, domain.Stamp) ([]job.Event, error)) {
	h.t.Helper()
	events, err := decide(h.Jobs[id], h.Stamp(domain.System))
	h.Jobs[id] = h.Jobs[id].Fold(record(h, job.Codec, "job-"+id, events, err)...)
}

// Apply registers a person and has them apply for a job. It returns the ids of
// both.
func (h *History) Apply(jobID string, d candidate.Details) (candidateID, applicationID string) {
	h.t.Helper()
	candidateID, applicationID = h.ID(), h.ID()
	h.Register(candidateID, applicationID, d)
	h.Receive(candidateID, applicationID, jobID)
	return candidateID, applicationID
}

// Register registers a person, whose key is wrapped for an application.
func (h *History) Register(candidateID, applicationID string, d candidate.Details) {
	h.t.Helper()
	h.CandidateIDs = append(h.CandidateIDs, candidateID)
	events, err := h.Candidates[candidateID].Register(d, personal.Key{ID: candidateID, Owner: applicationID}, h.Stamp(domain.System))
	h.Candidates[candidateID] = h.Candidates[candidateID].Fold(record(h, candidate.Codec, "candidate-"+candidateID, events, err)...)
}

// Edit changes what is known of a person, by way of one of their applications.
func (h *History) Edit(applicationID string, by domain.Actor, edits candidate.Edits) {
	h.t.Helper()
	id := h.Person[applicationID]
	events, err := h.Candidates[id].Edit(h.ID(), edits, personal.Key{ID: id, Owner: applicationID}, h.Stamp(by))
	h.Candidates[id] = h.Candidates[id].Fold(record(h, candidate.Codec, "candidate-"+id, events, err)...)
}

// Merge says that the person of one application is also the person of another, or
// takes that back.
func (h *History) Merge(applicationID, other string, by domain.Actor) {
	h.t.Helper()
	into, id := h.Person[applicationID], h.Person[other]
	on := func(id string, events []candidate.Event, err error) {
		h.t.Helper()
		h.Candidates[id] = h.Candidates[id].Fold(record(h, candidate.Codec, "candidate-"+id, events, err)...)
	}
	if h.Candidates[id].Into == into {
		events, err := h.Candidates[id].Unmerge(h.Stamp(by))
		on(id, events, err)
		on(into, h.Candidates[into].Release(id, h.Stamp(by)), nil)
		return
	}
	events, err := h.Candidates[into].Absorb(id, h.Stamp(by))
	on(into, events, err)
	events, err = h.Candidates[id].MergeInto(into, h.Stamp(by))
	on(id, events, err)
}

// Know notes values of the organisation's own attributes, in JSON, by way of an
// application of the person.
func (h *History) Know(applicationID string, by domain.Actor, values candidate.CustomEdits) {
	h.t.Helper()
	id := h.Person[applicationID]
	events, err := h.Candidates[id].EditAll(h.ID(), nil, values, personal.Key{ID: id, Owner: applicationID}, h.Stamp(by))
	h.Candidates[id] = h.Candidates[id].Fold(record(h, candidate.Codec, "candidate-"+id, events, err)...)
}

// Share says whether the address of the person of an application is shared.
func (h *History) Share(applicationID string, by domain.Actor, shared bool) {
	h.t.Helper()
	id := h.Person[applicationID]
	events, err := h.Candidates[id].ShareAddress(shared, h.Stamp(by))
	h.Candidates[id] = h.Candidates[id].Fold(record(h, candidate.Codec, "candidate-"+id, events, err)...)
}

// Picture gives a person a picture, by way of one of their applications, or takes
// it away.
func (h *History) Picture(applicationID string, by domain.Actor, set bool) {
	h.t.Helper()
	id := h.Person[applicationID]
	c, s := h.Candidates[id], h.Stamp(by)
	events, err := c.RemovePicture(s)
	if set {
		events, err = c.SetPicture(h.ID(), 1, s)
	}
	h.Candidates[id] = c.Fold(record(h, candidate.Codec, "candidate-"+id, events, err)...)
}

// AskData lets the person of an application ask about their data. What they asked
// already is refused for a reason, unless that is empty, or done.
func (h *History) AskData(applicationID string, by domain.Actor, kind candidate.DataKind, reason personal.Plain) {
	h.t.Helper()
	id := h.Person[applicationID]
	c := h.Candidates[id]
	request := c.OpenDataRequest(kind)
	if request == "" {
		events, err := c.RequestData(h.ID(), kind, h.Stamp(domain.Candidate))
		h.Candidates[id] = c.Fold(record(h, candidate.Codec, "candidate-"+id, events, err)...)
		return
	}
	outcome, text := candidate.DataDone, personal.Text{}
	if reason != "" {
		outcome, text = candidate.DataRefused, personal.New(personal.Key{ID: id, Owner: applicationID}, reason)
	}
	events, err := c.AnswerDataRequest(request, outcome, text, h.Stamp(by))
	h.Candidates[id] = c.Fold(record(h, candidate.Codec, "candidate-"+id, events, err)...)
}

// Receive takes in the application of a person who may be registered before or
// after.
func (h *History) Receive(candidateID, applicationID, jobID string) {
	h.t.Helper()
	h.ApplicationIDs = append(h.ApplicationIDs, applicationID)
	h.Person[applicationID] = candidateID
	if h.Candidates[candidateID].Registered {
		if err := h.Vault.AddOwner(h.t.Context(), candidateID, applicationID); err != nil {
			h.t.Fatal(err)
		}
	}
	j := h.Jobs[jobID]
	h.On(applicationID, domain.Member(j.FirstManager()), func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.Receive(application.Arrival{
			Job: jobID, Stage: j.Stages[0].ID, Claim: h.Text(applicationID, applicationID, personal.Plain(uuid.NewSHA1(uuid.MustParse(jobID), []byte(candidateID)).String())),
			Candidate: h.Text(applicationID, applicationID, personal.Plain(candidateID)), Source: "web", Owner: j.FirstManager(),
		}, s)
	})
}

// Transfer lets an application go on for another job, with what is still to come
// of it, and returns the id it goes on as.
func (h *History) Transfer(id string, by domain.Actor, jobID string) string {
	h.t.Helper()
	next, candidateID := h.ID(), h.Person[id]
	h.ApplicationIDs = append(h.ApplicationIDs, next)
	h.Person[next] = candidateID
	if err := h.Vault.AddOwner(h.t.Context(), candidateID, next); err != nil {
		h.t.Fatal(err)
	}
	j, old := h.Jobs[jobID], h.Applications[id]
	carried := application.Carried{Tags: old.Tags, Priority: old.Priority}
	for range old.Pending(h.Now).Documents {
		carried.Documents = append(carried.Documents, application.DocumentRequested{
			Document: h.ID(), Title: h.Text(next, next, "Asked for before"), Category: access.Certificate, MaxBytes: application.MaxFileBytes, MaxFiles: 1,
		})
	}
	h.On(next, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.GoOn(application.Arrival{
			Job: jobID, Stage: j.Stages[0].ID, Claim: h.Text(next, next, personal.Plain(uuid.NewSHA1(uuid.MustParse(jobID), []byte(candidateID)).String())),
			Candidate: h.Text(next, next, personal.Plain(candidateID)), Source: "web", Owner: j.FirstManager(), From: id,
		}, carried, s)
	})
	for _, m := range slices.Sorted(maps.Keys(h.Messages)) {
		if len(h.Messages[m].GoAlong(id, h.place(next), h.Stamp(by))) == 0 {
			continue
		}
		h.giveTo(next, m)
		h.OnMessage(m, by, func(m message.Message, s domain.Stamp) ([]message.Event, error) {
			return m.GoAlong(id, h.place(next), s), nil
		})
	}
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		events, err := a.Transfer(next, jobID, true, h.Text(id, id, "fits better"), s)
		return a.WithEnds(events, time.Minute, s), err
	})
	return next
}

// Text returns a text under the key with that id, owned by an application.
func (*History) Text(key, applicationID string, text personal.Plain) personal.Text {
	return personal.New(personal.Key{ID: key, Owner: applicationID}, text)
}

// On decides something about an application.
func (h *History) On(id string, by domain.Actor, decide func(application.Application, domain.Stamp) ([]application.Event, error)) {
	h.t.Helper()
	events, err := decide(h.Applications[id], h.Stamp(by))
	h.Applications[id] = h.Applications[id].Fold(record(h, application.Codec, "application-"+id, events, err)...)
}

// Move moves an application to the i-th stage of its job.
func (h *History) Move(id string, by domain.Actor, i int, comment personal.Plain) {
	h.t.Helper()
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.Move("", StageID(a.Job, i), h.Text(id, id, comment), s)
	})
}

// Disqualify ends an application; a rejection is disclosed a day later.
func (h *History) Disqualify(id string, by domain.Actor, kind application.Outcome, reason string, note personal.Plain) {
	h.t.Helper()
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		events, err := a.Disqualify(kind, reason, h.Organization.Reasons[reason].Kind, h.Text(id, id, note), h.Organization.Settings.DiscloseAfter, s)
		return a.WithEnds(events, time.Minute, s), err
	})
}

// DisqualifyBy rejects an application; a message that is to leave two days later
// tells of it.
func (h *History) DisqualifyBy(id string, by domain.Actor, reason string, note personal.Plain, message string) {
	h.t.Helper()
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		delay := h.Organization.Settings.DiscloseAfter
		events, err := a.Disqualify(application.Rejected, reason, h.Organization.Reasons[reason].Kind, h.Text(id, id, note), delay, s)
		return a.WithEnds(application.TellBy(events, message, s.At.AddDate(0, 0, 2), delay), time.Minute, s), err
	})
}

// Note adds a note and returns its id.
func (h *History) Note(id string, by domain.Actor, text personal.Plain, visible bool) string {
	h.t.Helper()
	note := h.ID()
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.AddNote(note, h.Text(note, id, text), visible, s)
	})
	return note
}

// Comment adds a comment and returns its id.
func (h *History) Comment(id string, by domain.Actor, text personal.Plain, mentions ...string) string {
	h.t.Helper()
	comment := h.ID()
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.AddComment(comment, h.Text(comment, id, text), mentions, s)
	})
	return comment
}

// Request asks for a document and returns its id.
func (h *History) Request(id string, by domain.Actor, title personal.Plain, category access.Category) string {
	h.t.Helper()
	document := h.ID()
	due := h.Now.AddDate(0, 0, 7)
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.RequestDocument(document, application.Request{Title: h.Text(id, id, title), Category: category, DueAt: &due}, true, s)
	})
	return document
}

// Upload uploads a version of a document, or of a new one if document is "". It
// returns the ids of the document and of the file.
func (h *History) Upload(id string, by domain.Actor, document string, category access.Category, name personal.Plain) (string, string) {
	h.t.Helper()
	if document == "" {
		document = h.ID()
	}
	file := h.ID()
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.Upload(document, category, []application.File{{ID: file, Name: h.Text(file, id, name), Size: 1000, Type: "application/pdf"}}, s)
	})
	return document, file
}

// UploadHeld is Upload of a file that the malware scanner did not look at.
func (h *History) UploadHeld(id string, by domain.Actor, document string, category access.Category, name personal.Plain) (string, string) {
	h.t.Helper()
	if document == "" {
		document = h.ID()
	}
	file := h.ID()
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		events, err := a.Upload(document, category, []application.File{{ID: file, Name: h.Text(file, id, name), Size: 1000, Type: "application/pdf"}}, s)
		return application.Holding(events, file), err
	})
	return document, file
}

// Scan says what a file that is held is infected with.
func (h *History) Scan(id, file, infection string) {
	h.t.Helper()
	h.On(id, domain.System, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.ScanFile(file, infection, s)
	})
}

// Attach puts a file to a note or a comment.
func (h *History) Attach(id string, by domain.Actor, to application.Remark, name personal.Plain) {
	h.t.Helper()
	document, file := h.ID(), h.ID()
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.Attach(to, document, access.CV, []application.File{{ID: file, Name: h.Text(file, id, name), Size: 1000, Type: "application/pdf"}}, s)
	})
}

// attached are the keys of the files of a note or a comment.
func (h *History) attached(id string, of application.Remark) []string {
	var keys []string
	documents := h.Applications[id].Documents
	for _, document := range sortedKeys(documents) {
		if d := documents[document]; d.Of == of {
			keys = append(keys, d.Files...)
		}
	}
	return keys
}

// Review approves or rejects the newest version of a document.
func (h *History) Review(id string, by domain.Actor, document string, approve bool, reason personal.Plain) {
	h.t.Helper()
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		version := a.Documents[document].Versions
		if approve {
			return a.ApproveDocument(document, version, h.Text(id, id, reason), s)
		}
		return a.RejectDocument(document, version, h.Text(id, id, reason), s)
	})
}

// Grant gives a member a role on an application by hand, and returns the
// grant's id.
func (h *History) Grant(id string, by domain.Actor, memberID, role string, until *time.Time) string {
	h.t.Helper()
	grant := h.ID()
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.GrantAccess(grant, memberID, role, until, s)
	})
	return grant
}

// DeleteVersion destroys the keys of the files of a version, and records it.
func (h *History) DeleteVersion(id string, by domain.Actor, document string, version int, files ...string) {
	h.t.Helper()
	h.erase(vault.Erasure{Kind: "version", Subject: document, Keys: files}, id, by, func() {
		h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.DeleteVersion(document, version, s)
		})
	})
}

// DeleteNote destroys the keys of a note and its files, and records it.
func (h *History) DeleteNote(id string, by domain.Actor, note string) {
	h.t.Helper()
	h.erase(vault.Erasure{Kind: "note", Subject: note, Keys: append(h.attached(id, application.Remark{Note: note}), note)}, id, by, func() {
		h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.DeleteNote(note, true, s)
		})
	})
}

// DeleteComment destroys the keys of a comment and its files, and records it.
func (h *History) DeleteComment(id string, by domain.Actor, comment string) {
	h.t.Helper()
	h.erase(vault.Erasure{Kind: "comment", Subject: comment, Keys: append(h.attached(id, application.Remark{Comment: comment}), comment)}, id, by, func() {
		h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.DeleteComment(comment, true, s)
		})
	})
}

// Anonymise destroys what an application owns, and records it, also of the
// person if it was their last application. What it goes on from follows.
func (h *History) Anonymise(id string, by domain.Actor) {
	h.t.Helper()
	from := h.Applications[id].From
	h.erase(vault.Erasure{Kind: "application", Subject: id, Owner: id}, id, by, func() {
		h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			events, err := a.Anonymise(s)
			return application.Keeping(events, h.kept()), err
		})
	})
	if from != "" {
		h.Anonymise(from, by)
	}
}

// kept is what an anonymised application keeps: something of every attribute.
func (h *History) kept() (kept []application.KeptValue) {
	for _, id := range h.Organization.AttributeOrder {
		if choices := h.Organization.Attributes[id].Choices; len(choices) > 0 {
			kept = append(kept, application.KeptValue{Attribute: id, Choices: []string{choices[0].ID}})
		}
	}
	return kept
}

// Delete erases what an application owns, and takes it out of everything that is
// read. What it goes on from follows.
func (h *History) Delete(id string, by domain.Actor) {
	h.t.Helper()
	from := h.Applications[id].From
	h.erase(vault.Erasure{Kind: "deletion", Subject: id, Owner: id}, id, by, func() {
		h.On(id, by, application.Application.Delete)
	})
	if from != "" {
		h.Delete(from, by)
	}
}

func (h *History) erase(e vault.Erasure, id string, by domain.Actor, say func()) {
	h.t.Helper()
	e.ID, e.Stream, e.Actor, e.CommandID, e.At = uuid.MustParse(h.ID()), "application-"+id, string(by), uuid.New(), h.Now
	gone, err := h.Vault.Erase(h.t.Context(), e)
	if err != nil {
		h.t.Fatal(err)
	}
	say()
	for _, key := range gone.Keys {
		if c := h.Candidates[key]; c.Registered {
			events := record(h, candidate.Codec, "candidate-"+key, c.Anonymise(h.Stamp(domain.System)), nil)
			h.Candidates[key] = c.Fold(events...)
		}
	}
	record(h, erasure.Codec, "erasure-"+e.ID.String(), erasure.Erasure{}.Record(e.Kind, gone.Keys, h.Stamp(domain.System)), nil)
	if err := h.Vault.Announce(h.t.Context(), e.ID); err != nil {
		h.t.Fatal(err)
	}
}

// Erasure returns the erasure of all that an application owns.
func Erasure(applicationID string) vault.Erasure {
	return vault.Erasure{ID: uuid.New(), Kind: "application", Subject: applicationID, Stream: "application-" + applicationID, Actor: "system", CommandID: uuid.New(), Owner: applicationID}
}
