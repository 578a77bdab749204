package readmodels

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// HireEntry is a hire of an application, in force or undone.
type HireEntry struct {
	ID         string          `json:"id" format:"uuid"`
	At         time.Time       `json:"at"`
	By         By              `json:"by"`
	Reason     *personal.Plain `json:"reason" doc:"Null if absent, erased or masked, and without the right to view decisions"`
	OfferID    *string         `json:"offer_id" format:"uuid" doc:"The accepted offer it was by; null if there was none, and without the right to view offers"`
	UndoneAt   *time.Time      `json:"undone_at"`
	UndoneBy   *By             `json:"undone_by"`
	UndoReason *personal.Plain `json:"undo_reason" doc:"Null as reason"`
	EmployeeID *string         `json:"employee_id" format:"uuid" doc:"The employee profile; null until it is there, once the application is anonymised, and for who may not read it"`
	Left       []LeftEffect    `json:"left" doc:"What the hire led to and an undoing finds done"`
}

// Hires returns the hires of an application as member may see them at now, newest
// first. Errors: ErrNotFound.
func (c *Core) Hires(ctx context.Context, member, applicationID string, now time.Time) ([]HireEntry, error) {
	list := []HireEntry{}
	err := c.snapshot(ctx, "hires", func(tx pgx.Tx, s Schema) error {
		v, err := c.open(ctx, tx, s, member, applicationID, now)
		if err != nil {
			return err
		}
		var rows []HireRow
		var employees []EmployeeRow
		var settings []SettingsRow
		b := new(pgx.Batch)
		queueRows(b, s, Hires(), &rows, "application_id = $1 ORDER BY at DESC, hire_id", applicationID)
		queueRows(b, s, Employees(), &employees, "employee_id IN (SELECT employee_id FROM "+s.Table("hires")+" WHERE application_id = $1)", applicationID)
		queueRows(b, s, SettingsTable(), &settings, "true")
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		t := newTexts(c.vault, applicationID, v.rights.Masked)
		for _, r := range rows {
			t.want(r.Reason, r.UndoReason)
			t.wantBy(r.By)
			t.wantByOrNil(r.UndoneBy)
		}
		if err := t.loadNow(ctx, tx, s); err != nil {
			return err
		}
		tracking := slices.ContainsFunc(settings, func(o SettingsRow) bool { return o.SelfTracking })
		for _, r := range rows {
			list = append(list, r.shown(v, t, employees, tracking))
		}
		return t.err
	})
	return list, err
}

func (r HireRow) shown(v view, t *texts, employees []EmployeeRow, tracking bool) HireEntry {
	h := HireEntry{
		ID: r.ID, At: r.At, By: t.by(r.By), UndoneAt: r.UndoneAt, UndoneBy: t.byOrNil(r.UndoneBy), Left: []LeftEffect{},
	}
	if v.rights.Area(access.Decision) >= access.View {
		h.Reason, h.UndoReason = t.text(r.Reason), t.text(r.UndoReason)
	}
	if v.rights.Area(access.Offers) >= access.View {
		h.OfferID = r.Offer
	}
	if tracking {
		h.Left = append(h.Left, LeftEffect{Kind: "shown_to_candidate", At: r.At})
	}
	for _, e := range employees {
		if r.Employee == nil || e.ID != *r.Employee {
			continue
		}
		h.Left = append(h.Left, LeftEffect{Kind: "employee_created", At: e.CreatedAt, ReversedAt: e.EndedAt})
		if v.readsEmployees() {
			h.EmployeeID = r.Employee
		}
	}
	return h
}

// readsEmployees reports whether the member reads the employee profiles of the
// application's job.
func (v view) readsEmployees() bool { return v.rights.Manager || v.everywhere() }

// Employee is the profile of somebody who was hired.
type Employee struct {
	ID            string             `json:"id" format:"uuid"`
	Revision      int64              `json:"revision" doc:"For If-Match"`
	State         EmployeeState      `json:"state" enum:"active,reversed,erased" doc:"reversed: the hire was undone"`
	Job           JobRef             `json:"job" doc:"They were hired for"`
	ApplicationID *string            `json:"application_id" format:"uuid" doc:"It came of; null once that was anonymised"`
	HiredAt       time.Time          `json:"hired_at"`
	CreatedAt     time.Time          `json:"created_at"`
	EndedAt       *time.Time         `json:"ended_at" doc:"When it was reversed or erased"`
	FirstName     *personal.Plain    `json:"first_name" doc:"Null if absent, erased or masked"`
	LastName      *personal.Plain    `json:"last_name" doc:"Null if absent, erased or masked"`
	Email         *personal.Plain    `json:"email" doc:"Null if absent, erased or masked"`
	Phone         *personal.Plain    `json:"phone" doc:"Null if absent, erased or masked"`
	Documents     []EmployeeDocument `json:"documents" doc:"That went along, of categories you may view; none in lists"`
	Masked        bool               `json:"masked" doc:"Personal fields are hidden from you"`
}

