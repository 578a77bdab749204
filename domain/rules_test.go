package domain_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
)

func TestTextOf(t *testing.T) {
	for _, tt := range []struct {
		name     string
		text     string
		min, max int
		want     string
		says     string // "" = accepted
	}{
		{name: "trimmed", text: " \n a b \t", min: 1, max: 3, want: "a b"},
		{name: "lines and tabs stay", text: "a\r\n\tb", max: 10, want: "a\r\n\tb"},
		{name: "characters count, not bytes", text: "äöü", min: 3, max: 3, want: "äöü"},
		{name: "may be empty", text: "  ", max: 3},
		{name: "empty", text: "  ", min: 1, max: 3, says: "The text is required."},
		{name: "too short", text: "ab", min: 3, max: 5, says: "The text needs at least 3 characters."},
		{name: "too long", text: "abcd", max: 3, says: "The text has 4 characters; at most 3 are allowed."},
		{name: "not UTF-8", text: "a\xff", max: 3, says: "The text is not valid text."},
		{name: "control character", text: "a\x00b", max: 3, says: "The text holds a control character."},
		{name: "delete", text: "a\x7fb", max: 3, says: "The text holds a control character."},
		{name: "C1 control character", text: "a\u0085b", max: 3, says: "The text holds a control character."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := domain.TextOf("The text", tt.text, tt.min, tt.max)
			wantRefusal(t, err, tt.says)
			if got != tt.want {
				t.Errorf("text = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLineOf(t *testing.T) {
	got, err := domain.LineOf("The name", " Ana Gil\n", 1, 10)
	if got != "Ana Gil" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	for _, text := range []string{"a\nb", "a\rb", "a\tb", "a\u2028b", "a\u2029b"} {
		_, err := domain.LineOf("The name", text, 1, 10)
		wantRefusal(t, err, "The name must be one line.")
	}
	_, err = domain.LineOf("The name", "", 1, 10)
	wantRefusal(t, err, "The name is required.")
}

func wantRefusal(t *testing.T, err error, says string) {
	t.Helper()
	if says == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	if !errors.Is(err, domain.ErrInvalid) || err.Error() != says {
		t.Errorf("err = %v, want %q", err, says)
	}
}

// What was accepted is accepted as it stands: checking a stored text again
// changes nothing.
func TestTextOfIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		first, err := domain.TextOf("The text", text, 1, 20)
		if err != nil {
			return
		}
		if again, err := domain.TextOf("The text", first, 1, 20); err != nil || again != first {
			t.Errorf("%q became %q (%v)", first, again, err)
		}
		if line, err := domain.LineOf("The text", first, 1, 20); err == nil && (line != first || strings.ContainsAny(line, "\r\n")) {
			t.Errorf("%q is the line %q", first, line)
		}
	})
}

// What is no address must not be taken for one: people are recognised by it.
func TestEmailOf(t *testing.T) {
	for _, ok := range []string{"", "a@b", " cleo@example.test ", "ünï@bücher.example", "a+b.c@d-e.f"} {
		if got, err := domain.EmailOf(ok); err != nil || got != strings.TrimSpace(ok) {
			t.Errorf("EmailOf(%q) = %q, %v", ok, got, err)
		}
	}
	for _, bad := range []string{"n/a", "-", "none", "@", "a@", "@b", "a@b@c", "a b@c", "a@b c", "Cleo <a@b>", "a@b,c@d", "n@/a"} {
		if got, err := domain.EmailOf(bad); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("EmailOf(%q) = %q, %v; want ErrInvalid", bad, got, err)
		}
	}
}
