package group

import (
	"sync"
	"testing"
)

// Every caller's value is taken once, in the order of each caller, and nobody waits for
// ever: bar 5 rests on it.
func TestQueue(t *testing.T) {
	q := New[[2]int]()
	const callers, each, most = 50, 200, 64
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				if !q.Put([2]int{c, i}) {
					t.Errorf("caller %d was turned away", c)
				}
			}
		})
	}
	go func() { wg.Wait(); q.Close() }()
	var next [callers]int
	n := 0
	for {
		got, ok := q.Take(most)
		if !ok {
			break
		}
		if len(got) == 0 || len(got) > most {
			t.Fatalf("took %d, at most %d", len(got), most)
		}
		for _, v := range got {
			if next[v[0]] != v[1] {
				t.Fatalf("of caller %d: %d after %d", v[0], v[1], next[v[0]]-1)
			}
			next[v[0]]++
			n++
		}
	}
	if n != callers*each {
		t.Errorf("took %d of %d", n, callers*each)
	}
	if q.Put([2]int{}) {
		t.Error("a closed queue took a value")
	}
	if got, ok := q.Take(most); ok {
		t.Errorf("a closed and empty queue gave %v", got)
	}
}
