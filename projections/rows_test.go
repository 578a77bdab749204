package projections_test

import (
	"slices"
	"testing"
	"time"

	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/readmodels"
)

// held is the ids of the rows that Select yields.
func held(r *projections.Rows[claimRow], holder string) []string {
	var ids []string
	for row := range r.Select("holder", holder) {
		ids = append(ids, row.ID)
	}
	return ids
}

func TestRowsWithNothingBehindThemHoldEverything(t *testing.T) {
	rows := projections.NewRows(claimsTable())
	for _, row := range []claimRow{{ID: "c", Holder: "ann"}, {ID: "a", Holder: "ann"}, {ID: "b", Holder: "cy"}} {
		rows.Put(row)
	}
	if row, ok := rows.Get("b"); !ok || row.Holder != "cy" {
		t.Errorf("Get = %+v, %t; want cy's", row, ok)
	}
	if _, ok := rows.Get("z"); ok {
		t.Error("Get finds a row nobody put")
	}
	if got := held(rows, "ann"); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("ann holds %v, want a and c", got)
	}

	rows.Put(claimRow{ID: "c", Holder: "cy"})
	rows.Delete("a")
	rows.Delete("z")
	if got, other := held(rows, "ann"), held(rows, "cy"); len(got) != 0 || !slices.Equal(other, []string{"b", "c"}) {
		t.Errorf("ann holds %v, cy %v; want nothing, b and c", got, other)
	}
	if got := slices.Collect(rows.All()); len(got) != 2 || got[0].ID != "b" || got[1].ID != "c" {
		t.Errorf("all are %+v, want b and c", got)
	}
}

func TestEachChangesMovesAndDeletesRows(t *testing.T) {
	rows := projections.NewRows(claimsTable())
	for _, id := range []string{"a", "b", "c", "d"} {
		rows.Put(claimRow{ID: id, Holder: "ann"})
	}
	var seen []string
	rows.Each("holder", "ann", func(r claimRow) (claimRow, bool) {
		seen = append(seen, r.ID)
		switch r.ID {
		case "a":
			r.Holder = "cy"
		case "b":
			return r, false
		case "c":
			r.ID = "e"
		}
		return r, true
	})
	if want := []string{"a", "b", "c", "d"}; !slices.Equal(seen, want) {
		t.Errorf("Each saw %v, want %v", seen, want)
	}
	if got, other := held(rows, "ann"), held(rows, "cy"); !slices.Equal(got, []string{"d", "e"}) || !slices.Equal(other, []string{"a"}) {
		t.Errorf("ann holds %v, cy %v; want d and e, a", got, other)
	}
}

func TestRowsReadAsTheyWillFromTheDatabase(t *testing.T) {
	rows := projections.NewRows(claimsTable())
	at := time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.FixedZone("", 3600))
	mine := at
	rows.Put(claimRow{ID: "a", At: at, Free: &mine, Revisions: []int64{}})
	row, _ := rows.Get("a")
	want := time.Date(2026, 1, 2, 2, 4, 5, 123456000, time.UTC)
	if row.At != want || *row.Free != want || row.Revisions != nil {
		t.Errorf("row reads as %+v, want times %s and no revisions", row, want)
	}
	if mine != at {
		t.Error("the caller's own time was changed")
	}
}

func TestTablesThatContradictThemselvesAreRefused(t *testing.T) {
	for name, change := range map[string]func(*readmodels.Table[claimRow]){
		"no name":                  func(t *readmodels.Table[claimRow]) { t.Name = "" },
		"key not first":            func(t *readmodels.Table[claimRow]) { slices.Reverse(t.Columns) },
		"look-up without column":   func(t *readmodels.Table[claimRow]) { t.By["owner"] = t.By["holder"] },
		"look-up of another field": func(t *readmodels.Table[claimRow]) { t.By["id"] = t.By["holder"] },
	} {
		table := claimsTable()
		change(&table)
		if table.Check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
