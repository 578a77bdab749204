package mail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // mail comes in all of them
	gomail "github.com/emersion/go-message/mail"

	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/calendar"
)

// Limits of mail that comes in.
const (
	// MaxRaw is the most bytes of a whole mail: 35 MiB, which hold 25 MiB of files.
	MaxRaw = 35 << 20
	// MaxFile is the most bytes of one file in it; a larger one is left out.
	MaxFile = 20 << 20
	// MaxFiles is the most files in it; those behind them are left out.
	MaxFiles = 20

	maxParts = 200     // parts of all kinds, at all depths
	maxDepth = 10      // of parts in parts
	maxText  = 1 << 20 // bytes of text that are looked at
	maxSeen  = 100     // addresses of recipients that are looked at
)

// ErrUnreadable means that what came in is no mail that can be taken; the text says why,
// without personal data.
var ErrUnreadable = errors.New("unreadable mail")

// Incoming is a mail that came in. Nothing in it is true because it says so.
type Incoming struct {
	MessageID  string   // of the header, without brackets; empty = none
	References []string // what it answers, the nearest first, without brackets
	From       personal.Plain
	FromName   personal.Plain
	Recipients []personal.Plain // all addresses it went to, as far as it says
	Subject    personal.Plain
	Text       personal.Plain // lines end with \n
	Files      []Enclosure
	// LeftOut are files that came along and are not among Files.
	LeftOut []LeftOut
	// Bounce says that it reports of a mail that could not be delivered.
	Bounce *Bounce
	// Reply is what a calendar program answers for the sender to an invitation. What
	// was written along is in Text, too.
	Reply *calendar.Reply
	// Object is what Reply was read of. It may be among Files, too.
	Object []byte
	// Automatic says that Text is nothing but what calendar programs write.
	Automatic bool
}

// Enclosure is a file in a mail.
type Enclosure struct {
	Name    personal.Plain
	Content []byte
}

// LeftOut is a file in a mail that is too large, or one too many.
type LeftOut struct {
	Name    personal.Plain
	TooMany bool // else too large
}

// Bounce says which mail came back.
type Bounce struct {
	MessageID string // without brackets
	Status    string // of RFC 3463, such as 5.1.1; empty if it says none
}

// Parse reads a mail of at most MaxRaw bytes. Text that is no plain text is made
// one; what is broken in it is left out as long as the rest makes sense.
// Errors: ErrUnreadable; those of r.
func Parse(r io.Reader) (Incoming, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxRaw+1))
	switch {
	case err != nil:
		return Incoming{}, fmt.Errorf("read mail: %w", err)
	case len(raw) > MaxRaw:
		return Incoming{}, fmt.Errorf("%w: it has more than %d MiB", ErrUnreadable, MaxRaw>>20)
	}
	e, err := message.ReadWithOptions(bytes.NewReader(raw), &message.ReadOptions{MaxHeaderBytes: 256 << 10})
	if err != nil && !tolerable(err) {
		return Incoming{}, fmt.Errorf("%w: its header cannot be read", ErrUnreadable)
	}
	p := parser{}
	p.header(gomail.Header{Header: e.Header})
	if p.in.From == "" {
		return Incoming{}, fmt.Errorf("%w: it does not say from whom it is", ErrUnreadable)
	}
	typ, params, _ := e.Header.ContentType()
	p.reports = typ == "multipart/report" && strings.EqualFold(params["report-type"], "delivery-status")
	if err := p.part(e, 0); err != nil {
		return Incoming{}, err
	}
	return p.result(), nil
}

// tolerable reports whether a part can be read on in spite of err.
func tolerable(err error) bool {
	return message.IsUnknownCharset(err) || message.IsUnknownEncoding(err)
}

// parser is a mail on its way in.
type parser struct {
	in          Incoming
	parts       int
	plain, html strings.Builder
	reports     bool // it is a report of a delivery
	failed      bool // that did not succeed
	status      string
	returned    string   // Message-ID of what came back
	objects     int      // for calendar programs
	unnamed     [][]byte // those that are no files by now, but for that of a reply
	program     bool     // the header says that a program wrote it
}

func (p *parser) header(h gomail.Header) {
	if from, err := h.AddressList("From"); err == nil && len(from) > 0 {
		p.in.From, p.in.FromName = line(from[0].Address, 254), line(from[0].Name, 200)
	} else {
		p.in.From = line(addressIn(h.Get("From")), 254)
	}
	for _, field := range []string{"To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"} {
		list, err := h.AddressList(field)
		if err != nil {
			continue
		}
		for _, a := range list {
			if len(p.in.Recipients) < maxSeen {
				p.in.Recipients = append(p.in.Recipients, personal.Plain(a.Address))
			}
		}
	}
	if subject, err := h.Subject(); err == nil {
		p.in.Subject = line(subject, 200)
	}
	if id, err := h.MessageID(); err == nil {
		p.in.MessageID = id
	}
	p.program = writtenByProgram(h)
	for _, field := range []string{"In-Reply-To", "References"} {
		ids, err := h.MsgIDList(field)
		if err != nil {
			continue
		}
		for i := len(ids) - 1; i >= 0 && len(p.in.References) < maxSeen; i-- {
			p.in.References = append(p.in.References, ids[i])
		}
	}
}

