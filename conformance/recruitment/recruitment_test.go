// Package recruitment plays whole recruitments through the client that is generated
// from the API's document.
package recruitment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/oapi-codegen/runtime/types"

	"github.com/hirelog/hirelog/conformance/client"
)

const pdf = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"

// recruitment is one job, and who has to do with it.
type recruitment struct {
	*company
	ada, rita, hugo, cora, otto *person // admin, recruiter, head of the kitchen, colleague, auditor
	hugoID, coraID, ottoID      uuid.UUID
	roles                       map[string]uuid.UUID // recruiting roles by name
	form                        client.EvaluationForm
	job                         uuid.UUID
	stages                      []uuid.UUID
}

// open founds a company that looks for a cook: Rita recruits, Hugo manages the
// stage of the trial shift. Cora and Otto have nothing to do with it yet.
func open(t *testing.T) *recruitment {
	ctx := t.Context()
	r := &recruitment{company: found(t), roles: map[string]uuid.UUID{}}
	r.ada = r.member(r.admin)
	done(r.ada.PatchOrganizationSettingsWithResponse(ctx, nil, client.ChangeSettings{SelfTracking: is(true)}))
	for _, role := range read(r.ada.GetOrganizationRecruitingRolesWithResponse(ctx, nil)).Items {
		r.roles[role.Name] = role.Id
	}
	join := func(name string, role client.InviteMemberRole) (*person, uuid.UUID) {
		id := made(r.ada.PostMembersWithResponse(ctx, nil, client.InviteMember{Name: name, Role: role}))
		token := done(r.ada.PostMembersIdTokensWithResponse(ctx, id, nil, client.IssueToken{Name: "laptop"})).JSON201
		return r.member(token.Secret), id
	}
	var ritaID uuid.UUID
	r.rita, ritaID = join("Rita Recruiter", client.InviteMemberRoleRecruiting)
	r.hugo, r.hugoID = join("Hugo Head", client.InviteMemberRoleRecruiting)
	r.cora, r.coraID = join("Cora Colleague", client.InviteMemberRoleRecruiting)
	r.otto, r.ottoID = join("Otto Auditor", client.InviteMemberRoleAuditor)

	form := made(r.ada.PostOrganizationEvaluationFormsWithResponse(ctx, nil, client.DefineForm{
		Name: "Trial shift", HiddenUntilOwn: is(true),
		Elements: []client.Element{
			{Kind: client.ElementKindScale, Label: "Knife work", Weight: is(1.0), Required: is(true)},
			{Kind: client.ElementKindText, Label: "How did the shift go?"},
		},
	}))
	r.form = *read(r.ada.GetOrganizationEvaluationFormsIdWithResponse(ctx, form, nil))
	r.job = made(r.rita.PostJobsWithResponse(ctx, nil, client.OpenJob{
		Title: "Cook", Position: is("Sous chef"), Location: is("Berlin"), Draft: is(true),
		Stages: []client.StagePlan{{Name: "Applied"}, {Name: "Trial shift", PublicName: is("Getting to know you")}, {Name: "Offer"}},
		HiringTeam: []client.TeamMember{
			{MemberId: ritaID, RecruitingRoleId: r.roles["Recruiter"], RecruitmentManager: is(true)},
		},
	}))
	for _, s := range read(r.rita.GetJobsIdWithResponse(ctx, r.job, nil)).Stages {
		r.stages = append(r.stages, s.Id)
	}
	done(r.rita.PutJobsIdHiringTeamWithResponse(ctx, r.job, nil, client.ChangeTeam{HiringTeam: []client.TeamMember{
		{MemberId: ritaID, RecruitingRoleId: r.roles["Recruiter"], RecruitmentManager: is(true)},
		{MemberId: r.hugoID, RecruitingRoleId: r.roles["Hiring manager"], StageIds: &[]string{r.stages[1].String()}},
	}}))
	done(r.rita.PutJobsIdFormWithResponse(ctx, r.job, nil, client.SetForm{Questions: []client.QuestionOfAForm{
		{Kind: client.QuestionOfAFormKindBoolean, Label: "Do you work at night?", Required: is(true)},
	}}))
	done(r.rita.PostJobsIdPublishWithResponse(ctx, r.job, nil, client.Nothing{}))
	return r
}

