package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/readmodels"
)

// What a query filters by, as bits: all combinations are asked.
const (
	byJob = 1 << iota
	byStage
	byTags
	byPriority
	byText
	combinations = 1 << iota
)

func combination(of int) string {
	var names []string
	for bit, name := range map[int]string{byJob: "job", byStage: "stage", byTags: "tags", byPriority: "priority", byText: "text"} {
		if of&bit != 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	slices.Sort(names)
	return strings.Join(names, "+")
}

// pageSize is how many applications a page has.
const pageSize = 50

// benchList measures pages of the application list, with count, rights and names
// opened, against the look-up of as many rows by their keys.
func benchList(ctx context.Context, s settings, _ string) (err error) {
	l, err := openListing(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	var within, across []figure
	var took [combinations][]time.Duration // of all rounds
	queries, err := l.queryPool(ctx, s.plan)
	if err != nil {
		return err
	}
	defer queries.Close()
	v, err := vault.Open(ctx, queries, l.keyset, vault.Options{})
	if err != nil {
		return err
	}
	a := &asker{
		listing: l, pool: queries, core: readmodels.NewCore(queries, v, readmodels.NewGenerations(queries)),
		r: rand.New(rand.NewPCG(3, 0)), now: time.Now(),
	}
	a.popular = rand.NewZipf(a.r, 1.01, 4, uint64(len(l.made.Jobs)-1))
	for n := range s.rounds {
		var inJob, inAll, keys []time.Duration
		var cost time.Duration
		err := inTurns(n, func() error {
			before := l.meter().read()
			a.pages = 0
			defer func() { cost = l.meter().read() - before }()
			for range s.searches {
				for of := range combinations {
					d, err := a.ask(ctx, of)
					if err != nil {
						return fmt.Errorf("%s: %w", combination(of), err)
					}
					took[of] = append(took[of], d)
					if of&byJob != 0 {
						inJob = append(inJob, d)
					} else {
						inAll = append(inAll, d)
					}
				}
			}
			return nil
		}, func() (err error) {
			keys, err = a.lookUps(ctx, 10*s.searches)
			return err
		})
		if err != nil {
			return err
		}
		b := quantile(keys, 0.5)
		look := fmt.Sprintf("%d rows by their keys p50 %v p99 %v", pageSize, b, quantile(keys, 0.99))
		for _, of := range []struct {
			rounds *[]figure
			took   []time.Duration
		}{{&within, inJob}, {&across, inAll}} {
			slices.Sort(of.took)
			p99 := quantile(of.took, 0.99)
			*of.rounds = append(*of.rounds, figure{
				float64(p99) / float64(b),
				fmt.Sprintf("page p50 %v p95 %v p99 %v max %v, %v processor time each of both kinds", quantile(of.took, 0.5), quantile(of.took, 0.95), p99,
					of.took[len(of.took)-1], each(cost, float64(a.pages))), look,
			})
		}
	}
	for of := range combinations {
		slices.Sort(took[of])
		s.say("list %-32s p50 %-11v p99 %-11v max %v", combination(of), quantile(took[of], 0.5), quantile(took[of], 0.99), took[of][len(took[of])-1])
	}
	s.report("list_within_job_p99_per_key_look_up", within, atMost(15))
	s.report("list_across_jobs_p99_per_key_look_up", across, atMost(45))
	return nil
}

// asker asks for pages of the list with random parameters. Half of them are for
// an admin, half for a member who is in the teams of some jobs.
type asker struct {
	*listing
	pool    *pgxpool.Pool
	core    *readmodels.Core
	r       *rand.Rand
	popular *rand.Zipf
	now     time.Time
	asked   int
	pages   int // read in this round, those too whose time does not count
}

// ask asks for one page and returns how long it took. Three in ten pages are
// second ones.
func (a *asker) ask(ctx context.Context, of int) (time.Duration, error) {
	a.asked++
	member := a.made.Admin
	if a.asked/combinations%2 == 1 {
		member = a.made.Member
	}
	q := a.query(of, member == a.made.Member)
	if a.r.IntN(10) < 3 {
		a.pages++
		page, err := a.core.Applications(ctx, member, q, a.now)
		if err != nil {
			return 0, err
		}
		if page.NextCursor != nil {
			q.Cursor = *page.NextCursor
		}
	}
	a.pages++
	began := time.Now()
	_, err := a.core.Applications(ctx, member, q, a.now)
	return time.Since(began), err
}

// query is a query by some filters. Popular jobs and tags are asked for more
// often.
func (a *asker) query(of int, ofMember bool) readmodels.ListQuery {
	q := readmodels.ListQuery{Limit: pageSize}
	j := a.made.Jobs[a.popular.Uint64()]
	for ofMember && !j.Members {
		j = a.made.Jobs[a.popular.Uint64()]
	}
	if of&byJob != 0 {
		q.Jobs = []string{j.ID}
	}
	switch {
	case of&byStage == 0:
	case of&byJob != 0:
		q.Stages = []string{j.Stages[a.r.IntN(len(j.Stages))]}
	default: // a stage is of one job; across jobs there are outcomes
		q.Outcomes = []application.Outcome{[]application.Outcome{application.InProgress, application.Rejected, application.Withdrawn}[a.r.IntN(3)]}
	}
	if of&byTags != 0 {
		for k := range 1 + a.r.IntN(2) {
			tag := a.made.Tags[(k+3*a.r.IntN(a.r.IntN(len(a.made.Tags))+1))%len(a.made.Tags)]
			if !slices.Contains(q.AllTags, tag) {
				q.AllTags = append(q.AllTags, tag)
			}
		}
	}
	if of&byPriority != 0 {
		priority := a.r.IntN(3) > 0
		q.Priority = &priority
	}
	if of&byText != 0 {
		first, last := nameOf(a.r)
		q.Text = personal.Plain(first[:min(len(first), 3+a.r.IntN(3))])
		if a.r.IntN(2) == 0 {
			q.Text = personal.Plain(last[:min(len(last), 3+a.r.IntN(4))])
		}
	}
	return q
}

// lookUps reads a page of random rows by their keys, n times: the row, the
// person's and the wrapped key that opens it. It returns how long each took,
// sorted.
func (a *asker) lookUps(ctx context.Context, n int) ([]time.Duration, error) {
	t := readmodels.Applications()
	var ids []string
	rows, err := a.pool.Query(ctx, "SELECT application_id::text FROM "+a.schema.Table(t.Name)+" TABLESAMPLE BERNOULLI (2)")
	if err == nil {
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return nil, err
	}
	sql := "SELECT a." + strings.ReplaceAll(t.ColumnList(), ", ", ", a.") + ", p.first_name, p.last_name, p.email, k.wrapped FROM " + a.schema.Table(t.Name) + ` a
		JOIN ` + a.schema.Table("people") + ` p ON p.candidate_id = a.candidate_id
		JOIN vault.keys k ON k.key_id = a.candidate_id AND k.owner = a.application_id
		WHERE a.application_id = ANY ($1::uuid[])`
	var took []time.Duration
	for range n {
		some := make([]string, pageSize)
		for i := range some {
			some[i] = ids[a.r.IntN(len(ids))]
		}
		began := time.Now()
		rows, err := a.pool.Query(ctx, sql, some)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			if _, err := rows.Values(); err != nil {
				return nil, err
			}
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took, nil
}
