package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// scripted is an event store that answers as a test tells it to, for what a
// well-behaved one never does.
type scripted struct {
	streams.UnimplementedStreamsServer
	serverfeatures.UnimplementedServerFeaturesServer

	append    func(n int, call streams.Streams_AppendServer) error
	read      func(n int, o *streams.ReadReq_Options, call streams.Streams_ReadServer) error
	subscribe func(n int, o *streams.ReadReq_Options, call streams.Streams_ReadServer) error
	delete    func(n int) (*streams.DeleteResp, error)
	connect   func(n int) error

	appends, reads, subscriptions, deletes, connects atomic.Int64
}

// play serves s until the test ends and returns a client of it.
func (s *scripted) play(t *testing.T, o eventlog.ClientOptions) *eventlog.Client {
	t.Helper()
	t.Parallel()
	o.Address = s.serve(t)
	return connect(t, o)
}

// serve serves s until the test ends and returns its address.
func (s *scripted) serve(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	streams.RegisterStreamsServer(server, s)
	serverfeatures.RegisterServerFeaturesServer(server, s)
	go func() { _ = server.Serve(ln) }() // its error is that the server was stopped
	t.Cleanup(server.Stop)
	return ln.Addr().String()
}

// number returns how often something was asked before.
func number(asked *atomic.Int64) int { return int(asked.Add(1) - 1) }

func (s *scripted) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	if s.connect != nil {
		if err := s.connect(number(&s.connects)); err != nil {
			return nil, err
		}
	}
	return &serverfeatures.SupportedMethods{EventStoreServerVersion: "24.10.4"}, nil
}

func (s *scripted) Append(call streams.Streams_AppendServer) error {
	return s.append(number(&s.appends), call)
}

func (s *scripted) Delete(context.Context, *streams.DeleteReq) (*streams.DeleteResp, error) {
	return s.delete(number(&s.deletes))
}

func (s *scripted) Read(r *streams.ReadReq, call streams.Streams_ReadServer) error {
	if r.GetOptions().GetSubscription() != nil {
		return s.subscribe(number(&s.subscriptions), r.GetOptions(), call)
	}
	return s.read(number(&s.reads), r.GetOptions(), call)
}

// at is an event of the script: stream and revision n at position n*10, its id
// made of n.
func at(stream string, n uint64) *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_Event{Event: &streams.ReadResp_ReadEvent{
		Event: &streams.ReadResp_ReadEvent_RecordedEvent{
			Id: &shared.UUID{Value: &shared.UUID_Structured_{
				Structured: &shared.UUID_Structured{LeastSignificantBits: int64(n)},
			}},
			StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(stream)},
			StreamRevision:   n, CommitPosition: n * 10, PreparePosition: n * 10,
			Metadata: map[string]string{
				"type": "thing.happened.v1", "content-type": "application/json",
				"created": strconv.FormatInt(time.Now().UnixNano()/100, 10),
			},
		},
	}}}
}

func checkpoint(commit, prepare uint64) *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_Checkpoint_{
		Checkpoint: &streams.ReadResp_Checkpoint{CommitPosition: commit, PreparePosition: prepare},
	}}
}

func caughtUp() *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_CaughtUp_{CaughtUp: &streams.ReadResp_CaughtUp{}}}
}

func fellBehind() *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_FellBehind_{FellBehind: &streams.ReadResp_FellBehind{}}}
}

func confirmed() *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_Confirmation{
		Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: "s"},
	}}
}

// send sends messages in order.
func send(call streams.Streams_ReadServer, messages ...*streams.ReadResp) error {
	for _, m := range messages {
		if err := call.Send(m); err != nil {
			return err
		}
	}
	return nil
}

// success answers an append.
func success(call streams.Streams_AppendServer, revision uint64) error {
	return call.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{
		CurrentRevisionOption: &streams.AppendResp_Success_CurrentRevision{CurrentRevision: revision},
		PositionOption:        &streams.AppendResp_Success_NoPosition{NoPosition: &shared.Empty{}},
	}}})
}

