package historytest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// Company is what random histories begin with.
type Company struct {
	*History
	Admin   string
	Full    string // recruiting role that may view everything
	Lists   string // recruiting role that may only view the list
	Reject  string // reason of the company
	Other   string // reason of nobody's
	Decline string // reason of the candidate
	TagIDs  []string
	r       *rand.Rand
}

// Everything returns a role with a level in all areas and categories.
func Everything(l access.Level) access.Role {
	role := access.Role{Areas: map[access.Area]access.Level{}, Documents: map[access.Category]access.Level{}}
	for _, a := range access.Areas() {
		role.Areas[a] = l
	}
	for _, c := range access.Categories() {
		role.Documents[c] = l
	}
	return role
}

// Found returns a company with an admin, two roles, two reasons and three tags.
func (h *History) Found() *Company {
	on := true
	h.Settings(organization.SettingsChange{SelfTracking: &on})
	h.Category("Category 0")
	h.Attribute("Attribute 0", "Yes", "No")
	h.Form("Form 0", "Question 0")
	return &Company{
		History: h, Admin: h.Member(access.Admin, "Ada"),
		Full:    h.Role("Full", Everything(access.Edit)),
		Lists:   h.Role("List", access.Role{Areas: map[access.Area]access.Level{access.Application: access.View}}),
		Reject:  h.Reason("Not enough experience", organization.We),
		Other:   h.Reason("Other", organization.OtherReason),
		Decline: h.Reason("Took another offer", organization.They),
		TagIDs:  []string{h.Tag("Go"), h.Tag("Remote"), h.Tag("Senior")},
	}
}

// Random lets n things happen, which ones the seed says.
func (c *Company) Random(seed uint64, n int) {
	c.r = rand.New(rand.NewPCG(seed, 1))
	for range n {
		switch id, ok := c.anyApplication(); {
		case len(c.JobIDs) < 2 || c.r.IntN(25) == 0:
			c.randomJob()
		case !ok || c.r.IntN(6) == 0:
			c.randomArrival()
		case c.r.IntN(8) == 0:
			c.randomRights()
		case c.r.IntN(20) == 0:
			c.randomView(domain.Member(c.Admin))
		case c.r.IntN(20) == 0:
			c.randomBulk(domain.Member(c.Admin))
		default:
			c.randomlyOn(id)
		}
	}
	c.somethingIsWanted()
}

// somethingIsWanted asks the candidate of a live application for a document,
// which chance may not have done.
func (c *Company) somethingIsWanted() {
	for _, id := range c.ApplicationIDs {
		if c.Applications[id].Live() {
			c.Request(id, domain.Member(c.Admin), "Diploma", access.Certificate)
			return
		}
	}
}

func (c *Company) anyApplication() (string, bool) {
	if len(c.ApplicationIDs) == 0 {
		return "", false
	}
	return c.ApplicationIDs[c.r.IntN(len(c.ApplicationIDs))], true
}

func (c *Company) team() []job.TeamMember {
	team := []job.TeamMember{{Member: c.Admin, Role: c.Full, Manager: true}}
	for _, id := range c.MemberIDs {
		if id != c.Admin && c.r.IntN(3) == 0 {
			team = append(team, job.TeamMember{Member: id, Role: []string{c.Full, c.Lists}[c.r.IntN(2)], Manager: c.r.IntN(3) == 0})
		}
	}
	return team
}

func (c *Company) randomJob() {
	c.Job(fmt.Sprintf("Job %d", len(c.JobIDs)), c.r.IntN(4) == 0, []string{"Received", "Interview", "Offer"}, c.team()...)
}

