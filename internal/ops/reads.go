package ops

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Read says that a member opened something about a person. It holds ids and
// nothing personal.
type Read struct {
	ID          int64     `json:"id"`
	At          time.Time `json:"at"`
	Member      string    `json:"member_id" format:"uuid"`
	Kind        string    `json:"kind" doc:"What was opened: profile, history, file, export of the list, or the part of the profile; employee, employee_file, message_file, message_history, mail"`
	Application *string   `json:"application_id" format:"uuid" doc:"Null of what belongs to none"`
	Object      *string   `json:"object_id" format:"uuid" doc:"What of it, such as the file, or the employee profile"`
	Rights      []string  `json:"rights" doc:"By which right: organization_role, recruiting_role, or ids of grants and openings, as explained under access"`
}

// Reads keeps who read what. It is safe for concurrent use.
type Reads struct {
	pool *pgxpool.Pool

	mu      sync.Mutex
	waiting []*noted
	writing bool // somebody writes what waits
}

type noted struct {
	read Read
	done chan error // holds the answer, once
}

// maxNoted is the most reads that are written together.
const maxNoted = 512

// NewReads returns reads kept in pool, the primary's.
func NewReads(pool *pgxpool.Pool) *Reads { return &Reads{pool: pool} }

// Note keeps a read, durably when it returns without an error: only then may it
// be answered. Those that come together are written together.
// Errors: ErrUnavailable; ctx's.
func (r *Reads) Note(ctx context.Context, read Read) error {
	n := &noted{read: read, done: make(chan error, 1)}
	r.mu.Lock()
	r.waiting = append(r.waiting, n)
	writes := !r.writing
	r.writing = true
	r.mu.Unlock()
	if writes {
		go r.write()
	}
	select {
	case err := <-n.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("note a read: %w", ctx.Err())
	}
}

// NoteAll is Note for many reads; when it fails some of them may be kept.
// Errors: ErrUnavailable; ctx's.
func (r *Reads) NoteAll(ctx context.Context, reads []Read) error {
	for part := range slices.Chunk(reads, maxNoted) {
		batch := make([]*noted, len(part))
		for i, read := range part {
			batch[i] = &noted{read: read}
		}
		if err := r.store(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// write writes what waits until nothing does.
func (r *Reads) write() {
	for {
		r.mu.Lock()
		batch := r.waiting[:min(len(r.waiting), maxNoted)]
		r.waiting = r.waiting[len(batch):]
		if len(batch) == 0 {
			r.waiting, r.writing = nil, false
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		err := r.store(context.Background(), batch)
		for _, n := range batch {
			n.done <- err
		}
	}
}

func (r *Reads) store(ctx context.Context, batch []*noted) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	at, members, kinds := make([]time.Time, len(batch)), make([]string, len(batch)), make([]string, len(batch))
	applications, objects, rights := make([]*string, len(batch)), make([]*string, len(batch)), make([]string, len(batch))
	for i, n := range batch {
		at[i], members[i], kinds[i] = n.read.At.UTC(), n.read.Member, n.read.Kind
		applications[i], objects[i] = n.read.Application, n.read.Object
		list, err := json.Marshal(append([]string{}, n.read.Rights...))
		if err != nil {
			return fmt.Errorf("note reads: %w", err)
		}
		rights[i] = string(list)
	}
	_, err := r.pool.Exec(ctx, `
		INSERT INTO ops.reads (read_at, member_id, kind, application_id, object_id, rights)
		SELECT at, member, kind, application, object, ARRAY(SELECT jsonb_array_elements_text(rights::jsonb))
		FROM unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::text[]) AS r (at, member, kind, application, object, rights)`,
		at, members, kinds, applications, objects, rights)
	if err != nil {
		return fmt.Errorf("note reads: %w: %w", ErrUnavailable, err)
	}
	return nil
}

// ReadsQuery chooses reads. Zero fields choose all.
type ReadsQuery struct {
	Application, Member string
	From, To            time.Time // To is not in it
	Before              int64     // only those noted before the read of that id
	Limit               int
}

// Find returns reads, newest first. Errors: ErrUnavailable.
func (r *Reads) Find(ctx context.Context, q ReadsQuery) ([]Read, error) {
	where, args := []string{"true"}, []any{}
	also := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if q.Application != "" {
		also("application_id = $%d", q.Application)
	}
	if q.Member != "" {
		also("member_id = $%d", q.Member)
	}
	if !q.From.IsZero() {
		also("read_at >= $%d", q.From)
	}
	if !q.To.IsZero() {
		also("read_at < $%d", q.To)
	}
	if q.Before > 0 {
		also("read_id < $%d", q.Before)
	}
	args = append(args, q.Limit)
	rows, err := r.pool.Query(ctx, fmt.Sprintf(`SELECT read_id, read_at, member_id::text, kind, application_id::text, object_id::text, rights
		FROM ops.reads WHERE %s ORDER BY read_id DESC LIMIT $%d`, strings.Join(where, " AND "), len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("find reads: %w: %w", ErrUnavailable, err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f Read, err error) {
		err = row.Scan(&f.ID, &f.At, &f.Member, &f.Kind, &f.Application, &f.Object, &f.Rights)
		f.At = f.At.UTC()
		return f, err
	})
	if err != nil {
		return nil, fmt.Errorf("find reads: %w: %w", ErrUnavailable, err)
	}
	return found, nil
}

// Forget forgets what was read before an instant, and returns how many reads
// that were. Errors: ErrUnavailable.
func (r *Reads) Forget(ctx context.Context, before time.Time) (int64, error) {
	tag, err := r.pool.Exec(ctx, `DELETE FROM ops.reads WHERE read_at < $1`, before.UTC())
	if err != nil {
		return 0, fmt.Errorf("forget reads: %w: %w", ErrUnavailable, err)
	}
	return tag.RowsAffected(), nil
}
