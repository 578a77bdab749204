package eventnode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("EVENTNODE_TEST_OPEN"); dir != "" {
		openAndReport(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// server is a node under test, served over a Unix socket.
type server struct {
	*Node
	o      Options
	socket string
	served chan error
}

// start opens a node and serves it. When the test is over it is closed, and
// what it wrote is checked.
func start(t testing.TB, o Options) *server {
	t.Helper()
	s := startUnchecked(t, o)
	t.Cleanup(func() {
		s.stop(t)
		mustCheck(t, s.o)
	})
	return s
}

func startUnchecked(t testing.TB, o Options) *server {
	t.Helper()
	if o.FS == nil {
		o.FS = vfs.NewCrashableMem()
	}
	if o.Dir == "" {
		o.Dir = "/node"
	}
	n, err := Open(o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	// t.TempDir has the test's name in it, which is too long for a socket's.
	dir, err := os.MkdirTemp("", "node")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &server{Node: n, o: o, socket: filepath.Join(dir, "s"), served: make(chan error, 1)}
	ln, err := net.Listen("unix", s.socket)
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	go func() { s.served <- n.Serve(ln) }()
	t.Cleanup(func() { _ = n.Close() })
	return s
}

func (s *server) stop(t testing.TB) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-s.served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	s.served <- nil // for those who stop twice
}

// reopen closes the node, checks it, and opens it again.
func (s *server) reopen(t *testing.T) *server {
	t.Helper()
	s.stop(t)
	mustCheck(t, s.o)
	return start(t, s.o)
}

func mustCheck(t testing.TB, o Options) Report {
	t.Helper()
	r, err := Check(o)
	if err != nil {
		t.Errorf("Check: %v", err)
	} else if len(r.Problems) > 0 {
		t.Errorf("Check found:\n%s", r)
	}
	return r
}

// client connects the official client to s.
func (s *server) client(t testing.TB) *esdb.Client {
	t.Helper()
	cfg, err := esdb.ParseConnectionString("esdb://node:2113?tls=false")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Address = "unix:" + s.socket
	cfg.Logger = esdb.NoopLogging()
	c, err := esdb.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// raw connects the generated stubs to s.
func (s *server) raw(t *testing.T) (pb.StreamsClient, *grpc.ClientConn) {
	t.Helper()
	conn, err := grpc.NewClient("unix:"+s.socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return pb.NewStreamsClient(conn), conn
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// some returns n events whose data are "name-0", "name-1", …
func some(name string, n int) []esdb.EventData {
	events := make([]esdb.EventData, n)
	for i := range events {
		events[i] = esdb.EventData{
			EventID: uuid.New(), EventType: "test." + name, ContentType: esdb.ContentTypeJson,
			Data: fmt.Appendf(nil, `"%s-%d"`, name, i),
		}
	}
	return events
}

func mustAppend(t *testing.T, c *esdb.Client, stream string, expected esdb.ExpectedRevision, events ...esdb.EventData) *esdb.WriteResult {
	t.Helper()
	r, err := c.AppendToStream(testContext(t), stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, events...)
	if err != nil {
		t.Fatalf("append to %s: %v", stream, err)
	}
	return r
}

// readAll reads $all and returns "stream/revision/type/data" of each event.
func readAll(t *testing.T, c *esdb.Client, o esdb.ReadAllOptions) []string {
	t.Helper()
	r, err := c.ReadAll(testContext(t), o, 1<<20)
	if err != nil {
		t.Fatalf("read $all: %v", err)
	}
	lines, err := drain(r)
	if err != nil {
		t.Fatalf("read $all: %v", err)
	}
	return lines
}

func readStream(t *testing.T, c *esdb.Client, name string, o esdb.ReadStreamOptions) ([]string, error) {
	t.Helper()
	r, err := c.ReadStream(testContext(t), name, o, 1<<20)
	if err != nil {
		return nil, err
	}
	return drain(r)
}

func drain(r *esdb.ReadStream) ([]string, error) {
	defer r.Close()
	var lines []string
	for {
		e, err := r.Recv()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		lines = append(lines, line(e.OriginalEvent()))
	}
}

func line(e *esdb.RecordedEvent) string {
	return fmt.Sprintf("%s/%d/%s/%s", e.StreamID, int64(e.EventNumber), e.EventType, e.Data)
}

func equalLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("%s:\ngot\n%s\nwant\n%s", what, g, w)
	}
}

func code(t *testing.T, err error) esdb.ErrorCode {
	t.Helper()
	if err == nil {
		t.Fatal("got no error")
	}
	var e *esdb.Error
	if !errors.As(err, &e) {
		t.Fatalf("not an *esdb.Error: %v", err)
	}
	return e.Code()
}