func (c *Company) randomArrival() {
	jobID := c.JobIDs[c.r.IntN(len(c.JobIDs))]
	d := candidate.Details{
		FirstName: personal.Plain([]string{"Ana", "Bo", "Çelik", "Dóra"}[c.r.IntN(4)]), LastName: personal.Plain([]string{"Øst", "Perez", "van Dyk"}[c.r.IntN(3)]),
		Email: personal.Plain(fmt.Sprintf("p%d@example.org", len(c.CandidateIDs))),
	}
	switch c.r.IntN(4) {
	case 0: // the application comes first
		person, id := c.ID(), c.ID()
		c.Receive(person, id, jobID)
		c.Register(person, id, d)
	case 1: // of somebody who is known
		if id, ok := c.anyApplication(); ok && !c.Candidates[c.Person[id]].Anonymised {
			c.Receive(c.Person[id], c.ID(), jobID)
		}
	default:
		c.Apply(jobID, d)
	}
}

func (c *Company) randomRights() {
	switch c.r.IntN(8) {
	case 6:
		c.randomOrganization()
	case 7:
		c.randomPlan(c.JobIDs[c.r.IntN(len(c.JobIDs))])
	case 0:
		roles := []access.OrganizationRole{access.Recruiting, access.Recruiting, access.Auditor, access.Reporting}
		c.Member(roles[c.r.IntN(len(roles))], personal.Plain(fmt.Sprintf("Member %d", len(c.MemberIDs))))
	case 1, 2:
		id := c.JobIDs[c.r.IntN(len(c.JobIDs))]
		c.ChangeJob(id, func(j job.Job, s domain.Stamp) ([]job.Event, error) { return j.ChangeTeam(c.team(), s) })
	case 3:
		id := c.MemberIDs[c.r.IntN(len(c.MemberIDs))]
		if id != c.Admin && !c.Members[id].Erased {
			c.ChangeMember(id, func(m member.Member, s domain.Stamp) ([]member.Event, error) {
				if m.Active && c.r.IntN(3) == 0 {
					return m.Correct(named(id, s.At.String()), "Somebody Else", "", personal.Key{ID: id, Owner: id}, s)
				}
				if m.Active {
					return m.Deactivate(id, c.Admin, s)
				}
				if m.HandingTo != "" {
					return m.HandOver(member.Handed{}, s)
				}
				if c.r.IntN(4) == 0 {
					return m.EraseName(false, s)
				}
				return m.Reactivate(s)
			})
		}
	case 4:
		title := fmt.Sprintf("Title %d", c.r.IntN(1000))
		id := c.JobIDs[c.r.IntN(len(c.JobIDs))]
		c.ChangeJob(id, func(j job.Job, s domain.Stamp) ([]job.Event, error) {
			return j.Edit(job.DetailsChange{Title: &title}, s)
		})
	case 5:
		level := []access.Level{access.None, access.View, access.Edit}[c.r.IntN(3)]
		c.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
			return o.DefineRole(c.Lists, "List", access.Role{Areas: map[access.Area]access.Level{access.Application: level, access.Tags: level}}, organization.Notifications()[:c.r.IntN(3)], s)
		})
	}
}

