package vault

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// eraseTimeout bounds one erasure, which may be of very many keys.
const eraseTimeout = time.Minute

// Erasure says what to erase, and what its event will say. It holds ids only.
type Erasure struct {
	ID        uuid.UUID // an erasure happens once for each id
	Kind      string    // for whoever announces it
	Subject   string    // id of what it is about
	Stream    string    // stream that speaks of it
	Actor     string
	CommandID uuid.UUID
	At        time.Time

	// Owner, unless empty, loses all its wraps and never gets one again.
	Owner string
	// Keys are destroyed whoever owns them, but for those who are Spared.
	Keys []string
	// Spared are owners who keep their wraps of Keys, and with them the keys.
	Spared []string
	// Kept is JSON that the event will say stays. It is forgotten once that is
	// announced.
	Kept []byte
}

// Erased says what went with an erasure.
type Erased struct {
	// Keys that no longer exist: those asked for, and those whose last owner was
	// erased. Sorted; without keys that were gone before.
	Keys []string
	// Kept is what the erasure kept when it was made; none once it was announced.
	Kept []byte
}

// Erase destroys keys and puts tombstones in their place, in one transaction:
// none of them opens, or is minted, ever again. The e-mail look-up, the
// sessions and the sign-ins of candidates whose key went go with it. The erasure stays unannounced until Announce is
// called, after its event is in the log. Erasing again with the same id answers
// as the first time. It is durable on return. Errors: ErrUnavailable.
func (v *Vault) Erase(ctx context.Context, e Erasure) (Erased, error) {
	owner, keys, spared, err := e.targets()
	if err != nil {
		return Erased{}, fmt.Errorf("vault: erase %s: %w", e.ID, err)
	}
	var gone, touched []uuid.UUID
	var kept []byte
	err = v.inTxWithin(ctx, eraseTimeout, "erase", func(ctx context.Context, tx pgx.Tx) error {
		if err := lockExclusive(ctx, tx); err != nil {
			return err
		}
		isNew, err := e.insert(ctx, tx, owner)
		if err != nil {
			return err
		}
		if isNew {
			if owner == nil && len(keys) == 0 {
				return fmt.Errorf("erasure %s of neither owner nor keys", e.ID)
			}
			if touched, err = destroy(ctx, tx, e.ID, owner, keys, spared); err != nil {
				return err
			}
		}
		if err := tx.QueryRow(ctx, `SELECT kept FROM vault.erasures WHERE id = $1`, e.ID).Scan(&kept); err != nil {
			return err
		}
		gone, err = tombstonesOf(ctx, tx, e.ID)
		return err
	})
	// Whether or not it was committed: what was touched is read again.
	v.cache.drop(touched...)
	v.cache.drop(keys...)
	if err != nil {
		return Erased{}, err
	}
	v.cache.forget(gone)
	return Erased{Keys: texts(gone), Kept: kept}, nil
}

func (e Erasure) targets() (owner *uuid.UUID, keys, spared []uuid.UUID, err error) {
	if e.ID == uuid.Nil || e.CommandID == uuid.Nil {
		return nil, nil, nil, fmt.Errorf("erasure and command need ids")
	}
	if e.Owner != "" {
		id, err := parseID("owner", e.Owner)
		if err != nil {
			return nil, nil, nil, err
		}
		owner = &id
	}
	if keys, err = parseIDs("key", e.Keys); err != nil {
		return nil, nil, nil, err
	}
	spared, err = parseIDs("owner", e.Spared)
	return owner, keys, spared, err
}

