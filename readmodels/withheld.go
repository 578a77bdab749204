package readmodels

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/application"
)

// WithheldRow is a row of table withheld_files: a file that nobody gets, wherever
// it went since it came. A row of an infected one stays for ever.
type WithheldRow struct {
	File      string
	Infection string // what the malware scanner says; empty = it was not asked yet
}

// Withheld returns table withheld_files.
func Withheld() Table[WithheldRow] {
	return Table[WithheldRow]{
		Name: "withheld_files",
		Key:  func(r *WithheldRow) *string { return &r.File },
		Columns: []Column[WithheldRow]{
			Col("file_id", "uuid", func(r *WithheldRow) *string { return &r.File }),
			Col("infection", "text", func(r *WithheldRow) *string { return &r.Infection }),
		},
	}
}

// Scan says why nobody gets a file.
type Scan string

// What became of files that were not found clean when they came.
const (
	ScanHeld     Scan = "held"     // the malware scanner has not looked at it yet
	ScanInfected Scan = "infected" // it is quarantined
)

// Scanned is what is said of a file that nobody gets.
type Scanned struct {
	Scan      *Scan   `json:"scan" enum:"held,infected" doc:"Why nobody gets it. held: the malware scanner has not looked at it yet; infected: it is quarantined. Null = it can be downloaded"`
	Infection *string `json:"infection" doc:"What the malware scanner says it is infected with"`
}

// withheld are files that nobody gets, by id.
type withheld map[string]Scanned

func withheldOf(rows []WithheldRow) withheld {
	w := withheld{}
	for _, r := range rows {
		scan := ScanHeld
		if r.Infection != "" {
			scan = ScanInfected
		}
		w[r.File] = Scanned{Scan: &scan, Infection: orNil(r.Infection)}
	}
	return w
}

// withheldAmong returns which of the files with some ids nobody gets.
func withheldAmong(ctx context.Context, tx pgx.Tx, s Schema, ids []string) (withheld, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []WithheldRow
	b := new(pgx.Batch)
	queueRows(b, s, Withheld(), &rows, "file_id = ANY ($1::uuid[])", ids)
	err := send(ctx, tx, b)
	return withheldOf(rows), err
}

// given refuses a file that nobody gets.
// Errors: application.ErrFileHeld, application.ErrFileQuarantined.
func (s Scanned) given() error {
	switch {
	case s.Scan == nil:
		return nil
	case *s.Scan == ScanInfected:
		return application.ErrFileQuarantined
	}
	return application.ErrFileHeld
}
