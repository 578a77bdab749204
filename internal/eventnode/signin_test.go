package eventnode

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// accountsOf returns accounts with one user, whose password is its name.
func accountsOf(t *testing.T, name string, cost int) (*accounts, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "users")
	hash, err := bcrypt.GenerateFromPassword([]byte(name), cost)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(name+":"+string(hash)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := newAccounts(&Options{UsersFile: file, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	return a, file
}

// from is a context of a call that comes from port of host.
func from(t *testing.T, host string, port int) context.Context {
	t.Helper()
	return peer.NewContext(t.Context(), &peer.Peer{Addr: &net.TCPAddr{IP: net.ParseIP(host), Port: port}})
}

// TestAStrangerKeepsNobodyOut lets somebody without a password send wrong ones,
// many at a time, while a user signs in.
func TestAStrangerKeepsNobodyOut(t *testing.T) {
	s := startSecured(t, Options{})
	hash, err := bcrypt.GenerateFromPassword([]byte("changed"), 9)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.users, fmt.Appendf(nil, "admin:%s:$admins\nnew:%s\n", hash, mustHash(t, "new")), 0o600); err != nil {
		t.Fatal(err)
	}
	until(t, "the new users", func() bool {
		_, err := readStream(t, s.as(t, "new", "new"), "missing", esdb.ReadStreamOptions{})
		return code(t, err) == esdb.ErrorCodeResourceNotFound
	})
	conn, err := grpc.NewClient(s.address, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var flood sync.WaitGroup
	defer flood.Wait()
	defer cancel()
	stranger := pb.NewStreamsClient(conn)
	var hashed atomic.Int64
	for i := range 200 {
		flood.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				_, err := stranger.Delete(metadata.AppendToOutgoingContext(ctx, "authorization", basic("admin", fmt.Sprint(i, n))), &pb.DeleteReq{})
				switch status.Code(err) {
				case codes.ResourceExhausted:
					select { // a flood, but not of the test itself
					case <-ctx.Done():
					case <-time.After(50 * time.Millisecond):
					}
				case codes.Unauthenticated:
					hashed.Add(1)
				case codes.Canceled:
				default:
					t.Errorf("wrong password: %v", err)
					return
				}
			}
		})
	}
	until(t, "the flood", func() bool { return hashed.Load() > 0 })
	admin, patience := s.as(t, "admin", "changed"), time.Minute
	before := hashed.Load()
	_, err = admin.AppendToStream(testContext(t), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}, Deadline: &patience}, some("e", 1)...)
	if err != nil {
		t.Errorf("the first call of a user: %v", err)
	}
	if n := hashed.Load() - before; n > 100 {
		t.Errorf("the first call of a user waited for %d wrong passwords", n)
	}
}

// TestPlacesToWaitAreShared fills the queue of passwords while none is hashed.
func TestPlacesToWaitAreShared(t *testing.T) {
	a, _ := accountsOf(t, "a", bcrypt.MinCost)
	for range cap(a.busy) {
		a.busy <- struct{}{}
	}
	waiting := func() int {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.waiting[""]
	}
	var calls sync.WaitGroup
	queued := 0
	try := func(ctx context.Context, wait bool) {
		t.Helper()
		header := basic("x", fmt.Sprint(queued))
		if !wait {
			if _, err := a.authenticate(ctx, header); status.Code(err) != codes.ResourceExhausted {
				t.Errorf("with %d waiting: got %v, want ResourceExhausted", queued, err)
			}
			return
		}
		queued++
		calls.Go(func() {
			if u, err := a.authenticate(ctx, header); u != nil || err != nil {
				t.Errorf("got %v, %v", u, err)
			}
		})
		until(t, "the call waits", func() bool { return waiting() == queued })
	}
	for port := range maxWaitingOfHost / maxWaitingOfConnection {
		for range maxWaitingOfConnection {
			try(from(t, "192.0.2.1", 1+port), true)
		}
		try(from(t, "192.0.2.1", 1+port), false)
	}
	try(from(t, "192.0.2.1", 1000), false)
	for host := 2; queued < maxWaiting; host++ {
		for i := range maxWaitingOfHost {
			try(from(t, fmt.Sprintf("192.0.2.%d", host), 1+i), true)
		}
	}
	try(from(t, "192.0.2.200", 1), false)
	for range cap(a.busy) {
		<-a.busy
	}
	calls.Wait()
	if len(a.waiting) > 0 {
		t.Errorf("nobody waits, but %v", a.waiting)
	}
	if u, err := a.authenticate(from(t, "192.0.2.1", 1), basic("a", "a")); u == nil || err != nil {
		t.Errorf("got %v, %v", u, err)
	}
}

