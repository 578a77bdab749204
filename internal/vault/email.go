package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/personal"
)

// ErrNoAddress means that there is nothing to look up.
var ErrNoAddress = errors.New("no e-mail address")

// Recognise returns the candidate an address belongs to, and registers
// candidateID for an address that belongs to nobody; known is true if it is
// another candidate. In the same transaction the key of whoever it returns is
// wrapped for the application, and minted if need be, so that an erasure cannot
// take the person away in between. A shared address belongs to nobody.
// Recognising again with the same ids answers the same. What follows in the log
// may fail: then the address stays registered for candidateID, whoever comes
// next with it is given that id as known, and the application keeps its wrap
// until it is erased or RemoveOwner is called.
// Errors: ErrErased (candidateID or the application is), ErrNoAddress, ErrUnavailable.
func (v *Vault) Recognise(ctx context.Context, email personal.Plain, candidateID, applicationID string) (candidate string, known bool, err error) {
	self, err := refOf(personal.Key{ID: candidateID, Owner: applicationID})
	if err != nil {
		return "", false, fmt.Errorf("vault: recognise: %w", err)
	}
	hash, err := v.addressHash(email)
	if err != nil {
		return "", false, fmt.Errorf("vault: recognise: %w", err)
	}
	var who keyRef
	var keys map[uuid.UUID]*dataKey
	err = v.inTx(ctx, "recognise", func(ctx context.Context, tx pgx.Tx) error {
		if err := lockShared(ctx, tx); err != nil {
			return err
		}
		holder, err := register(ctx, tx, hash, self.id)
		if err != nil {
			return err
		}
		who = keyRef{id: holder, owner: self.owner}
		keys, err = v.mint(ctx, tx, []keyRef{who})
		return err
	})
	if err != nil {
		return "", false, err
	}
	v.cache.admit(who.id, keys[who.id])
	return who.id.String(), who.id != self.id, nil
}

// register gives an address to a candidate unless it has one, and returns whom
// it belongs to: the candidate itself for a shared address.
func register(ctx context.Context, tx pgx.Tx, hash []byte, candidate uuid.UUID) (uuid.UUID, error) {
	_, err := tx.Exec(ctx, `INSERT INTO vault.emails (hash, candidate_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, hash, candidate)
	if err != nil {
		return uuid.Nil, err
	}
	// A statement of its own: it sees the row that was waited for.
	var holder *uuid.UUID
	if err := tx.QueryRow(ctx, `SELECT candidate_id FROM vault.emails WHERE hash = $1`, hash).Scan(&holder); err != nil {
		return uuid.Nil, err
	}
	if holder == nil {
		return candidate, nil
	}
	return *holder, nil
}

// LookUp returns the candidate an address belongs to; ok is false for nobody
// and for a shared address. Errors: ErrNoAddress, ErrUnavailable.
func (v *Vault) LookUp(ctx context.Context, email personal.Plain) (candidate string, ok bool, err error) {
	hash, err := v.addressHash(email)
	if err != nil {
		return "", false, fmt.Errorf("vault: look up: %w", err)
	}
	var holder *uuid.UUID
	err = v.query(ctx, "look up", func(ctx context.Context) error {
		err := v.pool.QueryRow(ctx, `SELECT candidate_id FROM vault.emails WHERE hash = $1`, hash).Scan(&holder)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil || holder == nil {
		return "", false, err
	}
	return holder.String(), true, nil
}

// ChangeEmail gives a candidate the new address and takes the old one from it,
// if the candidate has it; unless the new one belongs to another, who is returned:
// then nothing changes. Two candidates who turn out to be one are merged
// elsewhere. Either address may be empty. Errors: ErrErased, ErrUnavailable.
func (v *Vault) ChangeEmail(ctx context.Context, candidateID string, old, email personal.Plain) (holder string, err error) {
	id, err := parseID("candidate", candidateID)
	if err != nil {
		return "", fmt.Errorf("vault: change e-mail: %w", err)
	}
	who := id
	err = v.inTx(ctx, "change e-mail", func(ctx context.Context, tx pgx.Tx) error {
		if err := lockShared(ctx, tx); err != nil {
			return err
		}
		if err := refuseErased(ctx, tx, []keyRef{{id: id}}); err != nil {
			return err
		}
		hash, none := v.addressHash(email)
		if none == nil {
			holder, err := register(ctx, tx, hash, id)
			if err != nil {
				return err
			}
			if who = holder; who != id {
				return nil
			}
		}
		before, none := v.addressHash(old)
		if none != nil || bytes.Equal(before, hash) {
			return nil //nolint:nilerr // there is no old address
		}
		_, err := tx.Exec(ctx, `DELETE FROM vault.emails WHERE hash = $1 AND candidate_id = $2`, before, id)
		return err
	})
	if err != nil {
		return "", err
	}
	return who.String(), nil
}

// SetShared marks an address several people use, so that it belongs to nobody,
// or takes the mark off; whoever comes next with it then is its candidate.
// Errors: ErrNoAddress, ErrUnavailable.
func (v *Vault) SetShared(ctx context.Context, email personal.Plain, shared bool) error {
	hash, err := v.addressHash(email)
	if err != nil {
		return fmt.Errorf("vault: share e-mail: %w", err)
	}
	return v.query(ctx, "share e-mail", func(ctx context.Context) error {
		if !shared {
			_, err := v.pool.Exec(ctx, `DELETE FROM vault.emails WHERE hash = $1 AND candidate_id IS NULL`, hash)
			return err
		}
		_, err := v.pool.Exec(ctx, `
			INSERT INTO vault.emails (hash) VALUES ($1) ON CONFLICT (hash) DO UPDATE SET candidate_id = NULL`, hash)
		return err
	})
}

// AddressHash returns the keyed hash by which an address is known, the same for
// addresses that are compared as the same. Errors: ErrNoAddress.
func (v *Vault) AddressHash(email personal.Plain) ([]byte, error) { return v.addressHash(email) }

func (v *Vault) addressHash(email personal.Plain) ([]byte, error) {
	if strings.TrimSpace(string(email)) == "" {
		return nil, ErrNoAddress
	}
	return v.ring.Load().emailHash(email), nil
}
