package readmodels

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// OfferStatus is what has become of an offer by now.
type OfferStatus string

// The statuses that an offer has beside those of its state.
const (
	OfferInApproval OfferStatus = "in_approval"
	OfferReturned   OfferStatus = "returned"
	OfferApproved   OfferStatus = "approved"
)

// status is the state, and of a draft how far its approval is. What expires is
// expired from then on, whether that was recorded already or not.
func (r OfferRow) status(now time.Time) OfferStatus {
	switch {
	case r.State == application.OfferIsSent && r.ExpiresAt != nil && !now.Before(*r.ExpiresAt):
		return OfferStatus(application.OfferIsExpired)
	case r.State != application.OfferIsDraft, len(r.Approvers) == 0:
		return OfferStatus(r.State)
	case r.ReturnedAt != nil:
		return OfferReturned
	case len(r.Approvals.V) < len(r.Approvers):
		return OfferInApproval
	}
	return OfferApproved
}

// OfferSalary is what is paid.
type OfferSalary struct {
	Amount   *int64                   `json:"amount" doc:"In the smallest unit of the currency; null if erased"`
	Currency string                   `json:"currency" doc:"By ISO 4217"`
	Period   application.SalaryPeriod `json:"period" enum:"year,month,week,day,hour" doc:"What the salary is for"`
}

// OfferApproval is an approver's part in an offer.
type OfferApproval struct {
	Member     MemberRef  `json:"member"`
	ApprovedAt *time.Time `json:"approved_at" doc:"Null until they approved the terms as they are"`
	Next       bool       `json:"next" doc:"It is their turn"`
}

// Offer is an offer of an application.
type Offer struct {
	ID         string          `json:"id" format:"uuid"`
	Status     OfferStatus     `json:"status" enum:"draft,in_approval,returned,approved,sent,accepted,declined,withdrawn,expired" doc:"draft: nobody must approve it; returned: an approver wants other terms"`
	Version    int             `json:"version" doc:"Of the terms, from 1"`
	Salary     *OfferSalary    `json:"salary" doc:"Null if masked, and without the right to view salaries"`
	StartDate  *personal.Plain `json:"start_date" doc:"Null if erased or masked"`
	Text       *personal.Plain `json:"terms" doc:"Null if absent, erased or masked"`
	Approvers  []OfferApproval `json:"approvers" doc:"In their order"`
	ReturnedAt *time.Time      `json:"returned_at"`
	ReturnedBy *MemberRef      `json:"returned_by" doc:"The approver who wants other terms"`
	Returned   *personal.Plain `json:"returned_for" doc:"What should be different; null also if erased or masked"`
	DraftedAt  time.Time       `json:"drafted_at"`
	DraftedBy  By              `json:"drafted_by"`
	ChangedAt  time.Time       `json:"changed_at" doc:"When its terms were said last"`
	ChangedBy  By              `json:"changed_by"`
	SentAt     *time.Time      `json:"sent_at"`
	SentBy     *By             `json:"sent_by"`
	OnPage     bool            `json:"on_page" doc:"The candidate's page shows it; else it was sent outside, or not yet"`
	ExpiresAt  *time.Time      `json:"expires_at"`
	EndedAt    *time.Time      `json:"ended_at" doc:"When it was answered, withdrawn, or recorded to have expired"`
	EndedBy    *By             `json:"ended_by"`
	EndedFor   *personal.Plain `json:"ended_for" doc:"Why, if that was said; null also if erased or masked"`
	Template   *string         `json:"contract_template_id" format:"uuid" doc:"That the contract is written from; null without one"`
	Contract   *OfferContract  `json:"contract" doc:"Null without one, and until it is sent"`
	Signature  *personal.Plain `json:"signature" doc:"The name by which the candidate signed the contract; null if they did not, erased or masked"`
	SignedID   *string         `json:"signed_document_id" format:"uuid" doc:"The signed contract that a member filed"`
	Closed     bool            `json:"closed" doc:"It was withdrawn because the application was closed"`
}

// OfferContract is the contract that was sent with an offer.
type OfferContract struct {
	DocumentID string          `json:"document_id" format:"uuid"`
	FileID     string          `json:"file_id" format:"uuid"`
	SHA256     *personal.Plain `json:"sha256" doc:"Of the file; null if erased or masked, and without the right to view salaries: it tells whoever knows the template what it says"`
}

func (r OfferRow) contract(t *texts, salary bool) *OfferContract {
	if r.Contract == nil {
		return nil
	}
	c := &OfferContract{DocumentID: *r.Contract, FileID: *r.File}
	if salary {
		c.SHA256 = t.text(r.Hash)
	}
	return c
}

