package commands_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/organization"
)

// cast is a company with one member for each column of the table of rights.
type cast struct {
	*commandstest.Company
	members []string
	other   string // job of the last member alone
}

// The columns: admin; recruitment manager; hiring manager and interviewer of the
// team; recruiting without a job; auditor; reporting; deactivated, and still in
// the team; manager of another job.
const columns = "admin, manager, hiring manager, interviewer, recruiting, auditor, reporting, deactivated, other job's manager"

func newCast(t *testing.T, confidential bool) *cast {
	t.Helper()
	c := &cast{Company: commandstest.Found(t, nil)}
	invite := func(role access.OrganizationRole) string {
		return commandstest.Must(c.InviteMember(t.Context(), c.As(c.Admin), commands.InviteMember{Name: "Somebody", Role: role})).ID
	}
	hiring, interviewer, gone, other := invite(access.Recruiting), invite(access.Recruiting), invite(access.Recruiting), invite(access.Recruiting)
	recruiter := commands.FirstRole("Recruiter")
	commandstest.Must(c.EditJob(t.Context(), c.As(c.Admin), commands.EditJob{Job: c.Job, DetailsChange: job.DetailsChange{Confidential: &confidential}}))
	commandstest.Must(c.ChangeTeam(t.Context(), c.As(c.Admin), commands.ChangeTeam{Job: c.Job, Team: []job.TeamMember{
		{Member: c.Recruiter, Role: recruiter, Manager: true},
		{Member: hiring, Role: commands.FirstRole("Hiring manager")},
		{Member: interviewer, Role: commands.FirstRole("Interviewer")},
		{Member: gone, Role: recruiter, Manager: true},
	}}))
	c.other = c.OpenOne(t, "Another")
	commandstest.Must(c.ChangeTeam(t.Context(), c.As(c.Admin), commands.ChangeTeam{Job: c.other, Team: []job.TeamMember{{Member: other, Role: recruiter, Manager: true}}}))
	commandstest.Must(c.DeactivateMember(t.Context(), c.As(c.Admin), commands.DeactivateMember{Member: gone}))
	on := true
	commandstest.Must(c.ChangeSettings(t.Context(), c.As(c.Admin), settings(&on)))
	c.members = []string{
		c.Admin, c.Recruiter, hiring, interviewer,
		invite(access.Recruiting), invite(access.Auditor), invite(access.Reporting), gone, other,
	}
	return c
}

// row says who may give a command: o, ok; d, denied; u, told that there is no
// such thing.
type row struct {
	name string
	want string // one letter a member, in the order of columns
	// set makes what the command is about, and returns the command.
	set func(t *testing.T, c *cast) give
}

type give func(ctx context.Context, by commands.Caller) (commands.Answer, error)

// onApp is a command on a new application.
func onApp(run func(c *cast, app string) give) func(*testing.T, *cast) give {
	return func(t *testing.T, c *cast) give { t.Helper(); return run(c, c.ReceiveOne(t, someone())) }
}

// onNote is a command on a note of the recruitment manager.
func onNote(run func(c *cast, app, note string) give) func(*testing.T, *cast) give {
	return func(t *testing.T, c *cast) give {
		t.Helper()
		app := c.ReceiveOne(t, someone())
		return run(c, app, commandstest.Must(c.AddNote(t.Context(), c.As(c.Recruiter), commands.AddNote{Application: app, Text: "note"})).ID)
	}
}

// onDocument is a command on a document, which has a version.
func onDocument(run func(c *cast, app, document string) give) func(*testing.T, *cast) give {
	return func(t *testing.T, c *cast) give {
		t.Helper()
		app := c.ReceiveOne(t, someone())
		doc := commands.UploadDocument{Application: app, Category: access.CV, Files: upload("cv")}
		return run(c, app, commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), doc)).ID)
	}
}

