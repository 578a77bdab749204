package bulk

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// Kind is what is done. It is stored for ever.
type Kind string

// What can be done to many applications.
const (
	Move            Kind = "move"
	Disqualify      Kind = "disqualify"
	Requalify       Kind = "requalify"
	Tag             Kind = "tag"
	Untag           Kind = "untag"
	RequestDocument Kind = "request_document"
	SetOwner        Kind = "set_owner"
	Message         Kind = "message"
	Transfer        Kind = "transfer"
	Anonymise       Kind = "anonymise"
)

// Action is what is done to each application. Which fields count, Kind says.
type Action struct {
	Kind   Kind                `json:"kind"`
	Stage  string              `json:"stage,omitempty"`  // to move to
	From   string              `json:"from,omitempty"`   // to move from; none = wherever it is
	As     application.Outcome `json:"as,omitempty"`     // of a disqualification
	Reason string              `json:"reason,omitempty"` // of a disqualification, from the list
	Tag    string              `json:"tag,omitempty"`
	Owner  string              `json:"owner,omitempty"` // member
	Job    string              `json:"job,omitempty"`   // to assign to

	Document *Document `json:"document,omitempty"`
	Letter   *Letter   `json:"letter,omitempty"` // of a message, and of a disqualification that is told

	Title personal.Text `json:"title"` // of a document
	// Text is the comment of a move, the note of a disqualification, the reason of
	// a requalification or of an assignment, the description of a document.
	Text personal.Text `json:"text"`
}

// Document is a document that is asked for.
type Document struct {
	Category access.Category      `json:"category"`
	Formats  []application.Format `json:"formats,omitempty"`
	MaxMiB   int                  `json:"max_mib,omitempty"`
	MaxFiles int                  `json:"max_files,omitempty"`
	DueAt    *time.Time           `json:"due_at,omitempty"`
}

// Letter is a message to each candidate, its placeholders not filled yet.
type Letter struct {
	Template     string        `json:"template,omitempty"`
	Subject      personal.Text `json:"subject"`
	Text         personal.Text `json:"text"`
	SendAt       *time.Time    `json:"send_at,omitempty"`        // none = at once
	LeaveOutTold bool          `json:"leave_out_told,omitempty"` // who had a message of the template gets none
}

// check refuses an action that says too little to be done to anything.
func (a Action) check() error {
	var missing bool
	switch a.Kind {
	case Move:
		missing = a.Stage == ""
	case Disqualify:
		missing = a.As == "" || a.Reason == ""
	case Requalify:
		missing = a.Text.IsZero()
	case Tag, Untag:
		missing = a.Tag == ""
	case RequestDocument:
		missing = a.Document == nil || a.Title.IsZero()
	case SetOwner:
		missing = a.Owner == ""
	case Transfer:
		missing = a.Job == ""
	case Message:
		missing = a.Letter == nil
	case Anonymise:
	default:
		return domain.ErrInvalid.Because("There is no such bulk action.")
	}
	if l := a.Letter; l != nil {
		missing = missing || l.Subject.IsZero() || l.Text.IsZero() || l.LeaveOutTold && l.Template == ""
	}
	if missing {
		return domain.ErrInvalid.Because("The bulk action does not say all it needs.")
	}
	return nil
}

// Touches reports whether a later event of an application changed what the
// action had changed, so that it is not taken back. document is the one the
// action asked for.
func (a Action) Touches(e application.Event, document string) bool {
	switch e := e.(type) { //nolint:gochecksumtype // most events leave it as it is
	case application.Anonymised, application.Deleted:
		return true
	case application.StageMoved, application.MoveUndone:
		return a.Kind == Move
	case application.Disqualified, application.Requalified, application.ReasonChanged:
		return a.Kind == Disqualify || a.Kind == Requalify
	case application.TagAdded:
		return (a.Kind == Tag || a.Kind == Untag) && e.Tag == a.Tag
	case application.TagRemoved:
		return (a.Kind == Tag || a.Kind == Untag) && e.Tag == a.Tag
	case application.OwnerSet:
		return a.Kind == SetOwner
	case application.DocumentUploaded:
		return a.Kind == RequestDocument && e.Document == document
	case application.DocumentCancelled:
		return a.Kind == RequestDocument && e.Document == document
	}
	return false
}
