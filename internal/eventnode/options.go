package eventnode

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options say where a node keeps its events and what it may use.
type Options struct {
	// Dir is the node's folder, made if it does not exist. Nothing else may be in it.
	Dir string
	// FS is the file system Dir is on; nil is the disk.
	FS vfs.FS
	// Logger gets what an operator must know: faults and what they stop. Nil discards.
	Logger *slog.Logger
	// Now is the clock events are recorded by and $maxAge is measured with; nil
	// is time.Now. Recorded times do not go back when the clock does.
	Now func() time.Time

	// CertFile and KeyFile name PEM files; with them the node serves TLS (1.2 or
	// newer) on all its listeners, else without. A changed certificate is in use
	// a second later.
	CertFile, KeyFile string
	// UsersFile names who may call the node; see UserLine for its lines. It needs
	// TLS. Without it everybody who reaches the node may do everything. A changed
	// file is in force a second later, for calls that begin then.
	UsersFile string
	// Advertise is the host:port clients are told to reach the node at when they
	// ask for the members of its cluster. Default: the address they asked at,
	// which is an IP address and so in few certificates.
	Advertise string

	// MaxAppendBytes is the most one append may weigh: the sum over its events
	// of data, custom metadata and two bytes for each UTF-16 unit of the type.
	// Default 1 MiB, at most 15 MiB. Besides, what the events take in the log, each
	// with the name of its stream and about 256 bytes, may be at most 64 MiB.
	MaxAppendBytes int
	// MaxBatch is how many appends one commit takes at most. Default 1024.
	MaxBatch int
	// MaxBatchBytes ends a batch once its events weigh more. Default 4 MiB.
	MaxBatchBytes int
	// TailBytes is how much of the newest events is kept in memory, in bytes as
	// stored, for live subscribers and for who reads a stream all of whose events
	// are among them. A subscriber that falls further behind reads from disk until
	// it has caught up. Default 32 MiB.
	TailBytes int
	// RecentIDs is how many ids of the last events are remembered, to recognise
	// a repeated append that expects any revision or stream_exists. Default
	// 65,536. (With an exact expected revision nothing has to be remembered.)
	RecentIDs int
	// CacheBytes is the size of Pebble's block cache. Default 64 MiB.
	CacheBytes int64
	// MemTableBytes is the size of one of Pebble's memtables, of which up to
	// four are in memory. Default 32 MiB, at least 1 MiB.
	MemTableBytes uint64
	// Committed is told of each commit once it is durable: how many appends and
	// events it served, and how long it took from being handed to the disk. It
	// is called by one goroutine, which answers nobody meanwhile. Nil is nobody.
	Committed func(appends, events int, took time.Duration)
	// CloseTimeout is how long Close waits for calls that are under way; then
	// their connections are cut. Appends that were accepted are answered before
	// or made durable all the same. Default 5 s.
	CloseTimeout time.Duration

	// noCompactions leaves tables alone but for what a scavenge compacts; for tests.
	noCompactions bool
}

func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" {
		return o, fmt.Errorf("event node: no folder given")
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	orDefault(&o.MaxAppendBytes, 1<<20)
	orDefault(&o.MaxBatch, 1024)
	orDefault(&o.MaxBatchBytes, 4<<20)
	orDefault(&o.TailBytes, 32<<20)
	orDefault(&o.RecentIDs, 1<<16)
	orDefault(&o.CacheBytes, 64<<20)
	orDefault(&o.MemTableBytes, 32<<20)
	orDefault(&o.CloseTimeout, 5*time.Second)
	if o.MaxAppendBytes < 0 || o.MaxAppendBytes > maxMaxAppend {
		return o, fmt.Errorf("event node: MaxAppendBytes is %d, it may be at most %d", o.MaxAppendBytes, maxMaxAppend)
	}
	o.MemTableBytes = max(o.MemTableBytes, 1<<20)
	return o, nil
}

// maxMaxAppend keeps any stored event below what clients receive, 17 MiB.
const maxMaxAppend = 15 << 20

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}