func applicationRows() []row {
	const editors = "ooodudu" + "uu" // of the areas that only interviewers may not edit
	const managers = "ooddudu" + "uu"
	return []row{
		{"receive", editors, func(_ *testing.T, c *cast) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.Receive(ctx, by, receive(c.Job, someone()))
			}
		}},
		{"move", editors, onApp(func(c *cast, app string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.MoveStage(ctx, by, commands.MoveStage{Application: app, To: c.Stages[1].ID})
			}
		})},
		{"undo a move", editors, onApp(func(c *cast, app string) give {
			_, _ = c.MoveStage(context.Background(), c.As(c.Recruiter), commands.MoveStage{Application: app, To: c.Stages[1].ID})
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.UndoMove(ctx, by, commands.UndoMove{Application: app})
			}
		})},
		{"disqualify", editors, onApp(func(c *cast, app string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.Disqualify(ctx, by, disqualify(app))
			}
		})},
		{"requalify", editors, func(t *testing.T, c *cast) give {
			t.Helper()
			app := onClosed(t, c.Company, someone())
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.Requalify(ctx, by, commands.Requalify{Application: app, Reason: "again"})
			}
		}},
		{"set priority", editors, onApp(func(c *cast, app string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.SetPriority(ctx, by, flag(app, true))
			}
		})},
		{"set the owner", editors, onApp(func(c *cast, app string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.SetOwner(ctx, by, commands.SetOwner{Application: app, Owner: c.Admin})
			}
		})},
		{"change the reason", editors, func(t *testing.T, c *cast) give {
			t.Helper()
			app := onClosed(t, c.Company, someone())
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.ChangeReason(ctx, by, commands.ChangeReason{Application: app, Reason: commands.FirstReason("Other")})
			}
		}},
		{"edit the candidate", editors, onApp(func(c *cast, app string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.EditCandidate(ctx, by, commands.EditCandidate{Application: app, Phone: named("+1 555")})
			}
		})},
		{"add a tag", editors, onApp(func(c *cast, app string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.AddTag(ctx, by, commands.AddTag{Application: app, Label: "Remote"})
			}
		})},
		{"remove a tag", editors, func(t *testing.T, c *cast) give {
			t.Helper()
			app := c.ReceiveOne(t, someone())
			tag := commandstest.Must(c.AddTag(t.Context(), c.As(c.Recruiter), commands.AddTag{Application: app, Label: "Remote"})).ID
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.RemoveTag(ctx, by, commands.RemoveTag{Application: app, Tag: tag})
			}
		}},
		{"add a comment", "oooou" + "duuu", onApp(func(c *cast, app string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.AddComment(ctx, by, commands.AddComment{Application: app, Text: "hm"})
			}
		})},
		{"add a note", editors, onApp(func(c *cast, app string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.AddNote(ctx, by, commands.AddNote{Application: app, Text: "hello"})
			}
		})},
		{"show a colleague's note", managers, onNote(func(c *cast, app, note string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.SetNoteVisibility(ctx, by, commands.SetNoteVisibility{Application: app, Note: note, Visible: true})
			}
		})},
		{"delete a colleague's note", managers, onNote(func(c *cast, app, note string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.DeleteNote(ctx, by, commands.DeleteNote{Application: app, Note: note})
			}
		})},
		{"request a document", managers, onApp(func(c *cast, app string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.RequestDocument(ctx, by, commands.RequestDocument{Application: app, Title: "CV", Category: access.CV})
			}
		})},
		{"upload a new document", managers, onApp(func(c *cast, app string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.UploadDocument(ctx, by, commands.UploadDocument{Application: app, Category: access.CV, Files: upload("cv")})
			}
		})},
		{"recategorise a document", managers, onDocument(func(c *cast, app, doc string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.RecategoriseDocument(ctx, by, commands.RecategoriseDocument{Application: app, Document: doc, Category: access.Other})
			}
		})},
		{"delete a version", managers, onDocument(func(c *cast, app, doc string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.DeleteVersion(ctx, by, commands.DeleteVersion{Application: app, Document: doc, Version: 1})
			}
		})},
		{"upload a new version", managers, onDocument(func(c *cast, app, doc string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.UploadDocument(ctx, by, commands.UploadDocument{Application: app, Document: doc, Files: upload("cv 2")})
			}
		})},
		{"approve a document", managers, onDocument(func(c *cast, app, doc string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.ApproveDocument(ctx, by, commands.ReviewDocument{Application: app, Document: doc, Version: 1})
			}
		})},
		{"reject a document", managers, onDocument(func(c *cast, app, doc string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.RejectDocument(ctx, by, commands.ReviewDocument{Application: app, Document: doc, Version: 1, Reason: "blurred"})
			}
		})},
		{"grant access", editors, onApp(func(c *cast, app string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.GrantAccess(ctx, by, commands.GrantAccess{Application: app, Member: c.members[4], Role: commands.FirstRole("Interviewer")})
			}
		})},
		{"end access", editors, func(t *testing.T, c *cast) give {
			t.Helper()
			app := c.ReceiveOne(t, someone())
			grant := commandstest.Must(c.GrantAccess(t.Context(), c.As(c.Recruiter), commands.GrantAccess{Application: app, Member: c.Admin, Role: commands.FirstRole("Interviewer")})).ID
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.EndAccess(ctx, by, commands.EndAccess{Application: app, Grant: grant})
			}
		}},
		{"anonymise", managers, func(t *testing.T, c *cast) give {
			t.Helper()
			app := onClosed(t, c.Company, someone())
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.Anonymise(ctx, by, commands.Anonymise{Application: app})
			}
		}},
		{"delete", managers, func(t *testing.T, c *cast) give {
			t.Helper()
			app := onClosed(t, c.Company, someone())
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.Delete(ctx, by, commands.Delete{Application: app})
			}
		}},
	}
}

