package historytest

import (
	"maps"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
)

// randomTalk lets something be said or thought of an application.
func (c *Company) randomTalk(id string, by domain.Actor) {
	colleague := c.MemberIDs[c.r.IntN(len(c.MemberIDs))]
	switch c.r.IntN(4) {
	case 0:
		c.On(id, domain.Member(colleague), func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.Rate(c.r.IntN(6), s)
		})
	case 1:
		c.editComment(id, by, c.Comment(id, by, "a comment that is edited", c.Admin))
	default:
		c.randomComment(id, by)
	}
}

// randomComment changes, deletes or reads the first comment that is left, by id.
func (c *Company) randomComment(id string, by domain.Actor) {
	comments := maps.Collect(c.Applications[id].Comments.All())
	for _, comment := range sortedKeys(comments) {
		if comments[comment].Deleted {
			continue
		}
		switch c.r.IntN(4) {
		case 0:
			c.DeleteComment(id, by, comment)
		case 1:
			c.editComment(id, by, comment)
		default:
			c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
				return a.ReadComments(comment, s)
			})
		}
		return
	}
}

func (c *Company) editComment(id string, by domain.Actor, comment string) {
	c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.EditComment(comment, c.ID(), c.Text(comment, id, "another comment"), nil, s)
	})
}
