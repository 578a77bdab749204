package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
)

// One installation, used in several ways at the same time.
func TestAnInstallation(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	t.Run("recruits", func(t *testing.T) { t.Parallel(); recruits(t, in) })
	t.Run("replays any moment", func(t *testing.T) { t.Parallel(); replays(t, in) })
	t.Run("forgets whom it must", func(t *testing.T) { t.Parallel(); forgets(t, in) })
	t.Run("answers its operator", func(t *testing.T) { t.Parallel(); answersOperator(t, in) })
}

const pdf = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"

// recruits follows one application from the opening of the job to a change of
// mind; each step is read as soon as it was answered.
func recruits(t *testing.T, in *installation) {
	admin := in.as(t, in.admin)
	admin.patch("/v1/organization/settings", map[string]any{"self_tracking": true}).want(http.StatusOK)
	role := admin.post("/v1/organization/recruiting-roles", map[string]any{"name": "Reader", "areas": map[string]string{"application": "view"}}).made()
	if got := admin.get("/v1/organization/recruiting-roles"); !slices.Contains(got.list("items", "id"), role) {
		t.Errorf("roles %s", got.body)
	}
	v := admin.vacancy("Navigator")
	if got := v.get("/v1/me"); got.text("id") != v.member || got.text("name") != "Recruiter of Navigator" {
		t.Errorf("me %s", got.body)
	}

	a := v.apply("Grace", "Hopper")
	id := strings.TrimPrefix(a, "/v1/applications/")
	if got := v.get("/v1/applications?job_id=" + v.id + "&q=hop"); got.at("total") != 1.0 || got.text("items.0.id") != id || got.text("items.0.last_name") != "Hopper" {
		t.Errorf("list %s", got.body)
	}
	curriculum := pdf + strings.Repeat("%", 700<<10) // more than stays in memory
	cv := v.post(a+"/documents", newForm("cv").file("cv Ü.pdf", curriculum)).made()
	documents := v.get(a + "/documents")
	file := a + "/documents/" + cv + "/files/" + documents.text("items.0.versions.0.files.0.id")
	if got := v.get(file); string(got.body) != curriculum {
		t.Errorf("downloaded %d bytes, want the %d filed", len(got.body), len(curriculum))
	}

	v.post(a+"/move", map[string]string{"to": v.stages[1], "comment": "Convincing"}).want(http.StatusOK)
	if got := v.get(a); got.text("stage.id") != v.stages[1] {
		t.Errorf("moved: %s", got.body)
	}
	v.post(a+"/notes", map[string]any{"text": "Welcome aboard", "candidate_can_view": true}).made()
	if got := v.get(a + "/notes"); got.text("items.0.text") != "Welcome aboard" {
		t.Errorf("notes %s", got.body)
	}
	v.post(a+"/comments", map[string]any{"text": "Ask about COBOL", "mentions": []string{v.member}}).made()
	if got := v.get(a + "/comments"); got.text("items.0.text") != "Ask about COBOL" {
		t.Errorf("comments %s", got.body)
	}

	asked := v.post(a+"/document-requests", map[string]any{"title": "Diploma", "description": "A scan", "category": "certificate", "formats": []string{"pdf"}}).made()
	diploma := a + "/documents/" + asked
	v.post(diploma+"/versions", newForm("").file("diploma.pdf", "GIF89a")).problem(http.StatusUnprocessableEntity, "file_format")
	v.post(diploma+"/versions", newForm("").file("diploma.pdf", pdf)).made()
	v.post(diploma+"/reject", map[string]any{"version": 1, "reason": "Not readable"}).want(http.StatusOK)
	if got := v.get(a + "/candidate-view"); got.text("documents.0.rejection_reason") != "Not readable" || got.text("notes.0.text") != "Welcome aboard" || got.text("stage") != "In talks" || got.has("COBOL") {
		t.Errorf("candidate's view %s", got.body)
	}
	v.post(diploma+"/versions", newForm("").file("diploma.pdf", pdf+"%")).made()
	v.post(diploma+"/approve", map[string]any{"version": 2}).want(http.StatusOK)
	if got := v.get(a + "/documents"); got.text("items.0.status") != "approved" {
		t.Errorf("documents %s", got.body)
	}

	v.post(a+"/tags", map[string]string{"label": "Navy"}).made()
	v.put(a+"/priority", map[string]bool{"priority": true}).want(http.StatusOK)
	if got := v.get("/v1/applications?priority=true&job_id=" + v.id); got.text("items.0.tags.0.label") != "Navy" {
		t.Errorf("list of those flagged %s", got.body)
	}
	reason := commands.FirstReason("Position filled")
	v.post(a+"/disqualify", map[string]string{"kind": "rejected", "reason_id": reason, "note": "Next time"}).want(http.StatusOK)
	if got := v.get("/v1/applications?outcome=rejected&job_id=" + v.id); got.text("items.0.reason.label") != "Position filled" {
		t.Errorf("list of those rejected %s", got.body)
	}
	v.post(a+"/move", map[string]string{"to": v.stages[2]}).problem(http.StatusConflict, "application_closed")
	v.post(a+"/requalify", map[string]string{"reason": "A mistake"}).want(http.StatusOK)
	if got := v.get(a); got.text("outcome") != "in_progress" || got.at("revision") != 13.0 {
		t.Errorf("in the end %s", got.body)
	}
	happened := []string{
		"received", "document_uploaded", "stage_moved", "note_added", "comment_added", "document_requested", "document_uploaded",
		"document_rejected", "document_uploaded", "document_approved", "tag_added", "priority_set", "disqualified", "requalified",
	}
	timeline := v.get(a+"/timeline").list("items", "kind")
	slices.Reverse(timeline)
	if !slices.Equal(timeline, happened) {
		t.Errorf("timeline %v\nwant %v", timeline, happened)
	}
}