func (c *Company) randomlyOn(id string) {
	a, by := c.Applications[id], domain.Member(c.Admin)
	if a.Deleted {
		return
	}
	if a.Anonymised {
		if c.r.IntN(4) == 0 {
			c.Delete(id, by)
		}
		return
	}
	if c.r.IntN(15) == 0 {
		c.timePasses(id)
		c.somebodyReads(id)
		return
	}
	if c.r.IntN(4) == 0 {
		c.randomTalk(id, by)
		return
	}
	if c.r.IntN(10) == 0 {
		c.randomForm(id, by)
		return
	}
	if c.r.IntN(15) == 0 {
		c.randomHire(id, by)
		return
	}
	if c.r.IntN(10) == 0 {
		c.randomMessage(id, by)
		return
	}
	if c.r.IntN(10) == 0 {
		c.randomOffer(id, by)
		return
	}
	tag := c.TagIDs[c.r.IntN(len(c.TagIDs))]
	switch c.r.IntN(19) {
	case 18:
		c.randomTransfer(id, by)
	case 0, 1:
		if a.Live() {
			c.Move(id, by, c.r.IntN(3), "moved on")
		}
	case 2:
		if a.Live() {
			if c.r.IntN(2) == 0 {
				c.Disqualify(id, by, application.Rejected, c.Reject, "a remark")
				return
			}
			told := c.ID()
			c.DisqualifyBy(id, by, c.Reject, "a remark", told)
			c.On(id, domain.System, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
				return a.MoveDisclosure(told, nil, c.Organization.Settings.DiscloseAfter, s)
			})
		}
	case 3:
		if !a.Live() && !a.ClaimLost && a.To == "" && a.Outcome != application.OutcomeHired {
			c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
				events, err := a.Requalify(c.Text(id, id, "a mistake"), s)
				return a.WithEnds(events, time.Minute, s), err
			})
		}
	case 4:
		c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) { return a.AddTag(tag, s) })
	case 5:
		c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.RemoveTag(tag, s)
		})
	case 6:
		c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.SetPriority(!a.Priority, s)
		})
	case 7:
		c.Comment(id, by, "a comment", c.Admin)
	case 8:
		c.Note(id, []domain.Actor{by, domain.Candidate}[c.r.IntN(2)], "a note", c.r.IntN(2) == 0)
	case 9:
		c.randomNote(id, by)
	case 10, 11:
		c.randomDocument(id, by)
	case 12:
		if !a.Live() && a.To == "" && c.r.IntN(2) == 0 {
			if c.r.IntN(3) == 0 {
				c.Delete(id, by)
				return
			}
			c.Anonymise(id, by)
		}
	case 13:
		owners := sortedKeys(c.Members)
		c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.SetOwner(owners[c.r.IntN(len(owners))], s)
		})
	case 14:
		if a.Outcome == application.Rejected {
			c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
				return a.ChangeReason(c.Other, organization.OtherReason, c.Text(id, id, "another remark"), s)
			})
		}
	case 15, 16:
		c.randomGrant(id, by)
	case 17:
		c.randomEdit(id, by)
	}
}

// randomTransfer lets an application go on for another job.
func (c *Company) randomTransfer(id string, by domain.Actor) {
	to := c.JobIDs[c.r.IntN(len(c.JobIDs))]
	if a := c.Applications[id]; a.Live() && a.Job != to && c.Candidates[c.Person[id]].Registered {
		c.Transfer(id, by, to)
	}
}

// randomEdit changes what is known of the person of an application.
func (c *Company) randomEdit(id string, by domain.Actor) {
	p := c.Candidates[c.Person[id]]
	if !p.Registered || p.Anonymised || c.Applications[id].Anonymised {
		return
	}
	if c.r.IntN(6) == 0 {
		c.Picture(id, by, p.Picture == "" || c.r.IntN(2) == 0)
		c.AskData(id, by, []candidate.DataKind{candidate.DataExport, candidate.DataErasure}[len(p.Picture)%2], []personal.Plain{"", "kept by law"}[len(p.DataRequests)%2])
		return
	}
	switch c.r.IntN(8) {
	case 0:
		if _, known := p.Known[candidate.Email]; known {
			c.Share(id, by, c.r.IntN(2) == 0)
		}
		return
	case 1:
		for _, attribute := range c.Organization.AttributeOrder {
			c.Know(id, by, candidate.CustomEdits{attribute: []personal.Plain{`"x"`, "1", ""}[c.r.IntN(3)]})
			return
		}
	case 2, 3:
		other, _ := c.anyApplication()
		q := c.Candidates[c.Person[other]]
		if mergeable := q.Registered && !q.Anonymised && c.Person[other] != c.Person[id] && p.Into == "" && len(q.Absorbed) == 0; mergeable && (q.Into == "" || q.Into == c.Person[id]) {
			c.Merge(id, other, by)
		}
		return
	}
	a := candidate.Attributes()[c.r.IntN(len(candidate.Attributes()))]
	value := map[candidate.Attribute]personal.Plain{
		candidate.FirstName: "Renée", candidate.LastName: "Ångström", candidate.Email: "new@example.org", candidate.Birthday: "1990-02-28",
		candidate.AvailableFrom: "2027-01-31", candidate.Links: "https://example.org/renee",
	}[a]
	if value == "" && c.r.IntN(2) == 0 {
		value = "something"
	}
	if _, known := p.Known[a]; known || value != "" {
		c.Edit(id, by, candidate.Edits{a: value})
	}
}

