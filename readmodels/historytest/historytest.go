// Package historytest makes histories for tests of read models: on a log in
// memory, by the domain's own decisions, sealed by a real vault.
package historytest

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/domain/organization"
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
	notices   map[string]notice.Notices
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
		bulks: map[string]bulk.Bulk{}, notices: map[string]notice.Notices{}, views: map[string]view.View{},
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
