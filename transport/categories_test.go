package transport

import (
	"net/http"
	"testing"

	"github.com/hirelog/hirelog/domain/access"
)

// Documents are seen and changed by category, and a category is given only by who
// may edit it: not by filing, asking for or recategorising a document. S2-31,
// S2-32, S2-33
func TestRightsByCategory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	filed := map[access.Category]string{}
	for _, c := range []access.Category{access.CV, access.Certificate, access.OfferDocument} {
		filed[c] = w.post(v.manager, a+"/documents", newForm(string(c)).file("x.txt", string(c))).made()
	}
	role := w.post(w.admin, "/v1/organization/recruiting-roles", map[string]any{
		"name": "Screener", "areas": map[access.Area]string{access.Application: "view"}, "documents": map[access.Category]string{access.CV: "edit", access.Certificate: "view"},
	}).made()
	helper, token := w.member("Helen Helper", "recruiting")
	w.post(w.admin, a+"/grants", map[string]any{"member_id": helper, "recruiting_role_id": role}).made()

	seen := map[string]bool{}
	for _, d := range w.get(token, a+"/documents").want(http.StatusOK).items("items") {
		seen[d["id"].(string)] = true
	}
	if len(seen) != 2 || !seen[filed[access.CV]] || !seen[filed[access.Certificate]] {
		t.Errorf("sees %v of %v", seen, filed)
	}
	review := map[string]int{"version": 1}
	w.post(token, a+"/documents/"+filed[access.CV]+"/approve", review).want(http.StatusOK)
	before := w.events()
	for _, c := range []access.Category{access.Certificate, access.OfferDocument} {
		status, code := http.StatusForbidden, "denied"
		w.post(token, a+"/documents", newForm(string(c)).file("x.txt", "x")).problem(status, code)
		w.post(token, a+"/document-requests", map[string]string{"title": "x", "category": string(c)}).problem(status, code)
		w.put(token, a+"/documents/"+filed[access.CV]+"/category", map[string]string{"category": string(c)}).problem(status, code)
		if c == access.OfferDocument { // of which they do not know
			status, code = http.StatusNotFound, "unknown_document"
		}
		w.post(token, a+"/documents/"+filed[c]+"/approve", review).problem(status, code)
		w.post(token, a+"/documents/"+filed[c]+"/versions", newForm("").file("x.txt", "x")).problem(status, code)
		w.put(token, a+"/documents/"+filed[c]+"/category", map[string]string{"category": "cv"}).problem(status, code)
	}
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
}
