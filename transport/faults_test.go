package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/internal/eventlog"
)

func TestOutOfReachIsSaidSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	late := errors.Join(eventlog.ErrUnavailable, context.DeadlineExceeded)
	lost := errors.Join(commands.ErrRightsUnknown, eventlog.ErrUnavailable)
	for err, want := range map[error]struct {
		status int
		code   string
	}{
		eventlog.ErrUnavailable:              {503, "log_unavailable"},
		late:                                 {503, "log_unavailable"},
		lost:                                 {503, "log_unavailable"},
		commands.ErrRightsUnknown:            {503, "rights_unknown"},
		context.DeadlineExceeded:             {503, "timeout"},
		&domain.UnknownEventError{Name: "x"}: {503, "newer_log"},
		&eventlog.ConflictError{Stream: "x"}: {409, "conflict"},
		eventlog.ErrTooLarge:                 {413, "too_large"},
		errors.New("disk on fire"):           {500, "internal"},
	} {
		w.log.fail(err)
		got := w.post(v.manager, a+"/move", map[string]string{"to": v.stages[1]}).problem(want.status, want.code)
		if want.status == 503 && got.header.Get("Retry-After") == "" {
			t.Errorf("%v: no Retry-After", err)
		}
		if strings.Contains(string(got.body), "fire") {
			t.Errorf("the answer tells of the inside: %s", got.body)
		}
	}
	w.log.fail(nil)
	if n := strings.Count(w.logged.String(), "disk on fire"); n != 1 {
		t.Errorf("the fault was logged %d times", n)
	}
	w.post(v.manager, a+"/move", map[string]string{"to": v.stages[1]}).want(http.StatusOK)
}

func TestReadinessSaysWhatFails(t *testing.T) {
	t.Parallel()
	var broken error
	w := newWorld(t, func(o *Options) {
		o.Checks = []Check{{Name: "postgres", Run: func(context.Context) error { return broken }}}
	})
	w.do(call{method: "GET", path: "/livez"}).want(http.StatusOK)
	w.do(call{method: "GET", path: "/readyz"}).want(http.StatusOK)
	broken = errors.New("password of postgres is hunter2")
	got := w.do(call{method: "GET", path: "/readyz"}).want(http.StatusServiceUnavailable)
	if got.text("checks.0.name") != "postgres" || got.at("checks.0.ok") != false || strings.Contains(string(got.body), "hunter2") {
		t.Errorf("readyz %s", got.body)
	}
}

// A handler that panics answers with a problem; what it panicked with stays in.
func TestPanics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Checks = []Check{{Name: "x", Run: func(context.Context) error { panic("Canary Wharf") }}}
	})
	w.do(call{method: "GET", path: "/readyz"}).problem(http.StatusInternalServerError, "internal")
	if logged := w.logged.String(); !strings.Contains(logged, `"msg":"panic"`) || strings.Contains(logged, "Canary") {
		t.Errorf("logged %s", logged)
	}
	w.do(call{method: "GET", path: "/livez"}).want(http.StatusOK)
}

// A request has the id that the client gives it if that is a UUID. Any other text
// may be personal, and would stay in the log for ever.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	for sent, kept := range map[string]bool{
		"018f3c5e-7a1b-7c3d-8e4f-0123456789ab": true, "018F3C5E-7A1B-7C3D-8E4F-0123456789AB": true, "018f3c5e7a1b7c3d8e4f0123456789ab": true,
		"grace.hopper": false, "{018f3c5e-7a1b-7c3d-8e4f-0123456789ab}": false, "x018f3c5e-7a1b-7c3d-8e4f-0123456789abx": false,
		strings.Repeat("x", 32): false, strings.Repeat("x", 36): false, "has space": false, "": false,
	} {
		c := call{method: "POST", path: a + "/comments", token: v.manager, body: map[string]string{"text": "x"}, header: map[string]string{"X-Request-Id": sent}}
		got := w.do(c).want(http.StatusCreated).header.Get("X-Request-Id")
		if uuid.Validate(got) != nil || (got == sent) != kept {
			t.Errorf("sent %q, answered %q", sent, got)
		}
		events, _ := w.get(v.manager, a+"/history").want(http.StatusOK).at("events").([]any)
		if last := events[len(events)-1].(map[string]any); last["correlation_id"] != got {
			t.Errorf("sent %q, answered %q, recorded %v", sent, got, last["correlation_id"])
		}
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/v1/me", "/v1/nothing", "/livez", "/docs"} {
		h := w.get(w.admin, path).header
		for _, name := range []string{"X-Content-Type-Options", "Referrer-Policy", "Content-Security-Policy", "Cache-Control", "Cross-Origin-Resource-Policy"} {
			if h.Get(name) == "" {
				t.Errorf("%s: no %s", path, name)
			}
		}
		if h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is open to other origins", path)
		}
	}
}

