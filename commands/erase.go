package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/domain/erasure"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/vault"
)

// The kinds of erasure, as they stand in the vault and in erasure.recorded.
const (
	kindNote        = "note"
	kindComment     = "comment"
	kindVersion     = "version" // of a document: its files
	kindEvaluation  = "evaluation"
	kindApplication = "application"
	kindDeletion    = "deletion" // of an application
	kindMember      = "member"
	kindArrival     = "arrival" // of an application that was never received
	kindEmployee    = "employee"
	kindReversal    = "reversal" // of an employee profile, because the hire was undone
)

// erase destroys keys, records in the stream concerned that it happened, and
// announces it: first the keys, so that nothing announced can be opened; last
// the announcement, so that a crash anywhere leaves an unannounced erasure, to
// be completed later. What an application goes on from is erased before it is
// announced, and so are files that came late to a note or a comment, so that this is
// completed too. record appends the fact about the
// subject; nil means there is none.
func (c *Commands) erase(ctx context.Context, caller Caller, e vault.Erasure, record func(context.Context, vault.Erasure) error) error {
	gone, err := c.vault.Erase(ctx, e)
	if err != nil {
		return err
	}
	e.Kept = gone.Kept // as it was when the keys were there
	if record != nil {
		if err := record(ctx, e); err != nil {
			var refused *domain.Refusal
			if !errors.As(err, &refused) {
				return err
			}
			// Something else took the subject along, such as the application of a
			// note; what is gone is still announced.
			c.logger.Warn("an erasure was refused after its keys were destroyed", "erasure", e.ID, "code", refused.Code)
		}
		// What follows, follows from that.
		caller.CausationID = eventID(caller.CommandID, e.Stream, 0).String()
	}
	for _, key := range gone.Keys {
		if e.Owner != "" { // only with an owner a person may go
			if err := c.buryCandidate(ctx, caller, key); err != nil {
				return err
			}
		}
		if c.files == nil {
			continue
		}
		if err := c.files.Delete(key); err != nil {
			return fmt.Errorf("delete sealed bytes of %s: %w", key, err)
		}
	}
	_, err = transact(ctx, c, c.erasures, e.ID.String(), caller.withoutMatch(), decision[erasure.Erasure, erasure.Event]{
		decide: func(r erasure.Erasure, s domain.Stamp) ([]erasure.Event, error) {
			return r.Record(e.Kind, gone.Keys, s), nil
		},
	})
	switch {
	case err != nil:
	case e.Kind == kindApplication || e.Kind == kindDeletion:
		err = c.eraseBefore(ctx, caller, e)
	case e.Kind == kindNote || e.Kind == kindComment:
		err = c.eraseLate(ctx, caller, e)
	}
	if err != nil {
		return err
	}
	return c.vault.Announce(ctx, e.ID)
}

// buryCandidate records that an identity is gone, if key was a candidate's.
func (c *Commands) buryCandidate(ctx context.Context, caller Caller, key string) error {
	_, err := transact(ctx, c, c.candidates, key, caller.withoutMatch(), decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) { return p.Anonymise(s), nil },
		// Before it is forgotten which file it is.
		prepare: func(_ context.Context, p candidate.Candidate) error {
			if p.Picture == "" || c.files == nil {
				return nil
			}
			return c.files.Delete(p.Picture)
		},
	})
	return err
}

// FinishErasures completes the erasures whose keys are gone but which are not
// announced: after a crash in between. It returns how many it completed; one
// that it cannot complete does not keep it from the others.
func (c *Commands) FinishErasures(ctx context.Context) (int, error) {
	left, err := c.vault.Unannounced(ctx)
	if err != nil {
		return 0, err
	}
	done := 0
	var failed []error
	for _, e := range left {
		if err := c.finishErasure(ctx, e); err != nil {
			failed = append(failed, fmt.Errorf("erasure %s: %w", e.ID, err))
			continue
		}
		done++
	}
	return done, errors.Join(failed...)
}

// finishErasure completes an erasure that is not announced.
func (c *Commands) finishErasure(ctx context.Context, e vault.Erasure) error {
	caller := Caller{Actor: domain.Actor(e.Actor), CommandID: e.CommandID, MayBeRepeated: true, Origin: eventlog.Live, At: e.At}
	var record func(context.Context, vault.Erasure) error
	if e.Kind != kindArrival && e.Kind != kindBulk && e.Kind != kindBusy {
		record = func(ctx context.Context, e vault.Erasure) error {
			_, err := c.recordErased(ctx, caller, e)
			return err
		}
	}
	return c.erase(ctx, caller, e, record)
}

