// Command bench measures Hirelog against the limits of the machine it runs on.
// Each figure is a ratio of two things measured in the same run, the median of
// several rounds; it is printed with its goal:
//
//	ratio <name> <value> goal <>=|<= number>
//
// Everything it starts is on this machine and ends with it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// settings say how long and how often is measured.
type settings struct {
	binary string
	rounds int
	phase  time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	var s settings
	flag.StringVar(&s.binary, "hirelog", "./bin/hirelog", "`program` to measure")
	flag.IntVar(&s.rounds, "rounds", 3, "how often each pair is measured; the median counts")
	flag.DurationVar(&s.phase, "phase", 5*time.Second, "how long each side of a pair is measured in a round")
	flag.Parse()
	if s.rounds < 3 {
		return errors.New("at least three rounds")
	}
	dir, err := os.MkdirTemp("", "hirelog-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := benchCommands(ctx, s, filepath.Join(dir, "commands")); err != nil {
		return fmt.Errorf("commands over HTTP: %w", err)
	}
	if err := benchVisible(ctx, s, filepath.Join(dir, "visible")); err != nil {
		return fmt.Errorf("visible in the list: %w", err)
	}
	return nil
}

// report prints a ratio with its goal.
func report(name string, values []float64, goal string) {
	slices.Sort(values)
	fmt.Printf("ratio %s %.2f goal %s\n", name, values[len(values)/2], goal)
}

// quantile returns the q-quantile of sorted durations.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
