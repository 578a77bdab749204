package readmodels

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// Table describes one table of a read model: where a row of R stands and how it
// is found. It is a value without state; all its methods may be called at once
// from several goroutines.
//
// What is written and read again is the same value: times are cut to
// microseconds in UTC, an empty array is nil. Keys and values rows are looked up
// by are compared as text, so an id has one spelling: lower case, with dashes.
type Table[R any] struct {
	// Name is without schema.
	Name string
	// Key is the primary key, a column of type uuid or text.
	Key func(*R) *string
	// Columns are all columns, the key first.
	Columns []Column[R]
	// Indexes are statements that create indexes, or say what statistics the
	// planner needs. In them {table} stands for the table with its schema and
	// {name} for its name alone.
	Indexes []string
	// By are the columns rows can be looked up by besides the key. They hold
	// text or ids and are never NULL. Each wants an index that begins with it.
	By map[string]func(*R) *string
}

// Column is one column of a table. Make it with Col or ArrayCol.
type Column[R any] struct {
	name   string
	typ    string // SQL type, without NOT NULL
	null   bool
	scan   func(*R) any       // where a value read from the column goes
	gather func(rows []R) any // the column's values of all rows, as one array parameter
	normal func(*R)           // makes the value what it reads as; nil if it is already
	array  bool               // gathered as text, to be cast
	codec  binaryCodec        // of COPY; without functions if there is none for the type
}

// Col is a column of sqlType (without NOT NULL: a V that can be nil may be NULL,
// any other may not). V is what pgx reads and writes for that type: string for
// text and uuid, int64, bool, time.Time, []byte for bytea, a struct for jsonb; a
// pointer for a value that may be absent.
func Col[R, V any](name, sqlType string, field func(*R) *V) Column[R] {
	c := Column[R]{
		name: name, typ: sqlType,
		scan: func(r *R) any { return field(r) },
		gather: func(rows []R) any {
			values := make(pgtype.FlatArray[V], len(rows))
			for i := range rows {
				values[i] = *field(&rows[i])
			}
			return values
		},
	}
	c.codec, _ = codecOf(sqlType)
	switch reflect.TypeFor[V]().Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		c.null = true
	default:
	}
	switch any(new(V)).(type) {
	case *time.Time:
		c.normal = func(r *R) {
			t := any(field(r)).(*time.Time) //nolint:errcheck,forcetypeassert // V is time.Time
			*t = instant(*t)
		}
	case **time.Time:
		c.normal = func(r *R) {
			t := any(field(r)).(**time.Time) //nolint:errcheck,forcetypeassert // V is *time.Time
			if *t != nil {
				at := instant(**t) // a new one: the old may be an event's own
				*t = &at
			}
		}
	}
	return c
}

// instant is t as Postgres keeps it.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// Element is what an array column may hold.
type Element interface {
	~string | ~int | ~int32 | ~int64
}

// ArrayCol is a column of an array type, such as uuid[], text[] or bigint[]. It
// is never NULL: nothing is the empty array.
func ArrayCol[R any, V Element](name, sqlType string, field func(*R) *[]V) Column[R] {
	codec, _ := codecOf(sqlType)
	return Column[R]{
		name: name, typ: sqlType, array: true, codec: codec,
		scan: func(r *R) any { return field(r) },
		// unnest takes an array of arrays apart down to its elements, so each
		// array travels as its text.
		gather: func(rows []R) any {
			values := make(pgtype.FlatArray[string], len(rows))
			for i := range rows {
				values[i] = arrayText(*field(&rows[i]))
			}
			return values
		},
		normal: func(r *R) {
			if v := field(r); len(*v) == 0 {
				*v = nil
			}
		},
	}
}

// arrayText writes values as Postgres reads an array.
func arrayText[V Element](values []V) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		switch v := reflect.ValueOf(v); v.Kind() {
		case reflect.String:
			quote(&b, v.String())
		default:
			b.WriteString(strconv.FormatInt(v.Int(), 10))
		}
	}
	b.WriteByte('}')
	return b.String()
}

// quote writes s as an element of an array's text.
func quote(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
}

// Create returns the statements that create the table in a schema, and then its
// indexes.
func (t Table[R]) Create(schema string) string {
	return t.CreateTable(schema) + t.CreateIndexes(schema)
}

