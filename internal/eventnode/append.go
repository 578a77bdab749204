package eventnode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// maxDrain is how much of a refused append is read before the refusal is sent.
	maxDrain = 64 << 20

	// maxAppendStored is what the events of one append may take in the log, in
	// bytes: each is stored with the name of its stream, which the weight of an
	// append does not count.
	maxAppendStored = 64 << 20
	// storedOverhead is about what an event takes besides what was sent: header,
	// numbers, index entry, and what it takes in memory on the way.
	storedOverhead = 256
)

// Append implements the Streams service.
func (s *streamsServer) Append(call pb.Streams_AppendServer) error {
	r, err := s.n.receive(call)
	if err == nil {
		err = s.n.submit(call.Context(), r)
	}
	if err != nil {
		call.SetTrailer(trailer(err))
		return s.n.answerable("append", err)
	}
	if r.outcome.verdict == wrongRevision {
		return call.SendAndClose(&pb.AppendResp{Result: &pb.AppendResp_WrongExpectedVersion_{
			WrongExpectedVersion: wrongExpected(r.expected, r.outcome.current),
		}})
	}
	return call.SendAndClose(&pb.AppendResp{Result: &pb.AppendResp_Success_{Success: success(r)}})
}

// receive reads a whole append, also one that is refused: a client that is
// answered while it still sends gets to see a broken stream, not the answer.
func (n *Node) receive(call pb.Streams_AppendServer) (*request, error) {
	in := &appendReader{limit: n.o.MaxAppendBytes, allowed: func(stream string) error {
		return n.authorize(call.Context(), stream, rightWrite)
	}}
	for msg := new(appendMessage); ; {
		err := call.RecvMsg(msg)
		switch {
		case errors.Is(err, io.EOF):
			return in.end()
		case err != nil:
			return nil, err
		}
		in.take(msg)
		if in.drained > maxDrain {
			return nil, in.refused
		}
	}
}

// appendReader puts an append together from its messages.
type appendReader struct {
	limit   int
	allowed func(stream string) error // whether the caller may write it
	request *request
	size    int   // what the append weighs so far, of limit
	stored  int   // about what it will take, of maxAppendStored
	refused error // the first reason to refuse it
	drained int   // bytes read since
}

func (a *appendReader) refuse(err error) {
	if a.refused == nil {
		a.refused, a.request = err, nil
	}
}

func (a *appendReader) end() (*request, error) {
	if a.request == nil {
		a.refuse(invalid("append has no options"))
	}
	return a.request, a.refused
}

func (a *appendReader) take(msg *appendMessage) {
	if a.refused != nil {
		a.drained += len(msg.event.data) + len(msg.event.custom) + 64
		return
	}
	switch {
	case a.request == nil && msg.options != nil:
		a.takeOptions(msg.options)
	case a.request != nil && msg.isEvent:
		a.takeEvent(&msg.event)
	default:
		a.refuse(invalid("append must begin with its options, once"))
	}
}

func (a *appendReader) takeOptions(o *pb.AppendReq_Options) {
	r := &request{kind: kindAppend, stream: string(o.GetStreamIdentifier().GetStreamName()), done: make(chan struct{})}
	var err error
	switch v := o.GetExpectedStreamRevision().(type) {
	case *pb.AppendReq_Options_Revision:
		r.expected, err = expectedRevision(v.Revision)
	case *pb.AppendReq_Options_NoStream:
		r.expected = expectNoStream
	case *pb.AppendReq_Options_Any:
		r.expected = expectAny
	case *pb.AppendReq_Options_StreamExists:
		r.expected = expectExists
	default:
		err = invalid("append has no expected revision")
	}
	if err == nil {
		err = checkName(r.stream)
	}
	if err == nil && r.stream == "$all" {
		err = refuse(codes.PermissionDenied, "$all cannot be written to", "access-denied")
	}
	if err == nil {
		err = a.allowed(r.stream)
	}
	if err != nil {
		a.refuse(err)
		return
	}
	a.request = r
}

func (a *appendReader) takeEvent(m *proposedMessage) {
	if !m.hasType || !m.hasContent {
		a.refuse(refuse(codes.InvalidArgument, "Required metadata properties are missing: type, content-type",
			"missing-required-metadata-property", "required-metadata-properties", "type,content-type"))
		return
	}
	if m.idErr != nil {
		a.refuse(m.idErr)
		return
	}
	if m.typ == "" || len(m.typ) > math.MaxUint16 {
		a.refuse(invalid("event type must have from 1 to 65535 bytes"))
		return
	}
	a.size += len(m.data) + len(m.custom) + 2*utf16Len(m.typ)
	a.stored += storedOverhead + len(a.request.stream) + len(m.typ) + len(m.data) + len(m.custom)
	switch {
	case a.size > a.limit:
		a.refuse(tooLarge(a.limit))
		return
	case a.stored > maxAppendStored:
		a.refuse(tooLarge(maxAppendStored))
		return
	}
	a.request.events = append(a.request.events, proposed{
		id: m.id, typ: m.typ, json: m.content == contentJSON, data: m.data, custom: m.custom,
	})
}

