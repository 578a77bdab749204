package edge

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"

	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/transport/auth"
)

// bodyTime is how long a JSON body may take to arrive.
const bodyTime = 10 * time.Second

// guard is before every handler of a route: who asks, for what, in which media
// types. A request that gets past it has a principal (unless the route is
// public), ids in its path, a query that means one thing, and a JSON body in
// memory if the route takes one.
func (s *Surface) guard(route Route) func(huma.Context, func(huma.Context)) {
	names := parameters(route.Path)
	return func(ctx huma.Context, next func(huma.Context)) {
		x := RequestOf(ctx.Context())
		if err := s.admit(route, names, ctx.Operation().Parameters, x); err != nil {
			s.fail(humaecho.Unwrap(ctx), err)
			return
		}
		next(ctx)
	}
}

func (s *Surface) admit(route Route, names []string, params []*huma.Param, x *Request) error {
	if route.forCandidates() {
		if err := s.admitCandidate(route, x); err != nil {
			return err
		}
	} else if presented := len(x.HTTP.Header["Authorization"]) > 0; !route.Who.public || route.Who.linked && presented {
		p, err := s.auth.Authenticate(x.HTTP.Context(), x.HTTP.Header)
		if err != nil {
			return err
		}
		if p.ReadOnly && route.Method != http.MethodGet {
			return member.ErrReadOnlyToken
		}
		if err := secondFactor(route, p); err != nil {
			return err
		}
		x.Principal = p
	}
	if !route.Plain {
		for _, name := range names {
			if name == route.Number {
				if _, ok := numberOf(x.Param(name)); !ok {
					return ErrNotFound
				}
			} else if !isID(x.Param(name)) {
				return ErrNotFound
			}
		}
	}
	if err := s.keeps(x.HTTP.Context(), route, x); err != nil {
		return err
	}
	if err := checkQuery(x.HTTP.URL.RawQuery, params); err != nil {
		return err
	}
	if !route.Plain && !route.Download && !acceptsJSON(x.HTTP.Header["Accept"]) {
		return errNotAcceptable
	}
	switch route.Body {
	case JSONBody, OptionalJSONBody:
		return x.readJSON()
	case FormBody:
		if typ, _, err := mime.ParseMediaType(x.HTTP.Header.Get("Content-Type")); err != nil || typ != "multipart/form-data" {
			return newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "The body must be multipart/form-data.")
		}
	case MailBody:
		if typ, _, err := mime.ParseMediaType(x.HTTP.Header.Get("Content-Type")); err != nil || typ != "message/rfc822" {
			return newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "The body must be message/rfc822.")
		}
	case NoBody:
	}
	return nil
}

// secondFactor refuses who has still to show, or to enrol, a second factor.
func secondFactor(route Route, p auth.Principal) error {
	switch {
	case route.FirstFactor:
		return nil
	case p.Factor == auth.FactorMissing:
		return member.ErrSecondFactorMissing
	case p.Factor == auth.FactorUnshown, route.Fresh && !p.Fresh:
		return member.ErrSecondFactorNeeded
	}
	return nil
}

// admitCandidate lets in who may use a route of the candidates' side. A browser
// sends the cookie with what it is asked for, whoever asks: what another site asks
// for is refused, and so is a body that a form there could have.
func (s *Surface) admitCandidate(route Route, x *Request) error {
	switch on, err := s.edge.options.SelfTracking(); {
	case err != nil:
		return err
	case !on && !route.Always:
		return ErrNotFound
	}
	if http.NewCrossOriginProtection().Check(x.HTTP) != nil {
		return newProblem(http.StatusForbidden, "cross_site", "The request comes from another site.")
	}
	if typ := x.HTTP.Header.Get("Content-Type"); typ == "" && x.HTTP.ContentLength != 0 && (route.Body == JSONBody || route.Body == OptionalJSONBody) {
		return newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "The body must be application/json in UTF-8, and say so.")
	}
	if route.Who.public {
		return nil
	}
	p, err := s.auth.Candidate(x.HTTP.Context(), x.HTTP.Header)
	if err == nil {
		x.Principal = p
	}
	return err
}

// numberOf reads a number from 1 in a path, written in one way only.
func numberOf(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n > 0 && strconv.Itoa(n) == text
}

// checkQuery refuses a query that is not one, of which others would take what
// they understand, and a parameter that stands twice and is no list.
func checkQuery(raw string, params []*huma.Param) error {
	if raw == "" {
		return nil
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return Malformed("query", "cannot be read: % is followed by two hexadecimal digits, and parameters are separated by &")
	}
	for _, values := range query {
		for _, v := range values {
			if !utf8.ValidString(v) || strings.Contains(v, "\x00") {
				return Malformed("query", "must be UTF-8 without NUL")
			}
		}
	}
	for _, p := range params {
		if p.In == "query" && p.Schema.Type != huma.TypeArray && len(query[p.Name]) > 1 {
			return Invalid("query."+p.Name, "must stand once")
		}
	}
	return nil
}

// readJSON reads the body into memory.
func (x *Request) readJSON() error {
	r := x.HTTP
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil
	}
	if typ := r.Header.Get("Content-Type"); typ != "application/json" && !isJSON(typ) {
		return newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "The body must be application/json in UTF-8.")
	}
	r.Header["Content-Type"] = []string{"application/json"}
	if r.ContentLength > MaxBody {
		return &http.MaxBytesError{Limit: MaxBody}
	}
	// Not every writer has deadlines; the request's own then has to do.
	_ = http.NewResponseController(x.Writer()).SetReadDeadline(time.Now().Add(bodyTime))
	body, err := readAll(r.Body, r.ContentLength)
	var slow net.Error
	switch {
	case errors.As(err, &slow) && slow.Timeout():
		return Slow()
	case err != nil:
		return newProblem(http.StatusBadRequest, "broken_body", "The body did not arrive whole.")
	case len(body) > MaxBody:
		return &http.MaxBytesError{Limit: MaxBody}
	}
	if strict(body) != nil {
		return newProblem(http.StatusUnprocessableEntity, "invalid", "The request does not fit its description.").at("body", "names must be in lower case and stand once in an object, and text must be valid UTF-8")
	}
	x.Raw = body
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// readAll reads at most MaxBody bytes and one more.
func readAll(body io.Reader, length int64) ([]byte, error) {
	if length >= 0 {
		b := make([]byte, length)
		_, err := io.ReadFull(body, b)
		return b, err
	}
	return io.ReadAll(io.LimitReader(body, MaxBody+1))
}

// isJSON reports whether a Content-Type says JSON. None at all is taken for it.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	typ, params, err := mime.ParseMediaType(contentType)
	charset, named := params["charset"]
	return err == nil && typ == "application/json" && (!named || strings.EqualFold(charset, "utf-8"))
}

// acceptsJSON reports whether an Accept header lets us answer in JSON.
func acceptsJSON(accept []string) bool {
	if len(accept) == 0 || len(accept) == 1 && (accept[0] == "" || accept[0] == "*/*" || accept[0] == "application/json") {
		return true
	}
	best, allowed := 0, false // the most specific range decides
	for _, one := range strings.Split(strings.Join(accept, ","), ",") {
		typ, params, err := mime.ParseMediaType(one)
		if err != nil {
			continue
		}
		specific := 0
		switch typ {
		case "*/*":
			specific = 1
		case "application/*":
			specific = 2
		case "application/json":
			specific = 3
		}
		if specific > best {
			q, err := strconv.ParseFloat(params["q"], 64)
			best, allowed = specific, err != nil || q > 0
		}
	}
	return allowed
}
