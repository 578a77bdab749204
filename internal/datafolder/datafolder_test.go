package datafolder_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hirelog/hirelog/internal/datafolder"
)

var now = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func TestOneProcessAtATime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	f, err := datafolder.Open(dir, true, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := datafolder.Open(dir, true, now); !errors.Is(err, datafolder.ErrInUse) {
		t.Fatalf("second Open: %v, want ErrInUse", err)
	}
	if err := f.Announce(datafolder.Running{PID: 1, Node: "unix:/x", Database: "postgres:///y"}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(f.Path("run.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("run.json: %v %v, want mode 0600", info.Mode(), err)
	}
	r, err := datafolder.Find(dir)
	if err != nil || r.Node != "unix:/x" {
		t.Errorf("Find = %+v, %v", r, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := datafolder.Find(dir); !errors.Is(err, datafolder.ErrAbsent) {
		t.Errorf("Find after Close: %v, want ErrAbsent", err)
	}
	f, err = datafolder.Open(dir, false, now)
	if err != nil {
		t.Fatalf("Open again: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestRefusedFolders(t *testing.T) {
	write := func(name, text string) func(t *testing.T) string {
		return func(t *testing.T) string {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return dir
		}
	}
	for _, tt := range []struct {
		name   string
		dir    func(t *testing.T) string
		create bool
		want   error
	}{
		{"absent", func(t *testing.T) string { return filepath.Join(t.TempDir(), "none") }, false, datafolder.ErrAbsent},
		{"empty, only to be read", func(t *testing.T) string { return t.TempDir() }, false, datafolder.ErrAbsent},
		{"something else", write("thesis.tex", "x"), true, datafolder.ErrForeign},
		{"newer", write("hirelog.json", `{"format": 99}`), true, datafolder.ErrFormat},
		{"damaged", write("hirelog.json", `{`), true, datafolder.ErrForeign},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := datafolder.Open(tt.dir(t), tt.create, now); !errors.Is(err, tt.want) {
				t.Errorf("Open: %v, want %v", err, tt.want)
			}
		})
	}
}

func TestAnotherOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	dir := t.TempDir()
	if err := os.Chown(dir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if _, err := datafolder.Open(dir, true, now); !errors.Is(err, datafolder.ErrOwner) {
		t.Errorf("Open: %v, want ErrOwner", err)
	}
}
