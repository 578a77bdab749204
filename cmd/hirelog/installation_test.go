package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/internal/datafolder"
)

// installation is a data folder and the server on it.
type installation struct {
	*program
	dir   string // the data folder
	ready string // the ready file
	url   string
	admin string // token of the first admin
}

// newInstallation returns a fresh installation whose server runs.
func newInstallation(t *testing.T, flags ...string) *installation {
	t.Helper()
	in := &installation{dir: filepath.Join(t.TempDir(), "data")}
	in.ready = in.dir + ".ready"
	in.start(t, flags...)
	if in.admin == "" {
		t.Fatal("no token in the ready file of a first start")
	}
	return in
}

// start starts a server on the folder and waits until it accepts requests.
func (in *installation) start(t *testing.T, flags ...string) {
	t.Helper()
	if err := os.RemoveAll(in.ready); err != nil {
		t.Fatal(err)
	}
	in.serve(t, append([]string{"--no-demo"}, flags...)...)
	in.awaitReady(t)
}

// serve starts a server on the folder.
func (in *installation) serve(t *testing.T, flags ...string) {
	t.Helper()
	in.program = launch(t, append([]string{"serve", "--data", in.dir, "--listen", "127.0.0.1:0", "--ready-file", in.ready}, flags...)...)
}

// awaitReady waits for the ready file, and takes what it says.
func (in *installation) awaitReady(t *testing.T) {
	t.Helper()
	eventually(t, patience, "the server starts", func() bool {
		if !in.running() {
			t.Fatalf("the server ended: %s", in.stderr.String())
		}
		return exists(in.ready)
	})
	ready := in.readReady(t)
	in.url = ready["url"]
	if token := ready["admin_token"]; token != "" {
		in.admin = token
	}
}

// readReady returns what the ready file says.
func (in *installation) readReady(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(in.ready)
	if err != nil {
		t.Fatal(err)
	}
	var ready map[string]string
	if err := json.Unmarshal(data, &ready); err != nil {
		t.Fatalf("ready file %s: %v", data, err)
	}
	return ready
}

// end stops the server, which must go in peace.
func (in *installation) end(t *testing.T) {
	t.Helper()
	if status := in.stop(); status != 0 {
		t.Fatalf("exit status %d after SIGTERM: %s", status, in.stderr.String())
	}
}

// runFile returns what the server says of where its stores are.
func (in *installation) runFile(t *testing.T) datafolder.Running {
	t.Helper()
	running, err := datafolder.Find(in.dir)
	if err != nil {
		t.Fatal(err)
	}
	return running
}

// contents describes every file of a folder, to see whether anything changed.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, dir)
		all[name] = fmt.Sprint(info.Mode())
		if info.Mode().IsRegular() {
			all[name] += fmt.Sprintf(" %d bytes of %v", info.Size(), info.ModTime())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
