package edge

import (
	"encoding/json"
	"io"
	"net/http"
	"path"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/docs"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/transport/auth"
)

// noNullLists says of every schema made after it that a list is never null: one
// that holds nothing is empty. A field that may be null all the same has a tag.
var noNullLists = sync.OnceFunc(func() { huma.DefaultArrayNullable = false })

// schemaPrefix begins a reference to a schema of the document.
const schemaPrefix = "#/components/schemas/"

// document returns the OpenAPI document before there are routes.
func document(version string) *huma.OpenAPI {
	if version == "" {
		version = "dev"
	}
	noNullLists()
	registry := huma.NewMapRegistry(schemaPrefix, schemaName)
	registry.RegisterTypeAlias(reflect.TypeFor[access.Level](), reflect.TypeFor[level]())
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Hirelog", Version: version,
			Description: "Recruiting on an append-only log. Commands answer with the position of what they recorded (`Hirelog-Position`); " +
				"reads take it as `min_position` and see at least that. Errors are problems (RFC 9457) with a `code`.",
		},
		Components: &huma.Components{
			Schemas:   registry,
			Responses: map[string]*huma.Response{},
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"bearer":  {Type: "http", Scheme: "bearer", Description: "A member's token"},
				"session": {Type: "apiKey", In: "cookie", Name: auth.Cookie, Description: "The session of a candidate who signed in"},
			},
		},
		Tags: []*huma.Tag{
			{Name: "applications", Description: "Candidacies: what stands in them, and what is done with them"},
			{Name: "bulk", Description: "What is done to many applications at once"},
			{Name: "views", Description: "Saved views of the list of applications"},
			{Name: "jobs", Description: "Jobs, their stages and hiring teams"},
			{Name: "members", Description: "Who works here, and the tokens they act by"},
			{Name: "organization", Description: "What the organisation has decided for itself"},
			{Name: "candidate", Description: "What candidates see and do themselves, signed in by a code that was mailed to them; not there while self-tracking is off"},
			{Name: "public", Description: "What anybody may see and send, without a token"},
			{Name: "operation", Description: "What machines ask about a process"},
		},
	}
}

// nulls says of the fields that hold an object or null that they do: huma knows
// null of scalars and lists only. It looks at schemas it has not looked at yet.
func (e *Edge) nulls() {
	schemas := e.openapi.Components.Schemas
	for name, schema := range schemas.Map() {
		t := schemas.TypeFromRef(schemaPrefix + name)
		if e.nullsSaid[name] || t == nil || t.Kind() != reflect.Struct {
			continue
		}
		e.nullsSaid[name] = true
		for _, field := range reflect.VisibleFields(t) {
			key, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			is := schema.Properties[key]
			if is == nil || is.Ref == "" || field.Type.Kind() != reflect.Pointer || strings.Contains(options, "omit") {
				continue
			}
			null := &huma.Schema{Type: "null", Enum: []any{nil}}
			schema.Properties[key] = &huma.Schema{Description: is.Description, AnyOf: []*huma.Schema{{Ref: is.Ref}, null}}
		}
	}
}

// level describes access.Level, which is written by name.
type level string

// Schema implements huma.SchemaProvider.
func (level) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, l := range []access.Level{access.None, access.View, access.Edit} {
		s.Enum = append(s.Enum, l.String())
	}
	s.PrecomputeMessages()
	return s
}

// schemaName names the schema of a type. What history replays has the names of
// what read models hold, and is told apart.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if path.Base(t.PkgPath()) == "history" && !strings.HasPrefix(name, "History") {
		return "History" + name
	}
	return name
}

// jsonFormat reads and writes JSON. Nothing is escaped for HTML, which no
// answer is.
func jsonFormat() huma.Format {
	return huma.Format{
		Marshal: func(w io.Writer, v any) error {
			enc := json.NewEncoder(w)
			enc.SetEscapeHTML(false)
			return enc.Encode(v)
		},
		Unmarshal: json.Unmarshal,
	}
}

// problems returns an example of each problem that is answered with the status,
// by its code.
func problems(status int) map[string]*huma.Example {
	all := map[string]*huma.Example{}
	for _, c := range docs.Codes() {
		if c.Status != status {
			continue
		}
		p := newProblem(c.Status, c.Code, c.Means)
		p.RequestID = "01a219c6-1af8-7872-8797-a5556c7572df"
		all[c.Code] = &huma.Example{Summary: c.Means, Value: p}
	}
	return all
}

// responses returns what a route can answer, but for the representation that
// huma knows of.
func (e *Edge) responses(r Route) map[string]*huma.Response {
	problem := e.openapi.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	answers := map[string]*huma.Response{}
	say := func(status int, what string) {
		name := strings.ReplaceAll(http.StatusText(status), " ", "")
		if e.openapi.Components.Responses[name] == nil {
			e.openapi.Components.Responses[name] = &huma.Response{Description: what, Content: map[string]*huma.MediaType{problemType: {Schema: problem, Examples: problems(status)}}}
		}
		answers[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + name}
	}
	say(http.StatusBadRequest, "The request is malformed")
	say(http.StatusUnprocessableEntity, "The request makes no sense in any state")
	say(http.StatusRequestURITooLong, "The URL is too long")
	say(http.StatusRequestHeaderFieldsTooLarge, "The header is too large")
	say(http.StatusInternalServerError, "Our fault")
	if r.Answer != nil {
		answers["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{
			"application/json": {Schema: e.openapi.Components.Schemas.Schema(r.Answer, true, r.name())},
		}}
		answers["304"] = &huma.Response{Description: "The same as the one with the ETag"}
	}
	if r.Download {
		answers["200"] = &huma.Response{Description: "The bytes, as an attachment", Content: map[string]*huma.MediaType{
			"*/*": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		}}
		answers["206"] = &huma.Response{Description: "The range asked for"}
		answers["304"] = &huma.Response{Description: "The same as the one with the ETag"}
		answers["416"] = &huma.Response{Description: "There is no such range"}
	}
	if r.Download || !r.Plain && r.Method != http.MethodGet {
		say(http.StatusConflict, "The state does not allow it")
	}
	if r.Plain {
		if r.Download {
			say(http.StatusNotFound, "There is no such thing")
			say(http.StatusServiceUnavailable, "Something needed is out of reach; try again after Retry-After")
		}
		return answers
	}
	say(http.StatusNotFound, "There is no such thing, or not for the asker")
	say(http.StatusGone, "What it is about was erased, or the position is of another log")
	say(http.StatusServiceUnavailable, "Something needed is out of reach; try again after Retry-After")
	if !r.Who.public || r.Who.linked {
		say(http.StatusUnauthorized, "No valid token or session")
	}
	if !r.Download {
		say(http.StatusNotAcceptable, "Answers are JSON, which the asker does not accept")
	}
	if r.Who.denied || r.Method != http.MethodGet || !r.Who.public {
		say(http.StatusForbidden, "The asker may not do it")
	}
	if r.Method != http.MethodGet {
		say(http.StatusPreconditionFailed, "It is not at the revision named by If-Match")
	}
	if r.Body != NoBody {
		say(http.StatusRequestTimeout, "The body took too long to arrive")
		say(http.StatusRequestEntityTooLarge, "The body is too large")
		say(http.StatusUnsupportedMediaType, "The body is of another media type")
	}
	if r.Throttled {
		say(http.StatusTooManyRequests, "Too many requests; try again after Retry-After")
	}
	if r.Body == FormBody || r.Body == MailBody {
		say(http.StatusInsufficientStorage, "There is no room for the files")
	}
	return answers
}
