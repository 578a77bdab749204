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
	client := &http.Client{Timeout: bound, Transport: &http.Transport{DisableKeepAlives: true}}
	for _, p := range in.servers() {
		got, err := client.Get(p.at() + "/metrics")
		if err != nil {
			u.err = errors.Join(u.err, err)
			continue
		}
		for lines := bufio.NewScanner(got.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), " ")
			n, err := strconv.ParseFloat(value, 64)
			switch {
			case err != nil:
			case name == "go_goroutines":
				u.goroutines[p.name] = int(n)
			case name == "hirelog_eventstore_stuck_calls":
				u.stuck += int(n)
			}
		}
		u.err = errors.Join(u.err, got.Body.Close())
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

func (r *report) setBaseline(u usage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.baseline = u
}

// compareUsage returns what is held now that was not before the faults.
func (r *report) compareUsage(now usage, lines, most int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	errs := []error{r.baseline.err, now.err}
	for name, n := range now.goroutines {
		r.counts["goroutines at rest"] += n
		if before, ok := r.baseline.goroutines[name]; !ok || n > before+slack {
			errs = append(errs, fmt.Errorf("%s has %d goroutines at rest, %d before the faults", name, n, before))
		}
	}
	for _, n := range r.baseline.goroutines {
		r.counts["goroutines at rest before"] += n
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
