package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/vault"
)

// The log that is projected is a company's: every tenth of its events is of a
// person, a claim or an arrival, the rest is what happens to applications. All
// texts are sealed under keys of their own, as commands do it. Facts of
// applications lie as they happened, side by side: the events of one are
// thousands of events apart.
const (
	corpusVersion = 1 // part of the folder's name; another mix is another version
	corpusSeed    = 1
	corpusWindow  = 5000 // applications that go on at once
	corpusWriters = 64
	maxJobs       = 500
	allTags       = 40
	// One application in so many is anonymised at the end, by the real command.
	anonymisedEach = 400
)

// corpus is an installation whose log was generated.
type corpus struct {
	*installation
	made made
}

// made is what was generated. It is stored once everything is.
type made struct {
	Events int `json:"events"` // of $all that are not the server's own
}

// openCorpus opens the log of so many applications, generating it if it is not
// in the cache.
func openCorpus(ctx context.Context, s settings) (_ *corpus, err error) {
	dir := filepath.Join(s.cache, fmt.Sprintf("log-%d-%d", corpusVersion, s.applications))
	done := filepath.Join(dir, "made.json")
	c := &corpus{}
	data, err := os.ReadFile(done)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.RemoveAll(dir); err != nil { // what was begun and not finished
			return nil, err
		}
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(data, &c.made); err != nil {
			return nil, fmt.Errorf("%s: %w", done, err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	// Generating has all keys of a window in memory; projecting has as many as
	// the program has.
	o := vault.Options{}
	if c.made.Events == 0 {
		o.CacheSize = 16 * corpusWindow
	}
	if c.installation, err = openInstallation(ctx, dir, o); err != nil {
		return nil, err
	}
	if c.made.Events > 0 {
		return c, nil
	}
	began := time.Now()
	if err := c.generate(ctx, s.applications); err != nil {
		return nil, errors.Join(fmt.Errorf("generate the log: %w", err), c.Close())
	}
	s.say("generated %d events of %d applications in %v", c.made.Events, s.applications, time.Since(began).Round(time.Second))
	if data, err = json.Marshal(c.made); err == nil {
		err = os.WriteFile(done, data, 0o600)
	}
	if err := errors.Join(err, c.Close()); err != nil {
		return nil, err
	}
	return openCorpus(ctx, s)
}

// company is what applications are of.
type employer struct {
	jobs    []posting
	tags    []string // ids
	members []string
}

type posting struct {
	id     string
	stages []job.Stage
}

// employ founds jobs, tags and members.
func (in *installation) employ(ctx context.Context, jobs int) (e employer, err error) {
	on := true
	if _, err := in.ChangeSettings(ctx, in.by("settings", domain.System), commands.ChangeSettings{
		SettingsChange: organization.SettingsChange{SelfTracking: &on},
	}); err != nil {
		return e, err
	}
	for i := range allTags {
		answer, err := in.DefineTag(ctx, in.by(fmt.Sprintf("tag/%d", i), domain.System), commands.DefineTag{Label: fmt.Sprintf("Tag %d", i)})
		if err != nil {
			return e, err
		}
		e.tags = append(e.tags, answer.ID)
	}
	for i := range 20 {
		answer, err := in.InviteMember(ctx, in.by(fmt.Sprintf("member/%d", i), domain.System), commands.InviteMember{
			Name: personal.Plain(fmt.Sprintf("Member %d", i)), Role: "recruiting",
		})
		if err != nil {
			return e, err
		}
		e.members = append(e.members, answer.ID)
	}
	for i := range jobs {
		id, j, err := in.openJob(ctx, i,
			job.TeamMember{Member: e.members[i%len(e.members)], Role: commands.FirstRole("Hiring manager")},
			job.TeamMember{Member: e.members[(i+1)%len(e.members)], Role: commands.FirstRole("Interviewer")})
		if err != nil {
			return e, err
		}
		e.jobs = append(e.jobs, posting{id, j.Stages})
	}
	return e, nil
}

// generate writes the log.
func (c *corpus) generate(ctx context.Context, applications int) error {
	e, err := c.employ(ctx, min(maxJobs, 1+applications/20))
	if err != nil {
		return err
	}
	popular := rand.NewZipf(rand.New(rand.NewPCG(corpusSeed, 0)), 1.01, 4, uint64(len(e.jobs)-1))
	var closed []string
	for from := 0; from < applications; from += corpusWindow {
		var lives []*life
		for n := from; n < min(from+corpusWindow, applications); n++ {
			l := newLife(c.vault, e, e.jobs[popular.Uint64()], n)
			lives = append(lives, l)
			if l.closed && n%(anonymisedEach/2) == 0 {
				closed = append(closed, l.id)
			}
		}
		if err := c.write(ctx, lives); err != nil {
			return err
		}
	}
	for _, id := range closed {
		if _, err := c.Anonymise(ctx, c.as(commands.FirstAdmin()), commands.Anonymise{Application: id}); err != nil {
			return fmt.Errorf("anonymise %s: %w", id, err)
		}
	}
	for _, err := range c.log.ReadAll(ctx, eventlog.Start, eventlog.Forwards) {
		if err != nil {
			return err
		}
		c.made.Events++
	}
	return nil
}

// write appends the facts of a window in the order in which they happened, each
// life by one writer.
func (c *corpus) write(ctx context.Context, lives []*life) error {
	if err := c.mint(ctx, lives); err != nil {
		return err
	}
	return split(corpusWriters, len(lives), func(from, to int) error {
		var all []fact
		for _, l := range lives[from:to] {
			all = append(all, l.facts...)
		}
		slices.SortStableFunc(all, func(a, b fact) int { return cmp.Compare(a.at.UnixMicro(), b.at.UnixMicro()) })
		next := make(map[string]eventlog.Revision)
		for _, f := range all {
			event, err := f.encode(ctx, c.vault, f.meta)
			if err != nil {
				return err
			}
			last, begun := next[f.stream]
			if !begun {
				last = eventlog.NoStream
			}
			at, err := c.log.Append(ctx, f.stream, last, []eventlog.NewEvent{event})
			if err != nil {
				return fmt.Errorf("append to %s: %w", f.stream, err)
			}
			next[f.stream] = at.Revision
		}
		return nil
	})
}

// mint makes the keys of a window, hundreds at once: by itself, each text would
// cost a transaction.
func (c *corpus) mint(ctx context.Context, lives []*life) error {
	var keys []personal.Key
	for _, l := range lives {
		keys = append(keys, l.keys...)
	}
	return mintKeys(ctx, c.vault, keys)
}

func mintKeys(ctx context.Context, v *vault.Vault, keys []personal.Key) error {
	const atOnce, workers = 500, 4
	return split(workers, len(keys), func(from, to int) error {
		for part := range slices.Chunk(keys[from:to], atOnce) {
			items := make([]vault.Item, len(part))
			for i, key := range part {
				items[i] = vault.Item{Key: key, Field: "none", Plain: "none"}
			}
			if _, err := v.Seal(ctx, uuid.New(), "bench", items); err != nil {
				return fmt.Errorf("mint keys: %w", err)
			}
		}
		return nil
	})
}
