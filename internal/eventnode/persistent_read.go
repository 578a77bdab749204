package eventnode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

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
	user := caller(call.Context())
	for {
		select {
		case d := <-sub.out:
			if sub.sent(&d) {
				g.post(func() {}) // which has it look who is free
			}
			out, err := g.encodeDelivery(&d, user, spellIDs)
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
			action, why := msg.GetNack().GetAction(), shortReason(msg.GetNack().GetReason())
			g.post(func() { g.refuse(sub, ids, action, why) })
		default:
			return invalid("a subscriber sends acknowledgements only")
		}
	}
}

// maxReason bounds what is kept of a reason, in bytes: it is stored with each
// event it parks.
const maxReason = 1024

func shortReason(why string) string {
	return strings.ToValidUTF8(why[:min(len(why), maxReason)], "")
}

// messageIDs reads which events an answer speaks of. A subscriber cannot have
// more than maxSlots.
func messageIDs(list []*shared.UUID) ([]uuid.UUID, error) {
	if len(list) > maxSlots {
		return nil, invalid(fmt.Sprintf("an answer to %d events is too long; %d are the most", len(list), maxSlots))
	}
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
// an event that is gone. A link to an event u may not read comes without the
// event, as in a read: to others of the group it may mean something. The
// messages of the two services have the same fields with the same numbers, but
// for the retry count.
func (g *group) encodeDelivery(d *delivery, u *user, spellIDs bool) (*wire, error) {
	resolve := d.parked || g.cfg.ResolveLinks && d.event.flags&flagLink != 0
	if !spellIDs && !resolve {
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
	if resolve {
		read.Link = read.Event
		var forbidden bool
		if read.Event, forbidden, err = g.target(read.Link, d.parked, u, spellIDs); err != nil || read.Event == nil && !forbidden {
			return nil, err
		}
	}
	text, err := proto.Marshal(read)
	if err != nil {
		return nil, err
	}
	return deliveryWire(text, d.retries), nil
}

type recordedEvent = pb.ReadResp_ReadEvent_RecordedEvent

// target returns the event a link points at, as u may see it: nil if it is
// forbidden or gone. What the link of a parked event points at is a link again
// where the group had one, and is followed if the group resolves links.
func (g *group) target(link *recordedEvent, parked bool, u *user, spellIDs bool) (_ *recordedEvent, forbidden bool, err error) {
	if !parked {
		return g.n.follow(link, u, spellIDs)
	}
	reader := u
	if name := linkedStream(link); g.cfg.Stream == allName || name == g.cfg.Stream {
		reader = nil // it is of the source, which u was asked for when joining
	}
	e, forbidden, err := g.n.follow(link, reader, spellIDs)
	if e == nil || !g.cfg.ResolveLinks || e.GetMetadata()["type"] != typeLink {
		return e, forbidden, err
	}
	return g.n.follow(e, u, spellIDs)
}

// follow returns the event a link points at; nil if u may not read it, or if it
// is gone.
func (n *Node) follow(link *recordedEvent, u *user, spellIDs bool) (_ *recordedEvent, forbidden bool, err error) {
	if name := linkedStream(link); name != "" && !n.allowed(u, name, rightRead) {
		return nil, true, nil
	}
	e, err := n.resolve(link.GetData(), spellIDs, u)
	return e, false, err
}

// linkedStream names the stream a link points into; "" if it points nowhere.
func linkedStream(link *recordedEvent) string {
	_, name, _ := strings.Cut(string(link.GetData()), "@")
	return name
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