// jobRows are the commands on a job, which strangers are denied, or do not know
// of if it is confidential.
func jobRows(want string) []row {
	fresh := func(run func(c *cast, id string) give, before ...func(context.Context, *cast, commands.Caller, string) error) func(*testing.T, *cast) give {
		return func(t *testing.T, c *cast) give {
			t.Helper()
			admin := func() commands.Caller { return c.As(c.Admin) }
			// The one job of the cast, brought back to where the command starts.
			_, _ = c.ReopenJob(t.Context(), admin(), c.Job)
			_, _ = c.ResumeJob(t.Context(), admin(), c.Job)
			for _, b := range before {
				if err := b(t.Context(), c, admin(), c.Job); err != nil {
					t.Fatal(err)
				}
			}
			return run(c, c.Job)
		}
	}
	hold := func(ctx context.Context, c *cast, by commands.Caller, id string) error {
		_, err := c.HoldJob(ctx, by, commands.HoldJob{Job: id})
		return err
	}
	closing := func(ctx context.Context, c *cast, by commands.Caller, id string) error {
		_, err := c.CloseJob(ctx, by, commands.CloseJob{Job: id, Applications: job.LeaveApplications})
		return err
	}
	return []row{
		{"edit a job", want, fresh(func(c *cast, id string) give {
			title := newID()
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.EditJob(ctx, by, commands.EditJob{Job: id, DetailsChange: job.DetailsChange{Title: &title}})
			}
		})},
		{"change a team", want, fresh(func(c *cast, id string) give {
			team := c.Directory.Job(id).Team
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.ChangeTeam(ctx, by, commands.ChangeTeam{Job: id, Team: slices.DeleteFunc(slices.Clone(team), func(m job.TeamMember) bool {
					return !c.Directory.Member(m.Member).Active
				})})
			}
		})},
		{"hold a job", want, fresh(func(c *cast, id string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.HoldJob(ctx, by, commands.HoldJob{Job: id})
			}
		})},
		{"resume a job", want, fresh(func(c *cast, id string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.ResumeJob(ctx, by, id)
			}
		}, hold)},
		{"close a job", want, fresh(func(c *cast, id string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.CloseJob(ctx, by, commands.CloseJob{Job: id, Applications: job.LeaveApplications})
			}
		})},
		{"set the form", want, fresh(func(c *cast, id string) give {
			label := newID()
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.SetForm(ctx, by, commands.SetForm{Job: id, Questions: []commands.QuestionOfAForm{{Label: label, Kind: job.TextQuestion}}})
			}
		})},
		{"add a stage", want, fresh(func(c *cast, id string) give {
			name := newID()
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.AddStage(ctx, by, commands.AddStage{Job: id, StagePlan: commands.StagePlan{Name: name}})
			}
		})},
		{"change a stage", want, fresh(func(c *cast, id string) give {
			name := newID()
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.ChangeStage(ctx, by, commands.ChangeStage{Job: id, Stage: c.Stages[0].ID, StageChange: job.StageChange{Name: &name}})
			}
		})},
		{"reorder stages", want, fresh(func(c *cast, id string) give {
			var order []string
			for _, st := range c.Directory.Job(id).Stages {
				order = append([]string{st.ID}, order...)
			}
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.ReorderStages(ctx, by, commands.ReorderStages{Job: id, Stages: order})
			}
		})},
		{"remove a stage", want, fresh(func(c *cast, id string) give {
			plan := c.Directory.Job(id).Stages
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.RemoveStage(ctx, by, commands.RemoveStage{Job: id, Stage: plan[len(plan)-1].ID, Target: plan[0].ID})
			}
		})},
		{"publish a job", want, fresh(func(c *cast, id string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.PublishJob(ctx, by, id)
			}
		})},
		{"reopen a job", want, fresh(func(c *cast, id string) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.ReopenJob(ctx, by, id)
			}
		}, closing)},
	}
}

