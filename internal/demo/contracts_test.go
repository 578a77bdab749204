package demo_test

import (
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/internal/demo"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// S2-68, S2-74: somebody in the demo company signed the contract that was made from
// a template and sent to their page, of an offer that two approved of one after the
// other, and is hired by that.
func TestSomebodySignedTheirContract(t *testing.T) {
	t.Parallel()
	c := found(t)
	company := demo.Company{Seed: 1, Anchor: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Applications: 100}
	if _, err := company.Load(t.Context(), c.Commands, c.Directory); err != nil {
		t.Fatal(err)
	}
	sent, approved, signed, hired := map[string]string{}, map[string]int{}, map[string]bool{}, 0
	open := func(stamp domain.Stamp, sealed []byte) string {
		opened, err := c.Vault.Open(t.Context(), sealed)
		if err != nil {
			t.Fatalf("what was sealed at %s: %v", stamp.At, err)
		}
		return string(opened[0].Text)
	}
	for rec, err := range c.Memory.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Category() != "application" {
			continue
		}
		e, err := application.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			t.Fatal(err)
		}
		switch e := e.(type) { //nolint:gochecksumtype // only what a contract takes
		case application.OfferApproved:
			approved[e.Offer]++
		case application.OfferSent:
			if e.Contract != nil && !e.Outside {
				sent[e.Offer] = open(e.Stamp, e.Contract.Hash.Bytes())
			}
		case application.OfferAccepted:
			if e.Signature == nil {
				continue
			}
			hash, name := open(e.Stamp, e.Signature.Hash.Bytes()), open(e.Stamp, e.Signature.Name.Bytes())
			if hash == "" || hash != sent[e.Offer] || name == "" || e.By != domain.Candidate {
				t.Errorf("%s signed %s as %q, sent was %s", e.By, hash, name, sent[e.Offer])
			}
			signed[e.Offer] = approved[e.Offer] > 1
		case application.Hired:
			if _, ok := signed[e.Offer]; ok && e.By == domain.System {
				hired++
			}
		}
	}
	twice := false
	for _, by := range signed {
		twice = twice || by
	}
	if len(signed) == 0 || hired != len(signed) || !twice {
		t.Errorf("signed, by two approvers or not: %v; hired: %d", signed, hired)
	}
}
