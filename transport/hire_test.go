package transport

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

// hired waits until a hire led to an employee profile, and returns its id.
func (w *world) hired(token, app string) string {
	w.t.Helper()
	w.until("there is an employee profile", func() bool {
		return w.get(token, "/v1/applications/"+app+"/hires").at("items.0.employee_id") != nil
	})
	return w.get(token, "/v1/applications/"+app+"/hires").text("items.0.employee_id")
}

// A candidate is hired without an offer, with a reason, once; the profile follows
// with the documents, which outlive the application: S2-74, S2-75, S2-76, S2-77,
// S1-52, E4.
func TestHireLeadsToAnEmployee(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v := w.vacancy("Baker")
	app := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + app
	document := w.post(v.manager, a+"/documents", newForm("certificate").file("diploma.txt", "with honours")).made()
	w.post(v.manager, a+"/documents/"+document+"/approve", map[string]any{"version": 1}).want(http.StatusOK)

	w.post(v.manager, a+"/hire", map[string]any{}).problem(http.StatusUnprocessableEntity, "invalid")
	w.post(v.manager, a+"/hire", map[string]any{"reason": "the best of all"}).want(http.StatusCreated)
	w.post(v.manager, a+"/hire", map[string]any{"reason": "the best of all"}).want(http.StatusCreated) // is so already
	employee := w.hired(v.manager, app)
	if got := w.get(v.manager, a); got.text("outcome") != "hired" {
		t.Errorf("the application is %s", got.body)
	}
	e := "/v1/employees/" + employee
	got := w.get(v.manager, e).want(http.StatusOK)
	for path, want := range map[string]string{
		"first_name": "Grace", "email": "grace.hopper@mail.example", "state": "active", "application_id": app, "job.title": "Baker",
		"documents.0.id": document, "documents.0.status": "approved", "documents.0.versions.0.review.by.member_id": v.member,
		"documents.0.versions.0.files.0.name": "diploma.txt",
	} {
		if have := got.text(path); have != want {
			t.Errorf("%s is %q, want %q", path, have, want)
		}
	}
	file := e + "/documents/" + document + "/files/" + got.text("documents.0.versions.0.files.0.id")
	if got := w.get(v.manager, file).want(http.StatusOK); string(got.body) != "with honours" {
		t.Errorf("the file says %q", got.body)
	}
	if n := len(w.get(w.admin, "/v1/employees").at("items").([]any)); n != 1 {
		t.Errorf("%d employees", n)
	}

	// Who is no recruitment manager of the job knows of nobody; auditors, of whom not.
	other := w.vacancy("Other")
	w.get(other.manager, e).want(http.StatusNotFound)
	w.get(other.manager, file).want(http.StatusNotFound)
	auditor := w.tokenOf(w.post(w.admin, "/v1/members", map[string]any{"name": "Audrey", "role": "auditor"}).made())
	if masked := w.get(auditor, e).want(http.StatusOK); masked.at("first_name") != nil || len(masked.at("documents").([]any)) != 0 || masked.at("masked") != true {
		t.Errorf("an auditor sees %s", masked.body)
	}
	w.get(auditor, file).want(http.StatusNotFound)

	// Who opened them is in the read log (S2-102), and by which right.
	var log []string
	for _, r := range w.get(auditor, "/v1/read-log?application_id="+app+"&limit=200").want(http.StatusOK).items("items") {
		if kind := fmt.Sprint(r["kind"]); strings.HasPrefix(kind, "employee") {
			log = append(log, fmt.Sprint(kind, " ", r["rights"]))
		}
	}
	if want := []string{"employee [organization_role]", "employee_file [recruiting_role]", "employee [recruiting_role]"}; !slices.Equal(log, want) {
		t.Errorf("the read log has %q, want %q", log, want)
	}

	// The application goes; the profile and its file stay, and do not say where they
	// came from.
	w.post(w.admin, a+"/anonymise", nil).want(http.StatusOK)
	got = w.get(v.manager, e)
	if got.text("last_name") != "Hopper" || got.at("application_id") != nil {
		t.Errorf("after the application was anonymised: %s", got.body)
	}
	if got := w.get(v.manager, file).want(http.StatusOK); string(got.body) != "with honours" {
		t.Errorf("the file says %q", got.body)
	}
	if got := w.get(v.manager, a+"/hires"); got.at("items.0.employee_id") != nil || got.at("items.0.reason") != nil {
		t.Errorf("the application still says %s", got.body)
	}

	// And the profile goes by itself, for admins alone.
	w.post(v.manager, e+"/erase", nil).problem(http.StatusForbidden, "denied")
	w.post(w.admin, e+"/erase", nil).want(http.StatusOK)
	if got := w.get(w.admin, e); got.text("state") != "erased" || got.at("first_name") != nil || got.at("documents.0.versions.0.files.0.name") != nil {
		t.Errorf("erased: %s", got.body)
	}
	w.get(w.admin, file).want(http.StatusGone)
	w.post(w.admin, e+"/erase", nil).want(http.StatusOK)
}

