// Package commandstest sets up a small company for tests, on a log in memory and a
// real vault.
package commandstest

import (
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/internal/mail"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/internal/vault"
)

// Company is an organisation with an admin, a recruiter and a job, on a log in
// memory and a real vault.
type Company struct {
	*commands.Commands
	Log       eventlog.Log
	Memory    *eventlog.Memory
	Pool      *pgxpool.Pool
	Vault     *vault.Vault
	Files     *files.Store
	Tokens    *ops.Tokens
	Mails     *mail.Captured
	Directory *commands.Directory
	Admin     string
	Recruiter string
	Job       string
	Stages    []job.Stage
	FilesDir  string           // where Files lie
	Scanner   commands.Scanner // of what Process returns; nil = files are not scanned

	keyset string

	mu     sync.Mutex
	opened []string // by OpenOne
}

// Found returns a company. wrap, if set, puts something between the commands
// and the log.
func Found(t *testing.T, wrap func(eventlog.Log) eventlog.Log) *Company {
	t.Helper()
	c := &Company{Memory: new(eventlog.Memory), Pool: postgrestest.New(t)}
	c.Log = c.Memory
	if wrap != nil {
		c.Log = wrap(c.Memory)
	}
	dir := t.TempDir()
	var err error
	c.keyset, c.FilesDir = filepath.Join(dir, "keyset.json"), filepath.Join(dir, "files")
	if c.Vault, err = vault.Open(t.Context(), c.Pool, c.keyset, vault.Options{}); err != nil {
		t.Fatal(err)
	}
	if c.Files, err = files.New(c.FilesDir, c.Vault); err != nil {
		t.Fatal(err)
	}
	c.Tokens, c.Mails = ops.NewTokens(c.Pool, nil), mail.NewCaptured(c.Pool, c.Vault, nil)
	c.Directory = Follow(t, c.Memory, c.Vault.Forget)
	c.Commands = c.Process(c.Log)
	if err := c.Establish(t.Context(), commands.Founding{Name: "Acme", AdminName: "Ada Admin"}); err != nil {
		t.Fatal(err)
	}
	c.Admin = commands.FirstAdmin()
	c.Recruiter = Must(c.InviteMember(t.Context(), c.As(c.Admin), commands.InviteMember{Name: "Rita Recruiter", Role: access.Recruiting})).ID
	c.Job = c.OpenOne(t, "Engineer")
	c.Stages = c.Directory.Job(c.Job).Stages
	return c
}

// Process returns commands over log that share all but their folds with the
// company's.
func (c *Company) Process(log eventlog.Log) *commands.Commands {
	return commands.New(commands.Options{
		Log: log, Vault: c.Vault, Directory: c.Directory, Files: c.Files, Scanner: c.Scanner, Logger: slog.New(slog.DiscardHandler),
		Tokens: c.Tokens, Arrivals: ops.NewArrivals(c.Pool, nil), Mail: c.Mails,
	})
}

// OpenOne opens a job with three stages, managed by the recruiter.
func (c *Company) OpenOne(t *testing.T, title string) string {
	t.Helper()
	id := Must(c.OpenJob(t.Context(), c.As(c.Admin), commands.OpenJob{
		Details: job.Details{Title: title},
		Stages:  []commands.StagePlan{{Name: "Applied"}, {Name: "Screening"}, {Name: "Interview"}},
		Team:    []job.TeamMember{{Member: c.Recruiter, Role: commands.FirstRole("Recruiter"), Manager: true}},
	})).ID
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened = append(c.opened, id)
	return id
}

// As returns a caller with a command id of its own.
func (c *Company) As(member string) commands.Caller {
	return commands.Caller{Actor: domain.Member(member), CommandID: uuid.Must(uuid.NewV7()), Origin: eventlog.Live}
}

// ReceiveOne takes an application in and returns its id.
func (c *Company) ReceiveOne(t *testing.T, email personal.Plain) string {
	t.Helper()
	return Must(c.Receive(t.Context(), c.As(c.Recruiter), commands.Receive{
		Job: c.Job, Source: "referral", Candidate: candidate.Details{FirstName: "Cleo", LastName: "Candidate", Email: email},
	})).ID
}

// Must panics on an error.
func Must(a commands.Answer, err error) commands.Answer {
	if err != nil {
		panic(err)
	}
	return a
}

// Events returns the types in a stream.
func (c *Company) Events(t *testing.T, stream string) []string {
	t.Helper()
	var types []string
	for e, err := range c.Memory.ReadStream(t.Context(), stream, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, e.Type)
	}
	return types
}

// Noted returns the mails that were begun in a stream of notices, oldest first.
func (c *Company) Noted(t *testing.T, stream string) []string {
	t.Helper()
	var mails []string
	for rec, err := range c.Memory.ReadStream(t.Context(), stream, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := notice.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := e.(notice.Noted); ok && n.Opens {
			mails = append(mails, n.Mail)
		}
	}
	return mails
}

// All returns the number of events in the log.
func (c *Company) All(t *testing.T) int {
	t.Helper()
	n := 0
	for _, err := range c.Memory.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}
