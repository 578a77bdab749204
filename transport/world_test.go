package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/effects"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/internal/history"
	"github.com/hirelog/hirelog/internal/mail"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/internal/signin"
	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/commandapi"
	"github.com/hirelog/hirelog/transport/edge"
	"github.com/hirelog/hirelog/transport/queryapi"
)

// world is a whole installation behind one address: real Postgres and vault, a
// log in memory that can be cut off.
type world struct {
	scanner   *scanner // of malware; none until a test names one
	t         testing.TB
	url       string
	client    *http.Client
	handler   *handler
	pool      *pgxpool.Pool
	log       *cutOff
	logID     uuid.UUID
	directory *commands.Directory
	commands  *commands.Commands
	tokens    *ops.Tokens
	mails     *mail.Captured
	codes     chan mail.Mail // sent to candidates
	waiter    *projections.Waiter
	registry  *prometheus.Registry
	logged    *lockedBuffer
	admin     string // token
}

// cutOff is a log that can be out of reach, and held back from projections.
type cutOff struct {
	eventlog.Memory
	mu     sync.Mutex
	broken error
	before func() // runs once, before the next append
}

func (c *cutOff) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = err
}

func (c *cutOff) Append(ctx context.Context, stream string, expected eventlog.Revision, events []eventlog.NewEvent) (eventlog.Appended, error) {
	c.mu.Lock()
	broken, before := c.broken, c.before
	c.before = nil
	c.mu.Unlock()
	if before != nil {
		before()
	}
	if broken != nil {
		return eventlog.Appended{}, broken
	}
	return c.Memory.Append(ctx, stream, expected, events)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newWorld(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	pool := postgrestest.New(t)
	keys, err := vault.Open(t.Context(), pool, filepath.Join(t.TempDir(), "keyset.json"), vault.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, pool: pool, log: &cutOff{}, registry: prometheus.NewRegistry(), logged: &lockedBuffer{}, scanner: new(scanner)}
	if w.logID, err = eventlog.Identify(t.Context(), w.log, time.Now()); err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewJSONHandler(w.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	store, err := files.New(t.TempDir(), keys)
	if err != nil {
		t.Fatal(err)
	}
	life, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() { end(); running.Wait() })
	w.directory = commands.NewDirectory(w.log, keys.Forget, logger)
	running.Go(func() { _ = w.directory.Run(life) })
	w.tokens, w.mails = ops.NewTokens(pool, nil), mail.NewCaptured(pool, keys, nil)
	prints := ops.NewFingerprints(life, pool, nil, logger)
	running.Go(prints.Wait)
	w.commands = commands.New(commands.Options{
		Log: w.log, Vault: keys, Directory: w.directory, Files: store, Scanner: w.scanner, Tokens: w.tokens, Arrivals: ops.NewArrivals(pool, nil), Mail: w.mails, Logger: logger,
		PageURL: "https://jobs.example.com/me", NoticeWindow: time.Second,
	})
	if err := w.directory.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	core := w.project(life, &running, keys, logger)
	if err := w.waiter.Wait(t.Context(), "core", eventlog.Start); err != nil {
		t.Fatal(err)
	}
	if err := w.commands.Establish(t.Context(), commands.Founding{Name: "Example Company", AdminName: "Ada Admin"}); err != nil {
		t.Fatal(err)
	}
	w.admin = w.tokenOf(commands.FirstAdmin())
	w.codes = make(chan mail.Mail, 100)
	sessions := ops.NewSessions(pool, nil)
	door := signin.New(signin.Options{
		Vault: keys, SignIns: ops.NewSignIns(pool, sessions, keys.Fingerprint, nil), Sessions: sessions, Mail: tellingMail{w.mails, w.codes},
		Company: func() string { return w.directory.Organization().Name }, Logger: logger,
	})
	running.Go(func() { _ = door.Run(life) })
	o := Options{
		Sessions: sessions,
		Commands: &commandapi.Options{Door: door, Commands: w.commands, Fingerprints: prints, Vault: keys, Log: w.logID, Logger: logger, SpoolDir: t.TempDir()},
		Queries:  &queryapi.Options{Core: core, Waiter: w.waiter, Files: store, Vault: keys, Reads: ops.NewReads(pool), Mails: w.mails, Log: w.logID, Ledger: effects.NewLedger(pool), History: &history.Replayer{Log: w.log, Opener: keys, Rights: w.directory}},
		Tokens:   w.tokens, Directory: w.directory, Logger: logger, Metrics: w.registry, Version: "test",
	}
	for _, c := range change {
		c(&o)
	}
	w.handler = compose(o)
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	w.url, w.client = server.URL, server.Client()
	return w
}

// project runs the read models.
func (w *world) project(life context.Context, running *sync.WaitGroup, keys *vault.Vault, logger *slog.Logger) *readmodels.Core {
	w.t.Helper()
	group := projections.Group{Name: "core", Models: projections.Core(keys)}
	if err := projections.Ensure(w.t.Context(), w.pool, group); err != nil {
		w.t.Fatal(err)
	}
	projector, err := projections.NewProjector(w.pool, w.log, group, projections.Options{Logger: logger})
	if err != nil {
		w.t.Fatal(err)
	}
	running.Go(func() { _ = projector.Run(life) })
	generations := readmodels.NewGenerations(w.pool)
	w.waiter = projections.NewWaiter(w.pool, projections.WaiterOptions{Generations: generations, Logger: logger})
	running.Go(func() { w.waiter.Run(life) })
	return readmodels.NewCore(w.pool, keys, generations)
}

// tokenOf returns a new token of a member.
func (w *world) tokenOf(member string) string {
	w.t.Helper()
	by := commands.Caller{Actor: domain.System, CommandID: uuid.New(), Origin: eventlog.Live, CorrelationID: "test"}
	_, secret, err := w.commands.IssueToken(w.t.Context(), by, commands.IssueToken{Member: member, Name: "test"})
	if err != nil {
		w.t.Fatal(err)
	}
	return secret
}

// reply is an answer, read to its end.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// call is a request in the making.
type call struct {
	method, path, token string
	body                any // string and []byte as they are, else JSON
	header              map[string]string
}

func (w *world) do(c call) reply {
	w.t.Helper()
	var body io.Reader
	contentType := ""
	switch b := c.body.(type) {
	case nil:
	case string:
		body, contentType = strings.NewReader(b), "application/json"
	case *form:
		body, contentType = b.done(), b.w.FormDataContentType()
	default:
		data, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		body, contentType = bytes.NewReader(data), "application/json"
	}
	r, err := http.NewRequestWithContext(w.t.Context(), c.method, w.url+c.path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	return w.send(r)
}

func (w *world) send(r *http.Request) reply {
	w.t.Helper()
	answer, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	w.described(r, answer, data)
	return reply{t: w.t, status: answer.StatusCode, header: answer.Header, body: data}
}

// described fails if the OpenAPI document describes the operation that was asked
// for, and not that it may answer with the status, or not so.
func (w *world) described(r *http.Request, answer *http.Response, body []byte) {
	w.t.Helper()
	method := r.Method
	if method == http.MethodHead {
		method, body = http.MethodGet, nil
	}
	doc := w.handler.edge.OpenAPI()
	for name, op := range operations(doc) {
		of, template, _ := strings.Cut(name, " ")
		if of != method || !like(template, r.URL.EscapedPath()) {
			continue
		}
		said := op.Responses[strconv.Itoa(answer.StatusCode)]
		if said == nil {
			w.t.Errorf("%s answered %d, which the document does not say of it", name, answer.StatusCode)
			continue
		}
		if shared, ok := strings.CutPrefix(said.Ref, "#/components/responses/"); ok {
			said = doc.Components.Responses[shared]
		}
		kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
		if media := said.Content[kind]; media != nil && strings.HasSuffix(kind, "json") && len(body) > 0 {
			w.conforms(name+" "+answer.Status, media, body)
		}
	}
}

// conforms fails if an answer is not what the document says of it; a problem, if
// the document has no example of one with that code and status.
func (w *world) conforms(what string, media *huma.MediaType, body []byte) {
	w.t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		w.t.Errorf("%s: %v", what, err)
		return
	}
	var found huma.ValidateResult
	huma.Validate(w.handler.edge.OpenAPI().Components.Schemas, media.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, &found)
	if len(found.Errors) > 0 {
		w.t.Errorf("%s is not as the document says (a list or object that may be null says so: nullable, or a pointer): %v", what, found.Errors)
	}
	var problem edge.Problem
	if json.Unmarshal(body, &problem) == nil && problem.Code != "" && problem.RequestID != "" && media.Examples[problem.Code] == nil {
		w.t.Errorf("%s: the document does not know the code %s", what, problem.Code)
	}
}

// like reports whether path has the form of template.
func like(template, path string) bool {
	is, has := strings.Split(template, "/"), strings.Split(path, "/")
	return slices.EqualFunc(is, has, func(is, has string) bool { return is == has || strings.HasPrefix(is, "{") && has != "" })
}

func (w *world) post(token, path string, body any) reply {
	w.t.Helper()
	return w.do(call{method: http.MethodPost, path: path, token: token, body: body})
}

func (w *world) put(token, path string, body any) reply {
	w.t.Helper()
	return w.do(call{method: http.MethodPut, path: path, token: token, body: body})
}

func (w *world) delete(token, path string) reply {
	w.t.Helper()
	return w.do(call{method: http.MethodDelete, path: path, token: token})
}

// get reads what there is after everything written so far.
func (w *world) get(token, path string) reply {
	w.t.Helper()
	return w.do(call{method: http.MethodGet, path: path, token: token, header: map[string]string{"Hirelog-Position": w.head()}})
}

// head is the position of the last event.
func (w *world) head() string {
	w.t.Helper()
	for e, err := range w.log.ReadAll(w.t.Context(), eventlog.Start, eventlog.Backwards) {
		if err != nil {
			w.t.Fatal(err)
		}
		return eventlog.Token{Log: w.logID, Position: e.Position}.String()
	}
	w.t.Fatal("the log is empty")
	return ""
}

// settle waits until the read models show everything written so far.
func (w *world) settle() {
	w.t.Helper()
	token, err := eventlog.ParseToken(w.head())
	if err == nil {
		err = w.waiter.Wait(w.t.Context(), "core", token.Position)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// events counts what the log holds.
func (w *world) events() int {
	w.t.Helper()
	n := 0
	for _, err := range w.log.ReadAll(w.t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			w.t.Fatal(err)
		}
		n++
	}
	return n
}

// want fails unless the answer has the status.
func (r reply) want(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

// problem fails unless the answer is a whole problem of that kind.
func (r reply) problem(status int, code string) reply {
	r.t.Helper()
	r.want(status)
	var p struct {
		Type, Title, Detail, Code string
		Status                    int
		Errors                    []struct{ Location, Message string }
		RequestID                 string `json:"request_id"`
	}
	if err := json.Unmarshal(r.body, &p); err != nil {
		r.t.Fatalf("problem: %v: %s", err, r.body)
	}
	if p.Code != code || p.Status != status || p.Type != "urn:hirelog:problem:"+code || p.Title == "" || p.Detail == "" || p.Errors == nil {
		r.t.Errorf("problem is %s, want a whole one of code %s", r.body, code)
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		r.t.Errorf("Content-Type = %q", got)
	}
	if p.RequestID == "" || p.RequestID != r.header.Get("X-Request-Id") {
		r.t.Errorf("request_id %q in the body, %q in the header", p.RequestID, r.header.Get("X-Request-Id"))
	}
	return r
}

// json returns the body.
func (r reply) json() map[string]any {
	r.t.Helper()
	var v map[string]any
	if err := json.Unmarshal(r.body, &v); err != nil {
		r.t.Fatalf("body: %v: %s", err, r.body)
	}
	return v
}

// at returns what stands at a path such as "items.0.id".
func (r reply) at(path string) any {
	r.t.Helper()
	var v any = r.json()
	for _, step := range strings.Split(path, ".") {
		switch have := v.(type) {
		case map[string]any:
			v = have[step]
		case []any:
			i := int(step[0] - '0')
			if i >= len(have) {
				r.t.Fatalf("no %s in %s", path, r.body)
			}
			v = have[i]
		default:
			r.t.Fatalf("no %s in %s", path, r.body)
		}
	}
	return v
}

func (r reply) text(path string) string {
	r.t.Helper()
	s, ok := r.at(path).(string)
	if !ok {
		r.t.Fatalf("%s is no text in %s", path, r.body)
	}
	return s
}

// made returns the id of what the command created.
func (r reply) made() string {
	r.t.Helper()
	r.want(http.StatusCreated)
	return r.text("id")
}

// form is a multipart body.
type form struct {
	b bytes.Buffer
	w *multipart.Writer
}

func newForm(category string) *form {
	f := &form{}
	f.w = multipart.NewWriter(&f.b)
	if category != "" {
		_ = f.w.WriteField("category", category)
	}
	return f
}

func (f *form) file(name, content string) *form { return f.as("files", name, content) }

// as is file for a field of another name.
func (f *form) as(field, name, content string) *form {
	p, _ := f.w.CreateFormFile(field, name)
	_, _ = io.WriteString(p, content)
	return f
}

func (f *form) done() io.Reader {
	_ = f.w.Close()
	return bytes.NewReader(f.b.Bytes())
}

// vacancy is a job with a team.
type vacancy struct {
	id      string
	stages  []string
	manager string // token of its recruitment manager
	member  string // their id
}

// vacancy opens a job whose recruitment manager is a new member.
func (w *world) vacancy(title string) vacancy {
	w.t.Helper()
	v := vacancy{member: w.post(w.admin, "/v1/members", map[string]any{"name": "Manager of " + title, "role": "recruiting"}).made()}
	v.manager = w.tokenOf(v.member)
	v.id = w.post(w.admin, "/v1/jobs", map[string]any{
		"title": title, "stages": []map[string]string{{"name": "New"}, {"name": "Interview"}, {"name": "Offer"}},
		"hiring_team": []map[string]any{{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true}},
	}).made()
	for _, s := range w.directory.Job(v.id).Stages {
		v.stages = append(v.stages, s.ID)
	}
	return v
}

// apply enters an application for somebody.
func (w *world) apply(v vacancy, first, last string) string {
	w.t.Helper()
	return w.post(v.manager, "/v1/applications", application(v, first, last)).made()
}

func application(v vacancy, first, last string) map[string]any {
	return map[string]any{"job_id": v.id, "source": "referral", "candidate": map[string]string{
		"first_name": first, "last_name": last, "email": strings.ToLower(first + "." + last + "@mail.example"),
	}}
}

// with adds fields to a body.
func with(body map[string]any, more map[string]any) map[string]any {
	whole := maps.Clone(body)
	maps.Copy(whole, more)
	return whole
}

// role is a recruiting role with these levels alone.
func (w *world) role(name string, areas map[access.Area]string) string {
	w.t.Helper()
	return w.post(w.admin, "/v1/organization/recruiting-roles", map[string]any{"name": name, "areas": areas}).made()
}
