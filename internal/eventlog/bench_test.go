package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// library returns the event store's own client, unsupervised.
func library(b *testing.B, address string) *esdb.Client {
	b.Helper()
	config, err := esdb.ParseConnectionString("esdb://localhost:2113?tls=false")
	if err != nil {
		b.Fatal(err)
	}
	config.Address, config.Logger = address, esdb.NoopLogging()
	raw, err := esdb.NewClient(config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = raw.Close() })
	return raw
}

// BenchmarkAppend compares appends of one event of 200 bytes with and without
// supervision, by one writer and by many.
func BenchmarkAppend(b *testing.B) {
	address := serve(b, "tcp")
	c, raw := connect(b, eventlog.ClientOptions{Address: address}), library(b, address)
	data := []byte(`"` + strings.Repeat("x", 198) + `"`)
	var streams atomic.Int64
	for name, write := range map[string]func(ctx context.Context, stream string, id uuid.UUID) error{
		"supervised": func(ctx context.Context, stream string, id uuid.UUID) error {
			_, err := c.Append(ctx, stream, eventlog.NoStream, []eventlog.NewEvent{{ID: id, Type: "t.v1", Data: data}})
			return err
		},
		"library": func(ctx context.Context, stream string, id uuid.UUID) error {
			options := esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}
			_, err := raw.AppendToStream(ctx, stream, options,
				esdb.EventData{EventID: id, EventType: "t.v1", ContentType: esdb.ContentTypeJson, Data: data})
			return err
		},
	} {
		for _, writers := range []int{1, 32} {
			b.Run(fmt.Sprintf("%s/writers=%d", name, writers), func(b *testing.B) {
				b.ReportAllocs()
				b.SetParallelism(writers)
				run := b.RunParallel
				if writers == 1 {
					run = func(body func(*testing.PB)) { serially(b, body) }
				}
				run(func(pb *testing.PB) {
					for pb.Next() {
						stream := fmt.Sprintf("bench-%d", streams.Add(1))
						if err := write(b.Context(), stream, uuid.New()); err != nil {
							b.Error(err)
							return
						}
					}
				})
			})
		}
	}
}

// serially runs body in one goroutine.
func serially(b *testing.B, body func(*testing.PB)) {
	b.Helper()
	b.SetParallelism(1)
	var first atomic.Bool
	b.RunParallel(func(pb *testing.PB) {
		if first.CompareAndSwap(false, true) {
			body(pb)
		}
	})
}

// BenchmarkReadAll compares reading the log with and without supervision.
func BenchmarkReadAll(b *testing.B) {
	address := serve(b, "tcp")
	c, raw := connect(b, eventlog.ClientOptions{Address: address}), library(b, address)
	fill(b, c, 20_000)
	b.Run("supervised", func(b *testing.B) {
		for n := 0; n < b.N; {
			for _, err := range c.ReadAll(b.Context(), eventlog.Start, eventlog.Forwards) {
				if err != nil {
					b.Fatal(err)
				}
				if n++; n >= b.N {
					break
				}
			}
		}
	})
	b.Run("library", func(b *testing.B) {
		for n := 0; n < b.N; {
			events, err := raw.ReadAll(b.Context(), esdb.ReadAllOptions{From: esdb.Start{}}, math.MaxInt64)
			if err != nil {
				b.Fatal(err)
			}
			for ; n < b.N; n++ {
				if _, err := events.Recv(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					b.Fatal(err)
				}
			}
			events.Close()
		}
	})
	b.Run("subscription", func(b *testing.B) {
		for n := 0; n < b.N; {
			for d, err := range c.Subscribe(b.Context(), eventlog.SubscribeOptions{}) {
				if err != nil {
					b.Fatal(err)
				}
				if d.CaughtUp || n >= b.N {
					break
				}
				n++
			}
		}
	})
}

// fill appends n events of 200 bytes.
func fill(b *testing.B, l eventlog.Log, n int) {
	b.Helper()
	data := []byte(`"` + strings.Repeat("x", 198) + `"`)
	for at := eventlog.NoStream; n > 0; n -= 500 {
		events := make([]eventlog.NewEvent, min(n, 500))
		for i := range events {
			events[i] = eventlog.NewEvent{ID: uuid.New(), Type: "t.v1", Data: data}
		}
		got, err := l.Append(b.Context(), "filled", at, events)
		if err != nil {
			b.Fatal(err)
		}
		at = got.Revision
	}
}
