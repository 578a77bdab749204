package commands_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// H2: only whose contract it is learns what they sign, and only once it is on their page.
func TestOnlyTheirCandidateReadsWhatIsToBeSigned(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	template := commandstest.Must(c.DefineTemplate(t.Context(), c.As(c.Admin), commands.DefineTemplate{TemplateContent: organization.TemplateContent{
		Name: "Contract", Kind: organization.ContractTemplate, Subject: "Contract", Body: "For {{offer.salary}}",
	}})).ID
	offered := func() (candidate commands.Caller, offer commands.OfferRef) {
		app := c.ReceiveOne(t, someone())
		place := personal.Plain("Ghent")
		person := commandstest.Must(c.EditCandidate(t.Context(), c.As(c.Recruiter), commands.EditCandidate{Application: app, Location: &place})).Stream
		candidate = c.As(c.Admin)
		candidate.Actor, candidate.Candidate = domain.Candidate, strings.TrimPrefix(person, "candidate-")
		return candidate, commands.OfferRef{Application: app, Offer: commandstest.Must(c.DraftOffer(t.Context(), c.As(c.Admin), commands.DraftOffer{
			Application: app, OfferTerms: commands.OfferTerms{Amount: 1, Currency: "EUR", Period: application.PerYear, StartDate: "2027-01-01", Template: template},
		})).ID}
	}
	theirs, offer := offered()
	if hash, err := c.ContractToSign(t.Context(), theirs, offer); !errors.Is(err, application.ErrUnknownOffer) {
		t.Errorf("before it was sent: %q, %v", hash, err)
	}
	commandstest.Must(c.SendOffer(t.Context(), c.As(c.Admin), commands.SendOffer{Application: offer.Application, Offer: offer.Offer}))
	other, outside := offered()
	commandstest.Must(c.SendOffer(t.Context(), c.As(c.Admin), commands.SendOffer{Application: outside.Application, Offer: outside.Offer, Outside: true}))
	if hash, err := c.ContractToSign(t.Context(), other, outside); !errors.Is(err, application.ErrUnknownOffer) {
		t.Errorf("sent outside: %q, %v", hash, err)
	}
	for who, by := range map[string]commands.Caller{"another candidate": other, "an admin": c.As(c.Admin)} {
		if hash, err := c.ContractToSign(t.Context(), by, offer); !errors.Is(err, application.ErrUnknown) {
			t.Errorf("%s: %q, %v", who, hash, err)
		}
	}
	hash, err := c.ContractToSign(t.Context(), theirs, offer)
	if err != nil || len(hash) != 64 {
		t.Fatalf("%q, %v", hash, err)
	}
	commandstest.Must(c.SignOffer(t.Context(), theirs, commands.SignOffer{Application: offer.Application, Offer: offer.Offer, Name: "Cleo Candidate", SHA256: hash}))
}
