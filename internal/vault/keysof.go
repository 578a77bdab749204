package vault

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

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
