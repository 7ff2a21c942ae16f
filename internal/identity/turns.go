package identity

import (
	"context"
	"sync"
)

// turns lets one caller at a time pass for each key.
type turns struct {
	mu  sync.Mutex
	all map[string]*turn
}

type turn struct {
	free    chan struct{}
	waiting int
}

// queue is how many wait for one key; more are turned away.
const queue = 16

// take waits for the turn of a key. It returns false if too many wait already, or
// the caller went away.
func (t *turns) take(ctx context.Context, key string) (free func(), ok bool) {
	t.mu.Lock()
	if t.all == nil {
		t.all = map[string]*turn{}
	}
	x := t.all[key]
	if x == nil {
		x = &turn{free: make(chan struct{}, 1)}
		x.free <- struct{}{}
		t.all[key] = x
	}
	if x.waiting >= queue {
		t.mu.Unlock()
		return nil, false
	}
	x.waiting++
	t.mu.Unlock()

	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if x.waiting--; x.waiting == 0 {
			delete(t.all, key)
		}
	}
	select {
	case <-x.free:
		return func() { x.free <- struct{}{}; leave() }, true
	case <-ctx.Done():
		leave()
		return nil, false
	}
}
