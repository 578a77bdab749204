package vault

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// maxMint is how many keys one transaction mints: each takes a lock, and
// Postgres has room for several thousand of them in all.
const maxMint = 500

// ensure returns the keys in the order of refs, each wrapped for its owner: from
// the cache, else from Postgres, else minted. Errors: ErrErased, ErrUnavailable.
func (v *Vault) ensure(ctx context.Context, refs []keyRef) ([]*dataKey, error) {
	now := v.o.Now()
	found := make([]*dataKey, len(refs))
	var missing []keyRef
	for i, ref := range refs {
		if i > 0 && ref == refs[i-1] {
			found[i] = found[i-1]
			continue
		}
		if k := v.cache.get(ref.id, now); k != nil && k.ownedBy(ref.owner) {
			found[i] = k
			continue
		}
		if v.cache.knowsForgotten(ref.id) {
			return nil, fmt.Errorf("vault: key %s: %w", ref.id, ErrErased)
		}
		missing = append(missing, ref)
	}
	if len(missing) == 0 {
		return found, nil
	}
	_ = v.readAgain(false) // what is in memory serves on if the file cannot be read
	for part := range slices.Chunk(distinct(missing), maxMint) {
		keys, err := v.fetchOrMint(ctx, part)
		if err != nil {
			return nil, err
		}
		for id, k := range keys {
			if !v.cache.admit(id, k) {
				return nil, fmt.Errorf("vault: key %s: %w", id, ErrErased)
			}
		}
		for i, ref := range refs {
			if k := keys[ref.id]; found[i] == nil && k != nil {
				found[i] = k
			}
		}
	}
	return found, nil
}

