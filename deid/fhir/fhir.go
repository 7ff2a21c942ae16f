package fhir

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"unicode/utf8"

	"chaperone.example/deid/code"
	"chaperone.example/deid/input"
	"chaperone.example/deid/method"
	"chaperone.example/deid/tally"
)

// A Job says how to de-identify a stream of resources.
type Job struct {
	Method   method.Method
	Elements map[string]bool // the phi elements to keep, by ID; nil: all that the method lets stay
	Codes    code.Coder      // new names for ids
	Filter   Filter          // which resources to look at
	MaxLine  int             // the longest record, in bytes; 0: input.MaxLine
}

// A Result says what was done.
type Result struct {
	In, Out  uint64      // resources read and written
	Filtered uint64      // resources that the filter left out
	Sheet    tally.Sheet // by path of R4
}

// Transform reads resources from r, one on a line or as a document, and writes what may
// stay of them to w, one on a line or as a Bundle. After an error what was written to w is not
// complete and must not be used. Errors about the input are [*input.Error].
func Transform(ctx context.Context, job Job, r io.Reader, w io.Writer) (Result, error) {
	t := &transformer{job: job, w: w, m: newMachine(newTree(job.Method, job.Elements))}
	if job.Codes == nil {
		return Result{}, errors.New("fhir: a job needs a coder for ids")
	}
	err := t.run(ctx, r)
	t.result.Sheet = tally.Sheet{}
	t.m.tally(t.result.Sheet)
	return t.result, err
}

// ctxEvery is how many records are read between two looks at the context.
const ctxEvery = 64

type transformer struct {
	job    Job
	w      io.Writer
	m      *machine
	result Result
	line   int64  // where the record begins
	out    []byte // a Bundle's, not yet written
}

func (t *transformer) run(ctx context.Context, r io.Reader) error {
	br := bufio.NewReaderSize(r, sniff)
	head, err := br.Peek(sniff)
	if err != nil && err != io.EOF {
		return err
	}
	if isDocument, isBundle := form(head); isDocument {
		return t.document(ctx, br, isBundle)
	}
	lines := input.NewLines(br, t.job.MaxLine)
	for {
		b, err := lines.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if lines.Line()%ctxEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if len(bytes.TrimSpace(b)) == 0 {
			continue
		}
		t.line = lines.Line()
		if err := t.record(b); err != nil {
			return err
		}
	}
}

// record transforms and writes one record.
func (t *transformer) record(b []byte) error {
	t.result.In++
	if !utf8.Valid(b) {
		return &input.Error{Line: t.line, Column: input.BadUTF8(b), Problem: "the record is not valid UTF-8", Remedy: "export it again as UTF-8"}
	}
	m := t.m
	m.begin(b)
	if t.job.Filter.active() {
		pass, ok := t.job.Filter.pass(m)
		if !ok {
			return t.flaw()
		}
		if !pass {
			t.result.Filtered++
			return nil
		}
	}
	kept, ok := m.record(b)
	if !ok {
		return t.flaw()
	}
	if !kept {
		return nil
	}
	if err := t.fill(); err != nil {
		return err
	}
	t.result.Out++
	m.out = append(m.out, '\n')
	_, err := t.w.Write(m.out)
	return err
}

// fill writes the codes into their gaps.
func (t *transformer) fill() error {
	m := t.m
	for _, p := range m.codes {
		c, err := t.job.Codes.Code(p.space, m.ids[p.start:p.end])
		if err != nil {
			return err
		}
		c.Put(m.out[p.at:])
	}
	return nil
}

// flaw returns the error of the machine, with its place in the file.
func (t *transformer) flaw() error {
	line, column := t.line, int64(t.m.Pos)+1
	before := t.m.In[:min(t.m.Pos, len(t.m.In))]
	if n := bytes.Count(before, []byte("\n")); n > 0 { // a document
		line += int64(n)
		column = int64(len(before) - bytes.LastIndexByte(before, '\n'))
	}
	return &input.Error{Line: line, Column: column, Problem: t.m.Problem, Remedy: t.m.Remedy}
}
