package projections

import (
	"maps"
	"slices"
)

// keySet is a set of keys: most are small, a few are very large. The nil set is
// empty.
type keySet struct {
	few  []string
	many map[string]struct{} // instead of few, once there are more
}

const fewKeys = 16

func (s *keySet) add(key string) {
	switch {
	case s.many != nil:
		s.many[key] = struct{}{}
	case slices.Contains(s.few, key):
	case len(s.few) < fewKeys:
		s.few = append(s.few, key)
	default:
		s.many = make(map[string]struct{}, 2*fewKeys)
		for _, k := range s.few {
			s.many[k] = struct{}{}
		}
		s.many[key] = struct{}{}
		s.few = nil
	}
}

func (s *keySet) remove(key string) {
	if s.many != nil {
		delete(s.many, key)
		return
	}
	if i := slices.Index(s.few, key); i >= 0 {
		s.few = slices.Delete(s.few, i, i+1)
	}
}

func (s *keySet) size() int { return max(len(s.few), len(s.many)) }

func (s *keySet) sorted() []string {
	if s == nil {
		return nil
	}
	if s.many != nil {
		return slices.Sorted(maps.Keys(s.many))
	}
	return slices.Sorted(slices.Values(s.few))
}
