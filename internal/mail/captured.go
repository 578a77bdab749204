package mail

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

const (
	// KeptMails is how many captured mails are kept, the newest.
	KeptMails = 1000
	// KeptFor is how long a captured mail is kept.
	KeptFor = 30 * 24 * time.Hour
)

// Captured is the transport that sends nothing: mails are kept in Postgres,
// where an admin can read them, the newest KeptMails of the last KeptFor. What is
// personal of a mail lies there sealed under the mail's key. Files that go along
// are named and not kept. A mail that comes again with its id is kept once.
// It is safe for concurrent use.
type Captured struct {
	pool  *pgxpool.Pool
	vault *vault.Vault
	now   func() time.Time

	showCodes bool
}

// NewCaptured returns the captured mails in pool. now is time.Now if nil.
func NewCaptured(pool *pgxpool.Pool, v *vault.Vault, now func() time.Time) *Captured {
	if now == nil {
		now = time.Now
	}
	return &Captured{pool: pool, vault: v, now: now}
}

// ShowCodes returns c with what codes say shown, for trying things out: whoever
// reads one can sign in as the candidate it was for.
func (c Captured) ShowCodes(show bool) *Captured {
	c.showCodes = show
	return &c
}

// Capture says that a mail was captured.
type Capture struct {
	ID          string    `json:"id" format:"uuid"`
	Kind        Kind      `json:"kind" enum:"message,sign_in_code,notice"`
	At          time.Time `json:"at" doc:"When it was handed over"`
	Application string    `json:"application_id" format:"uuid" doc:"The application it is about"`
}

// Content is what a captured mail says.
type Content struct {
	MessageID   string           `json:"message_id" doc:"Of the header, without brackets"`
	InReplyTo   string           `json:"in_reply_to" doc:"Message-ID of the mail it answers; empty if none"`
	FromName    string           `json:"from_name"`
	ReplyTo     personal.Plain   `json:"reply_to"`
	To          []personal.Plain `json:"to"`
	Subject     personal.Plain   `json:"subject"`
	Text        personal.Plain   `json:"text"`
	Attachments []Enclosed       `json:"attachments" doc:"What went along; not kept"`
	Calendar    *CalendarPart    `json:"calendar" doc:"The part that calendar programs read; null if there is none"`
}

// CalendarPart is the part of a captured mail that calendar programs read.
type CalendarPart struct {
	Type   string         `json:"type" doc:"Content-Type of the part"`
	Object personal.Plain `json:"object" doc:"iCalendar object"`
}

// Enclosed names a file that went along.
type Enclosed struct {
	Name personal.Plain `json:"name"`
	Type string         `json:"type"`
	Size int64          `json:"size" doc:"Bytes"`
}

// CapturedMail is a captured mail with what it says.
type CapturedMail struct {
	Capture
	Content *Content `json:"content" doc:"Null when it was erased"`
}

// ErrUnknown means that there is no such captured mail, or not any more.
var ErrUnknown = &domain.Refusal{Kind: domain.Absent, Code: "unknown_mail", Message: "There is no such mail; only the newest are kept."}

// sealedType and sealedField name what is sealed of a captured mail. They are in
// the sealed values.
const (
	sealedType  = "ops.mail.v1"
	sealedField = "content"
)

// Send implements Transport. Errors: ErrNotTaken; a *RejectedError for a mail
// whose key is erased.
func (c *Captured) Send(ctx context.Context, m Mail) error {
	content := Content{
		MessageID: m.MessageID, InReplyTo: m.InReplyTo, FromName: m.FromName, ReplyTo: m.ReplyTo, To: m.To, Subject: m.Subject, Text: m.Text,
		Attachments: []Enclosed{},
	}
	if content.MessageID == "" {
		content.MessageID = m.ID.String() + "@hirelog.invalid"
	}
	for _, a := range m.Attachments {
		content.Attachments = append(content.Attachments, Enclosed{Name: a.Name, Type: a.Type, Size: a.Size})
	}
	if m.Calendar != nil {
		content.Calendar = &CalendarPart{Type: m.Calendar.Type(), Object: m.Calendar.Object}
	}
	text, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("capture mail %s: %w: %w", m.ID, ErrNotTaken, err)
	}
	sealed, err := c.vault.Seal(ctx, m.ID, sealedType, []vault.Item{{Key: m.Key, Field: sealedField, Plain: personal.Plain(text)}})
	switch {
	case errors.Is(err, vault.ErrErased):
		return &RejectedError{Code: "erased"}
	case err != nil:
		return fmt.Errorf("capture mail %s: %w: %w", m.ID, ErrNotTaken, err)
	}
	return c.keep(ctx, m, sealed[0])
}

