package readmodels

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

// By is who did something.
type By struct {
	Kind     string          `json:"kind" enum:"member,candidate,system" doc:"What sort of actor"`
	MemberID *string         `json:"member_id" format:"uuid" doc:"The member, if it was one"`
	Name     *personal.Plain `json:"name" doc:"The member's name; null if erased or masked"`
}

// MemberRef names a member.
type MemberRef struct {
	ID   string          `json:"id" format:"uuid"`
	Name *personal.Plain `json:"name" doc:"Null if erased or masked"`
}

// Label names an entry of a list.
type Label struct {
	ID    string `json:"id" format:"uuid"`
	Label string `json:"label"`
}

// StageRef names a stage of a job.
type StageRef struct {
	ID   string `json:"id" format:"uuid"`
	Name string `json:"name" doc:"Also of a stage that was removed from the plan"`
}

// texts opens the personal texts of one application and the names of members:
// first everything that will be wanted is named, then load fetches the keys of
// all of it, then the texts open one by one.
type texts struct {
	vault  *vault.Vault
	owners []string // the application, and those whose content is shown with it
	masked bool     // nothing opens

	keys    map[uuid.UUID]wrap // by key; empty until loaded
	members map[string]sealedName
	err     error // the first text that did not open although its key is there
}

type sealedName struct{ name, wrapped []byte }

// wrap is a wrapped key, and whom it is wrapped for.
type wrap struct {
	wrapped []byte
	owner   string
}

func newTexts(v *vault.Vault, application string, masked bool) *texts {
	return textsOf(v, []string{application}, masked)
}

// textsOf is newTexts for several applications.
func textsOf(v *vault.Vault, applications []string, masked bool) *texts {
	return &texts{vault: v, owners: applications, masked: masked, keys: map[uuid.UUID]wrap{}, members: map[string]sealedName{}}
}

// want names texts that will be opened.
func (t *texts) want(sealed ...[]byte) {
	if t.masked {
		return
	}
	for _, s := range sealed {
		if len(s) == 0 {
			continue
		}
		h, err := vault.ParseHeader(s)
		t.fail(err)
		t.keys[h.KeyID] = wrap{}
	}
}

// wantBy names actors whose names will be shown.
func (t *texts) wantBy(actors ...domain.Actor) {
	for _, a := range actors {
		t.wantMembers(a.MemberID())
	}
}

// wantByOrNil is wantBy for an actor that may be absent.
func (t *texts) wantByOrNil(actor *domain.Actor) {
	if actor != nil {
		t.wantBy(*actor)
	}
}

// wantMembers names members whose names will be shown; "" is none.
func (t *texts) wantMembers(ids ...string) {
	if t.masked {
		return
	}
	for _, id := range ids {
		if isID(id) {
			t.members[id] = sealedName{}
		}
	}
}

// load queues the reading of all that is wanted.
func (t *texts) load(b *pgx.Batch, s Schema) {
	if len(t.keys) > 0 {
		ids := make([]uuid.UUID, 0, len(t.keys))
		for id := range t.keys {
			ids = append(ids, id)
		}
		b.Queue(`SELECT key_id, owner::text, wrapped FROM vault.keys WHERE owner = ANY($1::uuid[]) AND key_id = ANY($2)`, t.owners, uuids(ids)).Query(func(rows pgx.Rows) error {
			var id uuid.UUID
			var w wrap
			_, err := pgx.ForEachRow(rows, []any{&id, &w.owner, &w.wrapped}, func() error { t.keys[id] = w; return nil })
			return err
		})
	}
	if len(t.members) > 0 {
		ids := make([]string, 0, len(t.members))
		for id := range t.members {
			ids = append(ids, id)
		}
		b.Queue(`SELECT m.member_id::text, m.name, k.wrapped FROM `+s.Table("members")+` m
			LEFT JOIN vault.keys k ON k.key_id = m.member_id AND k.owner = m.member_id
			WHERE m.member_id = ANY($1::uuid[])`, ids).Query(func(rows pgx.Rows) error {
			var id string
			var n sealedName
			_, err := pgx.ForEachRow(rows, []any{&id, &n.name, &n.wrapped}, func() error { t.members[id] = n; return nil })
			return err
		})
	}
}

// loadNow loads in a round trip of its own.
func (t *texts) loadNow(ctx context.Context, tx pgx.Tx, s Schema) error {
	b := new(pgx.Batch)
	t.load(b, s)
	return send(ctx, tx, b)
}

// text opens a text that was wanted: nil if absent, erased or masked.
func (t *texts) text(sealed []byte) *personal.Plain {
	if t.masked || len(sealed) == 0 {
		return nil
	}
	h, err := vault.ParseHeader(sealed)
	t.fail(err)
	w := t.keys[h.KeyID]
	return t.opened(sealed, w.wrapped, w.owner)
}

func (t *texts) opened(sealed, wrapped []byte, owner string) *personal.Plain {
	o, err := t.vault.OpenWith(sealed, wrapped, owner)
	t.fail(err)
	if err != nil || o.Erased {
		return nil
	}
	return &o.Text
}

func (t *texts) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// member names a member who was wanted.
func (t *texts) member(id string) MemberRef {
	m := MemberRef{ID: id}
	if n := t.members[id]; !t.masked && len(n.name) > 0 {
		m.Name = t.opened(n.name, n.wrapped, id)
	}
	return m
}

// by says who an actor is who was wanted.
func (t *texts) by(a domain.Actor) By {
	if id := a.MemberID(); id != "" {
		m := t.member(id)
		return By{Kind: "member", MemberID: &m.ID, Name: m.Name}
	}
	return By{Kind: string(a)}
}

// byOrNil is by for an actor that may be absent.
func (t *texts) byOrNil(a *domain.Actor) *By {
	if a == nil {
		return nil
	}
	by := t.by(*a)
	return &by
}
