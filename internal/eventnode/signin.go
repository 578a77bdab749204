package eventnode

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

const (
	// maxRemembered is how many credentials are remembered at most, right ones
	// and wrong ones each.
	maxRemembered = 1024
	// wrongFor is how long wrong credentials are refused without another look.
	wrongFor = 5 * time.Second
	// maxHeader is the most an authorization header may have, in bytes.
	maxHeader = 4096

	// Of the passwords that wait to be hashed, as many may be of one connection,
	// of one host, and altogether. Wrong ones so cannot fill the queue.
	maxWaitingOfConnection = 4
	maxWaitingOfHost       = 16
	maxWaiting             = 128
)

// errCrowded refuses credentials that would have to wait behind too many others.
var errCrowded = status.Error(codes.ResourceExhausted, "too many passwords wait to be verified, try again")

// keyed is a digest that stands for credentials. It has a key: nobody can foresee it, so how far a
// comparison gets says nothing about the credentials.
type keyed [sha256.Size]byte

// signIns is what is known of credentials under one version of a users file.
type signIns struct {
	key [32]byte // of the digests

	mu       sync.Mutex
	verified map[keyed]*user         // guarded by mu, as all below
	wrong    map[keyed]time.Time     // until when
	trying   map[keyed]chan struct{} // closed when it was tried
}

func newSignIns() *signIns {
	s := &signIns{verified: map[keyed]*user{}, wrong: map[keyed]time.Time{}, trying: map[keyed]chan struct{}{}}
	_, _ = rand.Read(s.key[:]) // never fails
	return s
}

func (s *signIns) of(header string) keyed {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write([]byte(header))
	return keyed(mac.Sum(nil))
}

// begin returns what is known of credentials. If that is nothing, the caller
// either waits until somebody else has tried them, or tries them itself and
// calls end.
func (s *signIns) begin(d keyed, now time.Time) (u *user, known bool, tried <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.verified[d]; u != nil {
		return u, true, nil
	}
	if until, ok := s.wrong[d]; ok && now.Before(until) {
		return nil, true, nil
	}
	if c := s.trying[d]; c != nil {
		return nil, false, c
	}
	s.trying[d] = make(chan struct{})
	return nil, false, nil
}

// end says how trying went: u is who has the credentials, nil when they are
// wrong. When it is given up, who waits begins anew.
func (s *signIns) end(d keyed, u *user, givenUp bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.trying[d])
	delete(s.trying, d)
	switch {
	case givenUp:
	case u != nil:
		remember(s.verified, d, u)
	default:
		remember(s.wrong, d, now.Add(wrongFor))
	}
}

// remember puts v into a map that is emptied when it is full: of many spellings
// of the header, or many wrong passwords.
func remember[V any](m map[keyed]V, d keyed, v V) {
	if len(m) >= maxRemembered {
		clear(m)
	}
	m[d] = v
}

// keep takes over what an older version of the file has verified, of those whose
// hash is the same. Their groups are the new ones.
func (b *userBook) keep(old *userBook) {
	old.mu.Lock()
	defer old.mu.Unlock()
	b.key = old.key
	for d, u := range old.verified {
		if now := b.byName[u.name]; now != nil && bytes.Equal(now.hash, u.hash) {
			b.verified[d] = now
		}
	}
}

// accounts says who calls.
type accounts struct {
	book *watched[*userBook]
	// busy bounds how many passwords are hashed at a time, so that wrong ones
	// cannot take all processors.
	busy chan struct{}

	mu      sync.Mutex
	waiting map[string]int // guarded by mu; passwords by connection, by host, and all of them under ""
}

func newAccounts(o *Options) (*accounts, error) {
	if o.UsersFile == "" {
		return nil, nil
	}
	var current *userBook // one at a time reads
	read := func() (*userBook, error) {
		b, err := readUsers(o.UsersFile)
		if err != nil {
			return nil, err
		}
		if current != nil {
			b.keep(current)
		}
		current = b
		return b, nil
	}
	book, err := newWatched([]string{o.UsersFile}, read, func(err error) {
		o.Logger.Error("event node: the changed users file cannot be used, the users stay as they were", "err", err)
	})
	if err != nil {
		return nil, fmt.Errorf("event node: users: %w", err)
	}
	return &accounts{book: book, busy: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), waiting: map[string]int{}}, nil
}

// authenticate returns the user an authorization header is of, or nil if it is
// nobody's. Errors: errCrowded, ctx.
func (a *accounts) authenticate(ctx context.Context, header string) (*user, error) {
	name, password, ok := basicCredentials(header)
	if !ok {
		return nil, nil
	}
	b := a.book.get()
	d := b.of(header)
	for {
		u, known, tried := b.begin(d, time.Now())
		switch {
		case known:
			return u, nil
		case tried == nil:
			u, err := a.verify(ctx, b, name, password)
			b.end(d, u, err != nil, time.Now())
			return u, err
		}
		// Of many calls that come at once the first pays for all.
		select {
		case <-tried:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// verify compares a password with what the book says.
func (a *accounts) verify(ctx context.Context, b *userBook, name string, password []byte) (*user, error) {
	connection, host := callerOf(ctx)
	if !a.enter(connection, host) {
		return nil, errCrowded
	}
	defer a.leave(connection, host)
	select {
	case a.busy <- struct{}{}:
		defer func() { <-a.busy }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	u, hash := b.byName[name], b.nobody
	if u != nil {
		hash = u.hash
	}
	if err := bcrypt.CompareHashAndPassword(hash, password); err != nil {
		return nil, nil // a wrong password is an answer
	}
	return u, nil
}

// enter takes a place in the queue, if connection and host may have one more.
func (a *accounts) enter(connection, host string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting[""] >= maxWaiting || a.waiting["host "+host] >= maxWaitingOfHost || a.waiting["connection "+connection] >= maxWaitingOfConnection {
		return false
	}
	for _, key := range []string{"", "host " + host, "connection " + connection} {
		a.waiting[key]++
	}
	return true
}

func (a *accounts) leave(connection, host string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, key := range []string{"", "host " + host, "connection " + connection} {
		if a.waiting[key]--; a.waiting[key] == 0 {
			delete(a.waiting, key)
		}
	}
}

// callerOf returns where a call comes from.
func callerOf(ctx context.Context) (connection, host string) {
	p, ok := peer.FromContext(ctx)
	if !ok || p.Addr == nil {
		return "", ""
	}
	connection = p.Addr.String()
	if host, _, err := net.SplitHostPort(connection); err == nil {
		return connection, host
	}
	return connection, connection
}

// basicCredentials reads an authorization header.
func basicCredentials(header string) (name string, password []byte, ok bool) {
	const scheme = "basic "
	if len(header) > maxHeader || len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", nil, false
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(header[len(scheme):]))
	if err != nil {
		return "", nil, false
	}
	before, password, ok := bytes.Cut(text, []byte(":"))
	return string(before), password, ok && len(password) <= maxPassword
}
