// Package ops holds what operating the system needs and no event tells: the
// secrets of tokens and the fingerprints of requests. It lies in Postgres
// schema ops, which is backed up and not rebuilt.
package ops

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrToken means that a token is malformed, unknown, revoked or expired: which
// of them, nobody is told.
var ErrToken = errors.New("token is not valid")

// ErrUnavailable means that Postgres is out of reach.
var ErrUnavailable = errors.New("operational store is out of reach")

// tokenPrefix marks our tokens, so that scanners find leaked ones.
const tokenPrefix = "hl_"

// tokenFresh is how long a token that was found good is believed without asking
// again. Revoking in this process counts at once.
const tokenFresh = time.Second

// tokenStale is how long it is believed while Postgres is out of reach.
const tokenStale = 5 * time.Minute

// maxCachedTokens bounds the memory of good tokens.
const maxCachedTokens = 10_000

// Token is a secret a member acts by.
type Token struct {
	ID        string
	Member    string
	Name      string
	ExpiresAt time.Time
	ReadOnly  bool     // it changes nothing
	Jobs      []string // it is held to; none = all its member may
	Calendar  bool     // it gives the calendar feed of its member and nothing else

	Proved bool // it was obtained by showing a second factor
	Shown  bool // one was shown with it, and that still counts
	Fresh  bool // that was just now
}

// Tokens keeps tokens. Only a hash of each secret is stored. It is safe for
// concurrent use.
type Tokens struct {
	pool *pgxpool.Pool
	now  func() time.Time

	mu    sync.Mutex
	good  map[string]goodToken // by id
	ended int                  // how often tokens were ended or replaced here
}

type goodToken struct {
	token  Token
	secret [sha256.Size]byte
	seen   time.Time // when Postgres last said so

	previous      [sha256.Size]byte
	previousUntil time.Time // zero = there is none

	previousProved bool
	steppedUp      time.Time // when a second factor was shown with it; zero = never
}

// NewTokens returns the tokens kept in pool. now is time.Now if nil.
func NewTokens(pool *pgxpool.Pool, now func() time.Time) *Tokens {
	if now == nil {
		now = time.Now
	}
	return &Tokens{pool: pool, now: now, good: map[string]goodToken{}}
}

// Issue stores a new token and returns its only readable form. Issuing again
// with the same id replaces the secret: the first answer was never received.
// Errors: ErrUnavailable.
func (t *Tokens) Issue(ctx context.Context, token Token) (string, error) {
	id, err := uuid.Parse(token.ID)
	if err != nil {
		return "", fmt.Errorf("token id: %w", err)
	}
	secret, hash, err := newSecret()
	if err != nil {
		return "", err
	}
	const q = `
		INSERT INTO ops.tokens (id, member_id, secret, name, created_at, expires_at, read_only, jobs, calendar, proved)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (id) DO UPDATE SET secret = excluded.secret, expires_at = excluded.expires_at, proved = excluded.proved, stepped_up_at = NULL`
	if _, err := t.pool.Exec(ctx, q, id, token.Member, hash[:], token.Name, t.now().UTC(), token.ExpiresAt.UTC(), token.ReadOnly, append([]string{}, token.Jobs...), token.Calendar, token.Proved); err != nil {
		return "", fmt.Errorf("issue token: %w: %w", ErrUnavailable, err)
	}
	t.end(token.ID)
	return readable(id, secret), nil
}

func newSecret() (secret []byte, hash [sha256.Size]byte, err error) {
	secret = make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, hash, fmt.Errorf("token secret: %w", err)
	}
	return secret, sha256.Sum256(secret), nil
}

func readable(id uuid.UUID, secret []byte) string {
	return tokenPrefix + tokenText().EncodeToString(id[:]) + "_" + tokenText().EncodeToString(secret)
}

// Rotate gives a token another secret and returns its readable form. The one it
// had counts until then. Rotating again under the same id replaces the new
// secret only: the first answer was never received. proved says that a second
// factor was shown for the new one. What was shown with the one before counts no more.
// Errors: ErrToken if there is no such token in force; ErrUnavailable.
func (t *Tokens) Rotate(ctx context.Context, tokenID, rotation string, until time.Time, proved bool) (string, error) {
	id, err1 := uuid.Parse(tokenID)
	under, err2 := uuid.Parse(rotation)
	if err := errors.Join(err1, err2); err != nil {
		return "", fmt.Errorf("rotate: %w", err)
	}
	secret, hash, err := newSecret()
	if err != nil {
		return "", err
	}
	const q = `
		UPDATE ops.tokens SET secret = $2, rotation = $3, proved = $5, stepped_up_at = NULL,
			previous_proved = CASE WHEN rotation = $3 THEN previous_proved ELSE proved END,
			previous = CASE WHEN rotation = $3 THEN previous ELSE secret END,
			previous_until = CASE WHEN rotation = $3 THEN previous_until ELSE $4 END
		WHERE id = $1 AND revoked_at IS NULL`
	tag, err := t.pool.Exec(ctx, q, id, hash[:], under, until.UTC(), proved)
	switch {
	case err != nil:
		return "", fmt.Errorf("rotate token: %w: %w", ErrUnavailable, err)
	case tag.RowsAffected() == 0:
		return "", ErrToken
	}
	t.end(tokenID)
	return readable(id, secret), nil
}

