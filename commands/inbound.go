package commands

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/internal/mail"
	"github.com/hirelog/hirelog/internal/vault"
)

// ErrUnreadableMail means that what was posted is no mail that can be taken.
var ErrUnreadableMail = &domain.Refusal{Kind: domain.Invalid, Code: "unreadable_mail", Message: "This is no mail that can be taken."}

// ReceiveMail takes in a mail that somebody sent to the company, or that says of
// one of ours that it came back. Admins may: it is a mail server that does. The
// same mail, by its sender and Message-ID, comes in once. Its id is the
// message's.
//
// One that answers to an invitation, by who was invited, is their answer: the
// candidate's is a message too, which is closed if it says nothing else, and that of
// who takes part only if it does, which belongs to no application; else its id is the
// interview's.
//
// It belongs to the application whose reply address it went to, if the sender is
// its candidate, or the one that it went on as by transfers, else to the one live
// application of the sender; to none if the application it went to closed longer ago than the setting says.
// Errors: those of message.Receive; ErrDenied; files.ErrNoSpace.
func (c *Commands) ReceiveMail(ctx context.Context, caller Caller, in mail.Incoming) (Answer, error) {
	if err := c.MayReceiveMail(caller); err != nil {
		return Answer{}, err
	}
	caller = caller.withoutMatch()
	if in.Bounce != nil {
		if id, attempt, ours := c.ourMessage(in.Bounce.MessageID); ours {
			return c.bounced(ctx, caller, id, attempt, in.Bounce.Status)
		}
		if stream, id, attempt, ours := c.ourNotice(in.Bounce.MessageID); ours {
			answer, known, err := c.noticeBounced(ctx, caller, stream, id, attempt, in.Bounce.Status)
			if err != nil || known {
				return answer, err
			}
		}
	}
	id, more := c.mailID(in), in.Reply != nil && in.SaysMore()
	reply, answers, err := c.replyOf(ctx, caller, id, in)
	switch {
	case err != nil:
		return Answer{}, err
	case answers && !reply.candidate && !more:
		return reply.Answer, nil
	case !answers || in.Text == "":
		in = in.WithObject()
	}
	f, err := c.messages.read(ctx, c.log, id)
	if err != nil {
		return Answer{}, err
	}
	if f.state.Direction == "" {
		if err := c.takeIn(ctx, caller, id, in, answers && !reply.candidate); err != nil {
			return Answer{}, err
		}
	}
	answer, err := c.SettleMessage(ctx, caller.as(domain.System), id)
	if err == nil && answers && reply.candidate && !more {
		var closed Answer
		if closed, err = c.answeredBy(ctx, caller, id); closed.Position.After(answer.Position) {
			answer.Position = closed.Position
		}
	}
	answer.ID = id
	return answer, err
}

// MayReceiveMail refuses who may not hand mail over. Errors: ErrDenied.
func (c *Commands) MayReceiveMail(caller Caller) error { return c.allow(caller, access.Admin) }

// mailID returns the id of the message that a mail is. It is the same for the
// same mail, and tells nothing of it without the keyset.
func (c *Commands) mailID(in mail.Incoming) string {
	header := in.MessageID
	if header == "" {
		parts := [][]byte{[]byte(in.Subject), []byte(in.Text)}
		for _, f := range in.Files {
			parts = append(parts, []byte(f.Name), f.Content)
		}
		if r := in.Reply; r != nil {
			parts = append(parts, fmt.Appendf(nil, "%s/%d/%s/%d", r.ID, r.Sequence, r.Answer, r.Stamped.Unix()))
		}
		sum := c.vault.Fingerprint(parts...)
		header = string(sum[:])
	}
	return c.vault.DeriveID("mail", strings.ToLower(string(in.From)), header).String()
}

// bounced records that a mail of ours came back.
func (c *Commands) bounced(ctx context.Context, caller Caller, id string, attempt int, status string) (Answer, error) {
	if status == "" {
		status = undelivered
	}
	answer, err := transact(ctx, c, c.messages, id, caller.as(domain.System), decision[message.Message, message.Event]{
		decide: func(m message.Message, s domain.Stamp) ([]message.Event, error) { return m.Bounce(attempt, status, s) },
	})
	answer.ID = id
	return answer, err
}

