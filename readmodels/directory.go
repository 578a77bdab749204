package readmodels

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/personal"
)

// Job is a job as members see it.
type Job struct {
	ID           string         `json:"id" format:"uuid"`
	Revision     int64          `json:"revision" doc:"For If-Match"`
	Status       job.Status     `json:"status" enum:"draft,open,on_hold,closed"`
	Title        string         `json:"title"`
	Position     string         `json:"position"`
	Location     string         `json:"location"`
	Description  string         `json:"description"`
	Openings     int            `json:"openings"`
	Confidential bool           `json:"confidential"`
	Stages       []JobStage     `json:"stages" doc:"The plan, in order"`
	Removed      []JobStage     `json:"removed_stages" doc:"Stages that were in the plan, oldest first"`
	Questions    []JobQuestion  `json:"questions" doc:"Of the application form, in order"`
	Team         []TeamMemberOf `json:"team" nullable:"true" doc:"Null in lists"`
	OpenedAt     time.Time      `json:"opened_at" doc:"Of a draft, when it was drafted"`
	ChangedAt    time.Time      `json:"changed_at"`
}

// JobStage is a step of a job's plan.
type JobStage struct {
	ID         string  `json:"id" format:"uuid"`
	Name       string  `json:"name"`
	PublicName *string `json:"public_name" doc:"What candidates see; null = the name"`
	LimitDays  *int    `json:"limit_days" doc:"Days after which an application is overdue in the stage; null = never"`
}

// TeamMemberOf is a place in the hiring team of a job.
type TeamMemberOf struct {
	Member  MemberRef `json:"member"`
	Role    Label     `json:"recruiting_role"`
	Manager bool      `json:"recruitment_manager"`
	Stages  []string  `json:"stage_ids" format:"uuid" doc:"Stages they manage"`
}

func (r JobRow) shown() Job {
	return Job{
		ID: r.ID, Revision: r.Revision, Status: r.Status, Title: r.Title, Position: r.Position, Location: r.Location,
		Description: r.Description, Openings: r.Openings, Confidential: r.Confidential, Stages: stagesOf(r.Stages.V), Removed: stagesOf(r.Removed.V), Questions: questionsOf(r.Questions.V),
		OpenedAt: r.OpenedAt, ChangedAt: r.ChangedAt,
	}
}

func stagesOf(stages []job.Stage) []JobStage {
	shown := make([]JobStage, len(stages))
	for i, s := range stages {
		shown[i] = JobStage{ID: s.ID, Name: s.Name, PublicName: orNil(s.PublicName), LimitDays: orNil(s.LimitDays)}
	}
	return shown
}

// knows is a condition: the member may know of the job in row. Admins and
// auditors know all, the others confidential ones only as part of their team;
// who only reads reports knows of no other.
func (v sight) knows(q *statement, row string) string {
	if v.everywhere() {
		return "true"
	}
	open := "false"
	if v.role == access.Recruiting {
		open = "NOT " + row + ".confidential"
	}
	if v.role == "" {
		return "false"
	}
	return "(" + open + " OR EXISTS (SELECT FROM " + v.schema.Table("team") + " t WHERE t.job_id = " + row + ".job_id AND t.member_id = " + q.arg(v.member) + "))"
}

// Jobs returns the jobs that member may know of, newest first, without teams.
func (c *Core) Jobs(ctx context.Context, member string, now time.Time) ([]Job, error) {
	jobs := []Job{}
	err := c.snapshot(ctx, "jobs", func(tx pgx.Tx, s Schema) error {
		v, err := sightOf(ctx, tx, s, member, now)
		if err != nil {
			return err
		}
		q, b := new(statement), new(pgx.Batch)
		var rows []JobRow
		queueRows(b, s, Jobs(), &rows, v.knows(q, "jobs")+" ORDER BY opened_at DESC, job_id", q.args...)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		for _, r := range rows {
			jobs = append(jobs, r.shown())
		}
		return nil
	})
	return jobs, err
}

