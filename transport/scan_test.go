package transport

import (
	"context"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/clamd"
	"github.com/hirelog/hirelog/internal/clamd/clamdtest"
)

// scanner is none until a test names one.
type scanner struct{ atomic.Pointer[clamd.Client] }

// Scan implements commands.Scanner.
func (s *scanner) Scan(ctx context.Context, r io.Reader) (string, error) {
	if c := s.Load(); c != nil {
		return c.Scan(ctx, r)
	}
	return "", nil
}

// scannedBy has files scanned by the daemon at an address from now on.
func (w *world) scannedBy(address string) {
	w.t.Helper()
	c, err := clamd.New(address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.scanner.Store(c)
}

// unscanned has files held from now on: nobody answers.
func (w *world) unscanned() {
	w.t.Helper()
	daemon := clamdtest.Serve(w.t, "tcp", "127.0.0.1:0")
	daemon.Close()
	w.scannedBy(daemon.Address)
}

const malware = aPDF + clamdtest.Virus

// documentsOf returns the documents of an application by their ids.
func (w *world) documentsOf(token, id string) map[string]map[string]any {
	w.t.Helper()
	all := map[string]map[string]any{}
	for _, d := range w.get(token, "/v1/applications/"+id+"/documents").want(http.StatusOK).items("items") {
		all[d["id"].(string)] = d
	}
	return all
}

// fileOf returns the first file of the newest version of a document.
func fileOf(document map[string]any) map[string]any {
	return document["versions"].([]any)[0].(map[string]any)["files"].([]any)[0].(map[string]any)
}

// found reports whether a file is quarantined, with the name of what is in it.
func found(file map[string]any) bool {
	name, _ := file["infection"].(string)
	return file["scan"] == "infected" && strings.HasPrefix(name, clamdtest.Name)
}

// S2-108, H4: with a scanner an infected file of a member's is not taken in; the
// others of the same upload are.
func TestFilesAreScanned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.scannedBy(clamdtest.Any(t))
	v := w.vacancy("Engineer")
	app := w.apply(v, "Cleo", "Candidate")
	path := "/v1/applications/" + app + "/documents"
	w.filed(v.manager, app, "cv", "cv.pdf", aPDF)
	before := w.events()
	w.post(v.manager, path, newForm("cv").file("cv.pdf", malware)).problem(http.StatusUnprocessableEntity, "file_infected")
	several := w.post(v.manager, path+"/several", newForm("cv").file("a.txt", clamdtest.Virus).file("b.txt", "harmless")).want(http.StatusOK)
	if several.text("items.0.refusal.code") != "file_infected" || several.text("items.1.id") == "" {
		t.Errorf("several: %s", several.body)
	}
	if got := w.events() - before; got != 1 {
		t.Errorf("%d events, want that of the harmless file alone", got)
	}
	if list := w.get(v.manager, path).items("items"); len(list) != 2 || fileOf(list[0])["scan"] != nil {
		t.Errorf("documents: %v", list)
	}
	if logged := w.logged.String(); !strings.Contains(logged, clamdtest.Name) || strings.Contains(logged, "b.txt") {
		t.Error("the log does not say what was found, or names files")
	}
}

