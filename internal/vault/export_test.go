package vault

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/personal"
)

// Offline returns a vault that knows a keyset and no database.
func Offline(t testing.TB, keysetJSON []byte) *Vault {
	t.Helper()
	m, err := decodeMaster(keysetJSON)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRing(m)
	if err != nil {
		t.Fatal(err)
	}
	v := &Vault{o: Options{}.withDefaults()}
	if v.cache, err = newCache(v.o.CacheSize); err != nil {
		t.Fatal(err)
	}
	v.ring.Store(r)
	v.path = t.TempDir() + "/none"
	return v
}

// NewKeyset returns a keyset file.
func NewKeyset(t testing.TB) []byte {
	t.Helper()
	m, err := newMaster()
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Put gives the cache a key, as if it had been minted.
func (v *Vault) Put(t testing.TB, key personal.Key, raw []byte) {
	t.Helper()
	ref, err := refOf(key)
	if err != nil {
		t.Fatal(err)
	}
	k, err := newDataKey(raw, v.o.Now().Add(time.Minute), ref.owner)
	if err != nil {
		t.Fatal(err)
	}
	v.cache.admit(ref.id, k)
}

// Wrap wraps a key under the primary epoch.
func (v *Vault) Wrap(t testing.TB, key personal.Key, raw []byte) []byte {
	t.Helper()
	ref, err := refOf(key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := v.wrap(ref, v.ring.Load().primary, raw)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// EmailHash is what vault.emails holds of an address.
func (v *Vault) EmailHash(email personal.Plain) []byte { return v.ring.Load().emailHash(email) }

// Drop takes keys out of the cache.
func (v *Vault) Drop(ids ...uuid.UUID) { v.cache.drop(ids...) }

// FailAt makes rotations stop with err when they reach a step.
func (v *Vault) FailAt(step string, err error) {
	v.step = func(name string) error {
		if name == step {
			return err
		}
		return nil
	}
}

// OnStep calls f at each step of a rotation.
func (v *Vault) OnStep(f func(name string)) {
	v.step = func(name string) error { f(name); return nil }
}

// NormalEmail is the form addresses are compared in.
func NormalEmail(s string) string { return normalEmail(s) }

// RewrapBatch is how many wraps a rotation makes in one transaction.
const RewrapBatch = rewrapBatch

// KnowsForgotten reports whether a key is among those never to be opened.
func (v *Vault) KnowsForgotten(keyID string) bool {
	id, err := parseID("key", keyID)
	return err == nil && v.cache.knowsForgotten(id)
}

// VaultLock is the advisory lock of the whole vault.
const VaultLock = vaultLock
