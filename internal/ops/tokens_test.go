package ops_test

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
)

// issue gives out a token for member that expires in 90 days.
func issue(t *testing.T, tokens *ops.Tokens, c *clock, member string) (ops.Token, string) {
	t.Helper()
	token := ops.Token{ID: uuid.NewString(), Member: member, Name: "script", ExpiresAt: c.now().AddDate(0, 0, 90), Jobs: []string{uuid.NewString()}}
	secret, err := tokens.Issue(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return token, secret
}

func TestTokenIsGoodUntilItExpires(t *testing.T) {
	t.Parallel()
	c := newClock()
	tokens := ops.NewTokens(postgrestest.New(t), c.now)
	want, secret := issue(t, tokens, c, uuid.NewString())
	for range 2 { // from Postgres, from memory
		got, err := tokens.Verify(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		if !got.ExpiresAt.Equal(want.ExpiresAt) {
			t.Errorf("expires %v, want %v", got.ExpiresAt, want.ExpiresAt)
		}
		if got.ExpiresAt = want.ExpiresAt; !reflect.DeepEqual(got, want) {
			t.Errorf("token = %+v, want %+v", got, want)
		}
	}
	c.advance(90*24*time.Hour - time.Millisecond)
	if _, err := tokens.Verify(t.Context(), secret); err != nil {
		t.Errorf("just before it expires: %v", err)
	}
	c.advance(time.Millisecond)
	if _, err := tokens.Verify(t.Context(), secret); !errors.Is(err, ops.ErrToken) {
		t.Errorf("when it expires: %v, want ErrToken", err)
	}
}

func TestMalformedTokensAreRefused(t *testing.T) {
	t.Parallel()
	c := newClock()
	tokens := ops.NewTokens(postgrestest.New(t), c.now)
	_, secret := issue(t, tokens, c, uuid.NewString())
	_, other := issue(t, tokens, c, uuid.NewString())
	// The last character of each part carries bits that mean nothing.
	alias := secret[:len(secret)-1] + string(secret[len(secret)-1]+1)
	for name, presented := range map[string]string{
		"empty":               "",
		"only the prefix":     "hl_",
		"another prefix":      "hx_" + secret[3:],
		"no prefix":           secret[3:],
		"cut":                 secret[:len(secret)-1],
		"longer":              secret + "A",
		"spaces":              " " + secret,
		"line break inside":   secret[:10] + "\n" + secret[11:],
		"not base64":          secret[:10] + "$" + secret[11:],
		"secret of another":   secret[:26] + other[26:],
		"written another way": alias,
		"unknown":             "hl_" + strings.Repeat("A", 22) + "_" + strings.Repeat("A", 43),
	} {
		if _, err := tokens.Verify(t.Context(), presented); !errors.Is(err, ops.ErrToken) {
			t.Errorf("%s: %v, want ErrToken", name, err)
		}
	}
	if _, err := tokens.Verify(t.Context(), secret); err != nil {
		t.Errorf("the token itself: %v", err)
	}
	if _, err := tokens.Issue(t.Context(), ops.Token{ID: "seven"}); err == nil {
		t.Error("an id that is no UUID was taken")
	}
}

func TestRevokedTokenEndsAtOnceHereAndSoonElsewhere(t *testing.T) {
	t.Parallel()
	c := newClock()
	pool := postgrestest.New(t)
	here, elsewhere := ops.NewTokens(pool, c.now), ops.NewTokens(pool, c.now)
	member := uuid.NewString()
	first, secret := issue(t, here, c, member)
	_, second := issue(t, here, c, member)
	_, others := issue(t, here, c, uuid.NewString())
	verify := func(in *ops.Tokens, secret string) error {
		_, err := in.Verify(t.Context(), secret)
		return err
	}
	for _, s := range []string{secret, second, others} {
		if err := errors.Join(verify(here, s), verify(elsewhere, s)); err != nil {
			t.Fatal(err)
		}
	}
	if err := here.Revoke(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	if err := verify(here, secret); !errors.Is(err, ops.ErrToken) {
		t.Errorf("here: %v, want ErrToken", err)
	}
	c.advance(time.Second + time.Millisecond)
	if err := verify(elsewhere, secret); !errors.Is(err, ops.ErrToken) {
		t.Errorf("elsewhere after a second: %v, want ErrToken", err)
	}
	if err := here.RevokeAll(t.Context(), member); err != nil {
		t.Fatal(err)
	}
	if err := verify(here, second); !errors.Is(err, ops.ErrToken) {
		t.Errorf("the member's other token: %v, want ErrToken", err)
	}
	if err := errors.Join(verify(here, others), verify(elsewhere, others)); err != nil {
		t.Errorf("another member's token: %v", err)
	}
	// Issuing an ended one again does not bring it back.
	again, err := here.Issue(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(here, again); !errors.Is(err, ops.ErrToken) {
		t.Errorf("issued again after it ended: %v, want ErrToken", err)
	}
}

func TestIssuingAgainReplacesTheSecret(t *testing.T) {
	t.Parallel()
	c := newClock()
	tokens := ops.NewTokens(postgrestest.New(t), c.now)
	token, lost := issue(t, tokens, c, uuid.NewString())
	if _, err := tokens.Verify(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	received, err := tokens.Issue(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.Verify(t.Context(), lost); !errors.Is(err, ops.ErrToken) {
		t.Errorf("the first secret: %v, want ErrToken", err)
	}
	if _, err := tokens.Verify(t.Context(), received); err != nil {
		t.Errorf("the second secret: %v", err)
	}
}

func TestTokenOutlivesPostgresForFiveMinutes(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := linked(t)
	tokens := ops.NewTokens(l.Pool, c.now)
	_, known := issue(t, tokens, c, uuid.NewString())
	_, fresh := issue(t, tokens, c, uuid.NewString())
	if _, err := tokens.Verify(t.Context(), known); err != nil {
		t.Fatal(err)
	}
	l.set(refused)
	if _, err := tokens.Verify(t.Context(), fresh); !errors.Is(err, ops.ErrUnavailable) {
		t.Errorf("one not seen before: %v, want ErrUnavailable", err)
	}
	c.advance(5*time.Minute - time.Millisecond)
	if _, err := tokens.Verify(t.Context(), known); err != nil {
		t.Errorf("within five minutes: %v", err)
	}
	if _, err := tokens.Verify(t.Context(), known[:len(known)-4]+"AAAA"); !errors.Is(err, ops.ErrToken) {
		t.Errorf("a wrong secret meanwhile: %v, want ErrToken", err)
	}
	c.advance(time.Millisecond)
	if _, err := tokens.Verify(t.Context(), known); !errors.Is(err, ops.ErrUnavailable) {
		t.Errorf("after five minutes: %v, want ErrUnavailable", err)
	}
	if _, err := tokens.Issue(t.Context(), ops.Token{ID: uuid.NewString(), Member: uuid.NewString(), ExpiresAt: c.now()}); !errors.Is(err, ops.ErrUnavailable) {
		t.Errorf("issue: %v, want ErrUnavailable", err)
	}
	l.set(up)
	if _, err := tokens.Verify(t.Context(), known); err != nil {
		t.Errorf("when Postgres is back: %v", err)
	}
	// Revoking counts here even if Postgres does not hear of it.
	l.set(refused)
	if err := tokens.Revoke(t.Context(), uuid.NewString()); !errors.Is(err, ops.ErrUnavailable) {
		t.Errorf("revoke: %v, want ErrUnavailable", err)
	}
	if _, err := tokens.Verify(t.Context(), known); !errors.Is(err, ops.ErrUnavailable) {
		t.Errorf("after a revocation nobody heard of: %v, want ErrUnavailable", err)
	}
}

func TestSilentPostgresIsGivenUpOn(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := linked(t)
	tokens := ops.NewTokens(l.Pool, c.now)
	_, secret := issue(t, tokens, c, uuid.NewString())
	l.set(silent)
	began := time.Now()
	if _, err := tokens.Verify(t.Context(), secret); !errors.Is(err, ops.ErrUnavailable) {
		t.Errorf("err = %v, want ErrUnavailable", err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %v, want about 2 s", took)
	}
}

// A token that is looked up while it is revoked is not remembered as good.
func TestVerifyRacingRevoke(t *testing.T) {
	t.Parallel()
	c := newClock()
	tokens := ops.NewTokens(postgrestest.New(t), c.now)
	for range 30 {
		token, secret := issue(t, tokens, c, uuid.NewString())
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { _, _ = tokens.Verify(t.Context(), secret) })
		}
		if err := tokens.Revoke(t.Context(), token.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := tokens.Verify(t.Context(), secret); !errors.Is(err, ops.ErrToken) {
			t.Fatalf("right after Revoke: %v, want ErrToken", err)
		}
		wg.Wait()
		if _, err := tokens.Verify(t.Context(), secret); !errors.Is(err, ops.ErrToken) {
			t.Fatalf("once everybody is done: %v, want ErrToken", err)
		}
	}
}

// After a rotation both secrets count until the overlap ends, in every process;
// rotating again under the same id, the secret before is still the first.
func TestRotatedTokensOverlap(t *testing.T) {
	t.Parallel()
	c := newClock()
	pool := postgrestest.New(t)
	here, elsewhere := ops.NewTokens(pool, c.now), ops.NewTokens(pool, c.now)
	token, first := issue(t, here, c, uuid.NewString())
	verify := func(secret string) error {
		_, err := here.Verify(t.Context(), secret)
		_, err2 := elsewhere.Verify(t.Context(), secret)
		if errors.Is(err, ops.ErrToken) != errors.Is(err2, ops.ErrToken) {
			t.Errorf("here %v, elsewhere %v", err, err2)
		}
		return err
	}
	rotation, until := uuid.NewString(), c.now().Add(time.Hour)
	lost, err := here.Rotate(t.Context(), token.ID, rotation, until, false)
	if err != nil {
		t.Fatal(err)
	}
	received, err := here.Rotate(t.Context(), token.ID, rotation, until.Add(time.Hour), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(verify(first), verify(received)); err != nil {
		t.Errorf("within the overlap: %v", err)
	}
	if err := verify(lost); !errors.Is(err, ops.ErrToken) {
		t.Errorf("the secret nobody received: %v", err)
	}
	c.advance(time.Hour)
	if err := verify(first); !errors.Is(err, ops.ErrToken) {
		t.Errorf("the first secret after the overlap: %v", err)
	}
	if err := verify(received); err != nil {
		t.Errorf("the second secret: %v", err)
	}
	if err := here.Revoke(t.Context(), token.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := here.Rotate(t.Context(), token.ID, uuid.NewString(), until, false); !errors.Is(err, ops.ErrToken) {
		t.Errorf("rotated after its end: %v", err)
	}
}