// finishGiven completes an erasure whose command is given again, if it was recorded
// and not completed.
func (c *Commands) finishGiven(ctx context.Context, id uuid.UUID) error {
	left, err := c.vault.Unannounced(ctx)
	if err != nil {
		return err
	}
	for _, e := range left {
		if e.ID == id {
			return c.finishErasure(ctx, e)
		}
	}
	return nil
}

// recordErased records the fact an erasure is about. The right to it was checked
// before the keys were destroyed; now it is too late to refuse.
func (c *Commands) recordErased(ctx context.Context, caller Caller, e vault.Erasure) (Answer, error) {
	_, id := eventlog.SplitStream(e.Stream)
	switch e.Kind {
	case kindEmployee, kindReversal:
		return transact(ctx, c, c.employees, id, caller.withoutMatch(), decision[employee.Employee, employee.Event]{
			decide: func(p employee.Employee, s domain.Stamp) ([]employee.Event, error) {
				if e.Kind == kindReversal {
					return p.Reverse(s), nil
				}
				return p.Erase(s)
			},
		})
	case kindMember:
		return transact(ctx, c, c.members, id, caller.withoutMatch(), decision[member.Member, member.Event]{
			decide: func(m member.Member, s domain.Stamp) ([]member.Event, error) { return m.EraseName(true, s) },
		})
	}
	return transact(ctx, c, c.applications, id, caller.withoutMatch(), decision[application.Application, application.Event]{
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			switch e.Kind {
			case kindNote:
				return a.DeleteNote(e.Subject, true, s)
			case kindComment:
				return a.DeleteComment(e.Subject, true, s)
			case kindEvaluation:
				return a.DeleteEvaluation(e.Subject, true, s)
			case kindVersion:
				document, version, err := versionOf(e.Subject)
				if err != nil {
					return nil, err
				}
				return a.DeleteVersion(document, version, s)
			case kindApplication:
				var kept []application.KeptValue
				if len(e.Kept) > 0 {
					if err := json.Unmarshal(e.Kept, &kept); err != nil {
						return nil, fmt.Errorf("erasure %s: %w", e.ID, err)
					}
				}
				events, err := a.Anonymise(s)
				return application.Keeping(events, kept), err
			case kindDeletion:
				return a.Delete(s)
			}
			return nil, fmt.Errorf("erasure of unknown kind %q", e.Kind)
		},
	})
}

// erasureOf returns the erasure that a command makes on an application.
func (c *Commands) erasureOf(caller Caller, kind, subject, applicationID string) vault.Erasure {
	return vault.Erasure{
		ID: uuid.NewSHA1(caller.CommandID, []byte("erasure")), Kind: kind, Subject: subject,
		Stream: "application-" + applicationID, Actor: string(caller.Actor), CommandID: caller.CommandID, At: c.atOf(caller),
	}
}

// Anonymise erases everything personal of an application. It cannot be undone.
type Anonymise struct {
	Application string `json:"-"`
}

// Anonymise erases everything personal of an application: names, texts,
// documents. The person's identity goes too when it was the last of theirs.
// Dates, stages, reasons, source and numbers stay, and what was chosen for
// attributes that are marked for reports. What the application goes on
// from is anonymised with it. Whoever has edit on the erasure area may.
// Errors: application.ErrUnknown, application.ErrNotClosed,
// application.ErrTransferred, ErrDenied.
func (c *Commands) Anonymise(ctx context.Context, caller Caller, cmd Anonymise) (Answer, error) {
	e := c.erasureOf(caller, kindApplication, cmd.Application, cmd.Application)
	e.Owner = cmd.Application
	return c.eraseOn(ctx, caller, cmd.Application, need{area: access.Erasure, level: access.Edit}, e,
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			if a.Deleted {
				return nil, application.ErrUnknown
			}
			if err := a.Erasable(); err != nil {
				return nil, err
			}
			return a.Anonymise(s)
		},
		func(ctx context.Context) error { return c.settle(ctx, caller, cmd.Application) })
}

