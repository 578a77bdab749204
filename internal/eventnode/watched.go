package eventnode

import (
	"os"
	"slices"
	"sync"
	"time"
)

// watchInterval is how often it is looked at most whether files have changed.
const watchInterval = time.Second

// watched is what was last read from files that may be replaced while the node
// runs. It is read again when a file has another time or size than it had; what
// cannot be read then leaves the old value in force. Safe for concurrent use.
type watched[T any] struct {
	files  []string
	read   func() (T, error)
	failed func(error) // told about a change that could not be read
	now    func() time.Time

	mu     sync.Mutex
	value  T // guarded by mu, as all below
	looked time.Time

	// looking is held by who looks, reads and changes seen; others go on with the
	// old value.
	looking sync.Mutex
	seen    []fileMark // of what value, or the last failure, was read from
}

// fileMark tells one version of a file from another.
type fileMark struct {
	changed time.Time
	size    int64
}

// newWatched reads files for the first time, which must succeed.
func newWatched[T any](files []string, read func() (T, error), failed func(error)) (*watched[T], error) {
	w := &watched[T]{files: files, read: read, failed: failed, now: time.Now}
	w.seen, w.looked = w.marks(), w.now()
	var err error
	w.value, err = read()
	return w, err
}

// get returns what the files say now, or did up to a second ago, or before the
// reading of a change that is under way.
func (w *watched[T]) get() T {
	value, due := w.current()
	if !due || !w.looking.TryLock() {
		return value
	}
	defer w.looking.Unlock()
	w.look()
	value, _ = w.current()
	return value
}

// current returns the value in force, and whether the caller is to look for a
// newer one.
func (w *watched[T]) current() (value T, due bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	if due = now.Sub(w.looked) >= watchInterval; due {
		w.looked = now
	}
	return w.value, due
}

// look reads files that have changed. Reading may take long, so calls do not
// wait for it.
func (w *watched[T]) look() {
	marks := w.marks()
	if slices.Equal(marks, w.seen) {
		return
	}
	// Read after the marks were taken: a change in between is seen next time.
	w.seen = marks
	v, err := w.read()
	if err != nil {
		w.failed(err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.value = v
}

func (w *watched[T]) marks() []fileMark {
	marks := make([]fileMark, len(w.files))
	for i, name := range w.files {
		if info, err := os.Stat(name); err == nil {
			marks[i] = fileMark{changed: info.ModTime(), size: info.Size()}
		}
	}
	return marks
}
