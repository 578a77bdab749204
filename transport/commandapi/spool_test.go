package commandapi

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"testing"
)

// What is written comes back from every place, whether it fits in memory or
// not, and nothing of it is left in the folder.
func TestSpool(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, inMemory, inMemory + 1, 3*inMemory + 7} {
		s := &spool{dir: t.TempDir()}
		want := make([]byte, size)
		_, _ = rand.Read(want)
		for rest := want; len(rest) > 0; {
			n := min(len(rest), 33333)
			if _, err := s.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		for _, from := range []int{0, 1, 15, 16, 17, size / 2, size - 1} {
			if from < 0 || from > size {
				continue
			}
			got, err := io.ReadAll(io.NewSectionReader(s, int64(from), int64(size-from)))
			if err != nil || !bytes.Equal(got, want[from:]) {
				t.Errorf("%d bytes from %d on: %d bytes, %v", size, from, len(got), err)
			}
		}
		if s.file != nil {
			stored := make([]byte, size)
			if _, err := s.file.ReadAt(stored, 0); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if bytes.Contains(stored, want[:64]) {
				t.Error("the bytes lie on disk in the clear")
			}
		}
		if left, err := os.ReadDir(s.dir); err != nil || len(left) != 0 {
			t.Errorf("left in the folder: %v, %v", left, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSpoolWithoutFolder(t *testing.T) {
	t.Parallel()
	s := &spool{dir: "/nowhere"}
	if _, err := s.Write(make([]byte, inMemory+1)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
