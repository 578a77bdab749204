package commands

import (
	"context"
	"fmt"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// Founding is how an installation begins.
type Founding struct {
	Name       string // of the organisation
	AdminName  personal.Plain
	AdminEmail personal.Plain
}

// foundingPrincipal is whom the ids of the founding are derived from, so that a
// founding that was interrupted goes on where it was.
const foundingPrincipal = "system:founding"

func foundingCaller(step string) Caller {
	return Caller{Actor: domain.System, CommandID: CommandID(foundingPrincipal, step), MayBeRepeated: true, Origin: eventlog.Live, CorrelationID: "founding"}
}

// FirstAdmin is the id of the admin that Establish makes.
func FirstAdmin() string { return foundingCaller("admin").newID("member") }

// Establish founds the organisation with a first admin, three recruiting roles
// and a list of reasons for disqualifying. Doing it again changes nothing.
func (c *Commands) Establish(ctx context.Context, f Founding) error {
	if _, err := c.Found(ctx, foundingCaller("organization"), f.Name); err != nil {
		return fmt.Errorf("found the organisation: %w", err)
	}
	if _, err := c.InviteMember(ctx, foundingCaller("admin"), InviteMember{Name: f.AdminName, Email: f.AdminEmail, Role: access.Admin}); err != nil {
		return fmt.Errorf("first admin: %w", err)
	}
	for _, role := range firstRoles() {
		if _, err := c.DefineRecruitingRole(ctx, foundingCaller("role/"+role.Name), role); err != nil {
			return fmt.Errorf("recruiting role %s: %w", role.Name, err)
		}
	}
	for _, reason := range firstReasons() {
		if _, err := c.DefineReason(ctx, foundingCaller("reason/"+reason.Label), reason); err != nil {
			return fmt.Errorf("reason %s: %w", reason.Label, err)
		}
	}
	return nil
}

// FirstRole returns the id of one of the recruiting roles that Establish makes.
func FirstRole(name string) string { return foundingCaller("role/" + name).newID("recruiting_role") }

// FirstReason returns the id of one of the reasons that Establish makes.
func FirstReason(label string) string { return foundingCaller("reason/" + label).newID("reason") }

func firstRoles() []DefineRecruitingRole {
	all := func(level access.Level) map[access.Area]access.Level {
		areas := map[access.Area]access.Level{}
		for _, a := range access.Areas() {
			areas[a] = level
		}
		return areas
	}
	documents := func(level access.Level) map[access.Category]access.Level {
		categories := map[access.Category]access.Level{}
		for _, c := range access.Categories() {
			categories[c] = level
		}
		return categories
	}
	manager := all(access.Edit)
	manager[access.Erasure] = access.None
	manager[access.Salary] = access.View
	// Recruiters are told of what waits for the team, managers of what they decide on;
	// who is told anyway, such as managers of a candidate's note, is told once.
	recruiter := []organization.Notification{
		organization.NewApplication, organization.CandidateNote, organization.DocumentUploaded, organization.NewMessage,
		organization.EvaluationSubmitted, organization.InterviewChanged, organization.OfferChanged, organization.StageOverdue,
	}
	deciding := []organization.Notification{organization.EvaluationSubmitted, organization.InterviewChanged, organization.OfferChanged}
	return []DefineRecruitingRole{
		{Name: "Recruiter", Areas: all(access.Edit), Documents: documents(access.Edit), Notify: recruiter},
		{Name: "Hiring manager", Areas: manager, Documents: documents(access.View), Notify: deciding},
		{
			Name: "Interviewer",
			Areas: map[access.Area]access.Level{
				access.Application: access.View, access.Profile: access.View, access.Interviews: access.View,
				access.Evaluations: access.Edit, access.Comments: access.Edit, access.Tags: access.View,
			},
			Documents: map[access.Category]access.Level{access.CV: access.View, access.CoverLetter: access.View, access.WorkSample: access.View},
			Notify:    []organization.Notification{organization.InterviewChanged},
		},
	}
}

// withdrawnByCandidate is the reason of applications that candidates withdraw
// themselves.
const withdrawnByCandidate = "Withdrawn by the candidate"

func firstReasons() []DefineReason {
	return []DefineReason{
		{Label: "Not enough experience", Kind: organization.We},
		{Label: "Position filled", Kind: organization.We},
		{Label: "Not the right fit", Kind: organization.We},
		{Label: "Accepted another offer", Kind: organization.They},
		{Label: "Salary expectation", Kind: organization.They},
		{Label: "Lost interest", Kind: organization.They},
		{Label: withdrawnByCandidate, Kind: organization.They},
		{Label: "Other", Kind: organization.OtherReason},
	}
}
