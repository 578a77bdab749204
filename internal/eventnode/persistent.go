package eventnode

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	ps "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// persistentServer answers the PersistentSubscriptions service: groups of
// clients that share the events of a source, while the node remembers how far
// they are. Groups are kept in a system stream and run whether or not anybody
// is connected.
type persistentServer struct {
	ps.UnimplementedPersistentSubscriptionsServer
	n *Node

	changing sync.Mutex // held while the set of groups changes; taken before mu

	mu      sync.RWMutex
	groups  map[groupKey]*group    // guarded by mu
	leftOut map[groupKey]idleGroup // guarded by mu: those that are stored and cannot run
	broken  error                  // guarded by mu: why the stored groups cannot be used
	stopped bool                   // guarded by mu
}

func newPersistentServer(n *Node) *persistentServer {
	return &persistentServer{n: n, groups: map[groupKey]*group{}, leftOut: map[groupKey]idleGroup{}}
}

// load starts the groups that are stored. One that cannot go on is left out, and
// if the configuration cannot be read all are; neither keeps the node from its
// other work. Who asks for what is left out is told why.
func (s *persistentServer) load() {
	configs, err := s.stored()
	if err != nil {
		s.n.o.Logger.Error("event node: persistent subscriptions do not run", "err", err)
	}
	groups, leftOut, taken := map[groupKey]*group{}, map[groupKey]idleGroup{}, map[string]groupKey{}
	for i := range configs {
		cfg := configs[i]
		k := cfg.key()
		var g *group
		var failed error
		if other, double := taken[k.checkpoints()]; double {
			failed = sameStreams(k, other)
		} else {
			g, failed = startGroup(s.n, cfg)
		}
		if failed != nil {
			s.n.o.Logger.Error("event node: a persistent subscription does not run", "stream", k.source, "group", k.group, "err", failed)
			leftOut[k] = idleGroup{cfg: cfg, why: failed}
			continue
		}
		groups[k], taken[k.checkpoints()] = g, k
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups, s.leftOut, s.broken = groups, leftOut, err
}

// idleGroup is a group that is stored and does not run.
type idleGroup struct {
	cfg groupConfig
	why error
}

func (s *persistentServer) stored() ([]groupConfig, error) {
	data, found, err := s.n.lastData(configStream)
	if err != nil || !found {
		return nil, err
	}
	return parseConfigs(data)
}

// stop ends all groups, and stores how far they are.
func (s *persistentServer) stop() {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.Lock()
	groups := s.groups
	s.groups, s.stopped = nil, true
	s.mu.Unlock()
	s.end(groups, errStopping)
}

func (s *persistentServer) end(groups map[groupKey]*group, why error) {
	var all sync.WaitGroup
	for _, g := range groups {
		all.Go(func() { g.stop(why, true) })
	}
	all.Wait()
}

// group returns a group, or the refusal to be sent.
func (s *persistentServer) group(k groupKey) (*group, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(); err != nil {
		return nil, err
	}
	if g := s.groups[k]; g != nil {
		return g, nil
	}
	if idle, ok := s.leftOut[k]; ok {
		return nil, status.Error(codes.Internal, "the persistent subscription does not run: "+idle.why.Error())
	}
	return nil, missingSubscription(k)
}

// usable returns why groups cannot be used. The caller holds mu.
func (s *persistentServer) usable() error {
	switch {
	case s.stopped:
		return errStopping
	case s.broken != nil:
		return status.Error(codes.Internal, "persistent subscriptions do not run: "+s.broken.Error())
	}
	return nil
}

// change has edit change the stored groups, and put the change into force.
func (s *persistentServer) change(by string, k groupKey, edit func(old *groupConfig) (*groupConfig, error)) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.RLock()
	err := s.usable()
	old := s.groups[k]
	var was *groupConfig
	if idle, ok := s.leftOut[k]; ok {
		was = &idle.cfg
	}
	entries := s.others(k)
	s.mu.RUnlock()
	if err != nil {
		return err
	}
	if old != nil {
		was = &old.cfg
	}
	cfg, err := edit(was)
	if err != nil {
		return err
	}
	if cfg != nil {
		if other := sharing(k, entries); other != nil && old == nil {
			return sameStreams(k, other.key())
		}
		entries = append(entries, *cfg)
	}
	return s.replace(by, k, old, was, cfg, entries)
}

// sharing returns the entry of another group that would have k's streams, or nil.
func sharing(k groupKey, entries []groupConfig) *groupConfig {
	for i := range entries {
		if other := entries[i].key(); other != k && other.checkpoints() == k.checkpoints() {
			return &entries[i]
		}
	}
	return nil
}

// others are the configurations of all groups but one. The caller holds mu.
func (s *persistentServer) others(than groupKey) []groupConfig {
	var entries []groupConfig
	for k, g := range s.groups {
		if k != than {
			entries = append(entries, g.cfg)
		}
	}
	for k, idle := range s.leftOut {
		if k != than {
			entries = append(entries, idle.cfg)
		}
	}
	return entries
}

