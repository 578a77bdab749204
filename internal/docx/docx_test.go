package docx_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hirelog/hirelog/internal/docx"
)

// document returns a document with a body.
func document(t testing.TB, body string) []byte {
	t.Helper()
	return archive(t, "word/document.xml", `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" `+
		`xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:body>`+body+`</w:body></w:document>`)
}

func archive(t testing.TB, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	if err == nil {
		_, err = io.WriteString(f, content)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// S2-24..26: a document is shown as what it says.
func TestTheTextOfADocument(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ body, want string }{
		"paragraphs": {`<w:p><w:r><w:t>Cleo </w:t></w:r><w:r><w:t xml:space="preserve">Candidate &amp; Co</w:t></w:r></w:p><w:p><w:r><w:t>two</w:t><w:br/><w:t>three</w:t></w:r></w:p>`, "Cleo Candidate & Co\ntwo\nthree\n"},
		"a table":    {`<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t><w:tab/></w:r></w:p></w:tc></w:tr></w:tbl>`, "a\n\tb\t\n\t"},
		"changes":    {`<w:p><w:del><w:r><w:delText>old</w:delText><w:t>older</w:t></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>`, "new\n"},
		"fields":     {`<w:p><w:r><w:instrText>HYPERLINK "https://evil.example"</w:instrText></w:r><w:r><w:t>here</w:t></w:r></w:p>`, "here\n"},
		"fallbacks":  {`<w:p><mc:AlternateContent><mc:Choice><w:r><w:t>once</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>twice</w:t></w:r></mc:Fallback></mc:AlternateContent></w:p>`, "once\n"},
		"markup":     {`<w:p><w:r><w:t>&lt;script&gt;alert(1)&lt;/script&gt;</w:t></w:r></w:p>`, "<script>alert(1)</script>\n"},
	} {
		b := document(t, tt.body)
		if got, more, err := docx.Text(bytes.NewReader(b), int64(len(b))); err != nil || more || got != tt.want {
			t.Errorf("%s: %q, %t, %v; want %q", name, got, more, err, tt.want)
		}
	}
}

// What is no document, or one made to hurt, is not read.
func TestWhatIsNotRead(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"nothing":           nil,
		"no archive":        []byte("PK\x03\x04 and no more"),
		"another archive":   archive(t, "xl/workbook.xml", "<a/>"),
		"no XML":            archive(t, "word/document.xml", "<w:p"),
		"entities":          archive(t, "word/document.xml", `<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>`),
		"deep":              document(t, strings.Repeat("<w:p>", docx.MaxDepth+1)),
		"larger than it is": archive(t, "word/document.xml", "<a>"+strings.Repeat(" ", docx.MaxXML)+"</a>"),
	} {
		if got, _, err := docx.Text(bytes.NewReader(b), int64(len(b))); !errors.Is(err, docx.ErrUnreadable) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	long := document(t, "<w:p><w:r><w:t>"+strings.Repeat("é", docx.MaxText)+"</w:t></w:r></w:p>")
	if got, more, err := docx.Text(bytes.NewReader(long), int64(len(long))); err != nil || !more || len(got) > docx.MaxText || !utf8.ValidString(got) {
		t.Errorf("a long text: %d bytes, %t, %v", len(got), more, err)
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(document(f, `<w:p><w:r><w:t>Cleo</w:t></w:r></w:p>`))
	f.Add(archive(f, "word/document.xml", "<a><b></a>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		text, _, err := docx.Text(bytes.NewReader(b), int64(len(b)))
		if err != nil && (text != "" || !errors.Is(err, docx.ErrUnreadable)) {
			t.Errorf("%q with %v", text, err)
		}
		if !utf8.ValidString(text) || len(text) > docx.MaxText || strings.ContainsAny(text, "\x00\x1b") {
			t.Errorf("%q", text)
		}
	})
}
