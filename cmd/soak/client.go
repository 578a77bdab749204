package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"
)

// bound is how long one call may take: more than any time the server gives a
// request, those of documents excepted.
const bound = time.Minute

// answer is an answer, read to its end.
type answer struct {
	status   int
	position string // Hirelog-Position
	body     []byte
}

func (a answer) accepted() bool { return a.status < 300 }

// made returns what an accepted command says of what it did.
func (a answer) made() (m struct {
	ID       string `json:"id"`
	Revision int64  `json:"revision"`
	Position string `json:"position"`
}, err error,
) {
	if err := json.Unmarshal(a.body, &m); err != nil {
		return m, fmt.Errorf("answer %d %s: %w", a.status, a.body, err)
	}
	return m, nil
}

// call is a request in the making.
type call struct {
	method, path string
	key          string // of idempotency, for commands
	contentType  string
	body         []byte
}

func jsonCall(method, path string, body any) call {
	data, err := json.Marshal(body)
	if err != nil {
		panic(err) // of values made here
	}
	return call{method: method, path: path, contentType: "application/json", body: data}
}

// document is the upload of one small file.
func document(path, name, content string) call {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.WriteField("category", "cv") // into memory, as all that follows
	if part, err := w.CreateFormFile("files", name); err == nil {
		_, _ = io.WriteString(part, content)
	}
	_ = w.Close()
	return call{method: http.MethodPost, path: path, contentType: w.FormDataContentType(), body: b.Bytes()}
}

// errStuck means that a call was not answered within its bound.
var errStuck = errors.New("a call is stuck")

// send sends a request to a process.
func (l *load) send(ctx context.Context, to *process, token string, c call) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, c.method, to.at()+c.path, bytes.NewReader(c.body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if c.body != nil {
		r.Header.Set("Content-Type", c.contentType)
	}
	if c.key != "" {
		r.Header.Set("Idempotency-Key", c.key)
	}
	got, err := l.http.Do(r)
	if err == nil {
		var body []byte
		body, err = io.ReadAll(got.Body)
		if err = errors.Join(err, got.Body.Close()); err == nil {
			return answer{status: got.StatusCode, position: got.Header.Get("Hirelog-Position"), body: body}, nil
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		l.in.report.count("calls stuck", 1)
		return answer{}, fmt.Errorf("%w: %s %s on %s", errStuck, c.method, c.path, to.name)
	}
	return answer{}, err
}

// behind adds to a path that the answer must show a position.
func behind(path, position string) string {
	if position == "" {
		return path
	}
	return path + "?min_position=" + url.QueryEscape(position)
}
