package transport

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

// threads are the conversations of an application, as one sees them who asks.
func (w *world) threads(token, id string) reply {
	w.t.Helper()
	return w.get(token, "/v1/applications/"+id+"/messages").want(http.StatusOK)
}

// captured is the newest mail that was captured.
func (w *world) captured() reply {
	w.t.Helper()
	return w.get(w.admin, "/v1/mails/"+w.get(w.admin, "/v1/mails?kind=message").text("items.0.id")).want(http.StatusOK)
}

// mailIn posts a mail as a mail server does.
func (w *world) mailIn(token, raw string) reply {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/v1/mail/inbound", strings.NewReader(strings.ReplaceAll(raw, "\n", "\r\n")))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "message/rfc822")
	r.Header.Set("Authorization", "Bearer "+token)
	return w.send(r)
}

// mailOf is a mail with a file, from and to.
func mailOf(from, to, id, text string) string {
	return fmt.Sprintf(`From: %s
To: %s
Subject: =?utf-8?q?A_question_=E2=80=93_urgent?=
Message-ID: <%s>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

%s
--b
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="C:\\letters\\zeugnis.txt"
Content-Transfer-Encoding: base64

SSBmbGV3IHNoaXBzLg==
--b--
`, from, to, id, text)
}

// S2-42, S2-43, S2-47, S2-48, S2-49, S2-56, E4: a message is written from a
// template, leaves once, and says so; it can be changed and cancelled before. H7, H8
func TestMessagesAreWrittenAndSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	id := w.apply(v, "Grace", "Hopper")
	at := "/v1/applications/" + id
	template := w.post(w.admin, "/v1/organization/message-templates", map[string]any{
		"name": "Thanks", "kind": "message", "subject": "Your application as {{job.title}}", "body": "Dear {{candidate.first_name}},\n\nthank you.\n\n{{sender.name}}, {{organization.name}}",
	}).made()
	filed := w.do(call{method: http.MethodPost, path: at + "/documents", token: v.manager, body: newForm("outbound_attachment").file("plan.txt", "How we go on.")}).made()
	file := w.get(v.manager, at+"/documents").text("items.0.versions.0.files.0.id")
	first := w.post(v.manager, at+"/messages", map[string]any{"template_id": template, "file_ids": []string{file}}).made()
	w.until("it is sent", func() bool { return w.threads(v.manager, id).text("items.0.messages.0.status") == "sent" })
	got := w.threads(v.manager, id)
	if got.text("items.0.id") != first || got.text("items.0.messages.0.subject") != "Your application as Engineer" || got.text("items.0.messages.0.to") != "grace.hopper@mail.example" ||
		got.text("items.0.messages.0.text") != "Dear Grace,\n\nthank you.\n\nManager of Engineer, Example Company" || got.text("items.0.messages.0.by.name") != "Manager of Engineer" ||
		got.text("items.0.messages.0.attachments.0.document_id") != filed || got.text("items.0.messages.0.attachments.0.name") != "plan.txt" || got.text("items.0.messages.0.sent_at") == "" {
		t.Errorf("%s", got.body)
	}
	mail := w.captured()
	if mail.text("content.to.0") != "grace.hopper@mail.example" || mail.text("content.attachments.0.name") != "plan.txt" || !strings.HasPrefix(mail.text("content.reply_to"), "reply-") || mail.text("content.from_name") != "Example Company" {
		t.Errorf("%s", mail.body)
	}
	planned := w.get(v.manager, at+"/effects")
	if planned.text("items.0.kind") != "send_message" || planned.text("items.0.message_id") != first || planned.text("items.0.state") != "done" {
		t.Errorf("%s", planned.body)
	}
	timeline := w.get(v.manager, at+"/timeline")
	if timeline.text("items.0.kind") != "message_sent" || timeline.text("items.0.message.id") != first || timeline.text("items.1.kind") != "message_written" || timeline.text("items.1.by.name") != "Manager of Engineer" {
		t.Errorf("%s", timeline.body)
	}

	later := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	waits := w.post(v.manager, at+"/messages", map[string]any{"subject": "Later", "text": "Soon", "send_at": later}).made()
	on := at + "/messages/" + waits
	w.put(v.manager, on, map[string]any{"subject": "Still later", "text": "Sooner"}).want(http.StatusOK)
	if got := w.threads(v.manager, id); got.text("items.0.messages.0.subject") != "Still later" || got.text("items.0.messages.0.send_at") != later.Format(time.RFC3339) || got.text("items.0.messages.0.status") != "scheduled" {
		t.Errorf("%s", got.body)
	}
	w.post(v.manager, on+"/retry", nil).want(http.StatusOK) // it will be tried anyway
	w.do(call{method: http.MethodPost, path: on + "/cancel", token: v.manager, header: map[string]string{"If-Match": `"0"`}}).problem(http.StatusPreconditionFailed, "stale_revision")
	w.post(v.manager, on+"/cancel", nil).want(http.StatusOK)
	w.post(v.manager, on+"/cancel", nil).want(http.StatusOK)
	w.put(v.manager, on, map[string]any{"subject": "x", "text": "x"}).problem(http.StatusConflict, "message_left")
	w.post(v.manager, on+"/retry", nil).problem(http.StatusConflict, "message_not_failed")
	w.post(v.manager, on+"/close", nil).problem(http.StatusConflict, "message_outbound")

	refused := func(code string, status int, body map[string]any) {
		t.Helper()
		w.post(v.manager, at+"/messages", body).problem(status, code)
	}
	refused("placeholder", http.StatusUnprocessableEntity, map[string]any{"subject": "x", "text": "{{page.url}}"}) // candidates have none now
	refused("invalid", http.StatusUnprocessableEntity, map[string]any{"text": "no subject"})
	refused("unknown_entry", http.StatusNotFound, map[string]any{"template_id": uuid.NewString()})
	refused("unknown_attachment", http.StatusUnprocessableEntity, map[string]any{"subject": "x", "text": "x", "file_ids": []string{uuid.NewString()}})
	refused("unknown_message", http.StatusNotFound, map[string]any{"subject": "x", "text": "x", "in_reply_to": uuid.NewString()})
	nameless := w.post(v.manager, "/v1/applications", map[string]any{"job_id": v.id, "source": "fair", "candidate": map[string]string{"first_name": "No", "last_name": "Address"}}).made()
	w.post(v.manager, "/v1/applications/"+nameless+"/messages", map[string]any{"subject": "x", "text": "x"}).problem(http.StatusConflict, "message_no_address")
	// Messages of another application are unknown by this one's path, whoever asks (H2).
	w.post(w.admin, "/v1/applications/"+nameless+"/messages/"+waits+"/cancel", nil).problem(http.StatusNotFound, "unknown_message")
	w.post(other.manager, at+"/messages", map[string]any{"subject": "x", "text": "x"}).problem(http.StatusNotFound, "unknown_application")
	w.get(other.manager, at+"/messages").problem(http.StatusNotFound, "not_found")
	// Who may look on may not write; the category of a file is a right of its own.
	member, token := w.member("Viewer", "recruiting")
	look := w.role("Looks on", map[access.Area]string{access.Application: "view", access.Messages: "view"})
	w.post(v.manager, at+"/grants", map[string]any{"member_id": member, "recruiting_role_id": look}).made()
	if got := w.threads(token, id); len(got.at("items.1.messages.0.attachments").([]any)) != 0 || got.text("items.1.messages.0.subject") == "" {
		t.Errorf("%s", got.body)
	}
	w.post(token, at+"/messages", map[string]any{"subject": "x", "text": "x"}).problem(http.StatusForbidden, "denied")
}

