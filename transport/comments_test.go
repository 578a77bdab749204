package transport

import (
	"net/http"
	"strings"
	"testing"
)

// S2-60..62, S2-45, H12: a comment is unread until the member says they read it;
// looking at it changes nothing.
func TestCommentsAreUnreadUntilAPostSaysOtherwise(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	colleague, id := w.colleague(v, "Ina Interviewer", "Interviewer")
	first := w.post(v.manager, a+"/comments", map[string]any{"text": "Ask about COBOL", "mentions": []string{id}}).made()
	unread := func(token string, want ...bool) {
		t.Helper()
		got := w.get(token, a).want(http.StatusOK)
		n := 0.0
		for i, c := range got.at("comments").([]any) {
			is := c.(map[string]any)["unread"].(bool)
			if is != want[i] {
				t.Errorf("comment %d unread: %v", i, is)
			}
			if is {
				n++
			}
		}
		if got.at("unread_comments") != n {
			t.Errorf("unread_comments = %v, want %v", got.at("unread_comments"), n)
		}
	}
	unread(v.manager, false) // one's own
	unread(colleague, true)
	unread(colleague, true) // H12
	w.get(colleague, a+"/comments").want(http.StatusOK)
	w.get(colleague, a+"/comments/read").problem(http.StatusMethodNotAllowed, "method_not_allowed")
	w.post(v.manager, a+"/comments", map[string]string{"text": "And about Navy"}).made()
	changed := w.get(colleague, a).text("changed_at")
	w.post(colleague, a+"/comments/read", map[string]string{"through": first}).want(http.StatusOK)
	unread(colleague, true, false) // the newer one came after what they saw
	before := w.events()
	w.post(colleague, a+"/comments/read", map[string]string{"through": first}).want(http.StatusOK)
	if w.events() != before {
		t.Error("reading twice was written twice")
	}
	if now := w.get(colleague, a).text("changed_at"); now != changed {
		t.Errorf("reading changed the application: %s, was %s", now, changed)
	}
	w.post(colleague, a+"/comments/read", map[string]string{"through": "018f0000-0000-7000-8000-000000000000"}).problem(http.StatusNotFound, "unknown_comment")
}

// S2-60, H2, H5: authors change their comments and erase them; what was said
// before stays readable until it is erased too.
func TestCommentsAreEditedAndErased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + id
	colleague, _ := w.colleague(v, "Ina Interviewer", "Interviewer")
	comment := a + "/comments/" + w.post(colleague, a+"/comments", map[string]string{"text": "Weak on COBOL"}).made()
	w.put(v.manager, comment, map[string]string{"text": "Strong"}).problem(http.StatusForbidden, "not_your_comment")
	w.put(colleague, comment, map[string]string{"text": "Strong on COBOL"}).want(http.StatusOK)
	got := w.get(v.manager, a).want(http.StatusOK)
	if got.text("comments.0.text") != "Strong on COBOL" || got.text("comments.0.earlier.0.text") != "Weak on COBOL" || got.at("comments.0.edited_at") == nil {
		t.Errorf("comment %s", got.body)
	}
	other := "/v1/applications/" + w.apply(v, "Ada", "Lovelace")
	w.put(colleague, other+comment[len(a):], map[string]string{"text": "x"}).problem(http.StatusNotFound, "unknown_comment")
	w.delete(colleague, other+comment[len(a):]).problem(http.StatusNotFound, "unknown_comment")
	w.delete(colleague, comment).want(http.StatusOK)
	w.delete(colleague, comment).want(http.StatusOK)
	w.put(colleague, comment, map[string]string{"text": "x"}).problem(http.StatusConflict, "comment_deleted")
	got = w.get(v.manager, a).want(http.StatusOK)
	if got.at("comments.0.deleted") != true || got.at("comments.0.text") != nil || got.at("comments.0.earlier.0.text") != nil {
		t.Errorf("comment %s", got.body)
	}
	if h := w.get(w.admin, a+"/history").want(http.StatusOK); h.at("events.1.data.text") != nil || h.text("events.1.erased.0") != "text" || h.at("events.2.data.text") != nil {
		t.Errorf("history %s", h.body)
	}
	// A recruitment manager may erase what others wrote.
	theirs := a + "/comments/" + w.post(colleague, a+"/comments", map[string]string{"text": "Rude"}).made()
	w.delete(v.manager, theirs).want(http.StatusOK)
}

