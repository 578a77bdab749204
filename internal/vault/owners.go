package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/personal"
)

// ErrLastOwner means that an owner is the only one a key has.
var ErrLastOwner = errors.New("key has no other owner")

// AddOwner wraps an existing key for one more owner, whose erasure alone then
// no longer destroys it. It is durable on return, and nothing if the owner has
// the key already. Errors: ErrErased, ErrNoKey, ErrUnavailable.
func (v *Vault) AddOwner(ctx context.Context, keyID, owner string) error {
	return v.AddOwners(ctx, personal.Key{ID: keyID, Owner: owner})
}

// AddOwners does what AddOwner does for each key, all or none.
func (v *Vault) AddOwners(ctx context.Context, keys ...personal.Key) error {
	refs := make([]keyRef, len(keys))
	var err error
	for i, k := range keys {
		if refs[i], err = refOf(k); err != nil {
			return fmt.Errorf("vault: add owner: %w", err)
		}
	}
	refs = distinct(refs)
	return v.inTx(ctx, "add owner", func(ctx context.Context, tx pgx.Tx) error {
		if err := lockShared(ctx, tx); err != nil {
			return err
		}
		return v.wrapForMore(ctx, tx, refs)
	})
}

func (v *Vault) wrapForMore(ctx context.Context, tx pgx.Tx, refs []keyRef) error {
	if err := refuseErased(ctx, tx, refs); err != nil {
		return err
	}
	existing, err := v.readKeys(ctx, tx, idsOf(refs))
	if err != nil {
		return err
	}
	for _, ref := range refs {
		if existing[ref.id] == nil {
			return fmt.Errorf("key %s: %w", ref.id, ErrNoKey)
		}
	}
	_, err = v.mint(ctx, tx, refs)
	return err
}

// RemoveOwner drops the wrap of one owner, after the key was handed to another.
// It never drops the last one: that is an erasure. It is nothing if the owner
// has no wrap. Errors: ErrLastOwner, ErrUnavailable.
func (v *Vault) RemoveOwner(ctx context.Context, keyID, owner string) error {
	ref, err := refOf(personal.Key{ID: keyID, Owner: owner})
	if err != nil {
		return fmt.Errorf("vault: remove owner: %w", err)
	}
	return v.inTx(ctx, "remove owner", func(ctx context.Context, tx pgx.Tx) error {
		if err := lockExclusive(ctx, tx); err != nil {
			return err
		}
		var owners, others int
		err := tx.QueryRow(ctx, `
			SELECT count(*), count(*) FILTER (WHERE owner <> $2) FROM vault.keys WHERE key_id = $1`,
			ref.id, ref.owner).Scan(&owners, &others)
		if err != nil || owners == others {
			return err
		}
		if others == 0 {
			return fmt.Errorf("key %s: %w", ref.id, ErrLastOwner)
		}
		v.cache.drop(ref.id)
		_, err = tx.Exec(ctx, `DELETE FROM vault.keys WHERE key_id = $1 AND owner = $2`, ref.id, ref.owner)
		return err
	})
}

// Owners returns whom a key is wrapped for, sorted; none if it does not exist
// or is erased. Errors: ErrUnavailable.
func (v *Vault) Owners(ctx context.Context, keyID string) ([]string, error) {
	id, err := parseID("key", keyID)
	if err != nil {
		return nil, fmt.Errorf("vault: read owners: %w", err)
	}
	var owners []string
	err = v.query(ctx, "read owners", func(ctx context.Context) error {
		rows, err := v.pool.Query(ctx, `SELECT owner::text FROM vault.keys WHERE key_id = $1 ORDER BY owner`, id)
		if err != nil {
			return err
		}
		owners, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return owners, err
}

// KeysOf returns the keys that are wrapped for an owner, sorted.
// Errors: ErrUnavailable.
func (v *Vault) KeysOf(ctx context.Context, owner string) ([]string, error) {
	id, err := parseID("owner", owner)
	if err != nil {
		return nil, fmt.Errorf("vault: read keys of owner: %w", err)
	}
	var keys []string
	err = v.query(ctx, "read keys of owner", func(ctx context.Context) error {
		rows, err := v.pool.Query(ctx, `SELECT key_id::text FROM vault.keys WHERE owner = $1 ORDER BY key_id`, id)
		if err != nil {
			return err
		}
		keys, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return keys, err
}

// Heard returns which of some owners the vault has heard of, erased ones
// included. Nothing was ever sealed for one that is not among them.
// Errors: ErrUnavailable.
func (v *Vault) Heard(ctx context.Context, owners []string) (map[string]bool, error) {
	ids := make([]uuid.UUID, len(owners))
	var err error
	for i, o := range owners {
		if ids[i], err = parseID("owner", o); err != nil {
			return nil, fmt.Errorf("vault: look for owners: %w", err)
		}
	}
	heard := map[string]bool{}
	err = v.query(ctx, "look for owners", func(ctx context.Context) error {
		rows, err := v.pool.Query(ctx, `
			SELECT owner::text FROM vault.keys WHERE owner = ANY($1::uuid[])
			UNION SELECT owner::text FROM vault.ended_owners WHERE owner = ANY($1::uuid[])
			UNION SELECT key_id::text FROM vault.tombstones WHERE key_id = ANY($1::uuid[])`, array(ids))
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, id := range found {
			heard[id] = true
		}
		return err
	})
	return heard, err
}
