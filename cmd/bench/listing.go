package main

import (
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
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/readmodels"
)

// The list is of a large company: 500 jobs, the most popular with a twentieth of
// all applications, 8 stages each, 40 tags, and a person for nearly every
// application, whose names are sealed under a key of their own.
const (
	listingVersion = 3
	listedChunk    = 20_000 // rows made at once
	perPerson      = 20     // so many applications are of one person less
	colleagues     = 100    // members, of whom each is in the team of some jobs
	teamsOfMember  = 40     // jobs of the member who asks
)

// listing is a database whose read models hold applications.
type listing struct {
	*database
	made   listed
	schema readmodels.Schema
}

// listed is what was made. It is stored once everything is.
type listed struct {
	Jobs   []listedJob `json:"jobs"`
	Tags   []string    `json:"tags"`
	Admin  string      `json:"admin"`
	Member string      `json:"member"` // in the team of the jobs marked so
}

type listedJob struct {
	ID      string   `json:"id"`
	Stages  []string `json:"stages"`
	Members bool     `json:"members"` // the member is in its team
}

// openListing opens the list of so many applications, making it if it is not in
// the cache.
func openListing(ctx context.Context, s settings) (_ *listing, err error) {
	dir := filepath.Join(s.cache, fmt.Sprintf("list-%d-%d", listingVersion, s.listed))
	done := filepath.Join(dir, "made.json")
	l := &listing{}
	data, err := os.ReadFile(done)
	fresh := errors.Is(err, fs.ErrNotExist)
	switch {
	case fresh:
		err = os.RemoveAll(dir) // what was begun and not finished
	case err == nil:
		err = json.Unmarshal(data, &l.made)
	}
	if err != nil {
		return nil, err
	}
	if l.database, err = openDatabase(ctx, dir, vault.Options{CacheSize: 2 * listedChunk}); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	group := projections.Group{Name: projections.CoreGroup, Models: projections.Core(l.vault)}
	if err := projections.Ensure(ctx, l.pool, group); err != nil {
		return nil, err
	}
	if l.schema, err = readmodels.NewGenerations(l.pool).Schema(ctx, projections.CoreGroup); err != nil {
		return nil, err
	}
	if !fresh {
		return l, nil
	}
	began := time.Now()
	if err := l.make(ctx, s.listed); err != nil {
		return nil, fmt.Errorf("make the list: %w", err)
	}
	s.say("made a list of %d applications in %v", s.listed, time.Since(began).Round(time.Second))
	if data, err = json.Marshal(l.made); err != nil {
		return nil, err
	}
	return l, os.WriteFile(done, data, 0o600)
}