// CreateTable returns the statement that creates the table without its indexes
// other than the primary key.
func (t Table[R]) CreateTable(schema string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (\n", t.in(schema))
	for i, c := range t.Columns {
		fmt.Fprintf(&b, "\t%s %s", c.name, c.typ)
		switch {
		case i == 0:
			b.WriteString(" PRIMARY KEY")
		case !c.null:
			b.WriteString(" NOT NULL")
		}
		if i < len(t.Columns)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString(");\n")
	return b.String()
}

// CreateIndexes returns the statements that create the indexes of the table.
func (t Table[R]) CreateIndexes(schema string) string {
	var b strings.Builder
	for _, index := range t.Indexes {
		b.WriteString(strings.NewReplacer("{table}", t.in(schema), "{name}", t.Name).Replace(index))
		b.WriteString(";\n")
	}
	return b.String()
}

// ColumnList is the names of all columns, the key first, for a SELECT whose rows
// Scan reads.
func (t Table[R]) ColumnList() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

// Scan reads a row of ColumnList, given a pgx.Row or pgx.Rows.
func (t Table[R]) Scan(row interface{ Scan(dest ...any) error }) (R, error) {
	var r R
	dest := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		dest[i] = c.scan(&r)
	}
	if err := row.Scan(dest...); err != nil {
		return r, fmt.Errorf("read %s: %w", t.Name, err)
	}
	return t.Normal(r), nil
}

// Normal returns r as it reads after it was written.
func (t Table[R]) Normal(r R) R {
	for _, c := range t.Columns {
		if c.normal != nil {
			c.normal(&r)
		}
	}
	return r
}

// SelectBy returns the statement that reads the rows whose column has one of the
// values of the array $1.
func (t Table[R]) SelectBy(schema, column string) string {
	return fmt.Sprintf("SELECT %s FROM %s WHERE %s = ANY($1::%s[])",
		t.ColumnList(), t.in(schema), column, t.typeOf(column))
}

// DeleteSQL returns the statement that deletes the rows whose keys are in the
// array $1.
func (t Table[R]) DeleteSQL(schema string) string {
	key := t.Columns[0]
	return fmt.Sprintf("DELETE FROM %s WHERE %s = ANY($1::%s[])", t.in(schema), key.name, key.typ)
}

// UpsertSQL returns the statement that writes rows over those of the same key.
// Its parameters are what UpsertArgs returns.
func (t Table[R]) UpsertSQL(schema string) string {
	var params, values, set []string
	for i, c := range t.Columns {
		typ, value := c.typ, "u."+c.name
		if c.array {
			typ, value = "text", value+"::"+c.typ
		}
		params = append(params, fmt.Sprintf("$%d::%s[]", i+1, typ))
		values = append(values, value)
		if i > 0 {
			set = append(set, c.name+" = excluded."+c.name)
		}
	}
	do := "NOTHING"
	if len(set) > 0 {
		do = "UPDATE SET " + strings.Join(set, ", ")
	}
	return fmt.Sprintf("INSERT INTO %s (%s)\nSELECT %s FROM unnest(%s) AS u(%s)\nON CONFLICT (%s) DO %s",
		t.in(schema), t.ColumnList(), strings.Join(values, ", "), strings.Join(params, ", "), t.ColumnList(), t.Columns[0].name, do)
}

// UpsertArgs returns the parameters of UpsertSQL for rows, none of which may
// have the key of another: one array for each column.
func (t Table[R]) UpsertArgs(rows []R) []any {
	args := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		args[i] = c.gather(rows)
	}
	return args
}

// Check returns an error when the description contradicts itself.
func (t Table[R]) Check() error {
	if t.Name == "" || t.Key == nil || len(t.Columns) == 0 {
		return fmt.Errorf("table %q needs a name, a key and columns", t.Name)
	}
	var r R
	if t.Columns[0].scan(&r) != any(t.Key(&r)) {
		return fmt.Errorf("table %s: the first column, %s, is not the key", t.Name, t.Columns[0].name)
	}
	for _, c := range t.Columns {
		if c.codec.write == nil {
			return fmt.Errorf("table %s: column %s: type %s has no binary form here, see codecOf", t.Name, c.name, c.typ)
		}
	}
	for column, field := range t.By {
		c := t.column(column)
		if c == nil || c.scan(&r) != any(field(&r)) {
			return fmt.Errorf("table %s: By names %s, which is not a column of that field", t.Name, column)
		}
	}
	return nil
}

func (t Table[R]) column(name string) *Column[R] {
	for i := range t.Columns {
		if t.Columns[i].name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

func (t Table[R]) typeOf(column string) string {
	if c := t.column(column); c != nil {
		return c.typ
	}
	return "text"
}

// in is the table's name with its schema; no schema means the search path.
func (t Table[R]) in(schema string) string {
	return strings.TrimPrefix(schema+"."+t.Name, ".")
}

// Name is the column's name.
func (c Column[R]) Name() string { return c.name }
