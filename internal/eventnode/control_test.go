package eventnode

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestOperatorsAskTheRunningNode uses the socket in the node's folder.
func TestOperatorsAskTheRunningNode(t *testing.T) {
	for name, sub := range map[string]string{"a short path": "n", "a path too long for a socket": strings.Repeat("long/", 30) + "n"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), sub)
			s := start(t, Options{Dir: dir, FS: vfs.Default})
			info, err := os.Stat(filepath.Join(dir, controlSocket))
			must(t, err)
			if info.Mode().Perm() != 0o600 || info.Mode()&fs.ModeSocket == 0 {
				t.Errorf("mode of the socket: %v", info.Mode())
			}
			if _, err := os.Stat(filepath.Join(dir, controlSocket+".new")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("where the socket was made is left: %v", err)
			}
			c := s.client(t)
			mustAppend(t, c, "s", esdb.NoStream{}, some("e", 3)...)
			mustDelete(t, c, "s")
			steps := 0
			r, err := AskScavenge(t.Context(), dir, func(Progress) { steps++ })
			if err != nil || r.Events != 3 || r.Number != 1 || steps == 0 {
				t.Errorf("AskScavenge: %+v, %d steps, %v", r, steps, err)
			}
			to := filepath.Join(t.TempDir(), "backup")
			m, err := AskBackup(t.Context(), dir, to, nil)
			if err != nil || m.Position != s.Stats().Position {
				t.Errorf("AskBackup: %+v, %v", m, err)
			}
			if read, err := ReadManifest(to); err != nil || read.Position != m.Position {
				t.Errorf("ReadManifest: %+v, %v", read, err)
			}
			if _, err := AskBackup(t.Context(), dir, to, nil); err == nil || !strings.Contains(err.Error(), "is not empty") {
				t.Errorf("a second backup into the same folder: %v", err)
			}
			s.stop(t)
			if _, err := os.Stat(filepath.Join(dir, controlSocket)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the socket is left: %v", err)
			}
			if _, err := AskScavenge(t.Context(), dir, nil); !errors.Is(err, ErrNobody) {
				t.Errorf("asking a closed node: %v, want ErrNobody", err)
			}
		})
	}
}

// TestASocketLeftByAKilledProcessIsReplaced: whoever has the lock may.
func TestASocketLeftByAKilledProcessIsReplaced(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, controlSocket), nil, 0o600))
	must(t, os.Mkdir(filepath.Join(dir, controlSocket+".new"), 0o700), os.WriteFile(filepath.Join(dir, controlSocket+".new", controlSocket), nil, 0o600))
	start(t, Options{Dir: dir, FS: vfs.Default})
	if _, err := AskScavenge(t.Context(), dir, nil); err != nil {
		t.Errorf("AskScavenge: %v", err)
	}
}

// TestClosingEndsAScavenge, which the next one finishes: also the one that asked
// hears of it.
func TestClosingEndsAScavenge(t *testing.T) {
	dir := t.TempDir()
	s := startUnchecked(t, Options{Dir: dir, FS: vfs.Default})
	c := s.client(t)
	for _, name := range []string{"a", "b"} {
		mustAppend(t, c, name, esdb.NoStream{}, some("e", 3)...)
		mustDelete(t, c, name)
	}
	_, err := s.Scavenge(t.Context(), ScavengeOptions{Progress: func(p Progress) {
		if p.Step == "events" {
			s.end() // what Close does first
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Scavenge: %v, want canceled", err)
	}
	if _, err := AskScavenge(t.Context(), dir, nil); err == nil {
		t.Error("a scavenge of a node that closes worked")
	}
	s.stop(t)
	r := mustCheck(t, s.o)
	if r.Events != 3+2 || len(r.Scavenges) != 1 || !r.Scavenges[0].Ended.IsZero() || r.Scavenges[0].Events != 3 {
		t.Errorf("after the first: %s", r)
	}
	s = start(t, s.o)
	if r := mustScavenge(t, s.Node); r.Events != 3 || r.Number != 2 {
		t.Errorf("the second removed %s", r)
	}
	all, err := s.Scavenges()
	if err != nil || len(all) != 2 || all[0].Ended.IsZero() || all[1].Ended.IsZero() {
		t.Errorf("reports: %v, %v", all, err)
	}
}

// TestACutOffScavengeIsFinishedOnDisk: the next one removes no event, but their
// bytes.
func TestACutOffScavengeIsFinishedOnDisk(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Options{Dir: dir, FS: vfs.Default, noCompactions: true})
	c := s.client(t)
	e := some("e", 1)[0]
	e.Data = []byte(`"secret-canary"`)
	mustAppend(t, c, "s", esdb.NoStream{}, e)
	must(t, s.db.Flush())
	mustDelete(t, c, "s")
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := s.Scavenge(ctx, ScavengeOptions{Progress: func(p Progress) {
		if p.Step == "events" {
			cancel()
		}
	}}); !errors.Is(err, context.Canceled) {
		t.Fatalf("Scavenge: %v, want canceled", err)
	}
	if len(grep(t, dir, "secret-canary")) == 0 {
		t.Fatal("nothing is left for the second scavenge")
	}
	if r := mustScavenge(t, s.Node); r.Events != 0 {
		t.Errorf("the second scavenge removed %d events", r.Events)
	}
	if in := grep(t, dir, "secret-canary"); len(in) > 0 {
		t.Errorf("the canary is in %v", in)
	}
	if all, err := s.Scavenges(); err != nil || len(all) != 1 || all[0].Ended.IsZero() {
		t.Errorf("reports: %v, %v", all, err)
	}
}
