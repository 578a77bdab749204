package edge

import "testing"

func TestStrict(t *testing.T) {
	for _, ok := range []string{
		`{}`, `[]`, `1`, `"A"`, `{"a":"B"}`, `{"a":{"a":1},"b":[{"a":1},{"a":2}],"c":"a"}`, `{"a":["x","x"],"b":"a"}`,
		`{"a":`, `nonsense`, ``, `{"a":"ü"}`,
	} {
		if err := strict([]byte(ok)); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
	for _, bad := range []string{
		`{"a":1,"a":2}`, `{"A":1}`, `{"a":{"b":1,"b":1}}`, `[{"a":1},{"a":1,"a":2}]`, `{"a":[1],"a":2}`, `{"a":{},"a":2}`, "{\"a\":\"\xff\"}",
	} {
		if err := strict([]byte(bad)); err == nil {
			t.Errorf("%s passed", bad)
		}
	}
}

func FuzzStrict(f *testing.F) {
	f.Add([]byte(`{"a":[{"b":1},"c"],"d":{}}`))
	f.Fuzz(func(_ *testing.T, data []byte) { _ = strict(data) })
}
