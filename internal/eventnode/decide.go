package eventnode

import "github.com/google/uuid"

// decide answers r and puts what it writes into u. It follows EventStoreDB: what
// an expected revision means, and when an append counts as a repeated one, is
// the server's.
func (w *writer) decide(u *unit, r *request) {
	u.requests = append(u.requests, r)
	if r.kind == kindSweep {
		r.outcome = w.sweep(u, r)
		return
	}
	s := w.n.streams.get(r.stream)
	if s == nil {
		s = &stream{name: r.stream, last: -1} // kept only if something is written
	}
	if s.last == tombstoneRevision {
		r.outcome = outcome{verdict: streamDeleted}
		return
	}
	answer, done := w.checkExpected(u, s, r)
	if !done {
		answer = w.write(u, s, r)
	}
	r.outcome = answer
}

// checkExpected reports whether r is answered without being written.
func (w *writer) checkExpected(u *unit, s *stream, r *request) (outcome, bool) {
	wrong := outcome{verdict: wrongRevision, current: s.last}
	if r.expected == expectExists {
		if s.meta.deleted() {
			return outcome{verdict: streamDeleted}, true
		}
		if s.last < 0 && !w.hasMetadata(s) {
			return wrong, true
		}
	}
	switch {
	case r.expected == expectAny || r.expected == expectExists:
		return w.repeatedRecently(s, r)
	case r.expected > s.last:
		return wrong, true
	case r.expected < s.last:
		return w.repeatedExactly(u, s, r)
	}
	return outcome{}, false
}

func (w *writer) hasMetadata(s *stream) bool {
	m := w.n.streams.get(metaStream(s.name))
	return m != nil && m.last >= 0 && m.last != tombstoneRevision
}

// repeatedRecently recognises an append that expects no exact revision by the
// ids of recent events.
func (w *writer) repeatedRecently(s *stream, r *request) (outcome, bool) {
	var last recentEvent
	for i := range r.events {
		e, known := w.recent.find(s.id, r.events[i].id)
		switch {
		case !known && i == 0:
			return outcome{}, false
		case !known:
			return outcome{verdict: wrongRevision, current: s.last}, true
		}
		last = e
	}
	if len(r.events) == 0 {
		return outcome{}, false
	}
	return outcome{last: last.rev, pos: last.pos}, true
}

// repeatedExactly compares an append that expects a revision the stream has
// left behind with what was written after that revision.
func (w *writer) repeatedExactly(u *unit, s *stream, r *request) (outcome, bool) {
	wrong := outcome{verdict: wrongRevision, current: s.last}
	// A deleted stream may be begun again as if it had never been there.
	startsAgain := r.expected == expectNoStream && s.meta.deleted()
	if len(r.events) == 0 {
		// A delete or tombstone repeats nothing.
		return wrong, !(startsAgain && r.kind != kindAppend)
	}
	var answer outcome
	for i := range r.events {
		rev := r.expected + 1 + int64(i)
		if rev > s.last {
			return wrong, true
		}
		if rev < s.removed.Load() {
			// What was there is gone, so nobody knows whether this repeats it.
			return wrong, !(i == 0 && startsAgain)
		}
		e, err := w.written(u, s, rev)
		if err != nil {
			return outcome{verdict: faulty, err: err}, true
		}
		if e.id != r.events[i].id {
			return wrong, !(i == 0 && startsAgain)
		}
		answer = outcome{last: rev, pos: e.pos}
	}
	return answer, true
}

// written returns where event rev of s is, also if it is in no commit yet.
func (w *writer) written(u *unit, s *stream, rev int64) (indexEntry, error) {
	for i := len(u.events) - 1; i >= 0; i-- {
		if e := &u.events[i]; e.stream == s.id && e.revision == rev {
			return indexEntry{pos: e.pos, id: e.id}, nil
		}
	}
	return readIndex(w.n.db, s.id, rev)
}

// write puts into u what r asks for.
func (w *writer) write(u *unit, s *stream, r *request) outcome {
	switch {
	case r.kind == kindDelete:
		return w.softDelete(u, s)
	case r.kind == kindAppend && len(r.events) == 0:
		return outcome{last: s.last}
	}
	s = w.n.streams.add(s.name)
	u.appends++
	if r.kind == kindTombstone {
		pos := w.put(u, s, tombstoneRevision, &proposed{id: uuid.New(), typ: typeTombstone})
		return outcome{last: tombstoneRevision, pos: pos}
	}
	first := s.last + 1
	original := w.deletedOriginal(s)
	var answer outcome
	for i := range r.events {
		answer.pos = w.put(u, s, s.last+1, &r.events[i])
	}
	answer.last = s.last
	if s.meta.deleted() {
		w.undelete(u, s, s.rawMeta, first)
	}
	if last := &r.events[len(r.events)-1]; original != nil && last.json {
		w.undelete(u, original, last.data, original.last+1)
	}
	return answer
}

// softDelete hides all events of s from readers.
func (w *writer) softDelete(u *unit, s *stream) outcome {
	if s.last < 0 && !w.hasMetadata(s) {
		return outcome{verdict: wrongRevision, current: -1}
	}
	holder := w.n.streams.add(metaStream(s.name))
	if holder.last == tombstoneRevision {
		return outcome{verdict: streamDeleted}
	}
	u.appends++
	pos := w.put(u, holder, holder.last+1, &proposed{id: uuid.New(), typ: typeMetadata, json: true, data: deletedMetadata()})
	return outcome{last: s.last, pos: pos}
}

// deletedOriginal returns the stream whose metadata s holds, if that stream is
// deleted and so comes back when s is written; else nil.
func (w *writer) deletedOriginal(s *stream) *stream {
	name, isMeta := metaOf(s.name)
	if !isMeta {
		return nil
	}
	of := w.n.streams.get(name)
	if of == nil || of.last == tombstoneRevision || !of.meta.deleted() {
		return nil
	}
	return of
}

// undelete makes the events of s from revision first on visible, and keeps what
// else its metadata say. Metadata that are no JSON object hide nothing, so
// there is nothing to correct.
func (w *writer) undelete(u *unit, s *stream, metadata []byte, first int64) {
	data, ok := withTruncateBefore(metadata, first)
	if !ok {
		return
	}
	holder := w.n.streams.add(metaStream(s.name))
	w.put(u, holder, holder.last+1, &proposed{id: uuid.New(), typ: typeMetadata, json: true, data: data})
}
