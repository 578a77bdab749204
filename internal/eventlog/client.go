package eventlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// ErrClosed means that the client was closed. It matches ErrUnavailable.
var ErrClosed = fmt.Errorf("client is closed: %w", ErrUnavailable)

// ErrAway means that the event store has been out of reach for some time, so
// that the call was not even tried. It matches ErrUnavailable.
var ErrAway = fmt.Errorf("event store is away: %w", ErrUnavailable)

// The defaults of ClientOptions.
const (
	DefaultCallTimeout    = 10 * time.Second
	DefaultAttemptTimeout = 5 * time.Second
	DefaultCloseTimeout   = 5 * time.Second
	DefaultMaxStuckCalls  = 100
	DefaultSearchWindow   = checkpointEvery
	DefaultAwayAfter      = 2 * time.Second
)

// ClientOptions says how to reach an event store. Only ConnectionString must be
// set; the zero value of everything else means its default.
type ClientOptions struct {
	// ConnectionString is esdb://host:port or esdb+discover://host, with the
	// settings of EventStoreDB's clients behind a "?": tls, tlsVerifyCert,
	// tlsCaFile, userCertFile, userKeyFile, nodePreference, gossipTimeout (s,
	// here 3 unless set), keepAliveInterval and keepAliveTimeout (ms, 10000).
	// discoveryInterval, maxDiscoverAttempts and defaultDeadline are accepted
	// and have no effect: how often and how long is tried is decided here.
	// A user and password are sent with tls only.
	ConnectionString string

	// Address is dialled instead of the connection string's host, in gRPC's
	// notation: "unix:/path/node.sock", "127.0.0.1:2113". It cannot be combined
	// with several hosts or with discovery.
	Address string

	// Logger hears of connections made, lost and given up. Nil means silence.
	Logger *slog.Logger

	// CallTimeout bounds calls whose context has no deadline: an append or a
	// deletion as a whole, a read each time it waits for the server. Default
	// DefaultCallTimeout.
	CallTimeout time.Duration

	// AttemptTimeout bounds one try of a call. A server that has not answered
	// then is asked again on another connection, as long as the call's own bound
	// allows. Default DefaultAttemptTimeout.
	AttemptTimeout time.Duration

	// AwayAfter is how long it may be impossible to connect before the event store
	// counts as away: then calls end at once with ErrAway, whatever time they
	// have left, until a connection stands again, which is tried every second or
	// so. A shorter absence is waited out. Subscriptions wait on. Default
	// DefaultAwayAfter.
	AwayAfter time.Duration

	// CloseTimeout bounds Close. Default DefaultCloseTimeout.
	CloseTimeout time.Duration

	// MaxStuckCalls is how many calls the underlying client may fail to return
	// from, each holding a goroutine and a connection, before new calls are
	// refused with ErrUnavailable. Default DefaultMaxStuckCalls.
	MaxStuckCalls int

	// SearchWindow is how many events the server looks through at a time for a
	// subscription, and after how many it reports progress. More is faster over
	// a long log of which little matches; fewer keeps positions closer to the
	// log's end. Default DefaultSearchWindow.
	SearchWindow int
}

