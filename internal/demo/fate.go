package demo

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/job"
)

// goesOn notes that a candidacy is live at the end.
func (l *loader) goesOn(c *candidacy) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live == nil {
		l.live, l.persons, l.stood, l.quiet = map[int]string{}, map[int]string{}, map[int]string{}, map[int]bool{}
	}
	l.live[c.n], l.stood[c.n], l.quiet[c.n] = c.id, c.stages[c.reached].ID, c.Anchor.Sub(c.at) > 48*time.Hour
	if c.person != "" {
		l.persons[c.n] = c.person
	}
}

// isOver notes that a candidacy ended without hire; nobody was asked for more.
func (l *loader) isOver(c *candidacy) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over == nil {
		l.over = map[int]string{}
	}
	if c.person == "" {
		l.over[c.n] = c.id
	}
}

// alone returns which candidacies of some are of people with one application, who
// were entered by hand, for jobs that stay open.
func (l *loader) alone(of map[int]string) (all []int) {
	for _, n := range slices.Sorted(maps.Keys(of)) {
		if k := n % perPerson; k < perPerson-2 && k != 5 && l.jobs[n%len(l.jobs)].end == job.Open {
			all = append(all, n)
		}
	}
	return all
}

// fates lets an admin find out, at the end, that two candidates are one person,
// assign one candidacy to another job, and delete one that is over.
func (l *loader) fates(ctx context.Context) error {
	if err := l.remove(ctx); err != nil {
		return err
	}
	alone := l.alone(l.live)
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

// remove deletes a candidacy that should never have been entered.
func (l *loader) remove(ctx context.Context) error {
	over := l.alone(l.over)
	if len(over) == 0 {
		return nil
	}
	_, err := l.to.Delete(ctx, l.caller("delete", domain.Member(commands.FirstAdmin()), l.Anchor), commands.Delete{Application: l.over[over[0]]})
	return err
}