func tooLarge(limit int) error {
	return refuse(codes.InvalidArgument, fmt.Sprintf("Maximum Append Size of %d Exceeded.", limit),
		"maximum-append-size-exceeded", "maximum-append-size", strconv.Itoa(limit))
}

func expectedRevision(v uint64) (int64, error) {
	if v > math.MaxInt64 {
		return 0, invalid(fmt.Sprintf("%d is not a revision", v))
	}
	return int64(v), nil
}

func eventID(u *shared.UUID) (id uuid.UUID, err error) {
	if s := u.GetStructured(); s != nil {
		putHalves(&id, uint64(s.GetMostSignificantBits()), uint64(s.GetLeastSignificantBits()))
	} else if id, err = uuid.Parse(u.GetString_()); err != nil {
		return id, invalid("event has no id")
	}
	if id == uuid.Nil {
		return id, invalid("event has an empty id")
	}
	return id, nil
}

// utf16Len is the length of s in UTF-16 units, which is what the server counts.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// submit has r decided and waits until its outcome is durable.
// Errors: the stream is deleted, the node takes no appends, ctx.
func (n *Node) submit(ctx context.Context, r *request) error {
	select {
	case n.requests <- r:
	case <-n.failed:
		return n.unavailable()
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-r.done:
	case <-n.failed:
		return n.unavailable()
	case <-ctx.Done():
		return ctx.Err()
	}
	switch r.outcome.verdict {
	case streamDeleted:
		return deletedStream(r.stream)
	case faulty:
		return r.outcome.err
	case written, wrongRevision:
	}
	return nil
}

// unavailable says what ended writing. Whether the append that is answered so
// will be there when the node is opened again is not known.
func (n *Node) unavailable() error {
	return status.Error(codes.Unavailable, "the node takes no more appends: "+n.fs.cause.Error())
}

func success(r *request) *pb.AppendResp_Success {
	out := &pb.AppendResp_Success{
		CurrentRevisionOption: &pb.AppendResp_Success_NoStream{NoStream: &shared.Empty{}},
		PositionOption:        &pb.AppendResp_Success_NoPosition{NoPosition: &shared.Empty{}},
	}
	if r.outcome.last >= 0 {
		out.CurrentRevisionOption = &pb.AppendResp_Success_CurrentRevision{CurrentRevision: uint64(r.outcome.last)}
	}
	if pos := r.outcome.pos; pos > 0 {
		out.PositionOption = &pb.AppendResp_Success_Position{Position: &pb.AppendResp_Position{CommitPosition: pos, PreparePosition: pos}}
	}
	return out
}

// wrongExpected says it twice, as the server does: clients before 20.6 read
// other fields.
func wrongExpected(expected, current int64) *pb.AppendResp_WrongExpectedVersion {
	empty := &shared.Empty{}
	w := &pb.AppendResp_WrongExpectedVersion{
		CurrentRevisionOption:        &pb.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: empty},
		CurrentRevisionOption_20_6_0: &pb.AppendResp_WrongExpectedVersion_NoStream_20_6_0{NoStream_20_6_0: empty},
	}
	if current >= 0 {
		w.CurrentRevisionOption = &pb.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: uint64(current)}
		w.CurrentRevisionOption_20_6_0 = &pb.AppendResp_WrongExpectedVersion_CurrentRevision_20_6_0{CurrentRevision_20_6_0: uint64(current)}
	}
	switch expected {
	case expectAny:
		w.ExpectedRevisionOption = &pb.AppendResp_WrongExpectedVersion_ExpectedAny{ExpectedAny: empty}
		w.ExpectedRevisionOption_20_6_0 = &pb.AppendResp_WrongExpectedVersion_Any_20_6_0{Any_20_6_0: empty}
	case expectExists:
		w.ExpectedRevisionOption = &pb.AppendResp_WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: empty}
		w.ExpectedRevisionOption_20_6_0 = &pb.AppendResp_WrongExpectedVersion_StreamExists_20_6_0{StreamExists_20_6_0: empty}
	case expectNoStream:
		w.ExpectedRevisionOption = &pb.AppendResp_WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: empty}
		w.ExpectedRevisionOption_20_6_0 = &pb.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: math.MaxUint64}
	default:
		w.ExpectedRevisionOption = &pb.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: uint64(expected)}
		w.ExpectedRevisionOption_20_6_0 = &pb.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: uint64(expected)}
	}
	return w
}
