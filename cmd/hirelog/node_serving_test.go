package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/eventnode"
	"github.com/hirelog/hirelog/internal/eventnode/eventnodetest"
)

// A node with TLS and users is reached by those users alone, discovered too.
func TestANodeIsServedSecurely(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certificate := eventnodetest.NewCertificate(t, dir)
	users := filepath.Join(dir, "users")
	line, err := eventnode.UserLine("admin", "s3cret", []string{"$admins"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(users, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "node", "--data", filepath.Join(dir, "node"), "--listen", "127.0.0.1:0",
		"--tls-cert", certificate.CertFile, "--tls-key", certificate.KeyFile, "--users", users)
	address := regexp.MustCompile(`esdb://NAME:PASSWORD@(\S+)`)
	eventually(t, patience, "the node says its address", func() bool { return address.MatchString(p.stdout.String()) })
	at := address.FindStringSubmatch(p.stdout.String())[1]
	for _, tt := range []struct {
		connection string
		works      bool
	}{
		{"esdb://admin:s3cret@" + at + "?tlsCaFile=" + certificate.CAFile, true},
		{"esdb+discover://admin:s3cret@" + at + "?tlsCaFile=" + certificate.CAFile, true},
		{"esdb://admin:secret@" + at + "?tlsCaFile=" + certificate.CAFile, false},
		{"esdb://" + at + "?tlsCaFile=" + certificate.CAFile, false},
	} {
		// With the race detector a password takes seconds to hash.
		log, err := eventlog.Connect(eventlog.ClientOptions{ConnectionString: tt.connection, CallTimeout: patience, AttemptTimeout: patience})
		if err != nil {
			t.Fatal(err)
		}
		_, err = log.Append(t.Context(), "s-"+uuid.NewString(), eventlog.NoStream, []eventlog.NewEvent{{ID: uuid.New(), Type: "test.v1", Data: []byte(`{}`)}})
		if (err == nil) != tt.works {
			t.Errorf("%s: %v", tt.connection, err)
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestANodeThatCannotBeServedSecurelyIsNot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certificate := eventnodetest.NewCertificate(t, dir)
	node := func(args ...string) finished {
		return hirelog(t, append([]string{"node", "--data", filepath.Join(dir, "node"), "--listen", "127.0.0.1:0"}, args...)...)
	}
	node("--users", certificate.CAFile).refused(t, "--users needs --tls-cert", "without TLS")
	node("--tls-cert", certificate.CertFile).refused(t, "--tls-cert and --tls-key", "together")
	node("--tls-cert", certificate.CertFile, "--tls-key", certificate.CertFile).refused(t, "TLS certificate", "event node")
	node("--tls-cert", certificate.CertFile, "--tls-key", certificate.KeyFile, "--users", certificate.CAFile).refused(t, "line 1", certificate.CAFile)
	node("--advertise", "node").refused(t, "address to advertise", "node")
	hirelog(t, "node", "--listen", "2113").refused(t, "--listen", "host:port")
	for _, listen := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:2113", "log.example.org:2113"} {
		hirelog(t, "node", "--data", filepath.Join(dir, "node"), "--listen", listen).refused(t, "--listen "+listen+" without TLS", "--insecure")
	}
}

// Without TLS a node is on the loopback address, or where it was asked to be twice.
func TestWhereANodeIsServedWithoutTLS(t *testing.T) {
	t.Parallel()
	none, tls := eventnode.Options{}, eventnode.Options{CertFile: "c", KeyFile: "k"}
	for _, tt := range []struct {
		o        eventnode.Options
		listen   string
		insecure bool
		want     bool
	}{
		{none, "127.0.0.1:2113", false, true},
		{none, "127.1.2.3:2113", false, true},
		{none, "[::1]:2113", false, true},
		{none, "localhost:2113", false, true},
		{none, ":2113", false, false},
		{none, "0.0.0.0:2113", false, false},
		{none, "0.0.0.0:2113", true, true},
		{tls, "0.0.0.0:2113", false, true},
	} {
		if err := checkServing(tt.o, tt.listen, tt.insecure); (err == nil) != tt.want {
			t.Errorf("%s, insecure %v, TLS %v: %v", tt.listen, tt.insecure, tt.o.CertFile != "", err)
		}
	}
}

// The commands that look after a node look where "hirelog node" has it.
func TestANodeIsLookedAfterWhereItIs(t *testing.T) {
	t.Parallel()
	said := regexp.MustCompile(`of the node|keeps its events in|folder to make`)
	for _, words := range [][]string{{"node"}, {"node", "check"}, {"node", "scavenge"}, {"node", "backup"}, {"node", "restore"}} {
		help := hirelog(t, append(words, "--help")...)
		if text := help.stdout + help.stderr; !said.MatchString(text) || strings.Count(text, `(default "./node")`) != 1 {
			t.Errorf("%v says\n%s", words, text)
		}
	}
}

// TestTheLineOfAUser has no terminal, so the password comes from standard input.
func TestTheLineOfAUser(t *testing.T) {
	t.Parallel()
	in, err := os.CreateTemp(t.TempDir(), "password")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var stderr strings.Builder
	for typed, want := range map[string]string{"pass word\n": "pass word", "first\r\nsecond\n": "first", "unended": "unended", "": ""} {
		if err := os.WriteFile(in.Name(), []byte(typed), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Seek(0, 0); err != nil {
			t.Fatal(err)
		}
		if got, err := readPassword(in, &stderr); err != nil || got != want {
			t.Errorf("%q: got %q, %v", typed, got, err)
		}
	}
	if stderr.Len() > 0 {
		t.Errorf("it asks %q, and nobody is there", stderr.String())
	}
}
