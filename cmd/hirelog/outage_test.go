package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/faultproxy"
	"github.com/hirelog/hirelog/internal/postgres"
)

// While the database is away, what needs no key of personal data is recorded
// all the same; it comes back by itself.
func TestTheDatabaseDies(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	v := in.as(t, in.admin).vacancy("Engineer")
	a := v.apply("Grace", "Hopper")
	v.get(a)

	// Kept from starting again until this test lets it.
	back := rewrites(filepath.Join("postgres", "cluster", "PG_VERSION"), "\n", "99\n")(t, in)
	killDatabase(t, in)

	v.put(a+"/priority", map[string]bool{"priority": true}).want(http.StatusOK)
	v.do(call{method: http.MethodPost, path: a + "/tags", body: map[string]string{"label": "Navy"}, header: map[string]string{"Idempotency-Key": "k"}}).made()
	for _, k := range []call{
		{method: http.MethodPost, path: a + "/comments", body: map[string]string{"text": "lost"}},
		{method: http.MethodPost, path: a + "/documents", body: newForm("cv").file("lost.txt", "lost")},
		{method: http.MethodPost, path: "/v1/applications", body: v.application("Lost", "Soul")},
		{method: http.MethodGet, path: a},
		{method: http.MethodGet, path: "/v1/applications"},
	} {
		began := time.Now()
		got := v.do(k).want(http.StatusServiceUnavailable)
		if got.header.Get("Content-Type") != "application/problem+json" || got.header.Get("Retry-After") == "" || got.text("code") == "" {
			t.Errorf("%s %s: %v %s", k.method, k.path, got.header, got.body)
		}
		t.Logf("%s %s: %s after %v", k.method, k.path, got.text("code"), time.Since(began).Round(time.Millisecond))
	}
	v.see("/livez").want(http.StatusOK)
	v.see("/readyz").want(http.StatusServiceUnavailable)

	back()
	eventually(t, patience, "the database is back", func() bool { return v.see("/readyz").status == http.StatusOK })
	v.post(a+"/comments", map[string]string{"text": "found"}).made()
	got := v.get(a)
	if got.at("priority") != true || got.text("tags.0.label") != "Navy" || !slices.Equal(got.list("comments", "text"), []string{"found"}) || len(got.list("documents", "id")) != 0 {
		t.Errorf("in the end %s", got.body)
	}
	in.end(t)
}

// killDatabase kills the database as a failing machine would.
func killDatabase(t *testing.T, in *installation) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(in.dir, "postgres", "cluster", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	pid, err := strconv.Atoi(string(first))
	if err != nil || !slices.Contains(descendants(t, in.pid()), pid) {
		t.Fatalf("the database's process is not known: %q", text)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "the database is dead", func() bool { _, alive := parentOf(pid); return !alive })
}

// eventNode is a node in a process of its own.
type eventNode struct {
	*program
	dir, address string
}

// start starts the node, always at the same address.
func (n *eventNode) start(t *testing.T) {
	t.Helper()
	n.program = launch(t, "node", "--data", n.dir, "--listen", n.address)
	eventually(t, patience, "the node starts", func() bool {
		if !n.running() {
			t.Fatalf("the node ended: %s", n.stderr.String())
		}
		return strings.Contains(n.stdout.String(), "event node on esdb://"+n.address+"?tls=false\n")
	})
}

// flag is what connects a server to the node.
func (n *eventNode) flag() string { return "--eventstore=esdb://" + n.address + "?tls=false" }

func newEventNode(t *testing.T) *eventNode {
	t.Helper()
	n := &eventNode{dir: filepath.Join(t.TempDir(), "node"), address: faultproxy.QuietAddress()}
	n.start(t)
	return n
}

// While the event store is away, reads go on and nothing is accepted; when it is
// back, commands work within seconds, and nothing acknowledged is lost.
func TestTheEventStoreDies(t *testing.T) {
	t.Parallel()
	node := newEventNode(t)
	in := newInstallation(t, node.flag())
	v := in.as(t, in.admin).vacancy("Engineer")
	a := v.apply("Grace", "Hopper")
	var acknowledged []string
	comment := func(text string) reply {
		got := v.do(call{method: http.MethodPost, path: a + "/comments", body: map[string]string{"text": text}, header: map[string]string{"Idempotency-Key": text}})
		if got.status == http.StatusCreated {
			acknowledged = append(acknowledged, text)
		}
		return got
	}
	comment("before").made()
	v.get(a)
	v.see("/readyz").want(http.StatusOK)
	node.kill()
	// Found by itself, and before rights are not known any more.
	var ready reply
	eventually(t, patience, "it is not ready", func() bool {
		ready = v.see("/readyz")
		return ready.status == http.StatusServiceUnavailable
	})
	if !ready.has(`{"name":"event store","ok":false}`) || !ready.has(`{"name":"rights","ok":true}`) {
		t.Errorf("readiness while the log is away: %s", ready.body)
	}
	if got := v.see(a).want(http.StatusOK); !got.has("before") {
		t.Errorf("read while the log is away: %s", got.body)
	}
	if got := comment("refused").problem(http.StatusServiceUnavailable, "log_unavailable"); got.header.Get("Retry-After") == "" {
		t.Errorf("header %v", got.header)
	}
	v.see("/v1/applications?q=hop").want(http.StatusOK)
	v.see("/livez").want(http.StatusOK)
	node.start(t)
	began := time.Now()
	eventually(t, patience, "commands work again", func() bool { return comment("after").status == http.StatusCreated })
	t.Logf("commands worked %v after the node", time.Since(began).Round(time.Millisecond))
	eventually(t, patience, "it is ready again", func() bool { return v.see("/readyz").status == http.StatusOK })

	// A short absence is waited out: how short it is depends on the machine.
	node.kill()
	answered := make(chan reply, 1)
	once := map[string]string{"Idempotency-Key": "meanwhile"}
	meanwhile := func() reply {
		return v.do(call{method: http.MethodPost, path: a + "/comments", body: map[string]string{"text": "meanwhile"}, header: once})
	}
	go func() { answered <- meanwhile() }()
	node.start(t)
	if r := <-answered; r.status == http.StatusServiceUnavailable {
		eventually(t, patience, "commands work again", func() bool { return meanwhile().status == http.StatusCreated })
	} else {
		r.made()
	}
	acknowledged = append(acknowledged, "meanwhile")

	got := v.said(a, "comments")
	slices.Reverse(got)
	if !slices.Equal(got, acknowledged) || len(got) != 3 {
		t.Errorf("acknowledged were %v, there are %v", acknowledged, got)
	}
	if events := v.get(a+"/history").list("events", "type"); len(events) != 1+len(got) {
		t.Errorf("%d comments are shown, the log has %v", len(got), events)
	}
	in.end(t)
	if status := node.stop(); status != 0 {
		t.Errorf("the node ended with %d", status)
	}
}

