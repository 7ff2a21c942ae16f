package plan

import (
	"bytes"
	"hash/maphash"

	"chaperone.example/deid/tally"
)

// A memo remembers what became of values that come again and again: the concepts, the
// codings and the units of an export are the same few thousand. A value is found by
// its bytes, all of which are compared, so that what was checked once need not be read
// again.
//
// Only values are remembered of which everything that happens follows from their
// bytes and their place: no ids, no ages that other members tell of.
type memo struct {
	seed     maphash.Seed
	pages    []Page
	retired  [][]Page // from when there were fewer
	learned  int      // how many values were, into these pages
	learning bool     // the position is in a value that is being remembered
	marks    []mark   // what was counted in it
}

// A Page remembers one value.
type Page struct {
	Raw   string // the value as it stands in the input; of a quantity, what follows its number
	Out   string // what stays of it
	Kept  bool   // whether anything does
	Bare  bool   // of a quantity: the number may be any, as the unit is none of time
	Depth int    // how deep it stood: deeper, it may be nested too deeply
	at    *Node
	marks []mark
	hits  uint64 // since it was learned
}

// A mark is one count.
type mark struct {
	n      *Node  // where; or
	place  string // a place that has no node
	action tally.Action
}

const (
	fewPages = 64   // to begin with
	maxPages = 2048 // a power of two, as is every number between
	MaxRaw   = 1024 // the longest value that is remembered, in bytes
	maxFirst = 512  // how far the first brace of its end may be
)

func newMemo() memo {
	return memo{seed: maphash.MakeSeed(), pages: make([]Page, fewPages)}
}

// A use tells whether it pays to remember the values of a node: some are never the
// same twice, such as a Meta with the time of an update.
type use struct{ hits, misses, rest uint32 }

func (u *use) pays() bool {
	if u.misses < 64 || u.hits >= u.misses {
		return true
	}
	if u.rest++; u.rest == 4096 { // try again
		*u = use{}
	}
	return false
}

// Note counts one action at a node.
func (t *Tree) Note(n *Node, a tally.Action) {
	n.Counts[a]++
	if t.memo.learning {
		t.memo.marks = append(t.memo.marks, mark{n: n, action: a})
	}
}

// NoteAt counts one action at a place that has no node.
func (t *Tree) NoteAt(place string, a tally.Action) {
	t.sheet.Add(place, a, 1)
	if t.memo.learning {
		t.memo.marks = append(t.memo.marks, mark{place: place, action: a})
	}
}

// Recall looks for the value of n, or end of a value, at the beginning of rest. It returns
// the page of the value if it was met before, else where it may be remembered; nil if it
// ends too far away.
func (t *Tree) Recall(n *Node, rest []byte, depth int) (p *Page, found bool) {
	if p = n.page; p != nil && p.is(n, rest) { // again
		return p, depth <= p.Depth
	}
	end := bytes.IndexByte(rest[:min(len(rest), maxFirst)], '}')
	if end < 0 {
		return nil, false
	}
	h := (maphash.Bytes(t.memo.seed, rest[:end+1]) ^ n.salt) & uint64(len(t.memo.pages)-1)
	p = &t.memo.pages[h]
	if p.is(n, rest) {
		n.page = p
		return p, depth <= p.Depth
	}
	other := &t.memo.pages[h^1]
	if other.is(n, rest) {
		n.page = other
		return other, depth <= other.Depth
	}
	if p.at != nil && (other.at == nil || other.hits < p.hits) {
		return other, false
	}
	return p, false
}

func (p *Page) is(n *Node, rest []byte) bool {
	return p.at == n && len(rest) >= len(p.Raw) && string(rest[:len(p.Raw)]) == p.Raw
}

// Used counts that the value of a page, which is one of n, was met again.
func (p *Page) Used(n *Node) {
	n.use.hits++
	p.hits++
}

// Pays tells whether the values of n are worth remembering now: not while one is being
// remembered, and not where none comes twice.
func (t *Tree) Pays(n *Node) bool { return !t.memo.learning && n.use.pays() }

// Watch begins to note what is counted, for a value of n that is not known. Learn or
// Forget follows.
func (t *Tree) Watch(n *Node) {
	n.use.misses++
	t.memo.learning = true
}

// Forget ends what Watch began.
func (t *Tree) Forget() {
	t.memo.learning = false
	t.memo.marks = t.memo.marks[:0]
}

// Learn ends what Watch began: the value of n is remembered in the place of another.
func (t *Tree) Learn(p *Page, n *Node, value Page) {
	defer t.Forget()
	t.settle(p)
	value.at = n
	value.marks = append([]mark(nil), t.memo.marks...)
	*p = value
	if t.memo.learned++; t.memo.learned == len(t.memo.pages) && t.memo.learned < maxPages {
		t.memo.retired = append(t.memo.retired, t.memo.pages) // nodes still know some of them
		t.memo.pages, t.memo.learned = make([]Page, min(4*len(t.memo.pages), maxPages)), 0
	}
}

// settle counts what a page stood for, before it is forgotten.
func (t *Tree) settle(p *Page) {
	for _, k := range p.marks {
		if k.n != nil {
			k.n.Counts[k.action] += p.hits
		} else {
			t.sheet.Add(k.place, k.action, p.hits)
		}
	}
	p.hits = 0
}

// Finish counts what all pages stood for and adds the counts to a sheet.
func (t *Tree) Finish(sheet tally.Sheet) {
	for _, pages := range append(t.memo.retired, t.memo.pages) {
		for i := range pages {
			t.settle(&pages[i])
		}
	}
	t.tally(sheet)
}