// Verify returns the token whose readable form was presented.
// Errors: ErrToken; ErrUnavailable when Postgres is out of reach and the token
// was not found good within the last minutes.
func (t *Tokens) Verify(ctx context.Context, presented string) (Token, error) {
	id, secret, err := parseToken(presented)
	if err != nil {
		return Token{}, err
	}
	hash := sha256.Sum256(secret)
	have, ok, ended := t.lookUp(id)
	if !ok || t.now().Sub(have.seen) > tokenFresh {
		got, err := t.load(ctx, id)
		switch {
		case err == nil:
			have = got
			t.remember(have, ended)
		case errors.Is(err, ErrUnavailable) && ok && t.now().Sub(have.seen) < tokenStale:
		default:
			t.drop(id)
			return Token{}, err
		}
	}
	now := t.now()
	matches := subtle.ConstantTimeCompare(hash[:], have.secret[:]) == 1
	replaced := subtle.ConstantTimeCompare(hash[:], have.previous[:]) == 1 && now.Before(have.previousUntil)
	if !matches && !replaced || !now.Before(have.token.ExpiresAt) {
		return Token{}, ErrToken
	}
	token, shownFor := have.token, now.Sub(have.steppedUp)
	if matches {
		token.Shown, token.Fresh = shownFor < SteppedUpFor, shownFor < FreshFor
	} else {
		token.Proved = have.previousProved
	}
	return token, nil
}

// tokenText is how a token's bytes are written; each in one way only.
func tokenText() *base64.Encoding { return base64.RawURLEncoding.Strict() }

func parseToken(s string) (id string, secret []byte, err error) {
	rest, ok := strings.CutPrefix(s, tokenPrefix)
	if !ok || len(rest) != 22+1+43 || rest[22] != '_' {
		return "", nil, ErrToken
	}
	raw, err1 := tokenText().DecodeString(rest[:22])
	secret, err2 := tokenText().DecodeString(rest[23:])
	if err1 != nil || err2 != nil {
		return "", nil, ErrToken
	}
	u, err := uuid.FromBytes(raw)
	if err != nil {
		return "", nil, ErrToken
	}
	return u.String(), secret, nil
}

func (t *Tokens) load(ctx context.Context, id string) (goodToken, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var g goodToken
	var secret, previous []byte
	var until, steppedUp *time.Time
	const q = `SELECT id::text, member_id::text, name, secret, expires_at, read_only, previous, previous_until, jobs::text[], calendar,
		proved, previous_proved, stepped_up_at FROM ops.tokens WHERE id = $1 AND revoked_at IS NULL`
	err := t.pool.QueryRow(ctx, q, id).Scan(&g.token.ID, &g.token.Member, &g.token.Name, &secret, &g.token.ExpiresAt, &g.token.ReadOnly, &previous, &until, &g.token.Jobs, &g.token.Calendar,
		&g.token.Proved, &g.previousProved, &steppedUp)
	if errors.Is(err, pgx.ErrNoRows) {
		return g, ErrToken
	}
	if err != nil {
		return g, fmt.Errorf("look up token: %w: %w", ErrUnavailable, err)
	}
	copy(g.secret[:], secret)
	if until != nil {
		copy(g.previous[:], previous)
		g.previousUntil = *until
	}
	if steppedUp != nil {
		g.steppedUp = *steppedUp
	}
	g.seen = t.now()
	return g, nil
}

func (t *Tokens) lookUp(id string) (g goodToken, ok bool, ended int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g, ok = t.good[id]
	return g, ok, t.ended
}

// remember keeps a token that was found good, unless any was ended since: it may
// be this one.
func (t *Tokens) remember(g goodToken, ended int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended != ended {
		return
	}
	if len(t.good) >= maxCachedTokens {
		clear(t.good)
	}
	t.good[g.token.ID] = g
}

// end forgets a token whose secret counts no more.
func (t *Tokens) end(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.good, id)
	t.ended++
}

func (t *Tokens) drop(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.good, id)
}

// Revoke ends a token. It counts no more in this process when it returns, even
// with an error; in others within a second, or while Postgres is out of reach
// for them within five minutes. Errors: ErrUnavailable.
func (t *Tokens) Revoke(ctx context.Context, id string) error {
	return t.revoke(ctx, `UPDATE ops.tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`, id)
}

// RevokeAll ends every token of a member, as Revoke does. Errors: ErrUnavailable.
func (t *Tokens) RevokeAll(ctx context.Context, memberID string) error {
	return t.revoke(ctx, `UPDATE ops.tokens SET revoked_at = $2 WHERE member_id = $1 AND revoked_at IS NULL`, memberID)
}

func (t *Tokens) revoke(ctx context.Context, q, id string) error {
	_, err := t.pool.Exec(ctx, q, id, t.now().UTC())
	t.endAll()
	if err != nil {
		return fmt.Errorf("revoke: %w: %w", ErrUnavailable, err)
	}
	return nil
}

// endAll forgets all tokens: they are looked up anew.
func (t *Tokens) endAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.good)
	t.ended++
}
