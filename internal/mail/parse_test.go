package mail_test

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hirelog/hirelog/internal/calendar"
	"github.com/hirelog/hirelog/internal/mail"
)

// raw is a mail of a header and a body, with the line ends of mail.
func raw(lines ...string) string { return strings.Join(lines, "\r\n") }

const from = "From: Cleo <cleo@mail.example>"

func parse(t *testing.T, text string) mail.Incoming {
	t.Helper()
	in, err := mail.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// S2-44, S2-45: texts of mail in the charsets and encodings that are about.
func TestParseTexts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ mail, want string }{
		"plain":                            {raw(from, "", "Hello"), "Hello"},
		"latin 1":                          {raw(from, "Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: quoted-printable", "", "Gr=FC=DFe"), "Grüße"},
		"windows 1252":                     {raw(from, "Content-Type: text/plain; charset=windows-1252", "", "\x93quoted\x94 \x80"), "“quoted” €"},
		"cyrillic":                         {raw(from, "Content-Type: text/plain; charset=koi8-r", "", "\xf0\xd2\xc9\xd7\xc5\xd4"), "Привет"},
		"japanese":                         {raw(from, "Content-Type: text/plain; charset=iso-2022-jp", "", "\x1b$B$3$s$K$A$O\x1b(B"), "こんにちは"},
		"utf-8 in base64":                  {raw(from, "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "", "R3LDvMOfZQ=="), "Grüße"},
		"a charset nobody knows":           {raw(from, "Content-Type: text/plain; charset=x-klingon", "", "Hello"), "Hello"},
		"an encoding nobody knows":         {raw(from, "Content-Type: text/plain", "Content-Transfer-Encoding: x-uuencode", "", "Hello"), "Hello"},
		"bytes that are no text":           {raw(from, "", "a\x00b\xffc\x07"), "ab\uFFFDc"},
		"html alone":                       {raw(from, "Content-Type: text/html; charset=utf-8", "", "<style>x{}</style><p>Hello<br>you &amp; me</p><script>alert(1)</script>"), "Hello\nyou & me"},
		"flowed":                           {raw(from, "Content-Type: text/plain; format=flowed", "", "one", "two"), "one\ntwo"},
		"old line ends":                    {from + "\r\n\r\none\rtwo\nthree", "one\ntwo\nthree"},
		"unix line ends throughout":        {from + "\nSubject: x\n\nHello\n", "Hello"},
		"alternatives":                     {raw(from, "Content-Type: multipart/alternative; boundary=b", "", "--b", "Content-Type: text/plain", "", "plain", "--b", "Content-Type: text/html", "", "<b>html</b>", "--b--"), "plain"},
		"alternatives without a plain one": {raw(from, "Content-Type: multipart/alternative; boundary=b", "", "--b", "Content-Type: text/html", "", "<b>html</b>", "--b--"), "html"},
		"an answer to an invitation":       {raw(from, "Content-Type: multipart/alternative; boundary=b", "", "--b", "Content-Type: text/plain", "", "I will come", "--b", "Content-Type: text/calendar; method=REPLY", "", "BEGIN:VCALENDAR", "--b--"), "I will come"},
		"an answer with a comment alone":   {raw(from, "Content-Type: text/calendar; method=REPLY", "", answered("COMMENT:I am ill\\, sorry")), "I am ill, sorry"},
		"a calendar alone":                 {raw(from, "Content-Type: text/calendar; method=REPLY", "", "BEGIN:VCALENDAR"), ""},
		"nested":                           {raw(from, "Content-Type: multipart/mixed; boundary=a", "", "--a", "Content-Type: multipart/related; boundary=b", "", "--b", "Content-Type: multipart/alternative; boundary=c", "", "--c", "Content-Type: text/plain", "", "deep", "--c--", "--b--", "--a", "Content-Type: text/plain", "", "list footer", "--a--"), "deep\nlist footer"},
		"an end that is missing":           {raw(from, "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/plain", "", "cut off"), "cut off"},
		"a boundary that never comes":      {raw(from, "Content-Type: multipart/mixed; boundary=b", "", "no parts at all"), ""},
		"a preamble":                       {raw(from, "Content-Type: multipart/mixed; boundary=b", "", "This is MIME.", "--b", "", "Hello", "--b--", "epilogue"), "Hello"},
		"base64 that breaks off":           {raw(from, "Content-Transfer-Encoding: base64", "", "SGVsbG8gd29ybGQ=", "!!!"), "Hello world"},
		"no body":                          {raw(from, "Subject: nothing", ""), ""},
		"a type that is none":              {raw(from, "Content-Type: text/plain; charset", "", "Hello"), "Hello"},
	} {
		if got := parse(t, c.mail); string(got.Text) != c.want && !(name == "a type that is none" && len(got.Files) == 1) {
			t.Errorf("%s: %q, want %q", name, got.Text, c.want)
		}
	}
}

// answered is what a calendar program answers, with more lines.
func answered(more ...string) string {
	return raw(append(append([]string{
		"BEGIN:VCALENDAR", "PRODID:-//Some//Program//EN", "VERSION:2.0", "METHOD:REPLY", "BEGIN:VEVENT", "UID:i1@hirelog", "SEQUENCE:3", "DTSTAMP:20260302T090000Z",
		"ATTENDEE;CN=\"Cleo, C.\";PARTSTAT=DECLINED:MAILTO:cleo@mail.", " example",
	}, more...), "END:VEVENT", "END:VCALENDAR", "")...)
}

// S2-107: what a calendar program answers is read wherever it is in a mail; it is a
// file if it was sent as one.
func TestParseReplies(t *testing.T) {
	t.Parallel()
	const alternative, part = "Content-Type: multipart/alternative; boundary=b", "Content-Type: text/calendar; method=REPLY"
	text := raw("--b", "Content-Type: text/plain", "", "Declined", "")
	file := raw("--b", "Content-Type: application/ics; name=\"invite.ics\"", "Content-Disposition: attachment; filename=\"invite.ics\"", "", answered(), "")
	for name, c := range map[string]struct {
		mail, file string
	}{
		"beside a text":       {raw(from, alternative, "", text+"--b", part+"; charset=UTF-8", "", answered(), "--b--"), ""},
		"as a file, too":      {raw(from, alternative, "", text+file+"--b--"), "invite.ics"},
		"as a part and file":  {raw(from, alternative, "", text+"--b", part, "", answered(), file+"--b--"), "invite.ics"},
		"as a part alone":     {raw(from, alternative, "", "--b", part, "", answered(), "--b--"), ""},
		"as the whole mail":   {raw(from, part, "", answered()), ""},
		"with a comment":      {raw(from, part, "", answered("COMMENT:Ill")), ""},
		"in base64, as UTF-8": {raw(from, "Content-Type: text/calendar; charset=utf-8", "Content-Transfer-Encoding: base64", "", base64.StdEncoding.EncodeToString([]byte(answered()))), ""},
	} {
		in := parse(t, c.mail)
		if r := in.Reply; r == nil || r.ID != "i1" || r.Sequence != 3 || r.Attendee != "cleo@mail.example" || r.Answer != calendar.Declined {
			t.Errorf("%s: %+v", name, r)
		}
		if got, whole := fileNames(in), fileNames(in.WithObject()); got != c.file || whole != cmp.Or(c.file, "calendar.ics") {
			t.Errorf("%s: files %q, with the object %q", name, got, whole)
		}
	}
}

func fileNames(in mail.Incoming) string {
	var names []string
	for _, f := range in.Files {
		names = append(names, string(f.Name))
	}
	return strings.Join(names, " ")
}

// S2-107: what is for calendar programs and is no answer is a file, each of them once;
// H1: only the first two are looked at for one.
func TestParseObjects(t *testing.T) {
	t.Parallel()
	const part = "--b\r\nContent-Type: text/calendar\r\n\r\n"
	request, counter := strings.Replace(answered(), "REPLY", "REQUEST", 1), strings.Replace(answered(), "REPLY", "COUNTER", 1)
	for name, c := range map[string]struct {
		parts []string
		files string
		reply bool
	}{
		"a request":               {[]string{request}, "calendar.ics", false},
		"another time":            {[]string{counter}, "calendar.ics", false},
		"several":                 {[]string{request, counter}, "calendar.ics calendar.ics", false},
		"the same":                {[]string{request, request}, "calendar.ics", false},
		"an answer as the second": {[]string{counter, answered()}, "calendar.ics", true},
		"one as the third":        {[]string{counter, request, answered()}, "calendar.ics calendar.ics calendar.ics", false},
		"one answer twice":        {[]string{answered(), answered()}, "", true},
		"two answers":             {[]string{answered(), answered("COMMENT:x")}, "calendar.ics", true},
	} {
		in := parse(t, raw(from, "Content-Type: multipart/mixed; boundary=b", "", "--b", "", "How about Tuesday?", part+strings.Join(c.parts, "\r\n"+part), "--b--"))
		if got := fileNames(in); got != c.files || (in.Reply != nil) != c.reply || in.Text != "How about Tuesday?" || c.reply && !in.SaysMore() {
			t.Errorf("%s: files %q, %+v, %q", name, got, in.Reply, in.Text)
		}
	}
	many := parse(t, raw(from, "Content-Type: multipart/mixed; boundary=b", "", func() string {
		var b strings.Builder
		for i := range mail.MaxFiles + 1 {
			b.WriteString(part + fmt.Sprint(i) + "\r\n")
		}
		return b.String() + "--b--"
	}()))
	if len(many.Files) != mail.MaxFiles || len(many.LeftOut) != 1 || !many.LeftOut[0].TooMany {
		t.Errorf("%d files, %v left out", len(many.Files), many.LeftOut)
	}
}

// S2-107: what is written along with an answer is text, and it is known of a text
// whether a program wrote it.
func TestParseWordsOfReplies(t *testing.T) {
	t.Parallel()
	const sender = "From: Cleo C. <cleo@mail.example>"
	for name, c := range map[string]struct {
		header, text string
		more         []string
		want         string
		automatic    bool
	}{
		"nothing":                {"", "", nil, "", true},
		"a comment":              {"", "", []string{"COMMENT:Ill"}, "Ill", true},
		"a comment and a text":   {"", "I am no robot.", []string{"COMMENT:May I bring a friend?"}, "I am no robot.\n\nMay I bring a friend?", false},
		"one that is in it":      {"", "Declined:  I\r\nam ill", []string{"COMMENT:I am ill"}, "Declined:  I\nam ill", false},
		"one in another word":    {"", "I know", []string{"COMMENT:no"}, "I know\n\nno", false},
		"several":                {"", "", []string{"COMMENT:Ill", "COMMENT:Sorry"}, "Ill\nSorry", true},
		"a sentence by name":     {"", "Cleo C. has declined this invitation.", nil, "Cleo C. has declined this invitation.", true},
		"by address":             {"", "cleo@mail.example has tentatively accepted your event invitation", nil, "cleo@mail.example has tentatively accepted your event invitation", true},
		"with a comment":         {"", "Cleo C. has accepted your invitation.", []string{"COMMENT:Ill"}, "Cleo C. has accepted your invitation.\n\nIll", true},
		"by another name":        {"", "My boss has declined the invitation.", nil, "My boss has declined the invitation.", false},
		"and another sentence":   {"", "Cleo C. has declined the invitation. Sorry!", nil, "Cleo C. has declined the invitation. Sorry!", false},
		"a header":               {"Auto-Submitted: auto-generated", "Cleo no viene", nil, "Cleo no viene", true},
		"one that says it's not": {"Auto-Submitted: No", "Cleo no viene", nil, "Cleo no viene", false},
		"the sender":             {"Sender: Google Calendar <calendar-notification@google.com>", "Cleo no viene", nil, "Cleo no viene", true},
		"another sender":         {"Sender: Google <me@google.com>", "Cleo no viene", nil, "Cleo no viene", false},
	} {
		header := []string{sender}
		if c.header != "" {
			header = append(header, c.header)
		}
		in := parse(t, raw(append(header, "Content-Type: multipart/alternative; boundary=b", "", "--b", "", c.text, "--b", "Content-Type: text/calendar; method=REPLY", "", answered(c.more...), "--b--")...))
		if string(in.Text) != c.want || in.Automatic != c.automatic || in.SaysMore() != (!c.automatic || c.more != nil) {
			t.Errorf("%s: %q, automatic %v, says more %v; want %q", name, in.Text, in.Automatic, in.SaysMore(), c.want)
		}
	}
	if in := parse(t, raw(sender, "Auto-Submitted: auto-replied", "", "I am away")); in.Automatic {
		t.Error("what is no answer is an automatic one")
	}
}

// S2-44: headers as mail programs write them.
func TestParseHeaders(t *testing.T) {
	t.Parallel()
	in := parse(t, raw(
		"From: =?utf-8?q?Zo=C3=AB_=E2=80=9CZ=E2=80=9D?= <zoe@mail.example>", "To: jobs@acme.example, Others: a@x.example, b@x.example;", "Cc: \"Reply, To\" <reply-abc@acme.example>",
		"Subject: =?iso-8859-1?Q?Bewerbung_f=FCr?=", " =?utf-8?B?IMOcYnVuZw==?=", "Message-ID: <1@mail.example>", "In-Reply-To: <last@acme.example>",
		"References: <first@acme.example>", " <last@acme.example>", "", "x",
	))
	if in.From != "zoe@mail.example" || in.FromName != "Zoë “Z”" || in.Subject != "Bewerbung für Übung" || in.MessageID != "1@mail.example" {
		t.Errorf("%q %q %q %q", in.From, in.FromName, in.Subject, in.MessageID)
	}
	if !slices.Contains(in.Recipients, "reply-abc@acme.example") || !slices.Contains(in.Recipients, "jobs@acme.example") {
		t.Errorf("to %v", in.Recipients)
	}
	if len(in.References) != 3 || in.References[0] != "last@acme.example" || in.References[2] != "first@acme.example" {
		t.Errorf("it answers %v", in.References)
	}
	// What a header brings in does not break out of its line.
	in = parse(t, raw("From: =?utf-8?q?a=0D=0ABcc:_x=40y?= <a@mail.example>", "Subject: =?utf-8?q?one=0D=0Atwo?=", "", "x"))
	if strings.ContainsAny(string(in.FromName+in.Subject), "\r\n") || in.From != "a@mail.example" {
		t.Errorf("%q %q", in.FromName, in.Subject)
	}
	if in = parse(t, raw("From: =?x-klingon?q?K?= <k@mail.example>", "", "x")); in.From != "k@mail.example" {
		t.Errorf("it is from %q", string(in.From))
	}
	long := parse(t, raw(from, "Subject: "+strings.Repeat("é", 500), "", "x"))
	if utf8.RuneCountInString(string(long.Subject)) > 200 {
		t.Errorf("a subject of %d characters", utf8.RuneCountInString(string(long.Subject)))
	}
	many := parse(t, raw(from, "To: "+strings.TrimSuffix(strings.Repeat("a@x.example, ", 500), ", "), "", "x"))
	if len(many.Recipients) > 100 {
		t.Errorf("%d recipients are looked at", len(many.Recipients))
	}
}

// S2-21: files with the names that mail programs give them.
func TestParseFiles(t *testing.T) {
	t.Parallel()
	part := func(header ...string) string {
		return raw(from, "Content-Type: multipart/mixed; boundary=b", "", "--b", raw(header...), "", "content", "--b--")
	}
	for name, c := range map[string]struct{ mail, want string }{
		"a name":              {part(`Content-Disposition: attachment; filename="cv.pdf"`), "cv.pdf"},
		"by its type":         {part(`Content-Type: application/pdf; name="cv.pdf"`), "cv.pdf"},
		"in another charset":  {part(`Content-Disposition: attachment; filename*=utf-8''Lebenslauf%20%C3%BC.pdf`), "Lebenslauf ü.pdf"},
		"in pieces":           {part(`Content-Disposition: attachment; filename*0="long "; filename*1="name.pdf"`), "long name.pdf"},
		"as an encoded word":  {part(`Content-Disposition: attachment; filename="=?utf-8?q?=C3=BC.pdf?="`), "ü.pdf"},
		"without one":         {part("Content-Type: image/png"), "file-1"},
		"a mail":              {part("Content-Type: message/rfc822"), "file-1.eml"},
		"with a line in it":   {part("Content-Disposition: attachment; filename=\"a\x01b.pdf\""), "ab.pdf"},
		"a text that is kept": {part("Content-Type: text/plain", "Content-Disposition: attachment; filename=notes.txt"), "notes.txt"},
	} {
		in := parse(t, c.mail)
		if len(in.Files) != 1 || string(in.Files[0].Name) != c.want {
			t.Errorf("%s: %d files, %+v", name, len(in.Files), in.Files)
		}
	}
	var parts strings.Builder
	for i := range mail.MaxFiles + 5 {
		fmt.Fprintf(&parts, "--b\r\nContent-Disposition: attachment; filename=%d.txt\r\n\r\nx\r\n", i)
	}
	in := parse(t, raw(from, "Content-Type: multipart/mixed; boundary=b", "", parts.String()+"--b--"))
	if len(in.Files) != mail.MaxFiles || len(in.LeftOut) != 5 || in.LeftOut[0] != (mail.LeftOut{Name: "20.txt", TooMany: true}) {
		t.Errorf("%d files, left out %v", len(in.Files), in.LeftOut)
	}
	in = parse(t, raw(from, "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Disposition: attachment; filename=big.bin", "", strings.Repeat("x", mail.MaxFile+1), "--b--"))
	if len(in.Files) != 0 || len(in.LeftOut) != 1 || in.LeftOut[0] != (mail.LeftOut{Name: "big.bin"}) {
		t.Errorf("%d files, left out %v", len(in.Files), in.LeftOut)
	}
}

// What would take for ever, or says nothing, is no mail.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	deep := "Content-Type: text/plain\r\n\r\nx"
	for i := range 30 {
		deep = fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%s\r\n--b%d--", i, i, deep, i)
	}
	for name, text := range map[string]string{
		"nothing":             "",
		"no sender":           raw("Subject: x", "", "x"),
		"a sender of no form": raw("From: nobody at all", "", "x"),
		"a huge header":       raw(from, "Subject: "+strings.Repeat("x", 300<<10), "", "x"),
		"too deep":            from + "\r\n" + deep,
		"too many parts":      raw(from, "Content-Type: multipart/mixed; boundary=b", "", strings.Repeat("--b\r\n\r\nx\r\n", 300)+"--b--"),
	} {
		if _, err := mail.Parse(strings.NewReader(text)); !errors.Is(err, mail.ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// S2-48: a report says which mail came back, and only of one that did.
func TestParseReports(t *testing.T) {
	t.Parallel()
	report := func(action string) string {
		return raw("From: mailer-daemon@mx.example", "Content-Type: multipart/report; report-type=delivery-status; boundary=b", "", "--b", "", "It did not work.",
			"--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.example", "", "Final-Recipient: rfc822; a@b.example", "Action: "+action, "Status: 5.1.1",
			"--b", "Content-Type: text/rfc822-headers", "", "Message-ID: <mine@acme.example>", "", "--b--")
	}
	if in := parse(t, report("failed")); in.Bounce == nil || *in.Bounce != (mail.Bounce{MessageID: "mine@acme.example", Status: "5.1.1"}) {
		t.Errorf("%+v", in.Bounce)
	}
	if in := parse(t, report("delayed")); in.Bounce != nil {
		t.Errorf("%+v", in.Bounce)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"", raw(from, "", "Hello"), raw(from, "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/html; charset=utf-16", "", "<p>x", "--b", "Content-Disposition: attachment; filename*0*=utf-8''%FF", "", "x", "--b--"),
		raw("From: =?utf-8?b?/w==?= <a@b.example>", "References: <<>> <a", "Content-Type: multipart/report; report-type=delivery-status; boundary=\"\"", "", "--", "Content-Type: message/delivery-status", "", "Action: failed", "----"),
		raw(from, "Content-Type: text/calendar", "", answered("COMMENT:x")),
		raw(from, "Content-Type: text/calendar", "", answered("X"+strings.Repeat(";A=", 20_000)+":1")),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		in, err := mail.Parse(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, s := range []string{string(in.From), string(in.FromName), string(in.Subject), string(in.Text)} {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\r") {
				t.Errorf("%q is no text", s)
			}
		}
		if r := in.Reply; r != nil && (!utf8.ValidString(string(r.Attendee+r.Comment)) || strings.ContainsAny(string(r.Attendee), "\n\r")) {
			t.Errorf("%+v", r)
		}
		if in.From == "" || strings.Contains(string(in.Subject+in.From+in.FromName), "\n") || len(in.Files) > mail.MaxFiles {
			t.Errorf("%+v", in)
		}
	})
}