// eraseBefore erases what an application goes on from, in the way it is erased
// itself.
func (c *Commands) eraseBefore(ctx context.Context, caller Caller, of vault.Erasure) error {
	f, err := c.applications.read(ctx, c.log, of.Subject)
	if err != nil || f.state.From == "" {
		return err
	}
	before := f.state.From
	earlier := step(caller, "before/"+before)
	e := c.erasureOf(earlier, of.Kind, before, before)
	e.Owner = before
	if e.Kept, err = c.keptOf(ctx, e); err != nil {
		return err
	}
	return c.erase(ctx, earlier, e, func(ctx context.Context, e vault.Erasure) error {
		_, err := c.recordErased(ctx, earlier, e)
		return err
	})
}

// keptOf returns what an application that is anonymised keeps for reports of what is
// known of the person, in JSON; none if there is nothing.
func (c *Commands) keptOf(ctx context.Context, e vault.Erasure) ([]byte, error) {
	if e.Kind != kindApplication {
		return nil, nil
	}
	f, err := c.applications.read(ctx, c.log, e.Subject)
	if err != nil {
		return nil, err
	}
	person, err := c.reveal(ctx, f.state.Candidate)
	if err != nil || person == "" {
		return nil, err
	}
	known, err := c.candidates.read(ctx, c.log, person)
	if err != nil {
		return nil, err
	}
	var kept []application.KeptValue
	o := c.directory.Organization()
	for _, id := range o.AttributeOrder {
		if !o.Attributes[id].KeepForReports {
			continue
		}
		value, err := c.reveal(ctx, known.state.Custom[id])
		if err != nil {
			return nil, err
		}
		if choices, yes := o.Attributes[id].Kept(value); len(choices) > 0 || yes != nil {
			kept = append(kept, application.KeptValue{Attribute: id, Choices: choices, Yes: yes})
		}
	}
	if kept == nil {
		return nil, nil
	}
	return json.Marshal(kept)
}

// settle makes sure that a closed application stays closed: nobody takes it up
// again while its keys are destroyed. Errors: application.ErrNotClosed.
func (c *Commands) settle(ctx context.Context, caller Caller, id string) error {
	_, err := transact(ctx, c, c.applications, id, fencing(caller, id), decision[application.Application, application.Event]{
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			if a.Live() {
				return nil, application.ErrNotClosed
			}
			return a.LoseClaim(s)
		},
	})
	return err
}

// eraseOn gives a command that erases: it asks the rule whether it may happen,
// makes sure by settle, if set, that it still may when the keys are gone,
// destroys them, and only then records it. Given again, it completes what it left,
// and answers as the first time.
func (c *Commands) eraseOn(ctx context.Context, caller Caller, id string, n need, e vault.Erasure, decide func(application.Application, access.Rights, domain.Stamp) ([]application.Event, error), settle func(context.Context) error) (Answer, error) {
	happens, answer, err := c.ask(ctx, caller, id, n, func(a application.Application, held access.Rights, s domain.Stamp) (bool, error) {
		events, err := decide(a, held, s)
		return len(events) > 0, err
	})
	switch {
	case err != nil:
		return answer, err
	case !happens && answer.Repeated:
		return answer, c.finishGiven(ctx, e.ID)
	case !happens:
		return answer, nil
	}
	if settle != nil {
		if err := settle(ctx); err != nil {
			return Answer{}, err
		}
	}
	if e.Kept, err = c.keptOf(ctx, e); err != nil {
		return Answer{}, err
	}
	err = c.erase(ctx, caller, e, func(ctx context.Context, e vault.Erasure) error {
		var err error
		answer, err = c.recordErased(ctx, caller, e)
		return err
	})
	return answer, err
}

// errAsked ends a command before it appends.
var errAsked = errors.New("only asked")

// ask says whether something would happen if a command were given, and writes
// nothing. If not, answer is the command's: it was given before, or changes
// nothing.
func (c *Commands) ask(ctx context.Context, caller Caller, id string, n need, check func(application.Application, access.Rights, domain.Stamp) (bool, error)) (happens bool, answer Answer, err error) {
	var held access.Rights
	answer, err = transact(ctx, c, c.applications, id, caller, decision[application.Application, application.Event]{
		may: func(a application.Application) (err error) {
			held, err = c.mayOn(caller, a, n)
			return err
		},
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			happens, err := check(a, held, s)
			if !happens {
				return nil, err
			}
			return make([]application.Event, 1), err
		},
		prepare: func(context.Context, application.Application) error { return errAsked },
	})
	if errors.Is(err, errAsked) {
		return true, Answer{}, nil
	}
	return false, answer, err
}
