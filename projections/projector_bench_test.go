package projections_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/claim"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections/projectionstest"
)

// BenchmarkProjector projects 20,000 events of 4,000 streams, 1,000 in a batch.
func BenchmarkProjector(b *testing.B) {
	const events, streams = 20_000, 4_000
	log := &eventlog.Memory{}
	for i := range events {
		data, err := claim.Codec.Encode(claim.Taken{Stamp: stamp(i), Holder: personal.Sealed([]byte(claimID(i % 100)))})
		if err != nil {
			b.Fatal(err)
		}
		e := eventlog.NewEvent{ID: uuid.New(), Type: claim.Taken{}.EventName(), Data: data, Metadata: []byte(`{}`)}
		if _, err := log.Append(b.Context(), claimStream(i%streams), eventlog.Revision(i/streams-1), []eventlog.NewEvent{e}); err != nil {
			b.Fatal(err)
		}
	}
	pool := postgrestest.New(b)
	for b.Loop() {
		b.StopTimer()
		projectionstest.Forget(b, pool, toyGroup())
		b.StartTimer()
		projectionstest.Project(b, pool, log, toyGroup(), projectionstest.How{})
	}
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
