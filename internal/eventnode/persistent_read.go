package eventnode

import (
	"context"
	"errors"
	"io"

	ps "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// Read implements the service: it connects a subscriber until either side ends
// the call.
func (s *persistentServer) Read(call ps.PersistentSubscriptions_ReadServer) error {
	err := s.serve(call)
	call.SetTrailer(trailer(err))
	return s.n.answerable("persistent subscription", err)
}

func (s *persistentServer) serve(call ps.PersistentSubscriptions_ReadServer) error {
	first, err := call.Recv()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return invalid("persistent subscription has no options")
		}
		return err
	}
	o := first.GetOptions()
	if o == nil || o.GetBufferSize() < 1 {
		return invalid("persistent subscription must begin with its options and a positive buffer size")
	}
	k := groupKey{source: sourceOf(o.GetAll(), o.GetStreamIdentifier()), group: o.GetGroupName()}
	if err := s.n.authorize(call.Context(), k.source, rightRead); err != nil {
		return err
	}
	g, err := s.group(k)
	if err != nil {
		return err
	}
	sub := newSubscriber(int(min(o.GetBufferSize(), maxSlots)))
	sub.describe(call.Context())
	if err := g.connect(sub); err != nil {
		return err
	}
	s.n.count.subscriptions.Add(1)
	defer s.n.count.subscriptions.Add(-1)
	defer g.do(func() { g.leave(sub) })
	confirmation := &ps.ReadResp_SubscriptionConfirmation{SubscriptionId: sub.id}
	if err := call.Send(&ps.ReadResp{Content: &ps.ReadResp_SubscriptionConfirmation_{SubscriptionConfirmation: confirmation}}); err != nil {
		return err
	}
	_, spellIDs := o.GetUuidOption().GetContent().(*ps.ReadReq_Options_UUIDOption_String_)
	return s.carry(call, g, sub, spellIDs)
}

// describe notes who the subscriber is, for GetInfo.
func (s *subscriber) describe(ctx context.Context) {
	s.user = callerName(ctx)
	if p, ok := peer.FromContext(ctx); ok {
		s.from = p.Addr.String()
	}
	md, _ := metadata.FromIncomingContext(ctx)
	if name := md.Get("connection-name"); len(name) > 0 {
		s.name = name[0]
	}
}

// carry sends what the group gives the subscriber, and hears its answers.
func (s *persistentServer) carry(call ps.PersistentSubscriptions_ReadServer, g *group, sub *subscriber, spellIDs bool) error {
	heard := make(chan error, 1)
	// It ends with the call, which ends when this function returns.
	go func() { heard <- g.hear(call, sub) }()
	for {
		select {
		case d := <-sub.out:
			if len(sub.out) == cap(sub.out)-1 {
				g.post(func() {}) // there is room again
			}
			out, err := s.n.encodeDelivery(&d, g.cfg.ResolveLinks, spellIDs)
			if err != nil {
				return err
			}
			if out == nil {
				// Nobody can do anything with a link to an event that is gone.
				id := d.event.id
				g.post(func() { g.acknowledge(sub, []uuid.UUID{id}) })
				continue
			}
			if err := call.SendMsg(out); err != nil {
				return err
			}
		case err := <-sub.dropped:
			return err
		case err := <-heard:
			return err
		case <-s.n.closing.Done():
			return errStopping
		}
	}
}

// hear takes the subscriber's answers. It returns nil when the client has no more
// to say.
func (g *group) hear(call ps.PersistentSubscriptions_ReadServer, sub *subscriber) error {
	for {
		msg, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case msg.GetAck() != nil:
			ids, err := messageIDs(msg.GetAck().GetIds())
			if err != nil {
				return err
			}
			g.post(func() { g.acknowledge(sub, ids) })
		case msg.GetNack() != nil:
			ids, err := messageIDs(msg.GetNack().GetIds())
			if err != nil {
				return err
			}
			action, why := msg.GetNack().GetAction(), msg.GetNack().GetReason()
			g.post(func() { g.refuse(sub, ids, action, why) })
		default:
			return invalid("a subscriber sends acknowledgements only")
		}
	}
}

func messageIDs(list []*shared.UUID) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, len(list))
	for i, u := range list {
		var err error
		if ids[i], err = eventID(u); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// encodeDelivery returns d as the client is sent it, or nil if it is a link to
// an event that is gone. The messages of the two services have the same fields
// with the same numbers, but for the retry count.
func (n *Node) encodeDelivery(d *delivery, resolveLinks, spellIDs bool) (*wire, error) {
	if !spellIDs && !d.parked && (!resolveLinks || d.event.flags&flagLink == 0) {
		_, _, tag := protowire.ConsumeTag(d.event.wire) // ReadResp.event
		if tag > 0 {
			if read, m := protowire.ConsumeBytes(d.event.wire[tag:]); m > 0 {
				return deliveryWire(read, d.retries), nil
			}
		}
		return nil, corrupt("event at %d does not decode", d.event.pos)
	}
	resp, err := unpack(&d.event)
	if err != nil {
		return nil, err
	}
	read := resp.GetEvent()
	if spellIDs {
		spellID(read.Event, &d.event)
	}
	if d.parked || resolveLinks && d.event.flags&flagLink != 0 {
		read.Link = read.Event
		if read.Event, err = n.target(read.Link, d.parked && resolveLinks, spellIDs); err != nil || read.Event == nil {
			return nil, err
		}
	}
	text, err := proto.Marshal(read)
	if err != nil {
		return nil, err
	}
	return deliveryWire(text, d.retries), nil
}

// target returns the event a link points at, and if that is a link too and twice
// is set, what that one points at; nil if it is gone. Groups read with all
// rights; who may connect is asked of its source.
func (n *Node) target(link *pb.ReadResp_ReadEvent_RecordedEvent, twice, spellIDs bool) (*pb.ReadResp_ReadEvent_RecordedEvent, error) {
	e, err := n.resolve(link.GetData(), spellIDs, nil)
	if err != nil || e == nil || !twice || e.GetMetadata()["type"] != typeLink {
		return e, err
	}
	return n.resolve(e.GetData(), spellIDs, nil)
}

// deliveryWire puts an encoded ReadEvent and a retry count into a ReadResp.
func deliveryWire(read []byte, retries int32) *wire {
	size := len(read) + 1 + protowire.SizeVarint(uint64(retries))
	out := make([]byte, 0, size+1+protowire.SizeVarint(uint64(size)))
	out = tagLen(out, 1, size)
	out = append(out, read...)
	out = protowire.AppendTag(out, 5, protowire.VarintType)
	return &wire{bytes: protowire.AppendVarint(out, uint64(retries))}
}
