package eventnode

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// cellBytes is the part of the log that is written anew at a time, to rid it of
// removed events. Positions are counted in bytes of events.
const cellBytes = 64 << 20

// cleanupPoll is how often it is looked whether Pebble has deleted a file.
const cleanupPoll = 5 * time.Millisecond

// purge takes the bytes of removed events off the disk. A key that is deleted in
// Pebble is there until tables are compacted, and in the write-ahead log until
// its file is gone; and Pebble keeps a few such files to write over them.
func (s *scavenger) purge() error {
	// From here on no log that is begun is an old file.
	again := s.n.fs.stopReuse()
	defer again()
	logs, err := s.n.folder.files(".log")
	if err != nil {
		return err
	}
	// The tables that hold the removals must be there before they are compacted.
	if err := s.flush(); err != nil {
		return err
	}
	if err := s.compact(); err != nil {
		return err
	}
	// Each flush begins another log, in place of the oldest one kept.
	for {
		left, err := s.n.folder.remaining(logs)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			break
		}
		s.progress(Progress{Step: "logs", Done: int64(len(logs) - len(left)), Total: int64(len(logs)), Unit: "logs"})
		if err := s.flush(); err != nil {
			return err
		}
		if err := pause(s.ctx, cleanupPoll); err != nil {
			return err
		}
	}
	return s.awaitDeletions()
}

// flush writes what is in memory into tables and waits for it.
func (s *scavenger) flush() error {
	done, err := s.n.db.AsyncFlush()
	if err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	select {
	case <-done:
	case <-s.ctx.Done():
	}
	return errors.Join(s.ctx.Err(), s.n.fs.err())
}

// compact writes the tables anew that held removed events: what a cut-off
// scavenge removed is not known, so after one all of them.
func (s *scavenger) compact() error {
	if len(s.earlier) > 0 {
		for cell := range s.n.durable.Load()/cellBytes + 1 {
			s.touched[cell] = true
		}
		s.streams = [2]uint64{0, noLimit - 1}
	}
	done := int64(0)
	for cell := range s.touched {
		start := time.Now()
		if err := s.n.db.Compact(s.ctx, eventKey(cell*cellBytes), eventKey((cell+1)*cellBytes), false); err != nil {
			return fmt.Errorf("compact: %w", err)
		}
		done++
		s.progress(Progress{Step: "compaction", Done: done, Total: int64(len(s.touched)), Unit: "parts of 64 MiB"})
		if err := s.rest(start); err != nil {
			return err
		}
	}
	if err := s.n.db.Compact(s.ctx, indexKey(s.streams[0], 0), indexKey(s.streams[1]+1, 0), false); err != nil {
		return fmt.Errorf("compact the index: %w", err)
	}
	return s.n.fs.err()
}

// awaitDeletions waits until the tables are deleted that nobody needs any more.
// A reader may hold one for a moment.
func (s *scavenger) awaitDeletions() error {
	tables, err := s.n.folder.files(".sst")
	if err != nil {
		return err
	}
	for {
		live, err := s.liveTables()
		if err != nil {
			return err
		}
		for name := range tables {
			if live[name] {
				delete(tables, name)
			}
		}
		left, err := s.n.folder.remaining(tables)
		if err != nil || len(left) == 0 {
			return err
		}
		if err := errors.Join(pause(s.ctx, cleanupPoll), s.n.fs.err()); err != nil {
			return err
		}
	}
}

func (s *scavenger) liveTables() (map[string]bool, error) {
	tables, err := s.n.folder.tables(s.n.db)
	live := map[string]bool{}
	for _, t := range tables {
		live[s.n.folder.fs.PathBase(t.name)] = true
	}
	return live, err
}

// files returns the names of the store's files that end in suffix.
func (f *folder) files(suffix string) (map[string]bool, error) {
	all, err := f.fs.List(f.store)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", f.store, err)
	}
	names := map[string]bool{}
	for _, name := range all {
		if strings.HasSuffix(name, suffix) {
			names[name] = true
		}
	}
	return names, nil
}

// remaining returns which of names are still in the store.
func (f *folder) remaining(names map[string]bool) (map[string]bool, error) {
	now, err := f.files("")
	if err != nil {
		return nil, err
	}
	left := map[string]bool{}
	for name := range names {
		if now[name] {
			left[name] = true
		}
	}
	return left, nil
}

// size returns how much the store's files hold, in bytes.
func (f *folder) size() (int64, error) {
	names, err := f.files("")
	if err != nil {
		return 0, err
	}
	total := int64(0)
	for name := range names {
		info, err := f.fs.Stat(f.fs.PathJoin(f.store, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted meanwhile
		}
		if err != nil {
			return 0, fmt.Errorf("size of %s: %w", name, err)
		}
		total += info.Size()
	}
	return total, nil
}
