package conformance

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// patience is how long the node may take to start or to end.
const patience = time.Minute

// hirelog is the program under test; TestMain builds it.
var hirelog string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "conformance")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	hirelog = filepath.Join(dir, "hirelog")
	build := exec.Command("go", "build", "-o", hirelog, "./cmd/hirelog")
	build.Dir, build.Stdout, build.Stderr = "..", os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build hirelog:", err)
		return 1
	}
	return m.Run()
}

// node is a running "hirelog node" with TLS and users.
type node struct {
	port int
	ca   string // file
}

// userPasswords are the node's users. The first is what the client's tests sign
// in as.
var userPasswords = map[string]string{"admin": "changeit", "alice": "wonderland"}

// startNode starts a node with an empty store on one of the ports the official
// client's tests look for a node at. When the test is over it is ended, and its
// store checked.
func startNode(t *testing.T) *node {
	t.Helper()
	dir := t.TempDir()
	n := &node{port: freePort(t), ca: filepath.Join(dir, "node.crt")}
	makeCertificate(t, n.ca, filepath.Join(dir, "node.key"))
	var users strings.Builder
	for name, password := range userPasswords {
		users.WriteString(userLine(t, name, password))
	}
	write(t, filepath.Join(dir, "users"), users.String())
	address := fmt.Sprintf("localhost:%d", n.port)
	store := filepath.Join(dir, "store")
	c := exec.Command(hirelog, "node", "--data", store, "--listen", address, "--advertise", address,
		"--tls-cert", n.ca, "--tls-key", filepath.Join(dir, "node.key"), "--users", filepath.Join(dir, "users"))
	c.Stderr = os.Stderr
	said, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		end(t, c)
		check(t, store)
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil || !strings.Contains(line, address) {
		t.Fatalf("the node says %q: %v", line, err)
	}
	return n
}

// freePort returns the first of the three ports nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	var taken []error
	for _, port := range []int{2113, 2112, 2111} {
		ln, err := net.Listen("tcp", fmt.Sprintf("localhost:%d", port))
		if err == nil {
			ln.Close()
			return port
		}
		taken = append(taken, err)
	}
	t.Fatalf("the official client's tests look for a node on port 2111, 2112 or 2113 of localhost only, and all are taken: %v", errors.Join(taken...))
	return 0
}

func end(t *testing.T, c *exec.Cmd) {
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("end the node: %v", err)
	}
	kill := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	defer kill.Stop()
	if err := c.Wait(); err != nil {
		t.Errorf("the node ended with: %v", err)
	}
}

func check(t *testing.T, store string) {
	out, err := exec.Command(hirelog, "node", "check", "--data", store).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "no problems found") {
		t.Errorf("check of the store: %v\n%s", err, out)
	}
	t.Logf("the store afterwards: %s", strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", "; "))
}

// userLine makes a line of a users file the way an operator does.
func userLine(t *testing.T, name, password string) string {
	t.Helper()
	args := []string{"node", "user", name}
	if name == "admin" {
		args = []string{"node", "user", "--admin", name}
	}
	c := exec.Command(hirelog, args...)
	c.Stdin, c.Stderr = strings.NewReader(password+"\n"), os.Stderr
	line, err := c.Output()
	if err != nil {
		t.Fatalf("hirelog node user: %v", err)
	}
	return string(line)
}

// connection is the connection string of a user.
func (n *node) connection(name string) string {
	return fmt.Sprintf("esdb://%s:%s@localhost:%d?tlsCaFile=%s", name, userPasswords[name], n.port, n.ca)
}

// addUserEvent writes what a server with users has in $users, which the official
// client's tests wait for.
func (n *node) addUserEvent(t *testing.T) {
	t.Helper()
	config, err := esdb.ParseConnectionString(n.connection("admin"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := esdb.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err = client.AppendToStream(ctx, "$users", esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, esdb.EventData{
		EventID: uuid.New(), EventType: "$User", ContentType: esdb.ContentTypeJson, Data: []byte(`"admin"`),
	})
	if err != nil {
		t.Fatalf("append to $users: %v", err)
	}
}

// makeCertificate makes a certificate for localhost that is its own authority.
func makeCertificate(t *testing.T, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	write(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
