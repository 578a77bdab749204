package commands

import (
	"context"
	"strconv"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// ErrApproverWithoutAccess means that an approver could not look at what they
// are to approve.
var ErrApproverWithoutAccess = &domain.Refusal{Kind: domain.Invalid, Code: "approver_without_access", Message: "An approver is no active member, or may not view offers and salaries of this application."}

// OfferTerms are what is offered.
type OfferTerms struct {
	Amount    int64                    `json:"amount" minimum:"1" maximum:"1000000000000" doc:"Salary for the period, in the smallest unit of the currency, such as cents"`
	Currency  string                   `json:"currency" pattern:"^[A-Z]{3}$" patternDescription:"three capital letters" doc:"By ISO 4217, such as EUR"`
	Period    application.SalaryPeriod `json:"period" enum:"year,month,week,day,hour" doc:"What the salary is for"`
	StartDate string                   `json:"start_date" format:"date" doc:"When the work begins"`
	Text      personal.Plain           `json:"terms,omitempty" maxLength:"10000" doc:"What else is offered. Whoever may view offers reads it: no amounts here"`
	Template  string                   `json:"contract_template_id,omitempty" format:"uuid" doc:"The template of kind offer_contract that the contract is written from when it is sent; left out, there is no contract"`
	Approvers []string                 `json:"approver_ids,omitempty" maxItems:"10" doc:"Members who must approve it before it is sent, in this order"`
}

// sealed returns the terms to be sealed under the offer's key.
// Errors: domain.ErrInvalid.
func (t OfferTerms) sealed(key personal.Key) (application.OfferTerms, error) {
	text, err := textOf("The terms", t.Text, 0, application.MaxOfferTerms, key)
	if err != nil {
		return application.OfferTerms{}, err
	}
	if t.Amount < 1 {
		return application.OfferTerms{}, domain.ErrInvalid.Because("An offer names a salary.")
	}
	if _, err := time.Parse(time.DateOnly, t.StartDate); err != nil {
		return application.OfferTerms{}, domain.ErrInvalid.Because("The work begins on a date, written YYYY-MM-DD.")
	}
	return application.OfferTerms{
		Amount: personal.New(key, personal.Plain(strconv.FormatInt(t.Amount, 10))), Currency: t.Currency, Period: t.Period,
		StartDate: personal.New(key, personal.Plain(t.StartDate)), Text: text, Approvers: t.Approvers, Template: t.Template,
	}, nil
}

// DraftOffer writes an offer.
type DraftOffer struct {
	Application string `json:"-"`
	OfferTerms
}

// DraftOffer gives cmd. Whoever has edit on the offers and salary areas may. Its
// id is the offer's; what is personal goes under a key of its own. The approvers
// are asked at once, in their order.
// Errors: those of application.DraftOffer; ErrApproverWithoutAccess, ErrDenied.
func (c *Commands) DraftOffer(ctx context.Context, caller Caller, cmd DraftOffer) (Answer, error) {
	id := caller.newID("offer")
	terms, err := cmd.sealed(personal.Key{ID: id, Owner: cmd.Application})
	if err != nil {
		return Answer{}, err
	}
	answer, err := c.onOffer(ctx, caller, cmd.Application, access.Edit,
		func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
			if err := c.offerable(a, held, terms, s); err != nil {
				return nil, err
			}
			return a.DraftOffer(id, terms, s)
		})
	answer.ID = id
	return answer, err
}

// ChangeOffer gives a draft other terms.
type ChangeOffer struct {
	Application string `json:"-"`
	Offer       string `json:"-"`
	OfferTerms
}

// ChangeOffer gives cmd. Whoever has edit on the offers and salary areas may. What
// was approved counts no more.
// Errors: those of application.ChangeOffer; ErrApproverWithoutAccess, ErrDenied.
func (c *Commands) ChangeOffer(ctx context.Context, caller Caller, cmd ChangeOffer) (Answer, error) {
	terms, err := cmd.sealed(personal.Key{ID: cmd.Offer, Owner: cmd.Application})
	if err != nil {
		return Answer{}, err
	}
	return c.onOffer(ctx, caller, cmd.Application, access.Edit,
		func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
			if err := c.offerable(a, held, terms, s); err != nil {
				return nil, err
			}
			return a.ChangeOffer(cmd.Offer, caller.newID("change"), terms, s)
		})
}

