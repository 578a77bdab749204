package projections_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/erasure"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/readmodels/historytest"
)

// coreGroup returns the group of all core models.
func coreGroup(o projections.Opener) projections.Group {
	return projections.Group{Name: projections.CoreGroup, Models: projections.Core(o)}
}

// erased says, for each model of the registry, what must be so in its tables
// after every application was anonymised. nil: it holds no data of candidates.
var erased = map[string]func(*testing.T, dump){
	"jobs":        nil,
	"withheld":    func(t *testing.T, d dump) { d.some(t, "withheld_files", "infection <> ''") }, // ids alone
	"definitions": nil,
	"access":      nil,
	"application_list": func(t *testing.T, d dump) {
		d.none(t, "people", "terms <> '{}' OR first_name IS NOT NULL OR last_name IS NOT NULL OR email IS NOT NULL OR phone IS NOT NULL OR more::text NOT IN ('null', '{}') OR custom::text NOT IN ('null', '{}') OR NOT anonymised")
		d.none(t, "applications", "terms <> '{}' OR tags <> '{}' OR NOT anonymised OR candidate_id <> '"+readmodels.Nobody()+"'")
		d.some(t, "applications", "reason_id IS NOT NULL AND source <> '' AND stage <> ''")
	},
	"timeline": func(t *testing.T, d dump) {
		d.none(t, "timeline", "text IS NOT NULL OR details ? 'tag'")
		d.some(t, "timeline", "kind = 'disqualified' AND details ? 'reason'")
		d.some(t, "timeline", "kind = 'comment_added'")
	},
	"profile": func(t *testing.T, d dump) {
		d.none(t, "notes", "text IS NOT NULL")
		d.none(t, "comments", "text IS NOT NULL")
		d.none(t, "earlier_texts", "text IS NOT NULL")
		d.none(t, "documents", "title IS NOT NULL OR description IS NOT NULL")
		d.none(t, "document_files", "name IS NOT NULL")
		d.none(t, "document_reviews", "reason IS NOT NULL")
		d.none(t, "submissions", "first_name IS NOT NULL OR last_name IS NOT NULL OR email IS NOT NULL OR phone IS NOT NULL OR answers::text LIKE '%\"value\": \"%'")
		d.some(t, "submissions", "answers::text LIKE '%Why us?%'")
		for _, table := range []string{"submissions", "notes", "comments", "earlier_texts", "comment_reads", "documents", "document_versions", "document_files", "document_reviews", "kept_values"} {
			d.some(t, table, "true")
		}
	},
	"inbox": func(t *testing.T, d dump) {
		d.none(t, "notices", "application_id <> '"+readmodels.NoApplication()+"'") // of messages that nobody assigned there are
		for _, table := range []string{"audiences", "requesters", "notify", "staff"} {
			d.some(t, table, "true")
		}
	},
	"lists": func(t *testing.T, d dump) {
		d.some(t, "bulk_actions", "undo_finished_at IS NOT NULL AND undone > 0")
		d.some(t, "bulk_items", "result = 'refused' AND code IS NOT NULL")
		d.some(t, "views", "shared")
	},
	"hires": func(t *testing.T, d dump) {
		d.none(t, "hires", "reason IS NOT NULL OR undo_reason IS NOT NULL OR employee_id IS NOT NULL OR NOT anonymised")
		d.none(t, "employees", "application_id <> '"+readmodels.Nobody()+"' OR first_name IS NOT NULL OR last_name IS NOT NULL OR email IS NOT NULL OR phone IS NOT NULL")
		d.none(t, "employee_documents", `title IS NOT NULL OR versions::text LIKE '%"name"%' OR versions::text LIKE '%"reason"%'`)
		d.some(t, "hires", "undone_at IS NOT NULL")
		d.some(t, "employees", "state = 'reversed'")
		d.some(t, "employee_documents", "versions::text LIKE '%reviewed_by%'")
	},
	"offers": func(t *testing.T, d dump) {
		d.none(t, "offers", "amount IS NOT NULL OR start_date IS NOT NULL OR terms IS NOT NULL OR returned_for IS NOT NULL OR ended_for IS NOT NULL OR signature IS NOT NULL OR contract_hash IS NOT NULL")
		for _, state := range []string{"accepted", "declined", "withdrawn", "expired"} {
			d.some(t, "offers", "state = '"+state+"' AND currency = 'EUR'")
		}
		d.some(t, "offers", "version > 1 AND jsonb_array_length(approvals) > 0")
		d.some(t, "offers", "returned_at IS NOT NULL")
		d.some(t, "offers", "contract_id IS NOT NULL AND template_id IS NOT NULL")
	},
	"data_requests": func(t *testing.T, d dump) {
		d.none(t, "data_requests", "reason IS NOT NULL OR state = 'open'")
		for _, state := range []string{"done", "refused", "moot"} {
			d.some(t, "data_requests", "state = '"+state+"' AND answered_at IS NOT NULL")
		}
	},
	"undelivered": func(t *testing.T, d dump) { d.none(t, "undelivered_notices", "true") },
	"messages": func(t *testing.T, d dump) {
		d.none(t, "messages", "application_id <> '"+readmodels.NoApplication()+"' AND (sent_to IS NOT NULL OR sent_from IS NOT NULL OR from_name IS NOT NULL OR subject IS NOT NULL OR text IS NOT NULL)")
		d.none(t, "messages", "application_id <> '"+readmodels.NoApplication()+"' AND files::text LIKE '%\"name\": \"%'")
		d.some(t, "messages", "status = 'bounced' AND reason <> ''")
		d.some(t, "messages", "closed_at IS NOT NULL AND NOT open")
	},
	"assessment": func(t *testing.T, d dump) {
		d.some(t, "ratings", "rating > 0")
		d.none(t, "review_requests", "message IS NOT NULL")
		d.some(t, "review_requests", "state = 'done' AND comment_id IS NOT NULL")
		d.none(t, "evaluation_contents", "takeaways IS NOT NULL OR number = 0 OR says::text LIKE '%\"text\": \"%'")
		d.some(t, "evaluation_contents", "(says ->> 'result')::float > 0")
		d.some(t, "evaluations", "submitted > 0 AND NOT deleted")
		d.some(t, "evaluations", "deleted")
		d.none(t, "interviews", "title IS NOT NULL OR description IS NOT NULL OR place IS NOT NULL OR link IS NOT NULL OR reason IS NOT NULL")
		d.some(t, "interviews", "state = 'completed' AND start <> ''")
	},
}

