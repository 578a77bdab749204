// Package commands changes the state of the system. Each command is a struct
// (its JSON is the body of the request) and a method that says who may give it,
// reads one stream, asks the domain what happens, and appends the answer.
// Everything generic is in transact.
//
// A command never reads a read model: it goes on while they are away or behind.
// It needs the event log; commands that seal personal data also need the vault.
package commands

import (
	"cmp"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/claim"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/domain/erasure"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/view"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/internal/mail"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/vault"
)

// Options are what commands work with. Log, Vault, Directory are required.
type Options struct {
	Log       eventlog.Log
	Vault     *vault.Vault
	Directory *Directory
	Files     *files.Store   // required for uploads
	Scanner   Scanner        // of uploads; nil = they are not scanned
	Tokens    *ops.Tokens    // required for members and their tokens
	Arrivals  *ops.Arrivals  // required for receiving applications and merging people
	Mail      mail.Transport // required for sending mail
	// MailDomain is behind the @ of the addresses that candidates answer to.
	// Empty = hirelog.invalid, which nobody can answer to.
	MailDomain string
	// PageURL is the address of the page candidates sign in on, which mails name.
	// Empty = they name none.
	PageURL string
	// NoticeWindow is how long after the first a mail of notices takes more.
	// 0 = 10 minutes.
	NoticeWindow time.Duration
	Now          func() time.Time // nil = time.Now
	Logger       *slog.Logger     // nil = discard
	// FoldCache is how many folds are kept for each kind of aggregate; 0 means
	// 20,000. A fold of an application takes about 1 KiB.
	FoldCache int
	// Observer is told how each command went, by several goroutines; it must not
	// wait. Nil = nobody is told.
	Observer func(Transacted)
}

// DefaultMailDomain is behind the @ of addresses to answer to when nothing else is
// said: a domain that never exists, so that nobody answers into the void.
const DefaultMailDomain = "hirelog.invalid"

// bulkFolds is how many folds of actions on many applications are kept: each may
// take 1 MiB.
const bulkFolds = 16

// Commands runs the commands. It is safe for concurrent use.
type Commands struct {
	log       eventlog.Log
	vault     *vault.Vault
	directory *Directory
	files     *files.Store
	scanner   Scanner
	tokens    *ops.Tokens
	factors   *ops.Factors
	arrivals  *ops.Arrivals
	merges    *ops.Merges
	mail      mail.Transport
	mailHost  string
	pageURL   string
	// noticeWindow is how long after the first a mail of notices takes more.
	noticeWindow time.Duration
	now          func() time.Time
	logger       *slog.Logger
	observer     func(Transacted)

	choring sync.Mutex
	chores  map[pending]*chore

	applications  *aggregate[application.Application, application.Event]
	bulks         *aggregate[bulk.Bulk, bulk.Event]
	candidates    *aggregate[candidate.Candidate, candidate.Event]
	claims        *aggregate[claim.Claim, claim.Event]
	employees     *aggregate[employee.Employee, employee.Event]
	erasures      *aggregate[erasure.Erasure, erasure.Event]
	jobs          *aggregate[job.Job, job.Event]
	members       *aggregate[member.Member, member.Event]
	messages      *aggregate[message.Message, message.Event]
	notices       *aggregate[notice.Notices, notice.Event]
	organizations *aggregate[organization.Organization, organization.Event]
	views         *aggregate[view.View, view.Event]
}

// New returns commands over o.
func New(o Options) *Commands {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.FoldCache == 0 {
		o.FoldCache = 20_000
	}
	return &Commands{
		log: o.Log, vault: o.Vault, directory: o.Directory, files: o.Files, scanner: o.Scanner, tokens: o.Tokens, factors: o.Tokens.Factors(), arrivals: o.Arrivals, merges: o.Arrivals.Merges(), mail: o.Mail, mailHost: cmp.Or(o.MailDomain, DefaultMailDomain), pageURL: o.PageURL, noticeWindow: cmp.Or(o.NoticeWindow, noticeWindow), now: o.Now, logger: o.Logger, observer: o.Observer,
		chores: map[pending]*chore{},

		applications:  newAggregate("application", application.Codec, application.Application.Fold, o.FoldCache),
		bulks:         newAggregate("bulk", bulk.Codec, bulk.Bulk.Fold, bulkFolds),
		candidates:    newAggregate("candidate", candidate.Codec, candidate.Candidate.Fold, o.FoldCache),
		claims:        newAggregate("claim", claim.Codec, claim.Claim.Fold, o.FoldCache),
		employees:     newAggregate("employee", employee.Codec, employee.Employee.Fold, o.FoldCache),
		erasures:      newAggregate("erasure", erasure.Codec, erasure.Erasure.Fold, o.FoldCache),
		jobs:          newAggregate("job", job.Codec, job.Job.Fold, o.FoldCache),
		messages:      newAggregate("message", message.Codec, message.Message.Fold, o.FoldCache),
		notices:       newAggregate("notice", notice.Codec, notice.Notices.Fold, o.FoldCache),
		members:       newAggregate("member", member.Codec, member.Member.Fold, o.FoldCache),
		organizations: newAggregate("organization", organization.Codec, organization.Organization.Fold, o.FoldCache),
		views:         newAggregate("view", view.Codec, view.View.Fold, o.FoldCache),
	}
}

