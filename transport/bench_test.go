package transport

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
)

// BenchmarkMove moves applications over HTTP, each connection its own, with a
// sealed comment and an idempotency key.
func BenchmarkMove(b *testing.B) {
	const connections = 32
	w := newWorld(b)
	v := w.vacancy("Engineer")
	var ids [connections]string
	for i := range ids {
		ids[i] = w.apply(v, "Person", strconv.Itoa(i))
	}
	if t, ok := w.client.Transport.(*http.Transport); ok {
		t.MaxIdleConnsPerHost = connections
	}
	b.ReportAllocs()
	b.SetParallelism(connections / 2)
	b.ResetTimer()
	var next atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		id := ids[next.Add(1)%connections]
		for i := 1; pb.Next(); i++ {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, w.url+"/v1/applications/"+id+"/move",
				strings.NewReader(`{"to":"`+v.stages[i%2]+`","comment":"Convincing in the conversation"}`))
			if err != nil {
				b.Error(err)
				return
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+v.manager)
			r.Header.Set("Idempotency-Key", uuid.NewString())
			answer, err := w.client.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				b.Error(answer.Status)
				return
			}
		}
	})
}
