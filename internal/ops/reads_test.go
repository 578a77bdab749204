package ops_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/ops"
)

// S2-102
func TestReads(t *testing.T) {
	t.Parallel()
	l := linked(t)
	reads := ops.NewReads(l.Pool)
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	member, application, file := uuid.NewString(), uuid.NewString(), uuid.NewString()
	var all sync.WaitGroup
	for range 1000 { // more than are written together
		all.Go(func() {
			if err := reads.Note(t.Context(), ops.Read{At: at, Member: uuid.NewString(), Kind: "profile", Application: new(uuid.NewString())}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, r := range []ops.Read{
		{At: at.Add(time.Hour), Member: member, Kind: "profile", Application: &application, Rights: []string{"recruiting_role", file}},
		{At: at.Add(2 * time.Hour), Member: member, Kind: "file", Application: &application, Object: &file, Rights: []string{}},
	} {
		if err := reads.Note(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		q    ops.ReadsQuery
		want []string
	}{
		"of an application": {ops.ReadsQuery{Application: application, Limit: 10}, []string{"file", "profile"}},
		"of a member":       {ops.ReadsQuery{Member: member, Limit: 1}, []string{"file"}},
		"from then":         {ops.ReadsQuery{From: at.Add(2 * time.Hour), Limit: 10}, []string{"file"}},
		"before then":       {ops.ReadsQuery{Member: member, To: at.Add(2 * time.Hour), Limit: 10}, []string{"profile"}},
	} {
		found, err := reads.Find(t.Context(), tt.q)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range found {
			got = append(got, r.Kind)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	found, err := reads.Find(t.Context(), ops.ReadsQuery{Member: member, Limit: 2})
	if err != nil || len(found) != 2 || *found[0].Object != file || !slices.Equal(found[1].Rights, []string{"recruiting_role", file}) || !found[1].At.Equal(at.Add(time.Hour)) {
		t.Fatalf("found %+v, %v", found, err)
	}
	if rest, err := reads.Find(t.Context(), ops.ReadsQuery{Member: member, Before: found[0].ID, Limit: 2}); err != nil || len(rest) != 1 || rest[0].ID != found[1].ID {
		t.Errorf("before it: %+v, %v", rest, err)
	}
	if n, err := reads.Forget(t.Context(), at.Add(2*time.Hour)); err != nil || n != 1001 {
		t.Errorf("forgot %d, %v; want 1001", n, err)
	}
	l.way.Store(refused)
	l.Reset()
	if err := reads.Note(t.Context(), ops.Read{At: at, Member: member, Kind: "profile", Application: &application}); !errors.Is(err, ops.ErrUnavailable) {
		t.Errorf("without Postgres: %v, want ErrUnavailable", err)
	}
}
