package organization

import (
	"time"

	"github.com/hirelog/hirelog/domain"
)

// Settings are the switches of the organisation. The zero value is the default
// before the founding; Founded sets the real defaults.
type Settings struct {
	SelfTracking     bool          // candidates have a page; default off
	RatingVisibility bool          // candidates see the mean rating; default off; only counts while SelfTracking is on
	RatingMinRaters  int           // with fewer raters the candidate sees no rating; default 1, 1–50
	DiscloseAfter    time.Duration // when a rejection shows to the candidate if no message was sent; default 24 h, 0–30 d
	ReadOnlyDays     int           // how long the candidate's page can be read after closing; default 90, 0–3650

	InterviewExpiresAtEnd     bool // an interview counts as expired from its end, else from the end of its day; default off
	InterviewMailParticipants bool // participants are told of interviews by mail too; default off

	AccessAfterDays   int  // how long access by an interview or a review outlives it; default 14, 0–365
	UnassignAfterDays int  // mail for an application that closed longer ago is assigned by hand; default 0, 0–3650
	SignHires         bool // a candidate's signature under the contract hires them; default off
	ReadLogDays       int  // how long it is kept who read what; default 365, 30–3650
	UploadMailMembers bool // who asked for a document and recruitment managers are told of uploads by mail too; default off
	MemberMetrics     bool // reports may show load and response times of teams of at least five; default off

	SecondFactorRequired bool // members without a second factor may only enrol one; default off
}

// defaults are the settings of an organisation that has changed none.
func defaults() Settings {
	return Settings{DiscloseAfter: 24 * time.Hour, RatingMinRaters: 1, ReadOnlyDays: 90, AccessAfterDays: 14, ReadLogDays: 365}
}

// SettingsChanged records the settings that got another value; absent ones kept
// theirs.
type SettingsChanged struct {
	domain.Stamp
	SelfTracking              *bool `json:"self_tracking,omitempty"`
	RatingVisibility          *bool `json:"rating_visibility,omitempty"`
	RatingMinRaters           *int  `json:"rating_min_raters,omitempty"`
	DiscloseAfterHours        *int  `json:"disclose_after_hours,omitempty"`
	ReadOnlyDays              *int  `json:"read_only_days,omitempty"`
	InterviewExpiresAtEnd     *bool `json:"interview_expires_at_end,omitempty"`
	InterviewMailParticipants *bool `json:"interview_mail_participants,omitempty"`
	AccessAfterDays           *int  `json:"access_after_days,omitempty"`
	UnassignAfterDays         *int  `json:"unassign_after_days,omitempty"`
	SignHires                 *bool `json:"sign_hires,omitempty"`
	ReadLogDays               *int  `json:"read_log_days,omitempty"`
	MemberMetrics             *bool `json:"member_metrics,omitempty"`
	UploadMailMembers         *bool `json:"upload_mail_members,omitempty"`
	SecondFactorRequired      *bool `json:"second_factor_required,omitempty"`
}

// EventName implements domain.Fact.
func (SettingsChanged) EventName() string { return "organization.settings_changed.v1" }

func (e SettingsChanged) evolve(o Organization) Organization {
	s := &o.Settings
	take(&s.SelfTracking, e.SelfTracking)
	take(&s.RatingVisibility, e.RatingVisibility)
	take(&s.RatingMinRaters, e.RatingMinRaters)
	if e.DiscloseAfterHours != nil {
		s.DiscloseAfter = time.Duration(*e.DiscloseAfterHours) * time.Hour
	}
	take(&s.ReadOnlyDays, e.ReadOnlyDays)
	take(&s.InterviewExpiresAtEnd, e.InterviewExpiresAtEnd)
	take(&s.InterviewMailParticipants, e.InterviewMailParticipants)
	take(&s.AccessAfterDays, e.AccessAfterDays)
	take(&s.UnassignAfterDays, e.UnassignAfterDays)
	take(&s.SignHires, e.SignHires)
	take(&s.ReadLogDays, e.ReadLogDays)
	take(&s.MemberMetrics, e.MemberMetrics)
	take(&s.UploadMailMembers, e.UploadMailMembers)
	take(&s.SecondFactorRequired, e.SecondFactorRequired)
	return o
}

func take[V any](to, from *V) {
	if from != nil {
		*to = *from
	}
}

