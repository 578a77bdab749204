package transport

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// contract is an offer with a contract that was sent.
type contract struct {
	offer, document, file string // ids
	hash                  string
}

// contract sends an offer with a contract on application a.
func (w *world) contract(v vacancy, a string) contract {
	w.t.Helper()
	template := w.post(w.admin, "/v1/organization/message-templates", map[string]any{
		"name": "Contract of " + a[len(a)-12:], "kind": "offer_contract", "subject": "Contract", "body": "{{candidate.full_name}}: {{offer.salary}}.",
	}).made()
	c := contract{offer: w.post(v.manager, a+"/offers", with(offerOf(), map[string]any{"contract_template_id": template})).made()}
	w.post(v.manager, a+"/offers/"+c.offer+"/send", map[string]any{"outside": true}).want(http.StatusOK)
	got := w.get(v.manager, a+"/offers").want(http.StatusOK)
	c.document, c.file, c.hash = got.text("items.0.contract.document_id"), got.text("items.0.contract.file_id"), got.text("items.0.contract.sha256")
	return c
}

// reading is a member who holds a role with these levels on an application, and with
// edit on documents of the category of offers and of others.
func (w *world) reading(a, name string, areas map[access.Area]string) string {
	w.t.Helper()
	id, token := w.member(name, "recruiting")
	role := w.post(w.admin, "/v1/organization/recruiting-roles", map[string]any{
		"name": name, "areas": areas, "documents": map[access.Category]string{access.OfferDocument: "edit", access.Other: "edit"},
	}).made()
	w.post(w.admin, a+"/grants", map[string]any{"member_id": id, "recruiting_role_id": role}).made()
	return token
}

