package freebusy

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/teambition/rrule-go"

	"github.com/hirelog/hirelog/internal/calendar"
)

// The forms of dates and times of RFC 5545.
const (
	utcLayout  = "20060102T150405Z"
	wallLayout = "20060102T150405"
	dayLayout  = "20060102"
)

// parse returns when an iCalendar object says somebody is busy: its free-busy
// components, and events that are neither cancelled nor transparent, with their
// recurrences. Times without zone are by the zone of the calendar, else UTC.
func parse(ctx context.Context, text string, from, to time.Time) ([]Interval, error) {
	all, err := calendar.Parse(ctx, text)
	if err != nil {
		return nil, err
	}
	if len(all.Components) > MaxEvents {
		return nil, fmt.Errorf("a calendar of more than %d entries", MaxEvents)
	}
	p := parsing{zone: time.UTC, from: from, to: to}
	for _, property := range all.CalendarProperties {
		if property.IANAToken == string(ics.PropertyXWRTimezone) {
			if p.zone, err = time.LoadLocation(property.Value); err != nil {
				return nil, fmt.Errorf("zone of the calendar: %w", err)
			}
		}
	}
	for _, b := range all.Busys() {
		if err := p.periods(b.GetProperties(ics.ComponentPropertyFreebusy)); err != nil {
			return nil, err
		}
	}
	changed := map[string][]time.Time{} // recurrences that are events of their own, by event
	for _, e := range all.Events() {
		if id := e.GetProperty(ics.ComponentPropertyRecurrenceId); id != nil {
			at, _, err := p.moment(id)
			if err != nil {
				return nil, err
			}
			changed[e.Id()] = append(changed[e.Id()], at)
		}
	}
	for _, e := range all.Events() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := p.event(ctx, e, changed[e.Id()]); err != nil {
			return nil, err
		}
	}
	return p.busy, nil
}

// parsing is what was found by now.
type parsing struct {
	zone     *time.Location
	from, to time.Time
	busy     []Interval
	steps    int // recurrences that were looked at
}

// maxRecurrences is the most recurrences of all events that are looked at: those
// of 25 events that go on every day for a hundred years.
const maxRecurrences = 1_000_000

// errRecurrences means that a calendar goes on for longer than is looked at.
var errRecurrences = errors.New("more recurrences than are looked at")

func (p *parsing) add(start, end time.Time) {
	if start.Before(p.to) && p.from.Before(end) {
		p.busy = append(p.busy, Interval{StartsAt: start, EndsAt: end})
	}
}

// periods takes what free-busy components say.
func (p *parsing) periods(properties []*ics.IANAProperty) error {
	for _, property := range properties {
		if kind := property.ICalParameters["FBTYPE"]; len(kind) > 0 && strings.EqualFold(kind[0], string(ics.FreeBusyTimeTypeFree)) {
			continue
		}
		for _, period := range strings.Split(property.Value, ",") {
			first, last, ok := strings.Cut(period, "/")
			start, err := time.Parse(utcLayout, first)
			if err != nil || !ok {
				return errors.New("a free-busy period that is none")
			}
			end, err := time.Parse(utcLayout, last)
			if err != nil {
				length, err := duration(last)
				if err != nil {
					return err
				}
				end = start.Add(length)
			}
			p.add(start, end)
		}
	}
	return nil
}

