package imports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// Whatever stands in a file: it is read or told of, with a line, and what is
// read is text.
func FuzzRows(f *testing.F) {
	f.Add("jobs.csv", "id,title,stages,opened_at\nJ1,One,Applied|Ended,2025-01-01\n")
	f.Add("applications.csv", "\ufeffid;job;received_at\nA1;\"J\n1\";2025-01-01\nA2\n")
	f.Add("all.ndjson", `{"kind":"stage","application":"A1","stage":"X","entered_at":"2025-01-01"}`+"\n[]\n{\"kind\":1}\n")
	f.Add("files.ndjson", `{"application":"A1","path":"../../etc/passwd","category":"cv","at":"2025-01-01"}`)
	f.Add("notes.csv", "id\n\"")
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, name, content string) {
		ext := filepath.Ext(name)
		if base := strings.TrimSuffix(name, ext); kindOf(base+".csv") == "" || strings.ContainsAny(name, "/\x00") || len(name) > 100 || ext != ".csv" && ext != ".ndjson" {
			name = "more.ndjson"
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Skip(err)
		}
		src, err := open([]string{dir})
		if err != nil {
			t.Fatal(err)
		}
		defer src.root.Close()
		all, err := read(src, now, func(p Problem) {
			if p.Line < 1 || p.File == "" || p.Code == "" || !utf8.ValidString(p.Message) {
				t.Errorf("told %+v", p)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all.applications {
			if a.id == "" || a.job == "" || a.at.After(now) || !utf8.ValidString(a.id) {
				t.Errorf("read %+v", a)
			}
			for k, s := range a.steps {
				if s.past == nil || s.at.Before(a.at) || k > 0 && s.at.Before(a.steps[k-1].at) {
					t.Errorf("step %+v", s)
				}
			}
		}
	})
}
