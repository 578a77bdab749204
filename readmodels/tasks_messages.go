package readmodels

import (
	"fmt"

	"github.com/hirelog/hirelog/domain/access"
)

// messageTasks are messages that came in and nobody took care of, which are for
// the recruitment managers, and those that were not sent, or perhaps, or came
// back, which are for who wrote them. The message is where others have the
// document.
func (v sight) messageTasks(q *statement) string {
	return fmt.Sprintf(`
		SELECT CASE WHEN m.open THEN '%[1]s' ELSE '%[2]s' END, a.application_id, a.job_id, m.message_id, NULL::text, NULL::text, NULL::integer,
			CASE WHEN m.open THEN m.at ELSE m.status_at END, CASE WHEN m.open THEN %[3]s ELSE m.author = %[4]s END, NULL::uuid, NULL::uuid, NULL::uuid
		FROM %[5]s m
		JOIN %[6]s a ON a.application_id = m.application_id
		WHERE (m.open OR m.status IN ('failed', 'unknown', 'bounced')) AND NOT a.anonymised AND %[7]s`,
		TaskMessageOpen, TaskMessageTroubled, v.manages(q, "a"), q.arg("member:"+v.member), v.schema.Table("messages"), v.schema.Table("applications"),
		v.holds(q, "a", access.Messages))
}
