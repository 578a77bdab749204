package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/personal"
)

// candidacy is one application on its way through the process.
type candidacy struct {
	*loader
	posting
	n    int
	id   string
	r    *rand.Rand
	at   time.Time
	step int

	rated   int    // the last rating
	person  string // id, once they were asked for more
	reached int    // the stage they got to
}

// by returns who gives the next command. Time passes between two commands.
func (c *candidacy) by(who domain.Actor) commands.Caller {
	c.step++
	c.at = c.at.Add(time.Duration(1+c.r.IntN(60)) * time.Hour)
	if c.at.After(c.Anchor) {
		c.at = c.Anchor
	}
	return c.caller(fmt.Sprintf("application/%d/%d", c.n, c.step), who, c.at)
}

// chance reports true in percent of the cases.
func (c *candidacy) chance(percent int) bool { return c.r.IntN(100) < percent }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// application loads candidacy n with its whole history.
func (l *loader) application(ctx context.Context, n int) error {
	r := l.random(uint64(n) + 1)
	c := &candidacy{loader: l, posting: l.jobs[n%len(l.jobs)], n: n, r: r}
	span := l.Anchor.Sub(c.posting.at)
	c.at = c.posting.at.Add(time.Duration(r.Int64N(int64(span * 9 / 10))))
	if err := c.receive(ctx); err != nil {
		return err
	}
	if err := c.marks(ctx); err != nil {
		return err
	}
	c.reached = c.r.IntN(len(c.stages))
	for i := 1; i <= c.reached; i++ {
		if err := c.advance(ctx, i); err != nil {
			return err
		}
	}
	return c.finish(ctx, c.reached)
}

func (c *candidacy) receive(ctx context.Context) error {
	// Every so often somebody has applied before, for another job.
	known := c.n
	if c.n%perPerson == perPerson-1 {
		known = c.n - 1
	}
	first, last, address := personNumbered(known)
	if c.n%perPerson == 5 && !c.confidential {
		return c.byForm(ctx, candidate.Details{FirstName: personal.Plain(first), LastName: personal.Plain(last), Email: personal.Plain(address)})
	}
	answer, err := c.to.Receive(ctx, c.by(c.recruiter), commands.Receive{
		Job: c.posting.id, Source: pick(c.r, sources),
		Candidate: candidate.Details{
			FirstName: personal.Plain(first), LastName: personal.Plain(last), Email: personal.Plain(address),
			Phone: personal.Plain(fmt.Sprintf("+49 30 5550 %04d", known)),
		},
	})
	c.id = answer.ID
	return err
}

// byForm is somebody who applies by the public form.
func (c *candidacy) byForm(ctx context.Context, d candidate.Details) error {
	years, text := float64(c.r.IntN(9)), "Worked somewhere, learned something."
	if c.n%(4*perPerson) == 5 {
		text = infected + text
	}
	answer, err := c.to.SendForm(ctx, c.by(domain.Candidate), commands.SendForm{
		Job: c.posting.id, Candidate: d, ConsentVersion: "2026-01",
		Answers: map[string]any{c.directory.Job(c.posting.id).Questions[0].ID: years},
		Files: func() []commands.Upload {
			return []commands.Upload{{Name: "curriculum vitae.txt", Content: strings.NewReader(text)}}
		},
	})
	c.id = strings.TrimPrefix(answer.Stream, "application-")
	return err
}

func (c *candidacy) marks(ctx context.Context) error {
	for _, i := range c.r.Perm(len(tags)) {
		if !c.chance(45) {
			break
		}
		if _, err := c.to.AddTag(ctx, c.by(c.recruiter), commands.AddTag{Application: c.id, Label: tags[i]}); err != nil {
			return err
		}
	}
	if c.chance(15) {
		if _, err := c.to.SetPriority(ctx, c.by(c.manager), commands.SetPriority{Application: c.id, Priority: true}); err != nil {
			return err
		}
	}
	if c.chance(10) { // while the recruiter is away
		if _, err := c.to.SetOwner(ctx, c.by(c.recruiter), commands.SetOwner{Application: c.id, Owner: c.interviewer.MemberID()}); err != nil {
			return err
		}
	}
	if c.chance(40) {
		if err := c.asked(ctx); err != nil {
			return err
		}
	}
	if c.chance(60) {
		return c.cv(ctx)
	}
	return nil
}

