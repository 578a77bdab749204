// Package signin lets candidates prove an address: they ask for a code, which is
// mailed there, and redeem it.
//
// Asking does nothing but ask: whether anybody has the address is looked up, and
// mail written, by a worker behind. So neither the answer nor the time it takes
// tells who is known.
package signin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/mail"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/vault"
)

// Options are what a Door works with. All but Queue and Logger are required.
type Options struct {
	Vault    *vault.Vault
	SignIns  *ops.SignIns
	Sessions *ops.Sessions
	Mail     mail.Transport
	Company  func() string // name of the organisation, as of which mail comes
	Queue    int           // how many may wait for their code; 0 = 1,000
	Logger   *slog.Logger  // nil = discard
}

// Door is where candidates prove who they are. It is safe for concurrent use.
type Door struct {
	o     Options
	asked chan asked
}

// asked is a code that somebody waits for. It lives in memory only: nobody is
// owed one after a crash, and addresses are not written down.
type asked struct {
	id        uuid.UUID
	purpose   ops.Purpose
	email     personal.Plain
	candidate string // who changes their address
	offers    bool   // the code is for looking at offers
}

// workers is how many codes are sent at once.
const workers = 4

// sendWithin bounds what sending one code takes.
const sendWithin = 30 * time.Second

// New returns a door. Codes are sent while it runs.
func New(o Options) *Door {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Door{o: o, asked: make(chan asked, cmp.Or(o.Queue, 1000))}
}

// Ask has a code sent to an address, if a candidate has it, and returns the id it
// is redeemed with. taken is false when too many wait.
func (d *Door) Ask(email personal.Plain) (id string, taken bool) {
	return d.take(asked{purpose: ops.ToSignIn, email: email})
}

// AskOffers is Ask for who looks at an offer, whether there is a page or not.
func (d *Door) AskOffers(email personal.Plain) (id string, taken bool) {
	return d.take(asked{purpose: ops.ToSignIn, email: email, offers: true})
}

// AskChange has a code sent to an address that a candidate wants to have.
func (d *Door) AskChange(candidate string, email personal.Plain) (id string, taken bool) {
	return d.take(asked{purpose: ops.ToChangeAddress, email: email, candidate: candidate})
}

func (d *Door) take(a asked) (id string, taken bool) {
	a.id = uuid.New()
	select {
	case d.asked <- a:
		return a.id.String(), true
	default:
		return "", false
	}
}

// Redeem begins a session by a proof of an address, once. readable is the secret
// of the session. Errors: ops.ErrSignIn, ops.ErrUnavailable.
func (d *Door) Redeem(ctx context.Context, id string, proof ops.Proof) (begun ops.Session, readable string, err error) {
	return d.o.SignIns.Redeem(ctx, id, proof)
}

// Prove uses up the code that was sent to the address a candidate wants to have.
// Errors: ops.ErrSignIn, ops.ErrUnavailable.
func (d *Door) Prove(ctx context.Context, id, code, candidate string, email personal.Plain) error {
	address, err := d.o.Vault.AddressHash(email)
	if err != nil {
		return ops.ErrSignIn
	}
	return d.o.SignIns.Prove(ctx, id, code, candidate, address)
}

// Moved has a session go on by an address that its candidate proved and has from
// now on. Errors: ops.ErrUnavailable.
func (d *Door) Moved(ctx context.Context, session string, email personal.Plain) error {
	address, err := d.o.Vault.AddressHash(email)
	if err != nil {
		return err
	}
	return d.o.Sessions.Proved(ctx, session, address)
}

// End ends a session. Errors: ops.ErrUnavailable.
func (d *Door) End(ctx context.Context, session string) error { return d.o.Sessions.End(ctx, session) }

// Run sends codes until ctx ends, whose error it returns.
func (d *Door) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	for range workers {
		running.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case a := <-d.asked:
					if err := d.send(ctx, a); err != nil && ctx.Err() == nil {
						d.o.Logger.Warn("a code was not sent; whoever asked may ask again", "purpose", string(a.purpose), "error", err)
					}
				}
			}
		})
	}
	<-ctx.Done()
	return ctx.Err()
}

// send makes a proof of an address and mails it there.
func (d *Door) send(ctx context.Context, a asked) error {
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	address, err := d.o.Vault.AddressHash(a.email)
	if err != nil {
		return err
	}
	candidate := a.candidate
	if a.purpose == ops.ToSignIn {
		if candidate, _, err = d.o.Vault.LookUp(ctx, a.email); err != nil {
			return err
		}
	}
	proof, err := d.o.SignIns.Offer(ctx, a.id, a.purpose, address, candidate)
	if err != nil || candidate == "" {
		return err
	}
	// What is kept of the mail goes with the person.
	owners, err := d.o.Vault.Owners(ctx, candidate)
	if err != nil || len(owners) == 0 {
		return err
	}
	err = d.o.Mail.Send(ctx, mail.Mail{
		ID: a.id, Kind: mail.SignInCode, Key: personal.Key{ID: candidate, Owner: owners[0]}, FromName: d.o.Company(),
		To: []personal.Plain{a.email}, Subject: a.subject(), Text: a.text(proof, d.o.Company()),
	})
	var rejected *mail.RejectedError
	if errors.As(err, &rejected) {
		return nil // as for an address that nobody has
	}
	return err
}

func (a asked) subject() personal.Plain {
	if a.purpose == ops.ToChangeAddress {
		return "Confirm your new address"
	}
	return "Your sign-in code"
}

func (a asked) text(p ops.Proof, company string) personal.Plain {
	const note = "It counts once, for 15 minutes. If you did not ask for it, you need do nothing.\n"
	if a.purpose == ops.ToChangeAddress {
		return personal.Plain(fmt.Sprintf("Your code to confirm this address for your applications at %s:\n\n    %s\n\n"+note, company, p.Code))
	}
	what := "your applications at"
	if a.offers {
		what = "what is offered to you by"
	}
	return personal.Plain(fmt.Sprintf("Your code to see %s %s:\n\n    %s\n\nOr sign in with this token instead:\n\n    %s\n\n"+note, what, company, p.Code, p.Link))
}
