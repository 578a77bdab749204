package readmodels

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
)

// interviewTask is an interview that leaves something to be done.
type interviewTask struct {
	interview, application string
	job                    JobRef
	at                     application.InterviewTime
	state                  application.InterviewState
	form                   *string
	due, organised         bool // the member's own evaluation is missing; they organised it
	settled                bool // by anybody's evaluation
	answers                JSON[[]InterviewAnswerOf]
	live                   bool // the application
}

// withInterviews adds what interviews leave to be done: their evaluation, by each
// participant once it began, where a form was named; to say at its end
// whether it took place, by the organiser, unless a participant's evaluation says
// so; and until then to see to it that somebody declined, by the organiser too (S2-107).
// Those of one application, or, with "", of the member. When an interview is,
// Go says: the clocks of its zone decide.
func (v sight) withInterviews(ctx context.Context, tx pgx.Tx, tasks []Task, applicationID string) ([]Task, error) {
	found, err := v.interviewTasks(ctx, tx, applicationID)
	if err != nil {
		return nil, err
	}
	for _, i := range found {
		starts, ends, _ := i.at.Span()
		task := Task{Application: i.application, Job: i.job, Interview: &i.interview, Form: i.form}
		if i.due && i.form != nil && !starts.After(v.now) {
			task.Kind, task.Since, task.Yours = TaskEvaluation, starts.UTC(), true
			tasks = append(tasks, task)
		}
		if i.state == application.InterviewPlanned && !i.settled && !ends.After(v.now) && (i.organised || applicationID != "") {
			task.Kind, task.Since, task.Yours, task.Form = TaskInterview, ends.UTC(), i.organised, nil
			tasks = append(tasks, task)
		}
		if i.state == application.InterviewPlanned && !i.settled && i.live && ends.After(v.now) && (i.organised || applicationID != "") {
			tasks = append(tasks, i.declines()...)
		}
	}
	slices.SortStableFunc(tasks, func(a, b Task) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Application, b.Application), cmp.Compare(a.Kind, b.Kind))
	})
	return tasks[:min(len(tasks), MaxTasks)], nil
}

// declines are the tasks that who declined leaves to the organiser, in the order of
// their answers: to plan it anew, to ask others, to call it off.
func (i interviewTask) declines() (tasks []Task) {
	for _, a := range i.answers.V {
		if a.Answer == application.AnswerDeclined {
			tasks = append(tasks, Task{
				Kind: TaskDeclined, Application: i.application, Job: i.job, Interview: &i.interview, Participant: orNil(a.Member), Since: a.At.UTC(), Yours: i.organised,
			})
		}
	}
	return tasks
}

// interviewTasks reads the interviews that took place, or have begun, by and
// large: wall times are compared as texts, with room for all zones; and those that
// somebody declined.
func (v sight) interviewTasks(ctx context.Context, tx pgx.Tx, applicationID string) ([]interviewTask, error) {
	q := new(statement)
	me := q.arg(v.member)
	evaluated := "SELECT FROM " + v.schema.Table("evaluations") + " e WHERE e.interview_id = i.interview_id AND e.application_id = i.application_id AND e.submitted > 0 AND NOT e.deleted"
	where := "(i.organiser_id = " + me + "::text OR i.participants @> ARRAY[" + me + "::uuid])"
	if applicationID != "" {
		where = "i.application_id = " + q.arg(applicationID) + "::uuid"
	}
	rows, err := tx.Query(ctx, `SELECT i.interview_id::text, i.application_id::text, j.job_id::text, j.title, i.start, i.zone, i.minutes, i.state, i.form_id::text,
			i.participants @> ARRAY[`+me+`::uuid] AND `+v.holds(q, "a", access.Evaluations)+` AND NOT EXISTS (`+evaluated+` AND e.author_id = `+me+`::uuid),
			i.organiser_id = `+me+`::text, EXISTS (`+evaluated+`), i.answers, a.outcome = 'in_progress'
		FROM `+v.schema.Table("interviews")+` i
		JOIN `+v.schema.Table("applications")+` a ON a.application_id = i.application_id
		JOIN `+v.schema.Table("jobs")+` j ON j.job_id = a.job_id
		WHERE `+where+` AND i.state IN ('planned', 'completed') AND NOT a.anonymised
		AND (i.start < `+q.arg(v.now.Add(48*time.Hour).UTC().Format(time.DateOnly))+` OR i.state = 'planned' AND i.answers @> '[{"answer": "declined"}]')
		AND `+v.holds(q, "a", access.Application)+` AND `+v.holds(q, "a", access.Interviews)+`
		ORDER BY i.start, i.interview_id`, q.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (i interviewTask, err error) {
		err = row.Scan(&i.interview, &i.application, &i.job.ID, &i.job.Title, &i.at.Start, &i.at.Zone, &i.at.Minutes, &i.state, &i.form, &i.due, &i.organised, &i.settled, &i.answers, &i.live)
		return i, err
	})
}
