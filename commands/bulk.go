package commands

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/domain/view"
	"github.com/hirelog/hirelog/internal/vault"
)

// BulkAction is what is done to each of many applications: exactly one of its
// fields is set. Each is decided as if its command were given for the
// application alone.
type BulkAction struct {
	Move            *MoveStage       `json:"move,omitempty" doc:"Move to another stage"`
	Disqualify      *Disqualify      `json:"disqualify,omitempty" doc:"End without hire"`
	Requalify       *Requalify       `json:"requalify,omitempty" doc:"Take a disqualification back"`
	Tag             *BulkTag         `json:"tag,omitempty" doc:"Put a tag on"`
	Untag           *BulkTag         `json:"untag,omitempty" doc:"Take a tag off"`
	RequestDocument *RequestDocument `json:"request_document,omitempty" doc:"Ask for a document"`
	SetOwner        *SetOwner        `json:"set_owner,omitempty" doc:"Make a member responsible"`
	Message         *BulkMessage     `json:"message,omitempty" doc:"Write a message to the candidate"`
	Transfer        *Transfer        `json:"transfer,omitempty" doc:"Assign to another job; an undo assigns them back, as new applications"`
	Anonymise       *Anonymise       `json:"anonymise,omitempty" doc:"Erase all that is personal; cannot be undone"`
}

// BulkTag names a tag.
type BulkTag struct {
	Tag string `json:"tag_id" format:"uuid" doc:"Tag of the shared list"`
}

// StartBulk does something to many applications.
type StartBulk struct {
	Action       BulkAction   `json:"action" doc:"What is done; exactly one"`
	Applications []string     `json:"application_ids,omitempty" maxItems:"10000" format:"uuid" doc:"To which applications, each once"`
	Filter       *view.Filter `json:"filter,omitempty" doc:"Or to those of the list that answer to this now; which they are is settled when it starts"`
}

// sealed returns the action as it is recorded, its texts to be sealed under key.
// Errors: domain.ErrInvalid.
func (a BulkAction) sealed(key personal.Key) (bulk.Action, error) {
	var all []bulk.Action
	var failed error
	letter := func(l *Letter) *bulk.Letter {
		var sealed *bulk.Letter
		var err error
		if sealed, err = l.sealed(key); err != nil {
			failed = errors.Join(failed, err)
		}
		return sealed
	}
	text := func(name string, plain personal.Plain, min, max int) personal.Text {
		t, err := textOf(name, plain, min, max, key)
		failed = errors.Join(failed, err)
		return t
	}
	if m := a.Move; m != nil {
		all = append(all, bulk.Action{Kind: bulk.Move, Stage: m.To, From: m.From, Text: text("The comment", m.Comment, 0, application.MaxText)})
	}
	if d := a.Disqualify; d != nil {
		all = append(all, bulk.Action{
			Kind: bulk.Disqualify, As: d.Kind, Reason: d.Reason, Text: text("The note", d.Note, 0, application.MaxText), Letter: letter(d.Message),
		})
	}
	if r := a.Requalify; r != nil {
		all = append(all, bulk.Action{Kind: bulk.Requalify, Text: text("The reason", r.Reason, 1, application.MaxText)})
	}
	if t := a.Tag; t != nil {
		all = append(all, bulk.Action{Kind: bulk.Tag, Tag: t.Tag})
	}
	if t := a.Untag; t != nil {
		all = append(all, bulk.Action{Kind: bulk.Untag, Tag: t.Tag})
	}
	if r := a.RequestDocument; r != nil {
		all = append(all, bulk.Action{
			Kind: bulk.RequestDocument, Title: text("The title", r.Title, 1, 100), Text: text("The description", r.Description, 0, application.MaxText),
			Document: &bulk.Document{Category: r.Category, Formats: r.Formats, MaxMiB: r.MaxMiB, MaxFiles: r.MaxFiles, DueAt: r.DueAt},
		})
	}
	if o := a.SetOwner; o != nil {
		all = append(all, bulk.Action{Kind: bulk.SetOwner, Owner: o.Owner})
	}
	if t := a.Transfer; t != nil {
		all = append(all, bulk.Action{Kind: bulk.Transfer, Job: t.Job, Text: text("The reason", t.Reason, 0, application.MaxText)})
	}
	if a.Anonymise != nil {
		all = append(all, bulk.Action{Kind: bulk.Anonymise})
	}
	if m := a.Message; m != nil {
		l := letter(&m.Letter)
		if l != nil {
			l.LeaveOutTold = m.LeaveOutTold
		}
		all = append(all, bulk.Action{Kind: bulk.Message, Letter: l})
	}
	switch {
	case len(all) != 1:
		return bulk.Action{}, domain.ErrInvalid.Because("A bulk action is exactly one of its kinds.")
	case failed != nil:
		return bulk.Action{}, failed
	}
	return all[0], nil
}