// event takes one event with its recurrences, but for those that are events of
// their own.
func (p *parsing) event(ctx context.Context, e *ics.VEvent, changed []time.Time) error {
	is := func(property ics.ComponentProperty, value string) bool {
		got := e.GetProperty(property)
		return got != nil && strings.EqualFold(got.Value, value)
	}
	if is(ics.ComponentPropertyTransp, string(ics.TransparencyTransparent)) || is(ics.ComponentPropertyStatus, string(ics.ObjectStatusCancelled)) {
		return nil
	}
	first := e.GetProperty(ics.ComponentPropertyDtStart)
	if first == nil {
		return nil // when it is, the calendar does not say
	}
	start, day, err := p.moment(first)
	if err != nil {
		return err
	}
	length, err := p.length(e, start, day)
	if err != nil {
		return err
	}
	rule := e.GetProperty(ics.ComponentPropertyRrule)
	if e.GetProperty(ics.ComponentPropertyRecurrenceId) != nil || rule == nil && e.GetProperty(ics.ComponentPropertyRdate) == nil {
		p.add(start, start.Add(length))
		return nil
	}
	set := rrule.Set{}
	set.DTStart(start)
	if rule != nil {
		option, err := rrule.StrToROptionInLocation(rule.Value, start.Location())
		if err != nil {
			return fmt.Errorf("recurrence: %w", err)
		}
		if option.Freq > rrule.DAILY || max(1, len(option.Byhour))*max(1, len(option.Byminute))*max(1, len(option.Bysecond)) > 24 {
			return errors.New("a recurrence by the hour, or more often")
		}
		option.Dtstart = start
		r, err := rrule.NewRRule(*option)
		if err != nil {
			return fmt.Errorf("recurrence: %w", err)
		}
		set.RRule(r)
	} else {
		set.RDate(start)
	}
	more, err := p.moments(e.GetProperties(ics.ComponentPropertyRdate))
	if err != nil {
		return err
	}
	not, err := p.moments(e.GetProperties(ics.ComponentPropertyExdate))
	if err != nil {
		return err
	}
	for _, at := range more {
		set.RDate(at)
	}
	for _, at := range append(not, changed...) {
		set.ExDate(at)
	}
	next := set.Iterator()
	for at, ok := next(); ok && at.Before(p.to); at, ok = next() {
		if p.steps++; p.steps > maxRecurrences || len(p.busy) > MaxEvents {
			return errRecurrences
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		p.add(at, at.Add(length))
	}
	return nil
}

// length is how long an event lasts that starts then, day saying that it is one
// of whole days.
func (p *parsing) length(e *ics.VEvent, start time.Time, day bool) (time.Duration, error) {
	if last := e.GetProperty(ics.ComponentPropertyDtEnd); last != nil {
		end, _, err := p.moment(last)
		return end.Sub(start), err
	}
	if lasts := e.GetProperty(ics.ComponentPropertyDuration); lasts != nil {
		return duration(lasts.Value)
	}
	if day {
		return 24 * time.Hour, nil
	}
	return 0, nil
}

// moments are all that properties name, in lists.
func (p *parsing) moments(properties []*ics.IANAProperty) ([]time.Time, error) {
	var all []time.Time
	for _, property := range properties {
		for _, value := range strings.Split(property.Value, ",") {
			one := *property
			one.Value, _, _ = strings.Cut(value, "/")
			at, _, err := p.moment(&one)
			if err != nil {
				return nil, err
			}
			all = append(all, at)
		}
	}
	return all, nil
}

// firstYear is the first of the calendar that RFC 5545 counts by. The library that
// counts recurrences fails in years that are far from it.
const firstYear = 1583

// moment reads a time, or a day, which begins at midnight.
func (p *parsing) moment(property *ics.IANAProperty) (at time.Time, day bool, err error) {
	at, day, err = p.anyMoment(property)
	if err == nil && at.Year() < firstYear {
		err = errors.New("a time before the calendar")
	}
	return at, day, err
}

func (p *parsing) anyMoment(property *ics.IANAProperty) (at time.Time, day bool, err error) {
	zone := p.zone
	if named := property.ICalParameters["TZID"]; len(named) > 0 {
		if zone, err = time.LoadLocation(named[0]); err != nil {
			// A wrong time would be worse than none.
			return at, false, errors.New("a zone that is not known")
		}
	}
	if at, err = time.Parse(utcLayout, property.Value); err == nil {
		return at, false, nil
	}
	if at, err = time.ParseInLocation(wallLayout, property.Value, zone); err == nil {
		return at, false, nil
	}
	if at, err = time.ParseInLocation(dayLayout, property.Value, zone); err == nil {
		return at, true, nil
	}
	return at, false, errors.New("a time that is none")
}

var durations = regexp.MustCompile(`^\+?P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?$`)

// duration reads a length of time.
func duration(text string) (time.Duration, error) {
	parts := durations.FindStringSubmatch(text)
	if parts == nil {
		return 0, errors.New("a duration that is none")
	}
	var sum time.Duration
	for i, unit := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(parts[i+1]) // digits, or nothing
		sum += time.Duration(n) * unit
	}
	return sum, nil
}
