package mail

import (
	"bufio"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// textOfHTML returns what a page says, with a line for each block. Nothing in it
// is followed or run.
func textOfHTML(page string) string {
	var text strings.Builder
	hidden := 0
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return squeezed(text.String())
		}
		token := z.Token()
		switch token.DataAtom { //nolint:exhaustive // the others are of the text
		case atom.Script, atom.Style, atom.Head, atom.Template, atom.Title:
			switch kind { //nolint:exhaustive // only what opens and closes
			case html.StartTagToken:
				hidden++
			case html.EndTagToken:
				hidden = max(0, hidden-1)
			}
			continue
		case atom.Br, atom.P, atom.Div, atom.Tr, atom.Li, atom.Blockquote, atom.H1, atom.H2, atom.H3, atom.H4, atom.Table, atom.Pre:
			text.WriteByte('\n')
		case atom.Body:
			hidden = 0 // a head that never ends
		}
		if kind == html.TextToken && hidden == 0 {
			text.WriteString(token.Data)
		}
	}
}

// squeezed returns text with at most one empty line in a row, and no more than
// one space.
func squeezed(text string) string {
	var lines []string
	for _, l := range strings.Split(text, "\n") {
		l = strings.Join(strings.Fields(l), " ")
		if l == "" && (len(lines) == 0 || lines[len(lines)-1] == "") {
			continue
		}
		lines = append(lines, l)
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// newLineReader is what textproto reads from.
func newLineReader(r io.Reader) *bufio.Reader { return bufio.NewReader(io.LimitReader(r, 256<<10)) }