// asked notes what the candidate said of themselves on the telephone.
func (c *candidacy) asked(ctx context.Context) error {
	salary := personal.Plain(fmt.Sprintf("%d,000 EUR a year", 42+c.r.IntN(50)))
	from := personal.Plain(c.at.AddDate(0, 1+c.r.IntN(4), 0).Format("2006-01") + "-01")
	place := pick(c.r, []personal.Plain{"Berlin", "Hamburg", "Lisbon", "Utrecht", "Kraków"})
	answer, err := c.to.EditCandidate(ctx, c.by(c.recruiter), commands.EditCandidate{
		Application: c.id, SalaryExpectation: &salary, AvailableFrom: &from, Location: &place,
		More: map[string]any{c.notice: float64(4 * (1 + c.n%3))},
	})
	c.person = strings.TrimPrefix(answer.Stream, "candidate-")
	if errors.Is(err, application.ErrAnonymised) {
		return nil // an interrupted load goes on behind that: whose answer it was cannot be told any more
	}
	return err
}

// cv files a curriculum vitae.
func (c *candidacy) cv(ctx context.Context) error {
	text := strings.Repeat("Worked somewhere, learned something. ", 20+c.r.IntN(60))
	if c.chance(3) { // while the scanner is away
		text = unscanned + text
	}
	as := access.CV
	if c.chance(5) {
		as = access.CoverLetter // put where it does not belong
	}
	answer, err := c.to.UploadDocument(ctx, c.by(c.recruiter), commands.UploadDocument{
		Application: c.id, Category: as,
		Files: []commands.Upload{{Name: "curriculum vitae.txt", Content: strings.NewReader(text)}},
	})
	if err != nil || as == access.CV {
		return err
	}
	_, err = c.to.RecategoriseDocument(ctx, c.by(c.recruiter), commands.RecategoriseDocument{Application: c.id, Document: answer.ID, Category: access.CV})
	return err
}

var remarks = []personal.Plain{
	"Strong answers, asks the right questions.", "Solid, a little quiet.", "Would like to see a work sample first.",
	"Great references.", "Knows our market well.", "Needs a few weeks' notice.",
}

var greetings = []personal.Plain{
	"Thank you for your patience; we will be in touch this week.", "It was good to meet you.", "Please bring an identity card to the interview.",
}

// advance moves the candidacy to stage i, with what is said on the way.
func (c *candidacy) advance(ctx context.Context, i int) error {
	move := commands.MoveStage{Application: c.id, From: c.stages[i-1].ID, To: c.stages[i].ID}
	if c.chance(50) {
		move.Comment = pick(c.r, remarks)
	}
	if _, err := c.to.MoveStage(ctx, c.by(c.recruiter), move); err != nil {
		return err
	}
	if i == 1 && c.n%40 == 7 { // a slip, made good
		if _, err := c.to.UndoMove(ctx, c.by(c.recruiter), commands.UndoMove{Application: c.id, From: move.To, Reason: "The wrong person."}); err != nil {
			return err
		}
		if _, err := c.to.MoveStage(ctx, c.by(c.recruiter), move); err != nil {
			return err
		}
	}
	if c.chance(20) {
		if err := c.review(ctx); err != nil {
			return err
		}
	}
	if c.chance(50) {
		if err := c.comment(ctx); err != nil {
			return err
		}
	}
	if c.chance(40) {
		if err := c.rate(ctx); err != nil {
			return err
		}
	}
	if c.chance(30) {
		if err := c.interview(ctx); err != nil {
			return err
		}
	}
	if c.chance(35) {
		if err := c.note(ctx); err != nil {
			return err
		}
	}
	if c.chance(6) {
		if err := c.share(ctx); err != nil {
			return err
		}
	}
	if c.chance(25) {
		return c.request(ctx)
	}
	return nil
}

// share lets somebody from elsewhere look at the application for two weeks, which
// sometimes are too long, or the auditor.
func (c *candidacy) share(ctx context.Context) error {
	if c.chance(20) {
		by := c.by(domain.System)
		answer, err := c.to.OpenForAudit(ctx, by, commands.OpenForAudit{
			Application: c.id, Auditor: c.members[9], Reason: "A question about how the decision was made.", Until: by.At.AddDate(0, 0, 14),
		})
		if err != nil || c.chance(50) {
			return err
		}
		_, err = c.to.CloseForAudit(ctx, c.by(domain.System), commands.CloseForAudit{Application: c.id, Opening: answer.ID})
		return err
	}
	by := c.by(c.recruiter)
	end := by.At.AddDate(0, 0, 14)
	answer, err := c.to.GrantAccess(ctx, by, commands.GrantAccess{Application: c.id, Member: c.members[10], Role: commands.FirstRole("Interviewer"), Until: &end})
	if err != nil || c.chance(60) {
		return err
	}
	_, err = c.to.EndAccess(ctx, c.by(c.recruiter), commands.EndAccess{Application: c.id, Grant: answer.ID})
	return err
}

