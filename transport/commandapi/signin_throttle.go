package commandapi

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// SignInLimits slow down who asks for codes and who tries them: a client, and
// all who ask for the same address. Nobody is locked out: it goes on after a
// while. Zero fields have the defaults.
type SignInLimits struct {
	Client       int           // codes that one client may ask for at once; 0 = 10
	ClientEvery  time.Duration // after which one more; 0 = 30 s
	Address      int           // codes that may be asked for at once for one address; 0 = 5
	AddressEvery time.Duration // after which one more; 0 = 2 min
	Tries        int           // codes and tokens that one client may try at once; 0 = 20
	TriesEvery   time.Duration // after which one more; 0 = 10 s
	Now          func() time.Time
}

// signInThrottle lets sign-ins in. It is safe for concurrent use.
type signInThrottle struct {
	limits SignInLimits

	mu        sync.Mutex
	clients   *lru.Cache[string, bucket] // those not seen for long are full again anyway
	addresses *lru.Cache[string, bucket] // by keyed hash
	tries     *lru.Cache[string, bucket] // by client
}

func newSignInThrottle(l SignInLimits) *signInThrottle {
	count := func(n *int, by int) {
		if *n == 0 {
			*n = by
		}
	}
	every := func(d *time.Duration, by time.Duration) {
		if *d == 0 {
			*d = by
		}
	}
	count(&l.Client, 10)
	count(&l.Address, 5)
	count(&l.Tries, 20)
	every(&l.ClientEvery, 30*time.Second)
	every(&l.AddressEvery, 2*time.Minute)
	every(&l.TriesEvery, 10*time.Second)
	if l.Now == nil {
		l.Now = time.Now
	}
	t := &signInThrottle{limits: l}
	for _, c := range []**lru.Cache[string, bucket]{&t.clients, &t.addresses, &t.tries} {
		made, err := lru.New[string, bucket](rememberedClients)
		if err != nil {
			panic(err) // the size is positive
		}
		*c = made
	}
	return t
}

// asks lets a client ask for a code for an address, or says how long to wait.
func (t *signInThrottle) asks(client, address string) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.limits.Now()
	own, wait := drained(t.clients, network(client), now, t.limits.Client, t.limits.ClientEvery)
	if wait > 0 {
		return wait
	}
	whose, wait := drained(t.addresses, address, now, t.limits.Address, t.limits.AddressEvery)
	if wait > 0 {
		return wait
	}
	own.used++
	whose.used++
	t.clients.Add(network(client), own)
	t.addresses.Add(address, whose)
	return 0
}

// redeems lets a client try a code or token, or says how long to wait.
func (t *signInThrottle) redeems(client string) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	own, wait := drained(t.tries, network(client), t.limits.Now(), t.limits.Tries, t.limits.TriesEvery)
	if wait > 0 {
		return wait
	}
	own.used++
	t.tries.Add(network(client), own)
	return 0
}

func drained(of *lru.Cache[string, bucket], whose string, now time.Time, size int, every time.Duration) (bucket, time.Duration) {
	b, known := of.Get(whose)
	if !known {
		b = bucket{at: now}
	}
	return b.drained(now, size, every)
}
