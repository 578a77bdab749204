package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
)

// The errors of the keyset file. None of them heals by itself.
var (
	// ErrKeysetLost: the database has keys, and the file that opens them is not there.
	ErrKeysetLost = errors.New("master keyset is missing")
	// ErrKeysetLoose: others than its owner may touch the file.
	ErrKeysetLoose = errors.New("master keyset is open to others")
	// ErrKeysetForeign: the file belongs to another database, or is a copy from
	// before or after the epoch the database is in.
	ErrKeysetForeign = errors.New("master keyset does not belong to this database")
)

const keysetVersion = 1

// master is the keyset file. The epochs wrap the keys of personal data and are
// replaced after erasures; the others never change: see ADR 0005 for what
// depends on each.
type master struct {
	id          uuid.UUID
	epochs      *keyset.Handle
	lookup      *keyset.Handle // e-mail addresses
	search      *keyset.Handle // search terms
	derive      *keyset.Handle // ids
	fingerprint *keyset.Handle // requests
}

// keysetFile is master as JSON: Tink's own keyset JSON inside an envelope.
type keysetFile struct {
	Format      string          `json:"format"`
	Version     int             `json:"version"`
	ID          uuid.UUID       `json:"id"`
	Epochs      json.RawMessage `json:"epochs"`
	Lookup      json.RawMessage `json:"lookup"`
	Search      json.RawMessage `json:"search"`
	Derive      json.RawMessage `json:"derive"`
	Fingerprint json.RawMessage `json:"fingerprint"`
	Sum         string          `json:"sum"`
}

// sum tells an edited or rotten file, which would otherwise derive other ids
// and hashes without a word: SHA-256 of the id and of the keysets without
// white space, in hex.
func (f keysetFile) sum() (string, error) {
	var b bytes.Buffer
	b.WriteString(f.ID.String())
	for _, part := range []json.RawMessage{f.Epochs, f.Lookup, f.Search, f.Derive, f.Fingerprint} {
		if err := json.Compact(&b, part); err != nil {
			return "", errors.New("not a keyset file")
		}
	}
	return fmt.Sprintf("%x", sha256.Sum256(b.Bytes())), nil
}

const keysetFormat = "hirelog-keyset"

func newMaster() (*master, error) {
	m := &master{id: uuid.New()}
	var err error
	if m.epochs, err = keyset.NewHandle(aead.AES256GCMKeyTemplate()); err != nil {
		return nil, fmt.Errorf("make epoch key: %w", err)
	}
	for _, h := range []**keyset.Handle{&m.lookup, &m.search, &m.derive, &m.fingerprint} {
		if *h, err = keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate()); err != nil {
			return nil, fmt.Errorf("make keyed hash key: %w", err)
		}
	}
	return m, nil
}

// epochIDs returns the ids of the epoch keys and which of them is primary.
func (m *master) epochIDs() (ids []uint32, primary uint32, err error) {
	for i := range m.epochs.Len() {
		e, err := m.epochs.Entry(i)
		if err != nil {
			return nil, 0, fmt.Errorf("read epoch keys: %w", err)
		}
		ids = append(ids, e.KeyID())
		if e.IsPrimary() {
			primary = e.KeyID()
		}
	}
	return ids, primary, nil
}

// withNewEpoch returns m with one more epoch key, which is primary.
func (m *master) withNewEpoch() (*master, uint32, error) {
	mgr := keyset.NewManagerFromHandle(m.epochs)
	id, err := mgr.Add(aead.AES256GCMKeyTemplate())
	if err == nil {
		err = mgr.SetPrimary(id)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("add epoch key: %w", err)
	}
	next := *m
	if next.epochs, err = mgr.Handle(); err != nil {
		return nil, 0, fmt.Errorf("add epoch key: %w", err)
	}
	return &next, id, nil
}

// withOnlyPrimary returns m without its older epoch keys.
func (m *master) withOnlyPrimary() (*master, error) {
	ids, primary, err := m.epochIDs()
	if err != nil {
		return nil, err
	}
	mgr := keyset.NewManagerFromHandle(m.epochs)
	for _, id := range ids {
		if id == primary {
			continue
		}
		if err := mgr.Delete(id); err != nil {
			return nil, fmt.Errorf("drop epoch key %d: %w", id, err)
		}
	}
	next := *m
	if next.epochs, err = mgr.Handle(); err != nil {
		return nil, fmt.Errorf("drop epoch keys: %w", err)
	}
	return &next, nil
}

