package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/internal/eventlog"
)

const (
	// canary is in every personal text of the test, and nowhere else.
	canary = "qzvkxwjqpf"
	// control is in a title, which is not personal: a search that does not find
	// it is blind.
	control = "gwyxqvzkjb"
)

// Nothing personal can be read in anything the program writes: its folder, its
// logs, its metrics.
// It holds E8.
func TestNothingPersonalIsReadableOnDisk(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	withoutCompression(t, in)
	in.end(t)
	in.start(t, "--log-level", "debug")
	server := in.program

	v, a := sing(t, in)
	whistle(t, v, a)
	spill(t, in, v, a)
	metrics := v.see("/metrics").want(http.StatusOK)

	db := connect(t, in)
	for _, statement := range []string{"ANALYZE", "CHECKPOINT"} {
		if _, err := db.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(t.Context()); err != nil {
		t.Error(err)
	}
	in.end(t)
	silent(t, "the log", []byte(server.stderr.String()))
	silent(t, "what it prints", []byte(server.stdout.String()))
	silent(t, "the metrics", metrics.body)
	found := 0
	for path, data := range filesBelow(t, filepath.Dir(in.dir)) {
		silent(t, path, data)
		if bytes.Contains(data, []byte(control)) {
			t.Logf("in the clear, as it may be: %s", path)
			found++
		}
	}
	if found < 3 { // events, database and its write-ahead log
		t.Errorf("the search finds a title in %d files, want 3 or more: it is blind", found)
	}
	// What compression hides from a search of files: everything once more, as
	// the stores hand it out.
	stores, err := openStores(t.Context(), storage{dir: in.dir}, false, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stores.Close(); err != nil {
			t.Error(err)
		}
	}()
	var all bytes.Buffer
	for e, err := range stores.log.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s %s %s %s\n", e.Stream, e.Type, e.Data, e.Metadata)
	}
	heard(t, "the events", all.Bytes())
	all.Reset()
	dump(t, stores, &all)
	heard(t, "the tables", all.Bytes())
}

