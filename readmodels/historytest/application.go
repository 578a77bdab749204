package historytest

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/erasure"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

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
