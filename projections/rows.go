package projections

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/readmodels"
)

// AnyTable is a *Rows[R], whatever its R.
type AnyTable interface {
	// Name is the table's name without schema.
	Name() string
	// Create returns the statements that create the table and its indexes.
	Create(schema string) string

	check() error
	begin()                            // forget every row; from now on what is needed is loaded
	load(b *pgx.Batch, schema string)  // queue the reading of what is needed
	write(b *pgx.Batch, schema string) // queue the writing of what changed
	fault() error                      // what the model did wrong since begin
	count() int                        // rows changed since begin
	keys() iter.Seq[string]            // of all rows in memory, in order
}

// Rows is the part of one table that is in memory: all of it when nothing is
// behind it, as in a rebuild or a unit test, or what one batch needs. It is not
// safe for concurrent use.
//
// Rows are given and taken by value; a slice in a row is never written into.
type Rows[R any] struct {
	table readmodels.Table[R]

	whole bool          // everything is in memory; absent means absent
	rows  map[string]*R // by key; nil for a row known to be absent
	// For each column of table.By and each value, the keys of the rows in memory
	// that have it.
	index map[string]map[string]map[string]struct{}
	dirty map[string]struct{} // keys put or deleted

	wanted   map[string]struct{}            // keys needed
	wantedBy map[string]map[string]struct{} // values needed, by column
	err      error                          // the first thing the model did wrong
}

// NewRows returns the empty rows of a table, with nothing behind them. It
// panics if the table's description contradicts itself.
func NewRows[R any](table readmodels.Table[R]) *Rows[R] {
	if err := table.Check(); err != nil {
		panic("projections: " + err.Error())
	}
	r := &Rows[R]{table: table}
	r.begin()
	r.whole = true
	return r
}

// Name implements AnyTable.
func (r *Rows[R]) Name() string { return r.table.Name }

// Create implements AnyTable.
func (r *Rows[R]) Create(schema string) string { return r.table.Create(schema) }

// Need asks for the row of a key, so that Get tells whether it exists.
func (r *Rows[R]) Need(key string) {
	if !r.whole && key != "" {
		r.wanted[key] = struct{}{}
	}
}

// NeedBy asks for all rows whose column, one of Table.By, has a value.
func (r *Rows[R]) NeedBy(column, value string) {
	if r.whole {
		return
	}
	if r.table.By[column] == nil {
		r.fail("is not looked up by %s", column)
		return
	}
	if r.wantedBy[column] == nil {
		r.wantedBy[column] = make(map[string]struct{})
	}
	r.wantedBy[column][value] = struct{}{}
}

// Get returns the row of a key. A row that was not needed, and not put or
// deleted before in this batch, is a fault of the model.
func (r *Rows[R]) Get(key string) (R, bool) {
	row, known := r.rows[key]
	if row != nil {
		return *row, true
	}
	if _, asked := r.wanted[key]; !known && !r.whole && !asked && key != "" {
		r.fail("row read that was not needed")
	}
	var none R
	return none, false
}

// Put writes a row over the one with its key, if there is one.
func (r *Rows[R]) Put(row R) {
	row = r.table.Normal(row)
	key := *r.table.Key(&row)
	if key == "" {
		r.fail("row put without a key")
		return
	}
	r.forget(key)
	r.hold(&row)
	r.dirty[key] = struct{}{}
}

// Delete removes the row of a key, if there is one.
func (r *Rows[R]) Delete(key string) {
	r.forget(key)
	r.rows[key] = nil
	r.dirty[key] = struct{}{}
}

// Select yields the rows whose column has a value, in the order of their keys.
// The rows may be changed meanwhile; what is yielded is as it was at the start.
func (r *Rows[R]) Select(column, value string) iter.Seq[R] {
	found := make([]R, 0, len(r.index[column][value]))
	if _, asked := r.wantedBy[column][value]; !asked && !r.whole {
		r.fail("rows selected by %s that were not needed", column)
	}
	for _, key := range slices.Sorted(maps.Keys(r.index[column][value])) {
		found = append(found, *r.rows[key])
	}
	return slices.Values(found)
}