// S2-108, H4, H15: while the scanner does not answer, uploads are taken in and
// held: nobody gets them, nobody approves them, and no message takes them along.
// Once it answers each is scanned; a clean one is given out, and an infected one is
// quarantined: nobody ever gets it, whoever is responsible is told, and the candidate sees it
// and uploads another.
func TestFilesAreHeldUntilTheyAreScanned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	w.settings(map[string]any{"self_tracking": true})
	w.unscanned()
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + id
	asked := w.post(v.manager, a+"/document-requests", map[string]any{"title": "Diploma", "category": "certificate"}).made()
	grace := w.signIn("grace.hopper@mail.example")
	own := "/applications/" + id + "/documents/" + asked
	grace.ask("POST", own+"/versions", newForm("").file("diploma.pdf", malware)).made()
	clean := w.post(v.manager, a+"/documents", newForm("cv").file("cv.pdf", aPDF)).made()
	bad := w.post(v.manager, a+"/documents", newForm("cv").file("worse.pdf", malware)).made()
	documents := w.documentsOf(v.manager, id)
	files := map[string]string{}
	for _, d := range []string{asked, clean, bad} {
		file := fileOf(documents[d])
		if files[d] = file["id"].(string); file["scan"] != "held" || file["infection"] != nil || documents[d]["status"] != "uploaded" {
			t.Errorf("it is %v of %v", file, documents[d])
		}
		w.get(v.manager, a+"/documents/"+d+"/files/"+files[d]).problem(http.StatusConflict, "file_held")
		w.get(w.admin, a+"/documents/"+d+"/files/"+files[d]+"?inline=true").problem(http.StatusConflict, "file_held")
		w.post(v.manager, a+"/documents/"+d+"/approve", map[string]any{"version": 1}).problem(http.StatusConflict, "file_held")
	}
	grace.ask("GET", own+"/files/"+files[asked], nil).problem(http.StatusConflict, "file_held")
	w.post(v.manager, a+"/messages", map[string]any{"subject": "Yours", "text": "As asked", "file_ids": []string{files[clean]}}).problem(http.StatusConflict, "file_held")

	w.scannedBy(clamdtest.Any(t))
	w.until("the files are scanned", func() bool {
		documents = w.documentsOf(v.manager, id)
		return fileOf(documents[clean])["scan"] == nil && found(fileOf(documents[asked])) && found(fileOf(documents[bad]))
	})
	if got := w.get(v.manager, a+"/documents/"+clean+"/files/"+files[clean]).want(http.StatusOK); string(got.body) != aPDF {
		t.Errorf("it says %q", got.body)
	}
	w.post(v.manager, a+"/documents/"+clean+"/approve", map[string]any{"version": 1}).want(http.StatusOK)
	for _, d := range []string{asked, bad} {
		if documents[d]["status"] != "rejected" {
			t.Errorf("it is %v", documents[d])
		}
		w.get(w.admin, a+"/documents/"+d+"/files/"+files[d]).problem(http.StatusConflict, "file_quarantined")
		w.post(v.manager, a+"/documents/"+d+"/approve", map[string]any{"version": 1, "reason": "all the same"}).problem(http.StatusConflict, "file_quarantined")
	}
	grace.ask("GET", own+"/files/"+files[asked], nil).problem(http.StatusConflict, "file_quarantined")
	w.post(v.manager, a+"/messages", map[string]any{"subject": "Yours", "text": "As asked", "file_ids": []string{files[bad]}}).problem(http.StatusConflict, "file_quarantined")
	if e, ok := w.effect(v.manager, id, "scan_file"); !ok || e["purpose"] != "scan" {
		t.Errorf("the effect is %v", e)
	}
	told := w.get(v.manager, "/v1/me/inbox?kind=file_quarantined").want(http.StatusOK).items("items")
	if len(told) != 2 || !slices.ContainsFunc(told, func(n map[string]any) bool { return n["document_id"] == asked }) {
		t.Errorf("told: %v", told)
	}
	if entries := slices.DeleteFunc(w.get(v.manager, a+"/timeline").want(http.StatusOK).items("items"), func(e map[string]any) bool { return e["kind"] != "file_quarantined" }); len(entries) != 2 {
		t.Errorf("timeline: %v", entries)
	}

	page := grace.ask("GET", "/applications/"+id, nil).want(http.StatusOK)
	if page.text("documents.0.status") != "rejected" || page.at("documents.0.accepts_upload") != true || page.text("documents.0.uploads.0.files.0.scan") != "infected" {
		t.Errorf("the page: %s", page.body)
	}
	grace.ask("POST", own+"/versions", newForm("").file("diploma.pdf", malware)).problem(http.StatusUnprocessableEntity, "file_infected")
	grace.ask("POST", own+"/versions", newForm("").file("diploma.pdf", aPDF)).made()
	if d := w.documentsOf(v.manager, id)[asked]; d["status"] != "uploaded" || fileOf(d)["scan"] != nil {
		t.Errorf("after another upload it is %v", d)
	}
}

// S2-108, S2-72, H2: that a file is infected is told of a contract as what is uploaded
// is: to who may view offers and salaries.
func TestAnInfectedContractTakesTheRightToSalaries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v := w.vacancy("Baker")
	managers := []map[string]any{{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true}}
	manager := func(name string, areas map[access.Area]string) string {
		id, token := w.member(name, "recruiting")
		role := w.post(w.admin, "/v1/organization/recruiting-roles", map[string]any{"name": name, "areas": areas, "documents": map[access.Category]string{access.OfferDocument: "view"}}).made()
		managers = append(managers, map[string]any{"member_id": id, "recruiting_role_id": role, "recruitment_manager": true})
		return token
	}
	areas := map[access.Area]string{access.Application: "view", access.Offers: "view"}
	clerk, payer := manager("Clerk", areas), manager("Payer", with2(areas, access.Salary))
	w.put(w.admin, "/v1/jobs/"+v.id+"/hiring-team", map[string]any{"hiring_team": managers}).want(http.StatusOK)
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	c := w.contract(v, a)
	w.unscanned()
	signed := w.post(v.manager, a+"/documents", newForm("offer").file("signed.pdf", malware)).made()
	w.post(v.manager, a+"/offers/"+c.offer+"/accept", map[string]any{"signed_document_id": signed}).want(http.StatusOK)
	w.scannedBy(clamdtest.Any(t))
	const path = "/v1/me/inbox?kind=file_quarantined"
	w.until("who may view salaries is told", func() bool { return len(w.get(payer, path).items("items")) == 1 })
	if got := w.get(clerk, path).want(http.StatusOK); len(got.items("items")) != 0 {
		t.Errorf("who may not is told %s", got.body)
	}
}

