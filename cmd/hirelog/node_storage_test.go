package main

import (
	"errors"
	"os"
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

// One flipped bit in a table is told in words by each command, and costs readers
// of what is damaged an error, not the node.
func TestADamagedTableIsToldOf(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "node")
	node, address := launchNode(t, dir)
	write := func(stream string, events int) error {
		log, err := eventlog.Connect(eventlog.ClientOptions{ConnectionString: address})
		if err != nil {
			return err
		}
		list := make([]eventlog.NewEvent, events)
		for i := range list {
			list[i] = eventlog.NewEvent{ID: uuid.New(), Type: "test.v1", Data: []byte(`{}`)}
		}
		_, err = log.Append(t.Context(), stream, eventlog.NoStream, list)
		if err == nil && stream == "gone" {
			err = log.Tombstone(t.Context(), stream, eventlog.Revision(events)-1)
		}
		return errors.Join(err, log.Close())
	}
	if err := errors.Join(write("gone", 1), write("kept", 100)); err != nil {
		t.Fatal(err)
	}
	hirelog(t, "node", "scavenge", "--data", dir).succeeded(t) // which writes tables
	if status := node.stop(); status != 0 {
		t.Errorf("the node ended with status %d", status)
	}
	tables, err := filepath.Glob(filepath.Join(dir, "store", "*.sst"))
	if err != nil || len(tables) != 1 {
		t.Fatalf("tables: %v, %v", tables, err)
	}
	table, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	table[100] ^= 0x10
	if err := os.WriteFile(tables[0], table, 0o600); err != nil {
		t.Fatal(err)
	}

	check := hirelog(t, "node", "check", "--data", dir)
	check.refused(t, "problems found in", dir)
	if !strings.Contains(check.stdout, "PROBLEM: event node: stored data is damaged: "+tables[0]) {
		t.Errorf("check says\n%s", check.stdout)
	}
	backup := filepath.Join(t.TempDir(), "backup")
	hirelog(t, "node", "backup", "--data", dir, backup).refused(t, "stored data is damaged", filepath.Base(tables[0]))
	hirelog(t, "node", "restore", "--data", filepath.Join(t.TempDir(), "restored"), backup).refused(t, "not a complete backup")
	node, address = launchNode(t, dir)
	log, err := eventlog.Connect(eventlog.ClientOptions{ConnectionString: address})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for e, err := range log.ReadStream(t.Context(), "kept", 0, eventlog.Forwards) {
			if err == nil {
				t.Errorf("what is damaged reads as %+v", e)
			} else if !strings.Contains(err.Error(), "DataLoss") {
				t.Errorf("read: %v, want DataLoss", err)
			}
		}
	}
	if err := errors.Join(write("new", 1), log.Close()); err != nil {
		t.Errorf("append: %v", err)
	}
	if status := node.stop(); status != 0 || strings.Contains(node.stderr.String(), "goroutine") || !strings.Contains(node.stderr.String(), "a file is damaged") {
		t.Errorf("the node ended with status %d and said\n%s", status, node.stderr.String())
	}
}