// dump is the tables of the core group.
type dump struct {
	pool   *pgxpool.Pool
	schema readmodels.Schema
}

func dumpOf(t *testing.T, pool *pgxpool.Pool) dump {
	t.Helper()
	s, err := readmodels.NewGenerations(pool).Schema(t.Context(), projections.CoreGroup)
	if err != nil {
		t.Fatal(err)
	}
	return dump{pool, s}
}

func (d dump) count(t *testing.T, table, where string) (n int) {
	t.Helper()
	if err := d.pool.QueryRow(t.Context(), "SELECT count(*) FROM "+d.schema.Table(table)+" WHERE "+where).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (d dump) none(t *testing.T, table, where string) {
	t.Helper()
	if n := d.count(t, table, where); n > 0 {
		t.Errorf("%s has %d rows where %s", table, n, where)
	}
}

func (d dump) some(t *testing.T, table, where string) {
	t.Helper()
	if d.count(t, table, where) == 0 {
		t.Errorf("%s has no row where %s", table, where)
	}
}

// sealed returns every value of every bytea column of the tables of a model.
func (d dump) sealed(t *testing.T, m projections.Model) [][]byte {
	t.Helper()
	var all [][]byte
	for _, table := range m.Tables() {
		rows, err := d.pool.Query(t.Context(), `SELECT column_name FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 AND data_type = 'bytea'`, string(d.schema), table.Name())
		if err != nil {
			t.Fatal(err)
		}
		columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range columns {
			rows, err := d.pool.Query(t.Context(), fmt.Sprintf("SELECT %[1]s FROM %[2]s WHERE %[1]s IS NOT NULL", c, d.schema.Table(table.Name())))
			if err != nil {
				t.Fatal(err)
			}
			values, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, values...)
		}
	}
	return all
}

// randomHistory returns a random history in which everything happens.
func randomHistory(t *testing.T, seed uint64, n int) *historytest.Company {
	t.Helper()
	c := historytest.New(t).Found()
	c.Random(seed, n)
	c.Once()
	return c
}