// keep keeps a mail and lets go of old ones. It is one statement's commit: after
// an error it may have been kept, which does no harm.
func (c *Captured) keep(ctx context.Context, m Mail, sealed []byte) error {
	now := c.now().UTC()
	err := pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO ops.mails (mail_id, kind, captured_at, application_id, content) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (mail_id) DO NOTHING`, m.ID, m.Kind, now, cmp.Or(m.About, m.Key.Owner), sealed); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM ops.mails WHERE captured_at < $1 OR mail_no <= (SELECT max(mail_no) FROM ops.mails) - $2::bigint`, now.Add(-KeptFor), KeptMails)
		return err
	})
	if err != nil {
		// Keeping it again keeps it once, so it may be tried again.
		return fmt.Errorf("capture mail %s: %w: %w", m.ID, ErrNotTaken, err)
	}
	return nil
}

const captureColumns = `mail_id::text, kind, captured_at, application_id::text`

// List returns captured mails, the newest first: those before the mail before,
// if it is not empty, and of a kind, if kind is not. A mail that is not kept any
// more has none before it. Errors: ErrUnavailable of the vault.
func (c *Captured) List(ctx context.Context, kind Kind, before string, limit int) ([]Capture, error) {
	rows, err := c.pool.Query(ctx, `SELECT `+captureColumns+` FROM ops.mails
		WHERE captured_at >= $1 AND ($2 = '' OR kind = $2) AND ($3 = '' OR mail_no < (SELECT mail_no FROM ops.mails WHERE mail_id = NULLIF($3, '')::uuid))
		ORDER BY mail_no DESC LIMIT $4`, c.now().UTC().Add(-KeptFor), string(kind), before, limit)
	if err != nil {
		return nil, fmt.Errorf("captured mails: %w: %w", vault.ErrUnavailable, err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m Capture, err error) {
		err = row.Scan(&m.ID, &m.Kind, &m.At, &m.Application)
		m.At = m.At.UTC()
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("captured mails: %w: %w", vault.ErrUnavailable, err)
	}
	return all, nil
}

// Get returns one captured mail. Errors: ErrUnknown; those of the vault.
func (c *Captured) Get(ctx context.Context, id string) (CapturedMail, error) {
	var m CapturedMail
	var sealed []byte
	err := c.pool.QueryRow(ctx, `SELECT `+captureColumns+`, content FROM ops.mails WHERE mail_id = $1 AND captured_at >= $2`, id, c.now().UTC().Add(-KeptFor)).
		Scan(&m.ID, &m.Kind, &m.At, &m.Application, &sealed)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return m, ErrUnknown
	case err != nil:
		return m, fmt.Errorf("captured mail %s: %w: %w", id, vault.ErrUnavailable, err)
	}
	m.At = m.At.UTC()
	opened, err := c.vault.Open(ctx, sealed)
	if err != nil || opened[0].Erased {
		return m, err
	}
	m.Content = new(Content)
	if err := json.Unmarshal([]byte(opened[0].Text), m.Content); err != nil {
		return m, fmt.Errorf("captured mail %s: %w", id, err)
	}
	if m.Kind == SignInCode && !c.showCodes {
		m.Content.Text = hiddenCode
	}
	return m, nil
}

// hiddenCode stands for the text of a mail with a code: whoever could read it could
// sign in as the candidate.
const hiddenCode = "(The code is not shown.)"

// Forget lets go of captured mails that are older than KeptFor. It returns how
// many those were.
func (c *Captured) Forget(ctx context.Context) (int64, error) {
	tag, err := c.pool.Exec(ctx, `DELETE FROM ops.mails WHERE captured_at < $1`, c.now().UTC().Add(-KeptFor))
	if err != nil {
		return 0, fmt.Errorf("forget captured mails: %w", err)
	}
	return tag.RowsAffected(), nil
}
