package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/internal/faultproxy"
)

// What keeps a server from starting is one line that says so; the folder stays
// as it was, and serves when the obstacle is gone.
func TestServersThatCannotStart(t *testing.T) {
	t.Parallel()
	whole := newInstallation(t)
	title := "Kept through everything"
	whole.as(t, whole.admin).vacancy(title)
	whole.end(t)
	dirs := t.TempDir()
	for _, tt := range []struct {
		name  string
		flags []string // before the usual
		// hinder puts an obstacle in the way, returns what takes it away again.
		hinder func(t *testing.T, in *installation) (undo func())
		says   []string
		opens  bool // whether the stores have been opened by then
	}{
		{name: "another user's folder", says: []string{"belongs to another user"}, hinder: func(t *testing.T, in *installation) func() {
			if os.Geteuid() != 0 {
				t.Skip("only root can give a folder away")
			}
			owner := func(uid int) {
				if err := os.Chown(in.dir, uid, -1); err != nil {
					t.Fatal(err)
				}
			}
			owner(12345)
			return func() { owner(0) }
		}},
		{name: "a newer format", says: []string{"newer version", "format 99"}, hinder: rewrites("hirelog.json", `"format": 1`, `"format": 99`)},
		{name: "a damaged identity", says: []string{"hirelog.json is damaged"}, hinder: rewrites("hirelog.json", `{`, ``)},
		{name: "a cluster of another version", says: []string{"another major version", "HIRELOG_POSTGRES_BIN"}, hinder: func(t *testing.T, in *installation) func() {
			path := filepath.Join("postgres", "cluster", "PG_VERSION")
			version, err := os.ReadFile(filepath.Join(in.dir, path))
			if err != nil {
				t.Fatal(err)
			}
			return rewrites(path, strings.TrimSpace(string(version)), "9.6")(t, in)
		}},
		{name: "a lost keyset", opens: true, says: []string{"master keyset is missing", "put the file back"}, hinder: func(t *testing.T, in *installation) func() {
			keyset, aside := filepath.Join(in.dir, "keyset.json"), filepath.Join(dirs, "keyset.json")
			move := func(from, to string) {
				if err := os.Rename(from, to); err != nil {
					t.Fatal(err)
				}
			}
			move(keyset, aside)
			return func() {
				if exists(keyset) {
					t.Error("a keyset was made in place of the one that is lost")
				}
				move(aside, keyset)
			}
		}},
		{name: "a keyset that others can read", opens: true, says: []string{"open to others", "0600"}, hinder: func(t *testing.T, in *installation) func() {
			mode := func(m os.FileMode) {
				if err := os.Chmod(filepath.Join(in.dir, "keyset.json"), m); err != nil {
					t.Fatal(err)
				}
			}
			mode(0o644)
			return func() { mode(0o600) }
		}},
		{name: "a node of a newer program", opens: true, says: []string{"event node", "this program knows 1 to 2"}, hinder: rewrites(filepath.Join("node", "FORMAT"), "format 2", "format 3")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			undo := tt.hinder(t, whole)
			before := contents(t, whole.dir)
			got := hirelog(t, "serve", "--data", whole.dir, "--listen", "127.0.0.1:0", "--ready-file", whole.ready+".not", "--no-demo")
			got.refused(t, append([]string{whole.dir}, tt.says...)...)
			if got.stdout != "" || exists(whole.ready+".not") {
				t.Errorf("it said %q", got.stdout)
			}
			after := contents(t, whole.dir)
			for _, all := range []map[string]string{before, after} {
				// Who looks at a database writes who it is into the lock of its folder.
				// Stores that were opened begin new files of what happens next.
				maps.DeleteFunc(all, func(path, _ string) bool {
					return path == "" || path == "/postgres/lock" || tt.opens && (strings.HasPrefix(path, "/postgres") || strings.HasPrefix(path, "/node/store"))
				})
			}
			if !maps.Equal(before, after) {
				t.Errorf("it changed %v\ninto %v", differing(before, after), differing(after, before))
			}
			undo()
		})
	}
	whole.start(t)
	if got := whole.as(t, whole.admin).see("/v1/jobs"); !got.has(title) {
		t.Errorf("after all that: %s", got.body)
	}
	occupied(t, whole)
	whole.end(t)
}

