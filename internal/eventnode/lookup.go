package eventnode

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// readIndex returns where event rev of a stream is.
func readIndex(db database, stream uint64, rev int64) (indexEntry, error) {
	key := indexKey(stream, rev)
	v, closer, err := db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return indexEntry{}, corrupt("event %d of stream number %d is not in the index", rev, stream)
	}
	if err != nil {
		return indexEntry{}, fmt.Errorf("read the index: %w", err)
	}
	e, err := decodeIndexEntry(key, v)
	return e, errors.Join(err, closer.Close())
}

// readRevision returns event rev of a stream.
func readRevision(db database, stream uint64, rev int64) (event, error) {
	at, err := readIndex(db, stream, rev)
	if err != nil {
		return event{}, err
	}
	v, closer, err := db.Get(eventKey(at.pos))
	if errors.Is(err, pebble.ErrNotFound) {
		return event{}, corrupt("event %d of stream number %d is not at %d, where the index says", rev, stream, at.pos)
	}
	if err != nil {
		return event{}, fmt.Errorf("read an event: %w", err)
	}
	e, err := decodeEvent(at.pos, append([]byte(nil), v...))
	if err == nil && (e.stream != stream || e.revision != rev) {
		err = corrupt("index says event %d of stream number %d is at %d; there is %d of %d", rev, stream, at.pos, e.revision, e.stream)
	}
	return e, errors.Join(err, closer.Close())
}

// lastEvent returns the last event of the log.
func lastEvent(db database) (e event, found bool, err error) {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{eventSpace}, UpperBound: spaceEnd(eventSpace)})
	if err != nil {
		return e, false, fmt.Errorf("read the last event: %w", err)
	}
	if it.Last() {
		found = true
		var pos uint64
		if pos, err = eventPosition(it.Key()); err == nil {
			e, err = decodeEvent(pos, append([]byte(nil), it.Value()...))
		}
	}
	return e, found, it.end(err)
}

func eventPosition(key []byte) (uint64, error) {
	if len(key) != 9 {
		return 0, corrupt("key %x is not one of an event", key)
	}
	return binary.BigEndian.Uint64(key[1:]), nil
}
