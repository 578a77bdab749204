package readmodels

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
)

// OfferRow is a row of table offers: an offer with the terms it has now.
type OfferRow struct {
	ID          string
	Application string
	State       application.OfferState
	Amount      []byte // sealed, as all texts; nil once anonymised
	Currency    string
	Period      application.SalaryPeriod
	StartDate   []byte
	Text        []byte
	Version     int
	Approvers   []string
	Approvals   JSON[[]OfferApprovalOf] // of the version, in order
	ReturnedAt  *time.Time              // by the next approver
	ReturnedFor []byte
	DraftedAt   time.Time
	DraftedBy   domain.Actor
	ChangedAt   time.Time
	ChangedBy   domain.Actor
	SentAt      *time.Time
	SentBy      *domain.Actor
	OnPage      bool // sent through the candidate's page
	ExpiresAt   *time.Time
	EndedAt     *time.Time // answered, withdrawn or expired
	EndedBy     *domain.Actor
	EndedFor    []byte // reason
	Closed      bool   // withdrawn because the application was closed
	Template    *string
	Contract    *string // document
	File        *string // of the contract
	Hash        []byte  // of that file, sealed
	Signature   []byte  // the name
	SignedFile  *string // document that a member filed
}

// OfferApprovalOf is an approval as it stands in an OfferRow.
type OfferApprovalOf struct {
	Member string    `json:"member"`
	At     time.Time `json:"at"`
}

// Offers returns table offers.
func Offers() Table[OfferRow] {
	return Table[OfferRow]{
		Name: "offers",
		Key:  func(r *OfferRow) *string { return &r.ID },
		Columns: []Column[OfferRow]{
			Col("offer_id", "uuid", func(r *OfferRow) *string { return &r.ID }),
			Col("application_id", "uuid", func(r *OfferRow) *string { return &r.Application }),
			Col("state", "text", func(r *OfferRow) *application.OfferState { return &r.State }),
			Col("amount", "bytea", func(r *OfferRow) *[]byte { return &r.Amount }),
			Col("currency", "text", func(r *OfferRow) *string { return &r.Currency }),
			Col("period", "text", func(r *OfferRow) *application.SalaryPeriod { return &r.Period }),
			Col("start_date", "bytea", func(r *OfferRow) *[]byte { return &r.StartDate }),
			Col("terms", "bytea", func(r *OfferRow) *[]byte { return &r.Text }),
			Col("version", "integer", func(r *OfferRow) *int { return &r.Version }),
			ArrayCol("approvers", "uuid[]", func(r *OfferRow) *[]string { return &r.Approvers }),
			Col("approvals", "jsonb", func(r *OfferRow) *JSON[[]OfferApprovalOf] { return &r.Approvals }),
			Col("returned_at", "timestamptz", func(r *OfferRow) **time.Time { return &r.ReturnedAt }),
			Col("returned_for", "bytea", func(r *OfferRow) *[]byte { return &r.ReturnedFor }),
			Col("drafted_at", "timestamptz", func(r *OfferRow) *time.Time { return &r.DraftedAt }),
			Col("drafted_by", "text", func(r *OfferRow) *domain.Actor { return &r.DraftedBy }),
			Col("changed_at", "timestamptz", func(r *OfferRow) *time.Time { return &r.ChangedAt }),
			Col("changed_by", "text", func(r *OfferRow) *domain.Actor { return &r.ChangedBy }),
			Col("sent_at", "timestamptz", func(r *OfferRow) **time.Time { return &r.SentAt }),
			Col("sent_by", "text", func(r *OfferRow) **domain.Actor { return &r.SentBy }),
			Col("on_page", "boolean", func(r *OfferRow) *bool { return &r.OnPage }),
			Col("expires_at", "timestamptz", func(r *OfferRow) **time.Time { return &r.ExpiresAt }),
			Col("ended_at", "timestamptz", func(r *OfferRow) **time.Time { return &r.EndedAt }),
			Col("ended_by", "text", func(r *OfferRow) **domain.Actor { return &r.EndedBy }),
			Col("ended_for", "bytea", func(r *OfferRow) *[]byte { return &r.EndedFor }),
			Col("closed", "boolean", func(r *OfferRow) *bool { return &r.Closed }),
			Col("template_id", "uuid", func(r *OfferRow) **string { return &r.Template }),
			Col("contract_id", "uuid", func(r *OfferRow) **string { return &r.Contract }),
			Col("contract_file_id", "uuid", func(r *OfferRow) **string { return &r.File }),
			Col("contract_hash", "bytea", func(r *OfferRow) *[]byte { return &r.Hash }),
			Col("signature", "bytea", func(r *OfferRow) *[]byte { return &r.Signature }),
			Col("signed_document_id", "uuid", func(r *OfferRow) **string { return &r.SignedFile }),
		},
		Indexes: []string{
			`CREATE INDEX {name}_application ON {table} (application_id, drafted_at DESC)`,
			`CREATE INDEX {name}_approvers ON {table} USING gin (approvers) WHERE state = 'draft'`,
		},
		By: map[string]func(*OfferRow) *string{"application_id": func(r *OfferRow) *string { return &r.Application }},
	}
}
