package commands

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// InterviewWhen is when an interview is.
type InterviewWhen struct {
	Start   string `json:"start" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$" patternDescription:"YYYY-MM-DDTHH:MM" doc:"Date and time of day by the clocks of the zone. A time that is there twice, where clocks are put back, is the first; one that clocks are put forward over is refused"`
	Zone    string `json:"zone" minLength:"1" maxLength:"64" doc:"IANA time zone, such as Europe/Berlin"`
	Minutes int    `json:"minutes" minimum:"1" maximum:"1440" doc:"How long it lasts"`
}

func (w InterviewWhen) time() application.InterviewTime {
	return application.InterviewTime{Start: w.Start, Zone: w.Zone, Minutes: w.Minutes}
}

// InterviewWhere is where people meet.
type InterviewWhere struct {
	Place personal.Plain `json:"place,omitempty" maxLength:"500" doc:"Where it is"`
	Link  personal.Plain `json:"link,omitempty" maxLength:"500" doc:"Address of a video call"`
}

func (w InterviewWhere) texts(key personal.Key) (place, link personal.Text, err error) {
	if place, err = textOf("The place", w.Place, 0, application.MaxLink, key); err != nil {
		return place, link, err
	}
	link, err = textOf("The link", w.Link, 0, application.MaxLink, key)
	return place, link, err
}

// ScheduleInterview plans an interview.
type ScheduleInterview struct {
	Application string `json:"-"`
	InterviewWhen
	InterviewWhere
	Title        personal.Plain `json:"title" minLength:"1" maxLength:"500" doc:"What it is called"`
	Description  personal.Plain `json:"description,omitempty" maxLength:"4000" doc:"What it is about"`
	Participants []string       `json:"participant_ids" minItems:"1" maxItems:"30" doc:"Members who take part"`
	Visible      *bool          `json:"candidate_visible,omitempty" default:"true" doc:"Whether the candidate's page shows it"`
	Slots        []string       `json:"slots,omitempty" maxItems:"20" doc:"Other starts in the zone that the candidate may pick instead"`
	Role         string         `json:"recruiting_role_id,omitempty" format:"uuid" doc:"Recruiting role that the participants hold on this application until some days after the interview; it may give no more than you have yourself"`
	Form         string         `json:"form_id,omitempty" format:"uuid" doc:"Evaluation form by which the participants evaluate it once it began"`
	Recorded     bool           `json:"recorded_afterwards,omitempty" doc:"It has taken place already; else it must be in the future"`
	Invite       bool           `json:"invite_candidate,omitempty" doc:"Invite the candidate by e-mail, with a calendar file; they are told of changes then too"`
}

// ScheduleInterview gives cmd. Whoever has edit on the interviews area may; a
// role for the participants needs edit on the access area too. Its id is the
// interview's; the texts go under a key of its own. Who schedules it is its
// organiser. Errors: those of application.ScheduleInterview, of InviteToInterview
// if the candidate is invited, and of mayGive; ErrDenied.
func (c *Commands) ScheduleInterview(ctx context.Context, caller Caller, cmd ScheduleInterview) (Answer, error) {
	id := caller.newID("interview")
	m, err := cmd.meeting(id, caller)
	if err != nil {
		return Answer{}, err
	}
	answer, err := c.onApplication(ctx, cmd.Application, caller, need{area: access.Interviews, level: access.Edit},
		func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
			if err := c.invitable(held, cmd.Participants, cmd.Role); err != nil {
				return nil, err
			}
			if err := c.evaluable(cmd.Form, ""); err != nil {
				return nil, err
			}
			events, err := a.ScheduleInterview(id, m, s)
			if err != nil || len(events) == 0 {
				return events, err
			}
			if cmd.Invite {
				invited, err := c.invite(ctx, a.Fold(events...), id, s)
				if err != nil {
					return nil, err
				}
				events = append(events, invited...)
			}
			return append(events, c.admit(a, id, cmd.Participants, cmd.Role, s)...), nil
		})
	answer.ID = id
	return answer, err
}

func (cmd ScheduleInterview) meeting(id string, caller Caller) (application.Meeting, error) {
	key := personal.Key{ID: id, Owner: cmd.Application}
	m := application.Meeting{
		InterviewTime: cmd.time(), Participants: cmd.Participants, Organiser: caller.Actor.MemberID(), Slots: cmd.Slots,
		Role: cmd.Role, Form: cmd.Form, Hidden: cmd.Visible != nil && !*cmd.Visible, Recorded: cmd.Recorded,
	}
	var err error
	if m.Title, err = lineUnder("The title", cmd.Title, 1, application.MaxLink, key); err != nil {
		return m, err
	}
	if m.Description, err = textOf("The description", cmd.Description, 0, application.MaxText, key); err != nil {
		return m, err
	}
	m.Place, m.Link, err = cmd.texts(key)
	return m, err
}

// lineUnder checks a personal text of one line and returns it to be sealed under
// key. Errors: domain.ErrInvalid.
func lineUnder(name string, plain personal.Plain, min, max int, key personal.Key) (personal.Text, error) {
	line, err := domain.LineOf(name, string(plain), min, max)
	if err != nil {
		return personal.Text{}, err
	}
	return personal.New(key, personal.Plain(line)), nil
}

