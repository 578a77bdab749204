package vault

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// rewrapBatch is how many wraps one transaction makes anew.
const rewrapBatch = 1000

// batchTimeout bounds each transaction of a rotation.
const batchTimeout = time.Minute

// Rotation says what a rotation did.
type Rotation struct {
	Epoch     uint32   // that all wraps are under now
	Destroyed []uint32 // epochs whose keys no longer exist
	Rewrapped int      // wraps made anew
}

// RotateEpoch makes a new epoch key, wraps every key anew under it, and destroys
// all older epoch keys: copies of vault.keys from before open nothing any more.
// It is to follow erasures, say nightly. Sealing and opening go on meanwhile,
// here and in other processes on the same keyset file. Cut off at any point it
// loses nothing, and the next one finishes the work. Only one runs at a time;
// the others wait. It must run where the keyset file is.
// Errors: ErrUnavailable, ErrKeysetForeign.
func (v *Vault) RotateEpoch(ctx context.Context) (Rotation, error) {
	unlock, err := lockKeyset(ctx, v.path)
	if err != nil {
		return Rotation{}, fmt.Errorf("vault: rotate: %w", err)
	}
	defer unlock()
	return v.rotate(ctx)
}

// rotate is RotateEpoch for who holds the keyset's lock.
func (v *Vault) rotate(ctx context.Context) (Rotation, error) {
	m, err := readMaster(v.path)
	if err != nil {
		return Rotation{}, fmt.Errorf("vault: rotate: %w", err)
	}
	before, _, err := m.epochIDs()
	if err != nil {
		return Rotation{}, fmt.Errorf("vault: rotate: %w", err)
	}
	// 1. The new key exists, durably, before anything is wrapped under it.
	m, epoch, err := m.withNewEpoch()
	if err == nil {
		err = v.replaceMaster(m)
	}
	if err == nil {
		err = v.step("key added")
	}
	if err != nil {
		return Rotation{}, fmt.Errorf("vault: rotate: %w", err)
	}
	// 2. Minting moves to it; from here nothing is wrapped under an older one.
	if err := v.switchEpoch(ctx, m.id, before, epoch); err != nil {
		return Rotation{}, err
	}
	// 3. What older epochs wrapped is wrapped anew.
	n, err := v.rewrapAll(ctx, epoch)
	if err != nil {
		return Rotation{}, err
	}
	// 4. Nothing needs the older keys.
	if m, err = m.withOnlyPrimary(); err == nil {
		err = v.replaceMaster(m)
	}
	if err == nil {
		err = v.step("old keys destroyed")
	}
	if err != nil {
		return Rotation{}, fmt.Errorf("vault: rotate: %w", err)
	}
	return Rotation{Epoch: epoch, Destroyed: before, Rewrapped: n}, nil
}

// RotateIfDue rotates the epoch if anything was erased since the last rotation,
// or if one was cut off; done says whether it did. Of several processes that do
// it at once on one keyset file exactly one rotates; the others wait for it and
// find nothing to do.
// Errors: those of RotateEpoch.
func (v *Vault) RotateIfDue(ctx context.Context) (r Rotation, done bool, err error) {
	due, err := v.rotationDue(ctx)
	if err != nil || !due {
		return r, false, err
	}
	if err := v.step("found due"); err != nil {
		return r, false, err
	}
	unlock, err := lockKeyset(ctx, v.path)
	if err != nil {
		return r, false, fmt.Errorf("vault: rotate: %w", err)
	}
	defer unlock()
	// Another process may have done it while this one waited for the lock.
	if due, err = v.rotationDue(ctx); err != nil || !due {
		return r, false, err
	}
	r, err = v.rotate(ctx)
	return r, err == nil, err
}

// rotationDue reports whether a rotation was cut off, or is under way, or
// anything was erased since the last one.
func (v *Vault) rotationDue(ctx context.Context) (bool, error) {
	m, err := readMaster(v.path)
	if err != nil {
		return false, fmt.Errorf("vault: rotate: %w", err)
	}
	epochs, _, err := m.epochIDs()
	if err != nil {
		return false, fmt.Errorf("vault: rotate: %w", err)
	}
	if len(epochs) > 1 {
		return true, nil
	}
	due := false
	err = v.query(ctx, "look for erasures", func(ctx context.Context) error {
		return v.pool.QueryRow(ctx, `
			SELECT EXISTS (SELECT FROM vault.erasures e JOIN vault.master m ON e.erased_at >= m.rotated_at)`).Scan(&due)
	})
	return due, err
}

