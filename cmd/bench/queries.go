package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/internal/postgres"
	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/readmodels"
)

const (
	jobsByGrant  = 5    // jobs whose applications the recruiter was granted one by one
	pickedAtMost = 5000 // applications and files that are asked about
	usualRights  = 1.3  // goal of queries with rights
)

// benchQueries measures the twenty usual queries with rights on against the same
// queries without.
func benchQueries(ctx context.Context, s settings, dir string) (err error) {
	c, err := openCorpus(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := c.anew(ctx, dir); err != nil {
		return err
	}
	return c.compareRights(ctx, s)
}

// anew builds the read models from the log.
func (c *corpus) anew(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := c.dropGenerations(ctx); err != nil {
		return err
	}
	if _, err := projections.Rebuild(ctx, c.pool, c.log, []projections.Group{c.group()}, projections.RebuildOptions{Dir: dir}); err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	_, err := c.pool.Exec(ctx, "VACUUM ANALYZE")
	return err
}

// compareRights asks every query with the same parameters for two members who
// see the same: the admin, for whom no condition is added to a query, and the
// recruiter, whose rights are conditions on the teams they are in and on grants.
func (c *corpus) compareRights(ctx context.Context, s settings) error {
	schema, err := readmodels.NewGenerations(c.pool).Schema(ctx, projections.CoreGroup)
	if err != nil {
		return err
	}
	if err := c.grantInstead(ctx, schema); err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	core, end, err := c.reader(ctx, s.plan)
	if err != nil {
		return err
	}
	defer end()
	p, err := c.newPicker(ctx, core, schema)
	if err != nil {
		return err
	}
	var asked []*compared
	for _, q := range usualQueries() {
		of := &compared{usualQuery: q}
		for range s.searches {
			ask, err := q.pick(ctx, p)
			if err == nil {
				err = sameFor(ctx, ask, p.admin, c.recruiter)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			of.questions = append(of.questions, ask)
		}
		asked = append(asked, of)
	}
	var all []figure
	for n := range s.rounds {
		for i, of := range asked {
			err := inTurns(n+i, func() (err error) {
				of.with, err = of.ask(ctx, c.meter(), c.recruiter)
				return err
			}, func() (err error) {
				of.without, err = of.ask(ctx, c.meter(), p.admin)
				return err
			})
			if err != nil {
				return fmt.Errorf("%s: %w", of.name, err)
			}
			of.rounds = append(of.rounds, of.figure())
		}
		all = append(all, sumOf(asked))
	}
	for _, of := range asked {
		m := median(of.rounds)
		s.say("query %-32s %.2f (%s, %s)", of.name, m.value, m.a, m.b)
	}
	s.report("queries_with_rights_per_without", all, atMost(usualRights))
	worst := worstOf(asked)
	s.say("the worst of them is: %s", worst.name)
	s.report("worst_query_with_rights_per_without", worst.rounds, atMost(usualRights))
	return nil
}

// compared is a query whose two sides are measured.
type compared struct {
	usualQuery
	questions     []question
	with, without answered // in the last round
	rounds        []figure
}

// answered is how long the answers to some questions took.
type answered struct {
	p50  time.Duration
	n    int
	cost time.Duration
}

// figure is the last round.
func (of *compared) figure() figure {
	return figure{
		ratioOf(of.with.p50, of.without.p50),
		fmt.Sprintf("with rights p50 %v", of.with.p50.Round(time.Microsecond)), fmt.Sprintf("without p50 %v", of.without.p50.Round(time.Microsecond)),
	}
}

// ratioOf is a per b.
func ratioOf(a, b time.Duration) float64 { return float64(a) / float64(max(b, time.Nanosecond)) }

// ask asks all questions for a member.
func (of *compared) ask(ctx context.Context, m meter, member string) (answered, error) {
	var took []time.Duration
	p, err := measured(m, func() (int, error) {
		for _, ask := range of.questions {
			began := time.Now()
			if _, err := ask(ctx, member); err != nil {
				return 0, err
			}
			took = append(took, time.Since(began))
		}
		return len(took), nil
	})
	slices.Sort(took)
	return answered{quantile(took, 0.5), p.n, p.cost}, err
}

// sumOf returns the sum of the medians of the last round against the other
// side's.
func sumOf(asked []*compared) figure {
	var with, without answered
	for _, of := range asked {
		with = answered{with.p50 + of.with.p50, with.n + of.with.n, with.cost + of.with.cost}
		without = answered{without.p50 + of.without.p50, without.n + of.without.n, without.cost + of.without.cost}
	}
	return figure{
		ratioOf(with.p50, without.p50),
		fmt.Sprintf("with rights p50s of %d queries %v, %v processor time each", len(asked), with.p50.Round(time.Microsecond), each(with.cost, float64(with.n))),
		fmt.Sprintf("without %v, %v processor time each", without.p50.Round(time.Microsecond), each(without.cost, float64(without.n))),
	}
}

// worstOf returns the query that rights cost most, by the median of its rounds.
func worstOf(asked []*compared) *compared {
	return slices.MaxFunc(asked, func(a, b *compared) int { return cmp.Compare(median(a.rounds).value, median(b.rounds).value) })
}

// sameFor asks for both members and fails if they are not told the same.
func sameFor(ctx context.Context, ask question, a, b string) error {
	ofA, err := ask(ctx, a)
	if err != nil {
		return err
	}
	ofB, err := ask(ctx, b)
	if err == nil && !slices.Equal(ofA, ofB) {
		err = fmt.Errorf("one member is told %d things and the other %d, not the same", len(ofA), len(ofB))
	}
	return err
}

// grantInstead takes the recruiter out of the teams of the jobs with the fewest
// applications and grants them these one by one instead, by the same role, so
// that both ways to a right are asked for and everything is seen.
func (c *corpus) grantInstead(ctx context.Context, schema readmodels.Schema) error {
	rows, err := c.pool.Query(ctx, "SELECT job_id::text FROM "+schema.Table("applications")+" GROUP BY job_id ORDER BY count(*), job_id LIMIT $1", jobsByGrant)
	if err != nil {
		return err
	}
	jobs, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if rows, err = c.pool.Query(ctx, "SELECT application_id::text FROM "+schema.Table("applications")+" WHERE job_id = ANY ($1::uuid[]) ORDER BY application_id", jobs); err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	role, r := commands.FirstRole("Recruiter"), rand.New(rand.NewPCG(4, 0))
	grants := make([]readmodels.GrantRow, len(ids))
	for i, id := range ids {
		grants[i] = readmodels.GrantRow{
			ID: idFrom(r), Application: id, Member: c.recruiter, Role: &role, Cause: application.ByHand,
			At: corpusEnd(), By: domain.Member(commands.FirstAdmin()),
		}
	}
	if err := put(ctx, c.pool, schema, readmodels.Grants(), grants); err != nil {
		return err
	}
	if _, err := c.pool.Exec(ctx, "DELETE FROM "+schema.Table("team")+" WHERE member_id = $1 AND job_id = ANY ($2::uuid[])", c.recruiter, jobs); err != nil {
		return err
	}
	_, err = c.pool.Exec(ctx, "VACUUM ANALYZE "+schema.Table("team")+", "+schema.Table("grants"))
	return err
}

// reader returns queries over connections of their own, as the program has them,
// and what closes these.
func (d *database) reader(ctx context.Context, plan string) (*readmodels.Core, func(), error) {
	pool, err := d.queryPool(ctx, plan)
	if err != nil {
		return nil, nil, err
	}
	v, err := vault.Open(ctx, pool, d.keyset, vault.Options{})
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return readmodels.NewCore(pool, v, readmodels.NewGenerations(pool)), pool.Close, nil
}

// newPicker reads what can be asked about. Ids are random, so the first ones are
// a sample; what is anonymised is not asked about.
func (c *corpus) newPicker(ctx context.Context, core *readmodels.Core, schema readmodels.Schema) (*picker, error) {
	p := &picker{core: core, r: rand.New(rand.NewPCG(5, 0)), now: time.Now(), admin: commands.FirstAdmin()}
	applications := schema.Table("applications")
	rows, err := c.pool.Query(ctx, `SELECT a.application_id::text, a.job_id::text, a.stage, a.owner_id::text, a.tags::text[], of.n
		FROM `+applications+` a JOIN (SELECT job_id, count(*) AS n FROM `+applications+` GROUP BY job_id) of ON of.job_id = a.job_id
		WHERE NOT a.anonymised AND a.owner_id IS NOT NULL ORDER BY a.application_id LIMIT $1`, pickedAtMost)
	if err != nil {
		return nil, err
	}
	var a pickedApplication
	_, err = pgx.ForEachRow(rows, []any{&a.id, &a.job, &a.stage, &a.owner, &a.tags, &a.inJob}, func() error {
		a := a
		a.tags = slices.Clone(a.tags)
		p.applications = append(p.applications, a)
		if len(a.tags) > 0 {
			p.tagged = append(p.tagged, a)
		}
		if a.inJob <= readmodels.MaxSorted {
			p.sortable = append(p.sortable, a)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if rows, err = c.pool.Query(ctx, "SELECT file_id::text FROM "+schema.Table("document_files")+" WHERE name IS NOT NULL ORDER BY file_id LIMIT $1", pickedAtMost); err != nil {
		return nil, err
	}
	if p.files, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return nil, err
	}
	if len(p.tagged) == 0 || len(p.sortable) == 0 || len(p.files) == 0 {
		return nil, errors.New("too few applications to ask about; take more")
	}
	return p, nil
}

// queryPool opens connections as the program's that answer queries.
func (d *database) queryPool(ctx context.Context, plan string) (*pgxpool.Pool, error) {
	return postgres.OpenPool(ctx, d.server.ConnString(postgres.Database), postgres.PoolOptions{
		StatementTimeout: 10 * time.Second, Settings: map[string]string{"plan_cache_mode": plan, "max_parallel_workers_per_gather": "0"},
	})
}