// Caller is who gives a command, and under which conditions.
type Caller struct {
	Actor      domain.Actor
	OnBehalfOf domain.Actor // empty = for themselves
	// Candidate is the id of the candidate who acts; it is never recorded.
	Candidate string
	// CommandID makes the command recognisable by what it wrote: giving it again
	// with the same id answers as the first time and writes nothing. One that
	// changed nothing leaves nothing to recognise it by: who lets it be given again
	// keeps its answer.
	CommandID uuid.UUID
	// MayBeRepeated is false only when CommandID is known to be new, which spares
	// looking for it further back than the fold remembers.
	MayBeRepeated bool
	// IfMatch, if set, is the revision the stream must be at.
	IfMatch       *eventlog.Revision
	CorrelationID string // of the request
	CausationID   string // the event it follows from; empty for what a command does itself
	Origin        eventlog.Origin
	// At is when it happened, for imported and demo events; zero means now.
	At time.Time
	// Within are the jobs that the caller keeps to: of others they may nothing, nor
	// anything that is not about one job. None = they keep to none.
	Within []string
	// asking: nothing is written, only what would be is decided.
	asking bool
}

// commandNamespace is the UUID namespace of ids derived from idempotency keys.
var commandNamespace = uuid.MustParse("6ba7b812-9dad-11d1-80b4-00c04fd430c8")

// CommandID returns the id of the command that principal gives under an
// idempotency key.
func CommandID(principal, key string) uuid.UUID {
	return uuid.NewSHA1(commandNamespace, []byte(principal+"\x00"+key))
}

// newID returns the id of what the command creates for a purpose.
func (c Caller) newID(purpose string) string {
	return uuid.NewSHA1(c.CommandID, []byte(purpose)).String()
}

// hidden reports whether what is written says nothing of the request that led
// to it.
func (c Caller) hidden() bool { return c.CorrelationID == "" }

// withoutMatch returns the caller for another step of the same command, to
// which the condition on the revision does not apply.
func (c Caller) withoutMatch() Caller {
	c.IfMatch = nil
	return c
}

// as returns the caller for a step that actor takes on the caller's behalf.
func (c Caller) as(actor domain.Actor) Caller {
	c.IfMatch = nil
	if actor != c.Actor {
		c.OnBehalfOf, c.Actor = c.Actor, actor
	}
	return c
}

// Answer is what a command did.
type Answer struct {
	ID       string            // of what was created; empty if nothing was
	Stream   string            // where it was recorded
	Revision eventlog.Revision // of the stream's last event after the command
	Position eventlog.Position // of that event; a read that waits for it sees the command
	Repeated bool              // it was given before, and nothing was written
	// Unchanged: all was so already, and nothing was written.
	Unchanged bool
	// Reason is why an effect did not do what it is for, a code; empty = it did.
	Reason string
}

// stamp returns who and when for a stream whose last event was at last: time
// never goes back within a stream.
func (c *Commands) stamp(caller Caller, last time.Time) domain.Stamp {
	at := caller.At
	if at.IsZero() {
		at = c.now()
	}
	at = at.UTC().Truncate(time.Microsecond)
	if at.Before(last) {
		at = last
	}
	return domain.Stamp{At: at, By: caller.Actor, FromImport: caller.Origin == eventlog.Import}
}

// follow tells the directory what a stream this process just wrote to folds to.
func (c *Commands) follow(stream string, state any, last eventlog.Revision) {
	c.directory.wrote(stream, state, last)
}
