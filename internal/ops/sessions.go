package ops

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrSession means that a session is unknown, ended or expired, or that the
// address it was proved by is not the candidate's any more: which of them,
// nobody is told.
var ErrSession = errors.New("session is not valid")

// How long a session of a candidate lasts.
const (
	SessionIdle = 24 * time.Hour     // without a request
	SessionLife = 7 * 24 * time.Hour // in all
)

// sessionNoted is how exactly it is known when a session was used last.
const sessionNoted = time.Minute

// Session is a candidate who is signed in.
type Session struct {
	ID        string
	Candidate string
	ExpiresAt time.Time // whatever happens
}

// Sessions keeps the sessions of candidates. Only a hash of each secret is
// stored. It is safe for concurrent use.
type Sessions struct {
	pool *pgxpool.Pool
	now  func() time.Time
}

// NewSessions returns the sessions kept in pool. now is time.Now if nil.
func NewSessions(pool *pgxpool.Pool, now func() time.Time) *Sessions {
	if now == nil {
		now = time.Now
	}
	return &Sessions{pool: pool, now: now}
}

// begin stores a new session and returns its only readable form.
func (s *Sessions) begin(ctx context.Context, tx pgx.Tx, candidate uuid.UUID, address []byte) (Session, string, error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return Session{}, "", fmt.Errorf("session secret: %w", err)
	}
	now, hash := s.now().UTC(), sha256.Sum256(secret)
	begun := Session{ID: uuid.NewString(), Candidate: candidate.String(), ExpiresAt: now.Add(SessionLife)}
	_, err := tx.Exec(ctx, `
		INSERT INTO ops.candidate_sessions (secret, id, candidate_id, address, created_at, used_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $5, $6)`, hash[:], begun.ID, candidate, address, now, begun.ExpiresAt)
	return begun, base64.RawURLEncoding.EncodeToString(secret), err
}

// Verify returns the session whose readable form was presented.
// Errors: ErrSession, ErrUnavailable.
func (s *Sessions) Verify(ctx context.Context, presented string) (Session, error) {
	secret, err := base64.RawURLEncoding.Strict().DecodeString(presented)
	if err != nil || len(secret) != 32 {
		return Session{}, ErrSession
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	now, hash := s.now().UTC(), sha256.Sum256(secret)
	var have Session
	var used time.Time
	// That the address is the candidate's, vault.emails says.
	err = s.pool.QueryRow(ctx, `
		SELECT s.id::text, s.candidate_id::text, s.used_at, s.expires_at
		FROM ops.candidate_sessions s
		JOIN vault.emails e ON e.hash = s.address AND e.candidate_id = s.candidate_id
		WHERE s.secret = $1 AND s.expires_at > $2 AND s.used_at > $3`, hash[:], now, now.Add(-SessionIdle)).
		Scan(&have.ID, &have.Candidate, &used, &have.ExpiresAt)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Session{}, ErrSession
	case err != nil:
		return Session{}, fmt.Errorf("look up session: %w: %w", ErrUnavailable, err)
	}
	if now.Sub(used) > sessionNoted {
		if _, err := s.pool.Exec(ctx, `UPDATE ops.candidate_sessions SET used_at = greatest(used_at, $2) WHERE secret = $1`, hash[:], now); err != nil {
			return Session{}, fmt.Errorf("note use of session: %w: %w", ErrUnavailable, err)
		}
	}
	have.ExpiresAt = have.ExpiresAt.UTC()
	return have, nil
}

// End ends a session. It counts no more, in any process, when it returns without
// an error. Errors: ErrUnavailable.
func (s *Sessions) End(ctx context.Context, id string) error {
	if _, err := s.pool.Exec(ctx, `DELETE FROM ops.candidate_sessions WHERE id = $1`, id); err != nil {
		return fmt.Errorf("end session: %w: %w", ErrUnavailable, err)
	}
	return nil
}

// Proved notes that the candidate of a session has proved another address. Their
// other sessions, of the address before, count as long as that is theirs.
// Errors: ErrUnavailable.
func (s *Sessions) Proved(ctx context.Context, id string, address []byte) error {
	if _, err := s.pool.Exec(ctx, `UPDATE ops.candidate_sessions SET address = $2 WHERE id = $1`, id, address); err != nil {
		return fmt.Errorf("note proved address: %w: %w", ErrUnavailable, err)
	}
	return nil
}
