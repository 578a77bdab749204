// Package docx reads the text of Word documents (ECMA-376, WordprocessingML) and
// nothing else: no macros, no fields, no pictures, no addresses. What it reads
// comes from strangers, so everything about it is bounded.
package docx

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Type is the media type of the documents.
const Type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

// The limits. A document beyond them is unreadable, but for MaxText.
const (
	MaxEntries = 10_000   // in the archive
	MaxXML     = 16 << 20 // bytes of its text as XML
	MaxDepth   = 1000     // of elements within each other
	// MaxText is the most bytes of text that are returned; the rest is left out.
	MaxText = 2 << 20
)

// ErrUnreadable means that the bytes are no such document, or one beyond the
// limits.
var ErrUnreadable = errors.New("the document cannot be read")

const (
	mainPart  = "word/document.xml"
	wordSpace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
	// strictSpace is that of documents in the strict form of the standard.
	strictSpace = "http://purl.oclc.org/ooxml/wordprocessingml/main"
	mixedSpace  = "http://schemas.openxmlformats.org/markup-compatibility/2006"
)

// Text returns the text of a document of size bytes: a line for each paragraph,
// tabs between the cells of a table. What was deleted with changes tracked is
// not in it. more is true when it was cut at MaxText.
// Errors: ErrUnreadable; those of r are it too.
func Text(r io.ReaderAt, size int64) (text string, more bool, err error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return "", false, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	if len(archive.File) > MaxEntries {
		return "", false, fmt.Errorf("%w: it has %d parts", ErrUnreadable, len(archive.File))
	}
	for _, f := range archive.File {
		if f.Name != mainPart {
			continue
		}
		part, err := f.Open()
		if err != nil {
			return "", false, fmt.Errorf("%w: %w", ErrUnreadable, err)
		}
		// One byte more: a part that ends at the limit is whole.
		limited := &io.LimitedReader{R: part, N: MaxXML + 1}
		text, more, err := textOf(limited)
		if limited.N <= 0 && err != nil {
			err = errors.New("its text is too large")
		}
		if err = errors.Join(err, part.Close()); err != nil {
			return "", false, fmt.Errorf("%w: %w", ErrUnreadable, err)
		}
		return text, more, nil
	}
	return "", false, fmt.Errorf("%w: it has no %s", ErrUnreadable, mainPart)
}

// reading is a document half read.
type reading struct {
	out   strings.Builder
	depth int
	skip  int // depth of the element that is left out, 0 = none
	text  int // depth of the element whose characters count
}

func textOf(r io.Reader) (text string, more bool, err error) {
	d := xml.NewDecoder(r)
	var at reading
	for at.out.Len() <= MaxText {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return at.out.String(), false, nil
		}
		if err != nil {
			return "", false, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if at.depth++; at.depth > MaxDepth {
				return "", false, errors.New("its elements lie too deep")
			}
			at.start(t.Name)
		case xml.EndElement:
			at.end(t.Name)
			at.depth--
		case xml.CharData:
			if at.skip == 0 && at.text > 0 {
				at.write(string(t))
			}
		case xml.Directive:
			return "", false, errors.New("it declares a type")
		}
	}
	return strings.ToValidUTF8(at.out.String()[:MaxText], ""), true, nil
}

// element returns the name of an element of a document's text, "" for others.
func element(n xml.Name) string {
	if n.Space == wordSpace || n.Space == strictSpace {
		return n.Local
	}
	return ""
}

func (at *reading) start(n xml.Name) {
	name := element(n)
	if at.skip == 0 && (name == "del" || name == "moveFrom" || n.Space == mixedSpace && n.Local == "Fallback") {
		at.skip = at.depth // gone, or said before in another way
	}
	if at.skip > 0 {
		return
	}
	switch name {
	case "t":
		at.text = at.depth
	case "tab":
		at.write("\t")
	case "br", "cr":
		at.write("\n")
	case "noBreakHyphen":
		at.write("-")
	}
}

func (at *reading) end(n xml.Name) {
	switch at.depth {
	case at.skip:
		at.skip = 0
		return
	case at.text:
		at.text = 0
	}
	if at.skip > 0 {
		return
	}
	switch element(n) {
	case "p":
		at.write("\n")
	case "tc":
		at.write("\t")
	}
}

// write adds text without control characters.
func (at *reading) write(s string) {
	at.out.WriteString(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, s))
}
