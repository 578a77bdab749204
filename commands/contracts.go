package commands

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/contract"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// ErrUnprintable means that a contract would hold characters that cannot be
// printed.
var ErrUnprintable = &domain.Refusal{Kind: domain.Illegal, Code: "contract_unprintable", Message: "The contract holds characters that cannot be printed; send it outside, without a template."}

// written is the contract of an offer, on disk.
type written struct {
	contract *application.Contract
	file     application.File
	version  int // of the terms
}

// writeContract writes the contract of an offer, of an application as it was read,
// and seals it as a file. Errors: ErrUnprintable; those of the log, the vault and
// the files.
func (c *Commands) writeContract(ctx context.Context, caller Caller, applicationID string, a application.Application, offer string) (written, error) {
	o, _ := a.Offers.Get(offer)
	w := written{version: o.Version}
	values, err := c.contractValues(ctx, caller, applicationID, a, offer)
	if err != nil {
		return w, err
	}
	template := c.directory.Organization().Templates[o.Template]
	fill := func(text string) string {
		return organization.Fill(text, func(name string) string { return values[name] })
	}
	data, err := contract.Write(contract.Contract{
		Title: fill(template.Subject), Body: fill(template.Body), Company: c.directory.Organization().Name, At: c.atOf(caller),
	})
	var unprintable *contract.UnprintableError
	switch {
	case errors.As(err, &unprintable):
		return w, ErrUnprintable
	case err != nil:
		return w, err
	}
	key := personal.Key{ID: uuid.NewString(), Owner: applicationID}
	if w.file, err = c.storeOnce(ctx, key, bytes.NewReader(data), application.MaxFileBytes); err != nil {
		return w, err
	}
	w.file.Name = personal.New(key, "contract.pdf")
	sum := sha256.Sum256(data)
	w.contract = &application.Contract{
		Document: contractOf(offer), File: key.ID, Hash: hashUnder(offer, applicationID, hex.EncodeToString(sum[:])),
	}
	return w, nil
}

// contractOf is the id of the document that the contract of an offer is filed as.
func contractOf(offer string) string {
	return uuid.NewSHA1(uuid.MustParse(offer), []byte("contract")).String()
}

// hashUnder is the hash of a contract, to be sealed under the key of its offer.
func hashUnder(offer, applicationID, hash string) personal.Text {
	return personal.New(personal.Key{ID: offer, Owner: applicationID}, personal.Plain(hash))
}

// contractValues are what the placeholders of a contract stand for.
func (c *Commands) contractValues(ctx context.Context, caller Caller, applicationID string, a application.Application, offer string) (map[string]string, error) {
	terms, err := c.offerTerms(ctx, applicationID, offer)
	if err != nil {
		return nil, err
	}
	details := c.directory.Job(a.Job).Details
	values := map[string]string{
		"job.title": details.Title, "job.position": details.Position, "job.location": details.Location,
		"organization.name": c.directory.Organization().Name, "today": c.atOf(caller).UTC().Format(time.DateOnly),
	}
	person, err := c.reveal(ctx, a.Candidate)
	if err != nil {
		return nil, err
	}
	f, err := c.candidates.read(ctx, c.log, person)
	if err != nil {
		return nil, err
	}
	sender, err := c.nameOf(ctx, caller.Actor.MemberID())
	if err != nil {
		return nil, err
	}
	for name, sealed := range map[string]personal.Text{
		"candidate.first_name": f.state.Known[candidate.FirstName], "candidate.last_name": f.state.Known[candidate.LastName],
		"sender.name": sender, "offer.start_date": terms.StartDate, "offer.salary": terms.Amount, "offer.terms": terms.Text,
	} {
		if values[name], err = c.reveal(ctx, sealed); err != nil {
			return nil, err
		}
	}
	values["candidate.full_name"] = strings.TrimSpace(values["candidate.first_name"] + " " + values["candidate.last_name"])
	values["offer.salary"] = salaryIn(values["offer.salary"], terms.Currency, terms.Period)
	return values, nil
}

// offerTerms reads the terms that an offer has now.
func (c *Commands) offerTerms(ctx context.Context, applicationID, offer string) (terms application.OfferTerms, err error) {
	err = eachEvent(ctx, c.log, application.Codec, "application-"+applicationID, func(e application.Event) {
		switch e := e.(type) { //nolint:gochecksumtype // only what says terms
		case application.OfferDrafted:
			if e.Offer == offer {
				terms = e.OfferTerms
			}
		case application.OfferChanged:
			if e.Offer == offer {
				terms = e.OfferTerms
			}
		}
	})
	return terms, err
}

// nameOf reads the name of a member; the system has none.
func (c *Commands) nameOf(ctx context.Context, id string) (name personal.Text, err error) {
	if id == "" {
		return name, nil
	}
	err = eachEvent(ctx, c.log, member.Codec, "member-"+id, func(e member.Event) {
		switch e := e.(type) { //nolint:gochecksumtype // only what says a name
		case member.Invited:
			name = e.Name
		case member.DetailsCorrected:
			name = e.Name
		}
	})
	return name, err
}

// eachEvent reads a stream.
func eachEvent[E domain.Fact](ctx context.Context, log eventlog.Log, codec domain.Codec[E], stream string, visit func(E)) error {
	for rec, err := range log.ReadStream(ctx, stream, 0, eventlog.Forwards) {
		if err != nil {
			return fmt.Errorf("read %s: %w", stream, err)
		}
		e, err := codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return fmt.Errorf("%s at %d: %w", stream, rec.Revision, err)
		}
		visit(e)
	}
	return nil
}

// unusual are the digits behind the point of currencies that have not two.
var unusual = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}

// salaryIn writes a salary, such as "60 000.00 EUR per year": in no country's way,
// so that no point is taken for another.
func salaryIn(amount, currency string, period application.SalaryPeriod) string {
	if _, err := strconv.ParseInt(amount, 10, 64); err != nil {
		return ""
	}
	digits, ok := unusual[currency]
	if !ok {
		digits = 2
	}
	for len(amount) <= digits {
		amount = "0" + amount
	}
	whole, part := amount[:len(amount)-digits], amount[len(amount)-digits:]
	var grouped strings.Builder
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			grouped.WriteByte(' ')
		}
		grouped.WriteRune(d)
	}
	if part != "" {
		grouped.WriteString("." + part)
	}
	return fmt.Sprintf("%s %s per %s", grouped.String(), currency, period)
}
