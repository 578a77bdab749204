package ops

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/domain"
)

// ErrSignIn means that a code or a link token does not count: wrong, used,
// expired, tried too often, or of an address nobody has. Which, nobody is told.
var ErrSignIn = &domain.Refusal{Kind: domain.Denied, Code: "sign_in", Message: "The code or link does not count, or not any more. Ask for another one."}

const (
	// SignInLife is how long a code and its link count.
	SignInLife = 15 * time.Minute
	// SignInTries is how often a code may be tried.
	SignInTries = 5
	// AddressTries is how many codes of an address may fail within a day before those
	// after them are slowed down: links are not.
	AddressTries = 20
	// AddressTryEvery is after which time one more may.
	AddressTryEvery = 5 * time.Minute
)

// Purpose is what a code is for.
type Purpose string

// The purposes.
const (
	ToSignIn        Purpose = "sign_in"
	ToChangeAddress Purpose = "change_address"
)

// SignIns keeps the codes that candidates prove their address by. It is safe for
// concurrent use.
type SignIns struct {
	pool     *pgxpool.Pool
	sessions *Sessions
	keyed    func(parts ...[]byte) [32]byte
	now      func() time.Time
}

// NewSignIns returns the codes kept in pool, and what they begin. keyed is a
// keyed hash: six digits alone would soon be found by their hash. now is time.Now
// if nil.
func NewSignIns(pool *pgxpool.Pool, sessions *Sessions, keyed func(parts ...[]byte) [32]byte, now func() time.Time) *SignIns {
	if now == nil {
		now = time.Now
	}
	return &SignIns{pool: pool, sessions: sessions, keyed: keyed, now: now}
}

// Proof is what proves an address: either of the two, once.
type Proof struct {
	Code string // six digits
	Link string // token
}

// Offer stores a new proof of an address and returns it, to be sent there. An
// address without candidate has one that nobody can redeem.
// Errors: ErrUnavailable.
func (s *SignIns) Offer(ctx context.Context, id uuid.UUID, purpose Purpose, address []byte, candidateID string) (Proof, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return Proof{}, fmt.Errorf("code: %w", err)
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return Proof{}, fmt.Errorf("link: %w", err)
	}
	proof := Proof{
		Code: fmt.Sprintf("%06d", n.Int64()),
		Link: base64.RawURLEncoding.EncodeToString(id[:]) + "." + base64.RawURLEncoding.EncodeToString(secret),
	}
	var candidate *uuid.UUID
	if candidateID != "" {
		is, err := uuid.Parse(candidateID)
		if err != nil {
			return Proof{}, fmt.Errorf("candidate: %w", err)
		}
		candidate = &is
	}
	now, code, link := s.now().UTC(), s.hashed(id, proof.Code), sha256.Sum256(secret)
	// What nobody can redeem any more goes when others come.
	_, err = s.pool.Exec(ctx, `
		WITH gone AS (DELETE FROM ops.sign_ins WHERE expires_at < $7::timestamptz - interval '1 day'),
		ended AS (DELETE FROM ops.candidate_sessions WHERE expires_at < $7 OR used_at < $8)
		INSERT INTO ops.sign_ins (id, purpose, address, candidate_id, code, link, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7::timestamptz + $9::interval)`,
		id, purpose, address, candidate, code[:], link[:], now, now.Add(-SessionIdle), SignInLife)
	if err != nil {
		return Proof{}, fmt.Errorf("offer sign-in: %w: %w", ErrUnavailable, err)
	}
	return proof, nil
}

func (s *SignIns) hashed(id uuid.UUID, code string) [32]byte {
	return s.keyed([]byte("sign-in code"), id[:], []byte(code))
}

