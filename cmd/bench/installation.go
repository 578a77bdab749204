package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/postgres"
	"github.com/hirelog/hirelog/internal/vault"
)

// database is a private Postgres that keeps what it commits, its vault and
// nothing else.
type database struct {
	server *postgres.Server
	pool   *pgxpool.Pool
	vault  *vault.Vault
	keyset string // path of the vault's keys
}

// meter reads the processor time of this process and of Postgres.
func (d *database) meter() meter { return meter{servers: []int{d.server.PID()}} }

// openDatabase starts Postgres in dir as the program does.
func openDatabase(ctx context.Context, dir string, o vault.Options) (_ *database, err error) {
	d := &database{keyset: filepath.Join(dir, "keyset.json")}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.server, err = postgres.Start(ctx, postgres.ServerOptions{Dir: filepath.Join(dir, "postgres"), Logger: slog.New(slog.DiscardHandler)}); err != nil {
		return nil, err
	}
	address := d.server.ConnString(postgres.Database)
	if err := postgres.Migrate(ctx, address); err != nil {
		return nil, err
	}
	// Filling and rebuilding take longer than a statement may otherwise.
	if d.pool, err = postgres.OpenPool(ctx, address, postgres.PoolOptions{StatementTimeout: -1}); err != nil {
		return nil, err
	}
	d.vault, err = vault.Open(ctx, d.pool, d.keyset, o)
	return d, err
}

// Close stops Postgres.
func (d *database) Close() error {
	if d.pool != nil {
		d.pool.Close()
	}
	if d.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return d.server.Stop(ctx)
}

// installation is what a process of the program has, without HTTP: Postgres, the
// vault, the embedded node, and commands over them.
type installation struct {
	*database
	*peer
	*commands.Commands
	options   commands.Options // that Commands was made with
	log       *eventlog.Client
	directory *commands.Directory
	recruiter string // in the team of every job
	stop      func() error
}

// openInstallation opens an installation in dir, founded, with a recruiter.
func openInstallation(ctx context.Context, dir string, o vault.Options) (_ *installation, err error) {
	in := &installation{}
	defer func() {
		if err != nil {
			err = errors.Join(err, in.Close())
		}
	}()
	if in.database, err = openDatabase(ctx, dir, o); err != nil {
		return nil, err
	}
	if in.peer, err = openNode(dir); err != nil {
		return nil, err
	}
	if in.log, err = eventlog.Connect(eventlog.ClientOptions{ConnectionString: connectionString, Address: in.address}); err != nil {
		return nil, err
	}
	store, err := files.New(filepath.Join(dir, "files"), in.vault)
	if err != nil {
		return nil, err
	}
	in.directory = commands.NewDirectory(in.log, in.vault.Forget, nil)
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() { defer close(ended); _ = in.directory.Run(life) }() // ends with life, or Ready says why not
	in.stop = func() error { end(); <-ended; return nil }
	in.options = commands.Options{
		Log: in.log, Vault: in.vault, Directory: in.directory, Files: store,
		Tokens: ops.NewTokens(in.pool, nil), Arrivals: ops.NewArrivals(in.pool, nil),
	}
	in.Commands = commands.New(in.options)
	if err := in.directory.Ready(ctx); err != nil {
		return nil, err
	}
	if err := in.Establish(ctx, commands.Founding{Name: "Bench", AdminName: "Administrator"}); err != nil {
		return nil, err
	}
	answer, err := in.InviteMember(ctx, in.by("recruiter", domain.System), commands.InviteMember{Name: "Rita Recruiter", Role: access.Recruiting})
	in.recruiter = answer.ID
	return in, err
}

// Close ends everything, the last opened first.
func (in *installation) Close() error {
	var errs []error
	if in.stop != nil {
		errs = append(errs, in.stop())
	}
	if in.log != nil {
		errs = append(errs, in.log.Close())
	}
	if in.peer != nil {
		errs = append(errs, in.peer.Close())
	}
	if in.database != nil {
		errs = append(errs, in.database.Close())
	}
	return errors.Join(errs...)
}

// by is who gives the step of the set-up: repeating it changes nothing.
func (in *installation) by(step string, who domain.Actor) commands.Caller {
	return commands.Caller{Actor: who, CommandID: commands.CommandID("bench", step), MayBeRepeated: true, Origin: eventlog.Live}
}

// as is a caller of a command that was not given before.
func (in *installation) as(member string) commands.Caller {
	return commands.Caller{Actor: domain.Member(member), CommandID: uuid.Must(uuid.NewV7()), Origin: eventlog.Live}
}

// stagePlan is the plan of every job.
func stagePlan() []commands.StagePlan {
	var plan []commands.StagePlan
	for _, name := range []string{"Applied", "Screening", "Telephone", "Interview", "Work sample", "Team", "Offer", "Contract"} {
		plan = append(plan, commands.StagePlan{Name: name})
	}
	return plan
}

// openJob opens job n and returns it.
func (in *installation) openJob(ctx context.Context, n int, team ...job.TeamMember) (string, job.Job, error) {
	team = append(team, job.TeamMember{Member: in.recruiter, Role: commands.FirstRole("Recruiter"), Manager: true})
	answer, err := in.OpenJob(ctx, in.by(fmt.Sprintf("job/%d", n), domain.System), commands.OpenJob{
		Details: job.Details{Title: fmt.Sprintf("Job %d", n), Position: "Position", Location: "Berlin", Openings: 1},
		Stages:  stagePlan(), Team: team,
	})
	return answer.ID, in.directory.Job(answer.ID), err
}
