package projections_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/claim"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/readmodels"
)

// Watermill's suite leaves goroutines of its own behind, blocked on channels
// nobody reads.
func TestMain(m *testing.M) {
	const multiplier = "github.com/ThreeDotsLabs/watermill/internal/subscriber.(*multiplier).Subscribe"
	os.Exit(postgrestest.Main(m, goleak.IgnoreAnyFunction(multiplier+".func2"), goleak.IgnoreAnyFunction(multiplier+".func3")))
}

// The toy model shows claims: who holds each, and how often each holder took
// one. An event applied twice, left out or applied out of order shows in the
// revisions and counts.

type claimRow struct {
	ID        string
	Holder    string
	Taken     int64
	Revisions []int64
	At        time.Time
	Free      *time.Time
	Note      []byte
}

type tallyRow struct {
	Holder string
	Taken  int64
	Claims []string
}

func claimsTable() readmodels.Table[claimRow] {
	return readmodels.Table[claimRow]{
		Name: "claims",
		Key:  func(r *claimRow) *string { return &r.ID },
		Columns: []readmodels.Column[claimRow]{
			readmodels.Col("id", "uuid", func(r *claimRow) *string { return &r.ID }),
			readmodels.Col("holder", "text", func(r *claimRow) *string { return &r.Holder }),
			readmodels.Col("taken", "bigint", func(r *claimRow) *int64 { return &r.Taken }),
			readmodels.ArrayCol("revisions", "bigint[]", func(r *claimRow) *[]int64 { return &r.Revisions }),
			readmodels.Col("at", "timestamptz", func(r *claimRow) *time.Time { return &r.At }),
			readmodels.Col("free", "timestamptz", func(r *claimRow) **time.Time { return &r.Free }),
			readmodels.Col("note", "bytea", func(r *claimRow) *[]byte { return &r.Note }),
		},
		Indexes: []string{"CREATE INDEX {name}_holder ON {table} (holder)"},
		By:      map[string]func(*claimRow) *string{"holder": func(r *claimRow) *string { return &r.Holder }},
	}
}

func talliesTable() readmodels.Table[tallyRow] {
	return readmodels.Table[tallyRow]{
		Name: "tallies",
		Key:  func(r *tallyRow) *string { return &r.Holder },
		Columns: []readmodels.Column[tallyRow]{
			readmodels.Col("holder", "text", func(r *tallyRow) *string { return &r.Holder }),
			readmodels.Col("taken", "bigint", func(r *tallyRow) *int64 { return &r.Taken }),
			readmodels.ArrayCol("claims", "uuid[]", func(r *tallyRow) *[]string { return &r.Claims }),
		},
	}
}

type toy struct {
	claims  *projections.Rows[claimRow]
	tallies *projections.Rows[tallyRow]
	broken  *atomic.Bool // "wait" is not available while true
}

func newToy() *toy {
	return &toy{
		claims: projections.NewRows(claimsTable()), tallies: projections.NewRows(talliesTable()), broken: &atomic.Bool{},
	}
}

func toyGroup() projections.Group {
	return projections.Group{Name: "toy", Models: []projections.Model{newToy()}}
}

func (m *toy) Name() string { return "toy" }

func (m *toy) Tables() []projections.AnyTable { return []projections.AnyTable{m.claims, m.tallies} }

func (m *toy) Need(f projections.Fact) {
	switch e := f.Body.(type) {
	case claim.Taken:
		m.claims.Need(f.Aggregate)
		m.tallies.Need(holderOf(e))
		if holderOf(e) == celebrate {
			m.claims.NeedBy("holder", celebrate)
		}
	case claim.Released:
		m.claims.Need(f.Aggregate)
	}
}

// What the holder's name makes the toy do.
const (
	poison    = "poison"
	panics    = "panics"
	tooWide   = "nul\x00inside" // text Postgres does not store
	waits     = "waits"
	forgets   = "forgets" // reads a row it did not need
	deletes   = "deletes"
	celebrate = "celebrate" // marks all claims of that holder
)

var errPoison = errors.New("it is poison")

func (m *toy) Apply(_ context.Context, f projections.Fact) error {
	switch e := f.Body.(type) {
	case claim.Taken:
		switch holderOf(e) {
		case poison:
			return errPoison
		case panics:
			panic("secret of " + f.Aggregate)
		case waits:
			if m.broken.Load() {
				return fmt.Errorf("somebody is away: %w", projections.ErrTransient)
			}
		case forgets:
			m.claims.Get(uuid.NewString())
		case deletes:
			m.claims.Delete(f.Aggregate)
			return nil
		}
		m.taken(f, e)
		if holderOf(e) == celebrate {
			m.claims.Each("holder", celebrate, func(r claimRow) (claimRow, bool) {
				r.Note = append([]byte("hurray "), r.Note...)
				return r, true
			})
		}
	case claim.Released:
		if row, ok := m.claims.Get(f.Aggregate); ok {
			at := e.At
			row.Holder, row.Free = "", &at
			row.Revisions = append(row.Revisions[:len(row.Revisions):len(row.Revisions)], int64(f.Revision))
			m.claims.Put(row)
		}
	}
	return nil
}

func (m *toy) taken(f projections.Fact, e claim.Taken) {
	row, _ := m.claims.Get(f.Aggregate)
	row.ID, row.Holder, row.At, row.Free = f.Aggregate, holderOf(e), e.At, nil
	row.Taken++
	row.Revisions = append(row.Revisions[:len(row.Revisions):len(row.Revisions)], int64(f.Revision))
	m.claims.Put(row)
	tally, _ := m.tallies.Get(holderOf(e))
	tally.Holder = holderOf(e)
	tally.Taken++
	tally.Claims = append(tally.Claims[:len(tally.Claims):len(tally.Claims)], f.Aggregate)
	m.tallies.Put(tally)
}

// stamp is an instant with more digits than Postgres keeps.
func stamp(n int) domain.Stamp {
	return domain.Stamp{At: time.Date(2026, 1, 2, 3, 4, n, 123456789, time.UTC), By: domain.System}
}

func taken(n int, holder string) domain.Fact {
	return claim.Taken{Stamp: stamp(n), Holder: personal.Sealed([]byte(holder))}
}

// holderOf returns what taken was given; the toy's holders are not sealed.
func holderOf(e claim.Taken) string { return string(e.Holder.Bytes()) }

func released(n int) domain.Fact { return claim.Released{Stamp: stamp(n)} }

// claimStream is the stream of the n-th claim.
func claimStream(n int) string { return "claim-" + claimID(n) }

func claimID(n int) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "claim %d", n)).String()
}
