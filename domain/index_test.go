package domain_test

import (
	"maps"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
)

func TestAnIndexHoldsWhatAMapWouldAndEarlierOnesStayAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type version struct {
			index domain.Index[int]
			want  map[string]int
		}
		all := []version{{want: map[string]int{}}}
		for i := range rapid.IntRange(0, 300).Draw(t, "writes") {
			from := all[len(all)-1]
			if rapid.IntRange(0, 19).Draw(t, "branch") == 0 {
				from = all[rapid.IntRange(0, len(all)-1).Draw(t, "from")]
			}
			id := strconv.Itoa(rapid.IntRange(0, 120).Draw(t, "id"))
			want := maps.Clone(from.want)
			want[id] = i
			all = append(all, version{from.index.With(id, i), want})
		}
		for n, v := range all {
			if got := maps.Collect(v.index.All()); !maps.Equal(got, v.want) || v.index.Len() != len(v.want) {
				t.Fatalf("after %d writes it holds %d: %v, want %v", n, v.index.Len(), got, v.want)
			}
			for id := range 121 {
				got, ok := v.index.Get(strconv.Itoa(id))
				if want, known := v.want[strconv.Itoa(id)]; ok != known || got != want {
					t.Fatalf("after %d writes %d is %d, %t; want %d, %t", n, id, got, ok, want, known)
				}
			}
		}
	})
}
