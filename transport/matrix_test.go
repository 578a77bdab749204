package transport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/transport/edge"
)

// matrix is a company in which somebody holds every kind of right, and what
// requests are made of.
type matrix struct {
	*world
	cases   []standing
	objects map[string]object // by application
	fill    map[string]any    // values of fields of bodies, by name
	said    map[string]*huma.Operation
	only    map[access.Area]standing
	but     map[access.Area]standing
}

// standing is a member before one application.
type standing struct {
	name        string
	member      string
	token       string // "" = none
	application string
	role        access.OrganizationRole
	level       func(access.Area) access.Level // on the application; of a document with area ""
	manager     bool
	masked      bool
	cookie      string // of a candidate, whose own application it is or not
	owns        bool
}

// object is an application with something in it.
type object struct{ job, note, document, file, email string }

func everywhere(l access.Level) func(access.Area) access.Level {
	return func(access.Area) access.Level { return l }
}

func list(a access.Area) access.Level {
	if a == access.Application {
		return access.View
	}
	return access.None
}

func unopened(a access.Area) access.Level {
	if a == access.History {
		return access.View
	}
	return list(a)
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{world: newWorld(t), objects: map[string]object{}, only: map[access.Area]standing{}, but: map[access.Area]standing{}}
	m.do(call{method: "PATCH", path: "/v1/organization/settings", token: m.admin, body: map[string]bool{"self_tracking": true}}).want(http.StatusOK)
	roles := map[access.Level]string{
		access.None: m.recruitingRole("List", list), access.View: m.recruitingRole("View", everywhere(access.View)), access.Edit: m.recruitingRole("Edit", everywhere(access.Edit)),
	}
	levels := map[access.Level]func(access.Area) access.Level{access.None: list, access.View: everywhere(access.View), access.Edit: everywhere(access.Edit)}
	m.fill = map[string]any{
		"category": "cv", "recruiting_role_id": roles[access.None], "role": "reporting", "until": time.Now().Add(time.Hour),
		"start": "2035-01-02T10:00", "zone": "Europe/Berlin", "minutes": 60, "place": "Room 1", "currency": "EUR", "participant_ids": []string{m.get(m.admin, "/v1/me").text("id")},
	}

	own, other, secret := m.vacancy("Own"), m.vacancy("Other"), m.vacancy("Secret")
	m.do(call{method: "PATCH", path: "/v1/jobs/" + secret.id, token: m.admin, body: map[string]bool{"confidential": true}}).want(http.StatusOK)
	mine, theirs, granted, hidden := m.filled(own), m.filled(other), m.filled(other), m.filled(secret)
	m.fill["job_id"] = own.id

	admin := m.get(m.admin, "/v1/me").text("id")
	m.fill["member_id"] = admin
	m.fill["action"] = map[string]any{"set_owner": map[string]string{"owner_id": admin}}
	for _, app := range []string{mine, hidden} {
		m.cases = append(m.cases, standing{name: "admin", member: admin, token: m.admin, application: app, role: access.Admin, level: everywhere(access.Edit), manager: true})
	}
	team := []map[string]any{{"member_id": own.member, "recruiting_role_id": roles[access.Edit], "recruitment_manager": true}}
	join := func(name string, org access.OrganizationRole, role string, level func(access.Area) access.Level) standing {
		s := standing{name: name, role: org, application: mine, level: level}
		s.member, s.token = m.member(name, string(org))
		team = append(team, map[string]any{"member_id": s.member, "recruiting_role_id": role})
		return s
	}
	for _, org := range []access.OrganizationRole{access.Recruiting, access.Auditor, access.Reporting} {
		for l, role := range roles {
			level := levels[l]
			if org == access.Auditor && l == access.None {
				level = unopened
			}
			m.cases = append(m.cases, join(fmt.Sprintf("%s with role %v", org, l), org, role, level))
		}
		nobody := standing{name: string(org) + " without a role", application: mine, role: org, level: everywhere(access.None)}
		nobody.member, nobody.token = m.member(nobody.name, string(org))
		if org == access.Auditor {
			nobody.level, nobody.masked = unopened, true
		}
		m.cases = append(m.cases, nobody, nobody.before("confidential", hidden))
	}
	m.fill["address"] = "https://calendar.example/busy.ics"
	m.fill["email"], m.fill["code"] = "somebody@mail.example", "123456"
	// What is withdrawn can be read, and nothing happens to it.
	left := m.filled(own)
	grace := m.signIn(m.objects[left].email)
	grace.ask("POST", "/applications/"+left+"/withdraw", map[string]string{}).want(http.StatusOK)
	m.cases = append(m.cases,
		standing{name: "candidate", cookie: grace.cookie, application: left, level: everywhere(access.None), owns: true},
		standing{name: "another candidate", cookie: grace.cookie, application: mine, level: everywhere(access.None)})
	for _, a := range append(access.Areas(), "") {
		m.only[a] = join("only "+string(a), access.Recruiting, "", func(x access.Area) access.Level {
			if x == a {
				return access.Edit
			}
			return list(x)
		})
		team[len(team)-1]["recruiting_role_id"] = m.recruitingRole("Only "+string(a), m.only[a].level)
		m.but[a] = join("all but "+string(a), access.Recruiting, "", func(x access.Area) access.Level {
			if x == a {
				return access.None
			}
			return access.Edit
		})
		team[len(team)-1]["recruiting_role_id"] = m.recruitingRole("All but "+string(a), m.but[a].level)
	}
	m.put(m.admin, "/v1/jobs/"+own.id+"/hiring-team", map[string]any{"hiring_team": team}).want(http.StatusOK)

	manager := standing{name: "manager", member: own.member, token: own.manager, application: mine, role: access.Recruiting, level: everywhere(access.Edit), manager: true}
	stranger := manager
	stranger.level, stranger.manager = everywhere(access.None), false
	m.cases = append(m.cases, manager, stranger.before("of another job", theirs), stranger.before("of another, confidential job", hidden))

	grant := func(s standing, l access.Level) string {
		return m.post(m.admin, "/v1/applications/"+granted+"/grants", map[string]any{"member_id": s.member, "recruiting_role_id": roles[l]}).made()
	}
	for org, l := range map[access.OrganizationRole]access.Level{access.Recruiting: access.Edit, access.Reporting: access.View, access.Auditor: access.Edit} {
		s := standing{name: string(org) + " granted", application: granted, role: org, level: everywhere(l)}
		s.member, s.token = m.member(s.name, string(org))
		grant(s, l)
		m.cases = append(m.cases, s)
		if org == access.Recruiting {
			s.level = everywhere(access.None)
			m.cases = append(m.cases, s.before("another", theirs))
		}
	}
	ended := standing{name: "ended grant", application: granted, role: access.Recruiting, level: everywhere(access.None)}
	ended.member, ended.token = m.member(ended.name, "recruiting")
	m.delete(m.admin, "/v1/applications/"+granted+"/grants/"+grant(ended, access.Edit)).want(http.StatusOK)
	opened := standing{name: "auditor let in", application: granted, role: access.Auditor, level: everywhere(access.View)}
	opened.member, opened.token = m.member(opened.name, "auditor")
	m.post(m.admin, "/v1/applications/"+granted+"/openings", map[string]any{"member_id": opened.member, "reason": "x", "until": time.Now().Add(time.Hour)}).made()
	m.cases = append(m.cases, ended, opened)
	m.said = operations(m.handler.edge.OpenAPI())
	m.settle()
	return m
}

