package application_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

var (
	offered = application.OfferTerms{Amount: text("6000000"), Currency: "EUR", Period: application.PerYear, StartDate: text("2026-06-01"), Text: text("30 days off"), Approvers: []string{"m2", "m3"}}
	plain   = application.OfferTerms{Amount: text("6000000"), Currency: "EUR", Period: application.PerYear, StartDate: text("2026-06-01")}

	toApprove application.Event = application.OfferDrafted{Stamp: by, Offer: "o1", OfferTerms: application.OfferTerms{
		Amount: text("1"), Currency: "EUR", Period: application.PerMonth, StartDate: text("2026-06-01"), Approvers: []string{"m1"},
	}}
	byContract                   = application.OfferTerms{Amount: text("1"), Currency: "EUR", Period: application.PerMonth, StartDate: text("2026-06-01"), Template: "t1"}
	contracted application.Event = application.OfferDrafted{Stamp: by, Offer: "o1", OfferTerms: byContract}
	contract                     = application.Contract{Document: "d9", File: "f9", Hash: text("abc")}
	drafted    application.Event = application.OfferDrafted{Stamp: by, Offer: "o1", OfferTerms: offered}
	agreed     application.Event = application.OfferDrafted{Stamp: by, Offer: "o1", OfferTerms: plain}
	offerSent  application.Event = application.OfferSent{Stamp: by, Offer: "o1"}
	outside    application.Event = application.OfferSent{Stamp: by, Offer: "o1", Outside: true}
	soonOver   application.Event = application.OfferSent{Stamp: by, Offer: "o1", ExpiresAt: &offerEnds}
	accepted   application.Event = application.OfferAccepted{Stamp: by, Offer: "o1", Job: "j1", Author: "m1"}
	declined   application.Event = application.OfferDeclined{Stamp: by, Offer: "o1", Reason: text("elsewhere"), Job: "j1", Author: "m1"}
	takenBack  application.Event = application.OfferWithdrawn{Stamp: by, Offer: "o1", Reason: text("no budget")}

	offerEnds = by.At.Add(time.Hour)
)

func approvedBy(member string, version int) application.Event {
	return application.OfferApproved{Stamp: domaintest.By(domain.Member(member)), Offer: "o1", Version: version}
}

// TestDraftOffer holds S2-69: one at a time, and S2-73: it moves nothing.
func TestDraftOffer(t *testing.T) {
	draft := func(id string, t application.OfferTerms) when {
		return func(a application.Application) ([]application.Event, error) { return a.DraftOffer(id, t, by) }
	}
	but := func(change func(*application.OfferTerms)) application.OfferTerms {
		t := offered
		change(&t)
		return t
	}
	domaintest.Run(t, application.Application.Fold, append(guarded("draft", draft("o1", offered)), []row{
		{Name: "an offer", Given: events{received}, When: draft("o1", offered), Want: events{drafted}},
		{Name: "again", Given: events{received, drafted}, When: draft("o1", plain)},
		{Name: "beside a draft", Given: events{received, drafted}, When: draft("o2", plain), Err: application.ErrOfferOpen},
		{Name: "beside one that is sent", Given: events{received, agreed, offerSent}, When: draft("o2", plain), Err: application.ErrOfferOpen},
		{Name: "beside one that was accepted", Given: events{received, agreed, offerSent, accepted}, When: draft("o2", plain), Err: application.ErrOfferOpen},
		{
			Name: "after one that was declined", Given: events{received, agreed, offerSent, declined}, When: draft("o2", plain),
			Want: events{application.OfferDrafted{Stamp: by, Offer: "o2", OfferTerms: plain}},
		},
		{Name: "to somebody rejected", Given: events{received, rejected}, When: draft("o1", plain), Err: application.ErrClosed},
		{Name: "for nothing", Given: events{received}, When: draft("o1", but(func(t *application.OfferTerms) { t.Amount = none })), Err: domain.ErrInvalid},
		{Name: "from never", Given: events{received}, When: draft("o1", but(func(t *application.OfferTerms) { t.StartDate = none })), Err: domain.ErrInvalid},
		{Name: "in pebbles", Given: events{received}, When: draft("o1", but(func(t *application.OfferTerms) { t.Currency = "eur" })), Err: domain.ErrInvalid},
		{Name: "for a century", Given: events{received}, When: draft("o1", but(func(t *application.OfferTerms) { t.Period = "century" })), Err: domain.ErrInvalid},
		{Name: "approved twice by one", Given: events{received}, When: draft("o1", but(func(t *application.OfferTerms) { t.Approvers = []string{"m2", "m2"} })), Err: domain.ErrInvalid},
		{Name: "approved by nobody in particular", Given: events{received}, When: draft("o1", but(func(t *application.OfferTerms) { t.Approvers = []string{""} })), Err: domain.ErrInvalid},
		{Name: "approved by a crowd", Given: events{received}, When: draft("o1", but(func(t *application.OfferTerms) { t.Approvers = make([]string, application.MaxApprovers+1) })), Err: domain.ErrInvalid},
	}...)...)
}

