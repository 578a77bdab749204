package imports

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxLine is the most bytes one line of NDJSON, or one value of CSV, may have.
const MaxLine = 1 << 20

// Problem is one thing that is wrong with a row, or that a rule refused.
type Problem struct {
	File    string
	Line    int // from 1
	Code    string
	Message string
}

// String returns the problem as one line.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", p.File, p.Line, p.Code, p.Message)
}

// unreadable is the code of what is no row at all, or none of its kind.
const unreadable = "unreadable"

// source is a folder rows are read from. Nothing outside it is opened, whatever
// a row or a link says.
type source struct {
	root  *os.Root
	names []string // of the files with rows
}

// open opens a folder, or files of one folder.
func open(paths []string) (*source, error) {
	if len(paths) == 0 {
		return nil, errors.New("name a folder or files to import")
	}
	info, err := os.Stat(paths[0])
	if err != nil {
		return nil, err
	}
	dir := paths[0]
	if !info.IsDir() {
		dir = filepath.Dir(paths[0])
	} else if len(paths) > 1 {
		return nil, errors.New("name one folder, or files of one folder")
	}
	s := &source{}
	if s.root, err = os.OpenRoot(dir); err != nil {
		return nil, err
	}
	if !info.IsDir() {
		for _, p := range paths {
			if filepath.Dir(p) != filepath.Dir(paths[0]) {
				return nil, errors.Join(fmt.Errorf("%s: all files lie in one folder", p), s.root.Close())
			}
			s.names = append(s.names, filepath.Base(p))
		}
		return s, nil
	}
	entries, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return nil, errors.Join(err, s.root.Close())
	}
	for _, e := range entries {
		if ext := strings.ToLower(filepath.Ext(e.Name())); !e.IsDir() && (ext == ".csv" || ext == ".ndjson") {
			s.names = append(s.names, e.Name())
		}
	}
	if len(s.names) == 0 {
		return nil, errors.Join(fmt.Errorf("%s: there is no file that ends in .csv or .ndjson", dir), s.root.Close())
	}
	return s, nil
}

// kindOf returns the kind the name of a file says: "stages-2025.csv" holds
// stages. NDJSON may also say it line by line.
func kindOf(name string) Kind {
	base := strings.ToLower(strings.TrimSuffix(name, filepath.Ext(name)))
	for _, k := range kinds() {
		if rest, ok := strings.CutPrefix(base, string(k)); ok && (rest == "" || strings.ContainsAny(rest[:1], "-_.")) {
			return k
		}
	}
	return ""
}

// row is one row as it stands in a file.
type row struct {
	kind   Kind
	file   string
	line   int
	values map[string]string
}

// rows reads all rows of a file, and tells what cannot be read.
func (s *source) rows(name string, take func(row), tell func(Problem)) error {
	f, err := s.root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it is only read
	if strings.EqualFold(filepath.Ext(name), ".csv") {
		return readCSV(f, name, take, tell)
	}
	return readNDJSON(f, name, take, tell)
}

