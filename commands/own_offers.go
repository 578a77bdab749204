package commands

import (
	"context"
	"strings"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// SignOffer accepts an offer.
type SignOffer struct {
	Application string         `json:"-"`
	Offer       string         `json:"-"`
	Name        personal.Plain `json:"name,omitempty" maxLength:"200" doc:"Your name, as your signature under the contract; required if there is one"`
	SHA256      string         `json:"sha256,omitempty" pattern:"^[0-9a-f]{64}$" patternDescription:"64 hexadecimal digits" doc:"Hash of the contract that you read, as the offer says it; required if there is one"`
}

// SignOffer accepts the offer that was sent to the candidate's page, and signs its
// contract: the candidate does, whether self-tracking is on or not.
// Errors: those of application.SignOffer and of onOwnOffer.
func (c *Commands) SignOffer(ctx context.Context, caller Caller, cmd SignOffer) (Answer, error) {
	return c.onOwnOffer(ctx, caller, OfferRef{Application: cmd.Application, Offer: cmd.Offer},
		func(id, sent string, a application.Application, s domain.Stamp) ([]application.Event, error) {
			signature := application.Signature{Hash: hashUnder(cmd.Offer, id, cmd.SHA256)}
			if strings.TrimSpace(string(cmd.Name)) != "" {
				var err error
				if signature.Name, err = lineUnder("The name", cmd.Name, 1, 200, personal.Key{ID: cmd.Offer, Owner: id}); err != nil {
					return nil, err
				}
			}
			return a.SignOffer(cmd.Offer, signature, cmd.SHA256 == sent, s)
		})
}

// DeclineOwnOffer declines the offer that was sent to the candidate's page, as
// SignOffer accepts it. Errors: those of application.DeclineOffer and of
// onOwnOffer.
func (c *Commands) DeclineOwnOffer(ctx context.Context, caller Caller, cmd EndOffer) (Answer, error) {
	return c.onOwnOffer(ctx, caller, OfferRef{Application: cmd.Application, Offer: cmd.Offer},
		func(id, _ string, a application.Application, s domain.Stamp) ([]application.Event, error) {
			reason, err := cmd.reason(id)
			if err != nil {
				return nil, err
			}
			return a.DeclineOffer(cmd.Offer, reason, s)
		})
}

// ContractToSign returns the hash of the contract of an offer that was sent to the
// candidate's page, as the page shows it and SignOffer takes it; "" if there is no
// contract. The candidate asks.
// Errors: application.ErrUnknown, application.ErrUnknownOffer.
func (c *Commands) ContractToSign(ctx context.Context, caller Caller, cmd OfferRef) (sha256 string, err error) {
	_, a, sent, err := c.ownOffer(ctx, cmd)
	if err != nil {
		return "", err
	}
	if err := c.ownAlways(ctx, caller).own(a); err != nil {
		return "", err
	}
	if o, _ := a.Offers.Get(cmd.Offer); !o.Page {
		return "", application.ErrUnknownOffer
	}
	return sent, nil
}

// ownOffer returns the application that has an offer, as it is, and the hash of the
// contract that was sent, "" if none was. Whose it is, it does not ask.
func (c *Commands) ownOffer(ctx context.Context, cmd OfferRef) (id string, a application.Application, sent string, err error) {
	part, err := c.partOf(ctx, cmd.Application, func(a application.Application) bool { _, ok := a.Offers.Get(cmd.Offer); return ok })
	if err != nil {
		return "", a, "", err
	}
	f, err := c.applications.read(ctx, c.log, part.id)
	if err != nil {
		return "", a, "", err
	}
	o, _ := f.state.Offers.Get(cmd.Offer)
	sent, err = c.reveal(ctx, o.Contract) // once sent, it stays
	return part.id, f.state, sent, err
}

// onOwnOffer gives one command of a candidate's on an offer of theirs, with the id
// of the application that has it and the hash of the contract that was sent. Errors: application.ErrUnknown.
func (c *Commands) onOwnOffer(ctx context.Context, caller Caller, cmd OfferRef, decide func(id, sent string, a application.Application, s domain.Stamp) ([]application.Event, error)) (Answer, error) {
	id, _, sent, err := c.ownOffer(ctx, cmd)
	if err != nil {
		return Answer{}, err
	}
	return c.onApplication(ctx, id, caller, c.ownAlways(ctx, caller),
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return decide(id, sent, a, s)
		})
}
