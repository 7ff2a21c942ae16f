package org

import (
	"cmp"
	"slices"
)

// An Edge is one step of the chain of custody: From lets To handle protected health
// information on its behalf. It is live when an agreement that holds covers it
// (45 CFR 164.502(e), 164.504(e), 164.308(b)).
type Edge struct {
	From, To  string // organizations
	Agreement string // id; empty: there is none
	Live      bool
	Gap       string // why it is not live, in words: "not signed by both yet"
}

// A Link is an organization in the chain of custody, as one organization sees it.
type Link struct {
	Organization string
	Edge         Edge   // the step that leads here; zero for the one that looks
	Down         []Link // who handles information for it
	Broken       bool   // a step between the one that looks and this one is not live
	Again        bool   // it is above itself: the chain is not followed further
}

// A Custody is the chain of custody that one organization sees.
type Custody struct {
	Up   []Link // for whom the organization handles information, one step: what is above them is theirs
	Self Link   // the organization, and everybody below it, to any depth
	Gaps []Edge // the steps among these that are not live
}

// Chain computes what viewer sees of the graph that the edges and the declared
// engagements make. It sees who engages it, and everybody to whom information can
// come through it; it does not see the other clients of those below it, nor what
// is above its own clients.
//
// An engagement without any agreement is a gap of its own.
func Chain(viewer string, agreements, declared []Edge) Custody {
	down := map[string][]Edge{}
	var up []Edge
	for _, e := range merge(agreements, declared) {
		down[e.From] = append(down[e.From], e)
		if e.To == viewer && e.From != viewer {
			up = append(up, e)
		}
	}
	c := Custody{}
	gap := func(e Edge) {
		if !e.Live && !slices.Contains(c.Gaps, e) {
			c.Gaps = append(c.Gaps, e)
		}
	}
	for _, e := range up {
		c.Up = append(c.Up, Link{Organization: e.From, Edge: e, Broken: !e.Live})
		gap(e)
	}
	// An organization that is reached twice by different ways is shown twice, which is
	// what a chain is; size bounds a graph that somebody made dense on purpose.
	size := 0
	var walk func(id string, path []string, broken bool) []Link
	walk = func(id string, path []string, broken bool) []Link {
		var out []Link
		for _, e := range down[id] {
			if size++; size > maxLinks {
				return out
			}
			gap(e)
			l := Link{Organization: e.To, Edge: e, Broken: broken || !e.Live, Again: slices.Contains(path, e.To)}
			if !l.Again {
				l.Down = walk(e.To, append(slices.Clone(path), e.To), l.Broken)
			}
			out = append(out, l)
		}
		return out
	}
	c.Self = Link{Organization: viewer, Down: walk(viewer, []string{viewer}, false)}
	return c
}

// maxLinks bounds the chain that is computed for one view.
const maxLinks = 2000

// merge returns one edge for every pair: a live one before one that is not, an
// agreement before a mere declaration.
func merge(agreements, declared []Edge) []Edge {
	type pair struct{ from, to string }
	best := map[pair]Edge{}
	for _, e := range agreements {
		if old, ok := best[pair{e.From, e.To}]; !ok || e.Live && !old.Live {
			if !e.Live && e.Gap == "" {
				e.Gap = "the agreement is not in force"
			}
			best[pair{e.From, e.To}] = e
		}
	}
	for _, e := range declared {
		if _, ok := best[pair{e.From, e.To}]; !ok {
			best[pair{e.From, e.To}] = Edge{From: e.From, To: e.To, Gap: "there is no agreement at all"}
		}
	}
	var out []Edge
	for _, e := range best {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Edge) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return out
}

// Blocks says what a gap blocks and what it does not: the refusal must not reach
// further than the law (ORG-2).
const Blocks = "Until an agreement closes this gap, nothing that rests on it flows. Treatment, the patient's own access, public health reporting and what the law requires never need one, and are not blocked."
