package projections

import (
	"context"

	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/readmodels"
)

// dataRequests keeps what candidates asked about their data, and the answers.
type dataRequests struct {
	requests *Rows[readmodels.DataRequestRow]
}

func newDataRequests() *dataRequests {
	return &dataRequests{requests: NewRows(readmodels.DataRequests())}
}

// Name implements Model.
func (*dataRequests) Name() string { return "data_requests" }

// Tables implements Model.
func (m *dataRequests) Tables() []AnyTable { return []AnyTable{m.requests} }

// Need implements Model.
func (m *dataRequests) Need(f Fact) {
	body, ok := f.Body.(candidate.Event)
	if !ok {
		return
	}
	switch e := body.(type) {
	case candidate.DataRequestAnswered:
		m.requests.Need(e.Request)
	case candidate.Anonymised:
		m.requests.NeedBy("candidate_id", f.Aggregate)
	case candidate.DataRequested:
		// A new row.
	case candidate.Registered, candidate.AttributesChanged, candidate.AddressShared, candidate.Absorbed, candidate.Released, candidate.Merged, candidate.Unmerged,
		candidate.PictureSet, candidate.PictureRemoved:
		// The list keeps what is known of a person.
	}
}

// Apply implements Model.
func (m *dataRequests) Apply(_ context.Context, f Fact) error {
	body, ok := f.Body.(candidate.Event)
	if !ok {
		return nil
	}
	switch e := body.(type) {
	case candidate.DataRequested:
		m.requests.Put(readmodels.DataRequestRow{ID: e.Request, Candidate: f.Aggregate, Kind: e.Kind, State: readmodels.DataRequestOpen, AskedAt: e.At})
	case candidate.DataRequestAnswered:
		if r, ok := m.requests.Get(e.Request); ok {
			r.State, r.AnsweredAt, r.Reason = readmodels.DataRequestDone, when(f), nil
			if e.Outcome == candidate.DataRefused {
				r.State, r.Reason = readmodels.DataRequestRefused, e.Reason.Bytes()
			}
			m.requests.Put(r)
		}
	case candidate.Anonymised:
		m.requests.Each("candidate_id", f.Aggregate, func(r readmodels.DataRequestRow) (readmodels.DataRequestRow, bool) {
			if r.State == readmodels.DataRequestOpen {
				r.AnsweredAt, r.State = when(f), readmodels.DataRequestMoot
				if r.Kind == candidate.DataErasure {
					r.State = readmodels.DataRequestDone
				}
			}
			r.Reason = nil
			return r, true
		})
	case candidate.Registered, candidate.AttributesChanged, candidate.AddressShared, candidate.Absorbed, candidate.Released, candidate.Merged, candidate.Unmerged,
		candidate.PictureSet, candidate.PictureRemoved:
		// The list keeps what is known of a person.
	}
	return nil
}