// Another program's events on the same log come and go: deleted and scavenged,
// the read models go on from where they were.
func TestOthersEventsAreScavenged(t *testing.T) {
	t.Parallel()
	node := newEventNode(t)
	in := newInstallation(t, node.flag())
	v := in.as(t, in.admin).vacancy("Engineer")
	a := v.apply("Grace", "Hopper")
	position := v.post(a+"/comments", map[string]string{"text": "before"}).text("position")
	config, err := esdb.ParseConnectionString("esdb://" + node.address + "?tls=false")
	if err != nil {
		t.Fatal(err)
	}
	other, err := esdb.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() }) // it has no error to return
	written, err := other.AppendToStream(t.Context(), "other-1", esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}},
		esdb.EventData{EventType: "other", ContentType: esdb.ContentTypeJson, Data: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	token, err := eventlog.ParseToken(position)
	if err != nil {
		t.Fatal(err)
	}
	token.Position = eventlog.Position{Commit: written.CommitPosition, Prepare: written.PreparePosition}
	eventually(t, patience, "the other program's event is passed", func() bool {
		r := v.see(a + "?min_position=" + url.QueryEscape(token.String()))
		return !r.behind() && r.want(http.StatusOK).status == http.StatusOK
	})
	if _, err := other.DeleteStream(t.Context(), "other-1", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		t.Fatal(err)
	}
	hirelog(t, "node", "scavenge", "--data", node.dir).succeeded(t)
	in.end(t)
	in.start(t, node.flag())
	back := in.as(t, v.token)
	back.post(a+"/comments", map[string]string{"text": "still here"}).made()
	if got := back.get(a); !got.has("still here") {
		t.Errorf("after the scavenge: %s", got.body)
	}
	back.see("/readyz").want(http.StatusOK)
	in.end(t)
}

// Commands in one process, everything else in another: commands go on while
// nobody projects, and reads catch up.
func TestCommandsGoOnWithoutProjections(t *testing.T) {
	t.Parallel()
	node := newEventNode(t)
	database, err := postgres.Start(t.Context(), postgres.ServerOptions{Dir: filepath.Join(t.TempDir(), "postgres"), Test: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := database.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	stores := []string{node.flag(), "--database=" + database.ConnString(postgres.Database)}

	writing := newInstallation(t, append(slices.Clone(stores), "--serve=commands")...)
	admin := writing.as(t, writing.admin)
	admin.see("/v1/applications").problem(http.StatusMethodNotAllowed, "method_not_allowed")
	// The keyset and the files are shared by who runs the processes.
	reading := &installation{dir: filepath.Join(t.TempDir(), "data"), admin: writing.admin}
	reading.ready = reading.dir + ".ready"
	hirelog(t, "serve", "--data", reading.dir, "--listen", "127.0.0.1:0", stores[0], stores[1], "--serve=queries,projections").refused(t, "master keyset is missing")
	both := append(slices.Clone(stores), "--serve=queries,projections",
		"--keyset="+filepath.Join(writing.dir, "keyset.json"), "--files="+filepath.Join(writing.dir, "files"))
	reading.start(t, both...)
	admin.reads = reading.url
	v := admin.vacancy("Engineer")
	a := v.apply("Grace", "Hopper")
	cv := v.post(a+"/documents", newForm("cv").file("cv.txt", "Cobol")).made()
	file := a + "/documents/" + cv + "/files/" + v.get(a+"/documents").text("items.0.versions.0.files.0.id")
	if got := v.get(file); string(got.body) != "Cobol" {
		t.Errorf("the file is %q", got.body)
	}
	reading.as(t, v.token).post(a+"/comments", map[string]string{"text": "wrong door"}).problem(http.StatusMethodNotAllowed, "method_not_allowed")
	reading.end(t)

	for i := range 50 {
		v.post(a+"/comments", map[string]string{"text": fmt.Sprint(i)}).made()
	}
	v.post(a+"/move", map[string]string{"to": v.stages[2]}).want(http.StatusOK)
	b := v.apply("Ada", "Lovelace")

	reading.start(t, both...)
	v.reads = reading.url
	if got := v.get(a); len(v.said(a, "comments")) != 50 || got.text("stage.id") != v.stages[2] {
		t.Errorf("after catching up: %s", got.body)
	}
	if got := v.get("/v1/applications?q=love"); "/v1/applications/"+got.text("items.0.id") != b {
		t.Errorf("list %s", got.body)
	}
	reading.end(t)
	writing.end(t)
}
