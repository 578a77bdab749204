package historytest

import (
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
)

// Once lets what a random history may miss happen once, to an application of its
// own: no table is empty then.
func (c *Company) Once() {
	by := domain.Member(c.Admin)
	if len(c.JobIDs) == 0 {
		c.randomJob()
	}
	_, id := c.Apply(c.JobIDs[0], candidate.Details{FirstName: "Olga", LastName: "Once", Email: "once@example.org"})
	document, _ := c.Upload(id, by, "", access.CV, "cv.pdf")
	c.Review(id, by, document, false, "not readable")
	comment := c.Comment(id, by, "a comment", c.Admin)
	c.editComment(id, by, comment)
	c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.ReadComments(comment, s)
	})
	c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) { return a.Rate(4, s) })
}
