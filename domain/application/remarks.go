package application

import (
	"maps"
	"slices"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
)

// Remark names the note or the comment that files belong to: one of the two, or
// neither.
type Remark struct {
	Note    string `json:"note,omitempty"`
	Comment string `json:"comment,omitempty"`
}

// Area is the area of what r names; "" if it names nothing.
func (r Remark) Area() access.Area {
	switch {
	case r.Note != "":
		return access.Notes
	case r.Comment != "":
		return access.Comments
	}
	return ""
}

// ErrOfRemark means that a document has the files of a note or a comment, which
// are those that were put to it.
var ErrOfRemark = &domain.Refusal{Kind: domain.Illegal, Code: "document_of_remark", Message: "The files of a note or a comment take no other version; put another file to it."}

// MayAttach says whether whoever acts may put files to a note or a comment: a
// member to their own, while it is there.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownNote, ErrCandidateNote,
// ErrNotYourNote, ErrNoteDeleted, ErrUnknownComment, ErrNotYourComment,
// ErrCommentDeleted.
func (a Application) MayAttach(to Remark, by domain.Actor) error {
	if to.Note == "" {
		c, err := a.comment(to.Comment)
		switch {
		case err != nil:
			return err
		case c.Deleted:
			return ErrCommentDeleted
		case c.Author != by:
			return ErrNotYourComment
		}
		return nil
	}
	n, err := a.note(to.Note)
	switch {
	case err != nil:
		return err
	case n.Deleted:
		return ErrNoteDeleted
	case n.Author == domain.Candidate:
		return ErrCandidateNote.Because("A candidate's note stays as it was written.")
	case n.Author != by:
		return ErrNotYourNote.Because("Only its author puts files to the note.")
	}
	return nil
}

// Attach files a document with the files of a note or a comment, which go when it
// goes. The same again is no event. Errors: those of MayAttach and of Upload.
func (a Application) Attach(to Remark, document string, category access.Category, files []File, s domain.Stamp) ([]Event, error) {
	if err := a.MayAttach(to, s.By); err != nil {
		return nil, err
	}
	if d, known := a.Documents[document]; known && d.Of == to {
		return nil, nil
	}
	events, err := a.Upload(document, category, files, s)
	for i, e := range events {
		if up, ok := e.(DocumentUploaded); ok {
			up.Remark = to
			events[i] = up
		}
	}
	return events, err
}

// detached are the deletions of the files of a note or a comment.
func (a Application) detached(of Remark, s domain.Stamp) []Event {
	var events []Event
	for _, id := range slices.Sorted(maps.Keys(a.Documents)) {
		if d := a.Documents[id]; d.Of == of && len(d.Files) > 0 {
			events = append(events, VersionDeleted{Stamp: s, Document: id, Version: d.Versions})
		}
	}
	return events
}
