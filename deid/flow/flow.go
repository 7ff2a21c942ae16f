// Package flow shares the lines of a file out to workers and brings what they make of
// them back in the order of the file, in bounded memory.
package flow

import (
	"context"
	"io"
	"runtime"
	"sync"

	"chaperone.example/deid/input"
)

// A Batch is some lines on their way: read, made into something by one of the workers,
// then written.
type Batch[T any] struct {
	Lines input.Chunk
	Made  T     // its memory is used again
	Err   error // what is wrong with the input: ends the flow when its turn comes
	ready chan bool
}

// large is the size from which a batch, which is then one long line, goes alone, so
// that long lines cannot fill the memory.
const large = 2 << 20

// Workers is the number of workers for a wish: zero or less is one for each processor.
func Workers(wish int) int {
	if wish > 0 {
		return wish
	}
	return runtime.GOMAXPROCS(0)
}

// Run reads all chunks, has workers (at least one) turn each into something, and has it
// written in the order of the file. Turn is called by several goroutines, each with a
// number of its own; write by the caller's.
func Run[T any](ctx context.Context, workers int, chunks *input.Chunks, turn func(worker int, b *Batch[T]), write func(*Batch[T]) error) error {
	if workers == 1 {
		return alone(ctx, chunks, turn, write)
	}
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	free := make(chan *Batch[T], workers+2) // those that are not on their way
	for range cap(free) {
		free <- &Batch[T]{ready: make(chan bool, 1)}
	}
	work := make(chan *Batch[T], cap(free))  // to the workers
	order := make(chan *Batch[T], cap(free)) // to be written, in this order
	var failed error                         // of reading; set before order is closed
	running.Go(func() {
		defer close(order)
		defer close(work)
		failed = share(ctx, chunks, free, work, order)
	})
	for i := range workers {
		running.Go(func() {
			for b := range work {
				turn(i, b)
				b.ready <- true
			}
		})
	}
	for b := range order {
		<-b.ready
		if b.Err != nil {
			return b.Err
		}
		if err := write(b); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		free <- b
	}
	return failed
}

// share reads batches and hands them out.
func share[T any](ctx context.Context, chunks *input.Chunks, free, work, order chan *Batch[T]) error {
	take := func() (*Batch[T], error) {
		select {
		case b := <-free:
			return b, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for {
		b, err := take()
		if err != nil {
			return err
		}
		if err := chunks.Next(&b.Lines); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		if len(b.Lines.Text) < large {
			work <- b
			order <- b
			continue
		}
		others := make([]*Batch[T], 0, cap(free))
		for range cap(free) - 1 { // until nothing else is on its way
			o, err := take()
			if err != nil {
				return err
			}
			*o = Batch[T]{ready: o.ready}
			others = append(others, o)
		}
		work <- b
		order <- b
		if b, err = take(); err != nil { // it came back
			return err
		}
		*b = Batch[T]{ready: b.ready} // its memory is not kept
		for _, o := range append(others, b) {
			free <- o
		}
	}
}

// alone does everything in the calling goroutine.
func alone[T any](ctx context.Context, chunks *input.Chunks, turn func(int, *Batch[T]), write func(*Batch[T]) error) error {
	b := &Batch[T]{}
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := chunks.Next(&b.Lines); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		long := len(b.Lines.Text) >= large
		if turn(0, b); b.Err != nil {
			return b.Err
		}
		if err := write(b); err != nil {
			return err
		}
		if long {
			*b = Batch[T]{}
		}
	}
}
