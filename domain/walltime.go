package domain

import (
	"time"
	_ "time/tzdata" // zones are the same on every machine that brings none of its own
)

// WallLayout is how a wall time is written: a date and a time of day, to the
// minute, without a zone.
const WallLayout = "2006-01-02T15:04"

// ZoneOf returns the time zone with an IANA name. Errors: ErrInvalid.
func ZoneOf(name string) (*time.Location, error) {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil, ErrInvalid.Because("A time zone is named as in Europe/Berlin.")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, ErrInvalid.Because("There is no time zone of that name.")
	}
	return zone, nil
}

// WallOf reads a wall time. Errors: ErrInvalid.
func WallOf(text string) (time.Time, error) {
	wall, err := time.Parse(WallLayout, text)
	if err != nil {
		return wall, ErrInvalid.Because("A time is written as in 2026-03-02T09:30.")
	}
	return wall, nil
}

// InZone returns when a wall time is in a zone. Where clocks are put back, one is
// there twice: it is the first. Where they are put forward, one is not there:
// exists is false, and the instant is as if they had not been, so that 02:30
// becomes 03:30 (both as RFC 5545, 3.3.5, has it).
func InZone(wall time.Time, zone *time.Location) (at time.Time, exists bool) {
	read := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, time.UTC)
	// A day earlier and later there is the offset from before and after a change.
	before, after := offsetAt(read.Add(-24*time.Hour), zone), offsetAt(read.Add(24*time.Hour), zone)
	for _, offset := range []time.Duration{max(before, after), min(before, after)} {
		if at := read.Add(-offset); offsetAt(at, zone) == offset {
			return at.In(zone), true
		}
	}
	return read.Add(-before).In(zone), false
}

func offsetAt(at time.Time, zone *time.Location) time.Duration {
	_, seconds := at.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}
