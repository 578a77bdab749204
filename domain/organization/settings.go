package organization

import (
	"time"

	"github.com/hirelog/hirelog/domain"
)

// SettingsChanged records the settings that got another value; absent ones kept
// theirs.
type SettingsChanged struct {
	domain.Stamp
	SelfTracking       *bool `json:"self_tracking,omitempty"`
	RatingVisibility   *bool `json:"rating_visibility,omitempty"`
	DiscloseAfterHours *int  `json:"disclose_after_hours,omitempty"`
}

// EventName implements domain.Fact.
func (SettingsChanged) EventName() string { return "organization.settings_changed.v1" }

func (e SettingsChanged) evolve(o Organization) Organization {
	if e.SelfTracking != nil {
		o.Settings.SelfTracking = *e.SelfTracking
	}
	if e.RatingVisibility != nil {
		o.Settings.RatingVisibility = *e.RatingVisibility
	}
	if e.DiscloseAfterHours != nil {
		o.Settings.DiscloseAfter = time.Duration(*e.DiscloseAfterHours) * time.Hour
	}
	return o
}

// SettingsChange says which settings get which value; nil leaves one alone.
type SettingsChange struct {
	SelfTracking       *bool `json:"self_tracking,omitempty" doc:"Candidates have a page where they follow their application"`
	RatingVisibility   *bool `json:"rating_visibility,omitempty" doc:"Candidates see the mean rating on that page"`
	DiscloseAfterHours *int  `json:"disclose_after_hours,omitempty" minimum:"0" maximum:"720" doc:"Hours until a rejection without a message shows to the candidate"`
}

// ChangeSettings sets the settings named in c. Values they already have are
// left out. Errors: domain.ErrInvalid.
func (o Organization) ChangeSettings(c SettingsChange, s domain.Stamp) ([]Event, error) {
	e := SettingsChanged{Stamp: s}
	if c.SelfTracking != nil && *c.SelfTracking != o.Settings.SelfTracking {
		e.SelfTracking = c.SelfTracking
	}
	if c.RatingVisibility != nil && *c.RatingVisibility != o.Settings.RatingVisibility {
		e.RatingVisibility = c.RatingVisibility
	}
	if h := c.DiscloseAfterHours; h != nil {
		if *h < 0 || *h > 30*24 {
			return nil, domain.ErrInvalid.Because("A rejection shows after 0 to 720 hours.")
		}
		if time.Duration(*h)*time.Hour != o.Settings.DiscloseAfter {
			e.DiscloseAfterHours = h
		}
	}
	if e.SelfTracking == nil && e.RatingVisibility == nil && e.DiscloseAfterHours == nil {
		return nil, nil
	}
	return []Event{e}, nil
}
