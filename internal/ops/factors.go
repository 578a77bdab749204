package ops

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain"
)

// ErrSecondFactor means that a code does not count: wrong, of another time, or
// used before. Which, nobody is told.
var ErrSecondFactor = &domain.Refusal{Kind: domain.Denied, Code: "second_factor", Message: "The code does not count: it is wrong, of another time, or was used before."}

// SlowDownError says that too many tries failed, and how long to wait.
type SlowDownError struct{ Wait time.Duration }

func (e *SlowDownError) Error() string {
	return fmt.Sprintf("too many codes failed; wait for %s", e.Wait)
}

const (
	// FactorTries is how many codes of a member's may fail at once.
	FactorTries = 5
	// FactorTryEvery is after which time one more may.
	FactorTryEvery = 5 * time.Minute
	// SteppedUpFor is how long a second factor that was shown with a token counts.
	SteppedUpFor = 12 * time.Hour
	// FreshFor is how long it counts for what hands out access.
	FreshFor = 10 * time.Minute
)

// Factors keep the second factors of members. They are safe for concurrent use.
type Factors struct{ tokens *Tokens }

// Factors returns the second factors of those who have tokens.
func (t *Tokens) Factors() *Factors { return &Factors{tokens: t} }

// Enrol keeps a secret, sealed, in the place of those that no code was accepted
// of: one that was shown a code of stays, since it may be in the log at any moment.
// It counts for nothing until the log says so. Errors: ErrUnavailable.
func (f *Factors) Enrol(ctx context.Context, member, factor string, sealed []byte) error {
	return unavailable("keep second factor", pgx.BeginFunc(ctx, f.tokens.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM ops.second_factors WHERE member_id = $1 AND last_step = 0`, member); err != nil {
			return err
		}
		now := f.tokens.now().UTC()
		_, err := tx.Exec(ctx, `
			INSERT INTO ops.second_factors (member_id, factor, secret, failed_at, enrolled_at) VALUES ($1, $2, $3, $4, $4)
			ON CONFLICT (member_id, factor) DO UPDATE SET secret = excluded.secret, enrolled_at = excluded.enrolled_at`, member, factor, sealed, now)
		return err
	}))
}

// Enrolled returns the factor that was enrolled last.
// Errors: ErrSecondFactor if there is none; ErrUnavailable.
func (f *Factors) Enrolled(ctx context.Context, member string) (factor string, err error) {
	err = f.tokens.pool.QueryRow(ctx, `SELECT factor::text FROM ops.second_factors WHERE member_id = $1 ORDER BY enrolled_at DESC, factor LIMIT 1`, member).Scan(&factor)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", ErrSecondFactor
	}
	return factor, unavailable("look up second factor", err)
}

// Secret returns the sealed secret of a factor.
// Errors: ErrSecondFactor if there is none; ErrUnavailable.
func (f *Factors) Secret(ctx context.Context, member, factor string) (sealed []byte, err error) {
	err = f.tokens.pool.QueryRow(ctx, `SELECT secret FROM ops.second_factors WHERE member_id = $1 AND factor = $2`, member, factor).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrSecondFactor
	}
	return sealed, unavailable("look up second factor", err)
}

// Try has a code tried: match is told the last step that was accepted, and says
// which one the code is of. A step is accepted once. One that fails counts
// against the next. Errors: ErrSecondFactor, *SlowDownError, ErrUnavailable.
func (f *Factors) Try(ctx context.Context, member, factor string, match func(last int64) (step int64, ok bool)) error {
	return f.try(ctx, member, factor, func(tx pgx.Tx, last int64) (bool, error) {
		step, ok := match(last)
		if !ok {
			return false, nil
		}
		_, err := tx.Exec(ctx, `UPDATE ops.second_factors SET last_step = $3 WHERE member_id = $1 AND factor = $2`, member, factor, step)
		return true, err
	})
}

// TryRecovery uses a recovery code up of those given together, by its keyed hash,
// and returns how many are left. Errors: as of Try.
func (f *Factors) TryRecovery(ctx context.Context, member, factor, given string, code [32]byte) (left int, err error) {
	err = f.try(ctx, member, factor, func(tx pgx.Tx, _ int64) (bool, error) {
		used, err := tx.Exec(ctx, `DELETE FROM ops.recovery_codes WHERE member_id = $1 AND given = $2 AND code = $3`, member, given, code[:])
		if err != nil || used.RowsAffected() == 0 {
			return false, err
		}
		return true, tx.QueryRow(ctx, `SELECT count(*) FROM ops.recovery_codes WHERE member_id = $1 AND given = $2`, member, given).Scan(&left)
	})
	return left, err
}

// try has something tried while nobody else tries for the member.
func (f *Factors) try(ctx context.Context, member, factor string, run func(tx pgx.Tx, last int64) (bool, error)) error {
	var outcome error
	err := pgx.BeginFunc(ctx, f.tokens.pool, func(tx pgx.Tx) error {
		var last int64
		var failed float64
		var at time.Time
		err := tx.QueryRow(ctx, `SELECT last_step, failed, failed_at FROM ops.second_factors WHERE member_id = $1 AND factor = $2 FOR UPDATE`, member, factor).Scan(&last, &failed, &at)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			outcome = ErrSecondFactor
			return nil
		case err != nil:
			return err
		}
		now := f.tokens.now().UTC()
		failed = max(0, failed-max(0, float64(now.Sub(at))/float64(FactorTryEvery)))
		if over := failed + 1 - FactorTries; over > 0 {
			outcome = &SlowDownError{Wait: time.Duration(over * float64(FactorTryEvery))}
			return nil
		}
		ok, err := run(tx, last)
		if err != nil {
			return err
		}
		if !ok {
			failed, outcome = failed+1, ErrSecondFactor
		}
		_, err = tx.Exec(ctx, `UPDATE ops.second_factors SET failed = $3, failed_at = $4 WHERE member_id = $1 AND factor = $2`, member, factor, failed, now)
		return err
	})
	if err != nil {
		return unavailable("try second factor", err)
	}
	return outcome
}

// SetRecoveryCodes keeps recovery codes, as keyed hashes, that are given together,
// beside others; which of them count the log says. Errors: ErrUnavailable.
func (f *Factors) SetRecoveryCodes(ctx context.Context, member, given string, codes [][32]byte) error {
	hashes := make([][]byte, len(codes))
	for i := range codes {
		hashes[i] = codes[i][:]
	}
	return unavailable("keep recovery codes", pgx.BeginFunc(ctx, f.tokens.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM ops.recovery_codes WHERE member_id = $1 AND given = $2`, member, given); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO ops.recovery_codes (member_id, given, code) SELECT $1, $2, unnest($3::bytea[])`, member, given, hashes)
		return err
	}))
}

// DropRecoveryCodes forgets recovery codes that were given together and count no
// more. Errors: ErrUnavailable.
func (f *Factors) DropRecoveryCodes(ctx context.Context, member, given string) error {
	_, err := f.tokens.pool.Exec(ctx, `DELETE FROM ops.recovery_codes WHERE member_id = $1 AND given = $2`, member, given)
	return unavailable("drop recovery codes", err)
}

// Remove forgets a member's second factor, its recovery codes, and that it was
// shown with any token, or for one to be issued. Errors: ErrUnavailable.
func (f *Factors) Remove(ctx context.Context, member string) error {
	err := pgx.BeginFunc(ctx, f.tokens.pool, func(tx pgx.Tx) error {
		for _, q := range []string{
			`DELETE FROM ops.second_factors WHERE member_id = $1`,
			`DELETE FROM ops.recovery_codes WHERE member_id = $1`,
			`UPDATE ops.tokens SET stepped_up_at = NULL, proved = false, previous_proved = false WHERE member_id = $1`,
		} {
			if _, err := tx.Exec(ctx, q, member); err != nil {
				return err
			}
		}
		return nil
	})
	f.tokens.endAll()
	return unavailable("remove second factor", err)
}

// StepUp notes that a second factor was shown with a token, and returns until
// when that counts. Errors: ErrToken if the token is not in force; ErrUnavailable.
func (f *Factors) StepUp(ctx context.Context, token string) (until time.Time, err error) {
	id, err := uuid.Parse(token)
	if err != nil {
		return time.Time{}, ErrToken
	}
	now := f.tokens.now().UTC()
	tag, err := f.tokens.pool.Exec(ctx, `UPDATE ops.tokens SET stepped_up_at = $2 WHERE id = $1 AND revoked_at IS NULL`, id, now)
	switch {
	case err != nil:
		return time.Time{}, unavailable("step up", err)
	case tag.RowsAffected() == 0:
		return time.Time{}, ErrToken
	}
	f.tokens.end(token)
	return now.Add(SteppedUpFor), nil
}

func unavailable(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w: %w", doing, ErrUnavailable, err)
}
