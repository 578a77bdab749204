package readmodels

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// Note is a note between the company and the candidate.
type Note struct {
	ID            string          `json:"id" format:"uuid"`
	ApplicationID string          `json:"application_id" format:"uuid" doc:"This one, or one it goes on from"`
	By            By              `json:"by"`
	Text          *personal.Plain `json:"text" doc:"Null if deleted, erased or masked"`
	Visible       bool            `json:"visible" doc:"Whether the candidate sees it"`
	Stage         StageRef        `json:"stage" doc:"Where the application stood"`
	At            time.Time       `json:"at"`
	EditedAt      *time.Time      `json:"edited_at"`
	Earlier       []EarlierText   `json:"earlier" doc:"What it said before, oldest first"`
	Deleted       bool            `json:"deleted"`
	DeletedAt     *time.Time      `json:"deleted_at"`
	DeletedBy     *By             `json:"deleted_by"`
	Documents     []string        `json:"document_ids" doc:"Documents with its files, of categories you may view"`
}

// Comment is an internal comment.
type Comment struct {
	ID            string          `json:"id" format:"uuid"`
	ApplicationID string          `json:"application_id" format:"uuid" doc:"This one, or one it goes on from"`
	By            By              `json:"by"`
	Text          *personal.Plain `json:"text" doc:"Null if deleted, erased or masked"`
	Mentions      []MemberRef     `json:"mentions"`
	At            time.Time       `json:"at"`
	EditedAt      *time.Time      `json:"edited_at"`
	Earlier       []EarlierText   `json:"earlier" doc:"What it said before, oldest first"`
	Deleted       bool            `json:"deleted"`
	DeletedAt     *time.Time      `json:"deleted_at"`
	DeletedBy     *By             `json:"deleted_by"`
	Documents     []string        `json:"document_ids" doc:"Documents with its files, of categories you may view"`
	Unread        bool            `json:"unread" doc:"Somebody else wrote it, and you have not said that you read it"`
}

// EarlierText is what a note or a comment said until it was edited.
type EarlierText struct {
	Text *personal.Plain `json:"text" doc:"Null if deleted, erased or masked"`
	At   time.Time       `json:"at" doc:"Since when it said so"`
}

func (r NoteRow) shown(plan stagePlan, earlier map[string][]EarlierText, files map[string][]string, t *texts) Note {
	n := Note{
		ID: r.ID, ApplicationID: r.Application, By: t.by(r.Author), Text: t.text(r.Text), Visible: r.Visible, At: r.At,
		EditedAt: r.EditedAt, Earlier: orEmpty(earlier[r.ID]),
		Deleted: r.Deleted, DeletedAt: r.DeletedAt, DeletedBy: t.byOrNil(r.DeletedBy), Documents: orEmpty(files[r.ID]),
	}
	if stage := plan.stage(r.Stage); stage != nil {
		n.Stage = *stage
	}
	return n
}

// shown is the comment to a member who has read those up to a revision.
func (r CommentRow) shown(member string, read int64, earlier map[string][]EarlierText, files map[string][]string, t *texts) Comment {
	return Comment{
		ID: r.ID, ApplicationID: r.Application, By: t.by(r.Author), Text: t.text(r.Text), Mentions: t.named(r.Mentions), At: r.At,
		EditedAt: r.EditedAt, Earlier: orEmpty(earlier[r.ID]),
		Deleted: r.Deleted, DeletedAt: r.DeletedAt, DeletedBy: t.byOrNil(r.DeletedBy), Documents: orEmpty(files[r.ID]),
		Unread: !r.Deleted && r.Revision > read && r.Author != domain.Member(member),
	}
}

// shownEarlier opens earlier texts, by what said them.
func shownEarlier(rows []EarlierRow, t *texts) map[string][]EarlierText {
	by := map[string][]EarlierText{}
	for _, r := range rows {
		by[r.Subject] = append(by[r.Subject], EarlierText{Text: t.text(r.Text), At: r.At})
	}
	return by
}
