package readmodels

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// CreateBare returns the statement that creates the table without any index, to
// be filled by COPY; CreateKey and CreateIndexes make it the table that Create
// makes.
func (t Table[R]) CreateBare(schema string) string {
	return strings.Replace(t.CreateTable(schema), " PRIMARY KEY", " NOT NULL", 1)
}

// CreateKey returns the statement that adds the primary key.
func (t Table[R]) CreateKey(schema string) string {
	return fmt.Sprintf("ALTER TABLE %s ADD PRIMARY KEY (%s);\n", t.in(schema), t.Columns[0].name)
}

// CopySQL returns the statement that takes rows as AppendBinary writes them,
// between CopyHeader and CopyTrailer, into a table created in the same
// transaction.
func (t Table[R]) CopySQL(schema string) string {
	return fmt.Sprintf("COPY %s (%s) FROM STDIN WITH (FORMAT binary, FREEZE)", t.in(schema), t.ColumnList())
}

// CopyHeader and CopyTrailer stand before and behind the rows of a binary COPY.
func CopyHeader() []byte { return []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00") }

// CopyTrailer is the other end of CopyHeader.
func CopyTrailer() []byte { return []byte{0xff, 0xff} }

// AppendBinary appends a row to buf as a binary COPY takes it.
// Errors: a value that Postgres would not take for its column.
func (t Table[R]) AppendBinary(buf []byte, row *R) ([]byte, error) {
	buf = binary.BigEndian.AppendUint16(buf, uint16(len(t.Columns))) //nolint:gosec // a table has few columns
	for _, c := range t.Columns {
		at := len(buf)
		buf = append(buf, 0, 0, 0, 0)
		v := reflect.ValueOf(c.scan(row)).Elem()
		if isNull(v) {
			binary.BigEndian.PutUint32(buf[at:], 0xffffffff)
			continue
		}
		var err error
		if buf, err = c.codec.write(buf, reflect.Indirect(v)); err != nil {
			return nil, fmt.Errorf("table %s, column %s: %w", t.Name, c.name, err)
		}
		binary.BigEndian.PutUint32(buf[at:], uint32(len(buf)-at-4)) //nolint:gosec // an event is below 1 MiB
	}
	return buf, nil
}

// errBinary means that data is not what AppendBinary wrote.
var errBinary = errors.New("not a binary row of this table")

// ReadBinary reads a row that AppendBinary wrote.
func (t Table[R]) ReadBinary(data []byte) (R, error) {
	var r R
	if len(data) < 2 || int(binary.BigEndian.Uint16(data)) != len(t.Columns) {
		return r, errBinary
	}
	data = data[2:]
	for _, c := range t.Columns {
		if len(data) < 4 {
			return r, errBinary
		}
		n := int32(binary.BigEndian.Uint32(data)) //nolint:gosec // -1 is NULL
		data = data[4:]
		if n < 0 {
			continue
		}
		if len(data) < int(n) {
			return r, errBinary
		}
		v := reflect.ValueOf(c.scan(&r)).Elem()
		if v.Kind() == reflect.Pointer {
			v.Set(reflect.New(v.Type().Elem()))
			v = v.Elem()
		}
		if err := c.codec.read(data[:n], v); err != nil {
			return r, fmt.Errorf("table %s, column %s: %w", t.Name, c.name, err)
		}
		data = data[n:]
	}
	return t.Normal(r), nil
}

// isNull reports whether a column holds NULL: a nil pointer or nil bytes. A nil
// slice of an array column is the empty array.
func isNull(v reflect.Value) bool {
	return v.Kind() == reflect.Pointer && v.IsNil() ||
		v.Kind() == reflect.Slice && v.IsNil() && v.Type().Elem().Kind() == reflect.Uint8
}

// binaryCodec writes and reads the binary form of an SQL type.
type binaryCodec struct {
	write func(buf []byte, v reflect.Value) ([]byte, error)
	read  func(data []byte, v reflect.Value) error
}

// codecOf returns the codec of an SQL type; ok is false for a type no read
// model has yet.
func codecOf(sqlType string) (c binaryCodec, ok bool) {
	if element, isArray := strings.CutSuffix(sqlType, "[]"); isArray {
		oid, known := map[string]uint32{"uuid": 2950, "text": 25, "bigint": 20}[element]
		inner, _ := codecOf(element)
		return arrayCodec(oid, inner), known
	}
	switch sqlType {
	case "uuid":
		return binaryCodec{writeUUID, readUUID}, true
	case "text":
		return binaryCodec{writeText, func(data []byte, v reflect.Value) error { v.SetString(string(data)); return nil }}, true
	case "bytea":
		return binaryCodec{
			func(buf []byte, v reflect.Value) ([]byte, error) { return append(buf, v.Bytes()...), nil },
			func(data []byte, v reflect.Value) error { v.SetBytes(append([]byte{}, data...)); return nil },
		}, true
	case "bigint":
		return intCodec(8), true
	case "integer":
		return intCodec(4), true
	case "boolean":
		return binaryCodec{writeBool, func(data []byte, v reflect.Value) error { v.SetBool(len(data) == 1 && data[0] == 1); return nil }}, true
	case "timestamptz":
		return binaryCodec{writeTime, readTime}, true
	case "jsonb":
		return binaryCodec{writeJSON, readJSON}, true
	}
	return binaryCodec{}, false
}

// writeText refuses what Postgres does.
func writeText(buf []byte, v reflect.Value) ([]byte, error) {
	s := v.String()
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return nil, errors.New("text is not UTF-8 without NUL")
	}
	return append(buf, s...), nil
}

