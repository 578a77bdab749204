package projections

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// Comparison is what became of comparing a generation that was built from the
// log with the live one, at the same position.
type Comparison struct {
	// Skipped is why nothing was compared; the rest is empty then.
	Skipped string
	// Against is the generation it was compared with.
	Against  int
	Position eventlog.Position
	// KeysOnly is true if the live generation has other tables than this build
	// writes: then only the keys of tables that both have were compared.
	KeysOnly bool
	Tables   []TableComparison
	// Parked events of the new generation and of the live one.
	Parked, LiveParked int
}

// TableComparison is the comparison of one table.
type TableComparison struct {
	Table          string
	Rows, LiveRows int64
	Different      int64           // rows that differ, or that one of the two lacks
	Samples        []RowDifference // the first of them
}

// RowDifference says of a row how it differs, by ids and names of columns alone.
type RowDifference struct {
	Key     string
	Missing bool     // the live generation lacks it
	Extra   bool     // only the live generation has it
	Columns []string // that differ, if both have it
}

// Different reports whether any row differs.
func (c Comparison) Different() bool {
	for _, t := range c.Tables {
		if t.Different > 0 {
			return true
		}
	}
	return false
}

// String is one line for people.
func (c Comparison) String() string {
	switch {
	case c.Skipped != "":
		return "not compared: " + c.Skipped
	case c.Against == 0:
		return ""
	case c.Different():
		var tables []string
		for _, t := range c.Tables {
			if t.Different > 0 {
				tables = append(tables, fmt.Sprintf("%s (%d)", t.Table, t.Different))
			}
		}
		return fmt.Sprintf("differs from generation %d at %s in %s", c.Against, c.Position, strings.Join(tables, ", "))
	case c.KeysOnly:
		return fmt.Sprintf("has the keys of generation %d, whose tables are others, at %s", c.Against, c.Position)
	}
	return fmt.Sprintf("equal to generation %d at %s", c.Against, c.Position)
}

// comparisons is how often a difference is looked at again: what an erasure
// removes is gone from a rebuild before its event is in the log, and from the
// live generation after.
const comparisons = 3

// compareWithLive brings a filled generation to where the live one is and
// compares the two.
func (b *builder) compareWithLive(ctx context.Context, bd *build) (err error) {
	if bd.projector, err = b.follower(ctx, bd.group, bd.next); err != nil {
		return err
	}
	if !bd.live.comparable() {
		bd.comparison = Comparison{Skipped: bd.live.unlike}
		last, err := lastEvent(ctx, b.log)
		if err != nil {
			return err
		}
		return bd.followed(bd.projector.overtake(ctx, last))
	}
	for i := range comparisons {
		if i > 0 {
			if err := sleep(ctx, time.Duration(i)*200*time.Millisecond); err != nil {
				return err
			}
		}
		if bd.comparison, err = b.compareAligned(ctx, bd); err != nil {
			return err
		}
		if !bd.comparison.Different() {
			return nil
		}
	}
	return nil
}

// sleep waits.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lastEvent returns the checkpoint of who has seen the whole log.
func lastEvent(ctx context.Context, log eventlog.Log) (last Checkpoint, err error) {
	for e, err := range log.ReadAll(ctx, eventlog.Start, eventlog.Backwards) {
		if err != nil {
			return Checkpoint{}, fmt.Errorf("end of the log: %w", err)
		}
		if last = last.after(&e, decode(e)); last.EventID != uuid.Nil {
			break
		}
	}
	return last, nil
}

// compareAligned compares two generations as they are at one position, without
// holding the live one for longer than it takes to get there: what is compared
// is a snapshot taken in that moment.
func (b *builder) compareAligned(ctx context.Context, bd *build) (c Comparison, err error) {
	if err := b.o.step("following"); err != nil {
		return c, err
	}
	var snapshot pgx.Tx
	defer func() {
		if snapshot != nil {
			// It has written nothing.
			_ = snapshot.Rollback(context.WithoutCancel(ctx))
		}
	}()
	err = b.align(ctx, bd, func(context.Context, pgx.Tx) (err error) {
		if snapshot != nil {
			_ = snapshot.Rollback(ctx)
		}
		snapshot, err = b.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
		if err != nil {
			return fmt.Errorf("begin snapshot: %w", err)
		}
		// The first statement takes the snapshot.
		var same bool
		err = snapshot.QueryRow(ctx, `
SELECT count(DISTINCT (event_commit, event_prepare, event_id)) = 1 FROM rm.checkpoints
WHERE group_name = $1 AND generation IN ($2, $3)`, bd.group.Name, bd.next.number, bd.live.number).Scan(&same)
		if err == nil && !same {
			err = errors.New("the generations are not at one position")
		}
		return err
	})
	if err != nil {
		return c, err
	}
	if err := b.o.step("verifying"); err != nil {
		return c, err
	}
	b.o.Progress(Progress{Phase: Verifying, Group: bd.group.Name, At: bd.projector.here.at.Position, Until: bd.projector.here.at.Position})
	if _, err := snapshot.Exec(ctx, unhurried); err != nil {
		return c, fmt.Errorf("compare: %w", err)
	}
	c = Comparison{Against: bd.live.number, Position: bd.projector.here.at.Position, KeysOnly: !bd.live.shaped}
	for _, t := range bd.group.tables() {
		if err := c.table(ctx, snapshot, bd, t, b.o.Samples); err != nil {
			return c, fmt.Errorf("compare table %s: %w", t.Name(), err)
		}
	}
	err = snapshot.QueryRow(ctx, `
SELECT count(*) FILTER (WHERE generation = $2), count(*) FILTER (WHERE generation = $3) FROM rm.parked WHERE group_name = $1`,
		bd.group.Name, bd.next.number, bd.live.number).Scan(&c.Parked, &c.LiveParked)
	return c, err
}