// TestApproval holds S2-106: approvers in order, of the terms they looked at; changed
// terms are approved from the beginning.
func TestApproval(t *testing.T) {
	approve := func(member string, version int) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.ApproveOffer("o1", version, domaintest.By(domain.Member(member)))
		}
	}
	giveBack := func(member string, version int, reason personal.Text) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.ReturnOffer("o1", version, reason, domaintest.By(domain.Member(member)))
		}
	}
	alter := func(change string) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.ChangeOffer("o1", change, offered, by)
		}
	}
	send := func(a application.Application) ([]application.Event, error) {
		return a.SendOffer("o1", false, nil, nil, by)
	}
	changed := application.OfferChanged{Stamp: by, Offer: "o1", Change: "c1", OfferTerms: offered}
	returned := application.OfferReturned{Stamp: domaintest.By(domain.Member("m2")), Offer: "o1", Version: 1, Reason: text("too much"), Author: "m1"}
	domaintest.Run(t, application.Application.Fold, append(guarded("approve", approve("m2", 1)), []row{
		{Name: "the first", Given: events{received, drafted}, When: approve("m2", 1), Want: events{approvedBy("m2", 1)}},
		{Name: "again", Given: events{received, drafted, approvedBy("m2", 1)}, When: approve("m2", 1)},
		{Name: "out of turn", Given: events{received, drafted}, When: approve("m3", 1), Err: application.ErrNotTheApprover},
		{Name: "one's own", Given: events{received, drafted}, When: approve("m1", 1), Err: application.ErrNotTheApprover},
		{Name: "the second", Given: events{received, drafted, approvedBy("m2", 1)}, When: approve("m3", 1), Want: events{approvedBy("m3", 1)}},
		{Name: "other terms than were looked at", Given: events{received, drafted, changed}, When: approve("m2", 1), Err: application.ErrOfferChanged},
		{Name: "again, of other terms", Given: events{received, drafted, approvedBy("m2", 1), changed}, When: approve("m2", 2), Want: events{approvedBy("m2", 2)}},
		{Name: "out of turn, of other terms", Given: events{received, drafted, approvedBy("m2", 1), changed}, When: approve("m3", 2), Err: application.ErrNotTheApprover},
		{Name: "what was withdrawn", Given: events{received, drafted, takenBack}, When: approve("m2", 1), Err: application.ErrOfferNotDraft},
		{Name: "of somebody rejected", Given: events{received, drafted, rejected}, When: approve("m2", 1), Err: application.ErrClosed},
		{Name: "another", Given: events{received}, When: approve("m2", 1), Err: application.ErrUnknownOffer},

		{Name: "returned", Given: events{received, drafted}, When: giveBack("m2", 1, text("too much")), Want: events{returned}},
		{Name: "returned again", Given: events{received, drafted, returned}, When: giveBack("m2", 1, none)},
		{Name: "returned without a reason", Given: events{received, drafted}, When: giveBack("m2", 1, none), Err: application.ErrReasonRequired},
		{Name: "returned by somebody else", Given: events{received, drafted}, When: giveBack("m1", 1, text("too much")), Err: application.ErrNotTheApprover},
		{Name: "approved after it was returned", Given: events{received, drafted, returned}, When: approve("m2", 1), Err: application.ErrOfferReturned},
		{Name: "changed after it was returned", Given: events{received, drafted, returned}, When: alter("c1"), Want: events{changed}},
		{Name: "changed again", Given: events{received, drafted, changed}, When: alter("c1")},
		{Name: "changed when it is sent", Given: events{received, agreed, offerSent}, When: alter("c1"), Err: application.ErrOfferNotDraft},

		{Name: "sent before all approved", Given: events{received, drafted, approvedBy("m2", 1)}, When: send, Err: application.ErrOfferNotApproved},
		{Name: "sent after it was returned", Given: events{received, drafted, returned}, When: send, Err: application.ErrOfferReturned},
		{Name: "sent when all approved", Given: events{received, drafted, approvedBy("m2", 1), approvedBy("m3", 1)}, When: send, Want: events{offerSent}},
		{Name: "sent after a change of what was approved", Given: events{received, drafted, approvedBy("m2", 1), approvedBy("m3", 1), changed}, When: send, Err: application.ErrOfferNotApproved},
		{Name: "sent again", Given: events{received, agreed, offerSent}, When: send},
		{Name: "sent to the page after it was outside", Given: events{received, agreed, outside}, When: send, Err: application.ErrOfferNotDraft},
	}...)...)
	past := func(a application.Application) ([]application.Event, error) {
		return a.SendOffer("o1", false, &by.At, nil, by)
	}
	domaintest.Run(t, application.Application.Fold, row{Name: "expired before it is sent", Given: events{received, agreed}, When: past, Err: domain.ErrInvalid})
}

