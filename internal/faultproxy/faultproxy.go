// Package faultproxy stands between clients and a server and does to their
// connections what networks do: it cuts them, keeps bytes back, delays them,
// loses a request or an answer. It is for tests and for the fault run.
package faultproxy

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
)

// Action is what becomes of bytes that a client sends.
type Action uint8

// The actions.
const (
	Pass     Action = iota // they go on to the server
	Drop                   // they never reach the server: the connection is cut before
	Deafen                 // they reach the server; the connection is cut instead of its answer
	Deafened               // as Deafen, but nobody waits for the answer: it may not have come to that
)

// Proxy forwards connections to a server. It is safe for concurrent use. Close
// ends it.
type Proxy struct {
	dial    func() (net.Conn, error)
	address string

	mu        sync.Mutex
	ln        net.Listener // nil while connections are refused
	lines     map[*line]struct{}
	held      chan struct{} // not nil while bytes are held back; closed to let them go
	delay     time.Duration
	intercept func(request []byte) Action
	closed    bool

	over chan struct{}
	wait sync.WaitGroup
}

// line is one connection: both its ends.
type line struct {
	client, server net.Conn
	once           sync.Once
	deaf           chan struct{} // closed when answers are to be lost
	frozen         bool          // nothing passes any more; guarded by Proxy.mu
	ended          chan struct{} // closed with the connection
}

func (l *line) cut() {
	l.once.Do(func() { close(l.ended) })
	_ = l.client.Close()
	_ = l.server.Close()
}

// Listen starts a proxy on a QuietAddress, in front of the server at network and
// backend, as net.Dial names them.
func Listen(network, backend string) (*Proxy, error) {
	p := &Proxy{
		dial:  func() (net.Conn, error) { return net.Dial(network, backend) },
		lines: map[*line]struct{}{}, over: make(chan struct{}),
	}
	var err error
	for range 20 { // another process may take the port in between
		p.address = QuietAddress()
		if err = p.Restore(); err == nil {
			return p, nil
		}
	}
	return p, err
}

// QuietAddress returns a TCP address of this machine with a free port that stays
// free: it is below those that systems give to connections and to who asks for
// any. Whoever stops to listen on it can go on later. No process gets one twice
// while there are others, and two that run at once have ports of their own, mostly.
func QuietAddress() string {
	const shares, ports = 20, 500
	first := 20000 + os.Getpid()%shares*ports
	for tried := 0; ; tried++ {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(first+rand.IntN(ports)))
		if _, given := quiet.LoadOrStore(address, true); given && tried < 10*ports {
			continue
		}
		ln, err := net.Listen("tcp", address)
		if err == nil && ln.Close() == nil {
			return address
		}
	}
}

// quiet are the addresses given out.
var quiet sync.Map

// Address is where the proxy listens.
func (p *Proxy) Address() string { return p.address }

// Lines returns how many connections there are.
func (p *Proxy) Lines() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.lines)
}

// Restore accepts connections again after Refuse, at the same address. It does
// nothing if they are accepted.
func (p *Proxy) Restore() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ln != nil || p.closed {
		return nil
	}
	ln, err := net.Listen("tcp", p.address)
	if err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	p.ln = ln
	p.wait.Go(func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			p.wait.Go(func() { p.serve(client) })
		}
	})
	return nil
}

// Refuse cuts every connection and lets nobody connect until Restore.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	if p.ln != nil {
		_ = p.ln.Close()
		p.ln = nil
	}
	p.mu.Unlock()
	p.Cut()
}

// Cut ends every connection; new ones are welcome.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.lines {
		l.cut()
	}
}

// Hold keeps back all bytes, of present connections and of new ones, until
// Release.
func (p *Proxy) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		p.held = make(chan struct{})
	}
}

// Release lets go of what is held, and of what comes.
func (p *Proxy) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held != nil {
		close(p.held)
		p.held = nil
	}
}

// Freeze keeps back all bytes of present connections for good, as after a
// firewall forgot them; new ones are welcome.
func (p *Proxy) Freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.lines {
		l.frozen = true
	}
}

// Delay has every chunk of bytes wait that long, in both directions.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Intercept has f decide about each chunk that a client sends; nil passes all.
// It is called from several goroutines and must not keep the bytes.
func (p *Proxy) Intercept(f func(request []byte) Action) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.intercept = f
}

// Close cuts everything and waits until nothing of the proxy is left.
func (p *Proxy) Close() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.closed = true
	p.mu.Unlock()
	close(p.over)
	p.Refuse()
	p.wait.Wait()
}

// serve forwards one connection until either side ends.
func (p *Proxy) serve(client net.Conn) {
	server, err := p.dial()
	if err != nil {
		_ = client.Close()
		return
	}
	l := &line{client: client, server: server, deaf: make(chan struct{}), ended: make(chan struct{})}
	p.mu.Lock()
	p.lines[l] = struct{}{}
	refusing := p.ln == nil // since the connection was accepted
	p.mu.Unlock()
	if refusing {
		l.cut()
	}
	var both sync.WaitGroup
	both.Go(func() { p.requests(l) })
	both.Go(func() { p.answers(l) })
	both.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.lines, l)
}

// pass returns when bytes of l may go on, or an error when they never will.
func (p *Proxy) pass(l *line) error {
	for {
		p.mu.Lock()
		held, delay, frozen := p.held, p.delay, l.frozen
		p.mu.Unlock()
		switch {
		case frozen:
			held = nil // for ever
		case held == nil:
			if delay > 0 {
				time.Sleep(delay)
			}
			return nil
		}
		select {
		case <-held:
		case <-l.ended:
			return errOver
		case <-p.over:
			return errOver
		}
	}
}

var errOver = errors.New("the connection is over")

func (p *Proxy) requests(l *line) {
	defer l.cut()
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.client.Read(buffer)
		if err != nil || p.pass(l) != nil {
			return
		}
		p.mu.Lock()
		intercept := p.intercept
		p.mu.Unlock()
		action := Pass
		if intercept != nil {
			action = intercept(buffer[:n])
		}
		if action == Drop {
			return
		}
		if action == Deafen {
			close(l.deaf)
		}
		if _, err := l.server.Write(buffer[:n]); err != nil || action == Deafened {
			return
		}
		if action == Deafen {
			// The other direction cuts the connection when the answer comes.
			_, _ = l.client.Read(buffer)
			return
		}
	}
}

func (p *Proxy) answers(l *line) {
	defer l.cut()
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.server.Read(buffer)
		if err != nil || p.pass(l) != nil {
			return
		}
		select {
		case <-l.deaf:
			return
		default:
		}
		if _, err := l.client.Write(buffer[:n]); err != nil {
			return
		}
	}
}
