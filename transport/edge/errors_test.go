package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/auth"
)

func TestProblemOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		status int
		code   string
		fault  bool
	}{
		{application.ErrClosed, 409, "application_closed", false},
		{application.ErrFormat.Because("It is a picture."), 422, "file_format", false},
		{application.ErrUnknown, 404, "unknown_application", false},
		{commands.ErrDenied, 403, "denied", false},
		{&commands.StaleError{Expected: 1, Actual: 3}, 412, "stale_revision", false},
		{&eventlog.ConflictError{Stream: "x"}, 409, "conflict", false},
		{eventlog.ErrTooLarge, 413, "too_large", false},
		{&http.MaxBytesError{}, 413, "too_large", false},
		{eventlog.ErrStreamDeleted, 410, "erased", false},
		{vault.ErrErased, 410, "erased", false},
		{files.ErrNotFound, 410, "erased", false},
		{files.ErrNoSpace, 507, "no_space", false},
		{ops.ErrKeyReused, 422, "key_reused", false},
		{ops.ErrToken, 401, "invalid_token", false},
		{auth.ErrMissing, 401, "unauthenticated", false},
		{ErrNotFound, 404, "not_found", false},
		{errNotAcceptable, 406, "not_acceptable", false},
		{eventlog.ErrUnavailable, 503, "log_unavailable", false},
		{fmt.Errorf("%w: %w", eventlog.ErrUnavailable, context.DeadlineExceeded), 503, "log_unavailable", false},
		{vault.ErrUnavailable, 503, "vault_unavailable", false},
		{ops.ErrUnavailable, 503, "store_unavailable", false},
		{commands.ErrRightsUnknown, 503, "rights_unknown", false},
		{fmt.Errorf("%w: %w", commands.ErrRightsUnknown, context.Canceled), 503, "rights_unknown", false},
		{ErrRightsUnknown, 503, "rights_unknown", false},
		{readmodels.ErrNoGeneration, 503, "not_built", false},
		{&pgconn.ConnectError{}, 503, "read_models_unavailable", false},
		{&pgconn.PgError{Code: "57P01"}, 503, "read_models_unavailable", false}, // shutting down
		{&net.OpError{Op: "write", Err: syscall.EPIPE}, 503, "read_models_unavailable", false},
		{fmt.Errorf("receive message: %w", io.ErrUnexpectedEOF), 503, "read_models_unavailable", false},
		{&pgconn.PgError{Code: "42P01"}, 500, "internal", true}, // no such table
		{fmt.Errorf("%w: %w", files.ErrDamaged, io.ErrUnexpectedEOF), 500, "internal", true},
		{context.DeadlineExceeded, 503, "timeout", false},
		{errors.New("disk on fire"), 500, "internal", true},
		{vault.ErrTampered, 500, "internal", true},
	} {
		p, fault := problemOf(fmt.Errorf("application a1: %w", tt.err))
		if p.Status != tt.status || p.Code != tt.code || fault != tt.fault {
			t.Errorf("problemOf(%v) = %d %s, fault %v, want %d %s, %v", tt.err, p.Status, p.Code, fault, tt.status, tt.code, tt.fault)
		}
		if p.Title == "" || p.Detail == "" || strings.Contains(p.Detail, "fire") {
			t.Errorf("problemOf(%v) says %q, %q", tt.err, p.Title, p.Detail)
		}
		if retry := p.GetHeaders().Get("Retry-After"); (retry != "") != (tt.status == 503) {
			t.Errorf("problemOf(%v): Retry-After %q", tt.err, retry)
		}
	}
}