// TestAnsweredOffer holds S2-70..72: what becomes of an offer that is sent, once.
func TestAnsweredOffer(t *testing.T) {
	candidate := domaintest.By(domain.Candidate)
	accept := func(s domain.Stamp) when {
		return func(a application.Application) ([]application.Event, error) { return a.AcceptOffer("o1", "", s) }
	}
	decline := func(s domain.Stamp) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.DeclineOffer("o1", text("elsewhere"), s)
		}
	}
	withdraw := func(a application.Application) ([]application.Event, error) {
		return a.WithdrawOffer("o1", text("no budget"), by)
	}
	expire := func(at time.Time) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.ExpireOffer("o1", domain.Stamp{At: at, By: domain.System})
		}
	}
	late := candidate
	late.At = offerEnds
	yes := application.OfferAccepted{Stamp: candidate, Offer: "o1", Job: "j1", Author: "m1"}
	over := application.OfferExpired{Stamp: domain.Stamp{At: offerEnds, By: domain.System}, Offer: "o1", Job: "j1", Author: "m1"}
	reject := func(a application.Application) ([]application.Event, error) {
		events, err := a.Disqualify(application.Rejected, "r1", organization.We, text("note"), 24*time.Hour, by)
		return a.WithEnds(events, time.Hour, by), err
	}
	lapsed := application.OfferWithdrawn{Stamp: by, Offer: "o1", Closed: true}
	domaintest.Run(t, application.Application.Fold, append(guarded("accept", accept(by)), []row{
		{Name: "accepted on the page", Given: events{received, agreed, offerSent}, When: accept(candidate), Want: events{yes}},
		{Name: "accepted again", Given: events{received, agreed, offerSent, yes}, When: accept(candidate)},
		{Name: "accepted outside, a member says", Given: events{received, agreed, outside}, When: accept(by), Want: events{accepted}},
		{Name: "accepted on the page, what was sent outside", Given: events{received, agreed, outside}, When: accept(candidate), Err: application.ErrUnknownOffer},
		{Name: "a draft, for the candidate", Given: events{received, agreed}, When: accept(candidate), Err: application.ErrUnknownOffer},
		{Name: "a draft", Given: events{received, agreed}, When: accept(by), Err: application.ErrOfferNotSent},
		{Name: "accepted when it expires", Given: events{received, agreed, soonOver}, When: accept(late), Err: application.ErrOfferExpired},
		{Name: "accepted after it expired", Given: events{received, agreed, soonOver, over}, When: accept(candidate), Err: application.ErrOfferExpired},
		{Name: "accepted after it was withdrawn", Given: events{received, agreed, offerSent, takenBack}, When: accept(candidate), Err: application.ErrOfferNotSent},
		{Name: "accepted after a rejection that is not told", Given: events{received, agreed, offerSent, rejected, lapsed}, When: accept(candidate), Err: application.ErrOfferNotSent},
		{Name: "declined", Given: events{received, agreed, offerSent}, When: decline(by), Want: events{declined}},
		{Name: "declined again", Given: events{received, agreed, offerSent, declined}, When: decline(by)},
		{Name: "declined after it was accepted", Given: events{received, agreed, offerSent, accepted}, When: decline(candidate), Err: application.ErrOfferNotSent},
		{Name: "accepted after it was declined", Given: events{received, agreed, offerSent, declined}, When: accept(candidate), Err: application.ErrOfferNotSent},

		{Name: "a draft withdrawn", Given: events{received, drafted}, When: withdraw, Want: events{takenBack}},
		{Name: "withdrawn", Given: events{received, agreed, offerSent}, When: withdraw, Want: events{takenBack}},
		{Name: "withdrawn again", Given: events{received, agreed, offerSent, takenBack}, When: withdraw},
		{Name: "withdrawn after a yes", Given: events{received, agreed, offerSent, accepted}, When: withdraw, Want: events{takenBack}},
		{Name: "withdrawn after a no", Given: events{received, agreed, offerSent, declined}, When: withdraw, Err: application.ErrOfferOver},
		{Name: "withdrawn after the hire", Given: events{received, agreed, offerSent, accepted, hired}, When: withdraw, Err: application.ErrClosed},

		{Name: "expired", Given: events{received, agreed, soonOver}, When: expire(offerEnds), Want: events{over}},
		{Name: "expired again", Given: events{received, agreed, soonOver, over}, When: expire(offerEnds)},
		{Name: "not yet", Given: events{received, agreed, soonOver}, When: expire(by.At)},
		{Name: "expired after a yes", Given: events{received, agreed, soonOver, accepted}, When: expire(offerEnds)},
		{Name: "without an end", Given: events{received, agreed, offerSent}, When: expire(offerEnds)},
		{Name: "another", Given: events{received}, When: expire(offerEnds), Err: application.ErrUnknownOffer},

		{Name: "open when the candidate is rejected", Given: events{received, agreed, offerSent}, When: reject, Want: events{rejected, lapsed}},
		{Name: "answered when the candidate is rejected", Given: events{received, agreed, offerSent, accepted}, When: reject, Want: events{rejected}},
	}...)...)
}