// invitable refuses participants who are no active members, and a role for them
// that the caller may not give.
func (c *Commands) invitable(held access.Rights, participants []string, role string) error {
	for _, m := range participants {
		if !c.directory.Member(m).Active {
			return domain.ErrInvalid.Because("A participant is no active member.")
		}
	}
	if role == "" {
		return nil
	}
	if held.Area(access.Grants) < access.Edit {
		return ErrDenied
	}
	for _, m := range participants {
		if err := c.mayGive(held, m, role); err != nil {
			return err
		}
	}
	return nil
}

// evaluable refuses an evaluation form that an interview cannot name; the one that
// it names stays. Errors: organization.ErrUnknownEntry, organization.ErrRetired.
func (c *Commands) evaluable(form, was string) error {
	if form == "" || form == was {
		return nil
	}
	return c.directory.Organization().Choose(organization.Forms, form)
}

// admit lets participants hold a role by an interview.
func (c *Commands) admit(a application.Application, interview string, participants []string, role string, s domain.Stamp) []application.Event {
	var events []application.Event
	for _, m := range participants {
		if role == "" {
			break
		}
		grant := uuid.NewSHA1(uuid.MustParse(interview), []byte("grant/"+m+"/"+s.At.Format(time.RFC3339Nano))).String()
		events = append(events, a.GrantBy(grant, c.lasting(a, application.Grant{Member: m, Role: role, Cause: application.ByInterview, Of: interview}, s), s)...)
	}
	return events
}

// lasting returns a grant that ends by itself if the application is closed
// already: nothing that happens later would end it.
func (c *Commands) lasting(a application.Application, g application.Grant, s domain.Stamp) application.Grant {
	if !a.Live() {
		until := c.accessEnds(s)
		g.Until = &until
	}
	return g
}

// accessEnds is when access by an interview or a review ends that is over now.
func (c *Commands) accessEnds(s domain.Stamp) time.Time {
	return s.At.AddDate(0, 0, c.directory.Organization().Settings.AccessAfterDays)
}

// RescheduleInterview moves an interview to another time and place, or to another
// place alone: what was answered counts on then.
type RescheduleInterview struct {
	Application string `json:"-"`
	Interview   string `json:"-"`
	InterviewWhen
	InterviewWhere
}

// RescheduleInterview gives cmd. Whoever has edit on the interviews area may.
// Errors: those of application.RescheduleInterview; ErrDenied.
func (c *Commands) RescheduleInterview(ctx context.Context, caller Caller, cmd RescheduleInterview) (Answer, error) {
	place, link, err := cmd.texts(personal.Key{ID: cmd.Interview, Owner: cmd.Application})
	if err != nil {
		return Answer{}, err
	}
	m := application.Meeting{InterviewTime: cmd.time(), Place: place, Link: link}
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Interviews, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			m.SameTexts, err = c.sameTexts(ctx, cmd.Application, cmd.Interview, func(is *application.InterviewScheduled) texts {
				return texts{&m.Place: is.Place, &m.Link: is.Link}
			})
			if err != nil {
				return nil, err
			}
			return a.RescheduleInterview(cmd.Interview, caller.newID("change"), m, s)
		})
}

// ChangeInterview says what an interview is about and who takes part.
type ChangeInterview struct {
	Application  string         `json:"-"`
	Interview    string         `json:"-"`
	Title        personal.Plain `json:"title" minLength:"1" maxLength:"500" doc:"What it is called from now on"`
	Description  personal.Plain `json:"description,omitempty" maxLength:"4000" doc:"What it is about"`
	Participants []string       `json:"participant_ids" minItems:"1" maxItems:"30" doc:"Members who take part from now on"`
	Visible      bool           `json:"candidate_visible" doc:"Whether the candidate's page shows it"`
	Form         string         `json:"form_id,omitempty" format:"uuid" doc:"Evaluation form by which the participants evaluate it; left out, none is named from now on"`
}

// ChangeInterview gives cmd. Whoever has edit on the interviews area may. Whoever
// joins holds the role that was named for participants, and whoever leaves does
// so no more. Errors: those of application.ChangeInterview and of mayGive; ErrDenied.
func (c *Commands) ChangeInterview(ctx context.Context, caller Caller, cmd ChangeInterview) (Answer, error) {
	m, err := ScheduleInterview{
		Application: cmd.Application, Title: cmd.Title, Description: cmd.Description, Participants: cmd.Participants, Visible: &cmd.Visible, Form: cmd.Form,
	}.meeting(cmd.Interview, caller)
	if err != nil {
		return Answer{}, err
	}
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Interviews, level: access.Edit},
		func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
			was, _ := a.Interviews.Get(cmd.Interview)
			joined := slices.DeleteFunc(slices.Clone(cmd.Participants), func(m string) bool { return slices.Contains(was.Participants, m) })
			if err := c.invitable(held, joined, was.Role); err != nil && len(joined) > 0 {
				return nil, err
			}
			if err := c.evaluable(cmd.Form, was.Form); err != nil {
				return nil, err
			}
			m.SameTexts, err = c.sameTexts(ctx, cmd.Application, cmd.Interview, func(is *application.InterviewScheduled) texts {
				return texts{&m.Title: is.Title, &m.Description: is.Description}
			})
			if err != nil {
				return nil, err
			}
			events, err := a.ChangeInterview(cmd.Interview, caller.newID("change"), m, s)
			if err != nil || len(events) == 0 {
				return events, err
			}
			events = append(events, c.admit(a, cmd.Interview, joined, was.Role, s)...)
			for _, m := range was.Participants {
				if !slices.Contains(cmd.Participants, m) {
					events = append(events, a.EndGrants(application.ByInterview, cmd.Interview, m, s.At, s)...)
				}
			}
			return events, nil
		})
}

