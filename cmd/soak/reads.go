package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// read reads the application as it is after the worker's last write.
func (w *worker) read() error {
	var seen struct {
		Revision int64             `json:"revision"`
		Comments []said            `json:"comments"`
		Said     int               `json:"comments_total"`
		Next     *string           `json:"comments_next_cursor"`
		Notes    []json.RawMessage `json:"notes"`
		Noted    int               `json:"notes_total"`
	}
	if answered, err := w.ask("", "", &seen); err != nil || !answered {
		return err
	}
	if seen.Revision != w.revision || seen.Said != len(w.texts) || seen.Noted < len(w.notes) || len(seen.Notes) != min(seen.Noted, newest) {
		w.in.report.count("reads older than asked", 1)
		return fmt.Errorf("read of %s behind %s: revision %d, %d comments and %d notes, of which %d are shown; want %d, %d and %d",
			w.id, w.position, seen.Revision, seen.Said, seen.Noted, len(seen.Notes), w.revision, len(w.texts), len(w.notes))
	}
	if want := min(len(w.texts), newest); len(seen.Comments) != want || (seen.Next != nil) != (len(w.texts) > newest) {
		return fmt.Errorf("read of %s behind %s shows %d comments of %d, cursor %v", w.id, w.position, len(seen.Comments), len(w.texts), seen.Next)
	}
	if err := w.follows(0, seen.Comments); err != nil {
		return err
	}
	if w.rng.IntN(4) > 0 {
		return nil
	}
	return w.readPages()
}

// newest is how many notes, and how many comments, a profile shows.
const newest = 20

// said is a comment, as it is shown.
type said struct {
	Text string `json:"text"`
}

// readPages reads the comments page by page, each from any process. Only the
// worker writes to its application: they are its own, each once, newest first.
func (w *worker) readPages() error {
	cursor := ""
	for read := 0; ; {
		var page struct {
			Items []said  `json:"items"`
			Next  *string `json:"next_cursor"`
			Total int     `json:"total"`
		}
		if answered, err := w.ask("/comments", "limit=3"+cursor, &page); err != nil || !answered {
			return err
		}
		if err := w.follows(read, page.Items); err != nil {
			return err
		}
		read += len(page.Items)
		if (page.Next != nil) != (read < len(w.texts)) || page.Next != nil && len(page.Items) == 0 || page.Total != len(w.texts) {
			return fmt.Errorf("comments of %s behind %s: %d of %d are read of %d, cursor %v", w.id, w.position, read, len(w.texts), page.Total, page.Next)
		}
		if page.Next == nil {
			return nil
		}
		cursor = "&cursor=" + *page.Next
	}
}

// follows checks that comments are the worker's, from the one that so many are
// newer than.
func (w *worker) follows(newer int, shown []said) error {
	for i, c := range shown {
		at := len(w.texts) - 1 - newer - i
		if at < 0 || w.texts[at] != c.Text {
			return fmt.Errorf("comments of %s behind %s: %q with %d newer ones, of %q", w.id, w.position, c.Text, newer+i, w.texts)
		}
	}
	return nil
}

// ask reads below the application what it is after the worker's last write. It
// reports whether there was an answer: the process may be down.
func (w *worker) ask(rest, query string, into any) (answered bool, err error) {
	path := behind(w.path(rest), w.position)
	if query != "" {
		path += "&" + query
	}
	began, fault := time.Now(), w.in.report.under()
	got, err := w.send(context.Background(), w.in.queries[w.rng.IntN(len(w.in.queries))], w.token, call{method: http.MethodGet, path: path})
	switch {
	case errors.Is(err, errStuck):
		return false, err
	case err != nil:
		w.in.report.count("reads not answered", 1)
		return false, nil //nolint:nilerr // the process may be down
	case got.status == http.StatusServiceUnavailable:
		w.in.report.count("reads refused (503)", 1)
		return false, nil
	case got.status != http.StatusOK:
		return false, fmt.Errorf("read of %s: %d %s", path, got.status, got.body)
	}
	w.in.report.answered(fault, time.Since(began))
	w.in.report.count("reads", 1)
	w.reads.Add(1)
	if err := json.Unmarshal(got.body, into); err != nil {
		return true, fmt.Errorf("read of %s: %w", path, err)
	}
	return true, nil
}
