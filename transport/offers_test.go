package transport

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

// offerOf is the body of an offer.
func offerOf(approvers ...string) map[string]any {
	o := map[string]any{"amount": 6_000_000, "currency": "EUR", "period": "year", "start_date": "2030-06-01", "terms": "30 days off"}
	if len(approvers) > 0 {
		o["approver_ids"] = approvers
	}
	return o
}

// holding lets another member hold a recruiting role with these levels on an
// application, and returns their token and id.
func (w *world) holding(a, name string, areas map[access.Area]string) (token, id string) {
	w.t.Helper()
	id, token = w.member(name, "recruiting")
	w.post(w.admin, a+"/grants", map[string]any{"member_id": id, "recruiting_role_id": w.role(name, areas)}).made()
	return token, id
}

// An offer is written, approved by who must, in their order, sent and answered, and
// the company takes the candidate on by it: S2-68, S2-69, S2-70, S2-71, S2-73,
// S2-74, S2-106, H2, H3.
func TestAnOfferIsApprovedSentAndAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Baker")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	stranger, _ := w.member("Stranger", "recruiting")
	first, firstID := w.holding(a, "Fay First", map[access.Area]string{access.Application: "view", access.Offers: "view", access.Salary: "view"})
	admin := w.get(w.admin, "/v1/me").text("id")

	w.post(v.manager, a+"/offers", offerOf(stranger)).problem(http.StatusUnprocessableEntity, "approver_without_access")
	w.post(v.manager, a+"/offers", with(offerOf(), map[string]any{"start_date": "2030-02-30"})).problem(http.StatusUnprocessableEntity, "invalid")
	w.post(v.manager, a+"/offers", with(offerOf(), map[string]any{"amount": 0})).problem(http.StatusUnprocessableEntity, "invalid")
	w.post(v.manager, a+"/offers", with(offerOf(), map[string]any{"status": "approved"})).problem(http.StatusUnprocessableEntity, "invalid") // H3
	offer := w.post(v.manager, a+"/offers", offerOf(firstID, admin)).made()
	o := a + "/offers/" + offer
	w.post(v.manager, a+"/offers", offerOf()).problem(http.StatusConflict, "offer_open")

	// The first approver is asked, and nobody else.
	if tasks := w.get(first, "/v1/me/tasks").want(http.StatusOK); tasks.text("items.0.kind") != "offer_to_approve" || tasks.text("items.0.offer_id") != offer || tasks.at("items.0.yours") != true {
		t.Errorf("tasks of the first approver: %s", tasks.body)
	}
	if tasks := w.get(w.admin, "/v1/me/tasks").want(http.StatusOK); len(tasks.at("items").([]any)) != 0 {
		t.Errorf("tasks of the second: %s", tasks.body)
	}
	w.post(w.admin, o+"/approve", map[string]int{"version": 1}).problem(http.StatusForbidden, "not_the_approver")
	w.post(v.manager, o+"/approve", map[string]int{"version": 1}).problem(http.StatusForbidden, "not_the_approver")
	w.post(v.manager, o+"/send", map[string]any{}).problem(http.StatusConflict, "offer_not_approved")
	w.post(first, o+"/send", map[string]any{}).problem(http.StatusForbidden, "denied")

	// Returned, changed, approved from the beginning.
	w.post(first, o+"/return", map[string]any{"version": 1, "reason": "Too little"}).want(http.StatusOK)
	if got := w.get(v.manager, a+"/offers"); got.text("items.0.status") != "returned" || got.text("items.0.returned_for") != "Too little" || got.text("items.0.returned_by.id") != firstID {
		t.Errorf("returned: %s", got.body)
	}
	if inbox := w.get(v.manager, "/v1/me/inbox"); inbox.text("items.0.kind") != "offer_returned" || inbox.text("items.0.offer_id") != offer {
		t.Errorf("inbox: %s", inbox.body)
	}
	w.post(first, o+"/approve", map[string]int{"version": 1}).problem(http.StatusConflict, "offer_returned")
	more := with(offerOf(firstID, admin), map[string]any{"amount": 6_500_000})
	w.put(v.manager, o, more).want(http.StatusOK)
	w.post(first, o+"/approve", map[string]int{"version": 1}).problem(http.StatusConflict, "offer_changed")
	w.post(first, o+"/approve", map[string]int{"version": 2}).want(http.StatusOK)
	if got := w.get(v.manager, a+"/offers"); got.text("items.0.status") != "in_approval" || got.at("items.0.approvers.1.next") != true || got.at("items.0.approvers.0.approved_at") == nil {
		t.Errorf("half approved: %s", got.body)
	}
	w.post(w.admin, o+"/approve", map[string]int{"version": 2}).want(http.StatusOK)
	if got := w.get(v.manager, a+"/offers"); got.text("items.0.status") != "approved" {
		t.Errorf("approved: %s", got.body)
	}
	w.post(v.manager, o+"/accept", map[string]any{}).problem(http.StatusConflict, "offer_not_sent")
	w.post(v.manager, o+"/send", map[string]any{"outside": true, "expires_at": "2020-01-01T00:00:00Z"}).problem(http.StatusUnprocessableEntity, "invalid")
	w.post(v.manager, o+"/send", map[string]any{"outside": true}).want(http.StatusOK)
	w.put(v.manager, o, more).problem(http.StatusConflict, "offer_not_draft")
	w.post(v.manager, a+"/hire", map[string]any{"reason": "x", "offer_id": offer}).problem(http.StatusConflict, "offer_not_accepted")
	other := "/v1/applications/" + w.apply(v, "Ada", "Lovelace")
	w.post(v.manager, other+"/offers/"+offer+"/accept", map[string]any{}).problem(http.StatusNotFound, "unknown_offer") // H2
	w.post(v.manager, o+"/accept", map[string]any{}).want(http.StatusOK)
	w.post(v.manager, o+"/accept", map[string]any{}).want(http.StatusOK)
	w.post(v.manager, o+"/decline", map[string]any{}).problem(http.StatusConflict, "offer_not_sent")
	got := w.get(v.manager, a+"/offers").want(http.StatusOK)
	if got.text("items.0.status") != "accepted" || got.at("items.0.salary.amount") != 6_500_000.0 || got.text("items.0.start_date") != "2030-06-01" || got.text("items.0.terms") != "30 days off" {
		t.Errorf("accepted: %s", got.body)
	}
	if stage := w.get(v.manager, a).text("stage.id"); stage != v.stages[0] {
		t.Errorf("it is in %s", stage)
	}
	for i, kind := range []string{"offer_accepted", "offer_sent", "offer_approved", "offer_approved", "offer_changed", "offer_returned", "offer_drafted"} {
		if line := w.get(v.manager, a+"/timeline"); line.text("items."+string(rune('0'+i))+".kind") != kind || line.text("items."+string(rune('0'+i))+".offer.id") != offer {
			t.Errorf("entry %d is no %s: %s", i, kind, line.body)
		}
	}
	w.post(v.manager, a+"/hire", map[string]any{"reason": "agreed", "offer_id": offer}).want(http.StatusCreated)
	if hires := w.get(v.manager, a+"/hires"); hires.text("items.0.offer_id") != offer {
		t.Errorf("hires: %s", hires.body)
	}
	w.post(v.manager, o+"/withdraw", map[string]any{}).problem(http.StatusConflict, "application_closed")

	w.post(w.admin, a+"/anonymise", nil).want(http.StatusOK)
	got = w.get(v.manager, a+"/offers").want(http.StatusOK)
	if got.text("items.0.status") != "accepted" || got.at("items.0.salary.amount") != nil || got.at("items.0.start_date") != nil || got.at("items.0.terms") != nil {
		t.Errorf("after the application was anonymised: %s", got.body)
	}
}

