// Package files keeps files in a folder, each sealed under its own key of the
// vault: destroying the key erases the file and every copy of it.
//
// # Stored file, version 1
//
//	offset  bytes
//	0       4   "HLF" and 1, the version
//	4       16  key id
//	20      …   Tink's streaming AEAD, AES-GCM-HKDF: keys of 32 bytes derived with
//	            HMAC-SHA256, segments of 64 KiB, first segment at offset 0
//
// The main key of the stream is the vault's bulk key of the key id, the
// associated data is the 20 bytes before the stream and the 16 bytes of the
// file id. A file lies at <last two characters of its id>/<id>: the first
// characters of ids made from the time are all alike.
package files

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gabriel-vasile/mimetype"
	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

// MaxSize is the largest file a person may hand in, in bytes.
const MaxSize = 20 << 20

// SniffLen is how many bytes of a file its type is taken from, at most.
const SniffLen = 64 << 10

// The errors of a Store, with those of the vault. ErrErased is vault.ErrErased.
var (
	ErrErased   = vault.ErrErased
	ErrNotFound = errors.New("file does not exist")
	ErrExists   = errors.New("file exists already")
	ErrTooLarge = errors.New("file is too large")
	ErrNoSpace  = errors.New("no space left for files")
)

const tempPrefix = "new-"

// Store is a folder of sealed files. It is safe for concurrent use, also by
// several processes, and needs no closing.
type Store struct {
	dir  string
	keys *vault.Vault
	now  func() time.Time
	temp func(dir string) (tempFile, error)
}

// tempFile is what a file is written to before it has its name. Tests make it fail.
type tempFile interface {
	io.WriteCloser
	Name() string
	Sync() error
}

// New returns the store in folder dir, which is made if need be and closed to
// everybody else (0700).
func New(dir string, keys *vault.Vault) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	return &Store{dir: dir, keys: keys, now: time.Now, temp: func(dir string) (tempFile, error) {
		return os.CreateTemp(dir, tempPrefix+"*") // 0600
	}}, nil
}

// Info is what is known of a stored file.
type Info struct {
	Size int64  // bytes
	Type string // media type by content, without parameters
}

// Sniff returns the media type of a file by the beginning of its content, of
// which it looks at no more than SniffLen bytes: "application/pdf",
// "text/plain"; "application/octet-stream" if it says nothing.
func Sniff(head []byte) string {
	// The library cuts its input at a limit that holds for the whole process and
	// is too short for office documents; nobody else here uses it.
	mimetype.SetLimit(SniffLen)
	t, _, _ := strings.Cut(mimetype.Detect(head).String(), ";")
	return t
}

// Put stores what r gives, at most limit bytes, under the id and sealed with the
// key, which is minted if need be. It is durable on return. It never replaces a
// file: one that exists is left as it is and described, with ErrExists, so that
// an upload that is repeated finds what it left. After any error nothing is left.
// Errors: ErrTooLarge, ErrNoSpace, ErrExists, ErrErased, vault.ErrUnavailable.
func (s *Store) Put(ctx context.Context, key personal.Key, fileID string, r io.Reader, limit int64) (Info, error) {
	info, err := s.put(ctx, key, fileID, r, limit)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		err = fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	if err != nil {
		return info, fmt.Errorf("put file %s: %w", fileID, err)
	}
	return info, nil
}

func (s *Store) put(ctx context.Context, key personal.Key, fileID string, r io.Reader, limit int64) (Info, error) {
	id, path, err := s.path(fileID)
	if err != nil {
		return Info{}, err
	}
	if info, err := s.Stat(ctx, fileID); !errors.Is(err, ErrNotFound) {
		return info, errors.Join(ErrExists, err)
	}
	bulk, err := s.keys.DataKey(ctx, key)
	if err != nil {
		return Info{}, err
	}
	keyID, err := uuid.Parse(key.ID)
	if err != nil {
		return Info{}, err
	}
	if err := s.makeDir(filepath.Dir(path)); err != nil {
		return Info{}, err
	}
	tmp, err := s.temp(filepath.Dir(path))
	if err != nil {
		return Info{}, err
	}
	// The name it gets is a second one: this one always goes.
	defer func() { _ = os.Remove(tmp.Name()) }()
	info, err := writeSealed(ctx, tmp, bulk, keyID, id, r, limit)
	if err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return Info{}, err
	}
	// A link, not a rename: it fails if the name is taken.
	if err := os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
		info, err := s.Stat(ctx, fileID)
		return info, errors.Join(ErrExists, err)
	} else if err != nil {
		return Info{}, err
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return Info{}, errors.Join(err, os.Remove(path))
	}
	return info, nil
}