// replays holds what reads showed at each step against the replay of that
// moment, named in three ways, on the web and at the terminal.
func replays(t *testing.T, in *installation) {
	v := in.as(t, in.admin).vacancy("Cartographer")
	a := v.apply("Marie", "Tharp")
	id := strings.TrimPrefix(a, "/v1/applications/")
	type moment struct {
		position, at string
		revision     float64
		comments     int
		stage        string
	}
	see := func() moment {
		now := v.get(a)
		return moment{
			position: v.position, at: time.Now().UTC().Format(time.RFC3339Nano), revision: now.at("revision").(float64),
			comments: len(v.get(a+"/comments").list("items", "id")), stage: now.text("stage.id"),
		}
	}
	moments := []moment{see()}
	v.post(a+"/comments", map[string]string{"text": "Rift valley"}).made()
	moments = append(moments, see())
	v.post(a+"/move", map[string]string{"to": v.stages[1]}).want(http.StatusOK)
	moments = append(moments, see())
	v.post(a+"/comments", map[string]string{"text": "Not girl talk"}).made()
	moments = append(moments, see())

	for i, m := range moments {
		revision, _ := json.Marshal(m.revision)
		for _, asOf := range []string{m.position, m.at, string(revision)} {
			got := v.get(a + "/history?as_of=" + url.QueryEscape(asOf))
			if got.at("revision") != m.revision || len(got.list("events", "type")) != i+1 || got.text("profile.stage_id") != m.stage ||
				len(got.list("profile.comments", "text")) != m.comments || got.text("profile.last_name") != "Tharp" {
				t.Errorf("as of %s: %s\nwant %+v", asOf, got.body, m)
			}
			// The same question at the terminal has the same answer.
			printed := hirelog(t, "audit", "replay", "--data", in.dir, "--json", "--at", asOf, id).succeeded(t)
			if !sameJSON(t, []byte(printed), got.body) {
				t.Errorf("as of %s the terminal says %s\nand the API %s", asOf, printed, got.body)
			}
		}
	}
	v.see(a+"/history?as_of=yesterday").problem(http.StatusUnprocessableEntity, "as_of_format")
	v.see(a + "/history?as_of=" + url.QueryEscape("00000000-0000-4000-8000-000000000000.1.1")).want(http.StatusGone)
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatalf("%v: %s", err, a)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	one, _ := json.Marshal(x) // what was decoded can be encoded
	two, _ := json.Marshal(y)
	return string(one) == string(two)
}