// SettingsChange says which settings get which value; nil leaves one alone.
type SettingsChange struct {
	SelfTracking              *bool `json:"self_tracking,omitempty" doc:"Candidates have a page where they follow their application"`
	RatingVisibility          *bool `json:"rating_visibility,omitempty" doc:"Candidates see the mean rating on that page"`
	RatingMinRaters           *int  `json:"rating_min_raters,omitempty" minimum:"1" maximum:"50" doc:"How many members must have rated before the candidate sees the mean"`
	DiscloseAfterHours        *int  `json:"disclose_after_hours,omitempty" minimum:"0" maximum:"720" doc:"Hours until a rejection without a message shows to the candidate"`
	ReadOnlyDays              *int  `json:"read_only_days,omitempty" minimum:"0" maximum:"3650" doc:"Days the candidate's page can still be read after the application closed"`
	InterviewExpiresAtEnd     *bool `json:"interview_expires_at_end,omitempty" doc:"An interview nobody completed counts as expired from its end on, not from the end of its day"`
	InterviewMailParticipants *bool `json:"interview_mail_participants,omitempty" doc:"Participants are told of interviews by e-mail, besides their inbox"`
	AccessAfterDays           *int  `json:"access_after_days,omitempty" minimum:"0" maximum:"365" doc:"Days that access by an interview or a review request lasts after it is submitted, cancelled or closed"`
	UnassignAfterDays         *int  `json:"unassign_after_days,omitempty" minimum:"0" maximum:"3650" doc:"Mail for an application that closed more than so many days ago goes to the unassigned messages"`
	SignHires                 *bool `json:"sign_hires,omitempty" doc:"The candidate's signature under the contract hires them, without a member's command"`
	ReadLogDays               *int  `json:"read_log_days,omitempty" minimum:"30" maximum:"3650" doc:"Days it is kept who read what"`
	MemberMetrics             *bool `json:"member_metrics,omitempty" doc:"Reports may show load and response times, of teams of at least five"`
	UploadMailMembers         *bool `json:"upload_mail_members,omitempty" doc:"Who asked for a document, and recruitment managers, are told of uploads by e-mail, besides their inbox"`
	SecondFactorRequired      *bool `json:"second_factor_required,omitempty" doc:"Members without a second factor may do nothing but enrol one; to switch it on you need one yourself"`
}

// check refuses a value that is out of its range.
func (c SettingsChange) check() error {
	for _, r := range []struct {
		value       *int
		least, most int
		says        string
	}{
		{c.RatingMinRaters, 1, 50, "The mean rating shows from 1 to 50 raters on."},
		{c.DiscloseAfterHours, 0, 30 * 24, "A rejection shows after 0 to 720 hours."},
		{c.ReadOnlyDays, 0, 3650, "The candidate's page can be read for 0 to 3650 days after closing."},
		{c.AccessAfterDays, 0, 365, "Access lasts 0 to 365 days after an interview or a review."},
		{c.UnassignAfterDays, 0, 3650, "Mail goes to the unassigned messages 0 to 3650 days after closing."},
		{c.ReadLogDays, 30, 3650, "It is kept for 30 to 3650 days who read what."},
	} {
		if r.value != nil && (*r.value < r.least || *r.value > r.most) {
			return domain.ErrInvalid.Because("%s", r.says)
		}
	}
	return nil
}

// ChangeSettings sets the settings named in c. Values they already have are
// left out. Errors: domain.ErrInvalid.
func (o Organization) ChangeSettings(c SettingsChange, s domain.Stamp) ([]Event, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	have := o.Settings
	disclose := int(have.DiscloseAfter / time.Hour)
	e := SettingsChanged{
		Stamp:                     s,
		SelfTracking:              other(c.SelfTracking, have.SelfTracking),
		RatingVisibility:          other(c.RatingVisibility, have.RatingVisibility),
		RatingMinRaters:           other(c.RatingMinRaters, have.RatingMinRaters),
		DiscloseAfterHours:        other(c.DiscloseAfterHours, disclose),
		ReadOnlyDays:              other(c.ReadOnlyDays, have.ReadOnlyDays),
		InterviewExpiresAtEnd:     other(c.InterviewExpiresAtEnd, have.InterviewExpiresAtEnd),
		InterviewMailParticipants: other(c.InterviewMailParticipants, have.InterviewMailParticipants),
		AccessAfterDays:           other(c.AccessAfterDays, have.AccessAfterDays),
		UnassignAfterDays:         other(c.UnassignAfterDays, have.UnassignAfterDays),
		SignHires:                 other(c.SignHires, have.SignHires),
		ReadLogDays:               other(c.ReadLogDays, have.ReadLogDays),
		MemberMetrics:             other(c.MemberMetrics, have.MemberMetrics),
		UploadMailMembers:         other(c.UploadMailMembers, have.UploadMailMembers),
		SecondFactorRequired:      other(c.SecondFactorRequired, have.SecondFactorRequired),
	}
	if e == (SettingsChanged{Stamp: s}) {
		return nil, nil
	}
	return []Event{e}, nil
}

// other returns value unless it is what there is.
func other[V comparable](value *V, have V) *V {
	if value == nil || *value == have {
		return nil
	}
	return value
}
