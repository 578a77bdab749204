package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// rate is how many commands a second are given while visibility is measured.
const rate = 200

// benchVisible measures how long after its acknowledgement a command shows in
// the application list, at 200 commands a second, against the commit of an
// UPDATE of one row in the same Postgres.
func benchVisible(ctx context.Context, s settings, dir string) error {
	srv, err := start(ctx, s.binary, dir)
	if err != nil {
		return err
	}
	defer func() { _ = srv.stop() }()
	c, err := setUp(ctx, srv, connections)
	if err != nil {
		return err
	}
	if _, err := c.sample(ctx, srv); err != nil {
		return err
	}
	database, err := srv.database()
	if err != nil {
		return err
	}
	db, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close(context.WithoutCancel(ctx)) }()
	if _, err := db.Exec(ctx, `CREATE TABLE public.bench (id int PRIMARY KEY, n bigint); INSERT INTO public.bench VALUES (1, 0)`); err != nil {
		return err
	}
	var rounds []figure
	for n := range s.rounds {
		var visible, commit []time.Duration
		err := inTurns(n, func() (err error) {
			visible, err = c.visible(ctx, srv, s.phase)
			return err
		}, func() (err error) {
			commit, err = commits(ctx, db, s.phase)
			return err
		})
		if err != nil {
			return err
		}
		a, b := quantile(visible, 0.99), quantile(commit, 0.99)
		rounds = append(rounds, figure{
			float64(a) / float64(b),
			fmt.Sprintf("visible p50 %v p99 %v", quantile(visible, 0.5), a),
			fmt.Sprintf("commit p50 %v p99 %v, at %d/s", quantile(commit, 0.5), b, rate),
		})
	}
	s.report("visible_in_list_p99_per_commit_p99", rounds, atMost(10))
	return nil
}

// commits updates one row at the rate of the commands and returns how long each
// took, sorted.
func commits(ctx context.Context, db *pgx.Conn, phase time.Duration) ([]time.Duration, error) {
	var took []time.Duration
	tick := time.NewTicker(time.Second / rate)
	defer tick.Stop()
	for until := time.Now().Add(phase); time.Now().Before(until); <-tick.C {
		began := time.Now()
		if _, err := db.Exec(ctx, `UPDATE public.bench SET n = n + 1 WHERE id = 1`); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took, nil
}

// visible gives commands at the rate and asks the list for each right after its
// acknowledgement, waiting for its position. It returns how long that took,
// sorted.
func (c *company) visible(ctx context.Context, srv *server, phase time.Duration) ([]time.Duration, error) {
	const clients = 16 // enough that none is waited for
	tick := make(chan struct{}, clients)
	var wg sync.WaitGroup
	took := make([][]time.Duration, clients)
	errs := make([]error, clients)
	for i := range clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
			took[i], errs[i] = c.watch(ctx, srv, i, tick)
		}()
	}
	t := time.NewTicker(time.Second / rate)
	for until := time.Now().Add(phase); time.Now().Before(until); <-t.C {
		tick <- struct{}{}
	}
	t.Stop()
	close(tick)
	wg.Wait()
	all := slices.Concat(took...)
	slices.Sort(all)
	return all, errors.Join(errs...)
}

func (c *company) watch(ctx context.Context, srv *server, i int, tick <-chan struct{}) ([]time.Duration, error) {
	conn, err := srv.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.conn.Close() }()
	var took []time.Duration
	k := 0
	for range tick {
		status, position, err := conn.post("/v1/applications/"+c.applications[i]+"/move", uuid.NewString(), c.bodies[k])
		if err != nil || status != 200 {
			return nil, fmt.Errorf("move: status %d: %w", status, err)
		}
		k = 1 - k
		began := time.Now()
		status, err = conn.get("/v1/applications?limit=1&job_id=" + c.job + "&min_position=" + position)
		if err != nil || status != 200 {
			return nil, fmt.Errorf("list: status %d: %w", status, err)
		}
		took = append(took, time.Since(began))
	}
	if k == 1 { // back to where the next round begins
		if status, _, err := conn.post("/v1/applications/"+c.applications[i]+"/move", uuid.NewString(), c.bodies[k]); err != nil || status != 200 {
			return nil, fmt.Errorf("move: status %d: %w", status, err)
		}
	}
	return took, nil
}
