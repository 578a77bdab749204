package eventnode

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// right is what somebody wants to do with a stream.
type right uint8

const (
	rightRead right = iota
	rightWrite
	rightDelete
	rightReadMeta
	rightWriteMeta
	rights // how many there are
)

// rightKeys are the names of the rights in $acl.
var rightKeys = [rights]string{"$r", "$w", "$d", "$mr", "$mw"}

// acl is who may do what with a stream: the roles for each right, or nil where
// the stream's metadata do not say.
type acl [rights][]string

// Lists are in memory as long as their stream is known, so each has a limit: so
// many roles, of so many bytes together.
const (
	maxRoles     = 100
	maxRoleBytes = 4096
)

// parseACL reads the $acl of stream metadata. What cannot be read counts as not
// said. A list beyond the limits names nobody, which leaves its right to admins.
func parseACL(text json.RawMessage) *acl {
	var stored map[string]json.RawMessage
	if len(text) == 0 || json.Unmarshal(text, &stored) != nil {
		return nil
	}
	var a acl
	said := false
	for i, key := range rightKeys {
		var one string
		var many []string
		switch raw := stored[key]; {
		case len(raw) == 0 || string(raw) == "null":
		case json.Unmarshal(raw, &one) == nil:
			a[i], said = []string{one}, true
		case json.Unmarshal(raw, &many) == nil:
			a[i], said = append([]string{}, many...), true
		}
		size := 0
		for _, role := range a[i] {
			size += len(role)
		}
		if len(a[i]) > maxRoles || size > maxRoleBytes {
			a[i] = []string{}
		}
	}
	if !said {
		return nil
	}
	return &a
}

// callerKey is where a call's context keeps who calls.
type callerKey struct{}

// caller returns who makes a call; nil when the node has no users, and then
// everything is allowed.
func caller(ctx context.Context) *user {
	u, _ := ctx.Value(callerKey{}).(*user)
	return u
}

// identify returns ctx with the caller in it.
func (a *accounts) identify(ctx context.Context, method string) (context.Context, error) {
	if a == nil || forEverybody(method) {
		return ctx, nil
	}
	md, _ := metadata.FromIncomingContext(ctx)
	header := md.Get("authorization")
	if len(header) != 1 {
		return nil, status.Error(codes.Unauthenticated, "name and password are needed")
	}
	u, err := a.authenticate(ctx, header[0])
	switch {
	case errors.Is(err, errCrowded):
		return nil, err
	case err != nil:
		return nil, status.FromContextError(err).Err()
	case u == nil:
		return nil, status.Error(codes.Unauthenticated, "name or password is wrong")
	}
	return context.WithValue(ctx, callerKey{}, u), nil
}

// forEverybody reports whether a method is answered before a client says who it
// is: how to reach the node and what it can do.
func forEverybody(method string) bool {
	return strings.HasPrefix(method, "/event_store.client.gossip.Gossip/") ||
		strings.HasPrefix(method, "/event_store.client.server_features.ServerFeatures/")
}

func (a *accounts) unary(ctx context.Context, q any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	ctx, err := a.identify(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	return handle(ctx, q)
}

func (a *accounts) stream(srv any, call grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	ctx, err := a.identify(call.Context(), info.FullMethod)
	if err != nil {
		if info.FullMethod == pb.Streams_Append_FullMethodName {
			drainAppend(call)
		}
		return err
	}
	return handle(srv, identifiedStream{call, ctx})
}

// drainAppend reads what a client still sends of an append that is refused: one that
// is answered meanwhile sees a broken stream and not the answer.
func drainAppend(call grpc.ServerStream) {
	for read := 0; read <= messageLimit; {
		msg := &pb.AppendReq{}
		if call.RecvMsg(msg) != nil {
			return
		}
		read += 64 + len(msg.GetProposedMessage().GetData()) + len(msg.GetProposedMessage().GetCustomMetadata())
	}
}

// identifiedStream is a call whose context knows the caller.
type identifiedStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s identifiedStream) Context() context.Context { return s.ctx }

// authorize returns a refusal if the caller has not the right to stream name.
// The rules are EventStoreDB's: what the metadata's $acl says; where it says
// nothing, everybody has all rights to a stream, and admins alone to one whose
// name begins with "$". Admins have all rights.
func (n *Node) authorize(ctx context.Context, name string, want right) error {
	u := caller(ctx)
	if u == nil || n.allowed(u, name, want) {
		return nil
	}
	return refuse(codes.PermissionDenied, "Access to stream '"+name+"' is denied.", "access-denied")
}

func (n *Node) allowed(u *user, name string, want right) bool {
	if u == nil || u.has(groupAdmins) {
		return true
	}
	if of, isMeta := metaOf(name); isMeta {
		// What is done to the metadata of a stream is a matter of that stream.
		name = of
		switch want {
		case rightRead, rightReadMeta:
			want = rightReadMeta
		default:
			want = rightWriteMeta
		}
	}
	if a := n.streams.state(name).meta.acl; a != nil && a[want] != nil {
		for _, role := range a[want] {
			if u.has(role) {
				return true
			}
		}
		return false
	}
	return !strings.HasPrefix(name, "$")
}

// authorizeOps refuses those who may not manage persistent subscriptions.
func authorizeOps(ctx context.Context) error {
	if u := caller(ctx); u == nil || u.has(groupAdmins) || u.has(groupOps) {
		return nil
	}
	return refuse(codes.PermissionDenied, "Persistent subscriptions are managed by $admins and $ops.", "access-denied")
}