// takeIn records a mail where it belongs. Who answered as a participant does not write
// as a candidate, whatever applications they have.
func (c *Commands) takeIn(ctx context.Context, caller Caller, id string, in mail.Incoming, participant bool) error {
	arrival, err := c.route(ctx, in, participant)
	if err != nil {
		return err
	}
	if err := c.conversation(ctx, id, in, &arrival); err != nil {
		return err
	}
	owner := arrival.Application
	if owner == "" {
		owner = id
	}
	key := personal.Key{ID: id, Owner: owner}
	text := []rune(in.Text)
	if len(text) > message.MaxBody {
		text, arrival.Shortened = text[:message.MaxBody], true
		in.Files = append([]mail.Enclosure{{Name: "message.txt", Content: []byte(in.Text)}}, in.Files...)
	}
	if err := c.keepFiles(ctx, in, key, &arrival); err != nil {
		c.dropFiles(arrival.Attachments)
		return err
	}
	header := in.MessageID
	if utf8.RuneCountInString(header) > message.MaxMessageID {
		header = ""
	}
	arrival.From, arrival.FromName = personal.New(key, in.From), personal.New(key, in.FromName)
	arrival.Subject, arrival.Text, arrival.MessageID = personal.New(key, in.Subject), personal.New(key, personal.Plain(text)), personal.New(key, personal.Plain(header))
	by := domain.System
	if arrival.Application != "" {
		by = domain.Candidate
	}
	answer, err := transact(ctx, c, c.messages, id, caller.as(by), decision[message.Message, message.Event]{
		decide: func(m message.Message, s domain.Stamp) ([]message.Event, error) { return m.Receive(arrival, s) },
	})
	if err == nil && (answer.Repeated || answer.Unchanged) || refused(err) {
		c.dropFiles(arrival.Attachments)
	}
	return err
}

// route says where a mail belongs.
func (c *Commands) route(ctx context.Context, in mail.Incoming, participant bool) (message.Arrival, error) {
	if err := c.directory.Check(); err != nil { // settings that are not known yet route nothing
		return message.Arrival{}, err
	}
	person, known, err := c.vault.LookUp(ctx, in.From)
	if errors.Is(err, vault.ErrNoAddress) {
		err = nil
	}
	if err != nil {
		return message.Arrival{}, err
	}
	theirs := map[string]application.Application{}
	if known && !participant {
		owners, err := c.vault.Owners(ctx, person)
		if err != nil {
			return message.Arrival{}, err
		}
		for _, id := range owners {
			f, err := c.applications.read(ctx, c.log, id)
			if err != nil {
				return message.Arrival{}, err
			}
			if f.state.Outcome != "" && !f.state.Anonymised {
				theirs[id] = f.state
			}
		}
	}
	return c.routed(ctx, theirs, known, c.repliedTo(in.Recipients))
}

// routed says where a mail of somebody who has these applications belongs that
// went to the reply address of an application, or of none.
func (c *Commands) routed(ctx context.Context, theirs map[string]application.Application, known bool, to string) (message.Arrival, error) {
	in := message.Arrival{Known: known}
	var addressed application.Application
	if to != "" {
		var err error
		if to, addressed, err = c.wentOnAs(ctx, to); err != nil {
			return in, err
		}
		if addressed.Outcome == "" || addressed.Anonymised {
			to = ""
		}
	}
	var live []string
	for _, id := range slices.Sorted(maps.Keys(theirs)) {
		if theirs[id].Live() {
			live = append(live, id)
		}
	}
	_, sendersOwn := theirs[to]
	switch {
	case to != "" && c.longClosed(addressed):
	case to != "" && sendersOwn:
		in.Place = message.Place{Application: to, Job: addressed.Job}
	case len(live) == 1:
		in.Place = message.Place{Application: live[0], Job: theirs[live[0]].Job}
	}
	if in.Application != "" {
		return in, nil
	}
	if to != "" {
		in.Suggested = message.Place{Application: to, Job: addressed.Job}
	} else if len(theirs) == 1 {
		for id, a := range theirs {
			in.Suggested = message.Place{Application: id, Job: a.Job}
		}
	}
	return in, nil
}

// wentOnAs returns the application that one went on as by transfers, or itself.
func (c *Commands) wentOnAs(ctx context.Context, id string) (string, application.Application, error) {
	f, err := c.applications.read(ctx, c.log, id)
	for err == nil && f.state.To != "" {
		var next folded[application.Application]
		if next, err = c.applications.read(ctx, c.log, f.state.To); err != nil || next.state.Outcome == "" || next.state.Anonymised {
			break
		}
		id, f = f.state.To, next
	}
	return id, f.state, err
}

