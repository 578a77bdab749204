package commands

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/ops"
)

// Transfer assigns an application to another job.
type Transfer struct {
	Application string         `json:"-"`
	Job         string         `json:"job_id" format:"uuid" doc:"Job the application goes on for; it must be open"`
	Reason      personal.Plain `json:"reason,omitempty" maxLength:"4000" doc:"Why; shown in the timeline"`
}

// Transfer gives cmd: a new application for the other job goes on from this one,
// which is closed as transferred. What was still to come (documents that are
// wanted, interviews, reviews) is asked for and planned there, and so are tags and
// flag; messages that have not left leave there; the rest stays where it is and is shown with the new one. Whoever has
// edit on the application area here and on the other job may. Its id is that of
// the new application. It touches several streams; each step is idempotent, and
// what a crash leaves half done, FinishArrivals completes, or undoes if nothing
// was received yet.
// Errors: those of application.Transfer; job.ErrUnknown, job.ErrNotOpen;
// application.ErrDuplicate when the person has a live application for that job;
// ErrDenied.
func (c *Commands) Transfer(ctx context.Context, caller Caller, cmd Transfer) (Answer, error) {
	reason, err := textOf("The reason", cmd.Reason, 0, application.MaxText, keyOf(cmd.Application))
	if err != nil {
		return Answer{}, err
	}
	happens, answer, err := c.ask(ctx, caller, cmd.Application, need{area: access.Application, level: access.Edit}, func(a application.Application, _ access.Rights, s domain.Stamp) (bool, error) {
		if _, err := c.mayOnJobsApplications(caller, cmd.Job); err != nil {
			return false, err
		}
		events, err := a.Transfer("", cmd.Job, false, reason, s)
		if err == nil && c.directory.Job(cmd.Job).Status != job.Open {
			return false, job.ErrNotOpen
		}
		return len(events) > 0, err
	})
	finished := errors.Is(err, application.ErrTransferred) // perhaps this very one, by FinishArrivals
	if err != nil && !finished {
		return Answer{}, err
	}
	f, readErr := c.applications.read(ctx, c.log, cmd.Application)
	switch {
	case readErr != nil:
		return Answer{}, readErr
	case !happens && !finished:
		answer.ID = f.state.To
		return answer, nil
	}
	for attempt := 1; ; attempt++ {
		id, received, err := c.arrivalID(ctx, caller.withoutMatch())
		if err != nil {
			return Answer{}, err
		}
		t := transfer{cmd: cmd, id: id, reason: reason}
		if finished && (!received.Repeated || f.state.To != id) {
			return Answer{}, application.ErrTransferred
		}
		if received.Repeated { // but the other one is not closed, or not by this command
			answer, err = c.closeTransferred(ctx, caller, t)
			if answer.Unchanged { // it was finished for this command
				answer = received
			}
			if err == nil {
				err = c.arrivals.End(ctx, id)
			}
			answer.ID = id
			return answer, err
		}
		answer, undone, err := c.arriving(ctx, ops.Arrival{Application: id, Job: cmd.Job, From: cmd.Application}, func() (Answer, error) { return c.transfer(ctx, caller, t, f.state) })
		if !undone || attempt == maxArrivals {
			return answer, err
		}
	}
}

// transfer is one attempt.
type transfer struct {
	cmd    Transfer
	id     string // of the new application
	reason personal.Text
}

