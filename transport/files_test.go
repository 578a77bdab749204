package transport

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain/access"
)

// aPDF is a file that is told to be one.
const aPDF = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"

// wordDocument is a DOCX file that says a text.
func wordDocument(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, part := range [][2]string{
		{"[Content_Types].xml", `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`},
		{"word/document.xml", `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>` + text + `</w:t></w:r></w:p></w:body></w:document>`},
	} {
		w, err := z.Create(part[0])
		if err == nil {
			_, err = io.WriteString(w, part[1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// filed files one document and returns the path of its file.
func (w *world) filed(token, application, category, name, content string) string {
	w.t.Helper()
	a := "/v1/applications/" + application
	document := w.post(token, a+"/documents", newForm(category).file(name, content)).made()
	for _, d := range w.get(token, a+"/documents").at("items").([]any) {
		if d := d.(map[string]any); d["id"] == document {
			file := d["versions"].([]any)[0].(map[string]any)["files"].([]any)[0].(map[string]any)["id"].(string)
			return a + "/documents/" + document + "/files/" + file
		}
	}
	w.t.Fatalf("document %s is not there", document)
	return ""
}

// S2-24..26: a link opens a file in a tab of its own, for five minutes, as the
// member it was made for, whose rights count when it is used. S2-31, S2-102; H2
func TestLinksToFiles(t *testing.T) {
	t.Parallel()
	var later atomic.Int64 // seconds
	w := newWorld(t, func(o *Options) {
		o.Queries.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load()) * time.Second) }
	})
	v, other := w.vacancy("Engineer"), w.vacancy("Nurse")
	app := w.apply(v, "Cleo", "Candidate")
	file := w.filed(v.manager, app, "cv", "Lebenslauf Ä.pdf", aPDF)
	link := w.get(v.manager, file+"/link?inline=true").want(http.StatusOK)
	to := link.text("url")
	open := func(token, to string) reply {
		return w.do(call{method: http.MethodGet, path: to, token: token})
	}
	got := open("", to).want(http.StatusOK)
	if string(got.body) != aPDF || got.header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(got.header.Get("Content-Disposition"), "inline") ||
		got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Content-Security-Policy") == "" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("opened: %d bytes, %v", len(got.body), got.header)
	}
	part := w.do(call{method: http.MethodGet, path: to, header: map[string]string{"Range": "bytes=5-8"}})
	if part.status != http.StatusPartialContent || string(part.body) != aPDF[5:9] {
		t.Errorf("a range: %d %q", part.status, part.body)
	}
	saved := open("", w.get(v.manager, file+"/link").text("url")).want(http.StatusOK)
	if d := saved.header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") || !strings.Contains(saved.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("to be saved: %v", saved.header)
	}
	open(v.manager, to).want(http.StatusOK)
	open(other.manager, to).problem(http.StatusForbidden, "link_of_another")
	open("nonsense", to).problem(http.StatusUnauthorized, "invalid_token")
	w.get(other.manager, file+"/link").problem(http.StatusNotFound, "not_found")

	// Nothing that it says can be changed.
	address, query, _ := strings.Cut(to, "?")
	changed := func(name, value string) string {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		q.Set(name, value)
		return address + "?" + q.Encode()
	}
	another := w.filed(v.manager, app, "certificate", "c.pdf", aPDF)
	for _, tampered := range []string{
		changed("viewer", other.member), changed("expires", "9999999999"), changed("inline", "false"), changed("signature", "AAAA"), address,
		another + "/open?" + query, strings.Replace(to, app, w.apply(v, "Dora", "Doe"), 1),
	} {
		open("", tampered).problem(http.StatusForbidden, "link_invalid")
	}
	later.Store(200)
	open("", to).want(http.StatusOK)
	later.Store(301)
	open("", to).problem(http.StatusForbidden, "link_expired")
	later.Store(0)

	// A right that is gone ends the link.
	guest := w.post(w.admin, "/v1/members", map[string]any{"name": "Guest", "role": "reporting"}).made()
	role := w.post(w.admin, "/v1/organization/recruiting-roles", map[string]any{
		"name": "Reader of CVs", "areas": map[access.Area]string{access.Application: "view"}, "documents": map[string]string{"cv": "view"},
	}).made()
	grant := w.post(v.manager, "/v1/applications/"+app+"/grants", map[string]any{"member_id": guest, "recruiting_role_id": role}).made()
	lent := w.get(w.tokenOf(guest), file+"/link").text("url")
	open("", lent).want(http.StatusOK)
	w.delete(v.manager, "/v1/applications/"+app+"/grants/"+grant).want(http.StatusOK)
	w.settle()
	open("", lent).problem(http.StatusNotFound, "not_found")

	// Each opening is in the read log, with the member it stands for.
	auditor := w.post(w.admin, "/v1/members", map[string]any{"name": "Auditor", "role": "auditor"}).made()
	reads := w.get(w.tokenOf(auditor), "/v1/read-log?member_id="+guest+"&limit=200").want(http.StatusOK)
	if !strings.Contains(string(reads.body), `"file"`) || !strings.Contains(string(reads.body), file[strings.LastIndex(file, "/")+1:]) {
		t.Errorf("the read log of the guest: %s", reads.body)
	}
}