// Offers returns the offers of an application as member may see them at now, the
// newest first. Errors: ErrNotFound, ErrMayNotView.
func (c *Core) Offers(ctx context.Context, member, applicationID string, now time.Time) ([]Offer, error) {
	list := []Offer{}
	err := c.snapshot(ctx, "offers", func(tx pgx.Tx, s Schema) error {
		v, err := c.open(ctx, tx, s, member, applicationID, now)
		switch {
		case err != nil:
			return err
		case v.rights.Area(access.Offers) < access.View:
			return ErrMayNotView
		}
		rows, t, err := c.offerRows(ctx, tx, s, v.rights.Masked, "application_id = $1", applicationID)
		if err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, r.shown(v.rights, now, t))
		}
		return t.err
	})
	return list, err
}

// offerRows reads offers of one application, the newest first, and loads what opens
// their texts.
func (c *Core) offerRows(ctx context.Context, tx pgx.Tx, s Schema, masked bool, where, applicationID string) ([]OfferRow, *texts, error) {
	var rows []OfferRow
	b := new(pgx.Batch)
	queueRows(b, s, Offers(), &rows, where+" ORDER BY drafted_at DESC, offer_id", applicationID)
	if err := send(ctx, tx, b); err != nil {
		return nil, nil, err
	}
	t := newTexts(c.vault, applicationID, masked)
	for _, r := range rows {
		t.want(r.Amount, r.StartDate, r.Text, r.ReturnedFor, r.EndedFor, r.Signature, r.Hash)
		t.wantMembers(r.Approvers...)
		t.wantBy(r.DraftedBy, r.ChangedBy)
		t.wantByOrNil(r.SentBy)
		t.wantByOrNil(r.EndedBy)
	}
	return rows, t, t.loadNow(ctx, tx, s)
}

func (r OfferRow) shown(held access.Rights, now time.Time, t *texts) Offer {
	salary := held.Area(access.Salary) >= access.View && !t.masked
	o := Offer{
		ID: r.ID, Status: r.status(now), Version: r.Version, StartDate: t.text(r.StartDate), Text: t.text(r.Text), Approvers: []OfferApproval{},
		ReturnedAt: r.ReturnedAt, Returned: t.text(r.ReturnedFor), DraftedAt: r.DraftedAt, DraftedBy: t.by(r.DraftedBy), ChangedAt: r.ChangedAt, ChangedBy: t.by(r.ChangedBy),
		SentAt: r.SentAt, SentBy: t.byOrNil(r.SentBy), OnPage: r.OnPage, ExpiresAt: r.ExpiresAt,
		EndedAt: r.EndedAt, EndedBy: t.byOrNil(r.EndedBy), EndedFor: t.text(r.EndedFor), Closed: r.Closed,
		Template: r.Template, Contract: r.contract(t, salary), Signature: t.text(r.Signature), SignedID: r.SignedFile,
	}
	if salary {
		o.Salary = r.salary(t)
	}
	for i, m := range r.Approvers {
		a := OfferApproval{Member: t.member(m), Next: r.State == application.OfferIsDraft && r.ReturnedAt == nil && i == len(r.Approvals.V)}
		if i < len(r.Approvals.V) {
			a.ApprovedAt = &r.Approvals.V[i].At
		}
		if r.ReturnedAt != nil && i == len(r.Approvals.V) {
			o.ReturnedBy = &a.Member
		}
		o.Approvers = append(o.Approvers, a)
	}
	return o
}

func (r OfferRow) salary(t *texts) *OfferSalary {
	s := OfferSalary{Currency: r.Currency, Period: r.Period}
	if text := t.text(r.Amount); text != nil {
		amount, err := strconv.ParseInt(string(*text), 10, 64)
		t.fail(err)
		s.Amount = &amount
	}
	return &s
}

// offerTasks are drafts of offers that wait for the member's approval: theirs
// alone to see as tasks.
func (v sight) offerTasks(q *statement) string {
	return fmt.Sprintf(`
		SELECT '%[1]s', a.application_id, a.job_id, NULL::uuid, NULL::text, NULL::text, NULL::integer, o.changed_at, true, NULL::uuid, NULL::uuid, o.offer_id
		FROM %[2]s o JOIN %[3]s a ON a.application_id = o.application_id
		WHERE o.state = 'draft' AND o.returned_at IS NULL AND a.outcome = 'in_progress' AND NOT a.anonymised
		AND o.approvers @> ARRAY[%[4]s::uuid] AND o.approvers[jsonb_array_length(o.approvals) + 1] = %[4]s::uuid AND %[5]s`,
		TaskOffer, v.schema.Table("offers"), v.schema.Table("applications"), q.arg(v.member), v.holds(q, "a", access.Offers))
}