// S2-44, S2-45, S2-46, S2-21: answers come to their application, are open until
// somebody takes care of them, once, and what came along is a document.
func TestMessagesComeIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	at := "/v1/applications/" + id
	sent := w.post(v.manager, at+"/messages", map[string]any{"subject": "Hello", "text": "Hello Grace"}).made()
	w.until("it is sent", func() bool { return w.threads(v.manager, id).text("items.0.messages.0.status") == "sent" })
	mail := w.captured()
	reply, header := mail.text("content.reply_to"), mail.text("content.message_id")

	raw := strings.Replace(mailOf("Grace <Grace.Hopper@mail.example>", reply, "1@mail.example", "F=FCr Sie"), "Subject:", "In-Reply-To: <"+header+">\nSubject:", 1)
	came := w.mailIn(w.admin, raw).want(http.StatusOK).text("id")
	if again := w.mailIn(w.admin, raw).want(http.StatusOK).text("id"); again != came {
		t.Errorf("it came in twice, as %s and %s", came, again)
	}
	got := w.threads(v.manager, id)
	if got.text("items.0.id") != sent || got.at("items.0.open") != true || got.text("items.0.messages.1.id") != came || got.text("items.0.messages.1.in_reply_to") != sent ||
		got.text("items.0.messages.1.text") != "Für Sie" || got.text("items.0.messages.1.subject") != "A question – urgent" || got.text("items.0.messages.1.by.kind") != "candidate" ||
		got.text("items.0.messages.1.from") != "Grace.Hopper@mail.example" || got.text("items.0.messages.1.attachments.0.name") != "zeugnis.txt" {
		t.Fatalf("%s", got.body)
	}
	documents := w.get(v.manager, at+"/documents")
	if documents.text("items.0.category") != "uncategorised" || documents.text("items.0.id") != got.text("items.0.messages.1.attachments.0.document_id") {
		t.Errorf("%s", documents.body)
	}
	profile := w.get(v.manager, at)
	if profile.at("open_messages") != 1.0 {
		t.Errorf("%s", profile.body)
	}
	if list := w.get(v.manager, "/v1/applications?unread=true"); len(list.at("items").([]any)) != 1 || list.at("items.0.open_messages") != 1.0 {
		t.Errorf("%s", list.body)
	}
	if tasks := w.get(v.manager, at+"/tasks").kinds("kind"); !contains(tasks, "message_open") || !contains(tasks, "document_to_categorise") {
		t.Errorf("tasks: %v", tasks)
	}
	if inbox := w.get(v.manager, "/v1/me/inbox"); inbox.text("items.0.kind") != "new_message" && inbox.text("items.1.kind") != "new_message" {
		t.Errorf("%s", inbox.body)
	}
	// Looking leaves it open (H12); an answer closes it.
	answer := w.post(v.manager, at+"/messages", map[string]any{"text": "Thank you", "in_reply_to": came}).made()
	got = w.threads(v.manager, id)
	if got.at("items.0.open") != false || got.text("items.0.messages.1.closed_by.name") != "Manager of Engineer" || got.text("items.0.messages.2.id") != answer || got.text("items.0.messages.2.subject") != "Re: A question – urgent" {
		t.Errorf("%s", got.body)
	}
	if list := w.get(v.manager, "/v1/applications?unread=true"); len(list.at("items").([]any)) != 0 {
		t.Errorf("%s", list.body)
	}
	w.until("the answer is sent", func() bool { return w.threads(v.manager, id).text("items.0.messages.2.status") == "sent" })
	if got := w.captured().text("content.in_reply_to"); got != "1@mail.example" {
		t.Errorf("it answers %q", got)
	}
	plain := w.mailIn(w.admin, mailOf("grace.hopper@mail.example", "jobs@acme.example", "2@mail.example", "Hello again")).want(http.StatusOK).text("id")
	w.post(v.manager, at+"/messages/"+plain+"/close", nil).want(http.StatusOK)
	w.post(v.manager, at+"/messages/"+plain+"/close", nil).want(http.StatusOK)

	// Nobody but an admin's server hands mail over, and not anything.
	w.mailIn(v.manager, raw).problem(http.StatusForbidden, "denied")
	w.mailIn(w.admin, "Subject: nobody\n\nHello").problem(http.StatusUnprocessableEntity, "unreadable_mail")
	w.post(w.admin, "/v1/mail/inbound", map[string]any{}).problem(http.StatusUnsupportedMediaType, "unsupported_media_type")
}

