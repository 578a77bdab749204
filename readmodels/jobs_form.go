package readmodels

import "github.com/hirelog/hirelog/domain/job"

// FormQuestion is a question of a job's application form, as the public sees it.
type FormQuestion struct {
	ID       string           `json:"id" format:"uuid"`
	Label    string           `json:"label"`
	Kind     job.QuestionKind `json:"kind" enum:"text,number,boolean,choice,multi_choice,date,link"`
	Required bool             `json:"required"`
	Options  []string         `json:"options" doc:"Of a choice"`
}

// JobQuestion is a question of a job's application form, as members see it.
type JobQuestion struct {
	FormQuestion
	KnockOut *job.KnockOut `json:"knock_out" doc:"Answers that flag an application; null = none does"`
}

func questionsOf(questions []job.Question) []JobQuestion {
	shown := make([]JobQuestion, len(questions))
	for i, q := range questions {
		shown[i] = JobQuestion{
			FormQuestion: FormQuestion{ID: q.ID, Label: q.Label, Kind: q.Kind, Required: q.Required, Options: orEmpty(q.Options)},
			KnockOut:     q.KnockOut,
		}
	}
	return shown
}
