package eventnode

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	ps "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// allName is how persistent subscriptions to $all name their source.
const allName = "$all"

// The strategies by which a group shares its events out.
const (
	strategySingle        = "DispatchToSingle"
	strategyRoundRobin    = "RoundRobin"
	strategyPinned        = "Pinned"
	strategyByCorrelation = "PinnedByCorrelation"
)

// groupKey names a group: several may have the same name at different sources.
type groupKey struct {
	source string // a stream, or $all
	group  string
}

func (k groupKey) checkpoints() string {
	return "$persistentsubscription-" + k.source + "::" + k.group + "-checkpoint"
}

func (k groupKey) parked() string {
	return "$persistentsubscription-" + k.source + "::" + k.group + "-parked"
}

// groupConfig is what is stored of a group. Counts are of events.
type groupConfig struct {
	Stream string        `json:"stream"`
	Group  string        `json:"group"`
	Filter *storedFilter `json:"filter,omitempty"`
	// StartFrom is what was asked for: a revision or "C:n/P:n", with -1 for the
	// end. Behind is where that was then; what is up to it is not delivered.
	StartFrom string `json:"startFrom"`
	Behind    place  `json:"behind"`

	ResolveLinks      bool   `json:"resolveLinkTos"`
	ExtraStatistics   bool   `json:"extraStatistics"`
	MessageTimeout    int64  `json:"messageTimeout"` // ms; 0 is never
	MaxRetryCount     int32  `json:"maxRetryCount"`
	CheckpointAfter   int64  `json:"checkPointAfter"` // ms; 0 is never
	MinCheckpoint     int32  `json:"minCheckPointCount"`
	MaxCheckpoint     int32  `json:"maxCheckPointCount"` // 0 is no limit
	MaxSubscribers    int32  `json:"maxSubscriberCount"` // 0 is no limit
	LiveBufferSize    int32  `json:"liveBufferSize"`
	HistoryBufferSize int32  `json:"historyBufferSize"`
	ReadBatchSize     int32  `json:"readBatchSize"`
	Strategy          string `json:"namedConsumerStrategy"`
}

func (c *groupConfig) key() groupKey { return groupKey{source: c.Stream, group: c.Group} }

func (c *groupConfig) messageTimeout() time.Duration { return milliseconds(c.MessageTimeout) }

func (c *groupConfig) checkpointAfter() time.Duration { return milliseconds(c.CheckpointAfter) }