// Who may not view salaries sees offers without; who may not view offers sees
// nothing of them; whoever may not set salaries offers none (S2-68, S2-79).
func TestSalariesOfOffersNeedTheirArea(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Baker")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	unpaid, _ := w.holding(a, "Una", map[access.Area]string{access.Application: "view", access.Offers: "edit", access.History: "view"})
	blind, _ := w.holding(a, "Bo", map[access.Area]string{access.Application: "view", access.Salary: "edit"})
	w.post(unpaid, a+"/offers", offerOf()).problem(http.StatusForbidden, "denied")
	offer := w.post(v.manager, a+"/offers", offerOf()).made()
	w.put(unpaid, a+"/offers/"+offer, offerOf()).problem(http.StatusForbidden, "denied")
	got := w.get(unpaid, a+"/offers").want(http.StatusOK)
	if got.text("items.0.id") != offer || got.at("items.0.salary") != nil || got.text("items.0.terms") != "30 days off" {
		t.Errorf("without area salary: %s", got.body)
	}
	w.get(blind, a+"/offers").problem(http.StatusForbidden, "denied")
	if line := w.get(blind, a+"/timeline"); line.text("items.0.kind") != "received" {
		t.Errorf("without area offers: %s", line.body)
	}
	auditor := w.tokenOf(w.post(w.admin, "/v1/members", map[string]any{"name": "Audrey", "role": "auditor"}).made())
	w.get(auditor, a+"/offers").problem(http.StatusForbidden, "denied")
}

