package calendar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	ics "github.com/arran4/golang-ical"
)

// Limits of objects that others send. The library takes, for every parameter of a
// line, time and space by the length of the line, and calls itself for every
// component in another.
const (
	MaxLines      = 200_000 // a calendar of 10,000 events has as many
	maxHead       = 4 << 10 // bytes of an unfolded line before its value
	maxParameters = 50      // values of parameters of a line
	maxNested     = 8       // components in components
)

var (
	errLines      = errors.New("a calendar of too many lines")
	errParameters = errors.New("a calendar with a line of too many parameters")
	errNested     = errors.New("a calendar of too many components in components")
)

// Parse reads an object that somebody sent. It takes no longer than its length says.
// Errors: that of ctx, if it ends before; else the object is none that is read.
func Parse(ctx context.Context, object string) (*ics.Calendar, error) {
	if err := check(ctx, object); err != nil {
		return nil, err
	}
	c, err := ics.ParseCalendar(stopping{ctx, strings.NewReader(object)})
	if err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	return c, nil
}

// check refuses an object that the library would take long for.
func check(ctx context.Context, object string) error {
	lines := ics.NewCalendarStream(stopping{ctx, strings.NewReader(object)})
	nested := 0
	for range MaxLines {
		line, err := lines.ReadLine()
		if line != nil {
			name, ok := head(string(*line))
			switch {
			case !ok:
				return errParameters
			case name == "BEGIN":
				nested++
			case name == "END":
				nested--
			}
			if nested > maxNested {
				return errNested
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return errLines
}

// head reads the name of an unfolded line and passes its parameters, as the library
// does it. ok is false if there are more than are read. A line that breaks off is ok:
// there the library stops, too.
func head(line string) (name string, ok bool) {
	start, at := token(line, 0)
	name = line[start:at]
	values := 0
	for at < len(line) && line[at] == ';' {
		_, at = token(line, at+1)
		if at >= len(line) || line[at] != '=' {
			break
		}
		for more := true; more; more = at < len(line) && line[at] == ',' {
			if values++; values > maxParameters {
				return name, false
			}
			at = parameter(line, at+1)
		}
	}
	return name, at <= maxHead
}

// token returns where the next name in a line starts and ends.
func token(line string, from int) (start, end int) {
	named := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-'
	}
	start = strings.IndexFunc(line[from:], named)
	if start < 0 {
		return len(line), len(line)
	}
	start += from
	length := strings.IndexFunc(line[start:], func(r rune) bool { return !named(r) })
	if length < 0 {
		return start, len(line)
	}
	return start, start + length
}

// parameter returns where the value of a parameter ends: a backslash takes the next
// character's meaning, and quotation marks that of those in them.
func parameter(line string, at int) int {
	quoted := at < len(line) && line[at] == '"'
	if quoted {
		at++
	}
	for ; at < len(line); at++ {
		switch c := line[at]; {
		case c == '\\':
			at++
		case quoted && c == '"':
			return at + 1
		case !quoted && (c == ';' || c == ':' || c == ','):
			return at
		}
	}
	return min(at, len(line))
}

// stopping reads until the context ends.
type stopping struct {
	ctx context.Context // it lives as long as one call
	r   io.Reader
}

func (s stopping) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}