// S2-01, S2-44, S2-108: no form and no mail is lost for a file that is infected, or
// that nobody has scanned: it is quarantined, or held, also after it went along
// to an application or to the profile of somebody who was hired.
func TestWhatComesInIsNotLostForItsFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	w.scannedBy(clamdtest.Any(t))
	v := w.vacancy("Engineer")
	w.post("", sent(v), letter("Grace", "Hopper", "grace.hopper@mail.example", nil).cv("cv.pdf", malware)).want(http.StatusAccepted)
	id := w.get(v.manager, "/v1/applications").want(http.StatusOK).text("items.0.id")
	a := "/v1/applications/" + id
	for cv, d := range w.documentsOf(v.manager, id) {
		if !found(fileOf(d)) || d["status"] != "rejected" {
			t.Errorf("the CV is %v", d)
		}
		if by := d["reviewed_by"].(map[string]any); by["kind"] != "system" {
			t.Errorf("the CV was rejected by %v", by)
		}
		w.get(v.manager, a+"/documents/"+cv+"/files/"+fileOf(d)["id"].(string)).problem(http.StatusConflict, "file_quarantined")
		if told := w.get(v.manager, "/v1/me/inbox?kind=file_quarantined"); told.text("items.0.document_id") != cv {
			t.Errorf("told: %s", told.body)
		}
	}

	// A mail with malware of somebody unknown, and one with a file that is held.
	infected := w.mailIn(w.admin, mailWith("ada@mail.example", "1@mail.example", malware)).want(http.StatusOK).text("id")
	w.unscanned()
	held := w.mailIn(w.admin, mailWith("ada@mail.example", "2@mail.example", aPDF)).want(http.StatusOK).text("id")
	attached := func() map[string]map[string]any {
		files := map[string]map[string]any{}
		for _, m := range w.get(w.admin, "/v1/unassigned-messages").want(http.StatusOK).items("items") {
			files[m["id"].(string)] = m["attachments"].([]any)[0].(map[string]any)
		}
		return files
	}
	files := attached()
	if !found(files[infected]) || files[held]["scan"] != "held" {
		t.Fatalf("unassigned: %v", files)
	}
	fileIn := func(message string) string {
		return "/v1/unassigned-messages/" + message + "/files/" + files[message]["file_id"].(string)
	}
	w.get(w.admin, fileIn(infected)).problem(http.StatusConflict, "file_quarantined")
	w.get(w.admin, fileIn(held)).problem(http.StatusConflict, "file_held")
	w.post(w.admin, "/v1/unassigned-messages/"+held+"/assign", map[string]any{"application_id": id}).want(http.StatusOK)
	w.post(w.admin, "/v1/unassigned-messages/"+infected+"/assign", map[string]any{"application_id": id}).want(http.StatusOK)
	scans := func(want string) {
		t.Helper()
		w.until("the attachments are "+want, func() bool {
			var got []string
			for _, d := range w.documentsOf(v.manager, id) {
				scan, _ := fileOf(d)["scan"].(string)
				got = append(got, scan)
			}
			slices.Sort(got)
			return strings.Join(got, " ") == want
		})
	}
	scans("held infected infected")

	// Whoever is hired takes them along, and nobody gets them there.
	w.post(v.manager, a+"/hire", map[string]any{"reason": "the best of all"}).want(http.StatusCreated)
	e := "/v1/employees/" + w.hired(v.manager, id)
	codes := func() (all []string) {
		for _, d := range w.get(v.manager, e).want(http.StatusOK).items("documents") {
			file := fileOf(d)
			got := w.get(v.manager, e+"/documents/"+d["id"].(string)+"/files/"+file["id"].(string))
			code := "given"
			if got.status != http.StatusOK {
				code = got.text("code")
			}
			all = append(all, code)
		}
		slices.Sort(all)
		return all
	}
	if got := codes(); !slices.Equal(got, []string{"file_held", "file_quarantined", "file_quarantined"}) {
		t.Errorf("the employee's files: %v", got)
	}
	w.scannedBy(clamdtest.Any(t))
	scans(" infected infected")
	if got := codes(); !slices.Equal(got, []string{"file_quarantined", "file_quarantined", "given"}) {
		t.Errorf("the employee's files: %v", got)
	}
}

