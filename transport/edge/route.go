package edge

import (
	"context"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/domain/access"
)

// Who says who may use a route. It is made by the functions below; the zero
// value says nothing, and no route can be declared with it.
type Who struct {
	says   string
	rule   Rule
	public bool
	// candidate: the candidate who is signed in, while they may be; no member
	candidate bool
	linked    bool // public, but a token that is presented must be good
	denied    bool // of a read: some who may know of the thing may not read this
}

// Rule is what a Who says, for programs. At most one of the ways in is set.
type Rule struct {
	Public    bool
	Candidate bool                      // of whom it is
	Roles     []access.OrganizationRole // one of these
	Area      access.Area               // Level on it
	Documents bool                      // Level on the category of the document
	Level     access.Level
	Managers  bool // of the job, and admins
	Self      bool // the member themselves, and admins
	Narrowed  bool // there is more to it, said in words
}

// Rule returns what w says, for programs.
func (w Who) Rule() Rule { return w.rule }

// Anyone may use the route, without a token.
func Anyone() Who { return Who{says: "anyone", public: true, rule: Rule{Public: true}} }

// Candidate lets a candidate use the route who is signed in, for what is theirs:
// there is nothing else, and nothing at all while self-tracking is off. Requests
// that another site makes are refused.
func Candidate() Who {
	return Who{says: "the candidate who is signed in, of what is theirs", candidate: true, rule: Rule{Candidate: true}}
}

// Linked lets whoever has a signed link use the route, which stands for the
// member it was made for. The handler checks it, and that a token, if one is
// presented, is of the same member.
func Linked() Who {
	return Who{says: "who has the link; with a token only the member it was made for", public: true, linked: true, denied: true, rule: Rule{Public: true}}
}

// SignedIn lets every active member use the route; what they see is theirs.
func SignedIn() Who { return Who{says: "every member"} }

// Roles lets members with one of these organisation roles use the route.
func Roles(roles ...access.OrganizationRole) Who {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return Who{says: "organisation role " + strings.Join(names, " or "), rule: Rule{Roles: roles}, denied: true}
}

// Area lets members use the route who have the level on an area of the
// application. Without any on area Application there is no application for them.
func Area(a access.Area, l access.Level) Who {
	return Who{says: l.String() + " on area " + string(a), denied: a != access.Application, rule: Rule{Area: a, Level: l}}
}

// Documents lets members use the route who have the level on the category of
// the document.
func Documents(l access.Level) Who {
	return Who{says: l.String() + " on the category of the document", rule: Rule{Documents: true, Level: l}}
}

// Managers lets admins and the job's recruitment managers use the route.
func Managers() Who {
	return Who{says: "admins and the job's recruitment managers", rule: Rule{Managers: true}}
}

// SelfOrAdmin lets members use the route for themselves, and admins for all.
func SelfOrAdmin() Who { return Who{says: "the member themselves and admins", rule: Rule{Self: true}} }

// And narrows w by what is said in words.
func (w Who) And(what string) Who {
	w.says += ", " + what
	w.rule.Narrowed = true
	return w
}

// Only is And for a read that some may not do who may know of the thing.
func (w Who) Only(what string) Who {
	w = w.And(what)
	w.denied = true
	return w
}

// String returns who it is.
func (w Who) String() string { return w.says }

// Body is what a route reads.
type Body uint8

// The bodies of requests.
const (
	NoBody Body = iota
	JSONBody
	OptionalJSONBody // absent, or an object
	FormBody         // multipart/form-data by POST, read by the handler
	MailBody         // message/rfc822 by POST, read by the handler
)

// Route declares one route: nothing is served that is not declared.
type Route struct {
	Method  string
	Path    string // with {id}
	Summary string // a few words
	Doc     string // more, if there is more to say
	Tag     string
	Who     Who
	Body    Body
	Form    *huma.Schema // of a FormBody
	Answer  reflect.Type // of the representation, when the handler writes it itself
	Created bool         // it answers 201
	// Accepted: it answers 202, and says no more than that something was taken.
	Accepted bool
	// Throttled: it may answer 429.
	Throttled bool
	// Download answers in a media type of its own and may take long.
	Download bool
	Plain    bool   // {…} in the path are not ids; it answers in its own media type
	Number   string // the name in the path that is a number from 1 and no id
	Unready  bool   // it may answer 503 with its representation
	// Keeps: it keeps to the jobs of a token that is held to some by itself.
	Keeps bool
	// Door: by it candidates sign in. As for theirs, there is no such route while
	// self-tracking is off, and requests that another site makes are refused.
	Door bool
	// Always: it is of the candidates' side, and there whether self-tracking is on
	// or not.
	Always bool
	// Fresh: who has a second factor must have shown it just now.
	Fresh bool
	// FirstFactor: it may be used before a second factor is shown, or there.
	FirstFactor bool
	Hidden      bool // not in the OpenAPI document
}

// forCandidates reports whether the route is of the candidates' own side.
func (r Route) forCandidates() bool { return r.Who.candidate || r.Door }

// name is the operation id: stable, from method and path.
func (r Route) name() string {
	path := strings.NewReplacer("/v1/", "", "/", "-", "{", "", "}", "", ".", "-").Replace(r.Path)
	return strings.ToLower(r.Method) + "-" + strings.Trim(path, "-")
}

