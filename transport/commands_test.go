package transport

import (
	"net/http"
	"testing"
)

func TestCommandsAreRecordedAndRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := w.apply(v, "Grace", "Hopper")
	moved := w.post(v.manager, "/v1/applications/"+a+"/move", map[string]string{"to": v.stages[1], "comment": "Convincing"}).want(http.StatusOK)
	if moved.header.Get("Hirelog-Position") != moved.text("position") || moved.at("revision") != 1.0 {
		t.Errorf("answer %s, header %v", moved.body, moved.header)
	}
	got := w.do(call{method: http.MethodGet, path: "/v1/applications/" + a + "?min_position=" + moved.text("position"), token: v.manager}).want(http.StatusOK)
	if got.text("stage.id") != v.stages[1] || got.text("first_name") != "Grace" || got.at("revision") != 1.0 {
		t.Errorf("profile %s", got.body)
	}
}