func (v *Vault) replaceMaster(m *master) error {
	if err := writeMaster(v.path, m); err != nil {
		return err
	}
	v.reload.Lock()
	defer v.reload.Unlock()
	v.fileInfo = nil // another process may have written since it was looked at
	return v.adopt(m, v.o.Now())
}

func (v *Vault) switchEpoch(ctx context.Context, keyset uuid.UUID, before []uint32, epoch uint32) error {
	known := make([]int64, len(before))
	for i, id := range before {
		known[i] = int64(id)
	}
	err := v.inTxWithin(ctx, batchTimeout, "switch epoch", func(ctx context.Context, tx pgx.Tx) error {
		if err := lockExclusive(ctx, tx); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			UPDATE vault.master SET epoch = $1, rotated_at = clock_timestamp() WHERE keyset_id = $2 AND epoch = ANY($3::bigint[])`, int64(epoch), keyset, known)
		if err == nil && tag.RowsAffected() != 1 {
			return fmt.Errorf("%w: the database is in an epoch it does not know", ErrKeysetForeign)
		}
		return err
	})
	if err != nil {
		return err
	}
	return v.step("epoch switched")
}

// rewrapAll walks vault.keys once. Rows that appear meanwhile are under the new
// epoch; rows that disappear are erased.
func (v *Vault) rewrapAll(ctx context.Context, epoch uint32) (int, error) {
	total := 0
	var after keyRef
	for {
		var n, seen int
		var last keyRef
		err := v.inTxWithin(ctx, batchTimeout, "wrap keys anew", func(ctx context.Context, tx pgx.Tx) error {
			if err := lockShared(ctx, tx); err != nil {
				return err
			}
			var err error
			n, seen, last, err = v.rewrapSome(ctx, tx, epoch, after)
			return err
		})
		if err != nil {
			return total, err
		}
		total, after = total+n, last
		if seen < rewrapBatch {
			break
		}
		if err := v.step("batch wrapped"); err != nil {
			return total, err
		}
	}
	var left int
	err := within(ctx, batchTimeout, "count old wraps", func(ctx context.Context) error {
		return v.pool.QueryRow(ctx, `SELECT count(*) FROM vault.keys WHERE epoch <> $1`, int64(epoch)).Scan(&left)
	})
	if err != nil {
		return total, err
	}
	if left != 0 {
		return total, fmt.Errorf("vault: rotate: %d wraps are still under older epochs", left)
	}
	return total, v.step("all wrapped")
}

// rewrapSome wraps the next rows behind after. It returns how many it wrapped,
// how many it looked at, and the last of those.
func (v *Vault) rewrapSome(ctx context.Context, tx pgx.Tx, epoch uint32, after keyRef) (n, seen int, last keyRef, err error) {
	rows, err := tx.Query(ctx, `
		SELECT key_id, owner, epoch, wrapped FROM vault.keys
		WHERE (key_id, owner) > ($1, $2) ORDER BY key_id, owner LIMIT $3`, after.id, after.owner, rewrapBatch)
	if err != nil {
		return 0, 0, after, err
	}
	defer rows.Close()
	var anew wrapRows
	last = after
	for rows.Next() {
		var of uint32
		var wrapped []byte
		if err := rows.Scan(&last.id, &last.owner, &of, &wrapped); err != nil {
			return 0, 0, after, err
		}
		seen++
		if of == epoch {
			continue
		}
		raw, err := v.unwrap(last, wrapped)
		if err != nil {
			return 0, 0, after, err
		}
		if err := anew.add(v, last, epoch, raw); err != nil {
			return 0, 0, after, err
		}
	}
	if err := rows.Err(); err != nil {
		return 0, 0, after, err
	}
	_, err = tx.Exec(ctx, `
		UPDATE vault.keys k SET epoch = n.epoch, wrapped = n.wrapped
		FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[]) AS n (key_id, owner, epoch, wrapped)
		WHERE k.key_id = n.key_id AND k.owner = n.owner`, anew.ids, anew.owners, anew.epochs, anew.wraps)
	return len(anew.ids), seen, last, err
}