func (o ClientOptions) withDefaults() ClientOptions {
	o.CallTimeout = positiveOr(o.CallTimeout, DefaultCallTimeout)
	o.AttemptTimeout = positiveOr(o.AttemptTimeout, DefaultAttemptTimeout)
	o.AwayAfter = positiveOr(o.AwayAfter, DefaultAwayAfter)
	o.CloseTimeout = positiveOr(o.CloseTimeout, DefaultCloseTimeout)
	o.MaxStuckCalls = positiveOr(o.MaxStuckCalls, DefaultMaxStuckCalls)
	o.SearchWindow = positiveOr(o.SearchWindow, DefaultSearchWindow)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func positiveOr[T ~int | ~int64](value, otherwise T) T {
	if value > 0 {
		return value
	}
	return otherwise
}

// Client is a Log kept by an EventStoreDB server or cluster. It runs
// EventStoreDB's own client, version 4.2.0, in generations: that client ends
// for good when a server is away for a second, and can keep callers past their
// context, so each generation is connected before calls may use it, left at the
// first sign of trouble, and closed when the last call on it has returned.
// Calls run on one lane of generations, subscriptions on another.
//
// Appends, deletions and reads are tried again until their context ends or the
// event store is known to be away; an append with the same ids and revision,
// which the server recognises. A read goes on where it was interrupted.
//
// Three things the underlying client does are beyond supervision, because they
// happen in no goroutine of ours or end the process: it exits when a server
// sends an event without its creation time (EventStoreDB and the embedded node
// always send it); it panics when the user certificate's files vanish while it
// discovers a cluster (Connect refuses files that cannot be read); and it leaks
// a connection when a cluster's node names a leader that does not answer.
//
// A Client is safe for concurrent use.
type Client struct {
	options ClientOptions
	cluster bool // several nodes: one may lag behind another

	calls         *lane
	subscriptions *lane

	life  context.Context // ends when the client is closed
	end   context.CancelFunc
	close func() error

	retries      atomic.Uint64
	resubscribed atomic.Uint64
}

var _ Log = (*Client)(nil)

// Connect returns a client for the event store o names. It checks o and never
// dials: the first call does. Close ends it.
func Connect(o ClientOptions) (*Client, error) {
	config, err := parseConnection(o)
	if err != nil {
		return nil, fmt.Errorf("event store connection: %w", err)
	}
	o = o.withDefaults()
	c := &Client{
		options: o,
		cluster: config.DnsDiscover || len(config.GossipSeeds) > 0,
	}
	c.life, c.end = context.WithCancel(context.Background())
	c.calls = newLane(c.life, "calls", *config, o)
	c.calls.awayAfter = o.AwayAfter
	c.subscriptions = newLane(c.life, "subscriptions", *config, o)
	c.close = sync.OnceValue(c.shut)
	return c, nil
}

// Close ends all calls and subscriptions with ErrClosed and closes the
// connections. It returns within CloseTimeout; an error says how many calls the
// underlying client has not returned from, which hold a goroutine and a
// connection each until it does. A connection that is only just being made is
// given up and ends within gossipTimeout for each host tried. Closing again
// answers as the first time.
func (c *Client) Close() error { return c.close() }

func (c *Client) shut() error {
	c.end()
	timeout := time.NewTimer(c.options.CloseTimeout)
	defer timeout.Stop()
	var errs []error
	calls, subscriptions := c.calls.shut(), c.subscriptions.shut()
	for left := 2; left > 0; left-- {
		select {
		case <-calls:
			calls = nil
		case <-subscriptions:
			subscriptions = nil
		case <-timeout.C:
			for _, l := range []*lane{c.calls, c.subscriptions} {
				if n := l.stats().inFlight; n > 0 {
					errs = append(errs, fmt.Errorf("%d %s did not end", n, l.name))
				}
			}
			return errors.Join(errs...)
		}
	}
	return nil
}

// Away returns nil or, while the event store counts as away, the error that calls
// end with, which matches ErrAway. That it is away is found by calls alone.
func (c *Client) Away() error {
	l := c.calls
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.away {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrAway, l.failure)
}

// ClientStats is what a client has been through, for metrics. Counts only grow
// except where it says "now".
type ClientStats struct {
	Generations    uint64 // connections made
	Reconnects     uint64 // of them, those that replaced an earlier one
	FailedConnects uint64 // connections that could not be made
	Retries        uint64 // calls tried again after a failure
	Resubscribed   uint64 // subscriptions resumed after the server dropped them
	Abandoned      uint64 // calls the underlying client did not return from in time
	Stuck          int    // of them, those that have not returned now
	InFlight       int    // calls, reads and subscriptions under way now
}

// Stats returns the client's counts.
func (c *Client) Stats() ClientStats {
	s := ClientStats{Retries: c.retries.Load(), Resubscribed: c.resubscribed.Load()}
	for _, l := range []*lane{c.calls, c.subscriptions} {
		of := l.stats()
		s.Generations += of.made
		if of.made > 1 {
			s.Reconnects += of.made - 1
		}
		s.FailedConnects += of.failed
		s.Abandoned += of.abandoned
		s.Stuck += of.stuck
		s.InFlight += of.inFlight
	}
	return s
}
