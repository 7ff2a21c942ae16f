// Package quarantine looks a second time at the files of a package before the package
// may leave (DLP-1).
//
// What is transformed is written twice: into the package, which the hub cannot open
// again, and into a sealed object beside it. That object is read back by code that
// shares nothing with the transform (package deid/inspect), which looks for the
// identifiers of the very people whose data these are, and for what looks like an
// identifier. It is deleted right afterwards. Findings are kept without what was found,
// for they go into the ledger; the evidence, the texts in which it stands, is sealed in
// the vault for the second person who decides.
package quarantine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"chaperone.example/deid"
	"chaperone.example/deid/inspect"
	"chaperone.example/internal/vault"
)

// A Finding says what was found in which file, and where. It never says the value.
type Finding struct {
	File   string `json:"file"`
	Kind   string `json:"kind"`             // of inspect.Kind
	Letter string `json:"letter,omitempty"` // of the identifier, in 45 CFR 164.514(b)(2)(i)
	Line   int64  `json:"line"`             // of the file, counted from 1: the first where it stands
	Times  int64  `json:"times"`            // in how many places, as far as they are told apart
	Place  string `json:"place"`            // column or member
	Sure   bool   `json:"sure"`             // false: may be chance, a family called White
}

// Evidence is a finding with the text in which it stands.
type Evidence struct {
	Finding
	Text string `json:"text"`
}

// Listed is how many findings are listed, of those that differ; all are counted.
const Listed = 20

// longest is the longest text that is kept as evidence, in bytes.
const longest = 300

// A Guard looks at the files of one package.
type Guard struct {
	Vault *vault.Vault
	Org   string // whose data these are
	// Count is how many findings there are; of these, Sure are not by chance.
	Count, Sure int64

	evidence []Evidence
}

// A Copy is a file that is written a second time, to be looked at.
type Copy struct {
	*vault.Writer
	guard *Guard
	file  string
}

// Begin returns what a file is to be copied to. The caller ends with Abort in any case.
func (g *Guard) Begin(ctx context.Context, file string) (*Copy, error) {
	w, err := g.Vault.Create(ctx, g.Org)
	return &Copy{w, g, file}, err
}

// Look reads the input of the job for the identifiers in it, then the copy for these,
// with the manifest of what was written, and deletes the copy.
func (c *Copy) Look(ctx context.Context, job deid.Job, m deid.Manifest, open func(context.Context) (io.ReadCloser, error)) (err error) {
	if err := c.Commit(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.guard.Vault.Delete(c.ID)) }()
	source, err := open(ctx)
	if err != nil {
		return err
	}
	defer source.Close()
	known, err := deid.Collect(ctx, job, source)
	if err != nil {
		return err
	}
	in, err := c.guard.Vault.Read(ctx, c.guard.Org, c.ID)
	if err != nil {
		return err
	}
	defer in.Close()
	r, err := deid.SecondLook(ctx, m, known, in, c.guard.keep(c.file))
	if err != nil {
		return fmt.Errorf("release: second look at %s: %w", c.file, err)
	}
	c.guard.Count += r.Certain + r.Possible
	c.guard.Sure += r.Certain
	return nil
}

func (g *Guard) keep(file string) func(inspect.Finding, string) {
	return func(f inspect.Finding, in string) {
		x := Evidence{Finding{file, string(f.Kind), f.Letter, f.Line, 1, f.Place, f.Certain}, clip(in)}
		for i := range g.evidence {
			e := &g.evidence[i]
			if e.File == x.File && e.Kind == x.Kind && e.Letter == x.Letter && e.Place == x.Place && e.Text == x.Text {
				e.Times++
				return
			}
		}
		if len(g.evidence) < Listed {
			g.evidence = append(g.evidence, x)
		}
	}
}

// clip shortens a text, between characters.
func clip(s string) string {
	if len(s) <= longest {
		return s
	}
	n := longest
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// Findings lists the first findings, without what was found.
func (g *Guard) Findings() []Finding {
	var out []Finding
	for _, e := range g.evidence {
		out = append(out, e.Finding)
	}
	return out
}

// Seal keeps the evidence as an object of the vault and returns its id.
func (g *Guard) Seal(ctx context.Context) (string, error) {
	w, err := g.Vault.Create(ctx, g.Org)
	if err != nil {
		return "", err
	}
	defer func() { w.Abort() }() // nothing after Commit
	if err := json.NewEncoder(w).Encode(g.evidence); err != nil {
		return "", err
	}
	return w.ID, w.Commit()
}

// Open returns the evidence that was sealed under an id.
func Open(ctx context.Context, v *vault.Vault, org, id string) ([]Evidence, error) {
	in, err := v.Read(ctx, org, id)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var out []Evidence
	if err := json.NewDecoder(in).Decode(&out); err != nil {
		return nil, fmt.Errorf("release: evidence of a quarantine: %w", err)
	}
	return out, nil
}