// transfer claims what only one may have, receives the new application, and
// closes the old one.
func (c *Commands) transfer(ctx context.Context, caller Caller, t transfer, old application.Application) (Answer, error) {
	person, err := c.reveal(ctx, old.Candidate)
	if err != nil {
		return Answer{}, err
	}
	if person == "" {
		return Answer{}, application.ErrAnonymised
	}
	if err := c.vault.AddOwner(ctx, person, t.id); err != nil {
		return Answer{}, err
	}
	// One of two transfers of an application goes on.
	switch err := c.takeClaim(ctx, caller, c.transferClaim(t.cmd.Application), t.id, false); {
	case errors.Is(err, application.ErrDuplicate):
		return Answer{}, application.ErrTransferred
	case err != nil:
		return Answer{}, err
	}
	claimID := c.liveClaim(t.cmd.Job, person)
	if err := c.takeLive(ctx, caller, t.cmd.Job, person, t.id, false); err != nil {
		return Answer{}, err
	}
	if err := c.claimAs(ctx, caller, t.cmd.Job, person, t.id, false); err != nil {
		return Answer{}, err
	}
	taken, err := c.takenAlong(ctx, caller, t)
	if err != nil {
		return Answer{}, err
	}
	reason, err := textOf("The reason", t.cmd.Reason, 0, application.MaxText, keyOf(t.id))
	if err != nil {
		return Answer{}, err
	}
	_, err = transact(ctx, c, c.applications, t.id, caller.withoutMatch(), decision[application.Application, application.Event]{
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			if a.ClaimLost {
				return nil, errFenced
			}
			j := c.directory.Job(t.cmd.Job)
			if j.Status != job.Open {
				return nil, job.ErrNotOpen
			}
			events, err := a.GoOn(application.Arrival{
				Job: t.cmd.Job, Stage: j.Stages[0].ID, Source: taken.source, Owner: j.FirstManager(), From: t.cmd.Application, Reason: reason,
				Claim:     personal.New(keyOf(t.id), personal.Plain(claimID)),
				Candidate: personal.New(keyOf(t.id), personal.Plain(person)),
			}, taken.Carried, s)
			return append(events, c.admitAll(a.Fold(events...), taken.Carried, s)...), err
		},
	})
	if err != nil {
		return Answer{}, err
	}
	return c.closeTransferred(ctx, caller, t)
}

// transferClaim returns the id of the claim "what this application goes on as".
func (c *Commands) transferClaim(applicationID string) string {
	return c.vault.DeriveID("transfer", applicationID).String()
}

// admitAll lets participants and reviewers of what was taken along hold their
// roles.
func (c *Commands) admitAll(a application.Application, taken application.Carried, s domain.Stamp) []application.Event {
	var events []application.Event
	for _, i := range taken.Interviews {
		events = append(events, c.admit(a, i.Interview, i.Participants, i.Role, s)...)
	}
	for _, r := range taken.Reviews {
		if r.Role != "" {
			grant := uuid.NewSHA1(uuid.MustParse(r.Review), []byte("grant")).String()
			events = append(events, a.GrantBy(grant, application.Grant{Member: r.Reviewer, Role: r.Role, Cause: application.ByReview, Of: r.Review}, s)...)
		}
	}
	return events
}

// carryMessages lets the messages of an application that have not left leave for
// the one that goes on from it.
func (c *Commands) carryMessages(ctx context.Context, caller Caller, from string, to message.Place) error {
	keys, err := c.vault.KeysOf(ctx, from)
	if err != nil {
		return err
	}
	for _, id := range keys { // those of messages are among them
		f, err := c.messages.read(ctx, c.log, id)
		if err != nil {
			return err
		}
		if len(f.state.GoAlong(from, to, c.stamp(caller, f.at))) == 0 {
			continue
		}
		if _, err := c.carryMessage(ctx, caller, id, from, to); err != nil {
			return err
		}
	}
	return nil
}

// carryMessage lets a message of an application, if it has not left, leave for the
// one that goes on from it.
func (c *Commands) carryMessage(ctx context.Context, caller Caller, id, from string, to message.Place) (Answer, error) {
	carry := step(caller, "carry/"+id)
	answer, err := c.giving(ctx, carry, id, to.Application, decision[message.Message, message.Event]{
		decide: func(m message.Message, s domain.Stamp) ([]message.Event, error) { return m.GoAlong(from, to, s), nil },
	})
	if err == nil && !answer.Unchanged {
		answer, err = c.settled(ctx, carry, id, answer)
	}
	if refused(err) { // of what is erased nothing leaves
		err = nil
	}
	return answer, err
}

// goAlong lets a message that was written for an application leave for the one that
// this went on as, if it did by now: who transferred it did not see the message. It
// returns the answer to who wrote it, at where both are.
func (c *Commands) goAlong(ctx context.Context, caller Caller, id, from string, written Answer) (Answer, error) {
	to, a, err := c.wentOnAs(ctx, from)
	if err != nil || to == from {
		return written, err
	}
	carried, err := c.carryMessage(ctx, caller, id, from, message.Place{Application: to, Job: a.Job})
	if carried.Position.After(written.Position) {
		written.Position = carried.Position
	}
	return written, err
}

