package eventnode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/google/uuid"
	"google.golang.org/grpc/peer"
)

// gossipServer tells clients which nodes there are: this one.
type gossipServer struct {
	gossip.UnimplementedGossipServer
	instance  *shared.UUID
	advertise *gossip.EndPoint // nil: the address it is asked at
}

func newGossipServer(advertise string) (*gossipServer, error) {
	s := &gossipServer{instance: &shared.UUID{Value: &shared.UUID_String_{String_: uuid.NewString()}}}
	if advertise == "" {
		return s, nil
	}
	host, text, err := net.SplitHostPort(advertise)
	if err != nil {
		return nil, fmt.Errorf("event node: address to advertise: %w", err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 || host == "" {
		return nil, errors.New("event node: address to advertise must be host:port, with a port number")
	}
	s.advertise = &gossip.EndPoint{Address: host, Port: uint32(port)}
	return s, nil
}

// Read names this node as the leader of a cluster of one.
func (s *gossipServer) Read(ctx context.Context, _ *shared.Empty) (*gossip.ClusterInfo, error) {
	end := s.advertise
	if end == nil {
		end = &gossip.EndPoint{}
		if p, ok := peer.FromContext(ctx); ok && p.LocalAddr != nil {
			end.Address = p.LocalAddr.String()
			if tcp, ok := p.LocalAddr.(*net.TCPAddr); ok {
				end.Address, end.Port = tcp.IP.String(), uint32(tcp.Port)
			}
		}
	}
	return &gossip.ClusterInfo{Members: []*gossip.MemberInfo{{
		InstanceId: s.instance, TimeStamp: ticks(time.Now()),
		State: gossip.MemberInfo_Leader, IsAlive: true, HttpEndPoint: end,
	}}}, nil
}
