package edge

import (
	_ "embed" // examples.json
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
)

// exemplify gives a route's body and answer an example in the document, made from
// their schemas.
func (e *Edge) exemplify(r Route) {
	op := operationOf(e.openapi.Paths[r.Path], r.Method)
	if op == nil {
		return
	}
	x := exampler{schemas: e.openapi.Components.Schemas}
	if op.RequestBody != nil {
		x.media(op.RequestBody.Content["application/json"], r.Method != http.MethodPatch)
	}
	for status, answer := range op.Responses {
		if strings.HasPrefix(status, "2") {
			x.media(answer.Content["application/json"], false)
		}
	}
}

// operationOf returns an operation of a path, or nil.
func operationOf(item *huma.PathItem, method string) *huma.Operation {
	if item == nil {
		return nil
	}
	return map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put,
		http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
	}[method]
}

// exampler makes examples of schemas.
type exampler struct {
	schemas huma.Registry
	within  []string // references on the way here
}

// media gives a media type an example; the least one has only what is required,
// if anything is.
func (x exampler) media(m *huma.MediaType, least bool) {
	if m == nil || m.Schema == nil {
		return
	}
	m.Example = x.of("", m.Schema, least)
}

// of returns an example of what a property of that name holds.
func (x exampler) of(name string, s *huma.Schema, least bool) any {
	if s.Ref != "" {
		if slices.Contains(x.within, s.Ref) {
			return nil // it holds itself
		}
		x.within = append(slices.Clone(x.within), s.Ref)
		return x.of(name, x.schemas.SchemaFromRef(s.Ref), least)
	}
	if len(s.AnyOf) > 0 {
		return x.of(name, s.AnyOf[0], least)
	}
	if len(s.Examples) > 0 {
		return s.Examples[0]
	}
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	switch s.Type {
	case huma.TypeObject:
		return x.object(s, least)
	case huma.TypeArray:
		item := x.of(name+"[]", s.Items, least)
		if item == nil {
			return []any{}
		}
		return []any{item}
	case huma.TypeBoolean:
		return false
	case huma.TypeInteger, huma.TypeNumber:
		if s.Minimum != nil && *s.Minimum > 1 {
			return *s.Minimum
		}
		return 1
	}
	switch s.Format {
	case "uuid":
		return uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String()
	case "date-time":
		return "2026-11-26T09:30:00Z"
	case "date":
		return "2026-11-26"
	}
	if text, ok := texts()[name]; ok {
		return text
	}
	if strings.HasSuffix(name, "id") || strings.HasSuffix(name, "ids[]") {
		return uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String()
	}
	return name
}

// object returns an example of an object.
func (x exampler) object(s *huma.Schema, least bool) any {
	o := map[string]any{}
	for name, property := range s.Properties {
		if least && len(s.Required) > 0 && !slices.Contains(s.Required, name) {
			continue
		}
		if value := x.of(name, property, least); value != nil || property.Nullable || len(property.AnyOf) > 0 {
			o[name] = value
		}
	}
	return o
}

// examples has what a text of a name is like, where no type tells; name[] is one
// of a list.
//
//go:embed examples.json
var examples []byte

// texts reads examples.
var texts = sync.OnceValue(func() map[string]string {
	var all map[string]string
	if err := json.Unmarshal(examples, &all); err != nil {
		panic(err) // it is in the binary
	}
	return all
})
