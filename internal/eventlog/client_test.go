package eventlog_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/eventlog/eventlogtest"
	"github.com/hirelog/hirelog/internal/eventnode"
)

// serve starts an event node on a listener of its own and returns its address.
// It ends with the test.
func serve(t testing.TB, network string) (address string) {
	t.Helper()
	node, err := eventnode.Open(eventnode.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Close(); err != nil {
			t.Errorf("close the node: %v", err)
		}
	})
	listen := "127.0.0.1:0"
	if network == "unix" {
		folder, err := os.MkdirTemp("", "node") // a socket's path must be short
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(folder) })
		listen = filepath.Join(folder, "s")
	}
	ln, err := net.Listen(network, listen)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = node.Serve(ln) }() // its error is that the node was closed
	if network == "unix" {
		return "unix:" + listen
	}
	return ln.Addr().String()
}

// connect returns a client of the node at address, closed with the test.
func connect(t testing.TB, o eventlog.ClientOptions) *eventlog.Client {
	t.Helper()
	if o.ConnectionString == "" {
		o.ConnectionString = "esdb://localhost:2113?tls=false"
	}
	c, err := eventlog.Connect(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close the client: %v", err)
		}
	})
	return c
}

func TestClientKeepsThePromisesOfALog(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			address := serve(t, network)
			eventlogtest.Run(t, func(t *testing.T) eventlog.Log {
				return connect(t, eventlog.ClientOptions{Address: address})
			})
		})
	}
}

func TestClientKeepsThemOnTheServerNamed(t *testing.T) {
	server := os.Getenv("HIRELOG_TEST_EVENTSTORE")
	if server == "" {
		t.Skip("HIRELOG_TEST_EVENTSTORE names no server")
	}
	eventlogtest.Run(t, func(t *testing.T) eventlog.Log {
		return connect(t, eventlog.ClientOptions{ConnectionString: server})
	})
}
