package historytest

import (
	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/notice"
)

// OnNotice decides something about what one person is told by mail.
func (h *History) OnNotice(id string, decide func(notice.Notices, domain.Stamp) ([]notice.Event, error)) {
	h.t.Helper()
	events, err := decide(h.notices[id], h.Stamp(domain.System))
	h.notices[id] = h.notices[id].Fold(record(h, notice.Codec, "notice-"+id, events, err)...)
}

// Tell sends the candidate of an application a mail, about an interview or, if that
// is empty, about documents, and returns the id of what they are told.
func (h *History) Tell(id, interview string) string {
	h.t.Helper()
	of, about := id, notice.About{To: notice.Candidate, Application: id, Job: h.Applications[id].Job}
	if interview != "" {
		i, _ := h.Applications[id].Interviews.Get(interview)
		of, about.Interview = i.Origin(interview), i.Origin(interview)
	}
	told, mail := uuid.NewSHA1(uuid.MustParse(of), []byte("notices/candidate")).String(), h.ID()
	h.OnNotice(told, func(n notice.Notices, s domain.Stamp) ([]notice.Event, error) {
		return n.Note(mail, about, notice.Item{Kind: notice.DocumentApproved, Subject: h.ID(), Cause: h.ID()}, notice.Told{}, 0, s)
	})
	h.OnNotice(told, func(n notice.Notices, s domain.Stamp) ([]notice.Event, error) {
		return n.Send(mail, h.ID(), notice.Told{}, s)
	})
	h.OnNotice(told, func(n notice.Notices, s domain.Stamp) ([]notice.Event, error) { return n.Take(mail, 1, s) })
	return told
}

// ComesBack lets the last mail that was sent come back.
func (h *History) ComesBack(told, meeting string) {
	h.t.Helper()
	h.OnNotice(told, func(n notice.Notices, s domain.Stamp) ([]notice.Event, error) {
		m := n.Mails[len(n.Mails)-1]
		return n.Bounce(m.ID, m.Attempt, "5.1.1", m.About, meeting, s)
	})
}

// noticesOnce lets mails come back: one that somebody takes care of, one after which
// another is sent, and one that stays open, about an interview.
func (c *Company) noticesOnce(id, other, interview string) {
	closed := c.Tell(id, "")
	c.ComesBack(closed, "")
	c.OnNotice(closed, notice.Notices.CloseBounce)
	c.ComesBack(c.Tell(other, ""), "")
	c.Tell(other, "")
	c.ComesBack(c.Tell(id, interview), interview)
}