// drain receives the whole request.
func drain(call streams.Streams_AppendServer) {
	for _, err := call.Recv(); err == nil; _, err = call.Recv() {
	}
}

// positions are what a subscription delivered, for comparing: e for an event, p
// for progress, c for caught up.
func positions(t *testing.T, c *eventlog.Client, n int, o eventlog.SubscribeOptions) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var got []string
	for d, err := range c.Subscribe(ctx, o) {
		if err != nil {
			t.Fatalf("after %v: %v", got, err)
		}
		kind := "p"
		switch {
		case d.Event != nil:
			kind = "e"
		case d.CaughtUp:
			kind = "c"
		}
		if got = append(got, kind+strconv.FormatUint(d.Position.Commit, 10)); len(got) == n {
			break
		}
	}
	return strings.Join(got, " ")
}

func TestOddCheckpointsAreNoProgress(t *testing.T) {
	s := &scripted{}
	s.subscribe = func(_ int, _ *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
		return send(call, confirmed(),
			at("a", 1), checkpoint(5, 5), // behind the event
			at("a", 2), checkpoint(math.MaxUint64, math.MaxUint64), checkpoint(900, 0),
			at("a", 3), checkpoint(40, 40), checkpoint(40, 40), checkpoint(35, 35), caughtUp(), fellBehind(),
			at("a", 5), caughtUp(), at("a", 6))
	}
	c := s.play(t, eventlog.ClientOptions{})
	if got, want := positions(t, c, 8, eventlog.SubscribeOptions{}), "e10 e20 e30 p40 c40 e50 c50 e60"; got != want {
		t.Errorf("delivered %s, want %s", got, want)
	}
}

func TestACheckpointTooFarAheadLosesNoEvent(t *testing.T) {
	s := &scripted{}
	s.subscribe = func(_ int, _ *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
		return send(call, confirmed(), at("a", 1), checkpoint(50, 50), at("a", 2), at("a", 3), at("a", 6))
	}
	c := s.play(t, eventlog.ClientOptions{})
	var events []eventlog.Revision
	last := eventlog.Start
	for d, err := range c.Subscribe(t.Context(), eventlog.SubscribeOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if last.After(d.Position) {
			t.Errorf("position went back from %s to %s", last, d.Position)
		}
		last = d.Position
		if d.Event != nil {
			if events = append(events, d.Event.Revision); d.Event.Revision == 6 {
				break
			}
		}
	}
	if !slices.Equal(events, []eventlog.Revision{1, 2, 3, 6}) {
		t.Errorf("events %v, want [1 2 3 6]", events)
	}
}

