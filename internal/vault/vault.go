// Package vault keeps the keys of personal data and seals with them.
//
// Every personal text is sealed under a data key of what it belongs to: a
// candidate, an application, a note, a file. A data key lies in Postgres
// (vault.keys), wrapped once for each of its owners under an epoch key of the
// master keyset, which lies in a file outside Postgres. Erasing drops wraps;
// when the last one of a key goes, a tombstone takes its place and everything
// sealed under it reads as erased, wherever copies of it lie. Rotating the
// epoch makes old copies of the wraps worthless too.
//
// # Sealed value, version 1
//
//	offset  bytes
//	0       1   version, 1
//	1       16  key id
//	17      16  event id
//	33      1+n length and stored type of the event
//	…       1+n length and path of the field
//	…       12  nonce, random
//	…       n   AES-256-GCM of the text, padded to a multiple of 32 with 0x80 00…
//	…       16  its tag
//
// Everything before the nonce is the associated data. The format is stored for
// ever: ADR 0004. Who owns what, epochs and erasure: ADR 0005.
//
// # Locks
//
// Whatever mints keys or adds wraps holds one Postgres advisory lock shared;
// erasures and the switch to a new epoch hold it exclusively. So a tombstone
// that is not there when minting looks is not there when minting commits.
// Minters of the same key also exclude each other, key by key.
package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/domain/personal"
)

// The errors callers tell apart, with those of the format and of the keyset.
var (
	// ErrErased: the key, or the owner it was to be wrapped for, is erased.
	ErrErased = errors.New("key is erased")
	// ErrUnavailable: Postgres is out of reach or did not answer in time. What
	// was asked may or may not have been done; asking again is safe.
	ErrUnavailable = errors.New("vault is out of reach")
	// ErrNoKey: the key was never minted.
	ErrNoKey = errors.New("key does not exist")
)