// addressIn returns the address in angle brackets, of a field that is broken apart
// from that, such as by a name in a charset nobody knows.
func addressIn(field string) string {
	_, rest, _ := strings.Cut(field, "<")
	if i := strings.LastIndex(rest, "<"); i >= 0 {
		rest = rest[i+1:]
	}
	address, _, closed := strings.Cut(rest, ">")
	if name, domain, at := strings.Cut(address, "@"); !closed || !at || name == "" || domain == "" || strings.ContainsAny(address, " \t\r\n\"(),:;") {
		return ""
	}
	return address
}

// part takes in a part, and those in it.
func (p *parser) part(e *message.Entity, depth int) error {
	if p.parts++; p.parts > maxParts || depth > maxDepth {
		return fmt.Errorf("%w: it has too many parts", ErrUnreadable)
	}
	if parts := e.MultipartReader(); parts != nil {
		for {
			inner, err := parts.NextPart()
			switch {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil && !tolerable(err):
				return nil // what came before makes sense
			}
			if err := p.part(inner, depth+1); err != nil {
				return err
			}
		}
	}
	typ, _, err := e.Header.ContentType()
	if err != nil {
		typ = "application/octet-stream"
	}
	disposition, params, _ := e.Header.ContentDisposition()
	name := params["filename"]
	if name == "" {
		_, byType, _ := e.Header.ContentType()
		name = byType["name"]
	}
	switch {
	case p.reports && typ == "message/delivery-status":
		return p.delivery(e.Body)
	case p.reports && (typ == "message/rfc822" || typ == "text/rfc822-headers" || typ == "message/global" || typ == "message/global-headers"):
		return p.original(e.Body)
	case typ == "text/calendar" || typ == "application/ics":
		return p.object(typ, name, disposition == "attachment", e.Body)
	case strings.HasPrefix(typ, "text/") && disposition != "attachment" && name == "":
		return p.text(typ, e.Body)
	}
	return p.file(typ, name, e.Body)
}

func (p *parser) text(typ string, body io.Reader) error {
	into := &p.plain
	if typ == "text/html" {
		into = &p.html
	}
	if into.Len() > 0 {
		into.WriteByte('\n')
	}
	text, err := io.ReadAll(io.LimitReader(body, int64(max(0, maxText-into.Len()))))
	if err != nil && len(text) == 0 {
		return nil // a text that cannot be read says nothing
	}
	into.Write(text)
	return nil
}

func (p *parser) file(typ, name string, body io.Reader) error {
	content, err := io.ReadAll(io.LimitReader(body, MaxFile+1))
	if len(content) == 0 || err != nil && len(content) == 0 {
		return nil
	}
	named := line(name, 255)
	if named == "" {
		named = personal.Plain(fmt.Sprintf("file-%d", len(p.in.Files)+len(p.in.LeftOut)+1))
		if typ == "message/rfc822" {
			named += ".eml"
		}
	}
	if tooLarge := len(content) > MaxFile; tooLarge || len(p.in.Files) == MaxFiles {
		p.in.LeftOut = append(p.in.LeftOut, LeftOut{Name: named, TooMany: !tooLarge})
		return nil
	}
	p.in.Files = append(p.in.Files, Enclosure{Name: named, Content: content})
	return nil
}

// delivery reads what a report says of recipients: RFC 3464.
func (p *parser) delivery(body io.Reader) error {
	fields := textproto.NewReader(newLineReader(body))
	for range maxParts {
		h, err := fields.ReadMIMEHeader()
		if strings.EqualFold(strings.TrimSpace(h.Get("Action")), "failed") {
			p.failed = true
			if status, _, _ := strings.Cut(strings.TrimSpace(h.Get("Status")), " "); isStatus(status) {
				p.status = status
			}
		}
		if err != nil {
			return nil //nolint:nilerr // the report ends
		}
	}
	return nil
}

// original reads which mail a report is about.
func (p *parser) original(body io.Reader) error {
	h, err := textproto.NewReader(newLineReader(io.LimitReader(body, 256<<10))).ReadMIMEHeader()
	if err != nil && len(h) == 0 {
		return nil // it names none
	}
	p.returned = strings.Trim(strings.TrimSpace(h.Get("Message-Id")), "<>")
	return nil
}

func isStatus(s string) bool {
	return len(s) >= 5 && len(s) <= 9 && strings.Count(s, ".") == 2 && strings.Trim(s, "0123456789.") == ""
}

func (p *parser) result() Incoming {
	text := p.plain.String()
	if strings.TrimSpace(text) == "" {
		text = textOfHTML(p.html.String())
	}
	p.in.Text = personal.Plain(clean(text))
	p.calendars()
	if p.reports && p.failed {
		p.in.Bounce = &Bounce{MessageID: p.returned, Status: p.status}
	}
	return p.in
}

// clean returns text that the domain takes: valid, with \n for line breaks and
// without other control characters.
func clean(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(text, "\uFFFD"))
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text))
}

// line returns text as one line of at most so many characters.
func line(text string, most int) personal.Plain {
	text = strings.Join(strings.Fields(strings.NewReplacer("\u2028", " ", "\u2029", " ").Replace(clean(text))), " ")
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most])
	}
	return personal.Plain(strings.TrimSpace(text))
}
