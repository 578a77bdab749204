package readmodels

// Rating is how members rate an application.
type Rating struct {
	Mean  *float64 `json:"mean" doc:"Of all ratings, not rounded; null without any"`
	Count int      `json:"count" doc:"How many members have rated"`
	Own   *int     `json:"own" doc:"Your rating; null if you have not rated"`
}

// rated sums ratings up for one of the members.
func rated(rows []RatingRow, member string) Rating {
	r := Rating{Count: len(rows)}
	sum := 0
	for _, row := range rows {
		sum += row.Rating
		if row.Member == member {
			r.Own = &row.Rating
		}
	}
	if r.Count > 0 {
		mean := float64(sum) / float64(r.Count)
		r.Mean = &mean
	}
	return r
}
