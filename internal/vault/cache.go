package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
)

// dataKey is an unwrapped key. It is never changed.
type dataKey struct {
	raw     []byte // 32
	aead    cipher.AEAD
	owners  []uuid.UUID // that it is known to be wrapped for
	expires time.Time
}

func newDataKey(raw []byte, expires time.Time, owners ...uuid.UUID) (*dataKey, error) {
	if len(raw) != 32 {
		return nil, fmt.Errorf("%w: key of %d bytes", ErrTampered, len(raw))
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	// The nonce is random and stands before the ciphertext, as the format wants.
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return &dataKey{raw: raw, aead: gcm, owners: owners, expires: expires}, nil
}

func (k *dataKey) ownedBy(owner uuid.UUID) bool { return slices.Contains(k.owners, owner) }

// cache holds unwrapped keys for a while, and for longer which keys must never
// be opened again. It is safe for concurrent use.
type cache struct {
	keys *lru.Cache[uuid.UUID, *dataKey]

	mu sync.RWMutex
	// forgotten keys, by how many rotations ago they were forgotten. A wrap read
	// before the erasure may still turn up; once the epochs it could have been
	// made under are destroyed it opens nothing by itself. A process may learn of
	// an epoch late and keeps it for a moment after its end, hence three.
	forgotten [3]map[uuid.UUID]struct{} // guarded by mu
}

func newCache(size int) (*cache, error) {
	keys, err := lru.New[uuid.UUID, *dataKey](size)
	if err != nil {
		return nil, err
	}
	return &cache{keys: keys, forgotten: [3]map[uuid.UUID]struct{}{{}, {}, {}}}, nil
}

func (c *cache) get(id uuid.UUID, now time.Time) *dataKey {
	k, ok := c.keys.Get(id)
	if !ok || !now.Before(k.expires) {
		return nil
	}
	return k
}

// admit remembers a key, unless it was forgotten: then it answers false.
func (c *cache) admit(id uuid.UUID, k *dataKey) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.isForgotten(id) {
		return false
	}
	c.keys.Add(id, k)
	return true
}

// knowsForgotten reports whether a key must not be opened again.
func (c *cache) knowsForgotten(id uuid.UUID) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.isForgotten(id)
}

func (c *cache) isForgotten(id uuid.UUID) bool {
	for _, ids := range c.forgotten {
		if _, ok := ids[id]; ok {
			return true
		}
	}
	return false
}

func (c *cache) forget(ids []uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		c.forgotten[0][id] = struct{}{}
		c.keys.Remove(id)
	}
}

// drop makes the next use of a key ask the database.
func (c *cache) drop(ids ...uuid.UUID) {
	for _, id := range ids {
		c.keys.Remove(id)
	}
}

// turn is told when all epochs but a new one are destroyed.
func (c *cache) turn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgotten[2], c.forgotten[1], c.forgotten[0] = c.forgotten[1], c.forgotten[0], map[uuid.UUID]struct{}{}
}
