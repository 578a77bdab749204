package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/internal/imports"
	"github.com/hirelog/hirelog/internal/ops"
)

// importUsage is what the flags alone do not say.
const importUsage = `usage: hirelog import [flags] FOLDER | FILE...

Brings jobs, candidates and applications with their past from another system:
CSV with column names, or NDJSON (docs/import.md). Run again, it goes on where it
was; what is there already is not written twice. It works while a server runs on
the data folder, and without one.

The exit status is 0 if every row was imported, 1 if some were refused.
`

// importData imports from files.
func importData(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog import", flag.ContinueOnError)
	where := operatorFlags(flags)
	where.scannerFlag(flags)
	in := imports.Import{Now: time.Now()}
	flags.StringVar(&in.Name, "name", "import", "`name` of the import: ids in the files mean something within it, and the same name again goes on with the same import")
	flags.BoolVar(&in.DryRun, "dry-run", false, "write nothing; say what is wrong with which row")
	flags.BoolVar(&in.Stop, "stop", false, "end at the first row that is refused (default: leave it out and go on)")
	as := flags.String("as", "", "`id` of the admin who imports, and manages jobs that name nobody (default the first admin)")
	flags.Usage = func() {
		_, _ = fmt.Fprint(stderr, importUsage)
		flags.PrintDefaults()
	}
	if err := parseAny(flags, args, stderr); err != nil {
		return err
	}
	if in.Paths = flags.Args(); len(in.Paths) == 0 || in.Name == "" {
		flags.Usage()
		return errUsage
	}
	if *as == "" {
		*as = commands.FirstAdmin()
	}
	in.By, in.Manager = domain.Member(*as), *as
	return withStores(ctx, where, func(s *stores) error {
		var sum imports.Summary
		err := withCommands(ctx, s, func(c *commands.Commands) error {
			var end func()
			in.Progress, end = importProgress(stderr)
			defer end()
			var err error
			sum, err = in.Run(ctx, c)
			return err
		})
		return tellImport(in, sum, err, stdout, stderr)
	})
}

// withCommands runs do with commands over the stores.
func withCommands(ctx context.Context, s *stores, do func(*commands.Commands) error) error {
	life, end := context.WithCancel(ctx)
	directory := commands.NewDirectory(s.log, s.vault.Forget, nil)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = directory.Run(life) }() // it ends with life, whose error it returns
	defer func() { end(); <-ended }()
	c := commands.New(commands.Options{
		Log: s.writable(), Vault: s.vault, Directory: directory, Files: s.files, Scanner: s.scan,
		Tokens: ops.NewTokens(s.pool, nil), Arrivals: ops.NewArrivals(s.pool, nil), Logger: slog.New(slog.DiscardHandler),
	})
	if err := directory.Ready(ctx); err != nil {
		return err
	}
	return do(c)
}

// tellImport prints what became of the rows.
func tellImport(in imports.Import, sum imports.Summary, err error, stdout, stderr io.Writer) error {
	for _, p := range sum.Refused {
		_, _ = fmt.Fprintln(stderr, p)
	}
	if err != nil && !errors.Is(err, imports.ErrStopped) {
		return fmt.Errorf("%w; running the import again goes on where it was", err)
	}
	what, events := "imported", "events were written"
	if in.DryRun {
		what, events = "could be imported", "events would be written"
	}
	if _, err := fmt.Fprintf(stdout, "%d jobs and %d applications %s, %d of them were there already; %d %s\n", sum.Jobs, sum.Applications, what, sum.Already, sum.Events, events); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	if n := len(sum.Refused); n > 0 {
		return fmt.Errorf("%d rows were refused", n)
	}
	return nil
}

// importProgress shows how far an import is: a bar on a terminal, else a line for
// every tenth part.
func importProgress(w io.Writer) (show func(done, of int), end func()) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		shown := -1
		return func(done, of int) {
			if tenth := done * 10 / of; tenth != shown {
				shown = tenth
				_, _ = fmt.Fprintf(w, "importing: %d of %d applications\n", done, of)
			}
		}, func() {}
	}
	var bar *progressbar.ProgressBar
	return func(done, of int) {
			if bar == nil {
				bar = progressbar.NewOptions(of,
					progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("importing"), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
					progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
			}
			_ = bar.Set(done) // a terminal that is gone sees nothing
		}, func() {
			if bar != nil {
				_ = bar.Finish()
			}
		}
}
