package demo

import (
	"context"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// terms are what somebody is offered, who the manager must approve of.
func (c *candidacy) terms() commands.OfferTerms {
	t := commands.OfferTerms{
		Amount: int64(45+c.r.IntN(40)) * 1_000_00, Currency: "EUR", Period: application.PerYear,
		StartDate: c.at.AddDate(0, 2, 0).Format("2006-01") + "-01", Text: "30 days of leave, two days a week from home.",
		Approvers: []string{c.manager.MemberID()},
	}
	if c.chance(40) { // the admin looks at it after the manager has
		t.Approvers = append(t.Approvers, commands.FirstAdmin())
	}
	if c.chance(50) {
		t.Template = c.contract
	}
	return t
}

// offer writes an offer and has it approved, at times only the second time.
func (c *candidacy) offer(ctx context.Context) (id string, err error) {
	return c.offerOf(ctx, c.terms())
}

// offerOf is offer for given terms.
func (c *candidacy) offerOf(ctx context.Context, terms commands.OfferTerms) (id string, err error) {
	version := 1
	answer, err := c.to.DraftOffer(ctx, c.by(c.recruiter), commands.DraftOffer{Application: c.id, OfferTerms: terms})
	if err != nil {
		return "", err
	}
	id = answer.ID
	if c.chance(25) {
		_, err := c.to.ReturnOffer(ctx, c.by(c.manager), commands.ReturnOffer{Application: c.id, Offer: id, Version: version, Reason: "The budget allows a little more; we want to be sure."})
		if err != nil {
			return id, err
		}
		terms.Amount += 2_000_00
		version++
		if _, err := c.to.ChangeOffer(ctx, c.by(c.recruiter), commands.ChangeOffer{Application: c.id, Offer: id, OfferTerms: terms}); err != nil {
			return id, err
		}
	}
	for _, approver := range terms.Approvers { // in their order
		_, err := c.to.ApproveOffer(ctx, c.by(domain.Member(approver)), commands.ApproveOffer{Application: c.id, Offer: id, Version: version})
		if err != nil {
			return id, err
		}
	}
	return id, nil
}

// offerStands leaves an offer behind that is not accepted, in one of its states.
func (c *candidacy) offerStands(ctx context.Context) error {
	offer, err := c.offer(ctx)
	if err != nil {
		return err
	}
	what := c.r.IntN(5)
	if what == 0 { // approved, and not sent yet
		return nil
	}
	caller, send := c.by(c.recruiter), commands.SendOffer{Application: c.id, Offer: offer, Outside: what == 2}
	if what == 3 && c.Anchor.Sub(c.at) > time.Hour {
		end := c.at.Add(30 * time.Minute)
		send.ExpiresAt = &end
	}
	if _, err := c.to.SendOffer(ctx, caller, send); err != nil {
		return err
	}
	switch {
	case send.ExpiresAt != nil:
		_, err = c.to.ExpireOffer(ctx, c.by(domain.System), c.id, offer)
	case what == 4:
		_, err = c.to.WithdrawOffer(ctx, c.by(c.recruiter), commands.EndOffer{Application: c.id, Offer: offer, Reason: "We talk about another position first."})
	case what == 2:
		_, err = c.to.DeclineOffer(ctx, c.by(c.recruiter), commands.EndOffer{
			Application: c.id, Offer: offer, Reason: pick(c.r, []personal.Plain{"Stays with the present employer.", "Too far from home."}),
		})
	}
	return err
}

// accepted returns an offer that the candidate accepted on the telephone.
func (c *candidacy) accepted(ctx context.Context) (offer string, err error) {
	if offer, err = c.offer(ctx); err != nil {
		return offer, err
	}
	if _, err := c.to.SendOffer(ctx, c.by(c.recruiter), commands.SendOffer{Application: c.id, Offer: offer, Outside: true}); err != nil {
		return offer, err
	}
	_, err = c.to.AcceptOffer(ctx, c.by(c.recruiter), commands.AcceptOffer{Application: c.id, Offer: offer})
	return offer, err
}

// signed hires somebody by the contract that they sign on their page.
func (c *candidacy) signed(ctx context.Context) error {
	terms := c.terms()
	terms.Template = c.contract
	offer, err := c.offerOf(ctx, terms)
	if err != nil {
		return err
	}
	by := c.by(c.recruiter)
	end := by.At.AddDate(0, 0, 14)
	if _, err := c.to.SendOffer(ctx, by, commands.SendOffer{Application: c.id, Offer: offer, ExpiresAt: &end}); err != nil {
		return err
	}
	// They read what they sign, and write their name under it.
	candidate := c.by(domain.Candidate)
	candidate.Candidate = c.person
	hash, err := c.to.ContractToSign(ctx, candidate, commands.OfferRef{Application: c.id, Offer: offer})
	if err != nil {
		return err
	}
	first, last, _ := personNumbered(c.n)
	sign := commands.SignOffer{Application: c.id, Offer: offer, Name: personal.Plain(first + " " + last), SHA256: hash}
	if _, err := c.to.SignOffer(ctx, candidate, sign); err != nil {
		return err
	}
	// What follows from it, as it does where the settings say so.
	hired, err := c.to.HireSigned(ctx, c.by(domain.System), c.id, offer)
	if err != nil {
		return err
	}
	_, err = c.to.CreateEmployee(ctx, c.by(domain.System), c.id, hired.ID)
	return err
}