// deliveryReport is what says that a mail to an address could not be delivered.
func deliveryReport(to, header string) string {
	return `From: MAILER-DAEMON <postmaster@mail.example>
To: x@hirelog.invalid
Subject: Undelivered
Message-ID: <` + header[:8] + `@mail.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Nobody lives here.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; ` + to + `
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

From: x@hirelog.invalid
Message-ID: <` + header + `>

--b--
`
}

func contains(all []any, one string) bool {
	for _, v := range all {
		if v == one {
			return true
		}
	}
	return false
}

// S2-49, S2-50: what comes back is bounced, a task of who wrote it, and can be
// tried again. A report about a message that nobody sent is a mail like any other.
func TestMessagesComeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	at := "/v1/applications/" + id
	sent := w.post(v.manager, at+"/messages", map[string]any{"subject": "Hello", "text": "Hello Grace"}).made()
	w.until("it is sent", func() bool { return w.threads(v.manager, id).text("items.0.messages.0.status") == "sent" })
	report := func(header string) string { return deliveryReport("grace.hopper@mail.example", header) }
	forged := strings.Replace(w.captured().text("content.message_id"), ".1.", ".2.", 1)
	w.mailIn(w.admin, report(forged)).want(http.StatusOK)
	if got := w.threads(v.manager, id); got.text("items.0.messages.0.status") != "sent" || len(w.get(w.admin, "/v1/unassigned-messages").at("items").([]any)) != 1 {
		t.Errorf("a forged report: %s", got.body)
	}
	if got := w.mailIn(w.admin, report(w.captured().text("content.message_id"))).want(http.StatusOK).text("id"); got != sent {
		t.Errorf("it was about %s", got)
	}
	if got := w.threads(v.manager, id); got.text("items.0.messages.0.status") != "bounced" || got.text("items.0.messages.0.reason") != "5.1.1" {
		t.Errorf("%s", got.body)
	}
	if tasks := w.get(v.manager, "/v1/me/tasks"); !contains(tasks.kinds("kind"), "message_troubled") {
		t.Errorf("%s", tasks.body)
	}
	w.post(v.manager, at+"/messages/"+sent+"/retry", nil).want(http.StatusOK)
	w.until("it is sent again", func() bool { return w.threads(v.manager, id).text("items.0.messages.0.status") == "sent" })
	if got := w.threads(v.manager, id); got.at("items.0.messages.0.attempts") != 2.0 {
		t.Errorf("%s", got.body)
	}
}