func (s standing) before(name, application string) standing {
	s.name, s.application = s.name+", "+name, application
	return s
}

// recruitingRole defines a role with these levels, of documents that of area "".
func (m *matrix) recruitingRole(name string, level func(access.Area) access.Level) string {
	m.t.Helper()
	areas, documents := map[access.Area]string{}, map[access.Category]string{}
	for _, a := range access.Areas() {
		areas[a] = level(a).String()
	}
	for _, c := range access.Categories() {
		documents[c] = level("").String()
	}
	return m.post(m.admin, "/v1/organization/recruiting-roles", map[string]any{"name": "Role " + name, "areas": areas, "documents": documents}).made()
}

// filled receives an application and puts something into it.
func (m *matrix) filled(v vacancy) string {
	m.t.Helper()
	name := "Grace" + uuid.NewString()[:8]
	id := m.apply(v, name, "Hopper")
	a := "/v1/applications/" + id
	o := object{job: v.id, email: strings.ToLower(name) + ".hopper@mail.example", note: m.post(m.admin, a+"/notes", map[string]string{"text": "x"}).made(), document: m.post(m.admin, a+"/documents", newForm("cv").file("cv.txt", "x")).made()}
	m.post(m.admin, a+"/picture", newForm("").as("picture", "me.png", portrait())).made()
	o.file = m.get(m.admin, a+"/documents").text("items.0.versions.0.files.0.id")
	m.objects[id] = o
	return id
}

// made are the parameters in paths of what every application has.
var made = regexp.MustCompile(`\{(id|note|document|file)\}`)

// expectation is what a route must answer.
type expectation uint8

const (
	allowed expectation = iota
	perhaps             // allowed, but for what the route says in words, or if it is there
	denied              // 403
	unknown             // 404
	refused             // 403 or 404
	unauthorized
)

