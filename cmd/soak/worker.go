package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// worker is one client: it has an application of its own and does to it what
// recruiters do.
type worker struct {
	*load
	name string
	rng  *rand.Rand
	n    int // commands given

	id       string   // of its application, empty if it has none
	position string   // of its last write to it
	revision int64    // after it
	texts    []string // of its comments, in order
	notes    []string
	stage    int
	tags     int
	priority bool
	closed   bool
	left     int // commands until it turns to another
}

// work gives commands and reads until ctx ends.
func (w *worker) work(ctx context.Context) error {
	for ctx.Err() == nil && w.wrong() == nil {
		if w.paused.Load() {
			w.atWork.Add(-1)
			for w.paused.Load() && ctx.Err() == nil {
				time.Sleep(5 * time.Millisecond)
			}
			w.atWork.Add(1)
			continue
		}
		if err := w.step(); err != nil {
			return err
		}
		time.Sleep(time.Duration(w.rng.IntN(12)) * time.Millisecond)
	}
	return nil
}

// step does one thing.
func (w *worker) step() error {
	switch dice := w.rng.IntN(100); {
	case w.id == "":
		return w.apply()
	case w.left <= 0:
		return w.leave()
	case dice < 30:
		return w.read()
	case dice < 38:
		return w.together()
	}
	w.left--
	return w.change()
}

// command gives a command on the worker's application, and sometimes again.
func (w *worker) command(c call, single bool) (given, error) {
	w.n++
	c.key = fmt.Sprintf("%s-%d", w.name, w.n)
	stream := ""
	if w.id != "" {
		stream = "application-" + w.id
	}
	g, err := w.give(w.rng, given{call: c, stream: stream, single: single})
	if err != nil {
		return g, err
	}
	if !g.first.accepted() {
		return g, fmt.Errorf("%s %s (%s) was refused: %d %s", c.method, c.path, c.key, g.first.status, g.first.body)
	}
	made, err := g.first.made()
	if err != nil {
		return g, err
	}
	w.position, w.revision = made.Position, made.Revision
	if w.rng.IntN(8) == 0 {
		return g, w.repeat(w.rng, g)
	}
	return g, nil
}

// apply enters an application.
func (w *worker) apply() error {
	g, err := w.command(jsonCall(http.MethodPost, "/v1/applications", w.application()), true)
	if err != nil {
		return err
	}
	made, err := g.first.made()
	if err != nil {
		return err
	}
	*w = worker{load: w.load, name: w.name, rng: w.rng, n: w.n, id: made.ID, position: made.Position, revision: made.Revision, left: 10 + w.rng.IntN(25)}
	return nil
}

func (w *worker) application() map[string]any {
	return map[string]any{"job_id": w.job, "source": "referral", "candidate": map[string]string{
		"first_name": "Worker", "last_name": w.name, "email": fmt.Sprintf("%s.%d@example.org", w.name, w.n),
	}}
}

func (w *worker) path(rest string) string { return "/v1/applications/" + w.id + rest }

// change does one thing to the application that is recorded as one event.
func (w *worker) change() error {
	text := fmt.Sprintf("%s, number %d", w.name, w.n)
	post := func(rest string, body any) (given, error) {
		return w.command(jsonCall(http.MethodPost, w.path(rest), body), true)
	}
	var err error
	switch dice := w.rng.IntN(100); {
	case dice < 35:
		_, err = post("/comments", map[string]string{"text": text})
		w.texts = append(w.texts, text)
	case dice < 50:
		var g given
		if g, err = post("/notes", map[string]any{"text": text, "candidate_can_view": dice%2 == 0}); err == nil {
			made, failed := g.first.made()
			w.notes, err = append(w.notes, made.ID), failed
		}
	case dice < 58 && len(w.notes) > 0:
		at := w.rng.IntN(len(w.notes))
		if _, err = w.command(call{method: http.MethodDelete, path: w.path("/notes/" + w.notes[at])}, true); err == nil {
			w.in.report.count("notes erased", 1)
		}
		w.notes = append(w.notes[:at:at], w.notes[at+1:]...)
	case dice < 75 && !w.closed:
		w.stage = (w.stage + 1 + w.rng.IntN(len(w.stages)-1)) % len(w.stages)
		_, err = post("/move", map[string]string{"to": w.stages[w.stage], "comment": text})
	case dice < 80:
		_, err = w.command(document(w.path("/documents"), "cv.txt", text), true)
	case dice < 88:
		w.priority = !w.priority
		_, err = w.command(jsonCall(http.MethodPut, w.path("/priority"), map[string]bool{"priority": w.priority}), true)
	case dice < 94 && !w.closed:
		w.closed = true
		_, err = post("/disqualify", map[string]string{"kind": "rejected", "reason_id": w.reason, "note": text})
	case w.closed:
		w.closed = false
		_, err = post("/requalify", map[string]string{"reason": text})
	default:
		_, err = post("/tags", map[string]string{"label": fmt.Sprintf("tag %d", w.tags)})
		w.tags++
	}
	return err
}

// leave ends with the application, sometimes for good.
func (w *worker) leave() error {
	if w.rng.IntN(3) == 0 {
		if !w.closed {
			c := jsonCall(http.MethodPost, w.path("/disqualify"), map[string]string{"kind": "rejected", "reason_id": w.reason})
			if _, err := w.command(c, true); err != nil {
				return err
			}
		}
		if _, err := w.command(call{method: http.MethodPost, path: w.path("/anonymise")}, true); err != nil {
			return err
		}
		w.in.report.count("applications erased", 1)
	}
	w.id = ""
	return nil
}

// sharedFor is how many commands one application is shared for.
const sharedFor = 200

// together comments on the application that all clients share.
func (w *worker) together() error {
	w.mu.Lock()
	id := w.shared
	if w.used++; w.used > sharedFor {
		id = ""
		w.used = 0
	}
	w.mu.Unlock()
	w.n++
	key := fmt.Sprintf("%s-%d", w.name, w.n)
	if id == "" {
		c := jsonCall(http.MethodPost, "/v1/applications", w.application())
		c.key = key
		g, err := w.give(w.rng, given{call: c, single: true})
		if err != nil {
			return err
		}
		made, err := g.first.made()
		if err != nil || made.ID == "" {
			return fmt.Errorf("%s: %d %s: %w", c.key, g.first.status, g.first.body, err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.shared = made.ID
		return nil
	}
	c := jsonCall(http.MethodPost, "/v1/applications/"+id+"/comments", map[string]string{"text": key})
	c.key = key
	// Refused, with 409, only when all others got in first ten times.
	_, err := w.give(w.rng, given{call: c, stream: "application-" + id, single: true})
	return err
}