// S2-02, S2-51, S2-52, S2-53, S2-54, S2-55: what belongs to no application is seen
// by admins and recruiting, and goes where they say, with what came along. H7, H17
func TestUnassignedMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	id, second := w.apply(v, "Grace", "Hopper"), w.apply(other, "Ada", "King")
	at := "/v1/applications/" + id
	stranger := w.mailIn(w.admin, mailOf("Grace <grace@new.example>", "jobs@acme.example", "1@new.example", "It is me")).want(http.StatusOK).text("id")
	list := w.get(v.manager, "/v1/unassigned-messages").want(http.StatusOK)
	if list.text("items.0.id") != stranger || list.text("items.0.text") != "It is me" || list.text("items.0.from") != "grace@new.example" || list.at("items.0.sender_known") != false || list.at("items.0.suggestion") != nil {
		t.Fatalf("%s", list.body)
	}
	file := list.text("items.0.attachments.0.file_id")
	if got := w.get(v.manager, "/v1/unassigned-messages/"+stranger+"/files/"+file); got.want(http.StatusOK).header.Get("Content-Disposition") == "" || string(got.body) != "I flew ships." {
		t.Errorf("%s", got.body)
	}
	for _, role := range []string{"auditor", "reporting"} {
		_, token := w.member(role, role)
		w.get(token, "/v1/unassigned-messages").problem(http.StatusForbidden, "denied")
		w.get(token, "/v1/unassigned-messages/"+stranger+"/files/"+file).problem(http.StatusForbidden, "denied")
		if role == "auditor" { // S2-102
			log := w.get(token, "/v1/read-log?limit=1").want(http.StatusOK)
			if log.text("items.0.kind") != "message_file" || log.text("items.0.object_id") != file || log.at("items.0.application_id") != nil {
				t.Errorf("the read log has %s", log.body)
			}
		}
		w.post(token, "/v1/unassigned-messages/"+stranger+"/assign", map[string]any{"application_id": id}).problem(http.StatusForbidden, "denied")
	}
	assign := "/v1/unassigned-messages/" + stranger + "/assign"
	w.post(other.manager, assign, map[string]any{"application_id": id}).problem(http.StatusNotFound, "unknown_application")
	w.post(v.manager, at+"/messages/"+stranger+"/close", nil).problem(http.StatusNotFound, "unknown_message")
	w.post(v.manager, assign, map[string]any{"application_id": id}).want(http.StatusOK)
	if got := w.get(v.manager, at); got.text("email") != "grace.hopper@mail.example" || got.at("open_messages") != 1.0 {
		t.Errorf("the address was taken over: %s", got.body)
	}
	w.post(v.manager, assign, map[string]any{"application_id": id, "take_address": true}).want(http.StatusOK)
	if got := w.get(v.manager, at); got.text("email") != "grace@new.example" {
		t.Errorf("the address was not taken over: %s", got.body)
	}
	// What is refused changes nobody's address.
	w.post(w.admin, "/v1/unassigned-messages/"+stranger+"/assign", map[string]any{"application_id": second, "take_address": true}).problem(http.StatusConflict, "message_assigned")
	if got := w.get(w.admin, "/v1/applications/"+second); got.text("email") != "ada.king@mail.example" {
		t.Errorf("the address was taken over: %s", got.body)
	}
	document := w.get(v.manager, at+"/documents").text("items.0.id")
	if got := w.get(v.manager, at+"/documents/"+document+"/files/"+file).want(http.StatusOK); string(got.body) != "I flew ships." {
		t.Errorf("%s", got.body)
	}
	w.get(v.manager, "/v1/unassigned-messages/"+stranger+"/files/"+file).problem(http.StatusNotFound, "not_found")

	// Moving it takes the messages right on both.
	move := at + "/messages/" + stranger + "/reassign"
	w.post(v.manager, move, map[string]any{"application_id": second}).problem(http.StatusNotFound, "unknown_application")
	w.post(other.manager, move, map[string]any{"application_id": second}).problem(http.StatusNotFound, "unknown_application")
	w.post(w.admin, move, map[string]any{"application_id": second}).want(http.StatusOK)
	w.post(w.admin, move, map[string]any{"application_id": second}).want(http.StatusOK)
	got := w.threads(other.manager, second)
	if got.at("items.0.open") != true || got.text("items.0.messages.0.text") != "It is me" || got.text("items.0.messages.0.attachments.0.file_id") != file {
		t.Errorf("%s", got.body)
	}
	if got := w.threads(v.manager, id); len(got.at("items").([]any)) != 0 {
		t.Errorf("%s", got.body)
	}
	if got := w.get(v.manager, at+"/documents").at("items").([]any); len(got) != 0 {
		t.Errorf("it kept %v", got)
	}
	if timeline := w.get(v.manager, at+"/timeline"); timeline.text("items.0.kind") != "message_moved_away" || timeline.text("items.0.message.id") != stranger {
		t.Errorf("%s", timeline.body)
	}
	documents := w.get(other.manager, "/v1/applications/"+second+"/documents")
	path := "/v1/applications/" + second + "/documents/" + documents.text("items.0.id") + "/files/" + file
	if got := w.get(other.manager, path).want(http.StatusOK); string(got.body) != "I flew ships." {
		t.Errorf("%s", got.body)
	}
	// The old application's erasure leaves it, the new one's does not.
	w.erase(v, id)
	if got := w.threads(other.manager, second); got.text("items.0.messages.0.text") != "It is me" {
		t.Errorf("%s", got.body)
	}
	w.erase(other, second)
	if got := w.threads(w.admin, second); got.at("items.0.messages.0.text") != nil || got.at("items.0.messages.0.from") != nil {
		t.Errorf("%s", got.body)
	}

	// An application is made of one, with message and file.
	eve := w.mailIn(w.admin, mailOf("Eve <eve@new.example>", "jobs@acme.example", "2@new.example", "I apply")).want(http.StatusOK).text("id")
	from := "/v1/unassigned-messages/" + eve + "/application"
	w.post(other.manager, from, map[string]any{"job_id": v.id, "first_name": "Eve"}).problem(http.StatusNotFound, "unknown_job")
	made := w.post(v.manager, from, map[string]any{"job_id": v.id, "first_name": "Eve", "last_name": "New"}).made()
	profile := w.get(v.manager, "/v1/applications/"+made)
	if profile.text("source") != "e_mail" || profile.text("email") != "eve@new.example" || profile.at("open_messages") != 1.0 || len(profile.at("documents").([]any)) != 1 {
		t.Errorf("%s", profile.body)
	}
	w.post(v.manager, from, map[string]any{"job_id": v.id, "first_name": "Eve"}).problem(http.StatusConflict, "message_assigned")
}