// S1-61..63: an edit of a note keeps what it said, for members; the candidate
// sees what it says now.
func TestNotesAreEditedByTheirAuthor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	w.settings(map[string]any{"self_tracking": true})
	note := a + "/notes/" + w.post(v.manager, a+"/notes", map[string]any{"text": "Come on Monday", "candidate_can_view": true}).made()
	w.put(w.admin, note, map[string]string{"text": "x"}).problem(http.StatusForbidden, "not_your_note")
	w.put(v.manager, note, map[string]string{"text": ""}).problem(http.StatusUnprocessableEntity, "invalid")
	w.put(v.manager, note, map[string]string{"text": "Come on Tuesday"}).want(http.StatusOK)
	w.put(v.manager, note, map[string]string{"text": "Come on Friday"}).want(http.StatusOK)
	got := w.get(v.manager, a+"/notes").want(http.StatusOK)
	if got.text("items.0.text") != "Come on Friday" || got.text("items.0.earlier.0.text") != "Come on Monday" || got.text("items.0.earlier.1.text") != "Come on Tuesday" {
		t.Errorf("notes %s", got.body)
	}
	if page := w.get(v.manager, a+"/candidate-view").want(http.StatusOK); page.text("notes.0.text") != "Come on Friday" {
		t.Errorf("candidate's page %s", page.body)
	}
	w.delete(v.manager, note).want(http.StatusOK)
	if got := w.get(v.manager, a+"/notes").want(http.StatusOK); got.at("items.0.earlier.0.text") != nil || got.at("items.0.earlier.1.text") != nil {
		t.Errorf("notes %s", got.body)
	}
}

