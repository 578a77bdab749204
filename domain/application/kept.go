package application

// KeptValue is what an anonymised application keeps of what the organisation
// wanted to know of the person: what was chosen of its lists, or yes or no. Nothing
// that anybody wrote can be kept.
type KeptValue struct {
	Attribute string   `json:"attribute"`
	Choices   []string `json:"choices,omitempty"` // ids
	Yes       *bool    `json:"yes,omitempty"`
}

// Keeping returns the events of Anonymise, which keep some values.
func Keeping(events []Event, kept []KeptValue) []Event {
	for i, e := range events {
		if e, ok := e.(Anonymised); ok {
			e.Kept = kept
			events[i] = e
		}
	}
	return events
}
