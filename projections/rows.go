package projections

import (
	"context"
	"fmt"
	"io"
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

	begin()                            // forget every row; from now on what is needed is loaded
	load(b *pgx.Batch, schema string)  // queue the reading of what is needed
	write(b *pgx.Batch, schema string) // queue the writing of what changed
	fault() error                      // what the model did wrong since begin
	keys() iter.Seq[string]            // of all rows in memory, in order

	bulkTable
}

// bulkTable is what a table does in a rebuild, where nothing is behind its rows:
// what was put is packed when its facts have been applied, and unpacked when it
// is asked for again.
type bulkTable interface {
	beginWhole(dir string) // forget every row; from now on everything is here, what is too much in a file of a folder
	end() error            // give the file back
	mark()                 // what is put or deleted from here on can be undone
	undo()                 // back to the mark
	stage() error          // pack what was put or deleted since the rows were packed last; undo can still undo it
	pack()                 // keep what was staged; the mark is here
	weight() int           // what packed rows take in memory, in bytes
	spill() error          // write packed rows to the file
	size() int             // packed rows, wherever they are

	create(schema string) string // the statements that create the table without indexes
	copySQL(schema string) string
	createIndexes(schema string) string // and the primary key
	copyTo(ctx context.Context, w io.Writer) error
	key() string // the name of the key's column
}

// Rows is the part of one table that is in memory: all of it when nothing is
// behind it, as in a rebuild or a unit test, or what one batch needs. It is not
// safe for concurrent use.
//
// Rows are given and taken by value; a slice in a row is never written into.
type Rows[R any] struct {
	table   readmodels.Table[R]
	lookups []lookup[R] // one for each column of table.By, by name

	whole bool                // everything is here; absent means absent
	rows  map[string]*R       // by key; nil for a row known to be absent
	dirty map[string]struct{} // keys put or deleted

	wanted   map[string]struct{}            // keys needed
	wantedBy map[string]map[string]struct{} // values needed, by column
	err      error                          // the first thing the model did wrong

	packed *packedRows // those that are not in rows; nil if none are packed
	staged stagedRows
	marked bool
	undone []change[R] // what undo puts back, the last first
}

// change is what a key had before it was put or deleted.
type change[R any] struct {
	key    string
	before *R
	dirty  bool // it had been put or deleted before
}

// lookup knows for each value of a column the keys of the rows that have it.
type lookup[R any] struct {
	column string
	field  func(*R) *string
	keys   map[string]*keySet
}

// NewRows returns the empty rows of a table, with nothing behind them. It
// panics if the table's description contradicts itself.
func NewRows[R any](table readmodels.Table[R]) *Rows[R] {
	if err := table.Check(); err != nil {
		panic("projections: " + err.Error())
	}
	r := &Rows[R]{table: table}
	for _, column := range slices.Sorted(maps.Keys(table.By)) {
		r.lookups = append(r.lookups, lookup[R]{column: column, field: table.By[column]})
	}
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
	row, known := r.find(key)
	if row != nil {
		return *row, true
	}
	if _, asked := r.wanted[key]; !known && !r.whole && !asked && key != "" {
		r.fail("row read that was not needed")
	}
	var none R
	return none, false
}

// find returns the row of a key, unpacked if it is packed.
func (r *Rows[R]) find(key string) (row *R, known bool) {
	if row, known = r.rows[key]; known || r.packed == nil {
		return row, known
	}
	data, there, err := r.packed.read(key)
	if err != nil {
		r.broken(err)
	}
	if !there || err != nil {
		return nil, false
	}
	read, err := r.table.ReadBinary(data)
	if err != nil {
		r.broken(err)
		return nil, false
	}
	// It has kept its places in the look-ups.
	r.rows[key] = &read
	return &read, true
}

// Put writes a row over the one with its key, if there is one.
func (r *Rows[R]) Put(row R) {
	row = r.table.Normal(row)
	key := *r.table.Key(&row)
	if key == "" {
		r.fail("row put without a key")
		return
	}
	r.replace(key, &row)
}

// Delete removes the row of a key, if there is one.
func (r *Rows[R]) Delete(key string) { r.replace(key, nil) }

// replace puts a row, or none, in the place of the one with its key.
func (r *Rows[R]) replace(key string, row *R) {
	before, _ := r.find(key)
	if r.marked {
		_, dirty := r.dirty[key]
		r.undone = append(r.undone, change[R]{key, before, dirty})
	}
	r.dirty[key] = struct{}{}
	r.set(key, before, row)
}

func (r *Rows[R]) set(key string, before, row *R) {
	for i := range r.lookups {
		l := &r.lookups[i]
		if before != nil && row != nil && *l.field(before) == *l.field(row) {
			continue // a set may be large, and is left alone
		}
		if before != nil {
			l.remove(*l.field(before), key)
		}
		if row != nil {
			l.add(*l.field(row), key)
		}
	}
	r.rows[key] = row
}

func (l *lookup[R]) add(value, key string) {
	set := l.keys[value]
	if set == nil {
		set = &keySet{}
		l.keys[value] = set
	}
	set.add(key)
}

func (l *lookup[R]) remove(value, key string) {
	set := l.keys[value]
	if set == nil {
		return
	}
	set.remove(key)
	if set.size() == 0 {
		delete(l.keys, value)
	}
}

// found returns the keys of the rows whose column has a value, in order.
func (r *Rows[R]) found(column, value string) []string {
	for i := range r.lookups {
		if l := &r.lookups[i]; l.column == column {
			return l.keys[value].sorted()
		}
	}
	return nil
}

// Select yields the rows whose column has a value, in the order of their keys.
// The rows may be changed meanwhile; what is yielded is as it was at the start.
func (r *Rows[R]) Select(column, value string) iter.Seq[R] {
	if _, asked := r.wantedBy[column][value]; !asked && !r.whole {
		r.fail("rows selected by %s that were not needed", column)
	}
	keys := r.found(column, value)
	found := make([]R, 0, len(keys))
	for _, key := range keys {
		if row, _ := r.find(key); row != nil {
			found = append(found, *row)
		}
	}
	return slices.Values(found)
}

// Any reports whether there are rows whose column has a value.
func (r *Rows[R]) Any(column, value string) bool {
	if _, asked := r.wantedBy[column][value]; !asked && !r.whole {
		r.fail("rows looked for by %s that were not needed", column)
	}
	for i := range r.lookups {
		if l := &r.lookups[i]; l.column == column {
			return l.keys[value] != nil
		}
	}
	return false
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

func (r *Rows[R]) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("table %s: %w", r.table.Name, fmt.Errorf(format, args...))
	}
}

func (r *Rows[R]) fault() error { return r.err }

func (r *Rows[R]) begin() {
	r.whole, r.marked = false, false
	r.rows = make(map[string]*R)
	for i := range r.lookups {
		r.lookups[i].keys = make(map[string]*keySet)
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
			key := *r.table.Key(&row)
			r.set(key, r.rows[key], &row) // again, if two look-ups find it
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
