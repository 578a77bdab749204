package domain_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
)

// TestInZone holds S1-24..28: what a wall time means where clocks change.
func TestInZone(t *testing.T) {
	for _, c := range []struct {
		wall, zone, want string
		exists           bool
	}{
		{"2026-03-02T09:30", "UTC", "2026-03-02T09:30Z", true},
		{"2026-03-02T09:30", "Europe/Berlin", "2026-03-02T08:30Z", true},
		{"2026-07-02T09:30", "Europe/Berlin", "2026-07-02T07:30Z", true},
		{"2026-03-29T01:59", "Europe/Berlin", "2026-03-29T00:59Z", true},
		{"2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30Z", false}, // put forward
		{"2026-03-29T03:00", "Europe/Berlin", "2026-03-29T01:00Z", true},
		{"2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30Z", true}, // there twice
		{"2026-10-25T03:00", "Europe/Berlin", "2026-10-25T02:00Z", true},
		{"2026-03-08T02:15", "America/New_York", "2026-03-08T07:15Z", false},
		{"2026-11-01T01:15", "America/New_York", "2026-11-01T05:15Z", true},
		{"2026-01-01T00:10", "Pacific/Kiritimati", "2025-12-31T10:10Z", true},
		{"2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45Z", false}, // by half an hour
	} {
		zone, err := domain.ZoneOf(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		wall, err := domain.WallOf(c.wall)
		if err != nil {
			t.Fatal(err)
		}
		at, exists := domain.InZone(wall, zone)
		if got := at.UTC().Format("2006-01-02T15:04Z"); got != c.want || exists != c.exists {
			t.Errorf("%s in %s is %s, %v; want %s, %v", c.wall, c.zone, got, exists, c.want, c.exists)
		}
		if exists && at.Format(domain.WallLayout) != c.wall {
			t.Errorf("%s in %s reads %s there", c.wall, c.zone, at.Format(domain.WallLayout))
		}
	}
}

// The one rule holds for every minute around every change of a year.
func TestInZoneReadsBack(t *testing.T) {
	zone, err := domain.ZoneOf("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	for at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() == 2026; at = at.Add(17 * time.Minute) {
		local := at.In(zone)
		wall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), 0, 0, time.UTC)
		got, exists := domain.InZone(wall, zone)
		if back := at.Sub(got); !exists || back != 0 && back != time.Hour {
			t.Fatalf("%v reads %v there, which is %v, %v", at, wall, got, exists)
		}
	}
}

func TestZonesAndWallTimesThatAreNone(t *testing.T) {
	for _, name := range []string{"", "Local", "Mars/Olympus", "../etc/passwd"} {
		if _, err := domain.ZoneOf(name); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("zone %q: %v", name, err)
		}
	}
	for _, text := range []string{"", "2026-02-30T10:00", "2026-03-02", "2026-03-02T09:30Z", "2026-03-02T25:00"} {
		if _, err := domain.WallOf(text); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("wall time %q: %v", text, err)
		}
	}
}