// replace stops a group, if it runs, stores all entries, and starts the group
// with its new configuration, if it has one. What it was is nil if there was
// none; old is nil also if it did not run.
func (s *persistentServer) replace(by string, k groupKey, old *group, was, cfg *groupConfig, entries []groupConfig) error {
	if old != nil {
		old.stop(droppedSubscription(k), true)
	}
	if was == nil {
		// What a group of the same name has left is none of the new one's.
		if err := s.forget(k); err != nil {
			return err
		}
	}
	err := s.store(by, entries)
	if err != nil {
		if old == nil {
			return err
		}
		cfg = was // goes on as it was
	}
	var started *group
	var failed error
	if cfg != nil {
		if started, failed = startGroup(s.n, *cfg); failed != nil {
			err = errors.Join(err, failed)
		}
	}
	s.mu.Lock()
	delete(s.groups, k)
	delete(s.leftOut, k)
	switch {
	case started != nil:
		s.groups[k] = started
	case cfg != nil:
		s.leftOut[k] = idleGroup{cfg: *cfg, why: failed}
	}
	s.mu.Unlock()
	if err == nil && cfg == nil && sharing(k, entries) == nil {
		err = s.forget(k)
	}
	return err
}

// store writes the configuration of all groups.
func (s *persistentServer) store(by string, entries []groupConfig) error {
	slices.SortFunc(entries, func(a, b groupConfig) int { return compareKeys(a.key(), b.key()) })
	config := storedConfigs{Version: configVersion, Updated: s.n.o.Now().UTC().Format(time.RFC3339Nano), UpdatedBy: by, Entries: entries}
	r := internalEvent(configStream, typeConfig, config)
	if size := len(r.events[0].data); size > maxMaxAppend {
		return invalid("there are too many persistent subscriptions")
	}
	if err := s.n.submit(context.Background(), r); err != nil {
		return fmt.Errorf("store the configuration of persistent subscriptions: %w", err)
	}
	if s.n.streams.state(configStream).meta.maxCount == 0 {
		// Old versions go with a scavenge; if this fails they stay.
		_ = s.n.submit(context.Background(), internalEvent(metaStream(configStream), typeMetadata, map[string]int64{"$maxCount": 2}))
	}
	return nil
}

// forget deletes the streams of a group.
func (s *persistentServer) forget(k groupKey) error {
	for _, name := range []string{k.checkpoints(), k.parked()} {
		if st := s.n.streams.state(name); st.absent() || st.tombstoned() {
			continue
		}
		r := &request{kind: kindDelete, stream: name, expected: expectAny, done: make(chan struct{})}
		if err := s.n.submit(context.Background(), r); err != nil {
			return fmt.Errorf("delete %s: %w", name, err)
		}
	}
	return nil
}

func compareKeys(a, b groupKey) int {
	if a.source != b.source {
		if a.source < b.source {
			return -1
		}
		return 1
	}
	if a.group < b.group {
		return -1
	}
	return 1
}

// answered ends a call of the service.
func (s *persistentServer) answered(ctx context.Context, what string, err error) error {
	if err != nil {
		_ = grpc.SetTrailer(ctx, trailer(err)) // fails only when the call is over
	}
	return s.n.answerable(what, err)
}

func callerName(ctx context.Context) string {
	if u := caller(ctx); u != nil {
		return u.name
	}
	return ""
}

// checkGroup refuses names no group can have.
func checkGroup(k groupKey) error {
	if k.group == "" || len(k.group) > maxName/4 {
		return invalid("group name must have from 1 to 1024 bytes")
	}
	if k.source == allName {
		return nil
	}
	if err := checkName(k.source); err != nil {
		return err
	}
	if len(k.parked()) > maxName || len(k.checkpoints()) > maxName {
		return invalid("names of stream and group are too long together")
	}
	return nil
}

// Create implements the service.
func (s *persistentServer) Create(ctx context.Context, q *ps.CreateReq) (*ps.CreateResp, error) {
	err := authorizeOps(ctx)
	if err == nil {
		err = s.create(ctx, q.GetOptions())
	}
	return &ps.CreateResp{}, s.answered(ctx, "create persistent subscription", err)
}

func (s *persistentServer) create(ctx context.Context, o *ps.CreateReq_Options) error {
	from, err := createStart(o)
	if err != nil {
		return err
	}
	k := groupKey{source: from.source, group: o.GetGroupName()}
	if err := checkGroup(k); err != nil {
		return err
	}
	strategy := o.GetSettings().GetConsumerStrategy()
	if strategy == "" {
		strategy = o.GetSettings().GetNamedConsumerStrategy().String() //nolint:staticcheck // the official client says it so
	}
	cfg := &groupConfig{Stream: k.source, Group: k.group, Filter: storeFilter(o.GetAll().GetFilter())}
	if err := cfg.set(o.GetSettings(), strategy); err != nil {
		return err
	}
	if _, err := cfg.Filter.filter(); err != nil {
		return err
	}
	return s.change(callerName(ctx), k, func(old *groupConfig) (*groupConfig, error) {
		if old != nil {
			return nil, refuse(codes.AlreadyExists, fmt.Sprintf("Subscription group %s on stream %s already exists.", k.group, k.source),
				"persistent-subscription-exists", k.trailers()...)
		}
		return cfg, cfg.begin(s.n, from)
	})
}

