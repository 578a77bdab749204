package transport

import (
	"net/http"
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
