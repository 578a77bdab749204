package personal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain/personal"
)

// canary is the text in every value below, and shapes are what the verbs would
// make of it.
const canary = "Zq7Lovelace"

var shapes = []string{
	canary,
	fmt.Sprintf("%x", canary),
	fmt.Sprintf("%X", canary),
	fmt.Sprintf("% x", canary),
	fmt.Sprintf("% X", canary),
	fmt.Sprintf("%d", []byte(canary)),
	fmt.Sprintf("%#v", []byte(canary)),
	canary[:3],
}

func wantNoCanary(t *testing.T, what, got string) {
	t.Helper()
	for _, shape := range shapes {
		if strings.Contains(got, shape) {
			t.Errorf("%s shows the text: %s", what, got)
			return
		}
	}
}

var key = personal.Key{ID: "6ba7b810-9dad-41d1-80b4-00c04fd430c8", Owner: "0190163d-8694-739b-aea5-966c26f8ad91"}

// note holds texts wherever a fold or an event may: in an unexported field, too,
// where fmt reads past all methods.
type note struct {
	Text   personal.Text
	Ptr    *personal.Text
	Texts  []personal.Text
	ByID   map[string]personal.Text
	Any    any
	hidden personal.Text
}

// letter holds plain texts as requests and answers do.
type letter struct {
	Plain personal.Plain
	Ptr   *personal.Plain
	List  []personal.Plain
	ByID  map[string]personal.Plain
	Any   any
}

// texts are the shapes a Text comes in.
func texts() map[string]any {
	text := personal.New(key, canary)
	n := note{
		Text: text, Ptr: &text, Texts: []personal.Text{text, {}}, ByID: map[string]personal.Text{"a": text},
		Any: text, hidden: text,
	}
	return map[string]any{
		"text":               text,
		"pointer to text":    &text,
		"array of text":      [2]personal.Text{text, {}},
		"map of text":        map[string]personal.Text{"a": text},
		"note":               n,
		"pointer to note":    &n,
		"slice of notes":     []note{n},
		"pointers to notes":  []*note{&n},
		"note in a struct":   struct{ n *note }{&n},
		"list of any":        []any{text, n, &n, []*note{&n}},
		"error about a text": fmt.Errorf("note %v %s %q %x %d: %w", text, text, text, text, text, io.EOF),
		"error about a note": errors.Join(fmt.Errorf("%+v", n), fmt.Errorf("%#v", &n)),
	}
}

// plains are the shapes a Plain comes in.
func plains() map[string]any {
	plain := personal.Plain(canary)
	l := letter{
		Plain: plain, Ptr: &plain, List: []personal.Plain{plain}, ByID: map[string]personal.Plain{"a": plain}, Any: plain,
	}
	return map[string]any{
		"plain":                plain,
		"pointer to plain":     &plain,
		"slice of plain":       []personal.Plain{plain},
		"map by plain":         map[personal.Plain]int{plain: 1},
		"letter":               l,
		"pointer to letter":    &l,
		"slice of letters":     []letter{l},
		"list of any":          []any{plain, l},
		"error about a plain":  fmt.Errorf("letter %v %s %q %x %d: %w", plain, plain, plain, plain, plain, io.EOF),
		"error about a letter": errors.Join(fmt.Errorf("%+v", l), fmt.Errorf("%#v", &l)),
	}
}

var verbs = []string{
	"%v", "%+v", "%#v", "%s", "%q", "%+q", "%#q", "%x", "%X", "% x", "%#x", "%d", "%T", "%t", "%c", "%U", "%b",
	"%o", "%e", "%g", "%20s", "%-20v", "%.3s", "%.3q", "%z",
}

// No verb prints a personal text, however deep it lies.
func TestNoVerbPrintsPersonalText(t *testing.T) {
	t.Parallel()
	for _, values := range []map[string]any{texts(), plains()} {
		for name, value := range values {
			for _, verb := range verbs {
				wantNoCanary(t, verb+" of "+name, fmt.Sprintf(verb, value))
			}
			wantNoCanary(t, "Sprint of "+name, fmt.Sprint(value, value))
			wantNoCanary(t, "Sprintln of "+name, fmt.Sprintln(value))
			tooMany := "%s"
			wantNoCanary(t, "too many arguments with "+name, fmt.Sprintf(tooMany, "x", value)) //nolint:staticcheck // the mistake is the point
			var b bytes.Buffer
			log.New(&b, "", 0).Print(value)
			wantNoCanary(t, "log of "+name, b.String())
		}
	}
	for name, value := range texts() {
		for _, verb := range []string{"%p", "%#p", "%w"} {
			wantNoCanary(t, verb+" of "+name, fmt.Sprintf(verb, value))
		}
	}
	for name, got := range map[string]string{
		"plain":       fmt.Sprintf("%v", personal.Plain(canary)),
		"text":        fmt.Sprintf("%d", personal.New(key, canary)),
		"sealed text": fmt.Sprintf("%s", personal.Sealed([]byte(canary))),
		"String":      personal.New(key, canary).String(),
		"GoString":    personal.New(key, canary).GoString(),
		"of plain":    personal.Plain(canary).String(),
		"Go of plain": personal.Plain(canary).GoString(),
	} {
		if got != "[personal]" {
			t.Errorf("%s prints %q, want [personal]", name, got)
		}
	}
	if got := fmt.Sprintf("%v|%s|%q", personal.Text{}, personal.Text{}, personal.New(key, "")); got != "||" {
		t.Errorf("absent texts print %q, want nothing", got)
	}
}