// Update implements the service. Subscribers are dropped; the filter stays.
func (s *persistentServer) Update(ctx context.Context, q *ps.UpdateReq) (*ps.UpdateResp, error) {
	err := authorizeOps(ctx)
	if err == nil {
		err = s.update(ctx, q.GetOptions())
	}
	return &ps.UpdateResp{}, s.answered(ctx, "update persistent subscription", err)
}

func (s *persistentServer) update(ctx context.Context, o *ps.UpdateReq_Options) error {
	from, err := updateStart(o)
	if err != nil {
		return err
	}
	k := groupKey{source: from.source, group: o.GetGroupName()}
	cfg := &groupConfig{Stream: k.source, Group: k.group}
	if err := cfg.set(o.GetSettings(), o.GetSettings().GetNamedConsumerStrategy().String()); err != nil {
		return err
	}
	return s.change(callerName(ctx), k, func(old *groupConfig) (*groupConfig, error) {
		if old == nil {
			return nil, missingSubscription(k)
		}
		cfg.Filter = old.Filter
		return cfg, cfg.begin(s.n, from)
	})
}

// Delete implements the service: the group, its checkpoint and its parked
// events go, and its subscribers are dropped.
func (s *persistentServer) Delete(ctx context.Context, q *ps.DeleteReq) (*ps.DeleteResp, error) {
	err := authorizeOps(ctx)
	if err == nil {
		k := groupKey{source: sourceOf(q.GetOptions().GetAll(), q.GetOptions().GetStreamIdentifier()), group: q.GetOptions().GetGroupName()}
		err = s.change(callerName(ctx), k, func(old *groupConfig) (*groupConfig, error) {
			if old == nil {
				return nil, missingSubscription(k)
			}
			return nil, nil
		})
	}
	return &ps.DeleteResp{}, s.answered(ctx, "delete persistent subscription", err)
}

// sourceOf names the source a request speaks of.
func sourceOf(all *shared.Empty, stream *shared.StreamIdentifier) string {
	if all != nil {
		return allName
	}
	return string(stream.GetStreamName())
}

// ReplayParked implements the service. It returns before the events are
// delivered.
func (s *persistentServer) ReplayParked(ctx context.Context, q *ps.ReplayParkedReq) (*ps.ReplayParkedResp, error) {
	err := authorizeOps(ctx)
	if err == nil {
		o := q.GetOptions()
		until := tombstoneRevision
		if _, limited := o.GetStopAtOption().(*ps.ReplayParkedReq_Options_StopAt); limited {
			until = o.GetStopAt()
		}
		k := groupKey{source: sourceOf(o.GetAll(), o.GetStreamIdentifier()), group: o.GetGroupName()}
		var g *group
		if g, err = s.group(k); err == nil && !g.do(func() { g.startReplay(until) }) {
			err = droppedSubscription(k)
		}
	}
	return &ps.ReplayParkedResp{}, s.answered(ctx, "replay parked events", err)
}

// RestartSubsystem implements the service: all groups end, their subscribers
// with them, and begin again as they are stored.
func (s *persistentServer) RestartSubsystem(ctx context.Context, _ *shared.Empty) (*shared.Empty, error) {
	if err := authorizeOps(ctx); err != nil {
		return nil, s.answered(ctx, "restart persistent subscriptions", err)
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return nil, errStopping
	}
	groups := s.groups
	s.groups, s.leftOut = map[groupKey]*group{}, map[groupKey]idleGroup{}
	s.mu.Unlock()
	s.end(groups, refuse(codes.Canceled, "Persistent subscriptions are restarted.", "persistent-subscription-dropped"))
	s.load()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return &shared.Empty{}, s.usable()
}

func (k groupKey) trailers() []string {
	return []string{"stream-name", trailerText(k.source), "group-name", trailerText(k.group)}
}

func missingSubscription(k groupKey) error {
	return refuse(codes.NotFound, fmt.Sprintf("Subscription group %s on stream %s does not exist.", k.group, k.source),
		"persistent-subscription-does-not-exist", k.trailers()...)
}

func droppedSubscription(k groupKey) error {
	return refuse(codes.Canceled, fmt.Sprintf("Subscription group %s on stream %s was dropped.", k.group, k.source),
		"persistent-subscription-dropped", k.trailers()...)
}

// sameStreams refuses a group whose streams would be another's: a stream and a
// group are only told apart by "::", which either may have in its name.
func sameStreams(k, other groupKey) error {
	return invalid(fmt.Sprintf("Subscription group %q on stream %q would have the checkpoints of group %q on stream %q.", k.group, k.source, other.group, other.source))
}

func tooManySubscribers(k groupKey, most int) error {
	return refuse(codes.FailedPrecondition, fmt.Sprintf("Maximum subscriptions reached for subscription group %s on stream %s.", k.group, k.source),
		"maximum-subscribers-reached", append(k.trailers(), "maximum-subscribers", strconv.Itoa(most))...)
}
