package eventnode

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	ps "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec wireCodec builds on
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	// serverVersion is the EventStoreDB whose behaviour the node has. Clients
	// insist on three plain numbers.
	serverVersion = "24.10.0"

	// messageLimit is what the node receives in one message: more than the
	// largest append, so that one that is too large is told so.
	messageLimit = 17 << 20

	// maxCalls is how many calls one connection may have under way. A client
	// makes more wait.
	maxCalls = 1000
)

// streamsServer answers the Streams service.
type streamsServer struct {
	pb.UnimplementedStreamsServer
	n *Node
}

// nodeServer answers what clients ask about the node itself.
type nodeServer struct {
	serverfeatures.UnimplementedServerFeaturesServer
}

func (n *Node) newServer() (*grpc.Server, error) {
	transport, err := n.o.transport()
	if err != nil {
		return nil, err
	}
	users, err := newAccounts(&n.o)
	if err != nil {
		return nil, err
	}
	self, err := newGossipServer(n.o.Advertise)
	if err != nil {
		return nil, err
	}
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(messageLimit),
		grpc.ForceServerCodecV2(wireCodec{encoding.GetCodecV2("proto")}),
		grpc.WaitForHandlers(true),
		grpc.MaxConcurrentStreams(maxCalls),
		// Clients ping when idle, some every second. By default that would cost
		// them the connection, and with it their subscriptions.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 100 * time.Millisecond, PermitWithoutStream: true}),
		// A client that vanished without closing its connection is noticed.
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 20 * time.Second}),
	}
	if transport != nil {
		options = append(options, grpc.Creds(transport))
	}
	if users != nil {
		options = append(options, grpc.UnaryInterceptor(users.unary), grpc.StreamInterceptor(users.stream))
	}
	g := grpc.NewServer(options...)
	pb.RegisterStreamsServer(g, &streamsServer{n: n})
	n.persistent = newPersistentServer(n)
	ps.RegisterPersistentSubscriptionsServer(g, n.persistent)
	serverfeatures.RegisterServerFeaturesServer(g, &nodeServer{})
	gossip.RegisterGossipServer(g, self)
	return g, nil
}

// wireCodec is gRPC's own codec, except that a *wire goes out as it is and an
// *appendMessage decodes itself.
type wireCodec struct{ encoding.CodecV2 }

// wire is an encoded message.
type wire struct{ bytes []byte }

// Marshal implements encoding.CodecV2.
func (c wireCodec) Marshal(v any) (mem.BufferSlice, error) {
	if w, ok := v.(*wire); ok {
		return mem.BufferSlice{mem.SliceBuffer(w.bytes)}, nil
	}
	return c.CodecV2.Marshal(v)
}

// Unmarshal implements encoding.CodecV2.
func (c wireCodec) Unmarshal(data mem.BufferSlice, v any) error {
	if m, ok := v.(*appendMessage); ok {
		return m.unmarshal(data)
	}
	return c.CodecV2.Unmarshal(data, v)
}

// GetSupportedMethods lists what the node can do. Methods that are missing here
// clients do without.
func (*nodeServer) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	const streams = "event_store.client.streams.streams"
	const persistent = "event_store.client.persistent_subscriptions.persistentsubscriptions"
	sources := []string{"stream", "all"}
	methods := []*serverfeatures.SupportedMethod{
		{MethodName: "read", ServiceName: streams, Features: []string{"position", "events"}},
		{MethodName: "append", ServiceName: streams},
		{MethodName: "delete", ServiceName: streams},
		{MethodName: "tombstone", ServiceName: streams},
		{MethodName: "create", ServiceName: persistent, Features: sources},
		{MethodName: "update", ServiceName: persistent, Features: sources},
		{MethodName: "delete", ServiceName: persistent, Features: sources},
		{MethodName: "read", ServiceName: persistent, Features: sources},
		{MethodName: "getinfo", ServiceName: persistent, Features: sources},
		{MethodName: "replayparked", ServiceName: persistent, Features: sources},
		{MethodName: "list", ServiceName: persistent, Features: sources},
		{MethodName: "restartsubsystem", ServiceName: persistent},
		{MethodName: "read", ServiceName: "event_store.client.gossip.gossip"},
		{MethodName: "getsupportedmethods", ServiceName: "event_store.client.server_features.serverfeatures"},
	}
	return &serverfeatures.SupportedMethods{EventStoreServerVersion: serverVersion, Methods: methods}, nil
}

// refusal is an error with the trailers clients tell it by.
type refusal struct {
	code     codes.Code
	message  string
	trailers metadata.MD
}

func (r *refusal) Error() string { return r.message }

// GRPCStatus lets gRPC send r.
func (r *refusal) GRPCStatus() *status.Status { return status.New(r.code, r.message) }

func refuse(code codes.Code, message, exception string, trailers ...string) *refusal {
	return &refusal{code: code, message: message, trailers: metadata.Pairs(append([]string{"exception", exception}, trailers...)...)}
}

func deletedStream(name string) *refusal {
	return refuse(codes.FailedPrecondition, "Event stream '"+name+"' is deleted.", "stream-deleted", "stream-name", trailerText(name))
}

// trailerText makes s fit for a trailer, which is printable ASCII.
func trailerText(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return url.QueryEscape(s)
		}
	}
	return s
}

// trailer returns what belongs into the trailers of a call that ends with err.
func trailer(err error) metadata.MD {
	var r *refusal
	if errors.As(err, &r) {
		return r.trailers
	}
	return nil
}

// answerable turns the node's own errors into ones a client is sent.
func (n *Node) answerable(what string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return status.FromContextError(err).Err()
	}
	n.o.Logger.Error("event node: a call failed", "call", what, "err", err)
	if errors.Is(err, ErrCorrupt) {
		return status.Error(codes.DataLoss, err.Error())
	}
	return status.Error(codes.Internal, err.Error())
}

var errStopping = status.Error(codes.Unavailable, "the node is shutting down")

func invalid(message string) error { return status.Error(codes.InvalidArgument, message) }

// checkName refuses names no stream can have.
func checkName(name string) error {
	switch {
	case name == "" || name == "$$":
		return invalid("'" + name + "' is not a stream name")
	case len(name) > maxName:
		return invalid("stream name is longer than 4096 bytes")
	}
	return nil
}

// maxName is the length of a stream name in bytes; all names are in memory.
const maxName = 4096