// Each replaces the rows whose column has a value, in the order of their keys,
// by what change returns, or deletes those it does not keep.
func (r *Rows[R]) Each(column, value string, change func(R) (R, bool)) {
	for row := range r.Select(column, value) {
		key := *r.table.Key(&row)
		changed, keep := change(row)
		if !keep || *r.table.Key(&changed) != key {
			r.Delete(key)
		}
		if keep {
			r.Put(changed)
		}
	}
}

// All yields the rows in memory in the order of their keys.
func (r *Rows[R]) All() iter.Seq[R] {
	return func(yield func(R) bool) {
		for key := range r.keys() {
			if !yield(*r.rows[key]) {
				return
			}
		}
	}
}

func (r *Rows[R]) keys() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, key := range slices.Sorted(maps.Keys(r.rows)) {
			if r.rows[key] != nil && !yield(key) {
				return
			}
		}
	}
}

// hold takes a row into memory.
func (r *Rows[R]) hold(row *R) {
	key := *r.table.Key(row)
	r.rows[key] = row
	for column, field := range r.table.By {
		value := *field(row)
		if r.index[column][value] == nil {
			r.index[column][value] = make(map[string]struct{})
		}
		r.index[column][value][key] = struct{}{}
	}
}

// forget takes a row out of the look-ups.
func (r *Rows[R]) forget(key string) {
	row := r.rows[key]
	if row == nil {
		return
	}
	for column, field := range r.table.By {
		value := *field(row)
		delete(r.index[column][value], key)
		if len(r.index[column][value]) == 0 {
			delete(r.index[column], value)
		}
	}
}

func (r *Rows[R]) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("table %s: %w", r.table.Name, fmt.Errorf(format, args...))
	}
}

func (r *Rows[R]) fault() error { return r.err }
func (r *Rows[R]) count() int   { return len(r.dirty) }
func (r *Rows[R]) check() error { return r.table.Check() }

func (r *Rows[R]) begin() {
	r.whole = false
	r.rows = make(map[string]*R)
	r.index = make(map[string]map[string]map[string]struct{}, len(r.table.By))
	for column := range r.table.By {
		r.index[column] = make(map[string]map[string]struct{})
	}
	r.dirty = make(map[string]struct{})
	r.wanted = make(map[string]struct{})
	r.wantedBy = make(map[string]map[string]struct{})
	r.err = nil
}

// load queues one statement for the keys needed and one for each column rows
// are needed by.
func (r *Rows[R]) load(b *pgx.Batch, schema string) {
	take := func(rows pgx.Rows) error {
		for rows.Next() {
			row, err := r.table.Scan(rows)
			if err != nil {
				return err
			}
			r.hold(&row) // again, if two look-ups find it
		}
		return rows.Err()
	}
	if len(r.wanted) > 0 {
		b.Queue(r.table.SelectBy(schema, r.table.Columns[0].Name()), slices.Sorted(maps.Keys(r.wanted))).Query(take)
	}
	for _, column := range slices.Sorted(maps.Keys(r.wantedBy)) {
		b.Queue(r.table.SelectBy(schema, column), slices.Sorted(maps.Keys(r.wantedBy[column]))).Query(take)
	}
}

// write queues the rows that changed, in the order of their keys, so that two
// writers never wait for each other crosswise.
func (r *Rows[R]) write(b *pgx.Batch, schema string) {
	var deleted []string
	var put []R
	for _, key := range slices.Sorted(maps.Keys(r.dirty)) {
		if row := r.rows[key]; row != nil {
			put = append(put, *row)
		} else {
			deleted = append(deleted, key)
		}
	}
	if len(deleted) > 0 {
		b.Queue(r.table.DeleteSQL(schema), deleted)
	}
	if len(put) > 0 {
		b.Queue(r.table.UpsertSQL(schema), r.table.UpsertArgs(put)...)
	}
}