func organizationRows() []row {
	const admin = "odddddddd"
	plain := func(run func(c *cast) give) func(*testing.T, *cast) give {
		return func(_ *testing.T, c *cast) give { return run(c) }
	}
	invited := func(t *testing.T, c *cast) string {
		t.Helper()
		return commandstest.Must(c.InviteMember(t.Context(), c.As(c.Admin), commands.InviteMember{Name: "New", Role: access.Recruiting})).ID
	}
	return []row{
		{"open a job", "oooooddd" + "o", plain(func(c *cast) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.OpenJob(ctx, by, commands.OpenJob{
					Details: job.Details{Title: "New"}, Stages: []commands.StagePlan{{Name: "Applied"}},
					Team: []job.TeamMember{{Member: c.Recruiter, Role: commands.FirstRole("Recruiter"), Manager: true}},
				})
			}
		})},
		{"change settings", admin, plain(func(c *cast) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				off := false
				return c.ChangeSettings(ctx, by, commands.ChangeSettings{SettingsChange: organization.SettingsChange{RatingVisibility: &off}})
			}
		})},
		{"define a role", admin, plain(func(c *cast) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.DefineRecruitingRole(ctx, by, commands.DefineRecruitingRole{Name: newID()})
			}
		})},
		{"define a reason", admin, plain(func(c *cast) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.DefineReason(ctx, by, commands.DefineReason{Label: newID(), Kind: organization.We})
			}
		})},
		{"define a tag", admin, plain(func(c *cast) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.DefineTag(ctx, by, commands.DefineTag{Label: newID()})
			}
		})},
		{"invite a member", admin, plain(func(c *cast) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.InviteMember(ctx, by, commands.InviteMember{Name: "New", Role: access.Admin})
			}
		})},
		{"set a member's role", admin, func(t *testing.T, c *cast) give {
			t.Helper()
			id := invited(t, c)
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.SetMemberRole(ctx, by, commands.SetMemberRole{Member: id, Role: access.Admin})
			}
		}},
		{"deactivate a member", admin, func(t *testing.T, c *cast) give {
			t.Helper()
			id := invited(t, c)
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.DeactivateMember(ctx, by, commands.DeactivateMember{Member: id})
			}
		}},
		{"reactivate a member", admin, func(t *testing.T, c *cast) give {
			t.Helper()
			id := invited(t, c)
			commandstest.Must(c.DeactivateMember(t.Context(), c.As(c.Admin), commands.DeactivateMember{Member: id}))
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.ReactivateMember(ctx, by, id)
			}
		}},
		{"issue a token for oneself", "ooooooodo", plain(func(c *cast) give {
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				a, _, err := c.IssueToken(ctx, by, commands.IssueToken{Member: by.Actor.MemberID(), Name: "script"})
				return a, err
			}
		})},
		{"issue a token for another", admin, func(t *testing.T, c *cast) give {
			t.Helper()
			id := invited(t, c)
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				a, _, err := c.IssueToken(ctx, by, commands.IssueToken{Member: id, Name: "script"})
				return a, err
			}
		}},
		{"revoke another's token", admin, func(t *testing.T, c *cast) give {
			t.Helper()
			id := invited(t, c)
			token, _, err := c.IssueToken(t.Context(), c.As(c.Admin), commands.IssueToken{Member: id, Name: "script"})
			if err != nil {
				t.Fatal(err)
			}
			return func(ctx context.Context, by commands.Caller) (commands.Answer, error) {
				return c.RevokeToken(ctx, by, id, token.ID)
			}
		}},
	}
}

// check compares who may give each command with the table.
func (c *cast) check(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		run := r.set(t, c)
		got := ""
		for _, m := range c.members {
			written := c.All(t)
			_, err := run(t.Context(), c.As(m))
			letter := outcome(err)
			if got += letter; letter == "?" {
				t.Errorf("%s: %v", r.name, err)
			}
			if letter == "o" {
				run = r.set(t, c) // a new one for the next
			} else if n := c.All(t); n != written {
				t.Errorf("%s: somebody without the right wrote %d events", r.name, n-written)
			}
		}
		if got != r.want {
			t.Errorf("%s: %s, want %s (%s)", r.name, got, r.want, columns)
		}
	}
}