// EmployeeDocument is a document that went along from the application.
type EmployeeDocument struct {
	ID       string                     `json:"id" format:"uuid"`
	Category access.Category            `json:"category"`
	Status   application.DocumentStatus `json:"status" enum:"requested,uploaded,approved,rejected,cancelled,deleted" doc:"When the person was hired"`
	Title    *personal.Plain            `json:"title" doc:"Of the request; null if absent, erased or masked"`
	Versions []EmployeeDocumentVersion  `json:"versions" doc:"Newest first"`
}

// EmployeeDocumentVersion is a version of it, with its last review.
type EmployeeDocumentVersion struct {
	Version    int             `json:"version"`
	UploadedAt time.Time       `json:"uploaded_at"`
	UploadedBy By              `json:"uploaded_by"`
	Files      []File          `json:"files"`
	Review     *DocumentReview `json:"review" doc:"The last one"`
}

// EmployeeQuery chooses a page of employees.
type EmployeeQuery struct {
	Limit  int // 1 to MaxLimit; 0 = DefaultLimit
	Cursor string
}

// EmployeePage is a page of employees, last hired first.
type EmployeePage struct {
	Items      []Employee `json:"items" doc:"Last hired first"`
	NextCursor *string    `json:"next_cursor" doc:"Where the next page begins; null on the last one"`
	HasMore    bool       `json:"has_more"`
}

// readsEmployee is a condition: the member reads the profile in row, as an admin,
// as a recruitment manager of its job, or masked, as an auditor.
func (v sight) readsEmployee(q *statement, row string) string {
	switch v.role {
	case access.Admin, access.Auditor:
		return "true"
	case access.Recruiting, access.Reporting:
		return v.manages(q, row)
	}
	return "false"
}

// Employees returns a page of the employee profiles that member reads at now.
// Errors: ErrQuery, ErrCursor.
func (c *Core) Employees(ctx context.Context, member string, in EmployeeQuery, now time.Time) (EmployeePage, error) {
	page := EmployeePage{Items: []Employee{}}
	if in.Limit == 0 {
		in.Limit = DefaultLimit
	}
	if in.Limit < 1 || in.Limit > MaxLimit {
		return page, ErrQuery.Because("A page has 1 to %d entries.", MaxLimit)
	}
	signedFor := []any{"employees", member}
	after := cursor{}
	if in.Cursor != "" {
		var err error
		if after, err = decodeCursor(c.vault, signedFor, in.Cursor); err != nil {
			return page, err
		}
	}
	err := c.snapshot(ctx, "employees", func(tx pgx.Tx, s Schema) error {
		v, err := sightOf(ctx, tx, s, member, now)
		if err != nil {
			return err
		}
		q := new(statement)
		where := v.readsEmployee(q, "employees")
		if in.Cursor != "" {
			where += fmt.Sprintf(" AND (hired_at, employee_id) < (%s, %s)", q.arg(after.at), q.arg(after.id))
		}
		var rows []EmployeeRow
		b := new(pgx.Batch)
		queueRows(b, s, Employees(), &rows, where+" ORDER BY hired_at DESC, employee_id DESC LIMIT "+q.arg(in.Limit+1), q.args...)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		if len(rows) > in.Limit {
			rows, page.HasMore = rows[:in.Limit], true
			last := rows[in.Limit-1]
			next, err := cursor{at: last.HiredAt, id: uuid.MustParse(last.ID)}.encode(c.vault, signedFor)
			if err != nil {
				return err
			}
			page.NextCursor = &next
		}
		for _, r := range rows {
			e, err := c.employee(ctx, tx, v, r, nil)
			if err != nil {
				return err
			}
			page.Items = append(page.Items, e)
		}
		return nil
	})
	return page, err
}

// Employee returns an employee profile as member may see it at now, with the
// documents of categories that they may view on the job.
// Errors: ErrNotFound.
func (c *Core) Employee(ctx context.Context, member, id string, now time.Time) (Employee, error) {
	var e Employee
	err := c.snapshot(ctx, "employee", func(tx pgx.Tx, s Schema) (err error) {
		e, err = c.employeeFor(ctx, tx, s, member, id, now)
		return err
	})
	return e, err
}