// erase disqualifies and anonymises an application.
func (w *world) erase(v vacancy, id string) {
	w.t.Helper()
	w.post(v.manager, "/v1/applications/"+id+"/disqualify", map[string]any{"kind": "withdrawn", "reason_id": commands.FirstReason("Lost interest")}).want(http.StatusOK)
	w.post(w.admin, "/v1/applications/"+id+"/anonymise", nil).want(http.StatusOK)
}

// S2-44, S2-55: each rule of where a mail belongs, in their order.
func TestWhereMailBelongs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	mine, hers := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "King")
	write := func(id string) string {
		w.post(v.manager, "/v1/applications/"+id+"/messages", map[string]any{"subject": "Hello", "text": "Hello"}).made()
		w.until("it is sent", func() bool { return w.threads(v.manager, id).text("items.0.messages.0.status") == "sent" })
		return w.captured().text("content.reply_to")
	}
	reply, ada := write(mine), write(hers)
	n := 0
	goes := func(says, from, to, belongs, suggested string) {
		t.Helper()
		n++
		id := w.mailIn(w.admin, mailOf(from, to, fmt.Sprintf("%d@mail.example", n), "Hello")).want(http.StatusOK).text("id")
		if belongs != "" {
			if got := w.threads(v.manager, belongs); !strings.Contains(string(got.body), id) {
				t.Errorf("%s: it is not there: %s", says, got.body)
			}
			return
		}
		got := w.get(w.admin, "/v1/unassigned-messages")
		if got.text("items.0.id") != id {
			t.Errorf("%s: it is not unassigned: %s", says, got.body)
			return
		}
		if suggestion, _ := got.at("items.0.suggestion").(map[string]any); suggested == "" && suggestion != nil || suggested != "" && suggestion["application_id"] != suggested {
			t.Errorf("%s: suggested %v", says, suggestion)
		}
	}
	const grace, jobs = "grace.hopper@mail.example", "jobs@acme.example"
	goes("its reply address", grace, reply, mine, "")
	goes("its one live application", grace, jobs, mine, "")
	goes("the reply address of somebody else", grace, ada, mine, "")
	goes("an unknown sender with a reply address", "who@mail.example", reply, "", mine)
	goes("a reply address that was made up", "who@mail.example", strings.Replace(reply, "reply-", "reply-a", 1)[:len(reply)], "", "")
	// A second live application: only the reply address tells.
	second := w.post(other.manager, "/v1/applications", application(other, "Grace", "Hopper")).made()
	goes("two live applications", grace, jobs, "", "")
	goes("two, and the reply address", grace, reply, mine, "")
	w.erase(other, second)
	// S2-44, S2-55, S2-93: what went on as another application is not closed, though there are two live ones.
	moved := w.post(w.admin, "/v1/applications/"+hers+"/transfer", map[string]string{"job_id": other.id}).made()
	cook := w.vacancy("Cook")
	w.post(cook.manager, "/v1/applications", application(cook, "Ada", "King")).made()
	if id := w.mailIn(w.admin, mailOf("ada.king@mail.example", ada, "moved@mail.example", "Hello")).want(http.StatusOK).text("id"); !strings.Contains(string(w.threads(w.admin, moved).body), id) {
		t.Errorf("mail to what was transferred is not where it went: %s", w.get(w.admin, "/v1/unassigned-messages").body)
	}
	// Closed: by default at once, else after some days.
	w.post(v.manager, "/v1/applications/"+mine+"/disqualify", map[string]any{"kind": "withdrawn", "reason_id": commands.FirstReason("Lost interest")}).want(http.StatusOK)
	goes("closed", grace, reply, "", mine)
	w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: w.admin, body: map[string]any{"unassign_after_days": 3}}).want(http.StatusOK)
	goes("closed a moment ago", grace, reply, mine, "")
	goes("closed, to no reply address", grace, jobs, "", mine)
}