func outcome(err error) string {
	var refusal *domain.Refusal
	switch {
	case err == nil:
		return "o"
	case errors.As(err, &refusal) && refusal.Kind == domain.Denied:
		return "d"
	case errors.As(err, &refusal) && refusal.Kind == domain.Absent:
		return "u"
	}
	return "?"
}

// TestWhoMayGiveWhichCommand holds S2-79..82.
func TestWhoMayGiveWhichCommand(t *testing.T) {
	t.Parallel()
	c := newCast(t, false)
	c.check(t, applicationRows())
	c.check(t, jobRows("oo"+strings.Repeat("d", 7)))
	c.check(t, organizationRows())
}

func TestWhoMayDoWhatWithAConfidentialJob(t *testing.T) {
	t.Parallel()
	c := newCast(t, true)
	c.check(t, applicationRows())
	c.check(t, jobRows("ooddu"+"duuu"))
}

// What does not exist and what one may not see are told apart by nothing.
func TestUnknownThings(t *testing.T) {
	t.Parallel()
	c := newCast(t, true)
	app := c.ReceiveOne(t, someone())
	stranger := c.members[4]
	_, hidden := c.SetPriority(t.Context(), c.As(stranger), flag(app, true))
	_, absent := c.SetPriority(t.Context(), c.As(stranger), flag(newID(), true))
	if hidden == nil || absent == nil || hidden.Error() != absent.Error() {
		t.Errorf("hidden: %v, absent: %v", hidden, absent)
	}
	_, hidden = c.HoldJob(t.Context(), c.As(stranger), commands.HoldJob{Job: c.Job})
	_, absent = c.HoldJob(t.Context(), c.As(stranger), commands.HoldJob{Job: newID()})
	if !errors.Is(hidden, job.ErrUnknown) || hidden.Error() != absent.Error() {
		t.Errorf("hidden: %v, absent: %v", hidden, absent)
	}
	_, hidden = c.Receive(t.Context(), c.As(stranger), receive(c.Job, ""))
	_, absent = c.Receive(t.Context(), c.As(stranger), receive(newID(), ""))
	if !errors.Is(hidden, job.ErrUnknown) || hidden.Error() != absent.Error() {
		t.Errorf("hidden: %v, absent: %v", hidden, absent)
	}
	// A document of a category that one may not view is unknown, too.
	doc := commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{Application: app, Category: access.OfferDocument, Files: upload("offer")})).ID
	_, err := c.ApproveDocument(t.Context(), c.As(c.members[3]), commands.ReviewDocument{Application: app, Document: doc, Version: 1})
	if !errors.Is(err, application.ErrUnknownDocument) {
		t.Errorf("interviewer on an offer: %v, want ErrUnknownDocument", err)
	}
}

// Notes: authors and recruitment managers delete and show members' notes, only
// candidates their own.
// It holds S1-59..60, 61.
func TestWhoDeletesWhoseNote(t *testing.T) {
	t.Parallel()
	c := newCast(t, false)
	app := c.ReceiveOne(t, someone())
	admin, manager, hiring := c.members[0], c.members[1], c.members[2]
	add := func(by string) string {
		return commandstest.Must(c.AddNote(t.Context(), c.As(by), commands.AddNote{Application: app, Text: "note"})).ID
	}
	for _, r := range []struct {
		author, by string
		want       error
	}{
		{hiring, hiring, nil},
		{hiring, manager, nil},
		{hiring, admin, nil},
		{manager, manager, nil},
		{manager, admin, nil},
		{admin, manager, nil},
		{manager, hiring, application.ErrNotYourNote},
		{admin, hiring, application.ErrNotYourNote},
	} {
		note := add(r.author)
		_, shown := c.SetNoteVisibility(t.Context(), c.As(r.by), commands.SetNoteVisibility{Application: app, Note: note, Visible: true})
		_, deleted := c.DeleteNote(t.Context(), c.As(r.by), commands.DeleteNote{Application: app, Note: note})
		if !errors.Is(shown, r.want) || !errors.Is(deleted, r.want) {
			t.Errorf("note of %s by %s: shown %v, deleted %v; want %v", r.author, r.by, shown, deleted, r.want)
		}
	}
	if _, err := c.DeleteNote(t.Context(), c.As(manager), commands.DeleteNote{Application: app, Note: newID()}); !errors.Is(err, application.ErrUnknownNote) {
		t.Errorf("no such note: %v, want ErrUnknownNote", err)
	}
	c.CheckFinished(t)
}