// readCSV reads rows of CSV (RFC 4180) with the names of the columns in the
// first. A file whose first line has semicolons and no comma is separated by them.
func readCSV(from io.Reader, name string, take func(row), tell func(Problem)) error {
	kind := kindOf(name)
	if kind == "" {
		tell(Problem{name, 1, unreadable, "the name of a file of CSV begins with what it holds: " + kindNames()})
		return nil
	}
	in := bufio.NewReaderSize(from, 64<<10)
	if mark, err := in.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = in.Discard(3)
	}
	r := csv.NewReader(in)
	r.ReuseRecord = true
	head, _ := in.Peek(in.Size())
	first, _, _ := bytes.Cut(head, []byte("\n"))
	if bytes.ContainsRune(first, ';') && !bytes.ContainsRune(first, ',') {
		r.Comma = ';'
	}
	header, err := r.Read()
	switch {
	case errors.Is(err, io.EOF):
		tell(Problem{name, 1, unreadable, "the file is empty; the first line holds the names of the columns"})
		return nil
	case err != nil:
		return csvProblem(err, name, tell)
	}
	columns := make([]string, len(header))
	for i, h := range header {
		columns[i] = strings.ToLower(strings.TrimSpace(h))
		if columns[i] == "" || slices.Contains(columns[:i], columns[i]) || !known(kind, columns[i]) {
			tell(Problem{name, 1, unreadable, fmt.Sprintf("column %d is %q; %s has %s, each once", i+1, h, kind, columnNames(kind))})
			return nil
		}
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, csv.ErrFieldCount) {
			return csvProblem(err, name, tell) // where the next row begins cannot be told
		}
		line, _ := r.FieldPos(0)
		if err != nil {
			tell(Problem{name, line, unreadable, fmt.Sprintf("the row has %d values, and the first line names %d columns", len(record), len(columns))})
			continue
		}
		values := make(map[string]string, len(columns))
		for i, v := range record {
			values[columns[i]] = v
		}
		emit(row{kind, name, line, values}, take, tell)
	}
}

func csvProblem(err error, name string, tell func(Problem)) error {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return fmt.Errorf("%s: %w", name, err)
	}
	tell(Problem{name, parse.Line, unreadable, "this is no CSV: " + parse.Err.Error() + "; the rest of the file was not read"})
	return nil
}

// readNDJSON reads rows of NDJSON: one object on each line, its values texts,
// numbers, booleans, null, or lists of texts.
func readNDJSON(from io.Reader, name string, take func(row), tell func(Problem)) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 64<<10), MaxLine)
	line := 0
	for lines.Scan() {
		line++
		text := lines.Bytes()
		if line == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		values, err := object(text)
		if err != nil {
			tell(Problem{name, line, unreadable, err.Error()})
			continue
		}
		kind := kindOf(name)
		if said, ok := values["kind"]; ok {
			if kind = plural(said); kind == "" {
				tell(Problem{name, line, unreadable, fmt.Sprintf("there is no kind %q", said)})
				continue
			}
			delete(values, "kind")
		}
		if kind == "" {
			tell(Problem{name, line, unreadable, "the row says no kind, and neither does the name of the file"})
			continue
		}
		emit(row{kind, name, line, values}, take, tell)
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		tell(Problem{name, line + 1, unreadable, fmt.Sprintf("the line has more than %d bytes; the rest of the file was not read", MaxLine)})
		return nil
	}
	return lines.Err()
}

// object reads one JSON object into texts.
func object(text []byte) (map[string]string, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var raw map[string]any
	if err := d.Decode(&raw); err != nil || raw == nil {
		return nil, errors.New("the line is no JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("behind the object stands something else")
	}
	values := make(map[string]string, len(raw))
	for name, v := range raw {
		var err error
		if values[name], err = textOf(v); err != nil {
			return nil, fmt.Errorf("%q %w", name, err)
		}
	}
	return values, nil
}

func textOf(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		if v {
			return "true", nil
		}
		return "false", nil
	case []any:
		parts := make([]string, len(v))
		for i, one := range v {
			text, ok := one.(string)
			if !ok || strings.Contains(text, listSeparator) {
				return "", errors.New("is a list of texts without " + listSeparator)
			}
			parts[i] = text
		}
		return strings.Join(parts, listSeparator), nil
	}
	return "", errors.New("holds an object; it is a text, a number, true, false, null, or a list of texts")
}

// emit hands a row on if its texts are texts.
func emit(r row, take func(row), tell func(Problem)) {
	for name, v := range r.values {
		if !utf8.ValidString(name) || !utf8.ValidString(v) || strings.ContainsRune(v, 0) || len(v) > MaxLine {
			tell(Problem{r.file, r.line, unreadable, "the row is not UTF-8, holds NUL, or has a value of more than 1 MiB"})
			return
		}
	}
	take(r)
}