// S2-90, S2-91, S2-92, S1-16..20: the message that tells of a rejection discloses
// it when it is sent; requalifying cancels one that waits.
func TestRejectionByMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: w.admin, body: map[string]any{"self_tracking": true}}).want(http.StatusOK)
	v := w.vacancy("Engineer")
	now, later := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "King")
	reason := commands.FirstReason("Not enough experience")
	body := map[string]any{"kind": "rejected", "reason_id": reason, "message": map[string]any{"subject": "Your application", "text": "Dear {{candidate.first_name}}, not this time."}}
	w.post(v.manager, "/v1/applications/"+now+"/disqualify", body).want(http.StatusOK)
	w.until("it is disclosed", func() bool {
		return w.get(v.manager, "/v1/applications/"+now+"/candidate-view").text("status") == "rejected"
	})
	if got := w.threads(v.manager, now); got.text("items.0.messages.0.purpose") != "rejection" || got.text("items.0.messages.0.status") != "sent" || w.captured().text("content.text") != "Dear Grace, not this time." {
		t.Errorf("%s", got.body)
	}
	disclosed, err := time.Parse(time.RFC3339, w.get(v.manager, "/v1/applications/"+now).text("disclose_at"))
	if err != nil || time.Until(disclosed) > 0 {
		t.Errorf("it is disclosed at %v, %v", disclosed, err)
	}

	at := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	body["message"].(map[string]any)["send_at"] = at
	path := "/v1/applications/" + later
	w.post(v.manager, path+"/disqualify", body).want(http.StatusOK)
	if got := w.get(v.manager, path).text("disclose_at"); got != at.Add(24*time.Hour).Format(time.RFC3339) {
		t.Errorf("if nothing is sent it is disclosed at %s", got)
	}
	w.post(v.manager, path+"/requalify", map[string]any{"reason": "A mistake"}).want(http.StatusOK)
	if got := w.threads(v.manager, later); got.text("items.0.messages.0.status") != "cancelled" {
		t.Errorf("%s", got.body)
	}
	if got := w.get(v.manager, path+"/candidate-view"); got.text("status") != "in_progress" {
		t.Errorf("%s", got.body)
	}
	// Who may decide and not write sends none, and nothing is decided then.
	member, token := w.member("Decider", "recruiting")
	role := w.role("Decides", map[access.Area]string{access.Application: "view", access.Decision: "edit"})
	w.post(v.manager, path+"/grants", map[string]any{"member_id": member, "recruiting_role_id": role}).made()
	w.post(token, path+"/disqualify", body).problem(http.StatusForbidden, "denied")
	delete(body["message"].(map[string]any), "text")
	w.post(v.manager, path+"/disqualify", body).problem(http.StatusUnprocessableEntity, "invalid")
	if got := w.get(v.manager, path); got.text("outcome") != "in_progress" {
		t.Errorf("%s", got.body)
	}
}
