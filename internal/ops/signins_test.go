package ops

import (
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
)

// signInWorld is a person who has an address, and a clock.
type signInWorld struct {
	signIns   *SignIns
	sessions  *Sessions
	candidate string
	address   []byte
	now       time.Time
}

func newSignIns(t *testing.T) *signInWorld {
	t.Helper()
	pool := postgrestest.New(t)
	hash := sha256.Sum256([]byte("ana@mail.example"))
	w := &signInWorld{candidate: uuid.NewString(), address: hash[:], now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	keyed := func(parts ...[]byte) [32]byte {
		h := sha256.New()
		for _, p := range parts {
			h.Write(append(p, 0))
		}
		return [32]byte(h.Sum(nil))
	}
	w.sessions = NewSessions(pool, clock)
	w.signIns = NewSignIns(pool, w.sessions, keyed, clock)
	w.own(t, w.candidate)
	return w
}

// own gives the address to somebody.
func (w *signInWorld) own(t *testing.T, candidate string) {
	t.Helper()
	if _, err := w.signIns.pool.Exec(t.Context(), `INSERT INTO vault.emails (hash, candidate_id) VALUES ($1, $2)
		ON CONFLICT (hash) DO UPDATE SET candidate_id = excluded.candidate_id`, w.address, candidate); err != nil {
		t.Fatal(err)
	}
}

func (w *signInWorld) offer(t *testing.T, candidate string) (string, Proof) {
	t.Helper()
	id := uuid.New()
	proof, err := w.signIns.Offer(t.Context(), id, ToSignIn, w.address, candidate)
	if err != nil {
		t.Fatal(err)
	}
	return id.String(), proof
}

func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// S1-06, H1: a code or a link counts once, for 15 minutes; a code is tried five
// times.
func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newSignIns(t)
	redeem := func(id string, p Proof) error {
		_, _, err := w.signIns.Redeem(t.Context(), id, p)
		return err
	}
	for name, one := range map[string]func(string, Proof) (string, Proof){
		"code": func(id string, p Proof) (string, Proof) { return id, Proof{Code: p.Code} },
		"link": func(_ string, p Proof) (string, Proof) { return "", Proof{Link: p.Link} },
	} {
		id, proof := one(w.offer(t, w.candidate))
		if err := redeem(id, proof); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := redeem(id, proof); !errors.Is(err, ErrSignIn) {
			t.Errorf("%s twice: %v", name, err)
		}
		id, proof = one(w.offer(t, w.candidate))
		w.now = w.now.Add(SignInLife)
		if err := redeem(id, proof); !errors.Is(err, ErrSignIn) {
			t.Errorf("%s after %s: %v", name, SignInLife, err)
		}
		if id, proof := one(w.offer(t, "")); !errors.Is(redeem(id, proof), ErrSignIn) {
			t.Errorf("%s of nobody counts", name)
		}
	}
	id, proof := w.offer(t, w.candidate)
	for range SignInTries {
		if err := redeem(id, Proof{Code: wrong(proof.Code)}); !errors.Is(err, ErrSignIn) {
			t.Errorf("a wrong code: %v", err)
		}
	}
	if err := redeem(id, Proof{Code: proof.Code}); !errors.Is(err, ErrSignIn) {
		t.Errorf("the code after %d tries: %v", SignInTries, err)
	}
	if err := redeem("", Proof{Link: proof.Link}); err != nil {
		t.Errorf("the link after the code was tried too often: %v", err)
	}
	other, _ := w.offer(t, w.candidate)
	_, proof = w.offer(t, w.candidate)
	if err := redeem(other, Proof{Code: proof.Code}); err == nil {
		t.Error("a code counts under another id")
	}
	for _, bad := range []Proof{{Link: "x"}, {Link: "."}, {Link: proof.Link[:len(proof.Link)-2]}, {Link: proof.Link[:23] + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}} {
		if err := redeem("", bad); !errors.Is(err, ErrSignIn) {
			t.Errorf("%q: %v", bad.Link, err)
		}
	}
}

