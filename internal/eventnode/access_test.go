package eventnode

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/hirelog/hirelog/internal/eventnode/eventnodetest"
)

// testUsers are the users of secured nodes; each has its name as password.
const testUsers = "admin:$admins ops:$ops alice: bob:hiring"

// writeUsers writes a users file with cheap hashes. Groups follow a colon.
func writeUsers(t *testing.T, file, users string) {
	t.Helper()
	text := "# users of a test\n\n"
	for _, u := range strings.Fields(users) {
		name, groups, _ := strings.Cut(u, ":")
		hash, err := bcrypt.GenerateFromPassword([]byte(name), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		text += name + ":" + string(hash) + ":" + groups + "\n"
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// secured is a node with TLS and users on a TCP socket.
type secured struct {
	*server
	certificate eventnodetest.Certificate
	users       string // file
	address     string
}

func startSecured(t *testing.T, o Options) *secured {
	t.Helper()
	dir := t.TempDir()
	s := &secured{certificate: eventnodetest.NewCertificate(t, dir), users: filepath.Join(dir, "users")}
	writeUsers(t, s.users, testUsers)
	o.CertFile, o.KeyFile, o.UsersFile = s.certificate.CertFile, s.certificate.KeyFile, s.users
	s.server = start(t, o)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		s.stop(t)
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	s.address = ln.Addr().String()
	return s
}

// as connects the official client with name and password; as nobody if name is empty.
func (s *secured) as(t *testing.T, name, password string) *esdb.Client {
	t.Helper()
	who := ""
	if name != "" {
		who = name + ":" + password + "@"
	}
	return dial(t, fmt.Sprintf("esdb://%s%s?tlsCaFile=%s", who, s.address, s.certificate.CAFile))
}

func dial(t *testing.T, connection string) *esdb.Client {
	t.Helper()
	cfg, err := esdb.ParseConnectionString(connection)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Logger = esdb.NoopLogging()
	c, err := esdb.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// denied is the code of what an action ended with.
func denied(t *testing.T, err error) codes.Code {
	t.Helper()
	if err == nil {
		return codes.OK
	}
	return status.Code(deepest(err))
}

// deepest unwraps err to what gRPC said.
func deepest(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || u.Unwrap() == nil {
			return err
		}
		if _, isStatus := err.(interface{ GRPCStatus() *status.Status }); isStatus {
			return err
		}
		err = u.Unwrap()
	}
}

// tries returns what happens when c does each thing there is to a stream.
func tries(t *testing.T, c *esdb.Client, stream string) map[string]codes.Code {
	t.Helper()
	got := map[string]codes.Code{}
	ctx := testContext(t)
	_, err := readStream(t, c, stream, esdb.ReadStreamOptions{From: esdb.Start{}})
	got["read"] = denied(t, err)
	_, err = c.AppendToStream(ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, some("e", 1)...)
	got["write"] = denied(t, err)
	sub, err := c.SubscribeToStream(ctx, stream, esdb.SubscribeToStreamOptions{From: esdb.End{}})
	if got["subscribe"] = denied(t, err); err == nil {
		_ = sub.Close()
	}
	_, err = readStream(t, c, metaStream(stream), esdb.ReadStreamOptions{From: esdb.Start{}})
	got["read metadata"] = denied(t, err)
	_, err = c.AppendToStream(ctx, metaStream(stream), esdb.AppendToStreamOptions{ExpectedRevision: esdb.Revision(1 << 40)}, some("e", 1)...)
	got["write metadata"] = denied(t, err)
	_, err = c.DeleteStream(ctx, stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Revision(1 << 40)})
	got["delete"] = denied(t, err)
	_, err = c.TombstoneStream(ctx, stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Revision(1 << 40)})
	got["tombstone"] = denied(t, err)
	return got
}

// wantDenied compares which of the tries were denied with want, in order of name.
func wantDenied(t *testing.T, what string, got map[string]codes.Code, want ...string) {
	t.Helper()
	set := map[string]bool{}
	for _, w := range want {
		set[w] = true
	}
	for name, code := range got {
		if (code == codes.PermissionDenied) != set[name] {
			t.Errorf("%s: %s ended with %v", what, name, code)
		}
	}
}

var everything = []string{"read", "write", "subscribe", "read metadata", "write metadata", "delete", "tombstone"}

func TestWhoMayDoWhat(t *testing.T) {
	s := startSecured(t, Options{})
	admin, alice, bob := s.as(t, "admin", "admin"), s.as(t, "alice", "alice"), s.as(t, "bob", "bob")
	mustAppend(t, admin, "open", esdb.NoStream{}, some("e", 1)...)
	mustAppend(t, admin, "$system", esdb.NoStream{}, some("e", 1)...)
	wantDenied(t, "a user's stream", tries(t, alice, "open"))
	wantDenied(t, "a system stream", tries(t, alice, "$system"), everything...)
	wantDenied(t, "a system stream, by an admin", tries(t, admin, "$system"))

	if _, err := alice.ReadAll(testContext(t), esdb.ReadAllOptions{}, 1); err != nil {
		t.Fatal(err) // the answer comes with the first event
	}
	allOf := func(c *esdb.Client) (read, subscribe codes.Code) {
		r, err := c.ReadAll(testContext(t), esdb.ReadAllOptions{}, 1)
		if err == nil {
			_, err = drain(r)
		}
		sub, suberr := c.SubscribeToAll(testContext(t), esdb.SubscribeToAllOptions{})
		if suberr == nil {
			_ = sub.Close()
		}
		return denied(t, err), denied(t, suberr)
	}
	if read, subscribe := allOf(alice); read != codes.PermissionDenied || subscribe != codes.PermissionDenied {
		t.Errorf("$all, by a user: read %v, subscribe %v", read, subscribe)
	}
	if read, subscribe := allOf(admin); read != codes.OK || subscribe != codes.OK {
		t.Errorf("$all, by an admin: read %v, subscribe %v", read, subscribe)
	}

	setMetadata(t, admin, "lists", `{"$acl":{"$r":"bob","$w":["hiring","$nobody"],"$d":[],"$mr":"$all","$mw":"$admins"}}`)
	setMetadata(t, admin, "$all", `{"$acl":{"$r":["hiring"]}}`)
	setMetadata(t, admin, "$system", `{"$acl":{"$r":["$all"]}}`)
	for range 2 {
		wantDenied(t, "by name and group", tries(t, bob, "lists"), "delete", "tombstone", "write metadata")
		wantDenied(t, "not named", tries(t, alice, "lists"), "read", "subscribe", "write", "delete", "tombstone", "write metadata")
		wantDenied(t, "by an admin, who is not named", tries(t, admin, "lists"))
		wantDenied(t, "a system stream for all to read", tries(t, alice, "$system"), everything[1], everything[3], everything[4], everything[5], everything[6])
		if read, subscribe := allOf(bob); read != codes.OK || subscribe != codes.OK {
			t.Errorf("$all, by one its list names: read %v, subscribe %v", read, subscribe)
		}
		// Lists are there again after a restart.
		s.server.stop(t)
		mustCheck(t, s.server.o)
		o := s.server.o
		s.server = start(t, o)
		ln, err := net.Listen("tcp", "127.0.0.1:0") // somebody else may have the former port
		if err != nil {
			t.Fatal(err)
		}
		s.address = ln.Addr().String()
		go func() { _ = s.Serve(ln) }()
		admin, alice, bob = s.as(t, "admin", "admin"), s.as(t, "alice", "alice"), s.as(t, "bob", "bob")
	}
}

// TestAListOfTooManyRolesNamesNobody: lists are in memory.
func TestAListOfTooManyRolesNamesNobody(t *testing.T) {
	list := func(n int, role string) []byte {
		text, err := json.Marshal(map[string]any{"$r": append(slices.Repeat([]string{role}, n-1), "alice"), "$w": "alice"})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, tt := range []struct {
		n    int
		role string
		want bool
	}{
		{maxRoles, "r", true},
		{maxRoles + 1, "r", false},
		{2, strings.Repeat("r", maxRoleBytes-5), true},
		{2, strings.Repeat("r", maxRoleBytes-4), false},
	} {
		a := parseACL(list(tt.n, tt.role))
		if got := slices.Contains(a[rightRead], "alice"); got != tt.want {
			t.Errorf("%d roles, the first of %d bytes: alice is named %v", tt.n, len(tt.role), got)
		}
		if a[rightRead] == nil || !slices.Contains(a[rightWrite], "alice") {
			t.Errorf("%d roles, the first of %d bytes: %v; others are for everybody, or none", tt.n, len(tt.role), a)
		}
	}
	if a := parseACL([]byte(`{"$r":"` + strings.Repeat("r", maxRoleBytes+1) + `"}`)); a[rightRead] == nil || len(a[rightRead]) > 0 {
		t.Errorf("one long role: %v", a[rightRead])
	}
}

func setMetadata(t *testing.T, c *esdb.Client, stream, json string) {
	t.Helper()
	e := some("m", 1)
	e[0].EventType, e[0].Data = "$metadata", []byte(json)
	mustAppend(t, c, metaStream(stream), esdb.Any{}, e...)
}

func TestWhoIsNotKnownGetsNothing(t *testing.T) {
	s := startSecured(t, Options{})
	for _, who := range [][2]string{{"", ""}, {"admin", "wrong"}, {"nobody", "nobody"}, {"admin", ""}} {
		c := s.as(t, who[0], who[1])
		got := tries(t, c, "open")
		for what, code := range got {
			if code != codes.Unauthenticated {
				t.Errorf("%q with password %q: %s ended with %v", who[0], who[1], what, code)
			}
		}
	}
}

// TestLinksShowNothingThatIsDenied follows a link into a stream its reader may
// not read.
func TestLinksShowNothingThatIsDenied(t *testing.T) {
	s := startSecured(t, Options{})
	admin, alice := s.as(t, "admin", "admin"), s.as(t, "alice", "alice")
	mustAppend(t, admin, "secret", esdb.NoStream{}, some("e", 1)...)
	setMetadata(t, admin, "secret", `{"$acl":{"$r":"$admins"}}`)
	link := some("l", 1)
	link[0].EventType, link[0].Data = "$>", []byte("0@secret")
	mustAppend(t, admin, "links", esdb.NoStream{}, link...)
	for who, c := range map[string]*esdb.Client{"admin": admin, "alice": alice} {
		r, err := c.ReadStream(testContext(t), "links", esdb.ReadStreamOptions{From: esdb.Start{}, ResolveLinkTos: true}, 1)
		if err != nil {
			t.Fatal(err)
		}
		e, err := r.Recv()
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		if e.Link == nil || (e.Event != nil) != (who == "admin") {
			t.Errorf("%s sees link %v to event %v", who, e.Link, e.Event)
		}
	}
}

func TestUsersChangeWithoutRestart(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "users")
	writeUsers(t, file, "a b")
	o := Options{UsersFile: file, Logger: quiet()}
	a, err := newAccounts(&o)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	a.book.now = func() time.Time { return now }
	known := func(name string) bool {
		now = now.Add(2 * watchInterval)
		u, err := a.authenticate(t.Context(), basic(name, name))
		if err != nil {
			t.Fatal(err)
		}
		return u != nil
	}
	if !known("a") || !known("b") || known("c") {
		t.Fatal("the users are not those of the file")
	}
	writeUsers(t, file, "bcd a c")
	if !known("a") || known("b") || !known("c") {
		t.Error("the users are still those of the file before")
	}
	if err := os.WriteFile(file, []byte("a:no hash"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !known("a") || known("b") || !known("c") {
		t.Error("a broken file changed the users")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if !known("a") || known("b") {
		t.Error("a missing file changed the users")
	}
	writeUsers(t, file, "b")
	if known("a") || !known("b") {
		t.Error("the mended file is not in force")
	}
}

func basic(name, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
}

// TestManyCallsCostOnePassword lets many calls come in with credentials not seen
// before: one is verified, the others wait for it.
func TestManyCallsCostOnePassword(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	hash, err := bcrypt.GenerateFromPassword([]byte("p"), 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("a:"+string(hash)), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := newAccounts(&Options{UsersFile: file, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	b := a.book.get()
	var wg sync.WaitGroup
	for range 2000 { // as hashes, some minutes
		wg.Go(func() {
			if u, err := a.authenticate(t.Context(), basic("a", "p")); u == nil {
				t.Errorf("not known: %v", err)
			}
		})
	}
	wg.Wait()
	if len(b.verified) != 1 {
		t.Errorf("%d credentials are remembered", len(b.verified))
	}
	for i := range 2 * maxRemembered { // never more than so many
		d := keyed{byte(i), byte(i >> 8), 1}
		b.begin(d, time.Now())
		b.end(d, &user{}, false, time.Now())
		d[2]++
		b.begin(d, time.Now())
		b.end(d, nil, false, time.Now())
	}
	if len(b.verified) > maxRemembered || len(b.wrong) > maxRemembered || len(b.trying) > 0 {
		t.Errorf("%d right and %d wrong credentials are remembered, %d are tried", len(b.verified), len(b.wrong), len(b.trying))
	}
}

func TestUsersFilesThatAreRefused(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("p"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	h := string(hash)
	for text, want := range map[string]string{
		"":                         "names no user",
		"# nobody\n":               "names no user",
		"a":                        "line 1: is not name:hash:groups",
		"\na:secret:$admins":       `line 2: user "a" has no bcrypt hash`,
		"a b:" + h:                 "user name",
		":" + h:                    "user name",
		"a:" + h + ":x y":          "group",
		"a:" + h + "\na:" + h:      "is there already",
		"a:" + h + ":$admins:more": "group",
		"a:$2a$31$" + h[7:]:        "cost 31",
	} {
		file := filepath.Join(t.TempDir(), "users")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readUsers(file)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		} else if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), h) {
			t.Errorf("%q: the message repeats the hash: %v", text, err)
		}
	}
}

func TestALineIsReadBack(t *testing.T) {
	line, err := UserLine("zoë", "päss:word", []string{"$admins", "x"})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(file, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := newAccounts(&Options{UsersFile: file, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	u, err := a.authenticate(t.Context(), basic("zoë", "päss:word"))
	if err != nil || u == nil || !u.has("$admins") || !u.has("x") || !u.has("zoë") || !u.has("$all") || u.has("y") {
		t.Errorf("got %+v", u)
	}
	for _, bad := range [][2]string{{"", "p"}, {"a:b", "p"}, {"a b", "p"}, {"a", ""}, {"a", strings.Repeat("p", 73)}, {"a\n", "p"}} {
		if line, err := UserLine(bad[0], bad[1], nil); err == nil {
			t.Errorf("%q: got %q", bad, line)
		}
	}
}

func TestWhatCannotBeServedSecurelyIsNotServed(t *testing.T) {
	dir := t.TempDir()
	c := eventnodetest.NewCertificate(t, dir)
	users := filepath.Join(dir, "users")
	writeUsers(t, users, "a")
	broken := filepath.Join(dir, "broken")
	if err := os.WriteFile(broken, []byte("a:b"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]Options{
		"users need TLS":       {UsersFile: users},
		"both a certificate":   {CertFile: c.CertFile},
		"TLS certificate":      {CertFile: c.KeyFile, KeyFile: c.CertFile},
		"no bcrypt hash":       {CertFile: c.CertFile, KeyFile: c.KeyFile, UsersFile: broken},
		"address to advertise": {Advertise: "localhost"},
		"must be host:port":    {Advertise: "localhost:http"},
	} {
		o.Dir = t.TempDir()
		n, err := Open(o)
		if err == nil {
			_ = n.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		mustCheck(t, o) // it was closed and unlocked
	}
}

// TestARenewedCertificateIsServed replaces the certificate while the node runs.
func TestARenewedCertificateIsServed(t *testing.T) {
	said := &lines{}
	s := startSecured(t, Options{Logger: slog.New(slog.NewTextHandler(said, nil))})
	serial := func() string {
		conn, err := tls.Dial("tcp", s.address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	if got := serial(); got != s.certificate.Serial {
		t.Fatalf("serial number %s, want %s", got, s.certificate.Serial)
	}
	renewed := eventnodetest.NewCertificate(t, filepath.Dir(s.certificate.CertFile))
	until(t, "the new certificate", func() bool { return serial() == renewed.Serial })
	if err := os.WriteFile(renewed.KeyFile, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	until(t, "the broken key to be noticed", func() bool {
		serial() // each connection looks
		return strings.Contains(said.String(), "new TLS certificate cannot be used")
	})
	if got := serial(); got != renewed.Serial {
		t.Errorf("serial number %s after a broken key, want %s as before", got, renewed.Serial)
	}
}

// lines is what was written to it. Safe for concurrent use.
type lines struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	s := startSecured(t, Options{})
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(s.certificate.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool.AppendCertsFromPEM(pem)
	for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		conn, err := tls.Dial("tcp", s.address, &tls.Config{RootCAs: pool, MinVersion: version, MaxVersion: version, NextProtos: []string{"h2"}})
		if (err == nil) != want {
			t.Errorf("TLS version %x: %v", version, err)
		}
		if err == nil {
			conn.Close()
		}
	}
}

// TestDiscoveryFindsTheNode lets a client ask who leads the cluster, at the
// address the node is to be reached at and before it says who it is.
func TestDiscoveryFindsTheNode(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	s := startSecured(t, Options{Advertise: fmt.Sprintf("localhost:%d", port)})
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	// The address to ask at is one no certificate is needed for, the one it
	// answers with is localhost.
	c := dial(t, fmt.Sprintf("esdb+discover://admin:admin@127.0.0.1:%d?tlsCaFile=%s", port, s.certificate.CAFile))
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 1)...)
	_ = c.Close()
	s.stop(t)
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
}