// Who was hired keeps their documents: a version that is deleted from the
// application is gone there, from its history too, and stays with the profile. One
// that the profile never took is gone for good: S1-52, S2-76.
func TestADeletedDocumentStaysWithTheEmployee(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v := w.vacancy("Baker")
	app := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + app
	upload := func(name, content string) (document, file string) {
		document = w.post(v.manager, a+"/documents", newForm("certificate").file(name, content)).made()
		got := w.get(v.manager, a+"/documents")
		for i := range got.at("items").([]any) {
			if d := "items." + strconv.Itoa(i); got.text(d+".id") == document {
				file = got.text(d + ".versions.0.files.0.id")
			}
		}
		return document, file
	}
	taken, takenFile := upload("diploma.txt", "with honours")
	w.post(v.manager, a+"/hire", map[string]any{"reason": "the best of all"}).made()
	employee := "/v1/employees/" + w.hired(v.manager, app)
	late, lateFile := upload("late.txt", "after the hire")

	own := employee + "/documents/" + taken + "/files/" + takenFile
	for document, file := range map[string]string{taken: takenFile, late: lateFile} {
		d := a + "/documents/" + document
		w.get(v.manager, d+"/files/"+file).want(http.StatusOK)
		w.delete(v.manager, d+"/versions/1").want(http.StatusOK)
		w.delete(v.manager, d+"/versions/1").want(http.StatusOK)
		w.get(v.manager, d+"/files/"+file).want(http.StatusNotFound)
		w.get(w.admin, d+"/files/"+file).want(http.StatusNotFound)
	}
	if got := w.get(v.manager, own).want(http.StatusOK); string(got.body) != "with honours" {
		t.Errorf("the profile's file says %q", got.body)
	}
	if got := w.get(v.manager, employee); got.text("documents.0.versions.0.files.0.name") != "diploma.txt" {
		t.Errorf("the profile says %s", got.body)
	}
	for _, what := range []string{a + "/history", a + "/documents", a + "/timeline"} {
		if got := w.get(w.admin, what).want(http.StatusOK); bytes.Contains(got.body, []byte("diploma.txt")) || bytes.Contains(got.body, []byte("late.txt")) {
			t.Errorf("%s names what was deleted: %s", what, got.body)
		}
	}
	w.post(w.admin, employee+"/erase", nil).want(http.StatusOK)
	w.get(w.admin, own).want(http.StatusGone)
}