// review asks the interviewer for a comment, which mostly comes some time, or for
// an evaluation.
func (c *candidacy) review(ctx context.Context) error {
	by := c.by(c.recruiter)
	due := by.At.AddDate(0, 0, 5)
	ask := commands.RequestReview{Application: c.id, Reviewer: c.interviewer.MemberID(), Message: "Please have a look at the work sample.", DueAt: &due}
	if c.chance(30) {
		ask.Form = c.evaluation
	}
	answer, err := c.to.RequestReview(ctx, by, ask)
	if err == nil && c.chance(15) {
		_, err = c.to.CancelReview(ctx, c.by(c.recruiter), commands.CancelReview{Application: c.id, Review: answer.ID})
	}
	return err
}

// comment says what the interviewer thinks, who may think again; the recruiter
// reads some of it.
func (c *candidacy) comment(ctx context.Context) error {
	said := pick(c.r, remarks)
	answer, err := c.to.AddComment(ctx, c.by(c.interviewer), commands.AddComment{Application: c.id, Text: said})
	if err != nil {
		return err
	}
	if c.chance(20) {
		_, err := c.to.EditComment(ctx, c.by(c.interviewer), commands.EditComment{Application: c.id, Comment: answer.ID, Text: said + " We should meet again."})
		if err != nil {
			return err
		}
	}
	switch {
	case c.chance(60):
		_, err = c.to.ReadComments(ctx, c.by(c.recruiter), commands.ReadComments{Application: c.id, Through: answer.ID})
	case c.chance(10):
		_, err = c.to.DeleteComment(ctx, c.by(c.interviewer), commands.DeleteComment{Application: c.id, Comment: answer.ID})
	}
	return err
}

// rate has the interviewer and the manager rate, or think better of it by one.
func (c *candidacy) rate(ctx context.Context) error {
	c.rated = 1 + (c.rated+c.r.IntN(4))%5 // another one each time
	for _, who := range []domain.Actor{c.interviewer, c.manager} {
		if _, err := c.to.Rate(ctx, c.by(who), commands.Rate{Application: c.id, Rating: c.rated}); err != nil {
			return err
		}
	}
	return nil
}

func (c *candidacy) note(ctx context.Context) error {
	visible := c.chance(60)
	answer, err := c.to.AddNote(ctx, c.by(c.recruiter), commands.AddNote{Application: c.id, Text: pick(c.r, greetings), Visible: visible})
	if err != nil {
		return err
	}
	if c.chance(10) {
		edit := commands.EditNote{Application: c.id, Note: answer.ID, Text: "It was good to meet you all."}
		if _, err := c.to.EditNote(ctx, c.by(c.recruiter), edit); err != nil {
			return err
		}
		_, err := c.to.AttachFiles(ctx, c.by(c.recruiter), commands.AttachFiles{
			Application: c.id, To: application.Remark{Note: answer.ID}, Category: access.Other,
			Files: []commands.Upload{{Name: "how to find us.txt", Content: strings.NewReader("From the station, ten minutes along the river.")}},
		})
		if err != nil {
			return err
		}
	}
	switch {
	case c.chance(10):
		_, err = c.to.DeleteNote(ctx, c.by(c.recruiter), commands.DeleteNote{Application: c.id, Note: answer.ID})
	case c.chance(20):
		_, err = c.to.SetNoteVisibility(ctx, c.by(c.recruiter), commands.SetNoteVisibility{Application: c.id, Note: answer.ID, Visible: !visible})
	}
	return err
}

// request asks for a document and, mostly, gets and reviews it.
func (c *candidacy) request(ctx context.Context) error {
	by := c.by(c.recruiter)
	due := by.At.AddDate(0, 0, 10)
	answer, err := c.to.RequestDocument(ctx, by, commands.RequestDocument{
		Application: c.id, Title: "Certificate of employment", Description: "From your last position.",
		Category: access.EmploymentReference, DueAt: &due,
	})
	switch {
	case err != nil:
		return err
	case c.chance(10): // asked by mistake
		_, err := c.to.CancelDocument(ctx, c.by(c.recruiter), commands.CancelDocument{Application: c.id, Document: answer.ID})
		return err
	case c.chance(25):
		return nil
	}
	for version := 1; version <= 2; version++ {
		_, err := c.to.UploadDocument(ctx, c.by(c.recruiter), commands.UploadDocument{
			Application: c.id, Document: answer.ID,
			Files: []commands.Upload{{Name: "certificate.txt", Content: strings.NewReader("We confirm the employment, version " + strconv.Itoa(version))}},
		})
		if err != nil {
			return err
		}
		review := commands.ReviewDocument{Application: c.id, Document: answer.ID, Version: version}
		if version == 2 || c.chance(70) {
			if _, err := c.to.ApproveDocument(ctx, c.by(c.recruiter), review); err != nil || !c.chance(10) {
				return err
			}
			return c.mistaken(ctx, answer.ID, version)
		}
		review.Reason = "The second page is missing."
		if _, err := c.to.RejectDocument(ctx, c.by(c.recruiter), review); err != nil {
			return err
		}
	}
	return nil
}

