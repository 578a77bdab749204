package vault

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ring is the keyset file ready for use. It is never changed, only replaced.
type ring struct {
	id      uuid.UUID
	epochs  map[uint32]tink.AEAD // each wraps under its own epoch
	primary uint32
	// retired epochs are no longer in the file. They go on opening wraps for a
	// moment, for statements that read before the rotation ended.
	retired map[uint32]retiredEpoch

	lookup, search, derive, fingerprint *prf.Set
}

type retiredEpoch struct {
	aead  tink.AEAD
	until time.Time
}

func newRing(m *master) (*ring, error) {
	ids, primary, err := m.epochIDs()
	if err != nil {
		return nil, err
	}
	r := &ring{id: m.id, primary: primary, epochs: make(map[uint32]tink.AEAD, len(ids))}
	for _, id := range ids {
		mgr := keyset.NewManagerFromHandle(m.epochs)
		if err := mgr.SetPrimary(id); err != nil {
			return nil, fmt.Errorf("epoch %d: %w", id, err)
		}
		h, err := mgr.Handle()
		if err != nil {
			return nil, fmt.Errorf("epoch %d: %w", id, err)
		}
		if r.epochs[id], err = aead.New(h); err != nil {
			return nil, fmt.Errorf("epoch %d: %w", id, err)
		}
	}
	for _, p := range []struct {
		h  *keyset.Handle
		to **prf.Set
	}{{m.lookup, &r.lookup}, {m.search, &r.search}, {m.derive, &r.derive}, {m.fingerprint, &r.fingerprint}} {
		if *p.to, err = prf.NewPRFSet(p.h); err != nil {
			return nil, fmt.Errorf("keyed hashes: %w", err)
		}
	}
	return r, nil
}

// after returns r as the successor of old: epochs that went stay until then.
func (r *ring) after(old *ring, now, until time.Time) *ring {
	next := *r
	next.retired = make(map[uint32]retiredEpoch)
	for id, e := range old.retired {
		if now.Before(e.until) {
			next.retired[id] = e
		}
	}
	for id, a := range old.epochs {
		if _, kept := r.epochs[id]; !kept {
			next.retired[id] = retiredEpoch{aead: a, until: until}
		}
	}
	return &next
}

// opener returns what opens wraps of an epoch, or nil.
func (r *ring) opener(epoch uint32, now time.Time) tink.AEAD {
	if a, ok := r.epochs[epoch]; ok {
		return a
	}
	if e, ok := r.retired[epoch]; ok && now.Before(e.until) {
		return e.aead
	}
	return nil
}

// epochOf reads which epoch made a wrap: Tink writes 0x01 and the id of the key
// before its ciphertext.
func epochOf(wrapped []byte) (uint32, error) {
	if len(wrapped) < 5 || wrapped[0] != 1 {
		return 0, fmt.Errorf("%w: wrap of %d bytes", ErrTampered, len(wrapped))
	}
	return binary.BigEndian.Uint32(wrapped[1:5]), nil
}

// wrapContext is what a wrap is bound to: its key and its owner.
func wrapContext(key, owner uuid.UUID) []byte {
	b := make([]byte, 0, 32)
	b = append(b, key[:]...)
	return append(b, owner[:]...)
}