// TestHireByAnOffer holds S2-74: the company takes somebody on who accepted.
func TestHireByAnOffer(t *testing.T) {
	hire := func(offer string) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.TakeOnBy(offer, "h1", text("at once"), by)
		}
	}
	without := func(a application.Application) ([]application.Event, error) {
		return a.TakeOn("h1", text("at once"), by)
	}
	byOffer := application.Hired{Stamp: by, Hire: "h1", Reason: text("at once"), Job: "j1", Offer: "o1"}
	domaintest.Run(t, application.Application.Fold, []row{
		{Name: "who accepted", Given: events{received, agreed, offerSent, accepted}, When: hire("o1"), Want: events{byOffer}},
		{Name: "who accepted, unnamed", Given: events{received, agreed, offerSent, accepted}, When: without, Want: events{byOffer}},
		{Name: "again", Given: events{received, agreed, offerSent, accepted, byOffer}, When: hire("o1")},
		{Name: "who did not answer", Given: events{received, agreed, offerSent}, When: hire("o1"), Err: application.ErrOfferNotAccepted},
		{Name: "by another offer", Given: events{received}, When: hire("o1"), Err: application.ErrUnknownOffer},
		{Name: "who was rejected", Given: events{received, agreed, offerSent, accepted, rejected}, When: hire("o1"), Err: application.ErrClosed},
	}...)
}

