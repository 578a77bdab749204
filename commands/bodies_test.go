package commands_test

import (
	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

func settings(selfTracking *bool) commands.ChangeSettings {
	return commands.ChangeSettings{SettingsChange: organization.SettingsChange{SelfTracking: selfTracking}}
}

func receive(job string, email personal.Plain) commands.Receive {
	return commands.Receive{Job: job, Source: "referral", Candidate: candidate.Details{FirstName: "Cleo", Email: email}}
}