func TestAResumedSubscriptionDeliversNothingTwice(t *testing.T) {
	s := &scripted{}
	var mu sync.Mutex
	var from []uint64
	s.subscribe = func(n int, o *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
		mu.Lock()
		from = append(from, o.GetAll().GetPosition().GetCommitPosition())
		mu.Unlock()
		switch n {
		case 0:
			return send(call, confirmed(), at("a", 1), at("a", 2)) // and the end of the call
		case 1:
			_ = send(call, confirmed(), at("a", 1), at("a", 2), at("a", 3), checkpoint(40, 40))
			return status.Error(codes.Aborted, "too slow")
		case 2:
			return status.Error(codes.Unavailable, "not ready")
		case 3:
			return send(call, at("a", 5)) // no confirmation
		default:
			return send(call, confirmed(), at("a", 3), at("a", 5), caughtUp())
		}
	}
	c := s.play(t, eventlog.ClientOptions{})
	if got, want := positions(t, c, 6, eventlog.SubscribeOptions{}), "e10 e20 e30 p40 e50 c50"; got != want {
		t.Errorf("delivered %s, want %s", got, want)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := []uint64{0, 20, 40, 40, 40}; !slices.Equal(from, want) {
		t.Errorf("subscribed from %v, want %v", from, want)
	}
}

func TestACheckpointTheServerTakesNotBackIsGivenUp(t *testing.T) {
	s := &scripted{}
	s.subscribe = func(n int, o *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
		switch o.GetAll().GetPosition().GetCommitPosition() {
		case 0:
			return send(call, confirmed(), at("a", 1), checkpoint(17, 17))
		case 10:
			return send(call, confirmed(), at("a", 2))
		default:
			return status.Error(codes.InvalidArgument, "invalid position")
		}
	}
	c := s.play(t, eventlog.ClientOptions{})
	if got, want := positions(t, c, 3, eventlog.SubscribeOptions{}), "e10 p17 e20"; got != want {
		t.Errorf("delivered %s, want %s", got, want)
	}
}

func TestAPositionTheServerRefusesIsForeign(t *testing.T) {
	for name, id := range map[string]uuid.UUID{"with its event": uuid.New(), "without": uuid.Nil} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{}
			refuse := func(_ int, o *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
				if o.GetAll().GetStart() != nil {
					return send(call, at("a", 1))
				}
				return status.Error(codes.InvalidArgument, "invalid position")
			}
			s.read, s.subscribe = refuse, refuse
			c := s.play(t, eventlog.ClientOptions{})
			o := eventlog.SubscribeOptions{After: eventlog.Position{Commit: 7, Prepare: 7}, AfterID: id}
			for d, err := range c.Subscribe(t.Context(), o) {
				if !errors.Is(err, eventlog.ErrForeignPosition) {
					t.Fatalf("%+v, %v; want ErrForeignPosition", d, err)
				}
			}
		})
	}
}

func TestServersTombstonesAreProgressOnly(t *testing.T) {
	s := &scripted{}
	s.subscribe = func(_ int, _ *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
		tombstone, link, nothing := at("a", 2), at("a", 3), at("a", 4)
		tombstone.GetEvent().Event.Metadata["type"] = "$streamDeleted"
		link.GetEvent().Event.Metadata["type"] = "$>"
		nothing.GetEvent().Event.StreamIdentifier.StreamName = []byte("$$a")
		return send(call, confirmed(), at("a", 1), tombstone, link, nothing, at("a", 5))
	}
	c := s.play(t, eventlog.ClientOptions{})
	if got, want := positions(t, c, 5, eventlog.SubscribeOptions{}), "e10 p20 p30 p40 e50"; got != want {
		t.Errorf("delivered %s, want %s", got, want)
	}
}

func TestWhatTheLibraryPanicsAtIsAnError(t *testing.T) {
	s := &scripted{}
	s.read = func(n int, o *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
		if n == 0 {
			return send(call, at("a", 0), caughtUp()) // the library knows no such answer to a read
		}
		return send(call, at("a", o.GetStream().GetRevision()))
	}
	s.delete = func(int) (*streams.DeleteResp, error) { return &streams.DeleteResp{}, nil } // no position either
	c := s.play(t, eventlog.ClientOptions{})
	var got []eventlog.Revision
	for e, err := range c.ReadStream(t.Context(), "a", 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Revision)
	}
	if !slices.Equal(got, []eventlog.Revision{0, 1}) {
		t.Errorf("revisions %v, want [0 1]", got)
	}
	s.read = func(_ int, o *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
		return send(call, &streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{
			StreamNotFound: &streams.ReadResp_StreamNotFound{StreamIdentifier: o.GetStream().GetStreamIdentifier()},
		}})
	}
	if err := c.DeleteStream(t.Context(), "a", 1); err != nil || s.deletes.Load() != 1 {
		t.Errorf("delete: %v after %d tries, want success after 1", err, s.deletes.Load())
	}
}

