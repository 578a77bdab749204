package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hirelog/hirelog/commands"
)

// given is a command that somebody gave, and what became of it.
type given struct {
	call
	answered bool
	reply    reply
}

// worker gives commands to one application, one after the other, and remembers
// all of them.
type worker struct {
	v       vacancy
	name    string
	path    string // of its application, once that was answered
	n       int
	history []given
}

// key is the idempotency key of the n-th command.
func (w *worker) key(n int) string { return fmt.Sprintf("%s-%d", w.name, n) }

// next returns the next command. Each records one event, so that what was done
// twice can be told.
func (w *worker) next() call {
	w.n++
	k := call{method: http.MethodPost, header: map[string]string{"Idempotency-Key": w.key(w.n)}}
	switch {
	case w.path == "":
		k.path, k.body = "/v1/applications", w.v.application("Worker", w.name)
	case w.n%5 == 0:
		k.path, k.body = w.path+"/move", map[string]string{"to": w.v.stages[w.n/5%3], "comment": w.key(w.n)}
	case w.n%5 == 3:
		k.path, k.body = w.path+"/notes", map[string]any{"text": w.key(w.n), "candidate_can_view": true}
	default:
		k.path, k.body = w.path+"/comments", map[string]string{"text": w.key(w.n)}
	}
	return k
}

// work gives commands until one is not answered.
func (w *worker) work() {
	for {
		k := w.next()
		r, err := w.v.try(k)
		answered := err == nil && r.status < 500
		w.history = append(w.history, given{call: k, answered: answered, reply: r})
		if !answered {
			return
		}
		w.arrived(r)
	}
}

func (w *worker) arrived(r reply) {
	if w.path == "" {
		w.path = "/v1/applications/" + r.made()
	}
}

// repeat gives every command again. What was answered must be answered the
// same; what was not is done now, if it was not then.
func (w *worker) repeat(t *testing.T) {
	t.Helper()
	for i, g := range w.history {
		r := w.v.do(g.call)
		switch {
		case !g.answered && r.status >= 300:
			t.Errorf("%s %s, not answered before: %d %s", w.key(i+1), g.path, r.status, r.body)
		case g.answered && (r.status != g.reply.status || string(r.body) != string(g.reply.body) || r.header.Get("Location") != g.reply.header.Get("Location")):
			t.Errorf("%s %s: %d %s, then %d %s", w.key(i+1), g.path, g.reply.status, g.reply.body, r.status, r.body)
		}
		w.arrived(r)
		w.history[i].answered, w.history[i].reply = true, r
	}
}

// Killed in the middle of work, the program loses nothing it has acknowledged,
// does nothing twice, and its read models say what the log says.
func TestKilledInTheMiddleOfWork(t *testing.T) {
	t.Parallel()
	const rounds, connections, acknowledged = 3, 6, 150
	in := newInstallation(t)
	v := in.as(t, in.admin).vacancy("Survivor")
	var workers []*worker
	for round := range rounds {
		v.url = in.url // of the one client that all share
		for i := range connections {
			workers = append(workers, &worker{v: v, name: fmt.Sprintf("r%dw%d", round, i)})
		}
		busy := workers[round*connections:]
		var working sync.WaitGroup
		counted := v.see("/metrics")
		for _, w := range busy {
			working.Go(w.work)
		}
		// Some moment in which all of them are at it.
		events := nodeEvents(t, counted)
		eventually(t, patience, "work is done", func() bool { return nodeEvents(t, v.see("/metrics")) > events+acknowledged })
		in.kill()
		working.Wait()
		in.start(t)
		v.url = in.url
		cut := 0
		for _, w := range workers {
			if !w.history[len(w.history)-1].answered {
				cut++
			}
			w.repeat(t)
		}
		t.Logf("round %d: %d commands in all, %d were cut off", round, total(workers), cut)
		if cut == 0 {
			t.Error("no command was cut off: this is not the middle of work")
		}
		for _, w := range workers {
			w.check(t)
		}
		if got := v.get("/v1/applications?job_id=" + v.id + "&limit=200"); len(got.list("items", "id")) != len(workers) {
			t.Errorf("%d applications are listed, want %d", len(got.list("items", "id")), len(workers))
		}
	}
	in.end(t)
	if got := hirelog(t, "node", "check", "--data", in.dir+"/node").succeeded(t); !strings.Contains(got, "no problems found") {
		t.Errorf("check: %s", got)
	}
}

func total(workers []*worker) (n int) {
	for _, w := range workers {
		n += len(w.history)
	}
	return n
}

// nodeEvents reads how many events the node has written since it started.
func nodeEvents(t *testing.T, metrics reply) (n int) {
	t.Helper()
	for line := range strings.Lines(string(metrics.body)) {
		if value, ok := strings.CutPrefix(line, "hirelog_node_events_total "); ok {
			var f float64
			if _, err := fmt.Sscan(value, &f); err != nil {
				t.Fatal(err)
			}
			return int(f)
		}
	}
	t.Fatal("the metrics do not say how many events there are")
	return 0
}

// check holds the history of the worker's application against what was given,
// and the read models against the history.
func (w *worker) check(t *testing.T) {
	t.Helper()
	history := w.v.get(w.path + "/history")
	var want []string
	for i := range w.history {
		want = append(want, commands.CommandID(w.v.member, w.key(i+1)).String())
	}
	if got := history.list("events", "command_id"); !slices.Equal(got, want) {
		t.Errorf("%s: the log holds %d commands, %d were given:\n%v\n%v", w.name, len(got), len(want), got, want)
	}
	// Positions of the answers are those of the events.
	for i, position := range history.list("events", "position") {
		commit, _, _ := strings.Cut(position, "/")
		if got := w.history[i].reply.text("position"); !strings.HasSuffix(got, "."+commit+"."+commit) {
			t.Errorf("%s was answered with position %s, its event is at %s", w.key(i+1), got, position)
		}
	}
	profile := w.v.get(w.path)
	if profile.at("revision") != history.at("revision") {
		t.Errorf("%s: the profile is at revision %v, the log at %v", w.name, profile.at("revision"), history.at("revision"))
	}
	past := w.v.get(w.path + "/history?as_of=" + fmt.Sprint(len(w.history)-1))
	for shown, recorded := range map[string]string{"notes": "profile.notes", "comments": "profile.comments"} {
		texts := w.v.said(w.path, shown)
		slices.Reverse(texts)
		if replayed := past.list(recorded, "text"); !slices.Equal(texts, replayed) {
			t.Errorf("%s: %s %v, replayed %v", w.name, shown, texts, replayed)
		}
	}
	if profile.text("stage.id") != past.text("profile.stage_id") || profile.text("last_name") != w.name {
		t.Errorf("%s: profile %s\nreplayed %s", w.name, profile.body, past.body)
	}
	timeline := w.v.get(w.path+"/timeline?limit=200").list("items", "id")
	slices.Reverse(timeline)
	if events := history.list("events", "event_id"); !slices.Equal(timeline, events) {
		t.Errorf("%s: the timeline shows %v, the log has %v", w.name, timeline, events)
	}
}
