package readmodels

import "time"

// RatingRow is a row of table ratings: the rating of an application by a member.
type RatingRow struct {
	Key         string // application/member
	Application string
	Member      string
	Rating      int // 0–5
	At          time.Time
}

// Ratings returns table ratings.
func Ratings() Table[RatingRow] {
	return Table[RatingRow]{
		Name: "ratings",
		Key:  func(r *RatingRow) *string { return &r.Key },
		Columns: []Column[RatingRow]{
			Col("place", "text", func(r *RatingRow) *string { return &r.Key }),
			Col("application_id", "uuid", func(r *RatingRow) *string { return &r.Application }),
			Col("member_id", "uuid", func(r *RatingRow) *string { return &r.Member }),
			Col("rating", "integer", func(r *RatingRow) *int { return &r.Rating }),
			Col("at", "timestamptz", func(r *RatingRow) *time.Time { return &r.At }),
		},
		Indexes: []string{`CREATE INDEX {name}_application ON {table} (application_id) INCLUDE (member_id, rating)`},
		By:      map[string]func(*RatingRow) *string{"application_id": func(r *RatingRow) *string { return &r.Application }},
	}
}
