package readmodels

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/personal"
)

// Message is one mail between the company and a candidate.
type Message struct {
	ID        string            `json:"id" format:"uuid"`
	Revision  int64             `json:"revision" doc:"Of the message; for If-Match"`
	Thread    string            `json:"thread_id" format:"uuid" doc:"The message the conversation began with"`
	Answers   *string           `json:"in_reply_to" format:"uuid" doc:"The message it answers"`
	Direction message.Direction `json:"direction" enum:"outbound,inbound"`
	Purpose   string            `json:"purpose" enum:",rejection" doc:"rejection: it tells of a disqualification"`
	By        By                `json:"by" doc:"Who wrote it; of one that came in, the candidate, or the system for somebody unknown"`
	At        time.Time         `json:"at" doc:"When it was written, or came in"`
	From      *personal.Plain   `json:"from" doc:"Address of one that came in; null if erased"`
	FromName  *personal.Plain   `json:"from_name" doc:"As the sender gave it; null if absent or erased"`
	Known     bool              `json:"sender_known" doc:"The address was a candidate's when it came in"`
	To        *personal.Plain   `json:"to" doc:"Address of one that was written here; null if erased"`
	Subject   *personal.Plain   `json:"subject" doc:"Null if absent or erased"`
	Text      *personal.Plain   `json:"text" doc:"Null if absent or erased"`
	Shortened bool              `json:"shortened" doc:"The whole text is an attachment"`
	Files     []MessageAttached `json:"attachments" doc:"Those of categories of documents you may view"`
	LeftOut   []MessageWithout  `json:"left_out" doc:"Files that came along and were not kept"`
	Status    *message.Status   `json:"status" enum:"scheduled,sending,sent,failed,unknown,cancelled,bounced" doc:"Of one that was written here. unknown: nobody knows whether it was taken, and it is not sent again by itself; bounced: it came back"`
	StatusAt  *time.Time        `json:"status_at" doc:"Since when it has its status"`
	SendAt    *time.Time        `json:"send_at" doc:"When it leaves"`
	SentAt    *time.Time        `json:"sent_at"`
	RetryAt   *time.Time        `json:"retry_at" doc:"When it is tried again by itself"`
	Reason    *string           `json:"reason" doc:"Why it failed: not_taken, erased or a code of the mail server's; of one that came back its status by RFC 3463"`
	Attempts  int               `json:"attempts" doc:"How often it was handed over"`
	Open      bool              `json:"open" doc:"It came in, and nobody took care of it"`
	ClosedAt  *time.Time        `json:"closed_at"`
	ClosedBy  *By               `json:"closed_by"`
}

// MessageAttached is a file that went or came along with a message.
type MessageAttached struct {
	File     string          `json:"file_id" format:"uuid"`
	Document *string         `json:"document_id" format:"uuid" doc:"The document it is of; null while the message belongs to no application"`
	Name     *personal.Plain `json:"name" doc:"Null if erased"`
	Size     int64           `json:"size" doc:"Bytes"`
	Type     string          `json:"type" doc:"Media type, by content"`
	Scanned
}

// MessageWithout is a file that came along with a message and was not kept.
type MessageWithout struct {
	Name   *personal.Plain       `json:"name" doc:"Null if erased"`
	Reason message.LeftOutReason `json:"reason" enum:"infected,too_many,too_large" doc:"infected: the scanner says so; too_many: it is behind the twentieth; too_large: it has more than 20 MiB"`
}

func (r MessageRow) want(t *texts) {
	t.want(r.To, r.From, r.FromName, r.Subject, r.Text)
	for _, f := range r.Files.V {
		t.want(f.Name)
	}
	for _, f := range r.LeftOut.V {
		t.want(f.Name)
	}
	t.wantBy(r.Author)
	t.wantByOrNil(r.ClosedBy)
}

