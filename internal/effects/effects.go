// Package effects lets things follow from events, each once for each event: a
// reactor looks at the log in order and decides which, and runs of a job queue
// carry them out.
//
// A reactor has a checkpoint of its own in Postgres, which is moved by
// compare-and-set in the transaction that plans the effects of what was looked
// at, in the ledger (ops.effects) and as jobs of River. The id of an effect is
// made of the event and the purpose, and stays in the ledger for ever, so
// whatever is looked at again plans nothing again. An effect is a command of the
// system's with that id as its own: given again it writes nothing. So it is
// recorded once, wherever a process is killed.
//
// A reactor decides on the event alone; whether there is still reason to is
// decided when the time has come, by the command. Only events of origin live
// have effects.
package effects

import (
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/employee"
	vacancy "github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// Kind is what is done. It is stored for ever.
type Kind string

// The kinds of effects.
const (
	DiscloseOutcome  Kind = "disclose_outcome"
	RemindOfDocument Kind = "remind_of_document"
	RunBulk          Kind = "run_bulk"
	CreateEmployee   Kind = "create_employee"
	ReverseEmployee  Kind = "reverse_employee"
	RemindOfReview   Kind = "remind_of_review"
	WatchStage       Kind = "watch_stage"
	HandOver         Kind = "hand_over"
	ExpireOffer      Kind = "expire_offer"
	HireSigned       Kind = "hire_signed"
	SendMessage      Kind = "send_message"
	DiscloseBySent   Kind = "disclose_by_message"
	MoveDisclosure   Kind = "move_disclosure"
	SettleMessage    Kind = "settle_message"
	NoticeCandidate  Kind = "notice_candidate"
	NoticeMembers    Kind = "notice_members"
	NoticeInterview  Kind = "notice_interview"
	SendNotice       Kind = "send_notice"
	ScanFile         Kind = "scan_file"
)

// Kinds returns all kinds of effects.
func Kinds() []Kind {
	return []Kind{DiscloseOutcome, RemindOfDocument, RunBulk, RemindOfReview, HandOver, CreateEmployee, ReverseEmployee, SendMessage, DiscloseBySent, SettleMessage, ExpireOffer, HireSigned, NoticeCandidate, NoticeMembers, NoticeInterview, SendNotice, MoveDisclosure, ScanFile, WatchStage}
}

// Plan is an effect that an event is to have.
type Plan struct {
	// Purpose tells the effects of one event apart. It is stored for ever.
	Purpose string
	Kind    Kind
	Subject string    // id of the aggregate it is about
	Object  string    // id of the part of it, if it is about one
	At      time.Time // when; the past means at once
	// Wakes has the effects of the kind on the object that wait looked at now,
	// whatever they are about; nothing else is planned.
	Wakes bool
}

// Reactor decides what follows from events.
type Reactor struct {
	// Name is stored for ever: the checkpoint is found by it.
	Name string
	// Decide returns what an event of a stream has for effects. It is pure: asked
	// again it answers the same. Errors stop the reactor at the event; their text
	// holds no personal data.
	Decide func(eventlog.Event) ([]Plan, error)
}

// ID returns the id of the effect an event has for a purpose.
func ID(event uuid.UUID, purpose string) uuid.UUID {
	return uuid.NewSHA1(event, []byte("effect/"+purpose))
}

// Recruiting is the reactor of everything that follows from applications and
// members and messages.
func Recruiting() Reactor { return Reactor{Name: "recruiting", Decide: recruiting} }

func recruiting(e eventlog.Event) ([]Plan, error) {
	category, id := eventlog.SplitStream(e.Stream)
	switch category {
	case "bulk":
		return ofBulk(e, id)
	case "application":
		fact, err := application.Codec.Decode(e.Type, e.Data)
		if err != nil {
			return nil, unreadable(err)
		}
		return ofApplication(id, fact), nil
	case "job":
		fact, err := vacancy.Codec.Decode(e.Type, e.Data)
		if err != nil {
			return nil, unreadable(err)
		}
		if f, ok := fact.(vacancy.StageChanged); ok && f.Limited {
			return []Plan{{Kind: WatchStage, Object: f.Stage.ID, Wakes: true}}, nil
		}
		return nil, nil
	case "member":
		fact, err := member.Codec.Decode(e.Type, e.Data)
		if err != nil {
			return nil, unreadable(err)
		}
		if f, ok := fact.(member.Deactivated); ok && f.HandedTo != "" {
			return []Plan{{Purpose: "hand_over", Kind: HandOver, Subject: id, Object: f.HandedTo, At: f.At}}, nil
		}
		return nil, nil
	case "employee":
		fact, err := employee.Codec.Decode(e.Type, e.Data)
		if err != nil {
			return nil, unreadable(err)
		}
		if f, ok := fact.(employee.DocumentTaken); ok {
			return scan(id, f.Held, f.At), nil
		}
		return nil, nil
	case "message":
		fact, err := message.Codec.Decode(e.Type, e.Data)
		if err != nil {
			return nil, unreadable(err)
		}
		return ofMessage(id, fact), nil
	case "notice":
		fact, err := notice.Codec.Decode(e.Type, e.Data)
		if err != nil {
			return nil, unreadable(err)
		}
		return ofNotice(fact), nil
	}
	return nil, nil
}

// unreadable says of an event that it cannot be read, and nothing of what is in
// it.
func unreadable(err error) error {
	var unknown *domain.UnknownEventError
	if errors.As(err, &unknown) {
		return unknown
	}
	return errors.New("data is not of its type's form")
}

// ofBulk has an action on many applications, or its undoing, taken one step
// further, until nothing is left: each step plans the next.
func ofBulk(e eventlog.Event, id string) ([]Plan, error) {
	fact, err := bulk.Codec.Decode(e.Type, e.Data)
	if err != nil {
		return nil, unreadable(err)
	}
	next := []Plan{{Purpose: "run", Kind: RunBulk, Subject: id, At: fact.When()}}
	switch f := fact.(type) {
	case bulk.Started, bulk.UndoStarted:
		return next, nil
	case bulk.ItemsDone:
		if f.Left > 0 {
			return next, nil
		}
	case bulk.ItemsUndone:
		if f.Left > 0 {
			return next, nil
		}
	}
	return nil, nil
}

// ofMessage returns what follows from an event of a message. Its effects are
// about the application it belongs to.
func ofMessage(id string, fact message.Event) []Plan {
	send := func(p message.Place, at time.Time) []Plan {
		return []Plan{{Purpose: "send", Kind: SendMessage, Subject: p.Application, Object: id, At: at}}
	}
	settle := func(application string) []Plan {
		return []Plan{{Purpose: "settle", Kind: SettleMessage, Subject: application, Object: id, At: fact.When()}}
	}
	// A rejection's disclosure follows the message that tells of it.
	moves := func(p message.Place, purpose message.Purpose, others ...Plan) []Plan {
		if purpose == message.Rejection {
			others = append(others, Plan{Purpose: "move_disclosure", Kind: MoveDisclosure, Subject: p.Application, Object: id, At: fact.When()})
		}
		return others
	}
	switch f := fact.(type) { //nolint:gochecksumtype // the others have no effect
	case message.Written:
		return send(f.Place, f.SendAt)
	case message.Changed:
		return moves(f.Place, f.Purpose, send(f.Place, f.SendAt)...)
	case message.Retried:
		return moves(f.Place, f.Purpose, send(f.Place, f.At)...)
	case message.Cancelled:
		return moves(f.Place, f.Purpose)
	case message.OutcomeUnknown:
		return moves(f.Place, f.Purpose)
	case message.Failed:
		if f.RetryAt != nil {
			return send(f.Place, *f.RetryAt)
		}
		return moves(f.Place, f.Purpose)
	case message.Sent:
		if f.Purpose == message.Rejection {
			return []Plan{{Purpose: "disclose", Kind: DiscloseBySent, Subject: f.Application, Object: id, At: f.At}}
		}
	case message.Received:
		if f.Application != "" && len(f.Attachments) > 0 {
			return settle(f.Application)
		}
		return scan(id, f.Held, f.At) // of one that belongs to an application its documents are scanned
	case message.Assigned:
		return settle(f.Application)
	case message.Moved:
		return settle(f.To)
	}
	return nil
}

// ofApplication returns what follows from an event of an application.
func ofApplication(id string, fact application.Event) []Plan {
	switch f := fact.(type) { //nolint:gochecksumtype // most events have no effect
	case application.Disqualified:
		if f.Kind == application.Rejected {
			return []Plan{{Purpose: "disclose", Kind: DiscloseOutcome, Subject: id, At: f.DiscloseAt}}
		}
	case application.DisclosureMoved:
		return []Plan{{Purpose: "disclose", Kind: DiscloseOutcome, Subject: id, At: f.DiscloseAt}}
	case application.Hired:
		return []Plan{{Purpose: "employee", Kind: CreateEmployee, Subject: id, Object: f.Hire, At: f.At}}
	case application.HireUndone:
		plans := []Plan{{Purpose: "reversal", Kind: ReverseEmployee, Subject: id, Object: f.Hire, At: f.At}}
		if f.Stage != "" {
			plans = append(plans, Plan{Purpose: "watch", Kind: WatchStage, Subject: id, Object: f.Stage, At: f.At.Add(leastLimit)})
		}
		return plans
	case application.ReviewRequested:
		if f.RemindAt != nil {
			return []Plan{{Purpose: "remind", Kind: RemindOfReview, Subject: id, Object: f.Review, At: *f.RemindAt}}
		}
	case application.OfferSent:
		if f.ExpiresAt != nil {
			return []Plan{{Purpose: "expire", Kind: ExpireOffer, Subject: id, Object: f.Offer, At: *f.ExpiresAt}}
		}
	case application.OfferAccepted:
		if f.Signature != nil {
			return []Plan{{Purpose: "hire", Kind: HireSigned, Subject: id, Object: f.Offer, At: f.At}}
		}
	case application.DocumentRequested:
		plans := []Plan{tellCandidate(id, notice.DocumentRequested, f.Document, f.At)}
		if f.DueAt == nil {
			return plans
		}
		// Who is asked less than that before the due date needs no reminder.
		if at := f.DueAt.Add(-application.RemindBefore); at.After(f.At) {
			plans = append(plans, Plan{Purpose: "remind", Kind: RemindOfDocument, Subject: id, Object: f.Document, At: at})
		}
		return plans
	case application.DocumentCancelled:
		return []Plan{tellCandidate(id, notice.DocumentCancelled, f.Document, f.At)}
	case application.DocumentApproved:
		return []Plan{tellCandidate(id, notice.DocumentApproved, f.Document, f.At)}
	case application.DocumentRejected:
		return []Plan{tellCandidate(id, notice.DocumentRejected, f.Document, f.At)}
	case application.VersionDeleted:
		if f.By != domain.Candidate {
			return []Plan{tellCandidate(id, notice.DocumentDeleted, f.Document, f.At)}
		}
	case application.DocumentReminderDue:
		return []Plan{tellCandidate(id, notice.DocumentReminder, f.Document, f.At)}
	case application.DocumentUploaded:
		plans := scan(id, f.Held, f.At)
		if f.By == domain.Candidate && f.Area() == "" {
			plans = append(plans, Plan{Purpose: "notice", Kind: NoticeMembers, Subject: id, Object: f.Document, At: f.At})
		}
		return plans
	case application.FileScanned:
		if f.Rejects && f.Area() == "" {
			return []Plan{tellCandidate(id, notice.DocumentRejected, f.Document, f.At)}
		}
	}
	if stage := entered(fact); stage != "" {
		return []Plan{{Purpose: "watch", Kind: WatchStage, Subject: id, Object: stage, At: fact.When().Add(leastLimit)}}
	}
	if interview := ofInterview(fact); interview != "" {
		return []Plan{{Purpose: "interview", Kind: NoticeInterview, Subject: id, Object: interview, At: fact.When()}}
	}
	return nil
}

// leastLimit is the shortest limit that a stage can have.
const leastLimit = 24 * time.Hour

// entered returns the stage in which an application is from an event on, "" if it
// is where it was.
func entered(fact application.Event) string {
	switch f := fact.(type) { //nolint:gochecksumtype // the others leave it where it is
	case application.Received:
		return f.Stage
	case application.StageMoved:
		return f.To
	case application.MoveUndone:
		return f.To
	case application.Requalified:
		return f.Stage
	}
	return ""
}

// ofInterview returns the interview of whose event people are told by mail, "" if
// they are told nothing: who is, is decided when it is noted.
func ofInterview(fact application.Event) string {
	switch f := fact.(type) { //nolint:gochecksumtype // the others tell nothing
	case application.InterviewScheduled:
		if f.Job != "" && !f.Recorded { // nothing is told anew of what goes on from elsewhere
			return f.Interview
		}
	case application.InterviewInvited:
		return f.Interview
	case application.InterviewRescheduled:
		return f.Interview
	case application.InterviewChanged:
		if !f.Internal() {
			return f.Interview
		}
	case application.InterviewCancelled:
		return f.Interview
	case application.InterviewAnswered:
		if f.Slot != "" {
			return f.Interview
		}
	}
	return ""
}

// scan has the malware scanner asked about files that are held.
func scan(id string, held []string, at time.Time) []Plan {
	var plans []Plan
	for _, file := range held {
		plans = append(plans, Plan{Purpose: scanPurpose + file, Kind: ScanFile, Subject: id, Object: file, At: at})
	}
	return plans
}

// scanPurpose is before the id of the file in the purpose of the effect.
const scanPurpose = "scan/"

// noticePurpose is before the kind of what the candidate is told in the purpose of
// the effect.
const noticePurpose = "notice/"

// tellCandidate has the candidate of an application told by mail of what happened
// to a part of it. Whether there is reason to is decided when it is noted, and
// again when the mail leaves; what its line says is in the commands' table of them.
func tellCandidate(id string, kind notice.Kind, object string, at time.Time) Plan {
	return Plan{Purpose: noticePurpose + string(kind), Kind: NoticeCandidate, Subject: id, Object: object, At: at}
}

// ofNotice returns what follows from an event of what a person is told: a mail
// leaves when its time has come, or at once, if that is earlier by now, and is
// tried again.
func ofNotice(fact notice.Event) []Plan {
	switch f := fact.(type) { //nolint:gochecksumtype // the others have no effect
	case notice.Noted:
		if f.Opens {
			return []Plan{{Purpose: sendPurpose(f.About), Kind: SendNotice, Subject: f.Application, Object: f.Mail, At: f.ClosesAt}}
		}
		if f.Hastens {
			return []Plan{{Kind: SendNotice, Object: f.Mail, Wakes: true}}
		}
	case notice.Failed:
		if f.RetryAt != nil {
			return []Plan{{Purpose: sendPurpose(f.About), Kind: SendNotice, Subject: f.Application, Object: f.Mail, At: *f.RetryAt}}
		}
	}
	return nil
}

// sendPurpose says of a mail about an interview which that is, and whom it tells.
func sendPurpose(about notice.About) string {
	if about.Interview == "" {
		return "send"
	}
	return invitePurpose + about.Interview + "/" + about.To
}

const invitePurpose = "send/"

// Does returns the purpose of an effect without the ids that may be in it.
func (e Entry) Does() string {
	for _, before := range []string{scanPurpose, invitePurpose} {
		if strings.HasPrefix(e.Purpose, before) {
			return strings.TrimSuffix(before, "/")
		}
	}
	return e.Purpose
}

// Invitation returns which interview an effect is about, by the id by which
// calendars know it, and, of a mail, whom it tells: a member, or notice.Candidate.
func (e Entry) Invitation() (interview, to string) {
	if e.Kind == SendNotice {
		if about, ok := strings.CutPrefix(e.Purpose, invitePurpose); ok {
			interview, to, _ = strings.Cut(about, "/")
		}
	}
	return interview, to
}