// The text handler shows no personal text, nor does the JSON handler with
// ReplaceAttr; a text that was not sealed stays out of it even without.
func TestNoLogShowsPersonalText(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	text := slog.New(slog.NewTextHandler(&b, nil))
	asJSON := slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{ReplaceAttr: personal.ReplaceAttr, AddSource: true}))
	for _, values := range []map[string]any{texts(), plains()} {
		for name, value := range values {
			for handler, logger := range map[string]*slog.Logger{"text": text, "json": asJSON} {
				b.Reset()
				logger.Info("m", "value", value, slog.Group("g", slog.Any("value", value)))
				logger.With("value", value).WithGroup("g").Info("m")
				wantNoCanary(t, handler+" of "+name, b.String())
				if strings.Count(b.String(), "\n") != 2 {
					t.Errorf("%s of %s: logged %q, want two lines", handler, name, b.String())
				}
			}
		}
	}
	b.Reset()
	slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "plain", personal.Plain(canary), "text", personal.New(key, canary),
		"in a struct", struct{ T personal.Text }{personal.New(key, canary)})
	wantNoCanary(t, "bare JSON handler", b.String())
	b.Reset()
	asJSON.Info("m", "n", 1, "err", io.EOF, "s", "shown", "list", []int{1, 2})
	for _, want := range []string{`"n":1`, `"err":"EOF"`, `"s":"shown"`, `"list":"[1 2]"`, `"source":{`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("log %s lacks %s", b.String(), want)
		}
	}
}

// JSON never holds a text that is not sealed; a sealed one and an absent one
// come back as they were.
func TestTextInJSON(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]any{
		"text":    personal.New(key, canary),
		"pointer": &note{Text: personal.New(key, canary)},
		"deep":    map[string][]any{"a": {personal.New(key, canary)}},
	} {
		if b, err := json.Marshal(v); !errors.Is(err, personal.ErrUnsealed) {
			t.Errorf("%s became %s, %v; want ErrUnsealed", name, b, err)
		}
	}
	for _, tt := range []struct {
		text personal.Text
		want string
	}{
		{personal.Sealed([]byte{1, 2, 0xff, 0}), `"AQL/AA"`},
		{personal.Text{}, `null`},
		{personal.New(key, ""), `null`},
		{personal.Sealed(nil), `null`},
	} {
		b, err := json.Marshal(tt.text)
		if err != nil || string(b) != tt.want {
			t.Errorf("marshalled %s, %v; want %s", b, err, tt.want)
		}
		back := personal.Sealed([]byte("before"))
		if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(back, tt.text) {
			t.Errorf("%s came back as %v, %v", b, back.Bytes(), err)
		}
	}
	for _, bad := range []string{`1`, `"a"`, `"AQI="`, `{}`, `"` + canary + `!"`} {
		var text personal.Text
		err := json.Unmarshal([]byte(bad), &text)
		if err == nil {
			t.Errorf("%s was read", bad)
			continue
		}
		wantNoCanary(t, "error", err.Error())
	}
	// Plain is what requests and answers carry.
	b, err := json.Marshal(personal.Plain(canary))
	if err != nil || string(b) != `"`+canary+`"` {
		t.Errorf("plain became %s, %v", b, err)
	}
}

// What a text says of itself.
func TestText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		text           personal.Text
		zero, unsealed bool
		bytes          string
	}{
		{name: "new", text: personal.New(key, "Ana"), unsealed: true},
		{name: "new and empty", text: personal.New(key, ""), zero: true},
		{name: "sealed", text: personal.Sealed([]byte("x")), bytes: "x"},
		{name: "zero", zero: true},
	} {
		gotKey, gotPlain, unsealed := tt.text.Unsealed()
		if tt.text.IsZero() != tt.zero || unsealed != tt.unsealed || string(tt.text.Bytes()) != tt.bytes {
			t.Errorf("%s: zero %v, unsealed %v, bytes %q", tt.name, tt.text.IsZero(), unsealed, tt.text.Bytes())
		}
		if unsealed && (gotKey != key || gotPlain != "Ana") || !unsealed && (gotKey != personal.Key{} || gotPlain != "") {
			t.Errorf("%s: key %v, plain %q", tt.name, gotKey, string(gotPlain))
		}
	}
}