// put writes rows, a thousand to a statement.
func put[R any](ctx context.Context, pool *pgxpool.Pool, schema readmodels.Schema, t readmodels.Table[R], rows []R) error {
	sql := t.UpsertSQL(string(schema))
	for part := range slices.Chunk(rows, 1000) {
		if _, err := pool.Exec(ctx, sql, t.UpsertArgs(part)...); err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	return nil
}

// make fills the tables. Indexes of the large one, and what the planner is told
// of it, come last.
func (l *listing) make(ctx context.Context, n int) error {
	r := rand.New(rand.NewPCG(2, 0))
	members, err := l.makeCompany(ctx, r)
	if err != nil {
		return err
	}
	rows, err := l.pool.Query(ctx, `
		SELECT format('DROP INDEX %s', indexrelid::regclass) FROM pg_index WHERE indrelid = $1::regclass AND NOT indisprimary
		UNION ALL SELECT format('DROP STATISTICS %s.%I', stxnamespace::regnamespace, stxname) FROM pg_statistic_ext WHERE stxrelid = $1::regclass`,
		l.schema.Table("applications"))
	if err != nil {
		return err
	}
	drops, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, drop := range drops {
		if _, err := l.pool.Exec(ctx, drop); err != nil {
			return err
		}
	}
	popular := rand.NewZipf(r, 1.01, 4, uint64(len(l.made.Jobs)-1))
	for from := 0; from < n; from += listedChunk {
		if err := l.makeApplications(ctx, r, popular, members, min(listedChunk, n-from), from); err != nil {
			return err
		}
	}
	if _, err := l.pool.Exec(ctx, readmodels.Applications().CreateIndexes(string(l.schema))); err != nil {
		return err
	}
	for _, table := range []string{l.schema.Table("applications"), l.schema.Table("people"), l.schema.Table("jobs"), l.schema.Table("team"), "vault.keys"} {
		if _, err := l.pool.Exec(ctx, "VACUUM ANALYZE "+table); err != nil {
			return err
		}
	}
	return nil
}

// makeCompany fills the small tables and returns the members.
func (l *listing) makeCompany(ctx context.Context, r *rand.Rand) (members []string, err error) {
	role := readmodels.RoleRow{ID: idFrom(r), Name: "Recruiter"}
	for _, a := range access.Areas() {
		role.View, role.Edit = append(role.View, a), append(role.Edit, a)
	}
	var memberRows []readmodels.MemberRow
	for i := range colleagues {
		m := readmodels.MemberRow{ID: idFrom(r), Role: access.Recruiting, Active: true, InvitedAt: corpusEnd()}
		if i == 0 {
			m.Role = access.Admin
		}
		sealed, err := l.vault.Seal(ctx, uuid.New(), "member.invited.v1", []vault.Item{{
			Key: personal.Key{ID: m.ID, Owner: m.ID}, Field: "name", Plain: personal.Plain(fmt.Sprintf("Member %d", i)),
		}})
		if err != nil {
			return nil, err
		}
		m.Name = sealed[0]
		memberRows = append(memberRows, m)
		members = append(members, m.ID)
	}
	l.made.Admin, l.made.Member = members[0], members[1]
	var tagRows []readmodels.TagRow
	for i := range allTags {
		t := readmodels.TagRow{ID: idFrom(r), Label: fmt.Sprintf("Tag %d", i)}
		tagRows = append(tagRows, t)
		l.made.Tags = append(l.made.Tags, t.ID)
	}
	var jobRows []readmodels.JobRow
	var teamRows []readmodels.TeamRow
	join := func(job, member string) {
		teamRows = append(teamRows, readmodels.TeamRow{Key: job + "/" + member, Job: job, Member: member, Role: role.ID})
	}
	for i := range maxJobs {
		j := readmodels.JobRow{ID: idFrom(r), Status: job.Open, Title: fmt.Sprintf("Job %d", i), Openings: 1, OpenedAt: corpusEnd(), ChangedAt: corpusEnd()}
		of := listedJob{ID: j.ID, Members: i%(maxJobs/teamsOfMember) == 0}
		for _, s := range stagePlan() {
			j.Stages.V = append(j.Stages.V, job.Stage{ID: idFrom(r), Name: s.Name})
			of.Stages = append(of.Stages, j.Stages.V[len(j.Stages.V)-1].ID)
		}
		jobRows = append(jobRows, j)
		for k := range 3 {
			join(j.ID, members[2+(i+k*7)%(len(members)-2)])
		}
		if of.Members {
			join(j.ID, l.made.Member)
		}
		l.made.Jobs = append(l.made.Jobs, of)
	}
	return members, errors.Join(
		put(ctx, l.pool, l.schema, readmodels.RecruitingRoles(), []readmodels.RoleRow{role}),
		put(ctx, l.pool, l.schema, readmodels.Members(), memberRows),
		put(ctx, l.pool, l.schema, readmodels.Tags(), tagRows),
		put(ctx, l.pool, l.schema, readmodels.Reasons(), []readmodels.ReasonRow{{ID: reasonID, Label: "Not the right fit", Kind: organization.We}}),
		put(ctx, l.pool, l.schema, readmodels.Jobs(), jobRows),
		put(ctx, l.pool, l.schema, readmodels.Team(), teamRows),
	)
}

// reasonID is of the one reason there is.
const reasonID = "0d6c8b0e-6f2c-4b53-9d57-1f5d3c0a7b11"

// makeApplications makes n applications and their people, from number first on.
func (l *listing) makeApplications(ctx context.Context, r *rand.Rand, popular *rand.Zipf, members []string, n, first int) error {
	apps, people := make([]readmodels.ApplicationRow, n), make([]readmodels.PersonRow, 0, n)
	names := make([][2]string, n)
	var keys []personal.Key
	for i := range apps {
		j := l.made.Jobs[popular.Uint64()]
		a := readmodels.ApplicationRow{
			ID: idFrom(r), Job: j.ID, Candidate: idFrom(r), Stage: j.Stages[min(r.IntN(len(j.Stages)), r.IntN(len(j.Stages)))],
			Outcome: application.InProgress, Priority: r.IntN(100) < 15, Source: []string{"career page", "referral", "job board", "agency"}[r.IntN(4)],
			Owner: &members[2+r.IntN(len(members)-2)], Revision: int64(r.IntN(20)),
			ReceivedAt: corpusEnd().Add(-time.Duration(r.IntN(730*24*60*60)) * time.Second),
		}
		if r.IntN(100) < 40 {
			reason := reasonID
			a.Outcome, a.Reason = application.Rejected, &reason
			if r.IntN(4) == 0 {
				a.Outcome = application.Withdrawn
			}
		}
		for k := range r.IntN(4) {
			tag := l.made.Tags[(k+3*r.IntN(r.IntN(len(l.made.Tags))+1))%len(l.made.Tags)]
			if !slices.Contains(a.Tags, tag) {
				a.Tags = append(a.Tags, tag)
			}
		}
		a.ChangedAt = a.ReceivedAt.Add(time.Duration(r.IntN(60*24*60)) * time.Minute)
		a.StageSince = a.ChangedAt
		names[i][0], names[i][1] = nameOf(r)
		if i%perPerson == perPerson-1 {
			a.Candidate, names[i] = apps[i-1].Candidate, names[i-1]
		} else {
			people = append(people, readmodels.PersonRow{ID: a.Candidate})
		}
		apps[i] = a
		keys = append(keys, personal.Key{ID: a.Candidate, Owner: a.ID})
	}
	if err := mintKeys(ctx, l.vault, keys); err != nil {
		return err
	}
	byID := make(map[string]*readmodels.PersonRow, len(people))
	for i := range people {
		byID[people[i].ID] = &people[i]
	}
	for i := range apps {
		p := byID[apps[i].Candidate]
		if p.FirstName == nil {
			if err := l.seal(ctx, p, keys[i], names[i], first+i); err != nil {
				return err
			}
		}
		apps[i].Terms, apps[i].Person = p.Terms, p.ID
	}
	return split(4, 4, func(from, _ int) error {
		return errors.Join(
			put(ctx, l.pool, l.schema, readmodels.Applications(), apps[from*n/4:(from+1)*n/4]),
			put(ctx, l.pool, l.schema, readmodels.People(), people[from*len(people)/4:(from+1)*len(people)/4]),
		)
	})
}

// seal fills in what is known of a person.
func (l *listing) seal(ctx context.Context, p *readmodels.PersonRow, key personal.Key, name [2]string, n int) error {
	email := fmt.Sprintf("%s.%s.%d@people.example", name[0], name[1], n)
	items := []vault.Item{
		{Key: key, Field: "first_name", Plain: personal.Plain(name[0])},
		{Key: key, Field: "last_name", Plain: personal.Plain(name[1])},
		{Key: key, Field: "email", Plain: personal.Plain(email)},
		{Key: key, Field: "phone", Plain: personal.Plain(fmt.Sprintf("+49 30 555 %07d", n))},
	}
	sealed, err := l.vault.Seal(ctx, uuid.New(), "candidate.registered.v1", items)
	if err != nil {
		return err
	}
	p.FirstName, p.LastName, p.Email, p.Phone = sealed[0], sealed[1], sealed[2], sealed[3]
	p.Terms = l.vault.Terms(personal.Plain(name[0] + " " + name[1] + " " + email))
	return nil
}
