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
// was acknowledged stays readable. So it does when damage keeps Pebble from
// compacting. See faultfs.go. Who reads what is damaged is answered DataLoss.
//
// # Memory
//
// All streams are kept in memory, from 200 to 300 bytes each plus the length of
// the name, and read at Open. Besides: Pebble's cache and memtables, the newest
// events for live subscribers and for readers of their streams
// (Options.TailBytes), and the ids of recent events (Options.RecentIDs, about
// 120 bytes each).
//
// # Format
//
// The folder holds:
//
//	FORMAT   text, one line: "hirelog event node, format 2"
//	store/   a Pebble store; its LOCK file is held while the node is open
//	control  a socket, while the node is open: operators' commands; see control.go
//
// FORMAT is written before the store, so a folder with a store and without it
// belongs to something else. So does one with a folder "store.part", where a
// restore was cut off. The formats are:
//
//	1   Pebble's files of its version 20 (FormatWALSyncChunks); keys e, s and n
//	2   Pebble's files of its version 21 (FormatTableFormatV6); keys k, l and r
//	    as well, which scavenges write
//
// A node refuses a format it does not know. It opens an older one as that, and
// when it has read it without finding damage gives it the newest: FORMAT is
// written first, so that no older program opens the folder from then on, then
// Pebble's version is raised. When the power goes in between, the next opening
// does the rest. Events are not written anew. There is no way back but a backup.
// Integers in keys and values are big-endian; ticks are
// 100 ns since 1970-01-01 UTC. A checksum is CRC-32C. Keys of the store:
//
//	e <position:8>               an event
//	s <stream:8> <revision:8>    where an event of a stream is
//	n <name>                     a stream
//	k <stream:8>                 where a stream begins, since events were removed
//	l                            where the log ended when events were removed last
//	r <number:8>                 report of a scavenge
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
//
// # Removal
//
// A scavenge removes the first events of a stream, in steps: the events and
// their index entries go, and the stream's "k", "l" and the scavenge's "r" are
// written, in one batch. So a stream that has "k" is dense from the revision it
// says; one without, from 0; and what is missing otherwise is damage. (A
// tombstoned stream has its tombstone and from "k" to it nothing.)
//
// Under "k": first revision left 8, number of the scavenge that removed the one
// before 8, checksum 4 of the key and both. Under "l": position of the last event
// 8, position of the next 8, ticks of the last 8, checksum 4 of the key and the
// three; it counts if the last event of the log is before the one it names.
// Under "r": a ScavengeReport as JSON, checksum 4 of the key and it.
//
// When all steps are done the tables that held removed events are compacted, and
// logs are begun anew until all are gone that were there before; the report
// gets its end only then. The next scavenge after one without end compacts
// everything. See purge.go.
//
// # Backup
//
// A backup is a folder with FORMAT, store/ as Pebble's checkpoint makes it, and,
// written last, BACKUP: a line "hirelog event node backup 1, sha256 <of the
// rest>", then a Manifest as JSON. Without it a backup is incomplete.
package eventnode
