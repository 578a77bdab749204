package demo_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/claim"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/domain/erasure"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/view"
	"github.com/hirelog/hirelog/internal/demo"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// notShown are the events that the company has none of, with the reason why.
var notShown = map[string]string{
	"application.disclosure_moved.v1":   leaves,
	"application.document_left.v1":      "a file that comes by mail has an id that is new in each installation",
	"application.evaluation_deleted.v1": "commands do not tell the id of an evaluation, which reads do",
	"employee.erased.v1":                "the profiles of those who were hired are to be seen",
	"employee.file_scanned.v1":          later,
	"job.applications_ended.v1":         settles,
	"job.stage_cleared.v1":              settles,
	"member.inbox_read.v1":              "a notice is told by reads, and their readers shall have some that are new",
	"member.recovery_code_used.v1":      "recovery codes are shown once: a load that goes on after an interruption has none",
	"message.bounced.v1":                leaves,
	"message.failed.v1":                 leaves,
	"message.file_scanned.v1":           later,
	"message.outcome_unknown.v1":        leaves,
	"message.retried.v1":                leaves,
	"message.sending.v1":                leaves,
	"message.sent.v1":                   leaves,
	"notice.bounce_closed.v1":           leaves,
	"notice.bounced.v1":                 leaves,
	"notice.dropped.v1":                 leaves,
	"notice.failed.v1":                  leaves,
	"notice.noted.v1":                   leaves,
	"notice.outcome_unknown.v1":         leaves,
	"notice.sending.v1":                 leaves,
	"notice.sent.v1":                    leaves,
}

const (
	leaves  = "no mail of the demo company's leaves, or comes back"
	later   = "the file that is held is to stay so"
	settles = "the server settles what a closed job and a removed stage leave, by commands that are not the demo's, and so would tell people"
)

// The demo company shows every capability: it has an event of every kind, but for
// the few that are named.
func TestTheCompanyHasEveryKindOfEvent(t *testing.T) {
	t.Parallel()
	c := found(t)
	company := demo.Company{Seed: 1, Anchor: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	if _, err := company.Load(t.Context(), c.Commands, c.Directory); err != nil {
		t.Fatal(err)
	}
	has := map[string]int{}
	for e, err := range c.Memory.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		has[e.Type]++
	}
	kinds := map[string]bool{}
	for _, names := range []map[string]bool{
		application.Codec.Names(), bulk.Codec.Names(), candidate.Codec.Names(), claim.Codec.Names(), employee.Codec.Names(), erasure.Codec.Names(), job.Codec.Names(),
		member.Codec.Names(), message.Codec.Names(), notice.Codec.Names(), organization.Codec.Names(), view.Codec.Names(),
	} {
		maps.Copy(kinds, names)
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		switch reason := notShown[kind]; {
		case has[kind] == 0 && reason == "":
			t.Errorf("no %s", kind)
		case has[kind] > 0 && reason != "":
			t.Errorf("%s is there, though %q", kind, reason)
		}
	}
	for kind := range notShown {
		if !kinds[kind] {
			t.Errorf("there is no event %s", kind)
		}
	}
}