// An offer that nobody answers expires by itself, once, and those who are told of
// offers are told; another may follow, and goes with the application: S2-69, S2-72, E4.
func TestAnOfferExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v := w.vacancy("Baker")
	app := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + app
	offer := w.post(v.manager, a+"/offers", offerOf()).made()
	w.post(v.manager, a+"/offers/"+offer+"/send", map[string]any{"expires_at": time.Now().Add(time.Second)}).want(http.StatusOK)
	w.until("the offer has expired", func() bool { return w.get(v.manager, a+"/timeline").text("items.0.kind") == "offer_expired" })
	if inbox := w.get(v.manager, "/v1/me/inbox"); inbox.text("items.0.kind") != "offer_expired" || inbox.text("items.0.offer_id") != offer {
		t.Errorf("inbox: %s", inbox.body)
	}
	w.post(v.manager, a+"/offers/"+offer+"/accept", map[string]any{}).problem(http.StatusConflict, "offer_expired")
	w.post(v.manager, a+"/offers/"+offer+"/withdraw", map[string]any{}).problem(http.StatusConflict, "offer_over")
	if got := w.get(v.manager, a+"/effects").want(http.StatusOK); got.text("items.0.kind") != "expire_offer" || got.text("items.0.offer_id") != offer {
		t.Errorf("effects: %s", got.body)
	}
	second := w.post(v.manager, a+"/offers", offerOf()).made()
	w.post(v.manager, a+"/hire", map[string]any{"reason": "agreed on the telephone"}).want(http.StatusCreated)
	got := w.get(v.manager, a+"/offers").want(http.StatusOK)
	if got.text("items.0.id") != second || got.text("items.0.status") != "withdrawn" || got.at("items.0.closed") != true || got.text("items.1.status") != "expired" {
		t.Errorf("offers: %s", got.body)
	}
}

