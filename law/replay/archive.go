package replay

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"chaperone.example/law"
	"chaperone.example/law/civil"
)

// An Entry is a recorded decision as an archive keeps it: many rest on the same
// facts, which are kept once, and their words follow from what was weighed.
type Entry struct {
	Request  law.Request `json:"request"`
	Asked    string      `json:"asked"`     // hash of the request
	Facts    string      `json:"facts"`     // hash of the facts, see [Archive.Keep]
	RuleBook string      `json:"rule_book"` // hash of the rule book
	Weighed  string      `json:"weighed"`   // hash of the weighing
	Decision string      `json:"decision"`  // id of the decision: the hash of its bytes
}

// Entry is the record without its facts and words.
func (r *Record) Entry() Entry {
	return Entry{r.Request, r.Decision.Request, r.Decision.Facts, r.Decision.RuleBook, r.Weighed, r.Decision.ID}
}

// An Archive decides many recorded decisions again. It reads every snapshot of facts
// once. One goroutine uses it at a time.
type Archive struct {
	facts map[string]snapshot
	texts map[text]writing
}

type snapshot struct {
	known law.Known
	facts *law.Facts
}

// Keep adds a snapshot of facts, which may not change afterwards, and returns its
// hash.
func (a *Archive) Keep(f *law.Facts) string {
	h := law.DigestFacts(f)
	if _, have := a.facts[h]; !have {
		if a.facts == nil {
			a.facts = map[string]snapshot{}
		}
		a.facts[h] = snapshot{law.Know(f), f}
	}
	return h
}

// Check weighs the entry again: that the rule book, the request and the facts are
// those of the decision, and that the rules say the same of every element of every
// class, for the same reasons and with the same duties. That takes a few
// microseconds; the words, which follow from it, are left to [Archive.CheckFully].
// The errors are those of [Check].
func (a *Archive) Check(e *Entry) error {
	s, err := a.snapshot(e)
	if err != nil {
		return err
	}
	if s.known.Prepare(&e.Request).Weighed() != e.Weighed {
		return ErrDiffers
	}
	return nil
}

// CheckFully decides the entry again, every byte. Requests that differ in the hour
// only, on the same facts, share all of the decision but the hash of the request, so
// that the words of such decisions are written once.
func (a *Archive) CheckFully(e *Entry) error {
	s, err := a.snapshot(e)
	if err != nil {
		return err
	}
	r := e.Request
	r.At = civil.On(r.At).Time() // what decides of the moment is its day
	alike := text{e.Facts, law.Digest(&r)}
	begun, have := a.texts[alike]
	if !have {
		c := s.known.Prepare(&e.Request)
		d := c.Explain()
		d.Facts, d.Request = e.Facts, e.Asked
		all := d.Canonical()
		at := bytes.LastIndex(all, []byte(e.Asked))
		sum := sha256.New()
		sum.Write(all[:at])
		begun = writing{sum.(hash.Cloner), string(all[at+len(e.Asked):]), c.Weighed()}
		if a.texts == nil {
			a.texts = map[text]writing{}
		}
		a.texts[alike] = begun
	}
	sum, err := begun.sum.Clone()
	if err != nil {
		return err
	}
	io.WriteString(sum, e.Asked)
	io.WriteString(sum, begun.rest)
	var room [2 * sha256.Size]byte
	if hex.EncodeToString(sum.Sum(room[:0])) != e.Decision || begun.weighed != e.Weighed {
		return ErrDiffers
	}
	return nil
}

// text names the words that decisions have in common.
type text struct{ facts, request string }

// writing is a decision that is hashed up to the hash of its request.
type writing struct {
	sum     hash.Cloner
	rest    string // after it
	weighed string
}

// snapshot finds the facts of the entry, and checks what it was made from.
func (a *Archive) snapshot(e *Entry) (snapshot, error) {
	if now := law.RuleBook(); e.RuleBook != now {
		return snapshot{}, fmt.Errorf("%w: %.12s, this program has %.12s", ErrRuleBook, e.RuleBook, now)
	}
	s, have := a.facts[e.Facts]
	if !have {
		return s, fmt.Errorf("%w: the archive does not have the facts %.12s", ErrInputs, e.Facts)
	}
	if law.Digest(&e.Request) != e.Asked {
		return s, ErrInputs
	}
	return s, nil
}
