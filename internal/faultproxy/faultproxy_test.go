package faultproxy_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hirelog/hirelog/internal/faultproxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo is a server that answers each line with itself, and counts them.
func echo(t *testing.T) (address string, heard *atomic.Int64) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	heard = &atomic.Int64{}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for lines := bufio.NewScanner(c); lines.Scan(); {
					heard.Add(1)
					_, _ = io.WriteString(c, lines.Text()+"\n")
				}
			}()
		}
	}()
	return ln.Addr().String(), heard
}

type caller struct {
	t *testing.T
	net.Conn
	*bufio.Reader
}

func (c caller) Read(p []byte) (int, error) { return c.Reader.Read(p) }

func call(t *testing.T, p *faultproxy.Proxy) caller {
	t.Helper()
	c, err := net.Dial("tcp", p.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return caller{t, c, bufio.NewReader(c)}
}

// ask sends a line and returns the answer.
func (c caller) ask(line string, within time.Duration) (string, error) {
	c.t.Helper()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		c.t.Fatal(err)
	}
	if _, err := io.WriteString(c.Conn, line+"\n"); err != nil {
		return "", err
	}
	if err := c.SetDeadline(time.Now().Add(within)); err != nil {
		c.t.Fatal(err)
	}
	return c.ReadString('\n')
}

func (c caller) answered(line string) {
	c.t.Helper()
	if got, err := c.ask(line, time.Minute); err != nil || got != line+"\n" {
		c.t.Errorf("%s was answered %q, %v", line, got, err)
	}
}

func proxied(t *testing.T) (*faultproxy.Proxy, *atomic.Int64) {
	t.Helper()
	backend, heard := echo(t)
	p, err := faultproxy.Listen("tcp", backend)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, heard
}

func TestWhatNetworksDo(t *testing.T) {
	p, _ := proxied(t)
	c := call(t, p)
	c.answered("one")
	if p.Lines() != 1 {
		t.Errorf("%d lines, want 1", p.Lines())
	}
	p.Cut()
	if _, err := c.ask("two", time.Minute); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after the cut: %v", err)
	}
	call(t, p).answered("three")

	p.Refuse()
	if other, err := net.Dial("tcp", p.Address()); err == nil {
		t.Errorf("connected while refused")
		_ = other.Close()
	}
	if err := p.Restore(); err != nil {
		t.Fatal(err)
	}
	c = call(t, p)
	c.answered("four")

	p.Hold()
	if got, err := c.ask("five", 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("while held: %q, %v", got, err)
	}
	p.Release()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got, err := c.ReadString('\n'); err != nil || got != "five\n" {
		t.Errorf("after it was held: %q, %v", got, err)
	}
	p.Freeze()
	if got, err := c.ask("frozen", 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("while frozen: %q, %v", got, err)
	}
	frozen := c
	c = call(t, p)
	c.answered("another")
	p.Cut()
	if _, err := frozen.ReadString('\n'); err == nil {
		t.Error("what was frozen is not cut")
	}
	c = call(t, p)
	p.Delay(20 * time.Millisecond)
	began := time.Now()
	c.answered("six")
	if took := time.Since(began); took < 40*time.Millisecond {
		t.Errorf("delayed twice by 20 ms it took %v", took)
	}
}

func TestALostRequestAndALostAnswer(t *testing.T) {
	p, heard := proxied(t)
	p.Intercept(func(b []byte) faultproxy.Action {
		switch {
		case strings.Contains(string(b), "drop"):
			return faultproxy.Drop
		case strings.Contains(string(b), "deafen"):
			return faultproxy.Deafen
		}
		return faultproxy.Pass
	})
	for line, want := range map[string]int64{"drop": 0, "deafen": 1} {
		before := heard.Load()
		c := call(t, p)
		c.answered("pass")
		if got, err := c.ask(line, time.Minute); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %q, %v; want a connection that was cut", line, got, err)
		}
		if got := heard.Load() - before - 1; got != want {
			t.Errorf("%s: the server heard it %d times, want %d", line, got, want)
		}
	}
}
