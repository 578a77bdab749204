// Package recruitment plays whole recruitments through the client that is generated
// from the API's document.
package recruitment

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/conformance/client"
)

const pdf = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"

func TestRecruitment(t *testing.T) {
	ctx := context.Background()
	c := found(t)
	admin := c.member(c.admin)
	done(admin.PatchOrganizationSettingsWithResponse(ctx, nil, client.ChangeSettings{SelfTracking: is(true)}))
	roles := map[string]uuid.UUID{}
	for _, r := range read(admin.GetOrganizationRecruitingRolesWithResponse(ctx, nil)).Items {
		roles[r.Name] = r.Id
	}
	t.Log(roles)
	join := func(name string, role client.InviteMemberRole) (*person, uuid.UUID) {
		id := made(admin.PostMembersWithResponse(ctx, nil, client.InviteMember{Name: name, Role: role}))
		token := done(admin.PostMembersIdTokensWithResponse(ctx, id, nil, client.IssueToken{Name: "laptop"})).JSON201
		return c.member(token.Secret), id
	}
	rita, ritaID := join("Rita Recruiter", "recruiting")
	_, hugoID := join("Hugo Head", "recruiting")
	job := made(rita.PostJobsWithResponse(ctx, nil, client.OpenJob{
		Title:  "Cook",
		Stages: []client.StagePlan{{Name: "Applied"}, {Name: "Trial"}, {Name: "Offer"}},
		HiringTeam: []client.TeamMember{
			{MemberId: ritaID, RecruitingRoleId: roles["Recruiter"], RecruitmentManager: is(true)},
			{MemberId: hugoID, RecruitingRoleId: roles["Hiring manager"]},
		},
	}))
	cleo := c.member("")
	kind, body := form(map[string]string{"first_name": "Cleo", "last_name": "Marin", "email": "cleo@example.test"}, map[string]string{"cv:cv.pdf": pdf})
	done(cleo.PostPublicJobsIdApplicationsWithBodyWithResponse(ctx, job, nil, kind, body))
	pipeline := read(rita.GetJobsIdPipelineWithResponse(ctx, job, nil))
	if n := len(pipeline.Columns[0].Items); n != 1 {
		t.Fatalf("%d cards", n)
	}
}