// applies sends the public form of the job as somebody who then signs in, and
// returns them with their application.
func (r *recruitment) applies(t *testing.T, first, last, email string) (*person, uuid.UUID) {
	t.Helper()
	ctx := t.Context()
	p := r.member("")
	jobs := read(p.GetPublicJobsWithResponse(ctx, nil)).Items
	if len(jobs) != 1 || jobs[0].Title != "Cook" {
		t.Fatalf("open jobs are %v", jobs)
	}
	question := read(p.GetPublicJobsIdWithResponse(ctx, jobs[0].Id, nil)).Questions[0]
	kind, body := multipartForm(map[string]string{
		"first_name": first, "last_name": last, "email": email, "consent_version": "2026-01",
		"answers": `{"` + question.Id.String() + `":true}`,
	}, map[string]string{"cv:cv of " + first + ".pdf": pdf})
	done(p.PostPublicJobsIdApplicationsWithBodyWithResponse(ctx, r.job, nil, kind, body))
	var application uuid.UUID
	r.eventually(first+" stands in the pipeline", func() bool {
		for _, card := range read(r.rita.GetJobsIdPipelineWithResponse(ctx, r.job, nil)).Columns[0].Items {
			if card.FirstName != nil && *card.FirstName == first {
				application = card.Id
			}
		}
		return application != uuid.Nil
	})
	r.signsIn(t, p, email)
	return p, application
}

// signsIn makes a person from outside the candidate with an address: by the code
// of a mail, which in a company without mail server an admin can look at.
func (r *recruitment) signsIn(t *testing.T, p *person, email string) {
	t.Helper()
	ctx := t.Context()
	asked := done(p.PostCandidateSignInsWithResponse(ctx, client.AskSignIn{Email: email})).JSON202
	mail := r.mail(t, client.CaptureKindSignInCode, email)
	code := regexp.MustCompile(`\b[0-9]{6}\b`).FindString(mail.Text)
	done(p.PostCandidateSessionWithResponse(ctx, client.Redeem{SignInId: &asked.SignInId, Code: &code}))
}

// mail returns the newest captured mail of a kind to an address.
func (r *recruitment) mail(t *testing.T, kind client.CaptureKind, to string) *client.Content {
	t.Helper()
	ctx := t.Context()
	var content *client.Content
	r.eventually("a mail to "+to, func() bool {
		for _, m := range read(r.ada.GetMailsWithResponse(ctx, &client.GetMailsParams{})).Items {
			if m.Kind != kind {
				continue
			}
			mail := read(r.ada.GetMailsIdWithResponse(ctx, m.Id, nil))
			if mail.Content != nil && slices.Contains(mail.Content.To, to) {
				content = mail.Content
				return true
			}
		}
		return false
	})
	return content
}

// offered lets Rita draft an offer with a contract, Ada approve it, and the
// candidate read and sign it. It returns the offer's id.
func (r *recruitment) offered(t *testing.T, candidate *person, id uuid.UUID) uuid.UUID {
	t.Helper()
	ctx := t.Context()
	template := made(r.ada.PostOrganizationMessageTemplatesWithResponse(ctx, nil, client.DefineTemplate{
		Name: "Our contract", Kind: client.DefineTemplateKindOfferContract, Subject: is("Contract"),
		Body: "{{candidate.full_name}} works for us as {{job.title}} from {{offer.start_date}} for {{offer.salary}}.",
	}))
	approver := read(r.ada.GetMeWithResponse(ctx, nil)).Id
	start := time.Now().AddDate(0, 2, 0).UTC().Truncate(24 * time.Hour)
	offer := made(r.rita.PostApplicationsIdOffersWithResponse(ctx, id, nil, client.DraftOffer{
		Amount: 4_200_000, Currency: "EUR", Period: client.DraftOfferPeriodYear, StartDate: types.Date{Time: start},
		Terms: is("30 days off"), ContractTemplateId: &template, ApproverIds: &[]string{approver.String()},
	}))

	// Nothing is sent before it is approved, by nobody but who must.
	refused[*client.PostApplicationsIdOffersOfferSendResponse](t, "offer_not_approved")(
		r.rita.PostApplicationsIdOffersOfferSendWithResponse(ctx, id, offer, nil, client.SendOffer{}))
	refused[*client.PostApplicationsIdOffersOfferApproveResponse](t, "not_the_approver")(
		r.rita.PostApplicationsIdOffersOfferApproveWithResponse(ctx, id, offer, nil, client.ApproveOffer{Version: 1}))
	if seen := read(candidate.GetCandidateOffersWithResponse(ctx, nil)).Items; len(seen) != 0 {
		t.Errorf("the candidate sees a draft: %+v", seen)
	}
	tasks := read(r.ada.GetMeTasksWithResponse(ctx, nil)).Items
	if !slices.ContainsFunc(tasks, func(k client.Task) bool { return k.OfferId != nil && *k.OfferId == offer }) {
		t.Errorf("Ada's tasks: %+v", tasks)
	}
	done(r.ada.PostApplicationsIdOffersOfferApproveWithResponse(ctx, id, offer, nil, client.ApproveOffer{Version: 1}))
	done(r.rita.PostApplicationsIdOffersOfferSendWithResponse(ctx, id, offer, nil, client.SendOffer{}))

	// The candidate reads what is offered, and signs the contract they read.
	offers := read(candidate.GetCandidateOffersWithResponse(ctx, nil)).Items
	if len(offers) != 1 || offers[0].Id != offer || offers[0].Salary == nil || offers[0].Salary.Amount == nil || *offers[0].Salary.Amount != 4_200_000 ||
		offers[0].StartDate == nil || *offers[0].StartDate != start.Format(time.DateOnly) || offers[0].Contract == nil || offers[0].Contract.Sha256 == nil {
		t.Fatalf("the candidate is offered %+v", offers)
	}
	contract := offers[0].Contract
	file := done(candidate.GetCandidateApplicationsIdOffersOfferContractFileWithResponse(ctx, id, offer, contract.FileId, nil))
	if sum := sha256.Sum256(file.Body); hex.EncodeToString(sum[:]) != *contract.Sha256 {
		t.Errorf("the contract is not the one of hash %s: %.20q", *contract.Sha256, file.Body)
	}
	own := client.SignOffer{Name: is("Cleo Marin"), Sha256: is(strings.Repeat("0", 64))}
	refused[*client.PostCandidateApplicationsIdOffersOfferAcceptResponse](t, "contract_differs")(
		candidate.PostCandidateApplicationsIdOffersOfferAcceptWithResponse(ctx, id, offer, nil, own))
	own.Sha256 = contract.Sha256
	done(candidate.PostCandidateApplicationsIdOffersOfferAcceptWithResponse(ctx, id, offer, nil, own))
	if seen := read(r.rita.GetApplicationsIdOffersWithResponse(ctx, id, nil)).Items; len(seen) != 1 || seen[0].Status != client.OfferStatusAccepted ||
		seen[0].Signature == nil || *seen[0].Signature != "Cleo Marin" {
		t.Errorf("Rita sees %+v", seen)
	}
	return offer
}

