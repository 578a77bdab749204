package eventlog_test

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// proxy stands between a client and a server and does to their connections what
// networks do.
type proxy struct {
	t       testing.TB
	backend string
	address string

	mu    sync.Mutex
	ln    net.Listener
	conns map[net.Conn]bool // both ends of every connection
	held  chan struct{}     // not nil while bytes are held back; closed to let them go
	delay time.Duration
	trap  *trap

	over chan struct{} // closed with the test
	wait sync.WaitGroup
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
	p := &proxy{t: t, backend: backend, address: "127.0.0.1:0", conns: make(map[net.Conn]bool), over: make(chan struct{})}
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
		p.t.Fatalf("listen again: %v", err)
	}
	p.mu.Lock()
	p.ln, p.address = ln, ln.Addr().String()
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
	_ = p.ln.Close()
	p.mu.Unlock()
	p.cut()
}

// cut ends every connection; new ones are welcome.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

// hold keeps back all bytes of present connections until release. New
// connections are held too until renew.
func (p *proxy) hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		p.held = make(chan struct{})
	}
}

// release lets held bytes go.
func (p *proxy) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held != nil {
		close(p.held)
		p.held = nil
	}
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
	p.track(true, client, server)
	defer p.track(false, client, server)
	var gate sync.Mutex // held while a trap keeps answers back
	var both sync.WaitGroup
	both.Go(func() { p.forward(server, client, &gate, true) })
	both.Go(func() { p.forward(client, server, &gate, false) })
	both.Wait()
}

func (p *proxy) track(open bool, conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if open {
			p.conns[c] = true
			continue
		}
		delete(p.conns, c)
		_ = c.Close()
	}
}

// forward copies from one side to the other; requests are looked at.
func (p *proxy) forward(to io.WriteCloser, from io.ReadCloser, gate *sync.Mutex, requests bool) {
	defer func() {
		_ = to.Close()
		_ = from.Close()
	}()
	buffer := make([]byte, 64<<10)
	var seen []byte
	p.mu.Lock()
	held := p.held
	p.mu.Unlock()
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		p.mu.Lock()
		if p.held != nil {
			held = p.held
		}
		delay, trapped := p.delay, p.trap
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
			if bytes.Contains(seen, trapped.mark) && p.spring(trapped, to, buffer[:n], gate) {
				return
			}
		}
		if !requests {
			gate.Lock()
		}
		_, err = to.Write(buffer[:n])
		if !requests {
			gate.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// spring acts on a trap, once, and reports whether it did.
func (p *proxy) spring(tr *trap, to io.Writer, request []byte, gate *sync.Mutex) bool {
	p.mu.Lock()
	if p.trap != tr {
		p.mu.Unlock()
		return false
	}
	p.trap = nil
	p.mu.Unlock()
	gate.Lock() // no answer gets through any more
	if tr.forward {
		_, _ = to.Write(request)
	}
	if tr.then != nil {
		tr.then()
	}
	p.cut()
	gate.Unlock()
	close(tr.sprung)
	return true
}