// longClosed reports whether mail for an application is assigned by hand, because
// it closed longer ago than the setting says.
func (c *Commands) longClosed(a application.Application) bool {
	days := c.directory.Organization().Settings.UnassignAfterDays
	return !a.Live() && !c.now().Before(a.ClosedAt.AddDate(0, 0, days))
}

// conversation says of a mail what it answers, and which thread it belongs to.
func (c *Commands) conversation(ctx context.Context, id string, in mail.Incoming, arrival *message.Arrival) error {
	arrival.Thread = id
	for _, header := range in.References {
		answered, _, ours := c.ourMessage(header)
		if !ours || arrival.Application == "" {
			continue
		}
		f, err := c.messages.read(ctx, c.log, answered)
		if err != nil {
			return err
		}
		if f.state.Application == arrival.Application {
			arrival.Answers, arrival.Thread = answered, f.state.Thread
			return nil
		}
	}
	return nil
}

// keepFiles seals the files that came along and adds them to an arrival; of those
// that are not kept it adds the names, under key. What it stored before an error
// it adds too.
func (c *Commands) keepFiles(ctx context.Context, in mail.Incoming, key personal.Key, arrival *message.Arrival) error {
	leave := func(name personal.Plain, why message.LeftOutReason) {
		if len(arrival.LeftOut) < message.MaxLeftOut {
			arrival.LeftOut = append(arrival.LeftOut, message.LeftOut{Name: personal.New(key, fileName(name)), Reason: why})
		}
	}
	t := taking{c: c, owner: key.Owner}
	defer func() {
		arrival.Infected = t.found
		arrival.Held = slices.DeleteFunc(t.held, func(id string) bool {
			return !slices.ContainsFunc(arrival.Attachments, func(at message.Attachment) bool { return at.File == id })
		})
	}()
	for _, f := range in.Files {
		if len(arrival.Attachments) == message.MaxAttachments {
			leave(f.Name, message.TooMany)
			continue
		}
		at, err := c.keepFile(ctx, &t, f)
		switch {
		case errors.Is(err, files.ErrTooLarge), errors.Is(err, application.ErrFileTooLarge):
			leave(f.Name, message.TooLarge)
		case err != nil:
			return fmt.Errorf("store a file of a mail: %w", err)
		default:
			arrival.Attachments = append(arrival.Attachments, at)
		}
	}
	for _, f := range in.LeftOut {
		why := message.TooLarge
		if f.TooMany {
			why = message.TooMany
		}
		leave(f.Name, why)
	}
	return nil
}

// keepFile seals a file that came along, also one that is infected.
// Errors: files.ErrTooLarge.
func (c *Commands) keepFile(ctx context.Context, t *taking, f mail.Enclosure) (message.Attachment, error) {
	id := uuid.NewString()
	key := personal.Key{ID: id, Owner: t.owner}
	content, err := t.scan(ctx, id, bytes.NewReader(f.Content), application.MaxFileBytes)
	if err != nil {
		return message.Attachment{}, err
	}
	info, err := c.files.Put(ctx, key, id, content, application.MaxFileBytes)
	if err != nil {
		return message.Attachment{}, err
	}
	mediaType, _, _ := strings.Cut(info.Type, ";")
	return message.Attachment{File: id, Name: personal.New(key, fileName(f.Name)), Size: info.Size, Type: mediaType}, nil
}

func (c *Commands) dropFiles(stored []message.Attachment) {
	for _, f := range stored {
		c.discard([]application.File{{ID: f.File}})
	}
}

// AssignMessage says to which application a message belongs that belongs to none.
type AssignMessage struct {
	Message     string `json:"-"`
	Application string `json:"application_id" format:"uuid" doc:"Application, and so candidate, that it belongs to"`
	TakeAddress bool   `json:"take_address,omitempty" doc:"Make the sender's address the candidate's; needs edit on the profile"`
}

