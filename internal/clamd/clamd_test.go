package clamd_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/hirelog/hirelog/internal/clamd"
	"github.com/hirelog/hirelog/internal/clamd/clamdtest"
)

// S2-108: a daemon says of a file what it is infected with, over TCP and a
// socket; whatever else it does, nothing is known of the file.
func TestScan(t *testing.T) {
	t.Parallel()
	tcp := clamdtest.Serve(t, "tcp", "127.0.0.1:0")
	unix := clamdtest.Serve(t, "unix", filepath.Join(t.TempDir(), "clamd"))
	for _, address := range []string{"tcp://" + tcp.Address, tcp.Address, "unix://" + unix.Address} {
		c, err := clamd.New(address)
		if err != nil {
			t.Fatal(err)
		}
		for content, want := range map[string]string{
			"": "", "harmless": "", "has " + clamdtest.Virus + " in it": clamdtest.Name, strings.Repeat("x", 1<<20): "", strings.Repeat("x", 65536) + clamdtest.Virus: clamdtest.Name,
		} {
			if got, err := c.Scan(t.Context(), strings.NewReader(content)); err != nil || got != want {
				t.Errorf("%s: %d bytes are %q, %v; want %q", address, len(content), got, err, want)
			}
		}
	}
	c, err := clamd.New(tcp.Address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Scan(t.Context(), iotest.ErrReader(errors.ErrUnsupported)); !errors.Is(err, errors.ErrUnsupported) || errors.Is(err, clamd.ErrUnavailable) {
		t.Errorf("a file that cannot be read: %v", err)
	}
	for _, says := range []string{"stream: ERROR\x00", "INSTREAM size limit exceeded. ERROR\x00", "stream: FOUND\x00", "stream: OK", "", strings.Repeat("x", 1<<16)} {
		tcp.Says(says)
		if got, err := c.Scan(t.Context(), strings.NewReader("x")); !errors.Is(err, clamd.ErrUnavailable) || got != "" {
			t.Errorf("answered %.20q: %q, %v", says, got, err)
		}
	}
	tcp.Hangs()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-tcp.Asked; cancel() }()
	if _, err := c.Scan(ctx, strings.NewReader("x")); !errors.Is(err, clamd.ErrUnavailable) {
		t.Errorf("no answer: %v", err)
	}
	tcp.Close()
	if _, err := c.Scan(t.Context(), strings.NewReader("x")); !errors.Is(err, clamd.ErrUnavailable) {
		t.Errorf("nobody there: %v", err)
	}
	for _, wrong := range []string{"", "host", "http://host:1", "unix://host/path", "tcp://host", "tcp://host:1/path", "unix://"} {
		if _, err := clamd.New(wrong); err == nil {
			t.Errorf("%q is an address", wrong)
		}
	}
}

// S2-108: ClamAV's daemon itself is asked, by a signature of the test's.
func TestScanByClamd(t *testing.T) {
	t.Parallel()
	c, err := clamd.New(clamdtest.Daemon(t))
	if err != nil {
		t.Fatal(err)
	}
	for content, infected := range map[string]bool{
		"": false, "harmless": false, "has " + clamdtest.Virus + " in it": true, strings.Repeat("x", 20<<20): false, strings.Repeat("x", 65536) + clamdtest.Virus: true,
	} {
		got, err := c.Scan(t.Context(), strings.NewReader(content))
		if err != nil || strings.HasPrefix(got, clamdtest.Name) != infected || !infected && got != "" {
			t.Errorf("%d bytes are %q, %v", len(content), got, err)
		}
	}
}
