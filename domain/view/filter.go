package view

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
)

// Filter chooses applications of the list: those that answer to all that it
// says. What somebody looks for by name is not part of it: that would keep the
// name.
type Filter struct {
	Jobs         []string              `json:"job_ids,omitempty" maxItems:"50" format:"uuid" doc:"Any of these jobs"`
	Stages       []string              `json:"stage_ids,omitempty" maxItems:"50" format:"uuid" doc:"Any of these stages"`
	Outcomes     []application.Outcome `json:"outcomes,omitempty" maxItems:"5" doc:"Any of these outcomes, as the list names them"`
	AnyTags      []string              `json:"any_tags,omitempty" maxItems:"50" format:"uuid" doc:"At least one of these tags, by id"`
	AllTags      []string              `json:"all_tags,omitempty" maxItems:"50" format:"uuid" doc:"Each of these tags, by id"`
	Priority     *bool                 `json:"priority,omitempty" doc:"Flagged or not"`
	KnockedOut   *bool                 `json:"knocked_out,omitempty" doc:"Flagged by an answer to the application form, or not"`
	Unread       *bool                 `json:"unread,omitempty" doc:"With comments that whoever looks has not read, or without"`
	Sources      []string              `json:"sources,omitempty" maxItems:"50" doc:"Any of these sources"`
	Owner        string                `json:"owner_id,omitempty" format:"uuid" doc:"Member responsible"`
	ReceivedFrom *time.Time            `json:"received_from,omitempty" doc:"Received then or later"`
	ReceivedTo   *time.Time            `json:"received_to,omitempty" doc:"Received before"`
	ChangedFrom  *time.Time            `json:"changed_from,omitempty" doc:"Changed then or later"`
	ChangedTo    *time.Time            `json:"changed_to,omitempty" doc:"Changed before"`
}

// maxChosen is how many of one kind a filter may name.
const maxChosen = 50

// checked returns f with its instants as they are stored. Errors: domain.ErrInvalid.
func (f Filter) checked() (Filter, error) {
	for _, names := range [][]string{f.Jobs, f.Stages, f.AnyTags, f.AllTags, f.Sources} {
		if len(names) > maxChosen {
			return f, domain.ErrInvalid.Because("A filter names at most %d of one kind.", maxChosen)
		}
		for _, name := range names {
			if _, err := domain.LineOf("What a filter names", name, 1, 200); err != nil {
				return f, err
			}
		}
	}
	if len(f.Outcomes) > maxChosen || len(f.Owner) > 36 {
		return f, domain.ErrInvalid.Because("A filter names at most %d of one kind.", maxChosen)
	}
	for _, at := range []**time.Time{&f.ReceivedFrom, &f.ReceivedTo, &f.ChangedFrom, &f.ChangedTo} {
		if *at != nil {
			instant := (*at).UTC().Truncate(time.Microsecond)
			*at = &instant
		}
	}
	return f, nil
}
