package personal_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain/personal"
)

type person struct {
	Name personal.Text `json:"name"`
}

// Base is embedded: its fields stand in the JSON of whoever embeds it.
type Base struct {
	Title personal.Text `json:"title,omitempty"`
}

// Tagged is embedded under a name of its own.
type Tagged struct {
	Text personal.Text `json:"text"`
}

type everywhere struct {
	Base
	Tagged  `json:"tagged"`
	ID      string        `json:"id"`
	Plain   personal.Text // stands under its Go name
	Single  person        `json:"single"`
	Pointer *person       `json:"pointer"`
	Missing *person       `json:"missing"`
	People  []person      `json:"people"`
	Far     []*person     `json:"far"`
	None    []person      `json:"none"`
	Numbers []int         `json:"numbers"`
	hidden  person
}

func text(s string) personal.Text {
	return personal.New(personal.Key{ID: "k", Owner: "k"}, personal.Plain(s))
}

func full() everywhere {
	return everywhere{
		Base: Base{text("title")}, Tagged: Tagged{text("tagged.text")}, Plain: text("Plain"),
		Single: person{text("single.name")}, Pointer: &person{text("pointer.name")},
		People: []person{{text("people.0.name")}, {text("people.1.name")}},
		Far:    []*person{nil, {text("far.1.name")}}, Numbers: []int{1}, hidden: person{text("hidden")},
	}
}

// Every text is visited once, in order, under the path it has in the JSON.
func TestWalkVisitsEveryText(t *testing.T) {
	v := full()
	var paths []string
	personal.Walk(&v, func(path string, text *personal.Text) {
		paths = append(paths, path)
		if _, plain, ok := text.Unsealed(); !ok || string(plain) != path {
			t.Errorf("at %s stands another text", path)
		}
		*text = personal.Sealed([]byte(path))
	})
	want := []string{"title", "tagged.text", "Plain", "single.name", "pointer.name", "people.0.name", "people.1.name", "far.1.name"}
	if !reflect.DeepEqual(paths, want) {
		t.Fatalf("paths = %v, want %v", paths, want)
	}

	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		var back personal.Text
		if err := json.Unmarshal(find(t, data, path), &back); err != nil {
			t.Fatal(err)
		}
		if got := string(back.Bytes()); got != path {
			t.Errorf("the JSON has %q at %s", got, path)
		}
	}
	if strings.Contains(string(data), `"none":[]`) {
		t.Error("a nil slice became an empty one")
	}
}

// find returns what stands at a path of JSON data.
func find(t *testing.T, data json.RawMessage, path string) json.RawMessage {
	t.Helper()
	for name := range strings.SplitSeq(path, ".") {
		if data[0] == '[' {
			var list []json.RawMessage
			if err := json.Unmarshal(data, &list); err != nil {
				t.Fatal(err)
			}
			data = list[name[0]-'0']
			continue
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal(data, &object); err != nil {
			t.Fatal(err)
		}
		if data = object[name]; data == nil {
			t.Fatalf("nothing at %s", path)
		}
	}
	return data
}

// Whoever else holds the value keeps theirs: slices and pointers with texts in
// them are copied before they are written to.
func TestWalkDoesNotChangeWhatOthersHold(t *testing.T) {
	mine := full()
	yours := mine
	personal.Walk(&yours, func(_ string, text *personal.Text) { *text = personal.Sealed([]byte("sealed")) })
	if !reflect.DeepEqual(mine, full()) {
		t.Error("the original changed")
	}
	if &mine.Numbers[0] != &yours.Numbers[0] {
		t.Error("a slice that holds no text was copied")
	}
}

// A text that Walk does not reach stays plain, and what is plain is never
// written.
func TestWhatWalkCannotReachIsNotWritten(t *testing.T) {
	v := struct {
		Texts map[string]personal.Text `json:"texts"`
	}{map[string]personal.Text{"a": text("a")}}
	personal.Walk(&v, func(path string, _ *personal.Text) { t.Errorf("visited %s", path) })
	if data, err := json.Marshal(v); err == nil {
		t.Errorf("written: %s", data)
	}
}
