package eventnode

import (
	"context"
	"fmt"
	"strconv"

	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// Delete implements the Streams service: it hides a stream's events.
func (s *streamsServer) Delete(ctx context.Context, q *pb.DeleteReq) (*pb.DeleteResp, error) {
	r := &request{kind: kindDelete, stream: string(q.GetOptions().GetStreamIdentifier().GetStreamName())}
	var err error
	switch v := q.GetOptions().GetExpectedStreamRevision().(type) {
	case *pb.DeleteReq_Options_Revision:
		r.expected, err = expectedRevision(v.Revision)
	case *pb.DeleteReq_Options_NoStream:
		r.expected = expectNoStream
	case *pb.DeleteReq_Options_Any:
		r.expected = expectAny
	case *pb.DeleteReq_Options_StreamExists:
		r.expected = expectExists
	default:
		err = invalid("delete has no expected revision")
	}
	pos, err := s.end(ctx, "delete", r, err)
	if err != nil {
		return nil, err
	}
	return &pb.DeleteResp{PositionOption: &pb.DeleteResp_Position_{Position: &pb.DeleteResp_Position{CommitPosition: pos, PreparePosition: pos}}}, nil
}

// Tombstone implements the Streams service: it ends a stream for good.
func (s *streamsServer) Tombstone(ctx context.Context, q *pb.TombstoneReq) (*pb.TombstoneResp, error) {
	r := &request{kind: kindTombstone, stream: string(q.GetOptions().GetStreamIdentifier().GetStreamName())}
	var err error
	switch v := q.GetOptions().GetExpectedStreamRevision().(type) {
	case *pb.TombstoneReq_Options_Revision:
		r.expected, err = expectedRevision(v.Revision)
	case *pb.TombstoneReq_Options_NoStream:
		r.expected = expectNoStream
	case *pb.TombstoneReq_Options_Any:
		r.expected = expectAny
	case *pb.TombstoneReq_Options_StreamExists:
		r.expected = expectExists
	default:
		err = invalid("tombstone has no expected revision")
	}
	pos, err := s.end(ctx, "tombstone", r, err)
	if err != nil {
		return nil, err
	}
	return &pb.TombstoneResp{PositionOption: &pb.TombstoneResp_Position_{Position: &pb.TombstoneResp_Position{CommitPosition: pos, PreparePosition: pos}}}, nil
}

// end carries out a delete or tombstone, unless it is refused already, and
// returns the position of the event that says so.
func (s *streamsServer) end(ctx context.Context, what string, r *request, err error) (uint64, error) {
	r.done = make(chan struct{})
	if err == nil {
		err = checkName(r.stream)
	}
	if err == nil && (r.stream == "$all" || r.kind == kindTombstone && r.stream == metaStream("$all")) {
		// It is no stream; and who may read it must always be possible to say.
		err = refuse(codes.PermissionDenied, r.stream+" cannot be deleted", "access-denied")
	}
	if err == nil {
		err = s.n.authorize(ctx, r.stream, rightDelete)
	}
	if err == nil {
		err = s.n.submit(ctx, r)
	}
	if err == nil && r.outcome.verdict == wrongRevision {
		err = refuse(codes.FailedPrecondition,
			fmt.Sprintf("%s of stream '%s' failed: expected revision %d, is at %d", what, r.stream, r.expected, r.outcome.current),
			"wrong-expected-version", "stream-name", trailerText(r.stream),
			"expected-version", strconv.FormatInt(r.expected, 10), "actual-version", strconv.FormatInt(r.outcome.current, 10))
	}
	if err != nil {
		// The only error is that the call is over.
		_ = grpc.SetTrailer(ctx, trailer(err))
		return 0, s.n.answerable(what, err)
	}
	return r.outcome.pos, nil
}
