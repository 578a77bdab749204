package commands_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/internal/vault"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// company is an organisation with an admin, a recruiter and a job, on a log in
// memory and a real vault.
type company struct {
	*commands.Commands
	log       eventlog.Log
	memory    *eventlog.Memory
	pool      *pgxpool.Pool
	vault     *vault.Vault
	files     *files.Store
	directory *commands.Directory
	admin     string
	recruiter string
	job       string
	stages    []job.Stage
	commands  atomic.Uint64
}

// found returns a company. wrap, if set, puts something between the commands
// and the log.
func found(t *testing.T, wrap func(eventlog.Log) eventlog.Log) *company {
	t.Helper()
	c := &company{memory: new(eventlog.Memory), pool: postgrestest.New(t)}
	c.log = c.memory
	if wrap != nil {
		c.log = wrap(c.memory)
	}
	dir := t.TempDir()
	var err error
	if c.vault, err = vault.Open(t.Context(), c.pool, filepath.Join(dir, "keyset.json"), vault.Options{}); err != nil {
		t.Fatal(err)
	}
	if c.files, err = files.New(filepath.Join(dir, "files"), c.vault); err != nil {
		t.Fatal(err)
	}
	c.directory = commands.NewDirectory(c.memory, c.vault.Forget, nil)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = c.directory.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	if err := c.directory.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Commands = c.process(c.log)
	if err := c.Establish(t.Context(), commands.Founding{Name: "Acme", AdminName: "Ada Admin"}); err != nil {
		t.Fatal(err)
	}
	c.admin = commands.FirstAdmin()
	c.recruiter = must(c.InviteMember(t.Context(), c.as(c.admin), commands.InviteMember{Name: "Rita Recruiter", Role: access.Recruiting})).ID
	c.job = c.openJob(t, "Engineer")
	c.stages = c.directory.Job(c.job).Stages
	return c
}

// process returns commands like those of another process on the same stores.
func (c *company) process(log eventlog.Log) *commands.Commands {
	return commands.New(commands.Options{
		Log: log, Vault: c.vault, Directory: c.directory, Files: c.files, Logger: slog.New(slog.DiscardHandler),
		Tokens: ops.NewTokens(c.pool, nil), Arrivals: ops.NewArrivals(c.pool, nil),
	})
}

func (c *company) openJob(t *testing.T, title string) string {
	t.Helper()
	return must(c.OpenJob(t.Context(), c.as(c.admin), commands.OpenJob{
		Details: job.Details{Title: title},
		Stages:  []commands.StagePlan{{Name: "Applied"}, {Name: "Screening"}, {Name: "Interview"}},
		Team:    []job.TeamMember{{Member: c.recruiter, Role: commands.FirstRole("Recruiter"), Manager: true}},
	})).ID
}

// as returns a caller with a command id of its own.
func (c *company) as(member string) commands.Caller {
	return commands.Caller{Actor: domain.Member(member), CommandID: uuid.Must(uuid.NewV7()), Origin: eventlog.Live}
}

// receive takes an application in and returns its id.
func (c *company) receive(t *testing.T, email personal.Plain) string {
	t.Helper()
	return must(c.Receive(t.Context(), c.as(c.recruiter), commands.Receive{
		Job: c.job, Source: "referral", Candidate: candidate.Details{FirstName: "Cleo", LastName: "Candidate", Email: email},
	})).ID
}

func must(a commands.Answer, err error) commands.Answer {
	if err != nil {
		panic(err)
	}
	return a
}

// events returns the types in a stream.
func (c *company) events(t *testing.T, stream string) []string {
	t.Helper()
	var types []string
	for e, err := range c.memory.ReadStream(t.Context(), stream, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, e.Type)
	}
	return types
}

// all returns the number of events in the log.
func (c *company) all(t *testing.T) int {
	t.Helper()
	n := 0
	for _, err := range c.memory.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

var tomorrow = time.Now().Add(24 * time.Hour)