// A candidate looks at what they are offered and answers it, also while
// self-tracking is off, when there is nothing else for them; nobody else can, what
// was sent outside is not there, and they are told what happened: S1-02, S2-70,
// S2-71, H2, H6, H16.
func TestACandidateAnswersAnOffer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Baker")
	app, foreign := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "Lovelace")
	a := "/v1/applications/" + app
	offer := w.post(v.manager, a+"/offers", offerOf()).made()
	own := "/applications/" + app + "/offers/" + offer

	// Self-tracking is off; the offers' own door is open.
	asked := w.post("", "/v1/candidate/offers/sign-ins", map[string]string{"email": "grace.hopper@mail.example"}).want(http.StatusAccepted)
	mail := <-w.codes
	if !strings.Contains(string(mail.Text), "what is offered to you") {
		t.Errorf("mail %q", mail.Text)
	}
	code := sixDigits.FindString(string(mail.Text))
	grace := candidate{w, session(w.post("", "/v1/candidate/offers/session", map[string]string{"sign_in_id": asked.text("sign_in_id"), "code": code}).want(http.StatusOK))}
	grace.ask("GET", "/applications/"+app, nil).problem(http.StatusNotFound, "not_found") // H16
	if got := grace.ask("GET", "/offers", nil).want(http.StatusOK); len(got.at("items").([]any)) != 0 {
		t.Errorf("a draft shows: %s", got.body)
	}
	grace.ask("POST", own+"/accept", map[string]any{}).problem(http.StatusNotFound, "unknown_offer")
	w.post(v.manager, a+"/offers/"+offer+"/send", map[string]any{"expires_at": time.Now().Add(time.Hour)}).want(http.StatusOK)
	got := grace.ask("GET", "/offers", nil).want(http.StatusOK)
	if got.text("items.0.id") != offer || got.text("items.0.application_id") != app || got.text("items.0.job") != "Baker" || got.text("items.0.status") != "sent" ||
		got.at("items.0.salary.amount") != 6_000_000.0 || got.text("items.0.start_date") != "2030-06-01" || got.text("items.0.terms") != "30 days off" {
		t.Errorf("offers: %s", got.body)
	}
	w.do(call{method: "GET", path: "/v1/candidate/offers"}).want(http.StatusUnauthorized)
	grace.ask("POST", "/applications/"+foreign+"/offers/"+offer+"/accept", map[string]any{}).problem(http.StatusNotFound, "unknown_application") // H2
	grace.ask("POST", own+"/decline", map[string]string{"reason": "Too far from home"}).want(http.StatusOK)
	grace.ask("POST", own+"/decline", map[string]string{}).want(http.StatusOK)
	grace.ask("POST", own+"/accept", map[string]any{}).problem(http.StatusConflict, "offer_not_sent")
	if seen := w.get(v.manager, a+"/offers"); seen.text("items.0.status") != "declined" || seen.text("items.0.ended_by.kind") != "candidate" || seen.text("items.0.ended_for") != "Too far from home" {
		t.Errorf("declined: %s", seen.body)
	}
	if inbox := w.get(v.manager, "/v1/me/inbox"); inbox.text("items.0.kind") != "offer_answered" || inbox.text("items.0.offer_id") != offer {
		t.Errorf("inbox: %s", inbox.body)
	}

	// Another, outside: not theirs to answer here.
	outside := w.post(v.manager, a+"/offers", offerOf()).made()
	w.post(v.manager, a+"/offers/"+outside+"/send", map[string]any{"outside": true}).want(http.StatusOK)
	grace.ask("POST", "/applications/"+app+"/offers/"+outside+"/accept", map[string]any{}).problem(http.StatusNotFound, "unknown_offer")
	w.post(v.manager, a+"/offers/"+outside+"/withdraw", map[string]any{}).want(http.StatusOK)
	third := w.post(v.manager, a+"/offers", offerOf()).made()
	w.post(v.manager, a+"/offers/"+third+"/send", map[string]any{}).want(http.StatusOK)

	// With a page, they are told of it there too.
	w.selfTracking(true)
	line := grace.ask("GET", "/applications/"+app+"/timeline", nil).want(http.StatusOK)
	if line.text("items.0.kind") != "offer_sent" || line.text("items.0.offer_id") != third || line.text("items.1.kind") != "offer_declined" || line.at("items.1.yours") != true || line.text("items.2.kind") != "offer_sent" {
		t.Errorf("timeline: %s", line.body)
	}
	w.post(v.manager, a+"/offers/"+third+"/withdraw", map[string]any{}).want(http.StatusOK)
	if got := grace.ask("GET", "/offers", nil); got.text("items.0.status") != "withdrawn" || got.text("items.1.status") != "declined" {
		t.Errorf("offers: %s", got.body)
	}
	w.selfTracking(false)
	grace.ask("DELETE", "/offers/session", nil).want(http.StatusOK)
	grace.ask("GET", "/offers", nil).want(http.StatusUnauthorized)
}

