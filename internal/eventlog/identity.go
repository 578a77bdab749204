package eventlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// identityStream holds the one event that names this log. It is written before
// anything else is, so it stands first.
const identityStream = "log-identity"

// identityType is the stored type of that event.
const identityType = "log.started.v1"

type logStarted struct {
	Log uuid.UUID `json:"log"`
	At  time.Time `json:"at"`
}

// Identify returns the id of the log, and gives it one if it has none yet. Two
// processes that do it at once agree. Errors: those of the log.
func Identify(ctx context.Context, log Log, now time.Time) (uuid.UUID, error) {
	for range 3 {
		for e, err := range log.ReadStream(ctx, identityStream, 0, Forwards) {
			if err != nil {
				return uuid.Nil, fmt.Errorf("identity of the log: %w", err)
			}
			var started logStarted
			if err := json.Unmarshal(e.Data, &started); err != nil {
				return uuid.Nil, fmt.Errorf("identity of the log: %w", err)
			}
			return started.Log, nil
		}
		id := uuid.New()
		data, err := json.Marshal(logStarted{Log: id, At: now.UTC()})
		if err != nil {
			return uuid.Nil, err
		}
		_, err = log.Append(ctx, identityStream, NoStream, []NewEvent{{ID: id, Type: identityType, Data: data, Metadata: []byte(`{}`)}})
		if err == nil {
			return id, nil
		}
		if !errors.Is(err, ErrConflict) {
			return uuid.Nil, fmt.Errorf("identity of the log: %w", err)
		}
	}
	return uuid.Nil, errors.New("identity of the log: written by another, but not readable")
}

// Token is a position together with the log it is of, as clients see it: in
// Hirelog-Position and min_position.
type Token struct {
	Log      uuid.UUID
	Position Position
}

// String returns "log.commit.prepare".
func (t Token) String() string {
	return fmt.Sprintf("%s.%d.%d", t.Log, t.Position.Commit, t.Position.Prepare)
}

// ParseToken reads what Token.String wrote.
func ParseToken(s string) (Token, error) {
	id, position, ok := strings.Cut(s, ".")
	log, err := uuid.Parse(id)
	if !ok || err != nil {
		return Token{}, errors.New("not a position of a log")
	}
	p, err := ParsePosition(strings.Replace(position, ".", "/", 1))
	if err != nil {
		return Token{}, errors.New("not a position of a log")
	}
	return Token{Log: log, Position: p}, nil
}

// NamesTheLog reports whether an event is the one that Identify writes.
func NamesTheLog(e Event) bool { return e.Stream == identityStream }
