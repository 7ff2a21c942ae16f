package mark

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"

	"chaperone.example/deid/rows"
)

// maxPlaces is how many places of a leak are kept in memory; more would tell nothing
// new.
const maxPlaces = 1 << 20

// Evidence is what a leaked table shows of the marks of some data.
type Evidence struct {
	Rows     uint64
	Readings []Reading // by bit; nil if the columns that carry the code are not in the leak
	Canaries []string  // keyed hashes of the recipients' own records that stand in the leak
	Missing  []string  // columns of the plan that are not in the leak
}

// ReadEvidence reads a leaked table against the records of those who were given the
// data. Columns may stand in another order and others may have been added; rows may
// be missing, reordered or changed.
func ReadEvidence(ctx context.Context, key Key, records []Record, r io.Reader) (Evidence, error) {
	if err := sameData(records); err != nil {
		return Evidence{}, err
	}
	in, err := rows.NewReader(r, 0)
	if err != nil {
		return Evidence{}, err
	}
	plan := records[0].Plan
	var e Evidence
	l := layout{names: records[0].Identity}
	find := func(name string) int {
		i := slices.Index(in.Header, name)
		if i < 0 {
			e.Missing = append(e.Missing, name)
		}
		return i
	}
	for _, name := range l.names {
		l.identity = append(l.identity, find(name))
	}
	known := !slices.Contains(l.identity, -1)
	carried := false
	for _, c := range plan.Carriers {
		i := find(c.Column)
		l.carriers = append(l.carriers, i)
		carried = carried || i >= 0
	}
	canaries := map[string]bool{}
	for _, rec := range records {
		for _, h := range rec.Canaries {
			canaries[h] = true
		}
	}
	type cell struct {
		row     [8]byte
		carrier int
	}
	places := map[cell]Reading{}
	bit := map[cell]int{}
	for {
		row, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return Evidence{}, err
		}
		if e.Rows%1024 == 0 && ctx.Err() != nil {
			return Evidence{}, ctx.Err()
		}
		e.Rows++
		if !known {
			continue
		}
		h := key.row(plan.Data, l, row)
		if id := hex.EncodeToString(h[:16]); canaries[id] {
			e.Canaries = append(e.Canaries, id)
			delete(canaries, id)
		}
		for i, c := range plan.Carriers {
			if l.carriers[i] < 0 {
				continue
			}
			p := key.place(h, c.Column, plan.bits())
			one, ok := c.get(row[l.carriers[i]], p)
			if !ok {
				continue
			}
			at := cell{[8]byte(h[:8]), i}
			seen, ok := places[at]
			if !ok && len(places) >= maxPlaces {
				continue
			}
			if one {
				seen.Ones++
			} else {
				seen.Zeros++
			}
			places[at], bit[at] = seen, p.bit
		}
	}
	if known && carried {
		e.Readings = make([]Reading, plan.bits())
		for at, seen := range places { // rows that agree are marked alike, and are one place
			switch {
			case seen.Ones > seen.Zeros:
				e.Readings[bit[at]].Ones++
			case seen.Ones < seen.Zeros:
				e.Readings[bit[at]].Zeros++
			}
		}
	}
	return e, nil
}

func sameData(records []Record) error {
	if len(records) == 0 {
		return errors.New("mark: there is nobody to accuse: give the records of the recipients")
	}
	seen := map[string]bool{}
	first := records[0]
	for _, r := range records {
		if seen[r.Recipient] {
			return fmt.Errorf("mark: there are two records for recipient %q; trace with one", r.Recipient)
		}
		seen[r.Recipient] = true
		same := r.Plan.Data == first.Plan.Data && r.Plan.bits() == first.Plan.bits() && slices.Equal(r.Plan.Carriers, first.Plan.Carriers) &&
			slices.Equal(r.Identity, first.Identity)
		if !same {
			return fmt.Errorf("mark: the record for %q is of other data, or of another plan, than the first", r.Recipient)
		}
	}
	return first.Plan.Check()
}

// A Trace names the sources of a leak.
type Trace struct {
	Named       []Source `json:"named"`
	Recipients  int      `json:"recipients"` // among whom it was looked
	Risk        float64  `json:"risk"`       // of naming anybody innocent, at most
	Rows        uint64   `json:"rows"`
	Codes       int      `json:"codes"`                 // pseudonyms that were looked at
	Fingerprint *Finding `json:"fingerprint,omitempty"` // what the free choices tell
	Missing     []string `json:"missing,omitempty"`     // columns that the leak lacks
}

// A Source is a recipient whose copy the leak came from, and how that is known.
type Source struct {
	Recipient string `json:"recipient"`
	// Pseudonyms and Fingerprint are decimal logarithms of odds: a recipient who has
	// nothing to do with the leak reaches x with a probability of at most 10^-x.
	Pseudonyms  float64 `json:"pseudonyms_log10_odds"`
	Fingerprint float64 `json:"fingerprint_log10_odds"`
	Canaries    int     `json:"canaries"` // of the recipient's own records that are in the leak
}

// Accuse names those whose marks the evidence shows, by any of the three kinds. The
// risk of naming an innocent recipient is shared between pseudonyms and fingerprint;
// that a canary record of 128 bits is there by chance needs no share.
func Accuse(key Key, records []Record, e Evidence, codes Codes, risk float64) (Trace, error) {
	if err := sameData(records); err != nil {
		return Trace{}, err
	}
	if !(risk > 0 && risk < 1) {
		return Trace{}, errors.New("mark: the risk of accusing an innocent lies between 0 and 1")
	}
	t := Trace{Named: []Source{}, Recipients: len(records), Risk: risk, Rows: e.Rows, Codes: len(codes), Missing: e.Missing}
	sources := make([]Source, len(records))
	names := make([]string, len(records))
	index := map[string]int{}
	for i, r := range records {
		sources[i].Recipient, names[i], index[r.Recipient] = r.Recipient, r.Recipient, i
		sources[i].Pseudonyms = codes.odds(NewSpace(key, r.Recipient, nil))
		for _, h := range r.Canaries {
			if slices.Contains(e.Canaries, h) {
				sources[i].Canaries++
			}
		}
	}
	named := map[int]bool{}
	if e.Readings != nil {
		plan := records[0].Plan
		c, err := NewCode(key, plan.Data, plan.bits())
		if err != nil {
			return Trace{}, err
		}
		f, err := c.Accuse(e.Readings, names, risk/2)
		if err != nil {
			return Trace{}, err
		}
		t.Fingerprint = &f
		for _, s := range f.Accused {
			sources[index[s.Recipient]].Fingerprint = s.Odds
			named[index[s.Recipient]] = true
		}
		for _, s := range f.Nearest {
			sources[index[s.Recipient]].Fingerprint = s.Odds
		}
	}
	threshold := threshold(len(records), risk/2)
	for i, s := range sources {
		if named[i] || s.Canaries > 0 || s.Pseudonyms >= threshold {
			t.Named = append(t.Named, s)
		}
	}
	sort.SliceStable(t.Named, func(i, j int) bool {
		a, b := t.Named[i], t.Named[j]
		return max(a.Pseudonyms, a.Fingerprint) > max(b.Pseudonyms, b.Fingerprint)
	})
	return t, nil
}
