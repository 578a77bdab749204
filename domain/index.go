package domain

import (
	"iter"
	"maps"
)

// Index holds values by id, for states that are folded: With leaves the index it
// is called on as it was, and copies only about the square root of what it
// holds, so that a fold's cost does not grow with the length of a history. The
// zero value is empty. It is safe for concurrent use, as any value is.
type Index[V any] struct {
	base  map[string]V // shared by many indexes, never written to
	over  map[string]V // what is newer than base; never written to once in use
	count int
}

// leastOver is how many values an index keeps over its base at least.
const leastOver = 16

// Get returns the value of an id.
func (x Index[V]) Get(id string) (V, bool) {
	if v, ok := x.over[id]; ok {
		return v, true
	}
	v, ok := x.base[id]
	return v, ok
}

// Len is the number of ids.
func (x Index[V]) Len() int { return x.count }

// With returns x with a value for an id, in the place of the one it had.
func (x Index[V]) With(id string, v V) Index[V] {
	if _, known := x.Get(id); !known {
		x.count++
	}
	over := make(map[string]V, len(x.over)+1)
	maps.Copy(over, x.over)
	over[id] = v
	if len(over) >= leastOver && len(over)*len(over) >= len(x.base) {
		base := make(map[string]V, x.count)
		maps.Copy(base, x.base)
		maps.Copy(base, over)
		x.base, over = base, nil
	}
	x.over = over
	return x
}

// All yields all ids and their values, in no order.
func (x Index[V]) All() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for id, v := range x.over {
			if !yield(id, v) {
				return
			}
		}
		for id, v := range x.base {
			if _, newer := x.over[id]; !newer && !yield(id, v) {
				return
			}
		}
	}
}
