package projections

// dropAll removes every row of an application that was deleted.
func dropAll[R any](rows *Rows[R], application string) {
	rows.Each("application_id", application, func(r R) (R, bool) { return r, false })
}