// anonymiseAll ends and anonymises every application, and erases every employee.
func anonymiseAll(c *historytest.Company) {
	for _, id := range slices.Sorted(maps.Keys(c.Employees)) {
		c.EndEmployee(id, false)
	}
	for _, id := range c.ApplicationIDs {
		if a := c.Applications[id]; a.Live() {
			c.Disqualify(id, domain.Member(c.Admin), application.Rejected, c.Reject, "the last one")
		}
		c.Anonymise(id, domain.Member(c.Admin))
	}
}

// Each model of the registry keeps nothing of candidates that can be opened
// once all is anonymised: not when it saw the texts while they could be opened,
// and not when it is built from a log whose texts are erased.
func TestEveryModelForgets(t *testing.T) {
	t.Parallel()
	c := randomHistory(t, 7, 250)
	live := coreGroup(c.Vault)
	projectionstest.Project(t, c.Pool, c.Log, live, projectionstest.How{BatchSize: 50})
	if before := dumpOf(t, c.Pool); before.count(t, "applications", "terms <> '{}'") == 0 {
		t.Fatal("nothing can be searched before the erasure; the test would prove nothing")
	}
	anonymiseAll(c)
	projectionstest.Project(t, c.Pool, c.Log, live, projectionstest.How{})
	members, unassigned := 0, 0
	for _, m := range c.Members {
		if !m.Erased {
			members++
		}
	}
	for _, m := range c.Messages {
		if m.Application == "" {
			unassigned++
		}
	}

	rebuilt := postgrestest.New(t)
	projectionstest.Project(t, rebuilt, c.Log, coreGroup(c.Vault), projectionstest.How{})
	if got, want := projectionstest.Dump(t, rebuilt, live), projectionstest.Dump(t, c.Pool, live); got != want {
		t.Error("tables that saw the texts and tables that never could differ")
	}
	for _, pool := range []*pgxpool.Pool{c.Pool, rebuilt} {
		d := dumpOf(t, pool)
		for _, m := range live.Models {
			check, known := erased[m.Name()]
			if !known {
				t.Errorf("model %s is in the registry without an erasure test", m.Name())
				continue
			}
			if check != nil {
				check(t, d)
			}
			opened, err := c.Vault.Open(t.Context(), d.sealed(t, m)...)
			if err != nil {
				t.Fatal(err)
			}
			readable := len(slices.DeleteFunc(opened, func(o vault.Opened) bool { return o.Erased }))
			want := 0
			if m.Name() == "access" {
				// Their names and addresses, which nobody erased, and those of their calendars.
				want = 2*members + d.count(t, "busy_addresses", "true")
			}
			if m.Name() == "messages" {
				want = 4 * unassigned // they belong to no application that could be erased
			}
			if readable != want {
				t.Errorf("%s: %d of its texts open, want %d", m.Name(), readable, want)
			}
		}
	}
}

// Each model of the registry gives the same tables however its events arrive,
// with and without the others.
func TestEveryModelCanBeReplayed(t *testing.T) {
	t.Parallel()
	c := randomHistory(t, 7, 250)
	for _, id := range c.ApplicationIDs { // some may all have been deleted since
		if a := c.Applications[id]; a.Outcome == application.Rejected && !a.Anonymised {
			c.Anonymise(id, domain.Member(c.Admin))
			break
		}
	}
	for _, m := range projections.Core(c.Vault) {
		t.Run(m.Name(), func(t *testing.T) {
			t.Parallel()
			_, dump := projectionstest.SameHoweverDelivered(t, c.Log, func() projections.Group {
				i := slices.IndexFunc(projections.Core(c.Vault), func(o projections.Model) bool { return o.Name() == m.Name() })
				return projections.Group{Name: projections.CoreGroup, Models: projections.Core(c.Vault)[i : i+1]}
			})
			for table := range strings.SplitSeq(dump, "# ") {
				if name, rows, _ := strings.Cut(table, "\n"); name != "" && rows == "" {
					t.Errorf("table %s is empty; the test proves nothing of it", name)
				}
			}
		})
	}
}