// mistaken takes an approval back, of a file that is somebody else's.
func (c *candidacy) mistaken(ctx context.Context, document string, version int) error {
	_, err := c.to.ReopenDocument(ctx, c.by(c.recruiter), commands.ReopenDocument{
		Application: c.id, Document: document, Version: version, Reason: "It is the certificate of somebody else.",
	})
	if err != nil {
		return err
	}
	_, err = c.to.DeleteVersion(ctx, c.by(c.recruiter), commands.DeleteVersion{Application: c.id, Document: document, Version: version})
	return err
}

var (
	ours   = []string{"Not enough experience", "Position filled", "Not the right fit"}
	theirs = []string{"Accepted another offer", "Salary expectation", "Lost interest"}
)

// finish ends most candidacies, takes a few back, and erases some old ones.
func (c *candidacy) finish(ctx context.Context, reached int) error {
	if reached == len(c.stages)-1 && c.chance(40) {
		return c.hire(ctx)
	}
	if c.chance(25) || reached == len(c.stages)-1 && c.chance(60) {
		if reached == len(c.stages)-1 && c.chance(60) {
			if err := c.offerStands(ctx); err != nil {
				return err
			}
		}
		c.goesOn(c)
		return nil
	}
	end := commands.Disqualify{Application: c.id, Kind: application.Rejected, Reason: commands.FirstReason(pick(c.r, ours))}
	if c.chance(30) {
		end.Kind, end.Reason = application.Withdrawn, commands.FirstReason(pick(c.r, theirs))
	}
	if c.chance(40) {
		end.Note = pick(c.r, remarks)
	}
	if _, err := c.to.Disqualify(ctx, c.by(c.recruiter), end); err != nil {
		return err
	}
	if c.chance(8) {
		_, err := c.to.Requalify(ctx, c.by(c.recruiter), commands.Requalify{Application: c.id, Reason: "The first choice declined."})
		c.goesOn(c)
		return err
	}
	if c.chance(6) {
		other := commands.ChangeReason{Application: c.id, Reason: commands.FirstReason("Other"), Note: "Neither of the reasons fits."}
		if _, err := c.to.ChangeReason(ctx, c.by(c.recruiter), other); err != nil {
			return err
		}
	}
	if c.Anchor.Sub(c.at) > 100*24*time.Hour && c.chance(20) {
		_, err := c.to.Anonymise(ctx, c.by(c.recruiter), commands.Anonymise{Application: c.id})
		return err
	}
	c.isOver(c)
	if end.Kind == application.Rejected && c.Anchor.Sub(c.at) > 26*time.Hour { // a day later they are told
		c.at = c.at.Add(25 * time.Hour)
		_, err := c.to.DiscloseOutcome(ctx, c.by(domain.System), c.id)
		return err
	}
	return nil
}

// hire takes somebody on, mostly by an offer; the profile follows; now and then it was the wrong one.
// Of whom it is known who they are signs the contract.
func (c *candidacy) hire(ctx context.Context) error {
	if c.person != "" && c.n%perPerson < perPerson-2 {
		return c.signed(ctx)
	}
	hire := commands.Hire{Application: c.id, Reason: "Agreed on the telephone; the contract was signed on paper."}
	if c.chance(60) {
		offer, err := c.accepted(ctx)
		if err != nil {
			return err
		}
		hire.Offer, hire.Reason = offer, "The offer was accepted."
	}
	hired, err := c.to.Hire(ctx, c.by(c.recruiter), hire)
	if err != nil {
		return err
	}
	if _, err := c.to.CreateEmployee(ctx, c.by(domain.System), c.id, hired.ID); err != nil || !c.chance(25) {
		return err
	}
	if _, err := c.to.UndoHire(ctx, c.by(c.recruiter), commands.UndoHire{Application: c.id, Reason: "The wrong application; the candidate is still deciding."}); err != nil {
		return err
	}
	_, err = c.to.ReverseEmployee(ctx, c.by(domain.System), c.id, hired.ID)
	c.goesOn(c)
	return err
}
