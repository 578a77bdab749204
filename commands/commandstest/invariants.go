package commandstest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/claim"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/domain/erasure"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/domain/view"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// State is everything the log says, folded.
type State struct {
	Applications map[string]application.Application
	Candidates   map[string]candidate.Candidate
	Claims       map[string]claim.Claim
	Employees    map[string]employee.Employee
	Erasures     map[string]erasure.Recorded
	Members      map[string]member.Member
	Messages     map[string]message.Message
	Erased       map[string]int // facts of erasures, by what they are about
}

// Live returns the ids of the live applications, sorted.
func (s State) Live() []string {
	var live []string
	for _, id := range slices.Sorted(maps.Keys(s.Applications)) {
		if s.Applications[id].Live() {
			live = append(live, id)
		}
	}
	return live
}

// State folds the log.
func (c *Company) State(t *testing.T) State {
	t.Helper()
	s := State{
		Applications: map[string]application.Application{}, Candidates: map[string]candidate.Candidate{},
		Claims: map[string]claim.Claim{}, Employees: map[string]employee.Employee{}, Erasures: map[string]erasure.Recorded{}, Members: map[string]member.Member{}, Messages: map[string]message.Message{}, Erased: map[string]int{},
	}
	for rec, err := range c.Memory.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err == nil {
			err = s.fold(rec)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s State) fold(rec eventlog.Event) error {
	fact, err := decoded(rec)
	if err != nil {
		return err
	}
	_, id := eventlog.SplitStream(rec.Stream)
	switch e := fact.(type) {
	case application.Event:
		s.Applications[id] = s.Applications[id].Fold(e)
		switch e := e.(type) { //nolint:gochecksumtype // only what is erased
		case application.Anonymised:
			s.Erased[id]++
		case application.NoteDeleted:
			s.Erased[e.Note]++
		case application.CommentDeleted:
			s.Erased[e.Comment]++
		}
	case candidate.Event:
		s.Candidates[id] = s.Candidates[id].Fold(e)
		if _, gone := e.(candidate.Anonymised); gone {
			s.Erased[id]++
		}
	case claim.Event:
		s.Claims[id] = s.Claims[id].Fold(e)
	case employee.Event:
		s.Employees[id] = s.Employees[id].Fold(e)
	case member.Event:
		s.Members[id] = s.Members[id].Fold(e)
	case message.Event:
		s.Messages[id] = s.Messages[id].Fold(e)
	case erasure.Recorded:
		if _, twice := s.Erasures[id]; twice {
			return fmt.Errorf("erasure %s was recorded twice", id)
		}
		s.Erasures[id] = e
	}
	return nil
}

// decoded returns the fact in rec.
func decoded(rec eventlog.Event) (domain.Fact, error) {
	switch rec.Category() {
	case "application":
		return application.Codec.Decode(rec.Type, rec.Data)
	case "bulk":
		return bulk.Codec.Decode(rec.Type, rec.Data)
	case "view":
		return view.Codec.Decode(rec.Type, rec.Data)
	case "candidate":
		return candidate.Codec.Decode(rec.Type, rec.Data)
	case "claim":
		return claim.Codec.Decode(rec.Type, rec.Data)
	case "employee":
		return employee.Codec.Decode(rec.Type, rec.Data)
	case "erasure":
		return erasure.Codec.Decode(rec.Type, rec.Data)
	case "job":
		return job.Codec.Decode(rec.Type, rec.Data)
	case "message":
		return message.Codec.Decode(rec.Type, rec.Data)
	case "notice":
		return notice.Codec.Decode(rec.Type, rec.Data)
	case "member":
		return member.Codec.Decode(rec.Type, rec.Data)
	case "organization":
		return organization.Codec.Decode(rec.Type, rec.Data)
	}
	return nil, fmt.Errorf("stream %s of an unknown category", rec.Stream)
}

// Check checks what holds at every moment, whatever crashed: time never goes
// back within a stream, the ids of events follow from their commands, a person
// has at most one live application for a job, and nothing is erased twice.
func (c *Company) Check(t *testing.T) {
	t.Helper()
	c.checkEvents(t)
	s := c.State(t)
	type want struct{ job, person string }
	live := map[want]string{}
	for _, id := range s.Live() {
		a := s.Applications[id]
		person := c.reveal(t, a.Candidate)
		of := want{a.Job, s.Candidates[person].Person(person)}
		if other := live[of]; other != "" {
			t.Errorf("applications %s and %s of one person for one job are live", other, id)
		}
		live[of] = id
	}
	for what, n := range s.Erased {
		if n > 1 {
			t.Errorf("%s was erased %d times", what, n)
		}
	}
}

func (c *Company) checkEvents(t *testing.T) {
	t.Helper()
	last := map[string]time.Time{}
	type command struct {
		id     uuid.UUID
		stream string
	}
	written := map[command]int{}
	for rec, err := range c.Memory.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		fact, err := decoded(rec)
		if err != nil {
			t.Fatal(err)
		}
		meta, err := rec.Meta()
		if err != nil {
			t.Fatal(err)
		}
		if fact.When().Before(last[rec.Stream]) {
			t.Errorf("%s at %d: %v is before %v", rec.Stream, rec.Revision, fact.When(), last[rec.Stream])
		}
		last[rec.Stream] = fact.When()
		by := command{meta.CommandID, rec.Stream}
		if want := uuid.NewSHA1(by.id, fmt.Appendf(nil, "%s/%d", rec.Stream, written[by])); rec.ID != want {
			t.Errorf("%s at %d: event id %s, want %s: a command wrote twice", rec.Stream, rec.Revision, rec.ID, want)
		}
		written[by]++
	}
}