// offerable refuses terms of whoever may not set salaries, a template that cannot be
// chosen, and approvers who could not look at them.
func (c *Commands) offerable(a application.Application, held access.Rights, t application.OfferTerms, s domain.Stamp) error {
	if held.Area(access.Salary) < access.Edit {
		return ErrDenied
	}
	if t.Template != "" {
		if err := c.directory.Organization().Choose(organization.Templates, t.Template); err != nil {
			return err
		}
		if c.directory.Organization().Templates[t.Template].Kind != organization.ContractTemplate {
			return domain.ErrInvalid.Because("A contract is written from a template of kind offer_contract.")
		}
	}
	for _, m := range t.Approvers {
		theirs := c.directory.RightsOn(m, a, s.At)
		for _, area := range []access.Area{access.Application, access.Offers, access.Salary} {
			if !c.directory.Member(m).Active || theirs.Masked || theirs.Area(area) < access.View {
				return ErrApproverWithoutAccess
			}
		}
	}
	return nil
}

// ApproveOffer approves what an offer says.
type ApproveOffer struct {
	Application string `json:"-"`
	Offer       string `json:"-"`
	Version     int    `json:"version" minimum:"1" doc:"The version of the terms that you looked at"`
}

// ApproveOffer gives cmd: the approver does whose turn it is, with view on the
// offers area. Errors: those of application.ApproveOffer; ErrDenied.
func (c *Commands) ApproveOffer(ctx context.Context, caller Caller, cmd ApproveOffer) (Answer, error) {
	return c.onOffer(ctx, caller, cmd.Application, access.View,
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return a.ApproveOffer(cmd.Offer, cmd.Version, s)
		})
}

// ReturnOffer says that an offer needs other terms.
type ReturnOffer struct {
	Application string         `json:"-"`
	Offer       string         `json:"-"`
	Version     int            `json:"version" minimum:"1" doc:"The version of the terms that you looked at"`
	Reason      personal.Plain `json:"reason" minLength:"1" maxLength:"4000" doc:"What should be different"`
}

// ReturnOffer gives cmd: the approver does whose turn it is, with view on the
// offers area. Errors: those of application.ReturnOffer; ErrDenied.
func (c *Commands) ReturnOffer(ctx context.Context, caller Caller, cmd ReturnOffer) (Answer, error) {
	reason, err := textOf("The reason", cmd.Reason, 1, application.MaxText, personal.Key{ID: cmd.Offer, Owner: cmd.Application})
	if err != nil {
		return Answer{}, err
	}
	return c.onOffer(ctx, caller, cmd.Application, access.View,
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return a.ReturnOffer(cmd.Offer, cmd.Version, reason, s)
		})
}

// SendOffer makes the candidate the offer.
type SendOffer struct {
	Application string     `json:"-"`
	Offer       string     `json:"-"`
	Outside     bool       `json:"outside,omitempty" doc:"It was sent outside; else the candidate's page shows it, and they answer there"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty" doc:"When it is over if nobody answered; left out, it has no end"`
}

// SendOffer gives cmd. Whoever has edit on the offers area may. The contract, if
// there is one, is written now and filed as a document of category offer.
// Errors: those of application.SendOffer; ErrUnprintable, ErrDenied.
func (c *Commands) SendOffer(ctx context.Context, caller Caller, cmd SendOffer) (Answer, error) {
	var now application.Application
	happens, answer, err := c.ask(ctx, caller, cmd.Application, need{area: access.Offers, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) (bool, error) {
			now = a
			o, _ := a.Offers.Get(cmd.Offer)
			var later *application.Contract
			if o.Template != "" {
				later = &application.Contract{}
			}
			events, err := a.SendOffer(cmd.Offer, cmd.Outside, cmd.ExpiresAt, later, s)
			return len(events) > 0, err
		})
	if err != nil || !happens {
		return answer, err
	}
	var w written
	if o, _ := now.Offers.Get(cmd.Offer); o.Template != "" {
		if w, err = c.writeContract(ctx, caller, cmd.Application, now, cmd.Offer); err != nil {
			return Answer{}, err
		}
	}
	answer, err = c.onOffer(ctx, caller, cmd.Application, access.Edit,
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			o, _ := a.Offers.Get(cmd.Offer)
			if w.contract != nil && o.Version != w.version {
				return nil, application.ErrOfferChanged
			}
			events, err := a.SendOffer(cmd.Offer, cmd.Outside, cmd.ExpiresAt, w.contract, s)
			if err != nil || len(events) == 0 || w.contract == nil {
				return events, err
			}
			filed, err := a.FileContract(cmd.Offer, w.contract.Document, w.file, s)
			return append(filed, events...), err
		})
	if w.contract != nil && (err == nil && (answer.Repeated || answer.Unchanged) || err != nil && refused(err)) {
		c.discard([]application.File{w.file})
	}
	return answer, err
}