// expects says what a route must answer to a member, from what it declares.
func (s standing) expects(r edge.Route) expectation {
	rule := r.Who.Rule()
	onApplication := strings.HasPrefix(r.Path, "/v1/applications/{id}")
	sees := s.level(access.Application) >= access.View
	no := refused
	switch {
	case onApplication && sees:
		no = denied
	case onApplication:
		no = unknown
	}
	reads := r.Method == http.MethodGet
	ok := true
	switch {
	case rule.Public:
		return perhaps
	case rule.Candidate && s.owns && reads && !strings.Contains(r.Path, "{file}"):
		return allowed
	case rule.Candidate && s.owns:
		return perhaps
	case rule.Candidate && s.cookie != "" && strings.Contains(r.Path, "{id}"):
		return unknown
	case rule.Candidate && s.cookie != "":
		return perhaps
	case s.token == "", rule.Candidate:
		return unauthorized
	case len(rule.Roles) > 0:
		ok = slices.Contains(rule.Roles, s.role)
	case rule.Managers:
		ok = s.manager
	case rule.Self:
		ok = s.role == access.Admin
	case rule.Area != "":
		ok = s.level(rule.Area) >= rule.Level && (reads || !s.masked)
	case rule.Documents && reads && !strings.Contains(r.Path, "{document}"):
		ok = sees // those of categories they may view
	case rule.Documents:
		ok = s.level("") >= rule.Level && !s.masked
		if sees && s.level("") < access.View {
			no = refused // a document of another category is unknown
		}
	}
	switch {
	case !ok:
		return no
	case onApplication && !sees, rule.Narrowed, reads && made.ReplaceAllString(r.Path, "") != parameter.ReplaceAllString(r.Path, ""):
		return perhaps
	case !onApplication && rule.Area == "" && strings.Contains(r.Path, "{"):
		return perhaps // of things that are not there
	}
	return allowed
}

