// Package datafolder holds the folder an installation keeps everything in, and
// makes sure that one process at a time does.
//
//	hirelog.json   format and identity of the folder
//	lock           held by the process that runs on the folder
//	run.json       where that process can be reached, while it runs
//	node/          the embedded event node
//	postgres/      the private PostgreSQL
//	files/         sealed documents
//	keyset.json    the master keyset of the vault
package datafolder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Format is the version of the folder's layout that this build writes.
const Format = 1

// The errors callers tell apart. Each is one line that says what to do.
var (
	// ErrInUse: another process runs on the folder.
	ErrInUse = errors.New("is in use by another process; stop it first")
	// ErrOwner: the folder belongs to another user.
	ErrOwner = errors.New("belongs to another user; run as that user, or choose another folder")
	// ErrFormat: the folder was written by a newer version.
	ErrFormat = errors.New("was written by a newer version of hirelog; use that version")
	// ErrForeign: the folder holds something else.
	ErrForeign = errors.New("is not empty and is not a data folder of hirelog")
	// ErrAbsent: there is no data folder.
	ErrAbsent = errors.New("is not a data folder of hirelog; start the server on it once")
)

// Folder is a data folder that this process holds. Close gives it back.
type Folder struct {
	dir  string
	lock *os.File
}

// Running is where the process that runs on a folder can be reached.
type Running struct {
	PID        int    `json:"pid"`
	Node       string `json:"node"`        // address of the embedded event node in gRPC's notation, or empty
	EventStore string `json:"event_store"` // connection string
	Database   string `json:"database"`    // connection string
	Keyset     string `json:"keyset"`      // file of the master keyset
	Files      string `json:"files"`       // folder of sealed documents
}

type identity struct {
	Format  int       `json:"format"`
	Created time.Time `json:"created"`
}

// Open takes the folder at dir, creating it with mode 0700 if create is set.
// Errors: ErrInUse, ErrOwner, ErrFormat, ErrForeign, ErrAbsent.
func Open(dir string, create bool, now time.Time) (*Folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if create {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("data folder: %w", err)
		}
	}
	if err := checkOwner(dir); err != nil {
		return nil, err
	}
	if err := checkIdentity(dir, create, now); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", dir, err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = lock.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("data folder %s %w", dir, ErrInUse)
		}
		return nil, fmt.Errorf("data folder %s: lock: %w", dir, err)
	}
	f := &Folder{dir: dir, lock: lock}
	_ = os.Remove(f.Path("run.json")) // of a process that was killed
	return f, nil
}

func checkOwner(dir string) error {
	var st unix.Stat_t
	switch err := unix.Stat(dir, &st); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s %w", dir, ErrAbsent)
	case err != nil:
		return fmt.Errorf("data folder %s: %w", dir, err)
	case int(st.Uid) != os.Geteuid():
		return fmt.Errorf("data folder %s %w", dir, ErrOwner)
	}
	return nil
}

// checkIdentity reads the folder's identity, or writes one into an empty folder.
func checkIdentity(dir string, create bool, now time.Time) error {
	path := filepath.Join(dir, "hirelog.json")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		entries, err := os.ReadDir(dir)
		switch {
		case err != nil:
			return fmt.Errorf("data folder: %w", err)
		case len(entries) > 0:
			return fmt.Errorf("%s %w", dir, ErrForeign)
		case !create:
			return fmt.Errorf("%s %w", dir, ErrAbsent)
		}
		return WriteJSON(path, identity{Format: Format, Created: now.UTC()})
	}
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	var id identity
	if err := json.Unmarshal(data, &id); err != nil || id.Format < 1 {
		return fmt.Errorf("%s %w (hirelog.json is damaged)", dir, ErrForeign)
	}
	if id.Format > Format {
		return fmt.Errorf("data folder %s %w (format %d, this build knows %d)", dir, ErrFormat, id.Format, Format)
	}
	return nil
}

// Path returns the path of something in the folder.
func (f *Folder) Path(name string) string { return filepath.Join(f.dir, name) }

// Announce writes where this process can be reached, for commands that are run
// beside it. Only the folder's owner can read it.
func (f *Folder) Announce(r Running) error { return WriteJSON(f.Path("run.json"), r) }

// Close gives the folder back.
func (f *Folder) Close() error {
	err := os.Remove(f.Path("run.json"))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, f.lock.Close())
}

// Find returns where the process that runs on the folder at dir can be reached.
// Errors: ErrAbsent when no process runs on it.
func Find(dir string) (Running, error) {
	var r Running
	data, err := os.ReadFile(filepath.Join(dir, "run.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("%s %w", dir, ErrAbsent)
	}
	if err != nil {
		return r, fmt.Errorf("data folder: %w", err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("data folder %s: run.json: %w", dir, err)
	}
	return r, nil
}

// WriteJSON writes v to path so that the file is there whole or not at all, and
// only its owner can read it.
func WriteJSON(path string, v any) (err error) {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if _, err = tmp.Write(append(data, '\n')); err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