// filesAmong are the ids of the files of messages.
func filesAmong(rows []MessageRow) []string {
	var ids []string
	for _, r := range rows {
		for _, f := range r.Files.V {
			ids = append(ids, f.File)
		}
	}
	return ids
}

// shown is a message with those of its files that are in documents, or with all
// if that is nil.
func (r MessageRow) shown(t *texts, documents map[string]string, scanned withheld) Message {
	m := Message{
		ID: r.ID, Revision: r.Revision, Thread: r.Thread, Answers: r.Answers, Direction: r.Direction, Purpose: string(r.Purpose), By: t.by(r.Author), At: r.At.UTC(),
		From: t.text(r.From), FromName: t.text(r.FromName), Known: r.Known, To: t.text(r.To), Subject: t.text(r.Subject), Text: t.text(r.Text), Shortened: r.Shortened,
		Files: []MessageAttached{}, LeftOut: []MessageWithout{}, Status: r.Status, StatusAt: r.StatusAt, SendAt: r.SendAt, SentAt: r.SentAt, RetryAt: r.RetryAt, Reason: r.Reason, Attempts: r.Attempts,
		Open: r.Open, ClosedAt: r.ClosedAt, ClosedBy: t.byOrNil(r.ClosedBy),
	}
	for _, f := range r.LeftOut.V {
		m.LeftOut = append(m.LeftOut, MessageWithout{Name: t.text(f.Name), Reason: f.Reason})
	}
	for _, f := range r.Files.V {
		document, ok := documents[f.File]
		if documents == nil || ok {
			m.Files = append(m.Files, MessageAttached{File: f.File, Document: orNil(document), Name: t.text(f.Name), Size: f.Size, Type: f.Type, Scanned: scanned[f.File]})
		}
	}
	return m
}

// UnassignedMessage is a message that belongs to no application yet.
type UnassignedMessage struct {
	Message
	Suggested *SuggestedPlace `json:"suggestion" doc:"The application it was sent to, or the sender's only one; null if there is none you may view"`
}

// SuggestedPlace is an application a message may belong to.
type SuggestedPlace struct {
	Application string `json:"application_id" format:"uuid"`
	Job         JobRef `json:"job"`
}

// UnassignedPage is a page of messages that belong to no application yet.
type UnassignedPage struct {
	Items      []UnassignedMessage `json:"items" doc:"Newest first"`
	NextCursor *string             `json:"next_cursor" doc:"Where the next page begins; null on the last one"`
	HasMore    bool                `json:"has_more"`
}

// Unassigned returns a page of the messages that belong to no application yet.
// Admins and recruiting see them. Errors: ErrDenied, ErrCursor.
func (c *Core) Unassigned(ctx context.Context, member string, q TimelineQuery, now time.Time) (UnassignedPage, error) {
	page := UnassignedPage{Items: []UnassignedMessage{}}
	if q.Limit < 1 || q.Limit > MaxLimit {
		q.Limit = DefaultLimit
	}
	const signedFor = "unassigned messages"
	where, args := "application_id = $1", []any{noApplication, q.Limit + 1}
	if q.Cursor != "" {
		after, err := decodeCursor(c.vault, signedFor, q.Cursor)
		if err != nil {
			return page, err
		}
		where, args = where+" AND (at, message_id) < ($3, $4)", append(args, after.at, after.id)
	}
	err := c.snapshot(ctx, "unassigned messages", func(tx pgx.Tx, s Schema) error {
		v, err := sightOf(ctx, tx, s, member, now)
		switch {
		case err != nil:
			return err
		case v.role != access.Admin && v.role != access.Recruiting:
			return ErrDenied
		}
		var rows []MessageRow
		b := new(pgx.Batch)
		queueRows(b, s, Messages(), &rows, where+" ORDER BY at DESC, message_id DESC LIMIT $2", args...)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		if len(rows) > q.Limit {
			rows, page.HasMore = rows[:q.Limit], true
			last := rows[q.Limit-1]
			next, err := cursor{at: last.At, id: uuid.MustParse(last.ID)}.encode(c.vault, signedFor)
			if err != nil {
				return err
			}
			page.NextCursor = &next
		}
		places, err := v.suggestions(ctx, tx, rows)
		if err != nil {
			return err
		}
		page.Items, err = c.unassigned(ctx, tx, s, rows, places)
		return err
	})
	return page, err
}

