package vault

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/personal"
)

// Item is one personal text of an event; its Field has 1 to 255 bytes.
type Item = personal.Item

// Seal seals the personal texts of one event of type typ (1 to 255 bytes) and
// returns the sealed values in the order of the items. Keys that are missing
// are minted first, durably; an existing key that is not wrapped for the item's
// owner is wrapped for it. With all keys in the cache Postgres is not asked.
// A text has at most 1 MiB. Errors: ErrErased, ErrUnavailable.
func (v *Vault) Seal(ctx context.Context, event uuid.UUID, typ string, items []Item) ([][]byte, error) {
	refs := make([]keyRef, len(items))
	var err error
	for i, it := range items {
		if refs[i], err = refOf(it.Key); err != nil {
			return nil, fmt.Errorf("vault: seal %s of %s: %w", it.Field, typ, err)
		}
	}
	keys, err := v.ensure(ctx, refs)
	if err != nil {
		return nil, err
	}
	out := make([][]byte, len(items))
	for i, it := range items {
		if out[i], err = keys[i].seal(refs[i].id, event, typ, it.Field, it.Plain); err != nil {
			return nil, fmt.Errorf("vault: seal %s of %s: %w", it.Field, typ, err)
		}
	}
	return out, nil
}

func (k *dataKey) seal(id, event uuid.UUID, typ, field string, plain personal.Plain) ([]byte, error) {
	b, err := appendHeader(id, event, typ, field, len(plain))
	if err != nil {
		return nil, err
	}
	n := len(b)
	var small [256]byte
	padded := pad(small[:0], string(plain))
	return k.aead.Seal(b, nil, padded, b[:n:n]), nil
}

// Opened is a text that was sealed.
type Opened struct {
	Text   personal.Plain
	Erased bool // its key is gone; Text is empty
}

// Open opens sealed values, in their order, with one visit to Postgres for all
// keys that are not in the cache. A value whose key is gone reads as erased.
// Errors: ErrFormat, ErrTampered, ErrUnavailable, ErrKeysetForeign.
func (v *Vault) Open(ctx context.Context, sealed ...[]byte) ([]Opened, error) {
	now := v.o.Now()
	ids := make([]uuid.UUID, len(sealed))
	keys := make(map[uuid.UUID]*dataKey, len(sealed))
	var missing []uuid.UUID
	for i, s := range sealed {
		if _, err := headerLen(s); err != nil {
			return nil, fmt.Errorf("vault: open: %w", err)
		}
		ids[i] = uuid.UUID(s[keyIDAt:eventAt])
		if _, seen := keys[ids[i]]; seen {
			continue
		}
		k := v.cache.get(ids[i], now)
		keys[ids[i]] = k
		if k == nil && !v.cache.knowsForgotten(ids[i]) {
			missing = append(missing, ids[i])
		}
	}
	if err := v.fetch(ctx, missing, keys); err != nil {
		return nil, err
	}
	out := make([]Opened, len(sealed))
	for i, s := range sealed {
		var err error
		if out[i], err = keys[ids[i]].open(s); err != nil {
			return nil, fmt.Errorf("vault: open: %w", err)
		}
	}
	return out, nil
}

// fetch adds the keys that exist to keys.
func (v *Vault) fetch(ctx context.Context, ids []uuid.UUID, keys map[uuid.UUID]*dataKey) error {
	if len(ids) == 0 {
		return nil
	}
	_ = v.readAgain(false) // what is in memory serves on if the file cannot be read
	return v.query(ctx, "read keys", func(ctx context.Context) error {
		got, err := v.readKeys(ctx, v.pool, ids)
		for id, k := range got {
			if v.cache.admit(id, k) {
				keys[id] = k
			}
		}
		return err
	})
}

// OpenWith opens a sealed value with a wrap of its key and the owner of that
// wrap, for queries that read both in one statement. A nil wrap means that the
// key is gone. It does not visit Postgres.
// Errors: ErrFormat, ErrTampered, ErrKeysetForeign.
func (v *Vault) OpenWith(sealed, wrapped []byte, owner string) (Opened, error) {
	if _, err := headerLen(sealed); err != nil {
		return Opened{}, fmt.Errorf("vault: open: %w", err)
	}
	if wrapped == nil {
		return Opened{Erased: true}, nil
	}
	id := uuid.UUID(sealed[keyIDAt:eventAt])
	now := v.o.Now()
	k := v.cache.get(id, now)
	if k == nil {
		if v.cache.knowsForgotten(id) {
			return Opened{Erased: true}, nil
		}
		ownerID, err := parseID("owner", owner)
		if err != nil {
			return Opened{}, fmt.Errorf("vault: open: %w", err)
		}
		raw, err := v.unwrap(keyRef{id, ownerID}, wrapped)
		if err != nil {
			return Opened{}, fmt.Errorf("vault: open: %w", err)
		}
		if k, err = newDataKey(raw, now.Add(v.o.CacheTTL), ownerID); err != nil {
			return Opened{}, fmt.Errorf("vault: open: %w", err)
		}
		if !v.cache.admit(id, k) {
			return Opened{Erased: true}, nil
		}
	}
	o, err := k.open(sealed)
	if err != nil {
		return Opened{}, fmt.Errorf("vault: open: %w", err)
	}
	return o, nil
}

// open opens what seal made. No key opens everything as erased.
func (k *dataKey) open(sealed []byte) (Opened, error) {
	if k == nil {
		return Opened{Erased: true}, nil
	}
	n, err := headerLen(sealed)
	if err != nil {
		return Opened{}, err
	}
	var small [256]byte
	padded, err := k.aead.Open(small[:0], nil, sealed[n:], sealed[:n])
	if err != nil {
		return Opened{}, ErrTampered
	}
	text, err := unpad(padded)
	if err != nil {
		return Opened{}, err
	}
	return Opened{Text: personal.Plain(text)}, nil
}

// DataKey returns 32 bytes to encrypt bulk data with, minting the key they come
// from if it is missing. The bytes stand for the key: they are the caller's, to
// be used at once and not kept. Errors: ErrErased, ErrUnavailable.
func (v *Vault) DataKey(ctx context.Context, key personal.Key) ([]byte, error) {
	ref, err := refOf(key)
	if err != nil {
		return nil, fmt.Errorf("vault: data key: %w", err)
	}
	keys, err := v.ensure(ctx, []keyRef{ref})
	if err != nil {
		return nil, err
	}
	return keys[0].bulk()
}

// ExistingDataKey returns what DataKey returned for the key, and mints nothing.
// Errors: ErrErased for a key that is gone or never was, ErrUnavailable.
func (v *Vault) ExistingDataKey(ctx context.Context, keyID string) ([]byte, error) {
	id, err := parseID("key", keyID)
	if err != nil {
		return nil, fmt.Errorf("vault: data key: %w", err)
	}
	k := v.cache.get(id, v.o.Now())
	if k == nil && !v.cache.knowsForgotten(id) {
		keys := make(map[uuid.UUID]*dataKey, 1)
		if err := v.fetch(ctx, []uuid.UUID{id}, keys); err != nil {
			return nil, err
		}
		k = keys[id]
	}
	if k == nil {
		return nil, fmt.Errorf("vault: data key %s: %w", id, ErrErased)
	}
	return k.bulk()
}

// bulk derives the key of bulk data, so that no key serves two algorithms.
func (k *dataKey) bulk() ([]byte, error) {
	b, err := hkdf.Expand(sha256.New, k.raw, "hirelog bulk data v1", 32)
	if err != nil {
		return nil, fmt.Errorf("vault: data key: %w", err)
	}
	return b, nil
}