func (m *master) encode() ([]byte, error) {
	f := keysetFile{Format: keysetFormat, Version: keysetVersion, ID: m.id}
	for _, p := range []struct {
		h  *keyset.Handle
		to *json.RawMessage
	}{
		{m.epochs, &f.Epochs},
		{m.lookup, &f.Lookup},
		{m.search, &f.Search},
		{m.derive, &f.Derive},
		{m.fingerprint, &f.Fingerprint},
	} {
		var b bytes.Buffer
		// In the clear on purpose: the file's mode protects it, as with any
		// secret a service has to start from.
		if err := insecurecleartextkeyset.Write(p.h, keyset.NewJSONWriter(&b)); err != nil {
			return nil, fmt.Errorf("write keyset: %w", err)
		}
		*p.to = b.Bytes()
	}
	var err error
	if f.Sum, err = f.sum(); err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write keyset: %w", err)
	}
	return append(data, '\n'), nil
}

func decodeMaster(data []byte) (*master, error) {
	var f keysetFile
	if err := json.Unmarshal(data, &f); err != nil {
		// The error of a decoder quotes what it read, and this is all secrets.
		return nil, errors.New("not a keyset file")
	}
	if f.Format != keysetFormat || f.Version != keysetVersion {
		return nil, fmt.Errorf("format %q version %d, want %q version %d", f.Format, f.Version, keysetFormat, keysetVersion)
	}
	if sum, err := f.sum(); err != nil || sum != f.Sum {
		return nil, errors.New("keyset file is damaged: its sum does not fit")
	}
	m := &master{id: f.ID}
	for _, p := range []struct {
		name string
		data json.RawMessage
		to   **keyset.Handle
	}{
		{"epochs", f.Epochs, &m.epochs},
		{"lookup", f.Lookup, &m.lookup},
		{"search", f.Search, &m.search},
		{"derive", f.Derive, &m.derive},
		{"fingerprint", f.Fingerprint, &m.fingerprint},
	} {
		h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(p.data)))
		if err != nil {
			return nil, fmt.Errorf("%s: not a Tink keyset", p.name)
		}
		*p.to = h
	}
	return m, nil
}

// resolveKeyset returns where the keyset file really is, so that what replaces
// it and what locks it lie beside it, for every process that names it by a link.
// A file that is not there yet is where its name says. Errors: ErrKeysetLost for
// a link that leads nowhere.
func resolveKeyset(path string) (string, error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("keyset %s: %w: it is a link to a file that is not there", path, ErrKeysetLost)
	}
	if err != nil {
		return "", fmt.Errorf("keyset: %w", err)
	}
	return real, nil
}

// readMaster reads the keyset file. Errors: fs.ErrNotExist, ErrKeysetLoose.
func readMaster(path string) (*master, error) {
	var err error
	for range 3 {
		var data []byte
		if data, err = readPrivate(path); err != nil {
			break
		}
		var m *master
		if m, err = decodeMaster(data); err == nil {
			return m, nil
		}
		// A rotation may have replaced and wiped the file while it was read.
	}
	return nil, fmt.Errorf("keyset %s: %w", path, err)
}

func readPrivate(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: mode is %04o, want 0600", ErrKeysetLoose, info.Mode().Perm())
	}
	return os.ReadFile(path)
}

// writeMaster puts m in the place of the keyset file, durably and at once: a
// crash leaves the old file or the new one. The old bytes are overwritten where
// they lay, which the file system may or may not heed: see ADR 0005.
func writeMaster(path string, m *master) error {
	data, err := m.encode()
	if err != nil {
		return err
	}
	old, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keyset: %w", err)
	}
	if old != nil {
		defer func() { _ = old.Close() }()
	}
	if err := replaceFile(path, data); err != nil {
		return fmt.Errorf("keyset: %w", err)
	}
	if old != nil {
		wipe(old)
	}
	return nil
}

func replaceFile(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, filepath.Base(path)+".new-*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	if _, err = tmp.Write(data); err != nil {
		return err
	}
	if err = tmp.Sync(); err != nil {
		return err
	}
	if err = tmp.Close(); err != nil {
		return err
	}
	if err = os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}

// wipe overwrites an unlinked file with zeros as well as it can: the new file
// is in place already, so there is nothing to do about a failure.
func wipe(f *os.File) {
	info, err := f.Stat()
	if err != nil {
		return
	}
	_, _ = f.WriteAt(make([]byte, info.Size()), 0)
	_ = f.Sync()
}
