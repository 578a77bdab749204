package vault

import (
	"encoding/binary"
	"iter"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/hirelog/hirelog/domain/personal"
)

// Limits of the search terms.
const (
	minGram       = 2   // runes of the shortest beginning of a word that finds it
	maxGram       = 15  // runes of the longest; the rest of a word is not searched
	maxTerms      = 512 // of one text; what comes later is not found
	maxQueryWords = 16
)

// Terms returns what a text is found by: a keyed hash for each beginning, of 2
// to 15 runes, of each of its words, lower-cased and without accents; a word of
// one rune as it is; and an e-mail address as a whole. Sorted, without
// repetition, at most 512, none negative. Terms are for one column of a read
// model (bigint[]), to be removed when the text is erased.
func (v *Vault) Terms(text personal.Plain) []int64 {
	var t terms
	for word := range words(string(text)) {
		if len(t) == maxTerms {
			break
		}
		if word.address {
			t.add(v, word)
			continue
		}
		runes := []rune(word.text)
		for n := min(minGram, len(runes)); n <= min(maxGram, len(runes)); n++ {
			t.add(v, searchWord{text: string(runes[:n])})
		}
	}
	return t.sorted()
}

// TermsOfQuery returns what a text must all have to answer a query: each word
// of the query is the beginning of one of its words, an address is one of its
// addresses. It is empty for a query without words, which finds nothing.
func (v *Vault) TermsOfQuery(query personal.Plain) []int64 {
	var t terms
	left := maxQueryWords
	for word := range words(string(query)) {
		if left == 0 {
			break
		}
		left--
		if runes := []rune(word.text); !word.address && len(runes) > maxGram {
			word.text = string(runes[:maxGram])
		}
		t.add(v, word)
	}
	return t.sorted()
}

type terms []int64

func (t *terms) add(v *Vault, w searchWord) {
	if len(*t) == maxTerms {
		return
	}
	kind := "word"
	if w.address {
		kind = "address"
	}
	sum := hashed(v.ring.Load().search, framed(framed(nil, kind), w.text), 8)
	*t = append(*t, int64(binary.BigEndian.Uint64(sum)&^(1<<63)))
}

func (t terms) sorted() []int64 {
	slices.Sort(t)
	return slices.Compact(t)
}

type searchWord struct {
	text    string
	address bool
}

// words yields what is searched of a text: addresses whole, all else in runs of
// letters and digits.
func words(s string) iter.Seq[searchWord] {
	return func(yield func(searchWord) bool) {
		for part := range strings.FieldsSeq(s) {
			address := strings.Trim(part, "<>,;()\"'")
			if at := strings.LastIndexByte(address, '@'); at > 0 && at < len(address)-1 {
				if !yield(searchWord{text: normalEmail(address), address: true}) {
					return
				}
				continue
			}
			for w := range strings.FieldsFuncSeq(plainWord(part), isNoWord) {
				if !yield(searchWord{text: w}) {
					return
				}
			}
		}
	}
}

func isNoWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// plainWord lower-cases and takes accents off.
func plainWord(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || r == '\'' || r == '’' { // O'Brien is one word
			return -1
		}
		return r
	}, norm.NFKD.String(cases.Fold().String(s)))
	return norm.NFC.String(undecomposed.Replace(s))
}

// undecomposed letters have a plain form in common use but no decomposition.
var undecomposed = strings.NewReplacer(
	"ø", "o", "ł", "l", "đ", "d", "ð", "d", "ħ", "h", "ı", "i", "ŋ", "n", "ŧ", "t",
	"æ", "ae", "œ", "oe", "þ", "th",
)
