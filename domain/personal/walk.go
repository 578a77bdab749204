package personal

import (
	"reflect"
	"strconv"
)

// Item is one personal text to be sealed: what, under which key, and the path
// of the field it stands in, as in the stored JSON ("text", "files.0.name").
type Item struct {
	Key   Key
	Field string
	Plain Plain
}

var textType = reflect.TypeFor[Text]()

// Walk calls visit for every Text that v, a pointer to a struct, holds in its
// fields, in nested structs, slices and pointers, with the path of the field in
// the JSON form of v. Slices that hold a Text are copied first, so that whoever
// else has the value keeps theirs.
func Walk(v any, visit func(path string, t *Text)) {
	walk(reflect.ValueOf(v).Elem(), "", visit)
}

func walk(v reflect.Value, path string, visit func(string, *Text)) {
	if !holds(v.Type()) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == textType {
			visit(path, v.Addr().Interface().(*Text)) //nolint:errcheck,forcetypeassert // the type was compared
			return
		}
		for i := range v.NumField() {
			switch v.Field(i).Kind() {
			case reflect.Struct, reflect.Slice, reflect.Pointer:
			default:
				continue // before its name is looked up
			}
			f := v.Type().Field(i)
			if !f.IsExported() { // as holds: what is missed here cannot be encoded
				continue
			}
			if f.Anonymous && f.Tag.Get("json") == "" {
				walk(v.Field(i), path, visit)
			} else {
				walk(v.Field(i), join(path, nameOf(f)), visit)
			}
		}
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(own, v)
		v.Set(own)
		for i := range v.Len() {
			walk(v.Index(i), join(path, strconv.Itoa(i)), visit)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			own := reflect.New(v.Type().Elem())
			own.Elem().Set(v.Elem())
			v.Set(own)
			walk(own.Elem(), path, visit)
		}
	default:
	}
}

// holds reports whether a value of type t can hold a Text.
func holds(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		if t == textType {
			return true
		}
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && holds(f.Type) {
				return true
			}
		}
		return false
	case reflect.Slice, reflect.Pointer:
		return holds(t.Elem())
	default:
		return false
	}
}

// nameOf returns the name a field has in JSON.
func nameOf(f reflect.StructField) string {
	tag := f.Tag.Get("json")
	for i := range len(tag) {
		if tag[i] == ',' {
			tag = tag[:i]
			break
		}
	}
	if tag == "" {
		return f.Name
	}
	return tag
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
