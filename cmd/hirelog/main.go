// Command hirelog runs a recruiting backend whose history can be proven.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
)

// usage is what "hirelog" alone prints.
const usage = `hirelog is a recruiting backend with a complete, provable history.

usage: hirelog <command> [flags]

  serve                 start the server
  token                 print a new token of the first admin
  import PATH...        bring jobs and applications from another system
  audit replay ID       replay an application from the event log
  projections status    how far the read models are
  projections rebuild   build the read models anew beside the live ones, and switch
  projections verify    compare the read models with what the log says
  projections rollback  switch back to the read models before the last rebuild
  projections resume    try an event again that stopped a projection
  projections park      put the stream of that event aside and go on
  projections parked    what is put aside, and why
  projections replay    apply what is put aside, in order
  effects status        how far the reactors are, and what is overdue
  effects start         say where effects begin on a log that has a history
  effects resume        try an event again that stopped the effects
  effects retry ID      try an effect again that failed
  node                  start an event node alone
  node check            look for damage in a stopped node's data
  node user NAME        print a line for the file of a node's users
  node scavenge         remove what is deleted from the disk, also while it runs
  node backup DIR       copy a node's data, also while it runs
  node restore DIR      make a node's data of a backup
  version               print the version

"hirelog <command> -h" explains the flags of a command.
`

// errUsage is returned when what was asked for could not be understood; why was
// printed already.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
	}()
	os.Exit(exitStatus(run(ctx, os.Args[1:], os.Stdout, os.Stderr), os.Stderr))
}

// exitStatus prints err in one line and returns 0, 1 for a failure, or 2 for
// wrong usage.
func exitStatus(err error, stderr io.Writer) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	_, _ = fmt.Fprintln(stderr, "hirelog:", oneLine(err.Error()))
	return 1
}

// oneLine makes one line of several, which some libraries put into an error.
func oneLine(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		switch line = strings.TrimSpace(line); {
		case line == "":
		case b.Len() == 0:
			b.WriteString(line)
		case strings.HasSuffix(b.String(), ":"):
			b.WriteString(" " + line)
		default:
			b.WriteString("; " + line)
		}
	}
	return b.String()
}

// run runs the command that args name until it ends or ctx does.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		_, _ = fmt.Fprint(stderr, usage)
		return errUsage
	}
	rest := args[1:]
	switch args[0] {
	case "serve":
		return serve(ctx, rest, stdout, stderr)
	case "token":
		return token(ctx, rest, stdout, stderr)
	case "import":
		return importData(ctx, rest, stdout, stderr)
	case "audit":
		return sub(ctx, "audit", rest, stdout, stderr, map[string]command{"replay": auditReplay})
	case "projections":
		return sub(ctx, "projections", rest, stdout, stderr, map[string]command{
			"status": projectionsStatus, "rebuild": projectionsRebuild, "verify": projectionsVerify, "rollback": projectionsRollback, "resume": projectionsResume,
			"park": projectionsPark, "parked": projectionsParked, "replay": projectionsReplay,
		})
	case "effects":
		return sub(ctx, "effects", rest, stdout, stderr, map[string]command{
			"status": effectsStatus, "start": effectsStart, "resume": effectsResume, "retry": effectsRetry,
		})
	case "node":
		if len(rest) > 0 {
			if c, ok := nodeCommands()[rest[0]]; ok {
				return c(ctx, rest[1:], stdout, stderr)
			}
		}
		return node(ctx, rest, stdout, stderr)
	case "version":
		_, err := fmt.Fprintln(stdout, "hirelog", version())
		return err
	case "help", "-h", "--help":
		_, err := fmt.Fprint(stdout, usage)
		return err
	}
	_, _ = fmt.Fprintf(stderr, "hirelog: there is no command %q\n\n%s", args[0], usage)
	return errUsage
}

type command func(ctx context.Context, args []string, stdout, stderr io.Writer) error

// sub runs a command of a group.
func sub(ctx context.Context, group string, args []string, stdout, stderr io.Writer, commands map[string]command) error {
	if len(args) > 0 {
		if c, ok := commands[args[0]]; ok {
			return c(ctx, args[1:], stdout, stderr)
		}
	}
	_, _ = fmt.Fprintf(stderr, "hirelog %s: which command? There is: %s. See \"hirelog help\".\n", group, strings.Join(slices.Sorted(maps.Keys(commands)), ", "))
	return errUsage
}

// parseAny parses flags, behind which any number of arguments may stand.
func parseAny(flags *flag.FlagSet, args []string, stderr io.Writer) error {
	flags.SetOutput(stderr)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	for _, a := range flags.Args() {
		if len(a) > 1 && a[0] == '-' {
			_, _ = fmt.Fprintf(stderr, "%s: flags stand before the arguments, %s stands behind\n", flags.Name(), a)
			return errUsage
		}
	}
	return nil
}

// parse parses flags, behind which want arguments (none or one) must stand.
func parse(flags *flag.FlagSet, args []string, want int, stderr io.Writer) error {
	if err := parseAny(flags, args, stderr); err != nil {
		return err
	}
	if flags.NArg() != want {
		takes := "no arguments"
		if want == 1 {
			takes = "one argument"
		}
		_, _ = fmt.Fprintf(stderr, "%s takes %s, not %d\n", flags.Name(), takes, flags.NArg())
		flags.Usage()
		return errUsage
	}
	return nil
}

// version returns the version of this build.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