func TestARefusalIsNotTriedAgain(t *testing.T) {
	for _, code := range []codes.Code{
		codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented, codes.NotFound, codes.Unknown, codes.InvalidArgument,
	} {
		t.Run(code.String(), func(t *testing.T) {
			s := &scripted{}
			s.append = func(_ int, call streams.Streams_AppendServer) error {
				drain(call)
				return status.Error(code, "no")
			}
			s.read = func(int, *streams.ReadReq_Options, streams.Streams_ReadServer) error { return status.Error(code, "no") }
			s.delete = func(int) (*streams.DeleteResp, error) { return nil, status.Error(code, "no") }
			c := s.play(t, eventlog.ClientOptions{})
			_, appending := c.Append(t.Context(), "a", 0, []eventlog.NewEvent{event(`{}`)})
			var reading error
			for _, reading = range c.ReadStream(t.Context(), "a", 0, eventlog.Forwards) {
			}
			for call, err := range map[string]error{
				"append": appending, "read": reading, "delete": c.DeleteStream(t.Context(), "a", 0),
			} {
				if err == nil || errors.Is(err, eventlog.ErrUnavailable) || errors.Is(err, eventlog.ErrConflict) {
					t.Errorf("%s: error is %v, want a fault", call, err)
				}
			}
			if s.appends.Load() != 1 || s.reads.Load() != 1 || s.deletes.Load() != 1 {
				t.Errorf("tried %d, %d and %d times, want once each", s.appends.Load(), s.reads.Load(), s.deletes.Load())
			}
		})
	}
}

func TestAnUnknownOutcomeIsTriedAgainWithTheSameEvents(t *testing.T) {
	for name, fail := range map[string]func(call streams.Streams_AppendServer) error{
		"unavailable":         func(call streams.Streams_AppendServer) error { drain(call); return status.Error(codes.Unavailable, "") },
		"write timed out":     func(call streams.Streams_AppendServer) error { drain(call); return status.Error(codes.Aborted, "") },
		"cut off":             func(call streams.Streams_AppendServer) error { drain(call); return status.Error(codes.Internal, "") },
		"answered before end": func(streams.Streams_AppendServer) error { return status.Error(codes.PermissionDenied, "") },
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{}
			var mu sync.Mutex
			ids := make(map[string]int)
			s.append = func(n int, call streams.Streams_AppendServer) error {
				if n < 3 {
					return fail(call)
				}
				for r, err := call.Recv(); err == nil; r, err = call.Recv() {
					if m := r.GetProposedMessage(); m != nil {
						mu.Lock()
						ids[fmt.Sprint(m.GetId())]++
						mu.Unlock()
					} else if r.GetOptions().GetRevision() != 6 {
						t.Errorf("expected revision %v, want 6", r.GetOptions())
					}
				}
				return success(call, 506)
			}
			c := s.play(t, eventlog.ClientOptions{})
			events := make([]eventlog.NewEvent, 500) // so many that an early answer is met while sending
			for i := range events {
				events[i] = event(`{}`)
			}
			got, err := c.Append(t.Context(), "a", 6, events)
			if name == "answered before end" && err != nil {
				return // the library was quick enough to hear the answer
			}
			if err != nil || got != (eventlog.Appended{Revision: 506}) {
				t.Fatalf("append: %+v, %v", got, err)
			}
			if mu.Lock(); len(ids) != 500 {
				t.Errorf("%d ids arrived, want 500", len(ids))
			}
		})
	}
}

