package job

import (
	"slices"

	"github.com/hirelog/hirelog/domain"
)

// HandOverMarks makes a member recruitment manager, or manager of stages, in the
// place of one who left, where nobody who is active would be it otherwise. Who is
// not of the team yet gets the place of who left. Of a closed job nothing is handed
// over. Errors: ErrUnknown; those of ChangeTeam.
func (j Job) HandOverMarks(from, to string, active func(member string) bool, s domain.Stamp) ([]Event, error) {
	at := slices.IndexFunc(j.Team, func(m TeamMember) bool { return m.Member == from })
	if j.Status == "" {
		return nil, ErrUnknown
	}
	if j.Status == Closed || at < 0 || from == to {
		return nil, nil
	}
	managed, stages := false, map[string]bool{}
	for _, m := range j.Team {
		if m.Member == from || !active(m.Member) {
			continue
		}
		managed = managed || m.Manager
		for _, id := range m.Stages {
			stages[id] = true
		}
	}
	left := j.Team[at]
	manager := left.Manager && !managed
	var over []string
	for _, id := range left.Stages {
		if !stages[id] {
			over = append(over, id)
		}
	}
	if !manager && len(over) == 0 {
		return nil, nil
	}
	team := slices.Clone(j.Team)
	successor := slices.IndexFunc(team, func(m TeamMember) bool { return m.Member == to })
	if successor < 0 {
		team, successor = append(team, TeamMember{Member: to, Role: left.Role}), len(team)
	}
	t := &team[successor]
	t.Manager, t.Stages = t.Manager || manager, append(slices.Clone(t.Stages), over...)
	team[at].Manager = left.Manager && !manager
	team[at].Stages = nil
	for _, id := range left.Stages {
		if !slices.Contains(over, id) {
			team[at].Stages = append(team[at].Stages, id)
		}
	}
	return j.ChangeTeam(team, s)
}