// H4: what a file is, its content says and not its name. S2-24..26: a Word
// document is shown as the text it says, and what cannot be shown says so.
func TestWhatAFileIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	app := w.apply(v, "Cleo", "Candidate")
	page := "<!DOCTYPE html><script>alert(document.cookie)</script>"
	for _, tt := range []struct{ name, content, typ, preview, shown string }{
		{"cv.pdf", page, "text/html", "", ""},
		{"cv.pdf.exe", aPDF, "application/pdf", "pdf", aPDF},
		{"cv.txt", wordDocument(t, "Cleo &amp; more"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "text", "Cleo & more\n"},
		{"picture.png", "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>", "image/svg+xml", "", ""},
		{"page.html", "Only a text.", "text/plain", "text", "Only a text."},
	} {
		file := w.filed(v.manager, app, "cv", tt.name, tt.content)
		var listed map[string]any
		for _, d := range w.get(v.manager, "/v1/applications/"+app+"/documents").at("items").([]any) {
			f := d.(map[string]any)["versions"].([]any)[0].(map[string]any)["files"].([]any)[0].(map[string]any)
			if strings.HasSuffix(file, f["id"].(string)) {
				listed = f
			}
		}
		preview, _ := listed["preview"].(string)
		if listed["type"] != tt.typ || preview != tt.preview {
			t.Errorf("%s is listed as %v, want %s shown as %q", tt.name, listed, tt.typ, tt.preview)
		}
		if tt.preview == "" {
			w.get(v.manager, file+"?inline=true").problem(http.StatusUnprocessableEntity, "no_preview")
			w.get(v.manager, file+"/link?inline=true").problem(http.StatusUnprocessableEntity, "no_preview")
			if got := w.get(v.manager, file).want(http.StatusOK); string(got.body) != tt.content || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
				t.Errorf("%s: saved as %v", tt.name, got.header)
			}
			continue
		}
		got := w.get(v.manager, file+"?inline=true").want(http.StatusOK)
		if string(got.body) != tt.shown || tt.preview == "text" && got.header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s is shown as %q, %v", tt.name, got.body, got.header)
		}
	}
	// A request for a PDF takes none that is only called so.
	w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: w.admin, body: map[string]any{"self_tracking": true}}).want(http.StatusOK)
	a := "/v1/applications/" + app
	requested := w.post(v.manager, a+"/document-requests", map[string]any{"title": "A PDF", "category": "cv", "formats": []string{"pdf"}}).made()
	w.post(v.manager, a+"/documents/"+requested+"/versions", newForm("").file("cv.pdf", page)).problem(http.StatusUnprocessableEntity, "file_format")
	// One that is broken is said to be.
	broken := wordDocument(t, "<w:p")
	w.get(v.manager, w.filed(v.manager, app, "cv", "broken.docx", broken)+"?inline=true").problem(http.StatusUnprocessableEntity, "no_preview")
}

