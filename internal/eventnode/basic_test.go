package eventnode

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func TestWhatIsAppendedIsReadInOrder(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	r1 := mustAppend(t, c, "a", esdb.NoStream{}, some("x", 2)...)
	r2 := mustAppend(t, c, "b", esdb.NoStream{}, some("y", 1)...)
	r3 := mustAppend(t, c, "a", esdb.Revision(1), some("z", 1)...)
	if r1.NextExpectedVersion != 1 || r2.NextExpectedVersion != 0 || r3.NextExpectedVersion != 2 {
		t.Errorf("revisions: %d %d %d", r1.NextExpectedVersion, r2.NextExpectedVersion, r3.NextExpectedVersion)
	}
	if !(0 < r1.CommitPosition && r1.CommitPosition < r2.CommitPosition && r2.CommitPosition < r3.CommitPosition) {
		t.Errorf("positions do not grow: %d %d %d", r1.CommitPosition, r2.CommitPosition, r3.CommitPosition)
	}
	want := []string{`a/0/test.x/"x-0"`, `a/1/test.x/"x-1"`, `b/0/test.y/"y-0"`, `a/2/test.z/"z-0"`}
	equalLines(t, "$all", readAll(t, c, esdb.ReadAllOptions{From: esdb.Start{}}), want...)
	s = s.reopen(t)
	c = s.client(t)
	equalLines(t, "$all after reopening", readAll(t, c, esdb.ReadAllOptions{From: esdb.Start{}}), want...)
	got, err := readStream(t, c, "a", esdb.ReadStreamOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	equalLines(t, "a", got, want[0], want[1], want[3])
}
