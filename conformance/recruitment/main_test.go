package recruitment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/conformance/client"
)

// patience is how long the server may take to start, to end, or to do what
// follows from a command.
const patience = time.Minute

// hirelog is the program under test; TestMain builds it.
var hirelog string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "recruitment")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	hirelog = filepath.Join(dir, "hirelog")
	build := exec.Command("go", "build", "-o", hirelog, "./cmd/hirelog")
	build.Dir, build.Stdout, build.Stderr = filepath.Join("..", ".."), os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build hirelog:", err)
		return 1
	}
	return m.Run()
}

// company is a running server with an organisation in which nothing happened yet.
type company struct {
	t     *testing.T
	url   string
	admin string // token of the first admin

	mu       sync.Mutex
	position string // of the last write of anybody
}

// found starts a server in an empty folder. It ends with the test.
func found(t *testing.T) *company {
	t.Helper()
	dir := t.TempDir()
	ready := filepath.Join(dir, "ready")
	var says bytes.Buffer
	serve := exec.Command(hirelog, "serve", "--data", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0", "--ready-file", ready, "--no-demo", "--show-codes")
	serve.Stdout, serve.Stderr = &says, &says
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serve.Wait() }()
	t.Cleanup(func() {
		_ = serve.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(patience):
			_ = serve.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("the server said: %s", says.String())
		}
	})
	c := &company{t: t}
	c.eventually("the server starts", func() bool {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the server ended: %v", err)
		default:
		}
		data, err := os.ReadFile(ready)
		var is struct {
			URL   string `json:"url"`
			Admin string `json:"admin_token"`
		}
		if err != nil || json.Unmarshal(data, &is) != nil {
			return false
		}
		c.url, c.admin = is.URL, is.Admin
		return true
	})
	return c
}

// eventually waits until something holds.
func (c *company) eventually(what string, holds func() bool) {
	c.t.Helper()
	for until := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			c.t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// person is somebody who uses the API by the generated client. Everybody sees
// what anybody was answered before.
type person struct {
	*client.ClientWithResponses
	company *company
	token   string // of a member
	http    http.Client
}

// member returns the person who acts by a token; without one, somebody from
// outside, whose cookies are kept.
func (c *company) member(token string) *person {
	c.t.Helper()
	p := &person{company: c, token: token, http: http.Client{Timeout: patience}}
	var err error
	if p.http.Jar, err = cookiejar.New(nil); err != nil {
		c.t.Fatal(err)
	}
	if p.ClientWithResponses, err = client.NewClientWithResponses(c.url, client.WithHTTPClient(p)); err != nil {
		c.t.Fatal(err)
	}
	return p
}

// Do sends a request as the person. It implements client.HttpRequestDoer.
func (p *person) Do(r *http.Request) (*http.Response, error) {
	c := p.company
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	c.mu.Lock()
	position := c.position
	c.mu.Unlock()
	if r.Method == http.MethodGet && position != "" {
		query := r.URL.Query()
		query.Set("min_position", position)
		r.URL.RawQuery = query.Encode()
	}
	answer, err := p.http.Do(r)
	if err != nil {
		return nil, err
	}
	if at := answer.Header.Get("Hirelog-Position"); at != "" && r.Method != http.MethodGet {
		c.mu.Lock()
		c.position = at
		c.mu.Unlock()
	}
	return answer, nil
}

// reply is what all answers of the generated client are.
type reply interface {
	StatusCode() int
	GetBody() []byte
}

// done returns an answer that must be a success.
func done[R reply](answer R, err error) R {
	if err != nil {
		panic(err)
	}
	if answer.StatusCode() >= 300 {
		panic(fmt.Sprintf("%d: %s", answer.StatusCode(), answer.GetBody()))
	}
	return answer
}

// made returns the id of what a command made.
func made[R interface {
	reply
	GetJSON201() *client.Created
}](answer R, err error) uuid.UUID {
	return done(answer, err).GetJSON201().Id
}

// read returns the representation of what was read.
func read[T any, R interface {
	reply
	GetJSON200() *T
}](answer R, err error) *T {
	return done(answer, err).GetJSON200()
}

// refused fails unless the answer is a problem with the code.
func refused[R reply](t *testing.T, code string) func(R, error) {
	return func(answer R, err error) {
		t.Helper()
		var problem client.Problem
		if err != nil {
			t.Errorf("want %s, got %v", code, err)
		} else if json.Unmarshal(answer.GetBody(), &problem) != nil || problem.Code != code {
			t.Errorf("want %s, got %d: %s", code, answer.StatusCode(), answer.GetBody())
		}
	}
}

// multipartForm returns a body of fields, and of files by field:name.
func multipartForm(fields map[string]string, files map[string]string) (contentType string, body io.Reader) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			panic(err)
		}
	}
	for name, content := range files {
		field, file, _ := strings.Cut(name, ":")
		part, err := w.CreateFormFile(field, file)
		if err != nil {
			panic(err)
		}
		if _, err := io.WriteString(part, content); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return w.FormDataContentType(), &b
}

// is returns a pointer to what an optional field is.
func is[T any](v T) *T { return &v }
