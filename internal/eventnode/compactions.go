package eventnode

import "github.com/cockroachdb/pebble/v2"

// compactions are Pebble's, one at a time, of which none begins once the store
// stands still. One that cannot read its tables would fail, and be tried again
// at once, for ever.
type compactions struct {
	*pebble.ConcurrencyLimitScheduler
	faults *faultFS
}

func newCompactions(faults *faultFS) compactions {
	// The periodic granting it does without is for more than one at a time.
	return compactions{pebble.NewConcurrencyLimitSchedulerWithNoPeriodicGrantingForTest(), faults}
}

// Register implements pebble.CompactionScheduler.
func (c compactions) Register(goroutines int, db pebble.DBForCompaction) {
	c.ConcurrencyLimitScheduler.Register(goroutines, compacted{db, c.faults})
}

// compacted is what is compacted.
type compacted struct {
	pebble.DBForCompaction
	faults *faultFS
}

// GetAllowedWithoutPermission implements pebble.DBForCompaction.
func (c compacted) GetAllowedWithoutPermission() int {
	if c.faults.err() != nil {
		return 0
	}
	return c.DBForCompaction.GetAllowedWithoutPermission()
}
