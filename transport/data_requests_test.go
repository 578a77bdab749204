package transport

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

// dataTasks are the tasks of a kind that an answer lists.
func dataTasks(r reply) (tasks []map[string]any) {
	for _, task := range r.items("items") {
		if task["kind"] == "data_requested" {
			tasks = append(tasks, task)
		}
	}
	return tasks
}

// S1-64, H5: a candidate asks for a copy of their data and for erasure. Whoever may
// erase is to answer within 30 days and nobody else is told; the task is gone with
// the answer.
func TestS164CandidatesAskAboutTheirData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, second := w.vacancy("Engineer"), w.vacancy("Baker")
	colleague, blind := w.member("Colleague", "recruiting")
	role := w.role("All but erasure", map[access.Area]string{access.Application: "edit", access.Profile: "edit", access.Erasure: "view"})
	team := []map[string]any{{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true}, {"member_id": colleague, "recruiting_role_id": role}}
	w.put(w.admin, "/v1/jobs/"+v.id+"/hiring-team", map[string]any{"hiring_team": team}).want(http.StatusOK)
	_, stranger := w.member("Stranger", "recruiting")
	mine, later := w.apply(v, "Grace", "Hopper"), w.apply(second, "Grace", "Hopper")
	foreign := w.apply(v, "Ada", "Lovelace")
	a := "/v1/applications/" + mine
	w.selfTracking(true)
	grace, ada := w.signIn("grace.hopper@mail.example"), w.signIn("ada.lovelace@mail.example")
	ask := func(kind string) reply { return grace.ask("POST", "/data-requests", map[string]string{"kind": kind}) }

	// They ask; asking twice is one request. The page shows theirs alone.
	export, erasure := ask("export").made(), ask("erasure").made()
	if again := ask("export").made(); again != export || export == erasure {
		t.Errorf("asked again: %s, not %s", again, export)
	}
	ask("money").want(http.StatusUnprocessableEntity)
	w.post("", "/v1/candidate/data-requests", map[string]string{"kind": "export"}).problem(http.StatusUnauthorized, "not_signed_in")
	page := grace.ask("GET", "/data-requests", nil).want(http.StatusOK)
	if len(page.items("items")) != 2 || page.text("items.1.id") != export || page.text("items.1.state") != "open" || page.at("items.1.answered_at") != nil {
		t.Errorf("asked: %s", page.body)
	}
	if got := ada.ask("GET", "/data-requests", nil).want(http.StatusOK); len(got.items("items")) != 0 {
		t.Errorf("somebody else's page: %s", got.body)
	}

	// The task is on each application of theirs, once among one's own tasks, and due.
	w.settle()
	for _, token := range []string{v.manager, w.admin} {
		tasks := dataTasks(w.get(token, a+"/tasks").want(http.StatusOK))
		if len(tasks) != 2 || tasks[0]["data_request_id"] != export || tasks[0]["data_request_kind"] != "export" || tasks[1]["data_request_kind"] != "erasure" ||
			tasks[0]["document_id"] != nil || tasks[0]["stage"] != nil || tasks[0]["yours"] != true {
			t.Errorf("the tasks of the application: %v", tasks)
		}
		since, err := time.Parse(time.RFC3339, tasks[0]["since"].(string))
		if err != nil || tasks[0]["due_at"] != since.AddDate(0, 0, 30).Format(time.RFC3339Nano) || page.text("items.1.due_at") != tasks[0]["due_at"] {
			t.Errorf("due: %v, asked at %v; %s", tasks[0]["due_at"], since, page.body)
		}
	}
	for token, on := range map[string]string{v.manager: mine, second.manager: later, w.admin: later} {
		if tasks := dataTasks(w.get(token, "/v1/me/tasks").want(http.StatusOK)); len(tasks) != 2 || tasks[0]["application_id"] != on {
			t.Errorf("one's own tasks: %v", tasks)
		}
	}
	if tasks := dataTasks(w.get(v.manager, "/v1/applications/"+foreign+"/tasks").want(http.StatusOK)); len(tasks) != 0 {
		t.Errorf("on somebody else's application: %v", tasks)
	}
	for _, path := range []string{a + "/tasks", "/v1/me/tasks"} {
		if tasks := dataTasks(w.get(blind, path).want(http.StatusOK)); len(tasks) != 0 {
			t.Errorf("without edit on erasure: %v", tasks)
		}
	}

	// Who may not erase does not answer, and nobody answers with another's request.
	answer := func(token, application, request string, body map[string]string) reply {
		return w.post(token, "/v1/applications/"+application+"/data-requests/"+request+"/answer", body)
	}
	done, refused := map[string]string{"outcome": "done"}, map[string]string{"outcome": "refused", "reason": "We keep it by law."}
	answer(blind, mine, export, done).problem(http.StatusForbidden, "denied")
	answer(stranger, mine, export, done).want(http.StatusNotFound)
	answer(v.manager, foreign, export, done).problem(http.StatusNotFound, "unknown_data_request")
	answer(v.manager, mine, uuid.NewString(), done).problem(http.StatusNotFound, "unknown_data_request")
	answer(v.manager, mine, export, map[string]string{"outcome": "refused"}).want(http.StatusUnprocessableEntity)

	// Answered, it is gone, and the candidate reads why.
	answer(v.manager, mine, export, done).want(http.StatusOK)
	answer(v.manager, mine, export, done).want(http.StatusOK)
	answer(second.manager, later, export, refused).problem(http.StatusConflict, "data_request_answered")
	answer(second.manager, later, erasure, refused).want(http.StatusOK)
	w.settle()
	if tasks := dataTasks(w.get(v.manager, a+"/tasks").want(http.StatusOK)); len(tasks) != 0 {
		t.Errorf("answered: %v", tasks)
	}
	page = grace.ask("GET", "/data-requests", nil).want(http.StatusOK)
	if page.text("items.0.state") != "refused" || page.text("items.0.reason") != "We keep it by law." || page.text("items.1.state") != "done" || page.at("items.1.reason") != nil {
		t.Errorf("answered: %s", page.body)
	}

	// Asked for again, erasing what is left answers it.
	if again := ask("erasure").made(); again == erasure {
		t.Error("what was refused cannot be asked for again")
	}
	for _, id := range []string{mine, later} {
		grace.ask("POST", "/applications/"+id+"/withdraw", map[string]string{}).want(http.StatusOK)
	}
	w.settle()
	ask("export").made() // one may ask while one can look
	for _, id := range []string{mine, later} {
		w.post(w.admin, "/v1/applications/"+id+"/anonymise", nil).want(http.StatusOK)
	}
	w.settle()
	if got := w.get(w.admin, "/v1/me/tasks").want(http.StatusOK); len(dataTasks(got)) != 0 || bytes.Contains(got.body, []byte("Hopper")) {
		t.Errorf("erased: %s", got.body)
	}

	// While self-tracking is off there is no such thing.
	w.selfTracking(false)
	ada.ask("GET", "/data-requests", nil).problem(http.StatusNotFound, "not_found")
	ada.ask("POST", "/data-requests", map[string]string{"kind": "export"}).want(http.StatusNotFound)
}