// Nothing that anybody entered is in logs, metrics or the audit metadata.
func TestNothingPersonalIsLoggedOrCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	const canary = "Xylocanary"
	a := "/v1/applications/" + w.apply(v, canary, canary)
	w.do(call{method: "POST", path: a + "/comments", token: v.manager, body: map[string]string{"text": canary}, header: map[string]string{"X-Request-Id": canary}}).made()
	w.post(v.manager, a+"/notes", map[string]string{"text": canary}).made()
	w.post(v.manager, a+"/documents", newForm("cv").file(canary+".txt", canary)).made()
	w.post(v.manager, a+"/move", map[string]string{"to": v.stages[1], "comment": canary}).want(http.StatusOK)
	w.get(v.manager, "/v1/applications?q="+canary).want(http.StatusOK)
	w.get(v.manager, "/v1/applications?cursor="+canary).want(http.StatusUnprocessableEntity)
	w.post(v.manager, "/v1/"+canary, map[string]string{canary: canary}).want(http.StatusNotFound)
	w.post(v.manager, a+"/comments", map[string]string{canary: canary}).want(http.StatusUnprocessableEntity)
	w.log.fail(errors.New("broken"))
	w.post(v.manager, a+"/comments", map[string]string{"text": canary}).problem(http.StatusInternalServerError, "internal")
	w.log.fail(nil)
	w.do(call{method: canary, path: "/v1/jobs"}).want(http.StatusMethodNotAllowed)
	metrics := string(w.do(call{method: "GET", path: "/metrics"}).want(http.StatusOK).body)
	if !strings.Contains(metrics, `hirelog_http_requests_total{method="POST",route="/v1/applications/{id}/move",status="200",surface="commands"} 1`) {
		t.Errorf("the move is not counted:\n%s", metrics)
	}
	logged := w.logged.String()
	if !strings.Contains(logged, `"route":"/v1/applications/{id}/comments"`) || !strings.Contains(logged, `"member":"`+v.member+`"`) {
		t.Errorf("requests are not logged:\n%s", logged)
	}
	secret := strings.SplitN(v.manager, "_", 3)[2]
	for what, text := range map[string]string{"log": logged, "metrics": metrics} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(canary)) || strings.Contains(text, secret) {
			t.Errorf("the canary or a token is in the %s", what)
		}
	}
	for e, err := range w.log.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ToLower(string(e.Data)+string(e.Metadata)+e.Stream), strings.ToLower(canary)) {
			t.Errorf("%s holds the canary in the clear", e.Stream)
		}
	}
}

// A body that never ends is given up, and so is the connection.
func TestABodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	before := w.events()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = io.WriteString(conn, "POST "+a+"/comments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+v.manager+"\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"text\":")
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400") || !strings.Contains(string(answer), "broken_body") {
		t.Errorf("answer %s, %v", answer, err)
	}
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
}

func TestARequestIsBoundInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Timeout = 50 * time.Millisecond
		o.Checks = []Check{{Name: "slow", Run: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}}
	})
	w.do(call{method: "GET", path: "/readyz"}).want(http.StatusServiceUnavailable)
}

// An upload that goes on for ever is given up in time.
func TestAnUploadIsBoundInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.TransferTimeout = time.Second / 2 })
	v := w.vacancy("Engineer")
	docs := "/v1/applications/" + w.apply(v, "Grace", "Hopper") + "/documents"
	body, never := io.Pipe()
	defer never.Close()
	f := newForm("cv").file("cv.txt", "x")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+docs, io.MultiReader(&f.b, body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+v.manager)
	r.Header.Set("Content-Type", f.w.FormDataContentType())
	w.send(r).problem(http.StatusRequestTimeout, "slow_body")
}

// Only so many uploads arrive at once; others are told to come again.
func TestUploadsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Commands.MaxUploads = 1 })
	v := w.vacancy("Engineer")
	docs := "/v1/applications/" + w.apply(v, "Grace", "Hopper") + "/documents"
	begun := newForm("cv").file("cv.txt", "half of it")
	body, rest := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+docs, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+v.manager)
	r.Header.Set("Content-Type", begun.w.FormDataContentType())
	first := make(chan int)
	go func() {
		answer, err := w.client.Do(r)
		if err != nil {
			first <- 0
			return
		}
		_ = answer.Body.Close()
		first <- answer.StatusCode
	}()
	if _, err := rest.Write(begun.b.Bytes()); err != nil { // the client has begun to send
		t.Fatal(err)
	}
	for w.post(v.manager, docs, newForm("")).status == http.StatusUnprocessableEntity {
		// The first is not being read yet: this one, which says nothing, was.
	}
	got := w.post(v.manager, docs, newForm("cv").file("cv.txt", "x")).problem(http.StatusServiceUnavailable, "busy")
	if got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	_ = begun.w.Close()
	end := begun.b.Bytes()[begun.b.Len()-len("\r\n--"+begun.w.Boundary()+"--\r\n"):]
	if _, err := rest.Write(end); err != nil {
		t.Fatal(err)
	}
	_ = rest.Close()
	if status := <-first; status != http.StatusCreated {
		t.Errorf("the first upload: %d", status)
	}
	w.post(v.manager, docs, newForm("cv").file("cv.txt", "x")).made()
}

// A body that does not say how long it is, is bounded all the same.
func TestBodiesOfUnknownLength(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	path := w.url + "/v1/applications/" + w.apply(v, "Grace", "Hopper") + "/move"
	for body, want := range map[string]int{
		`{"to":"` + v.stages[1] + `"}`:                http.StatusOK,
		`{"to":"` + strings.Repeat("x", 1<<20) + `"}`: http.StatusRequestEntityTooLarge,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, io.MultiReader(strings.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+v.manager)
		r.Header.Set("Content-Type", "application/json")
		answer, err := w.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%d bytes: %d, want %d", len(body), answer.StatusCode, want)
		}
	}
}
