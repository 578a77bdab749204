package readmodels

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/message"
)

// LeftEffect is something that a decision led to, and that is not undone by taking
// the decision back.
type LeftEffect struct {
	Kind       string     `json:"kind" enum:"shown_to_candidate,employee_created,message_sent,message_perhaps_sent" doc:"The candidate's page showed it; the employee profile was made; the message that tells of it was sent, or perhaps"`
	At         time.Time  `json:"at"`
	ReversedAt *time.Time `json:"reversed_at" doc:"When it was taken back; null of what cannot be, or was not yet"`
	MessageID  *string    `json:"message_id" format:"uuid" doc:"Of a message"`
	Correct    *string    `json:"correct" doc:"Path to post a correction to, in_reply_to the message; null without the right to write messages, or if there is nobody to write to"`
}

// DisqualificationEntry is a disqualification of an application, in force or taken
// back.
type DisqualificationEntry struct {
	ID       string              `json:"id" format:"uuid" doc:"Of its entry in the timeline"`
	Outcome  application.Outcome `json:"outcome" enum:"rejected,withdrawn"`
	At       time.Time           `json:"at"`
	By       By                  `json:"by"`
	UndoneAt *time.Time          `json:"undone_at" doc:"When it was taken back"`
	UndoneBy *By                 `json:"undone_by"`
	Left     []LeftEffect        `json:"left" doc:"What it led to and taking it back finds done; messages with the right to view them"`
}

// Disqualifications returns the disqualifications of an application as member may
// see them at now, newest first. Errors: ErrNotFound.
func (c *Core) Disqualifications(ctx context.Context, member, applicationID string, now time.Time) ([]DisqualificationEntry, error) {
	list := []DisqualificationEntry{}
	err := c.snapshot(ctx, "disqualifications", func(tx pgx.Tx, s Schema) error {
		v, err := c.open(ctx, tx, s, member, applicationID, now)
		if err != nil {
			return err
		}
		var entries []EntryRow
		var messages []MessageRow
		var settings []SettingsRow
		b := new(pgx.Batch)
		queueRows(b, s, Timeline(), &entries, "application_id = $1 AND kind = ANY($2) ORDER BY revision",
			applicationID, []EntryKind{EntryDisqualified, EntryRequalified, EntryTransferred, EntryOutcomeDisclosed, EntryDisclosureMoved})
		queueRows(b, s, Messages(), &messages, "message_id::text IN (SELECT details->>'message' FROM "+s.Table("timeline")+" WHERE application_id = $1 AND kind = $2)",
			applicationID, EntryDisqualified)
		queueRows(b, s, SettingsTable(), &settings, "true")
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		t := newTexts(c.vault, applicationID, v.rights.Masked)
		for _, e := range entries {
			t.wantBy(e.By)
		}
		if err := t.loadNow(ctx, tx, s); err != nil {
			return err
		}
		l := left{view: v, messages: messages, tracking: slices.ContainsFunc(settings, func(o SettingsRow) bool { return o.SelfTracking })}
		for _, e := range entries {
			l.hear(e, t)
		}
		l.shown(now)
		slices.Reverse(l.all)
		list = append(list, l.all...)
		return t.err
	})
	return list, err
}

// left gathers disqualifications, the oldest first.
type left struct {
	view      view
	messages  []MessageRow
	tracking  bool // candidates have a page
	all       []DisqualificationEntry
	discloses *time.Time // from when the candidate's page shows the last one, while that stands
}

func (l *left) hear(e EntryRow, t *texts) {
	switch e.Kind { //nolint:exhaustive // what was asked for
	case EntryDisqualified:
		l.shown(e.At)
		d := DisqualificationEntry{ID: e.Event, Outcome: e.Details.V.Outcome, At: e.At, By: t.by(e.By), Left: []LeftEffect{}}
		for _, m := range l.messages {
			if m.ID == e.Details.V.Message {
				d.Left = append(d.Left, l.told(m)...)
			}
		}
		l.all = append(l.all, d)
		if l.discloses = e.Details.V.DiscloseAt; d.Outcome == application.Withdrawn || l.discloses == nil { // which they are shown at once
			l.discloses = &e.At
		}
	case EntryDisclosureMoved:
		if l.discloses != nil {
			l.discloses = e.Details.V.DiscloseAt
		}
	case EntryOutcomeDisclosed:
		if l.discloses != nil && e.At.Before(*l.discloses) { // by a message
			l.discloses = &e.At
		}
	case EntryRequalified:
		l.shown(e.At)
		if n := len(l.all); n > 0 {
			by := t.by(e.By)
			l.all[n-1].UndoneAt, l.all[n-1].UndoneBy = &e.At, &by
		}
	case EntryTransferred:
		l.shown(e.At)
	}
}

// shown is that the last disqualification stood until then: if its time had come,
// the candidate's page showed it, which goes by that time alone.
func (l *left) shown(until time.Time) {
	at := l.discloses
	l.discloses = nil
	if n := len(l.all); n > 0 && at != nil && l.tracking && !until.Before(*at) {
		l.all[n-1].Left = append(l.all[n-1].Left, LeftEffect{Kind: "shown_to_candidate", At: at.UTC()})
	}
}

// told is that a message left, if it did and may be viewed.
func (l *left) told(m MessageRow) []LeftEffect {
	may := l.view.rights.Area(access.Messages)
	if m.Status == nil || may < access.View {
		return nil
	}
	e := LeftEffect{Kind: "message_sent", MessageID: &m.ID}
	switch *m.Status {
	case message.IsSent:
	case message.IsSending, message.IsUnknown:
		e.Kind = "message_perhaps_sent"
	case message.IsScheduled, message.IsFailed, message.IsCancelled, message.IsBounced:
		return nil
	}
	if e.At = m.At; m.StatusAt != nil {
		e.At = m.StatusAt.UTC()
	}
	if a := l.view.application; may >= access.Edit && !l.view.rights.Masked && !a.Anonymised && m.Application == a.ID {
		path := "/v1/applications/" + a.ID + "/messages"
		e.Correct = &path
	}
	return []LeftEffect{e}
}