// Random histories: tables that followed the log while it grew, and while keys
// were destroyed, are those of a rebuild.
func TestFollowingIsRebuilding(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			c := historytest.New(t).Found()
			live := coreGroup(c.Vault)
			for step := range uint64(6) {
				c.Random(100*seed+step, 25)
				how := projectionstest.How{BatchSize: []int{0, 1, 4}[step%3], Redeliver: step%2 == 1}
				projectionstest.Project(t, c.Pool, c.Log, live, how)
			}
			_, rebuilt := projectionstest.SameHoweverDelivered(t, c.Log, func() projections.Group { return coreGroup(c.Vault) })
			if got := projectionstest.Dump(t, c.Pool, live); got != rebuilt {
				t.Errorf("followed:\n%s\nrebuilt:\n%s", got, rebuilt)
			}
		})
	}
}

// countingOpener counts the visits to the vault.
type countingOpener struct {
	projections.Opener
	visits int
}

func (o *countingOpener) Open(ctx context.Context, sealed ...[]byte) ([]vault.Opened, error) {
	o.visits++
	return o.Opener.Open(ctx, sealed...)
}

func (o *countingOpener) Terms(text personal.Plain) []int64 { return o.Opener.Terms(text) }

func TestABatchVisitsTheVaultOnce(t *testing.T) {
	t.Parallel()
	c := randomHistory(t, 3, 20)
	opener := &countingOpener{Opener: c.Vault}
	// A slow machine may cut more than one: a batch also ends after a while.
	var batches atomic.Int64
	projectionstest.Project(t, c.Pool, c.Log, coreGroup(opener), projectionstest.How{
		BatchSize: 1000, Batch: func() { batches.Add(1) },
	})
	if n := batches.Load(); int64(opener.visits) > n || opener.visits == 0 {
		t.Errorf("%d visits for %d batches, want one each at most", opener.visits, n)
	}
}

// facts returns the decoded facts of a log behind a position, and its end.
func facts(t *testing.T, log eventlog.Log, after eventlog.Position) ([]projections.Fact, eventlog.Position) {
	t.Helper()
	var all []projections.Fact
	for e, err := range log.ReadAll(t.Context(), after, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		after = e.Position
		if f, ok, err := projections.Decode(e); err != nil {
			t.Fatal(err)
		} else if ok {
			all = append(all, f)
		}
	}
	return all, after
}

// modelOf returns a new model by its name.
func modelOf(t *testing.T, opener projections.Opener, name string) projections.Model {
	t.Helper()
	models := projections.Core(opener)
	i := slices.IndexFunc(models, func(m projections.Model) bool { return m.Name() == name })
	if i < 0 {
		t.Fatalf("there is no model %s", name)
	}
	return models[i]
}

// What an erasure removes from the list is told twice, by the erasure and by
// what it is of. Each of them is enough, since either may come late.
func TestEitherEventRemovesWhatWasErased(t *testing.T) {
	t.Parallel()
	for name, leftOut := range map[string]func(domain.Fact) bool{
		"the erasure alone": func(f domain.Fact) bool {
			return f.EventName() == application.Anonymised{}.EventName() || f.EventName() == candidate.Anonymised{}.EventName()
		},
		"the application and the person alone": func(f domain.Fact) bool { return f.EventName() == erasure.Recorded{}.EventName() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := randomHistory(t, 7, 60)
			model := modelOf(t, c.Vault, "application_list")
			apply := func(all []projections.Fact) {
				for _, f := range all {
					if err := model.Apply(t.Context(), f); err != nil {
						t.Fatal(err)
					}
				}
			}
			before, at := facts(t, c.Log, eventlog.Start)
			apply(before)
			people := model.Tables()[0].(*projections.Rows[readmodels.PersonRow])
			applications := model.Tables()[1].(*projections.Rows[readmodels.ApplicationRow])
			anonymiseAll(c)
			after, _ := facts(t, c.Log, at)
			apply(slices.DeleteFunc(after, func(f projections.Fact) bool { return leftOut(f.Body) }))
			n := 0
			for r := range applications.All() {
				n++
				if r.Candidate != readmodels.Nobody() || len(r.Terms) > 0 {
					t.Errorf("application %s is still of %s, with %d terms", r.ID, r.Candidate, len(r.Terms))
				}
			}
			for r := range people.All() {
				if len(r.Terms) > 0 {
					t.Errorf("person %s still has %d terms", r.ID, len(r.Terms))
				}
			}
			if n == 0 {
				t.Error("there were no applications")
			}
		})
	}
}
