package law_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

// The digest of a request is that of its JSON, whatever is in it: years later it is
// computed from what was recorded.
func TestDigestIsOfTheJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.String(), 0, 3)
		r := law.Request{
			At:        time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "second"), rapid.Int64Range(0, 999).Draw(t, "nano")).In(rapid.SampledFrom([]*time.Location{time.UTC, time.FixedZone("", -5*3600)}).Draw(t, "zone")),
			Discloser: rapid.String().Draw(t, "discloser"), Source: rapid.String().Draw(t, "source"), Recipient: rapid.String().Draw(t, "recipient"),
			OnBehalfOf: texts.Draw(t, "for"), Role: phi.Role(rapid.String().Draw(t, "role")), Purpose: purpose.Kind(rapid.String().Draw(t, "purpose")),
			Activity: purpose.Activity(rapid.String().Draw(t, "activity")), Form: law.Form(rapid.IntRange(0, 4).Draw(t, "form")), Elements: texts.Draw(t, "elements"),
			Window:     law.Window{From: civil.Date(rapid.Int32Range(0, 800_000).Draw(t, "from")), Until: civil.Date(rapid.Int32Range(0, 800_000).Draw(t, "until"))},
			BreakGlass: rapid.Bool().Draw(t, "glass"), Paid: rapid.Bool().Draw(t, "paid"),
		}
		if rapid.Bool().Draw(t, "can") {
			r.Can = law.Duties()
		}
		if rapid.Bool().Draw(t, "nothing") {
			r.Elements = nil
		}
		j, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		want := sha256.Sum256(j)
		if got := law.Digest(&r); got != hex.EncodeToString(want[:]) {
			t.Errorf("digest of %s is not that of its JSON", j)
		}
	})
}

// Known facts read a request as facts do, and many times.
func TestKnownFactsReadAlike(t *testing.T) {
	for _, c := range scenarios(t) {
		known := law.Know(&c.Facts)
		for range 2 {
			if got, want := known.Prepare(&c.Request).Weighed(), law.Prepare(&c.Request, &c.Facts).Weighed(); got != want {
				t.Errorf("%s: known facts weigh otherwise", c.Case)
			}
		}
	}
}

// What the digest of a weighing stands for: scenarios that decide otherwise weigh
// otherwise.
func TestWeighedTellsDecisionsApart(t *testing.T) {
	seen := map[string]law.Decision{}
	for _, c := range scenarios(t) {
		w := law.Prepare(&c.Request, &c.Facts).Weighed()
		d := law.Decide(c.Request, c.Facts)
		if before, ok := seen[w]; ok && (before.Outcome != d.Outcome || before.Basis != d.Basis || before.Form != d.Form) {
			t.Errorf("%s weighs as another decision does", c.Case)
		}
		seen[w] = d
	}
}

// Each names, without words, what the lines of the decision name.
func TestEachIsTheLines(t *testing.T) {
	for _, one := range scenarios(t) {
		c := law.Prepare(&one.Request, &one.Facts)
		d := c.Explain()
		for k, p := range d.Parts {
			var v law.Verdict
			c.Weigh(k, &v)
			i := 0
			c.Each(&v, func(element string, treatment law.Treatment, r *law.Rule) {
				if l := p.Lines[i]; l.Element != element || l.Treatment != treatment || l.Rule != r.ID {
					t.Errorf("%s: %s %s by %s, the line says %s %s by %s", one.Case, element, treatment, r.ID, l.Element, l.Treatment, l.Rule)
				}
				i++
			})
		}
	}
}
