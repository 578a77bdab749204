package historytest

import (
	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/domain/erasure"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

// Hire takes the person of an application on.
func (h *History) Hire(id string, by domain.Actor, reason personal.Plain) {
	h.t.Helper()
	hire := h.ID()
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.TakeOn(hire, h.Text(id, id, reason), s)
	})
}

// UndoHire takes the hire of an application back; its profile, if there is one,
// is reversed.
func (h *History) UndoHire(id string, by domain.Actor) {
	h.t.Helper()
	profile := h.Applications[id].Hire.Employee
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.UndoHire(h.Text(id, id, "the wrong one"), s)
	})
	if profile != "" {
		h.EndEmployee(profile, true)
	}
}

// Employ makes the profile of an application's hire, with one document, and
// returns its id.
func (h *History) Employ(id string) string {
	h.t.Helper()
	a, profile, file := h.Applications[id], h.ID(), h.ID()
	text := func(t personal.Plain) personal.Text { return h.Text(profile, profile, t) }
	h.OnEmployee(profile, func(e employee.Employee, s domain.Stamp) ([]employee.Event, error) {
		return e.Create(employee.Profile{
			Application: id, Hire: a.Hire.ID, Job: a.Job, HiredAt: s.At,
			FirstName: text("Erna"), LastName: text("Employee"), Email: text("erna@example.org"), Phone: text("+49 30 1"),
		}, s), nil
	})
	h.OnEmployee(profile, func(e employee.Employee, s domain.Stamp) ([]employee.Event, error) {
		return e.Take([]employee.Document{{
			ID: h.ID(), Category: access.CV, Held: []string{file}, Status: application.DocumentIsApproved, Title: text("Diploma"),
			Versions: []employee.Version{{
				Number: 1, UploadedAt: s.At, UploadedBy: domain.Candidate,
				Files:  []application.File{{ID: file, Name: h.Text(file, profile, "diploma.pdf"), Size: 10, Type: "application/pdf"}},
				Review: &employee.Review{Status: application.DocumentIsApproved, By: domain.Member(h.MemberIDs[0]), At: s.At, Reason: text("well done")},
			}},
		}}, s)
	})
	h.OnEmployee(profile, func(e employee.Employee, s domain.Stamp) ([]employee.Event, error) { return e.ScanFile(file, "", s) })
	h.On(id, domain.System, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.LinkEmployee(a.Hire.ID, profile, s), nil
	})
	return profile
}

// Infect lets a file that went along to an employee profile be found infected.
func (h *History) Infect(profile string) {
	h.t.Helper()
	file := h.ID()
	text := func(key string, t personal.Plain) personal.Text { return h.Text(key, profile, t) }
	h.OnEmployee(profile, func(e employee.Employee, s domain.Stamp) ([]employee.Event, error) {
		return e.Take([]employee.Document{{
			ID: h.ID(), Category: access.CV, Held: []string{file}, Status: application.DocumentIsUploaded, Title: text(profile, "Virus"),
			Versions: []employee.Version{{
				Number: 1, UploadedAt: s.At, UploadedBy: domain.Candidate,
				Files: []application.File{{ID: file, Name: text(file, "virus.pdf"), Size: 10, Type: "application/pdf"}},
			}},
		}}, s)
	})
	h.OnEmployee(profile, func(e employee.Employee, s domain.Stamp) ([]employee.Event, error) {
		return e.ScanFile(file, "Eicar", s)
	})
}

// OnEmployee decides something about an employee profile.
func (h *History) OnEmployee(id string, decide func(employee.Employee, domain.Stamp) ([]employee.Event, error)) {
	h.t.Helper()
	events, err := decide(h.Employees[id], h.Stamp(domain.System))
	h.Employees[id] = h.Employees[id].Fold(record(h, employee.Codec, "employee-"+id, events, err)...)
}

// EndEmployee destroys what an employee profile owns, and records it.
func (h *History) EndEmployee(id string, reversed bool) {
	h.t.Helper()
	if h.Employees[id].Ended {
		return
	}
	e := vault.Erasure{
		ID: uuid.MustParse(h.ID()), Kind: "employee", Subject: id, Stream: "employee-" + id, Actor: "system", CommandID: uuid.New(), At: h.Now, Owner: id,
	}
	gone, err := h.Vault.Erase(h.t.Context(), e)
	if err != nil {
		h.t.Fatal(err)
	}
	h.OnEmployee(id, func(p employee.Employee, s domain.Stamp) ([]employee.Event, error) {
		if reversed {
			return p.Reverse(s), nil
		}
		return p.Erase(s)
	})
	record(h, erasure.Codec, "erasure-"+e.ID.String(), erasure.Erasure{}.Record(e.Kind, gone.Keys, h.Stamp(domain.System)), nil)
	if err := h.Vault.Announce(h.t.Context(), e.ID); err != nil {
		h.t.Fatal(err)
	}
}

// randomHire lets somebody be hired, or what comes after it.
func (c *Company) randomHire(id string, by domain.Actor) {
	a := c.Applications[id]
	switch {
	case a.Live():
		c.Hire(id, by, "at once")
		if c.r.IntN(3) > 0 {
			c.Infect(c.Employ(id))
		}
	case a.Outcome != application.OutcomeHired:
	case a.Hire.Employee == "":
		c.Employ(id)
	case c.r.IntN(2) == 0 && !a.ClaimLost:
		c.UndoHire(id, by)
	case c.r.IntN(3) == 0:
		c.EndEmployee(a.Hire.Employee, false)
	}
}

// hireOnce lets everything happen to hires and employees.
func (c *Company) hireOnce(id string, by domain.Actor) {
	c.Hire(id, by, "in a hurry")
	c.Employ(id)
	c.UndoHire(id, by)
	c.Hire(id, by, "after all")
	profile := c.Employ(id)
	c.Infect(profile)
	c.EndEmployee(profile, false)
}
