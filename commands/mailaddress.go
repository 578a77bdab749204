package commands

import (
	"crypto/hmac"
	"encoding/base32"
	"fmt"
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
	return personal.Plain(replyPrefix + addressText.EncodeToString(append(id[:], proof[:]...)) + "@" + c.mailHost)
}

// repliedTo returns the application whose reply address is among addresses, ""
// if none is.
func (c *Commands) repliedTo(addresses []personal.Plain) string {
	for _, a := range addresses {
		local, _, _ := strings.Cut(strings.ToLower(string(a)), "@")
		text, ours := strings.CutPrefix(local, replyPrefix)
		b, err := addressText.DecodeString(text)
		if !ours || err != nil || len(b) != 32 {
			continue
		}
		id := uuid.UUID(b[:16])
		if proof := c.vault.DeriveID("reply address", id.String()); hmac.Equal(proof[:], b[16:]) {
			return id.String()
		}
	}
	return ""
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
