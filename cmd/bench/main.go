// Command bench measures Hirelog against the limits of the machine it runs on.
// Each figure is a ratio of two things measured in the same run, the median of
// several rounds in which the two take turns; it is printed with its goal:
//
//	ratio <name> <value> goal <>=|<= number> (a = …, b = …)
//
// and "missed" behind it if it is not reached. Lines that begin with # say more.
// A goal that is missed is no failure: the exit status says whether everything
// could be measured.
//
// Everything it starts is on this machine and ends with it, also when it is
// interrupted, when nobody reads its output any more, and when it is killed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"
)

// settings say what is measured, how long and how often.
type settings struct {
	printer

	binary  string
	rounds  int
	phase   time.Duration
	profile string // file for a profile of this process's processor time; empty = none
	cache   string // folder that keeps logs and tables between runs; empty = none

	catchUp      int    // events of the subscription that catches up
	rate         int    // appends a second while their delivery is measured
	streams      int    // streams of ten events of a round of command cycles
	applications int    // in the log that is projected
	listed       int    // applications in the list
	searches     int    // queries for each combination of filters, and of each usual query, and round
	plan         string // plan_cache_mode of the list's connections
	history      int    // events of the longest history
	probes       int    // commands, and profiles, at each history in a round
	imported     int    // applications of an import
}

// full is what the published figures are measured with, quick is for a try.
var (
	full = settings{
		rounds: 3, phase: 5 * time.Second,
		catchUp: 200_000, rate: 1000, streams: 2000, applications: 100_000, listed: 1_000_000, searches: 40, history: 10_000, probes: 400, imported: 5000,
	}
	quick = settings{
		rounds: 3, phase: 500 * time.Millisecond,
		catchUp: 20_000, rate: 1000, streams: 100, applications: 1000, listed: 20_000, searches: 3, history: 1000, probes: 50, imported: 500,
	}
)

// row is what one measurement prints.
type row struct {
	name string
	what string
	run  func(ctx context.Context, s settings, dir string) error
}

func rows() []row {
	return []row{
		{"appends", "durable appends by the official client, per append that is not stored", benchAppends},
		{"catchup", "a subscription to $all that catches up, per one that is fed prepared bytes", benchCatchUp},
		{"delivery", "an append until a subscriber has it, per acknowledgement", benchDelivery},
		{"cycles", "load, decide, append, per the same on Postgres", benchCycles},
		{"cost", "commands on long histories, per command on a short one", benchCost},
		{"project", "the projector from the beginning of a log, per writing the rows it ends in", benchProject},
		{"rebuild", "read models built anew from a log, per copying the rows they end in", benchRebuild},
		{"list", "pages of the application list, per look-up of as many rows by key", benchList},
		{"queries", "the twenty usual queries with rights, per the same without", benchQueries},
		{"profile", "a profile with a long history behind it, per one with a short one", benchProfile},
		{"commands", "commands over HTTP, per append", benchCommands},
		{"import", "an import of applications with their past, per bare append of the same events", benchImport},
		{"visible", "a command until it shows in the list, per commit", benchVisible},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A reader that goes away would end this program before it has ended what it
	// started. Now printing fails instead.
	signal.Ignore(syscall.SIGPIPE)
	ctx, end := context.WithCancel(ctx)
	defer end()
	go watchParent(ctx, end)
	if err := run(ctx, printer{os.Stdout, end}); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// watchParent calls gone when the process that started this one has ended: "go
// run" that is killed tells nobody.
func watchParent(ctx context.Context, gone func()) {
	parent := os.Getppid()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for parent != 1 && os.Getppid() == parent {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
	if parent != 1 {
		gone()
	}
}

func run(ctx context.Context, out printer) (err error) {
	s, chosen, err := parse()
	if err != nil {
		return err
	}
	s.printer = out
	dir, err := os.MkdirTemp("", "hirelog-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if s.cache == "" {
		s.cache = filepath.Join(dir, "cache")
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // as the program itself does
	}
	if s.profile != "" {
		f, err := os.Create(s.profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return errors.Join(err, f.Close())
		}
		defer func() { pprof.StopCPUProfile(); err = errors.Join(err, f.Close()) }()
	}
	var failed []error
	for _, r := range chosen {
		began := time.Now()
		s.say("%s: %s", r.name, r.what)
		if err := r.run(ctx, s, filepath.Join(dir, r.name)); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", r.name, err))
		}
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted in %s", r.name)
		}
		s.say("%s took %v", r.name, time.Since(began).Round(time.Second))
	}
	return errors.Join(failed...)
}

// parse reads the flags. Sizes that are not given are those of a full or a quick
// run.
func parse() (settings, []row, error) {
	s := full
	if slices.ContainsFunc(os.Args[1:], func(a string) bool { return a == "-quick" || a == "--quick" }) {
		s = quick
	}
	var names []string
	for _, r := range rows() {
		names = append(names, r.name)
	}
	only := strings.Join(names, ",")
	flag.Bool("quick", false, "small sizes, for a try")
	flag.StringVar(&only, "only", only, "`rows` to measure")
	flag.StringVar(&s.binary, "hirelog", "./bin/hirelog", "`program` that rows over HTTP start")
	flag.IntVar(&s.rounds, "rounds", s.rounds, "how often each pair is measured; the median counts")
	flag.DurationVar(&s.phase, "phase", s.phase, "how long each side of a pair is measured in a round, where it goes by time")
	flag.StringVar(&s.cache, "cache", "", "`folder` to keep prepared logs and tables in for the next run (default: none are kept)")
	flag.StringVar(&s.profile, "cpuprofile", "", "`file` to write a profile of this process's processor time to")
	flag.IntVar(&s.catchUp, "catchup-events", s.catchUp, "events of the subscription that catches up")
	flag.IntVar(&s.rate, "rate", s.rate, "appends a second while their delivery is measured")
	flag.IntVar(&s.streams, "streams", s.streams, "streams of ten events of a round of command cycles")
	flag.IntVar(&s.applications, "applications", s.applications, "applications in the log that is projected, about ten events each")
	flag.IntVar(&s.listed, "listed", s.listed, "applications in the list")
	flag.IntVar(&s.searches, "searches", s.searches, "queries for each combination of filters, and of each usual query, in a round")
	flag.StringVar(&s.plan, "plan", "force_custom_plan", "plan_cache_mode of the connections that list")
	flag.IntVar(&s.history, "history", s.history, "events of the longest history commands are given on")
	flag.IntVar(&s.probes, "probes", s.probes, "commands, and profiles, at each length of history in a round")
	flag.IntVar(&s.imported, "imported", s.imported, "applications of an import, eight events each")
	flag.Parse()
	if s.rounds < 3 {
		return s, nil, errors.New("at least three rounds")
	}
	var chosen []row
	for _, name := range strings.Split(only, ",") {
		i := slices.Index(names, name)
		if i < 0 {
			return s, nil, fmt.Errorf("there is no row %q; there are %s", name, strings.Join(names, ", "))
		}
		chosen = append(chosen, rows()[i])
	}
	return s, chosen, nil
}
