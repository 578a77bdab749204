package projections

// CrashAt returns options with which a build ends before a step as if its
// process had been killed, and steps tells the names of steps as they come.
func (o RebuildOptions) CrashAt(step string, steps func(string)) RebuildOptions {
	o.step = func(name string) error {
		if steps != nil {
			steps(name)
		}
		if name == step {
			return &crashError{name}
		}
		return nil
	}
	return o
}

// At returns options with which do is called before each step.
func (o RebuildOptions) At(do func(step string)) RebuildOptions {
	o.step = func(name string) error { do(name); return nil }
	return o
}
