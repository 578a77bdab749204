package historytest

import (
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/personal"
)

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