// TestWrongPasswordsAreRemembered hashes a wrong password once in a while, not
// with each call.
func TestWrongPasswordsAreRemembered(t *testing.T) {
	a, file := accountsOf(t, "a", bcrypt.MinCost)
	header := basic("a", "b")
	if u, err := a.authenticate(t.Context(), header); u != nil || err != nil {
		t.Fatalf("got %v, %v", u, err)
	}
	for range cap(a.busy) { // nothing is hashed from now on
		a.busy <- struct{}{}
	}
	if u, err := a.authenticate(t.Context(), header); u != nil || err != nil {
		t.Errorf("again: got %v, %v", u, err)
	}
	b := a.book.get()
	d := b.of(header)
	if _, known, _ := b.begin(d, time.Now().Add(2*wrongFor)); known {
		t.Error("it is remembered for good")
	}
	b.end(d, nil, true, time.Now())
	for range cap(a.busy) {
		<-a.busy
	}
	// In a new version of the file it may be the right one.
	if err := os.WriteFile(file, fmt.Appendf(nil, "a:%s\n", mustHash(t, "b")), 0o600); err != nil {
		t.Fatal(err)
	}
	a.book.now = func() time.Time { return time.Now().Add(2 * watchInterval) }
	if u, err := a.authenticate(t.Context(), header); u == nil || err != nil {
		t.Errorf("the password that is right now: got %v, %v", u, err)
	}
}

func mustHash(t *testing.T, password string) []byte {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost+1)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// TestAChangedFileForgetsOnlyWhoChanged adds a user, and changes the groups of
// one and the hash of another.
func TestAChangedFileForgetsOnlyWhoChanged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	a1, b1 := string(mustHash(t, "a")), string(mustHash(t, "b"))
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a:" + a1 + "\nb:" + b1 + "\n")
	a, err := newAccounts(&Options{UsersFile: file, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		if u, err := a.authenticate(t.Context(), basic(name, name)); u == nil || err != nil {
			t.Fatalf("%s: got %v, %v", name, u, err)
		}
	}
	write("a:" + a1 + ":hiring\nb:" + string(mustHash(t, "b")) + "\nc:" + a1 + "\n")
	a.book.now = func() time.Time { return time.Now().Add(2 * watchInterval) }
	b := a.book.get()
	now := time.Now()
	if u, known, _ := b.begin(b.of(basic("a", "a")), now); !known || u == nil || !u.has("hiring") {
		t.Errorf("whose hash is the same: got %+v", u)
	}
	if u, known, _ := b.begin(b.of(basic("b", "b")), now); known {
		t.Errorf("whose hash is another: got %+v", u)
	}
}

// TestReadingAChangedFileKeepsNobodyWaiting holds the reading of a new version up.
func TestReadingAChangedFileKeepsNobodyWaiting(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	reading, goOn := make(chan struct{}), make(chan struct{})
	slow := false
	w, err := newWatched([]string{file}, func() (string, error) {
		if slow {
			close(reading)
			<-goOn
		}
		text, err := os.ReadFile(file)
		return string(text), err
	}, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	w.now = func() time.Time { return time.Now().Add(2 * watchInterval) }
	slow = true
	if err := os.WriteFile(file, []byte("22"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string)
	go func() { got <- w.get() }()
	<-reading
	if v := w.get(); v != "1" {
		t.Errorf("during the reading: %q", v)
	}
	close(goOn)
	if v := <-got; v != "22" {
		t.Errorf("after the reading: %q", v)
	}
}

// TestAnUnknownNameCostsAsMuchAsAKnownOne: else the time would tell who exists.
func TestAnUnknownNameCostsAsMuchAsAKnownOne(t *testing.T) {
	for _, cost := range []int{bcrypt.MinCost, 9} {
		a, _ := accountsOf(t, "a", cost)
		nobody := a.book.get().nobody
		if got, err := bcrypt.Cost(nobody); got != cost || err != nil {
			t.Errorf("cost %d, %v; want %d", got, err, cost)
		}
		if err := bcrypt.CompareHashAndPassword(nobody, []byte("a")); !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
			t.Errorf("compared with %s: %v", nobody, err)
		}
	}
}

// TestManyCallsOnOneConnection has more appends under way on one connection than
// it may have calls.
func TestManyCallsOnOneConnection(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	var calls sync.WaitGroup
	for i := range maxCalls + 500 {
		calls.Go(func() {
			if _, err := c.AppendToStream(testContext(t), fmt.Sprint("s", i), esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, some("e", 1)...); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if got := s.Stats().Events; got != maxCalls+500 {
		t.Errorf("%d events", got)
	}
}
