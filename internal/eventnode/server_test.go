package eventnode

import (
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"
	"golang.org/x/net/http2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// TestPingingDoesNotCostTheConnection pings over HTTP/2 itself, more often than
// a gRPC client can be made to, on a connection without any call. By default a
// server bears two such pings.
func TestPingingDoesNotCostTheConnection(t *testing.T) {
	s := start(t, Options{})
	conn, err := net.Dial("unix", s.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte(http2.ClientPreface)); err != nil {
		t.Fatal(err)
	}
	framer := http2.NewFramer(conn, conn)
	if err := framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	for i := range byte(6) {
		// Not a ticker: two pings that follow one that was late would come too soon.
		time.Sleep(150 * time.Millisecond)
		if err := framer.WritePing(false, [8]byte{i}); err != nil {
			t.Fatalf("ping %d: %v", i, err)
		}
		for acknowledged := false; !acknowledged; {
			frame, err := framer.ReadFrame()
			if err != nil {
				t.Fatalf("after ping %d: %v", i, err)
			}
			switch f := frame.(type) {
			case *http2.GoAwayFrame:
				t.Fatalf("ping %d: the server hangs up: %s", i, f.DebugData())
			case *http2.PingFrame:
				acknowledged = f.IsAck() && f.Data[0] == i
			}
		}
	}
}

func TestTheNodeSaysWhatItIs(t *testing.T) {
	s := start(t, Options{})
	_, conn := s.raw(t)
	f, err := serverfeatures.NewServerFeaturesClient(conn).GetSupportedMethods(testContext(t), &shared.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(f.GetEventStoreServerVersion(), "."); len(got) != 3 || got[0] != "24" {
		t.Errorf("version %q", f.GetEventStoreServerVersion())
	}
	methods := map[string][]string{}
	for _, m := range f.GetMethods() {
		methods[m.GetServiceName()+"/"+m.GetMethodName()] = m.GetFeatures()
	}
	for _, name := range []string{"read", "append", "delete", "tombstone"} {
		if _, ok := methods["event_store.client.streams.streams/"+name]; !ok {
			t.Errorf("%s is not among %v", name, methods)
		}
	}
	if _, ok := methods["event_store.client.streams.streams/batchappend"]; ok {
		t.Error("batchappend is promised")
	}
	client, _ := s.raw(t)
	batch, err := client.BatchAppend(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := batch.Recv(); status.Code(err) != codes.Unimplemented {
		t.Errorf("batchappend: %v, want Unimplemented", err)
	}
	g, err := gossip.NewGossipClient(conn).Read(testContext(t), &shared.Empty{})
	if err != nil || len(g.GetMembers()) != 1 || !g.GetMembers()[0].GetIsAlive() || g.GetMembers()[0].GetState() != gossip.MemberInfo_Leader {
		t.Errorf("gossip: %v, %v", g, err)
	}
}

// TestSeveralListeners serves a TCP socket beside the Unix socket, and lets a
// client find the node there as it would find a cluster's leader.
func TestSeveralListeners(t *testing.T) {
	s := start(t, Options{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	cfg, err := esdb.ParseConnectionString("esdb+discover://" + ln.Addr().String() + "?tls=false")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Logger = esdb.NoopLogging()
	overTCP, err := esdb.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, overTCP, "s", esdb.NoStream{}, some("e", 1)...)
	equalLines(t, "$all", readAll(t, s.client(t), esdb.ReadAllOptions{From: esdb.Start{}}), `s/0/test.e/"e-0"`)
	if err := overTCP.Close(); err != nil {
		t.Error(err)
	}
	s.stop(t)
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestStatsCount(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "a", esdb.NoStream{}, some("e", 3)...)
	mustAppend(t, c, "b", esdb.NoStream{}, some("e", 1)...)
	mustAppend(t, c, "b", esdb.Any{}) // writes nothing
	last, err := c.DeleteStream(testContext(t), "b", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}})
	if err != nil {
		t.Fatal(err)
	}
	got := s.Stats()
	if got.Bytes == 0 || got.Fsyncs < 2 {
		t.Errorf("%d bytes, %d fsyncs", got.Bytes, got.Fsyncs)
	}
	got.Bytes, got.Fsyncs = 0, 0
	if want := (Stats{Appends: 3, Events: 5, Batches: 3, Streams: 3, Position: last.Position.Commit}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestWaitingAppendsShareACommit holds back the disk until the writer has to
// wait for it, and then lets a hundred appends come in.
func TestWaitingAppendsShareACommit(t *testing.T) {
	var held atomic.Bool
	goOn := make(chan struct{})
	fs := errorfs.Wrap(vfs.NewCrashableMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		isSync := op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData
		if isSync && strings.HasSuffix(op.Path, ".log") && held.Load() {
			<-goOn
		}
		return nil
	}))
	s := start(t, Options{FS: fs})
	held.Store(true)
	var sent []*request
	send := func() {
		r := &request{stream: "s", expected: expectAny, events: []proposed{{id: uuid.New(), typ: "t"}}, done: make(chan struct{})}
		s.requests <- r
		sent = append(sent, r)
	}
	// One by one, so that each is in a commit of its own, until none is taken.
	for stuck := false; !stuck; {
		send()
		for len(s.requests) > 0 && !stuck {
			stuck = len(s.units) == cap(s.units)
			runtime.Gosched()
		}
	}
	waiting := len(sent)
	for range 100 {
		send()
	}
	for i, r := range sent {
		select {
		case <-r.done:
			t.Fatalf("append %d was answered before it was on disk", i)
		default:
		}
	}
	if got := len(readAll(t, s.client(t), esdb.ReadAllOptions{From: esdb.Start{}})); got != 0 {
		t.Errorf("%d events are readable before they are on disk", got)
	}
	close(goOn)
	for i, r := range sent {
		<-r.done
		if r.outcome.last != int64(i) {
			t.Errorf("append %d became revision %d", i, r.outcome.last)
		}
	}
	if got := int(s.Stats().Batches); got > waiting+2 {
		t.Errorf("%d commits for %d appends, of which 100 waited together", got, len(sent))
	}
}
