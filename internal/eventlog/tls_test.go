package eventlog_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/eventlog/eventlogtest"
	"github.com/hirelog/hirelog/internal/eventnode"
	"github.com/hirelog/hirelog/internal/eventnode/eventnodetest"
)

// TestClientSignsInOverTLS runs the suite against a node with TLS and users, and
// then connects as those it must not let in.
func TestClientSignsInOverTLS(t *testing.T) {
	dir := t.TempDir()
	certificate := eventnodetest.NewCertificate(t, dir)
	line, err := eventnode.UserLine("hirelog", "s3cret", []string{"$admins"})
	if err != nil {
		t.Fatal(err)
	}
	users := filepath.Join(dir, "users")
	if err := os.WriteFile(users, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	node, err := eventnode.Open(eventnode.Options{
		Dir: filepath.Join(dir, "node"), CertFile: certificate.CertFile, KeyFile: certificate.KeyFile, UsersFile: users,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Close(); err != nil {
			t.Errorf("close the node: %v", err)
		}
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = node.Serve(ln) }() // its error is that the node was closed
	at := ln.Addr().String() + "?tlsCaFile=" + certificate.CAFile
	eventlogtest.Run(t, func(t *testing.T) eventlog.Log {
		return connect(t, eventlog.ClientOptions{ConnectionString: "esdb://hirelog:s3cret@" + at})
	})
	for _, connection := range []string{"esdb://hirelog:secret@" + at, "esdb://" + at} {
		log := connect(t, eventlog.ClientOptions{ConnectionString: connection})
		_, err := log.Append(t.Context(), "s-"+uuid.NewString(), eventlog.NoStream, []eventlog.NewEvent{{ID: uuid.New(), Type: "t.v1", Data: []byte(`{}`)}})
		if err == nil {
			t.Errorf("%s may append", connection)
		}
	}
}
