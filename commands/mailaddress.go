package commands

import (
	"crypto/hmac"
	"encoding/base32"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/personal"
)

// Addresses and Message-IDs that we make can be told from others that look like
// them: they hold a hash that nobody can compute without the vault's keyset.

var addressText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

const replyPrefix = "reply-"

// replyAddress returns the address that answers to an application go to.
func (c *Commands) replyAddress(applicationID string) personal.Plain {
	id, err := uuid.Parse(applicationID)
	if err != nil {
		return ""
	}
	proof := c.vault.DeriveID("reply address", id.String())
	return c.addressHolding(id[:], proof[:])
}

// repliedTo returns the application whose reply address, or an address of whose
// invitations, is among addresses, "" if none is.
func (c *Commands) repliedTo(addresses []personal.Plain) string {
	for _, a := range addresses {
		if id, _, ours := c.ourInvitation(a); ours {
			return id
		}
		b := addressed(a)
		if len(b) != 32 {
			continue
		}
		id := uuid.UUID(b[:16])
		if proof := c.vault.DeriveID("reply address", id.String()); hmac.Equal(proof[:], b[16:]) {
			return id.String()
		}
	}
	return ""
}

// invitationProof is how long each of the two proofs in the address of an invitation
// is: with longer ones it would have more before its @ than the 64 bytes that it may.
const invitationProof = 9

// invitationAddress returns the address that somebody answers to who is invited to
// the interviews of an application: the member who, or the candidate if it is "". It
// holds the proof of whose it is, which nobody else is told, behind that of the application.
func (c *Commands) invitationAddress(applicationID, who string) personal.Plain {
	id, err := uuid.Parse(applicationID)
	if err != nil {
		return ""
	}
	return c.addressHolding(id[:], c.proofOfInvitations(id.String()), c.proofOfInvited(id.String(), who))
}

// ourInvitation returns the application that the address of an invitation is of, and
// the proof of who is invited; ok is false for an address that is none of ours.
func (c *Commands) ourInvitation(address personal.Plain) (applicationID string, invited []byte, ok bool) {
	b := addressed(address)
	if len(b) != 16+2*invitationProof {
		return "", nil, false
	}
	applicationID, invited = uuid.UUID(b[:16]).String(), b[16+invitationProof:]
	return applicationID, invited, hmac.Equal(c.proofOfInvitations(applicationID), b[16:16+invitationProof])
}

// invitedAt returns the application to the address of whose invitations something
// went, and the proof of whose it is; "" for what went to none.
func (c *Commands) invitedAt(addresses []personal.Plain) (applicationID string, invited []byte) {
	for _, a := range addresses {
		if id, invited, ours := c.ourInvitation(a); ours {
			return id, invited
		}
	}
	return "", nil
}

func (c *Commands) proofOfInvitations(applicationID string) []byte {
	proof := c.vault.DeriveID("invitations", applicationID)
	return proof[:invitationProof]
}

func (c *Commands) proofOfInvited(applicationID, who string) []byte {
	proof := c.vault.DeriveID("invited", applicationID, who)
	return proof[:invitationProof]
}

func (c *Commands) addressHolding(parts ...[]byte) personal.Plain {
	return personal.Plain(replyPrefix + addressText.EncodeToString(slices.Concat(parts...)) + "@" + c.mailHost)
}

// addressed is what an address holds that we may have made, nothing for others.
func addressed(address personal.Plain) []byte {
	local, _, _ := strings.Cut(strings.ToLower(string(address)), "@")
	text, ours := strings.CutPrefix(local, replyPrefix)
	b, err := addressText.DecodeString(text)
	if !ours || err != nil {
		return nil
	}
	return b
}

// messageID returns the Message-ID of an attempt at sending a message.
func (c *Commands) messageID(id string, attempt int) string {
	return fmt.Sprintf("%s.%d.%s@%s", id, attempt, c.messageProof(id, attempt), c.mailHost)
}

const noticePrefix = "n-"

// noticeMessageID returns the Message-ID of an attempt at sending a mail of notices.
func (c *Commands) noticeMessageID(stream, mail string, attempt int) string {
	of, id := uuid.MustParse(stream), uuid.MustParse(mail)
	return fmt.Sprintf("%s%s.%d.%s@%s", noticePrefix, addressText.EncodeToString(append(of[:], id[:]...)), attempt, c.messageProof(stream+"/"+mail, attempt), c.mailHost)
}

// ourNotice returns which mail of which notices, and which attempt at it, has a
// Message-ID; ok is false for one that is not ours.
func (c *Commands) ourNotice(header string) (stream, mail string, attempt int, ok bool) {
	local, _, _ := strings.Cut(strings.ToLower(header), "@")
	parts := strings.Split(local, ".")
	text, ours := strings.CutPrefix(parts[0], noticePrefix)
	b, err := addressText.DecodeString(text)
	if !ours || len(parts) != 3 || err != nil || len(b) != 32 {
		return "", "", 0, false
	}
	stream, mail = uuid.UUID(b[:16]).String(), uuid.UUID(b[16:]).String()
	attempt, err = strconv.Atoi(parts[1])
	if err != nil || !hmac.Equal([]byte(c.messageProof(stream+"/"+mail, attempt)), []byte(parts[2])) {
		return "", "", 0, false
	}
	return stream, mail, attempt, true
}

func (c *Commands) messageProof(id string, attempt int) string {
	proof := c.vault.DeriveID("message id", id, strconv.Itoa(attempt))
	return addressText.EncodeToString(proof[:])
}

// ourMessage returns which message, and which attempt at it, has a Message-ID;
// ok is false for one that is not ours.
func (c *Commands) ourMessage(header string) (id string, attempt int, ok bool) {
	local, _, _ := strings.Cut(strings.ToLower(header), "@")
	parts := strings.Split(local, ".")
	if len(parts) != 3 || uuid.Validate(parts[0]) != nil {
		return "", 0, false
	}
	attempt, err := strconv.Atoi(parts[1])
	if err != nil || !hmac.Equal([]byte(c.messageProof(parts[0], attempt)), []byte(parts[2])) {
		return "", 0, false
	}
	return parts[0], attempt, true
}
