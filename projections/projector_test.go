package projections_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/projections/projectionstest"
)

// history fills a log with n events of a few claims and holders.
func history(t *testing.T, n int, seed uint64) *eventlog.Memory {
	t.Helper()
	log := &eventlog.Memory{}
	if _, err := eventlog.Identify(t.Context(), log, stamp(0).At); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 0))
	holders := []string{"ann", `b"o\b`, "cy,{}", celebrate, deletes}
	for i := range n {
		fact := taken(i, holders[r.IntN(len(holders))])
		if r.IntN(4) == 0 {
			fact = released(i)
		}
		projectionstest.Append(t, log, claimStream(r.IntN(8)), fact)
	}
	return log
}

func TestTablesAreTheSameHoweverEventsAreDelivered(t *testing.T) {
	t.Parallel()
	_, dump := projectionstest.SameHoweverDelivered(t, history(t, 60, 1), toyGroup)
	for _, want := range []string{`"holder": "b\"o\\b"`, `"revisions": [0, `, `"at": "2026-01-02T03:04:`, fmt.Sprintf(`"note": "\\x%x`, "hurray")} {
		if !strings.Contains(dump, want) {
			t.Errorf("tables lack %s:\n%s", want, dump)
		}
	}
}
