package transport

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain/access"
)

// messageIDs are those on a page of messages, conversation by conversation.
func (r reply) messageIDs() (ids []string) {
	r.t.Helper()
	for i := range r.at("items").([]any) {
		for k := range r.at(fmt.Sprintf("items.%d.messages", i)).([]any) {
			ids = append(ids, r.text(fmt.Sprintf("items.%d.messages.%d.id", i, k)))
		}
	}
	return ids
}

// S2-42, S2-43, S2-46: messages come in pages, and those that are written, come in
// and go away meanwhile move none of the others: none is lost, none shown twice.
func TestMessagesInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	id, elsewhere := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "King")
	at := "/v1/applications/" + id + "/messages"
	var written []string
	write := func(answers string) string {
		body := map[string]any{"subject": "Hello", "text": fmt.Sprint("Hello ", len(written))}
		if answers != "" {
			body["in_reply_to"] = answers
		}
		return w.post(v.manager, at, body).made()
	}
	came := 0
	mailed := func() string {
		came++
		return w.mailIn(w.admin, mailOf("grace.hopper@mail.example", "jobs@acme.example", fmt.Sprintf("%d@mail.example", came), "Hello")).want(http.StatusOK).text("id")
	}
	written = append(written, write(""), mailed())
	for i := range 5 {
		written = append(written, write(written[i%2]))
	}
	var shown []string
	path := at + "?limit=2"
	var moved string
	for page := 0; ; page++ {
		got := w.get(v.manager, path).want(http.StatusOK)
		shown = append(shown, got.messageIDs()...)
		if got.at("next_cursor") == nil {
			if got.at("has_more") != false {
				t.Errorf("%s", got.body)
			}
			break
		}
		path = at + "?limit=2&cursor=" + got.text("next_cursor")
		// Old conversations go on, new ones begin, and one is sorted out.
		write(written[page%2])
		if fresh := mailed(); moved == "" {
			moved = fresh
		} else {
			w.post(v.manager, at+"/"+moved+"/reassign", map[string]any{"application_id": elsewhere}).want(http.StatusOK)
		}
	}
	slices.Sort(shown)
	want := slices.Sorted(slices.Values(written))
	if !slices.Equal(shown, want) {
		t.Errorf("the pages show %v, want %v", shown, want)
	}

	// All there is now, with what came: 7, three written and two of three that came.
	first := w.get(v.manager, at).want(http.StatusOK)
	if ids := first.messageIDs(); first.at("total") != 12.0 || len(ids) != 12 || slices.Contains(ids, moved) || first.at("next_cursor") != nil {
		t.Errorf("%s", first.body)
	}
	// A conversation alone, from where a page leaves it.
	newest := w.get(v.manager, at+"?limit=3").want(http.StatusOK)
	for i := range newest.at("items").([]any) {
		of := fmt.Sprintf("items.%d.", i)
		if newest.at(of+"messages_next_cursor") == nil {
			continue
		}
		rest := w.get(v.manager, at+"?thread_id="+newest.text(of+"id")+"&cursor="+newest.text(of+"messages_next_cursor")).want(http.StatusOK)
		if has, more := len(newest.at(of+"messages").([]any)), len(rest.messageIDs()); float64(has+more) != newest.at(of+"messages_total") || rest.text("items.0.id") != newest.text(of+"id") {
			t.Errorf("%d messages and %d behind them: %s", has, more, rest.body)
		}
		return
	}
	t.Errorf("no conversation goes on behind %s", newest.body)
}

// H1, H2: rights hold on every page, not on the first alone.
func TestRightsHoldOnEveryPageOfMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	id, foreign := w.apply(v, "Grace", "Hopper"), w.apply(other, "Ada", "King")
	a := "/v1/applications/" + id
	for i := range 3 {
		w.mailIn(w.admin, mailOf("grace.hopper@mail.example", "jobs@acme.example", fmt.Sprintf("%d@mail.example", i), "Hello")).want(http.StatusOK)
	}
	member, token := w.member("Viewer", "recruiting")
	grant := func(areas map[access.Area]string) string {
		return w.post(v.manager, a+"/grants", map[string]any{"member_id": member, "recruiting_role_id": w.role(fmt.Sprint(areas), areas)}).made()
	}
	path := a + "/messages?limit=1"
	files := func(token string) (pages []int, second string) {
		for next := path; ; {
			got := w.get(token, next).want(http.StatusOK)
			pages = append(pages, len(got.at("items.0.messages.0.attachments").([]any)))
			if got.at("next_cursor") == nil {
				return pages, second
			}
			next = path + "&cursor=" + got.text("next_cursor")
			if second == "" {
				second = next
			}
		}
	}
	if got, _ := files(v.manager); !slices.Equal(got, []int{1, 1, 1}) {
		t.Errorf("the manager sees %v files", got)
	}
	looks := grant(map[access.Area]string{access.Application: "view", access.Messages: "view"})
	got, second := files(token)
	if !slices.Equal(got, []int{0, 0, 0}) {
		t.Errorf("without the right to their category one sees %v files", got)
	}
	theirs := "/v1/applications/" + foreign + "/messages"
	w.get(v.manager, theirs).problem(http.StatusNotFound, "not_found")
	for _, token := range []string{v.manager, w.admin} { // a cursor tells nobody whether there is such an application
		w.get(token, theirs+strings.TrimPrefix(second, a+"/messages")).problem(http.StatusUnprocessableEntity, "cursor")
	}
	w.get(w.admin, second+"&thread_id="+id).problem(http.StatusUnprocessableEntity, "cursor")
	w.get(w.admin, path+"&thread_id=x").want(http.StatusUnprocessableEntity)
	w.get(w.admin, a+"/messages?limit=201").want(http.StatusUnprocessableEntity)
	_, auditor := w.member("Otto", "auditor")
	w.get(auditor, second).problem(http.StatusForbidden, "denied")

	w.delete(v.manager, a+"/grants/"+looks).want(http.StatusOK)
	w.get(token, second).problem(http.StatusNotFound, "not_found")
	grant(map[access.Area]string{access.Application: "view"})
	w.get(token, second).problem(http.StatusForbidden, "denied")
}
