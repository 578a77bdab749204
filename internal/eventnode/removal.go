package eventnode

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// What scavenges leave in the store: of each stream they took from, where it
// begins now; where the log ends, which its last event tells no more when it is
// gone; and a report of each.

func removalKey(stream uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{removalSpace}, stream)
}

func scavengeKey(number uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{scavengeSpace}, number)
}

var endKey = []byte{endSpace}

// removal says that all events of a stream before revision kept were removed.
type removal struct {
	kept     int64
	scavenge uint64 // number of the one that removed the last of them
}

const removalLen = 8 + 8 + 4

func appendRemoval(dst, key []byte, r removal) []byte {
	at := len(dst)
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.kept))
	dst = binary.BigEndian.AppendUint64(dst, r.scavenge)
	return binary.BigEndian.AppendUint32(dst, sum(key, dst[at:]))
}

// decodeRemoval returns the stream's number as well.
func decodeRemoval(key, value []byte) (stream uint64, r removal, err error) {
	body, err := summed(key, value, 9, removalLen)
	if err != nil {
		return 0, r, err
	}
	r = removal{kept: int64(binary.BigEndian.Uint64(body)), scavenge: binary.BigEndian.Uint64(body[8:])}
	stream = binary.BigEndian.Uint64(key[1:])
	if r.kept <= 0 || r.scavenge == 0 {
		return 0, r, corrupt("record of what was removed of stream number %d says revision %d, scavenge %d", stream, r.kept, r.scavenge)
	}
	return stream, r, nil
}

// logEnd is the end of the log when a scavenge last removed something.
type logEnd struct {
	last    uint64 // position of the last event
	next    uint64 // where the next one comes
	created int64  // when the last was recorded; ticks
}

const logEndLen = 8 + 8 + 8 + 4

func appendLogEnd(dst []byte, e logEnd) []byte {
	at := len(dst)
	dst = binary.BigEndian.AppendUint64(dst, e.last)
	dst = binary.BigEndian.AppendUint64(dst, e.next)
	dst = binary.BigEndian.AppendUint64(dst, uint64(e.created))
	return binary.BigEndian.AppendUint32(dst, sum(endKey, dst[at:]))
}

func decodeLogEnd(key, value []byte) (logEnd, error) {
	body, err := summed(key, value, 1, logEndLen)
	if err != nil {
		return logEnd{}, err
	}
	e := logEnd{
		last:    binary.BigEndian.Uint64(body),
		next:    binary.BigEndian.Uint64(body[8:]),
		created: int64(binary.BigEndian.Uint64(body[16:])),
	}
	if e.next <= e.last {
		return logEnd{}, corrupt("record of the log's end says the last event is at %d and the next at %d", e.last, e.next)
	}
	return e, nil
}

// summed returns value without its checksum, which it verifies.
func summed(key, value []byte, keyLen, valueLen int) ([]byte, error) {
	if len(key) != keyLen || len(value) != valueLen {
		return nil, corrupt("record %x is %d bytes long, not %d", key, len(value), valueLen)
	}
	body := value[:valueLen-4]
	if binary.BigEndian.Uint32(value[len(body):]) != sum(key, body) {
		return nil, corrupt("checksum of record %x does not match", key)
	}
	return body, nil
}

// ScavengeReport says what one scavenge removed. It stays in the store.
type ScavengeReport struct {
	Number  uint64    `json:"number"` // counted from 1
	Started time.Time `json:"started"`
	// Ended is when the last byte of what was removed was off the disk; zero if
	// the scavenge was cut off. The next one finishes it, and says so here.
	Ended    time.Time `json:"ended,omitzero"`
	Position uint64    `json:"position"` // of the log's last event when it started
	Events   uint64    `json:"events"`   // removed
	Streams  uint64    `json:"streams"`  // from which events were removed
	Before   int64     `json:"bytes_before"`
	After    int64     `json:"bytes_after"` // size of the store; 0 if it did not end by itself
}

// String is the report in one line for a terminal.
func (r ScavengeReport) String() string {
	state := "ended " + r.Ended.Format(time.RFC3339)
	if r.Ended.IsZero() {
		state = "not finished"
	}
	after := ""
	if r.After > 0 {
		after = fmt.Sprintf(", %d after", r.After)
	}
	return fmt.Sprintf("scavenge %d: started %s, %s, %d events of %d streams removed, %d bytes before%s",
		r.Number, r.Started.Format(time.RFC3339), state, r.Events, r.Streams, r.Before, after)
}

func appendScavengeReport(dst, key []byte, r *ScavengeReport) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode report of scavenge %d: %w", r.Number, err)
	}
	dst = append(dst, text...)
	return binary.BigEndian.AppendUint32(dst, sum(key, text)), nil
}

func decodeScavengeReport(key, value []byte) (ScavengeReport, error) {
	var r ScavengeReport
	if len(value) < 4 {
		return r, corrupt("report %x is %d bytes long", key, len(value))
	}
	body, err := summed(key, value, 9, len(value))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return r, corrupt("report %x does not decode: %v", key, err)
	}
	if r.Number != binary.BigEndian.Uint64(key[1:]) {
		return r, corrupt("report %x says it is number %d", key, r.Number)
	}
	return r, nil
}

// loadRemovals reads from where on streams are left.
func (t *streamTable) loadRemovals(db database) error {
	kept := map[uint64]int64{}
	err := eachKey(db, []byte{removalSpace}, spaceEnd(removalSpace), func(key, value []byte) error {
		stream, r, err := decodeRemoval(key, value)
		kept[stream] = r.kept
		return err
	})
	if err != nil {
		return fmt.Errorf("read what was removed: %w", err)
	}
	if len(kept) == 0 {
		return nil
	}
	for _, s := range t.byName {
		s.removed.Store(kept[s.id])
	}
	return nil
}

// readLogEnd returns where the log ended at the last removal, or zero.
func readLogEnd(db database) (logEnd, error) {
	v, closer, err := db.Get(endKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return logEnd{}, nil
	}
	if err != nil {
		return logEnd{}, fmt.Errorf("read the end of the log: %w", err)
	}
	e, err := decodeLogEnd(endKey, v)
	return e, errors.Join(err, closer.Close())
}

// readScavenges returns all reports, the oldest first.
func readScavenges(db database) ([]ScavengeReport, error) {
	var all []ScavengeReport
	err := eachKey(db, []byte{scavengeSpace}, spaceEnd(scavengeSpace), func(key, value []byte) error {
		r, err := decodeScavengeReport(key, value)
		all = append(all, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read reports of scavenges: %w", err)
	}
	return all, nil
}

// eachKey calls f for every key from lower to before upper.
func eachKey(db database, lower, upper []byte, f func(key, value []byte) error) error {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		err = f(it.Key(), it.Value())
	}
	return it.end(err)
}
