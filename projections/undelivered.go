package projections

import (
	"context"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/readmodels"
)

// undelivered keeps which mails of notices came back.
type undelivered struct {
	mails *Rows[readmodels.UndeliveredRow]
}

func newUndelivered() *undelivered {
	return &undelivered{mails: NewRows(readmodels.Undelivered())}
}

// Name implements Model.
func (*undelivered) Name() string { return "undelivered" }

// Tables implements Model.
func (m *undelivered) Tables() []AnyTable { return []AnyTable{m.mails} }

// Need implements Model.
func (m *undelivered) Need(f Fact) {
	switch e := f.Body.(type) {
	case notice.Bounced, notice.Sent:
		m.mails.NeedBy("notice_id", f.Aggregate)
	case notice.BounceClosed:
		m.mails.Need(e.Mail)
	case application.Transferred, application.Anonymised, application.Deleted:
		m.mails.NeedBy("application_id", f.Aggregate)
	}
}

// Apply implements Model.
func (m *undelivered) Apply(_ context.Context, f Fact) error {
	switch e := f.Body.(type) {
	case notice.Bounced:
		m.settle(f.Aggregate)
		m.mails.Put(readmodels.UndeliveredRow{
			Mail: e.Mail, Notice: f.Aggregate, Application: e.Application, Told: e.To, Calendar: optional(e.Interview), At: e.At, Reason: e.Reason, Open: true,
		})
	case notice.Sent:
		m.settle(f.Aggregate) // perhaps the address is another by now; else it comes back, too
	case notice.BounceClosed:
		if r, ok := m.mails.Get(e.Mail); ok {
			r.Open = false
			m.mails.Put(r)
		}
	case application.Transferred:
		m.mails.Each("application_id", f.Aggregate, func(r readmodels.UndeliveredRow) (readmodels.UndeliveredRow, bool) {
			r.Application = e.To
			return r, true
		})
	case application.Anonymised, application.Deleted:
		dropAll(m.mails, f.Aggregate)
	}
	return nil
}

// settle leaves nothing to be done about what came back before.
func (m *undelivered) settle(id string) {
	m.mails.Each("notice_id", id, func(r readmodels.UndeliveredRow) (readmodels.UndeliveredRow, bool) {
		r.Open = false
		return r, true
	})
}
