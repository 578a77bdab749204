// Package personal marks personal data, so that it can be sealed on its way
// into the log, never shows up in a log line, and can be erased.
//
// Plain is a personal text on its way in (from a request) or out (to a person
// who may read it). Text is the same text inside an event or a fold: plain only
// between the decision and the append, sealed ever after. Rules never look
// inside a Text: folds keep it sealed, because after an erasure it is gone.
package personal

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
)

// redacted is what every printing verb and every logger shows of personal data.
const redacted = "[personal]"

// Plain is a readable personal text. It prints and logs as "[personal]"; only
// JSON and a conversion to string give the text. fmt and slog have ways round a
// type's methods, which a string cannot close: an unexported field of a struct,
// a verb such as %s for a struct that points to another, %p, and a struct in a
// JSON log without ReplaceAttr. So Plain lies in requests, answers and locals;
// what is kept is a Text, which is closed to all of them.
type Plain string

// String returns "[personal]".
func (Plain) String() string { return redacted }

// GoString returns "[personal]".
func (Plain) GoString() string { return redacted }

// Format writes "[personal]" whatever the verb.
func (Plain) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns "[personal]".
func (Plain) LogValue() slog.Value { return slog.StringValue(redacted) }

// Key names the key a personal text is sealed under.
type Key struct {
	// ID is the id of what the key protects: a candidate, an application, a
	// note, a comment, a file, a member. Destroying the key erases it.
	ID string
	// Owner is whose erasure takes the key along: the application of a note, or
	// ID itself for a key that nobody else owns.
	Owner string
}

// Text is a personal text inside an event. The zero value is the absent text:
// it is stored as null and never sealed.
type Text struct {
	key Key
	// Behind a pointer, so that fmt, which passes by all methods in an unexported
	// field of whoever holds the Text, finds an address there. (To a struct it
	// would follow the pointer.)
	plain  *Plain
	sealed []byte
}

// New returns text, to be sealed under key when its event is appended. An empty
// text is absent.
func New(key Key, text Plain) Text {
	if text == "" {
		return Text{}
	}
	return Text{key: key, plain: &text}
}

// Sealed returns a text from the bytes Text.Bytes gave; none is absent.
func Sealed(b []byte) Text {
	if len(b) == 0 {
		return Text{}
	}
	return Text{sealed: b}
}

// IsZero reports whether the text is absent.
func (t Text) IsZero() bool { return t.plain == nil && len(t.sealed) == 0 }

// Bytes returns the sealed form, as it stands in events and read models. It is
// nil for a text that is absent or not sealed yet. The caller must not change
// it.
func (t Text) Bytes() []byte { return t.sealed }

// Unsealed returns the key and the plain text of a text that is not sealed yet.
// It is for the codec; ok is false for a sealed or absent text.
func (t Text) Unsealed() (key Key, plain Plain, ok bool) {
	if t.plain == nil {
		return Key{}, "", false
	}
	return t.key, *t.plain, true
}

// String returns "[personal]", or nothing for an absent text.
func (t Text) String() string {
	if t.IsZero() {
		return ""
	}
	return redacted
}

// GoString returns "[personal]".
func (t Text) GoString() string { return redacted }

// Format writes what String returns, whatever the verb.
func (t Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(t.String())) }

// LogValue returns what String returns.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// ReplaceAttr is for slog.HandlerOptions of every logger: values that a handler
// would otherwise write as JSON, structs, maps, lists, are printed instead, and
// so show no personal text.
func ReplaceAttr(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() != slog.KindAny {
		return a
	}
	switch v := a.Value.Any().(type) {
	case error, *slog.Source, nil:
		return a
	default:
		return slog.String(a.Key, fmt.Sprintf("%+v", v))
	}
}

// ErrUnsealed means that a personal text was about to be written in the clear.
var ErrUnsealed = errors.New("personal text is not sealed")

// MarshalJSON writes the sealed form in base64, or null for an absent text.
// Errors: ErrUnsealed.
func (t Text) MarshalJSON() ([]byte, error) {
	if t.plain != nil {
		return nil, ErrUnsealed
	}
	if len(t.sealed) == 0 {
		return []byte("null"), nil
	}
	// Nothing in base64 needs escaping.
	out := make([]byte, 1, base64.RawStdEncoding.EncodedLen(len(t.sealed))+2)
	out[0] = '"'
	return append(base64.RawStdEncoding.AppendEncode(out, t.sealed), '"'), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Text) UnmarshalJSON(data []byte) error {
	*t = Text{}
	if string(data) == "null" {
		return nil
	}
	if n := len(data) - 1; n > 0 && data[0] == '"' {
		// Nothing in base64 is escaped, unless somebody else wrote it.
		if b, err := base64.RawStdEncoding.AppendDecode(nil, data[1:n]); err == nil {
			*t = Sealed(b)
			return nil
		}
	}
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("sealed text: %w", err)
	}
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return errors.New("sealed text: not base64")
	}
	*t = Sealed(b)
	return nil
}
