package historytest

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// terms are what an offer says.
func (h *History) terms(offer, id string, says personal.Plain, approvers ...string) application.OfferTerms {
	text := func(t personal.Plain) personal.Text { return h.Text(offer, id, t) }
	return application.OfferTerms{
		Amount: text("6000000"), Currency: "EUR", Period: application.PerYear, StartDate: text("2026-06-01"), Text: text(says), Approvers: approvers,
	}
}

// Offer writes an offer that the approvers must approve, and returns its id.
func (h *History) Offer(id string, by domain.Actor, approvers ...string) string {
	h.t.Helper()
	offer := h.ID()
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.DraftOffer(offer, h.terms(offer, id, "30 days off", approvers...), s)
	})
	return offer
}

// randomOffer writes an offer, or something becomes of the one that stands.
func (c *Company) randomOffer(id string, by domain.Actor) {
	if !c.Applications[id].Live() {
		return
	}
	for offer, o := range c.Applications[id].Offers.All() { // one stands at most
		switch o.State {
		case application.OfferIsDraft:
			c.randomDraft(id, offer, o)
			return
		case application.OfferIsSent:
			c.randomAnswer(id, offer, o)
			return
		case application.OfferIsAccepted:
			c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
				return a.WithdrawOffer(offer, c.Text(offer, id, "no budget"), s)
			})
			return
		case application.OfferIsDeclined, application.OfferIsWithdrawn, application.OfferIsExpired:
		}
	}
	if c.Applications[id].Offers.Len() < application.MaxOffers {
		c.Offer(id, by, []string{c.Admin}[:c.r.IntN(2)]...)
	}
}

// randomDraft lets something become of an offer that is not sent.
func (c *Company) randomDraft(id, offer string, o application.Offer) {
	by := domain.Member(c.Admin)
	open := o.Approved < len(o.Approvers)
	c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		switch n := c.r.IntN(6); {
		case o.Returned, n == 0:
			return a.ChangeOffer(offer, c.ID(), c.terms(offer, id, "31 days off", o.Approvers...), s)
		case n == 1:
			return a.WithdrawOffer(offer, c.Text(offer, id, "no budget"), s)
		case n == 2 && open:
			return a.ReturnOffer(offer, o.Version, c.Text(offer, id, "too much"), s)
		case open:
			return a.ApproveOffer(offer, o.Version, s)
		}
		until := s.At.Add(time.Hour)
		return a.SendOffer(offer, c.r.IntN(3) == 0, []*time.Time{nil, &until}[c.r.IntN(2)], nil, s)
	})
}

// randomAnswer lets something become of an offer that is sent.
func (c *Company) randomAnswer(id, offer string, o application.Offer) {
	by := domain.Member(c.Admin)
	if o.Page && c.r.IntN(2) == 0 {
		by = domain.Candidate
	}
	late := !o.ExpiresAt.IsZero() && c.r.IntN(2) == 0
	if late && c.Now.Before(o.ExpiresAt) {
		c.Now = o.ExpiresAt
	}
	c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		switch n := c.r.IntN(4); {
		case !o.ExpiresAt.IsZero() && !s.At.Before(o.ExpiresAt):
			s.By = domain.System
			return a.ExpireOffer(offer, s)
		case n == 0:
			return a.DeclineOffer(offer, c.Text(offer, id, "elsewhere"), s)
		case n == 1:
			s.By = domain.Member(c.Admin)
			return a.WithdrawOffer(offer, personal.Text{}, s)
		}
		return a.AcceptOffer(offer, "", s)
	})
}

// offersOnce lets everything happen to offers; the last is accepted.
func (c *Company) offersOnce(id string, by domain.Actor) {
	on := func(decide func(application.Application, domain.Stamp) ([]application.Event, error)) {
		c.On(id, by, decide)
	}
	send := func(offer string, until *time.Time) {
		on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.SendOffer(offer, false, until, nil, s)
		})
	}
	returned := c.Offer(id, by, c.Admin)
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.ReturnOffer(returned, 1, c.Text(returned, id, "too much"), s)
	})
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.WithdrawOffer(returned, c.Text(returned, id, "no budget"), s)
	})
	declined := c.Offer(id, by)
	send(declined, nil)
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.DeclineOffer(declined, c.Text(declined, id, "elsewhere"), s)
	})
	expired, until := c.Offer(id, by), c.Now.AddDate(0, 0, 1)
	send(expired, &until)
	c.Now = until
	c.On(id, domain.System, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.ExpireOffer(expired, s)
	})
	signed := c.ID()
	terms := c.terms(signed, id, "by contract")
	terms.Template = named("template", "Template once")
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.DraftOffer(signed, terms, s)
	})
	contract, file := c.ID(), c.ID()
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.FileContract(signed, contract, application.File{ID: file, Name: c.Text(file, id, "contract.pdf"), Size: 1000, Type: "application/pdf"}, s)
	})
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.SendOffer(signed, false, nil, &application.Contract{Document: contract, File: file, Hash: c.Text(signed, id, "abc")}, s)
	})
	c.On(id, domain.Candidate, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.SignOffer(signed, application.Signature{Name: c.Text(signed, id, "Hanna Hired"), Hash: c.Text(signed, id, "abc")}, true, s)
	})
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.WithdrawOffer(signed, personal.Text{}, s)
	})
	accepted := c.Offer(id, by, c.Admin)
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.ChangeOffer(accepted, c.ID(), c.terms(accepted, id, "31 days off", c.Admin), s)
	})
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.ApproveOffer(accepted, 2, s)
	})
	send(accepted, nil)
	paper, _ := c.Upload(id, by, "", access.OfferDocument, "signed.pdf")
	on(func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.AcceptOffer(accepted, paper, s)
	})
}
