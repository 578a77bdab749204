package application

import (
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/personal"
)

// The rules that refuse.
var (
	ErrOfContract  = &domain.Refusal{Kind: domain.Illegal, Code: "document_of_contract", Message: "The document is the contract of an offer: it stays what it is."}
	ErrContractOut = &domain.Refusal{Kind: domain.Illegal, Code: "contract_out", Message: "The document is the contract of an offer that was sent or accepted; it is deleted once the offer is over, or with the application."}
)

// Contract is the document that an offer's contract was filed as. Its hash is
// sealed under the offer's key, since who knows the template could find out by it
// what salary the contract says.
type Contract struct {
	Document string        `json:"document"`
	File     string        `json:"file"`
	Hash     personal.Text `json:"hash"` // SHA-256 of the file, in hexadecimal digits
}

// FileContract files what the contract of an offer says as an approved document:
// nobody has to look at what was just written. Errors: those of Upload.
func (a Application) FileContract(offer, document string, file File, s domain.Stamp) ([]Event, error) {
	events, err := a.Upload(document, access.OfferDocument, []File{file}, s)
	for i, e := range events {
		if up, ok := e.(DocumentUploaded); ok {
			up.Offer = offer
			events[i] = up
		}
	}
	if err != nil || len(events) == 0 {
		return events, err
	}
	approved, err := a.Fold(events...).ApproveDocument(document, 1, personal.Text{}, s)
	return append(events, approved...), err
}

// Contract reports whether the document is the contract of an offer, also one that
// was signed on paper: whoever reads it reads a salary.
func (d Document) Contract() bool { return d.Offer != "" }

// Keeps refuses to delete a version of a document that must stay: the contract of
// an offer that was sent, until the offer is over; one that was accepted is not.
// It goes with the application. Errors: ErrContractOut.
func (a Application) Keeps(document string) error {
	o, _ := a.Offers.Get(a.Documents[document].Offer)
	if o.State == OfferIsSent || o.State == OfferIsAccepted {
		return ErrContractOut
	}
	return nil
}