// TestSignedOffer holds S2-70..72: the candidate signs the contract that was sent and
// no other, by name; who signed is hired by that where the company wants it, once.
func TestSignedOffer(t *testing.T) {
	candidate := domaintest.By(domain.Candidate)
	sign := func(name personal.Text, hash string) when {
		return func(a application.Application) ([]application.Event, error) {
			signature := application.Signature{Name: name}
			if hash != "" {
				signature.Hash = text(hash)
			}
			return a.SignOffer("o1", signature, hash == "abc", candidate)
		}
	}
	send := func(c *application.Contract) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.SendOffer("o1", false, nil, c, by)
		}
	}
	filed := func(document string) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.AcceptOffer("o1", document, by)
		}
	}
	hire := func(a application.Application) ([]application.Event, error) { return a.TakeOnSigned("o1", "h1", by) }
	withContract := application.OfferSent{Stamp: by, Offer: "o1", Contract: &contract}
	signed := application.OfferAccepted{Stamp: candidate, Offer: "o1", Job: "j1", Author: "m1", Signature: &application.Signature{Name: text("Grace Hopper"), Hash: text("abc")}}
	plainYes := application.OfferAccepted{Stamp: candidate, Offer: "o1", Job: "j1", Author: "m1"}
	onPaper := application.OfferAccepted{Stamp: by, Offer: "o1", Job: "j1", Author: "m1", Document: "d1"}
	bySignature := application.Hired{Stamp: by, Hire: "h1", Job: "j1", Offer: "o1"}
	domaintest.Run(t, application.Application.Fold, append(guarded("sign", sign(text("Grace Hopper"), "abc")), []row{
		{Name: "sent with its contract", Given: events{received, contracted}, When: send(&contract), Want: events{withContract}},
		{Name: "sent without", Given: events{received, contracted}, When: send(nil), Err: application.ErrContractMissing},
		{Name: "sent with one that it has not", Given: events{received, agreed}, When: send(&contract), Err: application.ErrContractMissing},
		{Name: "signed", Given: events{received, contracted, withContract}, When: sign(text("Grace Hopper"), "abc"), Want: events{signed}},
		{Name: "signed again", Given: events{received, contracted, withContract, signed}, When: sign(text("Grace"), "abc")},
		{Name: "another contract", Given: events{received, contracted, withContract}, When: sign(text("Grace Hopper"), "abd"), Err: application.ErrNotTheContract},
		{Name: "by nobody", Given: events{received, contracted, withContract}, When: sign(none, "abc"), Err: application.ErrUnsigned},
		{Name: "blindly", Given: events{received, contracted, withContract}, When: sign(text("Grace Hopper"), ""), Err: application.ErrUnsigned},
		{Name: "without a contract", Given: events{received, agreed, offerSent}, When: sign(none, ""), Want: events{plainYes}},
		{Name: "on paper", Given: events{received, uploaded(1), contracted, withContract}, When: filed("d1"), Want: events{onPaper}},
		{Name: "on paper that is not there", Given: events{received, contracted, withContract}, When: filed("d1"), Err: application.ErrUnknownDocument},

		{Name: "hired by the signature", Given: events{received, contracted, withContract, signed}, When: hire, Want: events{bySignature}},
		{Name: "again", Given: events{received, contracted, withContract, signed, bySignature}, When: hire},
		{Name: "again after it was undone", Given: events{received, contracted, withContract, signed, bySignature, unhire}, When: hire},
		{Name: "hired by a yes without one", Given: events{received, agreed, offerSent, plainYes}, When: hire},
		{Name: "rejected meanwhile", Given: events{received, contracted, withContract, signed, rejected}, When: hire},
	}...)...)
}

// withContract files a contract and sends it with its offer.
func withContract(a application.Application, offer, document string, outside bool, until *time.Time, s domain.Stamp) ([]application.Event, error) {
	sent, err := a.SendOffer(offer, outside, until, &application.Contract{Document: document, File: "f9", Hash: text("abc")}, s)
	if err != nil || len(sent) == 0 {
		return nil, err
	}
	filed, err := a.FileContract(offer, document, file("f9"), s)
	if err != nil {
		return nil, err
	}
	return append(filed, sent...), nil
}

// deleted deletes a version of a document that need not stay.
func deleted(a application.Application, document string, version int, s domain.Stamp) ([]application.Event, error) {
	events, err := a.DeleteVersion(document, version, s)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	if err := a.Keeps(document); err != nil {
		return nil, err
	}
	return events, nil
}

