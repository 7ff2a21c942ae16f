package fhir

import (
	"bufio"
	"bytes"
	"context"
	"io"

	"chaperone.example/deid/flow"
	"chaperone.example/deid/input"
)

// An output is what a machine writes.
type output struct {
	out   []byte
	codes []pending // ids whose codes are not yet known
	ids   []byte    // the text of those ids
}

// A made is what became of some lines.
type made struct {
	output
	result Result
}

// pipeline transforms lines. The machines that did it are returned for their counts.
func pipeline(ctx context.Context, job Job, r *bufio.Reader, w io.Writer) (total Result, machines []*machine, err error) {
	chunks := input.NewChunks(r, job.MaxLine)
	machines = make([]*machine, flow.Workers(job.Workers))
	for i := range machines {
		machines[i] = newMachine(job)
	}
	err = flow.Run(ctx, len(machines), chunks, func(worker int, b *flow.Batch[made]) {
		machines[worker].batch(job.Filter, chunks, b)
	}, func(b *flow.Batch[made]) error {
		total.In += b.Made.result.In
		total.Out += b.Made.result.Out
		total.Filtered += b.Made.result.Filtered
		if err := b.Made.fill(job.Codes); err != nil {
			return err
		}
		_, err := w.Write(b.Made.out)
		return err
	})
	return total, machines, err
}

// batch transforms some lines, up to the first that has a flaw.
func (m *machine) batch(f Filter, chunks *input.Chunks, b *flow.Batch[made]) {
	m.output, b.Made.result = b.Made.output, Result{}
	m.begin()
	lines := b.Lines
	for b.Err == nil {
		line, number, err := chunks.Cut(&lines)
		if err == io.EOF {
			break
		}
		if err == nil && len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		kept := false
		if err == nil {
			kept, err = m.admit(f, line, number, &b.Made.result)
		}
		if b.Err = err; kept {
			m.out = append(m.out, '\n')
		}
	}
	b.Made.output, m.output = m.output, output{}
	m.In = nil
}
