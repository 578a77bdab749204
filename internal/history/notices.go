package history

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// Notice is one mail by which somebody was told of events of an application.
type Notice struct {
	ID        string        `json:"id" format:"uuid"`
	To        *string       `json:"to" doc:"candidate, or the id of a member; null if nothing that it tells is for you"`
	Interview *string       `json:"interview_id" format:"uuid" doc:"By which calendars know it, of a mail about one"`
	Told      []Told        `json:"told" doc:"What of this application it tells, oldest first; without what you may not view"`
	Status    notice.Status `json:"status" enum:"open,sending,sent,failed,unknown,dropped,bounced" doc:"open: it takes more until it leaves; sending: it is handed over; sent: it was taken; failed: it was not taken; unknown: nobody knows whether it was taken; dropped: there was no reason for it any more; bounced: it was taken and came back"`
	StatusAt  time.Time     `json:"status_at"`
	Attempts  int           `json:"attempts" doc:"How often it was handed over"`
	RetryAt   *time.Time    `json:"retry_at" doc:"When it is tried again by itself"`
	Reason    *string       `json:"reason" doc:"Why it failed or was dropped; a code"`
}

// Told is one event that somebody was told of.
type Told struct {
	Kind    notice.Kind `json:"kind" enum:"document_requested,document_cancelled,document_approved,document_rejected,document_deleted,document_reminder,upload_received,interview_planned,interview_changed,interview_cancelled"`
	Subject string      `json:"subject_id" format:"uuid" doc:"The document or the interview"`
	Cause   string      `json:"event_id" format:"uuid" doc:"The event of the application"`
	At      time.Time   `json:"at" doc:"When it was noted"`
}

// noticeStream is what happened in a stream of mails.
type noticeStream struct {
	name   string
	events []eventlog.Event
	facts  []notice.Event
}

// maxReads is how many streams of mails are read at a time.
const maxReads = 16

// noticesOf reads the mails by which people may have been told of events of an
// application: its candidate, whoever asked for a document, its job's recruitment
// managers, and who took part in interviews, then or later.
func (r *Replayer) noticesOf(ctx context.Context, id string, events []recorded) ([]noticeStream, error) {
	first, a := id, application.Application{}
	people, interviews := map[string]bool{notice.Candidate: true}, map[string]map[string]bool{}
	takePart := func(interview string, members []string) {
		i, _ := a.Interviews.Get(interview)
		told := interviews[i.Origin(interview)]
		if told == nil {
			told = map[string]bool{notice.Candidate: true}
			interviews[i.Origin(interview)] = told
		}
		for _, m := range members {
			told[m] = true
		}
	}
	for _, rec := range events {
		a = a.Fold(rec.fact)
		switch e := rec.fact.(type) { //nolint:gochecksumtype // only what tells who may have been written to
		case application.DocumentRequested:
			if asked := e.By.MemberID(); asked != "" {
				people[asked] = true
			}
		case application.InterviewScheduled:
			takePart(e.Interview, e.Participants)
		case application.InterviewChanged:
			takePart(e.Interview, e.Participants)
		}
	}
	if err := r.managersOf(ctx, a.Job, people); err != nil {
		return nil, err
	}
	for from := a.From; from != ""; {
		before, _, err := r.folded(ctx, from)
		if err != nil {
			return nil, err
		}
		first, from = from, before.From
	}
	names := streamsOf(nil, first, people)
	for _, origin := range slices.Sorted(maps.Keys(interviews)) {
		names = streamsOf(names, origin, interviews[origin])
	}
	return r.noticeStreams(ctx, names)
}

// streamsOf appends the names of the streams of what people are told of an
// application or an interview.
func streamsOf(names []string, of string, told map[string]bool) []string {
	for _, to := range slices.Sorted(maps.Keys(told)) {
		names = append(names, "notice-"+uuid.NewSHA1(uuid.MustParse(of), []byte(notice.Name(to))).String())
	}
	return names
}

// noticeStreams reads streams of mails, some at a time, and returns those that are
// there: of most of who might have been told nothing was noted.
func (r *Replayer) noticeStreams(ctx context.Context, names []string) ([]noticeStream, error) {
	all := make([]noticeStream, len(names))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(maxReads)
	for i, name := range names {
		g.Go(func() (err error) {
			all[i], err = r.noticeStream(ctx, name)
			return err
		})
	}
	err := g.Wait()
	return slices.DeleteFunc(all, func(s noticeStream) bool { return len(s.events) == 0 }), err
}