// errMoreToCome means that something was asked for or planned that did not go along.
var errMoreToCome = errors.New("more is to come than went along")

// closeTransferred closes an application that another one, which was received,
// goes on from, and gives its claim back. What is to leave, and what was asked for and
// planned since the other one was received, goes along before; messages that are
// written in between go along after it: who writes later sees that it is closed.
func (c *Commands) closeTransferred(ctx context.Context, caller Caller, t transfer) (Answer, error) {
	to := message.Place{Application: t.id, Job: t.cmd.Job}
	var held []heldClaim
	var answer Answer
	for attempt := 1; ; attempt++ {
		if err := c.carryMessages(ctx, caller, t.cmd.Application, to); err != nil {
			return Answer{}, err
		}
		next, err := c.alongSince(ctx, caller, t)
		if err != nil {
			return Answer{}, err
		}
		answer, err = transact(ctx, c, c.applications, t.cmd.Application, caller.withoutMatch(), decision[application.Application, application.Event]{
			decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
				events, err := a.Transfer(t.id, t.cmd.Job, true, t.reason, s)
				if len(events) > 0 && len(next.TakeAlong(t.toCome(a, s.At), s)) > 0 {
					return nil, errMoreToCome
				}
				return c.withEnds(a, events, s), err
			},
			prepare: func(ctx context.Context, a application.Application) (err error) {
				held, err = c.claimsHeld(ctx, a)
				return err
			},
		})
		if errors.Is(err, errMoreToCome) && attempt < maxArrivals {
			continue
		}
		if errors.Is(err, errMoreToCome) {
			err = fmt.Errorf("transfer of %s: %w", t.cmd.Application, eventlog.ErrConflict)
		}
		if err != nil {
			return answer, err
		}
		break
	}
	if err := c.giveBack(ctx, caller, held, t.cmd.Application); err != nil {
		c.logger.Warn("a claim of a transferred application was not released; the next claimer takes it over", "application", t.cmd.Application, "error", err)
	}
	return answer, c.carryMessages(ctx, caller, t.cmd.Application, to)
}

// alongSince lets go along what was asked for, planned, changed and taken back since the
// other application was received. It returns that one.
func (c *Commands) alongSince(ctx context.Context, caller Caller, t transfer) (application.Application, error) {
	old, err := c.applications.read(ctx, c.log, t.cmd.Application)
	if err != nil {
		return application.Application{}, err
	}
	next, err := c.applications.read(ctx, c.log, t.id)
	if err != nil {
		return application.Application{}, err
	}
	now := c.stamp(caller, old.at)
	missing := next.state.TakeAlong(t.toCome(old.state, now.At), now)
	if old.state.To != "" || len(missing) == 0 {
		return next.state, nil
	}
	taken, err := c.takenAlong(ctx, caller, t)
	if err != nil {
		return application.Application{}, err
	}
	_, err = transact(ctx, c, c.applications, t.id, step(caller, fmt.Sprintf("along/%d", next.revision)), decision[application.Application, application.Event]{
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			events := a.TakeAlong(taken.Carried, s)
			return append(events, c.admitAll(a.Fold(events...), came(events), s)...), nil
		},
	})
	if err != nil {
		return application.Application{}, err
	}
	next, err = c.applications.read(ctx, c.log, t.id)
	return next.state, err
}

// came is what of it came along by events.
func came(events []application.Event) (taken application.Carried) {
	for _, e := range events {
		switch e := e.(type) { //nolint:gochecksumtype // only what lets somebody in
		case application.InterviewScheduled:
			taken.Interviews = append(taken.Interviews, e)
		case application.ReviewRequested:
			taken.Reviews = append(taken.Reviews, e)
		}
	}
	return taken
}