// randomGrant gives somebody access to an application, or ends a grant.
func (c *Company) randomGrant(id string, by domain.Actor) {
	grants := sortedKeys(maps.Collect(c.Applications[id].Grants.All()))
	if openings := sortedKeys(maps.Collect(c.Applications[id].Openings.All())); len(openings) > 0 && c.r.IntN(3) == 0 {
		c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.CloseForAudit(openings[0], s)
		})
		return
	}
	if len(grants) > 0 && c.r.IntN(3) == 0 {
		grant := grants[c.r.IntN(len(grants))]
		c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.EndAccess(grant, s)
		})
		return
	}
	member, role := c.MemberIDs[c.r.IntN(len(c.MemberIDs))], []string{c.Full, c.Lists}[c.r.IntN(2)]
	end := c.Now.Add(time.Duration(c.r.IntN(100)+2) * time.Second)
	switch c.r.IntN(4) {
	case 0:
		c.Grant(id, by, member, role, nil)
	case 1:
		c.Grant(id, by, member, role, &end)
	case 2:
		grant, of := c.ID(), c.ID()
		c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.GrantBy(grant, application.Grant{Member: member, Role: role, Cause: application.ByInterview, Of: of}, s), nil
		})
	case 3:
		opening := c.ID()
		c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			if c.Members[member].Role != access.Auditor {
				return nil, nil
			}
			return a.OpenForAudit(opening, member, c.Text(id, id, "a complaint"), end, s)
		})
	}
}

// timePasses lets days pass, and happen what is due then.
func (c *Company) timePasses(id string) {
	c.Now = c.Now.AddDate(0, 0, 1+c.r.IntN(6))
	c.On(id, domain.System, application.Application.DiscloseOutcome)
	c.On(id, domain.System, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.OutstayStage(a.Stage, 48*time.Hour, s)
	})
	for _, document := range sortedKeys(c.Applications[id].Documents) {
		c.On(id, domain.System, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.RemindOfDocument(document, s)
		})
	}
}

// somebodyReads has a member read their inbox up to something that happened to an
// application, which they may or may not have been told of.
func (c *Company) somebodyReads(id string) {
	reader := c.MemberIDs[c.r.IntN(len(c.MemberIDs))]
	if !c.Members[reader].Active {
		return
	}
	stream := "application-" + id
	event := EventID(stream, eventlog.Revision(c.r.Int64N(int64(c.revisions[stream])+1)))
	kinds := organization.Notifications()
	on, off := c.r.IntN(len(kinds)), c.r.IntN(len(kinds))
	c.ChangeMember(reader, func(m member.Member, s domain.Stamp) ([]member.Event, error) {
		s.By = domain.Member(reader)
		if on == off {
			return m.SetNotifications(reader, member.Notifications{}, s)
		}
		return m.SetNotifications(reader, member.Notifications{On: kinds[on : on+1], Off: kinds[off : off+1]}, s)
	})
	c.ChangeMember(reader, func(m member.Member, s domain.Stamp) ([]member.Event, error) {
		s.By = domain.Member(reader)
		if c.r.IntN(4) == 0 {
			return m.RemoveBusyAddress(reader, s)
		}
		busy := c.ID()
		return m.SetBusyAddress(reader, busy, member.Calendar{Kind: member.BusyFile, Address: c.Text(busy, reader, "https://calendar.example/busy")}, s)
	})
	c.ChangeMember(reader, func(m member.Member, s domain.Stamp) ([]member.Event, error) {
		s.By = domain.Member(reader)
		return m.ReadInbox(reader, event.String(), s)
	})
	c.secondFactor(reader)
}

