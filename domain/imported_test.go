package domain_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
)

// S2-105: an event of an import says so for ever; what happened here says
// nothing of it.
func TestAStampSaysWhatWasImported(t *testing.T) {
	at := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	for want, s := range map[string]domain.Stamp{
		`{"at":"2025-01-02T03:04:05Z","by":"system"}`:                 {At: at, By: domain.System},
		`{"at":"2025-01-02T03:04:05Z","by":"system","imported":true}`: {At: at, By: domain.System, FromImport: true},
	} {
		got, err := json.Marshal(s)
		if err != nil || string(got) != want {
			t.Errorf("stored as %s, %v; want %s", got, err, want)
		}
		var back domain.Stamp
		if err := json.Unmarshal(got, &back); err != nil || back != s || back.Imported() != s.FromImport {
			t.Errorf("read back as %+v, %v", back, err)
		}
	}
}
