package candidate

import (
	"maps"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// DataRequestDays is how many days there are to answer what a person asks about
// their data.
const DataRequestDays = 30

// DataKind says what a person asks for. The names are stored for ever.
type DataKind string

// The kinds of requests.
const (
	DataExport  DataKind = "export"  // a copy of what is known of them
	DataErasure DataKind = "erasure" // that it is erased
)

// DataOutcome says how a request was answered. The names are stored for ever.
type DataOutcome string

// The outcomes.
const (
	DataDone    DataOutcome = "done"
	DataRefused DataOutcome = "refused"
)

// DataRequest is what a person asks about their data.
type DataRequest struct {
	Kind    DataKind
	Outcome DataOutcome // "" = nobody answered
}

// The rules that refuse.
var (
	ErrUnknownDataRequest  = &domain.Refusal{Kind: domain.Absent, Code: "unknown_data_request", Message: "There is no such request of the candidate."}
	ErrDataRequestAnswered = &domain.Refusal{Kind: domain.Illegal, Code: "data_request_answered", Message: "The request was answered in another way already; the candidate can ask again."}
)

// DataRequested records that the person asked for a copy of their data, or for its
// erasure. It names no application: once it is anonymised nobody is to find out
// whose it was.
type DataRequested struct {
	domain.Stamp
	Request string   `json:"request"`
	Kind    DataKind `json:"kind"`
}

// EventName implements domain.Fact.
func (DataRequested) EventName() string { return "candidate.data_requested.v1" }

func (e DataRequested) evolve(c Candidate) Candidate {
	return c.withDataRequest(e.Request, DataRequest{Kind: e.Kind})
}

// DataRequestAnswered records what became of a request. The reason is for the
// person to read.
type DataRequestAnswered struct {
	domain.Stamp
	Request string        `json:"request"`
	Outcome DataOutcome   `json:"outcome"`
	Reason  personal.Text `json:"reason,omitzero"` // of a refusal
}

// EventName implements domain.Fact.
func (DataRequestAnswered) EventName() string { return "candidate.data_request_answered.v1" }

func (e DataRequestAnswered) evolve(c Candidate) Candidate {
	r := c.DataRequests[e.Request]
	r.Outcome = e.Outcome
	return c.withDataRequest(e.Request, r)
}

func (c Candidate) withDataRequest(id string, r DataRequest) Candidate {
	all := maps.Clone(c.DataRequests)
	if all == nil {
		all = map[string]DataRequest{}
	}
	all[id], c.DataRequests = r, all
	return c
}

// OpenDataRequest returns the request of a kind that nobody answered, "" if there
// is none.
func (c Candidate) OpenDataRequest(kind DataKind) string {
	for id, r := range c.DataRequests { // there is one at most
		if r.Kind == kind && r.Outcome == "" {
			return id
		}
	}
	return ""
}

// RequestData asks for a copy of the person's data or for its erasure. While a
// request of the kind is open, asking is no event.
// Errors: ErrUnknown, ErrAnonymised, domain.ErrInvalid.
func (c Candidate) RequestData(id string, kind DataKind, s domain.Stamp) ([]Event, error) {
	if err := c.exists(); err != nil {
		return nil, err
	}
	switch _, known := c.DataRequests[id]; {
	case kind != DataExport && kind != DataErasure:
		return nil, domain.ErrInvalid.Because("A candidate asks for export or erasure.")
	case known || c.OpenDataRequest(kind) != "":
		return nil, nil
	}
	return []Event{DataRequested{Stamp: s, Request: id, Kind: kind}}, nil
}

// AnswerDataRequest says what became of a request; who refuses says why. The same
// answer again is no event. An erasure that is asked for is also answered by
// Anonymised. Errors: ErrUnknown, ErrAnonymised, ErrUnknownDataRequest,
// ErrDataRequestAnswered, domain.ErrInvalid.
func (c Candidate) AnswerDataRequest(id string, outcome DataOutcome, reason personal.Text, s domain.Stamp) ([]Event, error) {
	if err := c.exists(); err != nil {
		return nil, err
	}
	switch r, known := c.DataRequests[id]; {
	case !known:
		return nil, ErrUnknownDataRequest
	case outcome != DataDone && outcome != DataRefused:
		return nil, domain.ErrInvalid.Because("A request is done or refused.")
	case (outcome == DataRefused) == reason.IsZero():
		return nil, domain.ErrInvalid.Because("Who refuses a request says why, and nobody else does.")
	case r.Outcome == outcome:
		return nil, nil
	case r.Outcome != "":
		return nil, ErrDataRequestAnswered
	}
	return []Event{DataRequestAnswered{Stamp: s, Request: id, Outcome: outcome, Reason: reason}}, nil
}
