package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec rawCodec builds on
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"

	"github.com/hirelog/hirelog/internal/eventnode"
)

// peer is an event store in this process, served on a Unix socket, and the
// official client of it: the layout of the program itself, without anything of
// ours between client and server.
type peer struct {
	client  *esdb.Client
	address string
	end     []func() error // last first
}

// Close ends the client, then the server.
func (p *peer) Close() error {
	var errs []error
	for i := len(p.end) - 1; i >= 0; i-- {
		errs = append(errs, p.end[i]())
	}
	p.end = nil
	return errors.Join(errs...)
}

// connect serves on a socket in dir and connects a client.
func (p *peer) connect(dir string, serve func(net.Listener) error, stop func() error) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return errors.Join(err, stop())
	}
	path := filepath.Join(dir, "node.sock")
	ln, err := net.Listen("unix", path)
	if err != nil {
		return errors.Join(err, stop())
	}
	served := make(chan error, 1)
	go func() { served <- serve(ln) }()
	p.end = append(p.end, func() error { return errors.Join(stop(), <-served) })
	p.address = "unix:" + path
	config, err := esdb.ParseConnectionString(connectionString)
	if err != nil {
		return errors.Join(err, p.Close())
	}
	config.Address, config.Logger = p.address, esdb.NoopLogging()
	if p.client, err = esdb.NewClient(config); err != nil {
		return errors.Join(err, p.Close())
	}
	p.end = append(p.end, p.client.Close)
	return nil
}

// connectionString is of a server whose address is given apart.
const connectionString = "esdb://localhost:2113?tls=false"

// openNode opens the embedded node in dir.
func openNode(dir string) (*peer, error) {
	node, err := eventnode.Open(eventnode.Options{Dir: filepath.Join(dir, "node"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	p := &peer{}
	return p, p.connect(dir, node.Serve, node.Close)
}

// openHollow serves something that stores nothing: it takes appends and answers
// as if they were written, and gives every reader the prepared messages.
func openHollow(dir string, prepared messages) (*peer, error) {
	// As the node's server is made.
	g := grpc.NewServer(
		grpc.MaxRecvMsgSize(17<<20),
		grpc.ForceServerCodecV2(rawCodec{encoding.GetCodecV2("proto")}),
		grpc.WaitForHandlers(true),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 100 * time.Millisecond, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 20 * time.Second}),
	)
	pb.RegisterStreamsServer(g, &hollow{prepared: prepared})
	serverfeatures.RegisterServerFeaturesServer(g, &features{})
	p := &peer{}
	return p, p.connect(dir, g.Serve, func() error { g.Stop(); return nil })
}

// hollow is a Streams service that stores nothing.
type hollow struct {
	pb.UnimplementedStreamsServer
	prepared messages
}

// Append reads the whole append and answers as the node does.
func (*hollow) Append(call pb.Streams_AppendServer) error {
	last := int64(-1)
	for {
		msg, err := call.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch o := msg.GetOptions(); {
		case o == nil:
			last++
		case o.GetNoStream() == nil:
			last = int64(o.GetRevision())
		}
	}
	return call.SendAndClose(&pb.AppendResp{Result: &pb.AppendResp_Success_{Success: &pb.AppendResp_Success{
		CurrentRevisionOption: &pb.AppendResp_Success_CurrentRevision{CurrentRevision: uint64(last)},
		PositionOption:        &pb.AppendResp_Success_Position{Position: &pb.AppendResp_Position{CommitPosition: 64, PreparePosition: 64}},
	}}})
}

// Read sends the prepared messages as they are, and waits for the reader to go.
func (h *hollow) Read(_ *pb.ReadReq, call pb.Streams_ReadServer) error {
	for i := range h.prepared.len() {
		if err := call.SendMsg(&rawMessage{h.prepared.at(i)}); err != nil {
			return err
		}
	}
	<-call.Context().Done()
	return nil
}

// features names no method: clients do without.
type features struct {
	serverfeatures.UnimplementedServerFeaturesServer
}

// GetSupportedMethods says what the node says of what is used here.
func (*features) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	const streams = "event_store.client.streams.streams"
	return &serverfeatures.SupportedMethods{EventStoreServerVersion: "24.10.0", Methods: []*serverfeatures.SupportedMethod{
		{MethodName: "read", ServiceName: streams, Features: []string{"position", "events"}},
		{MethodName: "append", ServiceName: streams},
	}}, nil
}

// rawMessage is an encoded message.
type rawMessage struct{ bytes []byte }

// rawCodec is gRPC's own codec, except that a *rawMessage goes out and comes in
// as it is.
type rawCodec struct{ encoding.CodecV2 }

// Marshal implements encoding.CodecV2.
func (c rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	if m, ok := v.(*rawMessage); ok {
		return mem.BufferSlice{mem.SliceBuffer(m.bytes)}, nil
	}
	return c.CodecV2.Marshal(v)
}

// Unmarshal implements encoding.CodecV2.
func (c rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	if m, ok := v.(*rawMessage); ok {
		m.bytes = data.Materialize()
		return nil
	}
	return c.CodecV2.Unmarshal(data, v)
}

// messages are encoded messages in one piece of memory, which costs the
// collector nothing.
type messages struct {
	bytes []byte
	ends  []int
}

func (m *messages) add(b []byte) {
	m.bytes = append(m.bytes, b...)
	m.ends = append(m.ends, len(m.bytes))
}

func (m *messages) len() int { return len(m.ends) }

func (m *messages) at(i int) []byte {
	from := 0
	if i > 0 {
		from = m.ends[i-1]
	}
	return m.bytes[from:m.ends[i]:m.ends[i]]
}

// record subscribes to $all of the server at address as the official client does
// and returns the first n messages as they come.
func record(ctx context.Context, address string, q *pb.ReadReq, n int) (_ messages, err error) {
	conn, err := grpc.NewClient(address, plainText())
	if err != nil {
		return messages{}, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	call, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, pb.Streams_Read_FullMethodName,
		grpc.ForceCodecV2(rawCodec{encoding.GetCodecV2("proto")}), grpc.MaxCallRecvMsgSize(17<<20))
	if err != nil {
		return messages{}, err
	}
	if err := errors.Join(call.SendMsg(q), call.CloseSend()); err != nil {
		return messages{}, err
	}
	var all messages
	for all.len() < n {
		var m rawMessage
		if err := call.RecvMsg(&m); err != nil {
			return messages{}, fmt.Errorf("message %d: %w", all.len(), err)
		}
		all.add(m.bytes)
	}
	return all, nil
}
