package edge

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// errLoose means that JSON says the same thing twice, or nearly so.
var errLoose = errors.New("a name stands twice in an object, is not in lower case, or the text is not valid UTF-8")

// strict refuses JSON that decoders read differently: names that stand twice in
// one object, names in another case than ours, all of which are lower, and text
// that is not valid UTF-8. What was checked against the schema is then what is
// decoded. Malformed JSON is left to the decoder.
func strict(data []byte) error {
	if !utf8.Valid(data) {
		return errLoose
	}
	d := json.NewDecoder(bytes.NewReader(data))
	var open []map[string]bool // names of the objects that are open; nil for an array
	name := false              // the next string of the innermost object is a name
	for {
		t, err := d.Token()
		if err != nil { // the end, or something that the decoder says better
			return nil //nolint:nilerr // see above
		}
		switch t := t.(type) {
		case json.Delim:
			switch t {
			case '{':
				open, name = append(open, map[string]bool{}), true
				continue
			case '[':
				open, name = append(open, nil), false
				continue
			default:
				open = open[:len(open)-1]
			}
		case string:
			if name {
				seen := open[len(open)-1]
				if seen[t] || t != strings.ToLower(t) {
					return errLoose
				}
				seen[t], name = true, false
				continue
			}
		}
		// A value has ended: in an object a name follows.
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}
