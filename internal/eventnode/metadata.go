package eventnode

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// streamMeta is what a stream's metadata say about which of its events are
// visible, and for whom. Other keys ($cacheControl, the user's own) are stored
// and not looked at.
type streamMeta struct {
	maxCount       int64 // 0: no limit
	maxAge         int64 // ticks, 0: no limit
	truncateBefore int64
	acl            *acl // nil: the metadata do not say
}

// softDeleted is the $tb of a deleted stream.
const softDeleted = int64(math.MaxInt64)

const ticksPerSecond = 10_000_000

func (m streamMeta) deleted() bool { return m.truncateBefore == softDeleted }

// parseMetadata reads the data of a $metadata event. Values that are no
// positive numbers are ignored, and so is all of it when it is not JSON: the
// server takes such metadata for none.
func parseMetadata(isJSON bool, data []byte) streamMeta {
	var stored map[string]json.RawMessage
	if !isJSON || json.Unmarshal(data, &stored) != nil {
		return streamMeta{}
	}
	positive := func(key string) int64 {
		n, err := strconv.ParseInt(string(stored[key]), 10, 64)
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	m := streamMeta{maxCount: positive("$maxCount"), truncateBefore: positive("$tb"), acl: parseACL(stored["$acl"])}
	if seconds := positive("$maxAge"); seconds > 0 {
		m.maxAge = min(seconds, math.MaxInt64/ticksPerSecond) * ticksPerSecond
	}
	return m
}

// deletedMetadata are the metadata of a deleted stream. They replace all
// others, as the server does it.
func deletedMetadata() []byte { return []byte(`{"$tb":` + strconv.FormatInt(softDeleted, 10) + `}`) }

// withTruncateBefore returns the metadata in data with another $tb, or false if
// they are no JSON object.
func withTruncateBefore(data []byte, tb int64) ([]byte, bool) {
	var stored map[string]json.RawMessage
	if json.Unmarshal(data, &stored) != nil || stored == nil {
		return nil, false
	}
	stored["$tb"] = json.RawMessage(strconv.FormatInt(tb, 10))
	out, err := json.Marshal(stored)
	return out, err == nil
}

// metaStream is the stream that holds the metadata of stream name.
func metaStream(name string) string { return "$$" + name }

// metaOf returns the stream whose metadata are in stream name.
func metaOf(name string) (string, bool) { return strings.CutPrefix(name, "$$") }

// flagsOf says how readers must treat an event of type typ in stream name.
func flagsOf(name, typ string) byte {
	var flags byte
	if own, ok := strings.CutPrefix(name, "$persistentsubscription-$all::"); ok &&
		(strings.HasSuffix(own, "-checkpoint") || strings.HasSuffix(own, "-parked")) {
		flags |= flagNotInAll // a subscription to $all would feed itself
	}
	if typ == typeLink {
		flags |= flagLink
	}
	return flags
}
