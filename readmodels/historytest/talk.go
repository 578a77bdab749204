package historytest

import (
	"maps"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// randomTalk lets something be said or thought of an application.
func (c *Company) randomTalk(id string, by domain.Actor) {
	colleague := c.MemberIDs[c.r.IntN(len(c.MemberIDs))]
	switch c.r.IntN(8) {
	case 0:
		c.On(id, domain.Member(colleague), func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.Rate(c.r.IntN(6), s)
		})
	case 1:
		c.editComment(id, by, c.Comment(id, by, "a comment that is edited", c.Admin))
	case 2, 3:
		c.randomInterview(id, by)
	case 4, 5:
		c.randomEvaluation(id, colleague)
	default:
		c.randomComment(id, by)
	}
}

// randomInterview plans an interview, or something happens to the first one that
// is planned.
func (c *Company) randomInterview(id string, by domain.Actor) {
	interviews := maps.Collect(c.Applications[id].Interviews.All())
	for _, i := range sortedKeys(interviews) {
		if interviews[i].State != application.InterviewPlanned || c.r.IntN(4) == 0 {
			continue
		}
		c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			switch c.r.IntN(5) {
			case 3:
				if !a.Live() || interviews[i].Hidden {
					return nil, nil
				}
				return a.InviteToInterview(i, s)
			case 0:
				return a.CancelInterview(i, c.Text(i, id, "somebody is ill"), s)
			case 1:
				return a.AnswerInterview(i, "", application.AnswerAccepted, "", s)
			case 2:
				return a.AnswerInterview(i, c.Admin, application.AnswerDeclined, "", s)
			}
			m := c.meeting(i, id, "another title")
			m.SameTexts = c.r.IntN(2) == 0
			if !m.SameTexts || c.r.IntN(2) == 0 {
				m.Participants = append(m.Participants, c.colleague())
			}
			return a.ChangeInterview(i, c.ID(), m, s)
		})
		return
	}
	i := c.ID()
	c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		m := c.meeting(i, id, "an interview")
		m.Recorded = !a.Live()
		if m.Recorded {
			m.Start, m.Slots = "2026-01-05T10:00", nil
		}
		return a.ScheduleInterview(i, m, s)
	})
}

// colleague is another member, or one of some id.
func (c *Company) colleague() string {
	if len(c.MemberIDs) < 2 {
		return c.ID()
	}
	return c.MemberIDs[1]
}

func (c *Company) meeting(interview, id string, title personal.Plain) application.Meeting {
	text := func(says personal.Plain) personal.Text { return c.Text(interview, id, says) }
	return application.Meeting{
		InterviewTime: application.InterviewTime{Start: c.Now.AddDate(0, 0, 9).Format(domain.WallLayout), Zone: "Europe/Berlin", Minutes: 45},
		Title:         text(title), Description: text("what it is about"), Place: text("a room"), Link: text("a link"),
		Participants: []string{c.Admin}, Organiser: c.Admin, Slots: []string{c.Now.AddDate(0, 0, 10).Format(domain.WallLayout)},
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
