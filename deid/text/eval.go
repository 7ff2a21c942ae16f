package text

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
)

// A Note is a text with what must be found in it, for [Scrubber.Evaluate]. A file of them has one on
// a line, in JSON:
//
//	{"id":"n1","text":"Mrs. Roe, seen 3/4/2024","spans":[{"start":5,"end":8,"label":"NAME"},{"start":15,"end":23,"label":"DATE"}]}
//
// Start and end count characters (Unicode code points) from 0, the end is not part of
// the span. A label is any word; NAME is reported by itself. Further members, such as
// the text of a span, are not read.
type Note struct {
	ID    string `json:"id"`
	Text  string `json:"text"`
	Spans []struct {
		Start int    `json:"start"` // in characters (code points)
		End   int    `json:"end"`
		Label string `json:"label"`
	} `json:"spans"`
}

// A Score says how well a scrubber does. A span counts as found when all its letters
// and digits are marked; what is kept is counted in characters outside all spans.
type Score struct {
	Notes     int
	ByLabel   map[string]Recall
	Outside   int // letters and digits outside spans
	Kept      int // those of them that were not marked
	Untouched int // notes in which nothing was marked
	Marked    int // spans that were marked
	Right     int // those of them that touch a span to be found
}

// A Recall counts the spans of one label.
type Recall struct{ Found, Spans int }

// Rate is the share that was found.
func (r Recall) Rate() float64 {
	if r.Spans == 0 {
		return 1
	}
	return float64(r.Found) / float64(r.Spans)
}

// Recall is the recall over all labels.
func (s Score) Recall() Recall {
	var all Recall
	for _, r := range s.ByLabel {
		all.Found += r.Found
		all.Spans += r.Spans
	}
	return all
}

// Precision is the share of the marked spans that touch one to be found.
func (s Score) Precision() float64 {
	if s.Marked == 0 {
		return 1
	}
	return float64(s.Right) / float64(s.Marked)
}

// KeptRate is the share of the text outside spans that stayed.
func (s Score) KeptRate() float64 {
	if s.Outside == 0 {
		return 1
	}
	return float64(s.Kept) / float64(s.Outside)
}

// Labels lists the labels in order.
func (s Score) Labels() []string { return slices.Sorted(maps.Keys(s.ByLabel)) }

// Evaluate runs the scrubber over notes in JSON, one on a line, and scores it. Missed,
// if not nil, is told of every span that was not found and of every stretch that was
// marked outside spans (label ""): for developers with synthetic notes only.
func (s *Scrubber) Evaluate(r io.Reader, missed func(note Note, label string, text string)) (Score, error) {
	score := Score{ByLabel: map[string]Recall{}}
	d := json.NewDecoder(r)
	for {
		var n Note
		err := d.Decode(&n)
		if err == io.EOF {
			return score, nil
		}
		if err != nil {
			return score, fmt.Errorf("text: note %d is not readable", score.Notes+1)
		}
		score.Notes++
		if err := s.note(n, &score, missed); err != nil {
			return score, err
		}
	}
}

func (s *Scrubber) note(n Note, score *Score, missed func(Note, string, string)) error {
	offsets := make([]int, 0, len(n.Text)+1) // of code points
	for i := range n.Text {
		offsets = append(offsets, i)
	}
	offsets = append(offsets, len(n.Text))
	marked := make([]bool, len(n.Text))
	found := s.Find(n.Text, nil)
	if len(found) == 0 {
		score.Untouched++
	}
	for _, p := range found {
		for i := p.Start; i < p.End; i++ {
			marked[i] = true
		}
	}
	inside := make([]bool, len(n.Text))
	for _, p := range n.Spans {
		if p.Start < 0 || p.End >= len(offsets) || p.Start > p.End {
			return fmt.Errorf("text: note %d has a span outside its text", score.Notes)
		}
		all := true
		for i := offsets[p.Start]; i < offsets[p.End]; i++ {
			inside[i] = true
			all = all && (marked[i] || !isAlnum(n.Text[i]))
		}
		r := score.ByLabel[p.Label]
		r.Spans++
		if all {
			r.Found++
		} else if missed != nil {
			missed(n, p.Label, n.Text[offsets[p.Start]:offsets[p.End]])
		}
		score.ByLabel[p.Label] = r
	}
	for i := range len(n.Text) {
		if !inside[i] && isAlnum(n.Text[i]) {
			score.Outside++
			if !marked[i] {
				score.Kept++
			}
		}
	}
	for _, p := range found {
		score.Marked++
		for i := p.Start; i < p.End; i++ {
			if inside[i] {
				score.Right++
				break
			}
		}
	}
	if missed != nil {
		for _, p := range found {
			outside := false
			for i := p.Start; i < p.End; i++ {
				outside = outside || !inside[i] && isAlnum(n.Text[i])
			}
			if outside {
				missed(n, "", n.Text[p.Start:p.End])
			}
		}
	}
	return nil
}
