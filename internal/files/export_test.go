package files

import (
	"bytes"
	"io"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
)

// SetNow gives the store a clock.
func (s *Store) SetNow(now func() time.Time) { s.now = now }

// FailAt makes the store's disk fail with err: "create", or after so many
// writes of a new file "write", or at its "sync" or "close".
func (s *Store) FailAt(op string, after int, err error) {
	create := s.temp
	s.temp = func(dir string) (tempFile, error) {
		if op == "create" {
			return nil, err
		}
		f, createErr := create(dir)
		return &failing{tempFile: f, op: op, after: after, err: err}, createErr
	}
}

type failing struct {
	tempFile
	op    string
	after int
	err   error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.op == "write" {
		if f.after == 0 {
			n, _ := f.tempFile.Write(p[:len(p)/2])
			return n, f.err
		}
		f.after--
	}
	return f.tempFile.Write(p)
}

func (f *failing) Sync() error {
	if f.op == "sync" {
		return f.err
	}
	return f.tempFile.Sync()
}

func (f *failing) Close() error {
	err := f.tempFile.Close()
	if f.op == "close" {
		return f.err
	}
	return err
}

// SealBytes returns a stored file.
func SealBytes(t testing.TB, bulk []byte, key, file uuid.UUID, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := sealTo(&b, bulk, key, file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// OpenFile reads a stored file at path with the bulk key of its key.
func OpenFile(path string, bulk []byte, file uuid.UUID) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, headerSize)
	if _, err := io.ReadFull(f, head); err != nil {
		return nil, ErrDamaged
	}
	key, err := parseHeader(head)
	if err != nil {
		return nil, err
	}
	r, err := newReader(f, bulk, key, file)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
