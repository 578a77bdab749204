package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// sampleEvent is a move with a sealed comment, of the size commands write.
func sampleEvent() (esdb.EventData, error) {
	sealed := make([]byte, 200)
	_, _ = rand.Read(sealed) // never fails: it ends the program instead
	data, err := application.Codec.Encode(application.StageMoved{
		Stamp: domain.Stamp{At: time.Now().UTC().Truncate(time.Microsecond), By: domain.Member(uuid.NewString())},
		From:  uuid.NewString(), To: uuid.NewString(), Comment: personal.Sealed(sealed),
	})
	meta := fmt.Sprintf(`{"actor":"member:%s","command_id":"%s","correlation_id":"%s","origin":"live"}`, uuid.New(), uuid.New(), uuid.New())
	return esdb.EventData{EventType: application.StageMoved{}.EventName(), ContentType: esdb.ContentTypeJson, Data: data, Metadata: []byte(meta)}, err
}

// benchAppends measures appends by the official client against a server that
// stores nothing, in the same process over the same kind of socket.
func benchAppends(ctx context.Context, s settings, dir string) (err error) {
	sample, err := sampleEvent()
	if err != nil {
		return err
	}
	node, err := openNode(filepath.Join(dir, "node"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	none, err := openHollow(filepath.Join(dir, "none"), messages{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, none.Close()) }()
	for _, of := range []struct {
		writers int
		goal    goal
	}{{64, atLeast(0.85)}, {256, atLeast(0.95)}} {
		stored, hollow := newWriters(node.client, sample, of.writers), newWriters(none.client, sample, of.writers)
		var rounds []figure
		for n := range s.rounds {
			var a, b pace
			err := inTurns(n, func() (err error) {
				a, err = measured(meter{}, func() (int, error) { return stored.run(ctx, s.phase) })
				return err
			}, func() (err error) {
				b, err = measured(meter{}, func() (int, error) { return hollow.run(ctx, s.phase) })
				return err
			})
			if err != nil {
				return err
			}
			rounds = append(rounds, figure{a.perSecond() / b.perSecond(), "appended " + a.String(), "not stored " + b.String()})
		}
		s.report(fmt.Sprintf("appends_%d_writers_per_append_not_stored", of.writers), rounds, of.goal)
	}
	return benchOneWriter(ctx, s, dir, sample, node, none)
}

// benchOneWriter measures one writer against what it cannot do without: a call
// that stores nothing, and then one synced commit.
func benchOneWriter(ctx context.Context, s settings, dir string, sample esdb.EventData, node, none *peer) (err error) {
	db, err := pebble.Open(filepath.Join(dir, "pebble"), &pebble.Options{Logger: silent{}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	stored, hollow := newWriters(node.client, sample, 1), newWriters(none.client, sample, 1)
	key, value := make([]byte, 9), make([]byte, 160+len(sample.Data)+len(sample.Metadata))
	hollow.then = func() error {
		binary.BigEndian.PutUint64(key[1:], binary.BigEndian.Uint64(key[1:])+1)
		return db.Set(key, value, pebble.Sync)
	}
	var rounds []figure
	for n := range s.rounds {
		var a, b pace
		err := inTurns(n, func() (err error) {
			a, err = measured(meter{}, func() (int, error) { return stored.run(ctx, s.phase) })
			return err
		}, func() (err error) {
			b, err = measured(meter{}, func() (int, error) { return hollow.run(ctx, s.phase) })
			return err
		})
		if err != nil {
			return err
		}
		rounds = append(rounds, figure{a.perSecond() / b.perSecond(), "appended " + a.String(), "not stored, then a synced commit " + b.String()})
	}
	s.report("appends_1_writer_per_append_not_stored_and_commit", rounds, atLeast(0.8))
	return nil
}

// silent is Pebble's logger.
type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}

// writers append to a stream of their own each, at the exact revision.
type writers struct {
	client *esdb.Client
	sample esdb.EventData
	prefix string
	then   func() error // after each append, if set
	next   []uint64     // revision of each stream's last event
	begun  []bool
}

func newWriters(client *esdb.Client, sample esdb.EventData, n int) *writers {
	return &writers{client: client, sample: sample, prefix: "application-" + uuid.NewString(), next: make([]uint64, n), begun: make([]bool, n)}
}

// run lets all write for a time and returns the number of appends.
func (w *writers) run(ctx context.Context, phase time.Duration) (int, error) {
	var written atomic.Int64
	errs := make([]error, len(w.next))
	until := time.Now().Add(phase)
	var all sync.WaitGroup
	for i := range w.next {
		all.Go(func() {
			for time.Now().Before(until) && errs[i] == nil {
				if errs[i] = w.write(ctx, i); errs[i] == nil {
					written.Add(1)
				}
			}
		})
	}
	all.Wait()
	return int(written.Load()), errors.Join(errs...)
}

// write appends one event as writer i.
func (w *writers) write(ctx context.Context, i int) error {
	event := w.sample
	event.EventID = uuid.New()
	var expected esdb.ExpectedRevision = esdb.NoStream{}
	if w.begun[i] {
		expected = esdb.Revision(w.next[i])
	}
	at, err := w.client.AppendToStream(ctx, fmt.Sprintf("%s-%d", w.prefix, i), esdb.AppendToStreamOptions{ExpectedRevision: expected}, event)
	if err != nil {
		return err
	}
	w.begun[i], w.next[i] = true, at.NextExpectedVersion
	if w.then != nil {
		return w.then()
	}
	return nil
}