func writeSealed(ctx context.Context, w io.Writer, bulk []byte, key, file uuid.UUID, r io.Reader, limit int64) (Info, error) {
	buffered := bufio.NewReaderSize(io.LimitReader(withContext{ctx, r}, limit+1), SniffLen)
	head, err := buffered.Peek(SniffLen)
	if err != nil && !errors.Is(err, io.EOF) {
		return Info{}, err
	}
	info := Info{Type: Sniff(head)}
	sealed, err := sealTo(w, bulk, key, file)
	if err != nil {
		return Info{}, err
	}
	if info.Size, err = io.Copy(sealed, buffered); err != nil {
		return Info{}, err
	}
	if info.Size > limit {
		return Info{}, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return info, sealed.Close()
}

// withContext is a reader that ends with its context.
type withContext struct {
	ctx context.Context
	r   io.Reader
}

func (r withContext) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// makeDir makes one of the folders below the store's, durably.
func (s *Store) makeDir(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncDir(s.dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}

// path reads a canonical file id and returns where the file lies.
func (s *Store) path(fileID string) (uuid.UUID, string, error) {
	id, err := uuid.Parse(fileID)
	if err != nil || id.String() != fileID {
		return uuid.Nil, "", fmt.Errorf("file id %q is not a canonical UUID", fileID)
	}
	return id, filepath.Join(s.dir, fileID[len(fileID)-2:], fileID), nil
}

// Open opens a file for reading; the caller closes it.
// Errors: ErrNotFound, ErrErased, ErrDamaged, vault.ErrUnavailable.
func (s *Store) Open(ctx context.Context, fileID string) (*Reader, error) {
	r, err := s.open(ctx, fileID)
	if err != nil {
		return nil, fmt.Errorf("open file %s: %w", fileID, err)
	}
	return r, nil
}

func (s *Store) open(ctx context.Context, fileID string) (_ *Reader, err error) {
	id, path, err := s.path(fileID)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	head := make([]byte, headerSize)
	if _, err := io.ReadFull(f, head); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	key, err := parseHeader(head)
	if err != nil {
		return nil, err
	}
	bulk, err := s.keys.ExistingDataKey(ctx, key.String())
	if err != nil {
		return nil, err
	}
	return newReader(f, bulk, key, id)
}

// Key returns the id of the key a file is sealed with.
// Errors: ErrNotFound, ErrDamaged.
func (s *Store) Key(fileID string) (string, error) {
	_, path, err := s.path(fileID)
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrNotFound
	}
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // it was only read
	head := make([]byte, headerSize)
	if _, err := io.ReadFull(f, head); err != nil {
		return "", fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	key, err := parseHeader(head)
	return key.String(), err
}

// Stat describes a file as Put did. Errors: those of Open.
func (s *Store) Stat(ctx context.Context, fileID string) (Info, error) {
	r, err := s.Open(ctx, fileID)
	if err != nil {
		return Info{}, err
	}
	defer func() { _ = r.Close() }()
	head, err := io.ReadAll(io.LimitReader(r, SniffLen))
	if err != nil {
		return Info{}, fmt.Errorf("stat file %s: %w", fileID, err)
	}
	return Info{Size: r.Size(), Type: Sniff(head)}, nil
}

// Delete takes a file away; one that is not there is no error. Copies elsewhere
// stay readable until its key is destroyed.
func (s *Store) Delete(fileID string) error {
	_, path, err := s.path(fileID)
	if err != nil {
		return fmt.Errorf("delete file: %w", err)
	}
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("delete file %s: %w", fileID, err)
	}
	return nil
}

// Sweep deletes files that keep does not want, and what uploads that were cut
// off have left; both only if they were written before olderThan ago, since the
// event that names a file follows it. It returns how many it deleted. What is
// not a stored file is left alone.
func (s *Store) Sweep(ctx context.Context, olderThan time.Duration, keep func(fileID string) bool) (int, error) {
	before := s.now().Add(-olderThan)
	deleted := 0
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone since its folder was read
		}
		if err != nil || entry.IsDir() {
			return err
		}
		cutOff := strings.HasPrefix(entry.Name(), tempPrefix)
		if _, own, err := s.path(entry.Name()); !cutOff && (err != nil || own != path) {
			return nil //nolint:nilerr // not one of ours
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if !info.ModTime().Before(before) || !cutOff && keep(entry.Name()) {
			return nil
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		deleted++
		return nil
	})
	if err != nil {
		return deleted, fmt.Errorf("sweep files: %w", err)
	}
	return deleted, nil
}