// ask makes the request of a route for a member and returns what was answered. Of
// what is allowed nothing happens: it names a revision that there is not.
func (m *matrix) ask(r edge.Route, s standing, want expectation) (status int, code string, err error) {
	o := m.objects[s.application]
	path := strings.NewReplacer("{note}", o.note, "{document}", o.document, "{file}", o.file, "{version}", "1").Replace(r.Path)
	id := uuid.NewString()
	switch {
	case strings.HasPrefix(path, "/v1/applications/"), strings.HasPrefix(path, "/v1/candidate/applications/"):
		id = s.application
	case strings.HasPrefix(path, "/v1/jobs/"):
		id = o.job
	case strings.HasPrefix(path, "/v1/members/"):
		id = m.fill["member_id"].(string)
	}
	path = parameter.ReplaceAllString(strings.Replace(path, "{id}", id, 1), uuid.NewString())
	var body io.Reader
	contentType := "application/json"
	switch r.Body {
	case edge.NoBody:
	case edge.FormBody:
		f := newForm("cv")
		if strings.Contains(r.Path, "{document}") {
			f = newForm("") // which has a category
		}
		if strings.HasSuffix(r.Path, "/picture") {
			f = newForm("").as("picture", "me.png", "x")
		} else {
			f.file("cv.txt", "x")
		}
		body, contentType = f.done(), f.w.FormDataContentType()
	case edge.MailBody:
		body, contentType = strings.NewReader("Subject: from nobody\r\n\r\n"), "message/rfc822"
	case edge.JSONBody, edge.OptionalJSONBody:
		value := any(map[string]any{})
		if op := m.said[r.Method+" "+r.Path]; op != nil && r.Body == edge.JSONBody {
			value = m.example("", op.RequestBody.Content["application/json"].Schema)
		}
		data, err := json.Marshal(value)
		if err != nil {
			return 0, "", err
		}
		body = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(m.t.Context(), r.Method, m.url+path, body)
	if err != nil {
		return 0, "", err
	}
	if body != nil {
		request.Header.Set("Content-Type", contentType)
	}
	if s.token != "" {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	if s.cookie != "" {
		request.Header.Set("Cookie", s.cookie)
	}
	if r.Method != http.MethodGet && (want == allowed || want == perhaps) {
		request.Header.Set("If-Match", `"999999"`)
	}
	answer, err := m.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	var problem struct{ Code string }
	if answer.StatusCode >= 400 {
		_ = json.Unmarshal(data, &problem)
	}
	return answer.StatusCode, problem.Code, err
}

// example returns the smallest value that a schema allows.
func (m *matrix) example(name string, s *huma.Schema) any {
	if s.Ref != "" {
		s = m.handler.edge.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
	}
	if v, ok := m.fill[name]; ok && len(s.Enum) == 0 {
		return v
	}
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	switch s.Type {
	case huma.TypeObject:
		v := map[string]any{}
		for _, field := range s.Required {
			v[field] = m.example(field, s.Properties[field])
		}
		return v
	case huma.TypeArray:
		v := []any{}
		if s.MinItems != nil && *s.MinItems > 0 {
			v = append(v, m.example(name, s.Items))
		}
		return v
	case huma.TypeBoolean:
		return true
	case huma.TypeInteger, huma.TypeNumber:
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 1
	}
	switch s.Format {
	case "uuid":
		return uuid.NewString()
	case "date-time":
		return time.Now().Add(time.Hour)
	case "date":
		return "2030-01-01"
	case "email":
		return "somebody@mail.example"
	}
	return "xx"
}

// met reports whether an answer is the one that was expected.
func (e expectation) met(status int, code string) bool {
	switch e {
	case allowed:
		gone := status == http.StatusNotFound && slices.Contains([]string{"unknown_application", "unknown_job", "not_found"}, code)
		return status < 500 && status != http.StatusUnauthorized && status != http.StatusForbidden && !gone
	case perhaps:
		return status < 500 && status != http.StatusUnauthorized
	case denied:
		return status == http.StatusForbidden
	case unknown:
		return status == http.StatusNotFound
	case refused:
		return status == http.StatusForbidden || status == http.StatusNotFound
	case unauthorized:
		return status == http.StatusUnauthorized
	}
	return false
}

// concerned are the members to whom a route is put: all before an application,
// and one of each organisation role for what is about none.
func (m *matrix) concerned(r edge.Route) []standing {
	nobody := standing{name: "without a token", application: m.cases[0].application, level: everywhere(access.None)}
	if !strings.HasPrefix(r.Path, "/v1/applications") && !strings.HasPrefix(r.Path, "/v1/jobs") {
		all := []standing{nobody}
		for _, s := range m.cases {
			takes := r.Who.Rule().Candidate && r.Method == http.MethodDelete // the session or picture itself
			if s.cookie != "" && !takes || !slices.ContainsFunc(all, func(have standing) bool { return have.role == s.role }) {
				all = append(all, s)
			}
		}
		return all
	}
	all := append([]standing{nobody}, m.cases...)
	if r.Path == "/v1/applications" {
		// The job is in the body: their own, where grants do not count.
		all = slices.DeleteFunc(all, func(s standing) bool { return s.token != "" && s.application != m.cases[0].application })
	}
	if strings.HasPrefix(r.Path, "/v1/jobs") {
		all = slices.DeleteFunc(all, func(s standing) bool { return strings.Contains(s.name, "grant") || s.name == "auditor let in" })
	}
	rule := r.Who.Rule()
	if rule.Area != "" || rule.Documents {
		all = append(all, m.only[rule.Area], m.but[rule.Area])
	}
	return all
}

// Whoever asks for whatever: every declared route answers as it declares, for
// every organisation role, every level of a recruiting role, an application of
// the own and of another job, a granted one, one whose grant ended, a
// confidential one, without a token, and as a candidate whose own it is or not.
// S1-08, S2-31, S2-32, S2-33, S2-79, S2-80, S2-81,
// S2-82, S2-101; H2, H7, H8
func TestEveryRouteDoesAsItDeclares(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	before := m.events()
	var all sync.WaitGroup
	var undecided sync.Map
	slots := make(chan struct{}, 8)
	asked, unclear := 0, 0
	for _, r := range m.handler.edge.Routes() {
		for _, s := range m.concerned(r) {
			want := s.expects(r)
			asked++
			slots <- struct{}{}
			all.Go(func() {
				defer func() { <-slots }()
				status, code, err := m.ask(r, s, want)
				if code == "invalid" && (want == allowed || want == perhaps || s.application != m.cases[0].application) {
					undecided.Store(r.Method+" "+r.Path, true) // perhaps before anybody looked at rights
					return
				}
				if err != nil || !want.met(status, code) {
					t.Errorf("%s %s (%s) answered %d %s to: %s; %v", r.Method, r.Path, r.Who, status, code, s.name, err)
				}
			})
		}
	}
	all.Wait()
	// Every write named a revision that nothing has, but one: what a candidate asks
	// about their data takes none.
	if got := m.events(); got != before+1 {
		t.Errorf("%d events were written, want the one of the candidate", got-before)
	}
	undecided.Range(func(route, _ any) bool {
		t.Logf("%v answered that the request is invalid: say in fill what its fields hold", route)
		unclear++
		return true
	})
	if asked < 1000 || unclear > 5 {
		t.Errorf("%d requests were made; %d routes did not get to rights", asked, unclear)
	}
}