// A cook is found: from the advertisement to the employee profile.
func TestHired(t *testing.T) {
	ctx := t.Context()
	r := open(t)
	cleo, id := r.applies(t, "Cleo", "Marin", "cleo@example.com")

	// Rita asks for a certificate and for a trial shift.
	done(r.rita.PostApplicationsIdMoveWithResponse(ctx, id, nil, client.MoveStage{From: &r.stages[0], To: r.stages[1], Comment: is("Convincing")}))
	asked := made(r.rita.PostApplicationsIdDocumentRequestsWithResponse(ctx, id, nil, client.RequestDocument{
		Title: "Hygiene certificate", Category: "certificate", Formats: &[]client.RequestDocumentFormats{client.RequestDocumentFormatsPdf},
	}))
	start := time.Now().Add(72*time.Hour).UTC().Format("2006-01-02") + "T10:00"
	interview := made(r.rita.PostApplicationsIdInterviewsWithResponse(ctx, id, nil, client.ScheduleInterview{
		Title: "Trial shift", Start: start, Zone: "Europe/Berlin", Minutes: 240, Place: is("Kitchen"), ParticipantIds: []string{r.hugoID.String()}, FormId: &r.form.Id,
	}))

	// Cleo finds both on her page, and answers.
	page := read(cleo.GetCandidateApplicationsIdWithResponse(ctx, id, nil))
	if page.Stage != "Getting to know you" || len(page.Interviews) != 1 || page.Interviews[0].Id != interview {
		t.Fatalf("Cleo's page: stage %q, interviews %v", page.Stage, page.Interviews)
	}
	at := slices.IndexFunc(page.Documents, func(d client.TrackedDocument) bool { return d.Id == asked })
	if at < 0 || !page.Documents[at].AcceptsUpload {
		t.Fatalf("Cleo is asked for %v", page.Documents)
	}
	done(cleo.PostCandidateApplicationsIdInterviewsInterviewAnswerWithResponse(ctx, id, interview, nil, client.AnswerOwnInterview{Answer: client.AnswerOwnInterviewAnswerAccepted}))
	kind, body := multipartForm(nil, map[string]string{"files:certificate.pdf": pdf})
	done(cleo.PostCandidateApplicationsIdDocumentsDocumentVersionsWithBodyWithResponse(ctx, id, asked, nil, kind, body))
	done(cleo.PostCandidateApplicationsIdNotesWithResponse(ctx, id, nil, client.AddOwnNote{Text: "Looking forward to it!"}))
	refused[*client.GetApplicationsIdResponse](t, "unauthenticated")(cleo.GetApplicationsIdWithResponse(ctx, id, nil))

	// Rita has it to review; once approved it takes no more.
	tasks := read(r.rita.GetMeTasksWithResponse(ctx, nil)).Items
	if !slices.ContainsFunc(tasks, func(k client.Task) bool { return k.DocumentId != nil && *k.DocumentId == asked }) {
		t.Errorf("Rita's tasks: %v", tasks)
	}
	done(r.rita.PostApplicationsIdDocumentsDocumentApproveWithResponse(ctx, id, asked, nil, client.ReviewDocument{Version: 1}))
	kind, body = multipartForm(nil, map[string]string{"files:again.pdf": pdf})
	refused[*client.PostCandidateApplicationsIdDocumentsDocumentVersionsResponse](t, "document_approved")(
		cleo.PostCandidateApplicationsIdDocumentsDocumentVersionsWithBodyWithResponse(ctx, id, asked, nil, kind, body))

	// Hugo evaluates. Cora knows nothing of Cleo until she is asked, and does not see
	// what Hugo said before she has said something herself.
	scale, yes := r.form.Elements[0].Id, client.EvaluateRecommendationYes
	evaluation := client.Evaluate{FormId: r.form.Id, Recommendation: &yes, KeyTakeaways: is("Calm under pressure"), Answers: &[]client.EvaluationAnswer{{ElementId: *scale, Scale: is(int64(5))}}}
	done(r.hugo.PutApplicationsIdEvaluationsOwnWithResponse(ctx, id, nil, evaluation))
	refused[*client.GetApplicationsIdResponse](t, "not_found")(r.cora.GetApplicationsIdWithResponse(ctx, id, nil))
	interviewer := r.roles["Interviewer"]
	made(r.rita.PostApplicationsIdReviewsWithResponse(ctx, id, nil, client.RequestReview{ReviewerId: r.coraID, FormId: &r.form.Id, RecruitingRoleId: &interviewer, Message: is("Would you work with her?")}))
	if seen := read(r.cora.GetApplicationsIdEvaluationsWithResponse(ctx, id, nil)); len(seen.Items) != 0 {
		t.Errorf("Cora sees %v", seen.Items)
	}
	why := read(r.ada.GetApplicationsIdAccessExplainWithResponse(ctx, id, &client.GetApplicationsIdAccessExplainParams{MemberId: is(r.coraID.String())}))
	if !why.Sees || !slices.ContainsFunc(why.Held, func(h client.ExplainedSource) bool {
		return h.Counts && h.Grant != nil && h.Grant.Cause == client.AccessGrantCauseReview
	}) {
		t.Errorf("why Cora sees it: %+v", why.Held)
	}
	strong := client.EvaluateRecommendationStrongYes
	evaluation.Recommendation = &strong
	done(r.cora.PutApplicationsIdEvaluationsOwnWithResponse(ctx, id, nil, evaluation))
	if seen := read(r.cora.GetApplicationsIdEvaluationsWithResponse(ctx, id, nil)); len(seen.Items) != 2 {
		t.Errorf("Cora sees %d evaluations, want hers and Hugo's", len(seen.Items))
	}

	// Rita writes to Cleo, makes her an offer and takes her on by it. The employee
	// profile follows by itself, the contract with it.
	made(r.rita.PostApplicationsIdMessagesWithResponse(ctx, id, nil, client.WriteMessage{Subject: is("Welcome"), Text: is("Dear {{candidate.first_name}}, we would love to have you.")}))
	if mail := r.mail(t, client.CaptureKindMessage, "cleo@example.com"); mail.Text != "Dear Cleo, we would love to have you." {
		t.Errorf("Cleo reads %q", mail.Text)
	}
	offer := r.offered(t, cleo, id)
	made(r.rita.PostApplicationsIdHireWithResponse(ctx, id, nil, client.Hire{Reason: "She signed", OfferId: &offer}))
	var employee *client.Employee
	r.eventually("the employee profile", func() bool {
		answer, err := r.rita.GetEmployeesWithResponse(ctx, &client.GetEmployeesParams{})
		page := read(answer, err)
		if len(page.Items) == 0 {
			return false
		}
		employee = read(r.rita.GetEmployeesIdWithResponse(ctx, page.Items[0].Id, nil))
		return len(employee.Documents) == 3
	})
	if employee.FirstName == nil || *employee.FirstName != "Cleo" || employee.ApplicationId == nil || *employee.ApplicationId != id {
		t.Errorf("the employee profile is %+v", employee)
	}
	if page := read(cleo.GetCandidateApplicationsIdWithResponse(ctx, id, nil)); page.Status != client.TrackingStatusHired {
		t.Errorf("Cleo's page says %s", page.Status)
	}

	// Otto replays all of it, and reads nobody's name.
	history := read(r.otto.GetApplicationsIdHistoryWithResponse(ctx, id, nil))
	var types []string
	for _, e := range history.Events {
		types = append(types, e.Type)
	}
	for _, want := range []string{
		"application.received.v1", "application.stage_moved.v1", "application.document_uploaded.v1", "application.document_approved.v1", "application.interview_scheduled.v1",
		"application.evaluation_submitted.v1", "application.review_requested.v1", "application.offer_drafted.v1", "application.offer_approved.v1",
		"application.offer_sent.v1", "application.offer_accepted.v1", "application.hired.v1", "application.employee_linked.v1",
	} {
		if !slices.Contains(types, want) {
			t.Errorf("the history has no %s: %v", want, types)
		}
	}
	history = read(r.otto.GetApplicationsIdHistoryWithResponse(ctx, id, &client.GetApplicationsIdHistoryParams{AsOf: is(strconv.FormatInt(history.Revision, 10))}))
	if !history.Masked || history.Profile == nil || history.Profile.FirstName != nil || history.Profile.Outcome != "hired" {
		t.Errorf("Otto sees %+v", history.Profile)
	}
}

