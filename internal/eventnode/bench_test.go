package eventnode

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
)

// cpu is the processor time this process has used, in microseconds: client and
// node together, and hardly touched by what else the machine does.
func cpu(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec)*1e6 + float64(u.Utime.Usec+u.Stime.Usec)
}

func onDisk(b *testing.B) (*server, *esdb.Client) {
	b.Helper()
	s := start(b, Options{Dir: b.TempDir(), FS: vfs.Default})
	return s, s.client(b)
}

func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			n, c := onDisk(b)
			var left atomic.Int64
			left.Store(int64(b.N))
			before := cpu(b)
			b.ResetTimer()
			var wg sync.WaitGroup
			for w := range writers {
				wg.Go(func() {
					stream := fmt.Sprintf("s-%d", w)
					for left.Add(-1) >= 0 {
						if _, err := c.AppendToStream(b.Context(), stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, payloadOf(200)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric((cpu(b)-before)/float64(b.N), "cpu-µs/event")
			b.ReportMetric(float64(b.N)/float64(n.Stats().Batches), "events/commit")
		})
	}
}

func payloadOf(size int) esdb.EventData {
	return esdb.EventData{EventID: uuid.New(), EventType: "bench", ContentType: esdb.ContentTypeBinary, Data: bytes.Repeat([]byte("x"), size)}
}

func BenchmarkCatchUp(b *testing.B) {
	n, c := onDisk(b)
	for left := b.N; left > 0; left -= 500 {
		r := &request{stream: "s", expected: expectAny, done: make(chan struct{})}
		for range min(left, 500) {
			r.events = append(r.events, proposed{id: uuid.New(), typ: "bench", data: make([]byte, 200)})
		}
		if err := n.submit(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
	before := cpu(b)
	b.ResetTimer()
	sub, err := c.SubscribeToAll(b.Context(), esdb.SubscribeToAllOptions{From: esdb.Start{}})
	if err != nil {
		b.Fatal(err)
	}
	for heard := 0; heard < b.N; {
		if e := sub.Recv(); e.EventAppeared != nil {
			heard++
		}
	}
	b.StopTimer()
	b.ReportMetric((cpu(b)-before)/float64(b.N), "cpu-µs/event")
	_ = sub.Close()
}