// unassigned opens messages, each with its own key.
func (c *Core) unassigned(ctx context.Context, tx pgx.Tx, s Schema, rows []MessageRow, places map[string]SuggestedPlace) ([]UnassignedMessage, error) {
	items := make([]UnassignedMessage, len(rows))
	own := make([]*texts, len(rows))
	b := new(pgx.Batch)
	for i, r := range rows {
		own[i] = newTexts(c.vault, r.ID, false)
		r.want(own[i])
		own[i].load(b, s)
	}
	if err := send(ctx, tx, b); err != nil {
		return nil, err
	}
	scanned, err := withheldAmong(ctx, tx, s, filesAmong(rows))
	if err != nil {
		return nil, err
	}
	for i, r := range rows {
		items[i].Message = r.shown(own[i], nil, scanned)
		if r.Suggested != nil {
			if p, ok := places[*r.Suggested]; ok {
				items[i].Suggested = &p
			}
		}
		if own[i].err != nil {
			return nil, own[i].err
		}
	}
	return items, nil
}

// suggestions are the applications messages may belong to that the member may
// view.
func (v sight) suggestions(ctx context.Context, tx pgx.Tx, messages []MessageRow) (map[string]SuggestedPlace, error) {
	var ids []string
	for _, r := range messages {
		if r.Suggested != nil {
			ids = append(ids, *r.Suggested)
		}
	}
	places := map[string]SuggestedPlace{}
	if len(ids) == 0 {
		return places, nil
	}
	q := new(statement)
	rows, err := tx.Query(ctx, `SELECT a.application_id::text, j.job_id::text, j.title FROM `+v.schema.Table("applications")+` a JOIN `+v.schema.Table("jobs")+` j ON j.job_id = a.job_id
		WHERE NOT a.anonymised AND a.application_id = ANY (`+q.arg(ids)+`::uuid[]) AND `+v.holds(q, "a", access.Application), q.args...)
	if err != nil {
		return nil, err
	}
	var p SuggestedPlace
	_, err = pgx.ForEachRow(rows, []any{&p.Application, &p.Job.ID, &p.Job.Title}, func() error { places[p.Application] = p; return nil })
	return places, err
}

// UnassignedFile returns a file that came along with a message that belongs to no
// application yet.
// Errors: ErrDenied, ErrNotFound, application.ErrFileHeld, application.ErrFileQuarantined.
func (c *Core) UnassignedFile(ctx context.Context, member, messageID, file string, now time.Time) (File, error) {
	var found File
	err := c.snapshot(ctx, "file of a message", func(tx pgx.Tx, s Schema) error {
		v, err := sightOf(ctx, tx, s, member, now)
		switch {
		case err != nil:
			return err
		case v.role != access.Admin && v.role != access.Recruiting:
			return ErrDenied
		}
		r, err := one(ctx, tx, s, Messages(), "message_id", messageID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(r.Files.V, func(f MessageFile) bool { return f.File == file })
		if r.Application != noApplication || i < 0 {
			return ErrNotFound
		}
		f := r.Files.V[i]
		scanned, err := withheldAmong(ctx, tx, s, []string{file})
		if err == nil {
			err = scanned[file].given()
		}
		if err != nil {
			return err
		}
		t := newTexts(c.vault, r.ID, false)
		t.want(f.Name)
		if err := t.loadNow(ctx, tx, s); err != nil {
			return err
		}
		found = File{ID: f.File, Name: t.text(f.Name), Size: f.Size, Type: f.Type}
		return t.err
	})
	return found, err
}