// While a rejection is not disclosed, an offer that it withdrew looks to the candidate
// as before, and they are refused as with any offer that was withdrawn; afterwards it
// was withdrawn when they were told, or had expired before. Taken back before that,
// they were told of an offer that was withdrawn, and of no rejection: S1-16..20,
// S2-71, E12, H5, H15.
func TestAnOfferWithAnUndisclosedRejection(t *testing.T) {
	t.Parallel()
	var later atomic.Int64 // hours
	w := newWorld(t, func(o *Options) {
		o.Queries.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load()) * time.Hour) }
	})
	w.selfTracking(true)
	v := w.vacancy("Baker")
	send := func(app string, body map[string]any) string {
		t.Helper()
		offer := w.post(v.manager, "/v1/applications/"+app+"/offers", offerOf()).made()
		w.post(v.manager, "/v1/applications/"+app+"/offers/"+offer+"/send", body).want(http.StatusOK)
		return offer
	}
	reject := func(app string) (disclosed string) {
		t.Helper()
		a := "/v1/applications/" + app
		w.post(v.manager, a+"/disqualify", map[string]any{"kind": "rejected", "reason_id": commands.FirstReason("Not enough experience")}).want(http.StatusOK)
		return w.get(v.manager, a).text("disclose_at")
	}
	kinds := func(c candidate, app string) []string {
		t.Helper()
		var told []string
		for _, kind := range c.ask("GET", "/applications/"+app+"/timeline", nil).want(http.StatusOK).kinds("kind") {
			told = append(told, fmt.Sprint(kind))
		}
		return told
	}

	app := w.apply(v, "Grace", "Hopper")
	open := send(app, map[string]any{})
	grace := w.signIn("grace.hopper@mail.example")
	before, line := grace.ask("GET", "/offers", nil).want(http.StatusOK), kinds(grace, app)
	disclosed := reject(app)
	if got := grace.ask("GET", "/offers", nil).want(http.StatusOK); !bytes.Equal(got.body, before.body) {
		t.Errorf("the offers were %s and are %s", before.body, got.body)
	}
	if got := kinds(grace, app); !slices.Equal(got, line) {
		t.Errorf("they are told %q, and were %q", got, line)
	}
	events := w.events()
	own := "/applications/" + app + "/offers/" + open
	grace.ask("POST", own+"/accept", map[string]any{}).problem(http.StatusConflict, "offer_not_sent")
	grace.ask("POST", own+"/decline", map[string]any{}).problem(http.StatusConflict, "offer_not_sent")
	if got := w.events(); got != events {
		t.Errorf("%d events were written", got-events)
	}
	if got := w.get(v.manager, "/v1/applications/"+app+"/offers"); got.text("items.0.status") != "withdrawn" {
		t.Errorf("a member sees %s", got.body)
	}
	later.Store(25)
	if got := grace.ask("GET", "/offers", nil).want(http.StatusOK); got.text("items.0.status") != "withdrawn" || got.text("items.0.ended_at") != disclosed {
		t.Errorf("disclosed at %s, the offer is %s", disclosed, got.body)
	}
	if got := kinds(grace, app); !slices.Equal(got, append([]string{"offer_withdrawn", "disqualified"}, line...)) {
		t.Errorf("they are told %q", got)
	}

	// One that was to expire before expired, then and afterwards.
	later.Store(0)
	brief := w.apply(v, "Ada", "King")
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	send(brief, map[string]any{"expires_at": until})
	ada := w.signIn("ada.king@mail.example")
	reject(brief)
	if got := ada.ask("GET", "/offers", nil); got.text("items.0.status") != "sent" || got.at("items.0.ended_at") != nil {
		t.Errorf("the offers are %s", got.body)
	}
	for hours, told := range map[int64][]string{
		2: {"offer_expired", "offer_sent", "received"}, 25: {"disqualified", "offer_expired", "offer_sent", "received"},
	} {
		later.Store(hours)
		if got := ada.ask("GET", "/offers", nil); got.text("items.0.status") != "expired" || got.text("items.0.ended_at") != until.Format(time.RFC3339) {
			t.Errorf("after %d h the offers are %s", hours, got.body)
		}
		if got := kinds(ada, brief); !slices.Equal(got, told) {
			t.Errorf("after %d h they are told %q", hours, got)
		}
	}

	// Taken back.
	later.Store(0)
	back := w.apply(v, "Mary", "Somerville")
	send(back, map[string]any{})
	mary := w.signIn("mary.somerville@mail.example")
	reject(back)
	w.post(v.manager, "/v1/applications/"+back+"/requalify", map[string]any{"reason": "A mistake"}).want(http.StatusOK)
	at := w.get(v.manager, "/v1/applications/"+back+"/timeline").text("items.0.at")
	if got := mary.ask("GET", "/offers", nil); got.text("items.0.status") != "withdrawn" || got.text("items.0.ended_at") != at {
		t.Errorf("taken back at %s, the offers are %s", at, got.body)
	}
	if got := kinds(mary, back); !slices.Equal(got, []string{"offer_withdrawn", "offer_sent", "received"}) {
		t.Errorf("they are told %q", got)
	}
}

