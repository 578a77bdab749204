package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/personal"
)

// Newcomer is a person an application arrives with.
type Newcomer struct {
	Email       personal.Plain // empty = nobody to recognise
	Candidate   string         // id the person gets if nobody known is recognised
	Application string
	Keys        []personal.Key // others that are minted along with the person's
}

// RecogniseAll does what Recognise does for several people, in one transaction,
// and returns the candidate of each; somebody without an address is nobody
// known. Of several with one address the first is registered. There are at most
// 500 keys in all, the people's own included. Errors: those of Recognise for any
// of them, and then nothing was done.
func (v *Vault) RecogniseAll(ctx context.Context, people []Newcomer) ([]string, error) {
	refs := make([]keyRef, len(people))
	hashes := make([][]byte, len(people))
	var others []keyRef
	var err error
	for i, p := range people {
		if refs[i], err = refOf(personal.Key{ID: p.Candidate, Owner: p.Application}); err != nil {
			return nil, fmt.Errorf("vault: recognise: %w", err)
		}
		if hashes[i], err = v.addressHash(p.Email); err != nil && !errors.Is(err, ErrNoAddress) {
			return nil, fmt.Errorf("vault: recognise: %w", err)
		}
		for _, k := range p.Keys {
			ref, err := refOf(k)
			if err != nil {
				return nil, fmt.Errorf("vault: recognise: %w", err)
			}
			others = append(others, ref)
		}
	}
	if n := len(people) + len(others); n > maxMint {
		return nil, fmt.Errorf("vault: recognise: %d keys at once; at most %d", n, maxMint)
	}
	var keys map[uuid.UUID]*dataKey
	err = v.inTx(ctx, "recognise", func(ctx context.Context, tx pgx.Tx) error {
		if err := lockShared(ctx, tx); err != nil {
			return err
		}
		holders, err := registerAll(ctx, tx, hashes, refs)
		if err != nil {
			return err
		}
		for i, hash := range hashes {
			if holder, known := holders[string(hash)]; known {
				refs[i].id = holder
			}
		}
		keys, err = v.mint(ctx, tx, distinct(slices.Concat(refs, others)))
		return err
	})
	if err != nil {
		return nil, err
	}
	for id, k := range keys {
		v.cache.admit(id, k)
	}
	ids := make([]string, len(refs))
	for i, ref := range refs {
		ids[i] = ref.id.String()
	}
	return ids, nil
}

// registerAll registers addresses for candidates, and returns whom each belongs
// to; a shared one is not in the answer.
func registerAll(ctx context.Context, tx pgx.Tx, hashes [][]byte, candidates []keyRef) (map[string]uuid.UUID, error) {
	var own [][]byte
	var ids []uuid.UUID
	order := make([]int, 0, len(hashes))
	for i := range hashes {
		if hashes[i] != nil {
			order = append(order, i)
		}
	}
	// In one order, so that two who register the same ones do not wait for each
	// other.
	slices.SortStableFunc(order, func(a, b int) int { return bytes.Compare(hashes[a], hashes[b]) })
	for _, i := range order {
		own, ids = append(own, hashes[i]), append(ids, candidates[i].id)
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO vault.emails (hash, candidate_id) SELECT * FROM unnest($1::bytea[], $2::uuid[]) ON CONFLICT DO NOTHING`, own, array(ids))
	if err != nil {
		return nil, err
	}
	// A statement of its own: it sees the rows that were waited for.
	rows, err := tx.Query(ctx, `SELECT hash, candidate_id FROM vault.emails WHERE hash = ANY($1::bytea[]) AND candidate_id IS NOT NULL`, own)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	holders := make(map[string]uuid.UUID, len(own))
	for rows.Next() {
		var hash []byte
		var holder uuid.UUID
		if err := rows.Scan(&hash, &holder); err != nil {
			return nil, err
		}
		holders[string(hash)] = holder
	}
	return holders, rows.Err()
}

// Mint makes sure that keys exist and are wrapped for their owners, with few
// visits to Postgres, so that sealing under them afterwards needs none.
// Errors: ErrErased, ErrUnavailable.
func (v *Vault) Mint(ctx context.Context, keys ...personal.Key) error {
	refs := make([]keyRef, len(keys))
	for i, k := range keys {
		var err error
		if refs[i], err = refOf(k); err != nil {
			return fmt.Errorf("vault: mint: %w", err)
		}
	}
	_, err := v.ensure(ctx, refs)
	return err
}
