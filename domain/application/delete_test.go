package application_test

import (
	"testing"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

// What is deleted is anonymised, is unknown to whatever comes after, and is
// deleted once. It holds S2-95.
func TestDelete(t *testing.T) {
	deleted := application.Deleted{Stamp: by}
	remove := func(a application.Application) ([]application.Event, error) { return a.Delete(by) }
	anonymise := func(a application.Application) ([]application.Event, error) { return a.Anonymise(by) }
	requalify := func(a application.Application) ([]application.Event, error) { return a.Requalify(text("no"), by) }
	gone := events{received, rejected, anonymised, deleted}
	domaintest.Run(t, application.Application.Fold, []row{
		{Name: "a closed application", Given: events{received, rejected}, When: remove, Want: events{anonymised, deleted}},
		{Name: "one that was anonymised", Given: events{received, rejected, anonymised}, When: remove, Want: events{deleted}},
		{Name: "again", Given: gone, When: remove},
		{Name: "none", When: remove, Err: application.ErrUnknown},
		{Name: "a live one", Given: events{received}, When: remove, Err: application.ErrNotClosed, Says: "disqualify it before"},
		{Name: "anonymise what is deleted", Given: gone, When: anonymise},
		{Name: "take up what is deleted", Given: gone, When: requalify, Err: application.ErrUnknown},
	}...)
}
