package edge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/postgres"
	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/auth"
)

// The errors that only the edge finds.
var (
	// ErrNotFound: there is nothing at that path.
	ErrNotFound = errors.New("nothing is here")
	// ErrRightsUnknown: the read models are too far behind to say who may do what.
	ErrRightsUnknown = errors.New("rights are not known: the read models are too far behind")

	errMethod        = errors.New("method is not allowed here")
	errNotAcceptable = errors.New("no acceptable form of an answer")
)

// soon is when to try again what was out of reach.
const soon = 2 * time.Second

// problemOf is the only place that turns an error into an answer. fault is true
// when it is ours: the caller logs it, and the client learns nothing but that
// it happened.
func problemOf(err error) (p *Problem, fault bool) {
	var known *Problem
	if errors.As(err, &known) {
		return known, known.Status == http.StatusInternalServerError
	}
	var refusal *domain.Refusal
	if errors.As(err, &refusal) {
		return newProblem(statusOf(refusal.Kind), refusal.Code, refusal.Message), false
	}
	var stale *commands.StaleError
	if errors.As(err, &stale) {
		p := newProblem(http.StatusPreconditionFailed, "stale_revision", fmt.Sprintf("It is at revision %d by now, not %d.", stale.Actual, stale.Expected))
		revision := int64(stale.Actual)
		p.Revision, p.Between = &revision, stale.Between
		return p, false
	}
	if p := refusedProblem(err); p != nil {
		return p, false
	}
	if p := awayProblem(err); p != nil {
		p.retryAfter = soon
		return p, false
	}
	return newProblem(http.StatusInternalServerError, "internal", "Something went wrong on our side."), true
}

// statusOf returns the status of a refusal.
func statusOf(k domain.Kind) int {
	switch k {
	case domain.Illegal:
		return http.StatusConflict
	case domain.Invalid:
		return http.StatusUnprocessableEntity
	case domain.Absent:
		return http.StatusNotFound
	case domain.Denied:
		return http.StatusForbidden
	}
	return http.StatusInternalServerError
}

// refusedProblem returns the problem of a request that cannot be served as it
// is, nil if err says no such thing.
func refusedProblem(err error) *Problem {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, auth.ErrMissing):
		p := newProblem(http.StatusUnauthorized, "unauthenticated", "The request needs a bearer token.")
		p.challenge = `Bearer realm="hirelog"`
		return p
	case errors.Is(err, ops.ErrToken):
		p := newProblem(http.StatusUnauthorized, "invalid_token", "The token is not valid.")
		p.challenge = `Bearer realm="hirelog", error="invalid_token"`
		return p
	case errors.Is(err, auth.ErrNotSignedIn):
		return newProblem(http.StatusUnauthorized, "not_signed_in", "No candidate is signed in, or not any more.")
	case errors.Is(err, ops.ErrKeyReused):
		return newProblem(http.StatusUnprocessableEntity, "key_reused", "The Idempotency-Key was used for another request.").at("header.Idempotency-Key", "was used for another request")
	case errors.Is(err, eventlog.ErrConflict):
		return newProblem(http.StatusConflict, "conflict", "Others keep changing this at the same time. Try again.")
	case errors.Is(err, eventlog.ErrTooLarge), errors.As(err, &tooLarge):
		return newProblem(http.StatusRequestEntityTooLarge, "too_large", "The request is larger than allowed.")
	case errors.Is(err, vault.ErrErased), errors.Is(err, eventlog.ErrStreamDeleted):
		return newProblem(http.StatusGone, "erased", "What this is about was erased.")
	case errors.Is(err, files.ErrNotFound):
		return newProblem(http.StatusGone, "erased", "The file was erased.")
	case errors.Is(err, files.ErrNoSpace):
		return newProblem(http.StatusInsufficientStorage, "no_space", "There is no room left for files.")
	case errors.Is(err, errMethod):
		return newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "The method is not allowed here.")
	case errors.Is(err, ErrNotFound):
		return newProblem(http.StatusNotFound, "not_found", "There is nothing here.")
	case errors.Is(err, errNotAcceptable):
		return newProblem(http.StatusNotAcceptable, "not_acceptable", "Answers are application/json.")
	}
	return nil
}

// awayProblem returns the problem of something that is out of reach for now, nil
// if err says no such thing. The order matters: what is out of reach often
// wraps the deadline that found it so.
func awayProblem(err error) *Problem {
	away := func(code, detail string) *Problem { return newProblem(http.StatusServiceUnavailable, code, detail) }
	var unknown *domain.UnknownEventError
	switch {
	case errors.Is(err, eventlog.ErrUnavailable): // which is also why rights become unknown
		return away("log_unavailable", "The event store is out of reach. Nothing is accepted that is not recorded.")
	case errors.Is(err, commands.ErrRightsUnknown), errors.Is(err, ErrRightsUnknown):
		return away("rights_unknown", "Who may do what is not known for now.")
	case errors.As(err, &unknown):
		return away("newer_log", "The log holds what a newer version of this program has recorded.")
	case errors.Is(err, vault.ErrUnavailable):
		return away("vault_unavailable", "The keys of personal data are out of reach.")
	case errors.Is(err, ops.ErrUnavailable):
		return away("store_unavailable", "The operational store is out of reach.")
	case errors.Is(err, readmodels.ErrNoGeneration):
		return away("not_built", "What is asked for is being built.")
	case postgres.OutOfReach(err) && !errors.Is(err, files.ErrDamaged): // which may wrap an early end
		return away("read_models_unavailable", "The read models are out of reach.")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return away("timeout", "The request took too long.")
	}
	return nil
}

// framework returns the problem of an error that huma found in a request. Its
// own texts stay out where they may repeat what was sent.
func framework(m *huma.ErrorModel) *Problem {
	var p *Problem
	switch m.Status {
	case http.StatusUnsupportedMediaType:
		p = newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "The body must be application/json.")
	case http.StatusRequestEntityTooLarge:
		p = newProblem(http.StatusRequestEntityTooLarge, "too_large", "The request is larger than allowed.")
	case http.StatusRequestTimeout:
		p = newProblem(http.StatusRequestTimeout, "slow_body", "The body took too long to arrive.")
	case http.StatusBadRequest:
		if len(m.Errors) == 0 {
			return newProblem(http.StatusBadRequest, "body_required", "The request needs a body.").at("body", "is required")
		}
		return newProblem(http.StatusBadRequest, "malformed_json", "The body is not JSON.").at("body", "is not JSON")
	case http.StatusUnprocessableEntity:
		p = newProblem(http.StatusUnprocessableEntity, "invalid", "The request does not fit its description.")
	default:
		p = newProblem(m.Status, "internal", "Something went wrong on our side.")
	}
	for _, e := range m.Errors[:min(len(m.Errors), maxFaults)] {
		_ = p.at(cut(e.Location), plain(e.Message))
	}
	return p
}

// The most faults that are named, and bytes of where each is: a body can be all
// faults.
const (
	maxFaults   = 20
	maxLocation = 100
)

func cut(location string) string {
	if len(location) > maxLocation {
		return strings.ToValidUTF8(location[:maxLocation], "") + "…"
	}
	return location
}

// plain returns a message of the validation without what decoders of the
// standard library put in: they quote what was sent.
func plain(message string) string {
	for _, start := range []string{"expected ", "unexpected property", "unknown query parameter", "required ", "invalid "} {
		if strings.HasPrefix(message, start) {
			return message
		}
	}
	return "does not fit"
}