// texts are what is said from now on, with what was said before.
type texts map[*personal.Text]personal.Text

// sameTexts reports whether what is said of an interview is what was said before.
func (c *Commands) sameTexts(ctx context.Context, applicationID, interview string, of func(*application.InterviewScheduled) texts) (bool, error) {
	said, err := c.told(ctx, applicationID)
	is := said.interviews[interview]
	if err != nil || is == nil {
		return false, err
	}
	for now, text := range of(is) {
		was, err := c.reveal(ctx, text)
		if err != nil {
			return false, err
		}
		if _, plain, _ := now.Unsealed(); string(plain) != was {
			return false, nil
		}
	}
	return true, nil
}

// CancelInterview calls an interview off.
type CancelInterview struct {
	Application string         `json:"-"`
	Interview   string         `json:"-"`
	Reason      personal.Plain `json:"reason,omitempty" maxLength:"4000" doc:"Why; candidates never see it"`
}

// CancelInterview gives cmd. Whoever has edit on the interviews area may. Access
// by the interview ends as many days later as the settings say.
// Errors: those of application.CancelInterview; ErrDenied.
func (c *Commands) CancelInterview(ctx context.Context, caller Caller, cmd CancelInterview) (Answer, error) {
	reason, err := textOf("The reason", cmd.Reason, 0, application.MaxText, personal.Key{ID: cmd.Interview, Owner: cmd.Application})
	if err != nil {
		return Answer{}, err
	}
	return c.settleInterview(ctx, caller, cmd.Application, cmd.Interview, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.CancelInterview(cmd.Interview, reason, s)
	})
}

// SettleInterview names an interview that is over.
type SettleInterview struct {
	Application string
	Interview   string
}

// CompleteInterview says that an interview took place. Whoever has edit on the
// interviews area may. Access by it ends as many days later as the settings say.
// Errors: those of application.CompleteInterview; ErrDenied.
func (c *Commands) CompleteInterview(ctx context.Context, caller Caller, cmd SettleInterview) (Answer, error) {
	return c.settleInterview(ctx, caller, cmd.Application, cmd.Interview, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.CompleteInterview(cmd.Interview, s)
	})
}

// MissInterview says that the candidate did not come. Otherwise as
// CompleteInterview. Errors: those of application.MissInterview; ErrDenied.
func (c *Commands) MissInterview(ctx context.Context, caller Caller, cmd SettleInterview) (Answer, error) {
	return c.settleInterview(ctx, caller, cmd.Application, cmd.Interview, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.MissInterview(cmd.Interview, s)
	})
}

func (c *Commands) settleInterview(ctx context.Context, caller Caller, id, interview string, decide func(application.Application, domain.Stamp) ([]application.Event, error)) (Answer, error) {
	return c.onApplication(ctx, id, caller, need{area: access.Interviews, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			events, err := decide(a, s)
			if err != nil || len(events) == 0 {
				return events, err
			}
			return append(events, a.EndGrants(application.ByInterview, interview, "", c.accessEnds(s), s)...), nil
		})
}

// AnswerInterview notes what somebody answered.
type AnswerInterview struct {
	Application string                 `json:"-"`
	Interview   string                 `json:"-"`
	Member      string                 `json:"participant_id,omitempty" format:"uuid" doc:"The participant who answered; left out, it was the candidate"`
	Answer      application.AnswerKind `json:"answer" enum:"accepted,tentative,declined" doc:"What they answered"`
	Slot        string                 `json:"slot,omitempty" maxLength:"16" doc:"Of the starts that are offered, the one that the candidate picked; it is the start from then on"`
}

// AnswerInterview gives cmd. Participants who may view interviews answer for
// themselves; whoever has edit on the interviews area notes what others answered,
// the candidate among them. Errors: those of application.AnswerInterview; ErrDenied.
func (c *Commands) AnswerInterview(ctx context.Context, caller Caller, cmd AnswerInterview) (Answer, error) {
	level := access.Edit
	if cmd.Member != "" && cmd.Member == caller.Actor.MemberID() {
		level = access.View
	}
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Interviews, level: level},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return a.AnswerInterview(cmd.Interview, cmd.Member, cmd.Answer, cmd.Slot, s)
		})
}
