package mail

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"

	gomail "github.com/emersion/go-message/mail"

	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/calendar"
)

// maxObjects is the most objects for calendar programs that are looked at for a reply:
// programs send it as a part beside the text, and the same as a file.
const maxObjects = 2

// object reads what is for calendar programs: maybe a reply, and else a file.
func (p *parser) object(typ, name string, attached bool, body io.Reader) error {
	content, err := io.ReadAll(io.LimitReader(body, MaxFile+1))
	if len(content) == 0 {
		return nil // an object that cannot be read says nothing
	}
	replies := false
	if p.objects++; p.objects <= maxObjects && p.in.Reply == nil && err == nil {
		var reply calendar.Reply
		if reply, replies = calendar.ReadReply(content); replies {
			reply.Attendee, reply.Comment = line(string(reply.Attendee), 254), personal.Plain(clean(string(reply.Comment)))
			p.in.Reply, p.in.Object = &reply, content
		}
	}
	if attached || name != "" || typ != "text/calendar" {
		return p.file(typ, name, bytes.NewReader(content))
	}
	if !replies {
		p.unnamed = append(p.unnamed, content)
	}
	return nil
}

// calendars says of a mail that was read what its objects say: what was written along
// with a reply is text, and every other object a file, if it is none already.
func (p *parser) calendars() {
	for _, object := range p.unnamed {
		same := func(f Enclosure) bool { return bytes.Equal(bytes.TrimSpace(f.Content), bytes.TrimSpace(object)) }
		if !slices.ContainsFunc(p.in.Files, same) && !p.in.answers(object) {
			_ = p.file("text/calendar", calendarName, bytes.NewReader(object)) // nothing is read that may fail
		}
	}
	if p.in.Reply == nil {
		return
	}
	p.in.Automatic = p.in.Text == "" || p.program || p.announces(string(p.in.Text))
	if comment := string(p.in.Reply.Comment); !says(string(p.in.Text), comment) {
		p.in.Text = personal.Plain(strings.TrimSpace(string(p.in.Text) + "\n\n" + comment))
	}
}

// calendarName is that of an object that has none.
const calendarName = "calendar.ics"

// SaysMore reports whether a mail with a Reply says something beside it: a comment, a
// text that is not automatic, or another file.
func (in Incoming) SaysMore() bool {
	another := func(f Enclosure) bool { return !in.answers(f.Content) }
	return in.Reply.Comment != "" || !in.Automatic || len(in.LeftOut) > 0 || slices.ContainsFunc(in.Files, another)
}

// WithObject returns a mail whose Reply is not taken for an answer: what it was read
// of is a file like others.
func (in Incoming) WithObject() Incoming {
	if in.Reply != nil && !slices.ContainsFunc(in.Files, func(f Enclosure) bool { return in.answers(f.Content) }) {
		in.Files = append(slices.Clip(in.Files), Enclosure{Name: calendarName, Content: in.Object})
	}
	return in
}

// answers reports whether an object is what Reply was read of, but for the ends of
// lines.
func (in Incoming) answers(object []byte) bool {
	plain := func(o []byte) []byte { return bytes.TrimSpace(bytes.ReplaceAll(o, []byte("\r\n"), []byte("\n"))) }
	return in.Reply != nil && len(object) <= 2*calendar.MaxReply && bytes.Equal(plain(object), plain(in.Object))
}

// says reports whether a text has all words of another, in their order, one after the
// other.
func says(text, words string) bool {
	squeezed := func(s string) string { return " " + strings.Join(strings.Fields(s), " ") + " " }
	return strings.TrimSpace(words) == "" || strings.Contains(squeezed(text), squeezed(words))
}

// writtenByProgram reports whether a header says that no person wrote the text: RFC
// 3834, or as Google Calendar sends it, whose users' notes are a parameter of their
// answer.
func writtenByProgram(h gomail.Header) bool {
	automatic, _, _ := strings.Cut(h.Get("Auto-Submitted"), ";")
	if automatic = strings.TrimSpace(automatic); automatic != "" && !strings.EqualFold(automatic, "no") {
		return true
	}
	sender, err := h.AddressList("Sender")
	return err == nil && len(sender) == 1 && strings.EqualFold(sender[0].Address, "calendar-notification@google.com")
}

var announcement = regexp.MustCompile(`^has (?:accepted|declined|tentatively accepted) (?:this|your|the) (?:event )?invitation\.?$`)

// announces reports whether a text is the one sentence that programs write: that the
// sender, by their name or address, has answered.
func (p *parser) announces(text string) bool {
	for _, name := range []personal.Plain{p.in.FromName, p.in.From} {
		if rest, ok := strings.CutPrefix(text, string(name)+" "); ok && name != "" && announcement.MatchString(rest) {
			return true
		}
	}
	return false
}
