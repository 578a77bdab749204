package commands

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// tells is how one kind of thing is told.
type tells struct {
	one  string // the line of one
	many string // the line of several, with %d
	// begins: of what came after it in the same mail only an end, or what settles
	// it, is told instead.
	begins  bool
	settles bool
	// ends: with a beginning in the same mail, nothing is told of either.
	ends bool
	// pageless: it is told also while candidates have no page; then without an
	// address to look at.
	pageless bool
}

// noticeTexts is how everything is told that is told by mail.
var noticeTexts = map[notice.Kind]tells{
	notice.DocumentRequested: {one: "You are asked for a document.", many: "You are asked for %d documents.", begins: true},
	notice.DocumentCancelled: {one: "A document is not asked for any more.", many: "%d documents are not asked for any more.", ends: true},
	notice.DocumentApproved:  {one: "A document of yours was accepted.", many: "%d documents of yours were accepted.", settles: true},
	notice.DocumentRejected:  {one: "A document of yours was not accepted; please upload it again.", many: "%d documents of yours were not accepted; please upload them again.", settles: true},
	notice.DocumentDeleted:   {one: "A document of yours was deleted; please upload it again.", many: "%d documents of yours were deleted; please upload them again.", settles: true},
	notice.DocumentReminder:  {one: "A document is due soon.", many: "%d documents are due soon."},
	notice.UploadReceived:    {one: "The candidate uploaded a document.", many: "The candidate uploaded %d documents."},
}

const (
	candidateSubject = "News about your application at {{organization.name}}"
	candidateText    = "Hello,\n\nthere is news about your application as {{job.title}} at {{organization.name}}:\n\n{{news}}"
	candidatePage    = "\nYou find it on your page: {{page.url}}\n"
	memberSubject    = "News about an application as {{job.title}}"
	memberText       = "Hello,\n\nthere is news about an application as {{job.title}}:\n\n{{news}}"
)

// settledKind returns what is told of one thing, given everything that happened to
// it, oldest first; ok is false if nothing is.
func settledKind(happened []notice.Kind) (kind notice.Kind, ok bool) {
	first, last := happened[0], happened[len(happened)-1]
	switch {
	case noticeTexts[first].begins && noticeTexts[last].ends:
		return "", false
	case noticeTexts[first].begins && !noticeTexts[last].settles:
		return first, true
	}
	return last, true
}

// newsOf returns the lines of a mail, in the order in which the things they tell
// of happened first; "" if there is nothing to tell.
func newsOf(items []notice.Item) string {
	happened, subjects := map[string][]notice.Kind{}, []string{}
	for _, i := range items {
		if happened[i.Subject] == nil {
			subjects = append(subjects, i.Subject)
		}
		happened[i.Subject] = append(happened[i.Subject], i.Kind)
	}
	count, kinds := map[notice.Kind]int{}, []notice.Kind{}
	for _, s := range subjects {
		kind, ok := settledKind(happened[s])
		if !ok {
			continue
		}
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
		count[kind]++
	}
	var lines strings.Builder
	for _, kind := range kinds {
		text := noticeTexts[kind].one
		if n := count[kind]; n > 1 {
			text = fmt.Sprintf(noticeTexts[kind].many, n)
		}
		lines.WriteString("- " + text + "\n")
	}
	return lines.String()
}

// kindsOf are the kinds of things a mail tells of.
func kindsOf(items []notice.Item) []notice.Kind {
	kinds := make([]notice.Kind, len(items))
	for i, item := range items {
		kinds[i] = item.Kind
	}
	return kinds
}

// noticeText returns what a mail of notices says.
func (c *Commands) noticeText(m notice.Mail, news string) (subject, text personal.Plain) {
	o := c.directory.Organization()
	values := map[string]string{
		"organization.name": o.Name, "job.title": c.directory.Job(m.About.Job).Details.Title, "news": news, "page.url": c.pageURL,
	}
	fill := func(template string) personal.Plain {
		return personal.Plain(organization.Fill(template, func(name string) string { return values[name] }))
	}
	if m.About.To != notice.Candidate {
		return fill(memberSubject), fill(memberText)
	}
	if o.Settings.SelfTracking && c.pageURL != "" {
		return fill(candidateSubject), fill(candidateText + candidatePage)
	}
	return fill(candidateSubject), fill(candidateText)
}
