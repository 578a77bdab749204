package readmodels

import "encoding/json"

// JSON is a value in a jsonb column.
type JSON[T any] struct{ V T }

// MarshalJSON writes V.
func (j JSON[T]) MarshalJSON() ([]byte, error) { return json.Marshal(j.V) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (j *JSON[T]) UnmarshalJSON(data []byte) error {
	j.V = *new(T)
	return json.Unmarshal(data, &j.V)
}

// value is V, for who marshals it without asking MarshalJSON, whose result is
// looked through once more.
func (j *JSON[T]) value() any { return &j.V }