// S2-108, S2-74, H5: a file that was held when its application was erased, or its
// version deleted there, is scanned in the profile of who was hired: a clean one is
// given out then, and an infected one never.
func TestHeldFilesOfEmployeesAreScanned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	w.unscanned()
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + id
	clean := w.post(v.manager, a+"/documents", newForm("cv").file("cv.pdf", aPDF)).made()
	bad := w.post(v.manager, a+"/documents", newForm("cv").file("worse.pdf", malware)).made()
	deleted := w.post(v.manager, a+"/documents", newForm("cv").file("older.pdf", aPDF)).made()
	w.post(v.manager, a+"/hire", map[string]any{"reason": "the best of all"}).want(http.StatusCreated)
	e := "/v1/employees/" + w.hired(v.manager, id)
	w.delete(v.manager, a+"/documents/"+deleted+"/versions/1").want(http.StatusOK)
	w.post(v.manager, a+"/anonymise", nil).want(http.StatusOK)
	scans := func() map[string]any {
		all := map[string]any{}
		for _, d := range w.get(v.manager, e).want(http.StatusOK).items("documents") {
			all[d["id"].(string)] = fileOf(d)["scan"]
		}
		return all
	}
	if got := scans(); got[clean] != "held" || got[bad] != "held" || got[deleted] != "held" {
		t.Fatalf("before the scanner answers: %v", got)
	}
	w.scannedBy(clamdtest.Any(t))
	w.until("the profile's files are scanned", func() bool {
		got := scans()
		return len(got) == 3 && got[clean] == nil && got[deleted] == nil && got[bad] == "infected"
	})
	for _, d := range w.get(v.manager, e).want(http.StatusOK).items("documents") {
		got := w.get(v.manager, e+"/documents/"+d["id"].(string)+"/files/"+fileOf(d)["id"].(string))
		if d["id"] == bad {
			got.problem(http.StatusConflict, "file_quarantined")
		} else if got.want(http.StatusOK); string(got.body) != aPDF {
			t.Errorf("it says %q", got.body)
		}
	}
	// Nothing else tells of it: the application is erased. H2
	outsider := w.vacancy("Baker").manager
	told := w.get(v.manager, "/v1/me/inbox?kind=file_quarantined").want(http.StatusOK)
	if len(told.items("items")) != 1 || told.text("items.0.employee_id") != path.Base(e) || told.at("items.0.application_id") != nil || told.text("items.0.document_id") != bad || told.text("items.0.job.id") != v.id {
		t.Errorf("the manager is told %s", told.body)
	}
	if got := w.get(outsider, "/v1/me/inbox?kind=file_quarantined").want(http.StatusOK); len(got.items("items")) != 0 {
		t.Errorf("another manager is told %s", got.body)
	}
}

// S2-108: what came along with a message that belongs to no application is scanned
// where it is.
func TestUnassignedFilesAreScanned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	w.unscanned()
	message := w.mailIn(w.admin, mailWith("ada@mail.example", "1@mail.example", malware)).want(http.StatusOK).text("id")
	file := w.get(w.admin, "/v1/unassigned-messages").text("items.0.attachments.0.file_id")
	w.get(w.admin, "/v1/unassigned-messages/"+message+"/files/"+file).problem(http.StatusConflict, "file_held")
	w.scannedBy(clamdtest.Any(t))
	w.until("the file is scanned", func() bool {
		return found(w.get(w.admin, "/v1/unassigned-messages").items("items.0.attachments")[0])
	})
	w.get(w.admin, "/v1/unassigned-messages/"+message+"/files/"+file).problem(http.StatusConflict, "file_quarantined")
}

// mailWith is a mail with a file.
func mailWith(from, id, content string) string {
	return "From: " + from + "\nTo: jobs@acme.example\nSubject: Files\nMessage-ID: <" + id + ">\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" +
		"--b\nContent-Type: text/plain\n\nAttached.\n--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"f.pdf\"\n\n" + content + "\n--b--\n"
}
