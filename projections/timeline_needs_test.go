package projections

import (
	"testing"

	"github.com/hirelog/hirelog/domain/message"
)

// What becomes of a message needs one row of its application, however long the
// timeline of that is.
func TestMessagesDoNotLoadTimelines(t *testing.T) {
	t.Parallel()
	m := newTimeline()
	for _, table := range m.Tables() {
		table.begin()
	}
	const application = "8d0f8d1c-3b0e-4f0a-9a57-3d6a0c1f2b11"
	place := message.Place{Application: application}
	for _, e := range []message.Event{message.Written{Place: place}, message.Moved{From: application, To: application}, message.Closed{Place: place}} {
		m.Need(Fact{Aggregate: "9d0f8d1c-3b0e-4f0a-9a57-3d6a0c1f2b11", Body: e})
	}
	if n := len(m.entries.wantedBy); n != 0 {
		t.Errorf("rows of the timeline are needed by %d columns", n)
	}
	if _, ok := m.of.wanted[application]; !ok || len(m.of.wanted) != 1 {
		t.Errorf("needed are %v", m.of.wanted)
	}
}