// S1-61..63: notes and comments carry files under document rights: who may view
// both the note and the category sees them, the candidate those of notes they see;
// they go with the note. S2-26, S2-31, S2-102; H2, H3
func TestNotesCarryFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.vacancy("Engineer"), w.vacancy("Nurse")
	app := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + app
	w.selfTracking(true)
	note := w.post(v.manager, a+"/notes", map[string]any{"text": "The timetable", "candidate_can_view": true}).made()
	hidden := w.post(v.manager, a+"/notes", map[string]any{"text": "For us"}).made()
	comment := w.post(v.manager, a+"/comments", map[string]any{"text": "A sketch"}).made()
	attach := func(token, to string) reply {
		return w.post(token, a+to+"/files", newForm("other").file("timetable.pdf", aPDF))
	}
	shown, ours, sketch := attach(v.manager, "/notes/"+note).made(), attach(v.manager, "/notes/"+hidden).made(), attach(v.manager, "/comments/"+comment).made()
	attach(w.admin, "/notes/"+note).problem(http.StatusForbidden, "not_your_note")
	attach(w.admin, "/comments/"+comment).problem(http.StatusForbidden, "not_your_comment")
	attach(other.manager, "/notes/"+note).problem(http.StatusNotFound, "unknown_application")
	attach(v.manager, "/notes/"+comment).problem(http.StatusNotFound, "unknown_note")
	w.post(v.manager, a+"/notes/"+note+"/files", newForm("uncategorised").file("x.pdf", aPDF)).problem(http.StatusUnprocessableEntity, "document_category")
	w.post(v.manager, a+"/documents/"+shown+"/versions", newForm("").file("x.pdf", aPDF)).problem(http.StatusConflict, "document_of_remark")

	notes := w.get(v.manager, a+"/notes").want(http.StatusOK)
	if notes.text("items.0.document_ids.0") != ours || notes.text("items.1.document_ids.0") != shown {
		t.Errorf("notes %s", notes.body)
	}
	if comments := w.get(v.manager, a+"/comments"); comments.text("items.0.document_ids.0") != sketch {
		t.Errorf("comments %s", comments.body)
	}
	files := map[string]string{} // by document
	for _, d := range w.get(v.manager, a+"/documents").at("items").([]any) {
		d := d.(map[string]any)
		file := d["versions"].([]any)[0].(map[string]any)["files"].([]any)[0].(map[string]any)["id"].(string)
		files[d["id"].(string)] = a + "/documents/" + d["id"].(string) + "/files/" + file
	}
	if got := w.get(v.manager, files[sketch]).want(http.StatusOK); string(got.body) != aPDF {
		t.Errorf("a file of %d bytes", len(got.body))
	}
	if link := w.get(v.manager, files[ours]+"/link").text("url"); string(w.get("", link).want(http.StatusOK).body) != aPDF {
		t.Error("the link opens something else")
	}

	// Documents are not enough, and notes are not.
	reader := func(name string, areas, documents map[string]string) string {
		member := w.post(w.admin, "/v1/members", map[string]any{"name": name, "role": "reporting"}).made()
		areas["application"] = "view"
		role := w.post(w.admin, "/v1/organization/recruiting-roles", map[string]any{"name": name, "areas": areas, "documents": documents}).made()
		w.post(v.manager, a+"/grants", map[string]any{"member_id": member, "recruiting_role_id": role}).made()
		return w.tokenOf(member)
	}
	documents := reader("Documents", map[string]string{"notes": "none", "comments": "none"}, map[string]string{"other": "view"})
	texts := reader("Texts", map[string]string{"notes": "view", "comments": "view"}, map[string]string{})
	w.settle()
	for _, document := range []string{shown, ours, sketch} {
		w.get(documents, files[document]).problem(http.StatusNotFound, "not_found")
		w.get(texts, files[document]).problem(http.StatusNotFound, "not_found")
		for _, path := range []string{"/documents", "/timeline", ""} {
			for _, token := range []string{documents, texts} {
				if got := w.get(token, a+path).want(http.StatusOK); strings.Contains(string(got.body), document) {
					t.Errorf("%s tells of the file: %s", path, got.body)
				}
			}
		}
	}
	w.delete(documents, a+"/documents/"+shown+"/versions/1").problem(http.StatusNotFound, "unknown_document")
	tasks := w.get(v.manager, "/v1/me/tasks").want(http.StatusOK)
	if strings.Contains(string(tasks.body), "document_to_review") {
		t.Errorf("somebody is to review the files of a note: %s", tasks.body)
	}

	// The candidate has those of the note they see.
	page := w.get(v.manager, a+"/candidate-view").want(http.StatusOK)
	if page.text("notes.0.documents.0.id") != shown || strings.Contains(string(page.body), ours) || strings.Contains(string(page.body), sketch) || len(page.at("documents").([]any)) != 0 {
		t.Errorf("candidate's page %s", page.body)
	}

	grace := w.signIn("grace.hopper@mail.example")
	own := strings.TrimPrefix(files[shown], "/v1")
	if got := grace.ask(http.MethodGet, own, nil).want(http.StatusOK); string(got.body) != aPDF {
		t.Errorf("the candidate's file has %d bytes", len(got.body))
	}
	for _, document := range []string{ours, sketch} {
		grace.ask(http.MethodGet, strings.TrimPrefix(files[document], "/v1"), nil).problem(http.StatusNotFound, "not_found")
	}
	w.put(v.manager, a+"/notes/"+note+"/visibility", map[string]any{"candidate_can_view": false}).want(http.StatusOK)
	grace.ask(http.MethodGet, own, nil).problem(http.StatusNotFound, "not_found")
	w.put(v.manager, a+"/notes/"+note+"/visibility", map[string]any{"candidate_can_view": true}).want(http.StatusOK)

	// They go with the note, key and bytes.
	w.delete(v.manager, a+"/notes/"+note).want(http.StatusOK)
	w.delete(v.manager, a+"/comments/"+comment).want(http.StatusOK)
	for _, document := range []string{shown, sketch} {
		w.get(v.manager, files[document]).problem(http.StatusNotFound, "not_found")
	}
	w.get(v.manager, files[ours]).want(http.StatusOK)
	attach(v.manager, "/notes/"+note).problem(http.StatusConflict, "note_deleted")
}
