package projections_test

import (
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections/projectionstest"
	"github.com/hirelog/hirelog/readmodels/historytest"
)

// H2: nothing is shown of an application that was deleted, also not what becomes
// of its messages afterwards: neither to who follows the log nor to who rebuilds.
func TestNothingComesAfterADeletion(t *testing.T) {
	t.Parallel()
	c := historytest.New(t).Found()
	c.Random(3, 30)
	var id string
	for _, one := range c.ApplicationIDs {
		if c.Applications[one].Live() {
			id = one
		}
	}
	by := domain.Member(c.Admin)
	waits := c.Write(id, by, "it waits", "")
	c.Disqualify(id, by, application.Rejected, c.Reject, "no")
	group := coreGroup(c.Vault)
	projectionstest.Project(t, c.Pool, c.Log, group, projectionstest.How{})
	d := dumpOf(t, c.Pool)
	d.some(t, "timeline", "application_id = '"+id+"' AND kind = 'message_written'")
	c.Delete(id, by)
	c.OnMessage(waits, domain.System, message.Message.Cancel)
	projectionstest.Project(t, c.Pool, c.Log, group, projectionstest.How{})
	d.none(t, "timeline", "application_id = '"+id+"'")
	rebuilt := postgrestest.New(t)
	projectionstest.Project(t, rebuilt, c.Log, group, projectionstest.How{})
	dumpOf(t, rebuilt).none(t, "timeline", "application_id = '"+id+"'")
}
