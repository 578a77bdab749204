package readmodels

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/personal"
)

// DataRequestState says where a request about a candidate's data stands.
type DataRequestState string

// The states.
const (
	DataRequestOpen    DataRequestState = "open"
	DataRequestDone    DataRequestState = "done"
	DataRequestRefused DataRequestState = "refused"
	DataRequestMoot    DataRequestState = "moot" // of a copy: nothing is left to be copied
)

// DataRequestRow is a row of table data_requests.
type DataRequestRow struct {
	ID         string
	Candidate  string
	Kind       candidate.DataKind
	State      DataRequestState
	AskedAt    time.Time
	AnsweredAt *time.Time
	Reason     []byte // of a refusal
}

// DataRequests returns table data_requests: what candidates asked about their
// data.
func DataRequests() Table[DataRequestRow] {
	return Table[DataRequestRow]{
		Name: "data_requests",
		Key:  func(r *DataRequestRow) *string { return &r.ID },
		Columns: []Column[DataRequestRow]{
			Col("request_id", "uuid", func(r *DataRequestRow) *string { return &r.ID }),
			Col("candidate_id", "uuid", func(r *DataRequestRow) *string { return &r.Candidate }),
			Col("kind", "text", func(r *DataRequestRow) *candidate.DataKind { return &r.Kind }),
			Col("state", "text", func(r *DataRequestRow) *DataRequestState { return &r.State }),
			Col("asked_at", "timestamptz", func(r *DataRequestRow) *time.Time { return &r.AskedAt }),
			Col("answered_at", "timestamptz", func(r *DataRequestRow) **time.Time { return &r.AnsweredAt }),
			Col("reason", "bytea", func(r *DataRequestRow) *[]byte { return &r.Reason }),
		},
		Indexes: []string{`CREATE INDEX {name}_candidate ON {table} (candidate_id, asked_at DESC)`},
		By: map[string]func(*DataRequestRow) *string{
			"candidate_id": func(r *DataRequestRow) *string { return &r.Candidate },
		},
	}
}

// due is until when the request is to be answered.
func (r DataRequestRow) due() time.Time {
	return r.AskedAt.AddDate(0, 0, candidate.DataRequestDays).UTC()
}

// OwnDataRequest is a request about their data as the candidate sees it.
type OwnDataRequest struct {
	ID         string             `json:"id" format:"uuid"`
	Kind       candidate.DataKind `json:"kind" enum:"export,erasure"`
	State      DataRequestState   `json:"state" enum:"open,done,refused"`
	AskedAt    time.Time          `json:"asked_at"`
	DueAt      time.Time          `json:"due_at" doc:"By when you are to be answered"`
	AnsweredAt *time.Time         `json:"answered_at"`
	Reason     *personal.Plain    `json:"reason" doc:"Why it was refused"`
}

// OwnDataRequests returns what a candidate asked about their data, the newest
// first. Errors: ErrNotFound while self-tracking is off, and for who has no
// application that they may still look at, at now.
func (c *Core) OwnDataRequests(ctx context.Context, candidateID string, now time.Time) ([]OwnDataRequest, error) {
	list := []OwnDataRequest{}
	if !isID(candidateID) || candidateID == nobody {
		return list, ErrNotFound
	}
	err := c.snapshot(ctx, "own data requests", func(tx pgx.Tx, s Schema) error {
		through, err := followed(ctx, tx, s, candidateID, now)
		if err != nil {
			return err
		}
		var rows []DataRequestRow
		b := new(pgx.Batch)
		queueRows(b, s, DataRequests(), &rows, "candidate_id = $1 ORDER BY asked_at DESC, request_id", candidateID)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		t := newTexts(c.vault, through, false)
		for _, r := range rows {
			t.want(r.Reason)
		}
		if err := t.loadNow(ctx, tx, s); err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, OwnDataRequest{
				ID: r.ID, Kind: r.Kind, State: r.State, AskedAt: r.AskedAt.UTC(), DueAt: r.due(), AnsweredAt: utc(r.AnsweredAt), Reason: t.text(r.Reason),
			})
		}
		return t.err
	})
	return list, err
}

// dataTasks are what candidates asked about their data and nobody answered, for
// whoever may erase an application of theirs: on each of these, and once, on the
// newest, among what is theirs to do. The request and its kind are where others
// have the document and the stage's name.
func (v sight) dataTasks(q *statement, all bool) string {
	applications, yours := v.schema.Table("applications"), strconv.FormatBool(all)
	if !all {
		yours = fmt.Sprintf(`NOT EXISTS (SELECT FROM %[1]s b WHERE b.candidate_id = a.candidate_id AND NOT b.anonymised AND b.outcome <> 'transferred'
			AND (b.received_at, b.application_id) > (a.received_at, a.application_id) AND %[2]s)`, applications, v.edits(q, "b", access.Erasure))
	}
	return fmt.Sprintf(`
		SELECT '%[1]s', a.application_id, a.job_id, r.request_id, NULL::text, r.kind, NULL::integer, r.asked_at, %[2]s, NULL::uuid, NULL::uuid, NULL::uuid
		FROM %[3]s r JOIN %[4]s a ON a.candidate_id = r.candidate_id
		WHERE r.state = 'open' AND NOT a.anonymised AND a.outcome <> 'transferred' AND %[5]s`,
		TaskDataRequested, yours, v.schema.Table("data_requests"), applications, v.edits(q, "a", access.Erasure))
}

// edits is holds for a role that lets the member edit the area.
func (v sight) edits(q *statement, row string, area access.Area) string {
	switch v.role {
	case access.Admin:
		return "true"
	case access.Recruiting, access.Reporting, access.Auditor:
	default:
		return "false"
	}
	if v.one != nil {
		return strconv.FormatBool(v.one.rights.Area(area) >= access.Edit)
	}
	return fmt.Sprintf(`(EXISTS (
			SELECT FROM %[1]s t JOIN %[2]s o ON o.role_id = t.role_id
			WHERE t.job_id = %[4]s.job_id AND t.member_id = %[5]s AND %[6]s = ANY (o.areas_edit))
		OR EXISTS (
			SELECT FROM %[3]s g JOIN %[2]s o ON o.role_id = g.role_id
			WHERE g.application_id = %[4]s.application_id AND g.member_id = %[5]s
			AND (g.until IS NULL OR g.until > %[7]s) AND %[6]s = ANY (o.areas_edit)))`,
		v.schema.Table("team"), v.schema.Table("recruiting_roles"), v.schema.Table("grants"),
		row, q.arg(v.member), q.arg(string(area)), q.arg(v.now))
}