// What huma says of a request is kept as far as it repeats nothing of it.
func TestFramework(t *testing.T) {
	t.Parallel()
	p := framework(&huma.ErrorModel{Status: 422, Errors: []*huma.ErrorDetail{
		{Location: "body.to", Message: "expected string", Value: "Canary"},
		{Location: "body." + strings.Repeat("ü", 100), Message: "unexpected property", Value: "Canary"},
		{Location: "body", Message: `json: cannot unmarshal "Canary" into Go struct field`},
	}})
	if got, want := p.Errors[0], (Fault{"body.to", "expected string"}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if n := len(p.Errors[1].Location); n > maxLocation+3 {
		t.Errorf("a location of %d bytes", n)
	}
	if got := p.Errors[2].Message; got != "does not fit" {
		t.Errorf("message %q", got)
	}
	many := &huma.ErrorModel{Status: 422}
	for range 1000 {
		many.Errors = append(many.Errors, &huma.ErrorDetail{Location: "body", Message: "unexpected property"})
	}
	if n := len(framework(many).Errors); n != maxFaults {
		t.Errorf("%d faults are named", n)
	}
}

func TestAcceptsJSON(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"application/json": true, "*/*": true, "": true, "application/*;q=0.5": true, "text/html, application/json;q=0.9": true,
		"text/html,*/*;q=0.1": true, "application/json; charset=utf-8": true,
		"text/html": false, "*/*, application/json;q=0": false, "*/*;q=0": false, "nonsense": false,
	} {
		if got := acceptsJSON([]string{header}); got != want {
			t.Errorf("acceptsJSON(%q) = %v", header, got)
		}
	}
	if !acceptsJSON(nil) || !acceptsJSON([]string{"text/html", "application/json"}) {
		t.Error("absent, or in a second header, JSON is not accepted")
	}
}

func TestIsID(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"018f3c5e-7a1b-7c3d-8e4f-0123456789ab":   true,
		"018F3C5E-7A1B-7C3D-8E4F-0123456789AB":   false,
		"{018f3c5e-7a1b-7c3d-8e4f-0123456789ab}": false,
		"018f3c5e7a1b7c3d8e4f0123456789ab":       false,
		"018f3c5e-7a1b-7c3d-8e4f-0123456789a/":   false,
		"":                                       false,
	} {
		if got := isID(s); got != want {
			t.Errorf("isID(%q) = %v", s, got)
		}
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		template, path string
		want           bool
	}{
		{"/v1/jobs", "/v1/jobs", true},
		{"/v1/jobs", "/v1/jobs/", false},
		{"/v1/jobs/{id}", "/v1/jobs/7", true},
		{"/v1/jobs/{id}", "/v1/jobs/", false},
		{"/v1/jobs/{id}/close", "/v1/jobs/7/close", true},
		{"/v1/jobs/{id}/close", "/v1/jobs/7", false},
		{"/v1/jobs/{id}", "/v1/jobs/7/close", false},
	} {
		if got := matches(tt.template, tt.path); got != tt.want {
			t.Errorf("matches(%q, %q) = %v", tt.template, tt.path, got)
		}
	}
}

// The address of a client is that of the connection, unless a named proxy says
// another.
func TestClientAddress(t *testing.T) {
	t.Parallel()
	ask := func(proxies []netip.Prefix, peer, forwarded string) string {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {forwarded}, "X-Real-Ip": {"9.9.9.9"}}}
		return clientAddress(proxies)(r)
	}
	proxies := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for _, tt := range []struct {
		proxies               []netip.Prefix
		peer, forwarded, want string
	}{
		{nil, "127.0.0.1:1", "8.8.8.8", "127.0.0.1"},
		{nil, "10.0.0.1:1", "8.8.8.8", "10.0.0.1"},
		{proxies, "10.0.0.1:1", "8.8.8.8", "10.0.0.1"},
		{proxies, "192.0.2.7:1", "8.8.8.8", "8.8.8.8"},
		{proxies, "192.0.2.7:1", "7.7.7.7, 8.8.8.8, 192.0.2.8", "8.8.8.8"},
		{proxies, "192.0.2.7:1", "10.0.0.1", "10.0.0.1"},
	} {
		if got := ask(tt.proxies, tt.peer, tt.forwarded); got != tt.want {
			t.Errorf("%v, %s, %s: %s, want %s", tt.proxies, tt.peer, tt.forwarded, got, tt.want)
		}
	}
}

func TestARouteSaysWhoMayUseIt(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a route without a right was declared")
		}
	}()
	e := New(Options{})
	e.declare(Route{Method: "GET", Path: "/x", Who: Area(access.Notes, access.View)})
	e.declare(Route{Method: "GET", Path: "/y"})
}
