package files

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/streamingaead/subtle"
)

// The parts of a stored file; see the package comment.
const (
	magic       = "HLF\x01"
	headerSize  = len(magic) + 16
	segmentSize = 64 << 10 // of ciphertext
	streamHead  = 1 + 32 + 7
	tagSize     = 16
)

// ErrDamaged means that a stored file is not what was put there: changed, cut
// short, of another id, or of a version this program does not know. A read that
// has succeeded before it gave genuine bytes.
var ErrDamaged = errors.New("stored file is damaged")

// header returns what stands before the stream, and is the first part of what
// the stream is bound to.
func header(key uuid.UUID) []byte {
	b := make([]byte, 0, headerSize+16)
	b = append(b, magic...)
	return append(b, key[:]...)
}

func parseHeader(b []byte) (key uuid.UUID, err error) {
	if len(b) != headerSize || string(b[:len(magic)]) != magic {
		return uuid.Nil, fmt.Errorf("%w: not a stored file of version 1", ErrDamaged)
	}
	return uuid.UUID(b[len(magic):]), nil
}

func newStream(bulk []byte) (*subtle.AESGCMHKDF, error) {
	s, err := subtle.NewAESGCMHKDF(bulk, "SHA256", 32, segmentSize, 0)
	if err != nil {
		return nil, fmt.Errorf("streaming AEAD: %w", err)
	}
	return s, nil
}

// sealTo writes the header and returns the writer of the content. Closing it
// writes the last segment; it does not close w.
func sealTo(w io.Writer, bulk []byte, key, file uuid.UUID) (io.WriteCloser, error) {
	s, err := newStream(bulk)
	if err != nil {
		return nil, err
	}
	head := header(key)
	if _, err := w.Write(head); err != nil {
		return nil, err
	}
	return s.NewEncryptingWriter(w, append(head, file[:]...))
}

// contentSize is how many bytes a stored file of n bytes holds.
func contentSize(n int64) (int64, error) {
	n -= int64(headerSize)
	segments := (n + segmentSize - 1) / segmentSize
	size := n - streamHead - segments*tagSize
	if size < 0 {
		return 0, fmt.Errorf("%w: cut short", ErrDamaged)
	}
	return size, nil
}

// Reader reads the content of a stored file. It is an io.ReadSeekCloser, fit for
// http.ServeContent; seeking backwards decrypts from the start again. What it
// returns is authentic piece by piece: a file cut short gives ErrDamaged where
// its end should be. It is not safe for concurrent use; the caller closes it.
type Reader struct {
	f         *os.File
	stream    *subtle.AESGCMHKDF
	bound     []byte // what the stream is bound to
	plain     io.Reader
	size      int64
	at, reach int64 // where the caller is, and where plain is
}

func newReader(f *os.File, bulk []byte, key, file uuid.UUID) (*Reader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size, err := contentSize(info.Size())
	if err != nil {
		return nil, err
	}
	s, err := newStream(bulk)
	if err != nil {
		return nil, err
	}
	r := &Reader{f: f, stream: s, bound: append(header(key), file[:]...), size: size}
	return r, r.rewind()
}

// Size is the length of the content in bytes.
func (r *Reader) Size() int64 { return r.size }

func (r *Reader) rewind() error {
	if _, err := r.f.Seek(int64(headerSize), io.SeekStart); err != nil {
		return err
	}
	var err error
	if r.plain, err = r.stream.NewDecryptingReader(r.f, r.bound); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	r.reach = 0
	return nil
}

// Read implements io.Reader. Errors: ErrDamaged.
func (r *Reader) Read(p []byte) (int, error) {
	if r.at < r.reach {
		if err := r.rewind(); err != nil {
			return 0, err
		}
	}
	if r.reach < r.at {
		n, err := io.CopyN(io.Discard, r.plain, r.at-r.reach)
		r.reach += n
		if err != nil {
			return 0, r.judge(err)
		}
	}
	n, err := r.plain.Read(p)
	r.reach += int64(n)
	r.at = r.reach
	return n, r.judge(err)
}

// judge tells the end of the content from everything that must not be.
func (r *Reader) judge(err error) error {
	if err == nil || errors.Is(err, io.EOF) && r.reach == r.size {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// Seek implements io.Seeker. Reading behind the end gives io.EOF.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the start of the file")
	}
	r.at = offset
	return offset, nil
}

// Close implements io.Closer.
func (r *Reader) Close() error { return r.f.Close() }
