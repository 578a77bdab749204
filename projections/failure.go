package projections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// Failure says why a projection is stopped. It holds ids and kinds, no values.
type Failure struct {
	Stream   string            `json:"stream,omitempty"` // empty when it is no event's fault
	Revision eventlog.Revision `json:"revision,omitempty"`
	EventID  uuid.UUID         `json:"event_id,omitzero"`
	Type     string            `json:"type,omitempty"`
	Position string            `json:"position,omitempty"`
	Error    string            `json:"error"`
}

// failureOf says that an event cannot be applied.
func failureOf(e eventlog.Event, err error) Failure {
	return Failure{
		Stream: e.Stream, Revision: e.Revision, EventID: e.ID, Type: e.Type, Position: e.Position.String(), Error: err.Error(),
	}
}

// String is one line for people.
func (f Failure) String() string {
	if f.Stream == "" {
		return f.Error
	}
	return fmt.Sprintf("event %s, %s, revision %d of %s at %s: %s", f.EventID, f.Type, f.Revision, f.Stream, f.Position, f.Error)
}

// inapplicable is an error that comes again whenever the same event is applied
// to the same rows. Its text has no values of rows or events; the error it
// comes from may, so it is not printed.
type inapplicable struct {
	text string
	err  error
}

func (e *inapplicable) Error() string { return e.text }
func (e *inapplicable) Unwrap() error { return e.err }

// undecodable is the error of an event that cannot be read.
func undecodable(err error) *inapplicable {
	text := describe(err)
	if text == unknown {
		text = "data is not of its type's form"
	}
	return &inapplicable{"decode: " + text, err}
}

// inModel sorts out an error a model returned: only what surely passes by itself
// is tried again, so that nothing is retried for ever unseen.
func inModel(model, doing string, err error) error {
	if passing(err) {
		return fmt.Errorf("model %s: %s: %w", model, doing, err)
	}
	text := err.Error() // models' own errors hold no personal data
	if d := describe(err); d != unknown {
		text = d
	}
	return &inapplicable{fmt.Sprintf("model %s: %s: %s", model, doing, text), err}
}

// panicked is the error of a model that panicked.
func panicked(model string, v any) error {
	text := fmt.Sprintf("%T", v) // the value may be anybody's
	if err, ok := v.(runtime.Error); ok {
		text = err.Error()
	}
	return &inapplicable{fmt.Sprintf("model %s: panic: %s", model, text), nil}
}

// inDatabase sorts out an error of reading or writing rows. Only what the values
// are to blame for comes again; the rest is the database's, and passes or is
// mended.
func inDatabase(doing string, err error, connectionLost bool) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:min(2, len(pg.Code))] {
		case "22", "23", "54": // data exception, integrity constraint, program limit
			return &inapplicable{doing + ": " + describe(err), err}
		}
		return fmt.Errorf("%s: %w", doing, err)
	}
	if connectionLost || passing(err) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return &inapplicable{doing + ": a value does not fit its column", err}
}

// passing reports whether an error goes away by itself.
func passing(err error) bool {
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case errors.Is(err, ErrTransient), errors.Is(err, eventlog.ErrUnavailable):
		return true
	case errors.As(err, &pg):
		switch pg.Code[:min(2, len(pg.Code))] {
		case "22", "23", "54", "42":
			return false
		}
		return true
	case errors.As(err, &connect), pgconn.SafeToRetry(err), pgconn.Timeout(err):
		return true
	}
	return lost(err)
}

// lost reports whether an error means that a connection broke or a context
// ended.
func lost(err error) bool {
	var n net.Error
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &n)
}

// gone reports whether an error means that a table or schema is not there: the
// generation was dropped.
func gone(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "42P01" || pg.Code == "3F000")
}

const unknown = "unknown error"

// describe says what kind of error err is, without any value it may quote.
func describe(err error) string {
	var (
		pg           *pgconn.PgError
		unknownEvent *domain.UnknownEventError
		typ          *json.UnmarshalTypeError
		syntax       *json.SyntaxError
	)
	switch {
	case errors.As(err, &pg):
		return describePg(pg)
	case errors.As(err, &unknownEvent):
		return unknownEvent.Error()
	case errors.As(err, &typ):
		kind, _, _ := strings.Cut(typ.Value, " ") // "number 12" quotes the number
		if typ.Field == "" {                      // told by a type that decodes itself
			return fmt.Sprintf("a field takes %s, not %s", typ.Type, kind)
		}
		return fmt.Sprintf("field %s of %s takes %s, not %s", typ.Field, typ.Struct, typ.Type, kind)
	case errors.As(err, &syntax):
		return fmt.Sprintf("invalid JSON at byte %d", syntax.Offset)
	}
	return unknown
}

// describePg names the server's error by its code and by what it is about: the
// message and the detail may quote values.
func describePg(e *pgconn.PgError) string {
	text := "SQLSTATE " + e.Code
	for _, about := range [][2]string{{"table", e.TableName}, {"column", e.ColumnName}, {"constraint", e.ConstraintName}, {"in", e.Routine}} {
		if about[1] != "" {
			text += ", " + about[0] + " " + about[1]
		}
	}
	return text
}