// AssignMessage gives cmd. Admins and recruiting may who have edit on the
// messages area of the application.
// Errors: those of message.Assign; those of EditCandidate when the address is
// taken over; ErrDenied.
func (c *Commands) AssignMessage(ctx context.Context, caller Caller, cmd AssignMessage) (Answer, error) {
	if err := c.allow(caller, access.Admin, access.Recruiting); err != nil {
		return Answer{}, err
	}
	says, err := c.said(ctx, cmd.Message)
	if err != nil {
		return Answer{}, err
	}
	f, held, err := c.correspondent(ctx, caller, cmd.Application)
	switch {
	case err != nil:
		return Answer{}, err
	case cmd.TakeAddress && held.Area(access.Profile) < access.Edit:
		return Answer{}, ErrDenied
	}
	if cmd.TakeAddress { // after: an address is taken only of a message that is the application's
		from, err := c.reveal(ctx, says.from)
		switch {
		case err != nil:
			return Answer{}, err
		case says.state.Direction == message.Inbound && from == "":
			return Answer{}, message.ErrNoAddress
		}
	}
	answer, err := c.assign(ctx, caller, cmd.Message, message.Place{Application: cmd.Application, Job: f.state.Job})
	if err != nil || !cmd.TakeAddress {
		return answer, err
	}
	taken, err := c.takeSender(ctx, caller, cmd.Application, says)
	if taken.Position.After(answer.Position) {
		answer.Position = taken.Position // a read that waits for it sees both
	}
	return answer, err
}

// takeSender makes the address a message came from that of the person of an
// application.
func (c *Commands) takeSender(ctx context.Context, caller Caller, applicationID string, says saying) (Answer, error) {
	from, err := c.reveal(ctx, says.from)
	if err != nil {
		return Answer{}, err
	}
	address := personal.Plain(from)
	step := caller.withoutMatch()
	step.CommandID = uuid.NewSHA1(caller.CommandID, []byte("address"))
	return c.EditCandidate(ctx, step, EditCandidate{Application: applicationID, Email: &address})
}

// assign gives a message that belongs to no application to one.
func (c *Commands) assign(ctx context.Context, caller Caller, id string, to message.Place) (Answer, error) {
	answer, err := c.giving(ctx, caller, id, to.Application, decision[message.Message, message.Event]{
		decide: func(m message.Message, s domain.Stamp) ([]message.Event, error) { return m.Assign(to, s) },
	})
	if err != nil {
		return answer, err
	}
	return c.settled(ctx, caller, id, answer)
}

// settled does what is left to do behind a command that gave a message to an
// application, and answers as the command, at where all of it is.
func (c *Commands) settled(ctx context.Context, caller Caller, id string, answer Answer) (Answer, error) {
	all, err := c.SettleMessage(ctx, settling(caller), id)
	if all.Position.After(answer.Position) {
		answer.Position = all.Position
	}
	return answer, err
}

// settling is the caller of what is left to do behind a command.
func settling(caller Caller) Caller {
	step := caller.as(domain.System)
	step.CommandID = uuid.NewSHA1(caller.CommandID, []byte("settle"))
	return step
}

// giving decides that a message belongs to an application, for which the keys of it
// and of what came along are wrapped before that is recorded. If it does not come to
// that, because of a refusal or of what somebody else did in between, they are taken
// back.
func (c *Commands) giving(ctx context.Context, caller Caller, id, to string, d decision[message.Message, message.Event]) (Answer, error) {
	shared := false
	d.prepare = func(ctx context.Context, m message.Message) error {
		shared = true
		return c.share(ctx, id, m, to)
	}
	answer, err := transact(ctx, c, c.messages, id, caller, d)
	if shared && (refused(err) || err == nil && answer.Unchanged) {
		if err := c.unshare(ctx, id, to); err != nil {
			c.logger.Warn("keys of a message were not taken back from where it does not belong", "message", id, "error", err)
		}
	}
	return answer, err
}

// keysOf returns the keys of a message, its own first, and of what came along.
func keysOf(id string, m message.Message) []string {
	if m.Direction == message.Inbound {
		return append([]string{id}, m.Files...)
	}
	return []string{id}
}

// share wraps the keys of a message, and of what came along, for one more
// application. Errors: application.ErrAnonymised.
func (c *Commands) share(ctx context.Context, id string, m message.Message, applicationID string) error {
	for _, key := range keysOf(id, m) {
		err := c.vault.AddOwner(ctx, key, applicationID)
		switch {
		case errors.Is(err, vault.ErrErased) && key != id: // a file that somebody deleted
		case errors.Is(err, vault.ErrErased):
			return application.ErrAnonymised
		case err != nil:
			return err
		}
	}
	return nil
}