// toCome is what is still to come of the application that is transferred, without
// what it says, by the ids that it has where it goes on.
func (t transfer) toCome(old application.Application, at time.Time) (along application.Carried) {
	pending, over := old.Pending(at), old.Over()
	for _, id := range pending.Documents {
		along.Documents = append(along.Documents, application.DocumentRequested{Document: t.newID(id)})
	}
	for _, id := range pending.Interviews {
		i := pendingInterview(old, id)
		along.Interviews = append(along.Interviews, application.InterviewScheduled{
			Interview: t.newID(id), InterviewTime: i.InterviewTime, Participants: i.Participants, Form: i.Form, Hidden: i.Hidden, Invited: i.Invited, Sequence: i.Sequence + 1,
		})
		along.Answers = append(along.Answers, t.answers(id, i)...)
	}
	for _, id := range pending.Reviews {
		along.Reviews = append(along.Reviews, application.ReviewRequested{Review: t.newID(id)})
	}
	for _, ids := range [][2]*[]string{{&over.Documents, &along.Over.Documents}, {&over.Interviews, &along.Over.Interviews}, {&over.Reviews, &along.Over.Reviews}} {
		for _, id := range *ids[0] {
			*ids[1] = append(*ids[1], t.newID(id))
		}
	}
	return along
}

// answers are those to an interview, in the order of who gave them.
func (t transfer) answers(id string, i application.Interview) (given []application.InterviewAnswered) {
	for _, who := range slices.Sorted(maps.Keys(i.Answers)) {
		at := i.Given[who]
		given = append(given, application.InterviewAnswered{Interview: t.newID(id), Member: who, Answer: i.Answers[who], Given: &at})
	}
	return given
}

// newID is the id that something has where it goes on.
func (t transfer) newID(id string) string {
	return uuid.NewSHA1(uuid.MustParse(t.id), []byte(id)).String()
}

// finishTransfer closes the application that one which was received goes on from,
// if a crash came in between: for the reason, and in the name, of who transferred it.
func (c *Commands) finishTransfer(ctx context.Context, caller Caller, id string) error {
	f, err := c.applications.read(ctx, c.log, id)
	if err != nil || f.state.From == "" {
		return err
	}
	said, err := c.told(ctx, id)
	if err != nil {
		return err
	}
	var move rekeying
	move.to(keyOf(f.state.From), &said.reason)
	if err := move.run(ctx, c); err != nil {
		return err
	}
	caller.Actor = said.by
	_, err = c.closeTransferred(ctx, caller, transfer{cmd: Transfer{Application: f.state.From, Job: f.state.Job}, id: id, reason: said.reason})
	if refused(err) {
		c.logger.Warn("an application went on as another one and was not closed", "application", f.state.From, "other", id, "error", err)
		return nil
	}
	return err
}

// taken is what an application takes along.
type taken struct {
	application.Carried
	source string
}

// takenAlong reads what is still to come of the application that is transferred,
// as it is by now, under new ids and the new application's keys.
func (c *Commands) takenAlong(ctx context.Context, caller Caller, t transfer) (taken, error) {
	f, err := c.applications.read(ctx, c.log, t.cmd.Application)
	if err != nil {
		return taken{}, err
	}
	said, err := c.told(ctx, t.cmd.Application)
	if err != nil {
		return taken{}, err
	}
	now := c.stamp(caller, f.at).At
	got := taken{source: said.source, Carried: application.Carried{
		Tags: f.state.Tags, Priority: f.state.Priority, Over: t.toCome(f.state, now).Over, Change: t.newID("change"),
	}}
	pending := f.state.Pending(now)
	var move rekeying
	for _, id := range pending.Documents {
		d := said.documents[id]
		d.Document = t.newID(id)
		move.to(keyOf(t.id), &d.Title, &d.Description)
	}
	for _, id := range pending.Interviews {
		i, was := said.interviews[id], pendingInterview(f.state, id)
		i.Interview, i.First, i.Invited = t.newID(id), was.Origin(id), was.Invited
		i.Sequence, i.Since = was.Sequence+1, was.Since // while both are there, the later one counts
		move.to(personal.Key{ID: i.Interview, Owner: t.id}, &i.Title, &i.Description, &i.Place, &i.Link)
	}
	for _, id := range pending.Reviews {
		r := said.reviews[id]
		r.Review = t.newID(id)
		move.to(keyOf(t.id), &r.Message)
	}
	if err := move.run(ctx, c); err != nil {
		return taken{}, err
	}
	for _, id := range pending.Documents {
		got.Documents = append(got.Documents, *said.documents[id])
	}
	for _, id := range pending.Interviews {
		got.Interviews = append(got.Interviews, *said.interviews[id])
		got.Answers = append(got.Answers, t.answers(id, pendingInterview(f.state, id))...)
	}
	for _, id := range pending.Reviews {
		got.Reviews = append(got.Reviews, *said.reviews[id])
	}
	return got, nil
}