func writeUUID(buf []byte, v reflect.Value) ([]byte, error) {
	s := v.String()
	id, err := uuid.Parse(s)
	if err != nil || len(s) != 36 {
		return nil, errors.New("not a UUID")
	}
	return append(buf, id[:]...), nil
}

func readUUID(data []byte, v reflect.Value) error {
	id, err := uuid.FromBytes(data)
	if err != nil {
		return errBinary
	}
	v.SetString(id.String())
	return nil
}

// intCodec is of signed integers of so many bytes.
func intCodec(size int) binaryCodec {
	return binaryCodec{
		func(buf []byte, v reflect.Value) ([]byte, error) {
			n := v.Int()
			if size == 8 {
				return binary.BigEndian.AppendUint64(buf, uint64(n)), nil //nolint:gosec // two's complement
			}
			if n != int64(int32(n)) { //nolint:gosec // that is the question
				return nil, errors.New("number is too large")
			}
			return binary.BigEndian.AppendUint32(buf, uint32(n)), nil //nolint:gosec // two's complement
		},
		func(data []byte, v reflect.Value) error {
			switch len(data) {
			case 8:
				v.SetInt(int64(binary.BigEndian.Uint64(data))) //nolint:gosec // two's complement
			case 4:
				v.SetInt(int64(int32(binary.BigEndian.Uint32(data)))) //nolint:gosec // two's complement
			default:
				return errBinary
			}
			return nil
		},
	}
}

func writeBool(buf []byte, v reflect.Value) ([]byte, error) {
	if v.Bool() {
		return append(buf, 1), nil
	}
	return append(buf, 0), nil
}

// epoch is the instant from which Postgres counts, in seconds of Unix time.
const epoch = 946684800

func writeTime(buf []byte, v reflect.Value) ([]byte, error) {
	t, ok := v.Addr().Interface().(*time.Time)
	if !ok {
		return nil, errBinary
	}
	at := (t.Unix()-epoch)*1e6 + int64(t.Nanosecond())/1e3
	return binary.BigEndian.AppendUint64(buf, uint64(at)), nil //nolint:gosec // two's complement
}

func readTime(data []byte, v reflect.Value) error {
	t, ok := v.Addr().Interface().(*time.Time)
	if !ok || len(data) != 8 {
		return errBinary
	}
	at := int64(binary.BigEndian.Uint64(data)) //nolint:gosec // two's complement
	*t = time.UnixMicro(at + epoch*1e6).UTC()
	return nil
}

func writeJSON(buf []byte, v reflect.Value) ([]byte, error) {
	value := v.Addr().Interface()
	if j, ok := value.(interface{ value() any }); ok {
		value = j.value()
	}
	data, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return append(append(buf, 1), data...), nil // version 1
}

func readJSON(data []byte, v reflect.Value) error {
	if len(data) == 0 || data[0] != 1 {
		return errBinary
	}
	return json.Unmarshal(data[1:], v.Addr().Interface())
}

// arrayCodec is of one-dimensional arrays without NULL.
func arrayCodec(oid uint32, element binaryCodec) binaryCodec {
	const header = 20 // dimensions, has NULL, element's OID, length, lower bound
	return binaryCodec{
		func(buf []byte, v reflect.Value) ([]byte, error) {
			n := v.Len()
			dimensions := uint32(1)
			if n == 0 {
				dimensions = 0
			}
			for _, word := range [...]uint32{dimensions, 0, oid} {
				buf = binary.BigEndian.AppendUint32(buf, word)
			}
			if n == 0 {
				return buf, nil
			}
			buf = binary.BigEndian.AppendUint32(buf, uint32(n)) //nolint:gosec // an event is below 1 MiB
			buf = binary.BigEndian.AppendUint32(buf, 1)
			for i := range n {
				at := len(buf)
				var err error
				if buf, err = element.write(append(buf, 0, 0, 0, 0), v.Index(i)); err != nil {
					return nil, err
				}
				binary.BigEndian.PutUint32(buf[at:], uint32(len(buf)-at-4)) //nolint:gosec // as above
			}
			return buf, nil
		},
		func(data []byte, v reflect.Value) error {
			if len(data) < header {
				return nil // the empty array, which is nil
			}
			n := int(binary.BigEndian.Uint32(data[12:]))
			data = data[header:]
			if n > len(data)/4 {
				return errBinary
			}
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				if len(data) < 4 || len(data)-4 < int(binary.BigEndian.Uint32(data)) {
					return errBinary
				}
				size := int(binary.BigEndian.Uint32(data))
				if err := element.read(data[4:4+size], v.Index(i)); err != nil {
					return err
				}
				data = data[4+size:]
			}
			return nil
		},
	}
}
