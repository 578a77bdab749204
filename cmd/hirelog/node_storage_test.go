package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// launchNode starts an event node alone and returns its address.
func launchNode(t *testing.T, dir string) (*program, string) {
	t.Helper()
	p := launch(t, "node", "--data", dir, "--listen", "127.0.0.1:0")
	address := regexp.MustCompile(`esdb://\S+`)
	eventually(t, patience, "the node says its address", func() bool { return address.MatchString(p.stdout.String()) })
	return p, address.FindString(p.stdout.String())
}

// The node's storage commands work while it runs and when it does not.
func TestANodesStorageIsLookedAfter(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "node")
	storage := func(words ...string) finished {
		return hirelog(t, append([]string{"node", words[0], "--data", dir}, words[1:]...)...)
	}
	node, address := launchNode(t, dir)
	log, err := eventlog.Connect(eventlog.ClientOptions{ConnectionString: address})
	if err != nil {
		t.Fatal(err)
	}
	for _, stream := range []string{"kept", "gone", "later"} {
		events := []eventlog.NewEvent{{ID: uuid.New(), Type: "test.v1", Data: []byte(`{}`)}, {ID: uuid.New(), Type: "test.v1", Data: []byte(`{}`)}}
		if _, err := log.Append(t.Context(), stream, eventlog.NoStream, events); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Tombstone(t.Context(), "gone", 1); err != nil {
		t.Fatal(err)
	}
	says := func(got, want string) {
		t.Helper()
		if !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("it says\n%s\nwant %s", got, want)
		}
	}
	said := storage("scavenge").succeeded(t)
	says(said, `(?m)^2 events of 1 streams removed in .*; \d+ bytes before, \d+ after$`)
	backup := filepath.Join(t.TempDir(), "backup")
	says(storage("backup", backup).succeeded(t), `(?m)^backup of .*: \d+ bytes in \d+ files, last position \d+$`)
	storage("backup", backup).refused(t, backup, "is not empty")
	if err := log.DeleteStream(t.Context(), "later", 1); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if status := node.stop(); status != 0 {
		t.Errorf("the node ended with status %d", status)
	}

	says(storage("scavenge").succeeded(t), `(?m)^2 events of 1 streams removed`)
	says(storage("scavenge").succeeded(t), `(?m)^0 events of 0 streams removed`)
	says(storage("check").succeeded(t), `(?m)^4 events in 4 streams, .* format 2$`)
	storage("backup", filepath.Join(dir, "backup")).refused(t, "is in the folder")
	says(storage("backup", filepath.Join(t.TempDir(), "offline")).succeeded(t), `last position`)

	hirelog(t, "node", "restore", "--data", dir, backup).refused(t, dir, "is not empty")
	dir = filepath.Join(t.TempDir(), "restored")
	says(storage("restore", backup).succeeded(t), `(?s)^copying.*5 events in 3 streams, .*no problems found\nrestored up to position \d+, as of 2`)
	storage("restore", t.TempDir()).refused(t, "not a complete backup")
	says(storage("check").succeeded(t), `5 events in 3 streams`)

	dir = t.TempDir()
	for _, command := range []string{"scavenge", "check"} {
		storage(command).refused(t, "no event node in", dir)
	}
	storage("backup", filepath.Join(dir, "b")).refused(t, "no event node in", dir)
	if got := contents(t, dir); len(got) != 1 {
		t.Errorf("asking left %v", got)
	}
	if got := hirelog(t, "node", "backup"); got.status != 2 || !strings.Contains(got.stderr, "takes one argument") {
		t.Errorf("backup of nothing: %+v", got)
	}
}
