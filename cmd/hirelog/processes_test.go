package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/internal/faultproxy"
	"github.com/hirelog/hirelog/internal/postgres"
)

// part is one of the processes of a fleet. It is restarted while others use it.
type part struct {
	*installation
	flags []string

	mu     sync.Mutex
	base   string // url; empty while it is down
	ups    int    // how often it was started
	client *http.Client
}

// up starts the process.
func (p *part) up(t *testing.T) {
	t.Helper()
	p.start(t, p.flags...)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.base = p.url
	p.ups++
}

// down notes that the process is about to end.
func (p *part) down() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.base = ""
}

// at is where the process serves, and which of its starts that is. The url is
// empty while it is down.
func (p *part) at() (string, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.base, p.ups
}

// fleet is an event node, a Postgres, and two processes of each part on them.
type fleet struct {
	node     *eventNode
	commands [2]*part
	queries  [2]*part
	projects [2]*part
	proxy    *faultproxy.Proxy // between the node and the second command process
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{node: newEventNode(t)}
	database, err := postgres.Start(t.Context(), postgres.ServerOptions{
		Dir: filepath.Join(t.TempDir(), "postgres"), Test: true, Settings: map[string]string{"max_connections": "200"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := database.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if f.proxy, err = faultproxy.Listen("tcp", f.node.address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.proxy.Close)
	dir := t.TempDir()
	start := func(serves string, n int) *part {
		p := &part{
			installation: &installation{dir: filepath.Join(dir, fmt.Sprintf("%s-%d", serves, n))},
			flags: []string{
				"--serve=" + serves, f.node.flag(), "--database=" + database.ConnString(postgres.Database),
				"--keyset=" + filepath.Join(dir, "keyset.json"), "--files=" + filepath.Join(dir, "files"), "--log-level=warn",
			},
			client: &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 16}},
		}
		p.ready = p.dir + ".ready"
		if serves == "commands" && n == 1 {
			p.flags = append(p.flags, "--eventstore=esdb://"+f.proxy.Address()+"?tls=false&keepAliveInterval=-1")
		}
		p.up(t)
		return p
	}
	for n := range 2 {
		f.commands[n], f.queries[n], f.projects[n] = start("commands", n), start("queries", n), start("projections", n)
	}
	return f
}

// admin returns a client of the first admin, of one process of each kind.
func (f *fleet) admin(t *testing.T) *client {
	c := f.commands[0].as(t, f.commands[0].admin)
	c.reads = f.queries[0].url
	return c
}

// errDown means that a process was asked that was down then.
var errDown = errors.New("the process is down")

// send sends a request to p. An error that is not errDown is one that a process
// which is up gave.
func (p *part) send(t *testing.T, token string, k call) (reply, error) {
	base, ups := p.at()
	if base == "" {
		return reply{}, errDown
	}
	c := &client{t: t, url: base, token: token, http: p.client}
	r, err := c.try(k)
	if now, again := p.at(); err != nil && (now == "" || again != ups) {
		return r, errDown
	}
	return r, err
}

// author gives commands through both command processes and reads through both
// query processes.
type author struct {
	t        *testing.T
	f        *fleet
	v        vacancy
	name     string
	rng      *rand.Rand
	path     string // of the application it works on
	texts    int    // comments on it that it knows of
	alone    bool   // nobody else works on it
	n        int
	keys     []string // of its accepted commands, in order
	position string   // of the last
	unserved int      // reads that a process did not answer that was down
}

// comment adds a comment, by whichever process answers.
func (a *author) comment() error {
	a.n++
	k := call{
		method: http.MethodPost, path: a.path + "/comments", body: map[string]string{"text": fmt.Sprintf("%s %d", a.name, a.n)},
		header: map[string]string{"Idempotency-Key": fmt.Sprintf("%s-%d", a.name, a.n)},
	}
	for giveUp := time.Now().Add(patience); ; {
		r, err := a.f.commands[a.rng.IntN(2)].send(a.t, a.v.token, k)
		switch {
		case err == nil && r.status == http.StatusCreated:
			if a.rng.IntN(4) == 0 {
				if again, err := a.f.commands[a.rng.IntN(2)].send(a.t, a.v.token, k); err == nil && again.status < 500 && string(again.body) != string(r.body) {
					return fmt.Errorf("%s was answered %s, and again %d %s", k.header["Idempotency-Key"], r.body, again.status, again.body)
				}
			}
			a.keys, a.position, a.texts = append(a.keys, k.header["Idempotency-Key"]), r.header.Get("Hirelog-Position"), a.texts+1
			return nil
		case err == nil && r.status != http.StatusServiceUnavailable && r.status != http.StatusConflict:
			return fmt.Errorf("%s: %d %s", k.path, r.status, r.body)
		case err != nil && !errors.Is(err, errDown):
			return err
		case time.Now().After(giveUp):
			return errors.Join(fmt.Errorf("%s was not answered for %v: %s", k.path, patience, r.body), err)
		}
		time.Sleep(2 * time.Millisecond) // until the other process is up, or this one again
	}
}

// read reads what is behind the author's last command.
func (a *author) read() error {
	ask := func() (reply, error) {
		return a.f.queries[a.rng.IntN(2)].send(a.t, a.v.token, call{method: http.MethodGet, path: a.path + "?min_position=" + url.QueryEscape(a.position)})
	}
	r, err := ask()
	for giveUp := time.Now().Add(patience); err == nil && r.behind() && time.Now().Before(giveUp); {
		r, err = ask()
	}
	switch {
	case errors.Is(err, errDown):
		a.unserved++
		return nil
	case err != nil:
		return fmt.Errorf("read: %w", err)
	case r.status != http.StatusOK:
		return fmt.Errorf("read: %d %s", r.status, r.body)
	}
	total, _ := r.at("comments_total").(float64)
	shown := r.list("comments", "text")
	if got := int(total); got < a.texts || a.alone && got != a.texts || len(shown) != min(got, newest) {
		return fmt.Errorf("read behind %s shows %d of %d comments, %d were acknowledged", a.position, len(shown), got, a.texts)
	}
	if last := fmt.Sprintf("%s %d", a.name, a.n); a.alone && shown[0] != last {
		return fmt.Errorf("read behind %s shows %q last, %q was acknowledged", a.position, shown[0], last)
	}
	return nil
}

// work works until ctx ends, and counts what is done.
func (a *author) work(ctx context.Context, done *atomic.Int64) error {
	for ctx.Err() == nil {
		if err := a.comment(); err != nil {
			return err
		}
		done.Add(1)
		if err := a.read(); err != nil {
			return err
		}
	}
	return nil
}

// Each process of a fleet is restarted under load, one is killed. Nothing
// acknowledged is lost or doubled, no read is older than asked, and reads fail
// only where the process is that is down.
func TestAFleetIsRestartedUnderLoad(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	v := f.admin(t).vacancy("Engineer")
	shared := v.apply("Shared", "One")
	var authors []*author
	for n := range 4 {
		a := &author{t: t, f: f, v: v, name: fmt.Sprintf("author%d", n), rng: rand.New(rand.NewPCG(7, uint64(n))), path: shared}
		if n < 2 {
			a.path, a.alone = v.apply("Own", fmt.Sprint(n)), true
		}
		authors = append(authors, a)
	}
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	var done atomic.Int64
	for _, a := range authors {
		working.Go(func() {
			if err := a.work(ctx, &done); err != nil {
				t.Errorf("%s: %v", a.name, err)
			}
		})
	}
	worked := func() {
		enough := done.Load() + 30
		eventually(t, patience, "the authors get on", func() bool { return done.Load() >= enough || t.Failed() })
	}
	for _, p := range []*part{f.commands[0], f.queries[0], f.projects[0], f.commands[1], f.queries[1], f.projects[1]} {
		worked()
		p.down()
		p.end(t) // in peace
		p.up(t)
	}
	worked()
	f.commands[0].down()
	f.commands[0].kill()
	worked() // with the other one
	f.commands[0].up(t)
	worked()
	stop()
	working.Wait()

	reads := f.queries[1].as(t, v.token)
	given := map[string][]string{} // command ids by application
	total := 0
	for _, a := range authors {
		for _, key := range a.keys {
			given[a.path] = append(given[a.path], commands.CommandID(v.member, key).String())
		}
		total += len(a.keys)
		reads.position = later(reads.position, a.position)
	}
	for path, want := range given {
		history := reads.get(path + "/history")
		got := history.list("events", "command_id")[1:] // behind the arrival
		if path == shared {
			slices.Sort(got)
			slices.Sort(want)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d commands were acknowledged, the log holds %d", path, len(want), len(got))
		}
		if shown := reads.said(path, "comments"); len(shown) != len(want) {
			t.Errorf("%s: %d comments are shown, %d were acknowledged", path, len(shown), len(want))
		}
	}
	t.Logf("%d commands", total)
	f.end(t)
}

// later returns the later of two positions of one log.
func later(a, b string) string {
	if len(a) < len(b) || len(a) == len(b) && a < b {
		return b
	}
	return a
}

// end ends everything in peace.
func (f *fleet) end(t *testing.T) {
	t.Helper()
	for n := range 2 {
		f.commands[n].end(t)
		f.queries[n].end(t)
		f.projects[n].end(t)
	}
	if status := f.node.stop(); status != 0 {
		t.Errorf("the node ended with %d", status)
	}
}

// A right that one command process takes away soon counts no more at the other
// under load, and, when the other cannot follow the log, after ten seconds: then
// it accepts nothing at all.
func TestRightsAreEnforcedAcrossProcesses(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	admin := f.admin(t)
	v := admin.vacancy("Load")
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	for n := range 2 {
		a := &author{t: t, f: f, v: v, name: fmt.Sprintf("load%d", n), rng: rand.New(rand.NewPCG(9, uint64(n))), path: v.apply("Under", fmt.Sprint(n))}
		working.Go(func() {
			for ctx.Err() == nil {
				if err := a.comment(); err != nil && ctx.Err() == nil {
					t.Errorf("%s: %v", a.name, err)
					return
				}
			}
		})
	}
	// Once so soon is enough on a machine that does much else: what looked every
	// so often would be late each time.
	const soon = commands.MaxLag / 4
	var took []time.Duration
	for n := range 5 {
		took = append(took, deprived(t, f, admin, fmt.Sprintf("Deprived %d", n)))
		if took[n] <= soon {
			break
		}
	}
	t.Logf("a right that was taken away counted for %v elsewhere", took)
	if slices.Min(took) > soon {
		t.Errorf("rights taken away counted for %v elsewhere, want at most %v", took, soon)
	}
	stop()
	working.Wait()
	frozen(t, f, admin)
	f.end(t)
}

// official is a member who is an admin, for now.
type official struct {
	member, token string
	n             int
}

func newOfficial(admin *client, name string) *official {
	admin.t.Helper()
	o := &official{member: admin.post("/v1/members", map[string]string{"name": name, "role": "admin"}).made()}
	issued := admin.post("/v1/members/"+o.member+"/tokens", map[string]string{"name": "laptop"})
	issued.made()
	o.token = issued.text("secret")
	return o
}

// act does through the second command process what only admins may.
func (o *official) act(t *testing.T, f *fleet) reply {
	t.Helper()
	o.n++
	label := fmt.Sprintf("%s, reason %d", o.member, o.n)
	r, err := f.commands[1].send(t, o.token, call{method: http.MethodPost, path: "/v1/organization/disqualification-reasons", body: map[string]string{"label": label[24:], "kind": "other"}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// known waits until the second command process knows the official.
func (o *official) known(t *testing.T, f *fleet) {
	t.Helper()
	eventually(t, patience, "the other process knows the official", func() bool { return o.act(t, f).status == http.StatusCreated })
}

// dismiss makes somebody a member like others, in the first command process.
func (o *official) dismiss(admin *client) {
	admin.t.Helper()
	admin.put("/v1/members/"+o.member+"/role", map[string]string{"role": "recruiting"}).want(http.StatusOK)
}

// deprived dismisses an official in the first command process, and returns for
// how long the second one took commands of theirs.
func deprived(t *testing.T, f *fleet, admin *client, name string) time.Duration {
	t.Helper()
	o := newOfficial(admin, name)
	o.known(t, f)
	o.dismiss(admin)
	gone, last := time.Now(), time.Now()
	for {
		began := time.Now()
		r := o.act(t, f)
		switch {
		case r.status == http.StatusCreated && began.Sub(gone) < commands.MaxLag:
			last = began
			continue
		case r.status == http.StatusServiceUnavailable && began.Sub(gone) < patience:
			continue // of nobody it takes anything just now
		case r.status != http.StatusForbidden:
			t.Fatalf("after %v: %d %s", began.Sub(gone), r.status, r.body)
		}
		return last.Sub(gone)
	}
}

// frozen dismisses an official while the second command process hears nothing
// from the log and does not know it.
func frozen(t *testing.T, f *fleet, admin *client) {
	t.Helper()
	o := newOfficial(admin, "Frozen")
	o.known(t, f)
	f.proxy.Freeze() // connections made from now on work
	o.dismiss(admin)
	gone, accepted := time.Now(), 0
	for refused := false; !refused; {
		began := time.Now()
		switch r := o.act(t, f); {
		case r.status == http.StatusCreated && began.Sub(gone) > commands.MaxLag:
			t.Fatalf("%v after the official was dismissed a command of theirs was accepted", began.Sub(gone))
		case r.status == http.StatusCreated:
			accepted++
		case r.status == http.StatusForbidden:
			t.Fatalf("after %v it knows what it cannot know: the subscription was not frozen", began.Sub(gone))
		case r.status == http.StatusServiceUnavailable:
			refused = r.text("code") == "rights_unknown"
		default:
			t.Fatalf("%d %s", r.status, r.body)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("%d commands were accepted that others would have refused; all were refused after %v", accepted, time.Since(gone).Round(time.Millisecond))
	f.commands[1].as(t, "").see("/readyz").want(http.StatusServiceUnavailable)
	f.proxy.Cut() // now it notices
	eventually(t, patience, "it follows the log again", func() bool {
		r := o.act(t, f)
		if r.status != http.StatusForbidden && r.status != http.StatusServiceUnavailable {
			t.Fatalf("it follows the log again: %d %s", r.status, r.body)
		}
		return r.status == http.StatusForbidden
	})
}

// A process that only projects says of itself whether it is well, and a query
// process starts and answers without the event store.
func TestPartsDoWithoutWhatTheyDoNotNeed(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	v := f.admin(t).vacancy("Engineer")
	path := v.apply("Grace", "Hopper")
	v.get(path)
	for _, p := range []*part{f.commands[1], f.queries[1], f.projects[1]} {
		c := p.as(t, v.token)
		c.see("/livez").want(http.StatusOK)
		c.see("/readyz").want(http.StatusOK)
		if r := c.see("/metrics").want(http.StatusOK); !strings.Contains(string(r.body), "go_goroutines") {
			t.Errorf("metrics of %v: %s", p.flags[0], r.body)
		}
	}
	f.projects[0].as(t, v.token).see(path).want(http.StatusNotFound)
	f.queries[0].end(t)
	f.node.kill()
	f.queries[0].up(t)
	reads := f.queries[0].as(t, v.token)
	if r := reads.see(path).want(http.StatusOK); !r.has("Hopper") {
		t.Errorf("read without the event store: %s", r.body)
	}
	reads.see("/readyz").want(http.StatusOK)
	f.commands[0].as(t, v.token).post(path+"/comments", map[string]string{"text": "nowhere"}).problem(http.StatusServiceUnavailable, "log_unavailable")
}
