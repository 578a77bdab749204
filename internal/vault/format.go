package vault

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// The parts of a sealed value; see the package comment and ADR 0004. They are
// stored for ever.
const (
	formatV1 byte = 1

	keyIDAt     = 1
	eventAt     = keyIDAt + 16
	typeAt      = eventAt + 16
	nonceSize   = 12
	tagSize     = 16
	maxNameLen  = 255 // of the type and of the field path, in bytes
	padTo       = 32
	overhead    = nonceSize + padTo + tagSize // the least that follows a header
	minSealed   = typeAt + 2 + 2 + overhead
	maxPlainLen = 1 << 20 // bytes; more is a file
)

// ErrFormat means that bytes are not a sealed value this program can read.
var ErrFormat = errors.New("not a sealed value")

// ErrTampered means that a sealed value, or the wrap of its key, is not what
// this vault once made: bytes changed, or belong to another key.
var ErrTampered = errors.New("sealed value does not open: changed, or of another key")

// ErrMisplaced means that a sealed value stands where it was not sealed for.
var ErrMisplaced = errors.New("sealed value stands in another place")

// Header is what a sealed value says in the clear.
type Header struct {
	KeyID uuid.UUID
	Event uuid.UUID // id of the event it was sealed for
	Type  string    // stored type of that event
	Field string    // path of the field in that event's JSON
}

// ParseHeader reads the header of a sealed value. It does not prove that the
// header is genuine: only opening does. Errors: ErrFormat.
func ParseHeader(sealed []byte) (Header, error) {
	n, err := headerLen(sealed)
	if err != nil {
		return Header{}, err
	}
	typeEnd := typeAt + 1 + int(sealed[typeAt])
	return Header{
		KeyID: uuid.UUID(sealed[keyIDAt:eventAt]),
		Event: uuid.UUID(sealed[eventAt:typeAt]),
		Type:  string(sealed[typeAt+1 : typeEnd]),
		Field: string(sealed[typeEnd+1 : n]),
	}, nil
}

// Place returns ErrMisplaced unless the value was sealed for this field of this
// event: a value moved whole to another place still opens, so whoever decodes
// an event asks.
func (h Header) Place(event uuid.UUID, typ, field string) error {
	if h.Event != event || h.Type != typ || h.Field != field {
		return fmt.Errorf("%w: sealed for %s of %s %s, found in %s of %s %s", ErrMisplaced, h.Field, h.Type, h.Event, field, typ, event)
	}
	return nil
}

// headerLen returns where the nonce begins.
func headerLen(sealed []byte) (int, error) {
	if len(sealed) < minSealed {
		return 0, fmt.Errorf("%w: %d bytes", ErrFormat, len(sealed))
	}
	if sealed[0] != formatV1 {
		return 0, fmt.Errorf("%w: version %d", ErrFormat, sealed[0])
	}
	fieldAt := typeAt + 1 + int(sealed[typeAt])
	if sealed[typeAt] == 0 || len(sealed) <= fieldAt {
		return 0, fmt.Errorf("%w: cut short", ErrFormat)
	}
	end := fieldAt + 1 + int(sealed[fieldAt])
	if sealed[fieldAt] == 0 || len(sealed) < end+overhead || (len(sealed)-end-overhead)%padTo != 0 {
		return 0, fmt.Errorf("%w: cut short", ErrFormat)
	}
	return end, nil
}

// appendHeader writes the header, with room left for a text of size bytes.
func appendHeader(key, event uuid.UUID, typ, field string, size int) ([]byte, error) {
	if len(typ) == 0 || len(typ) > maxNameLen || len(field) == 0 || len(field) > maxNameLen {
		return nil, fmt.Errorf("type %q, field %q: each has 1 to %d bytes", typ, field, maxNameLen)
	}
	if size > maxPlainLen {
		return nil, fmt.Errorf("field %s has %d bytes, at most %d can be sealed", field, size, maxPlainLen)
	}
	b := make([]byte, 0, typeAt+2+len(typ)+len(field)+nonceSize+paddedLen(size)+tagSize)
	b = append(b, formatV1)
	b = append(b, key[:]...)
	b = append(b, event[:]...)
	b = append(b, byte(len(typ)))
	b = append(b, typ...)
	b = append(b, byte(len(field)))
	b = append(b, field...)
	return b, nil
}

// paddedLen is the length of a text of n bytes with its padding.
func paddedLen(n int) int { return (n/padTo + 1) * padTo }

// pad appends text to b, then 0x80 and zeros up to the next multiple of padTo.
// The length of a sealed value stays in the log after its key is gone; without
// padding it would tell a "yes" from a "no" for ever.
func pad(b []byte, text string) []byte {
	end := len(b) + paddedLen(len(text))
	b = append(b, text...)
	b = append(b, 0x80)
	for len(b) < end {
		b = append(b, 0)
	}
	return b
}

// unpad returns the text before the padding.
func unpad(b []byte) ([]byte, error) {
	for i := len(b) - 1; i >= 0 && i >= len(b)-padTo; i-- {
		switch b[i] {
		case 0:
		case 0x80:
			return b[:i], nil
		default:
			return nil, fmt.Errorf("%w: padding", ErrFormat)
		}
	}
	return nil, fmt.Errorf("%w: padding", ErrFormat)
}

// parseID reads a canonical UUID: lower case, with dashes. One id has one
// spelling, so that no two keys or owners are the same one spelt twice.
func parseID(what, s string) (uuid.UUID, error) {
	if len(s) != 36 {
		return uuid.Nil, fmt.Errorf("%s id %q is not a canonical UUID", what, s)
	}
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'F' {
			return uuid.Nil, fmt.Errorf("%s id %q is not a canonical UUID", what, s)
		}
	}
	id, err := uuid.Parse(s)
	if err != nil || id == uuid.Nil {
		return uuid.Nil, fmt.Errorf("%s id %q is not a canonical UUID", what, s)
	}
	return id, nil
}