func (c *Core) employeeFor(ctx context.Context, tx pgx.Tx, s Schema, member, id string, now time.Time) (Employee, error) {
	if !isID(member, id) {
		return Employee{}, ErrNotFound
	}
	v, err := sightOf(ctx, tx, s, member, now)
	if err != nil {
		return Employee{}, err
	}
	q, b := new(statement), new(pgx.Batch)
	var rows []EmployeeRow
	documents := []EmployeeDocumentRow{}
	queueRows(b, s, Employees(), &rows, "employee_id = "+q.arg(id)+" AND "+v.readsEmployee(q, "employees"), q.args...)
	queueRows(b, s, EmployeeDocuments(), &documents, "employee_id = $1 ORDER BY category, document_id", id)
	if err := send(ctx, tx, b); err != nil {
		return Employee{}, err
	}
	if len(rows) == 0 {
		return Employee{}, ErrNotFound
	}
	// What one sees of documents, one's roles say, as they do with the application.
	held, _, err := rightsOn(ctx, tx, s, member, rows[0].Job, nil, now)
	if err != nil {
		return Employee{}, err
	}
	documents = slices.DeleteFunc(documents, func(d EmployeeDocumentRow) bool { return !d.views(held) })
	return c.employee(ctx, tx, v, rows[0], documents)
}

// views reports whether who has some rights on the job sees a document: its
// category and, if it is a contract, offers and salaries.
func (r EmployeeDocumentRow) views(held access.Rights) bool {
	return held.Document(r.Category) >= access.View && (!r.Contract || held.Contracts())
}

// employee shows a profile; documents are nil in lists.
func (c *Core) employee(ctx context.Context, tx pgx.Tx, v sight, r EmployeeRow, documents []EmployeeDocumentRow) (Employee, error) {
	j, err := one(ctx, tx, v.schema, Jobs(), "job_id", r.Job)
	if err != nil {
		return Employee{}, err
	}
	t := newTexts(c.vault, r.ID, v.role == access.Auditor)
	t.want(r.FirstName, r.LastName, r.Email, r.Phone)
	for _, d := range documents {
		d.want(t)
	}
	if err := t.loadNow(ctx, tx, v.schema); err != nil {
		return Employee{}, err
	}
	var files []string
	for _, d := range documents {
		for _, version := range d.Versions.V {
			for _, f := range version.Files {
				files = append(files, f.ID)
			}
		}
	}
	scanned, err := withheldAmong(ctx, tx, v.schema, files)
	if err != nil {
		return Employee{}, err
	}
	e := Employee{
		ID: r.ID, Revision: r.Revision, State: r.State, Job: JobRef{ID: j.ID, Title: j.Title}, HiredAt: r.HiredAt, CreatedAt: r.CreatedAt, EndedAt: r.EndedAt,
		FirstName: t.text(r.FirstName), LastName: t.text(r.LastName), Email: t.text(r.Email), Phone: t.text(r.Phone),
		Masked: t.masked, Documents: []EmployeeDocument{},
	}
	if r.Application != nobody {
		e.ApplicationID = &r.Application
	}
	for _, d := range documents {
		e.Documents = append(e.Documents, d.shown(t, scanned))
	}
	return e, t.err
}

func (r EmployeeDocumentRow) want(t *texts) {
	t.want(r.Title)
	for _, v := range r.Versions.V {
		t.want(v.Reason)
		t.wantBy(v.UploadedBy, v.ReviewedBy)
		for _, f := range v.Files {
			t.want(f.Name)
		}
	}
}

func (r EmployeeDocumentRow) shown(t *texts, scanned withheld) EmployeeDocument {
	d := EmployeeDocument{ID: r.Document, Category: r.Category, Status: r.Status, Title: t.text(r.Title), Versions: []EmployeeDocumentVersion{}}
	for _, v := range slices.Backward(r.Versions.V) {
		shown := EmployeeDocumentVersion{Version: v.Number, UploadedAt: v.UploadedAt, UploadedBy: t.by(v.UploadedBy), Files: []File{}}
		for _, f := range v.Files {
			shown.Files = append(shown.Files, File{ID: f.ID, Name: t.text(f.Name), Size: f.Size, Type: f.Type, Scanned: scanned[f.ID]})
		}
		if v.ReviewedAt != nil {
			shown.Review = &DocumentReview{Status: v.Status, At: *v.ReviewedAt, By: t.by(v.ReviewedBy), Reason: t.text(v.Reason)}
		}
		d.Versions = append(d.Versions, shown)
	}
	return d
}

// EmployeeFile returns a file of a document that went along, for who reads the
// profile unmasked and may view the document.
// Errors: ErrNotFound, application.ErrFileHeld, application.ErrFileQuarantined.
func (c *Core) EmployeeFile(ctx context.Context, member, employeeID, documentID, fileID string, now time.Time) (Employee, StoredFile, error) {
	e, err := c.Employee(ctx, member, employeeID, now)
	switch {
	case err != nil:
		return e, StoredFile{}, err
	case e.Masked:
		return e, StoredFile{}, ErrNotFound
	}
	for _, d := range e.Documents {
		for _, v := range d.Versions {
			for _, f := range v.Files {
				if d.ID == documentID && f.ID == fileID {
					return e, StoredFile{File: f, ApplicationID: employeeID, DocumentID: d.ID, Version: v.Version, Category: d.Category}, f.given()
				}
			}
		}
	}
	return e, StoredFile{}, ErrNotFound
}
