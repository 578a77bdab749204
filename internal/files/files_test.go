package files_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/internal/vault"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

var update = flag.Bool("update", false, "rewrite testdata")

func newStore(t *testing.T) (*files.Store, *vault.Vault, string) {
	t.Helper()
	v, err := vault.Open(t.Context(), postgrestest.New(t), filepath.Join(t.TempDir(), "master.json"), vault.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "files")
	s, err := files.New(dir, v)
	if err != nil {
		t.Fatal(err)
	}
	return s, v, dir
}

// newFile returns a file id and its own key.
func newFile() (string, personal.Key) {
	id := uuid.NewString()
	return id, personal.Key{ID: id, Owner: uuid.NewString()}
}

func content(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(uint64(n), 7))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func put(t *testing.T, s *files.Store, key personal.Key, id string, b []byte) files.Info {
	t.Helper()
	info, err := s.Put(t.Context(), key, id, bytes.NewReader(b), files.MaxSize)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func wantContent(t *testing.T, s *files.Store, id string, want []byte) {
	t.Helper()
	r, err := s.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, want) || r.Size() != int64(len(want)) {
		t.Errorf("read %d bytes, size %d, %v; want the %d that were put", len(got), r.Size(), err, len(want))
	}
}

// left lists the files of a folder with their modes.
func left(t *testing.T, dir string) map[string]fs.FileMode {
	t.Helper()
	got := make(map[string]fs.FileMode)
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm() != 0o600 && !e.IsDir() || e.IsDir() && info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if !e.IsDir() {
			got[path] = info.Mode()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Files of every size around a segment's come back as they were put, and lie on
// disk in no readable form, closed to others.
func TestFileComesBack(t *testing.T) {
	t.Parallel()
	s, _, dir := newStore(t)
	canary := []byte("the secret salary of Ana Lovelace")
	for _, n := range []int{0, 1, 65479, 65480, 65481, 65536, 2*65536 - 72, 2*65536 - 71, 1 << 20} {
		id, key := newFile()
		want := content(n)
		if n > 100 {
			copy(want[n-50:], canary)
		}
		info := put(t, s, key, id, want)
		if info.Size != int64(n) {
			t.Errorf("size %d, want %d", info.Size, n)
		}
		wantContent(t, s, id, want)
		if again, err := s.Stat(t.Context(), id); err != nil || again != info {
			t.Errorf("stat %+v, %v; want %+v", again, err, info)
		}
	}
	paths := left(t, dir)
	if len(paths) != 9 {
		t.Errorf("%d files, want 9", len(paths))
	}
	for path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, canary[:12]) {
			t.Errorf("%s is readable", path)
		}
	}
}

// A range of a file is served without the rest, forwards and backwards.
func TestFileIsServedInRanges(t *testing.T) {
	t.Parallel()
	s, _, _ := newStore(t)
	id, key := newFile()
	want := content(200_000)
	put(t, s, key, id, want)
	h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r, err := s.Open(req.Context(), id)
		if err != nil {
			t.Error(err)
			return
		}
		defer r.Close()
		w.Header().Set("Content-Type", "application/pdf")
		http.ServeContent(w, req, "", time.Time{}, r)
	})
	for _, tt := range [][2]int{{0, 199_999}, {0, 0}, {199_999, 199_999}, {65_000, 66_000}, {131_072, 150_000}} {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", tt[0], tt[1]))
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		if rec.Code != http.StatusPartialContent || !bytes.Equal(rec.Body.Bytes(), want[tt[0]:tt[1]+1]) {
			t.Errorf("range %v: status %d, %d bytes", tt, rec.Code, rec.Body.Len())
		}
	}
	r, err := s.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := iotest.TestReader(r, want); err != nil {
		t.Error(err)
	}
}

// A file with one byte too many is refused and leaves nothing.
func TestFileOverTheLimit(t *testing.T) {
	t.Parallel()
	s, _, dir := newStore(t)
	id, key := newFile()
	_, err := s.Put(t.Context(), key, id, bytes.NewReader(content(100_001)), 100_000)
	if !errors.Is(err, files.ErrTooLarge) {
		t.Errorf("err = %v, want ErrTooLarge", err)
	}
	if got := left(t, dir); len(got) != 0 {
		t.Errorf("left %v", got)
	}
	if info, err := s.Put(t.Context(), key, id, bytes.NewReader(content(100_000)), 100_000); err != nil || info.Size != 100_000 {
		t.Errorf("exactly the limit: %+v, %v", info, err)
	}
}