// Job returns a job that member may know of, with its team. Errors: ErrNotFound.
func (c *Core) Job(ctx context.Context, member, jobID string, now time.Time) (Job, error) {
	var shown Job
	if !isID(jobID) {
		return shown, ErrNotFound
	}
	err := c.snapshot(ctx, "job", func(tx pgx.Tx, s Schema) error {
		v, err := sightOf(ctx, tx, s, member, now)
		if err != nil {
			return err
		}
		q, b := new(statement), new(pgx.Batch)
		var rows []JobRow
		var team []TeamRow
		var roles []RoleRow
		queueRows(b, s, Jobs(), &rows, "job_id = "+q.arg(jobID)+" AND "+v.knows(q, "jobs"), q.args...)
		queueRows(b, s, Team(), &team, "job_id = $1 ORDER BY manager DESC, member_id", jobID)
		queueRows(b, s, RecruitingRoles(), &roles, "role_id IN (SELECT role_id FROM "+s.Table("team")+" WHERE job_id = $1)", jobID)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		if len(rows) == 0 {
			return ErrNotFound
		}
		t := newTexts(c.vault, jobID, false)
		for _, place := range team {
			t.wantMembers(place.Member)
		}
		if err := t.loadNow(ctx, tx, s); err != nil {
			return err
		}
		shown = rows[0].shown()
		shown.Team = []TeamMemberOf{}
		for _, place := range team {
			role := Label{ID: place.Role}
			if i := slices.IndexFunc(roles, func(r RoleRow) bool { return r.ID == place.Role }); i >= 0 {
				role.Label = roles[i].Name
			}
			shown.Team = append(shown.Team, TeamMemberOf{Member: t.member(place.Member), Role: role, Manager: place.Manager, Stages: orEmpty(place.Stages)})
		}
		return t.err
	})
	return shown, err
}

// Member is a member as other members see them.
type Member struct {
	ID        string                  `json:"id" format:"uuid"`
	Revision  int64                   `json:"revision" doc:"For If-Match"`
	Role      access.OrganizationRole `json:"role" enum:"admin,recruiting,auditor,reporting"`
	Active    bool                    `json:"active"`
	Erased    bool                    `json:"erased" doc:"A former member whose name was erased"`
	Name      *personal.Plain         `json:"name" doc:"Null if erased"`
	Email     *personal.Plain         `json:"email" doc:"Null if absent or erased"`
	InvitedAt time.Time               `json:"invited_at"`

	SecondFactor  *bool `json:"second_factor" doc:"Whether they have one; null unless it is you, or you are an admin or auditor"`
	RecoveryCodes *int  `json:"recovery_codes_left" doc:"Null unless it is you"`
}

// Members returns all members, former ones too, sorted by name. Whoever is an
// active member may know them. Errors: ErrNotFound for anybody else.
func (c *Core) Members(ctx context.Context, member string, now time.Time) ([]Member, error) {
	members := []Member{}
	err := c.snapshot(ctx, "members", func(tx pgx.Tx, s Schema) error {
		v, err := sightOf(ctx, tx, s, member, now)
		switch {
		case err != nil:
			return err
		case v.role == "":
			return ErrNotFound
		}
		rows, err := tx.Query(ctx, `SELECT m.member_id, m.revision, m.role, m.active, m.erased, m.name, m.email, m.invited_at, m.second_factor, m.recovery_codes, k.wrapped
			FROM `+s.Table("members")+` m LEFT JOIN vault.keys k ON k.key_id = m.member_id AND k.owner = m.member_id`)
		if err != nil {
			return err
		}
		var m Member
		var name, email, wrapped []byte
		var factor bool
		var codes int
		_, err = pgx.ForEachRow(rows, []any{&m.ID, &m.Revision, &m.Role, &m.Active, &m.Erased, &name, &email, &m.InvitedAt, &factor, &codes, &wrapped}, func() error {
			t := newTexts(c.vault, m.ID, false)
			shown, itself := m, m.ID == member
			if itself || v.role == access.Admin || v.role == access.Auditor {
				shown.SecondFactor = new(factor)
			}
			if itself {
				shown.RecoveryCodes = new(codes)
			}
			shown.InvitedAt = m.InvitedAt.UTC()
			for sealed, to := range map[*[]byte]**personal.Plain{&name: &shown.Name, &email: &shown.Email} {
				if len(*sealed) > 0 {
					*to = t.opened(*sealed, wrapped, m.ID)
				}
			}
			members = append(members, shown)
			return t.err
		})
		return err
	})
	slices.SortFunc(members, func(a, b Member) int {
		if by := strings.Compare(strings.ToLower(plainOrNone(a.Name)), strings.ToLower(plainOrNone(b.Name))); by != 0 {
			return by
		}
		return strings.Compare(a.ID, b.ID)
	})
	return members, err
}

func plainOrNone(p *personal.Plain) string {
	if p == nil {
		return ""
	}
	return string(*p)
}

// known is snapshot for active members. Errors: ErrNotFound for others.
func (c *Core) known(ctx context.Context, doing, member string, now time.Time, do func(tx pgx.Tx, s Schema) error) error {
	return c.snapshot(ctx, doing, func(tx pgx.Tx, s Schema) error {
		v, err := sightOf(ctx, tx, s, member, now)
		switch {
		case err != nil:
			return err
		case v.role == "":
			return ErrNotFound
		}
		return do(tx, s)
	})
}
