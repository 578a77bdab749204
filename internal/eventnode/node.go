package eventnode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
)

// Node is an open node. It is safe for concurrent use. Whoever opened it closes it.
type Node struct {
	o      Options
	folder *folder
	fs     *faultFS
	db     database

	streams *streamTable
	tail    *tail
	durable atomic.Uint64 // position of the last event readers may see

	requests chan *request
	units    chan *unit
	workers  sync.WaitGroup // the writer and the one that waits for the disk

	operating  sync.Mutex     // held by a scavenge or backup
	operations sync.WaitGroup // the same
	control    *control

	grpc       *grpc.Server
	persistent *persistentServer
	// closing ends what would not end by itself: subscriptions and reads.
	closing context.Context
	end     context.CancelFunc
	once    sync.Once
	closed  error

	failed chan struct{} // closed by the first fault; see faultFS
	count  counters
}

type counters struct {
	appends, events, bytes, batches atomic.Uint64
	subscriptions                   atomic.Int64
}

// Stats are counts since the node was opened, and what it holds.
type Stats struct {
	Appends       uint64 // that wrote events
	Events        uint64 // written
	Bytes         uint64 // of stored events written
	Batches       uint64 // commits; Appends / Batches is what one commit served
	Fsyncs        uint64 // of the store's write-ahead log
	Subscriptions int    // open now
	Streams       int    // known
	Position      uint64 // of the last event readers see; 0 if there is none
	Fault         error  // what stopped the node from writing, or nil
}

// Open opens the node in o.Dir, or makes a new one there.
// Errors: ErrLocked, ErrFormat, ErrCorrupt, or what the disk said.
func Open(o Options) (*Node, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	f, err := lockFolder(o.FS, o.Dir, true)
	if err != nil {
		return nil, err
	}
	n := &Node{
		o:        o,
		folder:   f,
		requests: make(chan *request, 4*o.MaxBatch),
		units:    make(chan *unit, maxUnsynced),
		failed:   make(chan struct{}),
	}
	n.closing, n.end = context.WithCancel(context.Background())
	if err := n.open(); err != nil {
		n.end()
		return nil, errors.Join(err, f.lock.Close())
	}
	return n, nil
}

func (n *Node) open() (err error) {
	n.fs = newFaultFS(n.o.FS, n.folder.store, n.fault)
	if n.db, err = n.folder.open(n.o, n.fs); err != nil {
		return err
	}
	w, err := n.load()
	if err != nil {
		return errors.Join(err, n.db.Close())
	}
	if err := n.folder.upgrade(n.db); err != nil {
		return errors.Join(err, n.db.Close())
	}
	if n.grpc, err = n.newServer(); err != nil {
		return errors.Join(err, n.db.Close())
	}
	if n.control, err = newControl(n); err != nil {
		return errors.Join(err, n.db.Close())
	}
	n.fs.armed.Store(true)
	n.workers.Add(2)
	go w.run()
	go n.awaitSyncs()
	n.persistent.load()
	return nil
}

// load reads what the node keeps in memory.
func (n *Node) load() (*writer, error) {
	streams, err := loadStreams(n.db)
	if err != nil {
		return nil, err
	}
	last, found, err := lastEvent(n.db)
	if err != nil {
		return nil, err
	}
	end, err := readLogEnd(n.db)
	if err != nil {
		return nil, err
	}
	n.streams = streams
	w := &writer{n: n, nextPos: firstPosition, recent: newRecentIDs(n.o.RecentIDs)}
	if found {
		w.lastPos, w.nextPos, w.lastCreated = last.pos, last.pos+uint64(last.size), last.created
	}
	if end.last > w.lastPos { // and removed
		w.lastPos, w.nextPos, w.lastCreated = end.last, end.next, end.created
	}
	n.durable.Store(w.lastPos)
	n.tail = newTail(n.durable.Load(), n.o.TailBytes)
	return w, nil
}

// fault is told about the first failed write, or what else ends writing. From
// now on appends are refused.
func (n *Node) fault(cause error) {
	close(n.failed)
	n.o.Logger.Error("event node takes no more appends until it is opened again", "err", cause)
}

// Serve answers gRPC calls that come in over ln until the node is closed, and
// closes ln. It may be called for several listeners. It returns nil after Close.
func (n *Node) Serve(ln net.Listener) error {
	if err := n.grpc.Serve(ln); err != nil && n.closing.Err() == nil {
		return fmt.Errorf("event node: serve %s: %w", ln.Addr(), err)
	}
	return nil
}

// Close ends open subscriptions and reads, answers the appends it has accepted,
// waits for everything the node started, and closes the store. Later calls
// return what the first one did.
func (n *Node) Close() error {
	n.once.Do(func() { n.closed = n.close() })
	return n.closed
}

func (n *Node) close() error {
	n.end()
	cut := time.AfterFunc(n.o.CloseTimeout, n.grpc.Stop)
	n.grpc.GracefulStop()
	cut.Stop()
	n.persistent.stop()
	n.fs.release()
	n.operations.Wait()
	uncontrolled := n.control.close()
	// Nobody is left who sends requests.
	close(n.requests)
	n.workers.Wait()
	err := n.db.Close()
	if n.fs.err() != nil {
		// What Pebble says of a store that stood still means nothing.
		err = nil
	}
	if err = errors.Join(err, uncontrolled, n.folder.lock.Close()); err != nil {
		return fmt.Errorf("event node: close %s: %w", n.o.Dir, err)
	}
	return nil
}

// Fault returns what stopped the node from writing, or nil.
func (n *Node) Fault() error { return n.fs.err() }

// Stats returns counts for metrics.
func (n *Node) Stats() Stats {
	return Stats{
		Appends:       n.count.appends.Load(),
		Events:        n.count.events.Load(),
		Bytes:         n.count.bytes.Load(),
		Batches:       n.count.batches.Load(),
		Fsyncs:        n.fs.syncs.Load(),
		Subscriptions: int(n.count.subscriptions.Load()),
		Streams:       n.streams.len(),
		Position:      n.durable.Load(),
		Fault:         n.fs.err(),
	}
}
