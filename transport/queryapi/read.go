package queryapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/tracing"
	"github.com/hirelog/hirelog/transport/edge"
)

// Freshness is what every read takes.
type Freshness struct {
	MinPosition string `query:"min_position" maxLength:"100" doc:"Position that the answer must show, from Hirelog-Position of a write; waits up to 5 s for it. A request header Hirelog-Position means the same"`
	Position    string `header:"Hirelog-Position" maxLength:"100" doc:"As min_position"`
	Stale       string `query:"stale" enum:"allow" doc:"Answer with what there is, marked by Hirelog-Stale, when the position is not reached in time"`
	IfNoneMatch string `header:"If-None-Match" maxLength:"1000" doc:"ETag of an answer; the same answer is not sent again (304)"`
}

// asked lets read see what is embedded in an input.
func (f *Freshness) asked() *Freshness { return f }

type reading interface{ asked() *Freshness }

// simple is the input of reads that take nothing else.
type simple struct{ Freshness }

// answer is a representation and what is said about it.
type answer struct {
	Status      int
	ContentType string `header:"Content-Type"`
	ETag        string `header:"ETag" doc:"Hash of the representation"`
	Stale       string `header:"Hirelog-Stale" doc:"true when the answer does not show the position asked for"`
	Body        []byte
}

// read declares a route that answers with a T.
func read[I any, T any, P interface {
	*I
	reading
}](a *API, s *edge.Surface, r edge.Route, query func(ctx context.Context, r *edge.Request, in *I) (T, error)) {
	r.Method, r.Answer = http.MethodGet, reflect.TypeFor[T]()
	edge.Handle(s, r, func(ctx context.Context, in *I) (*answer, error) {
		f := P(in).asked()
		stale, err := a.fresh(ctx, f)
		if err != nil {
			return nil, err
		}
		v, err := query(ctx, edge.RequestOf(ctx), in)
		if err == nil {
			err = a.noteRead(ctx, edge.RequestOf(ctx), r, nil)
		}
		if err != nil {
			return nil, err
		}
		out, err := represent(v, f.IfNoneMatch)
		if err == nil && stale {
			out.Stale = "true"
		}
		return out, err
	})
}

// represent returns the answer that v is, or that it did not change.
func represent(v any, known string) (*answer, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("represent %T: %w", v, err)
	}
	sum := sha256.Sum256(b.Bytes())
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:15]) + `"`
	if among(known, tag) {
		return &answer{Status: http.StatusNotModified, ETag: tag}, nil
	}
	return &answer{Status: http.StatusOK, ContentType: "application/json", ETag: tag, Body: b.Bytes()}, nil
}

// among reports whether an If-None-Match header names tag.
func among(header, tag string) bool {
	if header == "" {
		return false
	}
	for _, one := range strings.Split(header, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == tag || one == "*" {
			return true
		}
	}
	return false
}

// fresh waits until the read models show what the request asks for. stale is
// true when they do not and the request allows that.
// Errors: edge.ErrRightsUnknown; a problem for positions that are malformed, of
// another log, or not reached.
func (a *API) fresh(ctx context.Context, f *Freshness) (stale bool, err error) {
	position, err := a.position(f)
	if err != nil {
		return false, err
	}
	if a.level() && position == eventlog.Start {
		return false, nil
	}
	waiting, cancel := context.WithTimeout(ctx, a.Wait)
	defer cancel()
	if !a.level() && !a.becomesLevel(waiting) {
		return false, edge.ErrRightsUnknown
	}
	waiting, span := tracing.Span(waiting, "wait for position", attribute.String("hirelog.position", position.String()))
	defer span.End()
	switch err := a.Waiter.Wait(waiting, group, position); {
	case err == nil:
		return false, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	case !errors.Is(waiting.Err(), context.DeadlineExceeded):
		return false, err
	case f.Stale == "allow":
		return true, nil
	}
	return false, edge.Behind()
}

// level reports whether the read models are new enough to say who may do what.
func (a *API) level() bool {
	lag, ok := a.Waiter.Lag(group)
	return ok && lag <= maxLag
}

// starting is how long after the start reads wait for the read models to become
// level: what was recorded while nobody projected is being caught up on then.
const starting = 10 * time.Second

// becomesLevel waits for the read models to become level, right after the start.
func (a *API) becomesLevel(ctx context.Context) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for time.Since(a.began) < starting {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
		if a.level() {
			return true
		}
	}
	return false
}

// position returns the later of the positions that a request names.
func (a *API) position(f *Freshness) (eventlog.Position, error) {
	latest := eventlog.Start
	for _, named := range []struct{ text, location string }{{f.MinPosition, "query.min_position"}, {f.Position, "header.Hirelog-Position"}} {
		if named.text == "" {
			continue
		}
		token, err := eventlog.ParseToken(named.text)
		switch {
		case err != nil:
			return latest, edge.Malformed(named.location, "must be a position that a write answered with")
		case token.Log != a.Log:
			return latest, edge.ForeignLog(named.location)
		case token.Position.After(latest):
			latest = token.Position
		}
	}
	return latest, nil
}
