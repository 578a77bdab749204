package eventnode

import (
	"context"
	"math"
	"slices"
	"time"

	ps "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
)

// mayDescribe refuses those who may neither manage groups nor read the source.
func (s *persistentServer) mayDescribe(ctx context.Context, source string) error {
	if authorizeOps(ctx) == nil {
		return nil
	}
	return s.n.authorize(ctx, source, rightRead)
}

// GetInfo implements the service, for those who may read the source of the
// group, or manage groups.
func (s *persistentServer) GetInfo(ctx context.Context, q *ps.GetInfoReq) (*ps.GetInfoResp, error) {
	o := q.GetOptions()
	k := groupKey{source: sourceOf(o.GetAll(), o.GetStreamIdentifier()), group: o.GetGroupName()}
	err := s.mayDescribe(ctx, k.source)
	var g *group
	if err == nil {
		g, err = s.group(k)
	}
	if err != nil {
		return nil, s.answered(ctx, "describe persistent subscription", err)
	}
	info := g.info()
	if info == nil {
		return nil, s.answered(ctx, "describe persistent subscription", droppedSubscription(k))
	}
	return &ps.GetInfoResp{SubscriptionInfo: info}, nil
}

// List implements the service; groups the caller may not see are left out. A
// source without groups is not found, as on the
// server; a node without groups has an empty list.
func (s *persistentServer) List(ctx context.Context, q *ps.ListReq) (*ps.ListResp, error) {
	of := q.GetOptions().GetListForStream()
	name := sourceOf(of.GetAll(), of.GetStream())
	s.mu.RLock()
	err := s.usable()
	var keys []groupKey
	for k := range s.groups {
		if (of == nil || k.source == name) && s.mayDescribe(ctx, k.source) == nil {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, compareKeys)
	groups := make([]*group, len(keys))
	for i, k := range keys {
		groups[i] = s.groups[k]
	}
	s.mu.RUnlock()
	if err == nil && of != nil {
		err = s.mayDescribe(ctx, name)
	}
	if err == nil && of != nil && len(groups) == 0 {
		err = missingSubscription(groupKey{source: name})
	}
	if err != nil {
		return nil, s.answered(ctx, "list persistent subscriptions", err)
	}
	resp := &ps.ListResp{}
	for _, g := range groups {
		if info := g.info(); info != nil { // else it was deleted meanwhile
			resp.Subscriptions = append(resp.Subscriptions, info)
		}
	}
	return resp, nil
}

// info describes the group; nil if it has ended.
func (g *group) info() (info *ps.SubscriptionInfo) {
	g.do(func() { info = g.describe(time.Now()) })
	return info
}

func (g *group) describe(now time.Time) *ps.SubscriptionInfo {
	c := &g.cfg
	info := &ps.SubscriptionInfo{
		EventSource: c.Stream, GroupName: c.Group, Status: "Live",
		TotalItems: g.total, CountSinceLastMeasurement: g.total - g.last, AveragePerSecond: rate(g.total-g.last, now.Sub(g.asked)),
		ResolveLinkTos: c.ResolveLinks, StartFrom: c.StartFrom, MessageTimeoutMilliseconds: int32Of(c.MessageTimeout),
		ExtraStatistics: c.ExtraStatistics, MaxRetryCount: c.MaxRetryCount,
		LiveBufferSize: c.LiveBufferSize, BufferSize: c.HistoryBufferSize, ReadBatchSize: c.ReadBatchSize,
		CheckPointAfterMilliseconds: int32Of(c.CheckpointAfter), MinCheckPointCount: c.MinCheckpoint, MaxCheckPointCount: c.MaxCheckpoint,
		TotalInFlightMessages: int32(len(g.inFlight)), OutstandingMessagesCount: int32(len(g.inFlight)),
		NamedConsumerStrategy: c.Strategy, MaxSubscriberCount: c.MaxSubscribers, ParkedMessageCount: g.parkedCount(),
	}
	g.last, g.asked = g.total, now
	switch {
	case g.failure != nil:
		info.Status = "Stopped"
	case !g.live:
		info.Status = "Behind"
	}
	if g.hasSave {
		info.LastCheckpointedEventPosition = g.saved.text(c.Stream)
	}
	known := place(g.n.durable.Load())
	if c.Stream != allName {
		known = place(g.n.lastRevision(c.Stream))
	}
	if known > 0 || c.Stream != allName && known == 0 {
		info.LastKnownEventPosition = known.text(c.Stream)
	}
	waiting := int64(0)
	for e := g.waiting.list.Front(); e != nil; e = e.Next() {
		if m := e.Value.(*message); m.attempt > 0 || m.parked >= 0 { //nolint:errcheck // only messages are in it
			info.RetryBufferCount++
		} else {
			waiting++
		}
	}
	if g.live {
		info.LiveBufferCount = waiting
	} else {
		info.ReadBufferCount = int32Of(waiting)
	}
	for _, s := range g.subscribers {
		info.Connections = append(info.Connections, s.info(c.ExtraStatistics, now))
	}
	return info
}

func (s *subscriber) info(extra bool, now time.Time) *ps.SubscriptionInfo_ConnectionInfo {
	info := &ps.SubscriptionInfo_ConnectionInfo{
		From: s.from, Username: s.user, ConnectionName: s.name,
		AverageItemsPerSecond: rate(s.total-s.last, now.Sub(s.asked)), TotalItems: s.total, CountSinceLastMeasurement: s.total - s.last,
		AvailableSlots: int32(max(0, s.slots-len(s.messages))), InFlightMessages: int32(len(s.messages)),
	}
	s.last, s.asked = s.total, now
	if extra {
		info.ObservedMeasurements = s.took.measurements()
	}
	return info
}

// rate is how many there were each second since the last question.
func rate(n int64, d time.Duration) int32 {
	if d <= 0 {
		return 0
	}
	return int32Of(int64(float64(n) / d.Seconds()))
}

func int32Of(n int64) int32 { return int32(min(n, math.MaxInt32)) }