// S2-21..23: a member files several documents at once, each with its category,
// and hears of each what became of it. S2-31
func TestSeveralDocumentsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	app := w.apply(v, "Cleo", "Candidate")
	path := "/v1/applications/" + app + "/documents"
	several := func(categories, key string, names ...string) reply {
		f := newForm("")
		_ = f.w.WriteField("category", categories)
		for _, n := range names {
			f.file(n, "Content of "+n)
		}
		return w.do(call{method: http.MethodPost, path: path + "/several", token: v.manager, body: f, header: map[string]string{"Idempotency-Key": key}})
	}
	got := several("cv, nonsense,certificate", "a", "one.txt", "two.txt", "three.txt").want(http.StatusOK)
	if got.at("refused") != 1.0 || got.text("items.1.refusal.code") == "" || got.text("items.0.id") == got.text("items.2.id") {
		t.Errorf("several: %s", got.body)
	}
	before := w.events()
	if again := several("cv, nonsense,certificate", "a", "one.txt", "two.txt", "three.txt"); !bytes.Equal(again.body, got.body) || w.events() != before {
		t.Errorf("asked again: %s, and %d events", again.body, w.events()-before)
	}
	several("cv", "b", "four.txt", "five.txt").want(http.StatusOK)
	several("cv,cv,cv", "c", "six.txt", "seven.txt").problem(http.StatusUnprocessableEntity, "invalid")
	several("uncategorised", "d", "eight.txt").problem(http.StatusUnprocessableEntity, "document_category")
	categories := map[string]int{}
	for _, d := range w.get(v.manager, path).at("items").([]any) {
		categories[d.(map[string]any)["category"].(string)]++
	}
	if len(categories) != 2 || categories["cv"] != 3 || categories["certificate"] != 1 {
		t.Errorf("filed: %v", categories)
	}
	stranger := w.vacancy("Nurse").manager
	f := newForm("")
	_ = f.w.WriteField("category", "cv")
	w.post(stranger, path+"/several", f.file("x.txt", "x")).problem(http.StatusNotFound, "unknown_application")
}

// S1-37, S2-21: one document is asked of many candidates at once.
func TestOneRequestToManyApplications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: w.admin, body: map[string]any{"self_tracking": true}}).want(http.StatusOK)
	v, other := w.vacancy("Engineer"), w.vacancy("Nurse")
	mine, yours, theirs := w.apply(v, "Cleo", "Candidate"), w.apply(v, "Dora", "Doe"), w.apply(other, "Eve", "Else")
	ask := func(applications ...string) reply {
		return w.post(v.manager, "/v1/document-requests", map[string]any{"application_ids": applications, "title": "Passport", "category": "other", "formats": []string{"pdf"}})
	}
	got := ask(mine, theirs, yours).want(http.StatusOK)
	if got.at("refused") != 1.0 || got.text("items.1.refusal.code") != "unknown_application" || got.text("items.2.of") != yours {
		t.Errorf("asked: %s", got.body)
	}
	for n, app := range map[string]string{"0": mine, "2": yours} {
		list := w.get(v.manager, "/v1/applications/"+app+"/documents").want(http.StatusOK)
		if list.text("items.0.id") != got.text("items."+n+".id") || list.text("items.0.status") != "requested" || list.text("items.0.title") != "Passport" {
			t.Errorf("documents of %s: %s", app, list.body)
		}
	}
	ask(theirs).problem(http.StatusNotFound, "unknown_application")
	ask().problem(http.StatusUnprocessableEntity, "invalid")
	ask("not-an-id").problem(http.StatusUnprocessableEntity, "invalid")
}