// fetchOrMint looks before it locks: most keys exist.
func (v *Vault) fetchOrMint(ctx context.Context, refs []keyRef) (map[uuid.UUID]*dataKey, error) {
	var keys map[uuid.UUID]*dataKey
	err := v.query(ctx, "read keys", func(ctx context.Context) error {
		var err error
		keys, err = v.readKeys(ctx, v.pool, idsOf(refs))
		return err
	})
	if err != nil || hasAll(keys, refs) {
		return keys, err
	}
	err = v.inTx(ctx, "mint keys", func(ctx context.Context, tx pgx.Tx) error {
		if err := lockShared(ctx, tx); err != nil {
			return err
		}
		keys, err = v.mint(ctx, tx, refs)
		return err
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// mint makes sure that each key exists and is wrapped for its owner. The caller
// holds the vault's lock, and uses no key before the transaction is committed:
// what is sealed under a key that was never stored is lost.
func (v *Vault) mint(ctx context.Context, tx pgx.Tx, refs []keyRef) (map[uuid.UUID]*dataKey, error) {
	if err := refuseErased(ctx, tx, refs); err != nil {
		return nil, err
	}
	// Two minters of one key for different owners would not meet in the primary
	// key, and make two keys of one id.
	ids := idsOf(refs)
	_, err := tx.Exec(ctx, `
		SELECT pg_advisory_xact_lock($1, h)
		FROM (SELECT DISTINCT hashtext(id::text) AS h FROM unnest($2::uuid[]) AS id ORDER BY h) AS locks`,
		keyLockClass, array(ids))
	if err != nil {
		return nil, err
	}
	keys, err := v.readKeys(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	var epoch uint32
	if err := tx.QueryRow(ctx, `SELECT epoch FROM vault.master`).Scan(&epoch); err != nil {
		return nil, err
	}
	var rows wrapRows
	for _, ref := range refs {
		k := keys[ref.id]
		if k == nil {
			raw := make([]byte, 32)
			_, _ = rand.Read(raw) // never fails: it ends the program instead
			if k, err = newDataKey(raw, v.o.Now().Add(v.o.CacheTTL)); err != nil {
				return nil, err
			}
		}
		if k.ownedBy(ref.owner) {
			continue
		}
		if keys[ref.id], err = newDataKey(k.raw, k.expires, append(slices.Clone(k.owners), ref.owner)...); err != nil {
			return nil, err
		}
		if err := rows.add(v, ref, epoch, k.raw); err != nil {
			return nil, err
		}
	}
	return keys, rows.insert(ctx, tx)
}

func refuseErased(ctx context.Context, tx pgx.Tx, refs []keyRef) error {
	owners := make([]uuid.UUID, len(refs))
	for i, ref := range refs {
		owners[i] = ref.owner
	}
	var id uuid.UUID
	err := tx.QueryRow(ctx, `
		SELECT key_id FROM vault.tombstones WHERE key_id = ANY($1::uuid[])
		UNION ALL
		SELECT owner FROM vault.ended_owners WHERE owner = ANY($2::uuid[])
		LIMIT 1`, array(idsOf(refs)), array(owners)).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", id, ErrErased)
}

// wrapRows are new rows of vault.keys.
type wrapRows struct {
	ids, owners []uuid.UUID
	epochs      []int64
	wraps       [][]byte
}

func (w *wrapRows) add(v *Vault, ref keyRef, epoch uint32, raw []byte) error {
	wrapped, err := v.wrap(ref, epoch, raw)
	if err != nil {
		return err
	}
	w.ids = append(w.ids, ref.id)
	w.owners = append(w.owners, ref.owner)
	w.epochs = append(w.epochs, int64(epoch))
	w.wraps = append(w.wraps, wrapped)
	return nil
}

func (w *wrapRows) insert(ctx context.Context, tx pgx.Tx) error {
	if len(w.ids) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO vault.keys (key_id, owner, epoch, wrapped)
		SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[])`,
		array(w.ids), array(w.owners), w.epochs, w.wraps)
	return err
}

func (v *Vault) wrap(ref keyRef, epoch uint32, raw []byte) ([]byte, error) {
	r, err := v.ringWith(epoch)
	if err != nil {
		return nil, err
	}
	a := r.epochs[epoch]
	if a == nil {
		return nil, fmt.Errorf("%w: epoch %d is retired", ErrKeysetForeign, epoch)
	}
	wrapped, err := a.Encrypt(raw, wrapContext(ref.id, ref.owner))
	if err != nil {
		return nil, fmt.Errorf("wrap key %s: %w", ref.id, err)
	}
	return wrapped, nil
}

func (v *Vault) unwrap(ref keyRef, wrapped []byte) ([]byte, error) {
	epoch, err := epochOf(wrapped)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", ref.id, err)
	}
	r, err := v.ringWith(epoch)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", ref.id, err)
	}
	a := r.opener(epoch, v.o.Now())
	if a == nil {
		return nil, fmt.Errorf("key %s: %w: epoch %d is retired", ref.id, ErrKeysetForeign, epoch)
	}
	raw, err := a.Decrypt(wrapped, wrapContext(ref.id, ref.owner))
	if err != nil {
		return nil, fmt.Errorf("key %s of owner %s: %w", ref.id, ref.owner, ErrTampered)
	}
	return raw, nil
}

// readKeys reads the keys that exist, with all their owners.
func (v *Vault) readKeys(ctx context.Context, db querier, ids []uuid.UUID) (map[uuid.UUID]*dataKey, error) {
	rows, err := db.Query(ctx, `SELECT key_id, owner, wrapped FROM vault.keys WHERE key_id = ANY($1::uuid[])`, array(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	keys := make(map[uuid.UUID]*dataKey, len(ids))
	expires := v.o.Now().Add(v.o.CacheTTL)
	for rows.Next() {
		var ref keyRef
		var wrapped []byte
		if err := rows.Scan(&ref.id, &ref.owner, &wrapped); err != nil {
			return nil, err
		}
		if k := keys[ref.id]; k != nil {
			k.owners = append(k.owners, ref.owner) // not shared with anyone yet
			continue
		}
		raw, err := v.unwrap(ref, wrapped)
		if err != nil {
			return nil, err
		}
		if keys[ref.id], err = newDataKey(raw, expires, ref.owner); err != nil {
			return nil, err
		}
	}
	return keys, rows.Err()
}

// querier is the pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func hasAll(keys map[uuid.UUID]*dataKey, refs []keyRef) bool {
	for _, ref := range refs {
		if k := keys[ref.id]; k == nil || !k.ownedBy(ref.owner) {
			return false
		}
	}
	return true
}

func idsOf(refs []keyRef) []uuid.UUID {
	ids := make([]uuid.UUID, len(refs))
	for i, ref := range refs {
		ids[i] = ref.id
	}
	return ids
}

// array is ids as an array for Postgres. As they are, each would be written as a
// text and read again.
func array(ids []uuid.UUID) pgtype.FlatArray[pgtype.UUID] {
	all := make(pgtype.FlatArray[pgtype.UUID], len(ids))
	for i, id := range ids {
		all[i] = pgtype.UUID{Bytes: id, Valid: true}
	}
	return all
}

func distinct(refs []keyRef) []keyRef {
	refs = slices.Clone(refs)
	slices.SortFunc(refs, func(a, b keyRef) int {
		return cmp.Or(slices.Compare(a.id[:], b.id[:]), slices.Compare(a.owner[:], b.owner[:]))
	})
	return slices.Compact(refs)
}
