package inspect

import (
	"bytes"
	"slices"
)

// An automaton finds all words of a set in a text in one pass (Aho and Corasick,
// Communications of the ACM 18(6), 1975). It is laid out in flat arrays, about
// fifteen bytes a state, so that the identifiers of a large batch fit into memory.
type automaton struct {
	first  []int32 // by state: its edges are label[first[s]:first[s+1]]
	label  []byte
	target []int32
	fail   []int32
	out    []int32 // by state: the word that ends here, -1 for none
	next   []int32 // by state: the nearest suffix at which a word ends, 0 for none
	root   [256]int32
}

// newAutomaton builds the automaton of words, which are sorted and distinct.
func newAutomaton(words [][]byte) *automaton {
	a := &automaton{}
	// The states of a sorted list of words, level by level: a state is a range of words
	// that share their first depth bytes.
	type group struct{ from, to, depth int }
	queue := []group{{0, len(words), 0}}
	parent, via := []int32{0}, []byte{0}
	for s := 0; s < len(queue); s++ {
		g := queue[s]
		a.first = append(a.first, int32(len(a.label)))
		end := int32(-1)
		i := g.from
		if i < g.to && len(words[i]) == g.depth && g.depth > 0 {
			end = int32(i)
			i++
		}
		a.out = append(a.out, end)
		for i < g.to {
			c := words[i][g.depth]
			j := i + 1
			for j < g.to && words[j][g.depth] == c {
				j++
			}
			a.label = append(a.label, c)
			a.target = append(a.target, int32(len(queue)))
			parent, via = append(parent, int32(s)), append(via, c)
			queue = append(queue, group{i, j, g.depth + 1})
			i = j
		}
	}
	a.first = append(a.first, int32(len(a.label)))
	for i := a.first[0]; i < a.first[1]; i++ {
		a.root[a.label[i]] = a.target[i]
	}
	a.fail, a.next = make([]int32, len(queue)), make([]int32, len(queue))
	for s := 1; s < len(queue); s++ { // level by level, so what fail needs is there
		if parent[s] != 0 {
			a.fail[s] = a.step(a.fail[parent[s]], via[s])
		}
		if f := a.fail[s]; a.out[f] >= 0 {
			a.next[s] = f
		} else {
			a.next[s] = a.next[f]
		}
	}
	return a
}

// step goes from a state over a byte.
func (a *automaton) step(s int32, c byte) int32 {
	for s != 0 {
		edges := a.label[a.first[s]:a.first[s+1]]
		if len(edges) < 8 {
			if i := bytes.IndexByte(edges, c); i >= 0 {
				return a.target[a.first[s]+int32(i)]
			}
		} else if i, ok := slices.BinarySearch(edges, c); ok {
			return a.target[a.first[s]+int32(i)]
		}
		s = a.fail[s]
	}
	return a.root[c]
}

// find calls hit with every word that ends in text, and where it ends, until hit
// returns false.
func (a *automaton) find(text []byte, hit func(word int32, end int) bool) {
	s := int32(0)
	for i, c := range text {
		if s == 0 {
			if s = a.root[c]; s == 0 {
				continue
			}
		} else {
			s = a.step(s, c)
		}
		for o := s; o != 0; o = a.next[o] {
			if a.out[o] >= 0 && !hit(a.out[o], i+1) {
				return
			}
		}
	}
}