// A wrong hire is undone: the application goes on where it was, the profile is
// reversed, what it led to is listed, and nobody is hired and rejected at once
// (S2-78, E3, H10).
func TestUndoOfAWrongHire(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	w.do(call{method: "PATCH", path: "/v1/organization/settings", token: w.admin, body: map[string]bool{"self_tracking": true}}).want(http.StatusOK)
	v := w.vacancy("Baker")
	app := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + app
	w.post(v.manager, a+"/documents", newForm("cv").file("cv.txt", "what I did")).made()
	w.post(v.manager, a+"/move", map[string]any{"to": v.stages[1]}).want(http.StatusOK)
	w.post(v.manager, a+"/hire/undo", map[string]any{"reason": "x"}).problem(http.StatusConflict, "application_not_hired")
	w.post(v.manager, a+"/hire", map[string]any{"reason": "in a hurry"}).made()
	employee := w.hired(v.manager, app)

	// H10: as one of them, it takes no other outcome.
	reason := commands.FirstReason("Not enough experience")
	w.post(v.manager, a+"/disqualify", map[string]any{"kind": "rejected", "reason_id": reason}).problem(http.StatusConflict, "application_hired")
	w.post(v.manager, a+"/requalify", map[string]any{"reason": "x"}).problem(http.StatusConflict, "application_hired")
	w.post(v.manager, a+"/move", map[string]any{"to": v.stages[2]}).problem(http.StatusConflict, "application_closed")

	list := w.tokenOf(w.post(w.admin, "/v1/members", map[string]any{"name": "Lister", "role": "recruiting"}).made())
	role := w.role("List", map[access.Area]string{access.Application: "view"})
	member := w.get(list, "/v1/me").text("id")
	w.post(w.admin, a+"/grants", map[string]any{"member_id": member, "recruiting_role_id": role}).made()
	w.post(list, a+"/hire/undo", map[string]any{"reason": "x"}).problem(http.StatusForbidden, "denied")
	if got := w.get(list, a+"/hires"); got.at("items.0.reason") != nil || got.at("items.0.employee_id") != nil {
		t.Errorf("who may only view the list reads %s", got.body)
	}

	w.post(v.manager, a+"/hire/undo", map[string]any{}).want(http.StatusUnprocessableEntity)
	w.post(v.manager, a+"/hire/undo", map[string]any{"reason": "the wrong Grace"}).want(http.StatusOK)
	w.post(v.manager, a+"/hire/undo", map[string]any{"reason": "the wrong Grace"}).want(http.StatusOK)
	got := w.get(v.manager, a)
	if got.text("outcome") != "in_progress" || got.text("stage.id") != v.stages[1] {
		t.Errorf("it goes on as %s", got.body)
	}
	w.until("the profile is reversed", func() bool { return w.get(v.manager, "/v1/employees/"+employee).text("state") == "reversed" })
	if got := w.get(w.admin, "/v1/employees/"+employee); got.at("last_name") != nil || got.at("documents.0.versions.0.files.0.name") != nil {
		t.Errorf("the profile still says %s", got.body)
	}
	file := w.get(v.manager, a+"/documents").text("items.0.versions.0.files.0.id")
	document := w.get(v.manager, a+"/documents").text("items.0.id")
	if got := w.get(v.manager, a+"/documents/"+document+"/files/"+file).want(http.StatusOK); string(got.body) != "what I did" {
		t.Errorf("the application's file says %q", got.body)
	}
	w.get(w.admin, "/v1/employees/"+employee+"/documents/"+document+"/files/"+file).want(http.StatusGone)
	hires := w.get(v.manager, a+"/hires")
	if hires.text("items.0.undo_reason") != "the wrong Grace" || hires.text("items.0.left.0.kind") != "shown_to_candidate" || hires.text("items.0.left.1.kind") != "employee_created" || hires.at("items.0.left.1.reversed_at") == nil {
		t.Errorf("what it led to: %s", hires.body)
	}

	// The claim is right again: the person has no second application of it.
	w.post(v.manager, "/v1/applications", application(v, "Grace", "Hopper")).problem(http.StatusConflict, "duplicate_application")
	w.post(v.manager, a+"/hire", map[string]any{"reason": "the right one after all"}).made()
	if again := w.hired(v.manager, app); again == employee {
		t.Error("another hire led to the profile that was reversed")
	}
	second := w.post(v.manager, "/v1/applications", application(v, "Grace", "Hopper")).made()
	w.post(v.manager, a+"/hire/undo", map[string]any{"reason": "x"}).problem(http.StatusConflict, "duplicate_application")
	w.post(v.manager, "/v1/applications/"+second+"/disqualify", map[string]any{"kind": "rejected", "reason_id": reason}).want(http.StatusOK)
}