// S1-07, S1-09, H6, H11: a session lasts while it is used, a week at most, and
// only while the address is the person's.
func TestSession(t *testing.T) {
	t.Parallel()
	w := newSignIns(t)
	begin := func() (Session, string) {
		id, proof := w.offer(t, w.candidate)
		s, readable, err := w.signIns.Redeem(t.Context(), id, proof)
		if err != nil {
			t.Fatal(err)
		}
		return s, readable
	}
	is := func(readable string, want error) {
		t.Helper()
		s, err := w.sessions.Verify(t.Context(), readable)
		if !errors.Is(err, want) || err == nil && s.Candidate != w.candidate {
			t.Errorf("%v of %s, want %v", err, s.Candidate, want)
		}
	}
	s, readable := begin()
	for range 6 {
		is(readable, nil)
		w.now = w.now.Add(SessionIdle - time.Second)
	}
	is(readable, nil)
	w.now = s.ExpiresAt
	is(readable, ErrSession)
	_, readable = begin()
	w.now = w.now.Add(SessionIdle)
	is(readable, ErrSession)

	s, readable = begin()
	w.own(t, uuid.NewString())
	is(readable, ErrSession)
	w.own(t, w.candidate)
	is(readable, nil)
	if err := w.sessions.End(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	is(readable, ErrSession)
	for _, bad := range []string{"", "x", readable[:42], readable + "A"} {
		is(bad, ErrSession)
	}
	away, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.sessions.Verify(away, readable); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Postgres away: %v", err)
	}
}

// Only the candidate who asked changes to the address the code was sent to.
func TestProve(t *testing.T) {
	t.Parallel()
	w := newSignIns(t)
	prove := func(candidate string, address []byte) error {
		id := uuid.New()
		proof, err := w.signIns.Offer(t.Context(), id, ToChangeAddress, w.address, w.candidate)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.signIns.Redeem(t.Context(), id.String(), proof); !errors.Is(err, ErrSignIn) {
			t.Errorf("a code to change an address signs in: %v", err)
		}
		return w.signIns.Prove(t.Context(), id.String(), proof.Code, candidate, address)
	}
	another := sha256.Sum256([]byte("another"))
	if err := prove(w.candidate, w.address); err != nil {
		t.Error(err)
	}
	if err := prove(uuid.NewString(), w.address); !errors.Is(err, ErrSignIn) {
		t.Errorf("another candidate: %v", err)
	}
	if err := prove(w.candidate, another[:]); !errors.Is(err, ErrSignIn) {
		t.Errorf("another address: %v", err)
	}
}

// S1-06: codes that fail slow down those after them, for all codes of an address
// within a day; nobody is locked out: a link counts, and a code after a while.
func TestFailedCodesSlowDown(t *testing.T) {
	t.Parallel()
	w := newSignIns(t)
	redeem := func(id string, p Proof) error {
		_, _, err := w.signIns.Redeem(t.Context(), id, p)
		return err
	}
	for range AddressTries / SignInTries {
		id, proof := w.offer(t, w.candidate)
		for range SignInTries {
			if err := redeem(id, Proof{Code: wrong(proof.Code)}); !errors.Is(err, ErrSignIn) {
				t.Fatalf("a wrong code: %v", err)
			}
		}
	}
	id, proof := w.offer(t, w.candidate)
	var slow *SlowDownError
	if err := redeem(id, Proof{Code: proof.Code}); !errors.As(err, &slow) || slow.Wait != AddressTryEvery {
		t.Errorf("a good code after %d that failed: %v", AddressTries, err)
	}
	if err := redeem("", Proof{Link: proof.Link}); err != nil {
		t.Errorf("a link: %v", err)
	}
	w.now = w.now.Add(AddressTryEvery)
	id, proof = w.offer(t, w.candidate)
	if err := redeem(id, Proof{Code: proof.Code}); err != nil {
		t.Errorf("after a while: %v", err)
	}
	id, proof = w.offer(t, w.candidate)
	if err := redeem(id, Proof{Code: proof.Code}); !errors.As(err, &slow) {
		t.Errorf("right after: %v", err)
	}
	w.now = w.now.Add(25 * time.Hour)
	id, proof = w.offer(t, w.candidate)
	if err := redeem(id, Proof{Code: proof.Code}); err != nil {
		t.Errorf("a day later: %v", err)
	}
}
