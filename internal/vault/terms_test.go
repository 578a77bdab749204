package vault_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hirelog/hirelog/domain/personal"
)

// A text is found by the beginnings of its words in any order, whatever the
// case and the accents, and by its address as a whole.
func TestTermsFindByBeginnings(t *testing.T) {
	t.Parallel()
	_, v := loadGolden(t)
	for _, tt := range []struct {
		text, query personal.Plain
		want        bool
	}{
		{"Zoë Lovelace-Müller", "zoe", true},
		{"Zoë Lovelace-Müller", "ZO", true},
		{"Zoë Lovelace-Müller", "mull lov", true},
		{"Zoë Lovelace-Müller", "müller", true},
		{"Zoë Lovelace-Müller", "zoe\u0308", true},
		{"Zoë Lovelace-Müller", "ovelace", false},
		{"Zoë Lovelace-Müller", "zoe smith", false},
		{"Zoë Lovelace-Müller", "z", false}, // one rune finds words of one rune
		{"Ng J.", "j ng", true},
		{"李 明", "李", true},
		{"Søren Łukasz Þór", "soren lukasz thor", true},
		{"Groß", "gross", true},
		{"O'Brien", "obrien", true},
		{"O’Brien", "o'brien", true},
		{"Иван Петров", "петр", true},
		{"김민준", "김민", true},
		{"Wolfeschlegelsteinhausen", "wolfeschlegelsteinhausenbergerdorff", true}, // the first 15 count
		{"Wolfeschlegelsteinhausen", "wolfeschlegelxx", false},
		{"ana@example.org", "ANA@example.org", true},
		{"ana@example.org", "<ana@example.org>", true},
		{"ana@example.org", "ana", false},
		{"ana@example.org", "ana@example", false},
		{"ana example org", "ana@example.org", false},
		{"Ana Lovelace ana@example.org", "ana@example.org lov", true},
	} {
		terms, query := v.Terms(tt.text), v.TermsOfQuery(tt.query)
		got := len(query) > 0 && !slices.ContainsFunc(query, func(q int64) bool { return !slices.Contains(terms, q) })
		if got != tt.want {
			t.Errorf("%q answers %q: %v, want %v", string(tt.text), string(tt.query), got, tt.want)
		}
	}
	if got := v.TermsOfQuery(" -- "); len(got) != 0 {
		t.Errorf("a query without words has terms %v", got)
	}
	if got := v.Terms(""); len(got) != 0 {
		t.Errorf("no text has terms %v", got)
	}
}

// Terms are sorted, distinct, not negative, bounded, whatever the text.
func FuzzTerms(f *testing.F) {
	_, v := loadGolden(f)
	f.Add("Ana Ana ANA")
	f.Add(strings.Repeat("a b cc ddd ", 1000))
	f.Add("@ a@ @b a@b@c \xff\xfe İ ﬀ ŉ")
	f.Fuzz(func(t *testing.T, text string) {
		for _, terms := range [][]int64{v.Terms(personal.Plain(text)), v.TermsOfQuery(personal.Plain(text))} {
			if len(terms) > 512 || !slices.IsSorted(terms) || len(slices.Compact(slices.Clone(terms))) != len(terms) {
				t.Errorf("%d terms, want at most 512, sorted and distinct", len(terms))
			}
			if len(terms) > 0 && terms[0] < 0 {
				t.Errorf("negative term %d", terms[0])
			}
		}
		// A short text answers itself.
		if query := v.TermsOfQuery(personal.Plain(text)); utf8.RuneCountInString(text) < 30 {
			terms := v.Terms(personal.Plain(text))
			for _, q := range query {
				if !slices.Contains(terms, q) {
					t.Errorf("%q does not answer itself", text)
				}
			}
		}
	})
}
