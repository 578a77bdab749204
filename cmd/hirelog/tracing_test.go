package main

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/hirelog/hirelog/internal/faultproxy"
)

// collected is a collector of OpenTelemetry and what was sent to it.
type collected struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*tracepb.Span
	raw   bytes.Buffer
}

func collect(t *testing.T) *collected {
	t.Helper()
	c := &collected{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			var err error
			if body, err = gzip.NewReader(r.Body); err != nil {
				t.Error(err)
				return
			}
		}
		data, err := io.ReadAll(body)
		if err != nil {
			return // the sender was ended
		}
		var sent collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(data, &sent); err != nil {
			t.Errorf("not what OTLP says: %v", err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.raw.Write(data)
		for _, resource := range sent.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				c.spans = append(c.spans, scope.GetSpans()...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// trace returns the spans of the trace that a span of that name belongs to, by
// name, once the trace has all the names.
func (c *collected) trace(t *testing.T, of string, names ...string) map[string]*tracepb.Span {
	t.Helper()
	var found map[string]*tracepb.Span
	eventually(t, patience, "a trace of "+of+" with "+strings.Join(names, ", "), func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, root := range c.spans {
			if root.GetName() != of {
				continue
			}
			found = make(map[string]*tracepb.Span)
			for _, s := range c.spans {
				if bytes.Equal(s.GetTraceId(), root.GetTraceId()) {
					found[s.GetName()] = s
				}
			}
			missing := 0
			for _, name := range names {
				if found[name] == nil {
					missing++
				}
			}
			if missing == 0 {
				return true
			}
		}
		return false
	})
	return found
}

func TestACommandIsFollowedUntilItIsVisible(t *testing.T) {
	c := collect(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
	in := newInstallation(t)
	v := in.as(t, in.admin).vacancy("Navigator")
	a := v.apply("Graceful", "Hopperlike")
	const client = "0af7651916cd43dd8448eb211c80319c"
	v.do(call{method: http.MethodPost, path: a + "/move", body: map[string]string{"to": v.stages[1], "comment": "Graceful indeed"}, header: map[string]string{
		"Traceparent": "00-" + client + "-b7ad6b7169203331-01",
	}}).want(http.StatusOK)
	v.get(a)

	const move = "POST /v1/applications/{id}/move"
	spans := c.trace(t, move, "transact application", "append application", "visible in core")
	for _, below := range [][2]string{{move, "transact application"}, {"transact application", "append application"}, {"append application", "visible in core"}} {
		if parent, child := spans[below[0]], spans[below[1]]; !bytes.Equal(child.GetParentSpanId(), parent.GetSpanId()) {
			t.Errorf("%s is not below %s", below[1], below[0])
		}
	}
	if root := spans[move]; hex.EncodeToString(root.GetTraceId()) == client || len(root.GetLinks()) != 1 || hex.EncodeToString(root.GetLinks()[0].GetTraceId()) != client {
		t.Errorf("the client's trace is to be linked to, and no more: %v", root)
	}
	if shown := spans["visible in core"]; shown.GetEndTimeUnixNano() <= shown.GetStartTimeUnixNano() {
		t.Errorf("it took no time to become visible: %v", shown)
	}
	c.trace(t, "GET /v1/applications/{id}", "wait for position")
	c.trace(t, "project core")
	in.end(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, word := range []string{"Graceful", "Hopperlike"} {
		if bytes.Contains(c.raw.Bytes(), []byte(word)) {
			t.Errorf("spans say %q", word)
		}
	}
}

func TestNothingWaitsForACollectorThatIsAway(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+faultproxy.QuietAddress())
	in := newInstallation(t)
	in.as(t, in.admin).vacancy("Navigator").apply("Grace", "Hopper")
	in.end(t)
}