// A contract is written from the organisation's template when the offer is sent,
// and filed; the candidate signs it by name, and no other; where the setting says
// so, that hires them, once: S2-70, S2-72, S2-74, S2-75, E4, H2, H3.
func TestAContractIsSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v := w.vacancy("Baker")
	app := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + app
	template := func(kind, name, body string) string {
		return w.post(w.admin, "/v1/organization/message-templates", map[string]any{"name": name, "kind": kind, "subject": "Contract", "body": body}).made()
	}
	contract := template("offer_contract", "Ours", "{{candidate.full_name}} arbeitet für uns as {{job.title}} from {{offer.start_date}} for {{offer.salary}}.")
	message := template("message", "Hello", "Hello")
	w.post(v.manager, a+"/offers", with(offerOf(), map[string]any{"contract_template_id": message})).problem(http.StatusUnprocessableEntity, "invalid")
	offer := w.post(v.manager, a+"/offers", with(offerOf(), map[string]any{"contract_template_id": contract})).made()
	o := a + "/offers/" + offer
	w.post(v.manager, o+"/send", map[string]any{}).want(http.StatusOK)
	w.post(v.manager, o+"/send", map[string]any{}).want(http.StatusOK)
	w.selfTracking(true)
	grace := w.signIn("grace.hopper@mail.example")
	got := grace.ask("GET", "/offers", nil).want(http.StatusOK)
	file, hash := got.text("items.0.contract.file_id"), got.text("items.0.contract.sha256")
	own := "/applications/" + app + "/offers/" + offer
	pdf := grace.ask("GET", own+"/contract/"+file, nil).want(http.StatusOK)
	if sum := sha256.Sum256(pdf.body); hex.EncodeToString(sum[:]) != hash || !bytes.HasPrefix(pdf.body, []byte("%PDF-")) {
		t.Errorf("the contract is not what its hash says: %.20q", pdf.body)
	}
	documents := w.get(v.manager, a+"/documents")
	if documents.text("items.0.category") != "offer" || documents.text("items.0.status") != "approved" || len(documents.at("items").([]any)) != 1 {
		t.Errorf("documents: %s", documents.body)
	}
	other := w.apply(v, "Ada", "Lovelace")
	ada := w.signIn("ada.lovelace@mail.example")
	ada.ask("GET", own+"/contract/"+file, nil).want(http.StatusNotFound) // H2
	ada.ask("GET", "/applications/"+other+"/offers/"+offer+"/contract/"+file, nil).want(http.StatusNotFound)

	before := w.events()
	grace.ask("POST", own+"/accept", map[string]any{}).problem(http.StatusUnprocessableEntity, "signature_required")
	grace.ask("POST", own+"/accept", map[string]any{"name": "Gráce Hopper"}).problem(http.StatusUnprocessableEntity, "signature_required")
	grace.ask("POST", own+"/accept", map[string]any{"name": "Gráce Hopper", "sha256": strings.Repeat("0", 64)}).problem(http.StatusConflict, "contract_differs")
	grace.ask("POST", own+"/accept", map[string]any{"name": "Gráce Hopper", "sha256": hash, "at": "2020-01-01T00:00:00Z"}).problem(http.StatusUnprocessableEntity, "invalid") // H3
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
	w.settings(map[string]any{"sign_hires": true})
	grace.ask("POST", own+"/accept", map[string]any{"name": "Gráce Hopper", "sha256": hash}).want(http.StatusOK)
	w.until("the signature has hired", func() bool { return w.get(v.manager, a).text("outcome") == "hired" })
	w.hired(v.manager, app)
	if hires := w.get(v.manager, a+"/hires"); hires.text("items.0.offer_id") != offer || hires.text("items.0.by.kind") != "system" || len(hires.at("items").([]any)) != 1 {
		t.Errorf("hires: %s", hires.body)
	}
	if got := w.get(v.manager, a+"/offers"); got.text("items.0.signature") != "Gráce Hopper" || got.text("items.0.contract.sha256") != hash || got.at("items.0.ended_at") == nil {
		t.Errorf("signed: %s", got.body)
	}

	// On paper: a member files what was signed.
	b := "/v1/applications/" + other
	paper := w.post(v.manager, b+"/offers", with(offerOf(), map[string]any{"contract_template_id": contract})).made()
	w.post(v.manager, b+"/offers/"+paper+"/send", map[string]any{"outside": true}).want(http.StatusOK)
	cv := w.post(v.manager, b+"/documents", newForm("cv").file("cv.txt", "x")).made()
	w.post(v.manager, b+"/offers/"+paper+"/accept", map[string]any{"signed_document_id": cv}).problem(http.StatusNotFound, "unknown_document")
	signed := w.post(v.manager, b+"/documents", newForm("offer").file("signed.txt", "signed")).made()
	w.post(v.manager, b+"/offers/"+paper+"/accept", map[string]any{"signed_document_id": signed}).want(http.StatusOK)
	if got := w.get(v.manager, b+"/offers"); got.text("items.0.signed_document_id") != signed || got.at("items.0.signature") != nil {
		t.Errorf("on paper: %s", got.body)
	}
	if got := w.get(v.manager, b); got.text("outcome") != "in_progress" {
		t.Errorf("a member's note hired somebody: %s", got.body)
	}
}
