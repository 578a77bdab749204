package calendar_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/internal/calendar"
)

// reply is what a calendar program answers, with lines exchanged.
func reply(exchange ...string) string {
	const text = "BEGIN:VCALENDAR\r\nPRODID:-//Some//Program//EN\r\nVERSION:2.0\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:i1@hirelog\r\nSEQUENCE:2\r\n" +
		"DTSTAMP:20260302T090000Z\r\nORGANIZER:mailto:reply-x@example.com\r\nATTENDEE;CUTYPE=INDIVIDUAL;CN=\"Ada: King, Countess\";PARTSTAT=ACCEPTED:mailto:ada@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	return strings.NewReplacer(exchange...).Replace(text)
}

// S2-107: of what comes in only an answer of one person to one event of ours is one.
func TestReadReply(t *testing.T) {
	for name, c := range map[string]struct {
		object string
		want   calendar.Reply
	}{
		"accepted":              {reply(), calendar.Reply{ID: "i1", Sequence: 2, Attendee: "ada@example.com", Answer: calendar.Accepted}},
		"declined":              {reply("ACCEPTED", "Declined", "mailto:ada", "MAILTO:ada"), calendar.Reply{ID: "i1", Sequence: 2, Attendee: "ada@example.com", Answer: calendar.Declined}},
		"perhaps":               {reply("ACCEPTED", "TENTATIVE", "SEQUENCE:2\r\n", ""), calendar.Reply{ID: "i1", Attendee: "ada@example.com", Answer: calendar.Tentative}},
		"with a comment":        {reply("SEQUENCE:2", "SEQUENCE:2\r\nCOMMENT:On the\\, you\r\n  know\\, train"), calendar.Reply{ID: "i1", Sequence: 2, Attendee: "ada@example.com", Answer: calendar.Accepted, Comment: "On the, you know, train"}},
		"with several":          {reply("SEQUENCE:2", "COMMENT:On the train\r\nCOMMENT;LANGUAGE=en:Until ten\r\nCOMMENT:On the train"), calendar.Reply{ID: "i1", Attendee: "ada@example.com", Answer: calendar.Accepted, Comment: "On the train\nUntil ten"}},
		"with a note":           {reply("PARTSTAT", "X-NUM-GUESTS=0;X-RESPONSE-COMMENT=\"May I bring: a friend, ^'Bob^'?\";PARTSTAT"), calendar.Reply{ID: "i1", Sequence: 2, Attendee: "ada@example.com", Answer: calendar.Accepted, Comment: "May I bring: a friend, \"Bob\"?"}},
		"with a note as both":   {reply("PARTSTAT", "X-RESPONSE-COMMENT=Ill;PARTSTAT", "SEQUENCE:2", "SEQUENCE:2\r\nCOMMENT:Ill"), calendar.Reply{ID: "i1", Sequence: 2, Attendee: "ada@example.com", Answer: calendar.Accepted, Comment: "Ill"}},
		"of many parameters":    {reply("ATTENDEE;", "ATTENDEE"+strings.Repeat(";A=", 60)+";"), calendar.Reply{}},
		"of a comment's lines":  {reply("SEQUENCE:2", "COMMENT:METHOD:REQUEST"), calendar.Reply{ID: "i1", Attendee: "ada@example.com", Answer: calendar.Accepted, Comment: "METHOD:REQUEST"}},
		"with unix line ends":   {strings.ReplaceAll(reply(), "\r\n", "\n"), calendar.Reply{ID: "i1", Sequence: 2, Attendee: "ada@example.com", Answer: calendar.Accepted}},
		"not answered":          {reply("ACCEPTED", "NEEDS-ACTION"), calendar.Reply{}},
		"somebody else is sent": {reply("ACCEPTED", "DELEGATED"), calendar.Reply{}},
		"an invitation":         {reply("METHOD:REPLY", "METHOD:REQUEST"), calendar.Reply{}},
		"another time":          {reply("METHOD:REPLY", "METHOD:COUNTER"), calendar.Reply{}},
		"no method":             {reply("METHOD:REPLY\r\n", ""), calendar.Reply{}},
		"of others":             {reply("i1@hirelog", "i1@example.com"), calendar.Reply{}},
		"of one of a series":    {reply("SEQUENCE:2", "RECURRENCE-ID:20260302T090000Z"), calendar.Reply{}},
		"of nobody":             {reply("mailto:ada@example.com", "urn:uuid:1"), calendar.Reply{}},
		"of two people":         {reply("END:VEVENT", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:eve@example.com\r\nEND:VEVENT"), calendar.Reply{}},
		"to two events":         {reply("END:VCALENDAR", "BEGIN:VEVENT\r\nUID:i2@hirelog\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR"), calendar.Reply{}},
		"a sequence of none":    {reply("SEQUENCE:2", "SEQUENCE:x"), calendar.Reply{}},
		"before all":            {reply("SEQUENCE:2", "SEQUENCE:-1"), calendar.Reply{}},
		"no object":             {"Hello", calendar.Reply{}},
		"too long":              {reply("SEQUENCE:2", "SEQUENCE:2\r\nCOMMENT:"+strings.Repeat("x", calendar.MaxReply)), calendar.Reply{}},
	} {
		if c.want.ID != "" {
			c.want.Stamped = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		}
		got, ok := calendar.ReadReply([]byte(c.object))
		if ok != (c.want != calendar.Reply{}) || ok && got != c.want {
			t.Errorf("%s: %+v, %v, want %+v", name, got, ok, c.want)
		}
	}
}

// S2-107: an answer that does not say when it was given is one.
func TestReadUnstampedReply(t *testing.T) {
	for _, object := range []string{reply("DTSTAMP:20260302T090000Z\r\n", ""), reply("20260302T090000Z", "tomorrow")} {
		if got, ok := calendar.ReadReply([]byte(object)); !ok || !got.Stamped.IsZero() {
			t.Errorf("%+v, %v of %s", got, ok, object)
		}
	}
}

func FuzzReadReply(f *testing.F) {
	for _, object := range []string{"", reply(), reply("ACCEPTED", "DECLINED", "\r\n", "\n"), reply("SEQUENCE:2", "COMMENT:a\r\n b"), reply("ATTENDEE", "ATTENDEE;X=\"\";Y"), "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR", calendarWith("X" + strings.Repeat(";A=", 20_000) + ":1"), strings.Repeat("BEGIN:A\n", 5_000)} {
		f.Add(object)
	}
	f.Fuzz(func(t *testing.T, object string) {
		r, ok := calendar.ReadReply([]byte(object))
		if ok && (r.ID == "" || r.Attendee == "" || r.Sequence < 0 || r.Answer != calendar.Accepted && r.Answer != calendar.Declined && r.Answer != calendar.Tentative) {
			t.Errorf("%+v is an answer", r)
		}
	})
}
