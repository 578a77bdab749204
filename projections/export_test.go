package projections

import "sync"

// CrashAt returns options with which a build ends before a step as if its
// process had been killed.
func (o RebuildOptions) CrashAt(step string) RebuildOptions {
	o.step = func(name string) error {
		if name == step {
			return &crashError{name}
		}
		return nil
	}
	return o
}

// At returns options with which do is called before each step.
func (o RebuildOptions) At(do func(step string)) RebuildOptions {
	var mu sync.Mutex // tables are copied at once
	o.step = func(name string) error {
		mu.Lock()
		defer mu.Unlock()
		do(name)
		return nil
	}
	return o
}

// InChunks returns options with which so many events are folded at once, after
// which rows may go to the file.
func (o RebuildOptions) InChunks(events int) RebuildOptions {
	o.chunk = events
	return o
}
