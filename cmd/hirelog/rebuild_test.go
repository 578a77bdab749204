package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Read models are rebuilt beside a server at work, killed in the middle, rolled
// back and verified, and nobody who reads or gives commands notices.
// It holds E17.
func TestRebuildBesideAServerAtWork(t *testing.T) {
	t.Parallel()
	const connections = 3
	in := newInstallation(t)
	v := in.as(t, in.admin).vacancy("Rebuilt")
	var workers []*worker
	ctx, cancel := context.WithCancel(t.Context())
	var working sync.WaitGroup
	var mu sync.Mutex
	next := func() *worker {
		mu.Lock()
		defer mu.Unlock()
		w := &worker{v: v, name: fmt.Sprintf("w%d", len(workers))}
		workers = append(workers, w)
		return w
	}
	for range connections {
		working.Go(func() {
			for w := next(); ctx.Err() == nil; {
				if w.n == 100 { // a page shows them all
					w = next()
				}
				k := w.next()
				r, err := w.v.try(k)
				answered := err == nil && r.status < 300
				w.history = append(w.history, given{call: k, answered: answered, reply: r})
				if !answered {
					t.Errorf("%s %s: %v, %d %s", k.method, k.path, err, r.status, r.body)
					return
				}
				w.arrived(r)
			}
		})
	}
	var reads atomic.Int64
	working.Go(func() {
		shown := 0
		for ctx.Err() == nil {
			r, err := v.try(call{method: http.MethodGet, path: "/v1/applications?job_id=" + v.id})
			if err == nil && r.behind() { // on a machine that does much else
				continue
			}
			if err != nil || r.status != http.StatusOK {
				t.Errorf("list: %v, %d %s", err, r.status, r.body)
				return
			}
			if n := len(r.list("items", "id")); n < shown {
				t.Errorf("%d applications are listed after %d", n, shown)
			} else {
				shown = n
			}
			reads.Add(1)
		}
	})
	killed := 0
	for _, phase := range []string{"reading", "copying", "verifying", "switching", "reading", "copying", "verifying"} {
		p := launch(t, "projections", "rebuild", "--data", in.dir)
		tick := time.NewTicker(200 * time.Microsecond)
		for p.running() && !strings.Contains(p.stdout.String(), phase) {
			<-tick.C
		}
		tick.Stop()
		if p.running() {
			killed++
		}
		p.kill()
	}
	t.Logf("%d of 7 rebuilds were killed in the middle, %d reads", killed, reads.Load())
	if killed == 0 || reads.Load() == 0 {
		t.Error("no rebuild was killed in the middle, or nobody read")
	}
	eventually(t, patience, "a rebuild is let in", func() bool { // once the server sees that the killed one is gone
		got := hirelog(t, "projections", "rebuild", "--data", in.dir)
		if got.status != 0 && !strings.Contains(got.stderr, "being built by another process") {
			t.Fatalf("rebuild: %s", got.stderr)
		}
		return got.status == 0
	})
	hirelog(t, "projections", "rollback", "--data", in.dir).succeeded(t)
	if got := hirelog(t, "projections", "verify", "--data", in.dir).succeeded(t); !strings.Contains(got, "equal to generation") {
		t.Errorf("verify: %s", got)
	}
	hirelog(t, "projections", "rollback", "--data", in.dir).succeeded(t)
	cancel()
	working.Wait()
	v.get(workers[len(workers)-1].path) // waits for what was written last
	for _, w := range workers {
		w.check(t)
	}
	status := hirelog(t, "projections", "status", "--data", in.dir).succeeded(t)
	if strings.Count(status, " live ") != 1 || strings.Contains(status, "building") || strings.Contains(status, "verified") || strings.Contains(status, "scratch") {
		t.Errorf("status: %s", status)
	}
	in.end(t)
}