// managersOf adds who is a recruitment manager of a job, or was.
func (r *Replayer) managersOf(ctx context.Context, id string, people map[string]bool) error {
	var j job.Job
	for e, err := range r.Log.ReadStream(ctx, "job-"+id, 0, eventlog.Forwards) {
		if err != nil {
			return fmt.Errorf("replay job %s: %w", id, err)
		}
		fact, err := job.Codec.Decode(e.Type, e.Data)
		if err != nil {
			return fmt.Errorf("replay job %s at %d: %w", id, e.Revision, err)
		}
		j = j.Fold(fact)
		for _, m := range j.Team {
			if m.Manager {
				people[m.Member] = true
			}
		}
	}
	return nil
}

func (r *Replayer) noticeStream(ctx context.Context, name string) (noticeStream, error) {
	s := noticeStream{name: name}
	for e, err := range r.Log.ReadStream(ctx, name, 0, eventlog.Forwards) {
		if err != nil {
			return s, fmt.Errorf("replay %s: %w", name, err)
		}
		fact, err := notice.Codec.Decode(e.Type, e.Data)
		if err != nil {
			return s, fmt.Errorf("replay %s at %d: %w", name, e.Revision, err)
		}
		s.events, s.facts = append(s.events, e), append(s.facts, fact)
	}
	return s, nil
}

// telling collects the mails that tell of events of an application.
type telling struct {
	o      *opening
	held   access.Rights
	causes map[string]bool // ids of the events
	mails  map[string]*Notice
	order  []string
	after  func(eventlog.Event) bool // the moment asked for
}

// sees reports whether the viewer may know what a mail tells of: a document that
// they may view, or an interview. An auditor may of all.
func (t *telling) sees(i notice.Item) bool {
	switch i.Kind {
	case notice.InterviewPlanned, notice.InterviewChanged, notice.InterviewCancelled:
		return t.held.Masked || t.held.Area(access.Interviews) >= access.View
	case notice.DocumentRequested, notice.DocumentCancelled, notice.DocumentApproved, notice.DocumentRejected, notice.DocumentDeleted,
		notice.DocumentReminder, notice.UploadReceived:
	}
	return t.held.Masked || t.o.views(t.held, i.Subject)
}

func (t *telling) take(s noticeStream) {
	for i, fact := range s.facts {
		if t.after(s.events[i]) {
			return
		}
		switch e := fact.(type) {
		case notice.Noted:
			t.noted(e)
		case notice.Sending:
			t.turn(e.Mail, fact, notice.IsSending, func(n *Notice) { n.Attempts = e.Attempt })
		case notice.Sent:
			t.turn(e.Mail, fact, notice.IsSent, nil)
		case notice.Failed:
			t.turn(e.Mail, fact, notice.IsFailed, func(n *Notice) { n.Reason, n.RetryAt = &e.Reason, e.RetryAt })
		case notice.OutcomeUnknown:
			t.turn(e.Mail, fact, notice.IsUnknown, nil)
		case notice.Dropped:
			t.turn(e.Mail, fact, notice.IsDropped, func(n *Notice) { n.Reason = &e.Reason })
		case notice.Bounced:
			t.turn(e.Mail, fact, notice.IsBounced, func(n *Notice) { n.Reason = &e.Reason })
		case notice.BounceClosed:
			// It came back all the same.
		}
	}
}

func (t *telling) noted(e notice.Noted) {
	if !t.causes[e.Cause] {
		if n := t.mails[e.Mail]; n != nil && e.Hastens && n.RetryAt != nil {
			n.RetryAt = &e.ClosesAt
		}
		return
	}
	n := t.mails[e.Mail]
	if n == nil {
		n = &Notice{ID: e.Mail, Told: []Told{}, Status: notice.IsOpen, StatusAt: e.At}
		t.mails[e.Mail], t.order = n, append(t.order, e.Mail)
	}
	if e.Hastens && n.RetryAt != nil {
		n.RetryAt = &e.ClosesAt
	}
	if !t.sees(e.Item) {
		return
	}
	n.To = &e.To
	if e.Interview != "" {
		n.Interview = &e.Interview
	}
	n.Told = append(n.Told, Told{Kind: e.Kind, Subject: e.Subject, Cause: e.Cause, At: e.At})
}

func (t *telling) turn(mail string, e notice.Event, to notice.Status, change func(*Notice)) {
	n := t.mails[mail]
	if n == nil {
		return // it tells nothing of this application yet
	}
	n.Status, n.StatusAt, n.Reason, n.RetryAt = to, e.When(), nil, nil
	if change != nil {
		change(n)
	}
}

