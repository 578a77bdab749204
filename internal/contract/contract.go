// Package contract writes contracts as PDF files.
package contract

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// Contract is what is written.
type Contract struct {
	Title   string // may be empty
	Body    string // paragraphs, each a line
	Company string // stands on every page
	At      time.Time
}

// UnprintableError means that the font has no sign for a character.
type UnprintableError struct{ Character rune }

func (e *UnprintableError) Error() string {
	return fmt.Sprintf("the font has no sign for the character %U", e.Character)
}

// Write returns c as a PDF file: the same one whenever it is asked. The font,
// which is in the file, has the Latin, Greek and Cyrillic scripts.
// Errors: *UnprintableError for what it has not.
func Write(c Contract) ([]byte, error) {
	for _, text := range []string{c.Title, c.Body, c.Company} {
		if err := printable(text); err != nil {
			return nil, err
		}
	}
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetCreationDate(c.At)
	pdf.SetModificationDate(c.At)
	pdf.SetCatalogSort(true)
	pdf.SetProducer("Hirelog", true)
	pdf.SetTitle(c.Title, true)
	pdf.SetAuthor(c.Company, true)
	pdf.AddUTF8FontFromBytes("go", "", goregular.TTF)
	pdf.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	pdf.SetMargins(25, 25, 25)
	pdf.SetAutoPageBreak(true, 25)
	pdf.AliasNbPages("")
	pdf.SetFooterFunc(func() {
		pdf.SetY(-15)
		pdf.SetFont("go", "", 8)
		pdf.CellFormat(0, 5, fmt.Sprintf("%s · %d / {nb}", c.Company, pdf.PageNo()), "", 0, "C", false, 0, "")
	})
	pdf.AddPage()
	if c.Title != "" {
		pdf.SetFont("go", "B", 16)
		pdf.MultiCell(0, 8, c.Title, "", "L", false)
		pdf.Ln(6)
	}
	pdf.SetFont("go", "", 11)
	pdf.MultiCell(0, 6, c.Body, "", "L", false)
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("write contract: %w", err)
	}
	return out.Bytes(), nil
}

// printable refuses text that the font cannot show.
func printable(text string) error {
	font, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		return fmt.Errorf("read font: %w", err)
	}
	var b sfnt.Buffer
	for _, r := range strings.NewReplacer("\n", "", "\t", "").Replace(text) {
		if i, err := font.GlyphIndex(&b, r); err != nil || i == 0 {
			return &UnprintableError{r}
		}
	}
	return nil
}