func TestAServerThatIsNeverReadyIsOutOfReach(t *testing.T) {
	s := &scripted{}
	s.append = func(_ int, call streams.Streams_AppendServer) error {
		drain(call)
		return status.Error(codes.Unavailable, "not ready")
	}
	c := s.play(t, eventlog.ClientOptions{CallTimeout: 400 * time.Millisecond, AwayAfter: time.Minute})
	// A call whose time ends within a try does not know what the server says to it.
	for calls := int64(1); ; calls++ {
		began := time.Now()
		_, err := c.Append(t.Context(), "a", 0, []eventlog.NewEvent{event(`{}`)})
		if took := time.Since(began); !errors.Is(err, eventlog.ErrUnavailable) || took > 400*time.Millisecond+overrun {
			t.Errorf("append ended after %v with %v", took, err)
		}
		tries := s.appends.Load()
		if strings.Contains(fmt.Sprint(err), "not ready") && tries >= calls+2 {
			break
		}
		if calls == 50 {
			t.Fatalf("%d tries of %d calls, want more; error %q, want what the server said", tries, calls, err)
		}
	}
}

func TestAReadWithoutDeadlineLastsAsLongAsEventsCome(t *testing.T) {
	const bound, lasts = 3 * time.Second, 4 * time.Second
	s := &scripted{}
	var began atomic.Pointer[time.Time]
	var sent atomic.Uint64
	s.read = func(_ int, o *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
		from := o.GetStream().GetRevision()
		if time.Since(*began.Load()) > lasts {
			sent.Store(from)
			<-call.Context().Done() // silent
			return call.Context().Err()
		}
		time.Sleep(50 * time.Millisecond)
		return send(call, at("a", from), caughtUp())
	}
	c := s.play(t, eventlog.ClientOptions{CallTimeout: bound, AttemptTimeout: 2 * time.Second})
	now := time.Now()
	began.Store(&now)
	n := uint64(0)
	var last error
	for _, err := range c.ReadStream(t.Context(), "a", 0, eventlog.Forwards) {
		if last = err; err == nil {
			n++
		}
	}
	if took := time.Since(now); n == 0 || n != sent.Load() || !errors.Is(last, eventlog.ErrUnavailable) || took < lasts || took > lasts+bound+overrun {
		t.Errorf("%d events in %v, then %v; want the %d that were sent, then ErrUnavailable", n, took, last, sent.Load())
	}
}

func TestAnOldConflictTextIsReadAgainFromTheStream(t *testing.T) {
	s := &scripted{}
	s.delete = func(int) (*streams.DeleteResp, error) {
		return nil, status.Error(codes.FailedPrecondition, "WrongExpectedVersion")
	}
	s.read = func(_ int, _ *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
		return send(call, at("a", 41))
	}
	c := s.play(t, eventlog.ClientOptions{})
	var conflict *eventlog.ConflictError
	if err := c.DeleteStream(t.Context(), "a", 3); !errors.As(err, &conflict) || conflict.Actual != 41 || conflict.Expected != 3 {
		t.Errorf("error is %v, want a conflict with 41", err)
	}
}

func TestATooLargeAppendTheServerRefusesIsTooLarge(t *testing.T) {
	s := &scripted{}
	s.append = func(_ int, call streams.Streams_AppendServer) error {
		drain(call)
		call.SetTrailer(metadata.Pairs("exception", "maximum-append-size-exceeded"))
		return status.Error(codes.InvalidArgument, "Maximum Append Size of 1024 Exceeded.")
	}
	c := s.play(t, eventlog.ClientOptions{})
	if _, err := c.Append(t.Context(), "a", 0, []eventlog.NewEvent{event(`{}`)}); !errors.Is(err, eventlog.ErrTooLarge) {
		t.Errorf("error is %v, want ErrTooLarge", err)
	}
}

// patientlyConnected is for tests in which nothing but its time keeps the library
// from a leader.
const patientlyConnected = "esdb://localhost:2113?tls=false&gossipTimeout=600"