// A contract says a salary: who reads it may view offers and salaries, beside the
// category of its document, whichever way they come, and it stays what it is: S2-31,
// S2-33, S2-68, S2-70, S2-72, H2, H17.
func TestAContractTakesTheRightToSalaries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Baker")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	areas := map[access.Area]string{access.Application: "view", access.Offers: "edit", access.Messages: "edit", access.History: "view"}
	clerk := w.reading(a, "Clerk", areas)
	payer := w.reading(a, "Payer", with2(areas, access.Salary))
	c := w.contract(v, a)
	m := w.post(v.manager, a+"/messages", map[string]any{"subject": "Your contract", "text": "See there", "file_ids": []string{c.file}}).made()
	d := a + "/documents/" + c.document
	file := d + "/files/" + c.file

	// Without the right it is not there: not listed, not opened, not linked, not
	// attached, not told of.
	if got := w.get(clerk, a+"/documents").want(http.StatusOK); len(got.at("items").([]any)) != 0 {
		t.Errorf("the clerk is listed %s", got.body)
	}
	w.get(clerk, file).problem(http.StatusNotFound, "not_found")
	w.get(clerk, file+"?inline=true").problem(http.StatusNotFound, "not_found")
	w.get(clerk, file+"/link").problem(http.StatusNotFound, "not_found")
	w.post(clerk, a+"/messages", map[string]any{"subject": "x", "text": "x", "file_ids": []string{c.file}}).problem(http.StatusUnprocessableEntity, "unknown_attachment")
	if got := w.get(clerk, a+"/messages").want(http.StatusOK); len(got.at("items.0.messages.0.attachments").([]any)) != 0 {
		t.Errorf("the clerk sees of the message %s", got.body)
	}
	said := a + "/messages/" + m + "/history"
	if got := w.get(clerk, said).want(http.StatusOK); got.text("events.0.data.text") != "See there" || bytes.Contains(got.body, []byte(c.file)) || bytes.Contains(got.body, []byte(c.document)) {
		t.Errorf("the message's history tells the clerk %s", got.body)
	}
	if got := w.get(payer, said).want(http.StatusOK); got.text("events.0.data.attachments.0.file") != c.file || got.text("events.0.data.attachments.0.name") != "contract.pdf" {
		t.Errorf("the message's history tells the payer %s", got.body)
	}
	for _, path := range []string{a, a + "/timeline", a + "/history", a + "/history?as_of=100", a + "/messages", said} {
		got := w.get(clerk, path)
		for what, says := range map[string]string{"hash": c.hash, "name": "contract.pdf"} {
			if bytes.Contains(got.body, []byte(says)) {
				t.Errorf("%s tells the clerk the %s: %s", path, what, got.body)
			}
		}
	}
	if got := w.get(clerk, a+"/offers").want(http.StatusOK); got.at("items.0.salary") != nil || got.at("items.0.contract.sha256") != nil {
		t.Errorf("of the offer the clerk sees %s", got.body)
	}
	w.put(clerk, d+"/category", map[string]string{"category": "other"}).problem(http.StatusNotFound, "unknown_document")
	w.delete(clerk, d+"/versions/1").problem(http.StatusNotFound, "unknown_document")
	w.post(clerk, a+"/offers/"+c.offer+"/accept", map[string]any{"signed_document_id": c.document}).problem(http.StatusNotFound, "unknown_document")

	// With it, it is; and nobody makes something else of it, or loses it, while the
	// offer stands.
	if got := w.get(payer, a+"/documents").want(http.StatusOK); got.text("items.0.id") != c.document || got.text("items.0.offer_id") != c.offer {
		t.Errorf("the payer is listed %s", got.body)
	}
	if got := w.get(payer, file).want(http.StatusOK); !bytes.HasPrefix(got.body, []byte("%PDF-")) {
		t.Errorf("the contract is %.20q", got.body)
	}
	if got := w.get(payer, a+"/messages"); got.text("items.0.messages.0.attachments.0.file_id") != c.file {
		t.Errorf("the payer sees of the message %s", got.body)
	}
	if got := w.get(payer, a+"/offers"); got.text("items.0.contract.sha256") != c.hash {
		t.Errorf("the payer sees %s", got.body)
	}
	w.put(payer, d+"/category", map[string]string{"category": "other"}).problem(http.StatusConflict, "document_of_contract")
	w.post(payer, d+"/reopen", map[string]any{"version": 1, "reason": "x"}).problem(http.StatusConflict, "document_of_contract")
	w.post(payer, d+"/reject", map[string]any{"version": 1, "reason": "x"}).problem(http.StatusConflict, "document_of_contract")
	w.post(payer, d+"/versions", newForm("").file("mine.txt", "mine")).problem(http.StatusConflict, "document_of_contract")
	for _, token := range []string{payer, w.admin} {
		w.delete(token, d+"/versions/1").problem(http.StatusConflict, "contract_out")
	}
	w.get(payer, file).want(http.StatusOK)

	// Signed on paper, that document is a contract too.
	signed := w.filed(clerk, strings.TrimPrefix(a, "/v1/applications/"), "offer", "signed.txt", "for 60 000 EUR")
	w.get(clerk, signed).want(http.StatusOK)
	paper := strings.Split(strings.TrimPrefix(signed, a+"/documents/"), "/")[0]
	w.post(clerk, a+"/offers/"+c.offer+"/accept", map[string]any{"signed_document_id": paper}).want(http.StatusOK)
	w.get(clerk, signed).problem(http.StatusNotFound, "not_found")
	w.get(payer, signed).want(http.StatusOK)
	w.put(payer, a+"/documents/"+paper+"/category", map[string]string{"category": "other"}).problem(http.StatusConflict, "document_of_contract")
	w.delete(payer, a+"/documents/"+paper+"/versions/1").problem(http.StatusConflict, "contract_out")
	w.delete(payer, d+"/versions/1").problem(http.StatusConflict, "contract_out")

	// Once nothing comes of the offer, both may go.
	w.post(v.manager, a+"/offers/"+c.offer+"/withdraw", map[string]any{}).want(http.StatusOK)
	for _, document := range []string{paper, c.document} {
		w.delete(payer, a+"/documents/"+document+"/versions/1").want(http.StatusOK)
		w.delete(payer, a+"/documents/"+document+"/versions/1").want(http.StatusOK)
	}
	w.get(payer, file).problem(http.StatusNotFound, "not_found")
}

// with2 is areas with view on one more.
func with2(areas map[access.Area]string, more access.Area) map[access.Area]string {
	areas = maps.Clone(areas)
	areas[more] = "view"
	return areas
}

// hashes counts the offers in Postgres that have the hash of a contract, and those
// that have it unsealed anywhere.
func (w *world) hashes(c contract) (stored, plain int) {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), `SELECT table_schema FROM information_schema.tables WHERE table_name = 'offers' AND table_schema LIKE 'rm\_core%'`)
	if err != nil {
		w.t.Fatal(err)
	}
	schemas, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(schemas) == 0 {
		w.t.Fatalf("offers are in %q: %v", schemas, err)
	}
	for _, schema := range schemas {
		var has, tells int
		sql := `SELECT count(*) FILTER (WHERE contract_hash IS NOT NULL),
			count(*) FILTER (WHERE o::text ILIKE '%' || $2 || '%' OR o::text ILIKE '%' || encode(convert_to($2, 'UTF8'), 'hex') || '%')
			FROM ` + pgx.Identifier{schema, "offers"}.Sanitize() + ` o WHERE offer_id = $1`
		if err := w.pool.QueryRow(w.t.Context(), sql, c.offer, c.hash).Scan(&has, &tells); err != nil {
			w.t.Fatal(err)
		}
		stored, plain = stored+has, plain+tells
	}
	return stored, plain
}

