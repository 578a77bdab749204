package edge

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/hirelog/hirelog/commands"
)

// Problem is the only form in which an error leaves the program: RFC 9457, as
// application/problem+json.
type Problem struct {
	Type      string              `json:"type" doc:"URN of the kind of problem: urn:hirelog:problem: and the code"`
	Title     string              `json:"title" doc:"The kind of problem, for people"`
	Status    int                 `json:"status" doc:"HTTP status"`
	Detail    string              `json:"detail" doc:"What happened here, for people"`
	Code      string              `json:"code" doc:"The kind of problem, for programs; it never changes its meaning"`
	Errors    []Fault             `json:"errors" doc:"What is wrong with the request, place by place"`
	RequestID string              `json:"request_id" doc:"Id of the request, as in the log"`
	Revision  *int64              `json:"revision,omitempty" doc:"With stale_revision: the revision there is"`
	Between   []commands.Happened `json:"between,omitempty" doc:"With stale_revision: what happened after the revision that was named, oldest first, at most 50"`

	retryAfter time.Duration
	challenge  string // WWW-Authenticate
	allow      string
}

// Fault is one thing that is wrong with a request. It never repeats what was
// sent: that may be personal.
type Fault struct {
	Location string `json:"location" doc:"Where, such as body.title or query.limit"`
	Message  string `json:"message" doc:"What is wrong"`
}

// newProblem returns a problem of a kind.
func newProblem(status int, code, detail string) *Problem {
	return &Problem{
		Type: "urn:hirelog:problem:" + code, Title: http.StatusText(status), Status: status,
		Detail: detail, Code: code, Errors: []Fault{},
	}
}

// at returns p with one fault.
func (p *Problem) at(location, message string) *Problem {
	p.Errors = append(p.Errors, Fault{Location: location, Message: message})
	return p
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((p.retryAfter+time.Second-1)/time.Second)))
	}
	if p.challenge != "" {
		h.Set("WWW-Authenticate", p.challenge)
	}
	if p.allow != "" {
		h.Set("Allow", p.allow)
	}
	return h
}

// write answers with p where no handler does.
func (p *Problem) write(w http.ResponseWriter) {
	h := w.Header()
	for name, values := range p.GetHeaders() {
		h[name] = values
	}
	h.Set("Content-Type", problemType)
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(body, '\n')) // a client that is gone hears nothing
}

// Malformed returns the problem of a request with a part that cannot be read.
func Malformed(location, message string) error {
	return newProblem(http.StatusBadRequest, "malformed", "The request is malformed.").at(location, message)
}

// Busy returns the problem of a request that must wait for others.
func Busy(detail string) error {
	p := newProblem(http.StatusServiceUnavailable, "busy", detail)
	p.retryAfter = soon
	return p
}

// TooMany returns the problem of a request that comes after too many others; it
// may be made again after a while.
func TooMany(after time.Duration) error {
	p := newProblem(http.StatusTooManyRequests, "too_many_requests", "Too many requests came before this one; try again later.")
	p.retryAfter = max(after, time.Second)
	return p
}

// Invalid returns the problem of a request with a part that makes no sense.
func Invalid(location, message string) error {
	return newProblem(http.StatusUnprocessableEntity, "invalid", "The request does not fit its description.").at(location, message)
}

// Slow returns the problem of a body that took too long.
func Slow() error {
	return newProblem(http.StatusRequestTimeout, "slow_body", "The body took too long to arrive.")
}

// Behind returns the problem of a read whose position was not reached in time.
func Behind() error {
	p := newProblem(http.StatusServiceUnavailable, "behind", "The read models do not show the position yet.")
	p.retryAfter = time.Second
	return p
}

// ForeignLog returns the problem of a position that is of another log.
func ForeignLog(location string) error {
	return newProblem(http.StatusGone, "foreign_position", "The position is of another log than this one.").at(location, "is of another log")
}
