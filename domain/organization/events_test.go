package organization_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/organization"
)

func TestStored(t *testing.T) {
	const id = "5d0c2a7e-9b1f-4c3d-8e6a-7f8091a2b3c4"
	on, hours, days, raters := true, 48, 30, 3
	domaintest.Stored[organization.Event](t, "organization", organization.Codec,
		founded,
		organization.SettingsChanged{
			Stamp: s, SelfTracking: &on, RatingVisibility: &on, RatingMinRaters: &raters, DiscloseAfterHours: &hours, ReadOnlyDays: &days,
			InterviewExpiresAtEnd: &on, InterviewMailParticipants: &on, AccessAfterDays: &days, UnassignAfterDays: &days,
			SignHires: &on, ReadLogDays: &days, MemberMetrics: &on,
		},
		organization.RecruitingRoleDefined{Stamp: s, Role: id, Name: "Hiring manager", Access: access.Role{
			Areas:     areas{access.Application: access.View, access.Notes: access.Edit},
			Documents: kinds{access.CV: access.View},
		}},
		organization.ReasonDefined{Stamp: s, Reason: id, Label: "Not a fit", Kind: organization.We},
		organization.TagDefined{Stamp: s, Tag: id, Label: "Remote"},
	)
}

func ask(t *rapid.T, s domain.Stamp) func(organization.Organization) ([]organization.Event, error) {
	id := rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(t, "id")
	label := rapid.SampledFrom([]string{"Red", "RED", "green", " Blue ", "", "a\tb", "ﬂow", "İ", "Straße"}).Draw(t, "label")
	kind := rapid.SampledFrom([]organization.ReasonKind{organization.We, organization.They, organization.OtherReason, "fate"}).Draw(t, "kind")
	level := rapid.SampledFrom([]access.Level{access.None, access.View, access.Edit, 3})
	role := access.Role{
		Areas:     rapid.MapOfN(rapid.SampledFrom([]access.Area{access.Notes, access.Salary, access.Offers}), level, 0, 2).Draw(t, "areas"),
		Documents: rapid.MapOfN(rapid.SampledFrom(access.Categories()), level, 0, 2).Draw(t, "documents"),
	}
	maybe := rapid.Ptr(rapid.Bool(), true)
	change := organization.SettingsChange{
		SelfTracking: maybe.Draw(t, "self-tracking"), RatingVisibility: maybe.Draw(t, "ratings"),
		DiscloseAfterHours: rapid.Ptr(rapid.IntRange(-1, 721), true).Draw(t, "hours"),
		RatingMinRaters:    rapid.Ptr(rapid.IntRange(0, 51), true).Draw(t, "raters"),
		ReadLogDays:        rapid.Ptr(rapid.IntRange(29, 3651), true).Draw(t, "days"),
		SignHires:          maybe.Draw(t, "signing"),
	}
	return rapid.SampledFrom([]when{
		func(o organization.Organization) ([]organization.Event, error) { return o.Found(label, s) },
		func(o organization.Organization) ([]organization.Event, error) { return o.ChangeSettings(change, s) },
		func(o organization.Organization) ([]organization.Event, error) {
			return o.DefineRole(id, label, role, s)
		},
		func(o organization.Organization) ([]organization.Event, error) {
			return o.DefineReason(id, label, kind, s)
		},
		func(o organization.Organization) ([]organization.Event, error) { return o.DefineTag(id, label, s) },
	}).Draw(t, "command")
}

func TestRandom(t *testing.T) {
	domaintest.Aggregate[organization.Organization, organization.Event]{
		Codec: organization.Codec, Fold: organization.Organization.Fold, Ask: ask,
		Holds: func(_ organization.Organization, _ organization.Event, after organization.Organization) string {
			if d := after.Settings.DiscloseAfter; d < 0 || d > 30*24*time.Hour {
				return "a rejection shows after " + d.String()
			}
			if s := after.Settings; after.Founded && (s.RatingMinRaters < 1 || s.RatingMinRaters > 50 || s.ReadLogDays < 30 || s.ReadLogDays > 3650) {
				return fmt.Sprintf("settings are %+v", s)
			}
			for id, label := range after.Tags {
				if found, ok := after.TagLabelled(label); !ok || found != id {
					return "the label " + label + " is not one tag's"
				}
			}
			return ""
		},
	}.Random(t)
}

func FuzzDecode(f *testing.F) {
	on := true
	domaintest.Fuzz(f, organization.Codec, organization.Organization.Fold, []organization.Event{founded, manager, weak, remote}, func(o organization.Organization) {
		_, _ = o.Found("Acme", s)
		_, _ = o.ChangeSettings(organization.SettingsChange{SelfTracking: &on}, s)
		_, _ = o.DefineRole("r1", "Manager", access.Role{Areas: areas{access.Notes: access.View}}, s)
		_, _ = o.DefineReason("w", "Not a fit", organization.They, s)
		_, _ = o.DefineTag("t2", "Office", s)
	})
}
