package eventlog

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// verdict is what a failed call of the library means.
type verdict struct {
	err   error // for the caller, if it is not tried again
	retry bool  // trying again may help
	acted bool  // the server may have done what it was asked
	dead  bool  // the connection is of no more use
}

// judge reads an error of the library. It comes in several shapes: the library's
// own error, wrapped or not, a bare gRPC status, or neither.
func judge(err error) verdict {
	v := verdict{err: err}
	if err == nil || errors.Is(err, ErrAway) { // which says why connecting failed too
		return v
	}
	var own *esdb.Error
	if errors.As(err, &own) {
		switch own.Code() {
		case esdb.ErrorCodeStreamDeleted:
			v.err = ErrStreamDeleted
			return v
		case esdb.ErrorCodeWrongExpectedVersion:
			v.err = errors.Join(ErrConflict, err)
			return v
		case esdb.ErrorCodeConnectionClosed:
			v.retry, v.dead = true, true
			return v
		case esdb.ErrorCodeNotLeader: // the library has turned to the leader
			v.retry = true
			return v
		}
	}
	var panicked *panicked
	switch {
	case errors.Is(err, ErrClosed):
	case errors.Is(err, ErrUnavailable): // no generation to be had
		v.retry = true
	case errors.Is(err, errStuck), errors.Is(err, errSilent), errors.As(err, &panicked),
		errors.Is(err, io.EOF), // the server answered before it was asked whole; the answer is lost
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		v.retry, v.acted = true, true
	default:
		v.judgeStatus(status.Convert(err))
	}
	return v
}

// judgeStatus reads what the server, or the transport in its place, answered.
func (v *verdict) judgeStatus(s *status.Status) {
	switch s.Code() {
	case codes.Unavailable:
		v.retry, v.acted, v.dead = true, true, true
	case codes.Internal, // also a stream cut off by a dying peer
		codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.ResourceExhausted:
		v.retry, v.acted = true, true
	case codes.InvalidArgument:
		if strings.Contains(strings.ToLower(s.Message()), "maximum append size") {
			v.err = errors.Join(ErrTooLarge, v.err)
		}
	default: // the server says no, and would again
	}
}

// isNoStream reports whether err says that a stream read does not exist. The
// library says so with a code it also uses for a status of the server's.
func isNoStream(err error) bool {
	var own *esdb.Error
	if !errors.As(err, &own) || own.Code() != esdb.ErrorCodeResourceNotFound {
		return false
	}
	_, answered := status.FromError(own.Err())
	return !answered
}

// actualRevision finds where the stream is in the library's text of a
// wrong-expected-version error, which is the only place it is told.
func actualRevision(err error) (Revision, bool) {
	_, rest, found := strings.Cut(err.Error(), "but got '")
	text, _, closed := strings.Cut(rest, "'")
	if !found || !closed {
		return NoStream, false
	}
	if text == "no_stream" {
		return NoStream, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return NoStream, false
	}
	return Revision(n), true
}