// table compares one table: the number of rows and the sum of their hashes,
// which does not depend on their order; and row by row if those differ.
func (c *Comparison) table(ctx context.Context, tx pgx.Tx, bd *build, t AnyTable, samples int) error {
	key := pgx.Identifier{t.key()}.Sanitize()
	hash := "hashtextextended(ROW(t.*)::text, 0)"
	if c.KeysOnly {
		var there bool
		err := tx.QueryRow(ctx, `
SELECT EXISTS (SELECT FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 AND column_name = $3)`,
			bd.live.schema, t.Name(), t.key()).Scan(&there)
		if err != nil || !there {
			return err
		}
		hash = "hashtextextended(t." + key + "::text, 0)"
	}
	mine, theirs := bd.next.schema+"."+t.Name(), bd.live.schema+"."+t.Name()
	of := TableComparison{Table: t.Name()}
	var sums [2]string
	err := tx.QueryRow(ctx, fmt.Sprintf(`
SELECT * FROM (SELECT count(*), coalesce(sum(%[1]s), 0)::text FROM %[2]s t) a, (SELECT count(*), coalesce(sum(%[1]s), 0)::text FROM %[3]s t) b`,
		hash, mine, theirs)).Scan(&of.Rows, &sums[0], &of.LiveRows, &sums[1])
	if err == nil && (of.Rows != of.LiveRows || sums[0] != sums[1]) {
		err = of.rows(ctx, tx, mine, theirs, key, hash, samples)
	}
	c.Tables = append(c.Tables, of)
	return err
}

// rows finds the rows that differ.
func (of *TableComparison) rows(ctx context.Context, tx pgx.Tx, mine, theirs, key, hash string, samples int) error {
	rows, err := tx.Query(ctx, fmt.Sprintf(`
SELECT coalesce(a.k, b.k), b.k IS NULL, a.k IS NULL, count(*) OVER ()
FROM (SELECT t.%[1]s::text AS k, %[2]s AS h FROM %[3]s t) a
FULL JOIN (SELECT t.%[1]s::text AS k, %[2]s AS h FROM %[4]s t) b ON a.k = b.k
WHERE a.h IS DISTINCT FROM b.h ORDER BY 1 LIMIT $1`, key, hash, mine, theirs), samples)
	if err != nil {
		return err
	}
	var both []string
	place := make(map[string]int)
	var d RowDifference
	if _, err := pgx.ForEachRow(rows, []any{&d.Key, &d.Missing, &d.Extra, &of.Different}, func() error {
		if !d.Missing && !d.Extra {
			both = append(both, d.Key)
			place[d.Key] = len(of.Samples)
		}
		of.Samples = append(of.Samples, d)
		return nil
	}); err != nil {
		return err
	}
	if len(both) == 0 {
		return nil
	}
	rows, err = tx.Query(ctx, fmt.Sprintf(`
SELECT a.%[1]s::text, array(
	SELECT key FROM jsonb_each(to_jsonb(a)) x JOIN jsonb_each(to_jsonb(b)) y USING (key)
	WHERE x.value IS DISTINCT FROM y.value ORDER BY key)
FROM %[2]s a JOIN %[3]s b ON a.%[1]s = b.%[1]s WHERE a.%[1]s::text = ANY($1)`, key, mine, theirs), both)
	if err != nil {
		return err
	}
	var k string
	var columns []string
	_, err = pgx.ForEachRow(rows, []any{&k, &columns}, func() error {
		of.Samples[place[k]].Columns = columns
		columns = nil
		return nil
	})
	return err
}

// Verify compares the live generation of each group with what the log says: it
// builds a generation as Rebuild does, compares the two at one position, and
// drops it. The live one is not touched and goes on meanwhile.
// Errors: ErrDiffers, with the differences in the report; ErrNotCompared; ErrBuilding;
// ErrInapplicable; those of the log and of the database.
func Verify(ctx context.Context, pool *pgxpool.Pool, log eventlog.Log, groups []Group, o RebuildOptions) (Report, error) {
	began := time.Now()
	b := newBuilder(pool, log, o)
	report, err := b.verify(ctx, groups)
	report.Took = time.Since(began)
	return report, b.ended(ctx, err)
}

func (b *builder) verify(ctx context.Context, groups []Group) (r Report, err error) {
	builds, err := b.begin(ctx, groups, "scratch")
	defer func() {
		for _, bd := range builds {
			bd.filled = false // of no use to anybody
		}
		b.abandon(ctx, builds, err)
	}()
	if err != nil {
		return r, err
	}
	if err := b.fill(ctx, builds, &r); err != nil {
		return r, err
	}
	var amiss []error
	for _, bd := range builds {
		err := b.compareWithLive(ctx, bd)
		r.Groups = append(r.Groups, bd.report())
		if err != nil {
			return r, err
		}
		switch {
		case bd.comparison.Different():
			amiss = append(amiss, fmt.Errorf("group %s: %w", bd.group.Name, ErrDiffers))
		case bd.comparison.Skipped != "":
			amiss = append(amiss, fmt.Errorf("group %s: %w: %s", bd.group.Name, ErrNotCompared, bd.comparison.Skipped))
		}
	}
	return r, errors.Join(amiss...)
}