// occupied tries to start where another server runs.
func occupied(t *testing.T, in *installation) {
	t.Helper()
	before := in.runFile(t)
	hirelog(t, "serve", "--data", in.dir, "--listen", "127.0.0.1:0", "--ready-file", in.ready).refused(t, in.dir, "in use by another process")
	if got := in.runFile(t); got != before {
		t.Errorf("run.json says %+v by now", got)
	}
	if !exists(in.ready) {
		t.Error("the ready file of the server that runs is gone")
	}
	fresh := filepath.Join(t.TempDir(), "data")
	address := strings.TrimPrefix(in.url, "http://")
	hirelog(t, "serve", "--data", fresh, "--listen", address).refused(t, address, "address already in use")
	if exists(fresh) {
		t.Error("a folder was made for a server that could not listen")
	}
	in.as(t, in.admin).see("/v1/me").want(200)
}

// rewrites replaces a text in a file of the folder.
func rewrites(name, old, replacement string) func(*testing.T, *installation) func() {
	return func(t *testing.T, in *installation) func() {
		t.Helper()
		path := filepath.Join(in.dir, name)
		was, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(was), old) {
			t.Fatalf("%s holds no %q: %s", name, old, was)
		}
		write := func(text string) {
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0) // it keeps owner and mode
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString(text); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		write(strings.Replace(string(was), old, replacement, 1))
		return func() { write(string(was)) }
	}
}

// differing returns what a has and b has not, or not so.
func differing(a, b map[string]string) map[string]string {
	d := map[string]string{}
	for path, is := range a {
		if b[path] != is {
			d[path] = is
		}
	}
	return d
}

// A folder that holds something else is not touched.
func TestAForeignFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), []byte("Chapter 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	hirelog(t, "serve", "--data", dir, "--listen", "127.0.0.1:0").refused(t, dir, "not empty", "not a data folder")
	if after := contents(t, dir); !maps.Equal(before, after) {
		t.Errorf("it changed %v\ninto %v", differing(before, after), differing(after, before))
	}
}

// A ready file that cannot be written is said before a store is opened.
func TestAReadyFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, folder := filepath.Join(dir, "data"), filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for ready, says := range map[string]string{filepath.Join(dir, "none", "ready"): "no such file or directory", folder: "something else is there"} {
		got := hirelog(t, "serve", "--data", data, "--listen", "127.0.0.1:0", "--ready-file", ready)
		got.refused(t, "ready file "+ready, says, "--ready-file")
		if exists(filepath.Join(data, "postgres")) || exists(filepath.Join(data, "node")) {
			t.Errorf("%s: stores were opened", ready)
		}
	}
	if !exists(folder) {
		t.Error("a folder in the ready file's place was removed")
	}
}

// Without an event store or a database to reach, a server says so and ends.
func TestStoresOutOfReach(t *testing.T) {
	t.Parallel()
	nobody := faultproxy.QuietAddress()
	dir := filepath.Join(t.TempDir(), "data")
	got := hirelog(t, "serve", "--data", dir, "--listen", "127.0.0.1:0", "--database", "postgres://hirelog:geheim@"+nobody+"/hirelog")
	got.refused(t, nobody)
	if strings.Contains(got.stderr, "geheim") {
		t.Errorf("it tells the password: %s", got.stderr)
	}
	hirelog(t, "serve", "--data", dir, "--listen", "127.0.0.1:0", "--eventstore", "nonsense").refused(t, "event store", "esdb://")
	hirelog(t, "serve", "--data", dir, "--listen", "127.0.0.1:0", "--eventstore", "esdb://"+nobody+"?tls=false").refused(t, nobody)
}
