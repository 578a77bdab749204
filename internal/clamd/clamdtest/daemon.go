package clamdtest

import (
	"bytes"
	"encoding/hex"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// found are the places where Debian, and others, keep clamd.
var found = []string{"clamd", "/usr/sbin/clamd", "/usr/local/sbin/clamd"}

// Daemon starts ClamAV's own daemon, with one signature, for Virus, that it calls
// Name and a suffix, and returns its address. It ends with the test. Without a
// clamd on the machine the test is skipped.
func Daemon(t testing.TB) (address string) {
	t.Helper()
	address, ok := daemon(t)
	if !ok {
		t.Skip("there is no clamd on this machine: tools/setup-clamd installs one")
	}
	return address
}

// Any is Daemon, or a Server where there is no clamd.
func Any(t testing.TB) (address string) {
	t.Helper()
	if address, ok := daemon(t); ok {
		return address
	}
	return Serve(t, "tcp", "127.0.0.1:0").Address
}

func daemon(t testing.TB) (address string, ok bool) {
	t.Helper()
	program := ""
	for _, name := range found {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		return "", false
	}
	dir, err := os.MkdirTemp("", "clamd") //nolint:usetesting // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket, config, signatures := filepath.Join(dir, "socket"), filepath.Join(dir, "clamd.conf"), filepath.Join(dir, "signatures")
	for path, text := range map[string]string{
		config: "Foreground yes\nLocalSocket " + socket + "\nDatabaseDirectory " + signatures + "\n",
		// A name, any kind of file, anywhere in it, its bytes.
		filepath.Join(signatures, "test.ndb"): Name + ":0:*:" + hex.EncodeToString([]byte(Virus)) + "\n",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var said bytes.Buffer
	process := exec.Command(program, "--config-file="+config) //nolint:gosec // one of those found
	process.Stdout, process.Stderr = &said, &said
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	t.Cleanup(func() {
		_ = process.Process.Kill()
		<-ended //nolint:errcheck // that it was killed
	})
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	tooLate := time.After(time.Minute)
	for {
		if conn, err := net.Dial("unix", socket); err == nil {
			_ = conn.Close() // it only said that somebody listens
			return "unix://" + socket, true
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("clamd ended: %v\n%s", err, said.String())
		case <-tooLate:
			t.Fatal("clamd does not listen")
		case <-look.C:
		}
	}
}
