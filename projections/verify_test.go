package projections_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain/claim"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
)

func TestVerifyFindsWhatSomebodyChanged(t *testing.T) {
	t.Parallel()
	log, pool := &eventlog.Memory{}, postgrestest.New(t)
	for n := range 6 {
		projectionstest.Append(t, log, claimStream(n), taken(n, "ann"))
	}
	clean(t, pool, log)
	verify := func() (projections.Comparison, error) {
		r, err := projections.Verify(t.Context(), pool, log, []projections.Group{toyGroup()}, projections.RebuildOptions{Samples: 2})
		if len(r.Groups) != 1 {
			t.Fatalf("report %+v, %v", r, err)
		}
		if got := schemas(t, pool); got != "rm_toy_1" {
			t.Errorf("schemas are %s, want the live one alone", got)
		}
		return r.Groups[0].Comparison, err
	}
	if c, err := verify(); err != nil || c.Different() || c.Tables[0].Rows != 6 || c.Tables[0].LiveRows != 6 {
		t.Fatalf("untouched tables: %+v, %v", c, err)
	}
	for _, tt := range []struct {
		name, sql string
		want      projections.TableComparison
	}{
		{
			"a row is changed", fmt.Sprintf("UPDATE rm_toy_1.claims SET holder = 'somebody', taken = 7 WHERE id = '%s'", claimID(1)),
			projections.TableComparison{Table: "claims", Rows: 6, LiveRows: 6, Different: 1, Samples: []projections.RowDifference{{Key: claimID(1), Columns: []string{"holder", "taken"}}}},
		},
		{
			"and a row is missing", fmt.Sprintf("DELETE FROM rm_toy_1.claims WHERE id IN ('%s', '%s')", claimID(1), claimID(2)),
			projections.TableComparison{Table: "claims", Rows: 6, LiveRows: 4, Different: 2, Samples: []projections.RowDifference{
				{Key: min(claimID(1), claimID(2)), Missing: true}, {Key: max(claimID(1), claimID(2)), Missing: true},
			}},
		},
	} {
		if _, err := pool.Exec(t.Context(), tt.sql); err != nil {
			t.Fatal(err)
		}
		c, err := verify()
		if !errors.Is(err, projections.ErrDiffers) || !reflect.DeepEqual(c.Tables[0], tt.want) || c.Tables[1].Different != 0 {
			t.Errorf("%s: %+v, %v, want %+v", tt.name, c.Tables, err, tt.want)
		}
	}
	extra := claimID(77)
	if _, err := pool.Exec(t.Context(), "INSERT INTO rm_toy_1.claims VALUES ($1, 'x', 1, '{}', now(), NULL, NULL)", extra); err != nil {
		t.Fatal(err)
	}
	c, err := verify()
	if !errors.Is(err, projections.ErrDiffers) || c.Tables[0].Different != 3 || len(c.Tables[0].Samples) != 2 {
		t.Errorf("an extra row: %+v, %v, want three differences and two samples", c.Tables, err)
	}
	// A rebuild does not switch by itself, and leaves nothing.
	_, err = projections.Rebuild(t.Context(), pool, log, []projections.Group{toyGroup()}, projections.RebuildOptions{})
	if !errors.Is(err, projections.ErrDiffers) || schemas(t, pool) != "rm_toy_1" {
		t.Errorf("Rebuild = %v, schemas %s, want ErrDiffers and the live one alone", err, schemas(t, pool))
	}
	r := rebuild(t, pool, log, projections.RebuildOptions{Force: true})
	if !r.Switched || !r.Comparison.Different() {
		t.Errorf("forced: %+v, want a switch in spite of differences", r)
	}
	if c, err := func() (projections.Report, error) {
		return projections.Verify(t.Context(), pool, log, []projections.Group{toyGroup()}, projections.RebuildOptions{})
	}(); err != nil || c.Groups[0].Comparison.Against != r.Generation {
		t.Errorf("after the cure: %+v, %v", c, err)
	}
}

func TestVerifyWhileTheLogGrows(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 40, 140), postgrestest.New(t)
	start(t, pool, log, toyGroup(), quick())
	atEnd(t, pool, log)
	n := 0
	_, err := projections.Verify(t.Context(), pool, log, []projections.Group{toyGroup()}, projections.RebuildOptions{}.At(func(string) {
		n++
		projectionstest.Append(t, log, claimStream(n), taken(n, "ann"), taken(n, celebrate), released(n))
		atEnd(t, pool, log)
	}))
	if err != nil || n < 4 {
		t.Errorf("Verify = %v after %d appends", err, n)
	}
}