// StartBulk gives cmd. Admins and recruiting members may; what of it they may do
// is decided for each application when its turn comes, as they may then. Its id
// is the action's. The filter must have been replaced by the ids it stands for.
// Errors: those of bulk.Start; ErrDenied.
func (c *Commands) StartBulk(ctx context.Context, caller Caller, cmd StartBulk) (Answer, error) {
	if err := c.allow(caller, access.Admin, access.Recruiting); err != nil {
		return Answer{}, err
	}
	items, err := applicationIDs(cmd.Applications)
	if err != nil {
		return Answer{}, err
	}
	answer, given, err := c.StartedBulk(ctx, caller)
	if err != nil || given {
		return answer, err
	}
	id := caller.newID("bulk")
	if cmd.Action, err = c.worded(cmd.Action); err != nil {
		return Answer{}, err
	}
	action, err := cmd.Action.sealed(personal.Key{ID: id, Owner: id})
	if err != nil {
		return Answer{}, err
	}
	answer, err = transact(ctx, c, c.bulks, id, caller, decision[bulk.Bulk, bulk.Event]{
		decide: func(b bulk.Bulk, s domain.Stamp) ([]bulk.Event, error) { return b.Start(action, items, s) },
	})
	answer.ID = id
	return answer, err
}

// StartedBulk answers a StartBulk that was given before as the first time,
// whatever became of what it names: its template, what answers to its filter.
func (c *Commands) StartedBulk(ctx context.Context, caller Caller) (answer Answer, given bool, err error) {
	id := caller.newID("bulk")
	f, err := c.bulks.read(ctx, c.log, id)
	if err != nil || f.state.By == "" {
		return Answer{}, false, err
	}
	answer = Answer{ID: id, Stream: "bulk-" + id, Repeated: true}
	got, found := f.answer(caller.CommandID)
	if !found { // it has many steps
		got, _, err = c.bulks.search(ctx, c.log, answer.Stream, caller.CommandID)
	}
	answer.Revision, answer.Position = got.revision, got.position
	return answer, true, err
}

// applicationIDs returns ids as they are written everywhere. What is no id does
// not get into an event. Errors: domain.ErrInvalid.
func applicationIDs(named []string) ([]string, error) {
	all := make([]string, 0, len(named))
	for _, id := range named {
		parsed, err := uuid.Parse(id)
		if err != nil {
			return nil, domain.ErrInvalid.Because("A bulk action names applications by their ids.")
		}
		all = append(all, parsed.String())
	}
	return all, nil
}

// BulkPreview says what an action on many applications would do now.
type BulkPreview struct {
	Total        int           `json:"total" doc:"How many applications it is about"`
	Changed      int           `json:"changed" doc:"How many it would change"`
	Unchanged    int           `json:"unchanged" doc:"How many are so already, or had the message already and are left out"`
	Refused      []BulkRefusal `json:"refused" doc:"How many would be refused, and why, the most frequent first"`
	Applications []string      `json:"application_ids" doc:"Which they are; to start it with these is to do it to exactly them"`
}

// BulkRefusal says of how many applications a rule would say no.
type BulkRefusal struct {
	Code    string   `json:"code" doc:"As of the command for one application"`
	Message string   `json:"message" doc:"For people"`
	Count   int      `json:"count"`
	Some    []string `json:"application_ids" doc:"Up to 20 of them"`
}

// bulkWorkers is how many applications of an action are decided at once.
const bulkWorkers = 8

