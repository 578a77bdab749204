package eventnode

import (
	"os"
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
	value  T          // guarded by mu, as all below
	seen   []fileMark // of what value, or the last failure, was read from
	looked time.Time
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

// get returns what the files say now, or did up to a second ago.
func (w *watched[T]) get() T {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := w.now(); now.Sub(w.looked) >= watchInterval {
		w.looked = now
		w.look()
	}
	return w.value
}

func (w *watched[T]) look() {
	marks := w.marks()
	same := true
	for i := range marks {
		same = same && marks[i] == w.seen[i]
	}
	if same {
		return
	}
	// Read after the marks were taken: a change in between is seen next time.
	w.seen = marks
	v, err := w.read()
	if err != nil {
		w.failed(err)
		return
	}
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
