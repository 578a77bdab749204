package historytest

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/personal"
)

// OnMessage decides something about a message.
func (h *History) OnMessage(id string, by domain.Actor, decide func(message.Message, domain.Stamp) ([]message.Event, error)) {
	h.t.Helper()
	events, err := decide(h.Messages[id], h.Stamp(by))
	h.Messages[id] = h.Messages[id].Fold(record(h, message.Codec, "message-"+id, events, err)...)
}

// Write writes a message to the candidate of an application and returns its id.
func (h *History) Write(id string, by domain.Actor, text personal.Plain, answers string) string {
	h.t.Helper()
	m := h.ID()
	thread, template := m, h.ID()
	if answers != "" {
		thread, template = h.Messages[answers].Thread, ""
	}
	h.OnMessage(m, by, func(was message.Message, s domain.Stamp) ([]message.Event, error) {
		return was.Write(message.Draft{
			Place: h.place(id), Thread: thread, Answers: answers, Template: template, To: h.Text(m, id, "cleo@mail.example"), Subject: h.Text(m, id, "a subject"), Text: h.Text(m, id, text),
		}, s)
	})
	return m
}

func (h *History) place(id string) message.Place {
	return message.Place{Application: id, Job: h.Applications[id].Job}
}

// Mail lets a message with a file come in, to an application or, if id is empty,
// to none. It returns the ids of the message and of the file.
func (h *History) Mail(id, suggested string, text personal.Plain) (m, file string) {
	h.t.Helper()
	m, file = h.ID(), h.ID()
	owner, in := id, message.Arrival{Thread: m, Known: suggested != ""}
	if owner == "" {
		owner = m
		if suggested != "" {
			in.Suggested = h.place(suggested)
		}
	} else {
		in.Place = h.place(id)
	}
	in.From, in.FromName, in.Subject = h.Text(m, owner, "cleo@mail.example"), h.Text(m, owner, "Cleo"), h.Text(m, owner, "a question")
	in.Text, in.MessageID = h.Text(m, owner, text), h.Text(m, owner, "1@mail.example")
	in.LeftOut = []message.LeftOut{{Name: h.Text(m, owner, "song.exe"), Reason: message.Infected}}
	in.Attachments = []message.Attachment{{File: file, Name: h.Text(file, owner, "letter.pdf"), Size: 1000, Type: "application/pdf"}}
	if id == "" {
		in.Held = []string{file}
	}
	h.OnMessage(m, domain.Candidate, func(was message.Message, s domain.Stamp) ([]message.Event, error) { return was.Receive(in, s) })
	if id != "" {
		h.fileMail(id, file)
	}
	return m, file
}

// fileMail files what came along with a message in an application.
func (h *History) fileMail(id, file string) {
	h.t.Helper()
	document := h.ID()
	h.On(id, domain.System, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.FileAttachment(document, application.File{ID: file, Name: h.Text(file, id, "letter.pdf"), Size: 1000, Type: "application/pdf"}, s)
	})
}

// giveTo gives the keys of a message and its files to an application.
func (h *History) giveTo(id string, keys ...string) {
	h.t.Helper()
	for _, key := range keys {
		owners, err := h.Vault.Owners(h.t.Context(), key)
		if err == nil {
			err = h.Vault.AddOwner(h.t.Context(), key, id)
		}
		for _, owner := range owners {
			if err == nil && owner != id {
				err = h.Vault.RemoveOwner(h.t.Context(), key, owner)
			}
		}
		if err != nil {
			h.t.Fatal(err)
		}
	}
}

// randomMessage lets a message go or come, and something become of it.
func (c *Company) randomMessage(id string, by domain.Actor) {
	if c.Applications[id].Anonymised {
		return
	}
	if c.r.IntN(2) == 0 {
		c.sendOne(id, by, c.r.IntN(6))
		return
	}
	m, _ := c.Mail([]string{id, ""}[c.r.IntN(2)], id, "a mail that came in")
	if c.Messages[m].Application != "" && c.r.IntN(2) == 0 {
		c.OnMessage(m, by, func(m message.Message, s domain.Stamp) ([]message.Event, error) { return m.Close("", s) })
	}
}

// sendOne writes a message and lets one of the things that may become of it.
func (c *Company) sendOne(id string, by domain.Actor, what int) {
	m := c.Write(id, by, "a message that is sent", "")
	on := func(by domain.Actor, decide func(message.Message, domain.Stamp) ([]message.Event, error)) {
		c.OnMessage(m, by, decide)
	}
	if what == 0 {
		on(by, message.Message.Cancel)
		return
	}
	if what == 1 {
		on(by, func(was message.Message, s domain.Stamp) ([]message.Event, error) {
			return was.Change(c.ID(), message.Draft{Subject: c.Text(m, id, "another subject"), Text: c.Text(m, id, "another message"), SendAt: s.At.Add(time.Minute)}, s)
		})
		return
	}
	on(domain.System, func(was message.Message, s domain.Stamp) ([]message.Event, error) { return was.Send(c.ID(), s) })
	on(domain.System, func(was message.Message, s domain.Stamp) ([]message.Event, error) {
		switch what {
		case 2:
			return was.Fail(1, "not_taken", true, s)
		case 3:
			return was.LoseTrack(1, s)
		}
		return was.Take(1, s)
	})
	switch what {
	case 3:
		on(by, message.Message.Retry)
	case 4:
		on(domain.System, func(was message.Message, s domain.Stamp) ([]message.Event, error) { return was.Bounce(1, "5.1.1", s) })
		c.ComesBack(c.Tell(id, ""), "")
	}
}

// messagesOnce lets everything happen to messages.
func (c *Company) messagesOnce(id, other string, by domain.Actor) {
	for what := range 6 {
		c.sendOne(id, by, what)
	}
	c.Mail("", id, "a mail that stays unassigned")
	infected, malware := c.Mail("", id, "a mail with malware")
	c.OnMessage(infected, domain.System, func(was message.Message, s domain.Stamp) ([]message.Event, error) {
		return was.ScanFile(malware, "Eicar", s)
	})
	m, file := c.Mail("", id, "a mail that is assigned")
	c.giveTo(id, m, file)
	c.OnMessage(m, by, func(was message.Message, s domain.Stamp) ([]message.Event, error) { return was.Assign(c.place(id), s) })
	document := c.ID()
	c.On(id, domain.System, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.FileAttachment(document, application.File{ID: file, Name: c.Text(file, id, "letter.pdf"), Size: 1000, Type: "application/pdf"}, s)
	})
	c.giveTo(other, m, file)
	c.OnMessage(m, by, func(was message.Message, s domain.Stamp) ([]message.Event, error) { return was.Move(c.place(other), s) })
	c.On(id, domain.System, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.LetGo(document, s)
	})
	reply := c.Write(other, by, "an answer", m)
	c.OnMessage(m, by, func(was message.Message, s domain.Stamp) ([]message.Event, error) { return was.Close(reply, s) })
}