// A live generation that is stopped is replaced by a build that can apply what
// stopped it; one that cannot changes nothing.
func TestRebuildCuresAStoppedGroup(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 20, 141), postgrestest.New(t)
	start(t, pool, log, toyGroup(), quick())
	atEnd(t, pool, log)
	projectionstest.Append(t, log, claimStream(1), taken(1, poison), taken(2, "ann"))
	eventually(t, func() bool { return status(t, pool, log).Stopped != nil }, func() any { return status(t, pool, log) })
	_, err := projections.Rebuild(t.Context(), pool, log, []projections.Group{toyGroup()}, projections.RebuildOptions{})
	var bad *projections.InapplicableError
	if !errors.Is(err, projections.ErrInapplicable) || !errors.As(err, &bad) || bad.Failure.Stream != claimStream(1) {
		t.Fatalf("Rebuild = %v, want the event that cannot be applied", err)
	}
	if got := schemas(t, pool); got != "rm_toy_1" {
		t.Errorf("schemas are %s", got)
	}
	cured := projections.Group{Name: "toy", Models: []projections.Model{immune{newToy()}}}
	r, err := projections.Rebuild(t.Context(), pool, log, []projections.Group{cured}, projections.RebuildOptions{})
	if err != nil || !strings.Contains(r.Groups[0].Comparison.String(), "is stopped") || !r.Groups[0].Switched {
		t.Fatalf("Rebuild = %+v, %v, want a switch without comparison that says why", r, err)
	}
	if s := status(t, pool, log); s.Stopped != nil || s.Behind {
		t.Errorf("%+v, want it at the end", s)
	}
}

func TestRebuildPutsAsideWhatThePolicySays(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 20, 142), postgrestest.New(t)
	projectionstest.Append(t, log, claimStream(3), taken(1, poison), taken(2, "ann"), released(3))
	projectionstest.Append(t, log, claimStream(4), taken(1, tooWide), taken(2, "ann"))
	projectionstest.Append(t, log, claimStream(5), taken(1, panics))
	projectionstest.Append(t, log, claimStream(1), taken(2, "cy"))
	g := toyGroup()
	g.OnFailure = projections.Park
	projectionstest.Project(t, pool, log, g, projectionstest.How{})
	want := projectionstest.Dump(t, pool, g)
	parked, err := projections.ReadParked(t.Context(), pool, toyGroup(), "")
	if err != nil || len(parked) != 6 {
		t.Fatalf("%d events are parked, %v, want 6", len(parked), err)
	}
	r, err := projections.Rebuild(t.Context(), pool, log, []projections.Group{g}, projections.RebuildOptions{})
	if err != nil || !r.Groups[0].Switched || r.Groups[0].Parked != 6 || r.Groups[0].Comparison.LiveParked != 6 {
		t.Fatalf("Rebuild = %+v, %v", r, err)
	}
	if got := projectionstest.Dump(t, pool, g); got != want {
		t.Errorf("tables hold\n%s\nwant\n%s", got, want)
	}
	again, err := projections.ReadParked(t.Context(), pool, toyGroup(), "")
	if err != nil {
		t.Fatal(err)
	}
	for i := range again {
		again[i].ParkedAt, parked[i].ParkedAt = stamp(0).At, stamp(0).At
		again[i].Error, parked[i].Error = kindOf(again[i].Error), kindOf(parked[i].Error)
	}
	if !reflect.DeepEqual(again, parked) {
		t.Errorf("parked are\n%+v\nwant\n%+v", again, parked)
	}
}

// kindOf tells only whether there is an error: text that does not fit is refused
// by the database in a batch, and by the column in a rebuild.
func kindOf(s string) string {
	if s != "" {
		return "some"
	}
	return ""
}

// immune is a toy of a build that knows what to do with poison.
type immune struct{ *toy }

func (m immune) Apply(ctx context.Context, f projections.Fact) error {
	if e, ok := f.Body.(claim.Taken); ok && holderOf(e) == poison {
		return nil
	}
	return m.toy.Apply(ctx, f)
}
