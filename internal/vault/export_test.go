package vault

// FailAt makes rotations stop with err when they reach a step.
func (v *Vault) FailAt(step string, err error) {
	v.step = func(name string) error {
		if name == step {
			return err
		}
		return nil
	}
}

// OnStep calls f at each step of a rotation.
func (v *Vault) OnStep(f func(name string)) {
	v.step = func(name string) error { f(name); return nil }
}

// NormalEmail is the form addresses are compared in.
func NormalEmail(s string) string { return normalEmail(s) }

// RewrapBatch is how many wraps a rotation makes in one transaction.
const RewrapBatch = rewrapBatch

// CacheTurn tells the cache that a rotation has ended.
func (v *Vault) CacheTurn() { v.cache.turn() }

// KnowsForgotten reports whether a key is among those never to be opened.
func (v *Vault) KnowsForgotten(keyID string) bool {
	id, err := parseID("key", keyID)
	return err == nil && v.cache.knowsForgotten(id)
}

// Tampered, for tests that look at single steps.
var (
	Pad   = pad
	Unpad = unpad
)
