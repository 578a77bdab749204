// Package clamdtest speaks clamd's protocol for tests, where no daemon is.
package clamdtest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// Virus is what a Server takes for malware, and Name what it calls it.
const (
	Virus = "this is taken for malware"
	Name  = "Test.Malware"
)

// Server is a daemon.
type Server struct {
	Address string
	Asked   chan struct{} // told once when a file was sent to a server that hangs

	ln      net.Listener
	running sync.WaitGroup
	ended   chan struct{}
	once    sync.Once

	mu    sync.Mutex
	says  *string // nil = what it finds
	hangs bool
}

// Serve starts a daemon that ends with the test.
func Serve(t testing.TB, network, address string) *Server {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Address: ln.Addr().String(), Asked: make(chan struct{}, 1), ln: ln, ended: make(chan struct{})}
	s.running.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			s.running.Go(func() { defer conn.Close(); s.answer(conn) }) //nolint:errcheck // nobody else reads it
		}
	})
	t.Cleanup(s.Close)
	return s
}

// Close ends the daemon.
func (s *Server) Close() {
	s.once.Do(func() {
		close(s.ended)
		_ = s.ln.Close() // it only listened
		s.running.Wait()
	})
}

// Says makes the daemon answer this to everything from now on.
func (s *Server) Says(reply string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.says = &reply
}

// Hangs makes the daemon answer nothing from now on.
func (s *Server) Hangs() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hangs = true
}

func (s *Server) answer(conn net.Conn) {
	content, err := stream(conn)
	s.mu.Lock()
	says, hangs := s.says, s.hangs
	s.mu.Unlock()
	reply := "stream: OK\x00"
	switch {
	case err != nil:
		reply = "UNKNOWN COMMAND\x00"
	case hangs:
		s.Asked <- struct{}{}
		<-s.ended
		return
	case says != nil:
		reply = *says
	case bytes.Contains(content, []byte(Virus)):
		reply = "stream: " + Name + " FOUND\x00"
	}
	_, _ = io.WriteString(conn, reply) // a client that is gone hears nothing
}

// stream reads an INSTREAM command.
func stream(r io.Reader) ([]byte, error) {
	command := make([]byte, len("zINSTREAM\x00"))
	if _, err := io.ReadFull(r, command); err != nil || string(command) != "zINSTREAM\x00" {
		return nil, errors.Join(err, errors.New("not INSTREAM"))
	}
	var content bytes.Buffer
	for {
		var n uint32
		if err := binary.Read(r, binary.BigEndian, &n); err != nil || n == 0 {
			return content.Bytes(), err
		}
		if _, err := io.CopyN(&content, r, int64(n)); err != nil {
			return nil, err
		}
	}
}
