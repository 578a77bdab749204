package readmodels

// Settings are the switches of the organisation.
type Settings struct {
	SelfTracking              bool `json:"self_tracking" doc:"Candidates have a page where they follow their application"`
	RatingVisibility          bool `json:"rating_visibility" doc:"Candidates see the mean rating on that page"`
	RatingMinRaters           int  `json:"rating_min_raters" doc:"How many members must have rated before the candidate sees the mean"`
	DiscloseAfterHours        int  `json:"disclose_after_hours" doc:"Hours until a rejection without a message shows to the candidate"`
	ReadOnlyDays              int  `json:"read_only_days" doc:"Days the candidate's page can still be read after the application closed"`
	InterviewExpiresAtEnd     bool `json:"interview_expires_at_end" doc:"An interview nobody completed counts as expired from its end on, not from the end of its day"`
	InterviewMailParticipants bool `json:"interview_mail_participants" doc:"Participants are told of interviews by e-mail, besides their inbox"`
	AccessAfterDays           int  `json:"access_after_days" doc:"Days that access by an interview or a review request lasts after it is submitted, cancelled or closed"`
	UnassignAfterDays         int  `json:"unassign_after_days" doc:"Mail for an application that closed more than so many days ago goes to the unassigned messages"`
	SignHires                 bool `json:"sign_hires" doc:"The candidate's signature under the contract hires them, without a member's command"`
	ReadLogDays               int  `json:"read_log_days" doc:"Days it is kept who read what"`
	MemberMetrics             bool `json:"member_metrics" doc:"Reports may show load and response times, of teams of at least five"`
	UploadMailMembers         bool `json:"upload_mail_members" doc:"Who asked for a document, and recruitment managers, are told of uploads by e-mail, besides their inbox"`
	SecondFactorRequired      bool `json:"second_factor_required" doc:"Members without a second factor may do nothing but enrol one"`
}

// SettingsRow is the row of table settings.
type SettingsRow struct {
	Organization string // its id
	Name         string
	Settings
	Revision int64 // of the organisation's stream
}

// SettingsTable returns table settings: the switches of the organisation, in
// one row.
func SettingsTable() Table[SettingsRow] {
	return Table[SettingsRow]{
		Name: "settings",
		Key:  func(r *SettingsRow) *string { return &r.Organization },
		Columns: []Column[SettingsRow]{
			Col("organization_id", "uuid", func(r *SettingsRow) *string { return &r.Organization }),
			Col("name", "text", func(r *SettingsRow) *string { return &r.Name }),
			Col("self_tracking", "boolean", func(r *SettingsRow) *bool { return &r.SelfTracking }),
			Col("rating_visibility", "boolean", func(r *SettingsRow) *bool { return &r.RatingVisibility }),
			Col("rating_min_raters", "integer", func(r *SettingsRow) *int { return &r.RatingMinRaters }),
			Col("disclose_after_hours", "integer", func(r *SettingsRow) *int { return &r.DiscloseAfterHours }),
			Col("read_only_days", "integer", func(r *SettingsRow) *int { return &r.ReadOnlyDays }),
			Col("interview_expires_at_end", "boolean", func(r *SettingsRow) *bool { return &r.InterviewExpiresAtEnd }),
			Col("interview_mail_participants", "boolean", func(r *SettingsRow) *bool { return &r.InterviewMailParticipants }),
			Col("access_after_days", "integer", func(r *SettingsRow) *int { return &r.AccessAfterDays }),
			Col("unassign_after_days", "integer", func(r *SettingsRow) *int { return &r.UnassignAfterDays }),
			Col("sign_hires", "boolean", func(r *SettingsRow) *bool { return &r.SignHires }),
			Col("read_log_days", "integer", func(r *SettingsRow) *int { return &r.ReadLogDays }),
			Col("member_metrics", "boolean", func(r *SettingsRow) *bool { return &r.MemberMetrics }),
			Col("upload_mail_members", "boolean", func(r *SettingsRow) *bool { return &r.UploadMailMembers }),
			Col("second_factor_required", "boolean", func(r *SettingsRow) *bool { return &r.SecondFactorRequired }),
			Col("revision", "bigint", func(r *SettingsRow) *int64 { return &r.Revision }),
		},
	}
}