func parseIDs(what string, texts []string) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, len(texts))
	for i, text := range texts {
		var err error
		if ids[i], err = parseID(what, text); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// insert records the erasure; it answers false if that was done before.
func (e Erasure) insert(ctx context.Context, tx pgx.Tx, owner *uuid.UUID) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO vault.erasures (id, kind, subject, stream, actor, command_id, owner, at, kept)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`,
		e.ID, e.Kind, e.Subject, e.Stream, e.Actor, e.CommandID, owner, e.At, e.Kept)
	return tag.RowsAffected() == 1, err
}

// destroy drops the wraps, but for those of keys that spared owners have, then buries the keys that have none left. It returns
// the keys that lost a wrap. The caller holds the vault's lock exclusively.
func destroy(ctx context.Context, tx pgx.Tx, erasure uuid.UUID, owner *uuid.UUID, keys, spared []uuid.UUID) ([]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `
		DELETE FROM vault.keys WHERE key_id = ANY($1::uuid[]) AND owner <> ALL($3::uuid[]) OR owner = $2 RETURNING key_id`, keys, owner, spared)
	if err != nil {
		return nil, err
	}
	touched, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, err
	}
	candidates := slices.Concat(touched, keys)
	if owner != nil {
		candidates = append(candidates, *owner) // what it protects may not have been written yet
		_, err := tx.Exec(ctx, `
			INSERT INTO vault.ended_owners (owner, erasure_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, *owner, erasure)
		if err != nil {
			return nil, err
		}
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO vault.tombstones (key_id, erasure_id)
		SELECT DISTINCT id, $2::uuid FROM unnest($1::uuid[]) AS id
		WHERE NOT EXISTS (SELECT FROM vault.keys WHERE key_id = id)
		ON CONFLICT DO NOTHING`, candidates, erasure)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, `
		WITH buried AS (SELECT key_id FROM vault.tombstones WHERE erasure_id = $1),
		addresses AS (DELETE FROM vault.emails WHERE candidate_id IN (SELECT key_id FROM buried) RETURNING hash),
		sessions AS (DELETE FROM ops.candidate_sessions WHERE candidate_id IN (SELECT key_id FROM buried))
		DELETE FROM ops.sign_ins WHERE candidate_id IN (SELECT key_id FROM buried) OR address IN (SELECT hash FROM addresses)`, erasure)
	return touched, err
}

func tombstonesOf(ctx context.Context, tx pgx.Tx, erasure uuid.UUID) ([]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `SELECT key_id FROM vault.tombstones WHERE erasure_id = $1 ORDER BY key_id`, erasure)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// Announce says that the event of an erasure is in the log. Saying it again, or
// of an erasure nobody knows, is nothing. Errors: ErrUnavailable.
func (v *Vault) Announce(ctx context.Context, erasure uuid.UUID) error {
	return v.query(ctx, "announce erasure", func(ctx context.Context) error {
		_, err := v.pool.Exec(ctx, `
			UPDATE vault.erasures SET announced_at = $2, kept = NULL WHERE id = $1 AND announced_at IS NULL`, erasure, v.o.Now())
		return err
	})
}

// Unannounced returns the erasures whose event is not known to be in the log,
// oldest first, with the keys that went as their Keys. Whoever announces them
// appends with ids derived from the erasure's, since the event may be there.
// Errors: ErrUnavailable.
func (v *Vault) Unannounced(ctx context.Context) ([]Erasure, error) {
	var out []Erasure
	err := v.query(ctx, "read unannounced erasures", func(ctx context.Context) error {
		rows, err := v.pool.Query(ctx, `
			SELECT e.id, e.kind, e.subject, e.stream, e.actor, e.command_id, e.at, coalesce(e.owner::text, ''),
			       ARRAY(SELECT t.key_id::text FROM vault.tombstones t WHERE t.erasure_id = e.id ORDER BY t.key_id)
			FROM vault.erasures e
			WHERE e.announced_at IS NULL
			ORDER BY e.at, e.id`)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Erasure, error) {
			var e Erasure
			err := row.Scan(&e.ID, &e.Kind, &e.Subject, &e.Stream, &e.Actor, &e.CommandID, &e.At, &e.Owner, &e.Keys)
			e.At = e.At.UTC()
			return e, err
		})
		return err
	})
	return out, err
}

// Forget is told of keys that another process erased: they never open again in
// this one, neither from the cache nor with a wrap that was read before. Ids
// that are no UUIDs name no key and are left out.
func (v *Vault) Forget(keyIDs ...string) {
	ids := make([]uuid.UUID, 0, len(keyIDs))
	for _, s := range keyIDs {
		if id, err := parseID("key", s); err == nil {
			ids = append(ids, id)
		}
	}
	v.cache.forget(ids)
}

func texts(ids []uuid.UUID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return out
}
