package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// usage is what the processes hold.
type usage struct {
	goroutines map[string]int // by process
	stuck      int            // calls the event store's client keeps
	backends   int            // connections to the database
	err        error          // why it could not be told
}

// slack is how many goroutines more a process may have at the end: pools and
// transports keep some for connections that nobody needs just now.
const slack = 40

// usage asks all processes that serve, at rest.
func (in *installation) usage(ctx context.Context) (u usage) {
	u.goroutines = map[string]int{}
	for _, p := range in.servers() {
		kept, err := metrics(p)
		u.err = errors.Join(u.err, err)
		u.goroutines[p.name] = int(kept["go_goroutines"])
		u.stuck += int(kept["hirelog_eventstore_stuck_calls"])
	}
	c, err := in.connect(ctx)
	if err != nil {
		u.err = errors.Join(u.err, err)
		return u
	}
	var odd string
	err = c.QueryRow(ctx, `
SELECT count(*), coalesce(string_agg(state || ' since ' || age(clock_timestamp(), state_change) || ': ' || left(query, 80), '; ')
	FILTER (WHERE state <> 'idle' AND state_change < clock_timestamp() - interval '5 s'), '')
FROM pg_stat_activity WHERE application_name LIKE 'hirelog%'`).Scan(&u.backends, &odd)
	if odd != "" {
		err = errors.Join(err, fmt.Errorf("at rest the database has %s", odd))
	}
	u.err = errors.Join(u.err, err, c.Close(ctx))
	return u
}

// metrics returns what a process counts, by name and labels.
func metrics(p *process) (map[string]float64, error) {
	client := &http.Client{Timeout: bound, Transport: &http.Transport{DisableKeepAlives: true}}
	got, err := client.Get(p.at() + "/metrics")
	if err != nil {
		return nil, err
	}
	kept := map[string]float64{}
	lines := bufio.NewScanner(got.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			kept[name] = n
		}
	}
	return kept, errors.Join(lines.Err(), got.Body.Close())
}

// setBaseline notes what is held before the faults of stores.
func (r *report) setBaseline(u usage) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.baseline = u
	return u.err
}

// compareUsage returns what is held now that was not before the faults.
func (r *report) compareUsage(now usage, lines, most int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	errs := []error{now.err}
	r.counts["goroutines at rest"], r.counts["goroutines at rest before"] = 0, 0
	for name, n := range now.goroutines {
		before := r.baseline.goroutines[name]
		r.counts["goroutines at rest"] += n
		r.counts["goroutines at rest before"] += before
		if n > before+slack {
			errs = append(errs, fmt.Errorf("%s has %d goroutines at rest, %d before the faults", name, n, before))
		}
	}
	r.counts["database connections at rest"] = now.backends
	r.counts["event store connections at rest"] = lines
	if now.stuck > 0 {
		errs = append(errs, fmt.Errorf("%d calls of the event store's client are stuck", now.stuck))
	}
	// Two pools of 16 for who queries, one for the others.
	if n := 2*2*16 + 4*16; now.backends > n {
		errs = append(errs, fmt.Errorf("%d connections to the database at rest, at most %d are allowed", now.backends, n))
	}
	if lines > most {
		errs = append(errs, fmt.Errorf("%d connections to the event store at rest, %d are needed", lines, most))
	}
	return errors.Join(errs...)
}

// within bounds what is done to check.
const within = 5 * time.Minute
