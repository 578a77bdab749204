package commandapi

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// inMemory is how many bytes of an upload stay in memory.
const inMemory = 512 << 10

// spool holds the bytes of an upload until all of it is there and its
// fingerprint is known. What does not fit in memory lies in a file without a
// name, encrypted under a key that is only in memory: nothing personal is on
// disk in the clear, and nothing is left after a crash. Written first, then
// read at any place; not safe for concurrent use.
type spool struct {
	dir   string
	buf   []byte // everything, until there is a file
	file  *os.File
	block cipher.Block
	size  int64
}

// Write implements io.Writer.
func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil {
		if len(s.buf)+len(p) <= inMemory {
			s.buf = append(s.buf, p...)
			s.size += int64(len(p))
			return len(p), nil
		}
		if err := s.spill(); err != nil {
			return 0, fmt.Errorf("spool: %w", err)
		}
	}
	sealed := make([]byte, len(p))
	s.keystream(s.size).XORKeyStream(sealed, p)
	n, err := s.file.WriteAt(sealed, s.size)
	s.size += int64(n)
	if err != nil {
		return n, fmt.Errorf("spool: %w", err)
	}
	return n, nil
}

// spill moves what is in memory into a file.
func (s *spool) spill() error {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, "upload-*")
	if err != nil {
		return err
	}
	if err := os.Remove(f.Name()); err != nil {
		return errors.Join(err, f.Close())
	}
	whole := s.buf
	s.file, s.block, s.buf, s.size = f, block, nil, 0
	_, err = s.Write(whole)
	return err
}

// keystream is AES-CTR from an offset on. The key serves one spool, each of
// whose places is written once.
func (s *spool) keystream(offset int64) cipher.Stream {
	var counter [aes.BlockSize]byte
	binary.BigEndian.PutUint64(counter[8:], uint64(offset/aes.BlockSize))
	stream := cipher.NewCTR(s.block, counter[:])
	var skip [aes.BlockSize]byte
	stream.XORKeyStream(skip[:offset%aes.BlockSize], skip[:offset%aes.BlockSize])
	return stream
}

// ReadAt implements io.ReaderAt.
func (s *spool) ReadAt(p []byte, offset int64) (int, error) {
	if s.file == nil {
		if offset >= int64(len(s.buf)) {
			return 0, io.EOF
		}
		n := copy(p, s.buf[offset:])
		if n < len(p) {
			return n, io.EOF
		}
		return n, nil
	}
	n, err := s.file.ReadAt(p, offset)
	s.keystream(offset).XORKeyStream(p[:n], p[:n])
	return n, err
}

// Close lets go of everything.
func (s *spool) Close() error {
	s.buf = nil
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
