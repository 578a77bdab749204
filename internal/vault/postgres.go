package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hirelog/hirelog/internal/postgres"
)

// vaultLock is the advisory lock of the whole vault: shared to mint and wrap,
// exclusive to erase and to switch epochs. keyLockClass is the first half of the
// locks of single keys, whose second half is a hash of the key id.
const (
	vaultLock    int64 = 0x68697265_7661756c // "hirevaul"
	keyLockClass int32 = 0x7661756c          // "vaul"
)

// maxTxTries is how often a transaction is tried when Postgres breaks it off
// for the sake of another one.
const maxTxTries = 4

// query visits Postgres for at most the vault's own time.
func (v *Vault) query(ctx context.Context, doing string, do func(context.Context) error) error {
	return within(ctx, v.o.Timeout, doing, do)
}

func within(ctx context.Context, d time.Duration, doing string, do func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return fault(ctx, doing, do(bounded))
}

// inTx runs do in a transaction, again if Postgres chose it to break a deadlock.
func (v *Vault) inTx(ctx context.Context, doing string, do func(context.Context, pgx.Tx) error) error {
	return v.inTxWithin(ctx, v.o.Timeout, doing, do)
}

func (v *Vault) inTxWithin(ctx context.Context, d time.Duration, doing string, do func(context.Context, pgx.Tx) error) error {
	return within(ctx, d, doing, func(ctx context.Context) error {
		for try := 1; ; try++ {
			err := pgx.BeginFunc(ctx, v.pool, func(tx pgx.Tx) error {
				if err := prepare(ctx, tx); err != nil {
					return err
				}
				return do(ctx, tx)
			})
			if try < maxTxTries && (hasCode(err, "40P01") || hasCode(err, "40001")) {
				continue
			}
			return err
		}
	})
}

// prepare makes a commit durable even where the database is set up not to wait
// for its disk, and keeps a process that froze from holding locks for ever.
func prepare(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `
		SELECT set_config('idle_in_transaction_session_timeout', '10s', true),
		       CASE WHEN current_setting('synchronous_commit') = 'off'
		            THEN set_config('synchronous_commit', 'on', true) END`)
	return err
}

// lockShared keeps erasures and epoch switches out until the transaction ends.
func lockShared(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock_shared($1)`, vaultLock)
	return err
}

// lockExclusive keeps everybody else who writes out until the transaction ends.
func lockExclusive(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, vaultLock)
	return err
}

// fault says what was being done and whether Postgres was to blame. ctx is the
// caller's: when that one ended, the caller does not want to hear of Postgres.
func fault(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("vault: %s: %w", doing, ctx.Err())
	case postgres.OutOfReach(err), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("vault: %s: %w: %w", doing, ErrUnavailable, err)
	}
	return fmt.Errorf("vault: %s: %w", doing, err)
}

func hasCode(err error, code string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == code
}
