package readmodels_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/readmodels"
)

// corresponding is an application with more messages than a page shows, in pairs of
// the same moment, of three conversations that go on beside each other.
type corresponding struct {
	*eventful
	threads []string
	reader  string // of messages alone
}

func newCorresponding(t *testing.T) *corresponding {
	t.Helper()
	e := &corresponding{eventful: newEventful(t)}
	e.reader = e.Member(access.Recruiting, "Reader")
	by := domain.Member(e.Admin)
	e.Grant(e.id, by, e.reader, e.roleOf("Messages", access.Application, access.Messages), nil)
	for i := range readmodels.MessagesShown {
		for k := range 2 {
			e.Now = e.Now.Add(-time.Duration(k) * time.Second) // each stamp is a second later
			answers := ""
			if n := 2*i + k; n >= 3 {
				answers = e.threads[n%5%3]
			}
			m := e.Write(e.id, by, personal.Plain(fmt.Sprint("said ", 2*i+k)), answers)
			if answers == "" {
				e.threads = append(e.threads, m)
			}
		}
	}
	m, _ := e.Mail(e.id, "", "with a file")
	e.threads = append(e.threads, m)
	e.project()
	return e
}

// read returns a reader of the messages on a page, newest first, for a member. It
// checks that each conversation says the same on each page.
func (e *corresponding) read(member, thread string) func(readmodels.RemarkQuery) ([]readmodels.Message, *string, bool, int, error) {
	says := map[string]string{}
	return func(q readmodels.RemarkQuery) ([]readmodels.Message, *string, bool, int, error) {
		p, err := e.core.Threads(e.t.Context(), member, e.id, readmodels.ThreadQuery{RemarkQuery: q, Thread: thread}, e.Now)
		return e.flat(p, says), p.NextCursor, p.HasMore, p.Total, err
	}
}

func (e *corresponding) flat(p readmodels.ThreadPage, says map[string]string) []readmodels.Message {
	e.t.Helper()
	var all []readmodels.Message
	for i, of := range p.Items {
		newest := of.Messages[len(of.Messages)-1]
		if i > 0 {
			if before := p.Items[i-1].Messages; before[len(before)-1].At.Before(newest.At) {
				e.t.Errorf("conversation %d is newer than the one before", i)
			}
		}
		said := fmt.Sprint(of.Total, of.Open, of.LastAt)
		if was, ok := says[of.ID]; ok && was != said {
			e.t.Errorf("a conversation of %s is one of %s on the next page", was, said)
		}
		says[of.ID] = said
		all = append(all, of.Messages...)
	}
	slices.SortFunc(all, func(a, b readmodels.Message) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID))
	})
	return all
}

// Messages come in pages, newest first, each once, whatever the size of the pages
// and whatever moment they share; and a conversation goes on by its own cursor.
// It holds S2-42, S2-43.
func TestConversationsComeInPages(t *testing.T) {
	t.Parallel()
	e := newCorresponding(t)
	all := pages(t, 200, e.read(e.full, ""))
	if len(all) != 1+2*readmodels.MessagesShown || plain(all[0].Text) != "with a file" || plain(all[len(all)-1].Text) == "" {
		t.Fatalf("%d messages: %s", len(all), body(t, all))
	}
	for _, limit := range []int{1, 7, readmodels.MessagesShown} {
		if got := pages(t, limit, e.read(e.full, "")); body(t, got) != body(t, all) {
			t.Errorf("in pages of %d: %s", limit, body(t, got))
		}
	}
	first, err := e.core.Threads(t.Context(), e.full, e.id, readmodels.ThreadQuery{}, e.Now)
	if err != nil || len(first.Items) != len(e.threads) || len(e.flat(first, map[string]string{})) != readmodels.MessagesShown || first.Items[0].ID != e.threads[3] || !first.Items[0].Open {
		t.Fatalf("the first page = %s, %v", body(t, first), err)
	}
	for _, of := range first.Items {
		var whole []readmodels.Message
		for _, m := range all {
			if m.Thread == of.ID {
				whole = append(whole, m)
			}
		}
		if of.Total != len(whole) || !of.LastAt.Equal(whole[0].At) || (of.Next != nil) != (len(of.Messages) < of.Total) {
			t.Errorf("%d of %d messages since %v, cursor %v: %s", len(of.Messages), of.Total, of.LastAt, of.Next, body(t, whole))
		}
		if got := pages(t, 3, e.read(e.full, of.ID)); body(t, got) != body(t, whole) {
			t.Errorf("a conversation alone = %s", body(t, got))
		}
		if of.Next == nil {
			continue
		}
		got, next, _, total, err := e.read(e.full, of.ID)(readmodels.RemarkQuery{Cursor: *of.Next, Limit: 200})
		if err != nil || next != nil || total != of.Total || body(t, got) != body(t, whole[len(of.Messages):]) {
			t.Errorf("behind what the page shows of it = %s, %v", body(t, got), err)
		}
	}
	if got := pages(t, 200, e.read(e.full, e.ID())); len(got) != 0 {
		t.Errorf("of a conversation that is not there: %s", body(t, got))
	}
	if got := pages(t, 1, e.read(e.reader, "")); len(all[0].Files) != 1 || len(got) != len(all) || len(got[0].Files) != 0 {
		t.Errorf("without the right to its category the file of %s is shown in %s", body(t, all[0]), body(t, got[0]))
	}
}

// Pages are for who may view messages, and a cursor is of one list.
func TestPagesOfMessagesAreRefused(t *testing.T) {
	t.Parallel()
	e := newCorresponding(t)
	_, other := e.Apply(e.job, person("Bo", "Perez", ""))
	e.project()
	first, err := e.core.Threads(t.Context(), e.full, e.id, readmodels.ThreadQuery{}, e.Now)
	if err != nil {
		t.Fatal(err)
	}
	var thread readmodels.Thread
	for _, of := range first.Items {
		if of.Next != nil {
			thread = of
		}
	}
	read := func(member, application, thread, cursor string, limit int) error {
		return errOf(e.core.Threads(t.Context(), member, application, readmodels.ThreadQuery{RemarkQuery: readmodels.RemarkQuery{Limit: limit, Cursor: cursor}, Thread: thread}, e.Now))
	}
	for name, c := range map[string]struct{ err, want error }{
		"the next page":                      {read(e.reader, e.id, "", *first.NextCursor, 0), nil},
		"without the right":                  {read(e.notes, e.id, "", *first.NextCursor, 0), readmodels.ErrMayNotView},
		"by an auditor":                      {read(e.auditor, e.id, "", *first.NextCursor, 0), readmodels.ErrMayNotView},
		"by a stranger":                      {read(e.ID(), e.id, "", *first.NextCursor, 0), readmodels.ErrNotFound},
		"of nobody's":                        {read(e.full, e.ID(), "", "", 0), readmodels.ErrNotFound},
		"of another application":             {read(e.full, other, "", *first.NextCursor, 0), readmodels.ErrCursor},
		"of a conversation with that of all": {read(e.full, e.id, thread.ID, *first.NextCursor, 0), readmodels.ErrCursor},
		"of all with that of a conversation": {read(e.full, e.id, "", *thread.Next, 0), readmodels.ErrCursor},
		"with that of comments":              {read(e.full, e.id, "", "AAAA", 0), readmodels.ErrCursor},
		"a page of more than is allowed":     {read(e.full, e.id, "", "", readmodels.MaxLimit+1), readmodels.ErrQuery},
		"of what is no conversation":         {read(e.full, e.id, "x", "", 0), readmodels.ErrQuery},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
}