// The hash of a contract is in the log and in Postgres only sealed, and goes with the
// application: by it and the template one could find out the salary. S2-72, S2-94, E8
func TestTheHashOfAContractGoesWithTheApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Baker")
	app := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + app
	c := w.contract(v, a)
	if stored, plain := w.hashes(c); stored == 0 || plain != 0 {
		t.Errorf("Postgres has %d hashes, %d of them clear", stored, plain)
	}
	w.post(v.manager, a+"/disqualify", map[string]any{"kind": "rejected", "reason_id": commands.FirstReason("Position filled")}).want(http.StatusOK)
	w.post(w.admin, a+"/anonymise", nil).want(http.StatusOK)
	for _, path := range []string{a + "/offers", a + "/history", a + "/timeline"} {
		if got := w.get(w.admin, path).want(http.StatusOK); bytes.Contains(got.body, []byte(c.hash)) {
			t.Errorf("%s has the hash: %s", path, got.body)
		}
	}
	if got := w.get(w.admin, a+"/offers"); got.text("items.0.contract.document_id") != c.document || got.at("items.0.contract.sha256") != nil {
		t.Errorf("the offer says %s", got.body)
	}
	if stored, plain := w.hashes(c); stored != 0 || plain != 0 {
		t.Errorf("Postgres has %d hashes still, %d of them clear", stored, plain)
	}
	for e, err := range w.log.ReadStream(t.Context(), "application-"+app, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(e.Data, []byte(c.hash)) {
			t.Errorf("the log has the hash: %s", e.Data)
		}
	}
}

// Of an employee's documents a recruitment manager sees those of categories that
// their role lets them view, and contracts with the right to salaries; admins see
// all: S2-31, S2-33, S2-74, S2-76, H2.
func TestAnEmployeesDocumentsFollowTheCategories(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	narrow := func(name string, areas map[access.Area]string, documents ...access.Category) map[string]any {
		may := map[access.Category]string{}
		for _, c := range documents {
			may[c] = "view"
		}
		role := w.post(w.admin, "/v1/organization/recruiting-roles", map[string]any{"name": name, "areas": areas, "documents": may}).made()
		id := w.post(w.admin, "/v1/members", map[string]any{"name": name, "role": "recruiting"}).made()
		return map[string]any{"member_id": id, "recruiting_role_id": role, "recruitment_manager": true}
	}
	v := w.vacancy("Baker")
	view := map[access.Area]string{access.Application: "view"}
	team := []map[string]any{
		{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true},
		narrow("Certified", view, access.Certificate),
		narrow("Offering", view, access.OfferDocument),
		narrow("Paying", map[access.Area]string{access.Application: "view", access.Offers: "view", access.Salary: "view"}, access.OfferDocument),
	}
	w.put(w.admin, "/v1/jobs/"+v.id+"/hiring-team", map[string]any{"hiring_team": team}).want(http.StatusOK)
	app := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + app
	w.filed(v.manager, app, "certificate", "diploma.txt", "with honours")
	c := w.contract(v, a)
	w.post(v.manager, a+"/offers/"+c.offer+"/accept", map[string]any{}).want(http.StatusOK)
	w.post(v.manager, a+"/hire", map[string]any{"reason": "the best of all"}).made()
	employee := "/v1/employees/" + w.hired(v.manager, app)

	files := map[string]string{}
	for _, d := range w.get(w.admin, employee).at("documents").([]any) {
		d := d.(map[string]any)
		id := d["versions"].([]any)[0].(map[string]any)["files"].([]any)[0].(map[string]any)["id"].(string)
		files[d["category"].(string)] = employee + "/documents/" + d["id"].(string) + "/files/" + id
	}
	if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, []string{"certificate", "offer"}) {
		t.Fatalf("an admin sees %q", got)
	}
	for i, sees := range [][]string{nil, {"certificate"}, nil, {"offer"}} {
		if i == 0 {
			continue // sees what the role of recruiters says
		}
		token := w.tokenOf(team[i]["member_id"].(string))
		got := w.get(token, employee).want(http.StatusOK)
		if got.text("first_name") != "Grace" || len(got.at("documents").([]any)) != len(sees) {
			t.Errorf("%d is shown %s", i, got.body)
		}
		for category, file := range files {
			if slices.Contains(sees, category) {
				w.get(token, file).want(http.StatusOK)
			} else {
				w.get(token, file).problem(http.StatusNotFound, "not_found")
			}
		}
	}
	for _, file := range files {
		w.get(w.admin, file).want(http.StatusOK)
	}
}