// forgets anonymises somebody: nothing of them is left on any way, and they may
// come again as a stranger.
func forgets(t *testing.T, in *installation) {
	admin := in.as(t, in.admin)
	admin.patch("/v1/organization/settings", map[string]any{"self_tracking": true}).want(http.StatusOK)
	v := admin.vacancy("Witness")
	v.apply("Somebody", "Else") // stays
	a := v.apply("Forgotten", "Soulsson")
	id := strings.TrimPrefix(a, "/v1/applications/")
	v.post(a+"/notes", map[string]any{"text": "secret note", "candidate_can_view": true}).made()
	v.post(a+"/comments", map[string]string{"text": "secret comment"}).made()
	v.post(a+"/move", map[string]string{"to": v.stages[1], "comment": "secret remark"}).want(http.StatusOK)
	cv := v.post(a+"/documents", newForm("cv").file("secret name.txt", "secret content")).made()
	asked := v.post(a+"/document-requests", map[string]any{"title": "secret title", "description": "secret description", "category": "certificate"}).made()
	v.post(a+"/documents/"+asked+"/versions", newForm("").file("secret scan.pdf", pdf)).made()
	v.post(a+"/documents/"+asked+"/reject", map[string]any{"version": 1, "reason": "secret reason"}).want(http.StatusOK)
	v.post(a+"/disqualify", map[string]string{"kind": "rejected", "reason_id": commands.FirstReason("Other"), "note": "secret verdict"}).want(http.StatusOK)
	documents := v.get(a + "/documents")
	files := []string{documents.text("items.0.versions.0.files.0.id"), documents.text("items.1.versions.0.files.0.id")}
	file := a + "/documents/" + cv + "/files/" + files[1]
	if got := v.get(file); string(got.body) != "secret content" {
		t.Errorf("the file is %s", got.body)
	}
	ways := []string{a, a + "/timeline", a + "/notes", a + "/comments", a + "/documents", a + "/candidate-view", a + "/history", a + "/history?as_of=5", "/v1/applications?job_id=" + v.id, "/v1/applications?q=soulsson"}
	for _, way := range ways {
		if got := strings.ToLower(string(v.get(way).body)); !strings.Contains(got, "secret") && !strings.Contains(got, "soulsson") {
			t.Errorf("%s shows nothing personal before: %s", way, got)
		}
	}
	if got := stored(t, in, files); got != 2 {
		t.Errorf("%d of 2 files are on disk", got)
	}
	replay := []string{"audit", "replay", "--data", in.dir, "--at", "6", id}
	if got := hirelog(t, replay...).succeeded(t); !strings.Contains(got, "secret remark") || !strings.Contains(got, "Soulsson") {
		t.Errorf("replayed before: %s", got)
	}

	admin.post(a+"/anonymise", nil).want(http.StatusOK)
	v.position = admin.position
	for _, way := range ways {
		if got := v.get(way); got.has("secret") || strings.Contains(strings.ToLower(string(got.body)), "soulsson") || got.has("Forgotten") {
			t.Errorf("%s: %s", way, got.body)
		}
	}
	list := v.get("/v1/applications?job_id=" + v.id + "&sort=received&order=desc")
	if list.text("items.0.id") != id || list.at("items.0.last_name") != nil || list.at("items.0.anonymised") != true || list.at("total") != 2.0 {
		t.Errorf("list %s", list.body)
	}
	if got := v.get("/v1/applications?q=soulsson"); got.at("total") != 0.0 {
		t.Errorf("search finds %s", got.body)
	}
	v.see(file).problem(http.StatusGone, "erased")
	if got := hirelog(t, replay...).succeeded(t); strings.Contains(got, "secret") || strings.Contains(got, "oulsson") || !strings.Contains(got, "erased since: ") {
		t.Errorf("replayed after: %s", got)
	}
	eventually(t, patience, "the sealed files go", func() bool { return stored(t, in, files) == 0 })
	// The address is free: whoever comes with it now is somebody new.
	again := v.apply("Forgotten", "Soulsson")
	if got := v.get(again); got.text("last_name") != "Soulsson" || len(got.list("other_applications", "id")) != 0 {
		t.Errorf("came again as %s", got.body)
	}
}

// stored counts the files with these ids that are on disk.
func stored(t *testing.T, in *installation, ids []string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(filepath.Join(in.dir, "files"), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && slices.ContainsFunc(ids, func(id string) bool { return strings.Contains(d.Name(), id) }) {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
