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

// onOwnOffer gives one command of a candidate's on an offer of theirs, with the id
// of the application that has it and the hash of the contract that was sent. Errors: application.ErrUnknown.
func (c *Commands) onOwnOffer(ctx context.Context, caller Caller, cmd OfferRef, decide func(id, sent string, a application.Application, s domain.Stamp) ([]application.Event, error)) (Answer, error) {
	part, err := c.partOf(ctx, cmd.Application, func(a application.Application) bool { _, ok := a.Offers.Get(cmd.Offer); return ok })
	if err != nil {
		return Answer{}, err
	}
	f, err := c.applications.read(ctx, c.log, part.id)
	if err != nil {
		return Answer{}, err
	}
	o, _ := f.state.Offers.Get(cmd.Offer)
	sent, err := c.reveal(ctx, o.Contract) // once sent, it stays
	if err != nil {
		return Answer{}, err
	}
	return c.onApplication(ctx, part.id, caller, c.ownAlways(ctx, caller),
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return decide(part.id, sent, a, s)
		})
}