func milliseconds(n int64) time.Duration {
	return time.Duration(min(n, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond
}

// place is how far a group has come: the last revision of its stream, or the
// last position of $all, that was dealt with. Before the first they are
// beforeStream and beforeAll.
type place int64

const (
	beforeStream = place(-1)
	beforeAll    = place(0)
)

// text is p as it is stored and shown.
func (p place) text(source string) string {
	if source == allName {
		return fmt.Sprintf("C:%d/P:%d", p, p)
	}
	return strconv.FormatInt(int64(p), 10)
}

// parsePlace reads what text has written.
func parsePlace(source, text string) (place, error) {
	if source == allName {
		commit, _, ok := strings.Cut(strings.TrimPrefix(text, "C:"), "/P:")
		if !ok {
			return 0, corrupt("%q is not a position", text)
		}
		text = commit
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < -1 {
		return 0, corrupt("%q is not a checkpoint", text)
	}
	return place(n), nil
}

// storedFilter is the filter of a group, as it was asked for.
type storedFilter struct {
	ByType     bool     `json:"byType"`
	Regex      string   `json:"regex,omitempty"`
	Prefixes   []string `json:"prefixes,omitempty"`
	Max        uint32   `json:"max,omitempty"`
	Multiplier uint32   `json:"checkpointIntervalMultiplier"`
}

func (s *storedFilter) filter() (*filter, error) {
	if s == nil {
		return nil, nil
	}
	expression := &pb.ReadReq_Options_FilterOptions_Expression{Regex: s.Regex, Prefix: s.Prefixes}
	o := &pb.ReadReq_Options_FilterOptions{CheckpointIntervalMultiplier: max(1, s.Multiplier)}
	if s.ByType {
		o.Filter = &pb.ReadReq_Options_FilterOptions_EventType{EventType: expression}
	} else {
		o.Filter = &pb.ReadReq_Options_FilterOptions_StreamIdentifier{StreamIdentifier: expression}
	}
	if s.Max > 0 {
		o.Window = &pb.ReadReq_Options_FilterOptions_Max{Max: s.Max}
	}
	return newFilter(o)
}

func storeFilter(o *ps.CreateReq_AllOptions_FilterOptions) *storedFilter {
	if o == nil {
		return nil
	}
	s := &storedFilter{ByType: o.GetEventType() != nil, Max: o.GetMax(), Multiplier: o.GetCheckpointIntervalMultiplier()}
	expression := o.GetStreamIdentifier()
	if s.ByType {
		expression = o.GetEventType()
	}
	s.Regex, s.Prefixes = expression.GetRegex(), expression.GetPrefix()
	return s
}

// startAt is where a group is asked to begin, and of which source. Requests to
// create and to update a group say it in types of their own.
type startAt struct {
	source   string
	end      bool
	revision uint64 // of the first event, or position
}

// createStart reads where a new group begins.
func createStart(o *ps.CreateReq_Options) (s startAt, err error) {
	if all := o.GetAll(); all != nil {
		s.source = allName
		switch v := all.GetAllOption().(type) {
		case *ps.CreateReq_AllOptions_Position:
			s.revision = v.Position.GetCommitPosition()
		case *ps.CreateReq_AllOptions_End:
			s.end = true
		case *ps.CreateReq_AllOptions_Start:
		default:
			err = errNoStart
		}
		return s, err
	}
	if stream := o.GetStream(); stream != nil {
		s.source = string(stream.GetStreamIdentifier().GetStreamName())
		switch v := stream.GetRevisionOption().(type) {
		case *ps.CreateReq_StreamOptions_Revision:
			s.revision = v.Revision
		case *ps.CreateReq_StreamOptions_End:
			s.end = true
		case *ps.CreateReq_StreamOptions_Start:
		default:
			err = errNoStart
		}
		return s, err
	}
	return oldStart(string(o.GetStreamIdentifier().GetStreamName()), o.GetSettings().GetRevision()), nil //nolint:staticcheck // clients before 21.10 say it so
}

// updateStart reads where a changed group begins if it has no checkpoint.
func updateStart(o *ps.UpdateReq_Options) (s startAt, err error) {
	if all := o.GetAll(); all != nil {
		s.source = allName
		switch v := all.GetAllOption().(type) {
		case *ps.UpdateReq_AllOptions_Position:
			s.revision = v.Position.GetCommitPosition()
		case *ps.UpdateReq_AllOptions_End:
			s.end = true
		case *ps.UpdateReq_AllOptions_Start:
		default:
			err = errNoStart
		}
		return s, err
	}
	if stream := o.GetStream(); stream != nil {
		s.source = string(stream.GetStreamIdentifier().GetStreamName())
		switch v := stream.GetRevisionOption().(type) {
		case *ps.UpdateReq_StreamOptions_Revision:
			s.revision = v.Revision
		case *ps.UpdateReq_StreamOptions_End:
			s.end = true
		case *ps.UpdateReq_StreamOptions_Start:
		default:
			err = errNoStart
		}
		return s, err
	}
	return oldStart(string(o.GetStreamIdentifier().GetStreamName()), o.GetSettings().GetRevision()), nil //nolint:staticcheck // clients before 21.10 say it so
}

var errNoStart = invalid("persistent subscription does not say where to begin")

func oldStart(stream string, revision uint64) startAt {
	return startAt{source: stream, revision: revision, end: revision == math.MaxUint64}
}

// begin sets where c begins.
func (c *groupConfig) begin(n *Node, s startAt) error {
	if s.revision >= math.MaxInt64 && !s.end {
		return invalid(fmt.Sprintf("%d is not a revision or position", s.revision))
	}
	first := place(s.revision)
	switch {
	case s.end && s.source == allName:
		c.StartFrom, c.Behind = place(-1).text(allName), place(n.durable.Load())
	case s.end:
		c.StartFrom, c.Behind = "-1", place(n.lastRevision(s.source))
	case s.source == allName:
		c.StartFrom, c.Behind = first.text(allName), max(beforeAll, first-1)
	default:
		c.StartFrom, c.Behind = first.text(s.source), first-1
	}
	return nil
}

// lastRevision returns the revision of the last event of a stream, -1 if it has
// none.
func (n *Node) lastRevision(stream string) int64 {
	st := n.streams.state(stream)
	if st.tombstoned() {
		return st.last - 1
	}
	return st.last
}

// settings is what requests to create and to update a group have in common.
type settings interface {
	GetResolveLinks() bool
	GetExtraStatistics() bool
	GetMaxRetryCount() int32
	GetMinCheckpointCount() int32
	GetMaxCheckpointCount() int32
	GetMaxSubscriberCount() int32
	GetLiveBufferSize() int32
	GetReadBatchSize() int32
	GetHistoryBufferSize() int32
	GetMessageTimeoutTicks() int64
	GetMessageTimeoutMs() int32
	GetCheckpointAfterTicks() int64
	GetCheckpointAfterMs() int32
}

// set takes over s and refuses what makes no sense.
func (c *groupConfig) set(s settings, strategy string) error {
	c.ResolveLinks, c.ExtraStatistics = s.GetResolveLinks(), s.GetExtraStatistics()
	c.MessageTimeout = int64(s.GetMessageTimeoutMs()) + s.GetMessageTimeoutTicks()/ticksPerMillisecond
	c.CheckpointAfter = int64(s.GetCheckpointAfterMs()) + s.GetCheckpointAfterTicks()/ticksPerMillisecond
	c.MaxRetryCount, c.MaxSubscribers = s.GetMaxRetryCount(), s.GetMaxSubscriberCount()
	c.MinCheckpoint, c.MaxCheckpoint = s.GetMinCheckpointCount(), s.GetMaxCheckpointCount()
	c.LiveBufferSize, c.HistoryBufferSize, c.ReadBatchSize = s.GetLiveBufferSize(), s.GetHistoryBufferSize(), s.GetReadBatchSize()
	c.Strategy = strategy
	switch strategy {
	case strategySingle, strategyRoundRobin, strategyPinned, strategyByCorrelation:
	default:
		return invalid(fmt.Sprintf("there is no consumer strategy %q", strategy))
	}
	if c.MessageTimeout < 0 || c.CheckpointAfter < 0 || c.MaxRetryCount < 0 || c.MaxSubscribers < 0 ||
		c.MinCheckpoint < 0 || c.MaxCheckpoint < 0 || c.LiveBufferSize < 0 || c.HistoryBufferSize < 0 || c.ReadBatchSize < 0 {
		return invalid("settings of a persistent subscription must not be negative")
	}
	return nil
}

const ticksPerMillisecond = 10_000

// buffer is how many events a group holds that no subscriber has room for.
func (c *groupConfig) buffer(live bool) int {
	size := c.HistoryBufferSize
	if live {
		size = c.LiveBufferSize
	}
	return int(min(max(size, 1), maxBufferCount))
}

const (
	// maxBufferCount and maxBufferBytes bound what a group holds whatever its
	// settings say, maxSlots and maxHeldBytes what a subscriber does. A group
	// remembers the order of maxSequence, settled ones between others counted.
	maxBufferCount = 100_000
	maxBufferBytes = 16 << 20
	maxSequence    = 4 * maxBufferCount
	maxSlots       = 10_000
	maxHeldBytes   = 16 << 20
	// maxQueued bounds what waits to be sent to a subscriber, in events.
	maxQueued = 512
)

// storedConfigs is the content of an event of the configuration's stream.
type storedConfigs struct {
	Version   string        `json:"version"`
	Updated   string        `json:"updated"`
	UpdatedBy string        `json:"updatedBy"`
	Entries   []groupConfig `json:"entries"`
}

const (
	configStream   = "$persistentSubscriptionConfig"
	configVersion  = "hirelog-1"
	typeConfig     = "$PersistentConfig"
	typeCheckpoint = "$SubscriptionCheckpoint"
)

// parseConfigs reads an event of the configuration's stream.
func parseConfigs(data []byte) ([]groupConfig, error) {
	var stored storedConfigs
	if err := json.Unmarshal(data, &stored); err != nil {
		return nil, fmt.Errorf("configuration of persistent subscriptions: %w", err)
	}
	if stored.Version != configVersion {
		return nil, fmt.Errorf("configuration of persistent subscriptions has version %q, this program knows %q", stored.Version, configVersion)
	}
	seen := map[groupKey]bool{}
	for i := range stored.Entries {
		c := &stored.Entries[i]
		if seen[c.key()] || c.Stream == "" || c.Group == "" {
			return nil, fmt.Errorf("configuration of persistent subscriptions: entry %d has no name of its own", i)
		}
		seen[c.key()] = true
	}
	return stored.Entries, nil
}