// Redeem begins a session by a proof, which then counts no more: by a link, or
// by a code with the id it was asked for under. Errors: ErrSignIn, *SlowDownError,
// ErrUnavailable.
func (s *SignIns) Redeem(ctx context.Context, id string, proof Proof) (begun Session, readable string, err error) {
	err = s.redeem(ctx, id, proof, ToSignIn, func(tx pgx.Tx, candidate uuid.UUID, address []byte) error {
		// Perhaps the address is somebody else's by now.
		var is bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM vault.emails WHERE hash = $1 AND candidate_id = $2)`, address, candidate).Scan(&is); err != nil {
			return err
		}
		if !is {
			return ErrSignIn
		}
		begun, readable, err = s.sessions.begin(ctx, tx, candidate, address)
		return err
	})
	return begun, readable, err
}

// Prove uses the code up that was sent to a new address of a candidate.
// Errors: ErrSignIn, *SlowDownError, ErrUnavailable.
func (s *SignIns) Prove(ctx context.Context, id, code, candidateID string, address []byte) error {
	return s.redeem(ctx, id, Proof{Code: code}, ToChangeAddress, func(_ pgx.Tx, candidate uuid.UUID, proved []byte) error {
		if candidate.String() != candidateID || subtle.ConstantTimeCompare(proved, address) != 1 {
			return ErrSignIn
		}
		return nil
	})
}

// redeem has a proof used up and does what it is for, both or neither. A try
// counts whatever becomes of it.
func (s *SignIns) redeem(ctx context.Context, presented string, proof Proof, purpose Purpose, then func(pgx.Tx, uuid.UUID, []byte) error) error {
	id, secret, err := parseProof(presented, proof)
	if err != nil {
		return err
	}
	tried, now := 0, s.now().UTC()
	if secret == nil {
		tried = 1
		if err := s.slow(ctx, id, now); err != nil {
			return err
		}
	}
	var code, link, address []byte
	var candidate *uuid.UUID
	err = s.pool.QueryRow(ctx, `
		UPDATE ops.sign_ins SET tries = tries + $3, tried_at = CASE WHEN $3 > 0 THEN $4 ELSE tried_at END WHERE id = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $4 AND (tries < $5 OR $3 = 0)
		RETURNING code, link, address, candidate_id`, id, purpose, tried, now, SignInTries).Scan(&code, &link, &address, &candidate)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrSignIn
	case err != nil:
		return fmt.Errorf("redeem sign-in: %w: %w", ErrUnavailable, err)
	}
	hash, have := s.hashed(id, proof.Code), code
	if secret != nil {
		hash, have = sha256.Sum256(secret), link
	}
	if subtle.ConstantTimeCompare(hash[:], have) != 1 || candidate == nil {
		return ErrSignIn
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		used, err := tx.Exec(ctx, `UPDATE ops.sign_ins SET used_at = $2 WHERE id = $1 AND used_at IS NULL`, id, now)
		if err == nil && used.RowsAffected() == 0 {
			err = ErrSignIn // somebody was faster
		}
		if err != nil {
			return err
		}
		return then(tx, *candidate, address)
	})
	if err != nil && !errors.Is(err, ErrSignIn) {
		err = fmt.Errorf("redeem sign-in: %w: %w", ErrUnavailable, err)
	}
	return err
}

// slow refuses a code whose address had too many fail within a day, until some time
// after the last. Codes that were right count for nothing.
func (s *SignIns) slow(ctx context.Context, id uuid.UUID, now time.Time) error {
	var failed int
	var last *time.Time
	err := s.pool.QueryRow(ctx, `
		SELECT coalesce(sum(o.tries - CASE WHEN o.used_at IS NULL THEN 0 ELSE 1 END), 0), max(o.tried_at)
		FROM ops.sign_ins s JOIN ops.sign_ins o ON o.address = s.address
		WHERE s.id = $1 AND o.tried_at > $2`, id, now.Add(-24*time.Hour)).Scan(&failed, &last)
	switch {
	case err != nil:
		return unavailable("count failed codes", err)
	case failed < AddressTries || last == nil:
		return nil
	}
	if wait := last.Add(AddressTryEvery).Sub(now); wait > 0 {
		return &SlowDownError{Wait: wait}
	}
	return nil
}

// parseProof returns the id a proof was offered under, and the secret of a link.
func parseProof(presented string, proof Proof) (id uuid.UUID, secret []byte, err error) {
	if proof.Link == "" {
		if id, err = uuid.Parse(presented); err != nil {
			return id, nil, ErrSignIn
		}
		return id, nil, nil
	}
	first, second, _ := strings.Cut(proof.Link, ".")
	raw, err1 := base64.RawURLEncoding.Strict().DecodeString(first)
	secret, err2 := base64.RawURLEncoding.Strict().DecodeString(second)
	if err := errors.Join(err1, err2); err != nil || len(secret) != 32 {
		return id, nil, ErrSignIn
	}
	if id, err = uuid.FromBytes(raw); err != nil {
		return id, nil, ErrSignIn
	}
	return id, secret, nil
}
