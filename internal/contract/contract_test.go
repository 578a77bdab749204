package contract

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

var grace = Contract{
	Title: "Contract of employment", Company: "Example Company", At: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
	Body: "Example Company employs Gráce Hopper, Ангелина Ψ, from 2026-06-01.\n\nŁódź",
}

func TestAContractIsTheSameWheneverItIsWritten(t *testing.T) {
	first, err := Write(grace)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Write(grace)
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("written again it is another (%v)", err)
	}
	if !bytes.HasPrefix(first, []byte("%PDF-")) || bytes.Count(first, []byte("/Type /Page\n")) != 1 {
		t.Errorf("it begins with %q and has %d pages", first[:8], bytes.Count(first, []byte("/Type /Page\n")))
	}
	other := grace
	other.Body += "."
	if got, err := Write(other); err != nil || bytes.Equal(first, got) {
		t.Errorf("another text makes the same contract (%v)", err)
	}
}

func TestALongContractHasMorePages(t *testing.T) {
	long := grace
	long.Body = strings.Repeat("A paragraph of the contract, that says something.\n", 200)
	got, err := Write(long)
	if err != nil || bytes.Count(got, []byte("/Type /Page\n")) < 3 {
		t.Errorf("it has %d pages (%v)", bytes.Count(got, []byte("/Type /Page\n")), err)
	}
}

func TestWhatTheFontCannotShowIsRefused(t *testing.T) {
	name := grace
	name.Body = "山田"
	var unprintable *UnprintableError
	if _, err := Write(name); !errors.As(err, &unprintable) || unprintable.Character != '山' {
		t.Errorf("got %v", err)
	}
}