// Options of a Vault. The zero value is fit for use.
type Options struct {
	// CacheSize is how many unwrapped keys are kept. Default 16384, about 1 KiB each.
	CacheSize int
	// CacheTTL is how long a key is used without asking Postgres, so how late an
	// erasure by a process nobody told of it takes effect here. Default and most
	// 60 s.
	CacheTTL time.Duration
	// Timeout bounds each visit to Postgres. Default 5 s.
	Timeout time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.CacheSize <= 0 {
		o.CacheSize = 16384
	}
	if o.CacheTTL <= 0 || o.CacheTTL > time.Minute {
		o.CacheTTL = time.Minute
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Vault seals and opens personal data. It is safe for concurrent use, by any
// number of processes on one database and keyset, starts no goroutines and
// needs no closing; the pool stays the caller's.
type Vault struct {
	pool  *pgxpool.Pool
	path  string
	o     Options
	cache *cache

	ring     atomic.Pointer[ring]
	reload   sync.Mutex  // held while the keyset file is read again
	readAt   time.Time   // when it was last looked at, guarded by reload
	fileInfo os.FileInfo // what it looked like then, guarded by reload

	// step is called at each point of a rotation where a crash leaves something
	// half done. Tests fail it.
	step func(name string) error
}

// Open returns the vault of a database whose migrations are applied. The first
// use of a database makes the keyset file, mode 0600, and ties both together.
// keysetPath may be a link: it is followed once, here, and rotations replace the
// file it leads to.
// Errors: ErrKeysetLost, ErrKeysetLoose, ErrKeysetForeign, ErrUnavailable.
func Open(ctx context.Context, pool *pgxpool.Pool, keysetPath string, o Options) (*Vault, error) {
	o = o.withDefaults()
	keys, err := newCache(o.CacheSize)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	if keysetPath, err = resolveKeyset(keysetPath); err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	v := &Vault{pool: pool, path: keysetPath, o: o, cache: keys, step: func(string) error { return nil }}
	m, err := v.loadOrCreate(ctx)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	r, err := newRing(m)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	v.ring.Store(r)
	if err := v.tie(ctx, r); err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	return v, nil
}

// loadOrCreate reads the keyset file, and makes it if neither it nor anything
// sealed under a former one exists.
func (v *Vault) loadOrCreate(ctx context.Context) (*master, error) {
	m, err := readMaster(v.path)
	if !errors.Is(err, fs.ErrNotExist) {
		return m, err
	}
	dir := filepath.Dir(v.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keyset folder: %w", err)
	}
	if err := syncDir(filepath.Dir(dir)); err != nil {
		return nil, fmt.Errorf("keyset folder: %w", err)
	}
	unlock, err := lockKeyset(ctx, v.path)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if m, err = readMaster(v.path); !errors.Is(err, fs.ErrNotExist) {
		return m, err // another process was first
	}
	var used bool
	err = v.query(ctx, "look for keys", func(ctx context.Context) error {
		return v.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM vault.master) OR EXISTS (SELECT FROM vault.keys)`).Scan(&used)
	})
	if err != nil {
		return nil, err
	}
	if used {
		return nil, fmt.Errorf("keyset %s: %w, and the database holds keys wrapped under it: put the file back", v.path, ErrKeysetLost)
	}
	if m, err = newMaster(); err != nil {
		return nil, err
	}
	return m, writeMaster(v.path, m)
}

// tie writes into the database which keyset it belongs to, or compares.
func (v *Vault) tie(ctx context.Context, r *ring) error {
	var id uuid.UUID
	var epoch uint32
	read := func(ctx context.Context) error {
		return v.pool.QueryRow(ctx, `SELECT keyset_id, epoch FROM vault.master`).Scan(&id, &epoch)
	}
	err := v.query(ctx, "compare keyset", func(ctx context.Context) error {
		err := read(ctx)
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		_, err = v.pool.Exec(ctx, `INSERT INTO vault.master (keyset_id, epoch) VALUES ($1, $2) ON CONFLICT DO NOTHING`, r.id, int64(r.primary))
		if err != nil {
			return err
		}
		return read(ctx)
	})
	if err != nil {
		return err
	}
	if id != r.id {
		return fmt.Errorf("keyset %s: %w: it is %s, the database wants %s", v.path, ErrKeysetForeign, r.id, id)
	}
	if _, err := v.ringWith(epoch); err != nil {
		return err
	}
	return nil
}

// ringWith returns a ring that knows epoch, reading the keyset file again if
// need be. Errors: ErrKeysetForeign.
func (v *Vault) ringWith(epoch uint32) (*ring, error) {
	now := v.o.Now()
	if r := v.ring.Load(); r.opener(epoch, now) != nil {
		return r, nil
	}
	if err := v.readAgain(true); err != nil {
		return nil, err
	}
	r := v.ring.Load()
	if r.opener(epoch, now) == nil {
		return nil, fmt.Errorf("keyset %s: %w: it does not know epoch %d", v.path, ErrKeysetForeign, epoch)
	}
	return r, nil
}

// readAgain takes up a keyset file that another process has changed. Unless
// forced it looks at the file at most once in CacheTTL.
func (v *Vault) readAgain(force bool) error {
	v.reload.Lock()
	defer v.reload.Unlock()
	now := v.o.Now()
	if !force && now.Sub(v.readAt) < v.o.CacheTTL {
		return nil
	}
	info, err := os.Stat(v.path)
	if err != nil {
		return fmt.Errorf("keyset: %w", err)
	}
	v.readAt = now
	if v.fileInfo != nil && os.SameFile(info, v.fileInfo) && info.ModTime().Equal(v.fileInfo.ModTime()) {
		return nil
	}
	m, err := readMaster(v.path)
	if err != nil {
		return err
	}
	if err := v.adopt(m, now); err != nil {
		return err
	}
	v.fileInfo = info
	return nil
}

// adopt puts m into use. The caller holds v.reload.
func (v *Vault) adopt(m *master, now time.Time) error {
	next, err := newRing(m)
	if err != nil {
		return err
	}
	old := v.ring.Load()
	if next.id != old.id {
		return fmt.Errorf("keyset %s: %w: it is %s, was %s", v.path, ErrKeysetForeign, next.id, old.id)
	}
	next = next.after(old, now, now.Add(v.o.CacheTTL))
	v.ring.Store(next)
	if len(next.epochs) == 1 && (len(old.epochs) > 1 || old.epochs[next.primary] == nil) {
		v.cache.turn() // a rotation has ended
	}
	return nil
}

// keyID and owner of a personal.Key.
type keyRef struct{ id, owner uuid.UUID }

func refOf(k personal.Key) (keyRef, error) {
	id, err := parseID("key", k.ID)
	if err != nil {
		return keyRef{}, err
	}
	if k.Owner == k.ID {
		return keyRef{id, id}, nil
	}
	owner, err := parseID("owner", k.Owner)
	if err != nil {
		return keyRef{}, err
	}
	return keyRef{id, owner}, nil
}
