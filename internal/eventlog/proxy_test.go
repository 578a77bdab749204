package eventlog_test

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/hirelog/hirelog/internal/faultproxy"
)

// proxy stands between a client and a server and does to their connections what
// networks do.
type proxy struct {
	t       testing.TB
	backend string
	address string

	mu    sync.Mutex
	ln    net.Listener // nil while connections are refused
	lines map[*line]bool
	held  chan struct{} // of new lines
	delay time.Duration
	trap  *trap

	over chan struct{} // closed with the test
	wait sync.WaitGroup
}

// line is one connection: both its ends.
type line struct {
	client, server net.Conn
	held           chan struct{} // nil unless bytes are held back; closed to let them go
	gate           sync.Mutex    // held while a trap keeps answers back
}

// trap acts on the first request that contains mark.
type trap struct {
	mark    []byte
	forward bool   // let the request through before cutting
	then    func() // called before cutting, while no answer gets through
	sprung  chan struct{}
}

// intercept starts a proxy in front of backend; it ends with the test.
func intercept(t testing.TB, backend string) *proxy {
	t.Helper()
	p := &proxy{t: t, backend: backend, address: faultproxy.QuietAddress(), lines: make(map[*line]bool), over: make(chan struct{})}
	p.restore()
	t.Cleanup(func() {
		close(p.over)
		p.refuse()
		p.wait.Wait()
	})
	return p
}

// restore accepts connections, again at the same address.
func (p *proxy) restore() {
	p.t.Helper()
	ln, err := net.Listen("tcp", p.address)
	if err != nil {
		p.t.Errorf("listen again: %v", err)
		return
	}
	p.mu.Lock()
	p.ln = ln
	p.mu.Unlock()
	p.wait.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			p.wait.Go(func() { p.serve(conn) })
		}
	})
}

// refuse cuts every connection and lets nobody connect.
func (p *proxy) refuse() {
	p.mu.Lock()
	if p.ln != nil {
		_ = p.ln.Close()
		p.ln = nil
	}
	p.mu.Unlock()
	p.cut()
}

// cut ends every connection; new ones are welcome.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.lines {
		_ = l.client.Close()
		_ = l.server.Close()
	}
}

// hold keeps back all bytes of present connections until release. New
// connections are held too until renew.
func (p *proxy) hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = make(chan struct{})
	for l := range p.lines {
		l.held = p.held
	}
}

// release lets held bytes go.
func (p *proxy) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.held)
	p.held = nil
}

// renew lets new connections through while present ones stay held for ever, as
// after a firewall forgot them.
func (p *proxy) renew() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = nil
}

// slow delays every chunk of bytes by d.
func (p *proxy) slow(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// set makes the proxy cut the connection on which it sees mark: before the
// request is forwarded, or behind it when then has returned and before any
// answer. The channel is closed when that has happened.
func (p *proxy) set(mark string, forward bool, then func()) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trap = &trap{mark: []byte(mark), forward: forward, then: then, sprung: make(chan struct{})}
	return p.trap.sprung
}

// serve forwards one connection until either side ends.
func (p *proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.backend)
	if err != nil {
		_ = client.Close()
		return
	}
	l := &line{client: client, server: server}
	p.mu.Lock()
	l.held = p.held
	p.lines[l] = true
	if p.ln == nil { // since the connection was accepted
		_ = client.Close()
		_ = server.Close()
	}
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.forward(l, server, client, true) })
	both.Go(func() { p.forward(l, client, server, false) })
	both.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.lines, l)
}

// forward copies from one side of l to the other; requests are looked at.
func (p *proxy) forward(l *line, to, from net.Conn, requests bool) {
	defer func() {
		_ = to.Close()
		_ = from.Close()
	}()
	buffer := make([]byte, 64<<10)
	var seen []byte
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		p.mu.Lock()
		held, delay, trapped := l.held, p.delay, p.trap
		p.mu.Unlock()
		if held != nil {
			select {
			case <-held:
			case <-p.over:
				return
			}
		}
		time.Sleep(delay)
		if requests && trapped != nil {
			seen = append(seen, buffer[:n]...)
			if bytes.Contains(seen, trapped.mark) && p.spring(trapped, l, buffer[:n]) {
				return
			}
		}
		if err := l.pass(to, buffer[:n], requests); err != nil {
			return
		}
	}
}

// pass writes bytes on; answers wait while a trap is at work.
func (l *line) pass(to net.Conn, b []byte, requests bool) error {
	if !requests {
		l.gate.Lock()
		defer l.gate.Unlock()
	}
	_, err := to.Write(b)
	return err
}

// spring acts on a trap, once, and reports whether it did.
func (p *proxy) spring(tr *trap, l *line, request []byte) bool {
	p.mu.Lock()
	if p.trap != tr {
		p.mu.Unlock()
		return false
	}
	p.trap = nil
	p.mu.Unlock()
	l.gate.Lock() // no answer gets through any more
	if tr.forward {
		_, _ = l.server.Write(request)
	}
	if tr.then != nil {
		tr.then()
	}
	p.cut()
	l.gate.Unlock()
	close(tr.sprung)
	return true
}
