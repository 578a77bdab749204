package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// connections is how many clients give commands at once, and how many writers
// append.
const connections = 64

// comment is what each move says; it is sealed.
const comment = "Convincing in the conversation, and the team would like to meet her in person next week."

// benchCommands measures commands over HTTP (moving a stage with a sealed
// comment and an idempotency key) against appends of the same events by the raw
// client.
func benchCommands(ctx context.Context, s settings, dir string) error {
	srv, err := start(ctx, s.binary, dir, "--serve", "commands")
	if err != nil {
		return err
	}
	defer func() { _ = srv.stop() }()
	c, err := setUp(ctx, srv, connections)
	if err != nil {
		return err
	}
	sample, err := c.sample(ctx, srv)
	if err != nil {
		return err
	}
	node, err := openNode(dir + "-raw")
	if err != nil {
		return err
	}
	defer func() { _ = node.Close() }()
	raw := newWriters(node.client, sample, connections)
	var rounds []figure
	for n := range s.rounds {
		var moves, appends pace
		var ofServer time.Duration
		err := inTurns(n, func() (err error) {
			before := cpuOf(srv.pid)
			moves, err = measured(meter{}, func() (int, error) { return c.move(ctx, srv, s.phase) })
			ofServer = cpuOf(srv.pid) - before
			return err
		}, func() (err error) {
			appends, err = measured(meter{}, func() (int, error) { return raw.run(ctx, s.phase) })
			return err
		})
		if err != nil {
			return err
		}
		rounds = append(rounds, figure{
			moves.perSecond() / appends.perSecond(),
			fmt.Sprintf("commands %.0f/s, processor time %v each in the server and %v in the load",
				moves.perSecond(), each(ofServer, float64(moves.n)), each(moves.cost, float64(moves.n))),
			"appends " + appends.String(),
		})
	}
	s.report("commands_over_http_per_raw_append", rounds, atLeast(0.5))
	return nil
}

// company is what the load works on.
type company struct {
	job          string
	stages       []string
	applications []string
	bodies       [2][]byte // moves there and back
}

// setUp opens a job and takes applications in.
func setUp(ctx context.Context, srv *server, applications int) (*company, error) {
	var job struct {
		ID string `json:"id"`
	}
	var role struct {
		ID string `json:"id"`
	}
	if err := srv.ask(ctx, "POST", "/v1/organization/recruiting-roles", map[string]any{"name": "Bench", "areas": map[string]string{"application": "edit"}}, &role); err != nil {
		return nil, err
	}
	err := srv.ask(ctx, "POST", "/v1/jobs", map[string]any{
		"title": "Bench", "stages": []map[string]string{{"name": "Here"}, {"name": "There"}},
		"hiring_team": []map[string]any{{"member_id": commands.FirstAdmin(), "recruiting_role_id": role.ID, "recruitment_manager": true}},
	}, &job)
	if err != nil {
		return nil, err
	}
	c := &company{job: job.ID}
	for i := range applications {
		var a struct {
			ID string `json:"id"`
		}
		err := srv.ask(ctx, "POST", "/v1/applications", map[string]any{
			"job_id": job.ID, "source": "bench",
			"candidate": map[string]string{"first_name": "Bench", "last_name": fmt.Sprintf("Person %d", i), "email": fmt.Sprintf("p%d@bench.example", i)},
		}, &a)
		if err != nil {
			return nil, err
		}
		c.applications = append(c.applications, a.ID)
	}
	return c, nil
}

// move has every connection move an application of its own back and forth, and
// returns the number of commands.
func (c *company) move(ctx context.Context, srv *server, phase time.Duration) (int, error) {
	var given atomic.Int64
	errs := make([]error, connections)
	var wg sync.WaitGroup
	until := time.Now().Add(phase)
	run := uuid.NewString()
	for i := range connections {
		wg.Add(1)
		go func() {
			defer wg.Done()
			n, err := c.moves(ctx, srv, i, run, until)
			given.Add(n)
			errs[i] = err
		}()
	}
	wg.Wait()
	return int(given.Load()), errors.Join(errs...)
}

func (c *company) moves(ctx context.Context, srv *server, i int, run string, until time.Time) (int64, error) {
	conn, err := srv.connect(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.conn.Close() }()
	path := "/v1/applications/" + c.applications[i] + "/move"
	n := int64(0)
	for time.Now().Before(until) {
		// An even number of moves, so that the next round begins where this did.
		for k := range 2 {
			status, _, err := conn.post(path, fmt.Sprintf("%s-%d-%d", run, i, n), c.bodies[k])
			if err != nil || status != 200 {
				return n, fmt.Errorf("move: status %d: %w", status, err)
			}
			n++
		}
	}
	return n, nil
}

// sample moves one application and returns the event that was written, for the
// raw appends to write the same.
func (c *company) sample(ctx context.Context, srv *server) (esdb.EventData, error) {
	var running struct {
		Node       string `json:"node"`
		EventStore string `json:"event_store"`
	}
	data, err := os.ReadFile(filepath.Join(srv.dir, "run.json"))
	if err != nil {
		return esdb.EventData{}, err
	}
	if err := json.Unmarshal(data, &running); err != nil {
		return esdb.EventData{}, err
	}
	log, err := eventlog.Connect(eventlog.ClientOptions{ConnectionString: running.EventStore, Address: running.Node})
	if err != nil {
		return esdb.EventData{}, err
	}
	defer func() { _ = log.Close() }()
	if err := c.plan(ctx, log); err != nil {
		return esdb.EventData{}, err
	}
	conn, err := srv.connect(ctx)
	if err != nil {
		return esdb.EventData{}, err
	}
	defer func() { _ = conn.conn.Close() }()
	for k := range 2 {
		status, _, err := conn.post("/v1/applications/"+c.applications[0]+"/move", uuid.NewString(), c.bodies[k])
		if err != nil || status != 200 {
			return esdb.EventData{}, fmt.Errorf("sample move: status %d: %w", status, err)
		}
	}
	for e, err := range log.ReadStream(ctx, "application-"+c.applications[0], -1, eventlog.Backwards) {
		return esdb.EventData{EventType: e.Type, ContentType: esdb.ContentTypeJson, Data: e.Data, Metadata: e.Metadata}, err
	}
	return esdb.EventData{}, errors.New("no event was written")
}

// plan reads the ids of the job's stages, and makes the bodies of the moves.
func (c *company) plan(ctx context.Context, log eventlog.Log) error {
	for e, err := range log.ReadStream(ctx, "job-"+c.job, 0, eventlog.Forwards) {
		if err != nil {
			return err
		}
		var opened struct {
			Stages []struct {
				ID string `json:"id"`
			} `json:"stages"`
		}
		if err := json.Unmarshal(e.Data, &opened); err != nil {
			return err
		}
		for _, s := range opened.Stages {
			c.stages = append(c.stages, s.ID)
		}
		break
	}
	for k := range c.bodies {
		body, err := json.Marshal(map[string]string{"to": c.stages[1-k], "from": c.stages[k], "comment": comment})
		if err != nil {
			return err
		}
		c.bodies[k] = body
	}
	return nil
}
