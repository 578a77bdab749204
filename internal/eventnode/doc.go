// Package eventnode is an event store in the process: one node that speaks
// EventStoreDB's gRPC protocol and keeps its events in a Pebble store. The
// official client, and any other, talks to it as to a server: append, read and
// subscribe, by stream and over $all, with expected revisions, soft delete,
// tombstones and stream metadata. It is a node, not a cluster.
//
// # Durability
//
// One goroutine decides appends in order and puts all that wait into one Pebble
// batch; another waits until the batch is on disk, then shows it to readers and
// answers. So one fsync serves many appends, nothing is acknowledged or
// readable before it is durable, and an append is in the log whole or not at
// all. After the first failed write or fsync the node changes nothing on disk
// any more and answers Unavailable to appends until it is opened again; what
// was acknowledged stays readable. See faultfs.go.
//
// # Memory
//
// All streams are kept in memory, from 200 to 300 bytes each plus the length of
// the name, and read at Open. Besides: Pebble's cache and memtables, the newest
// events for live subscribers (Options.TailBytes), and the ids of recent events
// (Options.RecentIDs, about 120 bytes each).
//
// # Format
//
// The folder holds:
//
//	FORMAT   text, one line: "hirelog event node, format 1"
//	store/   a Pebble store; its LOCK file is held while the node is open
//
// FORMAT is written before the store, so a folder with a store and without it
// belongs to something else. A node refuses a format it does not know and never
// converts one silently. Integers in keys and values are big-endian; ticks are
// 100 ns since 1970-01-01 UTC. A checksum is CRC-32C. Keys of the store:
//
//	e <position:8>               an event
//	s <stream:8> <revision:8>    where an event of a stream is
//	n <name>                     a stream
//
// An event, under "e":
//
//	 0  version      1   1
//	 1  checksum     4   of the position, then of everything behind this field
//	 5  flags        1   1: not in $all; 2: a link
//	 6  stream       8   number of its stream
//	14  revision     8   2^63-1 for a tombstone
//	22  created      8   ticks; never less than that of the event before
//	30  id          16
//	46  name        4+2  offset and length of the stream's name within wire
//	52  type        4+2  offset and length of the event's type within wire
//	58  wire             the event as event_store.client.streams.ReadResp, with
//	                     structured id; sent to readers as it is
//
// Under "s": position 8, event id 16, checksum 4 of the key and both. Under
// "n": number of the stream 8, revision of its last event 8, checksum 4 of the
// key and both. Numbers of streams start at 1 and are given in order of the
// first event; revisions are dense from 0. A stream's metadata are the last
// event of the stream whose name begins with "$$".
//
// Positions grow strictly and are not dense: the first event is at 64, each
// later one behind its predecessor by the length of that one's value. An
// append is one Pebble batch or part of one, so its keys are there together.
package eventnode
