package domaintest

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain"
)

// Update is set by -update: files that pin something are written instead of
// compared.
var Update = flag.Bool("update", false, "rewrite testdata and generated pages")

// Stored pins how the events of the package under test are stored, in
// testdata/events. There must be one example for every type the source declares
// with an evolve method, with no field left out, and the codec must know it.
// Changing a file there changes history: add a new version of the event.
func Stored[E domain.Fact](t *testing.T, category string, codec domain.Codec[E], examples ...E) {
	t.Helper()
	name := regexp.MustCompile(`^` + category + `\.[a-z]+(_[a-z]+)*\.v[1-9][0-9]*$`)
	var types, names []string
	for _, e := range examples {
		types, names = append(types, reflect.TypeOf(e).Name()), append(names, e.EventName())
		t.Run(e.EventName(), func(t *testing.T) {
			if !name.MatchString(e.EventName()) {
				t.Errorf("the name does not match %v", name)
			}
			if e.When() != At || e.Who() == "" {
				t.Errorf("the stamp is %v by %q", e.When(), e.Who())
			}
			if zero := zeroField(reflect.ValueOf(e)); zero != "" {
				t.Errorf("the example says nothing in %s, so its form is not pinned", zero)
			}
			stored(t, codec, e)
		})
	}
	same(t, "example for each declared event", types, declared(t))
	same(t, "example for each event of the codec", names, sortedKeys(codec.Names()))
	var files []string
	for _, path := range glob(t, "testdata/events/*.json") {
		files = append(files, strings.TrimSuffix(filepath.Base(path), ".json"))
	}
	same(t, "file in testdata/events for each event", files, names)
}

func stored[E domain.Fact](t *testing.T, codec domain.Codec[E], e E) {
	t.Helper()
	data, err := codec.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, data, "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	want := Pinned(t, filepath.Join("testdata", "events", e.EventName()+".json"), got.Bytes())
	back, err := codec.Decode(e.EventName(), want)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, e) {
		t.Errorf("decoded\n%#v, want\n%#v", back, e)
	}
}

// Pinned compares got with the file at path and returns what the file holds.
func Pinned(t *testing.T, path string, got []byte) []byte {
	t.Helper()
	if *Update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s changed:\n%s\nwant:\n%s", path, got, want)
	}
	return want
}

// declared returns the types that have an evolve method. Go cannot list the
// types of a package, so it reads the source.
func declared(t *testing.T) []string {
	t.Helper()
	var types []string
	for _, file := range glob(t, "*.go") {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Name.Name != "evolve" {
				continue
			}
			receiver, ok := fn.Recv.List[0].Type.(*ast.Ident)
			if !ok {
				t.Fatalf("%s: an event folds by value", file)
			}
			types = append(types, receiver.Name)
		}
	}
	return types
}

// zeroField returns the path of a field of v that holds nothing, or "".
func zeroField(v reflect.Value) string {
	if v.Kind() != reflect.Struct {
		return ""
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch {
		case !f.IsExported(), f.Name == "FromImport": // which domain pins for all
		case v.Field(i).IsZero():
			return f.Name
		case v.Field(i).Kind() == reflect.Slice && v.Field(i).Len() == 0:
			return f.Name
		case v.Field(i).Kind() == reflect.Slice:
			if path := zeroField(v.Field(i).Index(0)); path != "" {
				return f.Name + "[0]." + path
			}
		default:
			if path := zeroField(v.Field(i)); path != "" {
				return f.Name + "." + path
			}
		}
	}
	return ""
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("one %s: have\n%v, want\n%v", what, got, want)
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func sortedKeys(m map[string]bool) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