// withoutCompression lets the database write its log so that a search of the
// files sees what is in it.
func withoutCompression(t *testing.T, in *installation) {
	t.Helper()
	db := connect(t, in)
	for _, statement := range []string{"ALTER DATABASE hirelog SET wal_compression = off", "CHECKPOINT"} {
		if _, err := db.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func connect(t *testing.T, in *installation) *pgx.Conn {
	t.Helper()
	db, err := pgx.Connect(t.Context(), in.runFile(t).Database)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// sing fills every personal field there is, and reads them all back: the data
// is really there.
func sing(t *testing.T, in *installation) (vacancy, string) {
	t.Helper()
	admin := in.as(t, in.admin)
	admin.patch("/v1/organization/settings", map[string]any{"self_tracking": true}).want(http.StatusOK)
	member := admin.post("/v1/members", map[string]string{"name": canary + " member", "email": canary + ".member@example.org", "role": "recruiting"}).made()
	v := admin.vacancy(control)
	a := "/v1/applications/" + v.post("/v1/applications", map[string]any{"job_id": v.id, "source": "referral", "candidate": map[string]string{
		"first_name": canary + "first", "last_name": canary + " last", "email": canary + ".Mail@Example.org", "phone": "+49 " + canary,
	}}).made()
	v.post(a+"/move", map[string]string{"to": v.stages[1], "comment": canary + " remark"}).want(http.StatusOK)
	v.post(a+"/comments", map[string]any{"text": canary + " comment", "mentions": []string{member}}).made()
	v.post(a+"/notes", map[string]any{"text": canary + " note", "candidate_can_view": true}).made()
	v.post(a+"/documents", newForm("cv").file(canary+" cv.txt", strings.Repeat(canary+" content\n", 70_000))).made()
	asked := a + "/documents/" + v.post(a+"/document-requests", map[string]any{"title": canary + " title", "description": canary + " description", "category": "certificate"}).made()
	v.post(asked+"/versions", newForm("").file(canary+" scan.pdf", pdf+canary)).made()
	v.post(asked+"/reject", map[string]any{"version": 1, "reason": canary + " rejection"}).want(http.StatusOK)
	v.post(a+"/disqualify", map[string]string{"kind": "rejected", "reason_id": commands.FirstReason("Other"), "note": canary + " verdict"}).want(http.StatusOK)
	v.post(a+"/requalify", map[string]string{"reason": canary + " second thoughts"}).want(http.StatusOK)

	var all strings.Builder
	for _, way := range []string{"/v1/applications?q=" + canary, "/v1/members", a, a + "/timeline", a + "/history?as_of=100", a + "/candidate-view", a + "/documents"} {
		all.Write(v.get(way).body)
	}
	for _, field := range []string{
		" member", ".member@example.org", "first", " last", ".mail@example.org", " remark", " comment", " note", " cv.txt", " title",
		" description", " scan.pdf", " rejection", " verdict", " second thoughts",
	} {
		if !strings.Contains(strings.ToLower(all.String()), canary+field) {
			t.Errorf("nobody reads %q", canary+field)
		}
	}
	if !strings.Contains(all.String(), "+49 "+canary) {
		t.Error("nobody reads the telephone number")
	}
	if got := v.get("/v1/applications?q=" + canary); got.at("total") != 1.0 {
		t.Errorf("search finds %s", got.body)
	}
	cv := v.get(a + "/documents").text("items.1.versions.0.files.0.id")
	if got := v.get(a + "/documents/" + v.get(a+"/documents").text("items.1.id") + "/files/" + cv); !got.has(canary + " content") {
		t.Errorf("the file has %d bytes", len(got.body))
	}
	return v, a
}

// whistle sends what is refused: decoders like to quote what they choke on.
func whistle(t *testing.T, v vacancy, a string) {
	t.Helper()
	long := strings.Repeat(canary, 500)
	person := func(first any) map[string]any {
		return map[string]any{"job_id": v.id, "source": "referral", "candidate": map[string]any{"first_name": first}}
	}
	calls := []call{
		{method: "POST", path: "/v1/applications", body: `{"candidate": {"first_name": "` + canary + `", ` + canary},
		{method: "POST", path: "/v1/applications", body: `{"candidate": {"first_name": "` + canary + `\ud800\q"}}`},
		{method: "POST", path: "/v1/applications", body: `"` + canary + `"`},
		{method: "POST", path: "/v1/applications", body: person(map[string]any{canary: canary})},
		{method: "POST", path: "/v1/applications", body: person([]string{canary})},
		{method: "POST", path: "/v1/applications", body: person(long)},
		{method: "POST", path: "/v1/applications", body: map[string]any{"job_id": canary, "source": "x", "candidate": canary}},
		{method: "POST", path: "/v1/applications", body: map[string]any{"job_id": v.id, "source": "x", canary: 1, "candidate": map[string]any{"first_name": "x", "email": canary + "@@" + canary}}},
		{method: "POST", path: a + "/comments", body: map[string]any{"text": long}},
		{method: "POST", path: a + "/comments", body: map[string]any{"text": "x", "mentions": []string{canary}}},
		{method: "POST", path: a + "/comments", body: map[string]any{"text": strings.Repeat(canary, 120_000)}},
		{method: "POST", path: a + "/notes", body: map[string]any{"text": canary, "candidate_can_view": canary}},
		{method: "POST", path: a + "/move", body: map[string]any{"to": canary, "comment": canary}},
		{method: "POST", path: a + "/disqualify", body: map[string]any{"kind": canary, "reason_id": canary, "note": canary}},
		{method: "POST", path: a + "/comments", body: map[string]any{"text": "x"}, header: map[string]string{"If-Match": canary}},
		{method: "POST", path: a + "/comments", body: map[string]any{"text": "x"}, header: map[string]string{"Idempotency-Key": canary + "\tx"}},
		{method: "POST", path: a + "/comments", body: map[string]any{"text": "x"}, header: map[string]string{"Content-Type": "text/" + canary}},
		{method: "POST", path: a + "/documents", body: newForm(canary).file(canary, canary)},
		{method: "POST", path: a + "/documents", body: newForm("").file(canary, canary)},
		{method: "POST", path: a + "/documents", body: "--x\r\n" + canary, header: map[string]string{"Content-Type": "multipart/form-data; boundary=x"}},
		{method: "POST", path: "/v1/members", body: map[string]any{"name": long, "email": canary, "role": canary}},
		{method: canary, path: "/v1/applications"},
		{method: "GET", path: "/v1/applications?q=" + long},
		{method: "GET", path: "/v1/applications?" + canary + "=1"},
		{method: "GET", path: "/v1/applications?limit=" + canary},
		{method: "GET", path: "/v1/applications?cursor=" + canary},
		{method: "GET", path: "/v1/applications?received_from=" + canary},
		{method: "GET", path: "/v1/applications?min_position=" + canary},
		{method: "GET", path: "/v1/applications?job_id=" + canary},
		{method: "GET", path: "/v1/applications?owner_id=" + canary},
		{method: "GET", path: "/v1/applications/" + canary},
		{method: "GET", path: a + "/history?as_of=" + canary},
		{method: "GET", path: "/" + canary + "/" + url.PathEscape(canary+"%00")},
		{method: "GET", path: "/v1/me", header: map[string]string{"Authorization": "Bearer " + canary}},
		{method: "GET", path: "/v1/me", header: map[string]string{"Accept": canary + "/x"}},
		{method: "GET", path: "/v1/me", header: map[string]string{"X-Request-Id": canary + "@example.org"}},
		{method: "GET", path: "/v1/me", header: map[string]string{"User-Agent": canary, "Referer": "http://example.org/" + canary, "X-Forwarded-For": canary, "Cookie": canary}},
		{method: "GET", path: "/v1/me", header: map[string]string{canary: strings.Repeat(canary, 2000)}},
	}
	for _, k := range calls {
		if got, err := v.try(k); err != nil || got.status >= 500 {
			t.Errorf("%s %.100s: %d %v %.300s", k.method, k.path, got.status, err, got.body)
		}
	}
	// A key is remembered as what cannot be turned back.
	v.do(call{method: "POST", path: a + "/comments", body: map[string]any{"text": "x"}, header: map[string]string{"Idempotency-Key": canary}}).made()
	for _, request := range []string{"GET /" + canary + "\r\n\r\n", canary + "\r\n\r\n", "GET / HTTP/1.1\r\nHost: " + canary + "\r\n" + canary + "\r\n\r\n"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(v.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(patience)) // it is a TCP connection
		_, _ = io.WriteString(conn, request)           // the answer says what came of it
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400") {
			t.Errorf("%q: %s, %v", request, answer, err)
		}
		_ = conn.Close()
	}
}

// spill stops in the middle of a large upload and looks at the file without a
// name in which it lies.
func spill(t *testing.T, in *installation, v vacancy, a string) {
	t.Helper()
	f := newForm("cv").file("large.txt", strings.Repeat(canary+"\n", 200_000))
	body, sent := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.url+a+"/documents", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", f.w.FormDataContentType())
	r.Header.Set("Authorization", "Bearer "+v.token)
	answered := make(chan error, 1)
	go func() {
		answer, err := v.http.Do(r)
		if err == nil {
			err = answer.Body.Close()
		}
		answered <- err
	}()
	if _, err := sent.Write(f.b.Bytes()); err != nil {
		t.Fatal(err)
	}
	open := fmt.Sprintf("/proc/%d/fd", in.pid())
	var spooled []byte
	eventually(t, patience, "the upload is spooled", func() bool {
		entries, err := os.ReadDir(open)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			path := filepath.Join(open, e.Name())
			if target, err := os.Readlink(path); err == nil && strings.Contains(target, "uploads/upload-") {
				if spooled, err = os.ReadFile(path); err != nil {
					t.Fatal(err)
				}
			}
		}
		return len(spooled) > 1<<20
	})
	silent(t, "an upload under way", spooled)
	_ = sent.CloseWithError(context.Canceled) // whoever sent it has gone
	<-answered
}

// filesBelow returns what every file below dir holds.
func filesBelow(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// dump writes all rows of all tables.
func dump(t *testing.T, s *stores, w io.Writer) {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), `SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (pgx.Identifier, error) {
		name := make(pgx.Identifier, 2)
		return name, row.Scan(&name[0], &name[1])
	})
	if err != nil || len(tables) < 10 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	for _, table := range tables {
		var text string
		if err := s.pool.QueryRow(t.Context(), `SELECT coalesce(string_agg(t::text, E'\n'), '') FROM `+table.Sanitize()+` t`).Scan(&text); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(w, "%s\n%s\n", table.Sanitize(), text)
	}
}

// heard fails unless data holds the title and nothing personal.
func heard(t *testing.T, where string, data []byte) {
	t.Helper()
	silent(t, where, data)
	if !bytes.Contains(data, []byte(control)) {
		t.Errorf("%s do not hold the title: the search is blind", where)
	}
}

// silent fails if the canary can be read in data in any form.
func silent(t *testing.T, where string, data []byte) {
	t.Helper()
	for form, at := range sightings(data, canary) {
		t.Errorf("%s holds the canary as %s: %q", where, form, data[max(0, at-40):min(len(data), at+60)])
	}
}

// sightings returns where data holds a word of lower-case letters, by the form
// it has there.
func sightings(data []byte, word string) map[string]int {
	found := map[string]int{}
	lower := make([]byte, len(data))
	for i, c := range data {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	for form, pattern := range forms(word) {
		in := lower
		if strings.HasPrefix(form, "base64") && !strings.HasSuffix(form, "hex") {
			in = data
		}
		if at := bytes.Index(in, pattern); at >= 0 {
			found[form] = at
		}
	}
	return found
}

// forms returns what a word looks like in the encodings that data is commonly
// put into, each also written in hex.
func forms(word string) map[string][]byte {
	var little, big, percent, escaped []byte
	for _, unit := range utf16.Encode([]rune(word)) {
		little = append(little, byte(unit), byte(unit>>8))
		big = append(big, byte(unit>>8), byte(unit))
		percent = fmt.Appendf(percent, "%%%02x", unit)
		escaped = fmt.Appendf(escaped, `\u%04x`, unit)
	}
	all := map[string][]byte{"text": []byte(word), "UTF-16LE": little, "UTF-16BE": big, "URL": percent, "JSON": escaped}
	for shift := range 3 {
		// Only the characters that no neighbour has a part in; of letters, they
		// are the same in all alphabets of base64.
		code := base64.StdEncoding.EncodeToString(slices.Concat(make([]byte, shift), []byte(word)))
		whole := (shift + len(word)) / 3 * 4
		all[fmt.Sprintf("base64 %d", shift)] = []byte(code[(shift*8+5)/6 : whole])
	}
	for form, pattern := range all {
		all[form+" in hex"] = []byte(hex.EncodeToString(pattern))
	}
	return all
}

// The search sees every form, wherever it stands.
func TestTheCanaryIsSeen(t *testing.T) {
	t.Parallel()
	text := "Dear " + strings.ToUpper(canary[:3]) + canary[3:] + "!"
	if got := sightings([]byte(text), canary); len(got) != 1 {
		t.Errorf("in %q: %v", text, got)
	}
	for shift := range 3 {
		around := strings.Repeat("x", shift) + canary + "yz"
		for name, data := range map[string]string{
			"base64": base64.StdEncoding.EncodeToString([]byte(around)), "base64 of URLs": base64.RawURLEncoding.EncodeToString([]byte(around)),
			"hex": strings.ToUpper(hex.EncodeToString([]byte(around))),
		} {
			if got := sightings([]byte(data), canary); len(got) == 0 {
				t.Errorf("not seen in %s of %q: %s", name, around, data)
			}
		}
	}
	if got := sightings([]byte(url.QueryEscape("a b")+base64.StdEncoding.EncodeToString([]byte("nothing of the kind"))), canary); len(got) != 0 {
		t.Errorf("seen where it is not: %v", got)
	}
}
