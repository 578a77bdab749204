package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/hirelog/hirelog/projections"
)

// buildProgress shows how far a build is: a bar on a terminal, else a line for each
// phase and one every few seconds. It is used by one goroutine at a time.
type buildProgress struct {
	w        io.Writer
	terminal bool
	phase    projections.Phase
	group    string
	told     time.Time
	drawn    bool // a bar stands in the terminal's last line
}

const tellEvery = 5 * time.Second

func newBuildProgress(w io.Writer) *buildProgress {
	p := &buildProgress{w: w}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// show is the Progress of a projections.RebuildOptions.
func (p *buildProgress) show(at projections.Progress) {
	changed := at.Phase != p.phase || at.Group != p.group
	line := describeProgress(at)
	if p.terminal {
		if changed {
			p.end()
		}
		_, _ = fmt.Fprintf(p.w, "\r%s %s\x1b[K", bar(done(at)), line)
		p.drawn = true
	} else if changed || time.Since(p.told) >= tellEvery {
		_, _ = fmt.Fprintln(p.w, line)
		p.told = time.Now()
	}
	p.phase, p.group = at.Phase, at.Group
}

// end leaves the bar where it is.
func (p *buildProgress) end() {
	if p.drawn {
		_, _ = fmt.Fprintln(p.w)
	}
	p.drawn = false
}

// done is how much of a phase is done, from 0 to 1.
func done(at projections.Progress) float64 {
	switch {
	case at.Phase == projections.Copying && at.Rows > 0:
		return float64(at.RowsDone) / float64(at.Rows)
	case at.Until.Commit > 0:
		return min(1, float64(at.At.Commit)/float64(at.Until.Commit))
	}
	return 1
}

func bar(part float64) string {
	const width = 30
	full := int(part * width)
	return fmt.Sprintf("[%s%s] %3.0f %%", strings.Repeat("=", full), strings.Repeat(" ", width-full), part*100)
}

// describeProgress says in one line how far a build is. How many events there are is
// not known before they are read: positions say roughly.
func describeProgress(at projections.Progress) string {
	line := string(at.Phase)
	if at.Group != "" {
		line += " " + at.Group
	}
	part := done(at)
	switch at.Phase {
	case projections.Reading:
		rate := float64(at.Events) / max(at.Elapsed.Seconds(), 0.001)
		line += fmt.Sprintf(": %d events", at.Events)
		if part > 0 && part < 1 {
			line += fmt.Sprintf(" of about %.0f, %.0f/s, %s left", float64(at.Events)/part, rate, left(at.Elapsed, part))
		}
	case projections.Copying:
		line += fmt.Sprintf(": %d of %d rows", at.RowsDone, at.Rows)
	case projections.Following, projections.Verifying, projections.Switching:
		line += ": at " + at.At.String()
		if at.At != at.Until {
			line += " of " + at.Until.String()
		}
	}
	return line
}

// left is how long the rest takes if it goes on as so far.
func left(elapsed time.Duration, part float64) time.Duration {
	return time.Duration(float64(elapsed) * (1 - part) / part).Round(time.Second)
}