// OfferRef names an offer.
type OfferRef struct {
	Application string
	Offer       string
}

// AcceptOffer says that the candidate accepted.
type AcceptOffer struct {
	Application string `json:"-"`
	Offer       string `json:"-"`
	Document    string `json:"signed_document_id,omitempty" format:"uuid" doc:"The signed contract, that was filed as a document of the application in category offer"`
}

// AcceptOffer gives cmd. Whoever has edit on the offers area may.
// Errors: those of application.AcceptOffer; ErrDenied.
func (c *Commands) AcceptOffer(ctx context.Context, caller Caller, cmd AcceptOffer) (Answer, error) {
	return c.onOffer(ctx, caller, cmd.Application, access.Edit,
		func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
			if d, ok := a.Documents[cmd.Document]; ok && (d.Category != access.OfferDocument || !views(held, d)) {
				return nil, application.ErrUnknownDocument
			}
			return a.AcceptOffer(cmd.Offer, cmd.Document, s)
		})
}

// EndOffer says that nothing comes of an offer.
type EndOffer struct {
	Application string         `json:"-"`
	Offer       string         `json:"-"`
	Reason      personal.Plain `json:"reason,omitempty" maxLength:"4000" doc:"Why"`
}

func (cmd EndOffer) reason(applicationID string) (personal.Text, error) {
	return textOf("The reason", cmd.Reason, 0, application.MaxText, personal.Key{ID: cmd.Offer, Owner: applicationID})
}

// DeclineOffer notes that the candidate declined. Whoever has edit on the offers
// area may. Errors: those of application.DeclineOffer; ErrDenied.
func (c *Commands) DeclineOffer(ctx context.Context, caller Caller, cmd EndOffer) (Answer, error) {
	return c.endOffer(ctx, caller, cmd, application.Application.DeclineOffer)
}

// WithdrawOffer takes an offer back. Whoever has edit on the offers area may.
// Errors: those of application.WithdrawOffer; ErrDenied.
func (c *Commands) WithdrawOffer(ctx context.Context, caller Caller, cmd EndOffer) (Answer, error) {
	return c.endOffer(ctx, caller, cmd, application.Application.WithdrawOffer)
}

func (c *Commands) endOffer(ctx context.Context, caller Caller, cmd EndOffer, decide func(application.Application, string, personal.Text, domain.Stamp) ([]application.Event, error)) (Answer, error) {
	reason, err := cmd.reason(cmd.Application)
	if err != nil {
		return Answer{}, err
	}
	return c.onOffer(ctx, caller, cmd.Application, access.Edit,
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return decide(a, cmd.Offer, reason, s)
		})
}

func (c *Commands) onOffer(ctx context.Context, caller Caller, applicationID string, level access.Level, decide func(application.Application, access.Rights, domain.Stamp) ([]application.Event, error)) (Answer, error) {
	return c.onApplication(ctx, applicationID, caller, need{area: access.Offers, level: level}, decide)
}

// ExpireOffer records that nobody answered an offer in time. Only the system may.
// Errors: those of application.ExpireOffer; ErrDenied, ErrRightsUnknown.
func (c *Commands) ExpireOffer(ctx context.Context, caller Caller, applicationID, offer string) (Answer, error) {
	return c.onTime(ctx, caller, applicationID, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.ExpireOffer(offer, s)
	})
}

// HireSigned takes somebody on who signed the contract of an offer, where the
// organisation has set that a signature does. Only the system may. Its id is the
// hire's. Errors: those of application.TakeOnSigned; ErrDenied, ErrRightsUnknown.
func (c *Commands) HireSigned(ctx context.Context, caller Caller, applicationID, offer string) (Answer, error) {
	if caller.Actor != domain.System {
		return Answer{}, ErrDenied
	}
	if err := c.directory.Check(); err != nil { // settings that are not known yet are no reason to do nothing
		return Answer{}, err
	}
	id := caller.newID("hire")
	answer, err := c.closing(ctx, caller, applicationID, need{area: access.Decision, level: access.Edit}, nil,
		func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			if !c.directory.Organization().Settings.SignHires {
				return nil, nil
			}
			return a.TakeOnSigned(offer, id, s)
		})
	answer.ID = id
	return answer, err
}