// Somebody is rejected: they are told by a message, see that and no more, and
// whoever was told once is not told again.
func TestRejected(t *testing.T) {
	ctx := t.Context()
	r := open(t)
	dan, id := r.applies(t, "Dan", "Olsen", "dan@example.com")
	var reason client.Reason
	for _, one := range read(r.rita.GetOrganizationDisqualificationReasonsWithResponse(ctx, nil)).Items {
		if one.Kind == client.ReasonKindWe {
			reason = one
		}
	}
	soon := time.Now().Add(time.Hour)
	no := client.Disqualify{Kind: client.DisqualifyKindRejected, ReasonId: reason.Id, Note: is("Never held a knife"), Message: &client.Letter{
		Subject: is("Your application"), Text: is("Dear {{candidate.first_name}}, we have decided for somebody else."), SendAt: &soon,
	}}
	done(r.rita.PostApplicationsIdDisqualifyWithResponse(ctx, id, nil, no))
	if page := read(dan.GetCandidateApplicationsIdWithResponse(ctx, id, nil)); page.Status != client.TrackingStatusInProgress {
		t.Errorf("before the message Dan's page says %s", page.Status)
	}

	// Rita thinks again: what was to be sent is not. Then she means it.
	done(r.rita.PostApplicationsIdRequalifyWithResponse(ctx, id, nil, client.Requalify{Reason: "Deserves a second look"}))
	threads := read(r.rita.GetApplicationsIdMessagesWithResponse(ctx, id, nil)).Items
	r.eventually("the rejection is not sent", func() bool {
		threads = read(r.rita.GetApplicationsIdMessagesWithResponse(ctx, id, nil)).Items
		return len(threads) == 1 && *threads[0].Messages[0].Status == client.MessageStatusCancelled
	})
	no.Message.SendAt = nil
	done(r.rita.PostApplicationsIdDisqualifyWithResponse(ctx, id, nil, no))
	if mail := r.mail(t, client.CaptureKindMessage, "dan@example.com"); mail.Text != "Dear Dan, we have decided for somebody else." {
		t.Errorf("Dan reads %q", mail.Text)
	}
	var page *client.Tracking
	r.eventually("Dan's page says so", func() bool {
		answer, err := dan.GetCandidateApplicationsIdWithResponse(ctx, id, nil)
		page = read(answer, err)
		return page.Status == client.TrackingStatusRejected
	})
	answer := done(dan.GetCandidateApplicationsIdTimelineWithResponse(ctx, id, nil))
	for _, secret := range []string{reason.Label, "Never held a knife", "Deserves a second look", "Rita"} {
		if bytes.Contains(answer.Body, []byte(secret)) {
			t.Errorf("Dan's timeline says %q: %s", secret, answer.Body)
		}
	}
	refused[*client.PostApplicationsIdHireResponse](t, "application_closed")(r.rita.PostApplicationsIdHireWithResponse(ctx, id, nil, client.Hire{Reason: "Nobody else came"}))
	if employees := read(r.ada.GetEmployeesWithResponse(ctx, &client.GetEmployeesParams{})).Items; len(employees) != 0 {
		t.Errorf("employees: %v", employees)
	}
}
