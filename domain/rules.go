package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrInvalid is the refusal of a value that no state would allow.
var ErrInvalid = &Refusal{Kind: Invalid, Code: "invalid", Message: "The request does not make sense."}

// TextOf checks a text that people typed: it is trimmed, must be valid UTF-8
// without control characters other than line breaks and tabs, and have between
// min and max characters. name is what the message calls it.
// Errors: ErrInvalid.
func TextOf(name, text string, min, max int) (string, error) {
	text = strings.TrimSpace(text)
	if !utf8.ValidString(text) {
		return "", ErrInvalid.Because("%s is not valid text.", name)
	}
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return "", ErrInvalid.Because("%s holds a control character.", name)
		}
	}
	switch n := utf8.RuneCountInString(text); {
	case n < min && n == 0:
		return "", ErrInvalid.Because("%s is required.", name)
	case n < min:
		return "", ErrInvalid.Because("%s needs at least %d characters.", name, min)
	case n > max:
		return "", ErrInvalid.Because("%s has %d characters; at most %d are allowed.", name, n, max)
	}
	return text, nil
}

// LineOf checks a text as TextOf does that must also be one line: a name, a
// title, a label, an address. These end up in mail headers and file names.
// Errors: ErrInvalid.
func LineOf(name, text string, min, max int) (string, error) {
	text, err := TextOf(name, text, min, max)
	if err != nil {
		return "", err
	}
	if strings.ContainsAny(text, "\r\n\t\u2028\u2029") {
		return "", ErrInvalid.Because("%s must be one line.", name)
	}
	return text, nil
}

// EmailOf checks an e-mail address that people typed, or none: one line of at
// most 254 characters with something before and after a single @, and no space.
// Whether it reaches anybody only a message can tell.
// Errors: ErrInvalid.
func EmailOf(address string) (string, error) {
	address, err := LineOf("The e-mail address", address, 0, 254)
	if err != nil || address == "" {
		return "", err
	}
	local, host, _ := strings.Cut(address, "@")
	if local == "" || host == "" || strings.ContainsAny(host, "@/") || strings.ContainsAny(address, " \t<>,;\"") {
		return "", ErrInvalid.Because("The e-mail address is none; leave it out if there is none.")
	}
	return address, nil
}
