package eventnode

import (
	"bytes"
	"math"
	"regexp"

	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// filter chooses events by the name of their stream or by their type. A nil
// filter chooses all.
type filter struct {
	byType   bool
	regex    *regexp.Regexp // or prefixes
	prefixes [][]byte
	// interval is how many events are looked at between two checkpoints.
	interval uint64
}

// defaultWindow is the server's own, when the client names none.
const defaultWindow = 32

func newFilter(o *pb.ReadReq_Options_FilterOptions) (*filter, error) {
	f := &filter{byType: o.GetEventType() != nil}
	expression := o.GetStreamIdentifier()
	if f.byType {
		expression = o.GetEventType()
	}
	for _, p := range expression.GetPrefix() {
		f.prefixes = append(f.prefixes, []byte(p))
	}
	if pattern := expression.GetRegex(); pattern != "" {
		// Servers use .NET's expressions. What Go's cannot say, look-ahead for
		// one, is refused here rather than understood in another way.
		regex, err := regexp.Compile(pattern)
		if err != nil {
			return nil, invalid("filter: " + err.Error() + " (this node uses RE2 syntax, which has no look-around)")
		}
		f.regex = regex
	}
	if f.regex == nil && len(f.prefixes) == 0 {
		return nil, invalid("filter has neither a regular expression nor a prefix")
	}
	window := uint64(o.GetMax())
	if window == 0 {
		window = defaultWindow
	}
	f.interval = window * uint64(o.GetCheckpointIntervalMultiplier())
	return f, nil
}

// forSubscription refuses what makes no sense in a subscription.
func (f *filter) forSubscription() error {
	if f != nil && f.interval == 0 {
		return invalid("filter: the checkpoint interval multiplier must be at least 1")
	}
	return nil
}

func (f *filter) matches(e *event) bool {
	if f == nil {
		return true
	}
	v := e.name
	if f.byType {
		v = e.typ
	}
	if f.regex != nil {
		return f.regex.Match(v)
	}
	for _, p := range f.prefixes {
		if bytes.HasPrefix(v, p) {
			return true
		}
	}
	return false
}

// noLimit is the number of events to read when there is no limit.
const noLimit = uint64(math.MaxUint64)
