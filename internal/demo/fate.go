package demo

import (
	"context"
	"maps"
	"slices"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/job"
)

// goesOn notes that a candidacy is live at the end.
func (l *loader) goesOn(c *candidacy) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live == nil {
		l.live = map[int]string{}
	}
	l.live[c.n] = c.id
}

// fates lets an admin find out, at the end, that two candidates are one person,
// and assign one candidacy to another job.
func (l *loader) fates(ctx context.Context) error {
	var alone []int // of people with one application, for jobs that stay open
	for _, n := range slices.Sorted(maps.Keys(l.live)) {
		if n%perPerson < perPerson-2 && l.jobs[n%len(l.jobs)].end == job.Open {
			alone = append(alone, n)
		}
	}
	if len(alone) < 3 {
		return nil
	}
	admin := domain.Member(commands.FirstAdmin())
	first := alone[0]
	for _, n := range alone[1:] {
		if n%len(l.jobs) == first%len(l.jobs) {
			continue
		}
		_, err := l.to.MergeCandidates(ctx, l.caller("merge", admin, l.Anchor), commands.MergeCandidates{Application: l.live[first], Other: l.live[n]})
		if err != nil {
			return err
		}
		break
	}
	last := alone[len(alone)-1]
	for i, j := range l.jobs {
		if j.end == job.Open && i != last%len(l.jobs) && i != first%len(l.jobs) {
			_, err := l.to.Transfer(ctx, l.caller("transfer", admin, l.Anchor), commands.Transfer{
				Application: l.live[last], Job: j.id, Reason: "Fits the other opening better, and is glad to be asked.",
			})
			return err
		}
	}
	return nil
}
