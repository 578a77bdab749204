package edge

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"

	"github.com/hirelog/hirelog/transport/auth"
)

// Request is what the edge knows of a request while it is served.
type Request struct {
	ID        string // as answered in X-Request-Id and logged
	Principal auth.Principal
	HTTP      *http.Request
	Raw       []byte // the JSON body as it came

	context echo.Context
	proxies []netip.Prefix // that are trusted
	route   string         // template
	started time.Time
	span    trace.Span
	code    string // of the problem it ended with
}

type requestKey struct{}

// RequestOf returns the request that ctx belongs to. It panics outside of one.
func RequestOf(ctx context.Context) *Request {
	r, ok := ctx.Value(requestKey{}).(*Request)
	if !ok {
		panic("edge: not within a request")
	}
	return r
}

// Head reports whether only the header of the answer is wanted.
func (r *Request) Head() bool { return r.HTTP.Context().Value(headKey{}) != nil }

// Param returns a part of the path by its name.
func (r *Request) Param(name string) string { return r.context.Param(name) }

// Number returns the part of the path that the route declares as a number.
func (r *Request) Number(name string) int {
	n, _ := numberOf(r.Param(name)) // the guard has looked at it
	return n
}

// Client is the address of who makes the request; behind a trusted proxy, what
// the proxy says.
func (r *Request) Client() string { return r.context.RealIP() }

// Secure reports whether the client came over TLS; behind a trusted proxy, what
// the proxy says.
func (r *Request) Secure() bool {
	if r.HTTP.TLS != nil {
		return true
	}
	host, _, err := net.SplitHostPort(r.HTTP.RemoteAddr)
	if err != nil || r.HTTP.Header.Get("X-Forwarded-Proto") != "https" {
		return false
	}
	peer, err := netip.ParseAddr(host)
	return err == nil && slices.ContainsFunc(r.proxies, func(p netip.Prefix) bool { return p.Contains(peer.Unmap()) })
}

// Writer is where the answer goes, for handlers that stream and for headers.
func (r *Request) Writer() http.ResponseWriter { return r.context.Response() }

// requestID returns the id of a request: what the client sent, if it is a UUID,
// with or without hyphens, or a new one. It stays in the metadata of events for
// ever, where no text of anybody's may be.
func requestID(h http.Header) string {
	if sent := h.Get("X-Request-Id"); len(sent) == 36 || len(sent) == 32 {
		if _, err := uuid.Parse(sent); err == nil {
			return sent
		}
	}
	id, err := uuid.NewV7()
	if err != nil {
		panic(err) // there is no randomness; nothing here works without it
	}
	return id.String()
}

// isID reports whether s is an id as the program writes them: a UUID in lower
// case. Another spelling names nothing.
func isID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || '9' < c) && (c < 'a' || 'f' < c) {
				return false
			}
		}
	}
	return true
}
