package commandapi

import (
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// PublicLimits bound what comes without a token, so that no flood of it keeps
// others out. Zero fields have the defaults.
type PublicLimits struct {
	Client      int           // forms that one address may send at once; 0 = 10
	ClientEvery time.Duration // after which it may send one more; 0 = 30 s
	All         int           // forms that everybody together may send at once; 0 = 200
	AllEvery    time.Duration // after which one more; 0 = 200 ms
	Arriving    int           // forms under way at once, of one address a sixteenth of it; 0 = 32
	Now         func() time.Time
}

// publicDoor lets forms in. It is safe for concurrent use.
type publicDoor struct {
	limits   PublicLimits
	arriving chan struct{}

	mu      sync.Mutex
	all     bucket
	clients *lru.Cache[string, *bucket] // those not seen for long are full again anyway
}

// rememberedClients is how many addresses are told apart.
const rememberedClients = 50_000

func newPublicDoor(l PublicLimits) *publicDoor {
	if l.Client == 0 {
		l.Client = 10
	}
	if l.ClientEvery == 0 {
		l.ClientEvery = 30 * time.Second
	}
	if l.All == 0 {
		l.All = 200
	}
	if l.AllEvery == 0 {
		l.AllEvery = 200 * time.Millisecond
	}
	if l.Arriving == 0 {
		l.Arriving = 32
	}
	if l.Now == nil {
		l.Now = time.Now
	}
	clients, err := lru.New[string, *bucket](rememberedClients)
	if err != nil {
		panic(err) // the size is positive
	}
	return &publicDoor{limits: l, arriving: make(chan struct{}, l.Arriving), clients: clients}
}

// bucket holds what may still be let in at once. Its zero value is full.
type bucket struct {
	used float64
	at   time.Time
	here int // under way
}

// drained is b at now, and how long until it lets one in.
func (b bucket) drained(now time.Time, size int, every time.Duration) (bucket, time.Duration) {
	if passed := now.Sub(b.at); passed > 0 {
		b.used = max(0, b.used-float64(passed)/float64(every))
	}
	b.at = now
	if over := b.used + 1 - float64(size); over > 0 {
		return b, time.Duration(over * float64(every))
	}
	return b, 0
}

// enter lets a client in, or says how long to wait. Who is let in is to call
// leave.
func (d *publicDoor) enter(client string) (leave func(), wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, whose := d.limits.Now(), network(client)
	own, known := d.clients.Get(whose)
	if !known {
		own = &bucket{at: now}
	}
	one, wait := own.drained(now, d.limits.Client, d.limits.ClientEvery)
	if wait > 0 {
		return nil, wait
	}
	all, wait := d.all.drained(now, d.limits.All, d.limits.AllEvery)
	if wait > 0 {
		return nil, wait
	}
	if one.here >= max(1, d.limits.Arriving/16) {
		return nil, time.Second
	}
	select {
	case d.arriving <- struct{}{}:
	default:
		return nil, time.Second
	}
	one.used++
	one.here++
	all.used++
	*own, d.all = one, all
	d.clients.Add(whose, own)
	return func() {
		<-d.arriving
		d.mu.Lock()
		defer d.mu.Unlock()
		own.here--
	}, 0
}

// network is what an address is throttled by: an IPv6 client has at least a /64
// to choose from.
func network(client string) string {
	a, err := netip.ParseAddr(client)
	if err != nil {
		return "?" // all who have no address together
	}
	a = a.Unmap()
	if a.Is4() {
		return a.String()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return "?"
	}
	return p.String()
}