// TestContractsStay holds S2-72: the contract of an offer is a document that stays
// what it is, and stays there until the offer is over.
func TestContractsStay(t *testing.T) {
	filed := application.DocumentUploaded{Stamp: by, Job: "j1", Document: "d9", Version: 1, Category: access.OfferDocument, Files: []application.File{file("f9")}, Offer: "o1"}
	approved := application.DocumentApproved{Stamp: by, Document: "d9", Version: 1}
	sent := application.OfferSent{Stamp: by, Offer: "o1", Contract: &contract}
	yes := application.OfferAccepted{Stamp: by, Offer: "o1", Job: "j1", Author: "m1"}
	onPaper := application.OfferAccepted{Stamp: by, Offer: "o1", Job: "j1", Author: "m1", Document: "d1"}
	out := events{received, contracted, filed, approved, sent}
	paper := events{received, uploaded(1), agreed, offerSent, onPaper}
	on := func(document string, decide func(application.Application, string) ([]application.Event, error)) when {
		return func(a application.Application) ([]application.Event, error) { return decide(a, document) }
	}
	gone := func(a application.Application, document string) ([]application.Event, error) {
		return deleted(a, document, 1, by)
	}
	other := func(a application.Application, document string) ([]application.Event, error) {
		return a.RecategoriseDocument(document, access.WorkSample, by)
	}
	version := func(a application.Application, document string) ([]application.Event, error) {
		return a.Upload(document, "", []application.File{file("f8")}, by)
	}
	reopen := func(a application.Application, document string) ([]application.Event, error) {
		return a.ReopenDocument(document, 1, text("x"), by)
	}
	reject := func(a application.Application, document string) ([]application.Event, error) {
		return a.RejectDocument(document, 1, text("x"), by)
	}
	leave := func(a application.Application, document string) ([]application.Event, error) {
		return a.LetGo(document, by)
	}
	lost := func(document string) events {
		return events{application.VersionDeleted{Stamp: by, Document: document, Version: 1}}
	}
	domaintest.Run(t, application.Application.Fold, []row{
		{Name: "filed", Given: events{received, contracted}, When: func(a application.Application) ([]application.Event, error) {
			return a.FileContract("o1", "d9", file("f9"), by)
		}, Want: events{filed, approved}},
		{Name: "deleted while it is out", Given: out, When: on("d9", gone), Err: application.ErrContractOut},
		{Name: "deleted after a yes", Given: append(slices.Clone(out), yes), When: on("d9", gone), Err: application.ErrContractOut},
		{Name: "deleted after the hire", Given: append(slices.Clone(out), yes, application.Hired{Stamp: by, Hire: "h1", Job: "j1", Offer: "o1"}), When: on("d9", gone), Err: application.ErrContractOut},
		{Name: "deleted after the offer was withdrawn", Given: append(slices.Clone(out), takenBack), When: on("d9", gone), Want: lost("d9")},
		{Name: "deleted after a no", Given: append(slices.Clone(out), declined), When: on("d9", gone), Want: lost("d9")},
		{Name: "of another category", Given: out, When: on("d9", other), Err: application.ErrOfContract},
		{Name: "another version", Given: out, When: on("d9", version), Err: application.ErrOfContract},
		{Name: "reopened", Given: out, When: on("d9", reopen), Err: application.ErrOfContract},
		{Name: "rejected", Given: out, When: on("d9", reject), Err: application.ErrOfContract},
		{Name: "on paper, deleted", Given: paper, When: on("d1", gone), Err: application.ErrContractOut},
		{Name: "on paper, of another category", Given: paper, When: on("d1", other), Err: application.ErrOfContract},
		{Name: "on paper, along with its mail", Given: paper, When: on("d1", leave)},
		{Name: "on paper, deleted after all", Given: append(slices.Clone(paper), takenBack), When: on("d1", gone), Want: lost("d1")},
		{Name: "another document", Given: append(slices.Clone(out), uploaded(1)), When: on("d1", gone), Want: lost("d1")},
	}...)
}