// unshare takes the keys of a message back from an application that it does not
// belong to. Whoever gives it to the same one meanwhile finds that out when
// it is settled.
func (c *Commands) unshare(ctx context.Context, id, applicationID string) error {
	f, err := c.messages.read(ctx, c.log, id)
	if err != nil {
		return err
	}
	if f.state.Application == applicationID {
		return nil
	}
	for _, key := range keysOf(id, f.state) {
		if err := c.vault.RemoveOwner(ctx, key, applicationID); err != nil && !errors.Is(err, vault.ErrLastOwner) {
			return err
		}
	}
	return nil
}

// ApplyByMessage makes an application of a message that belongs to none.
type ApplyByMessage struct {
	Message   string         `json:"-"`
	Job       string         `json:"job_id" format:"uuid" doc:"Job applied for; it must be open"`
	FirstName personal.Plain `json:"first_name,omitempty" maxLength:"100" doc:"One of the two names is required"`
	LastName  personal.Plain `json:"last_name,omitempty" maxLength:"100" doc:"Last name"`
	Phone     personal.Plain `json:"phone,omitempty" maxLength:"50" doc:"Telephone number"`
}

// sourceOfMail is the source of an application that was made of a mail.
const sourceOfMail = "e_mail"

// ApplyByMessage gives cmd: the person is who sent the message, which goes along
// with what came with it. Its id is the application's. Admins and recruiting may
// who may enter applications for the job.
// Errors: those of Receive and of message.Assign; ErrDenied.
func (c *Commands) ApplyByMessage(ctx context.Context, caller Caller, cmd ApplyByMessage) (Answer, error) {
	if err := c.allow(caller, access.Admin, access.Recruiting); err != nil {
		return Answer{}, err
	}
	held, err := c.mayOnJobsApplications(caller, cmd.Job)
	switch {
	case err != nil:
		return Answer{}, err
	case held.Area(access.Messages) < access.Edit:
		return Answer{}, ErrDenied
	}
	says, err := c.said(ctx, cmd.Message)
	if err != nil {
		return Answer{}, err
	}
	if says.state.Direction != message.Inbound {
		return Answer{}, message.ErrNotIn
	}
	receiving := caller.withoutMatch()
	if m := says.state; m.Application != "" && m.Application != receiving.newID("application") {
		return Answer{}, message.ErrAssigned
	}
	from, err := c.reveal(ctx, says.from)
	if err != nil {
		return Answer{}, err
	}
	answer, err := c.Receive(ctx, receiving, Receive{Job: cmd.Job, Source: sourceOfMail, Candidate: candidate.Details{
		FirstName: cmd.FirstName, LastName: cmd.LastName, Phone: cmd.Phone, Email: personal.Plain(from),
	}})
	if err != nil {
		return answer, err
	}
	step := caller.withoutMatch()
	step.CommandID = uuid.NewSHA1(caller.CommandID, []byte("assign"))
	assigned, err := c.assign(ctx, step, cmd.Message, message.Place{Application: answer.ID, Job: cmd.Job})
	if assigned.Position.After(answer.Position) {
		answer.Position = assigned.Position // a read that waits for it sees both
	}
	return answer, err
}

// ReassignMessage says that a message belongs to another application.
type ReassignMessage struct {
	Application string `json:"-"`
	Message     string `json:"-"`
	To          string `json:"application_id" format:"uuid" doc:"Application that it belongs to"`
}

// ReassignMessage gives cmd. Whoever has edit on the messages area of both may.
// Whether it is open, and what came along, go with it.
// Errors: those of message.Move; ErrDenied.
func (c *Commands) ReassignMessage(ctx context.Context, caller Caller, cmd ReassignMessage) (Answer, error) {
	if _, _, err := c.correspondent(ctx, caller, cmd.Application); err != nil {
		return Answer{}, err
	}
	to, _, err := c.correspondent(ctx, caller, cmd.To)
	if err != nil {
		return Answer{}, err
	}
	answer, err := c.giving(ctx, caller, cmd.Message, cmd.To, decision[message.Message, message.Event]{
		may: func(m message.Message) error {
			if m.Application != cmd.Application && (m.Application != cmd.To || !slices.ContainsFunc(m.Left, func(p message.Place) bool { return p.Application == cmd.Application })) {
				return message.ErrUnknown
			}
			return nil
		},
		decide: func(m message.Message, s domain.Stamp) ([]message.Event, error) {
			return m.Move(message.Place{Application: cmd.To, Job: to.state.Job}, s)
		},
	})
	if err != nil {
		return answer, err
	}
	return c.settled(ctx, caller, cmd.Message, answer)
}
