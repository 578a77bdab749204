package domain_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

var at = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// fact is what a codec of these tests reads and writes.
type fact interface {
	domain.Fact
	isFact()
}

type noted struct {
	domain.Stamp
	Text personal.Text `json:"text"`
}

func (noted) EventName() string { return "thing.noted.v1" }
func (noted) isFact()           {}

type dropped struct{ domain.Stamp }

func (dropped) EventName() string { return "thing.dropped.v1" }
func (dropped) isFact()           {}

// impostor has the name of another event.
type impostor struct{ domain.Stamp }

func (impostor) EventName() string { return "thing.noted.v1" }
func (impostor) isFact()           {}

var codec = domain.NewCodec[fact](noted{}, dropped{})

func stamp() domain.Stamp { return domain.Stamp{At: at, By: domain.Member("m1")} }

func TestCodecReadsWhatItWrote(t *testing.T) {
	for _, e := range []fact{
		noted{Stamp: stamp(), Text: personal.Sealed([]byte("sealed"))},
		noted{Stamp: stamp()},
		dropped{Stamp: stamp()},
	} {
		data, err := codec.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		back, err := codec.Decode(e.EventName(), data)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, e) {
			t.Errorf("read back %#v, want %#v", back, e)
		}
		if back.When() != at || back.Who() != domain.Member("m1") {
			t.Errorf("stamped %v by %v", back.When(), back.Who())
		}
	}
}

// What could not be read back would block its stream for good.
func TestCodecRefusesToWriteWhatItCouldNotRead(t *testing.T) {
	var unknown *domain.UnknownEventError
	if _, err := codec.Encode(impostor{Stamp: stamp()}); !errors.As(err, &unknown) || unknown.Name != "thing.noted.v1" {
		t.Errorf("an event of another type: err = %v", err)
	}
	if _, err := codec.Encode(&dropped{Stamp: stamp()}); !errors.As(err, &unknown) {
		t.Errorf("a pointer: err = %v", err)
	}
	if _, err := codec.Encode(dropped{}); err == nil {
		t.Error("an event nobody stamped was encoded")
	}
}

func TestCodecNeverWritesPlainText(t *testing.T) {
	e := noted{Stamp: stamp(), Text: personal.New(personal.Key{ID: "k"}, "Ana")}
	if data, err := codec.Encode(e); !errors.Is(err, personal.ErrUnsealed) {
		t.Errorf("encoded %s, err = %v, want ErrUnsealed", data, err)
	}
}

func TestCodecDecode(t *testing.T) {
	var unknown *domain.UnknownEventError
	if _, err := codec.Decode("thing.forgotten.v1", []byte("{}")); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "thing.forgotten.v1") {
		t.Errorf("an unknown name: err = %v", err)
	}
	for _, data := range []string{``, `[]`, `{"at":"yesterday"}`, `{"by":"somebody"}`, `{"text":"%"}`} {
		if e, err := codec.Decode("thing.noted.v1", []byte(data)); err == nil {
			t.Errorf("%q was read as %#v", data, e)
		} else if !strings.Contains(err.Error(), "thing.noted.v1") {
			t.Errorf("the error does not say which event: %v", err)
		}
	}
}

func TestCodecNames(t *testing.T) {
	want := map[string]bool{"thing.noted.v1": true, "thing.dropped.v1": true}
	got := codec.Names()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("names = %v, want %v", got, want)
	}
	delete(got, "thing.noted.v1")
	if !reflect.DeepEqual(codec.Names(), want) {
		t.Error("the caller's map is the codec's")
	}
}

func TestNewCodecPanicsOnTwoEventsOfOneName(t *testing.T) {
	defer func() {
		if r, ok := recover().(string); !ok || !strings.Contains(r, "thing.noted.v1") {
			t.Errorf("recovered %v", r)
		}
	}()
	domain.NewCodec[fact](noted{}, impostor{})
}
