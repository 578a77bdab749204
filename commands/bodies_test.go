package commands_test

import (
	"os"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

var tomorrow = time.Now().Add(24 * time.Hour)

func settings(selfTracking *bool) commands.ChangeSettings {
	return commands.ChangeSettings{SettingsChange: organization.SettingsChange{SelfTracking: selfTracking}}
}

func receive(job string, email personal.Plain) commands.Receive {
	return commands.Receive{Job: job, Source: "referral", Candidate: candidate.Details{FirstName: "Cleo", Email: email}}
}

func newID() string { return uuid.NewString() }
