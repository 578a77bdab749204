package eventnode

import (
	"encoding/json"
	"hash/fnv"
	"strings"
)

// choose returns the subscriber that gets m, or nil if it has to wait.
func (g *group) choose(m *message) *subscriber {
	switch g.cfg.Strategy {
	case strategyRoundRobin:
		for range g.subscribers {
			s := g.subscribers[g.turn%len(g.subscribers)]
			g.turn++
			if s.free() {
				return s
			}
		}
	case strategyPinned, strategyByCorrelation:
		if s := g.pinned(m); s.free() {
			return s
		}
	default:
		for _, s := range g.subscribers {
			if s.free() {
				return s
			}
		}
	}
	return nil
}

// pinned returns the subscriber the events of m's stream or correlation go to:
// the same one while it is connected, and only its own move when it leaves.
func (g *group) pinned(m *message) *subscriber {
	if m.pin == 0 {
		m.pin = hash(g.pinKey(m)) | 1
	}
	var best *subscriber
	var most uint64
	for _, s := range g.subscribers {
		// The subscriber with the greatest hash of both: rendezvous hashing.
		h := (m.pin ^ s.pin) * 0x9E3779B97F4A7C15
		h = (h ^ h>>32) * 0xD6E8FEB86659FD93
		h ^= h >> 29
		if best == nil || h > most {
			best, most = s, h
		}
	}
	return best
}

// pinKey is what the pinning strategies keep together: for a link, what it
// points at.
func (g *group) pinKey(m *message) string {
	name := string(m.name)
	resp, err := unpack(&m.event)
	if err != nil {
		return name // it is damaged, and delivering it will say so
	}
	r := resp.GetEvent().GetEvent()
	if m.flags&flagLink != 0 {
		if _, target, ok := strings.Cut(string(r.GetData()), "@"); ok {
			name = target
		}
	}
	if g.cfg.Strategy == strategyByCorrelation {
		var custom struct {
			ID string `json:"$correlationId"`
		}
		if json.Unmarshal(r.GetCustomMetadata(), &custom) == nil && custom.ID != "" {
			return custom.ID
		}
	}
	return name
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // never fails
	return h.Sum64()
}
