package main

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
)

// client is a member who uses an installation. It reads its own writes. It is
// safe for concurrent use.
type client struct {
	t     *testing.T
	url   string
	reads string // url of the process that answers reads, if that is another
	token string
	http  *http.Client

	mu       sync.Mutex
	position string // of its last write
}

// as returns a client of the installation.
func (in *installation) as(t *testing.T, token string) *client {
	return &client{t: t, url: in.url, token: token, http: &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
}

// reply is an answer, read to its end.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

// call is a request in the making.
type call struct {
	method, path string
	body         any // string as it is, *form, else JSON
	header       map[string]string
}

// try sends a request and returns an error if there was no whole answer.
func (c *client) try(k call) (reply, error) {
	c.t.Helper()
	var body io.Reader
	contentType := ""
	switch b := k.body.(type) {
	case nil:
	case string:
		body, contentType = strings.NewReader(b), "application/json"
	case *form:
		body, contentType = b.done(), b.w.FormDataContentType()
	default:
		data, err := json.Marshal(b)
		if err != nil {
			c.t.Error(err)
		}
		body, contentType = bytes.NewReader(data), "application/json"
	}
	base := c.url
	if k.method == http.MethodGet && c.reads != "" {
		base = c.reads
	}
	r, err := http.NewRequestWithContext(c.t.Context(), k.method, base+k.path, body)
	if err != nil {
		return reply{}, err
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range k.header {
		r.Header.Set(name, value)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return reply{}, err
	}
	if at := answer.Header.Get("Hirelog-Position"); at != "" {
		c.mu.Lock()
		c.position = at
		c.mu.Unlock()
	}
	return reply{t: c.t, status: answer.StatusCode, header: answer.Header, body: data}, nil
}

func (c *client) do(k call) reply {
	c.t.Helper()
	r, err := c.try(k)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

func (c *client) post(path string, body any) reply {
	c.t.Helper()
	return c.do(call{method: http.MethodPost, path: path, body: body})
}

func (c *client) put(path string, body any) reply {
	c.t.Helper()
	return c.do(call{method: http.MethodPut, path: path, body: body})
}

func (c *client) patch(path string, body any) reply {
	c.t.Helper()
	return c.do(call{method: http.MethodPatch, path: path, body: body})
}

// see reads what there is, new or not.
func (c *client) see(path string) reply {
	c.t.Helper()
	return c.do(call{method: http.MethodGet, path: path})
}

// get reads what there is after the client's own writes.
func (c *client) get(path string) reply {
	c.t.Helper()
	c.mu.Lock()
	position := c.position
	c.mu.Unlock()
	if position != "" {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		path += separator + "min_position=" + url.QueryEscape(position)
	}
	for giveUp := time.Now().Add(patience); ; {
		if r := c.see(path); !r.behind() || time.Now().After(giveUp) {
			return r.want(http.StatusOK)
		}
	}
}

// newest is how many notes, and how many comments, a profile shows.
const newest = 20

// said returns the texts of all notes or comments of an application, newest
// first: those the profile shows and, behind its cursor, the others page by page.
// It fails if one is missing or comes twice.
func (c *client) said(application, list string) []string {
	c.t.Helper()
	profile := c.get(application)
	ids, texts, next := profile.list(list, "id"), profile.list(list, "text"), profile.at(list+"_next_cursor")
	total := int(profile.at(list + "_total").(float64))
	if len(ids) != min(total, newest) || (next != nil) != (total > newest) {
		c.t.Fatalf("the profile shows %d of %d %s, cursor %v", len(ids), total, list, next)
	}
	for next != nil && len(ids) < total {
		page := c.get(application + "/" + list + "?limit=200&cursor=" + url.QueryEscape(next.(string)))
		of := page.list("items", "id")
		if page.at("total") != float64(total) || len(of) == 0 {
			c.t.Fatalf("behind %d of %d %s: %s", len(ids), total, list, page.body)
		}
		ids, texts, next = append(ids, of...), append(texts, page.list("items", "text")...), page.at("next_cursor")
	}
	slices.Sort(ids)
	if once := len(slices.Compact(ids)); once != total || len(texts) != total || next != nil {
		c.t.Fatalf("the pages show %d %s, %d of them once; there are %d, cursor %v", len(texts), list, once, total, next)
	}
	return texts
}

// behind reports whether the server waited in vain for the position to be shown,
// and says to ask again.
func (r reply) behind() bool {
	r.t.Helper()
	return r.status == http.StatusServiceUnavailable && r.text("code") == "behind"
}

// want fails unless the answer has the status.
func (r reply) want(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

// problem fails unless the answer is a problem of that kind.
func (r reply) problem(status int, code string) reply {
	r.t.Helper()
	r.want(status)
	if got := r.header.Get("Content-Type"); got != "application/problem+json" || r.text("code") != code {
		r.t.Fatalf("%s %s, want a problem of code %s", got, r.body, code)
	}
	return r
}

// at returns what stands at a path such as "items.0.id".
func (r reply) at(path string) any {
	r.t.Helper()
	var v any
	if err := json.Unmarshal(r.body, &v); err != nil {
		r.t.Fatalf("body: %v: %s", err, r.body)
	}
	for _, step := range strings.Split(path, ".") {
		switch have := v.(type) {
		case map[string]any:
			v = have[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(have) {
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

// list returns the values at a path in each entry of a list.
func (r reply) list(path, each string) []string {
	r.t.Helper()
	entries, ok := r.at(path).([]any)
	if !ok {
		r.t.Fatalf("%s is no list in %s", path, r.body)
	}
	values := make([]string, len(entries))
	for i, e := range entries {
		if entry, ok := e.(map[string]any); ok {
			values[i], _ = entry[each].(string)
		}
	}
	return values
}

// has reports whether the body says something.
func (r reply) has(what string) bool { return bytes.Contains(r.body, []byte(what)) }

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
		_ = f.w.WriteField("category", category) // into memory
	}
	return f
}

func (f *form) file(name, content string) *form {
	p, err := f.w.CreateFormFile("files", name)
	if err == nil {
		_, _ = io.WriteString(p, content) // into memory
	}
	return f
}

func (f *form) done() io.Reader {
	_ = f.w.Close() // into memory
	return bytes.NewReader(f.b.Bytes())
}

// vacancy is a job with a recruiter.
type vacancy struct {
	*client // of the recruiter
	id      string
	stages  []string
	member  string // the recruiter
}

// vacancy opens a job with a recruiter of its own, as an admin.
func (c *client) vacancy(title string) vacancy {
	c.t.Helper()
	member := c.post("/v1/members", map[string]string{"name": "Recruiter of " + title, "role": "recruiting"}).made()
	issued := c.post("/v1/members/"+member+"/tokens", map[string]string{"name": "laptop"})
	issued.made()
	id := c.post("/v1/jobs", map[string]any{
		"title": title, "stages": []map[string]string{{"name": "New"}, {"name": "Interview", "public_name": "In talks"}, {"name": "Offer"}},
		"hiring_team": []map[string]any{{"member_id": member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true}},
	}).made()
	recruiter := &client{t: c.t, url: c.url, reads: c.reads, token: issued.text("secret"), http: c.http, position: c.position}
	return vacancy{client: recruiter, id: id, member: member, stages: c.get("/v1/jobs/"+id).list("stages", "id")}
}

// apply enters an application for somebody and returns its path.
func (v vacancy) apply(first, last string) string {
	v.t.Helper()
	return "/v1/applications/" + v.post("/v1/applications", v.application(first, last)).made()
}

// application is the body that enters an application.
func (v vacancy) application(first, last string) map[string]any {
	return map[string]any{"job_id": v.id, "source": "referral", "candidate": map[string]string{
		"first_name": first, "last_name": last, "email": strings.ToLower(first + "." + last + "@example.org"),
	}}
}