func pendingInterview(a application.Application, id string) application.Interview {
	i, _ := a.Interviews.Get(id)
	return i
}

// rekeying puts texts under other keys.
type rekeying struct {
	texts []*personal.Text
	keys  []personal.Key
}

// to adds texts that go under a key; absent ones are left out.
func (r *rekeying) to(key personal.Key, texts ...*personal.Text) {
	for _, t := range texts {
		if !t.IsZero() {
			r.texts, r.keys = append(r.texts, t), append(r.keys, key)
		}
	}
}

// run replaces the texts; one that was erased is absent from then on.
func (r *rekeying) run(ctx context.Context, c *Commands) error {
	sealed := make([][]byte, len(r.texts))
	for i, t := range r.texts {
		sealed[i] = t.Bytes()
	}
	opened, err := c.vault.Open(ctx, sealed...)
	if err != nil {
		return err
	}
	for i, t := range r.texts {
		*t = personal.Text{}
		if !opened[i].Erased {
			*t = personal.New(r.keys[i], opened[i].Text)
		}
	}
	return nil
}

// told is what an application's events say of what was asked for and planned, as
// of the last change of each.
type told struct {
	source     string
	by         domain.Actor  // who took it in
	reason     personal.Text // why it goes on from another one
	documents  map[string]*application.DocumentRequested
	interviews map[string]*application.InterviewScheduled
	reviews    map[string]*application.ReviewRequested
}

func (c *Commands) told(ctx context.Context, id string) (told, error) {
	t := told{
		documents: map[string]*application.DocumentRequested{}, interviews: map[string]*application.InterviewScheduled{}, reviews: map[string]*application.ReviewRequested{},
	}
	stream := "application-" + id
	for rec, err := range c.log.ReadStream(ctx, stream, 0, eventlog.Forwards) {
		if err != nil {
			return t, fmt.Errorf("read %s: %w", stream, err)
		}
		e, err := application.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return t, fmt.Errorf("%s at %d: %w", stream, rec.Revision, err)
		}
		t.hear(e)
	}
	return t, nil
}

func (t *told) hear(e application.Event) {
	switch e := e.(type) { //nolint:gochecksumtype // only what can be taken along
	case application.Received:
		t.source, t.by, t.reason = e.Source, e.By, e.Reason
	case application.DocumentRequested:
		t.documents[e.Document] = &e
	case application.DocumentRecategorised:
		if d, ok := t.documents[e.Document]; ok {
			d.Category = e.To
		}
	case application.ReviewRequested:
		t.reviews[e.Review] = &e
	case application.InterviewScheduled:
		t.interviews[e.Interview] = &e
	case application.WorkHandedOver:
		for _, id := range e.Reviews {
			t.reviews[id].Reviewer = e.To
		}
		for _, id := range e.Interviews {
			t.interviews[id].Organiser = e.To
		}
	case application.InterviewRescheduled:
		i := t.interviews[e.Interview]
		i.InterviewTime, i.Place, i.Link = e.InterviewTime, e.Place, e.Link
		if !e.SameTime {
			i.Slots = nil
		}
	case application.InterviewChanged:
		i := t.interviews[e.Interview]
		i.Title, i.Description, i.Participants, i.Form, i.Hidden = e.Title, e.Description, e.Participants, e.Form, e.Hidden
	case application.InterviewAnswered:
		if e.Slot != "" {
			i := t.interviews[e.Interview]
			i.Start, i.Slots = e.Slot, nil
		}
	}
}