// notices returns the mails that told of events of an application by a moment.
func (r *Replayer) notices(ctx context.Context, id string, events []recorded, o *opening, held access.Rights, after func(eventlog.Event) bool) ([]Notice, error) {
	streams, err := r.noticesOf(ctx, id, events)
	if err != nil {
		return nil, err
	}
	t := telling{o: o, held: held, causes: causesOf(events), mails: map[string]*Notice{}, after: after}
	for _, s := range streams {
		t.take(s)
	}
	all := make([]Notice, len(t.order))
	for i, mail := range t.order {
		all[i] = *t.mails[mail]
	}
	return all, nil
}

func causesOf(events []recorded) map[string]bool {
	causes := map[string]bool{}
	for _, rec := range events {
		causes[rec.ID.String()] = true
	}
	return causes
}

// until returns what was recorded after the moment: what comes behind the next
// event of the application, if one of its revisions is named.
func (a AsOf) until(all []recorded) func(eventlog.Event) bool {
	if a.Revision == nil {
		return a.after
	}
	i := slices.IndexFunc(all, func(rec recorded) bool { return a.after(rec.Event) })
	return func(e eventlog.Event) bool { return i >= 0 && e.Position.After(all[i].Position) }
}

// Notice returns everything that was recorded of a mail that told somebody of
// events of an application, to who may view the application's history: what it told
// with the right to view that, and other applications it names only to who may view
// them. It holds no texts.
// Errors: application.ErrUnknown, notice.ErrUnknown for what is not of the
// application, ErrDenied; those of the log.
func (r *Replayer) Notice(ctx context.Context, viewer, applicationID, id string) (StreamHistory, error) {
	_, events, held, err := r.readable(ctx, viewer, applicationID)
	if err != nil {
		return StreamHistory{}, err
	}
	streams, err := r.noticesOf(ctx, applicationID, events)
	if err != nil {
		return StreamHistory{}, err
	}
	o := opening{categories: categoriesOf(events), remarks: remarksOf(events), contracts: contractsOf(events)}
	t := telling{o: &o, held: held, causes: causesOf(events)}
	for _, s := range streams {
		if h, ok, err := r.noticeIn(ctx, viewer, s, &t, applicationID, id); ok || err != nil {
			return h, err
		}
	}
	return StreamHistory{}, notice.ErrUnknown
}

// noticeIn returns the history of a mail, if it is in a stream and tells of events
// of the application.
func (r *Replayer) noticeIn(ctx context.Context, viewer string, s noticeStream, t *telling, applicationID, id string) (h StreamHistory, ok bool, err error) {
	h = StreamHistory{Masked: t.held.Masked, Revision: eventlog.NoStream, Position: eventlog.Start.String(), Events: []Entry{}}
	places := map[string]bool{"": true, applicationID: true}
	seen := t.held.Masked || slices.ContainsFunc(s.facts, func(fact notice.Event) bool {
		noted, is := fact.(notice.Noted)
		return is && noted.Mail == id && t.causes[noted.Cause] && t.sees(noted.Item)
	})
	for i, fact := range s.facts {
		if mailOf(fact) != id {
			continue
		}
		var e Entry
		if err := e.fill(s.events[i], fact); err != nil {
			return h, false, fmt.Errorf("replay %s at %d: %w", s.name, s.events[i].Revision, err)
		}
		if noted, is := fact.(notice.Noted); is {
			ok = ok || t.causes[noted.Cause]
			t.hide(&e, noted)
		}
		if !seen {
			e.Data = map[string]any{"mail": id} // nor to whom it is
		} else if !t.held.Masked {
			if err := r.keepPlaces(ctx, viewer, places, &e); err != nil {
				return h, false, err
			}
		}
		h.Events = append(h.Events, e)
		h.Revision, h.Position = e.Revision, e.Position
	}
	return h, ok, nil
}

// hide leaves in an event only that something was noted, if the viewer may not know
// what: of this application, or of another that it goes on from or as.
func (t *telling) hide(e *Entry, noted notice.Noted) {
	if !t.held.Masked && (!t.causes[noted.Cause] || !t.sees(noted.Item)) {
		e.Data = map[string]any{"mail": noted.Mail}
	}
}

// mailOf returns the mail an event is about.
func mailOf(fact notice.Event) string {
	switch e := fact.(type) {
	case notice.Noted:
		return e.Mail
	case notice.Sending:
		return e.Mail
	case notice.Sent:
		return e.Mail
	case notice.Failed:
		return e.Mail
	case notice.OutcomeUnknown:
		return e.Mail
	case notice.Dropped:
		return e.Mail
	case notice.Bounced:
		return e.Mail
	case notice.BounceClosed:
		return e.Mail
	}
	return ""
}