// What exists is never replaced; whoever repeats an upload is told what is there.
func TestFileIsNeverReplaced(t *testing.T) {
	t.Parallel()
	s, _, dir := newStore(t)
	id, key := newFile()
	first := put(t, s, key, id, []byte("%PDF-1.7 first"))
	info, err := s.Put(t.Context(), key, id, strings.NewReader("second, and longer"), files.MaxSize)
	if !errors.Is(err, files.ErrExists) || info != first {
		t.Errorf("put again: %+v, %v; want %+v, ErrExists", info, err, first)
	}
	wantContent(t, s, id, []byte("%PDF-1.7 first"))

	// And of many at once one wins.
	id, key = newFile()
	var mu sync.Mutex
	winners := 0
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_, err := s.Put(t.Context(), key, id, bytes.NewReader(content(70_000+i)), files.MaxSize)
			if err != nil && !errors.Is(err, files.ErrExists) {
				t.Errorf("put: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				winners++
			}
		})
	}
	wg.Wait()
	if winners != 1 || len(left(t, dir)) != 2 {
		t.Errorf("%d winners, files %v; want one winner and no leftovers", winners, left(t, dir))
	}
}

// The key gone, the file reads as erased, and cannot be put again.
func TestErasedFile(t *testing.T) {
	t.Parallel()
	s, v, _ := newStore(t)
	id, key := newFile()
	put(t, s, key, id, content(1000))
	_, err := v.Erase(t.Context(), vault.Erasure{ID: uuid.New(), CommandID: uuid.New(), Owner: key.Owner})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), id); !errors.Is(err, files.ErrErased) {
		t.Errorf("open: err = %v, want ErrErased", err)
	}
	for range 2 {
		if err := s.Delete(id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Open(t.Context(), id); !errors.Is(err, files.ErrNotFound) {
		t.Errorf("open after deleting: err = %v, want ErrNotFound", err)
	}
	if _, err := s.Put(t.Context(), key, id, strings.NewReader("x"), 10); !errors.Is(err, files.ErrErased) {
		t.Errorf("put again: err = %v, want ErrErased", err)
	}
}

// A full or failing disk, a reader that breaks off, a caller who gives up:
// nothing is left behind, and the file can be put later.
func TestFailedPutLeavesNothing(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection lost")
	for _, tt := range []struct {
		name  string
		op    string
		after int
		err   error
		want  error
	}{
		{"no space to create", "create", 0, syscall.ENOSPC, files.ErrNoSpace},
		{"no space for the header", "write", 0, syscall.ENOSPC, files.ErrNoSpace},
		{"no space for a segment", "write", 3, syscall.ENOSPC, files.ErrNoSpace},
		{"over quota", "write", 2, syscall.EDQUOT, files.ErrNoSpace},
		{"no space at sync", "sync", 0, syscall.ENOSPC, files.ErrNoSpace},
		{"disk error at close", "close", 0, syscall.EIO, syscall.EIO},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			s, v, dir := newStore(t)
			s.FailAt(tt.op, tt.after, &fs.PathError{Op: tt.op, Path: "x", Err: tt.err})
			id, key := newFile()
			want := content(300_000)
			if _, err := s.Put(t.Context(), key, id, bytes.NewReader(want), files.MaxSize); !errors.Is(err, tt.want) {
				t.Errorf("err = %v, want %v", err, tt.want)
			}
			if got := left(t, dir); len(got) != 0 {
				t.Errorf("left %v", got)
			}
			mended, err := files.New(dir, v)
			if err != nil {
				t.Fatal(err)
			}
			put(t, mended, key, id, want)
			wantContent(t, mended, id, want)
		})
	}
	s, _, dir := newStore(t)
	id, key := newFile()
	half := io.MultiReader(bytes.NewReader(content(100_000)), iotest.ErrReader(broken))
	if _, err := s.Put(t.Context(), key, id, half, files.MaxSize); !errors.Is(err, broken) {
		t.Errorf("err = %v, want the reader's", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	giveUp := io.MultiReader(bytes.NewReader(content(100_000)), readerFunc(func([]byte) (int, error) { cancel(); return 0, nil }), bytes.NewReader(content(10)))
	if _, err := s.Put(ctx, key, id, giveUp, files.MaxSize); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want context.Canceled", err)
	}
	if got := left(t, dir); len(got) != 0 {
		t.Errorf("left %v", got)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A file that was changed, cut short, or stands under another id does not read.
func TestDamagedFile(t *testing.T) {
	t.Parallel()
	s, _, dir := newStore(t)
	id, key := newFile()
	put(t, s, key, id, content(150_000))
	var path string
	for p := range left(t, dir) {
		path = p
	}
	stored, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	read := func(id string) error {
		r, err := s.Open(t.Context(), id)
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = io.Copy(io.Discard, r)
		return err
	}
	for _, at := range []int{0, 3, 20, 21, 55, 60, 61, 70_000, len(stored) - 1} {
		bad := bytes.Clone(stored)
		bad[at] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := read(id); !errors.Is(err, files.ErrDamaged) {
			t.Errorf("byte %d changed: err = %v, want ErrDamaged", at, err)
		}
	}
	for _, n := range []int{0, 10, 20, 40, 60, 75, 20 + 65536, 20 + 2*65536, len(stored) - 1} {
		if err := os.WriteFile(path, stored[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := read(id); !errors.Is(err, files.ErrDamaged) {
			t.Errorf("cut to %d bytes: err = %v, want ErrDamaged", n, err)
		}
	}
	other := uuid.NewString()
	place := filepath.Join(dir, other[34:], other)
	if err := os.MkdirAll(filepath.Dir(place), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(place, stored, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := read(other); !errors.Is(err, files.ErrDamaged) {
		t.Errorf("under another id: err = %v, want ErrDamaged", err)
	}
}

// Old files nobody wants go, and what uploads left; the rest stays.
func TestSweep(t *testing.T) {
	t.Parallel()
	s, _, dir := newStore(t)
	wanted, key1 := newFile()
	orphan, key2 := newFile()
	put(t, s, key1, wanted, []byte("wanted"))
	put(t, s, key2, orphan, []byte("orphan"))
	for _, name := range []string{"new-123", "README"} {
		if err := os.WriteFile(filepath.Join(dir, orphan[34:], name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keep := func(id string) bool { return id == wanted }
	if n, err := s.Sweep(t.Context(), time.Hour, keep); err != nil || n != 0 {
		t.Errorf("swept %d, %v; want nothing so young", n, err)
	}
	s.SetNow(func() time.Time { return time.Now().Add(2 * time.Hour) })
	if n, err := s.Sweep(t.Context(), time.Hour, keep); err != nil || n != 2 {
		t.Errorf("swept %d, %v; want the orphan and the leftover", n, err)
	}
	wantContent(t, s, wanted, []byte("wanted"))
	if _, err := s.Open(t.Context(), orphan); !errors.Is(err, files.ErrNotFound) {
		t.Errorf("orphan: err = %v, want ErrNotFound", err)
	}
	if got := left(t, dir); len(got) != 2 {
		t.Errorf("left %v, want the wanted file and the README", got)
	}
}

// The type comes from the content.
func TestSniff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"pdf", []byte("%PDF-1.7\n"), "application/pdf"},
		{"png", []byte("\x89PNG\r\n\x1a\n"), "image/png"},
		{"jpg", []byte("\xff\xd8\xff\xe0"), "image/jpeg"},
		{"text", []byte("Dear Sir or Madam"), "text/plain"},
		{"html called text", []byte("<!DOCTYPE html><script>"), "text/html"},
		{"program", []byte("MZ\x90\x00\x03"), "application/vnd.microsoft.portable-executable"},
		{"docx", office(t, "word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"xlsx", office(t, "xl/workbook.xml"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
		{"zip", office(t, "notes.txt"), "application/zip"},
		{"bytes", []byte{0, 1, 2, 0xfe}, "application/octet-stream"},
	} {
		if got := files.Sniff(tt.data); got != tt.want {
			t.Errorf("%s is %s, want %s", tt.name, got, tt.want)
		}
	}
}

// office returns a zip with a long way to the file that tells what it is.
func office(t *testing.T, last string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"[Content_Types].xml", "_rels/.rels", last} {
		if last == "notes.txt" {
			name = strings.ReplaceAll(name, "xml", "txt") + ".txt"
		}
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(content(3000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What was stored once reads for ever.
func TestStoredFormReads(t *testing.T) {
	t.Parallel()
	key, file := uuid.MustParse("6ba7b810-9dad-41d1-80b4-00c04fd430c8"), uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91")
	bulk := sha256.Sum256([]byte("a bulk key"))
	path := filepath.Join("testdata", "file.v1")
	if *update {
		if _, err := os.Stat(path); err == nil {
			t.Fatalf("%s exists: delete it if nothing was ever stored in this form", path)
		}
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, files.SealBytes(t, bulk[:], key, file, []byte("%PDF-1.7 a file\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := files.OpenFile(path, bulk[:], file)
	if err != nil || string(got) != "%PDF-1.7 a file\n" {
		t.Errorf("read %q, %v", got, err)
	}
	stored, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := append([]byte("HLF\x01"), key[:]...); !bytes.HasPrefix(stored, want) || stored[20] != 40 || len(stored) != 20+40+16+16 {
		t.Errorf("%d bytes that begin %x, want 92 that begin %x28", len(stored), stored[:21], want)
	}
	if again := files.SealBytes(t, bulk[:], key, file, got); !bytes.Equal(again[:21], stored[:21]) || len(again) != len(stored) {
		t.Errorf("written now: %d bytes that begin %x", len(again), again[:21])
	}
}