func TestAnAppendFollowsTheLeader(t *testing.T) {
	leader := &scripted{append: func(_ int, call streams.Streams_AppendServer) error {
		drain(call)
		return success(call, 4)
	}}
	host, port, err := net.SplitHostPort(leader.serve(t))
	if err != nil {
		t.Fatal(err)
	}
	follower := &scripted{append: func(_ int, call streams.Streams_AppendServer) error {
		drain(call)
		call.SetTrailer(metadata.Pairs("exception", "not-leader", "leader-endpoint-host", host, "leader-endpoint-port", port))
		return status.Error(codes.NotFound, "Leader info available")
	}}
	c := follower.play(t, eventlog.ClientOptions{ConnectionString: patientlyConnected})
	for range 2 {
		got, err := c.Append(t.Context(), "a", 3, []eventlog.NewEvent{event(`{}`)})
		if err != nil || got.Revision != 4 {
			t.Errorf("append: %+v, %v", got, err)
		}
	}
	if follower.appends.Load() != 1 || leader.appends.Load() != 2 {
		t.Errorf("the follower was asked %d times, the leader %d times; want 1 and 2", follower.appends.Load(), leader.appends.Load())
	}
}

func TestACallTheLibraryKeepsIsLeftBehind(t *testing.T) {
	reached, goOn := make(chan struct{}), make(chan struct{})
	slow := &scripted{connect: func(n int) error { // the library lets everybody wait for it
		if n == 0 {
			close(reached)
		}
		<-goOn
		return nil
	}}
	host, port, err := net.SplitHostPort(slow.serve(t))
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{append: func(n int, call streams.Streams_AppendServer) error {
		drain(call)
		if n > 0 {
			return success(call, 4)
		}
		call.SetTrailer(metadata.Pairs("exception", "not-leader", "leader-endpoint-host", host, "leader-endpoint-port", port))
		return status.Error(codes.NotFound, "Leader info available")
	}}
	c := s.play(t, eventlog.ClientOptions{ConnectionString: patientlyConnected, MaxStuckCalls: 1})
	let := sync.OnceFunc(func() { close(goOn) })
	t.Cleanup(let)
	try := func(ctx context.Context) error {
		_, err := c.Append(ctx, "a", 3, []eventlog.NewEvent{event(`{}`)})
		return err
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { // ends the first call in its second try, which the library keeps
		defer cancel()
		select {
		case <-reached:
		case <-t.Context().Done():
		}
		for got := c.Stats(); t.Context().Err() == nil && (got.Retries == 0 || got.InFlight == 0); got = c.Stats() {
			time.Sleep(time.Millisecond)
		}
	}()
	if err := try(ctx); !errors.Is(err, eventlog.ErrUnavailable) || c.Stats().Stuck != 1 {
		t.Errorf("the first call: %v, then %+v; want one stuck", err, c.Stats())
	}
	ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := try(ctx); !errors.Is(err, eventlog.ErrUnavailable) || !strings.Contains(err.Error(), "stuck") {
		t.Errorf("a call while as many are stuck as may be: %v, want ErrUnavailable", err)
	}
	let()
	ctx, cancel = context.WithTimeout(t.Context(), recovery)
	defer cancel()
	if err := try(ctx); err != nil {
		t.Errorf("a call later: %v", err)
	}
	if got := c.Stats(); got.Stuck != 0 || got.Abandoned != 1 || got.Reconnects != 1 {
		t.Errorf("stats %+v, want one call abandoned and none stuck", got)
	}
}

func TestConnectingIsTriedUntilItWorks(t *testing.T) {
	s := &scripted{}
	s.connect = func(n int) error {
		if n < 4 {
			return status.Error(codes.Unauthenticated, "starting")
		}
		return nil
	}
	s.append = func(_ int, call streams.Streams_AppendServer) error {
		drain(call)
		return success(call, 1)
	}
	c := s.play(t, eventlog.ClientOptions{CallTimeout: time.Minute, AwayAfter: time.Minute})
	if _, err := c.Append(t.Context(), "a", 0, []eventlog.NewEvent{event(`{}`)}); err != nil {
		t.Error(err)
	}
	if got := c.Stats(); got.FailedConnects != 4 || got.Generations != 1 || got.Retries != 0 {
		t.Errorf("stats %+v, want 4 failed connections and 1 made", got)
	}
}
