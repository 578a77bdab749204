// Package clamd asks ClamAV's daemon whether a file is malware, by the command
// INSTREAM of its protocol (clamd(8)): the bytes in chunks behind their length,
// four bytes big-endian, and a chunk of none at the end.
package clamd

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"
)

// ErrUnavailable means that nothing is known of a file: the daemon is out of
// reach, too slow, or answers what it never should.
var ErrUnavailable = errors.New("malware scanner is out of reach")

// The limits of a scan.
const (
	maxTime   = 60 * time.Second // of one file, with waiting for others
	dialTime  = 5 * time.Second
	chunkSize = 64 << 10
	maxReply  = 4 << 10
	atOnce    = 8 // scans of one client
)

// Client asks one daemon. It is safe for concurrent use, keeps no connection and
// needs no closing.
type Client struct {
	network, address string
	slots            chan struct{}
}

// New returns a client of the daemon at an address: "tcp://host:3310",
// "host:3310" or "unix:///run/clamav/clamd.ctl". It does not ask whether one is
// there.
func New(address string) (*Client, error) {
	c := &Client{network: "tcp", address: address, slots: make(chan struct{}, atOnce)}
	if strings.Contains(address, "://") {
		u, err := url.Parse(address)
		switch {
		case err == nil && u.Scheme == "unix" && u.Host == "" && u.Path != "":
			c.network, c.address = "unix", u.Path
			return c, nil
		case err == nil && u.Scheme == "tcp" && (u.Path == "" || u.Path == "/"):
			c.address = u.Host
		default:
			return nil, fmt.Errorf("address of clamd %q: it is tcp://host:port or unix:///path", address)
		}
	}
	if _, _, err := net.SplitHostPort(c.address); err != nil {
		return nil, fmt.Errorf("address of clamd %q: it is tcp://host:port or unix:///path", address)
	}
	return c, nil
}

// Scan reads r to its end and returns what it is infected with, "" if nothing
// was found. Errors: ErrUnavailable; those of r.
func (c *Client) Scan(ctx context.Context, r io.Reader) (infection string, err error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return "", fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
	dialer := net.Dialer{Timeout: dialTime}
	conn, err := dialer.DialContext(ctx, c.network, c.address)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer conn.Close() //nolint:errcheck // the answer was read, or there is none
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	sent := send(conn, r)
	var broken *readError
	if errors.As(sent, &broken) {
		return "", broken.err
	}
	// A daemon that has had enough says why, and closes.
	reply, err := bufio.NewReader(io.LimitReader(conn, maxReply)).ReadString(0)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnavailable, errors.Join(sent, err))
	}
	return verdict(strings.TrimSuffix(reply, "\x00"))
}

// readError is one of what is scanned, not of the daemon.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }

func send(w io.Writer, r io.Reader) error {
	if _, err := io.WriteString(w, "zINSTREAM\x00"); err != nil {
		return err
	}
	chunk := make([]byte, 4+chunkSize)
	for {
		n, err := io.ReadFull(r, chunk[4:])
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return &readError{err}
		}
		ended := err != nil
		if n > 0 {
			binary.BigEndian.PutUint32(chunk, uint32(n)) //nolint:gosec // at most chunkSize
			if _, err := w.Write(chunk[:4+n]); err != nil {
				return err
			}
		}
		if ended {
			_, err := w.Write([]byte{0, 0, 0, 0})
			return err
		}
	}
}

// verdict reads "stream: OK" and "stream: Name.Of.It FOUND".
func verdict(reply string) (infection string, err error) {
	text, ok := strings.CutPrefix(reply, "stream: ")
	if name, found := strings.CutSuffix(text, " FOUND"); ok && found && name != "" {
		return name, nil
	}
	if ok && text == "OK" {
		return "", nil
	}
	return "", fmt.Errorf("%w: it answers %q", ErrUnavailable, reply)
}