// offerCommands are the decisions about offers.
func offerCommands(d draws, s domain.Stamp) []when {
	terms := application.OfferTerms{Amount: text("1"), Currency: "EUR", Period: application.PerMonth, StartDate: text("2026-06-01"), Text: d.text}
	if d.manager && d.yes {
		terms.Approvers = []string{"m1"}
	}
	if d.manager && !d.yes {
		terms.Template = "t1"
	}
	var soon *time.Time
	if d.until != nil {
		end := s.At.Add(time.Duration(d.minutes) * time.Minute)
		soon = &end
	}
	// Mostly the newest, in the version it has, so that something becomes of it.
	next := func(a application.Application) string {
		over := 0
		for _, o := range a.Offers.All() {
			if o.State == application.OfferIsDeclined || o.State == application.OfferIsWithdrawn || o.State == application.OfferIsExpired {
				over++
			}
		}
		return fmt.Sprintf("p%02d", over)
	}
	of := func(a application.Application) string {
		if d.version == 0 {
			return d.id
		}
		last := ""
		for known := range a.Offers.All() {
			last = max(last, known)
		}
		return last
	}
	version := func(a application.Application) int {
		if o, ok := a.Offers.Get(of(a)); ok && !d.yes {
			return o.Version
		}
		return d.version
	}
	on := func(decide func(application.Application, string) ([]application.Event, error)) when {
		return func(a application.Application) ([]application.Event, error) { return decide(a, of(a)) }
	}
	draft := func(a application.Application) ([]application.Event, error) { return a.DraftOffer(next(a), terms, s) }
	approve := on(func(a application.Application, o string) ([]application.Event, error) {
		return a.ApproveOffer(o, version(a), s)
	})
	send := on(func(a application.Application, o string) ([]application.Event, error) {
		if offer, _ := a.Offers.Get(o); offer.Template == "" {
			return a.SendOffer(o, d.hours == 0, soon, nil, s)
		}
		return withContract(a, o, "c"+o, d.hours == 0, soon, s)
	})
	accept := on(func(a application.Application, o string) ([]application.Event, error) {
		if offer, _ := a.Offers.Get(o); !offer.Contract.IsZero() && s.By == domain.Candidate {
			return a.SignOffer(o, application.Signature{Name: d.text, Hash: text("abc")}, !d.yes || d.manager, s)
		}
		return a.AcceptOffer(o, []string{"", d.id}[d.version%2], s)
	})
	decline := on(func(a application.Application, o string) ([]application.Event, error) {
		return a.DeclineOffer(o, d.text, s)
	})
	expire := on(func(a application.Application, o string) ([]application.Event, error) { return a.ExpireOffer(o, s) })
	rare := []when{
		on(func(a application.Application, o string) ([]application.Event, error) {
			return a.ChangeOffer(o, d.stage+"c", terms, s)
		}),
		on(func(a application.Application, o string) ([]application.Event, error) {
			return a.WithdrawOffer(o, d.text, s)
		}),
		on(func(a application.Application, o string) ([]application.Event, error) {
			events, err := a.TakeOnBy(o, d.id, d.text, s)
			return a.WithEnds(events, time.Hour, s), err
		}),
	}
	return []when{
		draft, draft, approve, approve, send, send, send, accept, accept, accept, decline, decline, expire, expire, expire, rare[d.version%len(rare)],
		on(func(a application.Application, o string) ([]application.Event, error) {
			return a.ReturnOffer(o, version(a), d.text, s)
		}),
	}
}

// offersHold returns which rule of offers a step breaks.
func offersHold(before application.Application, e application.Event, after application.Application) string {
	standing := 0
	for id, o := range after.Offers.All() {
		was, known := before.Offers.Get(id)
		over := known && was.State != application.OfferIsDraft && was.State != application.OfferIsSent
		if o.State == application.OfferIsDraft || o.State == application.OfferIsSent || o.State == application.OfferIsAccepted {
			standing++
		}
		switch {
		case over && o.State != was.State && (was.State != application.OfferIsAccepted || o.State != application.OfferIsWithdrawn):
			return "an offer that was " + string(was.State) + " is " + string(o.State)
		case known && o.State != was.State && o.State == application.OfferIsSent && (was.Approved < len(was.Approvers) || was.Returned):
			return "an offer was sent that was not approved"
		case known && was.State == application.OfferIsDraft && (o.State == application.OfferIsAccepted || o.State == application.OfferIsDeclined):
			return "a draft was answered"
		case o.Version != was.Version && o.Approved > 0, o.Approved > len(o.Approvers):
			return "an approval is of other terms"
		case o.Approved > was.Approved && e.Who().MemberID() != o.Approvers[was.Approved]:
			return "somebody else approved"
		case o.State == application.OfferIsAccepted && was.State == application.OfferIsSent && !was.ExpiresAt.IsZero() && !e.When().Before(was.ExpiresAt):
			return "an offer was accepted that had expired"
		case e.Who() == domain.Candidate && o.State != was.State && !was.Page && (o.State == application.OfferIsAccepted || o.State == application.OfferIsDeclined):
			return "a candidate answered what was not sent to their page"
		}
	}
	if standing > 1 {
		return "it has two offers"
	}
	return ""
}