// checkClaims checks that each claim is of who the facts say: a live application
// holds that of its candidate for its job and that of whom they are merged into,
// and nobody holds another one, but for what goes on from an application.
func (c *Company) checkClaims(t *testing.T, s State) {
	t.Helper()
	claims := func(id string) (live, all []string) {
		a := s.Applications[id]
		person := c.reveal(t, a.Candidate)
		live = []string{c.Vault.DeriveID("live_application", a.Job, person).String()}
		if into := s.Candidates[person].Into; into != "" {
			live = append(live, c.Vault.DeriveID("live_application", a.Job, into).String())
		}
		return live, append(slices.Clone(live), c.Vault.DeriveID("transfer", a.From).String())
	}
	for _, id := range s.Live() {
		live, _ := claims(id)
		for _, claimed := range live {
			if holder := c.reveal(t, s.Claims[claimed].Holder); holder != id {
				t.Errorf("application %s is live and a claim of its person for the job is held by %q", id, holder)
			}
		}
	}
	for claimed, cl := range s.Claims {
		holder := c.reveal(t, cl.Holder)
		if holder == "" {
			continue
		}
		if _, all := claims(holder); !slices.Contains(all, claimed) {
			t.Errorf("application %s holds claim %s, which is not of its person", holder, claimed)
		}
	}
}

// CheckFinished checks, beside what Check does, that nothing is left of what
// crashed: when FinishErasures, FinishArrivals and FinishMerges have run.
func (c *Company) CheckFinished(t *testing.T) {
	t.Helper()
	c.Check(t)
	s := c.State(t)
	if n := len(c.rows(t, `SELECT application_id::text, '' FROM ops.arrivals`)); n > 0 {
		t.Errorf("%d arrivals are left", n)
	}
	if n := len(c.rows(t, `SELECT command_id::text, '' FROM ops.merges`)); n > 0 {
		t.Errorf("%d merges are left", n)
	}
	c.checkClaims(t, s)
	if left, err := c.Vault.Unannounced(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("erasures that are not announced: %v, %v", left, err)
	}
	keys := map[string]bool{}
	for _, row := range c.rows(t, `SELECT key_id::text, owner::text FROM vault.keys`) {
		key, owner := row[0], row[1]
		keys[key] = true
		e := s.Employees[owner]
		if m := s.Messages[owner]; m.Direction == message.Inbound && m.Application == "" {
			continue // it belongs to nobody yet
		}
		if a := s.Applications[owner]; !s.Members[owner].Exists && (a.Outcome == "" || a.Anonymised) && (!e.Created || e.Ended) {
			t.Errorf("key %s is wrapped for %s, which is no application (%+v) and no employee", key, owner, a.Outcome)
		}
	}
	for id, p := range s.Candidates {
		if p.Registered && keys[id] == p.Anonymised {
			t.Errorf("candidate %s: anonymised %v, but key there %v", id, p.Anonymised, keys[id])
		}
	}
	for id, a := range s.Applications {
		if a.Outcome != "" && keys[id] == a.Anonymised {
			t.Errorf("application %s: anonymised %v, but key there %v", id, a.Anonymised, keys[id])
		}
		for note, n := range a.Notes.All() {
			if keys[note] == n.Deleted {
				t.Errorf("note %s: deleted %v, but key there %v", note, n.Deleted, keys[note])
			}
		}
	}
	for id, a := range s.Applications {
		if from := s.Applications[a.From]; a.From != "" && (a.Anonymised != from.Anonymised || a.Deleted != from.Deleted) {
			t.Errorf("of application %s and %s, which it goes on from, one is erased", id, a.From)
		}
		for comment, n := range a.Comments.All() {
			if keys[comment] == n.Deleted {
				t.Errorf("comment %s: deleted %v, but key there %v", comment, n.Deleted, keys[comment])
			}
		}
	}
	for _, row := range c.rows(t, `SELECT candidate_id::text, '' FROM vault.emails WHERE candidate_id IS NOT NULL`) {
		if !keys[row[0]] {
			t.Errorf("an address is of %s, whose key is gone", row[0])
		}
	}
	unclaimed, anonymised := 0, 0 // claims whose holder is erased
	for id, cl := range s.Claims {
		holder := c.reveal(t, cl.Holder)
		if a := s.Applications[holder]; holder != "" && a.Outcome == "" {
			t.Errorf("claim %s is held by %s, which was never received", id, holder)
		}
		if holder == "" && !cl.Holder.IsZero() {
			unclaimed++
		}
	}
	for _, a := range s.Applications {
		if a.Anonymised {
			anonymised++
		}
	}
	if unclaimed > anonymised {
		t.Errorf("%d claims are held by applications that were undone", unclaimed-anonymised)
	}
	for _, row := range c.rows(t, `SELECT e.id::text, t.key_id::text FROM vault.erasures e JOIN vault.tombstones t ON t.erasure_id = e.id`) {
		if recorded := s.Erasures[row[0]]; !slices.Contains(recorded.Keys, row[1]) {
			t.Errorf("erasure %s destroyed %s, but recorded %v", row[0], row[1], recorded.Keys)
		}
	}
}

// reveal opens a sealed reference: "" if it is absent or erased.
func (c *Company) reveal(t *testing.T, ref personal.Text) string {
	t.Helper()
	if ref.IsZero() {
		return ""
	}
	opened, err := c.Vault.Open(t.Context(), ref.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return string(opened[0].Text)
}

// rows returns what a query of two texts gives.
func (c *Company) rows(t *testing.T, query string) [][2]string {
	t.Helper()
	found, err := c.Pool.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := pgx.CollectRows(found, func(row pgx.CollectableRow) (r [2]string, err error) {
		err = row.Scan(&r[0], &r[1])
		return r, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