// operation returns what huma and the OpenAPI document know of the route.
func (r Route) operation() huma.Operation {
	op := huma.Operation{
		OperationID: r.name(), Method: r.Method, Path: r.Path, Summary: r.Summary, Hidden: r.Hidden,
		Description:   strings.TrimSpace(r.Doc + "\n\nWho may: " + r.Who.String() + "." + r.factorDoc()),
		DefaultStatus: http.StatusOK,
		Extensions:    map[string]any{"x-hirelog-who": r.Who.String()},
		// The guard has read the body by then, with deadlines of its own.
		BodyReadTimeout: -1, MaxBodyBytes: MaxBody + 2,
	}
	if r.Tag != "" {
		op.Tags = []string{r.Tag}
	}
	if r.Created {
		op.DefaultStatus = http.StatusCreated
	}
	if r.Accepted {
		op.DefaultStatus = http.StatusAccepted
	}
	switch {
	case r.Who.candidate:
		op.Security = []map[string][]string{{"session": {}}}
	case !r.Who.public:
		op.Security = []map[string][]string{{"bearer": {}}}
	}
	for _, name := range parameters(r.Path) {
		schema := &huma.Schema{Type: huma.TypeString}
		switch {
		case r.Plain:
		case name == r.Number:
			least := 1.0
			schema = &huma.Schema{Type: huma.TypeInteger, Minimum: &least}
		default:
			schema.Format = "uuid"
		}
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "path", Required: true, Schema: schema})
	}
	return op
}

// factorDoc says what the route wants of a second factor, if that is not the usual.
func (r Route) factorDoc() string {
	switch {
	case r.Fresh:
		return " Who has a second factor must have shown it in the last 10 minutes."
	case r.FirstFactor:
		return " A second factor need not be shown."
	}
	return ""
}

// parameters returns the names in a path.
func parameters(path string) []string {
	var names []string
	for _, segment := range strings.Split(path, "/") {
		if strings.HasPrefix(segment, "{") {
			names = append(names, strings.Trim(segment, "{}"))
		}
	}
	return names
}

// Handle declares a route of s. It is the only way there is one. O is the
// answer: its field Body is the representation, its other fields are headers
// (see huma); *huma.StreamResponse answers in a media type of its own.
//
// The handler's context carries the request: RequestOf. Its errors are turned
// into problems in one place.
func Handle[I, O any](s *Surface, r Route, handler func(context.Context, *I) (*O, error)) {
	s.edge.declare(r)
	op := r.operation()
	op.Responses = s.edge.responses(r)
	op.Middlewares = huma.Middlewares{s.guard(r)}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, s.edge.problem(ctx, err)
		}
		return out, nil
	})
	s.edge.nulls()
	for _, unused := range []string{"ErrorModel", "ErrorDetail"} { // huma's own; ours is Problem
		delete(s.edge.openapi.Components.Schemas.Map(), unused)
	}
	if r.Unready {
		answers := s.edge.openapi.Paths[r.Path].Get.Responses
		answers["503"] = &huma.Response{Description: "Not now", Content: answers["200"].Content}
	}
	if r.Body == MailBody && !r.Hidden {
		s.edge.openapi.Paths[r.Path].Post.RequestBody = &huma.RequestBody{
			Required: true, Content: map[string]*huma.MediaType{"message/rfc822": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
		}
	}
	if r.Body == FormBody && !r.Hidden {
		// Only now: huma would read a body it knows of, and the handler does.
		s.edge.openapi.Paths[r.Path].Post.RequestBody = &huma.RequestBody{
			Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: r.Form}},
		}
	}
	s.edge.exemplify(r)
}

// declare notes a route. It panics for one that does not say who may use it or
// is declared twice: both are mistakes of whoever wrote it.
func (e *Edge) declare(r Route) {
	switch {
	case r.Who.says == "":
		panic("edge: " + r.Method + " " + r.Path + " does not say who may use it")
	case e.declared[r.Path][r.Method].Path != "":
		panic("edge: " + r.Method + " " + r.Path + " is declared twice")
	}
	if e.declared[r.Path] == nil {
		e.declared[r.Path] = map[string]Route{}
	}
	e.declared[r.Path][r.Method] = r
	e.byTemplate[r.Method+" "+strings.NewReplacer("{", ":", "}", "").Replace(r.Path)] = r
}

// Routes returns the declared routes, by path and method.
func (e *Edge) Routes() []Route {
	var all []Route
	for _, path := range slices.Sorted(maps.Keys(e.declared)) {
		for _, method := range slices.Sorted(maps.Keys(e.declared[path])) {
			all = append(all, e.declared[path][method])
		}
	}
	return all
}

// allowed returns the methods there are for a path of a request, HEAD with GET. Of
// the candidates' side there are none while it is not there.
func (e *Edge) allowed(path string) []string {
	var methods []string
	on, err := e.options.SelfTracking()
	on = on && err == nil
	for template, routes := range e.declared {
		if !matches(template, path) {
			continue
		}
		for method, r := range routes {
			if r.forCandidates() && !r.Always && !on {
				continue
			}
			methods = append(methods, method)
			if method == http.MethodGet {
				methods = append(methods, http.MethodHead)
			}
		}
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

// matches reports whether path has the form of template.
func matches(template, path string) bool {
	for {
		t, templateRest, more := strings.Cut(template, "/")
		p, pathRest, moreOfPath := strings.Cut(path, "/")
		if more != moreOfPath || t != p && (!strings.HasPrefix(t, "{") || p == "") {
			return false
		}
		if !more {
			return true
		}
		template, path = templateRest, pathRest
	}
}
