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