// secondFactor has something happen to the second factor of a member.
func (c *Company) secondFactor(id string) {
	c.ChangeMember(id, func(m member.Member, s domain.Stamp) ([]member.Event, error) {
		s.By = domain.Member(id)
		switch of := named(id, s.At.String()); {
		case m.SecondFactor == "":
			return m.ConfirmSecondFactor(id, of, 10, s)
		case c.r.IntN(3) == 0:
			s.By = domain.Member(c.Admin) // it may be theirs
			return m.RemoveSecondFactor(s)
		case c.r.IntN(2) == 0:
			return m.RenewRecoveryCodes(of, 10, s)
		default:
			return m.UseRecoveryCode(of, c.r.IntN(10), s)
		}
	})
}

// randomNote changes or deletes the first of the notes of members, by id.
func (c *Company) randomNote(id string, by domain.Actor) {
	notes := maps.Collect(c.Applications[id].Notes.All())
	for _, note := range sortedKeys(notes) {
		if n := notes[note]; n.Author == by && !n.Deleted {
			switch c.r.IntN(4) {
			case 0:
				c.DeleteNote(id, by, note)
				return
			case 3:
				c.Attach(id, by, application.Remark{Note: note}, "timetable.pdf")
				return
			case 1:
				c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
					return a.EditNote(note, c.ID(), c.Text(note, id, "another note"), s)
				})
				return
			}
			c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
				return a.SetNoteVisibility(note, !n.Visible, true, s)
			})
			return
		}
	}
}

func (c *Company) randomDocument(id string, by domain.Actor) {
	documents := sortedKeys(c.Applications[id].Documents)
	switch n := c.r.IntN(3); {
	case n == 0 && c.Applications[id].Live():
		c.Request(id, by, "Diploma", access.Certificate)
	case n == 1 || len(documents) == 0:
		c.Upload(id, by, "", access.CV, "cv.pdf")
	default:
		document := documents[c.r.IntN(len(documents))]
		switch d := c.Applications[id].Documents[document]; {
		case d.Contract(): // it stays what it is
		case c.r.IntN(4) == 0:
			c.refile(id, by, document, d)
		case len(d.Held) > 0 && c.r.IntN(2) == 0:
			c.Scan(id, d.Held[0].ID, []string{"", "Eicar"}[c.r.IntN(2)])
		case d.Status == application.DocumentIsCancelled, d.Of != application.Remark{}:
		case len(d.Files) > 0 && d.Gives(d.Files...) == nil && c.r.IntN(2) == 0:
			c.Review(id, by, document, c.r.IntN(2) == 0, "please look again")
		case d.Status != application.DocumentIsApproved:
			if c.r.IntN(2) == 0 {
				c.UploadHeld(id, domain.Candidate, document, d.Category, "diploma.pdf")
				return
			}
			c.Upload(id, domain.Candidate, document, d.Category, "diploma.pdf")
		}
	}
}

// refile does one of the things that become of a document besides reviews.
func (c *Company) refile(id string, by domain.Actor, document string, d application.Document) {
	switch c.r.IntN(4) {
	case 0:
		if len(d.Files) > 0 {
			c.DeleteVersion(id, by, document, d.Versions, d.Files...)
		}
	case 1:
		if d.Status == application.DocumentIsApproved {
			c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
				return a.ReopenDocument(document, d.Versions, c.Text(id, id, "another page, please"), s)
			})
		}
	case 2:
		if d.MaxFiles > 0 && d.Status != application.DocumentIsApproved {
			c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
				return a.CancelDocument(document, s)
			})
		}
	case 3:
		c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.RecategoriseDocument(document, access.WorkSample, s)
		})
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
