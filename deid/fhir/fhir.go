package fhir

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"chaperone.example/deid/code"
	"chaperone.example/deid/input"
	"chaperone.example/deid/method"
	"chaperone.example/deid/scan"
	"chaperone.example/deid/seed"
	"chaperone.example/deid/tally"
)

// A Job says how to de-identify a stream of resources.
type Job struct {
	Method   method.Method
	Elements map[string]bool // the phi elements to keep, by ID; nil: all that the method lets stay
	Codes    code.Coder      // new names for ids
	Filter   Filter          // which resources to look at
	Seeds    *seed.Seeds     // what is known of the patients, to be found in their notes; may be nil
	MaxLine  int             // the longest record, in bytes; 0: input.MaxLine
	Workers  int             // how many lines are transformed at a time; 0: one for each processor
}

// A Result says what was done.
type Result struct {
	In, Out  uint64      // resources read and written
	Filtered uint64      // resources that the filter left out
	Sheet    tally.Sheet // by path of R4
}

// Transform reads resources from r, one on a line or as a document, and writes what may
// stay of them to w, one on a line or as a Bundle. Lines are shared out to several
// workers; the output is the same however many there are. After an error what was
// written to w is not complete and must not be used. Errors about the input are
// [*input.Error].
func Transform(ctx context.Context, job Job, r io.Reader, w io.Writer) (Result, error) {
	if job.Codes == nil {
		return Result{}, errors.New("fhir: a job needs a coder for ids")
	}
	br := bufio.NewReaderSize(r, sniff)
	head, err := br.Peek(sniff)
	if err != nil && err != io.EOF {
		return Result{}, err
	}
	var result Result
	var machines []*machine
	if isDocument, isBundle := scan.Form(head); isDocument {
		t := &transformer{job: job, w: w, m: newMachine(job)}
		err = t.document(ctx, br, isBundle)
		result, machines = t.result, []*machine{t.m}
	} else {
		result, machines, err = pipeline(ctx, job, br, w)
	}
	result.Sheet = tally.Sheet{}
	for _, m := range machines {
		m.Finish(result.Sheet)
	}
	return result, err
}

// A transformer reads documents.
type transformer struct {
	job    Job
	w      io.Writer
	m      *machine
	result Result
	line   int64  // where the record begins
	out    []byte // a Bundle's, not yet written
}

// record transforms and writes one record of a document.
func (t *transformer) record(b []byte) error {
	t.m.begin()
	kept, err := t.m.admit(t.job.Filter, b, t.line, &t.result)
	if err != nil || !kept {
		return err
	}
	if err := t.m.fill(t.job.Codes); err != nil {
		return err
	}
	_, err = t.w.Write(append(t.m.out, '\n'))
	return err
}

// admit transforms the record b that begins in a line, if the filter lets it pass, and
// appends what stays of it to the machine's output.
func (m *machine) admit(f Filter, b []byte, line int64, res *Result) (kept bool, err error) {
	res.In++
	if !m.read(b) {
		return false, &input.Error{Line: line, Column: input.BadUTF8(b), Problem: "the record is not valid UTF-8", Remedy: "export it again as UTF-8"}
	}
	if f.active() {
		pass, ok := f.pass(m)
		if !ok {
			return false, m.flaw(line)
		}
		if !pass {
			res.Filtered++
			return false, nil
		}
		m.Pos = 0
	}
	mark := len(m.out)
	kept, ok := m.record()
	if !ok {
		return false, m.flaw(line)
	}
	if !kept {
		m.cut(mark)
		return false, nil
	}
	res.Out++
	return true, nil
}

// fill writes the codes into their gaps.
func (o *output) fill(codes code.Coder) error {
	for _, p := range o.codes {
		c, err := codes.Code(p.space, o.ids[p.start:p.end])
		if err != nil {
			return err
		}
		c.Put(o.out[p.at:])
	}
	return nil
}

// flaw returns the error of the machine, with its place in the file; line is where the
// record begins.
func (m *machine) flaw(line int64) error {
	column := int64(m.Pos) + 1
	before := m.In[:min(m.Pos, len(m.In))]
	if n := bytes.Count(before, []byte("\n")); n > 0 { // a document
		line += int64(n)
		column = int64(len(before) - bytes.LastIndexByte(before, '\n'))
	}
	return &input.Error{Line: line, Column: column, Problem: m.Problem, Remedy: m.Remedy}
}
