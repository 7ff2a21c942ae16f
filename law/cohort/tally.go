package cohort

import (
	"cmp"
	"hash/maphash"
	"slices"
)

// A Tally gathers the marks of patients, whom it knows by hashes of their
// identifiers only. Identifiers that stood together are one patient.
type Tally struct {
	seed  maphash.Seed
	known map[uint64]patient
	loose map[Marks]int // rows that do not tell whose they are: each counts for itself
}

// A patient under one identifier.
type patient struct {
	same  uint64 // another identifier of the patient; its own: the one that stands for all
	marks Marks
}

// NewTally returns a tally of nobody.
func NewTally() *Tally {
	return &Tally{maphash.MakeSeed(), map[uint64]patient{}, map[Marks]int{}}
}

// Add notes marks of the patient with these identifiers. An empty one is none;
// with none at all, the row stands for itself. The kind keeps identifiers of
// different systems apart.
func (t *Tally) Add(m Marks, ids ...Identifier) {
	first, any := uint64(0), false
	for _, id := range ids {
		if len(id.Value) == 0 {
			continue
		}
		h := t.hash(id)
		if _, ok := t.known[h]; !ok {
			t.known[h] = patient{same: h}
		}
		if !any {
			first, any = h, true
			continue
		}
		if a, b := t.root(first), t.root(h); a != b {
			p, q := t.known[a], t.known[b]
			p.marks |= q.marks
			q.same = a
			t.known[a], t.known[b] = p, q
		}
	}
	if !any {
		t.loose[m]++
		return
	}
	r := t.root(first)
	p := t.known[r]
	p.marks |= m
	t.known[r] = p
}

// Of returns all marks of the patient with these identifiers, and those of the row
// itself.
func (t *Tally) Of(row Marks, ids ...Identifier) Marks {
	for _, id := range ids {
		if len(id.Value) == 0 {
			continue
		}
		if h := t.hash(id); t.known[h].same != 0 {
			row |= t.known[t.root(h)].marks
		}
	}
	return row
}

// Counts says how many patients have the same marks, the most common first.
func (t *Tally) Counts() []Count {
	by := map[Marks]int{}
	for h, p := range t.known {
		if p.same == h {
			by[p.marks]++
		}
	}
	for m, n := range t.loose {
		by[m] += n
	}
	var all []Marks
	for m := range by {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Marks) int { return cmp.Or(by[b]-by[a], int(a)-int(b)) })
	var out []Count
	for _, m := range all {
		// Minor and Adult together are a minor: marks that say the same are one count.
		c := Count{m.Labels(), m.minor(), by[m]}
		if i := slices.IndexFunc(out, func(o Count) bool { return o.Minor == c.Minor && slices.Equal(o.Labels, c.Labels) }); i >= 0 {
			out[i].Patients += c.Patients
			continue
		}
		out = append(out, c)
	}
	return out
}

// An Identifier is one name of a patient.
type Identifier struct {
	Kind  byte // of whatever numbers them: 't' token, 'm' record number, 'f' id of a FHIR export
	Value []byte
}

func (t *Tally) hash(id Identifier) uint64 {
	var h maphash.Hash
	h.SetSeed(t.seed)
	_ = h.WriteByte(id.Kind)
	_, _ = h.Write(id.Value)
	return h.Sum64() | 1
}

func (t *Tally) root(h uint64) uint64 {
	for {
		p := t.known[h]
		if p.same == h {
			return h
		}
		up := t.known[p.same]
		t.known[h] = patient{up.same, p.marks}
		h = up.same
	}
}
