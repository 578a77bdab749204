// Package access decides who may do what. It is pure: the callers bring the
// organisation role of a member and what the member holds on a job or on one
// application.
//
// A recruiting role is a set of areas, each with a level. Rights add up: a
// member has the highest level that anything gives. Admins have every area;
// auditors see histories and headers with personal fields masked; the other
// organisation roles give nothing on an application by themselves.
package access

import (
	"fmt"
	"maps"
)

// Area is a part of an application that rights are given for.
type Area string

// The areas. Documents have a level for each category instead.
const (
	Application Area = "application" // list, header, move, flag, owner, assign to job
	Decision    Area = "decision"    // disqualify, requalify, hire, undo
	Profile     Area = "profile"
	Sensitive   Area = "sensitive" // gender, birthday
	Salary      Area = "salary"
	Interviews  Area = "interviews"
	Messages    Area = "messages"
	Evaluations Area = "evaluations"
	Comments    Area = "comments"
	Notes       Area = "notes"
	Offers      Area = "offers"
	Tags        Area = "tags"
	Grants      Area = "access"  // grants, review requests
	Erasure     Area = "erasure" // anonymise, delete, export
	History     Area = "history"
)

// Areas returns every area, in the order they are shown.
func Areas() []Area {
	return []Area{Application, Decision, Profile, Sensitive, Salary, Interviews, Messages, Evaluations, Comments, Notes, Offers, Tags, Grants, Erasure, History}
}

// Category is what kind of document a file is.
type Category string

// The categories every organisation has. Uncategorised is set by the system
// alone.
const (
	CV                  Category = "cv"
	CoverLetter         Category = "cover_letter"
	EmploymentReference Category = "employment_reference"
	Certificate         Category = "certificate"
	WorkSample          Category = "work_sample"
	OfferDocument       Category = "offer"
	OutboundAttachment  Category = "outbound_attachment"
	Other               Category = "other"
	Uncategorised       Category = "uncategorised"
)

// Categories returns the built-in categories, in the order they are shown.
func Categories() []Category {
	return []Category{CV, CoverLetter, EmploymentReference, Certificate, WorkSample, OfferDocument, OutboundAttachment, Other, Uncategorised}
}

// Custom reports whether c has the form of a category that an organisation
// defined for itself: its id.
func (c Category) Custom() bool {
	return len(c) == 36 && c[8] == '-' && c[13] == '-' && c[18] == '-' && c[23] == '-'
}

// Level is how far a right goes. Edit includes View.
type Level uint8

// The levels, in order.
const (
	None Level = iota
	View
	Edit
)

// levelNames are stored in events: add to them, never change one.
var levelNames = [...]string{None: "none", View: "view", Edit: "edit"}

// String returns the stored name of l.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return fmt.Sprintf("Level(%d)", uint8(l))
}

// MarshalText writes the name.
func (l Level) MarshalText() ([]byte, error) {
	if int(l) >= len(levelNames) {
		return nil, fmt.Errorf("no name for %v", l)
	}
	return []byte(levelNames[l]), nil
}

// UnmarshalText reads a name MarshalText wrote.
func (l *Level) UnmarshalText(text []byte) error {
	for i, name := range levelNames {
		if name == string(text) {
			*l = Level(i)
			return nil
		}
	}
	return fmt.Errorf("unknown level %q", text)
}

// Role is what a recruiting role gives. Absent entries are None.
type Role struct {
	Areas     map[Area]Level     `json:"areas"`
	Documents map[Category]Level `json:"documents"`
}

// OrganizationRole is what a member is for the whole organisation.
type OrganizationRole string

// The organisation roles.
const (
	Admin      OrganizationRole = "admin"
	Recruiting OrganizationRole = "recruiting"
	Auditor    OrganizationRole = "auditor"
	Reporting  OrganizationRole = "reporting"
)

// Valid reports whether r is one of the organisation roles.
func (r OrganizationRole) Valid() bool {
	return r == Admin || r == Recruiting || r == Auditor || r == Reporting
}

// Membership is one thing that gives a member rights on an application: a place
// in the job's hiring team, a grant on the application itself, or that it was
// opened to them as an auditor.
type Membership struct {
	Role    Role
	Manager bool // marked as a recruitment manager of the job
	Opening bool // an auditor sees everything; anybody else it gives nothing
}

// Rights are what a member may do with one application. The zero value is
// nothing.
type Rights struct {
	areas     map[Area]Level
	documents map[Category]Level
	all       Level
	auditor   bool
	// Manager is true for recruitment managers of the job and for admins.
	Manager bool
	// Masked is true when personal fields must not be shown.
	Masked bool
}

// Of returns the rights of a member with the organisation role who holds the
// memberships. An empty role (a member who is not active) has none.
func Of(role OrganizationRole, held ...Membership) Rights {
	switch role {
	case Admin:
		return Rights{all: Edit, Manager: true}
	case Recruiting, Auditor, Reporting:
	default:
		return Rights{}
	}
	r := Rights{areas: map[Area]Level{}, documents: map[Category]Level{}, auditor: role == Auditor}
	for _, m := range held {
		raise(r.areas, m.Role.Areas)
		raise(r.documents, m.Role.Documents)
		r.Manager = r.Manager || m.Manager
		if m.Opening && role == Auditor {
			r.all = View
		}
	}
	if role == Auditor {
		r.Masked = r.Area(Application) == None // else a place in the team shows them the person anyway
		raise(r.areas, map[Area]Level{Application: View, History: View})
	}
	return r
}

func raise[K comparable](have, more map[K]Level) {
	for k, level := range more {
		have[k] = max(have[k], level)
	}
}

// Area returns the level of an area.
func (r Rights) Area(a Area) Level { return max(r.all, r.areas[a]) }

// Document returns the level of a category of documents.
func (r Rights) Document(c Category) Level { return max(r.all, r.documents[c]) }

// Contracts reports whether the contracts of offers may be read: that takes view on
// offers and on salaries, beside what their documents take.
func (r Rights) Contracts() bool { return r.Area(Offers) >= View && r.Area(Salary) >= View }

// Impartial reports whether evaluations that are hidden from members until their
// own is in need not be hidden: from auditors who cannot evaluate.
func (r Rights) Impartial() bool { return r.auditor && r.Area(Evaluations) < Edit }

// AnyDocument returns the highest level of any category.
func (r Rights) AnyDocument() Level {
	level := r.all
	for l := range maps.Values(r.documents) {
		level = max(level, l)
	}
	return level
}

// Covers reports whether who has these rights has everything a role gives, so
// that giving it to somebody else gives no more than they have.
func (r Rights) Covers(role Role) bool {
	for area, level := range role.Areas {
		if r.Area(area) < level {
			return false
		}
	}
	for category, level := range role.Documents {
		if r.Document(category) < level {
			return false
		}
	}
	return true
}