// PreviewBulk says what cmd would do, and does nothing. That somebody has
// another live application for a job shows only when it is done.
// Errors: as StartBulk.
func (c *Commands) PreviewBulk(ctx context.Context, caller Caller, cmd StartBulk) (BulkPreview, error) {
	items, err := applicationIDs(cmd.Applications)
	p := BulkPreview{Total: len(items), Applications: items, Refused: []BulkRefusal{}}
	if err := cmp.Or(c.allow(caller, access.Admin, access.Recruiting), err); err != nil {
		return p, err
	}
	if cmd.Action, err = c.worded(cmd.Action); err != nil {
		return p, err
	}
	action, err := cmd.Action.sealed(personal.Key{ID: uuid.Nil.String(), Owner: uuid.Nil.String()})
	if err != nil {
		return p, err
	}
	if _, err := (bulk.Bulk{}).Start(action, items, c.stamp(caller, caller.At)); err != nil {
		return p, err
	}
	var mu sync.Mutex
	refused := map[string]*BulkRefusal{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(bulkWorkers)
	for _, id := range items {
		g.Go(func() error {
			asks := caller.withoutMatch()
			asks.CommandID, asks.MayBeRepeated, asks.asking = uuid.NewSHA1(caller.CommandID, []byte(id)), false, true
			answer, err := c.give(ctx, asks, cmd.Action, id)
			outcome, refusal, err := wentWith(answer, err)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				return err
			case outcome.Result == bulk.Changed:
				p.Changed++
			case outcome.Result == bulk.Unchanged:
				p.Unchanged++
			default:
				r := refused[refusal.Code]
				if r == nil {
					r = &BulkRefusal{Code: refusal.Code, Message: refusal.Message}
					refused[refusal.Code] = r
				}
				r.Count++
				r.Some = append(r.Some, id)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return p, err
	}
	for _, r := range refused {
		slices.Sort(r.Some)
		r.Some = r.Some[:min(len(r.Some), 20)]
		p.Refused = append(p.Refused, *r)
	}
	slices.SortFunc(p.Refused, func(a, b BulkRefusal) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return slices.Compare([]string{a.Code}, []string{b.Code})
	})
	return p, nil
}

// give gives the command of an action for one application.
func (c *Commands) give(ctx context.Context, caller Caller, a BulkAction, application string) (Answer, error) {
	switch {
	case a.Move != nil:
		cmd := *a.Move
		cmd.Application = application
		return c.MoveStage(ctx, caller, cmd)
	case a.Disqualify != nil:
		cmd := *a.Disqualify
		cmd.Application = application
		answer, err := c.Disqualify(ctx, caller, cmd)
		if caller.asking && err == nil && !answer.Unchanged && cmd.Message != nil { // which would be written before
			_, err = c.WriteMessage(ctx, caller, WriteMessage{Application: application, Letter: *cmd.Message})
		}
		return answer, err
	case a.Requalify != nil:
		cmd := *a.Requalify
		cmd.Application = application
		return c.Requalify(ctx, caller, cmd)
	case a.Tag != nil:
		if err := c.directory.Organization().Choose(organization.Tags, a.Tag.Tag); errors.Is(err, organization.ErrUnknownEntry) {
			return Answer{}, err
		}
		return c.putTag(ctx, caller, application, a.Tag.Tag)
	case a.Untag != nil:
		return c.RemoveTag(ctx, caller, RemoveTag{Application: application, Tag: a.Untag.Tag})
	case a.RequestDocument != nil:
		cmd := *a.RequestDocument
		cmd.Application = application
		return c.RequestDocument(ctx, caller, cmd)
	case a.SetOwner != nil:
		cmd := *a.SetOwner
		cmd.Application = application
		return c.SetOwner(ctx, caller, cmd)
	case a.Transfer != nil:
		cmd := *a.Transfer
		cmd.Application = application
		return c.Transfer(ctx, caller, cmd)
	case a.Anonymise != nil:
		return c.Anonymise(ctx, caller, Anonymise{Application: application})
	case a.Message != nil:
		return c.bulkMessage(ctx, caller, *a.Message, application)
	}
	return Answer{}, domain.ErrInvalid.Because("There is no such bulk action.")
}

// wentWith is how a command of an action went. Errors: those that are no
// answer, after which it is to be given again.
func wentWith(answer Answer, err error) (bulk.Outcome, *domain.Refusal, error) {
	var refusal *domain.Refusal
	switch {
	case errors.As(err, &refusal):
	case errors.Is(err, vault.ErrErased):
		refusal = application.ErrAnonymised
	case err != nil:
		return bulk.Outcome{}, nil, err
	case answer.Unchanged:
		return bulk.Outcome{Result: bulk.Unchanged}, nil, nil
	default:
		return bulk.Outcome{Result: bulk.Changed, Revision: int64(answer.Revision)}, nil, nil
	}
	return bulk.Outcome{Result: bulk.Refused, Code: refusal.Code}, refusal, nil
}
