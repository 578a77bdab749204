package transport

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

// What was chosen for attributes that are marked for reports outlives the person,
// and nothing that was written; who may not view the area of an attribute does not
// see it, and a deleted application has nothing: S2-94, S2-95, E8, E11.
func TestWhatIsKeptForReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Baker")
	define := func(label, kind string, more map[string]any) string {
		return w.post(w.admin, "/v1/organization/attributes", with(map[string]any{"label": label, "type": kind, "keep_for_reports": true}, more)).made()
	}
	choices := map[string]any{"choices": []map[string]string{{"label": "Day"}, {"label": "Night"}}}
	shift := define("Shift", "choice", choices)
	days := define("Days", "multi_choice", choices)
	permit := define("Needs a permit", "boolean", map[string]any{"area": "sensitive"})
	motto, staff, born := define("Motto", "text", nil), define("Staff number", "number", nil), define("Born", "date", nil)
	other := define("Other", "boolean", map[string]any{"keep_for_reports": false})
	chosen := func(attribute string, n int) string {
		return w.directory.Organization().Attributes[attribute].Choices[n].ID
	}
	app := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + app
	w.patchCandidate(w.admin, a, map[string]any{"more_information": map[string]any{
		shift: chosen(shift, 1), days: []string{chosen(days, 1), chosen(days, 0)}, permit: false, motto: "Amazing Grace", staff: 19061209, born: "1906-12-09", other: true,
	}}).want(http.StatusOK)
	if got := w.get(w.admin, a); len(got.at("kept_for_reports").([]any)) != 0 {
		t.Errorf("before it was anonymised it keeps %s", got.body)
	}
	baker, _ := w.holding(a, "Baker", map[access.Area]string{access.Application: "view", access.Profile: "view", access.History: "view"})
	w.post(v.manager, a+"/disqualify", map[string]any{"kind": "rejected", "reason_id": commands.FirstReason("Position filled")}).want(http.StatusOK)
	w.post(w.admin, a+"/anonymise", nil).want(http.StatusOK)

	got := w.get(w.admin, a).want(http.StatusOK)
	if n := len(got.at("kept_for_reports").([]any)); n != 3 || got.at("candidate") != nil ||
		got.text("kept_for_reports.0.label") != "Shift" || got.text("kept_for_reports.0.value") != chosen(shift, 1) ||
		got.text("kept_for_reports.1.value.0") != chosen(days, 1) || got.text("kept_for_reports.1.value.1") != chosen(days, 0) || got.at("kept_for_reports.2.value") != false {
		t.Errorf("it keeps %s", got.body)
	}
	for _, path := range []string{a, a + "/history", a + "/timeline"} {
		got := w.get(w.admin, path).want(http.StatusOK)
		for _, says := range []string{"Amazing Grace", "19061209", "1906-12-09", "Hopper"} {
			if bytes.Contains(got.body, []byte(says)) {
				t.Errorf("%s says %q: %s", path, says, got.body)
			}
		}
	}
	if got := w.get(baker, a).want(http.StatusOK); len(got.at("kept_for_reports").([]any)) != 2 {
		t.Errorf("without the right to what is sensitive one sees %s", got.body)
	}
	for token, sees := range map[string]bool{w.admin: true, baker: false} {
		if got := w.get(token, a+"/history").want(http.StatusOK); bytes.Contains(got.body, []byte(permit)) != sees {
			t.Errorf("the history says %s", got.body)
		}
	}

	w.delete(w.admin, a).want(http.StatusOK)
	if got := w.get(w.admin, a+"/history").want(http.StatusOK); bytes.Contains(got.body, []byte(shift)) {
		t.Errorf("deleted, its history says %s", got.body)
	}
	var rows int
	if err := w.pool.QueryRow(t.Context(), "SELECT count(*) FROM vault.erasures WHERE kept IS NOT NULL").Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d erasures keep something still, %v", rows, err)
	}
}
